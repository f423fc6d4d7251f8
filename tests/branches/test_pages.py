"""What each role sees and may do on the pages of the organisation."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from branches import services
from branches.choices import BranchKind, BranchLevel, Role
from branches.models import Appointment, AuditEntry, Branch, User
from tests import factories

TODAY = timezone.localdate


def url(name: str, *args: object) -> str:
    return reverse(f"branches:{name}", args=args)


def text(response) -> str:
    return response.content.decode()


@pytest.fixture
def sysadmin(person) -> User:
    return person(Role.SYSTEM_ADMIN, name="系统员")


def test_the_office_sees_the_tree_with_heads_and_counts(as_user, office, secretary, branch, other_branch, groups):
    page = text(as_user(office).get(url("branch_tree")))
    for words in ("江州市人民医院党委", "机关第一党支部", "内科第二党支部", "第一党小组", "支部书记陈静怡", "党员1人"):
        assert words in page


def test_a_secretary_sees_only_the_own_branch_in_the_tree(as_user, secretary, branch, other_branch):
    page = text(as_user(secretary).get(url("branch_tree")))
    assert branch.name in page
    assert other_branch.name not in page


def test_the_tree_hides_dissolved_nodes_until_asked_and_is_searched_by_name(as_user, office, branch, other_branch):
    services.dissolve_branch(branch=other_branch, on=TODAY(), actor=None)
    client = as_user(office)
    assert other_branch.name not in text(client.get(url("branch_tree")))
    assert other_branch.name in text(client.get(url("branch_tree"), {"closed": "1"}))
    found = text(client.get(url("branch_tree"), {"q": "机关"}))
    assert branch.name in found
    assert "没有找到“骨科”" in text(client.get(url("branch_tree"), {"q": "骨科"}))


def test_a_plain_member_may_not_open_the_tree_and_is_told_who_may(as_user, member_user):
    answer = as_user(member_user).get(url("branch_tree"))
    assert answer.status_code == 403
    assert "查看组织架构" in text(answer)
    assert AuditEntry.objects.get(action="access.refused").actor == member_user


@pytest.mark.parametrize(
    "page", ["branch_detail", "branch_edit", "branch_dissolve", "branch_move", "slips", "post_create"]
)
def test_a_foreign_branch_is_not_there(as_user, secretary, other_branch, page):
    assert as_user(secretary).get(url(page, other_branch.pk)).status_code == 404


@pytest.mark.parametrize(
    "page", ["branch_edit", "branch_dissolve", "branch_move", "branch_create", "post_create", "person_create"]
)
def test_a_secretary_may_look_but_not_manage(as_user, secretary, office, branch, page):
    client = as_user(secretary)
    for answer in (client.get(url(page, branch.pk)), client.post(url(page, branch.pk))):
        assert answer.status_code == 403
        assert "孔令仪" in text(answer)
    assert url(page, branch.pk) not in text(client.get(url("branch_detail", branch.pk)))


def test_the_branch_page_shows_posts_history_and_what_is_missing(as_user, office, secretary, organiser, branch, groups):
    for _ in range(6):
        factories.make_member(branch)
    post = organiser.appointments.get(role=Role.ORGANISATION_MEMBER)
    services.end_appointment(appointment=post, on=TODAY(), actor=office)
    page = text(as_user(office).get(url("branch_detail", branch.pk)))
    assert "还缺组织委员、宣传委员、纪检委员" in page
    assert "正式党员8人，应设支部委员会" in page
    assert "历任" in page
    assert "第一党小组" in page
    assert url("post_end", secretary.appointments.get(role=Role.BRANCH_SECRETARY).pk) in page


def test_a_temporary_branch_needs_no_committee(as_user, office, branch):
    Branch.objects.filter(pk=branch.pk).update(kind=BranchKind.TEMPORARY)
    for _ in range(8):
        factories.make_member(branch)
    page = text(as_user(office).get(url("branch_detail", branch.pk)))
    assert "还缺支部书记。" in page
    assert "组织委员" not in page


def test_founding_a_branch_leads_to_its_page(as_user, office, hospital):
    form = {
        "name": "外科第三党支部",
        "level": "branch",
        "kind": "regular",
        "category": "clinical",
        "founded_on": "2020-05-01",
    }
    answer = as_user(office).post(url("branch_create", hospital.pk), form)
    made = Branch.objects.get(name="外科第三党支部")
    assert answer["Location"] == url("branch_detail", made.pk)
    assert (made.level, made.category, made.hospital) == ("branch", "clinical", hospital)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "请填写名称"),
        ({"name": "机关第一党支部"}, "请换一个名称"),
        ({"level": "group"}, "选择一个有效的选项"),
        ({"founded_on": "2099-01-01"}, "不能晚于今天"),
        ({"founded_on": "去年"}, "日期无法识别"),
        ({"code": "JG01"}, "这个编码已被使用"),
    ],
)
def test_a_mistake_in_founding_keeps_what_was_typed(as_user, office, hospital, branch, change, words):
    form = {"name": "外科第三党支部", "level": "branch", "kind": "regular", "category": "", "founded_on": "2020-05-01"}
    answer = as_user(office).post(url("branch_create", hospital.pk), form | change)
    assert answer.status_code == 422
    assert words in text(answer)
    if "name" not in change:
        assert 'value="外科第三党支部"' in text(answer)


def test_two_people_editing_the_second_is_told_and_loses_nothing(as_user, office, branch):
    client = as_user(office)
    form = {
        "name": "机关一党支部",
        "code": "JG01",
        "kind": "regular",
        "category": "",
        "founded_on": "2015-01-01",
        "version": 1,
    }
    assert client.post(url("branch_edit", branch.pk), form).status_code == 302
    second = client.post(url("branch_edit", branch.pk), form | {"name": "机关首支部"})
    assert second.status_code == 422
    assert 'value="机关首支部"' in text(second)
    assert "名称“机关一党支部”" in text(second)
    assert client.post(url("branch_edit", branch.pk), form | {"name": "机关首支部", "version": 2}).status_code == 302


def test_a_general_branch_is_edited_without_kind_and_category(as_user, office, hospital):
    general = factories.make_branch(hospital, level=BranchLevel.GENERAL_BRANCH, name="内科党总支")
    form = {"name": "内科系统党总支", "code": general.code, "founded_on": "2015-01-01", "version": 1}
    assert as_user(office).post(url("branch_edit", general.pk), form).status_code == 302


def test_dissolving_with_members_is_refused_on_the_page(as_user, office, secretary, branch):
    client = as_user(office)
    answer = client.post(url("branch_dissolve", branch.pk), {"on": TODAY().isoformat()})
    assert answer.status_code == 422
    assert "1人的组织关系" in text(answer)
    assert client.post(url("branch_dissolve", branch.pk), {"on": "2099-01-01"}).status_code == 422


def test_dissolving_and_moving_an_empty_branch(as_user, office, hospital, branch):
    general = factories.make_branch(hospital, level=BranchLevel.GENERAL_BRANCH, name="机关党总支")
    client = as_user(office)
    assert client.post(url("branch_move", branch.pk), {"to": general.pk}).status_code == 302
    assert Branch.objects.get_parent(Branch.objects.get(pk=branch.pk)) == general
    assert client.post(url("branch_move", branch.pk), {"to": branch.pk}).status_code == 422
    assert client.post(url("branch_dissolve", branch.pk), {"on": TODAY().isoformat()}).status_code == 302
    assert "已撤销" in text(client.get(url("branch_detail", branch.pk)))


def test_appointing_finds_people_by_pinyin_and_by_branch(as_user, office, branch, other_branch):
    factories.make_member(branch, name="曾丽娜")
    factories.make_member(other_branch, name="周大海")
    client = as_user(office)
    page = text(client.get(url("post_create", branch.pk)))
    assert "曾丽娜" in page
    assert "周大海" not in page
    assert "周大海" in text(client.get(url("person_search"), {"q": "zdh", "at": branch.pk}))
    assert "曾丽娜" in text(client.get(url("person_search"), {"q": "", "at": branch.pk}))
    assert "没有找到“无此人”" in text(client.get(url("person_search"), {"q": "无此人"}))


def test_an_appointment_says_who_holds_the_post_and_takes_over_on_request(as_user, office, secretary, branch):
    user = factories.make_member(branch, name="周大海").user
    client = as_user(office)
    form = {"role": "branch_secretary", "starts_on": TODAY().isoformat(), "user": user.pk}
    refused = client.post(url("post_create", branch.pk), form)
    assert refused.status_code == 422
    assert "现由陈静怡担任" in text(refused)
    assert f'value="{user.pk}" checked' in text(refused)
    assert client.post(url("post_create", branch.pk), form | {"replace": "on"}).status_code == 302
    holder = Appointment.objects.current(TODAY()).get(branch=branch, role=Role.BRANCH_SECRETARY)
    assert holder.user == user


def test_a_second_member_of_the_committee_in_one_post_is_pointed_out(as_user, office, organiser, branch):
    user = factories.make_member(branch, name="周大海").user
    form = {"role": "organisation_member", "starts_on": TODAY().isoformat(), "user": user.pk}
    page = as_user(office).post(url("post_create", branch.pk), form, follow=True)
    assert f"{organiser.name}仍任组织委员" in text(page)


def test_nobody_of_another_hospital_can_be_appointed(as_user, office, branch):
    stranger = factories.make_member(factories.make_branch(factories.make_branch()), name="外院人").user
    client = as_user(office)
    form = {"role": "publicity_member", "starts_on": TODAY().isoformat(), "user": stranger.pk}
    assert client.post(url("post_create", branch.pk), form).status_code == 422
    assert "没有找到“外院人”" in text(client.get(url("person_search"), {"q": "外院人"}))


def test_a_post_is_ended_by_the_office_alone(as_user, office, secretary, organiser):
    post = organiser.appointments.get(role=Role.ORGANISATION_MEMBER)
    assert as_user(secretary).post(url("post_end", post.pk), {"on": TODAY().isoformat()}).status_code == 403
    client = as_user(office)
    assert client.post(url("post_end", post.pk), {"on": "1999-01-01"}).status_code == 422
    assert client.post(url("post_end", post.pk), {"on": TODAY().isoformat()}).status_code == 302
    roll = organiser.appointments.get(role=Role.MEMBER)
    assert client.get(url("post_end", roll.pk)).status_code == 404


def test_a_clerk_outside_the_rolls_is_added_and_appointed(as_user, office, hospital):
    client = as_user(office)
    bad = client.post(url("person_create", hospital.pk), {"name": "胡工", "mobile": "12"})
    assert bad.status_code == 422
    made = client.post(url("person_create", hospital.pk), {"name": "胡工", "staff_no": "IT01"})
    assert "胡工" in text(client.get(made["Location"]))


def test_the_slips_page_prints_for_the_chosen_and_never_for_others(as_user, secretary, branch, other_branch, office):
    member = factories.make_member(branch, name="董丽娜").user
    stranger = factories.make_member(other_branch).user
    factories.make_member(branch, user=office)
    client = as_user(secretary)
    page = client.get(url("slips", branch.pk))
    assert "另有上级职务，请党委办公室打印" in text(page)
    sheet = client.post(url("slips", branch.pk), {"user": [member.pk, stranger.pk]})
    assert text(sheet).count("<svg") == 1
    assert "董丽娜" in text(sheet)
    assert "style=" not in text(sheet)
    assert client.post(url("slips", branch.pk), {"user": [stranger.pk]}).status_code == 422
    assert client.post(url("slips", branch.pk), {"user": [office.pk]}).status_code == 422


def test_who_may_not_issue_slips_is_refused(as_user, organiser, branch):
    client = as_user(organiser)
    assert client.get(url("slips", branch.pk)).status_code == 403
    assert url("slips", branch.pk) not in text(client.get(url("branch_detail", branch.pk)))


def test_accounts_are_the_business_of_the_information_administrator(as_user, office, sysadmin):
    assert as_user(office).get(url("account_list")).status_code == 403
    assert as_user(office).get(url("account_detail", sysadmin.pk)).status_code == 404
    assert as_user(sysadmin).get(url("account_list")).status_code == 200


def test_the_account_pages_tell_posts_but_not_who_is_a_member(as_user, sysadmin, secretary):
    client = as_user(sysadmin)
    pages = text(client.get(url("account_list"), {"q": "cjy"})) + text(client.get(url("account_detail", secretary.pk)))
    assert "支部书记" in pages
    assert "机关第一党支部党员" not in pages


def test_an_account_is_disabled_enabled_unlocked_and_logged_out(as_user, client, sysadmin, secretary):
    secretary.set_password("春江潮水连海平-2026")
    secretary.save()
    page = url("account_detail", secretary.pk)
    for _ in range(5):
        client.post(reverse("account_login"), {"login": secretary.username, "password": "x"})
    admin = as_user(sysadmin)
    assert "已锁定" in text(admin.get(url("account_list"), {"state": "locked"}))
    for action in ("unlock", "end_sessions", "disable"):
        assert admin.post(page, {"action": action}).status_code == 302, action
    assert "已停用" in text(admin.get(page))
    assert admin.post(page, {"action": "disable"}).status_code == 422
    assert admin.post(page, {"action": "enable"}).status_code == 302
    assert admin.post(page, {"action": "unlock"}).status_code == 422
    assert admin.post(page, {"action": "nonsense"}).status_code == 422
    assert admin.post(url("account_detail", sysadmin.pk), {"action": "disable"}).status_code == 422
    written = set(AuditEntry.objects.filter(actor=sysadmin).values_list("action", flat=True))
    assert {"account.unlocked", "account.sessions_ended", "account.disabled", "account.enabled"} <= written


def test_ending_sessions_logs_the_person_out(as_user, sysadmin, secretary):
    client = as_user(secretary)
    assert client.get(url("branch_tree")).status_code == 200
    User.objects.filter(pk=secretary.pk).update(session_epoch=1)
    assert client.get(url("branch_tree")).status_code == 302


def test_accounts_of_another_hospital_are_not_there(as_user, sysadmin):
    stranger = factories.make_member(factories.make_branch(factories.make_branch()), name="外院人").user
    client = as_user(sysadmin)
    assert client.get(url("account_detail", stranger.pk)).status_code == 404
    assert "没有符合条件的账号" in text(client.get(url("account_list"), {"q": "外院人"}))


def test_the_audit_trail_reads_in_chinese_with_old_and_new(as_user, office, branch):
    services.change_branch(
        branch=branch,
        version=1,
        name="机关一党支部",
        code="JG01",
        kind="joint",
        category="",
        founded_on=date(2016, 7, 1),
        actor=office,
    )
    page = text(as_user(office).get(url("audit_list"), {"what": "修改党组织"}))
    for words in ("修改党组织信息", "孔令仪", "机关第一党支部", "联合党支部", "成立日期", "2016年7月1日"):
        assert words in page
    assert "branch.changed" not in page


def test_the_audit_trail_is_filtered_by_person_action_branch_and_day(as_user, office, branch, other_branch):
    services.found_branch(
        parent=branch, name="第一党小组", level=BranchLevel.GROUP, founded_on=date(2020, 1, 1), actor=office
    )
    client = as_user(office)
    tomorrow = (TODAY() + timedelta(days=1)).isoformat()
    hits = [
        {"who": "孔令仪"},
        {"what": "新建"},
        {"branch": branch.pk},
        {"since": TODAY().isoformat(), "until": tomorrow},
    ]
    misses = [{"who": "无此人"}, {"what": "撤销"}, {"branch": other_branch.pk}, {"since": tomorrow}]
    for asked in hits:
        assert "新建党组织" in text(client.get(url("audit_list"), asked)), asked
    for asked in misses:
        assert "没有符合条件的记录" in text(client.get(url("audit_list"), asked)), asked
    assert client.get(url("audit_list"), {"since": "昨天"}).status_code == 422


def test_the_audit_trail_is_closed_to_a_secretary_and_to_other_hospitals(as_user, secretary, person):
    elsewhere = factories.make_branch()
    services.found_branch(
        parent=elsewhere, name="外院党支部", level=BranchLevel.BRANCH, founded_on=date(2020, 1, 1), actor=None
    )
    assert as_user(secretary).get(url("audit_list")).status_code == 403
    assert "外院党支部" not in text(as_user(person(Role.AUDIT_ADMIN)).get(url("audit_list")))


def more_branches(hospital, branch, n):
    for _ in range(n):
        factories.appoint(factories.make_member(factories.make_branch(hospital)).user, branch, Role.PUBLICITY_MEMBER)


@pytest.mark.parametrize(
    "page", ["branch_tree", "branch_detail", "slips", "account_list", "audit_list", "person_search", "post_create"]
)
def test_every_list_costs_the_same_for_one_row_and_for_many(
    page, as_user, person, hospital, branch, django_assert_num_queries
):
    reader = person(Role.PARTY_OFFICE)
    factories.appoint(reader, hospital, Role.SYSTEM_ADMIN)
    args = [branch.pk] if page in {"branch_detail", "slips", "post_create"} else []
    client = as_user(reader)
    more_branches(hospital, branch, 1)
    client.get(url(page, *args), {"q": "党员"} if page == "person_search" else {})
    with CaptureQueriesContext(connection) as one:
        client.get(url(page, *args), {"q": "党员"} if page == "person_search" else {})
    more_branches(hospital, branch, 19)
    for n in range(19):
        services.found_branch(
            parent=hospital, name=f"新{n}支部", level=BranchLevel.BRANCH, founded_on=date(2020, 1, 1), actor=reader
        )
    with django_assert_num_queries(len(one)):
        client.get(url(page, *args), {"q": "党员"} if page == "person_search" else {})


@pytest.mark.parametrize("asked", ["²", "9" * 40])
def test_a_person_or_place_that_is_no_number_finds_nobody(as_user, office, branch, asked):
    client = as_user(office)
    assert client.get(url("person_search"), {"at": asked}).status_code == 200
    assert client.get(url("post_create", branch.pk), {"user": asked}).status_code == 200


@pytest.mark.parametrize("asked", [{"since": "0001-01-01"}, {"until": "9999-12-31"}])
def test_the_audit_trail_names_days_it_cannot_count_with(as_user, office, asked):
    page = as_user(office).get(url("audit_list"), asked)
    assert page.status_code == 422
    assert "请填写正确的日期。" in page.content.decode()
