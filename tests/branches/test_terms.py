"""Terms of office: how long, how far moved, who enters them, and posts that stay vacant."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from branches import terms
from branches.choices import BranchKind, BranchLevel, Role
from branches.models import AuditEntry, Term
from branches.term_rules import has_terms, shift_problem, standing, term_end, term_years
from tests import factories

START = date(2024, 3, 15)
END = date(2027, 3, 14)


@pytest.mark.parametrize(("level", "years"), [("branch", 3), ("general_branch", 3), ("committee", 5), ("group", None)])
def test_a_term_lasts_as_long_as_the_level_says(level, years):
    assert term_years(level, date(2026, 1, 1)) == years
    assert term_years(level, date(2015, 1, 1)) == years  # an older one is measured by the first row


def test_a_full_term_ends_the_day_before_its_anniversary():
    assert term_end("branch", START) == END
    assert term_end("committee", date(2024, 2, 29)) == date(2029, 2, 28)


def test_only_a_temporary_branch_and_a_group_have_no_terms():
    assert not has_terms(BranchLevel.BRANCH, BranchKind.TEMPORARY)
    assert not has_terms(BranchLevel.GROUP, BranchKind.REGULAR)
    assert has_terms(BranchLevel.BRANCH, BranchKind.RETIRED)


@pytest.mark.parametrize(
    ("before", "css", "text"),
    [
        (181, "is-ok", "还有181天届满"),
        (180, "is-soon", "还有180天届满"),
        (0, "is-late", "今天届满"),
        (-1, "is-late", "届满已1天"),
        (-365, "is-late", "届满已365天"),
        (-366, "is-late", "不能再延期"),
    ],
)
def test_a_term_turns_at_180_days_at_its_end_and_a_year_later(before, css, text):
    found = standing(ends_on=END, extended_to=None, today=END - timedelta(days=before))
    assert (found.css, found.left) == (css, before)
    assert text in found.text
    assert found.request_on == END - timedelta(days=60)
    assert found.notice_on == END - timedelta(days=180)


def test_an_approved_extension_moves_the_days_but_not_the_hard_stop():
    found = standing(ends_on=END, extended_to=END + timedelta(days=200), today=END)
    assert found.left == 200
    assert found.css == "is-ok"
    assert found.last_day == END + timedelta(days=365)


@pytest.mark.parametrize(
    ("days", "approved", "said"),
    [
        (1, False, ""),
        (31, False, ""),
        (32, False, "推迟换届须经上级"),
        (32, True, ""),
        (-29, False, ""),
        (-30, False, "提前换届须经上级"),
        (366, True, ""),
        (367, True, "超过1年"),
        (-365, True, "超过1年"),
    ],
)
def test_an_election_is_moved_by_a_month_freely_and_by_a_year_with_approval(days, approved, said):
    problem = shift_problem(ended=END, starts_on=END + timedelta(days=days), approved=approved)
    assert said in problem
    assert bool(said) == bool(problem)


def enter(branch, **changes):
    data = {"number": 3, "starts_on": START, "ends_on": END, "document": "江医党〔2024〕5号"}
    return terms.enter_term(branch=branch, actor=None, **(data | changes))


def test_a_term_is_entered_with_its_line_in_the_trail(branch):
    term = enter(branch)
    assert terms.current_term(branch, END) == term
    assert terms.current_term(branch, START - timedelta(days=1)) is None
    assert AuditEntry.objects.get(action="term.entered").target_id == term.pk


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_on": END + timedelta(days=1)}, "ends_on"),
        ({"ends_on": START}, "ends_on"),
        ({"starts_on": date(2014, 12, 31), "ends_on": date(2016, 1, 1)}, "starts_on"),
    ],
)
def test_a_term_of_odd_days_is_refused(branch, changes, field):
    with pytest.raises(ValidationError) as error:
        enter(branch, **changes)
    assert field in error.value.message_dict


def test_terms_follow_one_another_in_their_order(branch):
    enter(branch)
    with pytest.raises(ValidationError, match="第3届已经登记"):
        enter(branch, starts_on=date(2021, 3, 15), ends_on=date(2024, 3, 14))
    with pytest.raises(ValidationError, match="早于下一届"):
        enter(branch, number=2, starts_on=date(2025, 3, 15), ends_on=date(2026, 3, 14))
    enter(branch, number=2, starts_on=date(2021, 3, 15), ends_on=date(2024, 3, 14))
    assert terms.term_page(branch, date(2026, 1, 1)).past[0].number == 2


def test_the_newest_term_of_each_node_is_the_current_one(branch, other_branch):
    enter(branch)
    enter(branch, number=2, starts_on=date(2021, 3, 15), ends_on=date(2024, 3, 14))
    enter(other_branch, number=1)
    assert {(t.branch_id, t.number) for t in Term.objects.current(date(2026, 1, 1))} == {
        (branch.pk, 3),
        (other_branch.pk, 1),
    }


def test_a_temporary_branch_has_no_term(hospital):
    node = factories.make_branch(hospital, kind=BranchKind.TEMPORARY)
    with pytest.raises(ValidationError, match="不换届选举"):
        enter(node)
    assert terms.term_page(node, END) is None


def test_an_extension_needs_a_document_and_stays_within_a_year(branch):
    term = enter(branch)
    with pytest.raises(ValidationError, match="批准文号"):
        terms.extend_term(term=term, extended_to=END + timedelta(days=30), document=" ", actor=None)
    with pytest.raises(ValidationError, match="不超过1年"):
        terms.extend_term(term=term, extended_to=END + timedelta(days=366), document="x", actor=None)
    with pytest.raises(ValidationError, match="晚于届满日期"):
        terms.extend_term(term=term, extended_to=END, document="x", actor=None)
    term = terms.extend_term(term=term, extended_to=END + timedelta(days=365), document="x", actor=None)
    assert term.due == END + timedelta(days=365)


def test_two_people_at_one_term_do_not_overwrite_each_other(branch):
    term = enter(branch)
    enter(branch, term=term, version=1, number=4)
    with pytest.raises(ValidationError, match="刚被其他人修改"):
        enter(branch, term=term, version=1, number=5)


def test_a_post_vacant_for_thirty_and_ninety_days_is_told(branch):
    user = factories.UserFactory()
    factories.appoint(user, branch, Role.ORGANISATION_MEMBER, ends_on=date(2026, 8, 1))
    roles = [Role.ORGANISATION_MEMBER]

    def step(day):
        return terms.vacancies(branch, roles, day)[0].step

    assert terms.vacancies(branch, roles, date(2026, 7, 31)) == []
    assert [step(date(2026, 8, 30)), step(date(2026, 8, 31)), step(date(2026, 10, 29)), step(date(2026, 10, 30))] == [
        None,
        30,
        30,
        90,
    ]


def test_a_secretary_enters_the_first_term_and_the_office_corrects_it(branch, secretary, office, as_user):
    url = reverse("branches:term_edit", args=[branch.pk])
    data = {"number": "3", "starts_on": "2024-03-15", "ends_on": "2027-03-14", "document": ""}
    client = as_user(secretary)
    assert "登记届次" in client.get(reverse("branches:branch_detail", args=[branch.pk])).content.decode()
    answer = client.post(url, data | {"ends_on": "2027-03-15"})
    assert answer.status_code == 422
    assert "另行登记延期" in answer.content.decode()
    assert client.post(url, data).status_code == 302
    assert "第3届" in client.get(reverse("branches:branch_detail", args=[branch.pk])).content.decode()
    assert client.get(url).status_code == 403
    client = as_user(office)
    assert client.post(url, data | {"number": "4", "version": "1"}).status_code == 302
    assert Term.objects.get().number == 4
    extend = reverse("branches:term_extend", args=[branch.pk])
    assert client.post(extend, {"extended_to": "2027-06-01", "document": "批字1号"}).status_code == 302
    assert Term.objects.get().extended_to == date(2027, 6, 1)
