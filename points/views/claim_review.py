"""Reviewing claims: the list of what waits, deciding on one or on many, voiding what was accepted."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from activities.views.sign_in import by_field
from branches.access import may, require
from branches.choices import Capability
from branches.models import Branch, User
from points.choices import CAPPED, Category, ClaimState, Reviewer
from points.claims import reviewing
from points.claims.reviewers import Desk
from points.models import Claim
from points.views.claims import show_claim

PER_PAGE: Final = 30
STATES: Final = [
    (ClaimState.DECLARED, "待审核"),
    (ClaimState.ACCEPTED, "已入账"),
    (ClaimState.RETURNED, "已退回"),
    (ClaimState.REJECTED, "未通过"),
    (ClaimState.VOIDED, "已作废"),
    ("all", "全部"),
]
DONE: Final = {
    "accept": "已通过，积分已入账。",
    "pass": "初审已同意，转下一步审核。",
    "return": "已退回，本人会看到您的意见。",
    "reject": "已记为未通过，原因已告知本人。",
}
DONE_VETO: Final = {
    "accept": "已确认，已生效，并告知本人。",
    "pass": "已同意，转党委办公室确认。",
    "reject": "已记为不予确认。",
}


@login_required
@require_GET
def claim_review_list(request: HttpRequest) -> HttpResponse:
    _require_reviewer(request.user)
    user, get = request.user, request.GET
    seen = Claim.objects.handed_in_to(user).ordinary().filter(category__in=CAPPED)
    filters = {name: get.get(name, "").strip()[:60] for name in ("state", "category", "month", "q", "branch", "batch")}
    state = filters["state"] if filters["state"] in dict(STATES) else ClaimState.DECLARED.value
    rows = _filtered(seen, filters)
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    rows = rows.exclude(state=ClaimState.WITHDRAWN) if state == "all" else rows.filter(state=state)
    waiting = state == ClaimState.DECLARED
    rows = rows.select_related("member__user", "member__group", "branch", "rule", "decided_by")
    rows = rows.annotate(files=Count("evidence"))
    rows = rows.order_by("declared_at", "pk") if waiting else rows.order_by("-decided_at", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(get.get("page"))
    claims: list[Claim] = list(page.object_list)
    desk = Desk([claim for claim in claims if claim.state == ClaimState.DECLARED])
    lines = [_line(claim, desk, user) for claim in claims]
    context = {
        "page": page,
        "lines": lines,
        "ticks": any(line["mine"] for line in lines),
        "filters": filters,
        "state": state,
        "filtered": any(value for name, value in filters.items() if name != "state"),
        "states": [(value, label, counts.get(value)) for value, label in STATES],
        "categories": [(value, label) for value, label in Category.choices if value in CAPPED],
        "branches": list(Branch.objects.visible_to(user, Capability.POINTS_REVIEW).branches()),
        "waiting": counts.get(ClaimState.DECLARED, 0),
        "desk": "review",
    }
    return render(request, "points/claims/review_list.html", context)


def _line(claim: Claim, desk: Desk, user: User) -> dict[str, Any]:
    waits = claim.state == ClaimState.DECLARED
    mine = waits and desk.may(claim, user)
    return {"claim": claim, "mine": mine, "who": desk.words(claim) if waits and not mine else ""}


def _filtered(rows: Any, filters: dict[str, str]) -> Any:
    if filters["category"] in CAPPED:
        rows = rows.filter(category=filters["category"])
    if month := _month(filters["month"]):
        rows = rows.filter(month=month)
    if text := filters["q"]:
        said = Q(member__user__search_keys__icontains=text) | Q(member__user__name__icontains=text)
        rows = rows.filter(said | Q(title__icontains=text) | Q(rule_code__iexact=text))
    for name in ("branch", "batch"):
        if filters[name].isdecimal() and len(filters[name]) < 18:
            rows = rows.filter(**{name: int(filters[name])})
    return rows


def _month(text: str) -> Any:
    try:
        return parse_date(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        return None


def _require_reviewer(user: User) -> None:
    if not may(user, Capability.POINTS_FIRST_REVIEW):
        require(user, Capability.POINTS_REVIEW)


@login_required
def claim_accept_many(request: HttpRequest) -> HttpResponse:
    """Accept the ticked claims, each for itself."""
    _require_reviewer(request.user)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    ticked = {int(pk) for pk in request.POST.getlist("claim") if pk.isdecimal() and len(pk) < 18}
    if not ticked:
        messages.warning(request, "请先勾选要通过的申报。")
        return redirect("points:claim_review_list")
    rows = Claim.objects.handed_in_to(request.user).ordinary().filter(pk__in=ticked).order_by("pk")
    claims = list(rows.select_related("member__user"))
    accepted, left = reviewing.accept_many(claims=claims, actor=request.user)
    if accepted:
        messages.success(request, f"已通过{accepted}条申报。")
    for claim, why in left[:10]:
        messages.warning(request, f"{claim.member}“{claim.title}”：{why}")
    if len(left) > 10:
        messages.warning(request, f"另有{len(left) - 10}条没有通过，仍在列表中。")
    if gone := len(ticked) - len(claims):
        messages.warning(request, f"另有{gone}条已撤回。")
    return redirect("points:claim_review_list")


@login_required
def claim_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide on one claim: `answer` accept, return or reject."""
    claim = _seen(request.user, pk)
    _require_right(request.user, claim)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    answer, comment = request.POST.get("answer", ""), request.POST.get("comment", "")
    try:
        if answer == "accept":
            after = reviewing.accept_claim(claim=claim, comment=comment, actor=request.user)
            answer = "accept" if after.state == ClaimState.ACCEPTED else "pass"
        elif answer == "return":
            reviewing.return_claim(claim=claim, comment=comment, actor=request.user)
        elif answer == "reject":
            reviewing.reject_claim(claim=claim, comment=comment, actor=request.user)
        else:
            raise ValidationError("请选择通过、退回或不通过。")
    except ValidationError as error:
        problems = by_field(error)
        refusal = next((text for name, text in problems.items() if name != "comment"), "")
        return show_claim(request, pk, status=422, problems=problems, error=refusal, answer=answer)
    said = f"一票否决登记{DONE_VETO[answer]}" if claim.is_veto else f"申报{DONE[answer]}"
    messages.success(request, f"{claim.member}的{said}")
    return redirect("points:veto_list" if claim.is_veto else "points:claim_review_list")


@login_required
def claim_void(request: HttpRequest, pk: int) -> HttpResponse:
    claim = _seen(request.user, pk)
    rights = (Capability.DISCIPLINE_WRITE, Capability.VETO_CONFIRM)
    if not any(may(request.user, right, claim) for right in rights):
        require(request.user, Capability.POINTS_REVIEW, claim)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    post = request.POST
    try:
        reviewing.void_claim(
            claim=claim,
            reason=post.get("reason", ""),
            document_no=post.get("document_no", ""),
            actor=request.user,
        )
    except ValidationError as error:
        problems = by_field(error)
        own = ("reason", "document_no")
        refusal = next((text for name, text in problems.items() if name not in own), "")
        return show_claim(request, pk, status=422, problems=problems, error=refusal, answer="void")
    messages.success(request, "已撤销，并告知本人。" if claim.is_veto else "已作废，相应分值已冲销，并告知本人。")
    return redirect("points:claim_detail", pk=pk)


def _seen(user: User, pk: int) -> Claim:
    rows = Claim.objects.readable_by(user).select_related("member__user", "branch", "rule")
    return get_object_or_404(rows, pk=pk)


def _require_right(user: User, claim: Claim) -> None:
    """A right to review claims of this kind here; which of its holders decides on this one, the service says."""
    if claim.is_veto:
        if not may(user, Capability.VETO_REVIEW, claim):
            require(user, Capability.VETO_CONFIRM, claim)
        return
    leads = claim.rule.reviewed_by == Reviewer.LEADER_FIRST and may(user, Capability.POINTS_FIRST_REVIEW)
    if not leads:
        require(user, Capability.POINTS_REVIEW, claim)
