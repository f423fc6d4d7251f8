"""Objections: what one contradicts, the lists of branch and office, and one of them with its trail."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from activities.access import may_record
from branches.access import may, require
from branches.choices import Capability
from branches.models import Branch, User
from members.models import Member
from points.choices import ObjectionState
from points.cycle import contesting, objections
from points.cycle.contesting import Target
from points.cycle.paper import quarter_label
from points.cycle.people import answerers, deciders, own_member, readable, waiting_for
from points.cycle.publishing import rows_of
from points.cycle.rules import quarter_end
from points.ledger.owed import owed_done, owed_todo
from points.models import Claim, Entry, Objection, Publication
from points.statement.lines import links_of
from points.views.publications import readable as publications_of

PER_PAGE = 30
HANDLES = (Capability.OBJECTION_ANSWER, Capability.OBJECTION_DECIDE)
SHOWS = (("", "全部"), ("waiting", "待我办理"), ("late", "已逾期"), ("mine", "我提出的"))
ACTS = {
    "answer": "已答复，已告知提出人。",
    "appeal": "申诉已提交党委办公室，裁定后会告诉您。",
    "decide": "已裁定，已告知提出人。",
    "made_up": "已办结，已告知提出人。",
    "withdraw": "异议已撤回。",
}


@login_required
@require_GET
def objection_list(request: HttpRequest) -> HttpResponse:
    """?show=&state=&branch=&q=: one's own, and those one's posts let one handle; what is due first stands on top."""
    handles = any(may(request.user, can) for can in HANDLES)
    if not handles:
        require(request.user, Capability.POINTS_PUBLISHED_VIEW)
    rows, today = readable(request.user), timezone.localdate()
    show, state = request.GET.get("show", ""), request.GET.get("state", "")
    chosen, text = request.GET.get("branch", ""), request.GET.get("q", "").strip()[:30]
    waiting = rows.filter(waiting_for(request.user))
    branches = Branch.objects.filter(pk__in=rows.order_by().values("branch")).order_by("path")
    n_waiting = waiting.count() if handles else 0
    found = _shown(rows, waiting, show, request)
    if state in ObjectionState.values:
        found = found.filter(state=state)
    if chosen.isdecimal() and len(chosen) < 10:
        found = found.filter(branch=int(chosen))
    if text:
        found = found.filter(Q(member__user__name__icontains=text) | Q(member__user__search_keys__icontains=text))
    found = found.select_related("member__user", "branch", "raised_by", "entry__rule", "claim__rule")
    page = Paginator(found.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    done = owed_done([one.pk for one in page.object_list if one.upheld])
    for one in page.object_list:
        one.label, one.made_up = quarter_label(one.quarter), done.get(one.pk)
    context = {
        "page": page,
        "handles": handles,
        "n_waiting": n_waiting,
        "shows": SHOWS,
        "show": show,
        "states": ObjectionState.choices,
        "state": state,
        "branches": list(branches) if handles else [],
        "chosen": chosen,
        "q": text,
        "filtered": bool(show or state or chosen or text),
        "day": today,
    }
    return render(request, "points/objection_list.html", context)


def _shown(
    rows: QuerySet[Objection], waiting: QuerySet[Objection], show: str, request: HttpRequest
) -> QuerySet[Objection]:
    today = timezone.localdate()
    if show == "waiting":
        return waiting
    if show == "mine":
        return rows.filter(raised_by=request.user)
    if show == "late":
        late = Q(state=ObjectionState.RAISED, answer_due__lt=today)
        return rows.filter(late | Q(state=ObjectionState.APPEALED, decide_due__lt=today))
    return rows


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def objection_create(request: HttpRequest) -> HttpResponse:
    """?entry= or ?claim= of one's own; ?publication=[&member=] a line of it, one's own without a member."""
    require(request.user, Capability.POINTS_PUBLISHED_VIEW)
    member = own_member(request.user)
    if member is None:
        return render(request, "points/no_member.html")
    target = _target(request, member)
    context: dict[str, Any] = {"target": target, "is_own": True, "problems": {}, "typed": request.POST}
    context["form_key"] = _form_key(request)
    if target is None:
        return render(request, "points/objection_create.html", context, status=422 if request.method == "POST" else 200)
    context["is_own"] = target.member == member
    if request.method != "POST":
        return render(request, "points/objection_create.html", context)
    try:
        made = objections.raise_objection(
            target=target,
            text=request.POST.get("text", ""),
            form_key=context["form_key"],
            actor=request.user,
            today=timezone.localdate(),
        )
    except ValidationError as error:
        context["problems"] = by_field(error)
        return render(request, "points/objection_create.html", context, status=422)
    messages.success(request, "异议已提出，答复后会告诉您。")
    return redirect("points:objection_detail", pk=made.pk)


def _target(request: HttpRequest, member: Member) -> Target | None:
    """What the address names; 404 for what is not one's own to contradict."""
    today = timezone.localdate()
    asked = {name: request.GET.get(name, "") for name in ("entry", "claim", "publication", "member")}
    keys = {name: int(value) for name, value in asked.items() if value.isdecimal() and len(value) < 16}
    if "entry" in keys:
        entries = Entry.objects.own(request.user).select_related("rule", "branch", "member__branch", "member__user")
        return contesting.of_entry(get_object_or_404(entries, pk=keys["entry"]), today)
    if "claim" in keys:
        claims = Claim.objects.own(request.user).select_related("rule", "branch", "member__branch", "member__user")
        claim = get_object_or_404(claims, pk=keys["claim"])
        if not claim.is_deduction:
            raise Http404
        return contesting.of_claim(claim, today)
    shown = Publication.objects.visible_to(request.user, Capability.POINTS_PUBLISHED_VIEW).select_related("branch")
    if "publication" not in keys:
        latest = shown.filter(branch=member.branch_id, objections_until__gte=today).order_by("-quarter", "-number")
        found = latest.first()
        return contesting.of_publication(found, member, is_own=True, today=today) if found else None
    publication = get_object_or_404(shown, pk=keys["publication"])
    other = keys.get("member", member.pk)
    if other == member.pk:
        return contesting.of_publication(publication, member, is_own=True, today=today)
    if rows_of(publication, other) is None:
        raise Http404
    person = get_object_or_404(Member.objects.select_related("user", "branch"), pk=other)
    return contesting.of_publication(publication, person, is_own=False, today=today)


def _form_key(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("form_key", ""))
    except ValueError:
        return uuid.uuid4()


@login_required
@require_GET
def objection_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _one(request, pk))


def _one(request: HttpRequest, pk: int) -> Objection:
    rows = readable(request.user).select_related(
        "member__user", "branch", "raised_by", "answered_by", "decided_by", "entry__rule", "claim__rule"
    )
    return get_object_or_404(rows, pk=pk)


def _page(request: HttpRequest, one: Objection, *, status: int = 200, **extra: Any) -> HttpResponse:
    today, user = timezone.localdate(), request.user
    mine = one.raised_by_id == user.pk
    owed = owed_todo(one) if one.upheld else None
    one.made_up = owed.done_at is not None if owed else None
    refused = one.state == ObjectionState.ANSWERED and not one.upheld and one.appeal_until is not None
    makes_up = owed is not None and owed.done_at is None and user.pk in answerers(one)
    context = {
        "objection": one,
        "label": quarter_label(one.quarter),
        "about": _about(one, user),
        "mine": mine,
        "answers": one.state == ObjectionState.RAISED and user.pk in answerers(one),
        "decides": one.state == ObjectionState.APPEALED and user.pk in deciders(one),
        "appeals": mine and refused and today <= one.appeal_until,
        "withdraws": mine and one.state in (ObjectionState.RAISED, ObjectionState.APPEALED),
        "owed": owed,
        "until": quarter_end(one.quarter),
        "makes_up": makes_up,
        "records": makes_up and may_record(user, one.branch),
        "handles": any(may(user, can, one) for can in HANDLES),
        "day": today,
        "problems": {},
        "typed": request.POST,
        **extra,
    }
    return render(request, "points/objection_detail.html", context, status=status)


def _about(one: Objection, user: User) -> list[tuple[str, str]]:
    """Where the reader may open what is contradicted: the record or deduction, and the publication of its quarter."""
    found = []
    if one.entry:
        url = links_of([one.entry], user).get((one.entry.source_kind, one.entry.source_id), "")
        found.append(("查看这一项的来源", url))
    elif one.claim:
        readable_claim = Claim.objects.readable_by(user).filter(pk=one.claim_id).exists()
        found.append(("查看扣分告知", reverse("points:claim_detail", args=[one.claim_id]) if readable_claim else ""))
    shown = publications_of(user).filter(branch=one.branch_id, quarter=one.quarter).defer("table").order_by("-number")
    if publication := shown.first():
        found.append(("查看晾晒", reverse("points:publication_detail", args=[publication.pk])))
    return [(text, url) for text, url in found if url]


@login_required
def objection_act(request: HttpRequest, pk: int) -> HttpResponse:
    """`act`: answer, appeal, decide, made_up or withdraw; who may is said by the service."""
    one = _one(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    act, post, today = request.POST.get("act", ""), request.POST, timezone.localdate()
    upheld = {"yes": True, "no": False}.get(post.get("upheld", ""))
    try:
        match act:
            case "answer":
                objections.answer_objection(
                    objection=one, upheld=upheld, answer=post.get("answer", ""), actor=request.user, today=today
                )
            case "appeal":
                objections.appeal_objection(
                    objection=one, appeal=post.get("appeal", ""), actor=request.user, today=today
                )
            case "decide":
                objections.decide_objection(
                    objection=one, upheld=upheld, decision=post.get("decision", ""), actor=request.user
                )
            case "made_up":
                objections.close_missing(objection=one, actor=request.user)
            case "withdraw":
                objections.withdraw_objection(objection=one, actor=request.user)
            case _:
                raise ValidationError("没有看懂要办理什么，请重新选择。")
    except ValidationError as error:
        return _page(request, _one(request, pk), status=422, problems=by_field(error), act=act)
    messages.success(request, ACTS[act])
    return redirect("points:objection_detail", pk=pk)


def by_field(error: ValidationError) -> dict[str, str]:
    """The first message of each field; "all" for those of none."""
    found = getattr(error, "message_dict", None) or {"all": error.messages}
    return {name: texts[0] for name, texts in found.items()}
