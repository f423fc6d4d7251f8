"""The handbook of a branch with 80 activities and 160 photos: peak memory of a process of its own, and time per page.

The floor is the time inside WeasyPrint during the same run: what is left is reading, photos and binding.
"""

import os
import subprocess
import sys
import tempfile
from datetime import date
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.db import connection
from PIL import Image

from activities.choices import ActivityState, Kind
from activities.models import Activity
from activities.records.photos import add_photos
from branches.choices import Role
from branches.models import User
from config.uploads import check_photo
from tests import factories
from tests.bench.measure import say

KINDS = (Kind.GENERAL_MEETING, Kind.COMMITTEE_MEETING, Kind.GROUP_MEETING, Kind.PARTY_LECTURE, Kind.THEME_DAY)
RECORDS, YEAR = 80, 2025
CODE = "BENCH01"
MINUTES = "会议传达学习了上级文件精神，结合科室工作实际开展讨论，与会党员依次发言。" * 12


def run() -> None:
    _seed()
    with tempfile.TemporaryDirectory() as folder:
        for format in ("docx", "pdf"):
            out = Path(folder) / f"book.{format}"
            peak, taken, bare, pages = _build(format, out)
            size = f"{out.stat().st_size / 2**20:.1f} MB"
            say(
                f"handbook of {RECORDS} records, {2 * RECORDS} photos, {format} ({size})", f"{peak:.0f} MB RSS", "< 300"
            )
            if format == "pdf":
                each = f"{taken / pages * 1000:.0f}/{bare / pages * 1000:.0f} ms = {taken / bare:.2f}x"
                say(f"time a page against WeasyPrint alone, {pages:.0f} pages", each, "<= 1.5x")
            else:
                say("time of the whole file", f"{taken:.1f} s", "< 60 s")


def _seed() -> None:
    hospital = factories.make_branch(name="测量医院党委", level="committee")
    branch = factories.make_branch(hospital, name="测量党支部", code=CODE)
    group = factories.make_branch(branch, name="第一党小组", level="group")
    people = [factories.make_member(branch, group=group) for _ in range(40)]
    recorder = factories.UserFactory(name="记录人")
    factories.appoint(recorder, branch, Role.BRANCH_SECRETARY)
    for n in range(RECORDS):
        kind = KINDS[n % len(KINDS)]
        activity = factories.make_activity(
            branch,
            kinds=(kind,),
            group=group if kind == Kind.GROUP_MEETING else None,
            day=date(YEAR, n % 12 + 1, n % 28 + 1),
            state=ActivityState.SUBMITTED,
            recorder=recorder,
            members=people,
            minutes=MINUTES,
        )
        for k in range(2):
            _photo(activity, recorder, n * 2 + k)
    Activity.objects.filter(branch=branch).update(state=ActivityState.CONFIRMED)


def _photo(activity: Activity, by: User, seed: int) -> None:
    """Noise over a slope, as hard to compress as a hall full of people, kept by the service that keeps all photos."""
    size = (2000, 1500)
    noise = Image.effect_noise((500, 375), 60).resize(size)
    picture = Image.merge("RGB", (noise, Image.linear_gradient("L").resize(size), noise.rotate(seed % 360)))
    upload = BytesIO()
    picture.save(upload, "JPEG", quality=92)
    add_photos(activity=activity, photos=[check_photo(upload, limit=settings.PHOTO_FILE_LIMIT)], actor=by)


def _build(format: str, out: Path) -> tuple[float, ...]:
    """In a process of its own, on the scratch database: peak MB, seconds, seconds in WeasyPrint, pages."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":  # the scratch database lies in the memory of this process
        copy = out.with_suffix(f".{format}.sqlite3")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        address = f"sqlite:///{copy}"
    else:
        place = f"{database['USER']}@{database['HOST']}:{database['PORT']}"
        address = f"postgres://{place}/{database['NAME']}"
    env = os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings"}
    env |= {"DATA_DIR": str(settings.DATA_DIR), "SECRET_KEY": settings.SECRET_KEY}
    env["FIELD_KEYS"] = ",".join(settings.FIELD_KEYS)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.handbook_child", format, str(out), CODE, str(YEAR)],
        cwd=settings.BASE_DIR,
        env=env,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return tuple(float(value) for value in done.stdout.split())
