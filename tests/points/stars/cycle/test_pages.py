"""The pages of the yearly round, role by role: what is offered, what is done, what is said when it is refused."""

import re
import uuid

import pytest

from branches.choices import Role
from points.choices import MarkKind, RatingState
from points.models import StarObjection, StarRound
from tests import factories
from tests.points.stars.cycle import help
from tests.points.stars.cycle.help import AFTER, YEAR, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on", "card")]


@pytest.fixture
def enter(client):
    def run(user):
        client.force_login(user, backend="branches.accounts.backends.LoginNameBackend")
        return client

    return run


def detail(branch, year=YEAR):
    return f"/points/stars/branches/{branch.pk}/{year}/"


def text(answer):
    return re.sub(r"<[^>]+>|\s+", "", answer.content.decode())


class TestCard:
    def test_the_secretary_hands_in_and_changes_it(self, enter, rated, secretary):
        client = enter(secretary)
        assert "提交自评，总分85.00" in text(client.get(detail(rated)))
        answer = client.post(
            f"{detail(rated)}move/", {"act": "self_rate", "version": "0", "line-9.1": "台账已补", "comment": "平稳"}
        )
        assert answer.url == f"{detail(rated)}#cycle"
        page = text(client.get(detail(rated)))
        assert "修改自评" in page
        assert "台账已补" in page
        assert (row_of(rated).comments, row_of(rated).self_comment) == ({"9.1": "台账已补"}, "平稳")
        client.post(f"{detail(rated)}move/", {"act": "take_back", "version": "1"})
        assert row_of(rated).state == RatingState.RETURNED

    def test_what_was_typed_is_kept_when_it_is_refused(self, enter, rated, secretary):
        answer = enter(secretary).post(
            f"{detail(rated)}move/", {"act": "self_rate", "version": "7", "comment": "写了很久的说明", "line-9.1": "补"}
        )
        assert answer.status_code == 422
        assert "刚被其他人办理过" in text(answer)
        assert "写了很久的说明" in text(answer)

    def test_others_of_the_branch_read_and_are_offered_nothing(self, enter, rated, secretary, person):
        help.self_rate(rated, secretary)
        client = enter(person(Role.ORGANISATION_MEMBER, rated))
        page = client.get(detail(rated)).content.decode()
        assert "自评和复核" in page
        assert "/move/" not in page
        assert client.post(f"{detail(rated)}move/", {"act": "self_rate", "version": "1"}).status_code == 403
        assert client.post(f"{detail(rated)}move/", {"act": "review", "version": "1"}).status_code == 403

    def test_the_office_reviews_returns_and_opens_again(self, enter, hospital, rated, secretary, office):
        help.self_rate(rated, secretary)
        client = enter(office)
        move = f"{detail(rated)}move/"
        assert client.post(move, {"act": "return", "version": "1", "reason": ""}).status_code == 422
        client.post(move, {"act": "return", "version": "1", "reason": "请补充说明"})
        assert row_of(rated).review_comment == "请补充说明"
        help.self_rate(rated, secretary)
        client.post(move, {"act": "review", "version": "3", "seen": "85.00", "comment": "属实"})
        assert row_of(rated).state == RatingState.REVIEWED
        help.publicise(hospital, office)
        assert "退回重新复核的原因" in client.get(detail(rated)).content.decode()
        client.post(move, {"act": "back", "reason": "补计加分项"})
        assert row_of(rated).state == RatingState.SELF_RATED
        page = text(client.get(detail(rated)))
        assert "党委办公室退回重新复核" in page

    def test_nonsense_is_told(self, enter, rated, office):
        for asked in ({"act": "other"}, {"act": "review", "version": "x", "seen": "abc"}):
            assert enter(office).post(f"{detail(rated)}move/", asked).status_code == 422

    def test_a_veto_is_told_on_top_of_the_page(self, on, enter, rated, office):
        help.approved_before(rated, 4)
        help.mark(rated, MarkKind.VETO, title="骗保案件")
        assert "现为一星" in text(enter(office).get(detail(rated)))

    def test_follow_ups_are_settled_by_the_office(self, on, enter, hospital, rated, displayed, leader, office):
        help.score(rated, "50")
        displayed()
        on(AFTER)
        help.approve(hospital, leader)
        client = enter(office)
        assert "软弱涣散整顿" in client.get(detail(rated)).content.decode()
        asked = {"act": "settle", "kind": "star_rectify", "note": ""}
        assert client.post(f"{detail(rated)}move/", asked).status_code == 422
        client.post(f"{detail(rated)}move/", asked | {"note": "整顿验收合格"})
        assert "软弱涣散整顿" not in client.get(detail(rated)).content.decode()


class TestRound:
    def url(self, hospital):
        return f"/points/stars/rounds/{hospital.pk}/{YEAR}/"

    def test_the_office_reviews_the_ticked_and_publicises(self, enter, hospital, rated, secretary, office):
        help.self_rate(rated, secretary)
        client = enter(office)
        page = client.get(f"/points/stars/?year={YEAR}").content.decode()
        tick = re.search(r'name="branch" value="([^"]+)"', page)[1]
        assert tick == f"{rated.pk}:1:85.00"
        assert client.post(self.url(hospital), {"act": "review_many"}).status_code == 422
        client.post(self.url(hospital), {"act": "review_many", "branch": tick})
        assert row_of(rated).state == RatingState.REVIEWED
        version = help.round_version(hospital)
        assert client.post(self.url(hospital), {"act": "publicise", "version": version}).status_code == 422
        client.post(self.url(hospital), {"act": "publicise", "version": version, "sure": "on"})
        assert StarRound.objects.get().state == "publicised"

    def test_what_was_left_is_named(self, enter, hospital, rated, secretary, office):
        help.self_rate(rated, secretary)
        answer = enter(office).post(self.url(hospital), {"act": "review_many", "branch": f"{rated.pk}:1:84.00"})
        assert answer.status_code == 422
        assert "页面上是84.00分" in text(answer)

    def test_the_committee_orders_who_is_equal(self, on, enter, hospital, rated, displayed, leader):
        first, second, _ = (help.rated_branch(hospital, total) for total in ("95", "95", "70"))
        displayed()
        on(AFTER)
        client, version = enter(leader), help.round_version(hospital)
        page = client.get(f"/points/stars/?year={YEAR}").content.decode()
        assert f'name="rank-{first.pk}"' in page
        asked = {
            "act": "approve",
            "version": version,
            "sure": "on",
            "meeting": "3月2日党委会",
            "tie_reason": "研究决定",
        }
        same = {f"rank-{first.pk}": "1", f"rank-{second.pk}": "1"}
        answer = client.post(self.url(hospital), asked | same)
        assert (answer.status_code, "次序不能相同" in text(answer)) == (422, True)
        client.post(self.url(hospital), asked | {f"rank-{first.pk}": "2", f"rank-{second.pk}": "1"})
        assert (row_of(first).stars, row_of(second).stars) == (4, 5)
        assert "3月2日党委会" in client.get(f"/points/stars/?year={YEAR}").content.decode()

    def test_a_reader_without_the_right_sees_no_panel(self, enter, hospital, rated, person):
        help.rated_branch(hospital, "70")
        client = enter(person(Role.PARTY_COMMITTEE_MEMBER))
        assert "/points/stars/rounds/" not in client.get(f"/points/stars/?year={YEAR}").content.decode()
        assert client.post(self.url(hospital), {"act": "publicise"}).status_code == 403
        assert client.post(self.url(hospital), {"act": "approve"}).status_code == 403

    def test_the_office_of_another_hospital_does_not_find_it(self, enter, hospital, person):
        other = factories.make_branch()
        assert enter(person(Role.PARTY_OFFICE, other)).post(self.url(hospital), {"act": "publicise"}).status_code == 404

    def test_one_branch_and_twenty_cost_the_same(self, enter, hospital, rated, secretary, office):
        help.self_rate(rated, secretary)
        help.rated_branch(hospital, "70")
        client = enter(office)
        few = help.queries_of(lambda: client.get(f"/points/stars/?year={YEAR}"))
        for n in range(20):
            help.rated_branch(hospital, f"{60 + n}")
        assert help.queries_of(lambda: client.get(f"/points/stars/?year={YEAR}")) == few


class TestPublicity:
    def test_every_member_reads_it_and_may_object(self, enter, displayed, rated, person):
        displayed()
        member = person(Role.MEMBER, rated)
        client = enter(member)
        page = client.get("/points/stars/publicity/")
        assert "总分85.00，按分数线为四星" in page.content.decode()
        link = f"/points/stars/publicity/{row_of(rated).pk}/"
        assert link in page.content.decode()
        asked = {"text": "字", "form_key": str(uuid.uuid4())}
        assert client.post(link, asked).status_code == 422
        for _ in range(2):  # the same form sent twice
            client.post(link, asked | {"text": "少算一次活动"})
        assert StarObjection.objects.get().raised_by == member
        assert "少算一次活动" in client.get("/points/stars/objections/").content.decode()
        assert "待答复" in client.get("/points/stars/publicity/").content.decode()

    def test_before_the_publicity_there_is_nothing_to_see(self, enter, rated, secretary, person):
        help.self_rate(rated, secretary)
        client = enter(person(Role.MEMBER, rated))
        assert "没有公示中的星级" in client.get("/points/stars/publicity/").content.decode()
        assert client.get(f"/points/stars/publicity/{row_of(rated).pk}/").status_code == 404

    def test_a_member_of_another_hospital_sees_nothing_of_it(self, enter, displayed, rated, person):
        displayed()
        elsewhere = factories.make_branch(factories.make_branch())
        client = enter(person(Role.MEMBER, elsewhere))
        assert "门诊党支部" not in client.get("/points/stars/publicity/").content.decode()
        assert client.get(f"/points/stars/publicity/{row_of(rated).pk}/").status_code == 404

    def test_the_office_answers(self, enter, displayed, rated, secretary, office):
        displayed()
        made = help.object_to(rated, secretary)
        client, url = enter(office), f"/points/stars/objections/{made.pk}/answer/"
        assert f'action="{url}"' in client.get("/points/stars/objections/").content.decode()
        refused = client.post(url, {"answer": "经核对无误"})
        assert (refused.status_code, "请选择异议是否成立" in text(refused)) == (422, True)
        assert "经核对无误" in text(refused)
        client.post(url, {"answer": "经核对无误", "upheld": "no"})
        assert StarObjection.objects.get().state == "refused"
        assert "没有符合条件" in client.get("/points/stars/objections/?state=raised").content.decode()

    def test_the_raiser_is_offered_no_answer(self, enter, displayed, rated, secretary):
        displayed()
        made = help.object_to(rated, secretary)
        client = enter(secretary)
        assert "/answer/" not in client.get("/points/stars/objections/").content.decode()
        assert client.post(f"/points/stars/objections/{made.pk}/answer/", {}).status_code == 403

    def test_a_list_of_one_and_of_twenty_cost_the_same(self, enter, hospital, displayed, rated, secretary, office):
        others = [help.rated_branch(hospital, f"{60 + n}") for n in range(19)]
        displayed()
        help.object_to(rated, secretary)
        client = enter(office)
        one = help.queries_of(lambda: client.get("/points/stars/objections/"))
        for node in others:
            help.object_to(node, secretary)
        assert help.queries_of(lambda: client.get("/points/stars/objections/")) == one
