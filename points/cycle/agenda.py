"""What of the cycle is to be done next in each branch, by when, and who holds it. Reads only."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.urls import reverse

from branches.choices import BranchKind, Role
from branches.models import Branch
from branches.term_reminders import Posts
from points.choices import ObjectionState, PeriodKind
from points.cycle.closing import publication_key, publish_url
from points.cycle.people import WITH, answerers, deciders
from points.cycle.timetable import Line, first_month, years_of
from points.models import Objection


class Matter(NamedTuple):
    """One thing to do; `people` are the ids of those who hold it, `objection` the id of the one it is about."""

    key: str
    what: str
    due: date | None
    people: tuple[int, ...]
    url: str
    act: str
    line: Line | None = None
    objection: int | None = None

    def is_late(self, today: date) -> bool:
        return self.due is not None and self.due < today


def has_cycle(branch: Branch) -> bool:
    """A temporary branch has nobody on its roll: there is nothing to publish, and the calendar closes its months."""
    return branch.kind != BranchKind.TEMPORARY


def agenda(branches: Sequence[Branch], today: date) -> dict[int, list[Matter]]:
    """Of this year and the last, the nearest deadline first; nothing from before the house came to this site.

    The same number of queries for any number of branches of one hospital.
    """
    nodes = [branch for branch in branches if has_cycle(branch) and branch.founded_on <= today]
    posts = Posts(nodes, today)
    found: dict[int, list[Matter]] = {branch.pk: [] for branch in branches}
    first = {pk: first_month(pk) for pk in {branch.hospital_id for branch in nodes} if pk is not None}
    for year in (today.year - 1, today.year):
        lines = years_of(nodes, year, today)
        for branch in nodes:
            since = first.get(branch.hospital_id)
            steps = [line for line in lines[branch.pk] if since and line.step.act and line.span.end >= since]
            found[branch.pk] += [_of_period(branch, line, posts) for line in steps]
    for one in Objection.objects.filter(branch__in=nodes).open().select_related(*WITH).order_by("pk"):
        found[one.branch_id].append(_of_objection(one, posts))
    return {pk: sorted(matters, key=lambda one: one.due or date.max) for pk, matters in found.items()}


def quarters_to_lock(branches: Sequence[Branch], today: date) -> list[tuple[Branch, Line]]:
    """Quarters whose terms are over: published, nobody may object any more and nothing is unsettled."""
    found = agenda(branches, today)
    return [
        (branch, one.line)
        for branch in branches
        for one in found[branch.pk]
        if one.act == "lock" and one.line is not None and one.line.kind == PeriodKind.QUARTER
    ]


def _of_period(branch: Branch, line: Line, posts: Posts) -> Matter:
    start, act = line.span.start, line.step.act
    key, url = f"{act}:{branch.pk}:{line.kind}:{start}", f"{reverse('points:period_detail', args=[branch.pk])}"
    url = f"{url}?year={start.year}"
    if act == "close":
        what = f"关{start.year}年{line.label}账"
    elif act == "publish":
        key, url = publication_key(branch, start), publish_url(branch, start)
        what = f"晾晒{start.year}年{line.label}积分"
    else:
        what = f"锁定{'' if line.kind == PeriodKind.YEAR else f'{start.year}年'}{line.label}"
    held = [] if act == "lock" else posts.holders(branch.pk, [Role.BRANCH_SECRETARY])
    return Matter(key, what, line.step.due, tuple(held or posts.office(branch.path)), url, act, line)


def _of_objection(one: Objection, posts: Posts) -> Matter:
    answers = one.state == ObjectionState.RAISED
    people = answerers(one, posts) if answers else deciders(one, posts)
    url = reverse("points:objection_detail", args=[one.pk])
    return Matter(
        f"objection:{one.pk}",
        "答复异议" if answers else "裁定申诉",
        one.answer_due if answers else one.decide_due,
        tuple(people),
        url,
        "answer" if answers else "decide",
        objection=one.pk,
    )
