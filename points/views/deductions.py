"""Deductions and vetoes: their lists, entering one, taking an announced deduction back."""

import uuid
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.plan.forms import posted_key
from activities.views.sign_in import by_field
from branches.access import may, require
from branches.choices import Capability
from branches.models import Branch, User
from members.models import Member, MemberQuerySet
from points.choices import Category, ClaimState
from points.claims import announcing, vetoes
from points.claims.announcing import may_deduct, right_for
from points.claims.reviewers import Desk
from points.cycle.announced import postings
from points.models import Claim, RuleItem
from points.rulebook.book import RuleBook
from points.views.claims import day_of, show_claim

PER_PAGE: Final = 30
ENTERS: Final = (Capability.POINTS_DEDUCT, Capability.DISCIPLINE_WRITE)
DEDUCTION_STATES: Final = [
    (ClaimState.ANNOUNCED.value, "待入账"),
    (ClaimState.ACCEPTED.value, "已入账"),
    (ClaimState.WITHDRAWN.value, "已取消"),
    (ClaimState.VOIDED.value, "已作废"),
]
VETO_STATES: Final = [
    (ClaimState.DECLARED.value, "待审核"),
    (ClaimState.ACCEPTED.value, "已确认"),
    (ClaimState.REJECTED.value, "不予确认"),
    (ClaimState.WITHDRAWN.value, "已撤回"),
    (ClaimState.VOIDED.value, "已撤销"),
]


@login_required
@require_GET
def deduction_list(request: HttpRequest) -> HttpResponse:
    """Deductions of the reader's branches; of what the discipline side entered, others learn only that it is there."""
    user = request.user
    if not may(user, Capability.DISCIPLINE_VIEW):
        require(user, Capability.POINTS_DEDUCT)
    rows, context = _searched(request, Claim.objects.deductions_of(user), DEDUCTION_STATES)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    claims: list[Claim] = list(page.object_list)
    open_to_me = Claim.objects.readable_by(user).filter(pk__in=[claim.pk for claim in claims])
    known = set(open_to_me.values_list("pk", flat=True))
    context |= {
        "page": page,
        "posting": postings(claims, timezone.localdate()),
        "lines": [{"claim": claim, "open": claim.pk in known} for claim in claims],
        "enters": any(may(user, right) for right in ENTERS),
        "desk": "deductions",
    }
    return render(request, "points/claims/deduction_list.html", context)


def _searched(request: HttpRequest, rows: Any, states: list[tuple[str, str]]) -> tuple[Any, dict[str, Any]]:
    get = request.GET
    state, text, branch = get.get("state", ""), get.get("q", "").strip()[:60], get.get("branch", "")
    rows = rows.select_related("member__user", "member__group", "branch", "rule", "declared_by")
    if state in dict(states):
        rows = rows.filter(state=state)
    if text:
        rows = rows.filter(Q(member__user__search_keys__icontains=text) | Q(member__user__name__icontains=text))
    if branch.isdecimal() and len(branch) < 18:
        rows = rows.filter(branch=int(branch))
    capability = Capability.DISCIPLINE_VIEW if may(request.user, Capability.DISCIPLINE_VIEW) else ENTERS[0]
    context = {
        "state": state,
        "states": states,
        "q": text,
        "branch": branch,
        "branches": list(Branch.objects.visible_to(request.user, capability).branches()),
        "filtered": bool(state or text or branch),
    }
    return rows.order_by("-happened_on", "-pk"), context


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def deduction_create(request: HttpRequest) -> HttpResponse:
    user = request.user
    if not may(user, Capability.DISCIPLINE_WRITE):
        require(user, Capability.POINTS_DEDUCT)
    people = _people(user, *ENTERS)
    rules = [row for row in _rules(people) if may_deduct(row) and may(user, right_for(row))]
    context: dict[str, Any] = {
        "people": people,
        "choices": [choice for row in rules for choice in _choices(row)],
        "some_hushed": any(row.declared_by == "discipline" for row in rules),
        "some_plain": any(row.declared_by != "discipline" for row in rules),
        "form_key": uuid.uuid4(),
        "problems": {},
        "typed": {"happened_on": f"{timezone.localdate()}", "member": request.GET.get("member", "")},
        "latest": timezone.localdate(),
        "postable": announcing.first_postable(timezone.localdate()),
    }
    if request.method != "POST":
        return render(request, "points/claims/deduction_create.html", context)
    post = request.POST
    code, _, level = post.get("code", "").partition(":")
    try:
        day = day_of(post.get("happened_on", ""))
        if day is None:
            raise ValidationError({"happened_on": "请填写日期。"})
        claim = announcing.announce_deduction(
            member=_chosen(people, post.get("member", "")),
            code=code,
            level=level,
            happened_on=day,
            title=post.get("title", ""),
            detail=post.get("detail", ""),
            document_no=post.get("document_no", ""),
            form_key=posted_key(post.get("form_key", "")),
            actor=user,
        )
    except ValidationError as error:
        context |= {"problems": by_field(error), "typed": post, "form_key": posted_key(post.get("form_key", ""))}
        return render(request, "points/claims/deduction_create.html", context, status=422)
    posted = postings([claim], timezone.localdate()).get(claim.pk)  # the same form sent again may find it settled
    messages.success(request, f"已登记并告知{claim.member}{f'，{posted.text}' if posted else ''}。")
    return redirect("points:deduction_list")


@login_required
def deduction_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Claim.objects.readable_by(request.user).filter(category=Category.DED)
    claim = get_object_or_404(rows.select_related("member__user", "branch", "rule"), pk=pk)
    require(request.user, right_for(claim.rule), claim)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        announcing.withdraw_deduction(claim=claim, reason=request.POST.get("reason", ""), actor=request.user)
    except ValidationError as error:
        problems = by_field(error)
        refusal = next((text for name, text in problems.items() if name != "reason"), "")
        return show_claim(request, pk, status=422, problems=problems, error=refusal, answer="withdraw")
    messages.success(request, "扣分已撤回，并告知本人。")
    return redirect("points:claim_detail", pk=pk)


@login_required
@require_GET
def veto_list(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.DISCIPLINE_VIEW)
    seen = Claim.objects.visible_to(request.user, Capability.DISCIPLINE_VIEW).filter(category=Category.VETO)
    rows, context = _searched(request, seen, VETO_STATES)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    claims: list[Claim] = list(page.object_list)
    desk = Desk([claim for claim in claims if claim.state == ClaimState.DECLARED])
    context |= {
        "page": page,
        "lines": [
            {"claim": claim, "who": desk.words(claim) if claim.state == ClaimState.DECLARED else ""} for claim in claims
        ],
        "enters": may(request.user, Capability.DISCIPLINE_WRITE),
        "desk": "vetoes",
    }
    return render(request, "points/claims/veto_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def veto_create(request: HttpRequest) -> HttpResponse:
    user = request.user
    require(user, Capability.DISCIPLINE_WRITE)
    people = _people(user, Capability.DISCIPLINE_WRITE)
    context: dict[str, Any] = {
        "people": people,
        "rules": [row for row in _rules(people) if row.category == Category.VETO],
        "form_key": uuid.uuid4(),
        "problems": {},
        "typed": {"member": request.GET.get("member", "")},
        "latest": timezone.localdate(),
    }
    if request.method != "POST":
        return render(request, "points/claims/veto_create.html", context)
    post = request.POST
    try:
        day = day_of(post.get("decided_on", ""))
        if day is None:
            raise ValidationError({"decided_on": "请填写决定日期。"})
        vetoes.enter_veto(
            member=_chosen(people, post.get("member", "")),
            code=post.get("code", ""),
            decided_on=day,
            document_no=post.get("document_no", ""),
            form_key=posted_key(post.get("form_key", "")),
            actor=user,
        )
    except ValidationError as error:
        context |= {"problems": by_field(error), "typed": post, "form_key": posted_key(post.get("form_key", ""))}
        return render(request, "points/claims/veto_create.html", context, status=422)
    messages.success(request, "已登记，由支部书记审核、党委办公室确认后生效。")
    return redirect("points:veto_list")


@login_required
def veto_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Claim.objects.visible_to(request.user, Capability.DISCIPLINE_VIEW).filter(category=Category.VETO)
    claim = get_object_or_404(rows.select_related("member__user", "branch", "rule"), pk=pk)
    require(request.user, Capability.DISCIPLINE_WRITE, claim)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        vetoes.withdraw_veto(claim=claim, reason=request.POST.get("reason", ""), actor=request.user)
    except ValidationError as error:
        problems = by_field(error)
        refusal = next((text for name, text in problems.items() if name != "reason"), "")
        return show_claim(request, pk, status=422, problems=problems, error=refusal, answer="withdraw")
    messages.success(request, "登记已撤回，未通知本人；需要时可以重新登记。")
    return redirect("points:claim_detail", pk=pk)


def _people(user: User, *rights: Capability) -> MemberQuerySet:
    """Whom this person may enter something about; never oneself."""
    people = Member.objects.none()
    for right in rights:
        people |= Member.objects.visible_to(user, right)
    people = people.current().exclude(user=user).select_related("user", "branch")
    return people.order_by("branch__path", "user__search_keys")


def _chosen(people: MemberQuerySet, asked: str) -> Member:
    member = people.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 18 else None
    if member is None:
        raise ValidationError({"member": "请选择党员。"})
    return member


def _rules(people: MemberQuerySet) -> list[RuleItem]:
    """The items in force today in the hospital of these people."""
    first = people.values_list("branch__hospital", flat=True).first()
    return list(RuleBook().on(first, timezone.localdate()).rows.values())


def _choices(row: RuleItem) -> list[tuple[str, str]]:
    """An item with levels is chosen with its level: (value, text, points)."""
    if not row.levels:
        return [(row.code, f"{row.code} {row.title}（{row.points_text or row.points}）")]
    name = f"{row.code} {row.title}"
    return [
        (f"{row.code}:{one['code']}", f"{name}：{one['label']}（{one['points'].replace('-', '−')}分）")
        for one in row.levels
    ]
