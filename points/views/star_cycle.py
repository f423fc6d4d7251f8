"""The yearly round of star ratings: what a branch does with its own, and the Party office with all of them."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from branches.access import require
from branches.choices import BranchLevel, Capability
from branches.models import Branch
from config.templatetags.ui import cn_date
from points.models import StarRating
from points.stars import deciding, follow_ups, reviewing, self_rating
from points.stars.rounds import names_of
from points.views.pages import FIRST_YEAR
from points.views.stars import VIEW, detail_page, list_page, rated_of

SELF_RATE, REVIEW, APPROVE = Capability.STARS_SELF_RATE, Capability.STARS_REVIEW, Capability.STARS_APPROVE
NEEDS: Final = {
    "self_rate": SELF_RATE,
    "take_back": SELF_RATE,
    "review": REVIEW,
    "return": REVIEW,
    "back": REVIEW,
    "settle": REVIEW,
}
DONE: Final = {
    "self_rate": "自评已提交，复核以前可以修改。",
    "take_back": "自评已收回，填写的说明都在。",
    "review": "已复核，得分和数据不再变化。",
    "return": "已退回支部，并告知支部书记。",
    "back": "公示已停止，请重新复核后再公示。",
    "settle": "已办结。",
}
ROUND_NEEDS: Final = {"review_many": REVIEW, "publicise": REVIEW, "approve": APPROVE}
UNKNOWN: Final = "没有看懂要办什么，请从本页的按钮重新选择。"
LINE: Final = "line-"  # a field of the form: the comment on a line


@login_required
def star_move(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """`act`: one of NEEDS, with what each asks for; `version` is that of the page."""
    rated, standing = rated_of(request.user, pk, year)
    act = request.POST.get("act", "")
    if act in NEEDS:
        require(request.user, NEEDS[act], rated.branch)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        _move(request, rated.branch, year, act)
    except ValidationError as error:
        said = {"problems": _by_field(error), "error": error.messages[0], "act": act, "typed": request.POST}
        if act == "self_rate":
            said["typed_lines"] = _typed_lines(request)
        return detail_page(request, rated, standing, status=422, **said)
    messages.success(request, DONE[act])
    return redirect(f"{reverse('points:star_detail', args=[pk, year])}#cycle")


def _move(request: HttpRequest, branch: Branch, year: int, act: str) -> None:
    typed, how = request.POST, {"branch": branch, "year": year, "actor": request.user}
    version = _number(typed.get("version", ""))
    if act == "self_rate":
        lines = _typed_lines(request)
        self_rating.self_rate(comments=lines, comment=typed.get("comment", ""), version=version, **how)
    elif act == "take_back":
        self_rating.take_back(version=version, **how)
    elif act == "review":
        seen = _amount(typed.get("seen", ""))
        reviewing.review(comment=typed.get("comment", ""), seen=seen, version=version, **how)
    elif act == "return":
        reviewing.return_to_branch(reason=typed.get("reason", ""), version=version, **how)
    elif act == "back":
        rating = get_object_or_404(StarRating.objects.visible_to(request.user, REVIEW), branch=branch, year=year)
        deciding.back_to_review(rating=rating, reason=typed.get("reason", ""), actor=request.user)
    elif act == "settle":
        kind, note = typed.get("kind", ""), typed.get("note", "")
        follow_ups.settle(branch=branch, kind=kind, note=note, actor=request.user)
    else:
        raise ValidationError(UNKNOWN)


def _typed_lines(request: HttpRequest) -> dict[str, str]:
    return {name.removeprefix(LINE): str(text) for name, text in request.POST.items() if name.startswith(LINE)}


@login_required
def star_round(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """`act`: one of ROUND_NEEDS, over all branches of a hospital."""
    seen = Branch.objects.visible_to(request.user, VIEW).filter(level=BranchLevel.COMMITTEE)
    hospital = get_object_or_404(seen, pk=pk)
    if not FIRST_YEAR <= year <= timezone.localdate().year:
        raise Http404
    act = request.POST.get("act", "")
    require(request.user, ROUND_NEEDS.get(act, REVIEW), hospital)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        said = _move_round(request, hospital, year, act)
    except ValidationError as error:
        context: dict[str, Any] = {"problems": _by_field(error), "error": error.messages[0], "act": act}
        return list_page(request, hospital, year, status=422, typed=request.POST, **context)
    messages.success(request, said)
    return redirect(f"{reverse('points:star_list')}?year={year}&hospital={hospital.pk}")


def _move_round(request: HttpRequest, hospital: Branch, year: int, act: str) -> str:
    typed, how = request.POST, {"hospital": hospital, "year": year, "actor": request.user}
    version = _number(typed.get("version", ""))
    if act == "review_many":
        return _review_many(request, how)
    if act == "publicise":
        _require_sure(request)
        round_ = deciding.publicise(version=version, **how)
        return f"已公示，{cn_date(round_.objections_until)}前可以提出异议。"
    if act == "approve":
        _require_sure(request)
        deciding.approve(
            meeting=typed.get("meeting", ""),
            order=_order(request),
            tie_reason=typed.get("tie_reason", ""),
            version=version,
            **how,
        )
        return "已登记审定，并告知各支部书记。"
    raise ValidationError(UNKNOWN)


def _review_many(request: HttpRequest, how: dict[str, Any]) -> str:
    """Each tick carries branch, version and total as the page showed them."""
    seen = {}
    for tick in request.POST.getlist("branch"):
        branch, version, total = [*tick.split(":"), "", ""][:3]
        seen[_number(branch)] = (_number(version), _amount(total))
    if not seen:
        raise ValidationError("请先勾选要复核的支部。")
    found = reviewing.review_many(seen=seen, comment=request.POST.get("comment", ""), **how)
    if found.left:
        messages.warning(request, "；".join(f"{branch}：{why}" for branch, why in found.left)[:500])
    if not found.done:
        raise ValidationError(f"没有复核任何支部：{names_of(branch for branch, _ in found.left)}。")
    return f"已复核{found.done}个支部{f'，{len(found.left)}个没有复核' if found.left else ''}。"


def _require_sure(request: HttpRequest) -> None:
    if request.POST.get("sure") != "on":
        raise ValidationError({"sure": "请核对后勾选确认。"})


def _order(request: HttpRequest) -> list[int]:
    """The branches equal at a cut, by the rank given to each (fields rank-<branch>)."""
    ranks = [
        (_number(str(rank)), _number(name.removeprefix("rank-")))
        for name, rank in request.POST.items()
        if name.startswith("rank-")
    ]
    if len({rank for rank, _ in ranks}) != len(ranks):
        raise ValidationError({"order": "次序不能相同，请逐个排列。"})
    return [branch for _, branch in sorted(ranks)]


def _by_field(error: ValidationError) -> dict[str, str]:
    return {name: texts[0] for name, texts in error.message_dict.items()} if hasattr(error, "error_dict") else {}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(-1)
