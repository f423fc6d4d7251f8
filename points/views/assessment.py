"""The yearly assessment: all branches, one of them with its cap and ties, the votes, and what becomes of it."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.reports.record_forms import layouts_of
from branches.access import may, require
from branches.audit import record
from branches.choices import Capability
from branches.models import Branch
from config.documents.responses import document_response
from members.models import Member
from points.assessment import deciding, papers, results
from points.assessment.figures import Board, assessed_by, board, results_of, roll_at, votes_of
from points.assessment.overview import overview
from points.choices import Grade
from points.views.pages import FIRST_YEAR

WRITE, CONFIRM = Capability.ASSESSMENT_WRITE, Capability.ASSESSMENT_CONFIRM
NEEDS: Final = {"propose": WRITE, "take_back": WRITE, "return": CONFIRM, "confirm": CONFIRM, "recheck": CONFIRM}
DONE: Final = {
    "propose": "已提出，等党委审定。",
    "take_back": "已收回，可以修改后重新提出。",
    "return": "已退回支部，并告知提出人。",
    "confirm": "已审定，党员可以看到本人的等次。",
    "recheck": "已核对，审定的等次不变。",
}


@login_required
@require_GET
def assessment_list(request: HttpRequest) -> HttpResponse:
    """All branches of the reader in one year; who has one goes straight to it."""
    if not may(request.user, CONFIRM):
        require(request.user, WRITE)
    today = timezone.localdate()
    year = year_asked(request.GET.get("year", ""), today.year)
    branches = list(assessed_by(request.user))
    if len(branches) == 1:
        return redirect("points:assessment_detail", branches[0].pk, year)
    context = {"overview": overview(branches, year, today), "year": year, "years": [today.year, today.year - 1]}
    return render(request, "points/assessment_list.html", context)


def year_asked(asked: str, this_year: int) -> int:
    """The year before, unless another is asked for: one is assessed when it is over."""
    return int(asked) if asked.isdecimal() and FIRST_YEAR <= int(asked) <= this_year else this_year - 1


def branch_of(request: HttpRequest, pk: int, year: int) -> Branch:
    """A branch the reader assesses, in a year there can be; anything else is unknown."""
    branch: Branch = get_object_or_404(assessed_by(request.user).select_related("hospital"), pk=pk)
    if not FIRST_YEAR <= year <= timezone.localdate().year:
        raise Http404
    return branch


@login_required
@require_GET
def assessment_detail(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    return _page(request, branch_of(request, pk, year), year)


def _page(request: HttpRequest, branch: Branch, year: int, *, status: int = 200, **extra: Any) -> HttpResponse:
    today = timezone.localdate()
    shown = board(branch, year, today)
    own = Member.objects.own(request.user).values_list("pk", flat=True).first()
    writes, confirms = may(request.user, WRITE, branch), may(request.user, CONFIRM, branch)
    rechecks = confirms and shown.is_confirmed and shown.year_locked and not shown.points_locked
    mine = shown.assessment is not None and shown.assessment.proposed_by_id == request.user.pk
    context = {
        "branch": branch,
        "year": year,
        "years": [today.year, today.year - 1],
        "board": shown,
        "own": own,
        "grades": Grade,
        "writes": writes and shown.is_open,
        "takes_back": writes and shown.is_proposed,
        "decides": confirms and shown.is_proposed and not mine,
        "returns": confirms and shown.is_proposed,
        "is_mine": mine and confirms and shown.is_proposed,
        "moves": (writes and shown.is_open) or (confirms and shown.is_proposed),
        "rechecks": rechecks,
        "differences": deciding.differences_of(shown) if rechecks else [],
        "is_over": today.year > year,
        "sees_vetoes": may(request.user, Capability.DISCIPLINE_VIEW, branch),
        "several": may(request.user, Capability.DASHBOARD_VIEW),
        "forms": papers.FORMS,
        **extra,
    }
    return render(request, "points/assessment_detail.html", context, status=status)


def _version(request: HttpRequest) -> int:
    asked = request.POST.get("version", "")
    return int(asked) if asked.isdecimal() else -1


@login_required
def assessment_grade(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """Move the grade of one member: `member`, `grade`, `reason`, `version`."""
    branch = branch_of(request, pk, year)
    shown = board(branch, year, timezone.localdate())
    require(request.user, CONFIRM if shown.is_proposed else WRITE, branch)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    asked = request.POST.get("member", "")
    row = next((one for one in shown.rows if str(one.member.pk) == asked), None)
    if row is None:
        raise Http404
    try:
        deciding.set_grade(
            branch=branch,
            year=year,
            member=row.member,
            grade=request.POST.get("grade", ""),
            reason=request.POST.get("reason", ""),
            version=_version(request),
            actor=request.user,
        )
    except ValidationError as error:
        said = {"error": error.messages[0], "refused": row.member.pk, "typed": request.POST}
        return _page(request, branch, year, status=422, **said)
    messages.success(request, f"已登记{row.name}的等次。")
    return redirect("points:assessment_detail", pk, year)


@login_required
def assessment_move(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """`act`: propose, take_back, return, confirm or recheck, with what each asks for."""
    branch, act = branch_of(request, pk, year), request.POST.get("act", "")
    if act in NEEDS:
        require(request.user, NEEDS[act], branch)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    typed = {name: request.POST.get(name, "") for name in ("cap_reason", "comment", "meeting", "reason")}
    how = {"branch": branch, "year": year, "version": _version(request), "actor": request.user}
    try:
        if act == "propose":
            deciding.propose(cap_reason=typed["cap_reason"], **how)
        elif act == "take_back":
            deciding.take_back(**how)
        elif act == "return":
            deciding.return_assessment(comment=typed["comment"], **how)
        elif act == "confirm":
            deciding.confirm(meeting=typed["meeting"], cap_reason=typed["cap_reason"], **how)
        elif act == "recheck":
            deciding.recheck(reason=typed["reason"], **how)
        else:
            raise ValidationError("没有看懂要办什么，请从本页的按钮重新选择。")
    except ValidationError as error:
        return _page(request, branch, year, status=422, error=error.messages[0], act=act, typed=request.POST)
    messages.success(request, DONE[act])
    return redirect("points:assessment_detail", pk, year)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_votes(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """Four numbers a member, all of them or none; empty where somebody was not appraised."""
    branch = branch_of(request, pk, year)
    require(request.user, WRITE, branch)
    members = [one for one in roll_at([branch.pk], year, timezone.localdate()) if one.roll_type == "full"]
    known = results_of([one.pk for one in members], year)
    fields = [_fields(one, known.get(one.pk)) for one in members]
    context: dict[str, Any] = {"branch": branch, "year": year, "fields": fields, "voters": "", "own": request.user.pk}
    if request.method != "POST":
        return _votes_page(request, context)
    given, errors = {}, {}
    for field in fields:
        if field["user"] == request.user.pk:  # somebody else's to enter
            continue
        field["typed"] = [request.POST.get(f"{name}-{field['pk']}", "").strip() for name in "eqbu"]
        try:
            given[field["pk"]] = _given(request, field)
        except ValueError:
            errors[f"v{field['pk']}"] = "票数应为不小于0的整数。"
    context["voters"] = voters = request.POST.get("voters", "").strip()
    if voters and not (voters.isdecimal() and len(voters) < 6):
        errors["voters"] = "参加测评人数应为整数。"
    try:
        if errors:
            raise ValidationError(errors)
        changed = results.enter_results(
            branch=branch, year=year, given=given, voters=int(voters) if voters else None, actor=request.user
        )
    except results.Conflict as error:
        for field in fields:  # told once; saving again is then meant
            field["stale"] = field["pk"] in error.members
        context["conflict"] = error.messages[0]
    except ValidationError as error:
        context["problems"] = {name: texts[0] for name, texts in error.message_dict.items()} if _by_field(error) else {}
        context["error"] = "" if context["problems"] else error.messages[0]
        for field in fields:
            field["problem"] = context["problems"].get(f"v{field['pk']}", "")
            field["version"] = request.POST.get(f"version-{field['pk']}", field["version"])
    else:
        messages.success(request, f"已保存，{changed}人有变动。" if changed else "没有变动。")
        return redirect("points:assessment_detail", pk, year)
    return _votes_page(request, context, 422)


def _votes_page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    for field in context["fields"]:
        names = [f"{name}-{field['pk']}" for name in "eqbu"]
        field["cells"] = list(zip(names, Grade.labels, field["typed"], strict=True))
    return render(request, "points/assessment_votes.html", context | {"grades": Grade}, status=status)


def _fields(member: Member, result: Any) -> dict[str, Any]:
    counts = votes_of(result) if result else ("", "", "", "")
    return {
        "pk": member.pk,
        "name": member.user.name,
        "user": member.user_id,
        "typed": list(counts),
        "saved": counts,
        "version": result.version if result else 0,
    }


def _given(request: HttpRequest, field: dict[str, Any]) -> results.Given:
    """Raises ValueError for what is no number."""
    version = request.POST.get(f"version-{field['pk']}", "")
    number = int(version) if version.isdecimal() else field["version"]
    if not any(field["typed"]):
        return results.Given(None, number)
    if any(text and not (text.isdecimal() and len(text) < 6) for text in field["typed"]):
        raise ValueError("no number")
    first, second, third, fourth = (int(text or 0) for text in field["typed"])
    return results.Given((first, second, third, fourth), number)


def _by_field(error: ValidationError) -> bool:
    return hasattr(error, "error_dict")


@login_required
@require_GET
def assessment_file(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """?form=…&format=docx|pdf|xlsx: the papers, and the list as a workbook; each is put on record."""
    branch = branch_of(request, pk, year)
    form = papers.FORMS.get(request.GET.get("form", "list"))
    if form is None:
        raise Http404
    shown = board(branch, year, timezone.localdate())
    asked = request.GET.get("member", "")
    document = form.make(
        _only(shown, asked), sees_birth=may(request.user, Capability.PII_VIEW, branch), layouts=layouts_of(branch)
    )
    name = f"{branch}{year}年{form.name}"
    answer = document_response(
        request, document, request.GET.get("format", form.formats[0]), name, formats=form.formats
    )
    if answer.status_code == 200:
        changes = {"year": [None, year], "form": [None, form.name]}
        record(actor=request.user, action="assessment.printed", target=branch, branch=branch, changes=changes)
    return answer


def _only(shown: Board, member: str) -> Board:
    """The board of one member alone, where one is asked for."""
    if not member:
        return shown
    rows = tuple(row for row in shown.rows if str(row.member.pk) == member)
    if not rows:
        raise Http404
    return shown.of(rows)
