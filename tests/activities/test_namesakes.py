"""Two members of one name, and what else two equal texts would hide: what changed is judged by the data."""

import uuid
from datetime import date, timedelta

import pytest

from activities import services
from activities.attendance.rows import told_apart
from activities.choices import Kind
from activities.models import Activity, Attendance, Session
from activities.records.drafting import Absence, ActivityData
from activities.records.reviewing import correct_activity
from activities.records.sessions import FIRST, SessionLine
from branches.models import AuditEntry
from tests.factories import at, make_member

DAY = date(2026, 11, 11)
TWO = tuple(
    SessionLine(key, at(DAY, hour), at(DAY, hour + 1), place)
    for key, hour, place in ((FIRST, 16, ""), ("n0", 20, "急诊科示教室"))
)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(date(2026, 11, 22), 10), tick=False)
    return time_machine


@pytest.fixture
def twins(branch, groups, secretary, organiser):
    return [make_member(branch, group=groups[n], name="张伟") for n in range(2)]


@pytest.fixture
def save(branch, secretary):
    def saved(activity=None, **fields):
        words = {
            "branch": branch,
            "kinds": (Kind.THEME_DAY,),
            "starts_at": at(DAY),
            "ends_at": at(DAY) + timedelta(hours=1),
            "topic": "学习条例",
            "place": "三楼会议室",
            "chair": secretary,
            "minutes": "学习有关要求。",
            "version": activity.version if activity else None,
        }
        data = ActivityData(**{**words, **fields})
        made = services.save_draft(activity=activity, form_key=uuid.uuid4(), data=data, actor=secretary)
        return Activity.objects.get(pk=made.pk)

    return saved


def kept(activity, member):
    return Attendance.objects.get(activity=activity, member=member)


def test_the_absence_of_one_becomes_that_of_the_other(save, twins):
    activity = save(absences={twins[0].pk: Absence("duty")})
    after = save(activity, absences={twins[1].pk: Absence("duty")})
    assert [kept(activity, one).status for one in twins] == ["present", "official"]
    assert after.version == activity.version + 1
    again = save(after, absences={twins[1].pk: Absence("duty")})
    assert again.version == after.version


def two(activity=None):
    """Both sittings, of the kept record where there is one."""
    keys = [FIRST, str(activity.sessions.get(number=2).pk)] if activity else [FIRST, "n0"]
    return tuple(line._replace(key=key) for line, key in zip(TWO, keys, strict=True))


def test_two_namesakes_change_their_sittings_and_the_trail_tells_them_apart(save, groups, twins):
    activity = save(sessions=two(), seats={twins[0].pk: "n0"}, starts_at=at(DAY, 16), ends_at=at(DAY, 17))
    night = activity.sessions.get(number=2)
    save(activity, sessions=two(activity), starts_at=at(DAY, 16), ends_at=at(DAY, 17),
         seats={twins[0].pk: FIRST, twins[1].pk: str(night.pk)})  # fmt: skip
    assert [kept(activity, one).session.number for one in twins] == [1, 2]
    old, new = AuditEntry.objects.filter(action="activity.changed").latest("pk").changes["分场举行"]
    assert [f"张伟（{group.name}）" in text for text in (old, new) for group in groups] == [True, False, False, True]


def test_a_correction_of_both_keeps_both(save, twins, organiser, secretary, groups):
    activity = save(absences={twins[0].pk: Absence("duty")})
    services.submit_activity(activity=activity, actor=secretary)
    services.confirm_activity(activity=activity, actor=organiser)
    people = {twins[0].pk: None, twins[1].pk: Absence("duty")}
    correct_activity(activity=activity, people=people, reason="核对签到表", actor=organiser)
    assert activity.revisions.first().changes == {
        f"张伟（{groups[0].name}）": ["因公", "到会"],
        f"张伟（{groups[1].name}）": ["到会", "因公"],
    }


def test_names_are_told_apart_by_group_else_by_number():
    def row(pk, name, group=""):
        return Attendance(member_id=pk, name=name, group_name=group)

    rows = [row(3, "张伟", "第一党小组"), row(1, "张伟", "第二党小组"), row(2, "李娜", "第一党小组")]
    assert told_apart([*rows, rows[1]]) == {1: "张伟（第二党小组）", 2: "李娜", 3: "张伟（第一党小组）"}
    assert told_apart([row(1, "张伟"), row(2, "张伟", "第一党小组")]) == {1: "张伟（1）", 2: "张伟（2）"}


def test_a_wrong_year_is_corrected_and_told(save, twins):
    activity = save(sessions=two(), starts_at=at(DAY, 16), ends_at=at(DAY, 17))
    Session.objects.filter(activity=activity, number=2).update(
        starts_at=at(date(2025, 11, 11), 20), ends_at=at(date(2025, 11, 11), 21)
    )
    save(activity, sessions=two(activity), starts_at=at(DAY, 16), ends_at=at(DAY, 17))
    assert activity.sessions.get(number=2).starts_at == at(DAY, 20)
    old, new = AuditEntry.objects.filter(action="activity.changed").latest("pk").changes["分场举行"]
    assert ("2025年11月11日20:30" in old, "2026年11月11日20:30" in new) == (True, True)
