"""What the Party office enters for a star rating: figures of lines without a register, marks with their document."""

import uuid
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods

from branches.access import may, require
from branches.choices import Capability
from branches.models import Branch
from points.models import LineRecord, StarMark
from points.stars import entering
from points.stars.card_page import STAR_WORDS, entered_by_hand
from points.stars.cards import CardBook
from points.stars.formulas import Field
from points.stars.measures import MEASURES
from points.stars.rules import CardLine
from points.views.pages import FIRST_YEAR

VIEW, REVIEW = Capability.STARS_VIEW, Capability.STARS_REVIEW


class Box(NamedTuple):
    """One field of a line as the form shows it."""

    field: Field
    value: Any
    error: str


class Entry(NamedTuple):
    """One line whose figures are entered."""

    line: CardLine
    formula: str
    row: LineRecord | None
    boxes: list[Box]
    source: str
    source_error: str
    is_open: bool


def branch_of(request: HttpRequest, pk: int, year: int) -> Branch:
    seen = Branch.objects.visible_to(request.user, VIEW).branches().select_related("hospital")
    branch: Branch = get_object_or_404(seen, pk=pk)
    if not FIRST_YEAR <= year <= timezone.localdate().year:
        raise Http404
    return branch


@login_required
@require_http_methods(["GET", "POST"])
def star_records(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """Figures and marks of a branch and year: read by who reads its stars, written by the office."""
    branch = branch_of(request, pk, year)
    if request.method == "GET":
        return _page(request, branch, year)
    require(request.user, REVIEW, branch)
    fact, version = request.POST.get("fact", ""), request.POST.get("version", "")
    if fact not in {line.fact for line in _lines(branch, year)}:
        raise Http404
    try:
        entering.enter_figures(
            branch=branch,
            year=year,
            fact=fact,
            typed={name: str(value) for name, value in request.POST.items()},
            source=request.POST.get("source", ""),
            version=int(version) if version.isdecimal() else -1,
            actor=request.user,
        )
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            messages.error(request, error.messages[0])
        return _page(request, branch, year, refused=fact, problems=_by_field(error), status=422)
    messages.success(request, "已保存，星级评分表已按新数据计算。")
    return redirect(f"{request.path}#{_anchor(fact)}")


def _lines(branch: Branch, year: int) -> list[CardLine]:
    """The lines of the card in force whose figures are entered by hand."""
    try:
        _, card = CardBook([branch.hospital_id]).of(branch, year)
    except LookupError as error:
        raise Http404 from error
    return [line for line in card.lines if entered_by_hand(line)]


def _by_field(error: ValidationError) -> dict[str, str]:
    return {name: texts[0] for name, texts in error.message_dict.items()} if hasattr(error, "error_dict") else {}


def _anchor(fact: str) -> str:
    return f"fact-{fact.replace(':', '-').replace('.', '-')}"


def _page(
    request: HttpRequest,
    branch: Branch,
    year: int,
    *,
    refused: str = "",
    problems: dict[str, str] | None = None,
    mark_problems: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    problems = problems or {}
    rows = {row.fact: row for row in LineRecord.objects.filter(branch=branch, year=year).select_related("entered_by")}
    entries = []
    for line in _lines(branch, year):
        row = rows.get(line.fact)
        here = line.fact == refused
        stored = row.values if row else {}
        boxes = [
            Box(
                field,
                request.POST.get(field.name, "") if here else stored.get(field.name, ""),
                problems.get(field.name, "") if here else "",
            )
            for field in entering.fields_of(line.fact)
        ]
        source = request.POST.get("source", "") if here else (row.source if row else "")
        entries.append(
            Entry(
                line,
                MEASURES[line.measure].words(line.params),
                row,
                boxes,
                source,
                problems.get("source", "") if here else "",
                here,
            )
        )
    marks = StarMark.objects.filter(branch=branch, year=year).select_related("entered_by", "withdrawn_by")
    context = {
        "branch": branch,
        "year": year,
        "entries": [(entry, _anchor(entry.line.fact)) for entry in entries],
        "n_entered": sum(entry.row is not None for entry in entries),
        "marks": list(marks),
        "choices": entering.mark_choices(),
        "star_words": [(n, STAR_WORDS[n]) for n in (5, 4, 3, 2, 1)],
        "writes": may(request.user, REVIEW, branch),
        "typed": request.POST if mark_problems is not None else {},
        "mark_problems": mark_problems,
        "form_key": request.POST.get("form_key") or uuid.uuid4(),
        "today": timezone.localdate(),
    }
    return render(request, "points/stars/star_records.html", context, status=status)


@login_required
def star_mark(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """Enter a bonus, a deduction, a veto or a decision."""
    branch = branch_of(request, pk, year)
    require(request.user, REVIEW, branch)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    asked = request.POST
    kind, _, level = asked.get("what", "").partition(":")
    try:
        happened_on = parse_date(asked.get("happened_on", ""))
    except ValueError:
        happened_on = None
    try:
        if happened_on is None:
            raise ValidationError({"happened_on": "请填写日期。"})
        entering.enter_mark(
            branch=branch,
            year=year,
            kind=kind,
            level=level,
            stars=int(asked["stars"]) if asked.get("stars", "").isdecimal() else None,
            title=asked.get("title", ""),
            decided_by=asked.get("decided_by", ""),
            document_no=asked.get("document_no", ""),
            happened_on=happened_on,
            form_key=_uuid(asked.get("form_key", "")),
            actor=request.user,
        )
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            messages.error(request, error.messages[0])
        return _page(request, branch, year, mark_problems=_by_field(error), status=422)
    messages.success(request, "已登记，并告知支部书记。")
    return redirect("points:star_records", branch.pk, year)


@login_required
def star_mark_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    mark = get_object_or_404(StarMark.objects.visible_to(request.user, VIEW).select_related("branch"), pk=pk)
    require(request.user, REVIEW, mark.branch)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        entering.withdraw_mark(mark=mark, reason=request.POST.get("reason", ""), actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, "已撤销，不再计入。")
    return redirect("points:star_records", mark.branch_id, mark.year)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()
