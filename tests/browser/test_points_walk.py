"""Claim, review, publication, objection, decision, lock: four people and two months, each step on its own day.

The site runs in this process, so that its clock can be moved; who comes back another day logs in again.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from playwright.sync_api import Browser, Page, expect

from activities.attendance.hours import add_course
from activities.choices import ActivityState, AttendanceStatus
from activities.models import Attendance
from branches.choices import BranchLevel, Role
from branches.models import User
from points.catalogue import install_default
from points.cycle.moving import move
from points.ledger.posting import post_source
from points.models import RuleItem, RuleVersion
from tests import factories
from tests.browser.conftest import PHONE
from tests.points.claims_help import picture

PASSWORD = "walks-through-2026"
DEED = "《健康报》科普文章"


@pytest.fixture
def clock() -> Iterator[Callable[..., None]]:
    """clock(2026, 1, 12): from now on it is ten in the morning of that day, and time goes on."""
    travels: list[Any] = []

    def stand(*day: int) -> None:
        if travels:
            travels.pop().stop()
        moment: datetime = factories.at(date(*day), 10)
        travels.append(time_machine.travel(moment, tick=True))
        travels[-1].start()

    yield stand
    for travel in travels:
        travel.stop()


@pytest.fixture
def enter(browser: Browser, live_server: Any) -> Iterator[Callable[[User], Page]]:
    """enter(user): a phone in the hand of this person, logged in now."""
    contexts = []

    def log_in(user: User) -> Page:
        context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", viewport=PHONE, has_touch=True)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(live_server.url)
        page.get_by_label("工号或手机号").fill(user.staff_no or "")
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        expect(page.locator("body.app main h1").first).to_be_visible()
        return page

    yield log_in
    for context in contexts:
        context.close()


def person(name: str, number: str, **post: Any) -> User:
    user: User = factories.UserFactory(name=name, staff_no=number, username=number)
    user.set_password(PASSWORD)
    user.save()
    if post:
        factories.appoint(user, **post)
    return user


def fits(page: Page) -> bool:
    page.wait_for_load_state("load")
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.django_db(transaction=True)
def test_a_claim_and_a_deduction_go_through_a_whole_quarter(clock, enter, live_server):
    clock(2025, 10, 8)
    install_default(RuleVersion, RuleItem)
    hospital = factories.make_branch(name="江州市人民医院党委")
    branch = factories.make_branch(hospital, name="机关第一党支部", code="JG01")
    group = factories.make_branch(branch, name="第一党小组", level=BranchLevel.GROUP)
    member, secretary, organiser = (
        person(name, number) for name, number in (("林晓雯", "0101"), ("陈静怡", "0102"), ("赵启明", "0103"))
    )
    lin, *_ = (factories.make_member(branch, group=group, user=user) for user in (member, secretary, organiser))
    factories.appoint(secretary, branch, Role.BRANCH_SECRETARY)
    factories.appoint(organiser, branch, Role.ORGANISATION_MEMBER)
    office = person("孔令仪", "0104", branch=hospital, role=Role.PARTY_OFFICE)
    absent = factories.make_activity(
        branch, day=date(2025, 11, 12), state=ActivityState.CONFIRMED, members=[lin], recorder=secretary, revision=1
    )
    Attendance.objects.filter(activity=absent).update(status=AttendanceStatus.UNEXCUSED)
    clock(2025, 11, 13)
    post_source(source_kind="activity", source_id=absent.pk, revision=1, actor=secretary)
    add_course(
        member=lin, title="党员教育培训班", studied_on=date(2025, 11, 10), hours=Decimal(32), actor=secretary
    )  # or the year would cost her two points of its own

    clock(2025, 12, 18)  # the member claims, and sees the deduction she was told of
    page = enter(member)
    page.goto(f"{live_server.url}/points/claims/mine/new/?item=F03")
    page.get_by_role("radio", name=re.compile("^市级")).check()
    page.get_by_label("日期").fill("2025-12-15")
    page.get_by_label("照片或文件").set_input_files(
        [{"name": "证书.png", "mimeType": "image/png", "buffer": picture("证书.png").read()}]
    )
    page.get_by_label("事由").fill("奖")
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("请写明是什么事")).to_be_visible()
    assert page.get_by_label("照片或文件").evaluate("input => input.files.length") == 1  # not to be chosen again
    page.get_by_label("事由").fill(DEED)
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("待审核").first).to_be_visible()
    expect(page.get_by_role("link", name="证书.jpg", exact=True)).to_be_visible()
    assert fits(page)
    page.goto(f"{live_server.url}/points/")
    expect(page.get_by_text("G01").first).to_be_visible()
    assert fits(page)

    clock(2025, 12, 19)  # somebody else reviews
    page = enter(organiser)
    page.goto(f"{live_server.url}/points/claims/review/")
    expect(page.locator("main")).to_contain_text(DEED)
    page.locator("main").get_by_role("link", name="林晓雯").first.click()
    page.locator("main").get_by_role("button", name="通过", exact=True).first.click()
    expect(page.get_by_text("已入账").first).to_be_visible()
    assert fits(page)

    clock(2026, 1, 6)  # the calendar closes the months and posts what was announced
    assert move(hospital_id=hospital.pk, today=date(2026, 1, 6))["closed"] == 3

    clock(2026, 1, 12)  # the secretary publishes
    page = enter(secretary)
    page.goto(f"{live_server.url}/points/publications/create/{branch.pk}/?quarter=2025-10-01")
    expect(page.get_by_text("2026年1月19日前").first).to_be_visible()
    page.get_by_role("button", name="确认晾晒").click()
    expect(page.get_by_text("异议期内").first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("无故缺席")
    assert fits(page)

    clock(2026, 1, 14)  # the member objects to the deduction
    page = enter(member)
    page.goto(f"{live_server.url}/points/?year=2025")
    expect(page.locator("main")).to_contain_text("63.00")
    page.locator("li", has_text="G01").get_by_role("link", name=re.compile("异议")).first.click()
    page.get_by_label("异议内容").fill("当天上午在急诊值班，已向书记报告。")
    page.get_by_role("button", name="提交异议").click()
    expect(page.get_by_text("待支部答复").first).to_be_visible()
    assert fits(page)

    clock(2026, 1, 20)  # the branch does not uphold it
    page = enter(organiser)
    page.goto(f"{live_server.url}/points/objections/")
    page.locator("main").get_by_role("link", name=re.compile("林晓雯")).first.click()
    page.get_by_role("radio", name=re.compile("^不成立")).check()
    page.get_by_label("答复理由").fill("支部没有收到请假的报告。")
    page.get_by_role("button", name="提交答复").click()
    expect(page.get_by_text("不成立，可申诉").first).to_be_visible()

    clock(2026, 1, 22)  # she appeals
    page = enter(member)
    page.goto(f"{live_server.url}/points/objections/")
    page.locator("main").get_by_role("link", name=re.compile("林晓雯|G01|无故缺席")).first.click()
    page.get_by_label("申诉理由").fill("医务科有当天的值班记录。")
    page.get_by_role("button", name="提交申诉").click()
    expect(page.get_by_text("待党办裁定").first).to_be_visible()

    clock(2026, 2, 3)  # the Party office decides
    page = enter(office)
    page.goto(f"{live_server.url}/points/objections/")
    page.locator("main").get_by_role("link", name=re.compile("林晓雯")).first.click()
    page.get_by_role("radio", name=re.compile("^成立")).check()
    page.get_by_label("裁定理由").fill("核对值班记录属实，予以更正。")
    page.get_by_role("button", name="提交裁定").click()
    expect(page.get_by_text("异议成立").first).to_be_visible()
    assert fits(page)

    clock(2026, 2, 12)  # every window is over: the quarter locks, and the member has her points
    assert move(hospital_id=hospital.pk, today=date(2026, 2, 12))["locked"] >= 1
    page = enter(secretary)
    page.goto(f"{live_server.url}/points/periods/{branch.pk}/?year=2025")
    expect(page.locator("tr", has_text="第四季度").get_by_text("已锁定")).to_be_visible()
    page = enter(member)
    page.goto(f"{live_server.url}/points/?year=2025")
    expect(page.locator("main")).to_contain_text("65.00")
