"""The star list and 迎检材料 in the report centre: made by the worker, kept once, stopped when cancelled."""

from dataclasses import replace
from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest

from activities.choices import Kind
from activities.models import ActivityMonth
from branches import jobs
from branches.access import Refused
from branches.choices import Span
from branches.models import Job, JobState, Report
from branches.office import services, storage
from branches.office.kinds import Asked, NothingToReport
from config.documents import pdf
from config.documents.content import Heading, Paragraph, Signature, Table
from config.templatetags.ui import cn_date
from points.choices import RoundState
from points.models import StarRound
from points.papers.stars import star_list
from points.stars.pack import tasks
from points.stars.pack.building import FRONT
from points.stars.standing import standing_of
from tests import factories
from tests.points.stars.test_pages import diligent

pytestmark = pytest.mark.django_db
TODAY, YEAR = date(2026, 11, 22), date(2026, 1, 1)
needs_pdf = pytest.mark.skipif(not pdf.is_available(), reason="no PDF here")


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path, time_machine):
    settings.DATA_DIR = tmp_path
    time_machine.move_to(factories.at(TODAY, 10))


def words(document):
    return "\n".join(block.text for block in document.blocks if isinstance(block, Heading | Paragraph))


def table(document):
    return next(block for block in document.blocks if isinstance(block, Table))


def test_the_star_list_says_that_it_is_a_preview_and_how_the_stars_follow(hospital, branch, other_branch, office):
    diligent(branch)
    document = star_list(Asked(hospital, Span.YEAR, YEAR, TODAY, office))
    assert "2026年度党支部星级名单" in words(document)
    assert "预览" in words(document)
    rows = table(document).rows
    assert [row[1] for row in rows] == [branch.name, other_branch.name]
    assert rows[0][3] is not None
    assert rows[1][2] == "未评定"
    assert "不足60分" in rows[1][-1]


@pytest.mark.parametrize(
    ("state", "day"),
    [(None, TODAY), (RoundState.PUBLICISED, date(2026, 11, 2)), (RoundState.APPROVED, date(2026, 11, 10))],
)
def test_the_star_list_is_signed_on_the_day_it_was_decided(hospital, branch, office, monkeypatch, state, day):
    diligent(branch)
    asked = Asked(hospital, Span.YEAR, YEAR, TODAY, office)
    if state:
        round_ = StarRound(
            state=state,
            meeting="党委会",
            publicised_on=date(2026, 11, 2),
            objections_until=date(2026, 11, 9),
            approved_at=factories.at(date(2026, 11, 10), 9),
        )
        standing = replace(standing_of(hospital, 2026, TODAY), round=round_)
        monkeypatch.setattr("points.papers.stars.standing_of", lambda *given: standing)
    signature = next(block for block in star_list(asked).blocks if isinstance(block, Signature))
    assert signature.text.endswith(cn_date(day))


def test_a_hospital_nobody_is_rated_in_has_no_list(hospital, branch, office):
    with pytest.raises(NothingToReport):
        star_list(Asked(hospital, Span.YEAR, YEAR, TODAY, office))
    with pytest.raises(NothingToReport):
        star_list(Asked(hospital, Span.YEAR, date(2018, 1, 1), TODAY, office))


def asked_for(branch, actor):
    return services.request_report(kind="inspection", branch=branch, start=YEAR, format="zip", actor=actor)


@needs_pdf
def test_the_worker_packs_and_keeps_one_zip(branch, secretary):
    ActivityMonth.objects.create(
        branch=branch, month=date(2026, 5, 1), kind=Kind.THEME_DAY, required=2, done=1, held=1, present=1, expected=1
    )
    report = asked_for(branch, secretary)
    tasks.build_pack(report.job_id)
    tasks.build_pack(report.job_id)
    report.refresh_from_db()
    assert report.job.state == JobState.DONE
    archive = ZipFile(BytesIO(b"".join(storage.read(report.stored_name))))
    assert FRONT in archive.namelist()
    assert archive.testzip() is None
    assert Report.objects.count() == 1


@needs_pdf
def test_a_cancelled_pack_stops_and_keeps_nothing(branch, secretary, monkeypatch):
    report = asked_for(branch, secretary)

    def cancelled_meanwhile(job, **kwargs):
        Job.objects.filter(pk=job.pk).update(state=JobState.CANCELLED)

    monkeypatch.setattr(jobs, "progress", cancelled_meanwhile)
    tasks.build_pack(report.job_id)
    report.refresh_from_db()
    assert (report.job.state, report.built_at) == (JobState.CANCELLED, None)


@needs_pdf
def test_a_worker_that_is_killed_leaves_the_job_to_the_next_one(branch, secretary, monkeypatch):
    report = asked_for(branch, secretary)
    monkeypatch.setattr(tasks, "keep", lambda **kwargs: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(RuntimeError):
        tasks.build_pack(report.job_id)
    monkeypatch.undo()
    report.refresh_from_db()
    assert report.job.state == JobState.FAILED
    again = asked_for(branch, secretary)
    assert again == report
    tasks.build_pack(again.job_id)
    again.refresh_from_db()
    assert again.built_at is not None


@needs_pdf
def test_a_year_without_a_card_is_said_by_the_report_centre(branch, secretary):
    report = services.request_report(
        kind="inspection", branch=branch, start=date(2018, 1, 1), format="zip", actor=secretary
    )
    tasks.build_pack(report.job_id)
    report.refresh_from_db()
    assert (report.job.state, report.job.error) == (JobState.FAILED, "NothingToReport")


def test_a_member_cannot_ask_for_a_pack(branch, member_user):
    with pytest.raises(Refused):
        asked_for(branch, member_user)
