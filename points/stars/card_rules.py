"""Editions of a score card as values: what bars one from being published, what to look at, how two differ. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final

from points.choices import MARK_LEVELS, MarkKind, MarkLevel
from points.rulebook.differences import Change, Differences, ItemChange
from points.rulebook.rules import Checks
from points.rulebook.wording import number
from points.stars.catalogue import LINES, TAGS
from points.stars.measures import MEASURES
from points.stars.rules import GIVEN, Card, CardLine

CODE: Final = re.compile(r"[1-9][0-9]?\.[1-9][0-9]?")
FULL: Final = Decimal(100)
NAME, BASIS, TITLE, MOST_LINES = 60, 120, 40, 80
FIRST_YEAR, LAST_YEAR = 2020, 2100
STAR_NAMES: Final = ("five_from", "four_from", "three_from", "two_from")
HEAD_WORDS: Final[Mapping[str, str]] = {
    "five_from": "五星分数线",
    "four_from": "四星分数线",
    "three_from": "三星分数线",
    "two_from": "二星分数线",
    "rated_from": "评定所需适用满分",
    "bonus_cap": "加分上限",
    "five_share": "五星比例（%）",
    "four_share": "四星以上比例（%）",
}
MARKS: Final[tuple[MarkLevel, ...]] = (*MARK_LEVELS[MarkKind.BONUS], *MARK_LEVELS[MarkKind.DEDUCTION])


@dataclass(frozen=True)
class Edition:
    """What one edition says; `general`: not for one category alone."""

    name: str
    valid_from: int  # year
    basis: str = ""
    card: Card = field(default_factory=lambda: Card(LINES))
    general: bool = True


def total_of(lines: Iterable[CardLine]) -> Decimal:
    return sum((line.max for line in lines), Decimal(0))


def sum_problem(total: Decimal) -> str:
    """Why a card with this sum of maxima cannot be published; "" where it can.

    >>> sum_problem(Decimal("99.99")), sum_problem(Decimal(100))
    ('各项满分合计99.99分，应为100分，还差0.01分。', '')
    """
    off = off_words(total)
    return off and f"各项满分合计{number(total)}分，应为100分，{off}。"


def off_words(total: Decimal) -> str:
    """How far a sum of maxima is from 100; "" where it is."""
    if total == FULL:
        return ""
    return f"还差{number(FULL - total)}分" if total < FULL else f"多出{number(total - FULL)}分"


def rated_problem(year: int, rated: Mapping[int, int]) -> str:
    """Why a card cannot begin in `year`; `rated`: year -> how many branches it is for have handed in their
    self-rating."""
    late = [one for one, branches in rated.items() if branches and one >= year]
    if not late:
        return ""
    last = max(late)
    return f"{last}年度已有{rated[last]}个支部提交自评，新评分表请从{last + 1}年起生效。"


# --- the head ---


def head_problems(edition: Edition) -> dict[str, str]:
    """What is wrong with name, year, basis and the figures of the whole card, by field."""
    card, found = edition.card, dict[str, str]()
    if not edition.name or len(edition.name) > NAME:
        found["name"] = f"请填写评分表名称，不超过{NAME}字。"
    if len(edition.basis) > BASIS:
        found["basis"] = f"依据不超过{BASIS}字。"
    if not FIRST_YEAR <= edition.valid_from <= LAST_YEAR:
        found["valid_from"] = f"请填写{FIRST_YEAR}至{LAST_YEAR}之间的年度。"
    if not card.thresholds[-1] > 0:
        found["two_from"] = "分数线应大于0。"
    for at, name in enumerate(STAR_NAMES[1:], start=1):
        if card.thresholds[at] >= card.thresholds[at - 1]:
            found[name] = f"五星至二星的分数线应依次降低，{HEAD_WORDS[name]}应低于{HEAD_WORDS[STAR_NAMES[at - 1]]}。"
    if card.thresholds[0] > 110:
        found["five_from"] = "总分最高110分，五星分数线不能超过110。"
    if not 0 < card.rated_from <= FULL:
        found["rated_from"] = "评定所需适用满分应大于0，不超过100。"
    if not 0 <= card.bonus_cap <= FULL:
        found["bonus_cap"] = "加分上限应在0至100之间。"
    if not 0 <= card.four_share <= 1:
        found["four_share"] = "四星以上比例应在0至100之间。"
    elif not 0 <= card.five_share <= card.four_share:
        found["five_share"] = "五星比例不能小于0，也不能大于四星以上比例。"
    for level in MARKS:
        if not 0 <= card.marks.get(level, Decimal(0)) <= FULL:
            found[mark_field(level)] = "分值应在0至100之间。"
    return found


def mark_field(level: str) -> str:
    """The name of the field in which the points of a kind of honour or fault are written."""
    return f"mark_{level}"


# --- one line ---


def line_problems(line: CardLine, others: Iterable[CardLine] = ()) -> dict[str, str]:
    """What is wrong with a line beside the others of its card, by field."""
    found, measure = dict[str, str](), MEASURES.get(line.measure)
    if not CODE.fullmatch(line.code):
        found["code"] = "编号请写成“类别号.序号”的样式，如2.3。"
    if not line.title or len(line.title) > TITLE:
        found["title"] = f"请填写项目名称，不超过{TITLE}字。"
    if wrong := max_problem(line.max):
        found["max"] = wrong
    if line.tag and line.tag not in TAGS:
        found["tag"] = "请从列表中选择。"
    if measure is None:
        found["measure"] = "请从列表中选择计分办法。"
    else:
        found |= param_problems(line)
    for other in others:
        if other.code == line.code:
            found["code"] = "这个编号已被使用。"
        elif line.measure != GIVEN and other.measure == line.measure:
            found["measure"] = f"这个计分办法已用于{other.code} {other.title}。"
    return found


def max_problem(value: Decimal) -> str:
    return "" if 0 < value <= FULL else "满分应大于0，不超过100。"


def param_problems(line: CardLine) -> dict[str, str]:
    """What is wrong with the figures of a line's measure, by `param_<name>`."""
    measure = MEASURES[line.measure]
    found = {
        f"param_{name}": f"{measure.param_labels[name]}应大于0{'，不超过100%' if name in measure.percents else ''}。"
        for name, value in line.params.items()
        if name in measure.params and not 0 < value <= (1 if name in measure.percents else 10_000)
    }
    if line.measure == "attendance" and not found:
        figures = {**measure.params, **line.params}
        if figures["from"] + figures["range"] > 1:
            found["param_range"] = "起算出席率与到满分的差合计不能超过100%。"
    return found


# --- before publishing ---


def checks(edition: Edition, before: Edition | None, *, today_year: int, rated: Mapping[int, int]) -> Checks:
    """What bars an edition, and what to look at; `before`: the edition in force until it begins."""
    card, found = edition.card, Checks()
    found.errors += head_problems(edition).values()
    if not edition.basis:
        found.errors.append("请填写依据（通过评分表的会议或文件）。")
    for at, line in enumerate(card.lines):
        found.errors += [f"{line.code} {line.title}：{text}" for text in line_problems(line, card.lines[:at]).values()]
    for text in (sum_problem(total_of(card.lines)), rated_problem(edition.valid_from, rated)):
        if text:
            found.errors.append(text)
    if before is not None:
        found.warnings += cautions(card, before.card)
    if edition.valid_from <= today_year:
        found.warnings.append(
            f"自{edition.valid_from}年度起生效，发布后{edition.valid_from}年度以来的实时预览按新表重算。"
        )
    return found


def cautions(card: Card, before: Card) -> list[str]:
    """Standard lines left out, weights that changed by more than half, thresholds nobody can reach without bonus."""
    new, found = {line.fact: line for line in card.lines}, list[str]()
    for line in before.lines:
        kept = new.get(line.fact)
        if kept is None:
            found.append(f"不再包括{line.code} {line.title}（原{number(line.max)}分）。")
        elif abs(kept.max - line.max) * 2 > line.max:
            found.append(f"{kept.code} {kept.title}由{number(line.max)}分改为{number(kept.max)}分，变动超过一半。")
    if card.thresholds[0] > FULL:
        found.append("五星分数线超过100分，没有加分的支部达不到。")
    return found


# --- two editions ---


def differences(before: Edition, after: Edition) -> Differences:
    """What `after` changes; a line is known by what it measures, whatever its number."""
    old, new = head_words(before), head_words(after)
    head = tuple(Change(what, old.get(what, ""), text) for what, text in new.items() if old.get(what, "") != text)
    was, now = ({line.fact: line for line in one.card.lines} for one in (before, after))
    items = [
        ItemChange("removed", line.code, line.title, (Change("满分", number(line.max), ""),))
        for fact, line in was.items()
        if fact not in now
    ]
    for fact, line in now.items():
        if fact not in was:
            items.append(ItemChange("added", line.code, line.title, (Change("满分", "", number(line.max)),)))
        elif changed := line_changes(was[fact], line):
            items.append(ItemChange("changed", line.code, line.title, changed))
    kept = [fact for fact in was if fact in now]
    return Differences(
        head, tuple(sorted(items, key=lambda one: place_of(one.code))), kept != [f for f in now if f in was]
    )


def head_words(edition: Edition) -> dict[str, str]:
    """The figures of a whole card by their labels; shares only of a general card, by which places are given."""
    card = edition.card
    said = {"名称": edition.name, "生效年度": f"{edition.valid_from}年", "依据": edition.basis}
    said |= {HEAD_WORDS[name]: number(value) for name, value in zip(STAR_NAMES, card.thresholds, strict=True)}
    said |= {HEAD_WORDS["rated_from"]: number(card.rated_from), HEAD_WORDS["bonus_cap"]: number(card.bonus_cap)}
    if edition.general:
        said |= {HEAD_WORDS["five_share"]: percent(card.five_share), HEAD_WORDS["four_share"]: percent(card.four_share)}
    return said | {str(level.label): number(card.marks.get(level, Decimal(0))) for level in MARKS}


def percent(share: Fraction) -> str:
    """A share of two decimals of a percent, without the sign.

    >>> percent(Fraction(1, 10)), percent(Fraction(125, 1000))
    ('10', '12.5')
    """
    value = share * 100
    return number(Decimal(value.numerator) / value.denominator)


def line_words(line: CardLine) -> dict[str, str]:
    measure = MEASURES[line.measure]
    said = {"编号": line.code, "项目": line.title, "满分": number(line.max), "五化": TAGS.get(line.tag, "")}
    figures = {**measure.params, **line.params}
    return said | {label: measure.figure(name, figures[name]) for name, label in measure.param_labels.items()}


def line_changes(before: CardLine, after: CardLine) -> tuple[Change, ...]:
    old, new = line_words(before), line_words(after)
    return tuple(Change(what, old[what], text) for what, text in new.items() if old[what] != text)


def place_of(code: str) -> tuple[int, ...]:
    """In numbers, so that 2.10 comes after 2.9; a code of another shape comes last.

    >>> sorted(["2.10", "2.9", "10.1", "甲"], key=place_of)
    ['2.9', '2.10', '10.1', '甲']
    """
    return tuple(int(part) for part in code.split(".")) if CODE.fullmatch(code) else (100, 0)


def free_code(taken: Collection[str], group: int = 9) -> str:
    """The next free number of a group; the hospital's own lines stand in group 9.

    >>> free_code(["9.1", "9.2", "2.1"]), free_code([])
    ('9.3', '9.1')
    """
    return next(code for n in range(1, 100) if (code := f"{group}.{n}") not in taken)
