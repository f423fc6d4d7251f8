# ruff: noqa: S608 - the SQL below holds table names of our own models and placeholders, nothing else
"""The sums of the ledger that pages read. The ledger is the truth; these are written with it and can be made again.

Order of locks, everywhere: the source record, then the members (by pk), then the branch months (by branch and month).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from branches.choices import BranchLevel
from branches.models import Branch
from members.models import Member
from members.rules import RollEvent, months_on_roll, roll_intervals
from points.choices import Category
from points.ledger.homes import last_homes
from points.ledger.posts import Measured, posts_of
from points.models import Entry, MemberItem, MemberYear, PointsMonth
from points.rulebook.book import RuleBook, YearRules
from points.rules import MemberYearFacts, YearPoints, round_half_up, year_points

CATEGORY_FIELDS: Mapping[Category, str] = {
    Category.ORG: "organisational",
    Category.STU: "study",
    Category.DUT: "duties",
    Category.POS: "position",
    Category.SVC: "service",
}
YEAR_COLUMNS = ("branch_id", *CATEGORY_FIELDS.values(), "honours", "deductions", "total")


class Person(NamedTuple):
    """What the year of a member follows from beside the ledger; of the running year unless `at_year_end` said else."""

    branch_id: int
    hospital_id: int | None
    category: str  # of the branch: the post while none is fixed
    has_groups: bool
    events: tuple[RollEvent, ...]

    def months(self, year: int) -> int:
        return months_on_roll(roll_intervals(self.events), year)


def lock_people(member_ids: Any, *, held: bool = False) -> dict[int, Person]:
    """The members (ids or a queryset of them), locked in the order of their keys, with their events.

    Whoever recounts a member's year holds this lock from before the entries are written. Locked first and read after
    it: one statement for both would join a row it had to wait for with the branch and the events of before, and lose
    who was moved meanwhile. `held`: the caller knows them locked already, which saves the statement.
    """
    if not held:
        list(Member.objects.filter(pk__in=member_ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    return _people(_with_events(member_ids).select_for_update(of=("self",), no_key=True))


def people_of(member_ids: Any, year: int | None = None) -> Mapping[int, Person]:
    """The same for a reader: nothing is locked. `year`: as `at_year_end` has them."""
    people = _people(_with_events(member_ids))
    return people if year is None else at_year_end(people, year)


def at_year_end(people: Mapping[int, Person], year: int) -> Mapping[int, Person]:
    """The same people as a year that is over left them: home branch, its hospital, its groups. Two statements for it.

    A year stays where it ended, whoever moved since and whatever became of the branch.
    """
    if not people or year >= timezone.localdate().year:
        return people
    homes = last_homes(people, date(year, 12, 31))
    nodes = Branch.objects.filter(pk__in=set(homes.values())).order_by().annotate(groups=_has_groups("path", year))
    facts = {node.pk: node for node in nodes.only("hospital", "category")}
    result = dict(people)
    for pk, home in homes.items():
        node = facts[home]
        result[pk] = Person(home, node.hospital_id, node.category, node.groups, people[pk].events)
    return result


def _has_groups(path: str, year: int) -> Exists:
    """Whether the branch at `path` has groups as a year ends. Without a clock: a sum must not change by itself."""
    end = date(year, 12, 31)
    return Exists(
        Branch.objects.order_by().filter(
            Q(dissolved_on__isnull=True) | Q(dissolved_on__gte=end),
            level=BranchLevel.GROUP,
            path__gt=OuterRef(path),
            path__lte=Concat(OuterRef(path), Value("ZZZZ")),
            founded_on__lte=end,
        )
    )


def _with_events(member_ids: Any) -> QuerySet[Any]:
    return (
        Member.objects.filter(pk__in=member_ids)
        .annotate(
            has_groups=_has_groups("branch__path", timezone.localdate().year),
            event=F("events__kind"),
            event_on=F("events__recorded_on"),
            hospital_id=F("branch__hospital"),
            category=F("branch__category"),
        )
        .order_by("pk", "events__recorded_on", "events__pk")
        .values_list("pk", "branch_id", "hospital_id", "category", "has_groups", "event", "event_on")
    )


def _people(rows: Iterable[Any]) -> dict[int, Person]:
    people: dict[int, Person] = {}
    for pk, branch, hospital, category, has_groups, event, day in rows:
        events = people[pk].events if pk in people else ()
        if event:
            events = (*events, RollEvent(event, day))
        people[pk] = Person(branch, hospital, category, has_groups, events)
    return people


def count_members(people: Mapping[int, Person], year: int, book: RuleBook) -> None:
    """Recount items and years of these members; the caller has held `lock_people` since before it wrote entries.

    Two statements a batch; never more rows than the members have items.
    """
    if not people:
        return
    _write_years(at_year_end(people, year), _recount_items(year, people), year, book)


def _write_years(
    people: Mapping[int, Person], sums: Mapping[int, Mapping[str, Decimal]], year: int, book: RuleBook
) -> None:
    """One statement for 500 members; numbers alone, so that they need no parameters: the ORM prepares each value."""
    columns = ("member_id", "year", *YEAR_COLUMNS)
    changed = ", ".join(f"{name} = excluded.{name}" for name in YEAR_COLUMNS)
    for batch in _batches(year_rows(people, sums, year, book), 500):
        rows = ", ".join(f"({', '.join(f'{Decimal(getattr(row, name)):f}' for name in columns)})" for row in batch)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {MemberYear._meta.db_table} ({', '.join(columns)}) VALUES {rows} "
                f"ON CONFLICT (member_id, year) DO UPDATE SET {changed}"
            )


def year_rows(
    people: Mapping[int, Person], sums: Mapping[int, Mapping[str, Decimal]], year: int, book: RuleBook
) -> list[MemberYear]:
    """What the rows of these people have to say, in the order of their keys; nothing is written."""
    counted: dict[Any, YearPoints] = {}  # many people of one meeting have the same sums
    years = []
    posts = measured_posts(people, year, book)
    for pk, person in sorted(people.items()):
        mine, post = sums.get(pk, {}), posts.get(pk, "")
        same = frozenset(mine.items()), person.hospital_id, person.months(year), person.has_groups, post
        if same not in counted:
            counted[same] = points_of_year(mine, person, year, book.of_year(person.hospital_id, year), post)
        years.append(_member_year(pk, year, person, counted[same]))
    return years


def measured_posts(people: Mapping[int, Person], year: int, book: RuleBook) -> dict[int, str]:
    """The post each of them is measured by in a year; empty, without a statement, where the rules do not differ."""
    book.load({person.hospital_id for person in people.values()})
    wanted = [
        Measured(pk, year, person.category)
        for pk, person in people.items()
        if book.of_year(person.hospital_id, year).has_variants
    ]
    return {pk: post for (pk, _), post in posts_of(wanted).items()}


def points_of_year(
    sums: Mapping[str, Decimal], person: Person, year: int, rules: YearRules, post: str = ""
) -> YearPoints:
    facts = MemberYearFacts(
        sums={code: points for code, points in sums.items() if code in rules.items},
        months_on_roll=person.months(year),
        has_groups=person.has_groups or any(sums.get(code) for code in rules.group_items),
        post=post,
    )
    return year_points(facts, rules.items, rules.scheme)


def _member_year(pk: int, year: int, person: Person, result: YearPoints) -> MemberYear:
    parts = {field: result.categories[category].counted for category, field in CATEGORY_FIELDS.items()}
    return MemberYear(
        member_id=pk,
        year=year,
        branch_id=person.branch_id,
        honours=result.honours,
        deductions=result.deductions,
        total=result.total,
        **parts,
    )


def _recount_items(year: int, member_ids: Iterable[int]) -> dict[int, dict[str, Decimal]]:
    """Sum the ledger of a year into MemberItem, and hand the sums back; one statement for up to 500 members.

    An INSERT … SELECT … ON CONFLICT, which the ORM cannot say; the same text on both databases.
    """
    entry, item = Entry._meta.db_table, MemberItem._meta.db_table
    sums: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for batch in _batches(sorted(member_ids), 500):
        only = f"member_id IN ({', '.join(['%s'] * len(batch))})"
        statement = f"""
            INSERT INTO {item} (member_id, year, rule_code, category, points, n)
            SELECT member_id, %s, rule_code, MAX(category), ROUND(SUM(points), 2),
                   SUM(CASE WHEN reversal_of_id IS NULL THEN 1 ELSE -1 END)
            FROM {entry} WHERE month >= %s AND month <= %s AND {only}
            GROUP BY member_id, rule_code
            ON CONFLICT (member_id, year, rule_code) DO UPDATE SET points = excluded.points, n = excluded.n
            RETURNING member_id, rule_code, points
        """
        with connection.cursor() as cursor:
            first, last = date(year, 1, 1).isoformat(), date(year, 12, 1).isoformat()
            cursor.execute(statement, [year, first, last, *batch])
            for member_id, code, points in cursor.fetchall():
                sums[member_id][code] = round_half_up(Decimal(str(points)))
    return sums


def add_to_months(entries: Iterable[Entry]) -> None:
    """Add new entries to their branch months, one statement a batch.

    An addition inside the database, so nothing has to be locked before; taking an award back lowers what it had raised.
    """
    deltas: dict[tuple[int, date], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0)])
    for entry in entries:
        delta = deltas[entry.branch_id, entry.month]
        is_award = entry.reversal_of_id is None
        if (entry.points > 0) == is_award:
            delta[0] += entry.points
        else:
            delta[1] -= entry.points
        delta[2] += 1 if is_award else -1
    table = PointsMonth._meta.db_table
    for batch in _batches(sorted(deltas), 150):
        rows = ", ".join(["(%s, %s, %s, %s, %s)"] * len(batch))
        statement = f"""
            INSERT INTO {table} (branch_id, month, plus, minus, n) VALUES {rows}
            ON CONFLICT (branch_id, month) DO UPDATE SET
                plus = ROUND({table}.plus + excluded.plus, 2),
                minus = ROUND({table}.minus + excluded.minus, 2),
                n = {table}.n + excluded.n
        """
        values: list[Any] = []
        for branch_id, month in batch:
            plus, minus, n = deltas[branch_id, month]
            values += [branch_id, month.isoformat(), str(plus), str(minus), int(n)]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)


@transaction.atomic
def refresh_members(member_ids: Collection[int], since: int | None = None) -> None:
    """After a change on the roll or of the tree: branch, part year and groups decide over the years from `since` on
    (default: the running one)."""
    first = min(since or 9999, timezone.localdate().year)
    known = MemberYear.objects.filter(member__in=member_ids, year__gte=first).values_list("year", "member")
    by_year: dict[int, list[int]] = defaultdict(list)
    for year, member_id in known.order_by("year"):
        by_year[year].append(member_id)
    if not by_year:
        return
    book = RuleBook()
    people = lock_people(member_ids)
    for year, ids in by_year.items():
        count_members({pk: people[pk] for pk in ids}, year, book)


def _batches(values: list[Any], size: int) -> list[list[Any]]:
    return [values[i : i + size] for i in range(0, len(values), size)]
