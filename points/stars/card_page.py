"""One branch's score card as its page and papers show it: the sum, the lines by group, what to do for the next star."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Final, NamedTuple

from branches.models import Branch
from config.templatetags.ui import cn_date
from points.choices import MarkKind, RatingState, RoundState
from points.models import StarRound
from points.stars.catalogue import TAGS, group_of
from points.stars.doors import Reader, door_of
from points.stars.formulas import Field, Value
from points.stars.measures import MEASURES
from points.stars.quotas import Decision, step_limit
from points.stars.rules import CardLine, Line, Rating, decimal
from points.stars.standing import Rated

STAR_WORDS: Final = {0: "未评定", 1: "一星", 2: "二星", 3: "三星", 4: "四星", 5: "五星"}


class Number(NamedTuple):
    """One number of a line, in words."""

    label: str
    text: str


class Link(NamedTuple):
    label: str
    url: str


class LineView(NamedTuple):
    """One line in words and figures of two places."""

    code: str
    title: str
    tag: str
    formula: str
    brief: str
    numbers: tuple[Number, ...]
    score: Decimal
    max: Decimal
    lacking: Decimal
    is_na: bool
    reason: str
    links: tuple[Link, ...]
    todo: tuple[tuple[str, Decimal], ...]  # what to do, points of the line
    door: str
    by_hand: bool


class Action(NamedTuple):
    """Something to do: `gain` is what it adds to the total of the branch."""

    text: str
    code: str
    url: str
    gain: Decimal


class Condition(NamedTuple):
    text: str
    note: str
    met: bool | None  # None: known only when all branches are rated


class Rung(NamedTuple):
    name: str
    span: str
    state: str  # past, here, ahead


class Stage(NamedTuple):
    title: str
    note: str
    is_now: bool
    is_done: bool


class RowView(NamedTuple):
    """One branch in the table of all."""

    branch: Branch
    rating: Rating
    decision: Decision | None
    stars: int
    score_words: str
    how: list[str]

    @classmethod
    def of(cls, rated: Rated) -> "RowView":
        words = f"{decimal(rated.rating.score)}/{decimal(rated.rating.max)}"
        return cls(rated.branch, rated.rating, rated.decision, rated.stars, words, decision_words(rated))


@dataclass(frozen=True)
class Group:
    number: str
    name: str
    score: Decimal
    max: Decimal
    lines: tuple[LineView, ...]


def groups_of(lines: Sequence[Line], reader: Reader, *, lacking: bool = False) -> list[Group]:
    """Lines by group, in the order of the card, with the sums of the whole group; `lacking`: without the full ones."""
    found = []
    for (number, name), mine in groupby(lines, key=lambda line: group_of(line.card.code)):
        all_of_it = list(mine)
        shown = [line for line in all_of_it if not lacking or (line.applicable and not line.is_full)]
        score = sum((line.score for line in all_of_it), Fraction(0))
        most = sum((line.max for line in all_of_it if line.applicable), Fraction(0))
        if shown:
            found.append(
                Group(number, name, decimal(score), decimal(most), tuple(view_of(line, reader) for line in shown))
            )
    return found


def view_of(line: Line, reader: Reader) -> LineView:
    return LineView(
        code=line.card.code,
        title=line.card.title,
        tag=TAGS.get(line.card.tag, ""),
        formula=line.formula,
        brief=sum_words(line),
        numbers=tuple(numbers_of(line)),
        score=decimal(line.score),
        max=line.card.max,
        lacking=decimal(line.lacking),
        is_na=not line.applicable,
        reason=line.reason,
        links=links_of(line.evidence, reader),
        todo=tuple((gap.text, decimal(gap.gain)) for gap in line.gaps),
        door=line.door if reader.may_open(line.door) else "",
        by_hand=entered_by_hand(line.card),
    )


def links_of(urls: Iterable[str], reader: Reader) -> tuple[Link, ...]:
    """Those the reader may follow, with what stands there."""
    found = [(door_of(url), url) for url in urls if reader.may_open(url)]
    return tuple(Link(door.label, url) for door, url in found if door is not None)


def numbers_of(line: Line) -> list[Number]:
    """The numbers of a line with their labels and units."""
    measure = MEASURES.get(line.card.measure)
    fields = measure.fields if measure else ()
    return [Number(one.label, shown(one, line.values[one.name])) for one in fields if one.name in line.values]


def shown(field: Field, value: Value) -> str:
    if field.flag:
        return "是" if value else "否"
    number = Fraction(value)
    text = f"{number.numerator:,}" if number.denominator == 1 else f"{decimal(number):,}"
    return f"{text}{field.unit}"


def sum_words(line: Line) -> str:
    """5×8/10个月 and the like: the numbers of the branch, short enough for a table."""
    measure = MEASURES.get(line.card.measure)
    if measure is None:
        return ""
    texts = {one.name: shown(one._replace(unit=""), line.values.get(one.name, 0)) for one in measure.fields}
    if measure.brief:
        set_ = {f"set_{name}": measure.figure(name, n) for name, n in {**measure.params, **line.card.params}.items()}
        words = measure.brief.format(max=f"{line.card.max.normalize():f}", **texts, **set_)
        running = measure.prorated and line.year is not None and not line.year.is_over
        return f"{words}，目标按{line.year.months}/12折算" if running and line.year else words
    return "，".join(f"{one.label}：{texts[one.name]}" for one in measure.fields if not one.quiet)


def actions_of(rated: Rated, reader: Reader) -> list[Action]:
    """What raises the total, the most first."""
    factor = rated.rating.factor
    found = [
        Action(
            gap.text,
            f"{line.card.code} {line.card.title}",
            line.door if reader.may_open(line.door) else "",
            decimal(gap.gain * factor),
        )
        for line in rated.rating.lines
        for gap in line.gaps
    ]
    return sorted(found, key=lambda one: -one.gain)


def rungs_of(rated: Rated) -> list[Rung]:
    """The ladder of stars with the totals they need."""
    five, four, three, two = rated.card.thresholds
    spans = {
        1: f"{two:f}以下",
        2: f"{two:f}–{three - Decimal('0.01'):f}",
        3: f"{three:f}–{four - Decimal('0.01'):f}",
        4: f"{four:f}–{five - Decimal('0.01'):f}",
        5: f"{five:f}以上",
    }
    here = rated.stars
    return [
        Rung(STAR_WORDS[n], spans[n], "here" if n == here else "past" if n < here else "ahead") for n in range(1, 6)
    ]


def conditions_of(rated: Rated) -> list[Condition]:
    """What five stars need beside the total."""
    rating, places, found = rated.rating, rated.places, []
    found.append(Condition("没有一票否决事项", "；".join(rating.vetoes), not rating.vetoes))
    found.append(Condition("有1个以上支部品牌或创新做法", "", rating.innovation))
    if rated.candidate is not None:
        most = step_limit(rated.candidate)
        if most < 5:
            note = f"上年{STAR_WORDS[rated.candidate.previous or 0]}，本年最高{STAR_WORDS[most]}；直接定级须有文号"
            found.append(Condition("一年最多上升一星", note, False))
    note = f"参评{places.rated}个支部，五星最多{places.five}个，四星以上最多{places.four}个"
    cut = rated.decision.cut_from if rated.decision else None
    found.append(Condition("在名额以内", note, None if cut is None else False))
    return found


def decision_words(rated: Rated) -> list[str]:
    """How the stars follow from the total: as it was on display, before that as it is now."""
    return list(rated.settled.decision) if rated.settled is not None else worked_out_words(rated)


def worked_out_words(rated: Rated) -> list[str]:
    """How the stars follow from the total, step by step."""
    decision, candidate, rating = rated.decision, rated.candidate, rated.rating
    if decision is None or candidate is None:
        return [rating.unrated]
    if candidate.above is not None and not rating.vetoes:
        return [f"上级评定为{STAR_WORDS[candidate.above]}，不占本院名额"]
    if rating.vetoes:
        return [f"有一票否决事项，定为一星；一年内不评先进：{'；'.join(rating.vetoes)}"]
    words = [f"总分{rating.total}，按分数线为{STAR_WORDS[rating.stars]}"]
    if rating.stars == 4 and rating.total >= rated.card.thresholds[0]:
        words[0] = f"总分{rating.total}，达到五星分数线，没有品牌或创新做法，按四星"
    if decision.held_back:
        words.append(f"上年{STAR_WORDS[candidate.previous or 0]}，一年最多上升一星")
    if decision.cut_from:
        tied = "，与其他支部同分，由党委研究" if decision.tied else ""
        words.append(f"{STAR_WORDS[decision.cut_from]}名额已满{tied}，降为{STAR_WORDS[decision.stars]}")
    return words


def stages_of(rated: Rated, round_: StarRound | None, today: date) -> list[Stage]:
    """The yearly course, with where this branch is."""
    year, row = rated.year, rated.row
    state = row.state if row else ""
    at = 0
    if today.year > year:
        at = 1
    if state == RatingState.SELF_RATED:
        at = 2
    if state == RatingState.REVIEWED:
        at = 3
    if round_ is not None and round_.state == RoundState.PUBLICISED:
        at = 3
    if round_ is not None and round_.state == RoundState.APPROVED:
        at = 5
    until = f"至{cn_date(round_.objections_until)}" if round_ and round_.objections_until else "可提出异议"
    approved = f"{round_.meeting}" if round_ and round_.meeting else "第一季度"
    rows = [
        ("实时预览", "全年"),
        ("支部自评", f"{year + 1}年1月15日前"),
        ("党办复核", f"{year + 1}年2月15日前"),
        ("公示5个工作日", until),
        ("党委审定", approved),
    ]
    return [Stage(title, note, n == at, n < at) for n, (title, note) in enumerate(rows)]


def entered_by_hand(line: CardLine) -> bool:
    """Whether its figures are entered by the Party office, because no register of the system has them."""
    measure = MEASURES.get(line.measure)
    return measure is not None and measure.by_hand


def marks_of(rated: Rated) -> list[tuple[str, str]]:
    """Pluses, minuses and what else was entered: label and points."""
    if rated.facts is not None:
        marks = [(mark.kind.value, mark.level, mark.text) for mark in rated.facts.marks]
    else:
        kept = rated.row.facts.get("marks", []) if rated.row else []
        marks = [(one["kind"], one["level"], one["text"]) for one in kept]
    found = []
    for kind, level, text in marks:
        points = rated.card.marks.get(level, Decimal(0))
        sign = {MarkKind.BONUS.value: "+", MarkKind.DEDUCTION.value: "−"}.get(kind, "")
        found.append((text, f"{sign}{points:f}" if sign else ""))
    return found
