"""Words of the rule book that its tables need beside the figures."""

from decimal import Decimal
from fractions import Fraction

from django import template

from points.choices import EARNING, Category, Grade
from points.models import RuleItem
from points.rulebook.wording import limit_words, ratio_words, variant_words
from points.rules import Item, Scheme

register = template.Library()


@register.filter
def variants(item: Item | None) -> list[str]:
    """临床：2分，上限4分 - a line for each post that differs."""
    return variant_words(item) if item else []


@register.filter
def veto_effect(row: RuleItem) -> str:
    """What a veto leaves of the grade of its year; "" for other items, and for a veto whose weight is decided elsewhere
    who says it."""
    if row.category != Category.VETO:
        return ""
    return limit_words(Grade(row.grade_limit)) if row.grade_limit else "按决定，等次由会议登记"


@register.filter
def reviewer(row: RuleItem) -> str:
    """组织委员审核."""
    words = row.get_reviewed_by_display()
    return words if "审核" in words else f"{words}审核"


@register.filter
def ratio(value: Fraction) -> str:
    """1/3, 15%."""
    return ratio_words(value)


@register.filter
def earning_cap(scheme: Scheme) -> Decimal:
    """Most that the five categories together are worth in a year."""
    return sum((scheme.caps[category] for category in EARNING), Decimal(0))
