"""The pages of the cycle: who sees which button, bad input kept, paper, and what stays unsaid."""

import uuid
from datetime import date
from io import BytesIO

import pytest
import time_machine
from django.urls import reverse
from openpyxl import load_workbook

from branches.choices import BranchKind, Role
from branches.models import AuditEntry, Notice
from members.models import Exemption, Member
from points.choices import ObjectionState, PeriodKind, PeriodState
from points.cycle.table import build, digest_of
from points.models import Entry, Objection, PeriodClose, Publication
from tests import factories

JULY, TODAY = date(2026, 7, 1), date(2026, 10, 12)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(factories.at(TODAY, 9), tick=True):
        yield


@pytest.fixture
def create(branch):
    return f"{reverse('points:publication_create', args=[branch.pk])}?quarter=2026-07-01"


@pytest.fixture
def entry(held, member_user) -> Entry:
    held([member_user.member], day=date(2026, 8, 12))
    return Entry.objects.get()


class TestPublication:
    def test_preview_then_confirm_then_read(self, as_user, branch, create, close_quarter, secretary, member_user):
        close_quarter(branch)
        page = as_user(secretary).get(create)
        assert "确认晾晒" in page.text
        answer = as_user(secretary).post(create, {"digest": page.context["digest"]})
        made = Publication.objects.get()
        assert answer["Location"] == reverse("points:publication_detail", args=[made.pk])
        seen = as_user(member_user).get(answer["Location"])
        assert "不能相加" in seen.text
        assert "对本人积分提出异议" in seen.text

    def test_figures_that_moved_answer_422_with_the_new_ones(
        self, as_user, branch, create, close_quarter, secretary, held
    ):
        close_quarter(branch)
        page = as_user(secretary).get(create)
        held([secretary.member], day=date(2026, 8, 12))
        answer = as_user(secretary).post(create, {"digest": page.context["digest"]})
        assert answer.status_code == 422
        assert "核对期间积分有变化" in answer.text
        assert answer.context["digest"] == digest_of(build(branch, JULY))

    def test_too_early_says_why(self, as_user, create, secretary):
        assert "还有3个月没有关账" in as_user(secretary).get(create).text
        assert as_user(secretary).post(create, {"digest": "x"}).status_code == 422

    def test_an_odd_quarter_of_the_address_is_the_last_one(self, as_user, branch, secretary):
        url = reverse("points:publication_create", args=[branch.pk])
        assert "2026年第三季度" in as_user(secretary).get(f"{url}?quarter=2026-99-99").text

    def test_the_reason_of_an_exemption_is_nowhere(self, as_user, branch, member_user, office, publish):
        Exemption.objects.create(
            member=member_user.member, ground="ill", starts_on=JULY, approved_on=JULY, entered_by=office
        )
        made = publish(branch)
        page = as_user(member_user).get(reverse("points:publication_detail", args=[made.pk]))
        assert "不参加积分" in page.text
        assert "病" not in page.text

    def test_a_phone_reads_a_line_for_each_person_and_paper_the_whole_table(
        self, as_user, branch, members, member_user, office, held, publish
    ):
        Exemption.objects.create(member=members[0], ground="ill", starts_on=JULY, approved_on=JULY, entered_by=office)
        held(members, day=date(2026, 8, 12))
        made = publish(branch)
        page = as_user(member_user).get(reverse("points:publication_detail", args=[made.pk])).text
        table, _, rest = page.partition("</table>")
        folds = rest.partition('<div class="folds">')[2].partition("</ul>")[0]
        for name in ("组织生活", "学习", "义务", "岗位", "服务", "荣誉", "扣分", "本季合计", "年度积分"):
            assert f">{name}</th>" in table
        assert folds.count("<li>") == len(made.table["rows"])
        assert folds.count("<details>") == len(made.table["rows"]) - 1  # who is exempt has nothing behind the name
        line = folds.partition(members[1].user.name)[2].partition("</details>")[0]
        assert "0.75" in line.partition("</summary>")[0]
        assert "<dt>组织生活</dt><dd>0.75</dd>" in line
        assert "提出异议" in line

    @pytest.mark.parametrize("file_format", ["xlsx", "docx"])
    def test_paper_is_logged_and_holds_no_formula(self, as_user, branch, publish, secretary, file_format):
        factories.make_member(branch, name="=1+1")
        made = publish(branch)
        answer = as_user(secretary).get(reverse("points:publication_detail", args=[made.pk]), {"format": file_format})
        assert answer.status_code == 200
        assert AuditEntry.objects.filter(action="points.exported").count() == 1
        if file_format == "xlsx":
            cells = [cell for row in load_workbook(BytesIO(answer.content)).worksheets[0] for cell in row]
            assert [cell.data_type for cell in cells if cell.value == "=1+1"] == ["s"]

    def test_a_changed_copy_is_told(self, as_user, branch, secretary, publish):
        made = publish(branch)
        detail = reverse("points:publication_detail", args=[made.pk])
        assert "内容与晾晒时不一致" not in as_user(secretary).get(detail).text

    def test_one_that_was_replaced_says_by_which(self, as_user, branch, members, office, publish):
        publish(branch)
        PeriodClose.objects.filter(kind=PeriodKind.QUARTER).update(state=PeriodState.OPEN)
        publish(branch, on=date(2026, 10, 13))
        page = as_user(office).get(reverse("points:publication_list")).text
        assert page.count("已被第2次晾晒替代") == 1

    @pytest.mark.parametrize("n", [1, 20])
    def test_the_list_costs_the_same(self, as_user, branch, office, n, django_assert_max_num_queries):
        for number in range(1, n + 1):
            Publication.objects.create(
                branch=branch, quarter=JULY, number=number, published_on=TODAY, objections_until=TODAY,
                answers_until=TODAY, appeals_until=TODAY, table={"rows": [], "late": []}, digest="",
            )  # fmt: skip
        client = as_user(office)
        with django_assert_max_num_queries(14):
            assert client.get(reverse("points:publication_list")).status_code == 200


def test_a_member_finds_the_publications_from_the_own_points(as_user, member_user):
    assert reverse("points:publication_list") in as_user(member_user).get(reverse("points:my_points")).text


class TestObjection:
    def url(self, **query):
        return reverse("points:objection_create") + "?" + "&".join(f"{k}={v}" for k, v in query.items())

    def test_raised_answered_appealed_and_decided_by_four_people(self, as_user, entry, member_user, secretary, office):
        url = self.url(entry=entry.pk)
        bad = as_user(member_user).post(url, {"text": "", "form_key": uuid.uuid4()})
        assert bad.status_code == 422
        as_user(member_user).post(url, {"text": "当天在岗值班，请核对", "form_key": uuid.uuid4()})
        one = Objection.objects.get()
        detail, act = (reverse(f"points:{name}", args=[one.pk]) for name in ("objection_detail", "objection_act"))
        assert "提交答复" not in as_user(member_user).get(detail).text
        kept = as_user(secretary).post(act, {"act": "answer", "upheld": "no", "answer": ""})
        assert kept.status_code == 422
        assert 'value="no" checked' in kept.text
        as_user(secretary).post(act, {"act": "answer", "upheld": "no", "answer": "签到记录无误"})
        as_user(member_user).post(act, {"act": "appeal", "appeal": "有排班表为证"})
        assert "提交裁定" in as_user(office).get(detail).text
        as_user(office).post(act, {"act": "decide", "upheld": "yes", "decision": "排班属实"})
        one.refresh_from_db()
        assert (one.state, one.upheld) == (ObjectionState.DECIDED, True)
        page = as_user(member_user).get(detail).text
        assert page.index("答复：不成立") < page.index("裁定：成立")

    def test_another_one_s_entry_or_objection_is_unknown(self, as_user, entry, member_user, publicity, secretary):
        assert as_user(publicity).get(self.url(entry=entry.pk)).status_code == 404
        as_user(member_user).post(self.url(entry=entry.pk), {"text": "请核对签到", "form_key": uuid.uuid4()})
        detail = reverse("points:objection_detail", args=[Objection.objects.get().pk])
        assert as_user(publicity).get(detail).status_code == 404
        assert as_user(secretary).get(detail).status_code == 200

    def test_a_published_line_of_a_colleague(self, as_user, branch, member_user, members, publish):
        made = publish(branch)
        page = as_user(member_user).get(reverse("points:publication_detail", args=[made.pk]))
        link = self.url(publication=made.pk, member=members[0].pk)
        assert link.replace("&", "&amp;") in page.text
        as_user(member_user).post(link, {"text": "少记一次党课", "form_key": uuid.uuid4()})
        assert Objection.objects.get().member == members[0]
        assert as_user(member_user).get(self.url(publication=made.pk, member=0)).status_code == 404

    def test_what_was_missing_is_settled_on_the_page_of_the_objection(
        self, as_user, branch, member_user, secretary, publish
    ):
        own = self.url(publication=publish(branch).pk)
        as_user(member_user).post(own, {"text": "少记一次党课", "form_key": uuid.uuid4()})
        one = Objection.objects.get()
        detail, act = (reverse(f"points:{name}", args=[one.pk]) for name in ("objection_detail", "objection_act"))
        as_user(secretary).post(act, {"act": "answer", "upheld": "yes", "answer": "漏报一次党课"})
        assert "等待支部补正积分" in as_user(member_user).get(detail).text
        assert "待补正" in as_user(member_user).get(reverse("points:objection_list")).text
        assert "补登活动记录" not in as_user(member_user).get(detail).text
        assert f"{reverse('activities:activity_create')}?branch={branch.pk}" in as_user(secretary).get(detail).text
        assert 'value="made_up"' not in as_user(member_user).get(detail).text
        assert as_user(member_user).post(act, {"act": "made_up"}).status_code == 422
        assert 'value="made_up"' in as_user(secretary).get(detail).text
        assert as_user(secretary).post(act, {"act": "made_up"}).status_code == 302
        page = as_user(member_user).get(detail).text
        assert "成立，已补正" in page
        assert "积分已补正" in page
        assert "等待支部补正积分" not in page

    def test_it_leads_to_what_is_contradicted_and_says_who_answered_in_place_of_the_term(
        self, as_user, branch, entry, member_user, secretary, publish
    ):
        made = publish(branch)
        as_user(member_user).post(self.url(entry=entry.pk), {"text": "当天在岗值班", "form_key": uuid.uuid4()})
        one = Objection.objects.get()
        detail, act = (reverse(f"points:{name}", args=[one.pk]) for name in ("objection_detail", "objection_act"))
        page = as_user(secretary).get(detail).text
        assert reverse("activities:activity_detail", args=[entry.source_id]) in page
        assert reverse("points:publication_detail", args=[made.pk]) in page
        assert "答复期限" in page
        as_user(secretary).post(act, {"act": "answer", "upheld": "no", "answer": "签到记录无误"})
        page = as_user(member_user).get(detail).text
        assert "答复期限" not in page
        assert f"{secretary.name}，2026年10月12日" in page

    def test_nothing_named_leads_to_the_open_window_or_says_there_is_none(self, as_user, branch, member_user, publish):
        assert "没有正在异议期内的晾晒" in as_user(member_user).get(self.url()).text
        publish(branch)
        assert "本人的积分" in as_user(member_user).get(self.url()).text

    def test_the_list_finds_what_waits_and_what_is_late(self, as_user, branch, member_user, secretary):
        for name, due in (("张晓明", date(2026, 10, 9)), ("李建国", date(2026, 10, 20))):
            Objection.objects.create(
                member=factories.make_member(branch, name=name), branch=branch, quarter=JULY,
                raised_by=member_user, text="异议", answer_due=due,
            )  # fmt: skip
        url = reverse("points:objection_list")
        late = as_user(secretary).get(url, {"show": "late"}).text
        assert "张晓明" in late
        assert "李建国" not in late
        assert as_user(secretary).get(url, {"q": "lijianguo"}).text.count("objections/") >= 1
        assert "没有符合条件" in as_user(secretary).get(url, {"q": "无此人"}).text
        assert "待我办理" not in as_user(member_user).get(url).text

    @pytest.mark.parametrize("n", [1, 20])
    def test_the_list_costs_the_same(self, as_user, branch, member_user, office, n, django_assert_max_num_queries):
        for _ in range(n):
            Objection.objects.create(
                member=factories.make_member(branch), branch=branch, quarter=JULY, raised_by=member_user,
                text="异议", answer_due=TODAY,
            )  # fmt: skip
        client = as_user(office)
        with django_assert_max_num_queries(14):
            assert client.get(reverse("points:objection_list")).status_code == 200


class TestPeriods:
    def test_each_period_says_what_is_next_and_offers_it_to_who_may(
        self, as_user, branch, secretary, office, member_user, close_quarter, publish
    ):
        url = reverse("points:period_detail", args=[branch.pk])
        assert "支部书记，到期系统办理" in as_user(secretary).get(url).text
        close_quarter(branch)
        assert "?quarter=2026-07-01" in as_user(secretary).get(url).text
        assert "?quarter=2026-07-01" not in as_user(office).get(url).text
        publish(branch)
        page = as_user(office).get(url).text
        assert "党员可以提出异议" in page
        assert 'value="lock"' not in page
        with time_machine.travel(factories.at(date(2026, 10, 20), 9), tick=True):
            assert 'value="lock"' in as_user(office).get(url).text

    def test_a_locked_quarter_offers_only_to_be_opened(self, as_user, branch, office):
        PeriodClose.objects.create(branch=branch, kind=PeriodKind.QUARTER, start=JULY, state=PeriodState.LOCKED)
        page = as_user(office).get(reverse("points:period_detail", args=[branch.pk])).text
        assert 'value="reopen"' in page


class TestAgenda:
    """What is held up by whom, for the Party office."""

    URL = "points:period_list"

    @pytest.fixture(autouse=True)
    def two(self, other_branch, close_quarter, branch):
        close_quarter(branch)  # by hand: from July on the months of the house are due

    def lines(self, page):
        return {line["branch"]: line for line in page.context["lines"]}

    def test_each_branch_says_what_is_next_by_when_and_who_holds_it(
        self, as_user, branch, other_branch, office, secretary, time_machine
    ):
        time_machine.move_to(factories.at(date(2026, 10, 9), 9))
        factories.make_branch(branch.hospital, kind=BranchKind.TEMPORARY, name="援外临时党支部")
        page = as_user(office).get(reverse(self.URL))
        found = self.lines(page)
        assert (found[branch]["matter"].what, found[branch]["who"]) == ("晾晒2026年第三季度积分", [secretary.name])
        assert found[branch]["matter"].due == date(2026, 10, 10)
        assert not found[branch]["late"]
        assert found[other_branch]["matter"].what == "关2026年7月账"
        assert found[other_branch]["late"]
        assert [line["branch"] for line in page.context["lines"]][:2] == [other_branch, branch]
        assert "不适用" in page.text
        late = as_user(office).get(reverse(self.URL), {"show": "late"})
        assert list(self.lines(late)) == [other_branch]

    def test_an_objection_is_held_by_who_may_answer_it(self, as_user, branch, member_user, secretary, office):
        due = date(2026, 10, 9)
        Objection.objects.create(
            member=member_user.member, branch=branch, quarter=JULY, raised_by=member_user, text="异议", answer_due=due
        )
        line = self.lines(as_user(office).get(reverse(self.URL)))[branch]
        assert (line["matter"].what, line["matter"].due, line["others"]) == ("答复异议", due, 1)
        assert secretary.name in line["who"]
        assert member_user.name not in line["who"]

    def test_the_office_urges_the_holder_once_a_day(self, as_user, branch, office, secretary, leader):
        line = self.lines(as_user(office).get(reverse(self.URL)))[branch]
        url, data = reverse("points:period_urge", args=[branch.pk]), {"key": line["matter"].key}
        for _ in range(2):
            assert as_user(office).post(url, data).status_code == 302
        told = Notice.objects.get(recipient=secretary, item_key=line["matter"].key)
        assert "催办" in told.text
        assert "今天已催办" in as_user(office).get(reverse(self.URL)).text
        assert AuditEntry.objects.filter(action="period.urged").count() == 1
        with time_machine.travel(factories.at(date(2026, 10, 13), 9), tick=True):
            as_user(office).post(url, data)
        assert Notice.objects.filter(recipient=secretary, item_key=line["matter"].key).count() == 2
        assert as_user(secretary).post(url, data).status_code == 403

    def test_quarters_whose_terms_are_over_are_locked_together_when_it_was_asked(
        self, as_user, branch, office, secretary, publish
    ):
        url = reverse("points:period_lock_all")
        publish(branch)
        assert "没有期限已满的季度" in as_user(office).post(url).text
        with time_machine.travel(factories.at(date(2026, 10, 20), 9), tick=True):
            assert "全部锁定" in as_user(office).get(reverse(self.URL)).text
            page = as_user(office).post(url)
            assert "2026年第三季度" in page.text
            assert not PeriodClose.objects.filter(state=PeriodState.LOCKED).exists()
            assert as_user(office).post(url, {"confirmed": "1"}).status_code == 302
        assert PeriodClose.objects.get(state=PeriodState.LOCKED).changed_by == office

    @pytest.mark.parametrize("n", [1, 12])
    def test_one_branch_and_twelve_cost_the_same(
        self, as_user, hospital, member_user, office, n, django_assert_max_num_queries
    ):
        for _ in range(n):
            node = factories.make_branch(hospital)
            factories.appoint(factories.UserFactory(), node, Role.BRANCH_SECRETARY)
            Objection.objects.create(
                member=member_user.member, branch=node, quarter=JULY, raised_by=member_user, text="异议",
                answer_due=TODAY,
            )  # fmt: skip
        client = as_user(office)
        with django_assert_max_num_queries(30):
            assert client.get(reverse(self.URL)).status_code == 200


def test_the_plan_item_leads_the_secretary_to_the_preview(as_user, owed, secretary, branch, organiser):
    item = owed("points_publication", start=JULY, end=date(2026, 9, 30), due=TODAY)
    url = reverse("activities:plan_item", args=[item.pk])
    assert "晾晒积分</a>" in as_user(secretary).get(url).text
    assert "晾晒积分</a>" not in as_user(organiser).get(url).text
    assert Member.objects.filter(branch=branch).count() == 2
