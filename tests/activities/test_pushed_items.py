"""What the committee gives to many branches: pushed, answered, accepted, returned, withdrawn; reasons in bulk."""

import uuid
from datetime import date
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from activities.choices import ActivityState, Kind, PlanState
from activities.models import ActivityMonth, PlanItem, PushedItem
from activities.plan.not_held import accept_not_held, explain_not_held
from activities.plan.planning import plan_year, replan
from activities.plan.pushing import (
    Order,
    accept_answer,
    answer_item,
    push_item,
    return_answer,
    withdraw_pushed,
)
from branches.models import AuditEntry, Notice
from config.uploads import CheckedFile
from tests.factories import at, make_activity, make_branch, make_member

TODAY = date(2026, 11, 22)
ORDER = Order("观看警示教育片", date(2026, 11, 10), date(2026, 11, 25))
PDF = CheckedFile("要求.pdf", "application/pdf", b"%PDF-1.7 order", "0" * 64)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(TODAY, 10))


@pytest.fixture
def push(hospital, branch, other_branch, office):
    def call(order=ORDER, branches=None, **more):
        more.setdefault("form_key", uuid.uuid4())
        nodes = [branch, other_branch] if branches is None else branches
        return push_item(giver=hospital, order=order, branches=nodes, actor=office, **more)

    return call


@pytest.fixture
def item(push, branch):
    return PlanItem.objects.get(pushed=push(), branch=branch)


def answer(item, actor, text="已组织观看。", activity=None, **more):
    return answer_item(item=item, text=text, activity=activity, version=item.version, actor=actor, **more)


def test_pushed_twice_with_one_form_is_one_item(push, secretary, branch):
    key = uuid.uuid4()
    first, second = push(form_key=key), push(form_key=key)
    assert first == second
    assert PlanItem.objects.filter(kind=Kind.ASSIGNED).count() == 2
    assert Notice.objects.filter(recipient=secretary).count() == 1
    month = ActivityMonth.objects.get(branch=branch, kind=Kind.ASSIGNED)
    assert (month.month, month.required, month.done) == (date(2026, 11, 1), 1, 0)


@pytest.mark.parametrize(
    ("order", "passes"),
    [
        (Order("一", date(2026, 11, 22), date(2026, 11, 22)), True),
        (Order("一", date(2026, 11, 1), date(2026, 11, 21)), False),
        (Order("一", date(2026, 11, 26), date(2026, 11, 25)), False),
        (Order(" ", date(2026, 11, 22), date(2026, 11, 25)), False),
    ],
)
def test_an_order_has_a_title_and_days_that_can_be_met(order, passes, push):
    if passes:
        assert push(order).items.count() == 2
    else:
        with pytest.raises(ValidationError):
            push(order)


def test_nobody_and_closed_branches_are_refused(push, hospital):
    with pytest.raises(ValidationError, match="至少选择"):
        push(branches=[])
    with pytest.raises(ValidationError, match="已经撤销"):
        push(branches=[make_branch(hospital, dissolved_on=date(2026, 11, 21))])
    assert push(branches=[make_branch(hospital, dissolved_on=TODAY)]).items.count() == 1


@pytest.mark.parametrize(("day", "late"), [(date(2026, 11, 25), False), (date(2026, 11, 26), True)])
def test_an_answer_is_in_time_to_the_last_day_and_accepting_makes_it_done(day, late, item, secretary, office):
    answered = answer(item, secretary, today=day)
    assert (answered.state, answered.late) == (PlanState.SUBMITTED, late)
    done = accept_answer(item=answered, actor=office)
    assert (done.state, done.late) == (PlanState.CONFIRMED, late)
    assert ActivityMonth.objects.get(branch=item.branch, kind=Kind.ASSIGNED).late == late


def test_a_returned_answer_keeps_its_first_day(item, secretary, office):
    returned = return_answer(item=answer(item, secretary), comment="请补充人数。", actor=office)
    assert (returned.state, returned.review_comment) == (PlanState.RETURNED, "请补充人数。")
    assert Notice.objects.filter(recipient=secretary, text__contains="被退回").exists()
    again = answer(returned, secretary, "已组织观看，32人参加。", today=date(2026, 12, 3))
    assert (again.late, again.review_comment) == (False, "")


def test_answers_that_are_refused(item, secretary, office, other_branch, organiser):
    with pytest.raises(ValidationError, match="完成情况"):
        answer(item, secretary, " ")
    foreign = make_activity(other_branch, state=ActivityState.CONFIRMED)
    with pytest.raises(ValidationError, match="本支部"):
        answer(item, secretary, activity=foreign)
    sent = answer(item, secretary)
    with pytest.raises(ValidationError):
        answer(item, organiser)  # somebody was first
    with pytest.raises(ValidationError, match="自己"):
        accept_answer(item=sent, actor=secretary)
    accept_answer(item=sent, actor=office)
    with pytest.raises(ValidationError):
        accept_answer(item=sent, actor=office)


def test_what_cannot_be_done_is_explained(item, secretary, office):
    asked = explain_not_held(item=item, reason="全员外出支援", actor=secretary)
    accept_not_held(item=asked, actor=office)
    item.refresh_from_db()
    assert item.state == PlanState.NOT_HELD
    assert not ActivityMonth.objects.filter(branch=item.branch, kind=Kind.ASSIGNED).exists()


def test_withdrawn_it_is_owed_no_more_and_what_was_accepted_stays(item, secretary, office, other_branch):
    accept_answer(item=answer(item, secretary), actor=office)
    withdraw_pushed(pushed=item.pushed, actor=office)
    states = dict(PlanItem.objects.filter(pushed=item.pushed).values_list("branch", "state"))
    assert states == {item.branch_id: PlanState.CONFIRMED, other_branch.pk: PlanState.NOT_APPLICABLE}
    with pytest.raises(ValidationError):
        withdraw_pushed(pushed=item.pushed, actor=office)


def test_the_generator_does_not_know_it(item, branch, secretary):
    answer(item, secretary, activity=make_activity(branch, state=ActivityState.CONFIRMED))
    make_member(branch)
    plan_year(branches=[branch], year=2026)
    assert replan(branches=[branch], year=2026).left == []
    item.refresh_from_db()
    assert item.state == PlanState.SUBMITTED


# -- Pages


def test_the_office_pushes_by_category_and_by_tick(office, branch, other_branch, hospital, as_user):
    clinical = make_branch(hospital, category="clinical")
    pdf = BytesIO(b"%PDF-1.7 order")
    pdf.name = "要求.pdf"
    typed = {
        "title": "观看警示教育片",
        "starts_on": "2026-11-22",
        "due": "2026-11-30",
        "categories": ["clinical"],
        "branches": [branch.pk],
        "form_key": str(uuid.uuid4()),
    }
    client = as_user(office)
    url = reverse("activities:pushed_create")
    assert client.get(url).status_code == 200
    refused = client.post(url, {**typed, "due": "2026-11-01"})
    assert refused.status_code == 422
    assert "截止日期不能早于开始日期" in refused.content.decode()
    for _ in range(2):
        pdf.seek(0)
        assert client.post(url, {**typed, "files": pdf}).status_code == 302
    pushed = PushedItem.objects.get()
    assert set(pushed.items.values_list("branch", flat=True)) == {branch.pk, clinical.pk}
    file = pushed.files.get()
    with default_storage.open(file.file.name) as stream:
        assert b"%PDF" not in stream.read()  # encrypted at rest
    assert client.get(reverse("activities:pushed_file", args=[file.pk])).content == b"%PDF-1.7 order"


def test_a_file_that_is_not_what_it_says_is_refused_beside_its_field(office, branch, as_user):
    fake = BytesIO(b"MZ")
    fake.name = "要求.pdf"
    typed = {"title": "一", "starts_on": "2026-11-22", "due": "2026-11-30", "everybody": "1", "files": fake}
    page = as_user(office).post(reverse("activities:pushed_create"), typed)
    assert page.status_code == 422
    assert "files-error" in page.content.decode()
    assert not PushedItem.objects.exists()


def test_a_branch_sees_its_files_and_no_others(push, branch, other_branch, secretary, as_user):
    mine = push(branches=[branch], files=[PDF]).files.get()
    others = push(branches=[other_branch], files=[PDF]).files.get()
    client = as_user(secretary)
    assert client.get(reverse("activities:pushed_file", args=[mine.pk])).status_code == 200
    assert client.get(reverse("activities:pushed_file", args=[others.pk])).status_code == 404


def test_a_branch_answers_and_the_office_accepts_the_ticked(item, secretary, office, branch, as_user):
    record = make_activity(branch, state=ActivityState.CONFIRMED, day=date(2026, 11, 20))
    url = reverse("activities:plan_item", args=[item.pk])
    client = as_user(secretary)
    assert str(record.topic) in client.get(url).content.decode()
    typed = {"action": "answer", "answer": "", "version": item.version, "activity": record.pk}
    assert client.post(url, typed).status_code == 422
    assert client.post(url, {**typed, "answer": "=1+1"}).status_code == 302
    detail = reverse("activities:pushed_detail", args=[item.pushed_id])
    client = as_user(office)
    page = client.get(detail, {"state": "sent"}).content.decode()
    assert branch.name in page
    assert "内科第二党支部" not in page
    book = load_workbook(BytesIO(client.get(detail, {"format": "xlsx"}).content))
    formulas = [cell for row in book.active.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == []
    client.post(detail, {"action": "accept", "item": [item.pk]})
    item.refresh_from_db()
    assert item.state == PlanState.CONFIRMED
    assert AuditEntry.objects.filter(action="plan.answer_accepted").exists()
    client.post(detail, {"action": "withdraw"})
    assert "已撤回" in client.get(detail).content.decode()


def test_the_list_costs_the_same_for_one_and_for_twenty(push, office, as_user, django_assert_num_queries):
    url = reverse("activities:pushed_list")
    push()
    client = as_user(office)
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    for n in range(19):
        push(Order(f"第{n}项", date(2026, 11, 10), date(2026, 11, 25)))
    with django_assert_num_queries(len(one)):
        client.get(url)


# -- Reasons in bulk


def test_the_office_accepts_reasons_together_and_never_its_own(branch, other_branch, secretary, office, as_user):
    for node in (branch, other_branch):
        make_member(node)
    plan_year(branches=[branch, other_branch], year=2026)
    october = PlanItem.objects.filter(kind=Kind.THEME_DAY, start=date(2026, 10, 1)).order_by("branch__path")
    first, second = (explain_not_held(item=one, reason="全员参加医疗救援", actor=secretary) for one in october)
    own = PlanItem.objects.get(branch=branch, kind=Kind.THEME_DAY, start=date(2026, 9, 1))
    explain_not_held(item=own, reason="全员参加医疗救援", actor=office)
    url = reverse("activities:plan_reviews")
    client = as_user(office)
    assert "3项未召开说明" in client.get(url).content.decode()
    assert client.post(url, {}).status_code == 302
    client.post(url, {"item": [first.pk, second.pk, own.pk]})
    states = PlanItem.objects.in_bulk([first.pk, second.pk, own.pk])
    assert {states[first.pk].state, states[second.pk].state} == {PlanState.NOT_HELD}
    assert states[own.pk].state == PlanState.NOT_HELD_ASKED
    assert as_user(secretary).get(url).status_code == 403
