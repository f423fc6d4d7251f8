"""What a measure of the score card is, and the formulas. Pure, exact fractions.

A formula answers with the share of the line's maximum (clamped to 0..1 by `rate`), or None: not applicable. Its
companion says what would raise it, each with the share it would add.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

Value = int | bool | Decimal | str
Values = Mapping[str, Value]
Params = Mapping[str, Decimal]


@dataclass(frozen=True)
class Year:
    """How far the year has come: months that have ended (0..12)."""

    number: int
    months: int

    @property
    def is_over(self) -> bool:
        return self.months == 12


class Gap(NamedTuple):
    """One thing to do and what it would add: a share of the line, in a rated line points of it."""

    text: str
    gain: Fraction


class Field(NamedTuple):
    """One number of a measure; `flag`: yes or no. `quiet`: only says whether it is asked for, and is not shown."""

    name: str
    label: str
    unit: str = ""
    flag: bool = False
    quiet: bool = False


Score = Callable[[Values, Params, Year], Fraction | None]
Gaps = Callable[[Values, Params, Year], list[Gap]]


@dataclass(frozen=True)
class Measure:
    """`formula`: in words, per full line, `{name}` for a figure of `params`; those in `percents` are shares, 0..1.
    `brief`: the same with the numbers of a branch, the line's `max` and the figures set on the card (`{set_name}`): who
    multiplies them comes to the score.

    `register`: who keeps the records it is counted from; "" while no room of the system does and the Party office
    enters the figures with their proof.
    """

    key: str
    fields: tuple[Field, ...]
    formula: str
    score: Score
    gaps: Gaps
    register: str = ""
    nothing: str = ""  # why it does not apply when there is nothing to divide by
    params: Params = field(default_factory=dict)
    param_labels: Mapping[str, str] = field(default_factory=dict)
    percents: frozenset[str] = frozenset()
    brief: str = ""
    prorated: bool = False  # while the year runs its target counts by the months that have ended

    @property
    def by_hand(self) -> bool:
        return not self.register

    def words(self, params: Params) -> str:
        """The formula with the figures of a card; `params`: those that differ from the usual ones."""
        if not params:
            return self._usual_words
        figures = {**self.params, **params}
        return self.formula.format(**{name: self.figure(name, value) for name, value in figures.items()})

    @cached_property
    def _usual_words(self) -> str:
        return self.words(self.params) if self.params else self.formula

    def figure(self, name: str, value: Decimal) -> str:
        return f"{(value * 100).normalize():f}%" if name in self.percents else f"{value.normalize():f}"


def number(values: Values, name: str) -> Fraction:
    return Fraction(values.get(name, 0))


def share(values: Values, part: str, whole: str) -> Fraction | None:
    """part/whole; None for an empty base."""
    n, base = values.get(part, 0), values.get(whole, 0)
    if type(n) is int and type(base) is int:  # nearly always; a province has a million of them
        return Fraction(n, base) if base > 0 else None
    whole_of_it = number(values, whole)
    return number(values, part) / whole_of_it if whole_of_it > 0 else None


def ratio(part: str, whole: str) -> Score:
    return lambda values, params, year: share(values, part, whole)


def more(text: str, part: str, whole: str) -> Gaps:
    """What is still missing of `whole`: one line with the number of them."""

    def gaps(values: Values, params: Params, year: Year) -> list[Gap]:
        base, open_ = number(values, whole), number(values, whole) - number(values, part)
        return [Gap(text.format(n=plain(open_)), open_ / base)] if base > 0 and open_ > 0 else []

    return gaps


def plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.2f}"


def parts(*each: tuple[str, str, str]) -> tuple[Score, Gaps]:
    """Equal parts that are each fulfilled or not: (is it asked yet, is it fulfilled, what to do)."""

    def score(values: Values, params: Params, year: Year) -> Fraction | None:
        asked = [bool(values.get(done)) for due, done, _ in each if not due or values.get(due)]
        return Fraction(sum(asked), len(asked)) if asked else None

    def gaps(values: Values, params: Params, year: Year) -> list[Gap]:
        asked = [(done, text) for due, done, text in each if not due or values.get(due)]
        return [Gap(text, Fraction(1, len(asked))) for done, text in asked if not values.get(done)]

    return score, gaps


def faults(name: str, each: Fraction, text: str) -> tuple[Score, Gaps]:
    """Full marks less `each` (a share) per fault."""

    def score(values: Values, params: Params, year: Year) -> Fraction | None:
        return 1 - each * number(values, name)

    def gaps(values: Values, params: Params, year: Year) -> list[Gap]:
        faults = number(values, name)
        return [Gap(text.format(n=plain(faults)), each * faults)] if faults > 0 else []

    return score, gaps


def committee(values: Values, params: Params, year: Year) -> Fraction | None:
    if not values.get("needs_committee"):
        return Fraction(1) if values.get("secretary") else Fraction(0)
    return 1 - number(values, "vacant") / 3


def committee_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    if not values.get("needs_committee"):
        return [Gap("选举或指定党支部书记", Fraction(1))]
    vacant = number(values, "vacant")
    return [Gap(f"补选空缺超过90天的{plain(vacant)}个职务", vacant / 3)] if vacant else []


def roster(values: Values, params: Params, year: Year) -> Fraction | None:
    filled = share(values, "filled", "required")
    return None if filled is None else filled * (1 - (share(values, "errors", "filled") or 0))


def roster_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    now = roster(values, params, year) or Fraction(0)
    blank, wrong = number(values, "required") - number(values, "filled"), number(values, "errors")
    text = "、".join(
        words for n, words in ((blank, f"补齐{plain(blank)}处空项"), (wrong, f"更正{plain(wrong)}处错误")) if n
    )
    return [Gap(f"党员名册{text}", 1 - now)] if text else []


def lecture(values: Values, params: Params, year: Year) -> Fraction | None:
    """Less a point of four where the year is over and the secretary gave none."""
    held = share(values, "done", "due")
    if held is None:
        return None
    return held - (Fraction(1, 4) if year.is_over and not values.get("by_secretary") else 0)


def lecture_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    gaps = more("再开{n}次党课", "done", "due")(values, params, year)
    if year.is_over and not values.get("by_secretary"):
        gaps.append(Gap("书记本年讲1次党课", Fraction(1, 4)))
    return gaps


def groups(values: Values, params: Params, year: Year) -> Fraction | None:
    """The mean over the groups of a branch; None without one."""
    return number(values, "mean") if number(values, "groups") else None


def groups_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    return [Gap("党小组会每月开齐", 1 - number(values, "mean"))]


def attendance(values: Values, params: Params, year: Year) -> Fraction | None:
    expected = number(values, "expected")
    if not expected:
        return None
    rate = (number(values, "present") + number(values, "made_up")) / expected
    return (rate - Fraction(params["from"])) / Fraction(params["range"])


def attendance_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    goal = Fraction(params["from"]) + Fraction(params["range"])
    lacking = goal * number(values, "expected") - number(values, "present") - number(values, "made_up")
    people = -(-lacking.numerator // lacking.denominator)
    gain = 1 - max(Fraction(0), attendance(values, params, year) or Fraction(0))
    return [Gap(f"出席率提高到{float(100 * goal):g}%：缺席党员补课{people}人次", gain)] if people > 0 else []


def org_life(values: Values, params: Params, year: Year) -> Fraction | None:
    if not values.get("due"):
        return None
    listed = number(values, "listed")
    rectified = number(values, "closed") / listed if listed else Fraction(1, 2)
    return (1 + 2 * rectified) / Fraction(3) if values.get("held") else Fraction(0)


def org_life_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    if not values.get("held"):
        return [Gap("召开组织生活会，列出整改事项并完成", Fraction(1))]
    listed, closed = number(values, "listed"), number(values, "closed")
    if not listed:
        return [Gap("列出组织生活会整改事项并完成", Fraction(1, 3))]
    open_ = listed - closed
    return [Gap(f"完成{plain(open_)}项整改", Fraction(2, 3) * open_ / listed)] if open_ > 0 else []


def plan(values: Values, params: Params, year: Year) -> Fraction | None:
    """min(1, admitted/plan); while the year runs the plan counts by its ended months."""
    plan = number(values, "plan") * Fraction(year.months, 12)
    return min(Fraction(1), number(values, "admitted") / plan) if plan else None


def steps(values: Values, params: Params, year: Year) -> Fraction | None:
    late = share(values, "late", "steps")
    return None if late is None else 1 - late


def late_steps(values: Values, params: Params, year: Year) -> list[Gap]:
    late = share(values, "late", "steps")
    return [Gap(f"{plain(number(values, 'late'))}步逾期或次序不符，后续按期办理", late)] if late else []


def high_level(values: Values, params: Params, year: Year) -> Fraction | None:
    found = share(values, "high", "admitted")
    return None if found is None else found / Fraction(params["goal"])


def high_level_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    return [Gap("在高知群体中发展党员", 1 - (high_level(values, params, year) or 0))]


def risks(values: Values, params: Params, year: Year) -> Fraction | None:
    return share(values, "reviewed", "registered") or Fraction(0)


def risk_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    if not number(values, "registered"):
        return [Gap("排查登记廉政风险点并复核", Fraction(1))]
    return more("复核{n}个廉政风险点", "reviewed", "registered")(values, params, year)


def ethics(values: Values, params: Params, year: Year) -> Fraction | None:
    return Fraction(0) if number(values, "cases") else 1 - number(values, "complaints") / 4


def ethics_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    return []  # what happened cannot be undone


def project(values: Values, params: Params, year: Year) -> Fraction | None:
    """0.5 filed, 1.5 at mid-term, 3 accepted, of three."""
    for name, worth in (("accepted", 6), ("mid_term", 3), ("filed", 1)):
        if values.get(name):
            return Fraction(worth, 6)
    return Fraction(0)


def project_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    now = project(values, params, year) or Fraction(0)
    ahead = (("申报书记党建项目", 1), ("完成书记党建项目中期评估", 3), ("书记党建项目按期结项", 6))
    at = next(((text, worth) for text, worth in ahead if Fraction(worth, 6) > now), None)
    return [Gap(at[0], Fraction(at[1], 6) - now)] if at else []


def volunteer(values: Values, params: Params, year: Year) -> Fraction | None:
    mean = share(values, "hours", "members")
    goal = Fraction(params["hours"]) * Fraction(year.months, 12)
    return None if mean is None or not goal else mean / goal


def volunteer_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    goal = Fraction(params["hours"]) * Fraction(year.months, 12) * number(values, "members")
    lacking = goal - number(values, "hours")
    return [Gap(f"再完成志愿服务{plain(lacking)}小时", lacking / goal)] if goal and lacking > 0 else []


def pairing(values: Values, params: Params, year: Year) -> Fraction | None:
    return Fraction(int(bool(values.get("active")) and number(values, "activities") >= params["activities"]))


def pairing_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    if not values.get("active"):
        return [Gap("签订结对共建协议并开展活动", Fraction(1))]
    return [Gap(f"结对共建活动达到{params['activities']:f}次", Fraction(1))]


def space(values: Values, params: Params, year: Year) -> Fraction | None:
    worth = {5: Fraction(1), 4: Fraction(7, 8), 3: Fraction(3, 4)}
    return worth.get(int(number(values, "stars")), Fraction(0))


def space_gaps(values: Values, params: Params, year: Year) -> list[Gap]:
    now = space(values, params, year) or Fraction(0)
    goal, worth = (("三星级", Fraction(3, 4)), ("四星级", Fraction(7, 8)), ("五星级", Fraction(1)))[
        0 if now < Fraction(3, 4) else 1 if now < Fraction(7, 8) else 2
    ]
    return [Gap(f"党员活动阵地达到{goal}", worth - now)]


def given(values: Values, params: Params, year: Year) -> Fraction | None:
    return share(values, "points", "out_of")
