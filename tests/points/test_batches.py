"""Results from a workbook: what each row means, all or nothing, the good rows alone, the same file again."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from branches.choices import Role
from branches.models import Notice, Todo, User
from members.models import Member
from points.choices import BatchState, ClaimState, PeriodKind, PeriodState, Reviewer
from points.claims import batches
from points.claims.batch_reading import HEAD
from points.claims.batches import apply_batch, cancel_batch, forget_old_batches, lines_of, upload_batch
from points.claims.reviewing import accept_claim
from points.ledger.check import differences
from points.models import Claim, Entry, PeriodClose, PointsBatch
from tests import factories
from tests.points.claims_help import declare, edition
from tests.points.statement_help import words

pytestmark = pytest.mark.usefixtures("on_the_day")
DAY = "2026-11-11"


@pytest.fixture
def people(branch):
    found = [factories.make_member(branch, name=name) for name in ("甲一", "乙二", "丙三")]
    for n, one in enumerate(found):
        User.objects.filter(pk=one.user_id).update(staff_no=f"S{n}")
    return found


def workbook(*rows, head=HEAD):
    book = Workbook()
    book.active.append(list(head))
    for row in rows:
        book.active.append([row.get(name) for name in head])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def row(number=0, code="B03", day=DAY, **kw):
    return {"工号": f"S{number}", "项目编号": code, "日期": day} | kw


def upload(branch, actor, *rows, **kw):
    return upload_batch(branch=branch, file_name="测试.xlsx", data=workbook(*rows), actor=actor, **kw)


def refused(what, field="", **kw):
    with pytest.raises(ValidationError) as error:
        what(**kw)
    return "".join(error.value.message_dict[field] if field else error.value.messages)


# --- reading ---


def test_a_result_earns_its_item_or_is_left_out(branch, people, office):
    batch = upload(branch, office, row(0, 结果="80"), row(1, 结果="79.5"), row(2, 结果=92.5))
    assert batch.summary == {"good": 2, "known": 0, "left": 1, "wrong": 0}
    assert [(line.name, line.kind, line.points) for line in lines_of(batch)] == [
        ("甲一", "good", "0.50"),
        ("乙二", "left", "0.50"),
        ("丙三", "good", "0.50"),
    ]


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ({"工号": "S9"}, "工号", "机关第一党支部的名册中没有这个工号"),
        ({"姓名": "丁四"}, "姓名", "与工号不符：名册中工号S0是甲一"),
        ({"工号": None, "姓名": "丁四"}, "姓名", "没有这个人"),
        ({"项目编号": "Z99"}, "项目编号", "没有这个编号"),
        ({"项目编号": "A01"}, "项目编号", "自动记分"),
        ({"项目编号": "G08"}, "项目编号", "扣分须先告知本人"),
        ({"项目编号": "V01"}, "项目编号", "由纪检委员登记"),
        ({"项目编号": "V07", "结果": "较差"}, "文号", "须填写决定的文号"),
        ({"项目编号": "F01"}, "档次", "国家级、省级"),
        ({"项目编号": "E01"}, "数量", "请填写数量（小时）"),
        ({"项目编号": "E01", "数量": 1}, "数量", "每满2小时"),
        ({"数量": 5}, "数量", "数量只能是1"),
        ({"日期": "2026-11-23"}, "日期", "不能晚于今天"),
        ({"日期": "昨天"}, "日期", "日期"),
        ({"日期": "2019-05-01"}, "日期", "不在名册中"),
        ({"日期": "2026-09-30"}, "日期", "已锁定"),
        ({"结果": "良好"}, "结果", "0至100"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(branch, people, office, cells, column, said):
    locked = PeriodState.LOCKED
    PeriodClose.objects.create(branch=branch, kind=PeriodKind.QUARTER, start=date(2026, 7, 1), state=locked)
    batch = upload(branch, office, row(1, 结果="90"), row(0) | {"结果": "90" if "结果" not in cells else None} | cells)
    line = lines_of(batch)[1]
    assert (line.kind, line.row, line.column) == ("wrong", 3, column)
    assert said in line.problem
    assert not Claim.objects.exists()


def test_a_row_twice_in_one_file_is_wrong(branch, people, office):
    batch = upload(branch, office, row(0), row(0))
    assert [(line.kind, line.problem) for line in lines_of(batch)] == [
        ("good", ""),
        ("wrong", "与第2行重复，一件事只记一次。"),
    ]


def test_item_and_day_may_be_said_once_for_all(branch, people, office):
    rows = ({"工号": "S0", "结果": "优秀"}, {"工号": "S1", "结果": "良好"}, {"工号": "S2"})
    batch = upload(branch, office, *rows, item="D07", day=date(2026, 11, 1))
    assert [(line.name, line.kind, line.code) for line in lines_of(batch)] == [
        ("甲一", "good", "D07"),
        ("乙二", "left", "D07"),
    ]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"not a workbook \x00", "x.xlsx", "另存为"),
        (workbook({"a": 1}, head=("a", "b", "c")), "x.xlsx", "没有找到表头"),
        (workbook({"姓名": "甲一"}), "x.xlsx", "没有填写任何结果"),
    ],
)
def test_a_file_of_no_use_is_refused(branch, people, office, data, name, said):
    assert said in refused(upload_batch, "file", branch=branch, file_name=name, data=data, actor=office)
    assert not PointsBatch.objects.exists()


def test_results_go_to_branches_one_answers_for(other_branch, organiser, publicity, branch):
    for actor, node in ((organiser, other_branch), (publicity, branch)):
        said = refused(upload_batch, "branch", branch=node, file_name="x.xlsx", data=workbook(row()), actor=actor)
        assert "您负责的" in said


# --- applying ---


def test_what_the_office_enters_is_in_the_ledger_at_once(branch, people, office):
    batch = upload(branch, office, row(0, 结果="90"), row(1, "F01", 档次="市级", 事由="市级先进"))
    assert apply_batch(batch=batch, actor=office)[:2] == (2, 0)
    assert sorted(Entry.objects.values_list("rule_code", "points")) == [("B03", Decimal("0.5")), ("F01", 4)]
    assert Claim.objects.filter(state=ClaimState.ACCEPTED, decided_by=office).count() == 2
    told = Notice.objects.get(recipient=people[1].user).text
    assert told == "11月11日的积分登记“市级先进”（荣誉）已通过，+4.00分已入账"
    assert list(differences()) == []


def test_what_a_branch_enters_waits_for_somebody_else_of_it(branch, people, organiser, secretary):
    batch = upload(branch, organiser, row(0, 结果="90"), row(1, 结果="90"))
    assert apply_batch(batch=batch, actor=organiser)[:2] == (0, 2)
    assert not Entry.objects.exists()
    todo = Todo.objects.get()
    assert (todo.role, todo.title) == ("branch_secretary", "审核批量登记的积分")
    first, second = Claim.objects.order_by("pk")
    assert "您登记的由他人审核" in refused(accept_claim, claim=first, actor=organiser)
    accept_claim(claim=first, actor=secretary)
    assert Todo.objects.filter(done_at=None).exists()
    accept_claim(claim=second, actor=secretary)
    assert not Todo.objects.filter(done_at=None).exists()


def test_everybody_who_reviews_some_of_it_has_a_to_do_for_as_long_as_that(branch, people, secretary, organiser, person):
    """The organiser's own row goes to the deputy; whoever is done is not asked any more."""
    person(Role.DEPUTY_SECRETARY)
    User.objects.filter(pk=organiser.pk).update(staff_no="S7")
    batch = upload(branch, secretary, row(0, 结果="90"), row(7, 结果="90"), row(1, 结果="90"))
    apply_batch(batch=batch, actor=secretary)

    def asked():
        return set(Todo.objects.filter(done_at=None).values_list("role", flat=True))

    assert asked() == {Role.ORGANISATION_MEMBER, Role.DEPUTY_SECRETARY}
    first, second = Claim.objects.exclude(member__user=organiser)
    accept_claim(claim=first, actor=organiser)
    assert asked() == {Role.ORGANISATION_MEMBER, Role.DEPUTY_SECRETARY}
    accept_claim(claim=second, actor=organiser)
    assert asked() == {Role.DEPUTY_SECRETARY}


def test_a_group_leader_is_asked_and_then_the_organiser(branch, groups, people, secretary, organiser, hospital):
    edition(hospital, B03={"reviewed_by": Reviewer.LEADER_FIRST})
    leader = factories.make_member(branch, name="丁四").user
    factories.appoint(leader, groups[0], Role.GROUP_LEADER)
    Member.objects.filter(pk=people[0].pk).update(group=groups[0])
    apply_batch(batch=upload(branch, secretary, row(0, 结果="90"), row(1, 结果="90")), actor=secretary)
    asked = Todo.objects.filter(done_at=None).order_by("pk").values_list("role", "branch")
    assert set(asked) == {(Role.GROUP_LEADER, groups[0].pk), (Role.ORGANISATION_MEMBER, branch.pk)}
    accept_claim(claim=Claim.objects.get(member=people[0]), actor=User.objects.get(pk=leader.pk))
    assert list(asked.all()) == [(Role.ORGANISATION_MEMBER, branch.pk)]


def test_the_importers_own_row_is_decided_by_somebody_else(branch, people, hospital, organiser):
    User.objects.filter(pk=people[0].user_id).update(name="孔令仪")
    factories.appoint(people[0].user, hospital, Role.PARTY_OFFICE)
    actor = User.objects.get(pk=people[0].user_id)
    batch = upload(branch, actor, row(0, 结果="90"), row(1, 结果="90"))
    assert apply_batch(batch=batch, actor=actor)[:2] == (1, 1)
    assert Claim.objects.get(member=people[0]).state == ClaimState.DECLARED


def test_one_wrong_row_holds_up_all_unless_the_good_ones_are_asked_for(branch, people, office):
    batch = upload(branch, office, row(0, 结果="90"), row(9, 结果="90"))
    assert "还有1行不能登记" in refused(apply_batch, "good_only", batch=batch, actor=office)
    assert not Claim.objects.exists()
    assert apply_batch(batch=batch, good_only=True, actor=office).entered == 1


def test_the_same_file_again_adds_nothing(branch, people, office):
    rows = (row(0, 结果="90"), row(1, 结果="90"))
    batch = upload(branch, office, *rows)
    apply_batch(batch=batch, actor=office)
    assert apply_batch(batch=batch, actor=office) == (0, 0, False)
    again = upload(branch, office, *rows)
    assert again.summary == {"good": 0, "known": 2, "left": 0, "wrong": 0}
    assert "没有需要登记的" in refused(apply_batch, batch=again, actor=office)
    assert Entry.objects.count() == 2


def test_what_changed_since_the_preview_is_shown_anew(branch, people, office):
    batch = upload(branch, office, row(0, 结果="90"), row(1, 结果="90"))
    start, locked = date(2026, 10, 1), PeriodState.LOCKED
    PeriodClose.objects.create(branch=branch, kind=PeriodKind.QUARTER, start=start, state=locked)
    assert apply_batch(batch=batch, actor=office).stale
    batch.refresh_from_db()
    assert (batch.state, batch.summary["wrong"]) == (BatchState.PREVIEW, 2)
    assert not Claim.objects.exists()


def test_a_bad_appraisal_becomes_a_veto_that_others_confirm(branch, people, office, secretary):
    batch = upload(branch, office, row(0, "V07", 结果="较差", 文号="医德〔2026〕1号"), row(1, "V07", 结果="良好"))
    assert batch.summary["left"] == 1
    assert apply_batch(batch=batch, actor=office)[:2] == (0, 1)
    claim = Claim.objects.get()
    assert (claim.state, claim.category, claim.title) == (ClaimState.DECLARED, "VETO", "一票否决")
    accept_claim(claim=claim, actor=secretary)
    assert not Entry.objects.exists()


def test_what_the_member_claimed_already_is_known(branch, people, office):
    declare(people[0], "E05", title="无偿献血")
    batch = upload(branch, office, row(0, "E05"))
    assert lines_of(batch)[0].kind == "known"


def test_a_cancelled_batch_and_an_old_one_are_emptied(branch, people, office):
    batch = upload(branch, office, row(0))
    cancel_batch(batch=batch, actor=office)
    assert "已取消" in refused(apply_batch, batch=batch, actor=office)
    old = upload(branch, office, row(1))
    past = timezone.now() - timedelta(days=settings.IMPORT_KEEP_DAYS, hours=1)
    PointsBatch.objects.filter(pk=old.pk).update(created_at=past)
    assert (forget_old_batches(), forget_old_batches()) == (1, 0)
    old.refresh_from_db()
    assert (old.state, old.payload) == (BatchState.CANCELLED, "")


def test_reading_costs_the_same_for_one_row_and_twenty(branch, office, django_assert_max_num_queries):
    members = [factories.make_member(branch) for _ in range(20)]
    for n, one in enumerate(members):
        User.objects.filter(pk=one.user_id).update(staff_no=f"S{n}")
    with django_assert_max_num_queries(20) as one_row:
        upload(branch, office, row(0))
    with django_assert_max_num_queries(len(one_row.captured_queries)):
        upload(branch, office, *(row(n) for n in range(20)))


# --- pages ---


def test_upload_preview_and_registration_on_the_pages(branch, people, as_user, office):
    client = as_user(office)
    assert "登记到" in words(client.get(reverse("points:batch_list")))
    file = BytesIO(workbook(row(0, 结果="90"), row(9, 结果="90"), row(1, 结果="60")))
    file.name = "知识测试.xlsx"
    answer = client.post(reverse("points:batch_list"), {"branch": branch.pk, "file": file})
    batch = PointsBatch.objects.get()
    url = reverse("points:batch_detail", args=[batch.pk])
    assert answer["Location"] == url
    page = words(client.get(url))
    assert "第3行“工号”" in page
    assert "不计分的1行" in page
    apply = reverse("points:batch_apply", args=[batch.pk])
    assert client.post(apply).status_code == 422
    refused_rows = client.get(reverse("points:batch_refused", args=[batch.pk]))
    sheet = load_workbook(BytesIO(refused_rows.content)).worksheets[0]
    assert sheet["A2"].value == "S9"
    assert "没有这个工号" in sheet.cell(2, len(HEAD) + 1).value
    assert client.post(apply, {"good_only": "1"}).status_code == 302
    assert "1条已入账" in words(client.get(url))
    assert Entry.objects.count() == 1


def test_a_bad_upload_says_why(branch, as_user, office):
    client, url = as_user(office), reverse("points:batch_list")
    assert "请选择文件" in words(client.post(url, {"branch": branch.pk}))
    file = BytesIO(b"%PDF-1.7")
    file.name = "结果.xlsx"
    answer = client.post(url, {"branch": branch.pk, "file": file})
    assert answer.status_code == 422
    assert "请选择党支部" in words(client.post(url, {"branch": "x"}))


def test_the_template_has_the_roster_and_reads_back(branch, people, as_user, organiser):
    User.objects.filter(pk=people[0].user_id).update(name="=1+1")
    answer = as_user(organiser).get(reverse("points:batch_template"))
    book = load_workbook(BytesIO(answer.content))
    sheet = book.worksheets[0]
    names = [cell.value for cell in sheet["B"]]
    assert {"乙二", "丙三", "=1+1"} <= set(names)
    assert sheet.cell(names.index("=1+1") + 1, 2).data_type == "s"
    codes = {cell.value for cell in book.worksheets[1]["A"]}
    assert {"B03", "D07", "V07", "E05"} <= codes
    assert not codes & {"A01", "G08", "V01"}
    assert "没有填写任何结果" in refused(
        upload_batch, "file", branch=branch, file_name="x.xlsx", data=answer.content, actor=organiser
    )
    assert batches.items_for_batches(branch.hospital, date(2026, 11, 22))
