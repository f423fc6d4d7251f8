"""What points, votes and vetoes of a branch come to, and who stands on its list."""

from datetime import date
from decimal import Decimal as D

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import Exemption, MembershipEvent
from points.assessment.figures import board
from points.assessment.rules import PROBATIONARY, TOO_SHORT
from points.choices import Category, ClaimState, Grade
from points.models import Claim, MemberItem
from tests import factories
from tests.points.assessment.help import YEAR, grades, one_in, polled, row_of, veto
from tests.points.claims_help import edition

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]
EXCELLENT, QUALIFIED, BASICALLY, UNQUALIFIED = Grade


class TestFigures:
    def test_points_and_votes_make_a_composite_and_a_suggestion_under_the_cap(self, branch, people):
        shown = board(branch, YEAR, factories.TODAY)
        assert [(row.name, row.judged.composite, row.grade) for row in shown.rows] == [
            ("陈静怡", D("99.30"), EXCELLENT),
            ("赵启明", D("96.50"), EXCELLENT),
            ("林晓雯", D("94.40"), QUALIFIED),
            ("周晓", D("86.00"), QUALIFIED),
            ("王丽", D("79.00"), QUALIFIED),
            ("何平", D("65.00"), BASICALLY),
        ]
        assert (shown.cap.base, shown.cap.most, shown.cap.candidates) == (6, 2, 3)

    def test_probationers_are_listed_without_grade_and_outside_the_base(self, branch, people):
        factories.make_member(branch, member_type="probationary", name="钱新")
        shown = board(branch, YEAR, factories.TODAY)
        assert shown.cap.base == 6
        assert row_of(branch, shown.rows[-1].member).judged.ungraded == PROBATIONARY

    def test_it_is_the_roll_of_the_last_day_of_the_year(self, branch, other_branch, people):
        factories.make_member(branch, since=date(2026, 1, 1), name="新来")
        gone = factories.make_member(branch, name="调走", since=date(2024, 1, 1))
        MembershipEvent.objects.create(
            member=gone, kind="moved", branch=other_branch, from_branch=branch, member_type="full",
            recorded_on=date(2026, 2, 1), effective_on=date(2026, 2, 1),
        )  # fmt: skip
        late = factories.make_member(branch, name="年底来", since=date(2025, 11, 1))
        names = {row.name for row in board(branch, YEAR, factories.TODAY).rows}
        assert {"调走", "年底来"} <= names
        assert "新来" not in names
        assert row_of(branch, late).judged.ungraded == TOO_SHORT

    def test_exempt_members_go_by_the_appraisal_and_show_no_points(self, branch, people, organiser):
        who = people[3]
        Exemption.objects.create(
            member=who, ground="ill", starts_on=date(2025, 1, 1), approved_on=date(2025, 1, 1), entered_by=organiser
        )
        row = row_of(branch, who)
        assert (row.is_exempt, row.judged.year_points, row.judged.composite) == (True, None, D("100.00"))

    def test_vetoes_come_from_accepted_claims_and_from_the_ledger(self, branch, people, secretary):
        veto(people[0], "V01", secretary)
        waits = veto(people[1], "V02", secretary)
        Claim.objects.filter(pk=waits.pk).update(state=ClaimState.DECLARED)
        MemberItem.objects.create(member=people[2], year=YEAR, rule_code="V07", category=Category.VETO, n=1)
        MemberItem.objects.create(member=people[3], year=YEAR, rule_code="V07", category=Category.VETO, n=0)
        found = grades(branch)
        assert [found[name] for name in ("陈静怡", "赵启明", "林晓雯", "周晓")] == [
            BASICALLY, EXCELLENT, UNQUALIFIED, QUALIFIED,
        ]  # fmt: skip

    def test_a_veto_does_what_its_row_says_in_the_edition_of_its_day(self, branch, people, secretary):
        """Its code says nothing: V08 was added by the hospital, V01 was made graver, V02 left to the meeting."""
        made = edition(
            branch.hospital,
            V01={"grade_limit": UNQUALIFIED},
            V02={"grade_limit": ""},
            V03={"code": "V08", "grade_limit": QUALIFIED},
        )
        for member, code in zip(people, ("V01", "V02", "V08"), strict=False):
            veto(member, code, secretary, made)
        veto(people[3], "V01", secretary)  # decided while the default rules were in force
        rows = [row_of(branch, member) for member in people[:4]]
        assert [row.judged.limit for row in rows] == [UNQUALIFIED, None, QUALIFIED, BASICALLY]
        assert [row.judged.by_hand for row in rows] == [False, True, False, False]
        assert [row.grade for row in rows] == [UNQUALIFIED, None, QUALIFIED, BASICALLY]

    def test_a_veto_without_a_claim_goes_by_the_rules_of_the_year(self, branch, people, secretary):
        edition(branch.hospital, V03={"code": "V08", "grade_limit": QUALIFIED}, since=date(YEAR, 1, 1))
        for member, code in zip(people, ("V08", "V99"), strict=False):
            MemberItem.objects.create(member=member, year=YEAR, rule_code=code, category=Category.VETO, n=1)
        assert [row_of(branch, member).judged.limit for member in people[:2]] == [QUALIFIED, None]
        assert row_of(branch, people[1]).judged.by_hand

    def test_the_cap_is_that_of_the_edition_in_force_at_the_end_of_the_year(self, branch, people, propose):
        for year, parts in ((2024, 2), (2025, 6), (2026, 1)):
            one_in(parts, branch.hospital, year)
        shown = board(branch, YEAR, factories.TODAY)
        assert shown.cap.words == "6人×1/6＝1.00，取1人"
        assert [row.grade for row in shown.rows][:3] == [EXCELLENT, QUALIFIED, QUALIFIED]
        propose()
        frozen = board(branch, YEAR, factories.TODAY)
        assert (frozen.is_proposed, frozen.cap.most, frozen.cap.words) == (True, 1, shown.cap.words)

    def test_it_costs_the_same_for_few_and_for_many(self, branch, people, organiser):
        with CaptureQueriesContext(connection) as few:
            board(branch, YEAR, factories.TODAY)
        for _ in range(20):
            polled(factories.make_member(branch), 1, 1, 0, 0, by=organiser)
        with CaptureQueriesContext(connection) as many:
            assert len(board(branch, YEAR, factories.TODAY).rows) == 26
        assert len(many) == len(few)
