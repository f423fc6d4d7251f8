"""The Party office's spot check: a lot that nobody picks, marked once, one's own left to a colleague."""

from datetime import date

import pytest
from django.urls import reverse

from branches.models import AuditEntry
from points.choices import ClaimState
from points.claims.checks import mark_checked, quarter_of, sample_of
from points.claims.trail import trail_of
from tests import factories
from tests.points.claims_help import written
from tests.points.statement_help import words

pytestmark = pytest.mark.usefixtures("on_the_day")
QUARTER = quarter_of(date(2026, 11, 22))


@pytest.fixture
def accepted(members):
    return [written(members[n % 3], state=ClaimState.ACCEPTED, title=f"献血{n}") for n in range(11)]


def test_a_tenth_is_drawn_and_always_the_same(accepted, branch, other_branch):
    written(factories.make_member(other_branch), state=ClaimState.ACCEPTED)
    written(accepted[0].member, state=ClaimState.ACCEPTED, happened_on=date(2026, 9, 30), title="上个季度")
    written(accepted[0].member, title="还没有审核")
    shares, drawn = sample_of([branch, other_branch], QUARTER)
    assert [(one.branch, one.accepted, one.wanted, one.seen) for one in shares] == [
        (branch, 11, 2, 0),
        (other_branch, 1, 1, 0),
    ]
    assert sample_of([branch, other_branch], QUARTER)[1] == drawn
    assert set(drawn) != set(sample_of([branch], quarter_of(date(2026, 9, 1)))[1])


def test_what_was_seen_is_on_the_trail_once(accepted, office):
    assert mark_checked(claims=accepted[:2], actor=office) == 2
    assert mark_checked(claims=accepted[:2], actor=office) == 0
    assert AuditEntry.objects.filter(action="claim.checked").count() == 2
    assert trail_of(accepted[0])[0].text == "党委办公室抽查，属实"


def test_the_offices_own_claim_is_left_to_a_colleague(branch, office):
    own = written(factories.make_member(branch, user=office), state=ClaimState.ACCEPTED)
    assert mark_checked(claims=[own], actor=office) == 0


def test_the_office_checks_on_the_page(accepted, branch, as_user, office, organiser):
    client, url = as_user(office), reverse("points:claim_check_list")
    page = client.get(url)
    drawn = [claim.pk for claim, _, _ in page.context["lines"]]
    assert len(drawn) == 2
    answer = client.post(url, {"claim": [*drawn, accepted[0].pk, "x"], "quarter": "2026-10-01"}, follow=True)
    assert "已记录2条抽查属实" in words(answer)
    assert "没有可抽查的申报" in words(client.get(url, {"quarter": "2026-04-01"}))
    assert "请先勾选" in words(client.post(url, {}, follow=True))
    assert as_user(organiser).get(url).status_code == 403
