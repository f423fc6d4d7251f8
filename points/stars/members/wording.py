"""Stars, conditions and places in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from points.choices import Grade
from points.rulebook.wording import number, ratio_words
from points.rules import Item, round_half_up
from points.stars.members.rules import TOP, Condition, Facts, Need, Pool, Terms, conditions, top_of

NUMERALS: Final = "零一二三四五"
UNRATED: Final = "不评定"
REMOVED: Final = "星级已取消"
NOT_KNOWN: Final = "尚未审定"


def star_words(stars: int | None) -> str:
    """
    >>> star_words(4), star_words(None)
    ('四星', '不评定')
    """
    return f"{NUMERALS[stars]}星" if stars else UNRATED


@dataclass(frozen=True)
class Line:
    """One condition as shown. `met` None: not known yet. `lacking`: what is missing, "" where nothing is."""

    need: Need
    met: bool | None
    asked: str
    found: str
    lacking: str = ""


def lines_of(facts: Facts, stars: int, terms: Terms, items: Mapping[str, Item]) -> list[Line]:
    """What `stars` asks of this member, what there is, and what is missing. `items`: of the rule book of the year."""
    return [_line(one, facts, terms, items) for one in conditions(facts, stars, terms)]


def _line(one: Condition, facts: Facts, terms: Terms, items: Mapping[str, Item]) -> Line:
    if one.need == Need.POINTS:
        has = facts.points or Decimal(0)
        lacking = "" if one.met else f"还差{number(one.least - has)}分"
        return Line(one.need, one.met, f"年度积分不低于{number(one.least)}分", f"{has}分", lacking)
    if one.need == Need.GRADE:
        asked = str(one.grade.label) if one.grade else ""
        words = f"年度考核{'为' if one.grade == Grade.EXCELLENT else '达到'}{asked}"
        found = str(facts.grade.label) if facts.grade else NOT_KNOWN
        return Line(one.need, one.met, words, found, f"年度考核需为{asked}" if one.met is False else "")
    if one.need == Need.DEDUCTION:
        found = f"最大一项{number(facts.worst)}分" if facts.worst else "没有扣分"
        lacking = "" if one.met else f"有一项扣分超过{number(one.least)}分"
        return Line(one.need, one.met, f"没有超过{number(one.least)}分的单项扣分", found, lacking)
    kinds = deed_words(terms, items)
    found = "、".join(items[code].title if code in items else code for code in facts.deeds) or "还没有"
    return Line(one.need, one.met, f"有荣誉{kinds}的积分", found, "" if one.met else "还没有荣誉等突出表现的积分")


def deed_words(terms: Terms, items: Mapping[str, Item]) -> str:
    """或先锋岗、示范岗季度考核合格，或…: the items that count beside all honours."""
    return "".join(f"，或“{items[code].title}”" for code in terms.deeds if code in items)


def next_star(facts: Facts, stars: int | None) -> int | None:
    """The star above, None at the top and for who gets none."""
    return None if stars is None or stars >= top_of(facts) else stars + 1


def cut_words(cut_from: int) -> str:
    """
    >>> cut_words(5)
    '达到五星条件，五星名额已满'
    """
    what = "五星名额" if cut_from == TOP else "四星以上名额"
    return f"达到{star_words(cut_from)}条件，{what}已满"


def place_words(pool: Pool, terms: Terms) -> tuple[str, str]:
    """参评29人×20%＝5.80，取5人; the same for four and five stars."""
    return (
        _places(pool.base, terms.five_share, pool.five, pool.spare),
        _places(pool.base, terms.four_share, pool.four, 0),
    )


def _places(base: int, share: Fraction, most: int, spare: int) -> str:
    words = f"{base}人×{ratio_words(share)}＝{round_half_up(Decimal(base * share.numerator) / share.denominator)}"
    return f"{words}，不足1人，全院余下1人" if spare else f"{words}，取{most}人"


def shared_words(pool: Pool, names: Sequence[str], terms: Terms) -> str:
    """Why and with whom a small branch shares its places; "" for one with places of its own."""
    if pool.level == "branch":
        return ""
    where = "全院" if pool.level == "hospital" else "党总支"
    alone = f"参评不足{terms.least_rated}人"
    if not names:
        return f"本支部{alone}，{where}没有其他不足{terms.least_rated}人的支部。"
    return f"本支部{alone}，与{'、'.join(names)}合并计算{where}名额。"
