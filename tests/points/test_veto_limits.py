"""What a veto does to the grade of its year stands in its row: filled in for the old ones, chosen for new ones."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.urls import reverse

from branches import append_only
from branches.choices import Role
from points.catalogue import CATALOGUE
from points.choices import Category, Grade
from points.models import Claim, RuleVersion
from points.rulebook.book import plan_of
from tests import factories
from tests.points.claims_help import edition
from tests.points.test_points_pages import words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
fill = import_module("points.migrations.0009_veto_limits").fill


@pytest.fixture
def draft(hospital):
    """With a veto of the hospital's own, V08, of which nothing is said yet."""
    version = edition(hospital, V03={"code": "V08", "title": "违反竞业规定", "grade_limit": "", "points_text": ""})
    with append_only.suspended():
        RuleVersion.objects.filter(pk=version.pk).update(published_at=None)
    return version


def test_a_new_house_has_what_the_catalogue_says():
    assert plan_of(RuleVersion.objects.get(hospital=None)).items == CATALOGUE


def test_editions_written_before_keep_the_effect_their_codes_had(draft):
    limits = draft.items.filter(category=Category.VETO).values_list("code", "grade_limit").order_by("code")
    before = list(limits)
    draft.items.update(grade_limit="")
    with append_only.suspended():
        fill(apps, None)
    assert list(limits) == before
    assert dict(before)["V08"] == dict(before)["V05"] == ""


@pytest.mark.parametrize(("code", "limit"), [("A01", Grade.UNQUALIFIED), ("V08", Grade.EXCELLENT)])
def test_the_database_knows_no_other_limit(draft, code, limit):
    with pytest.raises(IntegrityError), transaction.atomic():
        draft.items.filter(code=code).update(grade_limit=limit)


def test_the_office_says_it_in_the_form_and_everybody_reads_it(as_user, office, draft):
    client, row = as_user(office), draft.items.get(code="V08")
    book = reverse("points:rule_edition", args=[draft.pk])
    assert "年度考核：按决定，等次由会议登记" in words(client.get(book))
    url = reverse("points:rule_item", args=[draft.pk, row.pk])
    form = client.get(url).context["form"]
    typed = {name: value for name, value in form.initial.items() if value not in (None, "", False)}
    assert client.post(url, typed | {"grade_limit": "excellent"}).status_code == 422
    assert client.post(url, typed | {"grade_limit": "qualified"}).status_code == 302
    row.refresh_from_db()
    assert (row.grade_limit, row.points_text) == ("qualified", "评定不高于合格")
    assert "评定不高于合格" in words(client.get(book))


def test_an_item_that_is_no_veto_any_more_limits_nothing(as_user, office, draft):
    client, row = as_user(office), draft.items.get(code="V02")
    url = reverse("points:rule_item", args=[draft.pk, row.pk])
    typed = {name: value for name, value in client.get(url).context["form"].initial.items() if value != ""}
    assert typed["grade_limit"] == "unqualified"
    changed = typed | {"category": "DED", "points": "-5", "declared_by": "office"}
    changed.pop("evidence_required")
    assert client.post(url, changed).status_code == 302
    row.refresh_from_db()
    assert (row.category, row.grade_limit) == (Category.DED, "")


def test_who_enters_a_veto_and_who_reviews_it_read_what_it_does(as_user, person, hospital, branch, secretary):
    edition(hospital, V02={"grade_limit": "qualified", "title": "受到行政处罚"})
    discipline = person(Role.DISCIPLINE_MEMBER)
    page = words(as_user(discipline).get(reverse("points:veto_create")))
    assert "V02受到行政处罚（评定不高于合格）" in page
    assert "V05上级决定的其他一票否决（按决定，等次由会议登记）" in page
    member = factories.make_member(branch)
    typed = {"member": member.pk, "code": "V02", "decided_on": "2026-10-20", "document_no": "公〔2026〕9号"}
    as_user(discipline).post(reverse("points:veto_create"), typed)
    page = words(as_user(secretary).get(reverse("points:claim_detail", args=[Claim.objects.get().pk])))
    assert "年度考核评定不高于合格" in page
