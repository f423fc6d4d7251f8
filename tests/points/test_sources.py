"""What each kind of record is worth, and how a change of the record reaches the ledger."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from activities.attendance.make_ups import lapse_make_ups, open_make_ups, waive_make_up
from activities.choices import AttendanceStatus, Kind, MakeUpState, SignMethod
from activities.models import Attendance, FollowUp, LifeEntry, MakeUp
from activities.records.contents import FollowUpLine, write_parts
from activities.records.follow_ups import finish, reopen
from points.choices import ClaimState
from points.ledger import registry
from points.ledger.check import differences
from points.ledger.posting import post_many, post_source
from points.models import Claim, RuleItem
from tests.points.ledger_help import announced, correct, standing

pytestmark = pytest.mark.django_db


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
