"""Of whom the roll is made up: by age, Party standing, education and post. Counts alone, the name of nobody."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Q

from members.codes import EDUCATION, JOB_POST
from members.models import MemberQuerySet
from members.rules import AGES, STANDINGS, age, band_labels, band_of, party_standing, years_before

PARTS: Final = {"ages": "年龄", "standings": "党龄", "education": "学历", "posts": "工作岗位"}
PROBATIONARY: Final = "预备党员"
UNKNOWN: Final = "未填写"
OTHER_POSTS: Final = "其他岗位"
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
        tuple((name, schools[name]) for name in _levels(schools) if schools[name]),
        _most(posts),
    )


def level_of(code: str) -> str:
    """研究生 for 11 博士研究生: the heading under which the yearly statistics count it."""
    known = EDUCATION.names.get(code)
    return next((name for name, codes in LEVELS if code in codes), known or UNKNOWN)


def people_of(part: str, label: str, today: date) -> Q | None:
    """Whom a bar of one of the PARTS counts. None: there is no such bar, or it is what was left over of the posts."""
    match part:
        case "ages":
            return _between("birth_date", label, AGES, "岁", today)
        case "standings":
            if label == PROBATIONARY:
                return Q(confirmed_on__isnull=True)
            return _between("confirmed_on", label, STANDINGS, "年", today)
        case "education":
            return _coded(
                "education", label, [code for code in EDUCATION.names if level_of(code) == label], EDUCATION.names
            )
        case "posts":
            return _coded(
                "job_post", label, [code for code, name in JOB_POST.names.items() if name == label], JOB_POST.names
            )
    return None


def _between(field: str, label: str, edges: Sequence[int], unit: str, today: date) -> Q | None:
    labels = band_labels(edges, unit=unit)
    if label not in labels:
        return None
    n, inside = labels.index(label), Q(**{f"{field}__isnull": False})
    if n > 0:
        inside &= Q(**{f"{field}__lte": years_before(today, edges[n - 1])})
    if n < len(edges):
        inside &= Q(**{f"{field}__gt": years_before(today, edges[n])})
    return inside


def _coded(field: str, label: str, codes: Sequence[str], known: Collection[str]) -> Q | None:
    if label == UNKNOWN:
        return ~Q(**{f"{field}__in": list(known)})
    return Q(**{f"{field}__in": codes}) if codes else None


def _levels(found: Collection[str]) -> list[str]:
    """The headings in their order, then what is known and stands under none of them."""
    headings = [name for name, _ in LEVELS]
    return [*headings, *sorted(set(found) - {*headings, UNKNOWN}), UNKNOWN]


def _bars(labels: list[str], counts: Counter[int]) -> Bars:
    return tuple((label, counts[n]) for n, label in enumerate(labels))


def _most(counts: Counter[str]) -> Bars:
    """The largest first, equal ones by name; what is left over as one."""
    ordered = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    if len(ordered) <= MOST_POSTS + 1:
        return tuple(ordered)
    return (*ordered[:MOST_POSTS], (OTHER_POSTS, sum(n for _, n in ordered[MOST_POSTS:])))
