"""What the checks say of an item and of an edition; words made from figures; a scale ten times as large."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from points.catalogue import CATALOGUE, EDITION, VALID_FROM
from points.choices import CAPPED, Category, Declarer, Grade, Origin
from points.rulebook.differences import Plan, differences
from points.rulebook.rules import Situation, item_problems, publish_checks, scaled, scheme_problems, valid_from_problem
from points.rulebook.wording import points_text, ratio_words, read_ratio, scaled_text
from points.rules import DEFAULT_SCHEME, Item, Level, MemberYearFacts, Variant, composite, year_points

DEFAULT = Plan(EDITION, VALID_FROM, "", DEFAULT_SCHEME, CATALOGUE)
JANUARY, JULY = date(2027, 1, 1), date(2027, 7, 1)
NOW = Situation(today=date(2026, 11, 22))
ITEM = Item("A01", Category.ORG, "参加党员大会", Decimal("0.5"), Decimal(2), points_text="每次0.5分")

VETO = next(item for item in CATALOGUE if item.code == "V02")


def january(**changes):
    return replace(DEFAULT, name="新规则", valid_from=JANUARY, **changes)


def with_item(item):
    return january(items=tuple(item if one.code == item.code else one for one in CATALOGUE))


def test_the_default_rules_pass_every_check():
    assert [problems for item in CATALOGUE if (problems := item_problems(item))] == []
    assert scheme_problems(DEFAULT_SCHEME) == {}
    assert publish_checks(january(), DEFAULT, NOW).errors == []


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("code", replace(ITEM, code="a1")),
        ("title", replace(ITEM, title="")),
        ("points", replace(ITEM, points=Decimal(0))),
        ("points", replace(ITEM, points=Decimal("-0.01"))),
        ("points", replace(ITEM, category=Category.DED, declared_by=Declarer.OFFICE, cap=None)),
        ("cap", replace(ITEM, cap=Decimal(0))),
        ("cap", replace(ITEM, category=Category.DED, points=Decimal(-1), declared_by=Declarer.OFFICE)),
        ("declared_by", replace(ITEM, category=Category.DED, points=Decimal(-1), cap=None)),
        ("points", replace(ITEM, category=Category.VETO, cap=None)),
        ("grade_limit", replace(ITEM, grade_limit=Grade.UNQUALIFIED)),
        ("grade_limit", replace(VETO, grade_limit=Grade.EXCELLENT)),
        ("feed", replace(ITEM, origin=Origin.AUTO)),
        ("origin", replace(ITEM, feed="attendance.theme_day")),
        ("feed", replace(ITEM, origin=Origin.AUTO, feed="absence.unexcused")),
        ("per", replace(ITEM, origin=Origin.AUTO, feed="attendance.theme_day", per=Decimal(2))),
        ("factor_without_groups", replace(ITEM, factor_without_groups=Decimal(-1))),
        ("variants", replace(ITEM, variants={"retired": Variant()})),
        ("variants", replace(ITEM, variants={"retired": Variant(points=Decimal(-1))})),
        ("levels", replace(ITEM, levels=(Level("a", "一等", Decimal(2)),))),
        ("levels", replace(ITEM, levels=(Level("a", "一等", Decimal(2)), Level("b", "一等", Decimal(1))))),
        ("levels", replace(ITEM, levels=(Level("a", "一等", Decimal(2)), Level("b", "二等", Decimal(-1))))),
        ("levels", replace(ITEM, levels=(Level("a", "一；等", Decimal(2)), Level("b", "二等", Decimal(1))))),
    ],
)
def test_what_cannot_be_is_named_beside_its_field(field, wrong):
    assert field in item_problems(wrong)


@pytest.mark.parametrize(
    ("day", "situation", "fine"),
    [
        (date(2026, 12, 1), NOW, True),
        (date(2026, 11, 1), NOW, True),
        (date(2026, 11, 2), NOW, False),
        (date(2026, 1, 1), NOW, True),
        (date(2025, 12, 1), NOW, False),
        (date(2026, 10, 1), replace(NOW, closed=date(2026, 10, 1)), False),
        (date(2026, 11, 1), replace(NOW, closed=date(2026, 10, 1)), True),
        (date(2026, 12, 1), replace(NOW, published=[date(2026, 12, 1)]), False),
        (date(2027, 1, 1), replace(NOW, published=[date(2026, 12, 1)]), True),
    ],
)
def test_the_month_an_edition_may_begin_in(day, situation, fine):
    assert (valid_from_problem(day, situation) == "") is fine


@pytest.mark.parametrize("change", ["base", "scale", "points_share", "caps", "excellent_ratio"])
def test_what_belongs_to_the_year_changes_in_january_alone(change):
    values = {"caps": {**DEFAULT_SCHEME.caps, Category.ORG: Decimal(13)}, "excellent_ratio": Fraction(1, 4)}
    value = values.get(change, Decimal("0.5"))
    plan = january(scheme=replace(DEFAULT_SCHEME, **{change: value}))
    assert publish_checks(plan, DEFAULT, NOW).errors == []
    late = publish_checks(replace(plan, valid_from=JULY), DEFAULT, NOW).errors
    assert len(late) == 1
    assert "按全年计算" in late[0]


def test_points_of_an_item_may_change_within_the_year_but_not_its_category():
    dearer = replace(CATALOGUE[0], points=Decimal(1))
    assert publish_checks(replace(with_item(dearer), valid_from=JULY), DEFAULT, NOW).errors == []
    moved = replace(CATALOGUE[0], category=Category.STU)
    assert "不能改类别" in publish_checks(replace(with_item(moved), valid_from=JULY), DEFAULT, NOW).errors[0]


def test_codes_and_sources_are_used_once():
    twice = january(items=(*CATALOGUE, CATALOGUE[0]))
    assert publish_checks(twice, DEFAULT, NOW).errors == [
        "编号A01用了2次。",
        "同一个自动来源只能用于一个项目：A01、A01。",
    ]


def test_an_item_with_points_that_is_dropped_is_pointed_out():
    plan = january(items=CATALOGUE[1:])
    told = [text for text in publish_checks(plan, DEFAULT, replace(NOW, used={"A01"})).warnings if "A01" in text]
    assert len(told) == 1
    assert not [text for text in publish_checks(plan, DEFAULT, NOW).warnings if "A01" in text]


def test_an_item_worth_more_at_once_than_in_a_year_is_pointed_out():
    cap = CATALOGUE[0].cap
    for points, told in ((cap, 0), (cap + Decimal("0.01"), 1)):
        plan = january(items=(replace(CATALOGUE[0], points=points), *CATALOGUE[1:]))
        assert sum("大于年度上限" in text for text in publish_checks(plan, DEFAULT, NOW).warnings) == told


def test_caps_that_can_never_be_reached_are_pointed_out():
    plan = january(scheme=replace(DEFAULT_SCHEME, caps={**DEFAULT_SCHEME.caps, Category.DUT: Decimal(8)}))
    assert any("达不到类别上限8分" in text for text in publish_checks(plan, DEFAULT, NOW).warnings)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (ITEM, "每次0.5分"),
        (replace(ITEM, points=Decimal("1.00"), cap=Decimal(1)), "1分"),
        (replace(ITEM, per=Decimal(8), unit="小时", points=Decimal(1)), "每满8小时1分"),
        (replace(ITEM, points=Decimal(-2), cap=None), "每次−2分"),
        (replace(ITEM, factor_without_groups=Decimal(0)), "每次0.5分（不设党小组的支部无此项）"),
        (VETO, "不合格"),
        (replace(VETO, grade_limit=Grade.BASICALLY_QUALIFIED), "评定不高于基本合格"),
        (replace(VETO, grade_limit=None), "按决定"),
        (replace(ITEM, levels=(Level("a", "一等", Decimal(3)), Level("b", "二等", Decimal(2)))), "一等3分，二等2分"),
        (
            replace(ITEM, levels=tuple(Level(str(n), f"很长很长很长的名称{n}", Decimal(n)) for n in range(1, 9))),
            "分8档，1至8分",
        ),
    ],
)
def test_figures_in_words(item, text):
    assert points_text(item) == text


def test_most_of_the_default_texts_follow_from_the_figures():
    by_hand = {item.code for item in CATALOGUE if points_text(item) != item.points_text}
    assert len(by_hand) <= 12


def test_only_points_are_multiplied_in_a_text():
    assert scaled_text("每满8小时1分，上限4分", Decimal(10)) == "每满8小时10分，上限40分"
    assert scaled_text("迟到15分钟−0.5分", Decimal(10)) == "迟到15分钟−5分"


@pytest.mark.parametrize(
    ("text", "ratio", "words"),
    [
        ("1/3", Fraction(1, 3), "1/3"),
        (" 2 ／ 6 ", Fraction(1, 3), "1/3"),
        ("15%", Fraction(3, 20), "15%"),
        ("33.33％", Fraction(3333, 10000), "33.33%"),
        ("0.15", Fraction(3, 20), "15%"),
        (".2", Fraction(1, 5), "20%"),
        ("1", Fraction(1), "100%"),
        ("1/7", Fraction(1, 7), "1/7"),
    ],
)
def test_a_ratio_is_read_exactly_and_written_as_people_write_it(text, ratio, words):
    assert read_ratio(text) == ratio
    assert ratio_words(ratio) == words
    assert read_ratio(words) == ratio


@pytest.mark.parametrize("text", ["", "三分之一", "1/0", "-1/3", "15", "15.125%", "0.33333", "1/3人", "1/12345"])
def test_what_is_no_ratio_is_refused(text):
    with pytest.raises(ValueError, match="1/3或15%"):
        read_ratio(text)


@pytest.mark.parametrize(("ratio", "fine"), [(Fraction(0), False), (Fraction(1), True), (Fraction(4, 3), False)])
def test_the_ratio_of_excellent_is_above_nobody_and_at_most_everybody(ratio, fine):
    assert ("excellent_ratio" in scheme_problems(replace(DEFAULT_SCHEME, excellent_ratio=ratio))) is not fine


def test_a_scale_ten_times_as_large_decides_the_same():
    large = scaled(DEFAULT, Decimal(10))
    assert (large.scheme.base, large.scheme.scale) == (600, 10)
    assert [large.scheme.caps[one] for one in CAPPED] == [140, 80, 40, 80, 60, 200]
    sums = {"A01": Decimal(2), "A02": Decimal("4.5"), "F01": Decimal(6), "G01": Decimal(-2)}
    small = year_points(MemberYearFacts(sums), DEFAULT.by_code)
    big = year_points(MemberYearFacts({code: value * 10 for code, value in sums.items()}), large.by_code, large.scheme)
    assert big.total == small.total * 10
    votes = {"excellent": 3, "qualified": 1}
    assert composite(big.total, votes, large.scheme) == composite(small.total, votes)
    assert [item for item in large.items if item_problems(item)] == []


def test_two_editions_are_compared_item_by_item():
    after = replace(with_item(replace(CATALOGUE[0], points=Decimal(1))), items=())
    items = (CATALOGUE[1], replace(CATALOGUE[0], points=Decimal(1)), *CATALOGUE[2:-1], replace(ITEM, code="A99"))
    found = differences(DEFAULT, replace(after, items=items))
    assert [(one.kind, one.code) for one in found.items] == [("changed", "A01"), ("added", "A99"), ("removed", "V07")]
    assert found.items[0].changes[0] == ("分值", "0.5", "1")
    assert found.reordered
    assert not differences(DEFAULT, DEFAULT)
