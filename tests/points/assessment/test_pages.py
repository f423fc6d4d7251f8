"""The pages of the assessment, for the branch and for the committee."""

from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from branches.choices import Role
from branches.models import AuditEntry
from points.choices import Grade
from points.models import AppraisalResult, Assessment, PointsBatch
from tests import factories
from tests.points.assessment.help import YEAR, one_in, sheet, veto

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
EXCELLENT, QUALIFIED, BASICALLY, UNQUALIFIED = Grade


class TestPages:
    @pytest.fixture
    def url(self, branch):
        return lambda name="assessment_detail": reverse(f"points:{name}", args=[branch.pk, YEAR])

    def test_from_the_votes_to_the_confirmed_grade(self, as_user, branch, people, organiser, secretary, leader, url):
        client = as_user(organiser)
        page = client.get(url())
        assert "2.00" in page.text
        data = {f"{name}-{people[4].pk}": value for name, value in zip("eqbu", "9100", strict=True)}
        data |= {f"version-{people[4].pk}": 1, "voters": "9"}
        keep = {}
        for member in people:
            if member not in (people[4], people[1]):
                keep |= {f"e-{member.pk}": 10, f"q-{member.pk}": 0, f"b-{member.pk}": 0, f"u-{member.pk}": 0}
                keep |= {f"version-{member.pk}": 1}
        answer = client.post(url("assessment_votes"), data | keep)
        assert answer.status_code == 422
        assert "合计10票，多于参加测评的9人" in answer.text
        assert client.post(url("assessment_votes"), data | keep | {"voters": "10"}).status_code == 302
        assert AppraisalResult.objects.get(member=people[4]).qualified == 1
        wrong = {"member": people[5].pk, "grade": "qualified", "reason": "好", "version": 1}
        answer = client.post(url("assessment_grade"), wrong)
        assert answer.status_code == 422
        assert 'value="好"' in answer.text
        assert client.post(url("assessment_move"), {"act": "propose", "version": 1}).status_code == 302
        back = {"act": "take_back", "version": Assessment.objects.get().version}
        assert 'value="take_back"' in client.get(url()).text
        assert client.post(url("assessment_move"), back).status_code == 302
        again = {"act": "propose", "version": Assessment.objects.get().version}
        assert client.post(url("assessment_move"), again).status_code == 302
        client = as_user(leader)
        assert 'value="take_back"' not in client.get(url()).text
        assert "等党委审定" in client.get(url()).text
        version = Assessment.objects.get().version
        answer = client.post(url("assessment_move"), {"act": "confirm", "version": version, "meeting": ""})
        assert answer.status_code == 422
        data = {"act": "confirm", "version": version, "meeting": "1月20日党委会"}
        assert client.post(url("assessment_move"), data).status_code == 302
        assert "1月20日党委会审定" in client.get(url()).text
        assert "积分未锁定" in client.get(url()).text

    def test_the_committee_enters_no_votes_the_branch_confirms_nothing(self, as_user, people, office, organiser, url):
        client = as_user(office)
        assert client.get(url("assessment_votes")).status_code == 403
        assert client.post(url("assessment_move"), {"act": "propose", "version": 0}).status_code == 403
        client = as_user(organiser)
        assert client.post(url("assessment_move"), {"act": "confirm", "version": 0}).status_code == 403

    @pytest.mark.parametrize("role", [Role.MEMBER, Role.PUBLICITY_MEMBER, Role.PARTY_COMMITTEE_MEMBER])
    def test_whoever_is_no_part_of_it_knows_of_no_such_page(self, as_user, person, people, url, role):
        assert as_user(person(role)).get(url()).status_code == 404

    def test_codes_of_vetoes_are_for_those_who_see_discipline(self, as_user, people, secretary, organiser, url):
        veto(people[5], "V03", secretary)
        assert "V03" in as_user(secretary).get(url()).text
        page = as_user(organiser).get(url()).text
        assert "V03" not in page
        assert "等次受限，不高于不合格" in page

    def test_the_committee_sees_all_branches_and_what_waits(
        self, as_user, branch, other_branch, people, office, propose
    ):
        factories.make_member(other_branch)
        propose()
        page = as_user(office).get(reverse("points:assessment_list"), {"year": YEAR})
        lines = {line.branch: line for line in page.context["overview"].lines}
        assert lines[branch].waits == "党委审定"
        assert dict(lines[branch].counts)[EXCELLENT] == 2
        assert lines[other_branch].waits == "支部登记测评（还有1人）"

    def test_the_pages_and_the_workbook_show_the_ratio_of_the_hospital(
        self, as_user, branch, people, office, propose, url
    ):
        one_in(5, branch.hospital)
        factories.make_member(factories.make_branch(branch.hospital))
        propose()
        client = as_user(office)
        page = client.get(reverse("points:assessment_list"), {"year": YEAR})
        assert "优秀一般不超过正式党员的20%" in page.text
        assert {line.branch: line.most for line in page.context["overview"].lines}[branch] == 1
        assert "<dt>比例</dt><dd>20%</dd>" in client.get(url()).text
        answer = client.get(url("assessment_file"), {"form": "list"})
        assert "6人×20%＝1.20，取1人" in load_workbook(BytesIO(answer.content)).active["A2"].value

    def test_the_list_costs_the_same_for_one_branch_and_for_many(self, as_user, hospital, people, office):
        factories.make_member(factories.make_branch(hospital))
        client, url = as_user(office), reverse("points:assessment_list")
        client.get(url)
        with CaptureQueriesContext(connection) as few:
            client.get(url)
        for _ in range(10):
            factories.make_member(factories.make_branch(hospital))
        with CaptureQueriesContext(connection) as many:
            assert len(client.get(url).context["overview"].lines) == 12
        assert len(many) == len(few)

    def test_an_import_is_looked_at_and_confirmed_in_the_browser(self, as_user, branch, people, organiser, url):
        client = as_user(organiser)
        data = sheet(("", "王丽", 1, 2, 0, 0))
        file = BytesIO(data)
        file.name = "测评.xlsx"
        answer = client.post(url("appraisal_upload"), {"file": file})
        batch = PointsBatch.objects.get()
        assert answer["Location"] == reverse("points:appraisal_batch", args=[batch.pk])
        assert "1/2/0/0" in client.get(answer["Location"]).text
        assert client.post(reverse("points:appraisal_batch_act", args=[batch.pk]), {"act": "apply"}).status_code == 302
        assert AppraisalResult.objects.get(member=people[4]).qualified == 2
        assert client.post(url("appraisal_upload"), {}).status_code == 422

    def test_the_list_is_a_workbook_on_record_in_which_text_stays_text(self, as_user, branch, people, organiser, url):
        people[0].user.name = "=1+1"
        people[0].user.save()
        answer = as_user(organiser).get(url("assessment_file"), {"form": "list"})
        sheet = load_workbook(BytesIO(answer.content)).active
        cell = sheet["B4"]
        assert (cell.value, cell.data_type) == ("=1+1", "s")
        assert "6人×1/3＝2.00，取2人" in sheet["A2"].value
        assert AuditEntry.objects.filter(action="assessment.printed").count() == 1
