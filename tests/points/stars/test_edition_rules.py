"""What bars a score card from being published, both sides of each edge, and how two differ. No database."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from points.choices import MarkLevel
from points.stars.card_rules import (
    MARKS,
    Edition,
    checks,
    differences,
    head_problems,
    line_problems,
    mark_field,
    place_of,
    rated_problem,
    total_of,
)
from points.stars.catalogue import DEFAULT_CARD, LINES
from points.stars.measures import MEASURES
from points.stars.rules import DEFAULT_MARKS, CardLine

EDITION = Edition("评分表", 2027, "党委会", DEFAULT_CARD)
OWN = CardLine("9.1", "特色工作", "given", Decimal(2))


def with_card(**changes):
    return replace(EDITION, card=replace(DEFAULT_CARD, **changes))


def with_line(at, **changes):
    return with_card(lines=tuple(replace(one, **changes) if one.code == at else one for one in LINES))


def errors(edition, rated=None, today_year=2026):
    return checks(edition, EDITION, today_year=today_year, rated=rated or {}).errors


def warnings(edition, today_year=2026):
    return checks(edition, EDITION, today_year=today_year, rated={}).warnings


def test_the_default_card_may_be_published():
    assert total_of(LINES) == 100
    assert (errors(EDITION), warnings(EDITION)) == ([], [])


@pytest.mark.parametrize(
    ("most", "said"),
    [
        ("2.99", ["各项满分合计99.99分，应为100分，还差0.01分。"]),
        ("3", []),
        ("3.01", ["各项满分合计100.01分，应为100分，多出0.01分。"]),
    ],
)
def test_maxima_add_up_to_a_hundred(most, said):
    assert errors(with_line("1.1", max=Decimal(most))) == said


@pytest.mark.parametrize(
    ("code", "sound"),
    [("1.1", True), ("10.12", True), ("99.99", True)]
    + [(code, False) for code in ("", "1", "0.1", "1.0", "1.1.1", "一.1", "1２.3", "100.1", " 1.1")],
)
def test_a_code_is_two_numbers(code, sound):
    assert ("code" not in line_problems(replace(OWN, code=code))) is sound


def test_a_code_and_a_measure_are_used_once_but_given_lines_may_be_many():
    assert line_problems(replace(OWN, code="2.3"), LINES) == {"code": "这个编号已被使用。"}
    again = replace(LINES[0], code="9.1")
    assert line_problems(again, LINES) == {"measure": "这个计分办法已用于1.1 支委会配备齐全。"}
    assert line_problems(replace(OWN, code="9.2"), (*LINES, OWN)) == {}
    assert "9.1 支委会配备齐全：这个计分办法已用于1.1 支委会配备齐全。" in errors(with_card(lines=(*LINES, again)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "长" * 41}, "title"),
        ({"max": Decimal(0)}, "max"),
        ({"max": Decimal("100.01")}, "max"),
        ({"tag": "X"}, "tag"),
        ({"measure": "unknown"}, "measure"),
    ],
)
def test_a_line_is_named_weighed_and_measured(changes, field):
    assert list(line_problems(replace(OWN, **changes))) == [field]


def test_the_longest_title_and_the_greatest_weight_are_allowed():
    assert line_problems(replace(OWN, title="长" * 40, max=Decimal(100), tag="P")) == {}


@pytest.mark.parametrize(
    ("measure", "params", "field"),
    [
        ("volunteer", {"hours": "0"}, "param_hours"),
        ("volunteer", {"hours": "0.01"}, None),
        ("high_level", {"goal": "1"}, None),
        ("high_level", {"goal": "1.01"}, "param_goal"),
        ("attendance", {"from": "0.70"}, None),
        ("attendance", {"from": "0.71"}, "param_range"),
    ],
)
def test_figures_of_a_measure_are_sound(measure, params, field):
    line = replace(OWN, measure=measure, params={name: Decimal(value) for name, value in params.items()})
    assert list(line_problems(line)) == ([field] if field else [])


@pytest.mark.parametrize(
    ("thresholds", "fields"),
    [
        ((90, 80, 70, 60), []),
        ((110, 80, 70, 60), []),
        ((111, 80, 70, 60), ["five_from"]),
        ((90, 90, 70, 60), ["four_from"]),
        ((90, 80, 80, 60), ["three_from"]),
        ((90, 80, 70, 70), ["two_from"]),
        ((90, 80, 70, 0), ["two_from"]),
    ],
)
def test_thresholds_descend(thresholds, fields):
    assert list(head_problems(with_card(thresholds=tuple(map(Decimal, thresholds))))) == fields


@pytest.mark.parametrize(
    ("five", "four", "fields"),
    [
        (10, 50, []),
        (50, 50, []),
        (51, 50, ["five_share"]),
        (0, 100, []),
        (10, 101, ["four_share"]),
        (-1, 50, ["five_share"]),
    ],
)
def test_shares_are_sound(five, four, fields):
    edition = with_card(five_share=Fraction(five, 100), four_share=Fraction(four, 100))
    assert list(head_problems(edition)) == fields


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "长" * 61}, "name"),
        ({"basis": "长" * 121}, "basis"),
        ({"valid_from": 2019}, "valid_from"),
        ({"valid_from": 2101}, "valid_from"),
        ({"card": replace(DEFAULT_CARD, rated_from=Decimal(0))}, "rated_from"),
        ({"card": replace(DEFAULT_CARD, rated_from=Decimal("100.01"))}, "rated_from"),
        ({"card": replace(DEFAULT_CARD, bonus_cap=Decimal("-0.01"))}, "bonus_cap"),
        ({"card": replace(DEFAULT_CARD, marks={**DEFAULT_MARKS, MarkLevel.CITY: Decimal(-1)})}, "mark_city"),
    ],
)
def test_the_head_is_sound(changes, field):
    assert list(head_problems(replace(EDITION, **changes))) == [field]


def test_the_ends_of_the_head_are_allowed():
    card = replace(DEFAULT_CARD, rated_from=Decimal(100), bonus_cap=Decimal(0))
    for year in (2020, 2100):
        assert head_problems(replace(EDITION, name="长" * 60, basis="长" * 120, valid_from=year, card=card)) == {}


def test_every_honour_and_fault_has_points_and_a_field():
    assert set(MARKS) == set(DEFAULT_MARKS)
    assert mark_field(MarkLevel.CITY) == "mark_city"


def test_a_card_says_by_what_it_was_decided():
    assert errors(replace(EDITION, basis="")) == ["请填写依据（通过评分表的会议或文件）。"]


@pytest.mark.parametrize(
    ("year", "said"),
    [
        (2025, "2026年度已有6个支部提交自评，新评分表请从2027年起生效。"),
        (2026, "2026年度已有6个支部提交自评，新评分表请从2027年起生效。"),
        (2027, ""),
    ],
)
def test_a_card_begins_after_the_years_that_were_rated(year, said):
    assert rated_problem(year, {2024: 5, 2026: 6}) == said
    assert errors(replace(EDITION, valid_from=year), {2026: 6}) == ([said] if said else [])


def test_what_was_left_out_or_weighs_half_more_is_pointed_out():
    lines = tuple(replace(one, max=Decimal(9)) if one.code == "2.2" else one for one in LINES if one.code != "2.3")
    assert errors(with_card(lines=lines)) == []
    assert warnings(with_card(lines=lines)) == [
        "2.2 支委会由5分改为9分，变动超过一半。",
        "不再包括2.3 党小组会（原4分）。",
    ]
    assert warnings(with_line("2.2", max=Decimal("7.50"))) == []
    assert warnings(with_line("2.2", max=Decimal("7.51"))) == ["2.2 支委会由5分改为7.51分，变动超过一半。"]


def test_a_card_for_the_running_year_and_one_nobody_reaches_are_pointed_out():
    assert warnings(EDITION, today_year=2027) == ["自2027年度起生效，发布后2027年度以来的实时预览按新表重算。"]
    high = with_card(thresholds=tuple(map(Decimal, (101, 80, 70, 60))))
    assert warnings(high) == ["五星分数线超过100分，没有加分的支部达不到。"]
    assert warnings(with_card(thresholds=tuple(map(Decimal, (100, 80, 70, 60))))) == []


def test_two_editions_differ_in_words():
    lines = tuple(
        replace(one, code="2.9", max=Decimal(3), params={"from": Decimal("0.5")}) if one.code == "2.6" else one
        for one in LINES
        if one.code != "8.2"
    )
    marks = {**DEFAULT_MARKS, MarkLevel.CITY: Decimal("4.5")}
    card = replace(DEFAULT_CARD, lines=(*lines, OWN), bonus_cap=Decimal(8), five_share=Fraction(3, 20), marks=marks)
    found = differences(EDITION, replace(EDITION, valid_from=2028, card=card))
    assert [tuple(one) for one in found.head] == [
        ("生效年度", "2027年", "2028年"),
        ("加分上限", "10", "8"),
        ("五星比例（%）", "10", "15"),
        ("市级表彰", "4", "4.5"),
    ]
    assert [(one.kind, one.code, [tuple(change) for change in one.changes]) for one in found.items] == [
        ("changed", "2.9", [("编号", "2.6", "2.9"), ("满分", "4", "3"), ("起算出席率", "60%", "50%")]),
        ("removed", "8.2", [("满分", "2", "")]),
        ("added", "9.1", [("满分", "", "2")]),
    ]
    assert not found.reordered
    assert not differences(EDITION, EDITION)


def test_order_alone_is_a_difference_and_shares_are_none_of_a_category():
    assert differences(EDITION, with_card(lines=(LINES[1], LINES[0], *LINES[2:]))).reordered
    own = replace(with_card(five_share=Fraction(1, 5)), general=False)
    assert not differences(replace(EDITION, general=False), own)


def test_the_formula_says_the_figures_of_the_card():
    attendance = MEASURES["attendance"]
    assert attendance.words({}).startswith("满分×（出席率－60%）÷30%")
    assert attendance.words({"from": Decimal("0.55")}).startswith("满分×（出席率－55%）÷30%")
    assert "党员32学时、支委60学时" in MEASURES["study_hours"].words({"officer": Decimal(60)})


def test_every_figure_of_every_measure_has_a_label_and_stands_in_its_formula():
    for measure in MEASURES.values():
        assert set(measure.params) == set(measure.param_labels)
        assert measure.percents <= set(measure.params)
        for name in measure.params:
            assert f"{{{name}}}" in measure.formula
        assert "{" not in measure.words({})


def test_places_follow_the_numbers():
    assert sorted(["10.1", "2.10", "2.9"], key=place_of) == ["2.9", "2.10", "10.1"]
