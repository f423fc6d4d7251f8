"""The pages of claims: the form on the phone, one's own list, the review list, deductions and vetoes."""

import re
import uuid
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from branches.choices import BranchLevel, Role
from points.choices import ClaimState
from points.claims.evidence import ACCEPTED
from points.claims.reviewing import accept_claim
from points.claims.telling import page_of
from points.cycle.closing import close_months
from points.models import Claim, Entry, Evidence, Objection, PeriodClose
from tests import factories
from tests.points.claims_help import declare, edition, picture, written
from tests.points.statement_help import words
from tests.points.test_deductions_by_hand import deduct, veto

pytestmark = pytest.mark.usefixtures("on_the_day")
NEW = {"happened_on": "2026-11-11", "title": "在市血站无偿献血", "quantity": "", "level": ""}


@pytest.fixture
def member(members):
    return members[0]


def send(client, code="E05", **kw):
    data = NEW | {"item": code, "form_key": f"{uuid.uuid4()}", "files": [picture()]} | kw
    return client.post(reverse("points:claim_create"), {k: v for k, v in data.items() if v != []})


# --- claiming ---


def test_a_member_chooses_an_item_and_claims_it(member, as_user, organiser):
    client = as_user(member.user)
    choice = client.get(reverse("points:claim_create"))
    assert "E05无偿献血" in words(choice)
    assert "必须上传" in words(choice)
    assert "A01" not in words(choice)
    form = client.get(reverse("points:claim_create"), {"item": "E05"})
    assert 'name="quantity"' not in form.content.decode()
    assert 'name="points"' not in form.content.decode()
    answer = send(client)
    claim = Claim.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(claim))
    assert (claim.state, claim.points, claim.evidence.get().name) == (ClaimState.DECLARED, 1, "锦旗.jpg")
    page = words(client.get(page_of(claim)))
    assert "等待组织委员赵启明审核" in page
    assert "+1.00" in page


def test_a_draft_may_wait_for_its_evidence(member, as_user):
    client = as_user(member.user)
    assert send(client, files=[], act="draft").status_code == 302
    claim = Claim.objects.get()
    assert claim.state == ClaimState.DRAFT
    edit = reverse("points:claim_edit", args=[claim.pk])
    assert "在市血站无偿献血" in client.get(edit).content.decode()
    answer = client.post(edit, NEW | {"version": claim.version, "files": [picture()], "item": "E05"})
    assert answer.status_code == 302
    claim.refresh_from_db()
    assert claim.state == ClaimState.DECLARED


def test_the_hint_and_the_refusal_name_the_same_kinds_of_files(member, as_user):
    client = as_user(member.user)
    assert ACCEPTED in words(client.get(reverse("points:claim_create"), {"item": "E05"}))
    assert f"只能上传{ACCEPTED}" in words(send(client, files=[picture("锦旗.gif")]))


@pytest.mark.parametrize(
    ("kw", "said"),
    [
        ({"files": []}, "须上传依据"),
        ({"files": [picture("锦旗.exe")]}, "只能上传"),
        ({"happened_on": ""}, "请填写日期"),
        ({"happened_on": "2026-11-23"}, "不能晚于今天"),
        ({"title": ""}, "请写明是什么事"),
        ({"points": "20"}, "分值按规则计算"),
        ({"points": "many"}, "分值按规则计算"),
        ({"quantity": "9"}, "数量只能是1"),
        ({"code": "F01", "level": ""}, "请选择档次"),
        ({"code": "E01", "quantity": "两小时"}, "请填写数量"),
        ({"code": "A01"}, "不用本人申报"),
    ],
)
def test_a_bad_entry_is_said_beside_its_field_and_keeps_what_was_typed(member, as_user, kw, said):
    answer = send(as_user(member.user), **({"detail": "凌晨值班之后"} | kw))
    assert answer.status_code == 422
    assert said in words(answer)
    assert not Claim.objects.exists()
    assert not Evidence.objects.exists()
    if kw.get("code") != "A01":
        assert "凌晨值班之后" in answer.content.decode()


def test_chosen_files_stay_in_the_form_where_scripts_run(member, as_user):
    client = as_user(member.user)
    assert "依据请重新选择" in words(send(client, title=""))
    data = NEW | {"item": "E05", "form_key": f"{uuid.uuid4()}"}
    refused = client.post(
        reverse("points:claim_create"), data | {"title": "", "files": [picture()]}, HTTP_HX_REQUEST="true"
    )
    assert refused.status_code == 422
    assert "依据请重新选择" not in words(refused)
    saved = client.post(reverse("points:claim_create"), data | {"files": [picture()]}, HTTP_HX_REQUEST="true")
    assert saved["HX-Redirect"] == page_of(Claim.objects.get())


def test_the_second_tab_is_shown_both_texts(member, as_user):
    claim = declare(member, declare=False, title="在县血站献血")
    Claim.objects.update(version=5)
    answer = as_user(member.user).post(
        reverse("points:claim_edit", args=[claim.pk]), NEW | {"version": "1", "item": "E05"}
    )
    assert answer.status_code == 422
    assert "在县血站献血" in words(answer)
    assert "在市血站无偿献血" in answer.content.decode()
    assert 'name="version" value="5"' in answer.content.decode()


def test_evidence_is_opened_by_its_owner_and_the_reviewers_alone(member, members, organiser, as_user):
    send(as_user(member.user))
    url = reverse("points:claim_evidence", args=[Evidence.objects.get().pk])
    answer = as_user(organiser).get(url)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "image/jpeg"
    assert as_user(members[1].user).get(url).status_code == 404


def test_a_photo_is_shown_in_the_page_and_a_document_never(member, members, as_user, organiser):
    send(as_user(member.user), files=[picture()])
    photo = Evidence.objects.get()
    shown = reverse("points:claim_evidence", args=[photo.pk]) + "?inline"
    assert f'<img src="{shown}"' in as_user(organiser).get(page_of(photo.claim)).content.decode()
    answer = as_user(organiser).get(shown)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert answer["Content-Disposition"].startswith("inline")
    assert answer["Cache-Control"] == "private, no-store"
    assert as_user(members[1].user).get(shown).status_code == 404
    document = declare(member, title="另一次献血").evidence.get()
    url = reverse("points:claim_evidence", args=[document.pk]) + "?inline"
    answer = as_user(organiser).get(url)
    assert answer["Content-Disposition"].startswith("attachment")
    assert url not in as_user(organiser).get(page_of(document.claim)).content.decode()


def test_one_sees_ones_claims_with_their_states_and_reasons(member, members, as_user, organiser):
    written(member, state=ClaimState.REJECTED, comment="不属于志愿服务")
    written(members[1], title="别人的事")
    deduct(member, organiser)
    page = words(as_user(member.user).get(reverse("points:claim_list")))
    assert "不属于志愿服务" in page
    assert "已告知，待入账" in page
    assert "11月25日入账" in page
    assert "别人的事" not in page
    only = words(as_user(member.user).get(reverse("points:claim_list"), {"kind": "minus"}))
    assert "不属于志愿服务" not in only


def test_a_claim_of_somebody_else_is_unknown(member, members, as_user):
    claim = declare(member)
    client = as_user(members[1].user)
    for name in ("claim_detail", "claim_edit", "claim_withdraw", "claim_review", "claim_void"):
        assert client.get(reverse(f"points:{name}", args=[claim.pk])).status_code == 404


def test_whoever_is_no_member_has_nothing_to_claim(as_user, office):
    assert as_user(office).get(reverse("points:claim_create")).status_code == 200
    assert send(as_user(office)).status_code == 200
    assert not Claim.objects.exists()


# --- reviewing ---


def test_the_reviewer_decides_on_the_page(member, as_user, organiser):
    claim = declare(member)
    client, url = as_user(organiser), reverse("points:claim_review", args=[claim.pk])
    assert "请您审核" in words(client.get(page_of(claim)))
    answer = client.post(url, {"answer": "reject", "comment": ""})
    assert answer.status_code == 422
    assert "请写明不通过的原因" in words(answer)
    assert client.post(url, {"answer": "accept"}).status_code == 302
    answer = client.post(url, {"answer": "accept"})
    assert answer.status_code == 422
    assert "已由赵启明处理" in words(answer)
    assert Entry.objects.count() == 1


def test_the_claimant_is_refused_and_sees_no_button(organiser, secretary, as_user):
    claim = declare(organiser.member)
    client = as_user(organiser)
    assert "请您审核" not in words(client.get(page_of(claim)))
    answer = client.post(reverse("points:claim_review", args=[claim.pk]), {"answer": "accept"})
    assert answer.status_code == 422
    assert "本人的申报由他人审核" in words(answer)
    assert not Entry.objects.exists()


def test_the_list_has_the_oldest_first_and_filters(members, as_user, organiser):
    older = declare(members[0], "E05", title="献血")
    newer = declare(members[1], "F01", level="city", title="市级先进", day=date(2026, 10, 9))
    Claim.objects.filter(pk=older.pk).update(declared_at=factories.at(date(2026, 11, 1)))
    client, url = as_user(organiser), reverse("points:claim_review_list")

    def found(**kw):
        return [line["claim"] for line in client.get(url, kw).context["lines"]]

    assert found() == [older, newer]
    assert found(category="HON") == found(month="2026-10") == found(q="市级") == [newer]
    assert found(q=str(members[0])) == [older]
    assert found(state="accepted") == []
    assert "没有找到“无此事”" in words(client.get(url, {"q": "无此事"}))
    assert found(month="2026-99", category="x", branch="y", page="z") == [older, newer]


def test_ticked_claims_are_accepted_together(members, as_user, organiser, secretary):
    claims = [declare(one) for one in members]
    own = declare(organiser.member)
    ticked = {"claim": [*(claim.pk for claim in claims), own.pk, "x"]}
    answer = as_user(organiser).post(reverse("points:claim_accept_many"), ticked, follow=True)
    assert "已通过3条申报" in words(answer)
    assert "本人的申报由他人审核" in words(answer)
    assert Entry.objects.count() == 3


@pytest.mark.parametrize("name", ["claim_review_list", "deduction_list"])
def test_a_list_costs_the_same_for_one_row_and_twenty(branch, as_user, organiser, name):
    client, url = as_user(organiser), reverse(f"points:{name}")

    def queries():
        with CaptureQueriesContext(connection) as counted:
            client.get(url)
        return len(counted)

    def row():
        written(factories.make_member(branch))
        told = {"state": ClaimState.ANNOUNCED, "postable_from": date(2026, 11, 25)}
        written(factories.make_member(branch), "G08", **told)

    row()
    client.get(url)
    one = queries()
    for _ in range(19):
        row()
    assert queries() == one


def test_the_group_leader_finds_the_first_reviews_of_the_group(branch, hospital, as_user, organiser):
    group, other = (factories.make_branch(branch, level=BranchLevel.GROUP) for _ in range(2))
    leader = factories.make_member(branch, group=group)
    factories.appoint(leader.user, group, Role.GROUP_LEADER)
    edition(hospital, E05={"reviewed_by": "leader_first"})
    mine, elsewhere = (declare(factories.make_member(branch, group=one)) for one in (group, other))
    declare(factories.make_member(branch, group=group), "F01", level="city", title="市级先进")
    client = as_user(leader.user)
    answer = client.get(reverse("points:claim_review_list"))
    assert [line["claim"] for line in answer.context["lines"]] == [mine]
    assert client.get(page_of(elsewhere)).status_code == 404
    client.post(reverse("points:claim_review", args=[mine.pk]), {"answer": "accept"})
    mine.refresh_from_db()
    assert (mine.state, mine.first_by) == (ClaimState.DECLARED, leader.user)


def test_an_accepted_claim_is_voided_on_its_page(member, as_user, organiser):
    claim = accept_claim(claim=declare(member), actor=organiser)
    client, url = as_user(organiser), reverse("points:claim_void", args=[claim.pk])
    assert "作废" in words(client.get(page_of(claim)))
    assert client.post(url, {}).status_code == 422
    assert client.post(url, {"reason": "献血证有误"}).status_code == 302
    assert not Entry.objects.standing().exists()
    assert "献血证有误" in words(as_user(member.user).get(page_of(claim)))


# --- deductions and vetoes ---


def test_a_deduction_is_entered_on_its_page(member, as_user, organiser):
    client, url = as_user(organiser), reverse("points:deduction_create")
    page = words(client.get(url))
    assert "G05拒不承担或未完成交办任务：未完成" in page
    assert "G09" not in page
    assert "G01" not in page
    data = {"member": member.pk, "code": "G05:unfinished", "happened_on": "2026-10-20", "title": "值班表没有交"}
    bad = client.post(url, data | {"title": ""})
    assert bad.status_code == 422
    assert "请写明是什么事" in words(bad)
    assert client.post(url, data | {"member": "x"}).status_code == 422
    assert client.post(url, data).status_code == 302
    claim = Claim.objects.get()
    assert (claim.state, claim.points) == (ClaimState.ANNOUNCED, -1)
    own = words(as_user(member.user).get(page_of(claim)))
    assert "这是扣分告知，还没有入账" in own
    assert "拒不承担−3分，未完成−1分" in own


def test_others_of_the_branch_see_that_there_is_a_deduction_but_not_why(member, as_user, organiser, person):
    discipline = person(Role.DISCIPLINE_MEMBER)
    claim = deduct(member, discipline, code="G09", level="reminded", document_no="纪〔2026〕3号")
    page = words(as_user(organiser).get(reverse("points:deduction_list")))
    assert "纪律扣分" in page
    assert "−3.00" in page
    assert not [word for word in ("G09", "提醒", "诫勉", "纪〔2026〕3号", "10月20日") if word in page]
    assert as_user(organiser).get(page_of(claim)).status_code == 404
    assert "纪〔2026〕3号" in words(as_user(discipline).get(page_of(claim)))
    assert "受到提醒、批评教育或诫勉" in words(as_user(member.user).get(page_of(claim)))


def test_a_deduction_is_taken_back_on_its_page(member, as_user, organiser):
    claim = deduct(member, organiser)
    url = reverse("points:deduction_withdraw", args=[claim.pk])
    assert as_user(organiser).post(url, {}).status_code == 422
    assert as_user(organiser).post(url, {"reason": "登记有误"}).status_code == 302
    claim.refresh_from_db()
    assert claim.state == ClaimState.WITHDRAWN


def test_a_veto_goes_through_three_hands_on_the_pages(member, as_user, person, secretary, office):
    discipline = person(Role.DISCIPLINE_MEMBER)
    data = {"member": member.pk, "code": "V01", "decided_on": "2026-10-20", "document_no": "纪〔2026〕9号"}
    assert as_user(discipline).post(reverse("points:veto_create"), data | {"document_no": ""}).status_code == 422
    assert as_user(discipline).post(reverse("points:veto_create"), data).status_code == 302
    claim = Claim.objects.get()
    for user in (secretary, office):
        assert "纪〔2026〕9号" in words(as_user(user).get(reverse("points:veto_list")))
        answer = as_user(user).post(reverse("points:claim_review", args=[claim.pk]), {"answer": "accept"})
        assert answer.status_code == 302
    assert Entry.objects.get().points == 0
    page = words(as_user(office).get(page_of(claim)))
    assert "一票否决登记已确认，已生效，并告知本人。" in page
    assert "入账" not in page.split("一票否决")[-1]


def test_a_confirmed_veto_stands_above_the_year_with_the_grade_it_leaves_and_without_its_reason(
    member, as_user, person, secretary, office, organiser
):
    discipline = person(Role.DISCIPLINE_MEMBER)
    claim, said = veto(member, discipline), "2026年有已确认的一票否决。年度考核最高为基本合格。"
    accept_claim(claim=claim, actor=secretary)
    assert said not in words(as_user(member.user).get(reverse("points:my_points")))
    accept_claim(claim=claim, actor=office)
    own = words(as_user(member.user).get(reverse("points:my_points")))
    assert said in own
    assert "纪〔2026〕9号" not in own
    there = reverse("points:member_points", args=[member.pk])
    assert said in words(as_user(discipline).get(there))
    assert "一票否决" not in words(as_user(organiser).get(there))


def test_a_veto_is_taken_back_on_its_page_by_who_entered_it(member, as_user, person, secretary):
    discipline = person(Role.DISCIPLINE_MEMBER)
    claim, client = veto(member, discipline), as_user(discipline)
    url = reverse("points:veto_withdraw", args=[claim.pk])
    assert "确定撤回" in words(client.get(page_of(claim)))
    bad = client.post(url, {"reason": ""})
    assert bad.status_code == 422
    assert "请写明撤回的原因" in words(bad)
    assert client.post(url, {"reason": "文号有误"}).status_code == 302
    assert "撤回登记" in words(client.get(page_of(claim)))


def test_whoever_reviews_a_veto_does_not_take_it_back(member, as_user, person, secretary):
    claim = veto(member, person(Role.DISCIPLINE_MEMBER))
    assert "确定撤回" not in words(as_user(secretary).get(page_of(claim)))


def test_a_veto_is_hidden_from_who_may_not_see_discipline(member, as_user, person, organiser):
    claim = veto(member, person(Role.DISCIPLINE_MEMBER))
    assert as_user(organiser).get(page_of(claim)).status_code == 404
    assert as_user(organiser).get(reverse("points:veto_list")).status_code == 403
    assert "一票否决" not in words(as_user(organiser).get(reverse("points:claim_review_list"))).split("本人申报")[1]


# --- contradicting ---


def object_link(client, claim):
    """Where the page of the claim leads to contradict it, None where it does not."""
    found = re.search(r'href="([^"]*objections/create/[^"]*)"', client.get(page_of(claim)).content.decode())
    return found and found.group(1)


def test_a_deduction_is_contradicted_from_its_page_while_announced_and_once_posted(
    branch, member, as_user, secretary, claimed
):
    new = reverse("points:objection_create")
    claim = claimed(member, "G08", "-0.5", ClaimState.ANNOUNCED, day=date(2026, 10, 8))
    assert object_link(as_user(secretary), claim) is None
    client = as_user(member.user)
    assert object_link(client, claim) == f"{new}?claim={claim.pk}"
    close_months(branches=[branch], month=date(2026, 10, 1), actor=secretary, today=factories.TODAY)
    link = object_link(client, claim)
    assert link == f"{new}?entry={Entry.objects.get().pk}"
    client.post(link, {"text": "当天佩戴了徽章", "form_key": uuid.uuid4()})
    assert Objection.objects.get().entry == Entry.objects.get()
    assert object_link(client, claim) is None


def test_an_accepted_claim_is_contradicted_from_its_page_until_its_quarter_is_locked(branch, member, as_user, claimed):
    client = as_user(member.user)
    claim = claimed(member)
    assert object_link(client, claim) == f"{reverse('points:objection_create')}?entry={Entry.objects.get().pk}"
    PeriodClose.objects.create(branch=branch, kind="quarter", start=date(2026, 10, 1), state="locked")
    assert object_link(client, claim) is None


@pytest.mark.parametrize("state", [ClaimState.DECLARED, ClaimState.REJECTED, ClaimState.VOIDED])
def test_a_claim_that_is_not_in_the_ledger_is_not_contradicted(member, as_user, claimed, state):
    assert object_link(as_user(member.user), claimed(member, state=state)) is None


def test_a_veto_is_not_contradicted_here(member, as_user, claimed):
    claim = claimed(member, "V01", "0", title="警告处分", document_no="纪〔2026〕1号")
    assert Entry.objects.get().category == "VETO"
    assert object_link(as_user(member.user), claim) is None
