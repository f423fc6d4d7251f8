"""What a worker says while it makes a report: heartbeats between parts, a cancel in between, a word when it failed."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from branches import jobs
from branches.models import AuditEntry, Job, JobState, Notice, Report
from branches.office import services, storage, tasks
from branches.office.kinds import KINDS, NothingToReport
from config.documents import parts, pdf
from config.documents.content import Column, Document, Table
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 10, tzinfo=factories.at(date(2026, 11, 22), 10).tzinfo)
needs_pdf = pytest.mark.skipif(not pdf.is_available(), reason="this machine has no Pango or no Chinese font")


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path, time_machine, monkeypatch):
    settings.DATA_DIR = tmp_path
    time_machine.move_to(NOW, tick=False)
    monkeypatch.setattr(parts, "CELLS", 100)


@pytest.fixture
def made_of(monkeypatch):
    """Have the bulletin built by a function of the test's own."""

    def replace(build: Callable[..., Document]) -> None:
        monkeypatch.setitem(KINDS, "bulletin", KINDS["bulletin"]._replace(build=build))

    return replace


@pytest.fixture
def ask(hospital, office):
    def make(format="pdf", **changes):
        given = {"kind": "bulletin", "branch": hospital, "start": date(2026, 10, 1), "format": format, "actor": office}
        return services.request_report(**given | changes)

    return make


def long(asked) -> Document:
    return Document.of("通报", Table((Column("序号"), Column("姓名")), tuple((n, f"党员{n}") for n in range(300))))


def laid_out_slowly(monkeypatch, between: Callable[[int], None]) -> list[int]:
    """Each part calls `between` with its number; returns the numbers."""
    lay, numbers = pdf.laid, []

    def slow(*given, **how):
        numbers.append(len(numbers) + 1)
        between(numbers[-1])
        return lay(*given, **how)

    monkeypatch.setattr(pdf, "laid", slow)
    return numbers


@needs_pdf
def test_a_long_pdf_that_takes_many_minutes_is_not_begun_twice(ask, made_of, monkeypatch, time_machine):
    made_of(long)
    report, rung = ask(), []
    monkeypatch.setattr(jobs, "_send", lambda job: rung.append(job.pk))

    def a_minute_and_a_half(part: int) -> None:
        time_machine.move_to(NOW + part * timedelta(seconds=90), tick=False)
        jobs.sweep()
        tasks.build_report(report.job_id)  # the bell of an earlier minute, heard by a second worker

    numbers = laid_out_slowly(monkeypatch, a_minute_and_a_half)
    tasks.build_report(report.job_id)
    report.refresh_from_db()
    assert len(numbers) > 3
    assert rung == []
    assert report.built_at is not None
    assert (report.job.state, report.job.attempts) == (JobState.DONE, 1)


@needs_pdf
def test_cancelling_is_noticed_between_two_parts(ask, made_of, monkeypatch, office):
    made_of(long)
    report = ask()
    numbers = laid_out_slowly(
        monkeypatch, lambda part: services.cancel_report(report=report, actor=office) if part == 2 else None
    )
    tasks.build_report(report.job_id)
    report.refresh_from_db()
    assert numbers == [1, 2]
    assert (report.job.state, report.built_at) == (JobState.CANCELLED, None)
    assert list(storage.names()) == []
    assert not Notice.objects.filter(item_key=f"report:{report.pk}").exists()


@needs_pdf
def test_a_worker_that_was_silent_too_long_leaves_the_report_to_the_one_that_took_over(
    ask, made_of, monkeypatch, time_machine
):
    made_of(long)
    report = ask()
    monkeypatch.setattr(jobs, "_send", lambda job: tasks.build_report(job.pk))

    def silent(part: int) -> None:
        if part == 2:
            time_machine.move_to(NOW + timedelta(minutes=5), tick=False)
            monkeypatch.setattr(pdf, "laid", whole)
            assert jobs.sweep() == 1  # the second worker makes it, from its first page to the end

    whole = pdf.laid
    numbers = laid_out_slowly(monkeypatch, silent)
    tasks.build_report(report.job_id)
    report.refresh_from_db()
    assert numbers == [1, 2]
    assert report.built_at == NOW + timedelta(minutes=5)
    assert (report.job.state, report.job.attempts, report.job.error) == (JobState.DONE, 2, "")
    assert [name for name, _ in storage.names()] == [report.stored_name]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NothingToReport, "这一期间没有数据"),
        (pdf.PdfMissing, "本机缺少PDF组件"),
        (ZeroDivisionError, "系统内部出错"),
    ],
)
def test_who_asked_hears_of_a_failure_once_and_again_when_it_fails_again(
    ask, made_of, time_machine, office, error, words
):
    def fails(asked):
        raise error

    made_of(fails)
    report = ask("docx")

    def build() -> None:
        if error is NothingToReport:
            tasks.build_report(report.job_id)
        else:
            with pytest.raises(error):
                tasks.build_report(report.job_id)

    build()
    services.tell_failures([report.job_id])
    notice = Notice.objects.get(item_key=f"report:{report.pk}")
    assert notice.recipient == office
    assert words in notice.text
    assert notice.text.startswith(f"{report.title}（Word）没有生成：")
    time_machine.move_to(NOW + timedelta(hours=1), tick=False)
    assert ask("docx") == report
    build()
    assert Notice.objects.filter(item_key=f"report:{report.pk}").count() == 2


@pytest.mark.parametrize(("attempts", "told"), [(2, 0), (3, 1)])
def test_a_worker_lost_for_good_is_told_and_one_that_may_come_back_is_not(ask, monkeypatch, attempts, told):
    report = ask()
    monkeypatch.setattr(jobs, "_send", lambda job: None)
    Job.objects.filter(pk=report.job_id).update(
        state=JobState.RUNNING, attempts=attempts, heartbeat=NOW - timedelta(minutes=3)
    )
    jobs.sweep()
    tasks.tell_lost_reports()
    tasks.tell_lost_reports()
    texts = list(Notice.objects.filter(item_key=f"report:{report.pk}").values_list("text", flat=True))
    assert len(texts) == told
    assert all("生成多次中断" in text for text in texts)


@pytest.mark.parametrize(("kind", "action"), [("roster", "roster.exported"), ("bulletin", "report.downloaded")])
def test_a_roster_that_is_downloaded_is_an_export_of_the_roll(ask, office, kind, action):
    report = ask("docx", kind=kind, start=date(2026, 1, 1) if kind == "roster" else date(2026, 10, 1))
    services.note_download(report=Report.objects.get(pk=report.pk), actor=office)
    line = AuditEntry.objects.get(action=action)
    assert (line.actor, line.changes["format"]) == (office, [None, "docx"])
