"""The report centre: asked for twice, made once; kept whole, handed to those who may, gone after its days."""

import os
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from branches.access import Refused
from branches.choices import Role
from branches.models import AuditEntry, Job, JobState, Notice, Report
from branches.office import services, storage
from branches.office.services import Cancelled, tell

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def ask(branch, secretary):
    def request(actor=None, **how):
        return services.request_report(
            kind="handbook", branch=branch, start=date(2025, 1, 1), format="pdf", actor=actor or secretary, **how
        )

    return request


def built(report: Report, contents: bytes = b"%PDF whole") -> Report:
    services.keep(report=report, contents=BytesIO(contents))
    Job.objects.filter(pk=report.job_id).update(state=JobState.DONE)
    report.refresh_from_db()
    return report


def test_asking_again_gives_the_one_that_is_being_made(ask, organiser):
    first = ask()
    assert ask() == first
    assert ask(organiser, again=True) == first
    assert Job.objects.filter(task="activities.handbook.tasks.build_handbook").count() == 1


def test_once_it_is_built_one_may_have_it_or_a_new_one(ask):
    first = built(ask())
    assert ask() == first
    second = ask(again=True)
    assert second != first
    assert second.job != first.job


def test_one_that_failed_is_tried_again(ask):
    report = ask()
    Job.objects.filter(pk=report.job_id).update(state=JobState.FAILED, error="OSError")
    assert ask() == report
    assert Job.objects.get(pk=report.job_id).state == JobState.QUEUED


def test_who_lacks_a_right_at_the_branch_gets_none(ask, person):
    with pytest.raises(Refused):
        ask(person(Role.SUPERIOR_VIEWER))


def test_the_file_is_encrypted_and_comes_back_as_it_was(ask):
    contents = b"%PDF" + bytes(range(256)) * 9000  # more than one piece
    report = built(ask(), contents)
    kept = (storage.folder() / report.stored_name).read_bytes()
    assert b"%PDF" not in kept
    assert b"".join(storage.read(report.stored_name)) == contents
    assert report.size == len(contents)
    assert Notice.objects.filter(item_key=f"report:{report.pk}").count() == 1


def test_the_second_of_two_workers_changes_nothing(ask):
    report = built(ask(), b"first")
    services.keep(report=report, contents=BytesIO(b"second"))
    assert b"".join(storage.read(report.stored_name)) == b"first"
    assert [name for name, _ in storage.names()] == [report.stored_name]


def test_a_build_that_fails_leaves_no_file(ask, monkeypatch):
    report = ask()
    monkeypatch.setattr(services.storage, "settle", lambda *a: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        services.keep(report=report, contents=BytesIO(b"x"))
    assert list(storage.names()) == []
    report.refresh_from_db()
    assert report.built_at is None


def test_a_download_is_on_the_trail_with_its_digest(ask, as_user, secretary):
    report = built(ask())
    answer = as_user(secretary).get(reverse("branches:report_download", args=[report.pk]))
    assert b"".join(answer.streaming_content) == b"%PDF whole"
    assert answer["Content-Length"] == "10"
    line = AuditEntry.objects.get(action="report.downloaded")
    assert line.changes["sha256"] == [None, report.sha256]


def test_a_colleague_reads_it_and_another_branch_does_not(ask, as_user, organiser, person, other_branch):
    report = built(ask())
    url = reverse("branches:report_download", args=[report.pk])
    assert as_user(organiser).get(url).status_code == 200
    stranger = person(Role.BRANCH_SECRETARY, other_branch)
    assert as_user(stranger).get(url).status_code == 404
    assert "还没有报表" in as_user(stranger).get(reverse("branches:reports")).content.decode()


def test_the_list_shows_how_far_it_is_and_polls_without_keeping_anybody_logged_in(ask, as_user, secretary):
    report = ask()
    Job.objects.filter(pk=report.job_id).update(state=JobState.RUNNING, done=7, total=23, step="七、党员大会")
    client = as_user(secretary)
    page = client.get(reverse("branches:reports")).content.decode()
    assert "七、党员大会" in page
    assert 'value="7" max="23"' in page
    assert '"X-Poll"' in page
    row = client.get(reverse("branches:report_state", args=[report.pk]), headers={"HX-Request": "true"})
    assert row.content.decode().lstrip().startswith(f'<tr id="report-{report.pk}"')
    assert client.get(reverse("branches:report_state", args=[report.pk])).status_code == 302


@pytest.mark.parametrize(("seconds", "told"), [(30, False), (90, True)])
def test_a_row_whose_worker_fell_silent_says_that_it_starts_again_by_itself(ask, as_user, secretary, seconds, told):
    since = timezone.now() - timedelta(seconds=seconds)
    Job.objects.filter(pk=ask().job_id).update(state=JobState.RUNNING, heartbeat=since)
    assert ("自动重新生成" in as_user(secretary).get(reverse("branches:reports")).content.decode()) is told


def test_one_row_and_twenty_cost_the_same_queries(ask, as_user, secretary):
    built(ask())
    client = as_user(secretary)
    client.get(reverse("branches:reports"))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("branches:reports"))
    for _ in range(15):
        built(ask(again=True))
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("branches:reports"))
    assert len(many) == len(one)


def test_only_who_asked_throws_it_away_and_the_file_goes_too(
    ask, as_user, organiser, secretary, django_capture_on_commit_callbacks
):
    report = built(ask())
    url = reverse("branches:report_delete", args=[report.pk])
    assert as_user(organiser).post(url).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        as_user(secretary).post(url)
    assert not Report.objects.exists()
    assert list(storage.names()) == []


def test_after_its_days_the_file_is_gone_and_strays_too(ask, django_capture_on_commit_callbacks):
    report = built(ask())
    almost = built(ask(again=True))
    day = timezone.now()
    assert report.expires_at - report.built_at == timedelta(days=settings.REPORT_KEEP_DAYS)
    Report.objects.filter(pk=report.pk).update(expires_at=day - timedelta(seconds=1))
    stray = storage.folder() / "half.part"
    stray.write_bytes(b"x")
    os.utime(stray, (0, 0))
    with django_capture_on_commit_callbacks(execute=True):
        assert services.delete_expired() == 1
    assert [name for name, _ in storage.names()] == [almost.stored_name]


def test_a_report_deleted_while_it_is_made_keeps_nothing(ask, secretary):
    report = ask()
    in_the_worker = Report.objects.get(pk=report.pk)
    services.delete_report(report=report, actor=secretary)
    services.keep(report=in_the_worker, contents=BytesIO(b"x"))
    assert list(storage.names()) == []


def test_the_worker_of_a_cancelled_one_keeps_nothing_and_a_retry_makes_one_file(ask, as_user, secretary):
    report = ask()
    Job.objects.filter(pk=report.job_id).update(state=JobState.RUNNING)
    in_the_worker = Report.objects.get(pk=report.pk)
    client = as_user(secretary)
    client.post(reverse("branches:report_cancel", args=[report.pk]))
    services.keep(report=in_the_worker, contents=BytesIO(b"x"))
    assert list(storage.names()) == []
    assert "已取消" in client.get(reverse("branches:reports")).content.decode()
    client.post(reverse("branches:report_again", args=[report.pk]))
    assert Job.objects.get(pk=report.job_id).state == JobState.QUEUED
    built(report)
    assert [name for name, _ in storage.names()] == [report.stored_name]


def test_what_is_built_cannot_be_cancelled_any_more(ask, secretary):
    report = built(ask())
    with pytest.raises(ValidationError, match="不能取消"):
        services.cancel_report(report=report, actor=secretary)


def test_the_handbook_stops_at_its_next_step_when_it_is_cancelled(ask, secretary):
    report = ask()
    services.cancel_report(report=report, actor=secretary)
    with pytest.raises(Cancelled):
        tell(report.job, 1, 23, "二、支部基本情况")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("formats", [], "请至少选择一种文件格式。"),
        ("formats", ["xlsx"], "请选择列表中的文件格式。"),
        ("start", "1999-01-01", "请选择列表中的期间。"),
        ("branch", "999999", "请选择列表中的党组织。"),
    ],
)
def test_a_bad_entry_is_told_at_its_field_and_queues_nothing(as_user, branch, secretary, field, value, message):
    year = timezone.localdate().year
    good = {"branch": branch.pk, "start": f"{year}-01-01", "formats": ["docx"]}
    answer = as_user(secretary).post(reverse("branches:report_new") + "?kind=handbook", good | {field: value})
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not Report.objects.exists()


def test_each_chosen_format_is_asked_for_and_a_kept_one_is_offered_first(as_user, branch, secretary):
    year = timezone.localdate().year
    data = {"branch": branch.pk, "start": f"{year}-01-01", "formats": ["docx"]}
    url, client = reverse("branches:report_new") + "?kind=handbook", as_user(secretary)
    assert client.post(url, data).status_code == 302
    built(Report.objects.get())
    page = client.post(url, data)
    assert "没有重新生成" in page.content.decode()
    assert Report.objects.count() == 1
    assert client.post(url, data | {"again": "1"}).status_code == 302
    assert Report.objects.count() == 2


def test_the_form_offers_only_nodes_in_scope(as_user, person, branch, other_branch):
    stranger = person(Role.BRANCH_SECRETARY, other_branch)
    page = as_user(stranger).get(reverse("branches:report_new") + "?kind=handbook").content.decode()
    assert other_branch.name in page
    assert branch.name not in page


def test_the_list_is_narrowed_by_kind_branch_and_year(ask, as_user, secretary, branch):
    ask()
    client = as_user(secretary)
    for query, shown in (
        (f"kind=handbook&branch={branch.pk}&year=2025", True),
        ("kind=handbook&q=没有", False),
    ):
        page = client.get(f"{reverse('branches:reports')}?{query}").content.decode()
        assert ("2025年支部工作手册" in page) is shown
