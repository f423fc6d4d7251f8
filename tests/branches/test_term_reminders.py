"""Terms that run out and posts that stay vacant: who hears of it, when, and how often."""

from datetime import date, timedelta

import pytest

from branches.choices import Role
from branches.models import Appointment, Notice, Term, Todo
from branches.rules import term_reminder_step, term_reminder_steps, vacancy_step
from branches.term_reminders import remind_terms
from tests import factories

DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("left", "step"),
    [(181, None), (180, 180), (91, 180), (90, 90), (61, 90), (60, 60), (31, 60), (30, 30), (1, 30), (0, 0), (-400, 0)],
)
def test_a_term_is_reminded_of_at_its_steps(left, step):
    assert term_reminder_step(DAY + timedelta(days=left), DAY) == step


def test_the_steps_whose_day_has_come_are_in_order():
    assert term_reminder_steps(DAY + timedelta(days=70), DAY) == [180, 90]
    assert term_reminder_steps(DAY + timedelta(days=200), DAY) == []


@pytest.mark.parametrize(("days", "step"), [(0, None), (29, None), (30, 30), (89, 30), (90, 90), (500, 90)])
def test_a_vacancy_is_told_of_after_thirty_and_ninety_days(days, step):
    assert vacancy_step(DAY - timedelta(days=days), DAY) == step


def lines(user):
    return list(Notice.objects.for_inbox(user).values_list("text", flat=True))


@pytest.fixture
def term(branch):
    return Term.objects.create(branch=branch, number=1, starts_on=date(2024, 1, 1), ends_on=DAY + timedelta(days=180))


def test_branch_and_office_hear_of_each_step_once(term, secretary, office, publicity, hospital):
    for day in (DAY - timedelta(days=1), DAY, DAY, DAY + timedelta(days=1)):
        remind_terms(hospital_id=hospital.pk, today=day)
    assert lines(secretary) == ["机关第一党支部任期2027年5月22日届满，还有180天，请着手准备换届"]
    assert lines(office) == ["换届和补选：1项需要督促"]
    assert lines(publicity) == []
    assert not Todo.objects.exists()
    remind_terms(hospital_id=hospital.pk, today=DAY + timedelta(days=120))
    assert len(lines(secretary)) == 2
    assert Todo.objects.get().role == Role.BRANCH_SECRETARY
    remind_terms(hospital_id=hospital.pk, today=DAY + timedelta(days=181))
    assert lines(secretary)[0] == "机关第一党支部任期已于2027年5月22日届满，尚未换届"


def test_an_approved_extension_counts_and_a_new_term_ends_the_asking(term, secretary, hospital, branch):
    remind_terms(hospital_id=hospital.pk, today=term.ends_on - timedelta(days=30))
    assert Todo.objects.filter(done_at__isnull=True).count() == 1
    Term.objects.create(branch=branch, number=2, starts_on=term.ends_on - timedelta(days=10), ends_on=date(2030, 5, 1))
    before = len(lines(secretary))
    remind_terms(hospital_id=hospital.pk, today=term.ends_on)
    assert len(lines(secretary)) == before
    assert not Todo.objects.filter(done_at__isnull=True).exists()


def test_an_extended_term_is_counted_to_its_later_day(term, secretary, hospital):
    term.extended_to = term.ends_on + timedelta(days=100)
    term.save()
    remind_terms(hospital_id=hospital.pk, today=DAY + timedelta(days=50))
    assert lines(secretary) == []


def test_a_post_that_fell_vacant_is_told_of_and_one_that_never_was_is_not(organiser, secretary, office, hospital):
    Appointment.objects.filter(user=organiser, role=Role.ORGANISATION_MEMBER).update(ends_on=DAY)
    remind_terms(hospital_id=hospital.pk, today=DAY + timedelta(days=29))
    assert lines(secretary) == []
    remind_terms(hospital_id=hospital.pk, today=DAY + timedelta(days=30))
    remind_terms(hospital_id=hospital.pk, today=DAY + timedelta(days=31))
    assert lines(secretary) == ["机关第一党支部组织委员空缺已满30天，请及时补选"]
    assert len(lines(office)) == 1


def test_a_post_that_is_held_again_is_not_told_of(organiser, secretary, hospital, branch):
    Appointment.objects.filter(user=organiser, role=Role.ORGANISATION_MEMBER).update(ends_on=DAY)
    factories.appoint(factories.UserFactory(), branch, Role.ORGANISATION_MEMBER, DAY + timedelta(days=5))
    remind_terms(hospital_id=hospital.pk, today=DAY + timedelta(days=40))
    assert lines(secretary) == []
