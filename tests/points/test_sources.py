"""What each kind of record is worth, and how a change of the record reaches the ledger."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError

from activities.attendance.hours import add_course, book_hours, remove_course
from activities.attendance.make_ups import lapse_make_ups, open_make_ups, waive_make_up
from activities.choices import ActivityState, AttendanceStatus, Kind, MakeUpState, SignMethod
from activities.models import Attendance, FollowUp, LifeEntry, MakeUp, StudyHours
from activities.records.contents import FollowUpLine, write_parts
from activities.records.follow_ups import finish, reopen
from activities.signals import activity_confirmed
from branches.choices import BranchLevel, Role
from points.catalogue import DEFAULTS
from points.choices import ClaimState
from points.cycle.closing import close_months
from points.ledger import registry
from points.ledger.check import differences
from points.ledger.posting import post_many, post_source
from points.models import Claim, Entry, MemberPost, PeriodClose, RuleItem, RuleVersion
from tests import factories

pytestmark = pytest.mark.django_db


def standing(member, code=""):
    rows = Entry.objects.standing().filter(member=member).order_by("happened_on", "rule_code")
    return [(e.rule_code, e.points, e.happened_on) for e in rows if not code or e.rule_code == code]


def announced(member):
    rows = Claim.objects.filter(member=member, state=ClaimState.ANNOUNCED).order_by("rule_code")
    return list(rows.values_list("rule_code", "points"))


def correct(activity):
    activity.revision += 1
    activity.save()
    post_source(source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=activity.recorder)


# --- attendance ---


@pytest.mark.parametrize(
    ("minutes", "way", "note", "late"),
    [
        (15, SignMethod.QR, "", False),
        (16, SignMethod.QR, "", True),
        (16, SignMethod.CODE, "", True),
        (16, SignMethod.CODE, "急诊手术", False),
        (40, SignMethod.MANUAL, "", False),
    ],
)
def test_coming_late_costs_half_a_point_only_by_the_code_and_without_a_word(
    groups, members, held, minutes, way, note, late
):
    activity = held(members[:1])
    signed = activity.starts_at + timedelta(minutes=minutes)
    Attendance.objects.filter(activity=activity).update(signed_at=signed, signed_by=way, note=note)
    correct(activity)
    assert announced(members[0]) == ([("G02", Decimal("-0.50"))] if late else [])
    assert standing(members[0])[0][0] == "A02"  # late is there all the same


@pytest.mark.parametrize(("kind", "costs"), [(Kind.COMMITTEE_MEETING, True), (Kind.POLITICAL_BIRTHDAY, False)])
def test_staying_away_without_a_reason_is_announced_never_booked_at_once(groups, members, held, kind, costs):
    activity = held(members[:1], kinds=(kind,))
    Attendance.objects.filter(activity=activity).update(status=AttendanceStatus.UNEXCUSED)
    correct(activity)
    assert announced(members[0]) == ([("G01", Decimal("-2.00"))] if costs else [])
    assert standing(members[0]) == []


def test_an_absence_that_was_a_mistake_is_withdrawn_and_comes_back_with_the_next_one(groups, members, held):
    activity = held(members[:1])
    rows = Attendance.objects.filter(activity=activity)
    for status, state in (
        (AttendanceStatus.UNEXCUSED, ClaimState.ANNOUNCED),
        (AttendanceStatus.LEAVE, ClaimState.WITHDRAWN),
        (AttendanceStatus.UNEXCUSED, ClaimState.ANNOUNCED),
    ):
        rows.update(status=status)
        correct(activity)
        assert Claim.objects.get().state == state
    assert list(differences()) == []


def test_the_life_meeting_counts_with_the_own_self_criticism_on_record(groups, members, held):
    activity = held(members[:2], kinds=(Kind.ORG_LIFE_MEETING,))
    LifeEntry.objects.create(activity=activity, member=members[0], name="甲", self_criticism="学习不够深入。")
    LifeEntry.objects.create(activity=activity, member=members[1], name="乙", criticism="联系群众不够。")
    correct(activity)
    assert [code for code, *_ in standing(members[0])] == ["A05"]
    assert standing(members[1]) == []


# --- hours of study ---


def test_each_full_eight_hours_is_a_point_on_the_day_it_was_reached(branch, members, organiser):
    for day, hours in ((1, 6), (5, 6), (9, 12)):
        add_course(
            member=members[0],
            title=f"培训{day}",
            studied_on=date(2026, 10, day),
            hours=Decimal(hours),
            actor=organiser,
        )
    assert standing(members[0], "B01") == [
        ("B01", Decimal("1.00"), date(2026, 10, 5)),
        ("B01", Decimal("1.00"), date(2026, 10, 9)),
        ("B01", Decimal("1.00"), date(2026, 10, 9)),
    ]
    assert list(differences(2026)) == []


def test_a_course_taken_out_takes_its_unit_along(branch, members, organiser):
    course = add_course(
        member=members[0], title="培训", studied_on=date(2026, 10, 1), hours=Decimal(8), actor=organiser
    )
    assert len(standing(members[0], "B01")) == 1
    remove_course(entry=course, actor=organiser)
    assert standing(members[0], "B01") == []
    assert list(differences(2026)) == []


def test_what_a_member_reports_counts_once_it_was_checked(branch, members):
    add_course(member=members[0], title="培训", studied_on=date(2026, 10, 1), hours=Decimal(8), actor=members[0].user)
    assert standing(members[0], "B01") == []


def test_hours_of_a_meeting_are_points_in_its_own_transaction(branch, groups, members, held):
    activity = held(members[:1], hours=Decimal(8))
    book_hours(activity, activity.recorder)
    correct(activity)
    assert [code for code, *_ in standing(members[0])] == ["A02", "B01"]
    activity.state = ActivityState.RETURNED
    activity.save()
    book_hours(activity, activity.recorder)
    post_source(source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=None)
    assert standing(members[0]) == []


# --- make-ups ---


@pytest.fixture
def missed(branch, members, held):
    """members[0] was away with leave on 11 November; the make-up is due on `due`."""
    activity = held(members[:1], absent=(members[0],))
    open_make_ups(activity, activity.recorder)
    MakeUp.objects.update(due=date(2026, 11, 20))
    return MakeUp.objects.get()


@pytest.mark.parametrize(("today", "lapsed"), [(date(2026, 11, 20), 0), (date(2026, 11, 21), 1)])
def test_a_make_up_lapses_the_day_after_its_term_and_once(hospital, members, missed, today, lapsed):
    assert lapse_make_ups(hospital_id=hospital.pk, today=today) == lapsed
    assert lapse_make_ups(hospital_id=hospital.pk, today=today) == 0
    assert announced(members[0]) == [("G03", Decimal("-0.50"))] * lapsed
    if lapsed:
        assert Claim.objects.get().happened_on == date(2026, 11, 20)


def test_what_was_reported_in_time_does_not_lapse(hospital, members, missed):
    MakeUp.objects.update(state=MakeUpState.REPORTED)
    assert lapse_make_ups(hospital_id=hospital.pk, today=date(2026, 12, 1)) == 0


def test_a_make_up_that_is_waived_after_all_costs_nothing(hospital, members, missed, organiser):
    lapse_make_ups(hospital_id=hospital.pk, today=date(2026, 11, 21))
    waive_make_up(make_up=missed, comment="援外任务", actor=organiser)
    assert announced(members[0]) == []
    assert list(differences()) == []


def test_an_absence_corrected_to_presence_takes_its_lapsed_make_up_along(hospital, members, missed):
    lapse_make_ups(hospital_id=hospital.pk, today=date(2026, 11, 21))
    activity = missed.attendance.activity
    Attendance.objects.filter(activity=activity).update(status=AttendanceStatus.PRESENT, reason="")
    open_make_ups(activity, activity.recorder)
    correct(activity)
    assert announced(members[0]) == []
    assert [code for code, *_ in standing(members[0])] == ["A02"]


# --- matters ---


@pytest.mark.parametrize(("done", "worth"), [(date(2026, 11, 18), 1), (date(2026, 11, 19), 0)])
def test_a_matter_done_by_its_day_is_worth_half_a_point(members, held, organiser, done, worth):
    activity = held(members[:1])
    matter = FollowUp.objects.create(
        activity=activity, number=1, text="更新制度", owner=members[0].user, due=date(2026, 11, 18)
    )
    finish(follow_up=matter, note="已更新", actor=organiser, on=done)
    assert len(standing(members[0], "C03")) == worth
    reopen(follow_up=matter, actor=organiser)
    assert standing(members[0], "C03") == []
    finish(follow_up=matter, note="已更新", actor=organiser, on=done)
    assert len(standing(members[0], "C03")) == worth
    assert list(differences()) == []


def test_nobody_earns_by_ticking_off_what_is_their_own(members, held):
    activity = held(members[:1])
    matter = FollowUp.objects.create(
        activity=activity, number=1, text="更新制度", owner=members[0].user, due=date(2026, 11, 18)
    )
    finish(follow_up=matter, note="已更新", actor=members[0].user, on=date(2026, 11, 12))
    assert standing(members[0], "C03") == []


# --- the registry ---


def test_every_feed_has_one_source_and_every_automatic_item_of_the_default_a_feed_by_its_name():
    seen = [feed for source in registry.sources() for feed in source.feeds]
    assert len(seen) == len(set(seen))
    fed = {item.code for item in RuleItem.objects.all() if registry.is_automatic(item)}
    assert fed == {"A01", "A02", "A03", "A04", "A05", "A07", "B01", "C03", "G01", "G02", "G03", "G11"}


def test_a_source_of_a_later_room_joins_without_a_line_of_the_ledger(branch, members, organiser, monkeypatch):
    """The registry is all it takes: here the dues of a month, which feed C01 of the default edition."""
    rule = RuleItem.objects.get(code="C01")
    paid = {7: members[0]}

    def awards(ids, book):
        return {
            pk: [registry.Award(paid[pk].pk, branch.pk, date(2026, 10, 31), rule, rule.points, "10月党费")]
            if pk in paid
            else []
            for pk in ids
        }

    dues = registry.Source(
        "dues_month",
        "党费台账",
        {"dues.paid": "按月交纳党费"},
        awards,
        lambda ids: {pk: registry.Booked(1, date(2026, 11, 1)) for pk in ids},
        lambda year: list(paid),
    )
    monkeypatch.setitem(registry._SOURCES, "dues_month", dues)
    assert registry.is_automatic(rule)
    post_source(source_kind="dues_month", source_id=7, revision=0, actor=organiser)
    assert standing(members[0]) == [("C01", Decimal("0.25"), date(2026, 10, 31))]
    assert list(differences()) == []
    paid.clear()
    post_many(source_kind="dues_month", source_ids=[7], actor=organiser)
    assert standing(members[0]) == []


# --- editions of a hospital ---


@pytest.fixture
def edition(hospital):
    """edition(valid_from, A02=…): a published edition of the hospital with these items of the default changed."""

    def make(valid_from, variants=None, published=True, **points):
        version = RuleVersion.objects.create(
            hospital=hospital,
            name="院内版",
            valid_from=valid_from,
            published_at=factories.at(valid_from) if published else None,
        )
        for item in RuleItem.objects.filter(version__hospital=None):
            item.pk, item.version = None, version
            item.points = Decimal(points.get(item.code, item.points))
            item.variants = (variants or {}).get(item.code, {})
            item.save()
        return version

    return make


def test_a_hospital_has_its_own_edition_from_its_month_on_and_others_keep_the_default(
    hospital, branch, groups, members, held, edition
):
    edition(date(2026, 7, 1), A02="2")
    other = factories.make_branch(factories.make_branch(name="海州医院党委"))
    factories.make_branch(other, level=BranchLevel.GROUP)
    stranger = factories.make_member(other)
    held(members[:1], day=date(2026, 6, 30))
    held(members[:1], day=date(2026, 7, 1))
    held([stranger], day=date(2026, 7, 1), branch=other)
    assert [points for _, points, _ in standing(members[0])] == [Decimal("0.50"), Decimal("2.00")]
    assert [points for _, points, _ in standing(stranger)] == [Decimal("0.50")]
    assert list(differences()) == []


def test_a_draft_is_in_force_nowhere(branch, groups, members, held, edition):
    edition(date(2026, 1, 1), published=False, A02="2")
    held(members[:1])
    assert [points for _, points, _ in standing(members[0])] == [Decimal("0.50")]


def test_posts_are_fixed_with_the_first_points_of_the_year(branch, groups, members, held, edition):
    edition(date(2026, 1, 1), variants={"A02": {"administration": {"points": "1.5"}}})
    branch.category = "administration"
    branch.save()
    held(members[:1], day=date(2026, 10, 28))
    assert MemberPost.objects.get(member=members[0]).post == "administration"
    branch.category = "clinical"
    branch.save()
    held(members[:1], day=date(2026, 11, 11))
    assert [points for _, points, _ in standing(members[0])] == [Decimal("1.50"), Decimal("1.50")]
    assert list(differences()) == []


def test_an_item_a_post_does_not_have_is_worth_nothing_to_it(branch, groups, members, held, edition, person):
    edition(date(2026, 1, 1), variants={"A02": {"retired": {"off": True}}})
    MemberPost.objects.create(member=members[0], year=2026, post="retired", set_by=person(Role.ORGANISATION_MEMBER))
    held(members[:2])
    assert standing(members[0]) == []
    assert len(standing(members[1])) == 1


def test_the_feed_of_hours_may_move_to_an_item_of_the_house_own(branch, members, organiser, edition):
    """A unit is worth what the edition of its day says, under the code that edition gives it."""
    version = edition(date(2026, 7, 1), published=False)
    version.items.filter(code="B01").update(code="B06", points=Decimal(2))
    RuleVersion.objects.filter(pk=version.pk).update(published_at=factories.at(date(2026, 7, 1)))
    for day in (date(2026, 3, 2), date(2026, 10, 2)):
        add_course(member=members[0], title="培训", studied_on=day, hours=Decimal(8), actor=organiser)
    assert standing(members[0]) == [
        ("B01", Decimal("1.00"), date(2026, 3, 2)),
        ("B06", Decimal("2.00"), date(2026, 10, 2)),
    ]
    assert list(differences(2026)) == []


@pytest.mark.parametrize(("factor", "points"), [("1.5", "0.38"), ("2", "0.50")])
def test_a_factor_gives_hundredths_and_the_ledger_agrees_with_it(factor, points):
    item = replace(DEFAULTS["A04"], points=Decimal("0.25"), factor_without_groups=Decimal(factor))
    assert item.value(has_groups=False) == Decimal(points)


def test_a_record_confirmed_late_takes_back_the_shortfall_it_makes_good(hospital, branch, groups, members, held):
    with time_machine.travel(factories.at(date(2027, 1, 6), 10), tick=False):
        close_months(branches=[branch], month=date(2026, 12, 1), actor=None, today=date(2027, 1, 6))
        assert announced(members[0]) == [("G11", Decimal("-2.00"))]
        activity = factories.make_activity(
            branch,
            kinds=(Kind.PARTY_LECTURE,),
            day=date(2026, 12, 28),
            state=ActivityState.CONFIRMED,
            members=members[:1],
            revision=1,
            hours=Decimal(32),
        )
        book_hours(activity, activity.recorder)
        post_source(source_kind="activity", source_id=activity.pk, revision=1, actor=None, is_first=True)
        assert announced(members[0]) == []
        assert len(standing(members[0], "B01")) == 4
        assert list(differences(2026)) == []


def test_a_course_of_a_locked_quarter_is_neither_added_nor_removed(branch, members, organiser):
    course = add_course(member=members[0], title="培训", studied_on=date(2026, 5, 4), hours=Decimal(8), actor=organiser)
    PeriodClose.objects.create(branch=branch, kind="quarter", start=date(2026, 4, 1), state="locked")
    with pytest.raises(ValidationError, match="锁定"):
        add_course(member=members[0], title="另一次", studied_on=date(2026, 5, 5), hours=Decimal(8), actor=organiser)
    with pytest.raises(ValidationError, match="锁定"):
        remove_course(entry=course, actor=organiser)
    assert len(standing(members[0], "B01")) == 1


def test_a_matter_given_to_somebody_else_takes_its_point_along(members, held, organiser):
    activity = held(members[:2])
    matter = FollowUp.objects.create(
        activity=activity, number=1, text="更新制度", owner=members[0].user, due=date(2026, 11, 18)
    )
    finish(follow_up=matter, note="已更新", actor=organiser, on=date(2026, 11, 12))
    line = FollowUpLine("更新制度", members[1].user_id, date(2026, 11, 18))
    write_parts(activity, {"resolutions": [line]})
    assert standing(members[0], "C03") == []
    assert len(standing(members[1], "C03")) == 1
    assert list(differences()) == []


# --- late ---


def test_a_late_first_record_of_last_year_takes_an_announced_shortfall_of_hours_back(branch, members):
    years = [member.pk * 1_000_000 + 2025 * 100 for member in members]
    book_course(members[0], date(2025, 3, 1), hours=30)
    PeriodClose.objects.create(branch=branch, kind="month", start=date(2025, 12, 1), state="closed")
    post_many(source_kind="study", source_ids=years, actor=None)
    assert announced(members[0]) == [("G11", Decimal("-2.00"))]
    late = factories.make_activity(
        branch, day=date(2025, 12, 20), state=ActivityState.CONFIRMED, members=members[:1], revision=1
    )
    book_course(members[0], date(2025, 12, 20), hours=2)
    activity_confirmed.send(type(late), source_kind="activity", source_id=late.pk, revision=1, actor=late.recorder)
    assert announced(members[0]) == []
    assert list(differences()) == []


def book_course(member, day, *, hours):
    StudyHours.objects.create(member=member, branch=member.branch, studied_on=day, hours=hours, title="学习")
