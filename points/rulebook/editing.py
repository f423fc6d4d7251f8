"""Writing a draft of the rule book: begun as a copy, changed item by item, thrown away. What is published is frozen."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from branches.audit import record
from branches.models import Branch, User
from points.catalogue import columns_of
from points.models import RuleItem, RuleVersion
from points.rulebook.book import item_of, plan_of
from points.rulebook.differences import Plan, differences
from points.rulebook.rules import (
    CAP_FIELDS,
    CODE,
    LARGE_SCALE,
    item_problems,
    number_problem,
    scaled,
    scheme_problems,
)
from points.rulebook.wording import points_text
from points.rules import Item, Scheme

CONFLICT: Final = "conflict"
NAME, BASIS = 60, 120


def scheme_fields(scheme: Scheme) -> dict[str, Any]:
    """The columns of an edition that say what `scheme` says."""
    lines = [least for _, least in scheme.thresholds]
    return {
        "base": scheme.base,
        "scale": scheme.scale,
        **{name: scheme.caps[category] for category, name in CAP_FIELDS.items()},
        "points_share": scheme.points_share * 100,
        **dict(zip(("excellent_from", "qualified_from", "basically_from"), lines, strict=True)),
        "excellent_numerator": scheme.excellent_ratio.numerator,
        "excellent_denominator": scheme.excellent_ratio.denominator,
    }


def free_month(hospital: Branch, today: date) -> date:
    """The next month from which no edition of the hospital begins yet: what a new draft proposes."""
    taken = set(RuleVersion.objects.filter(hospital=hospital).values_list("valid_from", flat=True))
    month = following(today)
    while month in taken:
        month = following(month)
    return month


def following(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


@transaction.atomic
def start_draft(
    *,
    hospital: Branch,
    source: RuleVersion,
    name: str,
    valid_from: date,
    actor: User,
    large: bool = False,
) -> RuleVersion:
    """A new draft that says what `source` says; `large`: everything counted in points ten times as large.

    Who begins one from a scale of ten keeps that scale: it is not multiplied twice.
    """
    plan = plan_of(source)
    if large:
        if plan.scheme.scale != 1:
            raise ValidationError({"source": "所选版本已不是百分制的分值，请选择分值倍数为1的版本。"})
        plan = scaled(plan, LARGE_SCALE)
    plan = replace(plan, name=name, valid_from=valid_from, basis="")
    _check_head(plan, hospital, None)
    draft = RuleVersion(
        hospital=hospital, name=plan.name, valid_from=plan.valid_from, created_by=actor, **scheme_fields(plan.scheme)
    )
    with _month_taken_meanwhile(draft):
        draft.save()
    _write_items(draft, plan.items)
    changes = {"name": [None, draft.name], "valid_from": [None, valid_from], "copied_from": [None, source.name]}
    record(actor=actor, action="rules.drafted", target=draft, branch=hospital, changes=changes)
    return draft


@transaction.atomic
def save_head(*, draft: RuleVersion, plan: Plan, version: int, actor: User) -> RuleVersion:
    """Name, month, basis and the figures of the whole year; the items of `plan` are not looked at."""
    row = _locked(draft, version)
    before = plan_of(row, [])
    _check_head(plan, row.hospital, row.pk)
    row.name, row.valid_from, row.basis = plan.name, plan.valid_from, plan.basis
    for name, value in scheme_fields(plan.scheme).items():
        setattr(row, name, value)
    said = {one.what: [one.before, one.after] for one in differences(before, replace(plan, items=())).head}
    return _saved(row, actor, "rules.changed", said)


@transaction.atomic
def save_item(*, draft: RuleVersion, item: Item, version: int, actor: User, pk: int | None = None) -> RuleItem:
    """Add an item at the end of its category, or change the one with this key. A text left blank is made from the
    figures."""
    row = _locked(draft, version)
    rows = {one.pk: one for one in row.items.all()}
    kept = rows.pop(pk, None) if pk else None
    if pk and kept is None:
        raise ValidationError("这个项目已被删除，请返回规则重新查看。")
    item = replace(item, points_text=item.points_text or points_text(item))
    problems = item_problems(item)
    if any(one.code == item.code for one in rows.values()):
        problems["code"] = "这个编号已被使用。"
    if item.feed and (used := next((one for one in rows.values() if one.feed == item.feed), None)):
        problems["feed"] = f"这个自动来源已用于{used.code} {used.title}。"
    if kept is None and (too_many := number_problem(len(rows) + 1)):
        problems["code"] = too_many
    if problems:
        raise ValidationError(problems)
    facts = columns_of(item, kept.position if kept else _end_of(item, list(rows.values())))
    said: dict[str, Any] = {"code": [kept.code if kept else None, item.code], "title": [None, item.title]}
    if kept is None:
        rows_after = [one for one in rows.values() if one.position >= facts["position"]]
        for one in rows_after:
            one.position += 1
        RuleItem.objects.bulk_update(rows_after, ["position"])
        kept = RuleItem(version=row, **facts)
    else:
        changed = differences(_one(kept), replace(_one(kept), items=(item,))).items
        said = {change.what: [change.before, change.after] for one in changed for change in one.changes} | said
        for name, value in facts.items():
            setattr(kept, name, value)
    kept.save()
    _saved(row, actor, "rules.item_saved", said)
    return kept


@transaction.atomic
def remove_item(*, draft: RuleVersion, pk: int, actor: User) -> None:
    row = _locked(draft)
    item = row.items.filter(pk=pk).first()
    if item is None:
        return  # somebody else did
    said = {"code": [item.code, None], "title": [item.title, None]}
    item.delete()
    _saved(row, actor, "rules.item_removed", said)


@transaction.atomic
def move_item(*, draft: RuleVersion, pk: int, step: int, actor: User) -> None:
    """One place up (-1) or down (+1) among the items of its category; at the end nothing happens."""
    row = _locked(draft)
    rows = list(row.items.order_by("position", "code"))
    item = next((one for one in rows if one.pk == pk), None)
    if item is None:
        return
    mine = [one for one in rows if one.category == item.category]
    at = mine.index(item) + step
    if not 0 <= at < len(mine):
        return
    other = mine[at]
    here, there = rows.index(item), rows.index(other)
    rows[here], rows[there] = rows[there], rows[here]
    for position, one in enumerate(rows):
        one.position = position
    RuleItem.objects.bulk_update(rows, ["position"])
    _saved(row, actor, "rules.reordered", {"code": [None, item.code]})


@transaction.atomic
def replace_content(*, draft: RuleVersion, plan: Plan, version: int, actor: User) -> RuleVersion:
    """Everything a workbook says, in place of what the draft said. Its items get new rows: nothing cites a draft's."""
    row = _locked(draft, version)
    before = plan_of(row)
    _check_head(plan, row.hospital, row.pk)
    if too_many := number_problem(len(plan.items)):
        raise ValidationError(too_many)
    for item in plan.items:
        if problems := item_problems(item):
            raise ValidationError(f"{item.code}：{next(iter(problems.values()))}")
    row.name, row.valid_from, row.basis = plan.name, plan.valid_from, plan.basis
    for name, value in scheme_fields(plan.scheme).items():
        setattr(row, name, value)
    row.items.all().delete()
    _write_items(row, plan.items)
    found = differences(before, plan)
    said: dict[str, Any] = {one.what: [one.before, one.after] for one in found.head}
    said["items"] = [None, "、".join(one.code for one in found.items)]
    return _saved(row, actor, "rules.imported", said)


@transaction.atomic
def delete_draft(*, draft: RuleVersion, actor: User) -> None:
    row = _locked(draft)
    changes = {"name": [row.name, None]}
    record(actor=actor, action="rules.draft_deleted", target=row, branch=row.hospital, changes=changes)
    row.items.all().delete()
    row.delete()


def _one(row: RuleItem) -> Plan:
    return Plan("", date.min, items=(item_of(row),))


def _locked(draft: RuleVersion, version: int | None = None) -> RuleVersion:
    """The draft, locked; `version` as the form knew it."""
    row = RuleVersion.objects.select_for_update(of=("self",)).filter(pk=draft.pk).first()
    if row is None:
        raise ValidationError("这份草稿已被删除。")
    if row.published_at is not None:
        raise ValidationError("这一版规则已经发布，不能再修改；需要调整请新建草稿。")
    if version is not None and row.version != version:
        text = "您打开以后，草稿又有别人的改动，请核对后再保存。再次保存即以您填写的为准。"
        raise ValidationError(text, code=CONFLICT)
    return row


def _saved(row: RuleVersion, actor: User, action: str, changes: Mapping[str, Any]) -> RuleVersion:
    row.version += 1
    with _month_taken_meanwhile(row):
        row.save()
    record(actor=actor, action=action, target=row, branch=row.hospital, changes=dict(changes))
    return row


def _check_head(plan: Plan, hospital: Branch | None, own: int | None) -> None:
    problems: dict[str, str] = dict(scheme_problems(plan.scheme))
    if not plan.name or len(plan.name) > NAME:
        problems["name"] = f"请填写规则名称，不超过{NAME}字。"
    if len(plan.basis) > BASIS:
        problems["basis"] = f"依据不超过{BASIS}字。"
    if plan.valid_from.day != 1:
        problems["valid_from"] = "生效月份从每月1日起，请选择月份。"
    if taken := _month_taken(hospital, plan.valid_from, own):
        problems["valid_from"] = taken
    if problems:
        raise ValidationError(problems)


def _month_taken(hospital: Branch | None, month: date, own: int | None) -> str:
    other = RuleVersion.objects.filter(hospital=hospital, valid_from=month).exclude(pk=own).first()
    return f"这个月份已有一版规则（{other.name}），请另选月份。" if other else ""


@contextmanager
def _month_taken_meanwhile(row: RuleVersion) -> Iterator[None]:
    """Two people who look at once both find a month free; the database lets one in, and the other is told the same as
    one who came later."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if taken := _month_taken(row.hospital, row.valid_from, row.pk):
            raise ValidationError({"valid_from": taken}) from error
        raise


def _end_of(item: Item, rows: Sequence[RuleItem]) -> int:
    """The place after the last item of the same category, else at the end of all."""
    same = [one.position for one in rows if one.category == item.category]
    return (max(same) if same else max((one.position for one in rows), default=-1)) + 1


def _write_items(draft: RuleVersion, items: Sequence[Item]) -> None:
    RuleItem.objects.bulk_create(
        [RuleItem(version=draft, **columns_of(item, position)) for position, item in enumerate(items)]
    )


def new_code(rows: Sequence[RuleItem], category: str) -> str:
    """The next free number of a category, as its items are numbered: D08 after D07."""
    mine = [row.code for row in rows if row.category == category and CODE.fullmatch(row.code)]
    letter = mine[-1][0] if mine else {"VETO": "V"}.get(category, category[:1])
    taken = {row.code for row in rows}
    return next(code for n in range(1, 1000) if (code := f"{letter}{n:02d}") not in taken)
