"""A gathering held in several sittings: what may be said, who came to which, votes of each, and taking one out."""

import uuid
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from activities import services
from activities.attendance.hours import due_rows
from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.models import Activity, Attendance, Motion, Session, StudyHours
from activities.records.drafting import Absence, ActivityData, Conflict, Incomplete
from activities.records.reviewing import correct_activity
from activities.records.sessions import FIRST, SessionLine
from activities.votes import voting
from activities.votes.voting import MotionData
from branches.choices import Role
from branches.models import AuditEntry
from tests.factories import at, make_branch, make_member

DAY = date(2026, 11, 11)
NIGHT = date(2026, 11, 12)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(date(2026, 11, 22), 10), tick=False)
    return time_machine


@pytest.fixture
def members(branch, secretary, organiser):
    return [make_member(branch, name=f"党员{n}") for n in "甲乙丙丁"]


def line(key: str, starts: datetime, minutes: int | None = 60, place: str = "") -> SessionLine:
    return SessionLine(key, starts, starts + timedelta(minutes=minutes) if minutes else None, place)


TWO = (line(FIRST, at(DAY)), line("n0", at(NIGHT, 20), place="急诊科示教室"))


@pytest.fixture
def say(branch, secretary):
    """What a form says; two sittings unless told otherwise."""

    def make(sessions=TWO, **fields) -> ActivityData:
        words = {
            "branch": branch,
            "kinds": (Kind.THEME_DAY,),
            "starts_at": at(DAY),
            "ends_at": at(DAY) + timedelta(hours=1),
            "topic": "学习条例",
            "place": "三楼会议室",
            "chair": secretary,
            "minutes": "学习有关要求。",
            "sessions": sessions,
        }
        return ActivityData(**{**words, **fields})

    return make


def save(data: ActivityData, actor, activity: Activity | None = None) -> Activity:
    return services.save_draft(activity=activity, form_key=uuid.uuid4(), data=data, actor=actor)


def came(activity: Activity) -> dict[str, int | None]:
    """Name -> number of the sitting."""
    return dict(activity.attendances.values_list("name", "session__number"))


def ids(activity: Activity) -> list[int]:
    return list(activity.sessions.values_list("pk", flat=True))


# -- What may be said


def test_everybody_present_came_to_the_first_sitting_until_somebody_says_otherwise(say, secretary, members):
    data = say(seats={members[1].pk: "n0", members[2].pk: "nonsense"}, absences={members[0].pk: Absence("duty")})
    activity = save(data, secretary)
    assert [(one.number, one.place) for one in activity.sessions.all()] == [(1, "三楼会议室"), (2, "急诊科示教室")]
    seats = came(activity)
    assert (seats["党员甲"], seats["党员乙"], seats["党员丙"], seats["陈静怡"]) == (None, 2, 1, 1)
    assert activity.starts_at == at(DAY)


@pytest.mark.parametrize(
    ("sessions", "words"),
    [
        ((line(FIRST, at(DAY)),), "至少有两场"),
        ((line(FIRST, at(DAY)), line("n0", at(NIGHT, 20), -5)), "11月12日20:30的一场的结束时间应晚于开始时间"),
        ((line(FIRST, at(DAY)), line("n0", at(DAY, 9))), "早于第1场。请把最早的一场填在基本情况里"),
        ((line(FIRST, at(DAY)), line("n0", at(date(2026, 11, 19)))), "距第1场超过7天"),
        ((line(FIRST, at(DAY)), line("n0", at(DAY, 17, 0))), "在同一地点、时间重叠"),
        ((line(FIRST, at(DAY)), line("n0", at(DAY), None, "三楼会议室")), "在同一地点、时间重叠"),
        ((line(FIRST, at(NIGHT)), line("n0", at(NIGHT, 20))), "两处应当一致"),
        (tuple(line(FIRST if n == 0 else f"n{n}", at(DAY, 8 + n)) for n in range(11)), "最多分10场"),
    ],
    ids=["one", "end", "earlier", "a week", "overlap", "same start", "two places of the first", "too many"],
)
def test_what_cannot_be_is_refused_in_words(say, secretary, members, sessions, words):
    with pytest.raises(ValidationError, match=words) as refused:
        save(say(sessions), secretary)
    assert set(refused.value.message_dict) == {"sessions"}
    assert not Session.objects.exists()


def test_the_edges_that_may_be(say, secretary, members):
    """Seven days later, one right after the other, two at once in two wards."""
    week = at(date(2026, 11, 18), 20)
    sessions = (*TWO, line("n1", week), line("n2", at(DAY) + timedelta(hours=1)), line("n3", at(DAY), place="病房"))
    activity = save(say(sessions), secretary)
    assert [one.starts_at for one in activity.sessions.all()] == sorted(one.starts_at for one in sessions)


def test_all_sittings_lie_in_the_period_that_the_record_counts_for(say, secretary, members):
    last, first = date(2026, 10, 31), date(2026, 11, 1)
    fields = {"starts_at": at(last), "ends_at": at(last) + timedelta(hours=1)}
    over = (line(FIRST, at(last)), line("n0", at(first)))
    with pytest.raises(ValidationError, match="11月1日16:30的一场在11月，而主题党日按第1场计入10月"):
        save(say(over, **fields), secretary)
    activity = save(say(over, kinds=(Kind.GENERAL_MEETING,), **fields), secretary)  # a quarter: both lie in the fourth
    assert activity.sessions.count() == 2


# -- Changed, and taken out


def test_a_form_that_does_not_ask_leaves_the_sittings_and_their_people(say, secretary, members):
    activity = save(say(seats={members[1].pk: "n0"}), secretary)
    data = say(None, version=activity.version, absences={members[0].pk: Absence("duty")})
    save(data, secretary, activity)
    seats = came(activity)
    assert (seats["党员甲"], seats["党员乙"], seats["党员丙"]) == (None, 2, 1)


@pytest.mark.parametrize(("day", "moves"), [(date(2026, 11, 10), True), (date(2026, 11, 13), False)])
def test_a_form_that_does_not_ask_moves_the_first_sitting_with_the_record_or_is_refused(
    say, secretary, members, day, moves
):
    activity = save(say(seats={members[1].pk: "n0"}), secretary)
    data = say(None, version=activity.version, starts_at=at(day), ends_at=at(day, 18), place="二楼会议室")
    if not moves:
        with pytest.raises(ValidationError, match="早于第1场"):
            save(data, secretary, activity)
        return
    save(data, secretary, activity)
    first = activity.sessions.get(number=1)
    assert (first.starts_at, first.ends_at, first.place) == (at(day), at(day, 18), "二楼会议室")
    assert (came(activity)["党员甲"], came(activity)["党员乙"]) == (1, 2)


def test_a_sitting_keeps_its_people_when_its_time_and_number_change(say, secretary, members):
    activity = save(say(seats={members[1].pk: "n0"}), secretary)
    _, night = ids(activity)
    moved = (*TWO[:1], line(str(night), at(NIGHT, 21)), line("n9", at(NIGHT, 7)))
    save(say(moved, version=activity.version), secretary, activity)
    assert Session.objects.get(pk=night).number == 3
    assert came(activity)["党员乙"] == 3


def test_people_of_a_sitting_that_is_taken_out_are_moved_by_nobody_but_the_form(say, secretary, members):
    three = (*TWO, line("n1", at(NIGHT, 7)))
    activity = save(say(three, seats={members[1].pk: "n0", members[2].pk: "n0"}), secretary)
    first, morning, _ = ids(activity)
    without = {"sessions": (*TWO[:1], line(str(morning), at(NIGHT, 7))), "version": activity.version}
    with pytest.raises(ValidationError, match="党员乙、党员丙原来登记在去掉的场次，请重新选择场次") as refused:
        save(say(**without), secretary, activity)
    assert set(refused.value.message_dict) == {"seats"}
    told = {"seats": {members[1].pk: str(morning)}, "absences": {members[2].pk: Absence("duty")}}
    save(say(**without, **told), secretary, activity)
    assert ids(activity) == [first, morning]
    assert (came(activity)["党员乙"], came(activity)["党员丙"]) == (2, None)


def test_back_to_once_asks_where_the_others_were(say, secretary, members):
    activity = save(say(seats={members[1].pk: "n0"}), secretary)
    with pytest.raises(ValidationError, match="党员乙原来登记在去掉的场次"):
        save(say((), version=activity.version), secretary, activity)
    save(say((), version=activity.version, seats={members[1].pk: FIRST}), secretary, activity)
    assert set(came(activity).values()) == {None}
    assert activity.attendances.filter(status=AttendanceStatus.PRESENT).count() == 6


def test_the_trail_tells_times_places_and_who_came_later(say, secretary, members):
    activity = save(say((), seats={}), secretary)
    save(say(version=activity.version, seats={members[1].pk: "n0"}), secretary, activity)
    told = AuditEntry.objects.filter(action="activity.changed").latest("pk").changes["分场举行"]
    assert told == ["", "第1场：11月11日16:30至17:30，三楼会议室\n第2场：11月12日20:30至21:30，急诊科示教室，党员乙"]


def test_somebody_elses_change_of_a_sitting_is_a_conflict_with_both_texts(say, secretary, organiser, members):
    activity = save(say(), secretary)
    save(say(version=activity.version, seats={members[0].pk: str(ids(activity)[1])}), organiser, activity)
    with pytest.raises(Conflict) as found:
        save(say((), version=activity.version - 1, seats={members[0].pk: FIRST}), secretary, activity)
    assert [one.label for one in found.value.fields] == ["分场举行"]


# -- Handed in


@pytest.mark.parametrize(("hour", "opens"), [(20, True), (21, False)])
def test_every_sitting_has_begun_before_the_record_is_handed_in(say, secretary, members, today, hour, opens):
    today.move_to(at(NIGHT, 20, 30), tick=False)
    later = (*TWO[:1], line("n0", at(NIGHT, hour)))
    activity = save(say(later, seats={members[0].pk: "n0"}), secretary)
    if opens:
        assert services.submit_activity(activity=activity, actor=secretary).state == ActivityState.SUBMITTED
    else:
        with pytest.raises(Incomplete, match="第2场还没有开始"):
            services.submit_activity(activity=activity, actor=secretary)


def test_a_sitting_needs_its_end_and_somebody_who_came(say, secretary, members):
    activity = save(say((*TWO[:1], line("n0", at(NIGHT, 20), None))), secretary)
    assert services.gaps_of(activity).problems["sessions"] == "请填写第2场的结束时间。"
    night = str(ids(activity)[1])
    save(say((*TWO[:1], line(night, at(NIGHT, 20))), version=activity.version), secretary, activity)
    assert "第2场没有人到会" in services.gaps_of(Activity.objects.get(pk=activity.pk)).problems["sessions"]


def test_the_hours_of_study_are_the_same_whichever_sitting_one_came_to(say, secretary, organiser, members):
    activity = save(say((*TWO[:1], line("n0", at(NIGHT, 20), 180)), seats={members[0].pk: "n0"}), secretary)
    services.submit_activity(activity=activity, actor=secretary)
    activity = services.confirm_activity(activity=activity, actor=organiser)
    assert len({hours for _, _, _, hours, _ in due_rows(activity).values()}) == 1
    assert StudyHours.objects.filter(activity=activity).count() == 6


def test_a_correction_keeps_the_sitting_and_gives_one_to_who_came_after_all(say, secretary, organiser, members):
    data = say(seats={members[0].pk: "n0", members[2].pk: "n0"}, absences={members[1].pk: Absence("duty")})
    activity = save(data, secretary)
    services.submit_activity(activity=activity, actor=secretary)
    services.confirm_activity(activity=activity, actor=organiser)
    activity.refresh_from_db()
    people = {members[0].pk: None, members[1].pk: None, members[2].pk: Absence("duty")}
    night = ids(activity)[1]
    correct_activity(
        activity=activity, people=people, seats={members[1].pk: night}, reason="核对签到表", actor=organiser
    )
    seats = came(activity)
    assert (seats["党员甲"], seats["党员乙"], seats["党员丙"]) == (2, 2, None)
    correct_activity(
        activity=activity, people={members[0].pk: None}, seats={members[0].pk: ids(activity)[0]}, reason="核对",
        actor=organiser,
    )  # fmt: skip
    assert came(activity)["党员甲"] == 1
    assert activity.revisions.first().changes == {"党员甲": ["第2场", "第1场"]}


# -- Votes


@pytest.fixture
def roll(branch, secretary, organiser):
    """Thirty full members with the two officers."""
    return [make_member(branch, name=f"名{n:02}") for n in range(28)]


@pytest.mark.parametrize(("second", "result"), [(15, "failed"), (14, "void")])
def test_a_motion_is_judged_by_those_present_at_its_sitting(say, secretary, roll, second, result):
    """30 eligible: half of them, fifteen, must be at the sitting that votes; those of the other one do not help.

    Fifteen are enough to vote and, all in favour, not enough to pass.
    """
    seats = {one.pk: "n0" for one in roll[:second]}
    data = say(kinds=(Kind.GENERAL_MEETING,), seats=seats, absences={roll[-1].pk: Absence("duty")})
    activity = save(data, secretary)
    night = activity.sessions.get(number=2)
    voters = voting.voters_of(activity, "resolution", night.pk)
    assert (voters.eligible, voters.present) == (30, second)
    hands = MotionData(kind="resolution", text="通过计划", method="show_of_hands", session_id=night.pk, yes=second)
    motion = voting.save_motion(activity=activity, data=hands, actor=secretary)
    assert (motion.present_voting, motion.result) == (second, result)
    gaps = services.gaps_of(activity)
    assert bool(gaps and "votes" in gaps.problems) == (result == "void")


def test_a_sitting_with_votes_stays_until_they_are_moved(say, secretary, roll):
    activity = save(say(kinds=(Kind.GENERAL_MEETING,), seats={one.pk: "n0" for one in roll[:15]}), secretary)
    first, night = ids(activity)
    hands = MotionData(kind="resolution", text="通过计划", method="show_of_hands", session_id=night)
    motion = voting.save_motion(activity=activity, data=hands, actor=secretary)
    activity.refresh_from_db()
    once = say((), kinds=(Kind.GENERAL_MEETING,), version=activity.version, seats={one.pk: FIRST for one in roll})
    with pytest.raises(ValidationError, match="第2场登记了表决或选举"):
        save(once, secretary, activity)
    Motion.objects.filter(pk=motion.pk).update(session=first)
    save(once, secretary, activity)
    motion.refresh_from_db()
    assert (motion.session, activity.sessions.count()) == (None, 0)


@pytest.mark.parametrize(("night", "valid"), [(2, True), (1, False)])
def test_each_sitting_of_a_committee_needs_its_own_half(say, hospital, person, night, valid):
    """Four on the committee: two make a sitting."""
    branch = make_branch(hospital, code="WK09")
    roles = (Role.BRANCH_SECRETARY, Role.DEPUTY_SECRETARY, Role.ORGANISATION_MEMBER, Role.PUBLICITY_MEMBER)
    people = [person(role, branch) for role in roles]
    data = say(branch=branch, kinds=(Kind.COMMITTEE_MEETING,), chair=people[0])
    activity = save(data, people[0])
    rows = list(activity.attendances.order_by("pk"))
    seats = {row.member_id: str(ids(activity)[1]) for row in rows[:night]}
    data = say(
        (*TWO[:1], line(str(ids(activity)[1]), at(NIGHT, 20))),
        branch=branch, kinds=(Kind.COMMITTEE_MEETING,), chair=people[0], seats=seats, version=activity.version,
    )  # fmt: skip
    save(data, people[0], activity)
    rows = list(Attendance.objects.filter(activity=activity))
    assert (services.quorum_shortfall(activity, rows) == "") is valid
