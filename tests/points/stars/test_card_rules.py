"""The score card: what each measure is worth, and how lines, marks and vetoes make a total and stars."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points.choices import MarkKind, MarkLevel
from points.stars.catalogue import DEFAULT_CARD, LINES
from points.stars.formulas import Year
from points.stars.measures import MEASURES
from points.stars.rules import BranchFacts, Card, CardLine, Mark, Measured, decimal, rate, stars_for, total_of

OVER, MAY = Year(2026, 12), Year(2026, 4)
F = Fraction


def share(measure, values, year=OVER, **params):
    one = MEASURES[measure]
    found = one.score(values, {**one.params, **params}, year)
    return None if found is None else max(F(0), min(F(1), found))


def gains(measure, values, year=OVER):
    one = MEASURES[measure]
    return [(gap.text, gap.gain) for gap in one.gaps(values, one.params, year)]


def test_the_default_card_has_every_line_and_a_hundred_points():
    assert sum(line.max for line in LINES) == 100
    assert len({line.code for line in LINES}) == len(LINES) == 35
    groups = {n: sum(line.max for line in LINES if line.code.startswith(f"{n}.")) for n in range(1, 9)}
    assert groups == {1: 12, 2: 30, 3: 18, 4: 8, 5: 6, 6: 10, 7: 12, 8: 4}
    assert all(line.measure in MEASURES and line.tag in "OLMSP" for line in LINES)


@pytest.mark.parametrize(
    ("measure", "values", "worth"),
    [
        ("committee", {"needs_committee": True, "vacant": 0}, F(1)),
        ("committee", {"needs_committee": True, "vacant": 1}, F(2, 3)),
        ("committee", {"needs_committee": True, "vacant": 4}, F(0)),
        ("committee", {"needs_committee": False, "secretary": True, "vacant": 3}, F(1)),
        ("committee", {"needs_committee": False, "secretary": False, "vacant": 3}, F(0)),
        ("election", {"on_time": True}, F(1)),
        ("election", {"on_time": False}, F(0)),
        ("year_papers", {"plan_due": True, "plan": True, "summary_due": True, "summary": False}, F(1, 2)),
        ("year_papers", {"plan_due": True, "plan": True, "summary_due": False, "summary": False}, F(1)),
        ("year_papers", {"plan_due": False, "summary_due": False}, None),
        ("secretary", {"double_leader": True, "trained": False}, F(1, 2)),
        ("roster", {"filled": 90, "required": 100, "errors": 9}, F(81, 100)),
        ("roster", {"filled": 0, "required": 0, "errors": 0}, None),
        ("general_meeting", {"done": 3, "due": 4}, F(3, 4)),
        ("general_meeting", {"done": 0, "due": 0}, None),
        ("committee_meeting", {"done": 11, "due": 12}, F(11, 12)),
        ("theme_day", {"done": 4, "due": 4}, F(1)),
        ("group_meeting", {"mean": "31/36", "groups": 3}, F(31, 36)),
        ("group_meeting", {"mean": "0/1", "groups": 0}, None),
        ("party_lecture", {"done": 4, "due": 4, "by_secretary": True}, F(1)),
        ("party_lecture", {"done": 4, "due": 4, "by_secretary": False}, F(3, 4)),
        ("party_lecture", {"done": 0, "due": 4, "by_secretary": False}, F(0)),
        ("attendance", {"present": 60, "made_up": 0, "expected": 100}, F(0)),
        ("attendance", {"present": 61, "made_up": 0, "expected": 100}, F(1, 30)),
        ("attendance", {"present": 70, "made_up": 5, "expected": 100}, F(1, 2)),
        ("attendance", {"present": 90, "made_up": 0, "expected": 100}, F(1)),
        ("attendance", {"present": 100, "made_up": 0, "expected": 100}, F(1)),
        ("attendance", {"present": 0, "made_up": 0, "expected": 0}, None),
        ("records", {"good": 47, "records": 50}, F(47, 50)),
        ("org_life", {"due": True, "held": True, "listed": 4, "closed": 3}, F(5, 6)),
        ("org_life", {"due": True, "held": True, "listed": 0, "closed": 0}, F(2, 3)),
        ("org_life", {"due": True, "held": False, "listed": 0, "closed": 0}, F(0)),
        ("org_life", {"due": False, "held": False}, None),
        ("appraisal", {"due": True, "held": True, "cap_kept": True, "fed_back": False}, F(2, 3)),
        ("appraisal", {"due": False, "held": False}, None),
        ("heart_talks", {"talked": 27, "members": 31}, F(27, 31)),
        ("study_hours", {"reached": 19, "members": 31}, F(19, 31)),
        ("publications", {"done": 3, "due": 4}, F(3, 4)),
        ("overdue_cases", {"overdue": 0}, F(1)),
        ("overdue_cases", {"overdue": 1}, F(3, 4)),
        ("overdue_cases", {"overdue": 5}, F(0)),
        ("development_plan", {"admitted": 3, "plan": 2}, F(1)),
        ("development_plan", {"admitted": 1, "plan": 2}, F(1, 2)),
        ("development_plan", {"admitted": 0, "plan": 0}, None),
        ("development_steps", {"late": 1, "steps": 18}, F(17, 18)),
        ("development_steps", {"late": 0, "steps": 0}, None),
        ("high_level", {"high": 1, "admitted": 5}, F(1, 2)),
        ("high_level", {"high": 2, "admitted": 5}, F(1)),
        ("high_level", {"high": 0, "admitted": 0}, None),
        ("dues_collected", {"received": "99.50", "expected": 100}, F(199, 200)),
        ("dues_collected", {"received": 0, "expected": 0}, None),
        ("dues_published", {"published": True}, F(1)),
        ("letters", {"signed": 31, "required": 31}, F(1)),
        ("risks", {"reviewed": 12, "registered": 14}, F(6, 7)),
        ("risks", {"reviewed": 0, "registered": 0}, F(0)),
        ("warning_education", {"done": 1, "due": 2}, F(1, 2)),
        ("ethics", {"complaints": 1, "cases": 0}, F(3, 4)),
        ("ethics", {"complaints": 0, "cases": 1}, F(0)),
        ("project", {}, F(0)),
        ("project", {"filed": True}, F(1, 6)),
        ("project", {"filed": True, "mid_term": True}, F(1, 2)),
        ("project", {"filed": True, "mid_term": True, "accepted": True}, F(1)),
        ("practical_items", {"accepted": 19, "planned": 26}, F(19, 26)),
        ("practical_items", {"accepted": 0, "planned": 0}, None),
        ("volunteer", {"hours": "248", "members": 31}, F(1)),
        ("volunteer", {"hours": "124", "members": 31}, F(1, 2)),
        ("volunteer", {"hours": "1", "members": 0}, None),
        ("pairing", {"active": True, "activities": 2}, F(1)),
        ("pairing", {"active": True, "activities": 1}, F(0)),
        ("pairing", {"active": False, "activities": 5}, F(0)),
        ("posts", {"holds": True, "reviewed": False}, F(1, 2)),
        ("brand", {"brand": True, "method": True}, F(1)),
        ("space", {"stars": 5}, F(1)),
        ("space", {"stars": 4}, F(7, 8)),
        ("space", {"stars": 3}, F(3, 4)),
        ("space", {"stars": 2}, F(0)),
        ("given", {"points": 3, "out_of": 4}, F(3, 4)),
    ],
)
def test_what_a_measure_is_worth(measure, values, worth):
    assert share(measure, values) == worth


def test_in_may_yearly_targets_count_by_the_four_months_that_have_ended():
    assert share("development_plan", {"admitted": 1, "plan": 3}, MAY) == 1
    assert share("development_plan", {"admitted": 1, "plan": 6}, MAY) == F(1, 2)
    assert share("volunteer", {"hours": "80", "members": 30}, MAY) == 1
    assert share("volunteer", {"hours": "40", "members": 30}, MAY) == F(1, 2)


def test_the_lecture_of_the_secretary_is_asked_for_when_the_year_is_over():
    values = {"done": 1, "due": 1, "by_secretary": False}
    assert share("party_lecture", values, MAY) == 1
    assert share("party_lecture", values, OVER) == F(3, 4)


def test_a_missing_lecture_is_worth_one_point_of_four():
    assert gains("party_lecture", {"done": 3, "due": 4, "by_secretary": True}) == [("再开1次党课", F(1, 4))]


@pytest.mark.parametrize("measure", MEASURES)
@given(data=st.data())
def test_a_share_never_leaves_its_bounds_and_gaps_never_promise_more(measure, data):
    one = MEASURES[measure]
    values = {
        field.name: data.draw(st.booleans() if field.flag else st.integers(0, 40), label=field.name)
        for field in one.fields
    }
    line = CardLine("9.1", "试", measure, Decimal(4))
    fact = line.fact
    year = Year(2026, data.draw(st.integers(1, 12), label="months"))
    rating = rate(BranchFacts(year, {fact: Measured(values)}), Card((line,), rated_from=Decimal(0)))
    (found,) = rating.lines
    assert 0 <= found.score <= 4
    assert all(0 < gap.gain <= 4 - found.score for gap in found.gaps)
    assert found.applicable or found.reason


# --- the total ---


def card(*maxima, **more):
    return Card(
        tuple(CardLine(f"9.{n}", f"第{n}项", "given", Decimal(most)) for n, most in enumerate(maxima, 1)), **more
    )


def facts(*shares, marks=(), vetoes=(), unrated="", **more):
    """Shares out of 10 000; None: not entered."""
    measures = {
        f"given:9.{n}": Measured({"points": points, "out_of": 10_000}, ("/points/stars/",))
        for n, points in enumerate(shares, 1)
        if points is not None
    }
    return BranchFacts(OVER, measures | more, marks=tuple(marks), vetoes=tuple(vetoes), unrated=unrated)


INNOVATION = Mark(MarkKind.INNOVATION, "", "品牌")


@pytest.mark.parametrize(
    ("points", "total", "stars"),
    [
        (9000, "90.00", 5),
        (8999, "89.99", 4),
        (8000, "80.00", 4),
        (7999, "79.99", 3),
        (7000, "70.00", 3),
        (6999, "69.99", 2),
        (6000, "60.00", 2),
        (5999, "59.99", 1),
        (0, "0.00", 1),
    ],
)
def test_both_sides_of_every_threshold(points, total, stars):
    rating = rate(facts(points, marks=[INNOVATION]), card(100))
    assert (rating.total, rating.stars) == (Decimal(total), stars)


def test_stars_are_decided_on_the_rounded_figure():
    """89.995 is 90.00: five stars; 89.9949 is 89.99: four."""
    assert total_of(F(89995, 1000), F(100), Decimal(0), Decimal(0)) == Decimal("90.00")
    assert total_of(F(899949, 10000), F(100), Decimal(0), Decimal(0)) == Decimal("89.99")


def test_thirds_are_summed_exactly_and_rounded_once():
    """Three lines of one third of 1 and one of 89: 90.00, where rounded lines would make 89.99."""
    thirds = {f"given:9.{n}": Measured({"points": 1, "out_of": 3}) for n in (1, 2, 3)}
    rest = {"given:9.4": Measured({"points": 89, "out_of": 97})}
    rating = rate(BranchFacts(OVER, thirds | rest, marks=(INNOVATION,)), card(1, 1, 1, 97))
    assert [decimal(line.score) for line in rating.lines[:3]] == [Decimal("0.33")] * 3
    assert rating.total == Decimal("90.00")
    assert rating.stars == 5


def test_what_does_not_apply_is_shared_out():
    rating = rate(facts(10_000, 5_000, None), card(40, 40, 20))
    assert (rating.score, rating.max, rating.total) == (60, 80, Decimal("75.00"))
    assert not rating.lines[2].applicable
    assert "台账" in rating.lines[2].reason


@pytest.mark.parametrize(("most", "rated"), [("60", True), ("59.99", False)])
def test_under_sixty_applicable_points_nobody_is_rated(most, rated):
    rating = rate(facts(10_000, None), card(most, 40))
    assert rating.is_rated is rated
    assert (rating.stars > 0) is rated
    assert rated or "不足60分" in rating.unrated


def test_a_bonus_is_capped_and_the_total_ends_at_110():
    marks = [Mark(MarkKind.BONUS, level) for level in (MarkLevel.NATIONAL, MarkLevel.CITY)]
    rating = rate(facts(10_000, marks=marks), card(100))
    assert (rating.bonus, rating.total) == (Decimal(10), Decimal("110.00"))


@pytest.mark.parametrize(
    ("level", "points"),
    [
        (MarkLevel.NATIONAL, 10),
        (MarkLevel.PROVINCIAL, 6),
        (MarkLevel.CITY, 4),
        (MarkLevel.COUNTY, 2),
        (MarkLevel.INNOVATION_ADOPTED, 2),
    ],
)
def test_what_an_honour_adds(level, points):
    assert rate(facts(5_000, marks=[Mark(MarkKind.BONUS, level)]), card(100)).total == 50 + points


def test_deductions_are_each_subtracted_and_the_total_ends_at_zero():
    one = Mark(MarkKind.DEDUCTION, MarkLevel.FALSE_RECORD)
    assert rate(facts(5_000, marks=[one, one]), card(100)).total == 30
    assert rate(facts(500, marks=[one]), card(100)).total == 0
    assert rate(facts(5_000, marks=[Mark(MarkKind.DEDUCTION, MarkLevel.OVERDUE_INSTRUCTION)]), card(100)).total == 49
    assert rate(facts(5_000, marks=[Mark(MarkKind.DEDUCTION, MarkLevel.PUBLICITY_INCIDENT)]), card(100)).total == 48


def test_a_veto_leaves_one_star_whatever_the_total():
    rating = rate(facts(10_000, marks=[INNOVATION, Mark(MarkKind.VETO, MarkLevel.BRIBERY, "骗保")]), card(100))
    assert (rating.total, rating.stars, rating.vetoes) == (Decimal("100.00"), 1, ("骗保",))
    assert rate(facts(10_000, vetoes=["3个月没有活动"]), card(100)).stars == 1


def test_five_stars_need_an_innovation_or_a_brand():
    assert rate(facts(9_500), card(100)).stars == 4
    assert rate(facts(9_500, marks=[INNOVATION]), card(100)).stars == 5
    assert rate(facts(9_500, brand=Measured({"brand": True, "method": False})), card(100)).stars == 5
    assert rate(facts(9_500, brand=Measured({"brand": False, "method": True})), card(100)).stars == 4
    adopted = Mark(MarkKind.BONUS, MarkLevel.INNOVATION_ADOPTED)
    assert rate(facts(9_500, marks=[adopted]), card(100)).stars == 5


def test_whoever_is_not_rated_has_no_stars():
    rating = rate(facts(10_000, unrated="6月30日撤销，不参加评定"), card(100))
    assert (rating.stars, rating.is_rated) == (0, False)


def test_a_hospital_may_move_thresholds_weights_and_figures():
    changed = replace(DEFAULT_CARD, thresholds=(Decimal(95), Decimal(85), Decimal(75), Decimal(65)))
    assert stars_for(Decimal("94.99"), changed, veto=False, innovation=True) == 4
    strict = CardLine(
        "2.6", "出席率", "attendance", Decimal(4), params={"from": Decimal("0.80"), "range": Decimal("0.20")}
    )
    values = {"present": 90, "made_up": 0, "expected": 100}
    rating = rate(BranchFacts(OVER, {"attendance": Measured(values)}), Card((strict,), rated_from=Decimal(0)))
    assert rating.lines[0].score == 2


def test_a_line_with_a_reason_in_the_facts_does_not_apply():
    absent = {"election": Measured(absent="临时党支部不换届")}
    rating = rate(BranchFacts(OVER, absent), Card((LINES[1],)))
    assert (rating.lines[0].applicable, rating.lines[0].reason) == (False, "临时党支部不换届")
