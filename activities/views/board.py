"""The board of a month, a quarter or a year."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from activities.access import decidable
from activities.choices import GATHERINGS, Kind, Period, PlanState, short_label
from activities.models import PlanItem
from activities.plan.board import build_board
from activities.plan.cells import SOON_DAYS
from activities.plan.periods import Span, span_of
from activities.plan.span_board import board_span, build_span_board
from activities.reports.boards import board_workbook
from branches.access import may, require
from branches.choices import BranchCategory, BranchLevel, Capability
from branches.models import Branch, BranchQuerySet

BRANCHES_PER_PAGE: Final = 50
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SPAN_NAMES: Final = (("month", "月"), ("quarter", "季度"), ("year", "年"))
ONLY: Final = (("", "全部"), ("todo", "只看逾期和快到期"), ("late", "只看逾期"))
KINDS: Final = [(kind.value, short_label(kind)) for kind in Kind if kind in GATHERINGS or kind == Kind.ASSIGNED]


@dataclass(frozen=True)
class Filters:
    """What the query string asks for; what it cannot mean is left out."""

    q: str = ""
    category: str = ""
    general: str = ""
    kind: str = ""
    only: str = ""

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "Filters":
        general = data.get("general", "")
        return cls(
            q=data.get("q", "").strip()[:60],
            category=data.get("category", "") if data.get("category") in BranchCategory.values else "",
            general=general if general.isdecimal() and len(general) < 18 else "",
            kind=data.get("kind", "") if data.get("kind") in dict(KINDS) else "",
            only=data.get("only", "") if data.get("only") in dict(ONLY) else "",
        )

    @property
    def active(self) -> bool:
        return any((self.q, self.category, self.general, self.kind, self.only))

    @property
    def query(self) -> str:
        """What the links to other spans carry on: "" or "&q=…"."""
        set_ = {name: value for name, value in vars(self).items() if value}
        return f"&{urlencode(set_)}" if set_ else ""


@login_required
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """?span=month|quarter|year&at=2026-11 with filters; ?format=xlsx. The branches of that time, dissolved ones too."""
    require(request.user, Capability.ACTIVITY_VIEW)
    today = timezone.localdate()
    at = request.GET.get("at") or request.GET.get("month", "")
    span = board_span(request.GET.get("span", "month"), at, today)
    filters = Filters.read(request.GET)
    scope = Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW)
    generals = list(scope.filter(level=BranchLevel.GENERAL_BRANCH))
    items = PlanItem.objects.visible_to(request.user, Capability.ACTIVITY_VIEW).covering(span.start, span.end)
    if filters.kind:
        items = items.filter(kind=filters.kind)
    branches = _branches(scope, span, filters, generals, items, today)
    excel = request.GET.get("format") == "xlsx"
    page = Paginator(branches, 1000 if excel else BRANCHES_PER_PAGE).get_page(request.GET.get("page"))
    build = build_board if span.period == Period.MONTH else build_span_board
    shown = list(page.object_list)
    if shown or filters.active:
        table = build(items.filter(branch__in=[branch.pk for branch in shown]).for_board(), today, reader=request.user)
    else:  # the leader of a group sees the group's items, and no branch
        table = build(items.exclude(branch__level=BranchLevel.COMMITTEE).for_board(), today, reader=request.user)
    own = items.filter(branch__level=BranchLevel.COMMITTEE).for_board()
    own_board = build(own if not filters.active or filters.kind else own.none(), today, reader=request.user)
    if excel:
        return _workbook(span, [one for one in (own_board, table) if one.rows], today)
    context = {
        "board": table,
        "own": own_board,
        "page": page,
        "filters": filters,
        "generals": generals,
        "categories": BranchCategory.choices,
        "kinds": KINDS,
        "only_choices": ONLY,
        "asked": decidable(PlanItem.objects.all(), request.user).filter(state=PlanState.NOT_HELD_ASKED).count(),
        "pushes": may(request.user, Capability.PLAN_REVIEW),
        **_navigation(span, today),
    }
    return render(request, "activities/board.html", context)


def _branches(
    scope: BranchQuerySet, span: Span, filters: Filters, generals: list[Branch], items: Any, today: date
) -> BranchQuerySet:
    """Branches that lived in the span, filtered. What is late or nearly so is found as plan.cells judges it."""
    branches = scope.filter(level=BranchLevel.BRANCH, founded_on__lte=span.end).exclude(dissolved_on__lt=span.start)
    if filters.q:
        branches = branches.filter(name__icontains=filters.q)
    if filters.category:
        branches = branches.filter(category=filters.category)
    if filters.general:
        above = [node.path for node in generals if str(node.pk) == filters.general]
        branches = branches.within(above)
    if filters.only:
        owed = Q(state__in=[PlanState.OPEN, PlanState.DRAFT])
        if filters.only == "late":
            wanted = Q(due__lt=today) & (owed | Q(state=PlanState.RETURNED, late=True))
        else:
            wanted = Q(state=PlanState.RETURNED) | (owed & Q(due__lte=today + timedelta(days=SOON_DAYS)))
        branches = branches.filter(Exists(items.filter(wanted, branch=OuterRef("pk"))))
    found: BranchQuerySet = branches
    return found


def _navigation(span: Span, today: date) -> dict[str, Any]:
    """The span in words, its neighbours, and the same day in the other spans."""
    name = {Period.MONTH: "month", Period.QUARTER: "quarter"}.get(span.period, "year")
    inside = span.start <= today <= span.end
    day = today if inside else span.start
    before, after = span.start - timedelta(days=1), span.end + timedelta(days=1)
    return {
        "span": span,
        "span_name": name,
        "title": _words(span),
        "before": (f"{before:%Y-%m}", _words(span_of(span.period, before))),
        "after": (f"{after:%Y-%m}", _words(span_of(span.period, after))),
        "is_now": inside,
        "at": f"{day:%Y-%m}",
        "spans": SPAN_NAMES,
        "today": today,
    }


def _words(span: Span) -> str:
    return f"{span.start.year}年" + ("" if span.period == Period.YEAR else span.label)


def _workbook(span: Span, boards: list[Any], today: date) -> HttpResponse:
    title = f"{_words(span)}规定动作完成情况"
    response = HttpResponse(board_workbook(boards, title=title, today=today), content_type=XLSX)
    name = f"{title}.xlsx"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response
