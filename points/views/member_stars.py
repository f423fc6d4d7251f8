"""The stars of members: all branches, one of them with its places and equals, what becomes of it, the list as file."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from branches.access import may, require
from branches.audit import record
from branches.choices import Capability
from branches.models import Branch, User
from config.documents.responses import document_response
from members.models import Member
from points.rulebook.wording import number
from points.stars.members import deciding, papers
from points.stars.members.figures import StarBoard, StarRow, star_board
from points.stars.members.overview import confirmed_stars, overview
from points.stars.members.wording import (
    Line,
    deed_words,
    lines_of,
    next_star,
    place_words,
    shared_words,
    star_words,
)
from points.views.assessment import year_asked
from points.views.pages import FIRST_YEAR

VIEW, WRITE = Capability.STARS_VIEW, Capability.ASSESSMENT_WRITE
REVIEW, APPROVE = Capability.STARS_REVIEW, Capability.STARS_APPROVE
NEEDS: Final = {"propose": WRITE, "take_back": WRITE, "return": APPROVE, "confirm": APPROVE}
DONE: Final = {
    "propose": "已提出，等党委审定。",
    "take_back": "已收回，可以修改后重新提出。",
    "return": "已退回支部，并告知提出人。",
    "confirm": "已审定，党员可以看到本人的星级。",
}


class RowView:
    """A row with its conditions in words: of the star reached, and what of the next one is missing."""

    def __init__(self, row: StarRow, shown: StarBoard, own: int | None) -> None:
        self.row = row
        self.is_own = row.member.pk == own
        self.above = next_star(row.facts, row.stars)
        self.above_label = star_words(self.above)
        self.lines = self._lines(shown, row.standing.reached) if row.stars else []
        more = self._lines(shown, self.above) if self.above else []
        self.missing = [line for line in more if not line.met]
        self.unmet = sum(line.met is False for line in more)
        self.note = papers.notes_of(row)
        self.is_settled_by_people = row.is_decided or (bool(row.standing.options) and not shown.is_preview)
        self.is_cut = bool(row.stars and row.standing.cut_from and not row.standing.tied)

    def _lines(self, shown: StarBoard, stars: int) -> list[Line]:
        return lines_of(self.row.facts, stars, shown.terms, shown.items)


def works_on(user: User, branch: Branch) -> bool:
    """Who reads figures and grades before the stars are confirmed: the branch's own people, and the committee's."""
    return any(may(user, can, branch) for can in (WRITE, REVIEW, APPROVE))


@login_required
@require_GET
def member_star_list(request: HttpRequest) -> HttpResponse:
    """?year=: how far each branch is; whoever sees one branch goes straight to it."""
    require(request.user, VIEW)
    today = timezone.localdate()
    year = year_asked(request.GET.get("year", ""), today.year)
    branches = list(Branch.objects.visible_to(request.user, VIEW).branches())
    reads = may(request.user, Capability.POINTS_VIEW)
    if len(branches) == 1 and reads:
        return redirect("points:member_star_detail", branches[0].pk, year)
    context = {
        "overview": overview(branches, year, today),
        "year": year,
        "years": [today.year, today.year - 1],
        "reads": reads,
        "lists": may(request.user, REVIEW) or may(request.user, APPROVE),
        "reviews": may(request.user, REVIEW),
        "formats": papers.FORMATS,
    }
    return render(request, "points/member_stars/list.html", context)


def branch_of(request: HttpRequest, pk: int, year: int) -> Branch:
    """A branch of the reader's scope, in a year there can be; anything else is unknown."""
    seen = Branch.objects.visible_to(request.user, VIEW).branches().select_related("hospital")
    branch: Branch = get_object_or_404(seen, pk=pk)
    if not FIRST_YEAR <= year <= timezone.localdate().year:
        raise Http404
    require(request.user, Capability.POINTS_VIEW, branch)
    return branch


@login_required
@require_GET
def member_star_detail(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    return _page(request, branch_of(request, pk, year), year)


def _page(request: HttpRequest, branch: Branch, year: int, *, status: int = 200, **extra: Any) -> HttpResponse:
    today = timezone.localdate()
    shown = star_board(branch, year, today)
    works = works_on(request.user, branch)
    own = Member.objects.own(request.user).values_list("pk", flat=True).first()
    writes, approves = may(request.user, WRITE, branch), may(request.user, APPROVE, branch)
    mine = shown.sheet is not None and shown.sheet.proposed_by_id == request.user.pk
    five, four = place_words(shown.pool, shown.terms)
    context = {
        "branch": branch,
        "year": year,
        "years": [today.year, today.year - 1],
        "board": shown,
        "rows": [RowView(row, shown, own) for row in shown.rows] if works or shown.is_confirmed else [],
        "works": works,
        "counts": [(stars, star_words(stars), n) for stars, n in shown.counts],
        "five_words": five,
        "four_words": four,
        "shared": shared_words(shown.pool, shown.pool_names, shown.terms),
        "deeds": deed_words(shown.terms, shown.items),
        "least": [number(shown.terms.least(stars)) for stars in (5, 4, 3, 2)],
        "most_deducted": number(shown.terms.most_deducted),
        "decides_rows": (writes or approves) and shown.is_open,
        "leavable": _leavable(shown, own) if (writes or approves) and shown.is_open else [],
        "proposes": writes and shown.is_open,
        "takes_back": writes and shown.is_proposed,
        "confirms": approves and shown.is_proposed and not mine and not shown.is_stale,
        "is_mine": approves and shown.is_proposed and mine,
        "returns": approves and (shown.is_proposed or shown.is_stale),
        "is_over": today.year > year,
        "several": may(request.user, Capability.DASHBOARD_VIEW),
        "lists": works,
        "formats": papers.FORMATS,
        **extra,
    }
    return render(request, "points/member_stars/detail.html", context, status=status)


def _leavable(shown: StarBoard, own: int | None) -> list[StarRow]:
    """Whom a branch meeting may leave unrated, by name; nobody writes that down of oneself."""
    rows = [row for row in shown.rows if row.may_be_left_out and not row.is_left_out and row.member.pk != own]
    return sorted(rows, key=lambda row: row.member.user.search_keys)


def _version(request: HttpRequest) -> int:
    asked = request.POST.get("version", "")
    return int(asked) if asked.isdecimal() else -1


@login_required
def member_star_row(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """What a meeting decided of one member: `member`, `choice`, `reason`, `version`."""
    branch = branch_of(request, pk, year)
    if not may(request.user, APPROVE, branch):
        require(request.user, WRITE, branch)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    asked = request.POST.get("member", "")
    shown = star_board(branch, year, timezone.localdate())
    row = next((one for one in shown.rows if str(one.member.pk) == asked), None)
    if row is None:
        raise Http404
    try:
        deciding.decide_row(
            branch=branch,
            year=year,
            member=row.member,
            choice=request.POST.get("choice", ""),
            reason=request.POST.get("reason", ""),
            version=_version(request),
            actor=request.user,
        )
    except ValidationError as error:
        said = {"error": error.messages[0], "refused": row.member.pk, "typed": request.POST}
        return _page(request, branch, year, status=422, **said)
    messages.success(request, f"已登记{row.name}的决定。")
    return redirect("points:member_star_detail", pk, year)


@login_required
def member_star_move(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """`act`: propose, take_back, return or confirm, with what each asks for."""
    branch, act = branch_of(request, pk, year), request.POST.get("act", "")
    if act in NEEDS:
        require(request.user, NEEDS[act], branch)
    elif not works_on(request.user, branch):
        require(request.user, REVIEW, branch)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    how: dict[str, Any] = {"branch": branch, "year": year, "version": _version(request), "actor": request.user}
    try:
        if act == "propose":
            deciding.propose(**how)
        elif act == "take_back":
            deciding.take_back(**how)
        elif act == "return":
            deciding.return_sheet(comment=request.POST.get("comment", ""), **how)
        elif act == "confirm":
            deciding.confirm(meeting=request.POST.get("meeting", ""), **how)
        else:
            raise ValidationError("没有看懂要办什么，请从本页的按钮重新选择。")
    except ValidationError as error:
        return _page(request, branch, year, status=422, error=error.messages[0], act=act, typed=request.POST)
    messages.success(request, DONE[act])
    return redirect("points:member_star_detail", pk, year)


@login_required
@require_GET
def member_star_file(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """?format=docx|pdf|xlsx: the list of a branch; put on record."""
    branch = branch_of(request, pk, year)
    if not works_on(request.user, branch):
        require(request.user, REVIEW, branch)
    document = papers.branch_list(star_board(branch, year, timezone.localdate()))
    return _file(request, document, f"{branch}{year}年{papers.NAME}", branch, year)


@login_required
@require_GET
def member_star_hospital_file(request: HttpRequest) -> HttpResponse:
    """?year=&format=: everybody with confirmed stars in the branches the reader reviews."""
    if not may(request.user, APPROVE):
        require(request.user, REVIEW)
    today = timezone.localdate()
    year = year_asked(request.GET.get("year", ""), today.year)
    seen = Branch.objects.visible_to(request.user, REVIEW) | Branch.objects.visible_to(request.user, APPROVE)
    branches = list(seen.branches().select_related("hospital"))
    lines = overview(branches, year, today).lines
    waiting = [line.branch.name for line in lines if line.state != "confirmed"]
    top = branches[0].hospital if branches else None
    if top is None:
        raise Http404
    document = papers.hospital_list(top.name, year, confirmed_stars(branches, year), waiting)
    return _file(request, document, f"{top}{year}年{papers.NAME}", top, year)


def _file(request: HttpRequest, document: Any, name: str, branch: Branch, year: int) -> HttpResponse:
    answer = document_response(request, document, request.GET.get("format", "xlsx"), name, formats=papers.FORMATS)
    if answer.status_code == 200:
        changes = {"year": [None, year]}
        record(actor=request.user, action="member_stars.printed", target=branch, branch=branch, changes=changes)
    return answer
