"""An item of the rule book in words: what it is worth, how it differs by post, how it gets into the ledger. Pure."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from points.choices import Category, Grade, PostKind
from points.rules import Item, Level

TEXT_LENGTH: Final = 60
RATIO: Final = re.compile(
    r"(?P<part>\d{1,4})/(?P<whole>\d{1,4})|(?P<percent>\d{1,3}(\.\d{1,2})?)%|(?P<decimal>[01]?\.\d{1,4}|[01])"
)
BY_DECISION: Final = "按决定"
POINTS_IN_TEXT: Final = re.compile(r"(\d+(?:\.\d+)?)(?=分(?!钟|之))")


def number(value: Decimal) -> str:
    """Without needless zeros, with the real minus sign.

    >>> number(Decimal("0.50")), number(Decimal("-2.00")), number(Decimal("120"))
    ('0.5', '−2', '120')
    """
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def ratio_words(value: Fraction) -> str:
    """A percentage where two decimals say it exactly, else the fraction.

    >>> ratio_words(Fraction(3, 20)), ratio_words(Fraction(1, 8)), ratio_words(Fraction(1, 3))
    ('15%', '12.5%', '1/3')
    """
    percent = value * 100
    if 100 % percent.denominator:
        return f"{value.numerator}/{value.denominator}"
    return f"{number(Decimal(percent.numerator) / percent.denominator)}%"


def read_ratio(text: str) -> Fraction:
    """What `ratio_words` writes, and decimals; exact. Raises ValueError.

    >>> read_ratio("1／3"), read_ratio("15%"), read_ratio("0.15")
    (Fraction(1, 3), Fraction(3, 20), Fraction(3, 20))
    """
    found = RATIO.fullmatch(re.sub(r"\s+", "", text).replace("／", "/").replace("％", "%"))
    if found is None or (found["whole"] is not None and not int(found["whole"])):
        raise ValueError("比例请写成1/3或15%。")
    if found["whole"]:
        return Fraction(int(found["part"]), int(found["whole"]))
    return Fraction(found["percent"]) / 100 if found["percent"] else Fraction(found["decimal"])


def points_text(item: Item) -> str:
    """How an item counts, from its figures alone: what stands in the rule book when nobody wrote it otherwise.

    >>> points_text(Item("A", Category.ORG, "", Decimal("0.5"), Decimal(6), factor_without_groups=Decimal("1.5")))
    '每次0.5分（不设党小组的支部0.75分，上限9分）'
    >>> points_text(Item("B", Category.STU, "", Decimal(1), Decimal(4), per=Decimal(8), unit="小时"))
    '每满8小时1分'
    """
    if item.category == Category.VETO:
        return limit_words(item.grade_limit)
    if item.levels:
        text = "，".join(f"{level.label}{number(level.points)}分" for level in item.levels)
        return text if len(text) <= TEXT_LENGTH else _range(item.levels)
    worth = f"{number(item.points)}分"
    if item.per != 1:
        text = f"每满{number(item.per)}{item.unit}{worth}"
    elif item.cap is not None and item.cap == item.points:
        text = worth  # once a year at most
    else:
        text = f"每{item.unit}{worth}"
    return (text + _without_groups(item))[:TEXT_LENGTH]


def limit_words(limit: Grade | None) -> str:
    """What a veto leaves of the grade of its year.

    >>> limit_words(Grade.BASICALLY_QUALIFIED), limit_words(Grade.UNQUALIFIED), limit_words(None)
    ('评定不高于基本合格', '不合格', '按决定')
    """
    if limit is None:
        return BY_DECISION
    return str(limit.label) if limit == Grade.UNQUALIFIED else f"评定不高于{limit.label}"


def _range(levels: tuple[Level, ...]) -> str:
    worth = sorted(abs(level.points) for level in levels)
    sign = "−" if levels[0].points < 0 else ""
    return f"分{len(levels)}档，{sign}{number(worth[0])}至{sign}{number(worth[-1])}分"


def _without_groups(item: Item) -> str:
    factor = item.factor_without_groups
    if factor == 1:
        return ""
    if factor == 0:
        return "（不设党小组的支部无此项）"
    cap = f"，上限{number(item.cap * factor)}分" if item.cap is not None else ""
    return f"（不设党小组的支部{number(item.points * factor)}分{cap}）"


def scaled_text(text: str, factor: Decimal) -> str:
    """The points named in a text written by hand, times `factor`; other numbers stay.

    >>> scaled_text("每月−1分，连续第三个月另扣3分", Decimal(10))
    '每月−10分，连续第三个月另扣30分'
    """
    return POINTS_IN_TEXT.sub(lambda found: number(Decimal(found[1]) * factor), text)


def variant_words(item: Item) -> list[str]:
    """临床：每次1分，上限3分 - one line for each post that is measured otherwise."""
    words = []
    for post, one in item.variants.items():
        if one.off:
            said = "不适用"
        else:
            parts = [f"{number(one.points)}分"] if one.points is not None else []
            parts += [f"上限{number(one.cap)}分"] if one.cap is not None else []
            said = "，".join(parts)
        words.append(f"{PostKind(post).label}：{said}")
    return words
