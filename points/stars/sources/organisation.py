"""The branch itself: its committee, its term of office, its year plan and summary, its roster."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, F, Max, Q
from django.db.models.functions import Length
from django.utils import timezone

from activities.choices import YearDocumentKind, YearDocumentState
from activities.models import YearDocument
from branches.choices import BranchKind, Role
from branches.models import Appointment, Term
from branches.rules import needs_committee
from branches.term_reminders import EXPECTED
from members.choices import MemberType
from members.models import Member, RollMonth
from members.roster_checks import NO_PROBATION
from points.stars.asking import Asked, Found, Pages, put

VACANT_DAYS: Final = 90
ADULT: Final = timedelta(days=18 * 365)  # nobody joins younger: the date of birth or of admission is wrong
HANDED_IN: Final = (YearDocumentState.SUBMITTED, YearDocumentState.APPROVED)


def committees(asked: Asked, pages: Pages) -> Found:
    """Who holds the posts, and how many full members there are. Two statements."""
    day, found = asked.day, Found()
    full = dict(RollMonth.objects.filter(branch__in=asked.ids, month=day.replace(day=1)).values_list("branch", "full"))
    posts = Appointment.objects.filter(branch__in=asked.ids, role__in=EXPECTED, starts_on__lte=day).order_by()
    holds = Q(ends_on__isnull=True) | Q(ends_on__gt=day)
    rows = posts.values("branch", "role").annotate(held=Count("pk", filter=holds), since=Max("ends_on"))
    by_branch: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        by_branch[row["branch"]][row["role"]] = row
    for pk, branch in asked.branches.items():
        held = by_branch[pk]
        vacant = 0
        for role in EXPECTED:
            row = held.get(role)
            since = (row["since"] if row else None) or branch.founded_on
            vacant += not (row and row["held"]) and (day - since).days > VACANT_DAYS
        secretary = held.get(Role.BRANCH_SECRETARY)
        count = full.get(pk, 0)
        values = {
            "vacant": vacant,
            "secretary": bool(secretary and secretary["held"]),
            "needs_committee": needs_committee(count, temporary=branch.kind == BranchKind.TEMPORARY),
            "full_members": count,
        }
        put(found, pk, "committee", values, pages.node(pk), door=pages.node(pk))
    return found


def terms(asked: Asked, pages: Pages) -> Found:
    """Whether the term in force on the day had run out without an approved extension. One statement."""
    found = Found()
    due = {term.branch_id: term.due for term in Term.objects.current(asked.day).filter(branch__in=asked.ids)}
    for pk, branch in asked.branches.items():
        if branch.kind == BranchKind.TEMPORARY:
            put(found, pk, "election", {}, absent="临时党支部不换届")
        else:
            on_time = pk in due and due[pk] >= asked.day
            put(found, pk, "election", {"on_time": on_time}, pages.node(pk), door=pages.node(pk))
    return found


def year_papers(asked: Asked, pages: Pages) -> Found:
    """Plan and summary, handed in by their day; not asked for before it. One statement."""
    due = {
        YearDocumentKind.PLAN: date(asked.number, 1, 31),
        YearDocumentKind.SUMMARY: date(asked.number, 12, 31),
    }
    rows = YearDocument.objects.filter(branch__in=asked.ids, year=asked.number, state__in=HANDED_IN)
    handed = {
        (branch, kind): timezone.localdate(at)
        for branch, kind, at in rows.values_list("branch", "kind", "submitted_at")
        if at is not None
    }
    found = Found()
    for pk in asked.branches:
        values: dict[str, bool] = {}
        evidence = []
        for kind, day in due.items():
            done = (pk, kind) in handed and handed[pk, kind] <= day
            values |= {f"{kind}_due": done or asked.today > day, f"{kind}": done}
            if (pk, kind) in handed:
                evidence.append(pages.paper(pk, kind))
        put(found, pk, "year_papers", values, *evidence, door=pages.paper(pk, YearDocumentKind.SUMMARY))
    return found


def rosters(asked: Asked, pages: Pages) -> Found:
    """Fields of the national roster that are filled, and those that contradict another. One statement.

    Name, identity number, gender, birth, kind of membership, state, branch and day of admission are never empty.
    """
    always = 10  # with the two yes-or-no fields, which say no where nobody said yes
    probation = Q(joined_on__gte=NO_PROBATION[0], joined_on__lt=NO_PROBATION[1])
    full = Q(member_type=MemberType.FULL)
    parts = {
        "ethnicity": ~Q(ethnicity=""),
        "education": ~Q(education=""),
        "job_post": ~Q(job_post=""),
        "mobile": Q(user__mobile_index__isnull=False),
        "address": Q(address_length__gt=0),
        "confirmed": full & Q(confirmed_on__isnull=False),
    }
    asks = Count("pk", filter=full)
    wrong = {
        "lost": Q(lost_contact=True, lost_since__isnull=True),
        "floating": Q(floating=True, destination=""),
        "young": Q(joined_on__lt=F("birth_date") + ADULT),
        "confirmed_at_once": full & Q(confirmed_on=F("joined_on")) & ~probation,
    }
    rows = (
        Member.objects.current()
        .filter(branch__in=asked.ids)
        .annotate(address_length=Length("home_address"))  # of the encrypted text: it is empty or not
        .order_by()
        .values("branch")
        .annotate(
            n=Count("pk"),
            full=asks,
            **{f"has_{name}": Count("pk", filter=when) for name, when in parts.items()},
            **{f"wrong_{name}": Count("pk", filter=when) for name, when in wrong.items()},
        )
    )
    found = Found()
    counts = {row["branch"]: row for row in rows}
    for pk in asked.branches:
        row = counts.get(pk)
        values = {"filled": 0, "required": 0, "errors": 0}
        if row:
            asked_for = (always + len(parts) - 1) * row["n"] + row["full"]
            filled = always * row["n"] + sum(row[f"has_{name}"] for name in parts)
            values = {"filled": filled, "required": asked_for, "errors": sum(row[f"wrong_{name}"] for name in wrong)}
        put(found, pk, "roster", values, pages.roster(pk), door=pages.roster(pk))
    return found
