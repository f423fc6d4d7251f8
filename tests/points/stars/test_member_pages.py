"""The pages of the stars of members, for the branch, the committee, the member and those who only read."""

from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from branches.choices import Role
from branches.models import AuditEntry
from points.models import MemberStarScheme
from points.stars.members import deciding
from points.stars.members.figures import star_board
from tests import factories
from tests.points.assessment.help import YEAR, points, polled, veto
from tests.points.stars.member_help import MEETING, graded, honour, version_now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


@pytest.fixture
def url(branch):
    return lambda name="detail": reverse(f"points:member_star_{name}", args=[branch.pk, YEAR])


@pytest.fixture
def confirmed(ten, leader, hand_in, settle):
    hand_in()
    settle(deciding.confirm, leader, meeting=MEETING)


class TestTheWay:
    def test_from_the_equals_to_the_confirmed_star(self, as_user, branch, ten, secretary, office, leader, url):
        points(ten[2], "98")
        graded(branch, office)
        client = as_user(secretary)
        page = client.get(url()).text
        assert "以下2人在名额线上并列" in page
        assert "10人×20%＝2.00，取2人" in page
        assert 'value="propose"' not in page
        data = {"member": ten[2].pk, "choice": "5", "reason": "好", "version": 0}
        answer = client.post(url("row"), data)
        assert answer.status_code == 422
        assert 'value="好"' in answer.text
        assert client.post(url("row"), data | {"reason": "支委会表决4票赞成"}).status_code == 302
        assert client.post(url("move"), {"act": "propose", "version": version_now(branch)}).status_code == 302
        assert 'value="take_back"' in client.get(url()).text
        client = as_user(leader)
        assert "等党委审定" in client.get(url()).text
        data = {"act": "confirm", "version": version_now(branch), "meeting": ""}
        assert client.post(url("move"), data).status_code == 422
        assert client.post(url("move"), data | {"meeting": MEETING}).status_code == 302
        assert f"{MEETING}审定" in client.get(url()).text

    def test_the_branch_confirms_nothing_and_the_committee_hands_in_nothing(
        self, as_user, branch, secretary, office, grades, url
    ):
        assert as_user(office).post(url("move"), {"act": "propose", "version": 0}).status_code == 403
        assert as_user(secretary).post(url("move"), {"act": "confirm", "version": 0}).status_code == 403
        assert as_user(secretary).post(url("move"), {"act": "", "version": 0}).status_code == 422

    def test_nobody_is_offered_to_decide_the_own_row(self, as_user, ten, secretary, grades, url):
        page = as_user(secretary).get(url()).text
        assert f'<option value="{ten[1].pk}">' in page
        assert f'<option value="{ten[0].pk}">' not in page


class TestReaders:
    @pytest.mark.parametrize("role", [Role.PUBLICITY_MEMBER, Role.PARTY_COMMITTEE_MEMBER])
    def test_others_read_the_confirmed_stars_and_no_grades(
        self, as_user, person, role, ten, hand_in, leader, settle, url
    ):
        client = as_user(person(role))
        assert "还没有审定的星级" in client.get(url()).text
        assert "林晓雯" not in client.get(url()).text
        hand_in()
        settle(deciding.confirm, leader, meeting=MEETING)
        page = client.get(url()).text
        assert "林晓雯" in page
        assert "综合得分" not in page
        assert "优秀" not in page
        assert client.get(url("file")).status_code == 403

    @pytest.mark.parametrize("role", [Role.MEMBER, Role.DISCIPLINE_OFFICE])
    def test_whoever_sees_no_stars_knows_of_no_such_page(self, as_user, person, ten, role, url):
        assert as_user(person(role)).get(url()).status_code == 404

    def test_the_superior_reads_numbers_and_no_names(self, as_user, person, confirmed, url):
        client = as_user(person(Role.SUPERIOR_VIEWER))
        assert client.get(url()).status_code == 403
        page = client.get(reverse("points:member_star_list")).text
        assert "机关第一党支部" in page
        assert url() not in page

    def test_a_veto_shows_that_the_star_is_gone_and_nothing_of_why(
        self, as_user, ten, secretary, publicity, confirmed, url
    ):
        veto(ten[0], "V03", secretary)
        for reader in (publicity, secretary):
            page = as_user(reader).get(url()).text
            assert "星级已取消" in page
            assert "V03" not in page


class TestOwnPage:
    def mine(self, client, year=YEAR):
        return client.get(reverse("points:my_points") + f"?year={year}").text

    def test_before_the_grades_are_confirmed_it_is_a_preview_that_betrays_none(self, as_user, ten):
        page = self.mine(as_user(ten[0].user))
        assert "如果现在评定" in page
        assert "年度考核达到基本合格" in page
        assert "尚未审定" in page

    def test_a_confirmed_star_says_why_and_what_the_next_one_takes(self, as_user, ten, confirmed):
        page = self.mine(as_user(ten[6].user))
        assert "已审定" in page
        assert "三星" in page
        page = self.mine(as_user(ten[8].user))
        assert "离三星还差" in page
        assert "还差5分" in page

    def test_who_missed_a_place_reads_so(self, as_user, ten, confirmed):
        page = self.mine(as_user(ten[2].user))
        assert "达到五星条件，五星名额已满" in page

    def test_a_veto_takes_it_on_ones_own_page(self, as_user, ten, secretary, confirmed):
        veto(ten[0], "V04", secretary)
        assert "星级已取消" in self.mine(as_user(ten[0].user))

    def test_colleagues_who_give_no_grades_do_not_see_it(self, as_user, ten, publicity, secretary, confirmed):
        address = reverse("points:member_points", args=[ten[3].pk]) + f"?year={YEAR}"
        assert "党员星级" not in as_user(publicity).get(address).text
        assert "党员星级" in as_user(secretary).get(address).text


class TestFiles:
    def rows(self, answer):
        return [[cell.value for cell in row] for row in load_workbook(BytesIO(answer.content)).active]

    def test_the_list_of_a_branch_says_until_confirmed_that_it_is_not(self, as_user, branch, secretary, grades, url):
        answer = as_user(secretary).get(url("file") + "?format=xlsx")
        text = str(self.rows(answer))
        assert "未审定，仅供核对" in text
        assert "五星2人" in text
        assert AuditEntry.objects.filter(action="member_stars.printed").count() == 1
        assert as_user(secretary).get(url("file") + "?format=docx").status_code == 200
        assert as_user(secretary).get(url("file") + "?format=odt").status_code == 404

    def test_the_list_of_the_hospital_has_confirmed_branches_and_names_the_others(
        self, as_user, other_branch, office, ten, confirmed, secretary
    ):
        factories.make_member(other_branch, name="不在其中")
        veto(ten[1], "V04", secretary)
        text = str(self.rows(as_user(office).get(reverse("points:member_star_hospital_file") + f"?year={YEAR}")))
        assert "林晓雯" in text
        assert "星级已取消" in text
        assert "不在其中" not in text
        assert "内科第二党支部" in text

    def test_the_branch_has_no_list_of_the_hospital(self, as_user, secretary):
        assert as_user(secretary).get(reverse("points:member_star_hospital_file")).status_code == 403


class TestTerms:
    DATA = {
        "valid_from": "2026", "five_from": "96", "four_from": "86", "three_from": "76", "two_from": "61",
        "five_share": "15", "four_share": "40", "least_rated": "6", "worst": "2", "deeds": ["D02"], "basis": "院党3号",
    }  # fmt: skip

    @pytest.fixture
    def terms(self):
        return reverse("points:member_star_terms")

    def test_an_edition_counts_from_its_year_on(self, as_user, hospital, branch, office, ten, terms):
        client = as_user(office)
        assert client.get(terms).status_code == 200
        assert client.post(terms, self.DATA).status_code == 302
        scheme = MemberStarScheme.objects.get(hospital=hospital)
        assert (scheme.valid_from, scheme.deeds, scheme.least_rated) == (2026, ["D02"], 6)
        assert star_board(branch, 2026, factories.TODAY).terms.least(5) == 96
        assert star_board(branch, YEAR, factories.TODAY).terms.least(5) == 95
        assert client.post(terms, self.DATA | {"worst": "3"}).status_code == 302
        assert MemberStarScheme.objects.filter(hospital=hospital).count() == 1
        assert AuditEntry.objects.filter(action="member_stars.terms_set").count() == 2

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"four_from": "97"}, "应依次降低"),
            ({"five_share": "60"}, "不能大于四星以上比例"),
            ({"two_from": "x"}, "请填写数字"),
            ({"deeds": ["Z99"]}, "Z99"),
        ],
    )
    def test_what_makes_no_sense_is_refused_and_kept(self, as_user, hospital, office, terms, wrong, words):
        answer = as_user(office).post(terms, self.DATA | wrong)
        assert answer.status_code == 422
        assert words in answer.text
        assert not MemberStarScheme.objects.filter(hospital=hospital).exists()

    def test_not_for_a_year_somebody_handed_in(self, as_user, hospital, office, hand_in, terms):
        hand_in()
        answer = as_user(office).post(terms, self.DATA | {"valid_from": "2025"})
        assert answer.status_code == 422
        assert "2025年度已有支部提出星级，请从2026年度起修改" in answer.text
        assert as_user(office).post(terms, self.DATA).status_code == 302

    def test_any_year_has_terms_and_one_without_people_says_so(self, as_user, branch, secretary):
        page = as_user(secretary).get(reverse("points:member_star_detail", args=[branch.pk, 2001])).text
        assert "没有可以评星的党员" in page

    def test_the_branch_sets_no_terms(self, as_user, secretary, terms):
        assert as_user(secretary).get(terms).status_code == 403


class TestQueries:
    def count(self, client, address):
        client.get(address)  # the posts of the reader are known from then on
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(address).status_code == 200
        return len(found)

    def test_as_many_for_six_as_for_twenty_six(
        self, as_user, hospital, branch, other_branch, ten, organiser, office, grades, url
    ):
        client = as_user(office)
        pages = [url(), reverse("points:member_star_list") + f"?year={YEAR}"]
        factories.make_member(other_branch)
        few = [self.count(client, page) for page in pages]
        for n in range(20):
            member = factories.make_member(branch, name=f"新增{n}")
            points(member, str(60 + n))
            polled(member, 10, 0, 0, 0, by=organiser)
            honour(member)
            factories.make_member(factories.make_branch(hospital, name=f"支部{n}"))
        graded(branch, office)
        assert [self.count(client, page) for page in pages] == few

    def test_a_small_branch_reads_its_hospital_in_as_many_statements(self, as_user, hospital, other_branch, office):
        factories.make_member(other_branch)
        address = reverse("points:member_star_detail", args=[other_branch.pk, YEAR])
        client = as_user(office)
        few = self.count(client, address)
        for n in range(12):
            node = factories.make_branch(hospital, name=f"支部{n}")
            for _ in range(3):
                factories.make_member(node)
        assert self.count(client, address) == few
