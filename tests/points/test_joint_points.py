"""What a joint gathering is worth: each part posts its own people once, and each branch's book holds its own part."""

from decimal import Decimal
from io import BytesIO

import docx
import pytest

from activities.choices import Kind
from activities.handbook import building
from activities.handbook.book import Book
from activities.models import Activity, StudyHours
from activities.records import reviewing
from activities.records.drafting import Absence
from points.ledger.check import differences
from points.models import Entry
from tests import factories
from tests.activities.joint_cast import TODAY, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(factories.at(TODAY, 10))


@pytest.fixture
def cast(branch, other_branch, secretary, organiser):
    return Cast(branch, other_branch, secretary, organiser)


def people_of(activity):
    return set(Entry.objects.filter(source_id=activity.pk).values_list("member", flat=True))


def test_each_part_posts_its_own_people_when_it_is_confirmed_and_nobody_twice(cast):
    host, part = cast.confirmed_part()
    assert people_of(part) == {one.pk for one in cast.guests}
    assert people_of(host) == set()
    cast.confirm(host)
    assert people_of(host) == set(host.attendances.values_list("member", flat=True))
    assert not people_of(host) & people_of(part)
    assert {entry.branch for entry in Entry.objects.filter(source_id=part.pk)} == {cast.guest}
    once = Entry.objects.values_list("member", "rule_code", "source_id")
    assert len(once) == len(set(once))


def test_the_lecturer_is_paid_at_home_alone_and_both_branches_book_the_hours(cast):
    kinds = (Kind.PARTY_LECTURE,)
    host = cast.save(kinds=kinds, lecturer=cast.secretary, hours=Decimal(2))
    part = host.parts.get()
    cast.hand_in(host)
    cast.hand_in_part(part)
    cast.confirm_part(part)
    cast.confirm(Activity.objects.get(pk=host.pk))
    leading = Entry.objects.filter(reason__startswith="主讲")
    assert [(entry.source_id, entry.member.user) for entry in leading] == [(host.pk, cast.secretary)]
    booked = StudyHours.objects.filter(activity=part)
    assert {(row.member_id, row.hours) for row in booked} == {(one.pk, Decimal("2.0")) for one in cast.guests}


def test_a_correction_of_the_common_text_keeps_the_ledger_true(cast):
    host, part = cast.confirmed_part()
    cast.confirm(host)
    host.refresh_from_db()
    people = {cast.people[0].pk: Absence("unexcused")}
    reviewing.correct_activity(
        activity=host, people=people, texts={"topic": "义诊"}, reason="笔误", actor=cast.organiser
    )
    part.refresh_from_db()
    assert (part.topic, part.revision) == ("义诊", 2)
    assert people_of(part) == {one.pk for one in cast.guests}
    assert Entry.objects.standing().filter(source_id=part.pk).count() == len(cast.guests)
    assert list(differences(2026)) == []


def test_the_handbook_of_each_branch_holds_its_own_part(cast):
    host, _ = cast.confirmed_part()
    cast.confirm(host)
    for branch in (cast.host, cast.guest):
        out = BytesIO()
        building.build(Book.of(branch, 2026, TODAY), "docx", out)
        words = "\n".join(node.text or "" for node in docx.Document(out).element.body.iter() if node.tag.endswith("}t"))
        assert "联合举办：主办机关第一党支部，协办内科第二党支部。" in words
        assert words.count("主题党日共1次") == 1
