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
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image

from activities.choices import ActivityState, Kind
from activities.models import Photo
from branches.choices import Role
from tests import factories
from tests.bench.measure import say

KINDS = (Kind.GENERAL_MEETING, Kind.COMMITTEE_MEETING, Kind.GROUP_MEETING, Kind.PARTY_LECTURE, Kind.THEME_DAY)
RECORDS, YEAR = 80, 2025
CODE = "BENCH01"
MINUTES = "会议传达学习了上级文件精神，结合科室工作实际开展讨论，与会党员依次发言。" * 12

CHILD = """
import resource, sys, time
import django
django.setup()
from datetime import date
from django.db import connection
from config.documents import pdf
from activities.handbook.book import Book
from activities.handbook.building import build
from branches.models import Branch
spent, pages = 0.0, 0
laid_out = pdf.render_part


def watched(document, *, first_page=1):
    global spent, pages
    started = time.perf_counter()
    data, n = laid_out(document, first_page=first_page)
    spent, pages = spent + time.perf_counter() - started, pages + n
    return data, n
pdf.render_part = watched
started = time.perf_counter()
with open(sys.argv[2], "wb") as out:
    year = int(sys.argv[4])
    build(Book.of(Branch.objects.get(code=sys.argv[3]), year, date(year + 1, 2, 1)), sys.argv[1], out)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(peak, time.perf_counter() - started, spent, pages)
"""


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
            state=ActivityState.CONFIRMED,
            recorder=recorder,
            members=people,
            minutes=MINUTES,
        )
        for k in range(2):
            _photo(activity, recorder, n * 2 + k)


def _photo(activity, by, seed: int) -> None:  # type: ignore[no-untyped-def]
    """Two thousand pixels of noise over a slope: as hard to compress as a hall full of people."""
    size = (2000, 1500)
    noise = Image.effect_noise((500, 375), 60).resize(size)
    picture = Image.merge("RGB", (noise, Image.linear_gradient("L").resize(size), noise.rotate(seed % 360)))
    out = BytesIO()
    picture.save(out, "JPEG", quality=85)
    data = out.getvalue()
    row = Photo(activity=activity, width=2000, height=1500, size=len(data), sha256=f"{seed:064d}", uploaded_by=by)
    row.image.name = default_storage.save(f"bench/{seed}.jpg", ContentFile(data))
    row.thumbnail.name = row.image.name
    row.save()


def _build(format: str, out: Path) -> tuple[float, ...]:
    """In a process of its own, on the scratch database: peak MB, seconds, seconds in WeasyPrint, pages."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":  # the scratch database lies in the memory of this process
        copy = out.with_suffix(".sqlite3")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        address = f"sqlite:///{copy}"
    else:
        place = f"{database['USER']}@{database['HOST']}:{database['PORT']}"
        address = f"postgres://{place}/{database['NAME']}"
    env = os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings"}
    env["DATA_DIR"] = str(settings.DATA_DIR)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, format, str(out), CODE, str(YEAR)],
        cwd=settings.BASE_DIR,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(float(value) for value in done.stdout.split())
