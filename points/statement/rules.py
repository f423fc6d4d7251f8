"""How a year is explained to its member: what each cap took away, and what the caps still leave. Pure."""

from decimal import Decimal

from points.choices import SCALED, Category, Declarer
from points.rules import FULL_YEAR, RATED_FROM, ZERO, Item, ItemPoints, Scheme, YearPoints, round_half_up


def is_part_year(months: int) -> bool:
    """Whether what was earned is scaled to twelve months; under three nothing is, since the year is not rated.

    >>> [is_part_year(months) for months in (2, 3, 11, 12)]
    [False, True, True, False]
    """
    return RATED_FROM <= months < FULL_YEAR


def is_discipline(item: Item | None) -> bool:
    """What the discipline member enters: its reason is for the member and for those who see discipline alone."""
    return item is not None and (item.category == Category.VETO or item.declared_by == Declarer.DISCIPLINE)


def plain(value: Decimal) -> str:
    """A figure of the rules without idle zeros: 6, 0.25.

    >>> plain(Decimal("6.00")), plain(Decimal("0.50")), plain(Decimal(100))
    ('6', '0.5', '100')
    """
    return f"{value.normalize():f}"


def item_text(item: Item, points: ItemPoints, months: int) -> str:
    """What one item was worth, what its cap left of it, and how a part year was scaled.

    >>> item = Item("A02", Category.ORG, "参加主题党日", Decimal("0.5"))
    >>> item_text(item, ItemPoints(Decimal("6.50"), Decimal("6.00"), Decimal(6)), 12)
    '得6.50，上限6，计6.00'
    >>> item_text(item, ItemPoints(Decimal("2.50"), Decimal("4.29"), Decimal(6)), 7)
    '得2.50，在册7个月折算（×12/7）为4.29，上限6，计4.29'
    """
    if item.category == Category.DED:
        return f"扣{-points.raw:.2f}"
    said = [f"得{points.raw:.2f}"]
    if is_part_year(months) and item.category in SCALED:
        said.append(f"在册{months}个月折算（×12/{months}）为{round_half_up(points.raw * FULL_YEAR / months):.2f}")
    said.append("不设上限" if points.cap is None else f"上限{plain(points.cap)}")
    return "，".join([*said, f"计{points.counted:.2f}"])


def category_text(items: list[ItemPoints], counted: Decimal, cap: Decimal) -> str:
    """What the cap of a category left of its items; "" where it took nothing."""
    together = sum((one.counted for one in items), ZERO)
    return f"各项合计{together:.2f}，类别上限{plain(cap)}，计{counted:.2f}" if together > counted == cap else ""


class Room:
    """What the caps of a year still leave a member, handed out in the order it is asked for.

    Everything is in points of the year, so that a part year earns more by one deed than the deed is worth.
    """

    def __init__(
        self, result: YearPoints, scheme: Scheme, *, months: int, has_groups: bool = True, post: str = ""
    ) -> None:
        self._months, self._has_groups, self._post = months, has_groups, post
        self._counted = {code: points.counted for code, points in result.items.items()}
        counted = {category: parts.counted for category, parts in result.categories.items()}
        counted[Category.HON] = result.honours
        self._left: dict[str, Decimal] = {c: cap - counted.get(c, ZERO) for c, cap in scheme.caps.items()}

    def worth(self, item: Item) -> Decimal:
        """What one unit of the item adds to the year before any cap; of steps, the smallest."""
        value = min((one.points for one in item.levels), default=item.value(self._has_groups, self._post))
        if is_part_year(self._months) and item.category in SCALED:
            value = value * FULL_YEAR / self._months
        return value if item.exists_for(self._has_groups, self._post) else ZERO

    def counted(self, item: Item) -> Decimal:
        return self._counted.get(item.code, ZERO)

    def left(self, item: Item) -> Decimal | None:
        """Under the caps of item and category together; None where nothing limits it."""
        cap = item.limit(self._has_groups, self._post)
        limits = [] if cap is None else [cap - self.counted(item)]
        if item.category in self._left:
            limits.append(self._left[item.category])
        return max(ZERO, min(limits)) if limits else None

    def take(self, item: Item) -> Decimal:
        """Hand out one unit, as far as there is room for it."""
        left = self.left(item)
        points = round_half_up(self.worth(item) if left is None else min(left, self.worth(item)))
        self._counted[item.code] = self.counted(item) + points
        if item.category in self._left:
            self._left[item.category] -= points
        return points


def formula(share: Decimal, of_hundred: Decimal, index: Decimal) -> str:
    """The composite with a member's own numbers.

    >>> formula(Decimal("0.7"), Decimal("85.50"), Decimal("92"))
    '0.7 × 85.50 + 0.3 × 92.00'
    """
    return f"{plain(share)} × {of_hundred:.2f} + {plain(1 - share)} × {index:.2f}"
