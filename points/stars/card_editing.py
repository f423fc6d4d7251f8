"""Writing a draft of a score card: begun as a copy, changed line by line, thrown away. What is published is frozen."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count

from branches.audit import record
from branches.choices import BranchCategory
from branches.models import Branch, User
from points.models import Scorecard, ScorecardLine, StarRating
from points.rulebook.wording import number
from points.stars.card_rules import (
    MOST_LINES,
    STAR_NAMES,
    Edition,
    differences,
    head_problems,
    line_problems,
    line_words,
    max_problem,
    place_of,
    rated_problem,
)
from points.stars.cards import CardBook, edition_of, line_of
from points.stars.catalogue import row_of
from points.stars.rules import DEFAULT_MARKS, Card, CardLine

CONFLICT: Final = "conflict"


def category_words(category: str) -> str:
    """临床类, or what a card for all the others is called."""
    return f"{BranchCategory(category).label}类" if category else "通用"


def rated_years(hospital: Branch, category: str) -> dict[int, int]:
    """Year -> how many branches a card of this category is for have handed in their self-rating."""
    rows = StarRating.objects.filter(hospital=hospital)
    if category:
        rows = rows.filter(branch__category=category)
    return dict(rows.order_by().values("year").annotate(n=Count("pk")).values_list("year", "n"))


def free_year(hospital: Branch, category: str, today_year: int) -> int:
    """What a new draft proposes: the next year no edition of the category begins in, after all self-ratings."""
    own = Scorecard.objects.filter(hospital=hospital, category=category)
    taken = set(own.values_list("valid_from", flat=True))
    year = max([today_year, *rated_years(hospital, category)]) + 1
    while year in taken:
        year += 1
    return year


@transaction.atomic
def start_draft(*, hospital: Branch, category: str, name: str, valid_from: int, actor: User) -> Scorecard:
    """A new draft that says what is in force for branches of the category in that year."""
    try:
        source = CardBook([hospital.pk]).row(hospital.pk, category, valid_from)
    except LookupError:
        raise ValidationError({"valid_from": f"{valid_from}年还没有可以复制的评分表，请选择以后的年度。"}) from None
    edition = replace(edition_of(source), name=name, valid_from=valid_from, basis="", general=not category)
    _check_head(edition, hospital, category, None)
    draft = Scorecard(hospital=hospital, category=category, created_by=actor)
    _put(draft, edition)
    with _year_taken_meanwhile(draft):
        draft.save()
    ScorecardLine.objects.bulk_create(
        [ScorecardLine(card=draft, **row_of(line, at)) for at, line in enumerate(edition.card.lines)]
    )
    changes = {
        "name": [None, name],
        "category": [None, category_words(category)],
        "valid_from": [None, f"{valid_from}年"],
        "copied_from": [None, source.name],
    }
    record(actor=actor, action="star_card.drafted", target=draft, branch=hospital, changes=changes)
    return draft


@transaction.atomic
def save_head(*, draft: Scorecard, edition: Edition, version: int, actor: User) -> Scorecard:
    """Name, year, basis and the figures of the whole card; the lines of `edition` are not looked at."""
    row = _locked(draft, version)
    before = edition_of(row, [])
    edition = replace(edition, card=replace(edition.card, lines=()), general=not row.category)
    _check_head(edition, row.hospital, row.category, row.pk)
    _put(row, edition)
    said = {one.what: [one.before, one.after] for one in differences(before, edition).head}
    return _saved(row, actor, "star_card.changed", said)


@transaction.atomic
def save_weights(*, draft: Scorecard, weights: Mapping[int, Decimal], version: int, actor: User) -> Scorecard:
    """The maxima of lines, by their key; what they add up to is asked for when the card is published."""
    row = _locked(draft, version)
    problems = {f"max_{pk}": wrong for pk, value in weights.items() if (wrong := max_problem(value))}
    if problems:
        raise ValidationError(problems)
    lines = [one for one in row.lines.all() if one.pk in weights and one.max != weights[one.pk]]
    said = {f"{one.code} {one.title}": [number(one.max), number(weights[one.pk])] for one in lines}
    for line in lines:
        line.max = weights[line.pk]
    ScorecardLine.objects.bulk_update(lines, ["max"])
    return _saved(row, actor, "star_card.weights", said)


@transaction.atomic
def save_line(*, draft: Scorecard, line: CardLine, version: int, actor: User, pk: int | None = None) -> ScorecardLine:
    """Add a line at the end of its group, or change the one with this key; what it measures stays then."""
    row = _locked(draft, version)
    rows = {one.pk: one for one in row.lines.all()}
    kept = rows.pop(pk, None) if pk else None
    if pk and kept is None:
        raise ValidationError("这个项目已被删除，请返回评分表重新查看。")
    if kept is not None:
        line = replace(line, measure=kept.measure)
    elif len(rows) >= MOST_LINES:
        raise ValidationError(f"一张评分表最多{MOST_LINES}个项目。")
    if problems := line_problems(line, [line_of(one) for one in rows.values()]):
        raise ValidationError(problems)
    before = line_words(line_of(kept)) if kept else {}
    said: dict[str, Any] = {what: [before.get(what), text] for what, text in line_words(line).items()}
    said = {what: pair for what, pair in said.items() if pair[0] != pair[1] or what == "编号"}
    at = kept.position if kept and _group(kept.code) == _group(line.code) else len(rows) + 1
    kept = kept or ScorecardLine(card=row)
    for name, value in row_of(line, at).items():
        setattr(kept, name, value)
    kept.save()
    _number(row)
    _saved(row, actor, "star_card.line_saved", said)
    return kept


@transaction.atomic
def remove_line(*, draft: Scorecard, pk: int, actor: User) -> None:
    row = _locked(draft)
    line = row.lines.filter(pk=pk).first()
    if line is None:
        return  # somebody else did
    said = {"code": [line.code, None], "title": [line.title, None], "满分": [number(line.max), None]}
    line.delete()
    _saved(row, actor, "star_card.line_removed", said)


@transaction.atomic
def move_line(*, draft: Scorecard, pk: int, step: int, actor: User) -> None:
    """One place up (-1) or down (+1) within its group; at the end nothing happens."""
    row = _locked(draft)
    rows = list(row.lines.all())
    line = next((one for one in rows if one.pk == pk), None)
    if line is None:
        return
    mine = [one for one in rows if _group(one.code) == _group(line.code)]
    at = mine.index(line) + step
    if not 0 <= at < len(mine):
        return
    line.position, mine[at].position = mine[at].position, line.position
    ScorecardLine.objects.bulk_update([line, mine[at]], ["position"])
    _saved(row, actor, "star_card.reordered", {"code": [None, line.code]})


@transaction.atomic
def delete_draft(*, draft: Scorecard, actor: User) -> None:
    row = _locked(draft)
    record(
        actor=actor,
        action="star_card.draft_deleted",
        target=row,
        branch=row.hospital,
        changes={"name": [row.name, None]},
    )
    row.lines.all().delete()
    row.delete()


def columns_of(card: Card) -> dict[str, Any]:
    """The columns of an edition that say what `card` says beside its lines; points only where they differ."""
    marks = {level: str(points) for level, points in card.marks.items() if points != DEFAULT_MARKS[level]}
    return {
        **dict(zip(STAR_NAMES, card.thresholds, strict=True)),
        "rated_from": card.rated_from,
        "bonus_cap": card.bonus_cap,
        **{name: _percent(getattr(card, name)) for name in ("five_share", "four_share")},
        "marks": marks,
    }


def _percent(share: Any) -> Decimal:
    value = share * 100
    return Decimal(value.numerator) / value.denominator


def _put(row: Scorecard, edition: Edition) -> None:
    row.name, row.valid_from, row.basis = edition.name, edition.valid_from, edition.basis
    for name, value in columns_of(edition.card).items():
        setattr(row, name, value)


def _group(code: str) -> int:
    return place_of(code)[0]


def _number(row: Scorecard) -> None:
    """Positions anew: groups by their numbers, within a group as the lines stood."""
    rows = sorted(row.lines.all(), key=lambda one: (_group(one.code), one.position))
    for position, one in enumerate(rows):
        one.position = position
    ScorecardLine.objects.bulk_update(rows, ["position"])


def _locked(draft: Scorecard, version: int | None = None) -> Scorecard:
    """The draft, locked; `version` as the form knew it."""
    row = Scorecard.objects.select_for_update(of=("self",)).select_related("hospital").filter(pk=draft.pk).first()
    if row is None:
        raise ValidationError("这份草稿已被删除。")
    if row.published_at is not None:
        raise ValidationError("这一版评分表已经发布，不能再修改；需要调整请新建草稿。")
    if version is not None and row.version != version:
        text = "您打开以后，草稿又有别人的改动，请核对后再保存。再次保存即以您填写的为准。"
        raise ValidationError(text, code=CONFLICT)
    return row


def _saved(row: Scorecard, actor: User, action: str, changes: Mapping[str, Any]) -> Scorecard:
    row.version += 1
    with _year_taken_meanwhile(row):
        row.save()
    record(actor=actor, action=action, target=row, branch=row.hospital, changes=dict(changes))
    return row


def _check_head(edition: Edition, hospital: Branch | None, category: str, own: int | None) -> None:
    problems = head_problems(edition)
    if "valid_from" not in problems and hospital is not None:
        taken = _year_taken(hospital, category, edition.valid_from, own)
        if wrong := rated_problem(edition.valid_from, rated_years(hospital, category)) or taken:
            problems["valid_from"] = wrong
    if problems:
        raise ValidationError(problems)


def _year_taken(hospital: Branch | None, category: str, year: int, own: int | None) -> str:
    same = Scorecard.objects.filter(hospital=hospital, category=category, valid_from=year).exclude(pk=own)
    other = same.first()
    return f"{year}年已有一版{category_words(category)}评分表（{other.name}），请另选年度。" if other else ""


@contextmanager
def _year_taken_meanwhile(row: Scorecard) -> Iterator[None]:
    """Two people who look at once both find a year free; the database lets one in, and the other is told the same as
    one who came later."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if taken := _year_taken(row.hospital, row.category, row.valid_from, row.pk):
            raise ValidationError({"valid_from": taken}) from error
        raise


def unused_measures(rows: Sequence[ScorecardLine], measures: Mapping[str, Any]) -> list[str]:
    """Which measures no line of a card uses: these may be put back."""
    used = {row.measure for row in rows}
    return [key for key in measures if key not in used]
