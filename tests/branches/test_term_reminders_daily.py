"""Terms and vacant posts from the scheduler to the page: every day for half a year, twice a day."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from activities.tasks import queue_reminders
from branches.choices import BranchLevel, Role, Topic
from branches.models import Appointment, Job, Notice, Term, User
from branches.term_reminders import remind_terms
from config.celery import app
from tests import factories
from tests.factories import at

END = date(2027, 5, 22)
STEPS = ["180", "90", "60", "30", "0"]


@pytest.fixture
def deputy(branch):
    user = factories.UserFactory(name="副书记")
    factories.appoint(user, branch, Role.DEPUTY_SECRETARY)
    return user


@pytest.fixture
def term(branch):
    return Term.objects.create(branch=branch, number=1, starts_on=date(2024, 5, 23), ends_on=END)


def steps(user: User, key: str = "term:") -> list[str]:
    """What reached one person, in the order it came; what stands below a line of the day included."""
    rows = Notice.objects.filter(recipient=user, item_key__startswith=key).order_by("pk")
    return list(rows.values_list("step", flat=True))


def test_beat_asks_every_day_from_eight_on():
    entry = app.conf.beat_schedule["queue-reminders"]
    assert entry["task"] == queue_reminders.name
    assert min(entry["schedule"].hour) == 8


def test_every_step_reaches_branch_and_office_exactly_once(term, secretary, deputy, office, member_user, hospital):
    for left in range(185, -6, -1):
        for _ in range(2):  # a worker that was killed and asked again
            remind_terms(hospital_id=hospital.pk, today=END - timedelta(days=left))
    assert steps(secretary) == steps(deputy) == steps(office) == STEPS
    assert steps(member_user) == []


def test_a_site_that_slept_over_a_step_tells_of_it_the_next_day_and_of_the_last_one_only(term, secretary, hospital):
    remind_terms(hospital_id=hospital.pk, today=END - timedelta(days=59))
    assert steps(secretary) == ["60"]


@pytest.mark.parametrize(("level", "told"), [(BranchLevel.COMMITTEE, True), (BranchLevel.GENERAL_BRANCH, True)])
def test_the_office_hears_of_the_terms_of_the_bodies_above_the_branches(hospital, office, level, told):
    node = hospital if level == BranchLevel.COMMITTEE else factories.make_branch(hospital, level=level)
    Term.objects.create(branch=node, number=1, starts_on=date(2024, 5, 23), ends_on=END)
    remind_terms(hospital_id=hospital.pk, today=END - timedelta(days=90))
    assert bool(steps(office)) is told


def test_the_job_of_the_day_tells_and_its_links_open_the_page_that_says_so(
    term, secretary, office, as_user, time_machine, django_capture_on_commit_callbacks
):
    time_machine.move_to(at(END - timedelta(days=60), 9))
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            queue_reminders()
    assert Job.objects.filter(task="activities.tasks.remind_hospital").count() == 1
    assert steps(secretary) == steps(office) == ["60"]
    for user in (secretary, office):
        page = as_user(user).get(Notice.objects.get(recipient=user, item_key__startswith="term:").url)
        assert page.status_code == 200
        assert "还有60天届满" in page.content.decode()
    line = Notice.objects.get(recipient=office, topic=Topic.TERM, digest__isnull=True)
    listed = as_user(office).get(reverse("branches:notice_open", args=[line.pk]), follow=True).content.decode()
    assert "任期2027年5月22日届满，还有60天，请报送换届请示" in listed, "read, it still lists what is to be done"
    assert f'href="{reverse("branches:branch_detail", args=[term.branch_id])}"' in listed


@pytest.mark.parametrize(("days", "shown"), [(29, ""), (30, "超过30天"), (89, "超过30天"), (90, "超过90天")])
def test_the_page_of_the_branch_says_how_long_a_post_is_vacant(
    days, shown, organiser, secretary, as_user, branch, time_machine
):
    since = date(2026, 3, 2)
    Appointment.objects.filter(user=organiser, role=Role.ORGANISATION_MEMBER).update(ends_on=since)
    for n in range(7):
        factories.make_member(branch, name=f"党员{n}")
    time_machine.move_to(at(since + timedelta(days=days), 9))
    text = as_user(secretary).get(reverse("branches:branch_detail", args=[branch.pk])).content.decode()
    assert (f"组织委员空缺{days}天" in text) is bool(shown)
    if shown:
        assert shown in text


def test_a_vacancy_reaches_branch_and_office_once_at_each_step(organiser, secretary, office, hospital):
    since = date(2026, 3, 2)
    Appointment.objects.filter(user=organiser, role=Role.ORGANISATION_MEMBER).update(ends_on=since)
    for days in range(120):
        for _ in range(2):
            remind_terms(hospital_id=hospital.pk, today=since + timedelta(days=days))
    assert steps(secretary, "vacancy:") == steps(office, "vacancy:") == ["30", "90"]
