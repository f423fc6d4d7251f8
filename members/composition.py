"""Of whom the roll is made up: by age, Party standing, education and post. Counts alone, the name of nobody."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Final

from members.codes import EDUCATION, JOB_POST
from members.models import MemberQuerySet
from members.rules import AGES, STANDINGS, age, band_labels, band_of, party_standing

PROBATIONARY: Final = "预备党员"
UNKNOWN: Final = "未填写"
MOST_POSTS: Final = 7  # the rest is one bar
LEVELS: Final = (
    ("研究生", frozenset({"11", "12", "13", "1A", "1B"})),
    ("大学本科", frozenset({"21", "23", "24", "2A", "2B"})),
    ("大学专科", frozenset({"22", "2C", "2D"})),
    ("中专、职高和技校", frozenset({"41", "44", "47"})),
    ("高中及以下", frozenset({"6", "7", "8", "9"})),
)
Bars = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Composition:
    people: int
    ages: Bars
    standings: Bars
    education: Bars
    posts: Bars


def composition(members: MemberQuerySet, today: date) -> Composition:
    """One statement."""
    rows = list(members.order_by().values_list("birth_date", "confirmed_on", "education", "job_post"))
    ages = Counter(band_of(age(birth, today), AGES) for birth, *_ in rows)
    confirmed = [party_standing(day, today) for _, day, *_ in rows]
    standings = Counter(band_of(years, STANDINGS) for years in confirmed if years is not None)
    posts = Counter(JOB_POST.names.get(post, UNKNOWN) for *_, post in rows)
    schools = Counter(level_of(code) for _, _, code, _ in rows)
    return Composition(
        len(rows),
        _bars(band_labels(AGES, unit="岁"), ages),
        ((PROBATIONARY, confirmed.count(None)), *_bars(band_labels(STANDINGS, unit="年"), standings)),
        tuple((name, schools[name]) for name in (*(level for level, _ in LEVELS), UNKNOWN) if schools[name]),
        _most(posts),
    )


def level_of(code: str) -> str:
    """研究生 for 11 博士研究生: the heading under which the yearly statistics count it."""
    known = EDUCATION.names.get(code)
    return next((name for name, codes in LEVELS if code in codes), known or UNKNOWN)


def _bars(labels: list[str], counts: Counter[int]) -> Bars:
    return tuple((label, counts[n]) for n, label in enumerate(labels))


def _most(counts: Counter[str]) -> Bars:
    """The largest first, equal ones by name; what is left over as one."""
    ordered = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    if len(ordered) <= MOST_POSTS + 1:
        return tuple(ordered)
    return (*ordered[:MOST_POSTS], ("其他岗位", sum(n for _, n in ordered[MOST_POSTS:])))
