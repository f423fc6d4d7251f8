"""The table of a quarter as it is displayed (晾晒): names, points by category, and what was booked late. Plain values.

Nobody reads in it why somebody was exempted, what a deduction was for, or that there is a veto.
"""

import hashlib
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q, Sum

from branches.models import Branch
from members.models import Exemption, Member
from points.choices import EARNING, Category
from points.cycle.late import late_among
from points.cycle.rules import quarter_end
from points.ledger.rollups import measured_posts, people_of, points_of_year
from points.models import Entry, Publication
from points.rulebook.book import RuleBook
from points.rules import ZERO, round_half_up

SHOWN: Final = (*EARNING, Category.HON, Category.DED)
DEDUCTION: Final = "扣分"


def build(branch: Branch, quarter: date) -> dict[str, Any]:
    """Everybody on the roll at the end of the quarter, with all their points of it, wherever they were earned.

    {"rows": [{"member", "name", "group", "exempt", "place", ORG …, "total", "year"}],
    "late": [{"member", "name", "month", "item", "points"}]}

    Figures are text, rounded to cents. Fourteen queries at most, for any number of people.
    """
    end = quarter_end(quarter)
    roll = Member.objects.roll_of(branch, end).select_related("user", "group").order_by("user__search_keys", "pk")
    people = list(roll)
    ids = [member.pk for member in people]
    exempt = set(Exemption.objects.in_force(end).filter(member__in=ids).values_list("member", flat=True))
    sums = _sums(ids, quarter, end)
    years = _years(ids, end)
    rows = []
    for member in people:
        row: dict[str, Any] = {
            "member": member.pk,
            "name": member.user.name,
            "group": member.group.name if member.group and member.group.path.startswith(branch.path) else "",
            "exempt": member.pk in exempt,
        }
        if member.pk not in exempt:
            mine = sums.get(member.pk, {})
            row |= {category.value: _text(mine.get(category, ZERO)) for category in SHOWN}
            row["total"] = _text(sum(mine.values(), ZERO))
            row["year"] = _text(years[member.pk])
        rows.append(row)
    _rank(rows)
    names = {member.pk: member.user.name for member in people if member.pk not in exempt}
    return {"rows": rows, "late": _late(branch, names, quarter, end)}


def _sums(ids: Collection[int], quarter: date, end: date) -> dict[int, dict[Category, Decimal]]:
    found: dict[int, dict[Category, Decimal]] = defaultdict(dict)
    entries = Entry.objects.filter(member__in=ids, month__range=(quarter, end)).order_by()
    for member, category, points in entries.values_list("member", "category").annotate(Sum("points")):
        if category in SHOWN:
            found[member][Category(category)] = round_half_up(points)
    return found


def _years(ids: Collection[int], end: date) -> dict[int, Decimal]:
    """The year of each as it stands at the end of the quarter, capped and scaled: what is done later is not in it."""
    sums: dict[int, dict[str, Decimal]] = defaultdict(dict)
    entries = Entry.objects.filter(member__in=ids, month__range=(date(end.year, 1, 1), end)).order_by()
    for member, code, points in entries.values_list("member", "rule_code").annotate(Sum("points")):
        sums[member][code] = round_half_up(points)
    book, people = RuleBook(), people_of(ids, end.year)
    posts = measured_posts(people, end.year, book)
    return {
        pk: points_of_year(
            sums.get(pk, {}), one, end.year, book.of_year(one.hospital_id, end.year), posts.get(pk, "")
        ).total
        for pk, one in people.items()
    }


def _rank(rows: list[dict[str, Any]]) -> None:
    """Equal totals share a place; who does not take part has none and stands at the end."""
    totals = sorted(Decimal(row["total"]) for row in rows if not row["exempt"])
    for row in rows:
        row["place"] = None if row["exempt"] else len(totals) - bisect_right(totals, Decimal(row["total"])) + 1
    rows.sort(key=lambda row: (row["exempt"], row["place"] or 0))


def _late(branch: Branch, names: Mapping[int, str], quarter: date, end: date) -> list[dict[str, Any]]:
    """Late bookings that no publication of an earlier quarter showed yet."""
    before = Publication.objects.filter(branch=branch, quarter__lt=quarter).order_by("-created_at")
    since = before.values_list("created_at", flat=True).first()
    unseen = Q(created_at__gt=since) if since else Q()
    entries = Entry.objects.filter(unseen, member__in=names, month__lte=end).exclude(category=Category.VETO)
    found = []
    for entry in late_among(entries.select_related("rule").order_by("member", "month", "pk")):
        item = DEDUCTION if entry.category == Category.DED else f"{entry.rule_code} {entry.rule.title}"
        found.append(
            {
                "member": entry.member_id,
                "name": names[entry.member_id],
                "month": f"{entry.month:%Y-%m}",
                "item": item + ("（更正）" if entry.reversal_of_id else ""),
                "points": _text(entry.points),
            }
        )
    return found


def _text(points: Decimal) -> str:
    return f"{round_half_up(points):.2f}"


def digest_of(table: Mapping[str, Any]) -> str:
    """SHA-256 of the table, the same whatever the order of keys: who changes a published figure is found out."""
    text = json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
