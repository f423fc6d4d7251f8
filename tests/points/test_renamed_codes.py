"""An edition gives an item another code: what an objection settled stays settled, in the dry run and in the ledger."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from activities.choices import AttendanceStatus
from points.choices import ClaimState
from points.claims.deductions import lift_deduction
from points.editions.applying import apply_edition
from points.editions.trial import run_trial, start_trial
from points.ledger.check import differences
from points.ledger.posting import lift_entry, post_source
from points.ledger.registry import feeds
from points.models import Claim, Entry, RuleVersion
from points.rulebook import editing
from points.rulebook.book import item_of
from points.rulebook.publishing import publish
from tests import factories
from tests.points.test_deductions import object_to

TODAY, NOVEMBER = factories.TODAY, date(2026, 11, 1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


@pytest.fixture
def lifted(held, members, organiser):
    """On two theme days: an award of members[0] and an absence of members[1], both lifted; members[2] has both."""
    for day in (date(2026, 11, 11), date(2026, 11, 18)):
        activity = held(members, day=day)
    activity.attendances.exclude(member=members[0]).update(status=AttendanceStatus.UNEXCUSED)
    activity.revision += 1
    activity.save()
    post_source(source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=None)
    entry = Entry.objects.standing().get(member=members[0], source_id=activity.pk)
    lift_entry(entry=entry, objection=object_to(entry=entry), actor=organiser)
    lift_deduction(claim=Claim.objects.get(member=members[1]), actor=organiser)


@pytest.fixture
def renamed(hospital, office):
    """From November on the theme day is A12 and the absence G21; nothing else is different."""
    source = RuleVersion.objects.get(hospital=None)
    draft = editing.start_draft(hospital=hospital, source=source, name="新编号", valid_from=NOVEMBER, actor=office)
    for old, new in (("A02", "A12"), ("G01", "G21")):
        row = draft.items.get(code=old)
        draft.refresh_from_db()
        item = replace(item_of(row), code=new)
        editing.save_item(draft=draft, item=item, version=draft.version, actor=office, pk=row.pk)
    draft.refresh_from_db()
    return draft


def standing(member):
    return list(Entry.objects.standing().filter(member=member).values_list("rule_code", "points").order_by("pk"))


def test_the_dry_run_counts_the_same_under_either_code(lifted, renamed, members, office):
    trial = start_trial(draft=renamed, today=TODAY, actor=office)
    run_trial(trial=trial, tell=lambda *_: None)
    years = {row[0]: row[4:] for row in trial.result["rows"]}
    assert [years[member.pk] for member in members] == [["60.75"] * 2, ["60.75"] * 2, ["58.75"] * 2]


def test_the_ledger_gives_nothing_back_under_the_new_code(lifted, renamed, members, office):
    edition = publish(draft=renamed, version=renamed.version, actor=office, today=TODAY, known=feeds())
    for _ in range(2):  # again changes nothing
        apply_edition(edition=edition, today=TODAY, tell=lambda *_: None)
    assert [standing(member) for member in members] == [[("A12", Decimal("0.75"))]] * 3
    announced = Claim.objects.filter(state=ClaimState.ANNOUNCED)
    assert list(announced.values_list("member", "rule_code")) == [(members[2].pk, "G21")]
    assert list(differences()) == []
