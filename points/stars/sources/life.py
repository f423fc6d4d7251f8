"""Organisational life: what was due and held, attendance, records in time, rectification, the appraisal."""

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import TruncDate

from activities.choices import FollowUpSort, Kind, PlanState
from activities.models import SEEN_BY_MEMBERS, Activity, ActivityKind, ActivityMonth, FollowUp, PlanItem
from activities.plan.rollups import day_start
from activities.rules import BACKFILL_DAYS
from branches.choices import Role
from branches.models import Appointment
from points.choices import AssessmentState
from points.models import Assessment
from points.stars.asking import Asked, Found, Pages, put

REGULAR: Final = {  # counted from the roll-up, fact by kind
    Kind.GENERAL_MEETING: "general_meeting",
    Kind.COMMITTEE_MEETING: "committee_meeting",
    Kind.PARTY_LECTURE: "party_lecture",
    Kind.THEME_DAY: "theme_day",
    Kind.WARNING_EDUCATION: "warning_education",
}
NOT_OWED: Final = (PlanState.NOT_APPLICABLE, PlanState.NOT_HELD)
IDLE_MONTHS: Final = 3  # without a confirmed record: a veto


def regular(asked: Asked, pages: Pages) -> Found:
    """Required actions of the months that have ended, attendance of the year, who gave lectures. Two statements."""
    found = Found()
    months = ActivityMonth.objects.filter(branch__in=asked.ids, month__range=(asked.first, asked.last)).order_by()
    over = Q(month__lte=asked.ended) if asked.ended else Q(pk__in=[])
    rows = months.values("branch", "kind").annotate(
        due_n=Sum("required", filter=over, default=0),
        done_n=Sum("done", filter=over, default=0),
        present_n=Sum("present"),
        made_up_n=Sum("made_up"),
        expected_n=Sum("expected"),
    )
    by_branch: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    people: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows.values_list("branch", "kind", "due_n", "done_n", "present_n", "made_up_n", "expected_n"):
        by_branch[row[0]][row[1]] = row[2], row[3]
        for at, n in enumerate(row[4:]):
            people[row[0]][at] += n
    taught = _taught_by_secretary(asked)
    for pk in asked.branches:
        for kind, fact in REGULAR.items():
            due, done = by_branch[pk].get(kind, (0, 0))
            values: dict[str, int | bool] = {"done": done, "due": due}
            if kind == Kind.PARTY_LECTURE:
                values["by_secretary"] = pk in taught
            put(found, pk, fact, values, pages.records(pk, kind=kind), door=pages.plan(pk))
        present, made_up, expected = people[pk]
        values = {"present": present, "made_up": made_up, "expected": expected}
        put(found, pk, "attendance", values, pages.records(pk), door=pages.records(pk))
    return found


def _taught_by_secretary(asked: Asked) -> set[int]:
    """Branches whose secretary of the day gave a lecture of the year."""
    held = Activity.objects.filter(
        branch__in=asked.ids,
        state__in=SEEN_BY_MEMBERS,
        starts_at__gte=day_start(asked.first),
        starts_at__lt=day_start(asked.last + timedelta(days=1)),
        lecturer__isnull=False,
    ).annotate(day=TruncDate("starts_at"))
    posts = Appointment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=OuterRef("day")),
        branch=OuterRef("branch"),
        user=OuterRef("lecturer"),
        role=Role.BRANCH_SECRETARY,
        starts_on__lte=OuterRef("day"),
    )
    lectures = ActivityKind.objects.filter(activity=OuterRef("pk"), kind=Kind.PARTY_LECTURE)
    rows = held.filter(Exists(lectures), Exists(posts)).order_by()
    return set(rows.values_list("branch", flat=True).distinct())


def groups(asked: Asked, pages: Pages) -> Found:
    """The mean over the groups of a branch of what each held of the months that have ended. One statement."""
    over = Q(end__lte=asked.ended) if asked.ended else Q(pk__in=[])
    items = PlanItem.objects.filter(
        over, branch__in=asked.ids, kind=Kind.GROUP_MEETING, group__isnull=False, start__gte=asked.first
    ).exclude(state__in=NOT_OWED)
    rows = (
        items.order_by()
        .values("branch", "group")
        .annotate(due_n=Count("pk"), done_n=Count("pk", filter=Q(state=PlanState.CONFIRMED)))
    )
    shares: dict[int, list[Fraction]] = defaultdict(list)
    for branch, due, done in rows.values_list("branch", "due_n", "done_n"):
        shares[branch].append(Fraction(done, due))
    found = Found()
    for pk in asked.branches:
        mine = shares[pk]
        mean = sum(mine, Fraction(0)) / len(mine) if mine else Fraction(0)
        values = {"mean": f"{mean.numerator}/{mean.denominator}", "groups": len(mine)}
        put(found, pk, "group_meeting", values, pages.records(pk, kind=Kind.GROUP_MEETING), door=pages.plan(pk))
    return found


def records(asked: Asked, pages: Pages) -> Found:
    """Confirmed records, and those handed in within a week and never returned. One statement.

    What is handed in has every field that is asked for; one that was returned had not.
    """
    in_time = Q(submitted_at__lte=F("starts_at") + timedelta(days=BACKFILL_DAYS), returned_at__isnull=True)
    rows = Activity.objects.filter(
        branch__in=asked.ids,
        state__in=SEEN_BY_MEMBERS,
        starts_at__gte=day_start(asked.first),
        starts_at__lt=day_start(asked.last + timedelta(days=1)),
    ).order_by()
    counts = rows.values("branch").annotate(n=Count("pk"), good_n=Count("pk", filter=in_time))
    by_branch = {branch: (n, good) for branch, n, good in counts.values_list("branch", "n", "good_n")}
    found = Found()
    for pk in asked.branches:
        n, good = by_branch.get(pk, (0, 0))
        door = pages.records(pk, backfilled="on")
        put(found, pk, "records", {"good": good, "records": n}, pages.records(pk), door=door)
    return found


def yearly(asked: Asked, pages: Pages) -> Found:
    """The organisational life meeting with its rectification, the appraisal, publications. Four statements.

    Not asked for before the due day, unless they are done.
    """
    kinds = (Kind.ORG_LIFE_MEETING, Kind.DEMOCRATIC_APPRAISAL, Kind.POINTS_PUBLICATION)
    items = PlanItem.objects.filter(
        branch__in=asked.ids, kind__in=kinds, start__range=(asked.first, asked.last)
    ).exclude(state__in=NOT_OWED)
    by_branch: dict[tuple[int, str], list[tuple[bool, bool, bool, int | None]]] = defaultdict(list)
    for branch, kind, state, due, late, activity in items.values_list(
        "branch", "kind", "state", "due", "late", "activity"
    ):
        done = state == PlanState.CONFIRMED
        by_branch[branch, kind].append((done or asked.today > due, done, late, activity))
    rectified = _rectified(asked)
    fed_back = _fed_back(asked)
    kept = set(
        Assessment.objects.filter(branch__in=asked.ids, year=asked.number)
        .exclude(state=AssessmentState.OPEN)
        .values_list("branch", flat=True)
    )
    found = Found()
    for pk in asked.branches:
        held = [row for row in by_branch[pk, Kind.ORG_LIFE_MEETING] if row[1]]
        listed, closed = rectified.get(pk, (0, 0))
        values: dict[str, int | bool] = {
            "due": any(row[0] for row in by_branch[pk, Kind.ORG_LIFE_MEETING]),
            "held": bool(held),
            "listed": listed,
            "closed": closed,
        }
        evidence = [pages.record(row[3]) for row in held if row[3]]
        evidence += [pages.matters(pk)] if listed else []
        put(found, pk, "org_life", values, *evidence, door=pages.matters(pk) if held else pages.plan(pk))
        appraised = [row for row in by_branch[pk, Kind.DEMOCRATIC_APPRAISAL] if row[1]]
        values = {
            "due": any(row[0] for row in by_branch[pk, Kind.DEMOCRATIC_APPRAISAL]),
            "held": bool(appraised),
            "cap_kept": pk in kept,
            "fed_back": pk in fed_back,
        }
        evidence = [pages.record(row[3]) for row in appraised if row[3]]
        evidence += [pages.assessment(pk)] if pk in kept else []
        put(found, pk, "appraisal", values, *evidence, door=pages.assessment(pk) if appraised else pages.plan(pk))
        quarters = [row for row in by_branch[pk, Kind.POINTS_PUBLICATION] if row[0]]
        values = {"done": sum(row[1] and not row[2] for row in quarters), "due": len(quarters)}
        put(found, pk, "publications", values, pages.publications(pk), door=pages.publications(pk))
    return found


def _rectified(asked: Asked) -> dict[int, tuple[int, int]]:
    """Matters to be mended that the life meetings of the year listed, and how many are done."""
    rows = FollowUp.objects.filter(
        sort=FollowUpSort.RECTIFICATION,
        activity__branch__in=asked.ids,
        activity__state__in=SEEN_BY_MEMBERS,
        activity__starts_at__gte=day_start(asked.first),
        activity__starts_at__lt=day_start(asked.last + timedelta(days=1)),
    ).order_by()
    counts = rows.values("activity__branch").annotate(n=Count("pk"), done=Count("done_on"))
    return {branch: (n, done) for branch, n, done in counts.values_list("activity__branch", "n", "done")}


def _fed_back(asked: Asked) -> set[int]:
    """Branches whose record of the appraisal says when the members were told."""
    appraisals = ActivityKind.objects.filter(activity=OuterRef("pk"), kind=Kind.DEMOCRATIC_APPRAISAL)
    rows = Activity.objects.filter(
        Exists(appraisals),
        branch__in=asked.ids,
        state__in=SEEN_BY_MEMBERS,
        starts_at__gte=day_start(asked.first),
        starts_at__lt=day_start(asked.last + timedelta(days=1)),
    ).annotate(told=KT(f"details__{Kind.DEMOCRATIC_APPRAISAL}__feedback_on"))
    return {branch for branch, told in rows.values_list("branch", "told") if told}


def idle_months(asked: Asked) -> dict[int, list[date]]:
    """The first months of each run of three that ended without a confirmed record; from when a branch owes. One
    statement."""
    if asked.ended is None:
        return {}
    months = [date(asked.number, month, 1) for month in range(1, asked.year.months + 1)]
    rows = ActivityMonth.objects.filter(branch__in=asked.ids, month__range=(asked.first, asked.ended)).order_by()
    sums = {f"m{month.month}": Sum("held", filter=Q(month=month), default=0) for month in months}
    held = {pk: counts for pk, *counts in rows.values("branch").annotate(**sums).values_list("branch", *sums)}
    nothing = [0] * len(months)
    found: dict[int, list[date]] = {}
    for pk, branch in asked.branches.items():
        since = max(branch.founded_on, branch.owes_from or branch.founded_on)
        run = 0
        for month, n in zip(months, held.get(pk, nothing), strict=True):
            run = run + 1 if month >= since and not n else 0
            if run == IDLE_MONTHS:
                found.setdefault(pk, []).append(date(asked.number, month.month - IDLE_MONTHS + 1, 1))
    return found
