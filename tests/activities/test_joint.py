"""Held jointly: one text of the host, a part of each co-host with its own people, confirmation and counting."""

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from activities import services
from activities.attendance import leave, sign_in
from activities.choices import ActivityState, Kind, PlanState
from activities.models import Activity, ActivityMonth, PlanItem
from activities.plan.planning import plan_year
from activities.records import announcing, joint, photos, reviewing
from activities.records.common_text import COMMON
from activities.records.contents import SpeechLine
from activities.records.drafting import Absence, Conflict, Incomplete
from branches.choices import BranchLevel
from branches.models import AuditEntry, Notice
from tests import factories
from tests.activities.joint_cast import DAY, TODAY, Cast


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(factories.at(TODAY, 10))


@pytest.fixture
def cast(branch, other_branch, secretary, organiser):
    return Cast(branch, other_branch, secretary, organiser)


# -- A part comes into being


def test_a_part_carries_the_common_text_and_expects_its_own_branch_alone(cast):
    host = cast.save()
    part = host.parts.get()
    assert (part.branch, part.state, part.version, part.serial) == (cast.guest, ActivityState.DRAFT, 1, None)
    for name in COMMON:
        assert getattr(part, name) == getattr(host, name)
    assert [row.kind for row in part.kinds.all()] == [Kind.THEME_DAY]
    assert {row.member_id for row in part.attendances.all()} == {one.pk for one in cast.guests}
    assert not {one.pk for one in cast.guests} & set(host.attendances.values_list("member", flat=True))
    assert (part.recorder, part.editor) == (cast.guest_secretary, cast.guest_secretary)


def test_the_secretary_of_the_co_host_is_told_once(cast):
    host = cast.save()
    cast.save(host, topic="联合义诊进学校")
    notice = Notice.objects.get(recipient=cast.guest_secretary)
    assert notice.text == "机关第一党支部邀请联合举办11月11日主题党日“联合义诊进社区”，请登记本支部出席"
    assert notice.url == f"/activities/{host.parts.get().pk}/"


def test_a_branch_without_an_officer_gets_its_part_all_the_same(cast, hospital):
    empty = factories.make_branch(hospital, name="后勤党支部")
    part = cast.save(cohosts=(empty,)).parts.get()
    assert (part.branch, part.recorder) == (empty, cast.secretary)


def test_saving_twice_makes_no_second_part_and_the_database_holds_one_a_branch(cast):
    host = cast.save()
    cast.save(host, minutes="再写一句。")
    assert host.parts.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_activity(cast.guest, host=host)


@pytest.mark.parametrize(
    "kind", [Kind.GENERAL_MEETING, Kind.COMMITTEE_MEETING, Kind.ORG_LIFE_MEETING, Kind.DEMOCRATIC_APPRAISAL]
)
def test_what_a_branch_decides_alone_is_not_held_jointly(cast, kind):
    with pytest.raises(ValidationError, match="不能联合举办") as error:
        cast.save(kinds=(Kind.THEME_DAY, kind))
    assert "cohosts" in error.value.message_dict
    assert not Activity.objects.exists()


@pytest.mark.parametrize("kind", [Kind.THEME_DAY, Kind.PARTY_LECTURE, Kind.POLITICAL_BIRTHDAY, Kind.WARNING_EDUCATION])
def test_what_the_whole_roll_is_expected_at_may_be(cast, kind):
    assert cast.save(kinds=(kind,)).parts.count() == 1


def test_a_group_meeting_and_the_committee_hold_nothing_jointly(cast, hospital):
    group = factories.make_branch(cast.host, level=BranchLevel.GROUP)
    with pytest.raises(ValidationError, match="党小组会不能联合举办：党小组会只由本组党员参加"):
        cast.save(kinds=(Kind.GROUP_MEETING,), group=group)
    with pytest.raises(ValidationError, match="请布置给各党支部"):
        cast.save(branch=hospital, kinds=(Kind.CENTER_GROUP_STUDY,))


def test_only_other_open_branches_of_the_hospital_can_be_chosen(cast, hospital):
    elsewhere = factories.make_branch(factories.make_branch(name="别家医院党委"))
    group = factories.make_branch(cast.guest, level=BranchLevel.GROUP)
    young = factories.make_branch(hospital, founded_on=DAY + timedelta(days=1))
    gone = factories.make_branch(hospital, dissolved_on=DAY - timedelta(days=1))
    just = [factories.make_branch(hospital, founded_on=DAY), factories.make_branch(hospital, dissolved_on=DAY)]
    for one in (cast.host, elsewhere, group, young, gone, hospital):
        with pytest.raises(ValidationError) as error:
            cast.save(cohosts=(one,))
        assert "cohosts" in error.value.message_dict
    offered = set(joint.candidates(cast.host, DAY))
    assert offered == {cast.guest, *just}
    assert cast.save(cohosts=tuple(just)).parts.count() == 2


def test_a_part_hosts_nobody_not_even_its_host(cast, hospital):
    part = cast.save().parts.get()
    for one in (factories.make_branch(hospital), cast.host, cast.guest):
        with pytest.raises(ValidationError, match="由主办党支部选择"):
            cast.save_part(part, cohosts=(one,))
    assert not Activity.objects.filter(host=part).exists()


def test_the_branch_of_the_host_is_no_co_host_of_its_own(cast):
    host = cast.save()
    with pytest.raises(ValidationError, match="机关第一党支部是主办单位，不用再选"):
        cast.save(host, cohosts=(cast.guest, cast.host))
    assert [part.branch for part in host.parts.all()] == [cast.guest]


# -- The text is the host's


def test_what_the_host_changes_stands_in_the_part_and_the_part_keeps_its_people(cast):
    host = cast.save()
    part = host.parts.get()
    cast.save_part(part, absences={cast.guests[2].pk: Absence("duty")}, speeches=(SpeechLine("协办党员1", "同意"),))
    version = Activity.objects.get(pk=part.pk).version
    cast.save(host, topic="联合义诊进学校", place="小学")
    part.refresh_from_db()
    assert (part.topic, part.place, part.version) == ("联合义诊进学校", "小学", version)
    assert part.attendances.get(member=cast.guests[2]).reason == "duty"
    assert part.speeches.get().points == "同意"
    line = AuditEntry.objects.get(action="activity.shared")
    assert line.changes["主题"] == ["联合义诊进社区", "联合义诊进学校"]


@pytest.mark.parametrize(
    "change", [{"topic": "自己的主题"}, {"minutes": "自己的纪要"}, {"kinds": (Kind.PARTY_LECTURE,)}, {"place": "别处"}]
)
def test_the_common_text_cannot_be_changed_in_the_part(cast, change):
    part = cast.save().parts.get()
    with pytest.raises(ValidationError, match="由主办的机关第一党支部填写，本支部不能修改"):
        cast.save_part(part, **change)
    part.refresh_from_db()
    assert part.topic == "联合义诊进社区"


def test_another_day_expects_the_people_of_that_day(cast):
    late = factories.make_member(cast.guest, since=DAY + timedelta(days=1))
    host = cast.save()
    part = host.parts.get()
    cast.save_part(part, absences={cast.guests[2].pk: Absence("duty")})
    assert late.pk not in part.attendances.values_list("member", flat=True)
    day = DAY + timedelta(days=1)
    cast.save(host, starts_at=factories.at(day), ends_at=factories.at(day, 18))
    assert late.pk in part.attendances.values_list("member", flat=True)
    assert part.attendances.get(member=cast.guests[2]).reason == "duty"


def test_two_people_of_the_host_saving_at_once_are_shown_both_lists(cast, hospital):
    host = cast.save()
    third = factories.make_branch(hospital, name="外科党支部")
    cast.save(host, actor=cast.organiser, cohosts=(cast.guest, third))
    stale = replace(cast.data(), version=1)
    with pytest.raises(Conflict) as conflict:
        services.save_draft(activity=host, form_key=uuid.uuid4(), data=stale, actor=cast.secretary)
    (field,) = conflict.value.fields
    assert (field.label, field.theirs) == ("联合举办单位", "内科第二党支部、外科党支部")
    assert host.parts.count() == 2


# -- Handed in and confirmed


def test_a_part_waits_for_its_host_and_the_refusal_says_whom_to_ask(cast):
    host = cast.save()
    part = host.parts.get()
    with pytest.raises(Incomplete) as gaps:
        cast.hand_in_part(part)
    text = gaps.value.problems["host"]
    assert text == "公共内容由主办的机关第一党支部填写，对方还没有提交。请联系支部书记陈静怡，对方提交后再办理。"
    cast.hand_in(host)
    ready = Notice.objects.filter(recipient=cast.guest_secretary, step__startswith="ready ")
    assert "已提交" in ready.get().text
    assert cast.hand_in_part(part).state == ActivityState.SUBMITTED


def test_a_host_handed_in_once_more_is_told_once_more(cast):
    host = cast.save()
    cast.hand_in(host)
    told = Notice.objects.filter(recipient=cast.guest_secretary, text__contains="已提交")
    assert told.count() == 1
    cast.hand_in(cast.save(host, topic="联合义诊进学校"))
    assert told.count() == 2
    assert "联合义诊进学校" in told.order_by("pk").last().text


def test_the_gaps_of_the_common_text_are_the_hosts_and_its_own_absences_the_parts(cast):
    host = cast.save(minutes="", place="")
    part = host.parts.get()
    cast.save_part(part, absences={cast.guests[2].pk: Absence()})
    with pytest.raises(Incomplete) as gaps:
        cast.hand_in_part(part)
    assert set(gaps.value.problems) == {"host", "absences"}


def test_a_submitted_part_is_not_confirmed_while_its_host_is_being_mended(cast):
    host = cast.save()
    part = host.parts.get()
    cast.hand_in(host)
    cast.hand_in_part(part)
    reviewing.return_activity(activity=host, comment="请补充", actor=cast.organiser)
    with pytest.raises(ValidationError, match="对方还没有提交"):
        cast.confirm_part(part)
    cast.save(host, minutes="补充了。")
    part.refresh_from_db()
    assert (part.state, part.minutes) == (ActivityState.SUBMITTED, "补充了。")
    cast.hand_in(host)
    assert cast.confirm_part(part).state == ActivityState.CONFIRMED


def test_a_submitted_part_goes_back_to_its_people_when_the_day_changes(cast):
    host = cast.save()
    part = host.parts.get()
    cast.hand_in(host)
    handed_in = cast.hand_in_part(part).submitted_at
    day = DAY + timedelta(days=2)
    cast.save(host, starts_at=factories.at(day), ends_at=factories.at(day, 18))
    part.refresh_from_db()
    assert (part.state, part.submitted_at) == (ActivityState.DRAFT, handed_in)
    assert Notice.objects.filter(recipient=cast.guest_secretary, text__contains="请核对出席后重新提交").exists()


def test_only_the_branches_own_officers_confirm_a_part(cast):
    host = cast.save()
    part = host.parts.get()
    cast.hand_in(host)
    cast.hand_in_part(part)
    with pytest.raises(ValidationError, match="这份记录由组织委员协办党员1确认"):
        cast.confirm(part)
    assert cast.confirm_part(part).serial == "NK02-2026-ZT-001"
    assert cast.confirm(Activity.objects.get(pk=host.pk)).serial == "JG01-2026-ZT-001"


def test_it_counts_for_a_branch_only_once_its_own_part_is_confirmed(cast):
    plan_year(branches=[cast.host, cast.guest], year=2026)
    host, _ = cast.confirmed_part()
    states = {
        item.branch_id: item.state for item in PlanItem.objects.filter(kind=Kind.THEME_DAY, start=date(2026, 11, 1))
    }
    assert states == {cast.host.pk: PlanState.SUBMITTED, cast.guest.pk: PlanState.CONFIRMED}
    months = ActivityMonth.objects.filter(month=date(2026, 11, 1), kind=Kind.THEME_DAY)
    assert months.get(branch=cast.guest).held == 1
    assert months.get(branch=cast.guest).expected == 3
    assert not months.filter(branch=cast.host, held__gt=0).exists()
    cast.confirm(host)
    assert months.get(branch=cast.host).held == 1


# -- Removed


def test_a_co_host_is_let_go_while_its_part_was_never_handed_in(cast):
    host = cast.save()
    part = host.parts.get()
    plan_year(branches=[cast.guest], year=2026)
    cast.save(host, cohosts=())
    assert not Activity.objects.filter(pk=part.pk).exists()
    assert Notice.objects.filter(recipient=cast.guest_secretary, text__contains="取消了与本支部联合举办").exists()
    assert PlanItem.objects.get(branch=cast.guest, kind=Kind.THEME_DAY, start=date(2026, 11, 1)).state == "open"


def test_a_part_once_handed_in_stays_even_after_it_was_sent_back(cast):
    host = cast.save()
    part = host.parts.get()
    cast.hand_in(host)
    cast.hand_in_part(part)
    reviewing.return_activity(activity=part, comment="请核对", actor=cast.guest_organiser)
    with pytest.raises(ValidationError, match=r"内科第二党支部的部分已提交过（NK02-2026-ZT-001），不能取消联合举办"):
        cast.save(host, cohosts=())
    assert host.parts.count() == 1


def test_cohosts_not_asked_for_stay_and_then_the_kind_cannot_leave_them_behind(cast):
    host = cast.save()
    cast.save(host, cohosts=None, topic="换个主题")
    assert host.parts.get().topic == "换个主题"
    with pytest.raises(ValidationError, match="支部党员大会不能联合举办"):
        cast.save(host, cohosts=None, kinds=(Kind.GENERAL_MEETING,))


def test_deleting_the_hosts_draft_takes_untouched_parts_along(cast):
    host = cast.save()
    photos.delete_draft_with_photos(activity=host, actor=cast.secretary)
    assert not Activity.objects.exists()


def test_a_part_somebody_worked_on_keeps_the_hosts_draft_from_being_deleted(cast):
    host = cast.save()
    cast.save_part(host.parts.get(), absences={cast.guests[2].pk: Absence("duty")})
    with pytest.raises(ValidationError, match="内科第二党支部已登记本支部的出席情况"):
        photos.delete_draft_with_photos(activity=host, actor=cast.secretary)
    assert Activity.objects.count() == 2


def test_the_co_host_does_not_delete_its_part_but_is_told_whom_to_ask(cast):
    part = cast.save().parts.get()
    with pytest.raises(ValidationError, match="请联系支部书记陈静怡"):
        photos.delete_draft_with_photos(activity=part, actor=cast.guest_secretary)


# -- Planned ahead


def test_a_planned_gathering_has_planned_parts_that_are_announced_by_themselves(cast):
    ahead = TODAY + timedelta(days=5)
    host = cast.save(starts_at=factories.at(ahead), ends_at=factories.at(ahead, 18))
    announcing.plan_activity(activity=host, actor=cast.secretary)
    part = host.parts.get()
    assert part.state == ActivityState.PLANNED
    assert announcing.announce(activity=part, actor=cast.guest_secretary) == 2
    assert Activity.objects.get(pk=host.pk).announced_at is None
    asks = cast.guests[2]
    leave.ask_leave(activity=part, member=asks, reason="duty", note="", actor=asks.user)
    assert joint.is_touched(Activity.objects.get(pk=part.pk))
    cast.save(host, starts_at=factories.at(DAY), ends_at=factories.at(DAY, 18))
    part.refresh_from_db()
    assert part.state == ActivityState.DRAFT


def test_each_part_signs_in_by_itself(cast):
    host = cast.save(starts_at=factories.at(TODAY, 10), ends_at=factories.at(TODAY, 12))
    part = host.parts.get()
    sign_in.open_sign_in(activity=part, actor=cast.guest_secretary)
    guest, own = cast.guests[2], cast.people[0]
    with pytest.raises(ValidationError, match="您不在这次活动"):
        sign_in.sign_by_scan(activity=part, user=own.user, scanned_at=factories.at(TODAY, 10))
    sign_in.sign_by_scan(activity=part, user=guest.user, scanned_at=factories.at(TODAY, 10))
    assert [row.member for row in part.attendances.filter(signed_at__isnull=False)] == [guest]
    assert not host.attendances.filter(signed_at__isnull=False).exists()
