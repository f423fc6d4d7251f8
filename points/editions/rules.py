"""Two editions beside each other: what of their figures can be compared, and what the reader has to know. Pure."""

from collections.abc import Collection
from decimal import Decimal

from points.rulebook.wording import number
from points.rules import round_half_up


def rescaled(points: Decimal, scale: Decimal, to: Decimal) -> Decimal:
    """A figure counted in one scale as it is in another: 100 points of scale 10 weigh as much as 10 of scale 1.

    >>> rescaled(Decimal("615.00"), Decimal(10), Decimal(1)), rescaled(Decimal("61.50"), Decimal(1), Decimal(10))
    (Decimal('61.50'), Decimal('615.00'))
    """
    return points if scale == to else round_half_up(points * to / scale)


def notes(now: Decimal, draft: Decimal, absent: Collection[str]) -> list[str]:
    """What is said beside the figures. `now`, `draft`: the scales; `absent`: codes with points that the draft has not.

    >>> notes(Decimal("1.00"), Decimal("10.00"), [])
    ['分值倍数不同（现行1，草稿10）：草稿各栏已折算成现行的倍数，可以直接比较。']
    """
    said = []
    if now != draft:
        scales = f"现行{number(now)}，草稿{number(draft)}"
        said.append(f"分值倍数不同（{scales}）：草稿各栏已折算成现行的倍数，可以直接比较。")
    if absent:
        codes = "、".join(sorted(absent))
        said.append(f"草稿中没有编号{codes}：草稿各栏不计这些编号的分；自动记分的项目如改了编号，按新编号计。")
    return said
