"""The formula of the year with a member's own numbers: every part, the items it is made of, and the composite."""

from dataclasses import dataclass
from decimal import Decimal

from points.choices import EARNING, Category, Grade
from points.models import AppraisalResult
from points.rules import Item, ItemPoints, appraisal_index, composite
from points.statement.rules import category_text, formula, is_discipline, item_text
from points.statement.year import OwnYear

SHORT = {Category.STU: "学习", Category.DUT: "义务", Category.POS: "岗位", Category.SVC: "服务"}
HIDDEN = "纪律扣分"


@dataclass(frozen=True)
class ItemLine:
    """What one item came to; `code` empty where the reader may not know which."""

    code: str
    title: str
    text: str
    counted: Decimal
    is_full: bool


@dataclass(frozen=True)
class Part:
    """One category of the sum with its items; `cap` None for deductions, `text` says what the category's cap took."""

    category: Category
    sign: str
    counted: Decimal
    cap: Decimal | None
    items: tuple[ItemLine, ...]
    text: str = ""

    @property
    def label(self) -> str:
        return str(self.category.label)

    @property
    def short(self) -> str:
        return SHORT.get(self.category, self.label)


def parts_of(year: OwnYear, *, sees_discipline: bool) -> list[Part]:
    """Earning categories, honours and deductions, as the sum of the year adds them."""
    result, caps = year.result, year.rules.scheme.caps
    counted = {category: parts.counted for category, parts in result.categories.items()}
    counted[Category.HON] = result.honours
    found = []
    for category in (*EARNING, Category.HON):
        items = _items(year, category)
        text = category_text([points for _, points in items], counted[category], caps[category])
        lines = tuple(_line(year, item, points) for item, points in items)
        found.append(Part(category, "+", counted[category], caps[category], lines, text))
    taken = [
        _line(year, item, points, hidden=is_discipline(item) and not sees_discipline)
        for item, points in _items(year, Category.DED)
    ]
    return [*found, Part(Category.DED, "−", result.deductions, None, tuple(taken))]


def _items(year: OwnYear, category: Category) -> list[tuple[Item, ItemPoints]]:
    """Those that came to something, in the order of their codes; an award that was taken back leaves nothing."""
    items = year.rules.items
    return [
        (items[code], points)
        for code, points in sorted(year.result.items.items())
        if items[code].category == category and points.raw
    ]


def _line(year: OwnYear, item: Item, points: ItemPoints, *, hidden: bool = False) -> ItemLine:
    counted = -points.counted if item.category == Category.DED else points.counted
    is_full = points.cap is not None and points.counted >= points.cap
    code, title = ("", HIDDEN) if hidden else (item.code, item.title)
    return ItemLine(code, title, item_text(item, points, year.months), counted, is_full)


@dataclass(frozen=True)
class Composite:
    """`formula` is empty for a member who takes no part in points: the appraisal alone counts."""

    index: Decimal
    value: Decimal
    formula: str


def composite_of(year: OwnYear) -> Composite | None:
    """None without an appraisal of that year, and where the year is not rated. One statement."""
    poll = AppraisalResult.objects.filter(member=year.member, year=year.year).first()
    if poll is None or not year.result.rated:
        return None
    votes = {level: getattr(poll, level.value) for level in Grade}
    index, scheme = appraisal_index(votes), year.rules.scheme
    total = None if year.exempt else year.result.total
    value = composite(total, votes, scheme)
    if index is None or value is None:
        return None
    said = "" if total is None else formula(scheme.points_share, min(total / scheme.scale, Decimal(100)), index)
    return Composite(index, value, said)
