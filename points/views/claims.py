"""A member's own claims: the list, the form, the page of one claim, and its evidence."""

import uuid
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from activities.plan.forms import posted_key
from activities.views.plan_item import attachment_response
from activities.views.sign_in import by_field
from branches.access import may
from branches.choices import Capability
from branches.models import User
from members.models import Member
from points.choices import ClaimOrigin, ClaimState
from points.claims import declaring, evidence
from points.claims.announcing import takes_back
from points.claims.choosing import Option, options_of
from points.claims.evidence import EDITABLE
from points.claims.reviewers import Desk
from points.claims.reviewing import may_void, who_voids
from points.claims.rules import quantity_of, takes_quantity
from points.claims.trail import trail_of
from points.claims.vetoes import takes_back_veto
from points.cycle.announced import postings
from points.cycle.contesting import own_target
from points.models import Claim, Evidence
from points.statement import doors

PER_PAGE: Final = 20
FAR: Final = (date(2000, 1, 1), date(2100, 1, 1))


def own_member(user: User) -> Member | None:
    return Member.objects.own(user).select_related("user", "branch", "group").first()


@login_required
@require_GET
def claim_list(request: HttpRequest) -> HttpResponse:
    """What I claimed, and what was deducted or entered about me; with its state and why."""
    member = own_member(request.user)
    if member is None:
        return render(request, "points/no_member.html")
    rows = Claim.objects.own(request.user).for_list().annotate(files=Count("evidence"))
    state, sort = request.GET.get("state", ""), request.GET.get("kind", "")
    if state in ClaimState.values:
        rows = rows.filter(state=state)
    if sort == "minus":
        rows = rows.filter(points__lt=0)
    elif sort == "plus":
        rows = rows.filter(origin__in=[ClaimOrigin.MEMBER, ClaimOrigin.IMPORT])
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    counts = Claim.objects.own(request.user).aggregate(
        waiting=Count("pk", filter=Q(state=ClaimState.DECLARED)),
        returned=Count("pk", filter=Q(state=ClaimState.RETURNED)),
        announced=Count("pk", filter=Q(state=ClaimState.ANNOUNCED)),
    )
    context = {
        "page": page,
        "posting": postings(list(page.object_list), timezone.localdate()),
        "state": state,
        "kind": sort,
        "states": ClaimState.choices,
        "counts": counts,
        "claims_now": member.left_on is None,
    }
    return render(request, "points/claims/claim_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def claim_create(request: HttpRequest) -> HttpResponse:
    """First the item, then the form."""
    member = own_member(request.user)
    if member is None or member.left_on is not None:
        return render(request, "points/no_member.html")
    groups = options_of(member, timezone.localdate())
    option = _chosen(groups, request.POST.get("item") or request.GET.get("item", ""))
    if option is None:
        context = {"groups": groups, "refused": request.method == "POST"}
        status = 422 if request.method == "POST" else 200
        return render(request, "points/claims/claim_choose.html", context, status=status)
    if request.method != "POST":
        typed = _copied(request) or {"happened_on": f"{timezone.localdate()}", "quantity": ""}
        return _form(request, option, typed=typed)
    return _save(request, member, option, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def claim_edit(request: HttpRequest, pk: int) -> HttpResponse:
    claim = _own_claim(request.user, pk)
    member = own_member(request.user)
    if member is None or claim.origin != ClaimOrigin.MEMBER or claim.state not in EDITABLE:
        messages.error(request, f"这条申报{claim.get_state_display()}，不能修改。")
        return redirect("points:claim_detail", pk=pk)
    groups = options_of(member, timezone.localdate())
    option = _chosen(groups, request.POST.get("item") or claim.rule_code)
    if option is None:
        messages.error(request, "现行规则中没有这一项，请删除后另选项目申报。")
        return redirect("points:claim_detail", pk=pk)
    if request.method != "POST":
        return _form(request, option, claim=claim, typed=_kept(claim))
    return _save(request, member, option, claim)


def _save(request: HttpRequest, member: Member, option: Option, claim: Claim | None) -> HttpResponse:
    post = request.POST
    declare = post.get("act") != "draft"
    version = post.get("version", "")
    try:
        saved = declaring.save_claim(
            member=member,
            deed=_deed(request, option),
            files=evidence.check_files(request.FILES.getlist("files")),
            claim=claim,
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            declare=declare,
            form_key=posted_key(post.get("form_key", "")),
            actor=request.user,
        )
    except ValidationError as error:
        conflict = getattr(error, "code", "") == "conflict"
        fresh = Claim.objects.filter(pk=claim.pk).first() if claim is not None else None
        return _form(request, option, claim=fresh, typed=post, problems=by_field(error), conflict=conflict, status=422)
    messages.success(request, "申报已提交，审核后会告诉您。" if declare else "已存为草稿，提交后才会审核。")
    if request.htmx:
        return HttpResponseClientRedirect(reverse("points:claim_detail", args=[saved.pk]))
    return redirect("points:claim_detail", pk=saved.pk)


def _form(
    request: HttpRequest,
    option: Option,
    *,
    typed: Any,
    claim: Claim | None = None,
    problems: dict[str, str] | None = None,
    conflict: bool = False,
    status: int = 200,
) -> HttpResponse:
    key = typed.get("form_key", "") if status == 422 else ""
    context = {
        "option": option,
        "item": option.item,
        "claim": claim,
        "files": list(claim.evidence.all()) if claim else [],
        "typed": typed,
        "problems": problems or {},
        "conflict": conflict,
        "with_quantity": takes_quantity(option.item),
        "form_key": posted_key(key) if key else uuid.uuid4(),
        "accept": evidence.ACCEPT,
        "accepted": evidence.ACCEPTED,
        "max_files": evidence.MAX_FILES,
        "limit_mb": settings.ATTACHMENT_FILE_LIMIT // 2**20,
        "lost_files": bool(request.FILES) and not request.htmx,  # with htmx the chosen files stay in the form
        "latest": timezone.localdate(),
    }
    return render(request, "points/claims/claim_form.html", context, status=status)


def _chosen(groups: list[Any], code: str) -> Option | None:
    return next((one for group in groups for one in group.options if one.item.code == code), None)


def _deed(request: HttpRequest, option: Option) -> declaring.Deed:
    post = request.POST
    problems: dict[str, str] = {}
    day = day_of(post.get("happened_on", ""))
    if day is None:
        problems["happened_on"] = "请填写日期。"
    quantity: Decimal | None = Decimal(1)
    if text := post.get("quantity", "").strip():
        quantity = quantity_of(text)
    elif takes_quantity(option.item):
        quantity = None
    if quantity is None:
        problems["quantity"] = f"请填写数量（{option.item.unit}），最多两位小数。"
    if option.item.levels and not post.get("level"):
        problems["level"] = "请选择档次。"
    if len(post.get("title", "").strip()) < 2:
        problems["title"] = "请写明是什么事（2至100字）。"
    if problems or day is None or quantity is None:
        raise ValidationError(problems)
    return declaring.Deed(
        code=option.item.code,
        happened_on=day,
        title=post.get("title", ""),
        level=post.get("level", ""),
        quantity=quantity,
        detail=post.get("detail", ""),
        link=post.get("link", ""),
        points=_number(post["points"]) if "points" in post else None,
    )


def _number(text: str) -> Decimal:
    """A worth that somebody sent along; what is no number is certainly not what the rule says."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return Decimal(-1)
    return value if value.is_finite() else Decimal(-1)


def day_of(text: str) -> date | None:
    try:
        day = parse_date(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and FAR[0] <= day <= FAR[1] else None


def _kept(claim: Claim) -> dict[str, Any]:
    return {
        "happened_on": f"{claim.happened_on}",
        "level": claim.level,
        "quantity": f"{claim.quantity.normalize():f}",
        "title": claim.title,
        "detail": claim.detail,
        "link": claim.link,
    }


def _copied(request: HttpRequest) -> dict[str, Any] | None:
    """Claiming anew what was taken back or not accepted: the words of then."""
    asked = request.GET.get("copy", "")
    if not asked.isdecimal() or len(asked) > 17:
        return None
    old = Claim.objects.own(request.user).filter(pk=int(asked), origin=ClaimOrigin.MEMBER).first()
    return _kept(old) if old else None


def _own_claim(user: User, pk: int) -> Claim:
    rows = Claim.objects.own(user).select_related("member__user", "member__group", "branch", "rule")
    return get_object_or_404(rows, pk=pk)


@login_required
def claim_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    claim = _own_claim(request.user, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        left = declaring.withdraw_claim(claim=claim, actor=request.user)
    except ValidationError as error:
        return show_claim(request, claim.pk, status=422, error=error.messages[0])
    messages.success(request, "草稿已删除。" if left is None else "申报已撤回。")
    return redirect("points:claim_list")


@login_required
@require_GET
def claim_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return show_claim(request, pk)


def show_claim(request: HttpRequest, pk: int, *, status: int = 200, **extra: Any) -> HttpResponse:
    """The page of one claim, with what this reader may do about it."""
    user = request.user
    rows = Claim.objects.readable_by(user).for_list()
    claim = get_object_or_404(
        rows.select_related(
            "member__user", "member__group", "member__branch", "branch", "rule", "decided_by", "declared_by"
        ),
        pk=pk,
    )
    own = claim.member.user_id == user.pk
    waiting = claim.state == ClaimState.DECLARED
    desk = Desk([claim]) if waiting else None
    mine = own and claim.origin == ClaimOrigin.MEMBER
    files = list(claim.evidence.all())
    objects = own and may(user, Capability.POINTS_PUBLISHED_VIEW)
    about = own_target(claim, timezone.localdate()) if objects else {}
    context = {
        "claim": claim,
        "own": own,
        "object_url": doors.new_objection(**about) if about else "",
        "level": level_text(claim),
        "files": files,
        "pictures": [one for one in files if one.is_picture],
        "trail": trail_of(claim),
        "with_quantity": claim.rule.per != 1,
        "reviews": desk is not None and desk.may(claim, user),
        "first": desk is not None and desk.turn(claim).step == "first",
        "who": desk.words(claim) if desk else "",
        "edits": mine and claim.state in EDITABLE,
        "withdraws": mine and claim.state in (*EDITABLE, ClaimState.DECLARED),
        "copies": mine and claim.state in (ClaimState.WITHDRAWN, ClaimState.REJECTED, ClaimState.VOIDED),
        "voids": claim.state == ClaimState.ACCEPTED and may_void(user, claim),
        "who_voids": who_voids(claim),
        "posting": postings([claim], timezone.localdate()).get(claim.pk),
        "takes_back": takes_back(user, claim),
        "takes_back_veto": takes_back_veto(user, claim),
        "returns": claim.origin == ClaimOrigin.MEMBER,
        "typed": request.POST,
        **extra,
    }
    return render(request, "points/claims/claim_detail.html", context, status=status)


def level_text(claim: Claim) -> str:
    return next((one["label"] for one in claim.rule.levels if one["code"] == claim.level), "")


@login_required
@require_GET
def claim_evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """?inline: a picture in the page; whatever else was uploaded is only ever a download."""
    seen = Claim.objects.readable_by(request.user)
    row = get_object_or_404(Evidence.objects.filter(claim__in=seen), pk=pk)
    return attachment_response(row, inline="inline" in request.GET and row.is_picture)


@login_required
def evidence_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Evidence.objects.filter(claim__member__user=request.user), pk=pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        claim = evidence.remove_evidence(evidence=found, actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("points:claim_detail", pk=found.claim_id)
    messages.success(request, f"已删除“{found.name}”。")
    return redirect("points:claim_edit", pk=claim.pk)
