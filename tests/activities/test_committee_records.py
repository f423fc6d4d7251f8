"""What the Party committee itself holds: entered by its office, confirmed by its members, of no concern to branches."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.access import may_confirm, may_record, may_review, writable_nodes
from activities.choices import ActivityState, ConfirmedBy, Kind, PlanState
from activities.confirming import confirmers_of, who_confirms
from activities.models import Activity, PlanItem
from activities.plan.planning import plan_year
from activities.records.drafting import ActivityData
from branches.choices import BranchLevel, Role
from branches.models import AuditEntry
from branches.rules import AT_NODE_ONLY, GRANTS, grants_at
from points.waiting import to_confirm
from tests import factories

HELD = timezone.localdate() - timedelta(days=1)


@pytest.fixture
def board_member(person, hospital, branch):
    """A member of the committee who is on the roll of a branch, as everybody is."""
    user = person(Role.PARTY_COMMITTEE_MEMBER, name="何委员")
    factories.make_member(branch, user=user)
    return user


@pytest.fixture
def chief(leader, branch):
    factories.make_member(branch, user=leader)
    return leader


@pytest.fixture
def study(hospital, chief, office):
    def make(state=ActivityState.SUBMITTED, recorder=office, node=hospital, **fields):
        return factories.make_activity(
            node, kinds=(Kind.CENTER_GROUP_STUDY,), day=HELD, state=state, recorder=recorder, **fields
        )

    return make


def form_data(page, **fields):
    form = page.context["form"]
    data = {
        "form_key": page.context["form_key"],
        "version": page.context["version"],
        "branch": page.context["node"].pk,
        "kind": page.context["kind"],
        "topic": "学习有关公立医院高质量发展的文件",
        "place": "行政楼会议室",
        "date": f"{HELD:%Y-%m-%d}",
        "starts": "15:00",
        "ends": "16:30",
        "chair": form["chair"].value(),
        "recorder": form["recorder"].value(),
        "minutes": "围绕主题逐一发言。",
        "action": "submit",
    }
    return {key: value for key, value in (data | fields).items() if value is not None}


# -- One right, at one node


def test_the_committees_rights_hold_at_its_node_and_nowhere_below(office, hospital, branch):
    assert may_record(office, hospital)
    assert not may_record(office, branch)
    assert list(writable_nodes(office)) == [hospital]


@pytest.mark.parametrize("role", list(Role))
def test_who_records_and_confirms_for_the_committee(role, person, hospital, study):
    user = person(role)
    assert may_record(user, hospital) == (role == Role.PARTY_OFFICE)
    confirms = {Role.PARTY_OFFICE, Role.PARTY_COMMITTEE_SECRETARY, Role.PARTY_COMMITTEE_MEMBER}
    assert may_confirm(user, study()) == (role in confirms)


def test_the_office_of_a_superior_enters_nothing_for_the_committees_below_it(db, person):
    top = factories.make_branch(name="江州市卫生健康委员会党委", level=BranchLevel.SUPERIOR)
    below = factories.make_branch(top, name="江州市人民医院党委", level=BranchLevel.COMMITTEE)
    user = person(Role.PARTY_OFFICE, top)
    assert not may_record(user, below)
    assert not may_record(user, top)
    assert not may_record(user)


def test_a_committee_below_a_committee_keeps_its_own_office(hospital, person, office):
    below = factories.make_branch(hospital, name="东院区党委", level=BranchLevel.COMMITTEE)
    theirs = person(Role.PARTY_OFFICE, below)
    assert (may_record(office, below), may_record(theirs, below), may_record(theirs, hospital)) == (False, True, False)


def test_capabilities_of_one_node_are_granted_at_that_level_only():
    for capability, level in AT_NODE_ONLY.items():
        for role in Role:
            assert (capability in grants_at(role, level)) == (capability in GRANTS[role])
            assert capability not in grants_at(role, BranchLevel.SUPERIOR)


# -- Every URL of a record, every role


URLS = {  # name -> (method, who gets past the door)
    "activities:activity_edit": ("get", {Role.PARTY_OFFICE}),
    "activities:activity_submit": ("post", {Role.PARTY_OFFICE}),
    "activities:activity_delete": ("post", {Role.PARTY_OFFICE}),
    "activities:activity_confirm": (
        "post",
        {Role.PARTY_OFFICE, Role.PARTY_COMMITTEE_SECRETARY, Role.PARTY_COMMITTEE_MEMBER},
    ),
    "activities:activity_return": (
        "post",
        {Role.PARTY_OFFICE, Role.PARTY_COMMITTEE_SECRETARY, Role.PARTY_COMMITTEE_MEMBER},
    ),
}
READ_THE_COMMITTEE = {
    Role.PARTY_OFFICE,
    Role.PARTY_COMMITTEE_SECRETARY,
    Role.PARTY_COMMITTEE_MEMBER,
    Role.SUPERIOR_VIEWER,
}


@pytest.mark.parametrize("role", list(Role))
def test_every_url_of_a_committees_record(role, person, study, as_user, hospital):
    node = hospital if role == Role.GENERAL_BRANCH_SECRETARY else None
    if node is not None:
        node = factories.make_branch(hospital, name="临床党总支", level=BranchLevel.GENERAL_BRANCH)
    user = person(role, node)
    client = as_user(user)
    detail = client.get(reverse("activities:activity_detail", args=[study().pk])).status_code
    assert detail == (200 if role in READ_THE_COMMITTEE else 404)
    for name, (method, allowed) in URLS.items():
        answer = getattr(client, method)(reverse(name, args=[study().pk]), {}).status_code
        if role not in READ_THE_COMMITTEE:
            assert answer == 404, name
        elif role not in allowed:
            assert answer == 403, name
        else:
            assert answer in {200, 302, 422}, name


def test_the_form_for_a_branch_is_refused_to_the_office_and_names_who_may(office, secretary, branch, as_user):
    answer = as_user(office).get(reverse("activities:activity_create"), {"branch": branch.pk})
    assert answer.status_code == 403
    said = answer.content.decode()
    assert "登记活动" in said
    assert secretary.name in said
    assert office.name not in said.split('class="panel"')[1]


def test_a_post_for_a_branch_writes_nothing(office, branch, hospital, as_user, chief):
    client = as_user(office)
    page = client.get(reverse("activities:activity_create"))
    answer = client.post(reverse("activities:activity_create"), form_data(page, branch=branch.pk))
    assert answer.status_code == 403
    assert not Activity.objects.exists()


def test_a_secretary_does_not_see_the_committees_node(secretary, hospital, branch, as_user):
    assert as_user(secretary).get(reverse("activities:activity_create"), {"branch": hospital.pk}).status_code == 404


# -- The walk


def test_from_the_offices_home_to_a_green_cell(office, chief, board_member, hospital, branch, client):
    plan_year(branches=[hospital], year=HELD.year)
    item = PlanItem.objects.get(kind=Kind.CENTER_GROUP_STUDY, start__lte=HELD, end__gte=HELD)

    def enter(user):
        client.force_login(user, backend="branches.accounts.backends.LoginNameBackend")

    enter(office)
    home = client.get(reverse("home"))
    assert "党委理论学习中心组学习" in home.content.decode()
    page = client.get(
        reverse("activities:activity_create"), {"branch": hospital.pk, "kind": Kind.CENTER_GROUP_STUDY, "date": HELD}
    )
    assert page.context["kinds"] == [Kind.CENTER_GROUP_STUDY, Kind.DEM_LIFE_MEETING, Kind.REPORT_ASSESSMENT]
    assert "积分" not in page.content.decode().split('id="meeting"')[1]
    answer = client.post(reverse("activities:activity_create"), form_data(page), follow=True)
    record = Activity.objects.get()
    assert (record.state, record.branch) == (ActivityState.SUBMITTED, hospital)
    assert record.serial == f"{hospital.code}-{HELD.year}-ZX-001"
    assert set(record.attendances.values_list("name", flat=True)) == {chief.name, board_member.name}
    assert "等待党委书记" in answer.content.decode()
    item.refresh_from_db()
    assert item.state == PlanState.SUBMITTED

    refused = client.post(reverse("activities:activity_confirm", args=[record.pk]))
    assert refused.status_code == 422
    enter(chief)
    home = client.get(reverse("home")).content.decode()
    assert record.topic in home.split('id="mine"')[1]
    done = client.post(reverse("activities:activity_confirm", args=[record.pk]), follow=True)
    assert "积分" not in done.content.decode().split('role="status"')[1].split("</div>")[0]
    item.refresh_from_db()
    assert (item.state, item.activity_id) == (PlanState.CONFIRMED, record.pk)
    board = client.get(reverse("activities:board"), {"month": f"{HELD:%Y-%m}"})
    cells = {cell.column.kind: cell.cell.css for cell in board.context["own"].rows[0].cells}
    assert cells[Kind.CENTER_GROUP_STUDY] == "is-ok"
    assert all(row.branch != hospital for row in board.context["board"].rows)


def test_a_branch_secretary_sees_no_row_of_the_committee_on_the_board(secretary, hospital, branch, as_user):
    plan_year(branches=[hospital, branch], year=timezone.localdate().year)
    assert as_user(secretary).get(reverse("activities:board")).context["own"].rows == ()


def test_the_assessment_expects_the_secretaries_of_all_branches(hospital, office, secretary, other_branch, as_user):
    second = factories.UserFactory(name="周明远")
    factories.make_member(other_branch, user=second)
    factories.appoint(second, other_branch, Role.BRANCH_SECRETARY)
    page = as_user(office).get(reverse("activities:activity_create"), {"kind": Kind.REPORT_ASSESSMENT})
    names = {row["person"].name for box in page.context["roster"] for row in box["people"]}
    assert names == {secretary.name, "周明远"}


def test_the_form_of_the_committee_offers_its_own_people_only(hospital, office, chief, member_user, secretary, as_user):
    page = as_user(office).get(reverse("activities:activity_create"))
    names = {person.name for person in page.context["form"].people}
    assert names >= {office.name, chief.name, secretary.name}
    assert member_user.name not in names


# -- Who confirms


def test_the_committee_confirms_else_another_of_its_office(study, office, chief, person, hospital):
    record = study()
    assert confirmers_of(record) == (ConfirmedBy.OFFICERS, {chief.pk})
    assert who_confirms(record) == f"党委书记{chief.name}"
    chief.appointments.filter(role=Role.PARTY_COMMITTEE_SECRETARY).update(ends_on=date(2020, 1, 2))
    second = person(Role.PARTY_OFFICE, name="钱干事")
    assert confirmers_of(record) == (ConfirmedBy.OFFICE, {second.pk})


def test_a_member_of_the_committee_who_wrote_it_does_not_confirm_it(study, chief, board_member):
    assert confirmers_of(study(editor=chief)).people == {board_member.pk}


def test_officers_and_group_leaders_of_branches_confirm_nothing_of_the_committee(
    study, chief, secretary, person, groups, office
):
    leader = person(Role.GROUP_LEADER, groups[0])
    record = study()
    assert not confirmers_of(record).people & {secretary.pk, leader.pk}
    assert not confirmers_of(study(recorder=chief)).people & {secretary.pk, leader.pk}


def test_what_waits_for_me_is_what_i_may_confirm(study, office, chief, secretary, branch, organiser):
    own = study()
    theirs = factories.make_activity(branch, day=HELD, state=ActivityState.SUBMITTED, recorder=secretary)
    today = timezone.localdate()
    assert to_confirm(chief, today) == [own]
    assert to_confirm(organiser, today) == [theirs]
    assert to_confirm(office, today) == []


def test_the_office_reviews_branches_but_not_its_own_records(study, office, secretary, branch):
    theirs = factories.make_activity(branch, day=HELD, state=ActivityState.SUBMITTED, recorder=secretary)
    assert may_review(office, theirs)
    assert not may_review(office, study())


# -- What is held where


@pytest.mark.parametrize(("at_hospital", "kind"), [(True, Kind.THEME_DAY), (False, Kind.CENTER_GROUP_STUDY)])
def test_a_kind_of_another_level_is_no_record_here(at_hospital, kind, hospital, branch, office):
    node = hospital if at_hospital else branch
    data = ActivityData(branch=node, kinds=(kind,), starts_at=factories.at(HELD))
    with pytest.raises(ValidationError, match="不在"):
        services.save_draft(activity=None, form_key=Activity().form_key, data=data, actor=office)


def test_that_the_committee_held_nothing_is_decided_by_its_members(office, chief, hospital, branch, client):
    plan_year(branches=[hospital], year=HELD.year)
    item = PlanItem.objects.get(kind=Kind.DEM_LIFE_MEETING)
    url = reverse("activities:plan_item", args=[item.pk])

    def post(user, **data):
        client.force_login(user, backend="branches.accounts.backends.LoginNameBackend")
        return client.post(url, data, follow=True)

    assert post(chief, action="explain", reason="上级统一安排在明年召开").status_code == 403
    assert "党委书记或党委委员" in post(office, action="explain", reason="上级统一安排在明年召开").content.decode()
    assert post(office, action="accept").status_code == 422
    assert post(chief, action="accept").status_code == 200
    item.refresh_from_db()
    assert item.state == PlanState.NOT_HELD
    assert AuditEntry.objects.filter(action="plan.accepted", actor=chief).exists()
