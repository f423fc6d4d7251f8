"""Reminders in two steps: the branch before the day, the Party office after a grace; each once, whatever runs twice."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from activities.calendar_feed import duties_due, gatherings_ahead
from activities.choices import ActivityState, AttendanceStatus, Kind, MakeUpState, Period, PlanState
from activities.models import Attendance, MakeUp, PlanItem
from activities.reminders.reminding import remind
from activities.tasks import REMIND, queue_reminders, remind_hospital
from branches.choices import Role
from branches.models import GracePeriod, Job, JobState, Notice
from tests import factories

DUE = date(2026, 11, 27)  # a Friday
SHANGHAI = ZoneInfo("Asia/Shanghai")


def owe(branch, kind=Kind.THEME_DAY, due=DUE, **facts):
    return PlanItem.objects.create(
        branch=branch,
        kind=kind,
        period=Period.MONTH,
        start=due.replace(day=1),
        end=due,
        due=due,
        key=f"{branch.pk} {kind} {due} {facts.get('group', '')}",
        **facts,
    )


def steps(user):
    return list(
        Notice.objects.filter(recipient=user, digest__isnull=True).order_by("pk").values_list("step", flat=True)
    )


def every_day(hospital, since, until, times=1):
    for n in range((until - since).days + 1):
        for _ in range(times):
            remind(hospital_id=hospital.pk, today=since + timedelta(days=n))


def test_the_branch_hears_7_3_and_1_days_before_and_on_the_day_once_each(hospital, branch, secretary, organiser):
    item = owe(branch)
    every_day(hospital, date(2026, 11, 1), DUE, times=2)
    assert steps(secretary) == ["7", "3", "1", "0"]
    assert steps(organiser) == [], "secretary and deputy run the branch"
    notice = Notice.objects.filter(recipient=secretary).first()
    assert notice.text == "机关第一党支部：主题党日（11月）还有7天到期，请在11月27日前登记"
    assert notice.url == f"/activities/plan/{item.pk}/"
    assert notice.due == DUE


def test_a_clock_that_goes_back_or_jumps_repeats_nothing(hospital, branch, secretary):
    owe(branch)
    for day in (DUE, DUE - timedelta(days=1), DUE, DUE - timedelta(days=1), DUE):
        remind(hospital_id=hospital.pk, today=day)
    assert sorted(steps(secretary)) == ["0", "1"]


def test_after_a_pause_only_the_last_step_is_sent(hospital, branch, secretary):
    owe(branch)
    remind(hospital_id=hospital.pk, today=DUE - timedelta(days=1))
    assert steps(secretary) == ["1"]


@pytest.mark.parametrize(
    "state", [PlanState.SUBMITTED, PlanState.CONFIRMED, PlanState.NOT_HELD_ASKED, PlanState.NOT_HELD]
)
def test_both_stop_once_something_is_handed_in_or_explained(hospital, branch, secretary, office, state):
    item = owe(branch)
    remind(hospital_id=hospital.pk, today=date(2026, 11, 20))
    item.state = state
    item.save()
    every_day(hospital, date(2026, 11, 21), date(2026, 12, 20))
    assert steps(secretary) == ["7"]
    assert steps(office) == []


@pytest.mark.parametrize("state", [PlanState.OPEN, PlanState.DRAFT, PlanState.RETURNED])
def test_the_office_hears_in_one_line_a_day_after_the_grace(hospital, branch, other_branch, secretary, office, state):
    owe(branch, state=state)
    owe(branch, Kind.PARTY_LECTURE, state=state)
    owe(other_branch, state=state)
    every_day(hospital, DUE, date(2026, 12, 2))
    assert steps(office) == []
    every_day(hospital, date(2026, 12, 3), date(2026, 12, 20), times=2)
    line = Notice.objects.get(recipient=office, digest__isnull=True)
    assert line.text == "3项规定动作逾期未登记，请督促"
    assert line.detail == "机关第一党支部2项、内科第二党支部1项"
    assert line.entries.count() == 3
    assert set(line.entries.values_list("step", flat=True)) == {"overdue"}
    assert steps(secretary).count("overdue") == 2


def test_the_grace_of_a_kind_is_what_the_office_set(hospital, branch, office):
    GracePeriod.objects.create(kind=Kind.THEME_DAY, working_days=0)
    owe(branch)
    owe(branch, Kind.PARTY_LECTURE)
    remind(hospital_id=hospital.pk, today=date(2026, 11, 30))
    assert Notice.objects.get(recipient=office, digest__isnull=True).text.startswith("1项")


def test_a_groups_duty_is_told_to_its_leader_too(hospital, branch, groups, secretary, person):
    leader, other = (person(Role.GROUP_LEADER, group, name=name) for group, name in zip(groups, "甲乙", strict=True))
    owe(branch, Kind.GROUP_MEETING, group=groups[0])
    remind(hospital_id=hospital.pk, today=DUE)
    assert (steps(leader), steps(other), steps(secretary)) == (["0"], [], ["0"])


def test_a_moved_duty_has_its_reminders_again(hospital, branch, secretary):
    item = owe(branch)
    remind(hospital_id=hospital.pk, today=date(2026, 11, 20))
    item.due = date(2026, 11, 30)
    item.save()
    every_day(hospital, date(2026, 11, 21), date(2026, 11, 23))
    assert steps(secretary) == ["7", "7"]


def test_people_of_another_hospital_hear_nothing(hospital, branch, secretary):
    other = factories.make_branch(name="海州人民医院党委")
    owe(factories.make_branch(other))
    remind(hospital_id=hospital.pk, today=DUE)
    assert not Notice.objects.exists()


def test_ten_branches_cost_as_many_statements_as_one(hospital, django_assert_max_num_queries):
    for n in range(10):
        node = factories.make_branch(hospital, name=f"第{n}党支部甲")
        factories.appoint(factories.UserFactory(), node, Role.BRANCH_SECRETARY)
        owe(node)
    with django_assert_max_num_queries(40):
        remind(hospital_id=hospital.pk, today=DUE)
    assert Notice.objects.count() == 10


# -- The job of the day


def test_the_task_makes_one_job_a_hospital_and_day_and_running_it_again_tells_nobody_twice(
    hospital, branch, secretary, time_machine, django_capture_on_commit_callbacks
):
    owe(branch)
    for clock in ("07:00", "08:00", "09:00", "08:30"):
        time_machine.move_to(f"2026-11-27 {clock}+08:00", tick=False)
        with django_capture_on_commit_callbacks(execute=True):
            queue_reminders()
    job = Job.objects.get(task=REMIND)
    assert job.state == JobState.DONE
    Job.objects.update(state=JobState.QUEUED)
    remind_hospital(job.pk)
    assert steps(secretary) == ["0"]


def test_a_late_worker_keeps_to_the_day_it_was_asked_for(hospital, branch, secretary, time_machine):
    owe(branch)
    time_machine.move_to("2026-11-26 20:00+08:00", tick=False)
    queue_reminders()
    time_machine.move_to("2026-11-27 00:30+08:00", tick=False)
    remind_hospital(Job.objects.get(task=REMIND).pk)
    assert steps(secretary) == ["1"]


def test_a_worker_killed_in_the_middle_leaves_nothing_half_and_the_next_finishes(
    hospital, branch, secretary, monkeypatch
):
    owe(branch)
    owe(branch, Kind.PARTY_LECTURE)
    with monkeypatch.context() as patch:
        patch.setattr("activities.reminders.reminding.remind_gatherings", lambda **facts: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            remind(hospital_id=hospital.pk, today=DUE)
    remind(hospital_id=hospital.pk, today=DUE)
    assert steps(secretary) == ["0", "0"]


# -- Members


def test_everyone_expected_hears_the_day_before_an_announced_gathering(hospital, branch, secretary):
    came, away = factories.make_member(branch), factories.make_member(branch)
    gathering = factories.make_activity(
        branch, day=DUE, state=ActivityState.PLANNED, members=[came, away], absent=(away,), topic="学习日", place="一楼"
    )
    remind(hospital_id=hospital.pk, today=DUE - timedelta(days=1))
    assert not Notice.objects.exists(), "it was not announced"
    type(gathering).objects.update(announced_at=timezone.now())
    every_day(hospital, DUE - timedelta(days=3), DUE, times=2)
    assert [row.text for row in Notice.objects.filter(recipient=came.user)] == ["明天16:30，一楼：学习日"]
    assert steps(away.user) == [], "who has leave is not asked again"


def test_a_make_up_is_reminded_of_until_it_is_reported(hospital, branch, as_user):
    member = factories.make_member(branch)
    held = factories.make_activity(
        branch, members=[member], absent=(member,), state=ActivityState.CONFIRMED, topic="党课"
    )
    row = Attendance.objects.get(member=member)
    assert row.status == AttendanceStatus.LEAVE
    owed = MakeUp.objects.create(attendance=row, due=DUE)
    every_day(hospital, date(2026, 11, 1), date(2026, 11, 20), times=2)
    notice = Notice.objects.get(recipient=member.user)
    assert notice.text == f"补课“{held}”还有7天到期"
    page = as_user(member.user).get(notice.url)
    assert (page.status_code, 'name="way"' in page.content.decode()) == (200, True), "where it is reported"
    owed.state = MakeUpState.REPORTED
    owed.save()
    every_day(hospital, date(2026, 11, 21), DUE)
    assert steps(member.user) == ["7"]


def test_the_day_is_the_one_of_shanghai(hospital, branch, secretary, time_machine):
    owe(branch)
    time_machine.move_to(datetime(2026, 11, 27, 0, 30, tzinfo=SHANGHAI), tick=False)
    queue_reminders()
    assert Job.objects.get(task=REMIND).params["day"] == "2026-11-27"


# -- The calendar feed, and the grace


def titles(user, today):
    return [event.title for event in [*duties_due(user, today), *gatherings_ahead(user, today)]]


def test_the_feed_shows_what_is_due_and_ahead_to_those_it_concerns(branch, other_branch, secretary, member_user):
    owe(branch)
    owe(branch, Kind.PARTY_LECTURE, state=PlanState.CONFIRMED)
    owe(other_branch)
    member = member_user.member
    for activity_branch, topic in ((branch, "学习日"), (other_branch, "别的支部")):
        gathering = factories.make_activity(
            activity_branch,
            day=DUE,
            state=ActivityState.PLANNED,
            topic=topic,
            members=[member] if topic == "学习日" else [],
        )
        type(gathering).objects.filter(pk=gathering.pk).update(announced_at=timezone.now())
    today = date(2026, 11, 20)
    assert titles(secretary, today) == ["到期：主题党日（11月），机关第一党支部"]
    assert titles(member_user, today) == ["学习日"]


def test_talks_are_in_no_feed(branch, secretary):
    owe(branch, Kind.HEART_TALK)
    assert titles(secretary, date(2026, 11, 20)) == []


def test_the_office_sets_how_long_a_kind_may_wait(as_user, office, secretary):
    client = as_user(office)
    page = client.get("/activities/grace/")
    fields = {
        name: field.initial or page.context["form"].initial[name] for name, field in page.context["form"].fields.items()
    }
    assert fields[Kind.THEME_DAY] == 3
    assert client.post("/activities/grace/", fields | {"theme_day": "5"}).status_code == 302
    assert list(GracePeriod.objects.values_list("kind", "working_days")) == [("theme_day", 5)]
    bad = client.post("/activities/grace/", fields | {"theme_day": "-1"})
    assert bad.status_code == 422
    assert "天数不能小于0" in bad.content.decode()
    assert as_user(secretary).get("/activities/grace/").status_code == 403
