"""What the reports say: real sentences and figures from the records; asked for, built by the worker, kept once."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf.generic import ContentStream

from activities.choices import ActivityState, Kind, PlanState
from activities.models import PlanItem
from activities.plan.planning import plan_year, refresh_plan
from activities.plan.rollups import rebuild_activity_months
from activities.reports.bulletin import Tally, bulletin, bulletin_document
from activities.reports.year_statistics import year_statistics
from activities.reports.year_summary import TO_WRITE, year_summary
from branches import jobs
from branches.choices import Span
from branches.models import Branch, Job, JobState, Notice, Report
from branches.office import services, storage, tasks
from branches.office.kinds import KINDS, Asked, NothingToReport
from config.documents import docx, pdf
from config.documents.content import Heading, Paragraph, Table
from members.choices import EventKind, MemberType
from members.models import MembershipEvent
from members.roster_paper import roster
from points.dashboard.point_panels import BranchPointsRow
from points.papers.quarter import quarter_publications
from points.papers.ranking import _branch_rows, ranking
from tests import factories
from tests.config.document_files import docx_text, pdf_text, read_docx, read_pdf

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)
OCTOBER, YEAR = date(2026, 10, 1), date(2026, 1, 1)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path, time_machine):
    settings.DATA_DIR = tmp_path
    time_machine.move_to(factories.at(TODAY, 10))


@pytest.fixture
def asked(hospital, office):
    def make(span=Span.YEAR, start=YEAR, node=None, reader=None):
        return Asked(node or hospital, span, start, TODAY, reader or office)

    return make


def words(document) -> str:
    return "\n".join(block.text for block in document.blocks if isinstance(block, Heading | Paragraph))


def tables(document) -> list[Table]:
    return [block for block in document.blocks if isinstance(block, Table)]


@pytest.fixture
def october(branch, other_branch):
    """The first branch did its theme day and nothing else; the second nothing at all."""
    people = [factories.make_member(branch) for _ in range(4)]
    factories.make_member(other_branch)
    plan_year(branches=[branch, other_branch], year=2026)
    factories.make_activity(
        branch, day=date(2026, 10, 15), state=ActivityState.CONFIRMED, members=people, absent=(people[0],)
    )
    refresh_plan(branches=[branch, other_branch], year=2026)
    rebuild_activity_months(branches=[branch, other_branch], year=2026)
    return people


def test_the_bulletin_counts_what_fell_due_and_names_who_is_late(october, asked, branch, other_branch):
    document = bulletin(asked(Span.MONTH, OCTOBER))
    text = words(document)
    assert "关于2026年10月规定动作完成情况的通报" in text
    due = PlanItem.objects.filter(due__range=(OCTOBER, date(2026, 10, 31))).exclude(state=PlanState.NOT_APPLICABLE)
    done = due.filter(state=PlanState.CONFIRMED)
    assert done.count() == 1
    assert f"截至2026年11月22日，2个党支部2026年10月到期应完成规定动作{due.count()}项，已完成1项" in text
    assert "应到4人次，实到3人次，出席率75%" in text
    assert f"逾期未完成的有2个：{branch.name}（" in text
    assert "本期没有全部按时完成的党支部。" in text
    rows = {row[0]: row for row in tables(document)[0].rows}
    assert rows[branch.name][1] == due.filter(branch=branch).count()
    assert rows[branch.name][-1] == Decimal("0.75")
    assert rows[other_branch.name][-1] is None


def test_late_returned_and_excused_are_told_apart():
    tally = Tally()
    for state, late in (
        (PlanState.CONFIRMED, False),
        (PlanState.CONFIRMED, True),
        (PlanState.RETURNED, False),
        (PlanState.SUBMITTED, False),
        (PlanState.NOT_HELD, False),
        (PlanState.OPEN, False),
    ):
        tally.add("党课", state, late=late)
    assert (tally.required, tally.done, tally.in_time, tally.excused) == (5, 2, 1, 1)
    clean = Tally()
    clean.add("党课", PlanState.CONFIRMED, late=False)
    lines = [(Branch(name="甲支部"), tally), (Branch(name="乙支部"), clean)]
    text = words(bulletin_document("某党委", "2026年10月", TODAY, lines, {Kind.PARTY_LECTURE: tally}))
    assert "规定动作全部按时完成的有1个：乙支部。" in text
    assert "（一）逾期未完成的有1个：甲支部（党课）。" in text
    assert "（二）退回后尚未改好的有1个：甲支部（党课）。" in text
    assert "（三）迟交的有1个：甲支部（党课）。" in text
    assert "另有1项说明了未召开的原因，经同意不作要求。" in text


def test_the_summary_has_its_figures_and_leaves_the_rest_to_the_secretary(october, asked, branch, secretary):
    document = year_summary(asked(node=branch, reader=secretary))
    text = words(document)
    assert "主题党日1次。" in text
    assert text.count(TO_WRITE) == 3
    assert tables(document)[0].rows[0][1:3] == (date(2026, 10, 15), "主题党日")
    assert tables(document)[0].rows[0][-1] == "3/4"


def test_the_statistics_balance_and_count_each_member_once(october, asked, hospital, branch, other_branch):
    elsewhere = factories.make_branch(hospital, name="外科党支部", code="WK1")
    newcomer = factories.make_member(branch, since=date(2026, 3, 1), member_type=MemberType.PROBATIONARY)
    gone = october[3]
    moved = october[2]
    for member, kind, to in ((gone, EventKind.DECEASED, None), (moved, EventKind.MOVED, elsewhere)):
        MembershipEvent.objects.create(
            member=member, kind=kind, branch=to, from_branch=branch, member_type=MemberType.FULL,
            recorded_on=date(2026, 5, 6), effective_on=date(2026, 5, 6),
        )  # fmt: skip
    whole = year_statistics(asked())
    assert "期初5人，增加1人，减少1人，期末5人。" in words(whole)
    assert "相差" not in words(whole)
    for table in tables(whole)[1:5]:
        assert sum(row[1] for row in table.rows) == 5
    assert ("预备党员", 1, Decimal("0.2")) in tables(whole)[3].rows
    own = year_statistics(asked(node=branch))
    assert "期初4人，增加1人，减少2人，期末3人。" in words(own)  # the move crosses the border of the branch alone
    assert newcomer.branch == branch


def test_the_roster_masks_the_identity_number_and_has_no_phone(asked, branch, office):
    member = factories.make_member(branch, name="林晓雯")
    member.user.set_contact(mobile="13900001234")
    member.user.save()
    document = roster(asked())
    row = tables(document)[0].rows[0]
    assert row[1:3] == ("林晓雯", branch.name)
    assert member.id_number not in row
    assert not [cell for cell in row if "1234" in str(cell)]


def test_the_quarter_is_taken_from_what_was_published_and_names_who_did_not(asked, branch, other_branch, held, publish):
    people = [factories.make_member(branch, name=name) for name in ("林晓雯", "周晓")]
    factories.make_member(other_branch)
    held(people, day=date(2026, 8, 12))
    publication = publish(branch)
    document = quarter_publications(asked(Span.QUARTER, date(2026, 7, 1)))
    assert f"尚未晾晒的有1个：{other_branch.name}。" in words(document)
    first, own = tables(document)
    totals = [Decimal(row["total"]) for row in publication.table["rows"]]
    assert first.rows[0][1:5] == (publication.published_on, 2, sum(totals) / 2, max(totals))
    assert first.rows[1] == (other_branch.name, "尚未晾晒", None, None, None, None)
    assert [row[1] for row in own.rows] == [row["name"] for row in publication.table["rows"]]


def test_the_ranking_puts_equal_totals_in_one_place(asked, branch, held):
    people = [factories.make_member(branch, name=name) for name in ("甲", "乙", "丙")]
    held(people[:1], day=date(2026, 8, 12))
    branches, members = tables(ranking(asked()))
    assert branches.rows[0][:3] == (1, branch.name, 3)
    assert [row[0] for row in members.rows] == [1, 2, 2]
    assert members.rows[0][1] == "甲"


def test_branches_of_equal_points_a_head_share_a_place_and_one_without_people_has_none(asked, branch, other_branch):
    def row(of, members):
        return BranchPointsRow(of, members, Decimal(8), Decimal(0), 1)

    empty = Branch(name="临时党支部")
    rows = [row(empty, 0), row(branch, 2), row(other_branch, 2), row(empty, 4)]
    assert [line[0] for line in _branch_rows(rows)] == [1, 1, 3, None]
    assert _branch_rows(rows)[-1][1] == "临时党支部"


@pytest.mark.parametrize("build", [bulletin, year_statistics, roster, quarter_publications, ranking])
def test_a_period_without_records_is_no_report(asked, branch, build):
    span = {bulletin: Span.MONTH, quarter_publications: Span.QUARTER}.get(build, Span.YEAR)
    with pytest.raises(NothingToReport):
        build(asked(span, date(2024, 1, 1)))


@pytest.mark.parametrize("build", [bulletin, year_statistics, roster, quarter_publications, ranking])
def test_one_branch_and_many_cost_the_same_statements(asked, branch, hospital, held, publish, build):
    def fill(node):
        people = [factories.make_member(node) for _ in range(2)]
        held(people, day=date(2026, 8, 12), branch=node)
        publish(node)
        plan_year(branches=[node], year=2026)

    span = {bulletin: Span.MONTH, quarter_publications: Span.QUARTER}.get(build, Span.YEAR)
    start = YEAR if span == Span.YEAR else date(2026, 7, 1)
    fill(branch)
    build(asked(span, start))
    with CaptureQueriesContext(connection) as one:
        build(asked(span, start))
    for n in range(4):
        fill(factories.make_branch(hospital, name=f"第{n}党支部", code=f"D{n}"))
    with CaptureQueriesContext(connection) as many:
        build(asked(span, start))
    assert len(many) == len(one)


def test_what_lies_in_another_hospital_is_in_no_report(asked, branch, office):
    factories.make_member(branch, name="林晓雯")
    elsewhere = factories.make_branch(name="另一家医院党委", code="B2")
    foreign = factories.make_branch(elsewhere, name="另一家支部", code="B21")
    factories.make_member(foreign, name="外人")
    names = [row[1] for row in tables(roster(asked()))[0].rows]
    assert "林晓雯" in names
    assert "外人" not in names
    with pytest.raises(NothingToReport):
        roster(asked(node=elsewhere))


@pytest.fixture
def ask(hospital, office):
    def make(format="docx", **changes):
        given = {"kind": "bulletin", "branch": hospital, "start": OCTOBER, "format": format, "actor": office}
        return services.request_report(**given | changes)

    return make


def test_the_worker_keeps_the_file_and_tells_who_asked(october, ask, office):
    report = ask()
    tasks.build_report(report.job_id)
    tasks.build_report(report.job_id)
    report.refresh_from_db()
    text = docx_text(b"".join(storage.read(report.stored_name)))
    assert "完成情况的通报" in text
    assert Notice.objects.get(item_key=f"report:{report.pk}").recipient == office
    job = Job.objects.get(pk=report.job_id)
    assert (job.state, job.done, job.total) == (JobState.DONE, 100, 100)


def test_a_worker_killed_after_its_work_began_leaves_one_file_in_the_end(october, ask, monkeypatch, time_machine):
    report = ask()
    write, died = storage.write_aside, []

    def dies(*given):
        died.append(write(*given)[0])
        raise KeyboardInterrupt  # what a killed process leaves: no word, and half of a file

    monkeypatch.setattr(storage, "write_aside", dies)
    with pytest.raises(KeyboardInterrupt):
        tasks.build_report(report.job_id)
    assert Job.objects.get(pk=report.job_id).state == JobState.RUNNING
    monkeypatch.setattr(storage, "write_aside", write)
    time_machine.move_to(factories.at(TODAY, 11))
    monkeypatch.setattr(jobs, "_send", lambda job: tasks.build_report(job.pk))
    assert jobs.sweep() == 1
    report.refresh_from_db()
    assert report.built_at is not None
    assert Job.objects.get(pk=report.job_id).attempts == 2
    whole = [name for name, _ in storage.names() if not name.endswith(".part")]
    assert whole == [report.stored_name]
    assert Report.objects.count() == Notice.objects.filter(item_key=f"report:{report.pk}").count() == 1


def test_one_cancelled_while_it_is_built_keeps_nothing(october, ask, office, monkeypatch):
    report = ask()
    kind = KINDS["bulletin"]

    def build(asked):
        services.cancel_report(report=report, actor=office)
        return bulletin(asked)

    monkeypatch.setitem(KINDS, "bulletin", kind._replace(build=build))
    tasks.build_report(report.job_id)
    assert Job.objects.get(pk=report.job_id).state == JobState.CANCELLED
    assert list(storage.names()) == []


def test_a_year_without_data_is_told_in_words_and_may_be_tried_again(ask, as_user, office, branch):
    report = ask()
    tasks.build_report(report.job_id)
    client = as_user(office)
    assert "这一期间没有数据" in client.get(reverse("branches:reports")).content.decode()
    client.post(reverse("branches:report_again", args=[report.pk]))
    assert Job.objects.get(pk=report.job_id).state == JobState.QUEUED
    assert Report.objects.count() == 1


def test_word_sets_the_east_asian_font_the_page_number_and_heads_that_repeat(october, asked):
    body = docx.render(bulletin(asked(Span.MONTH, OCTOBER)))
    word = read_docx(body)
    w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    fonts = [font.get(f"{w}eastAsia") for font in word.element.body.iter(f"{w}rFonts")]
    assert set(fonts) == {"方正小标宋简体", "仿宋_GB2312", "黑体"}
    section = word.sections[0]
    margins = [round(side.mm) for side in (section.top_margin, section.bottom_margin, section.left_margin)]
    assert margins == [37, 35, 28]
    foot = section.footer._element
    assert "".join(part.text for part in foot.iter(f"{w}t")) == "— 1 —"
    assert [field.get(f"{w}instr") for field in foot.iter(f"{w}fldSimple")] == ["PAGE"]
    assert all(table.rows[0]._tr.trPr.find(f"{w}tblHeader") is not None for table in word.tables)
    sizes = {size.get(f"{w}val") for size in word.element.body.iter(f"{w}sz")}
    assert {"44", "32", "21"} <= sizes  # 22, 16 and 10.5 pt


@pytest.mark.skipif(not pdf.is_available(), reason="this machine has no Pango or no Chinese font")
def test_the_pdf_holds_every_character_as_a_glyph_of_an_embedded_font(october, asked):
    document = bulletin(asked(Span.MONTH, OCTOBER))
    body = pdf.render(document)
    reader = read_pdf(body)
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            inside = font.get_object()["/DescendantFonts"][0].get_object()
            assert "/FontFile2" in inside["/FontDescriptor"] or "/FontFile3" in inside["/FontDescriptor"]
        shown = ContentStream(page["/Contents"].get_object(), reader).operations
        pieces = [piece for operands, name in shown if name in (b"Tj", b"TJ") for piece in _strings(operands)]
        assert pieces
        assert not any(piece[n : n + 2] == b"\0\0" for piece in pieces for n in range(0, len(piece), 2))  # .notdef
    printed = set(pdf_text(body))
    assert not {char for char in words(document) if not char.isspace()} - printed


def _strings(operands) -> list[bytes]:
    found = operands[0] if isinstance(operands[0], list) else operands
    return [part.original_bytes for part in found if hasattr(part, "original_bytes")]
