"""The dry run of a draft: asked for, waited for, read as a table, taken along as Excel."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from io import BytesIO
from typing import Any, Final, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from branches.audit import record
from branches.choices import Capability
from branches.models import Branch, JobState
from config.documents.responses import TYPES, safe_name
from members.models import Member
from points.editions.rules import notes
from points.editions.trial import start_trial
from points.models import RuleItem, RuleTrial, RuleVersion
from points.views.rule_drafts import draft_or_404

PER_PAGE: Final = 30
SORTS: Final[Mapping[str, str]] = {
    "moved": "年度变化从大到小",
    "-year": "新规则年度积分从高到低",
    "up": "增加最多",
    "down": "减少最多",
    "name": "按姓名",
}


class Row(NamedTuple):
    """One member: sums of the quarter and totals of the year, as now and by the draft."""

    pk: int
    name: str
    search: str
    branch_id: int
    branch: str
    quarter_now: Decimal
    quarter_then: Decimal
    year_now: Decimal
    year_then: Decimal

    @property
    def quarter_moved(self) -> Decimal:
        return self.quarter_then - self.quarter_now

    @property
    def year_moved(self) -> Decimal:
        return self.year_then - self.year_now


class Table(NamedTuple):
    """Averages of a branch, or sums of an item."""

    label: str
    n: int
    quarter_now: Decimal
    quarter_then: Decimal
    year_now: Decimal
    year_then: Decimal

    @property
    def year_moved(self) -> Decimal:
        return self.year_then - self.year_now


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_trial(request: HttpRequest, pk: int) -> HttpResponse:
    """POST asks the worker; GET shows the newest trial, to htmx the waiting part until there is something else."""
    draft = draft_or_404(request, pk)
    if request.method == "POST":
        start_trial(draft=draft, today=timezone.localdate(), actor=request.user)
        messages.success(request, "已开始试算。")
        return redirect("points:rule_trial", pk=pk)
    trial = draft.trials.select_related("job").order_by("-pk").first()
    job = trial.job if trial else None
    waiting = job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)
    if request.htmx:
        if waiting:
            return render(request, "points/_rule_trial_wait.html", {"version": draft, "job": job})
        response = HttpResponse()
        response["HX-Refresh"] = "true"
        return response
    done = trial if trial and trial.made_at else draft.trials.filter(made_at__isnull=False).order_by("-made_at").first()
    context: dict[str, Any] = {
        "version": draft,
        "job": job,
        "waiting": waiting,
        "failed": job is not None and job.state in (JobState.FAILED, JobState.CANCELLED),
        "trial": done,
    }
    if done is None:
        return render(request, "points/rule_trial.html", context)
    rows = _rows(request, done)
    if request.GET.get("format") == "xlsx":
        return _sheet(request, draft, done, rows)
    shown = _chosen(request, rows)
    changed = [row for row in rows if row.year_moved]
    context |= {
        "stale": done.draft != draft.version,
        "page": Paginator(shown, PER_PAGE).get_page(request.GET.get("page")),
        "sorts": SORTS,
        "sort": request.GET.get("sort", "moved"),
        "query": request.GET.get("q", "").strip()[:30],
        "chosen": request.GET.get("branch", ""),
        "branches": _branches(rows),
        "nodes": sorted({(row.branch_id, row.branch) for row in rows}),
        "items": _items(done, draft),
        "notes": _notes(done),
        "count": len(rows),
        "up": sum(row.year_moved > 0 for row in changed),
        "down": sum(row.year_moved < 0 for row in changed),
        "average": _average([row.year_moved for row in rows]),
        "quarter": f"{done.quarter.year}年第{'一二三四'[done.quarter.month // 3]}季度",
    }
    return render(request, "points/rule_trial.html", context)


def _rows(request: HttpRequest, trial: RuleTrial) -> list[Row]:
    """The stored figures with the names of members the reader may see. Two statements."""
    stored = trial.result.get("rows", [])
    seen = Member.objects.visible_to(request.user, Capability.POINTS_VIEW).filter(pk__in=[row[0] for row in stored])
    names = {pk: (name, keys) for pk, name, keys in seen.values_list("pk", "user__name", "user__search_keys")}
    nodes = dict(Branch.objects.filter(pk__in={row[1] for row in stored}).order_by().values_list("pk", "name"))
    return [
        Row(pk, *names[pk], branch, nodes.get(branch, ""), *(Decimal(value) for value in figures))
        for pk, branch, *figures in stored
        if pk in names
    ]


def _chosen(request: HttpRequest, rows: list[Row]) -> list[Row]:
    query, branch = request.GET.get("q", "").strip()[:30].lower(), request.GET.get("branch", "")
    found = [
        row
        for row in rows
        if (not query or query in row.name or query in row.search.lower())
        and (not branch or str(row.branch_id) == branch)
    ]
    keys: Mapping[str, Any] = {
        "-year": lambda row: (-row.year_then, row.search),
        "up": lambda row: (-row.year_moved, row.search),
        "down": lambda row: (row.year_moved, row.search),
        "name": lambda row: row.search,
    }
    by = keys.get(request.GET.get("sort", ""), lambda row: (-abs(row.year_moved), row.search))
    return sorted(found, key=by)


def _average(values: list[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values) if values else Decimal(0)


def _branches(rows: list[Row]) -> list[Table]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.branch].append(row)
    return [
        Table(
            name,
            len(mine),
            _average([row.quarter_now for row in mine]),
            _average([row.quarter_then for row in mine]),
            _average([row.year_now for row in mine]),
            _average([row.year_then for row in mine]),
        )
        for name, mine in sorted(found.items())
    ]


def _items(trial: RuleTrial, draft: RuleVersion) -> list[Table]:
    """Sums of each item over all members, before caps; those that move first."""
    stored = trial.result.get("items", {})
    known = RuleItem.objects.filter(
        Q(version__hospital=draft.hospital_id) | Q(version__hospital__isnull=True),
        code__in=stored,
        version__published_at__isnull=False,
    )
    titles = dict(known.order_by("version__valid_from").values_list("code", "title"))
    titles |= dict(draft.items.values_list("code", "title"))
    tables = [
        Table(f"{code} {titles.get(code, '')}", 0, *(Decimal(value) for value in values))
        for code, values in stored.items()
    ]
    return sorted(tables, key=lambda one: -abs(one.year_moved))


def _notes(trial: RuleTrial) -> list[str]:
    now, then = (Decimal(scale) for scale in trial.result.get("scales", ("1", "1")))
    return notes(now, then, trial.result.get("absent", ()))


def _sheet(request: HttpRequest, draft: RuleVersion, trial: RuleTrial, rows: list[Row]) -> HttpResponse:
    book = Workbook(write_only=True)
    quarter = f"{trial.quarter.year}年第{'一二三四'[trial.quarter.month // 3]}季度"
    head = (f"{quarter}现行", f"{quarter}草稿", "年度现行", "年度草稿", "年度变化")
    people = book.create_sheet("党员")
    people.freeze_panes = "A2"
    _line(people, ("党支部", "姓名", *head), bold=True)
    for row in sorted(rows, key=lambda one: (one.branch, one.search)):
        figures = (row.quarter_now, row.quarter_then, row.year_now, row.year_then, row.year_moved)
        _line(people, (row.branch, row.name, *figures))
    for title, tables in (("党支部（人均）", _branches(rows)), ("项目（合计，未计上限）", _items(trial, draft))):
        sheet = book.create_sheet(title)
        _line(sheet, (title, *head), bold=True)
        for one in tables:
            figures = (one.quarter_now, one.quarter_then, one.year_now, one.year_then, one.year_moved)
            _line(sheet, (one.label, *figures))
    if said := _notes(trial):
        sheet = book.create_sheet("说明")
        for text in said:
            _line(sheet, (text,))
    out = BytesIO()
    book.save(out)
    changes = {"rows": [None, len(rows)], "quarter": [None, quarter]}
    record(actor=request.user, action="rules.trial_exported", target=draft, branch=draft.hospital, changes=changes)
    response = HttpResponse(out.getvalue(), content_type=TYPES["xlsx"])
    name = safe_name(f"试算_{draft.name}.xlsx")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response


def _line(sheet: Any, values: tuple[Any, ...], *, bold: bool = False) -> None:
    """Text is written as text, whatever it begins with."""
    cells = []
    for value in values:
        cell = WriteOnlyCell(sheet, value=value)
        if isinstance(value, str):
            cell.data_type = "s"
        else:
            cell.number_format = "0.00"
        if bold:
            cell.font = Font(bold=True)
        cells.append(cell)
    sheet.append(cells)
