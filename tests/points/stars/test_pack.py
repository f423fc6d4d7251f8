"""迎检材料: a folder for each line with its papers, what is missing in front; the same materials make the same file."""

from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image
from pypdf import PdfReader

from activities.choices import ActivityState, Kind
from activities.models import Activity, ActivityMonth, Photo
from config.documents import pdf
from points.models import LineRecord
from points.stars.pack.building import FRONT, NothingToPack, build
from tests import factories

TODAY = date(2026, 11, 22)
pytestmark = [pytest.mark.django_db, pytest.mark.skipif(not pdf.is_available(), reason="no PDF here")]


def packed(branch, year=2026, today=TODAY):
    out = BytesIO()
    steps = []
    build(branch, year, today, out, lambda done, total, step: steps.append((done, total, step)))
    return ZipFile(out), steps


def words(archive, name):
    reader = PdfReader(BytesIO(archive.read(name)))
    return "".join(page.extract_text() for page in reader.pages).replace("\n", "")


@pytest.fixture
def filled(branch):
    member = factories.make_member(branch)
    factories.make_activity(
        branch, day=date(2026, 5, 6), state=ActivityState.CONFIRMED, topic="走进红色纪念馆", members=[member]
    )
    ActivityMonth.objects.create(
        branch=branch, month=date(2026, 5, 1), kind=Kind.THEME_DAY, required=2, done=1, held=1, present=1, expected=1
    )
    LineRecord.objects.create(
        branch=branch, year=2026, fact="letters", values={"signed": 3, "required": 4}, source="责任书存档"
    )
    return branch


def test_each_applicable_line_has_its_folder_with_a_list_and_its_papers(filled):
    archive, steps = packed(filled)
    names = archive.namelist()
    assert "2.5 主题党日/00 目录.pdf" in names
    assert "2.5 主题党日/01 05-06 走进红色纪念馆.pdf" in names
    assert "6.1 责任书签订/01 登记的数据.pdf" in names
    assert not any(name.startswith("5.1") for name in names)  # not entered: not applicable
    assert steps[-1][0] == steps[-1][1]
    assert "走进红色纪念馆" in words(archive, "2.5 主题党日/01 05-06 走进红色纪念馆.pdf")
    assert "责任书存档" in words(archive, "6.1 责任书签订/01 登记的数据.pdf")


def test_what_is_missing_stands_first(filled):
    archive, _ = packed(filled)
    front = words(archive, FRONT)
    assert front.index("缺项清单") < front.index("总目录") < front.index("不适用的项目")
    assert "再开1次主题党日" in front
    assert "补签1份责任书" in front
    assert "尚缺" in words(archive, "2.5 主题党日/00 目录.pdf")


def test_a_photo_whose_file_is_gone_is_named_in_front_and_the_others_are_numbered_through(
    filled, organiser, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    activity = Activity.objects.get(topic="走进红色纪念馆")
    photos = []
    for number, colour in enumerate(("red", "green", "blue")):
        data = BytesIO()
        Image.new("RGB", (40, 30), colour).save(data, "JPEG")
        row = Photo(
            activity=activity, width=40, height=30, size=9, sha256=str(number).rjust(64, "0"), uploaded_by=organiser
        )
        row.image.save(f"{number}.jpg", ContentFile(data.getvalue()), save=False)
        row.thumbnail.save(f"{number}-s.jpg", ContentFile(data.getvalue()), save=False)
        row.save()
        photos.append(row)
    default_storage.delete(photos[1].image.name)
    archive, steps = packed(filled)
    folder = "2.5 主题党日/"
    names = [name.removeprefix(folder) for name in archive.namelist() if name.startswith(folder)]
    topic = "05-06 走进红色纪念馆"
    assert names == [f"01 {topic}.pdf", f"02 {topic} 照片1.jpg", f"03 {topic} 照片3.jpg", "00 目录.pdf"]
    front = words(archive, FRONT)
    assert f"照片文件已丢失：{topic} 照片2".replace(" ", "") in front.replace(" ", "")
    assert [step for _, _, step in steps if step.startswith("2.5")] == [
        "2.5 主题党日",
        *[f"2.5 主题党日（第{n}份）" for n in (1, 2, 3, 4)],
    ]


def test_the_reasons_of_the_absent_are_in_no_paper(branch):
    member = factories.make_member(branch)
    factories.make_activity(
        branch, day=date(2026, 5, 6), state=ActivityState.CONFIRMED, topic="学习", members=[member], absent=(member,)
    )
    ActivityMonth.objects.create(
        branch=branch, month=date(2026, 5, 1), kind=Kind.THEME_DAY, required=1, done=1, held=1, expected=1
    )
    archive, _ = packed(branch)
    assert "病假" not in words(archive, "2.5 主题党日/01 05-06 学习.pdf")


def test_a_year_without_a_card_is_said_in_words(branch):
    with pytest.raises(NothingToPack, match="还没有评分表"):
        packed(branch, 2018)
    with pytest.raises(NothingToPack, match="还没有成立"):
        packed(factories.make_branch(branch.hospital, founded_on=date(2026, 3, 1)), 2025)
