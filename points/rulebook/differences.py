"""An edition of the rule book as values, and what two of them differ in, item by item. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from points.choices import CAPPED, Category
from points.rulebook.wording import limit_words, number, ratio_words, variant_words
from points.rules import DEFAULT_SCHEME, Item, Scheme


@dataclass(frozen=True)
class Plan:
    """What one edition says, as values: items in their order."""

    name: str
    valid_from: date
    basis: str = ""
    scheme: Scheme = DEFAULT_SCHEME
    items: tuple[Item, ...] = ()

    @property
    def by_code(self) -> dict[str, Item]:
        return {item.code: item for item in self.items}


class Change(NamedTuple):
    """One difference: what it is of, and both values in words; "" where there is none."""

    what: str
    before: str
    after: str


class ItemChange(NamedTuple):
    """`kind`: added, removed or changed."""

    kind: str
    code: str
    title: str
    changes: tuple[Change, ...] = ()


class Differences(NamedTuple):
    head: tuple[Change, ...]
    items: tuple[ItemChange, ...]
    reordered: bool

    def __bool__(self) -> bool:
        return bool(self.head or self.items or self.reordered)


def differences(before: Plan, after: Plan, labels: Mapping[str, str] | None = None) -> Differences:
    """What `after` changes, item by item; `labels`: words of the feeds."""
    labels = labels or {}
    head = [
        Change("名称", before.name, after.name),
        Change("生效月份", month_words(before.valid_from), month_words(after.valid_from)),
        Change("依据", before.basis, after.basis),
    ]
    shown = tuple(one for one in head if one.before != one.after) + scheme_changes(before.scheme, after.scheme)
    old, new = before.by_code, after.by_code
    items = [ItemChange("removed", code, item.title) for code, item in old.items() if code not in new]
    for code, item in new.items():
        if code not in old:
            items.append(ItemChange("added", code, item.title))
        elif changes := item_changes(old[code], item, labels):
            items.append(ItemChange("changed", code, item.title, changes))
    kept = [code for code in old if code in new]
    return Differences(shown, tuple(sorted(items, key=lambda one: one.code)), kept != [c for c in new if c in old])


def scheme_changes(before: Scheme, after: Scheme) -> tuple[Change, ...]:
    def words(scheme: Scheme) -> dict[str, str]:
        said = {"基础分": number(scheme.base), "分值倍数": number(scheme.scale)}
        said |= {f"{category.label}上限": number(scheme.caps[category]) for category in CAPPED}
        said["积分占比（%）"] = number(scheme.points_share * 100)
        said |= {f"{grade.label}线": number(least) for grade, least in scheme.thresholds}
        return said | {"优秀比例": ratio_words(scheme.excellent_ratio)}

    old, new = words(before), words(after)
    return tuple(Change(what, old[what], new[what]) for what in new if old.get(what) != new[what])


def item_changes(before: Item, after: Item, labels: Mapping[str, str]) -> tuple[Change, ...]:
    old, new = item_words(before, labels), item_words(after, labels)
    return tuple(Change(what, old[what], new[what]) for what in new if old[what] != new[what])


def item_words(item: Item, labels: Mapping[str, str]) -> dict[str, str]:
    """Every fact of an item in words."""
    return {
        "类别": item.category.label,
        "项目": item.title,
        "分值": "；".join(f"{one.label}={number(one.points)}" for one in item.levels) or number(item.points),
        "每满": f"{number(item.per)}{item.unit}",
        "年度上限": "不设" if item.cap is None else number(item.cap),
        "不设党小组的支部系数": number(item.factor_without_groups),
        "岗位差别": "；".join(variant_words(item)),
        "年度考核等次": limit_words(item.grade_limit) if item.category == Category.VETO else "",
        "计分说明": item.points_text,
        "记分方式": item.origin.label,
        "自动来源": labels.get(item.feed, item.feed),
        "申报人": item.declared_by.label,
        "审核人": item.reviewed_by.label,
        "依据": item.evidence,
        "必须上传依据": "是" if item.evidence_required else "否",
    }


def month_words(day: date) -> str:
    return f"{day.year}年{day.month}月"
