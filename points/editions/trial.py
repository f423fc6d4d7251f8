"""A dry run (试算): what a draft edition would do to the totals of the last quarter, and of its year so far.

Both sides ask the same records: once by the rules in force, once by the draft. So whatever differs comes from the
rules alone; figures of the draft are kept in the scale of the rules in force. Nothing is written but the result: keys
and figures, no names.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.utils import timezone

from branches import jobs
from branches.audit import record
from branches.models import Branch, User
from members.models import Exemption, Member
from points.choices import ClaimState
from points.editions.applying import batches
from points.editions.rules import rescaled
from points.ledger import registry
from points.ledger.posting import BATCH, CLAIM
from points.ledger.rollups import measured_posts, people_of, points_of_year
from points.ledger.sources_check import settled
from points.models import Claim, RuleTrial, RuleVersion
from points.rulebook.book import RuleBook
from points.rulebook.editing import following
from points.rules import Item, points_for

TASK: Final = "points.editions.tasks.run_trial"
PEOPLE: Final = 500
ZERO: Final = Decimal(0)
Tell = Callable[[int, int, str], None]
Sums = dict[int, dict[str, Decimal]]  # member -> code -> points
Scales = tuple[Decimal, Decimal]  # of the rules in force, of the draft


class Sides(NamedTuple):
    """Sums by the rules in force and by the draft."""

    now: Sums
    draft: Sums


def last_quarter(today: date) -> date:
    """The first day of the last quarter that has ended.

    >>> last_quarter(date(2026, 11, 22)), last_quarter(date(2026, 1, 1))
    (datetime.date(2026, 7, 1), datetime.date(2025, 10, 1))
    """
    last = date(today.year, (today.month - 1) // 3 * 3 + 1, 1) - timedelta(days=1)
    return date(last.year, last.month - 2, 1)


def quarter_end(quarter: date) -> date:
    return following(date(quarter.year, quarter.month + 2, 1)) - timedelta(days=1)


@transaction.atomic
def start_trial(*, draft: RuleVersion, today: date, actor: User) -> RuleTrial:
    """The trial of a draft as it stands, waiting for the worker. Asked again while it waits, the same one; asked again
    later, it counts anew."""
    trial, _ = RuleTrial.objects.select_for_update(of=("self",)).get_or_create(
        version=draft, quarter=last_quarter(today), draft=draft.version, defaults={"requested_by": actor}
    )
    run = f"{trial.made_at:%Y%m%d%H%M%S%f}" if trial.made_at else "first"
    trial.job = jobs.enqueue(
        task=TASK, business_key=f"trial:{trial.pk}:{run}", params={"trial": trial.pk}, requested_by=actor
    )
    trial.save(update_fields=["job"])
    changes = {"quarter": [None, f"{trial.quarter:%Y-%m}"]}
    record(actor=actor, action="rules.tried", target=draft, branch=draft.hospital, changes=changes)
    return trial


def run_trial(*, trial: RuleTrial, tell: Tell) -> None:
    draft = trial.version
    year, quarter = trial.quarter.year, (trial.quarter, quarter_end(trial.quarter))
    hospital = draft.hospital_id
    branches = set(Branch.objects.filter(hospital=hospital).order_by().values_list("pk", flat=True))
    books = (RuleBook(), RuleBook(draft=draft))
    of_quarter, of_year = Sides(_sums(), _sums()), Sides(_sums(), _sums())
    for side, member, day, code, points in _facts(books, branches, year, tell):
        of_year[side][member][code] += points
        if quarter[0] <= day <= quarter[1]:
            of_quarter[side][member][code] += points
    tell(99, 100, "汇总")
    members = set(Member.objects.current().filter(branch__hospital=hospital).values_list("pk", flat=True))
    members |= {pk for side in of_year for pk in side}
    scales = books[0].of_year(hospital, year).scheme.scale, draft.scale
    known = books[1].of_year(hospital, year).items
    trial.result = {
        "rows": list(_rows(members, year, books, of_quarter, of_year, scales)),
        "items": _items(of_quarter, of_year, scales),
        "scales": [str(scale) for scale in scales],
        "absent": sorted({code for codes in of_year.now.values() for code in codes} - known.keys()),
    }
    trial.made_at = timezone.now()
    trial.save(update_fields=["result", "made_at"])


def _sums() -> Sums:
    return defaultdict(lambda: defaultdict(lambda: ZERO))


def _facts(
    books: tuple[RuleBook, RuleBook], branches: set[int], year: int, tell: Tell
) -> Iterator[tuple[int, int, date, str, Decimal]]:
    """(side, member, day, code, points) of everything in the year: records of every source, claims and deductions.

    Automatic deductions come from their records, not from the claims that announce them.
    """
    kinds = [source for source in registry.sources() if source.kind != CLAIM]
    for n, source in enumerate(kinds):
        before: set[int] = set()
        for at, batch in enumerate(batches(source.worth_asking(year), BATCH)):
            tell(98 * n // len(kinds), 100, f"重新计算{source.label}，第{at + 1}批")
            answers = [source.awards(batch, book) for book in books]
            mine = {pk for found in answers for pk in found} - before  # a source may answer for neighbours too
            before = {pk for found in answers for pk in found}
            lifted = settled(source.kind, mine)
            for side, found in enumerate(answers):
                for pk in mine & found.keys():
                    for award in found[pk]:
                        fact = (pk, award.member_id, award.fact)
                        if award.branch_id in branches and award.happened_on.year == year and fact not in lifted:
                            yield side, award.member_id, award.happened_on, award.rule.code, award.points
    yield from _claimed(books, branches, year)


def _claimed(
    books: tuple[RuleBook, RuleBook], branches: set[int], year: int
) -> Iterator[tuple[int, int, date, str, Decimal]]:
    """The same of what somebody declared or entered."""
    claims = Claim.objects.filter(
        branch__in=branches,
        month__year=year,
        source_id__isnull=True,
        state__in=[ClaimState.ACCEPTED, ClaimState.ANNOUNCED],
    ).order_by()
    values = ("member_id", "branch__hospital", "happened_on", "rule_code", "level", "quantity", "points")
    for batch in batches(claims.values_list(*values), PEOPLE):
        people = people_of({row[0] for row in batch}, year)
        posts = measured_posts(people, year, books[1])
        for member, hospital, day, code, level, quantity, points in batch:
            yield 0, member, day, code, points
            edition = books[1].on(hospital, day)
            if item := edition.items.get(code):
                now = books[0].on(hospital, day).scheme.scale
                as_decided = rescaled(points, now, edition.scheme.scale)
                has_groups, post = people[member].has_groups, posts.get(member, "")
                yield 1, member, day, code, _by(item, level, quantity, as_decided, has_groups, post)


def _by(item: Item, level: str, quantity: Decimal, as_decided: Decimal, has_groups: bool, post: str) -> Decimal:
    """What a claim is worth by an item; as it was decided where the item has no such step any more."""
    if not item.exists_for(has_groups, post):
        return ZERO
    if item.levels and level not in {one.code for one in item.levels}:
        return as_decided
    return points_for(item, quantity, level=level if item.levels else "", has_groups=has_groups, post=post)


def _rows(
    members: set[int],
    year: int,
    books: tuple[RuleBook, RuleBook],
    of_quarter: Sides,
    of_year: Sides,
    scales: Scales,
) -> Iterator[list[Any]]:
    """[member, branch, quarter now, quarter by the draft, year now, year by the draft]; exempt members are left out."""
    for batch in batches(sorted(members), PEOPLE):
        people = people_of(batch, year)
        exempt = Exemption.objects.years_of(people, [year])
        posts = [measured_posts(people, year, book) for book in books]
        for pk, person in people.items():
            if (pk, year) in exempt or not person.months(year):
                continue
            rules = [book.of_year(person.hospital_id, year) for book in books]
            now, then = (
                points_of_year(of_year[side].get(pk, {}), person, year, rules[side], posts[side].get(pk, "")).total
                for side in (0, 1)
            )
            then = rescaled(then, rules[1].scheme.scale, rules[0].scheme.scale)
            quarter = [sum(of_quarter[side].get(pk, {}).values(), ZERO) for side in (0, 1)]
            quarter[1] = rescaled(quarter[1], scales[1], scales[0])
            yield [pk, person.branch_id, *(f"{value:.2f}" for value in (*quarter, now, then))]


def _items(of_quarter: Sides, of_year: Sides, scales: Scales) -> dict[str, list[str]]:
    """Code -> sums of all members before caps: quarter now, by the draft, year now, by the draft."""
    found: Mapping[str, list[Decimal]] = defaultdict(lambda: [ZERO] * 4)
    for at, sums in enumerate((*of_quarter, *of_year)):
        for codes in sums.values():
            for code, points in codes.items():
                found[code][at] += points
    for values in found.values():
        values[1], values[3] = (rescaled(values[at], scales[1], scales[0]) for at in (1, 3))
    return {code: [f"{value:.2f}" for value in values] for code, values in sorted(found.items())}
