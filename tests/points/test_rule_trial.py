"""The dry run: the same records by the rules in force and by the draft; nothing but the result is written."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.choices import AttendanceStatus
from branches.models import Job, JobState
from members.models import Exemption
from points.editions import rules
from points.editions.trial import last_quarter, quarter_end, run_trial, start_trial
from points.ledger.posting import post_source
from points.models import Claim, Entry, RuleTrial, RuleVersion
from points.rulebook import editing
from points.rulebook.book import item_of
from points.rules import Variant
from tests import factories
from tests.points.claims_help import written

TODAY = date(2026, 11, 22)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(factories.at(TODAY, 10), tick=False):
        yield


@pytest.fixture
def draft(hospital, office):
    """A theme day is worth 2 instead of 0.5, an absence costs 4 instead of 2."""
    source = RuleVersion.objects.get(hospital=None)
    found = editing.start_draft(
        hospital=hospital, source=source, name="新规则", valid_from=date(2027, 1, 1), actor=office
    )
    for code, points in (("A02", Decimal(2)), ("G01", Decimal(-4))):
        row = found.items.get(code=code)
        found.refresh_from_db()
        item = replace(item_of(row), points=points, points_text="")
        editing.save_item(draft=found, item=item, version=found.version, actor=office, pk=row.pk)
    found.refresh_from_db()
    return found


@pytest.fixture
def tried(draft, office):
    def run() -> RuleTrial:
        trial = start_trial(draft=draft, today=TODAY, actor=office)
        run_trial(trial=RuleTrial.objects.get(pk=trial.pk), tell=lambda *_: None)
        trial.refresh_from_db()
        return trial

    return run


def figures(trial, member):
    return next(row[2:] for row in trial.result["rows"] if row[0] == member.pk)


@pytest.mark.parametrize(
    ("today", "quarter", "end"),
    [
        (date(2026, 3, 31), date(2025, 10, 1), date(2025, 12, 31)),
        (date(2026, 4, 1), date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 12, 31), date(2026, 7, 1), date(2026, 9, 30)),
    ],
)
def test_the_last_quarter_is_the_one_that_ended(today, quarter, end):
    assert (last_quarter(today), quarter_end(last_quarter(today))) == (quarter, end)


def test_quarter_and_year_are_counted_by_both(held, members, tried):
    held(members, day=date(2026, 8, 12))
    held(members, day=date(2026, 11, 11))
    trial = tried()
    # without groups a theme day counts one and a half times
    assert figures(trial, members[0]) == ["0.75", "3.00", "61.50", "66.00"]
    assert trial.result["items"]["A02"] == ["2.25", "9.00", "4.50", "18.00"]
    assert set(Entry.objects.standing().values_list("points", flat=True)) == {Decimal("0.75")}


def test_deductions_count_whether_announced_or_posted(held, members, tried):
    activity = held(members, day=date(2026, 8, 12))
    activity.attendances.filter(member=members[0]).update(status=AttendanceStatus.UNEXCUSED, reason="")
    post_source(source_kind="activity", source_id=activity.pk, revision=2, actor=None)
    assert Claim.objects.get().rule_code == "G01"
    assert figures(tried(), members[0]) == ["-2.00", "-4.00", "58.00", "56.00"]
    Claim.objects.update(state="accepted")
    assert figures(tried(), members[0]) == ["-2.00", "-4.00", "58.00", "56.00"]


def test_what_an_objection_lifted_stays_lifted(held, members, tried):
    activity = held(members, day=date(2026, 8, 12))
    activity.attendances.filter(member=members[0]).update(status=AttendanceStatus.UNEXCUSED, reason="")
    post_source(source_kind="activity", source_id=activity.pk, revision=2, actor=None)
    Claim.objects.update(state="withdrawn", lifted=True)
    assert figures(tried(), members[0]) == ["0.00", "0.00", "60.00", "60.00"]


@pytest.mark.parametrize(
    ("points", "scale", "to", "there"),
    [
        ("61.50", 10, 1, "6.15"),
        ("6.15", 1, 10, "61.50"),
        ("-4", 1, 1, "-4"),
        ("0.05", 10, 1, "0.01"),
        ("1", 3, 1, "0.33"),
    ],
)
def test_a_figure_of_one_scale_is_brought_to_another(points, scale, to, there):
    assert rules.rescaled(Decimal(points), Decimal(scale), Decimal(to)) == Decimal(there)


@pytest.fixture
def large(hospital, office):
    """The default rules in points ten times as large."""
    source = RuleVersion.objects.get(hospital=None)
    return editing.start_draft(
        hospital=hospital, source=source, name="大分值", valid_from=date(2027, 1, 1), actor=office, large=True
    )


class TestOtherScale:
    @pytest.fixture
    def year(self, held, members):
        """Each has a theme day; the first an honour, the second one whose step the draft knows no more."""
        held(members, day=date(2026, 8, 12))
        for member, level, points in ((members[0], "city", 4), (members[1], "hospital", 1)):
            written(member, "F01", happened_on=date(2026, 8, 20), level=level, points=points, state="accepted")

    @pytest.fixture
    def tried(self, large, office, year):
        row = large.items.get(code="F01")
        item = item_of(row)
        fewer = replace(item, levels=tuple(one for one in item.levels if one.code != "hospital"), points_text="")
        editing.save_item(draft=large, item=fewer, version=large.version, actor=office, pk=row.pk)
        large.refresh_from_db()
        trial = start_trial(draft=large, today=TODAY, actor=office)
        run_trial(trial=trial, tell=lambda *_: None)
        return trial

    def test_what_decides_the_same_moves_nobody(self, tried, members):
        assert figures(tried, members[0]) == ["4.75", "4.75", "64.75", "64.75"]
        assert figures(tried, members[1]) == ["1.75", "1.75", "61.75", "61.75"]
        assert tried.result["items"] == {"A02": ["2.25"] * 4, "F01": ["5.00"] * 4}

    def test_page_and_workbook_say_so(self, tried, large, as_user, office):
        client, url = as_user(office), reverse("points:rule_trial", args=[large.pk])
        said = "分值倍数不同（现行1，草稿10）：草稿各栏已折算成现行的倍数，可以直接比较。"
        answer = client.get(url)
        assert answer.context["notes"] == [said]
        assert (answer.context["up"], answer.context["down"]) == (0, 0)
        assert said in answer.content.decode()
        book = openpyxl.load_workbook(BytesIO(client.get(url, {"format": "xlsx"}).content))
        assert book["说明"]["A1"].value == said


def test_a_code_the_draft_does_not_have_counts_nowhere_in_it_and_is_named(held, members, draft, tried, office, as_user):
    held(members[:1], day=date(2026, 8, 12))
    written(members[0], "E05", happened_on=date(2026, 8, 20), state="accepted")
    for code in ("A02", "E05", "B02"):
        editing.remove_item(draft=draft, pk=draft.items.get(code=code).pk, actor=office)
    draft.refresh_from_db()
    assert figures(tried(), members[0]) == ["1.75", "0.00", "61.75", "60.00"]
    page = as_user(office).get(reverse("points:rule_trial", args=[draft.pk]))
    assert [text.split("：")[0] for text in page.context["notes"]] == ["草稿中没有编号A02、E05"]


def test_claims_are_worth_what_the_draft_says_for_the_post_and_the_groups_of_the_member(
    members, branch, draft, tried, office
):
    branch.category = "retired"
    branch.save()
    for code in ("E05", "E04"):
        written(members[0], code, happened_on=date(2026, 8, 20), state="accepted")
    for code, changes in (
        ("E05", {"variants": {"retired": Variant(points=Decimal(3))}, "cap": Decimal(6)}),
        ("E04", {"variants": {"retired": Variant(off=True)}}),
    ):
        row = draft.items.get(code=code)
        item = replace(item_of(row), points_text="", **changes)
        editing.save_item(draft=draft, item=item, version=draft.version, actor=office, pk=row.pk)
        draft.refresh_from_db()
    assert figures(tried(), members[0]) == ["1.50", "3.00", "61.50", "63.00"]


def test_exempt_members_are_left_out(held, members, tried, office):
    held(members, day=date(2026, 8, 12))
    Exemption.objects.create(
        member=members[0], ground="aged", starts_on=date(2026, 1, 1), approved_on=date(2026, 1, 1), entered_by=office
    )
    assert members[0].pk not in {row[0] for row in tried().result["rows"]}


def test_other_hospitals_are_left_alone(held, members, tried):
    other = factories.make_branch(factories.make_branch(name="海州医院党委"))
    stranger = factories.make_member(other)
    held([stranger], branch=other, day=date(2026, 8, 12))
    trial = tried()
    assert stranger.pk not in {row[0] for row in trial.result["rows"]}
    assert trial.result["items"] == {}


def test_it_holds_no_name(held, members, tried):
    held(members, day=date(2026, 8, 12))
    assert members[0].user.name not in str(tried().result)


def test_its_cost_does_not_grow_with_the_members(held, branch, tried):
    counts = []
    tried()
    RuleTrial.objects.all().delete()
    for n in (1, 20):
        held([factories.make_member(branch) for _ in range(n)], day=date(2026, 8, 12))
        with CaptureQueriesContext(connection) as found:
            tried()
        counts.append(len(found))
        RuleTrial.objects.all().delete()
    assert counts[0] == counts[1]


def test_asked_twice_while_it_waits_it_is_one_job(draft, office):
    first = start_trial(draft=draft, today=TODAY, actor=office)
    assert start_trial(draft=draft, today=TODAY, actor=office) == first
    assert Job.objects.filter(task__endswith="run_trial").count() == 1


class TestPage:
    @pytest.fixture
    def page(self, as_user, office, draft):
        return as_user(office), reverse("points:rule_trial", args=[draft.pk])

    def test_it_shows_who_moves_and_tells_when_it_is_old(
        self, page, held, members, draft, office, django_capture_on_commit_callbacks
    ):
        client, url = page
        held(members, day=date(2026, 8, 12))
        assert "还没有试算" in client.get(url).content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            client.post(url)
        answer = client.get(url)
        words = answer.content.decode()
        assert "2026年第三季度" in words
        assert "+2.25" in words
        assert (answer.context["up"], answer.context["stale"]) == (3, False)
        editing.move_item(draft=draft, pk=draft.items.get(code="A02").pk, step=1, actor=office)
        assert "此后草稿有改动" in client.get(url).content.decode()

    def test_it_is_found_by_branch_and_name_and_sorted(self, page, held, members, other_branch, tried):
        client, url = page
        held(members[:1], day=date(2026, 8, 12))
        factories.make_member(other_branch, name="独行")
        tried()
        rows = client.get(url, {"sort": "up"}).context["page"].object_list
        assert rows[0].pk == members[0].pk
        assert [row.name for row in client.get(url, {"branch": other_branch.pk}).context["page"]] == ["独行"]
        assert "没有符合条件的党员" in client.get(url, {"q": "无此人"}).content.decode()

    def test_it_goes_along_as_excel(self, page, held, members, tried):
        client, url = page
        held(members, day=date(2026, 8, 12))
        tried()
        book = openpyxl.load_workbook(BytesIO(client.get(url, {"format": "xlsx"}).content))
        assert book.sheetnames == ["党员", "党支部（人均）", "项目（合计，未计上限）"]
        names = [row[1].value for row in book["党员"].iter_rows(min_row=2)]
        assert members[0].user.name in names

    def test_while_it_runs_the_page_says_so(self, page, draft, office):
        client, url = page
        start_trial(draft=draft, today=TODAY, actor=office)
        assert "正在试算" in client.get(url).content.decode()
        assert "正在试算" in client.get(url, headers={"HX-Request": "true"}).content.decode()
        Job.objects.update(state=JobState.FAILED)
        assert "没有算完" in client.get(url).content.decode()
