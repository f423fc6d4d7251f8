"""The year plans itself; the secretary moves days and fills topics, and the generator leaves what people touched."""

import uuid
from datetime import date
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from activities.choices import ActivityState, CellState, Kind, PlanState
from activities.models import ActivityMonth, FiledReport, PlanItem
from activities.plan.board import plan_cell
from activities.plan.fulfilling import Report, file_report, fulfil_duty, unfulfil_duty
from activities.plan.planning import plan_year, refresh_plan, replan
from activities.plan.scheduling import Changed, FixedDay, fix_day, schedule_item
from activities.rules import monthly_day, not_asked_yet
from branches.choices import BranchKind, BranchLevel, Role
from branches.models import Branch, Holiday, Job, JobState
from config.uploads import check_attachment
from tests.factories import at, make_activity, make_branch, make_member

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(TODAY, 10))


@pytest.fixture
def december(branch):
    make_member(branch)
    plan_year(branches=[branch], year=2026)
    return PlanItem.objects.get(branch=branch, kind=Kind.THEME_DAY, start=date(2026, 12, 1))


def plan(item, day, topic="", actor=None, **more):
    return schedule_item(
        item=item, planned_on=day, topic=topic, version=more.pop("version", item.version), actor=actor, **more
    )


# -- What is owed


def test_a_topic_of_the_plan_gives_way_to_another_kind_and_a_typed_one_stays(branch, secretary, as_user):
    make_member(branch)
    plan_year(branches=[branch], year=2026, today=TODAY)
    items = PlanItem.objects.filter(branch=branch, start__lte=TODAY, end__gte=TODAY)
    items.filter(kind=Kind.GENERAL_MEETING).update(topic="听取年度工作报告")
    items.filter(kind=Kind.THEME_DAY).update(topic="冬季志愿导诊")
    address, client = reverse("activities:activity_create"), as_user(secretary)

    def after(topic, kind):
        form = {
            "branch": branch.pk,
            "kind": kind,
            "topic": topic,
            "date": "2026-11-20",
            "starts": "16:30",
            "refresh": "kind",
        }
        return client.post(address, form).context["form"]["topic"].value()

    assert after("听取年度工作报告", "theme_day") == "冬季志愿导诊"
    assert after("听取年度工作报告", "party_lecture") == ""
    assert after("我写的主题", "theme_day") == "我写的主题"


def test_the_committee_has_its_own_list(hospital):
    make_member(make_branch(hospital))
    plan_year(branches=[hospital], year=2026)
    counts = {}
    for kind in PlanItem.objects.filter(branch=hospital).values_list("kind", flat=True):
        counts[kind] = counts.get(kind, 0) + 1
    assert counts == {
        Kind.CENTER_GROUP_STUDY: 4, Kind.DEM_LIFE_MEETING: 1, Kind.REPORT_ASSESSMENT: 1, Kind.RESEARCH: 1,
    }  # fmt: skip


def test_duties_whose_service_is_missing_are_told_and_not_owed(branch):
    make_member(branch)
    plan_year(branches=[branch], year=2026)
    told = {duty.kind for duty in not_asked_yet("branch", "regular", 2026)}
    assert told >= {Kind.DUES_COLLECTION, Kind.HEART_TALK}
    assert not PlanItem.objects.filter(kind__in=told).exists()
    assert PlanItem.objects.filter(kind=Kind.POINTS_PUBLICATION).count() == 4  # its service is there
    assert not_asked_yet("branch", "temporary", 2026) == []
    assert not_asked_yet("committee", "regular", 2026) == []


@pytest.mark.parametrize(("founded", "state"), [(date(2026, 12, 1), "open"), (date(2026, 12, 2), "not_applicable")])
def test_a_branch_founded_within_a_month_owes_only_whole_months(hospital, founded, state):
    node = make_branch(hospital, founded_on=founded)
    plan_year(branches=[node], year=2026)
    assert PlanItem.objects.get(branch=node, kind=Kind.THEME_DAY, start=date(2026, 12, 1)).state == state


@pytest.mark.parametrize(("last", "state"), [(date(2026, 12, 31), "open"), (date(2026, 12, 30), "not_applicable")])
def test_a_branch_dissolved_within_a_month_owes_only_whole_months(hospital, last, state):
    node = make_branch(hospital, dissolved_on=last)
    plan_year(branches=[node], year=2026)
    assert PlanItem.objects.get(branch=node, kind=Kind.THEME_DAY, start=date(2026, 12, 1)).state == state


# -- Days and topics


def test_a_planned_day_is_the_due_day_and_late_is_judged_by_the_period(december, secretary):
    december = plan(december, date(2026, 12, 9), "走访", secretary)
    assert (december.due, december.touched) == (date(2026, 12, 9), True)
    assert plan_cell(december, date(2026, 12, 9)).state == CellState.SOON
    assert plan_cell(december, date(2026, 12, 10)).state == CellState.LATE
    make_activity(
        december.branch, day=date(2026, 12, 9), state=ActivityState.CONFIRMED, submitted_at=at(date(2026, 12, 31))
    )
    refresh_plan(branches=[december.branch], year=2026)
    december.refresh_from_db()
    assert (december.state, december.late) == (PlanState.CONFIRMED, False)


@pytest.mark.parametrize(
    ("day", "passes"),
    [(date(2026, 11, 30), False), (date(2026, 12, 1), True), (date(2026, 12, 31), True), (date(2027, 1, 1), False)],
)
def test_a_day_lies_in_the_period(day, passes, december, secretary):
    if passes:
        assert plan(december, day, actor=secretary).planned_on == day
    else:
        with pytest.raises(ValidationError):
            plan(december, day, actor=secretary)


@pytest.mark.parametrize(("day", "passes"), [(date(2026, 11, 21), False), (date(2026, 11, 22), True)])
def test_a_day_is_not_before_today(day, passes, december, secretary):
    item = PlanItem.objects.get(branch=december.branch, kind=Kind.THEME_DAY, start=date(2026, 11, 1))
    if passes:
        assert plan(item, day, actor=secretary).due == day
    else:
        with pytest.raises(ValidationError, match="不能早于今天"):
            plan(item, day, actor=secretary)


def test_clearing_the_day_gives_the_due_day_of_the_table_back(december, secretary):
    moved = plan(december, date(2026, 12, 9), actor=secretary)
    cleared = plan(moved, None, actor=secretary)
    assert (cleared.due, cleared.touched) == (date(2026, 12, 31), False)


def test_a_moved_quarter_counts_in_its_new_month(december, secretary):
    item = PlanItem.objects.get(branch=december.branch, kind=Kind.GENERAL_MEETING, start=date(2026, 10, 1))
    plan(item, date(2026, 11, 25), actor=secretary)
    months = ActivityMonth.objects.filter(
        branch=december.branch, kind=Kind.GENERAL_MEETING, month__gte=date(2026, 10, 1)
    )
    assert list(months.values_list("month", flat=True)) == [date(2026, 11, 1)]


def test_the_second_of_two_people_is_told(december, secretary, organiser):
    plan(december, date(2026, 12, 9), actor=secretary)
    with pytest.raises(Changed) as refused:
        plan(december, date(2026, 12, 16), actor=organiser, version=1)
    assert refused.value.item.planned_on == date(2026, 12, 9)


def test_an_item_with_a_record_is_not_planned_any_more(december, secretary):
    make_activity(december.branch, day=date(2026, 12, 1), state=ActivityState.SUBMITTED)
    refresh_plan(branches=[december.branch], year=2026)
    with pytest.raises(ValidationError):
        plan(PlanItem.objects.get(pk=december.pk), date(2026, 12, 9), actor=secretary)


def test_the_topic_stands_in_the_form_of_the_record(december, secretary, as_user, time_machine):
    plan(december, None, "走访退休老党员", secretary)
    time_machine.move_to(at(date(2026, 12, 10), 18))
    page = as_user(secretary).get(reverse("activities:activity_create"), {"kind": Kind.THEME_DAY}).content.decode()
    assert "走访退休老党员" in page


# -- One day for the year


def test_a_fixed_weekday_is_set_for_the_rest_of_the_year(december, secretary):
    fixed = fix_day(
        branch=december.branch, kind=Kind.THEME_DAY, year=2026, rule=FixedDay(which=2, weekday=2), actor=secretary
    )
    assert [item.planned_on for item in fixed.moved] == [date(2026, 12, 9)]
    assert [why for _, why in fixed.left] == ["11月11日已过"]


def test_a_rest_day_moves_to_the_next_working_day_or_back_within_the_month(december, secretary):
    Holiday.objects.create(day=date(2026, 12, 9), is_working=False, name="测试假日")
    ninth = fix_day(branch=december.branch, kind=Kind.THEME_DAY, year=2026, rule=FixedDay(day=9), actor=secretary)
    assert ninth.moved[0].planned_on == date(2026, 12, 10)
    for day in (30, 31):
        Holiday.objects.create(day=date(2026, 12, day), is_working=False, name="测试假日")
    last = fix_day(branch=december.branch, kind=Kind.THEME_DAY, year=2026, rule=FixedDay(day=31), actor=secretary)
    assert last.moved[-1].planned_on == date(2026, 12, 29)


@pytest.mark.parametrize(
    ("month", "rule", "day"),
    [
        (date(2026, 2, 1), {"day": 31}, 28),
        (date(2024, 2, 1), {"day": 31}, 29),
        (date(2026, 11, 1), {"which": 1, "weekday": 6}, 1),
        (date(2026, 11, 1), {"which": 4, "weekday": 6}, 22),
        (date(2026, 11, 1), {"which": 5, "weekday": 6}, 29),
        (date(2026, 11, 1), {"which": 5, "weekday": 0}, 30),
    ],
)
def test_the_day_of_a_month(month, rule, day):
    assert monthly_day(month, **rule).day == day


# -- Again


def test_the_generator_leaves_what_people_touched_and_says_so(december, secretary):
    plan(december, date(2026, 12, 9), "走访", secretary)
    again = replan(branches=[december.branch], year=2026, actor=secretary)
    december.refresh_from_db()
    assert (december.due, december.topic) == (date(2026, 12, 9), "走访")
    assert [(one.item.pk, one.why) for one in again.left] == [(december.pk, "已排定12月9日，已填主题")]
    assert (again.made, again.changed, again.removed) == (0, 0, 0)


def test_an_untouched_item_follows_the_shape_and_a_touched_one_ends_with_its_branch(december, secretary):
    branch = december.branch
    committee = PlanItem.objects.get(branch=branch, kind=Kind.COMMITTEE_MEETING, start=date(2026, 12, 1))
    assert committee.state == PlanState.NOT_APPLICABLE
    for _ in range(7):
        make_member(branch)
    assert replan(branches=[branch], year=2026).changed == 2  # November and December
    committee.refresh_from_db()
    assert committee.state == PlanState.OPEN
    plan(december, date(2026, 12, 9), actor=secretary)
    Branch.objects.filter(pk=branch.pk).update(dissolved_on=date(2026, 11, 30))
    replan(branches=[Branch.objects.get(pk=branch.pk)], year=2026)
    assert not PlanItem.objects.filter(branch=branch, start=date(2026, 12, 1)).exists()


def test_a_secretary_generates_the_branch_and_the_office_everything(
    december, secretary, office, as_user, django_capture_on_commit_callbacks
):
    plan(december, date(2026, 12, 9), actor=secretary)
    url = reverse("activities:plan_generate")
    page = as_user(secretary).post(url, {"branch": december.branch_id, "year": 2026}).content.decode()
    assert "已排定12月9日" in page
    assert as_user(secretary).post(url, {"whole": 1, "year": 2026}).status_code == 403
    key = str(uuid.uuid4())
    office_client = as_user(office)
    with django_capture_on_commit_callbacks(execute=True):
        office_client.post(url, {"whole": 1, "year": 2026, "form_key": key})
    answer = office_client.post(url, {"whole": 1, "year": 2026, "form_key": key})
    job = Job.objects.get(task="activities.tasks.replan_nodes")
    assert (answer.url, job.state) == (reverse("activities:plan_job", args=[job.pk]), JobState.DONE)
    assert job.params["result"]["left"] == [[december.pk, "已排定12月9日"]]
    assert "已排定12月9日" in office_client.get(answer.url).content.decode()


def test_nobody_generates_where_they_may_not(december, other_branch, secretary, member_user, as_user):
    url = reverse("activities:plan_generate")
    assert as_user(secretary).post(url, {"branch": other_branch.pk, "year": 2026}).status_code == 404
    assert as_user(member_user).post(url, {"branch": december.branch_id}).status_code == 403


# -- The page


def test_the_year_page_shows_the_months_and_saves_a_row(december, secretary, as_user):
    client = as_user(secretary)
    page = client.get(reverse("activities:plan_list")).content.decode()
    assert "暂未启用" in page
    assert "党员不足7人" in page
    url = reverse("activities:plan_schedule", args=[december.pk])
    typed = {"planned_on": "2026-12-09", "topic": "走访", "version": december.version}
    row = client.post(url, typed, headers={"hx-request": "true"})
    assert "已保存" in row.content.decode()
    stale = client.post(url, {**typed, "topic": "另一个"}, headers={"hx-request": "true"})
    assert stale.status_code == 422
    assert "刚刚被他人修改" in stale.content.decode()
    assert "另一个" in stale.content.decode()
    assert client.post(url, {**typed, "planned_on": "x"}, headers={"hx-request": "true"}).status_code == 422
    december.refresh_from_db()
    assert (december.planned_on, december.topic) == (date(2026, 12, 9), "走访")


def test_a_fixed_day_is_set_on_the_page(december, secretary, as_user):
    url = reverse("activities:plan_fix", args=[december.branch_id])
    asked = {"year": 2026, "kind": Kind.THEME_DAY, "way": "weekday", "which": 2, "weekday": 2}
    assert as_user(secretary).post(url, asked).status_code == 302
    assert as_user(secretary).post(url, {**asked, "way": "day", "day": ""}).status_code == 302  # told, nothing changed
    december.refresh_from_db()
    assert december.planned_on == date(2026, 12, 9)


def test_the_leader_of_a_group_sees_the_plan_of_the_group(branch, groups, person, as_user):
    plan_year(branches=[branch], year=2026)
    leader = person(Role.GROUP_LEADER, groups[0])
    page = as_user(leader).get(reverse("activities:plan_list")).content.decode()
    assert "党小组会" in page
    assert "主题党日" not in page


# -- Duties that are no gatherings


def test_a_report_fulfils_the_research_of_the_committee(hospital, office, as_user):
    make_member(make_branch(hospital))
    plan_year(branches=[hospital], year=2026)
    item = PlanItem.objects.get(kind=Kind.RESEARCH)
    url = reverse("activities:plan_item", args=[item.pk])
    client = as_user(office)
    assert "提交报告" in client.get(url).content.decode()
    pdf = BytesIO(b"%PDF-1.7 report")
    pdf.name = "调研.pdf"
    typed = {"action": "report", "title": "门诊流程调研", "authors": "方正", "form_key": str(uuid.uuid4())}
    assert client.post(url, typed).status_code == 422  # neither words nor file
    for _ in range(2):
        pdf.seek(0)
        assert client.post(url, {**typed, "file": pdf}).status_code == 302
    report = FiledReport.objects.get()
    item.refresh_from_db()
    assert (item.state, item.fulfilled_by_url, item.late) == (PlanState.CONFIRMED, url, False)
    assert client.get(reverse("activities:report_file", args=[report.pk])).content == b"%PDF-1.7 report"
    refresh_plan(branches=[hospital], year=2026)
    item.refresh_from_db()
    assert item.state == PlanState.CONFIRMED  # records have no say in it


def test_a_service_fulfils_once_and_takes_back(hospital, office):
    make_member(make_branch(hospital))
    plan_year(branches=[hospital], year=2026)
    asked = {"branch": hospital, "kind": Kind.RESEARCH, "day": TODAY, "actor": office}
    first = fulfil_duty(url="/a/", **asked)
    again = fulfil_duty(url="/a/", **asked)
    assert first.version == again.version
    unfulfil_duty(**asked)
    assert PlanItem.objects.get(kind=Kind.RESEARCH).state == PlanState.OPEN
    assert fulfil_duty(branch=hospital, kind=Kind.HEART_TALK, day=TODAY, url="/b/", actor=office) is None
    with pytest.raises(ValidationError):
        file_report(
            item=PlanItem.objects.filter(branch=hospital, kind=Kind.DEM_LIFE_MEETING).get(),
            report=Report("题", "人", "文"),
            form_key=uuid.uuid4(),
            actor=office,
        )


# -- Attachments


@pytest.mark.parametrize(
    ("name", "data", "passes"),
    [
        ("a.pdf", b"%PDF-1.4", True),
        ("a.pdf", b"MZ\x90", False),
        ("a.docx", b"PK\x03\x04 no zip", False),
        ("a.exe", b"%PDF-1.4", False),
        ("a.png", b"%PDF-1.4", False),
        ("a.pdf", b"", False),
    ],
)
def test_an_attachment_is_what_its_ending_says(name, data, passes):
    file = BytesIO(data)
    file.name = name
    if passes:
        assert check_attachment(file, limit=100).content_type == "application/pdf"
    else:
        with pytest.raises(ValidationError):
            check_attachment(file, limit=100)


def test_an_attachment_has_a_size_and_a_plain_name():
    file = BytesIO(b"%PDF-" + b"x" * 100)
    file.name = "..\\..\\要求\r\n.pdf"
    assert check_attachment(file, limit=105).name == "要求.pdf"
    with pytest.raises(ValidationError, match="超过"):
        check_attachment(file, limit=104)


def test_a_temporary_branch_has_no_list_of_missing_services(hospital, as_user, office):
    node = make_branch(hospital, kind=BranchKind.TEMPORARY, level=BranchLevel.BRANCH)
    plan_year(branches=[node], year=2026)
    page = as_user(office).get(reverse("activities:plan_list"), {"branch": node.pk}).content.decode()
    assert "暂未启用" not in page
    assert "临时党支部不作要求" in page
