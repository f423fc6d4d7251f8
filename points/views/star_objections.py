"""Ratings on display (星级公示) for everybody of the hospital, and objections to them."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from branches.access import Refused, may, require
from branches.choices import Capability
from branches.models import Branch, User
from points.choices import RoundState, StarObjectionState
from points.models import StarObjection, StarRating, StarRound
from points.stars import objecting
from points.stars.card_page import STAR_WORDS

PER_PAGE = 30
READS = (Capability.STARS_VIEW, Capability.BRANCH_ACTIVITIES_VIEW)
SHOWN = (RoundState.PUBLICISED, RoundState.APPROVED)


def _rounds(user: User) -> QuerySet[StarRound]:
    """On display or approved, of the hospitals the reader belongs to or oversees."""
    nodes = Branch.objects.visible_to(user, READS[0]) | Branch.objects.visible_to(user, READS[1])
    mine = nodes.order_by().values("hospital")
    return StarRound.objects.filter(hospital__in=mine, state__in=SHOWN).select_related("hospital")


def _require_reader(user: User) -> None:
    if not any(may(user, can) for can in READS):
        raise Refused(READS[1], None)


@login_required
@require_GET
def star_publicity(request: HttpRequest) -> HttpResponse:
    """?year=&hospital=: what is on display, else what was approved last."""
    _require_reader(request.user)
    today = timezone.localdate()
    rounds = list(_rounds(request.user).order_by("-year", "hospital__path"))
    asked_year, asked = request.GET.get("year", ""), request.GET.get("hospital", "")
    found = [one for one in rounds if asked in ("", str(one.hospital_id))]
    round_ = next((one for one in found if asked_year == str(one.year)), found[0] if found and not asked_year else None)
    rows = _ratings(round_, request.user)
    context = {
        "round": round_,
        "rounds": rounds,
        "rows": rows,
        "why_not": objecting.why_not(round_, today),
        "objects": round_ is not None and objecting.may_object(request.user, round_.hospital_id, today),
        "handles": may(request.user, Capability.STARS_REVIEW),
        "today": today,
    }
    return render(request, "points/stars/star_publicity.html", context)


def _ratings(round_: StarRound | None, user: User) -> Sequence[StarRating]:
    if round_ is None:
        return []
    mine = StarObjection.objects.filter(raised_by=user)
    rows = StarRating.objects.filter(hospital=round_.hospital_id, year=round_.year).select_related("branch")
    found = list(rows.prefetch_related(Prefetch("objections", mine, to_attr="mine")))
    found.sort(key=lambda row: (-(row.stars or 0), -(row.total or 0), row.branch.path))
    for row in found:
        row.word = STAR_WORDS[row.stars or 0]
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def star_object(request: HttpRequest, pk: int) -> HttpResponse:
    """Object to one rating on display."""
    rounds = _rounds(request.user)
    shown = StarRating.objects.filter(hospital__in=rounds.order_by().values("hospital")).select_related("branch")
    rating = get_object_or_404(shown, pk=pk)
    round_ = get_object_or_404(rounds, hospital=rating.hospital_id, year=rating.year)
    context: dict[str, Any] = {
        "rating": rating,
        "round": round_,
        "word": STAR_WORDS[rating.stars or 0],
        "why_not": _why_not(request.user, round_),
        "form_key": _form_key(request),
        "typed": request.POST,
        "problems": {},
    }
    if request.method != "POST":
        return render(request, "points/stars/star_object.html", context)
    try:
        objecting.raise_objection(
            rating=rating, text=request.POST.get("text", ""), form_key=context["form_key"], actor=request.user
        )
    except ValidationError as error:
        context["problems"] = _by_field(error)
        return render(request, "points/stars/star_object.html", context, status=422)
    messages.success(request, "异议已提出，党委办公室答复后会告诉您。")
    return redirect("points:star_objections")


def _why_not(user: User, round_: StarRound) -> str:
    today = timezone.localdate()
    if why := objecting.why_not(round_, today):
        return why
    return "" if objecting.may_object(user, round_.hospital_id, today) else "异议由本院在册党员或支部书记提出。"


@login_required
@require_GET
def star_objections(request: HttpRequest) -> HttpResponse:
    """One's own; for the Party office all of its hospital, what waits for an answer first."""
    _require_reader(request.user)
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200, **extra: Any) -> HttpResponse:
    rows = objecting.readable(request.user).select_related("branch", "rating", "raised_by", "answered_by")
    state = request.GET.get("state", "")
    if state in StarObjectionState.values:
        rows = rows.filter(state=state)
    page = Paginator(rows.order_by("answered_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    handles = may(request.user, Capability.STARS_REVIEW)
    for one in page.object_list:
        one.answers = (
            one.state == StarObjectionState.RAISED
            and one.raised_by_id != request.user.pk
            and handles
            and may(request.user, Capability.STARS_REVIEW, one)
        )
    context = {
        "page": page,
        "handles": handles,
        "state": state,
        "states": StarObjectionState.choices,
        "today": timezone.localdate(),
        "problems": {},
        "typed": {},
        "refused": 0,
    }
    return render(request, "points/stars/star_objections.html", context | extra, status=status)


@login_required
def star_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The Party office answers: `upheld` yes or no, `answer`."""
    objection = get_object_or_404(objecting.readable(request.user).select_related("branch"), pk=pk)
    require(request.user, Capability.STARS_REVIEW, objection)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    upheld = {"yes": True, "no": False}.get(request.POST.get("upheld", ""))
    try:
        objecting.answer_objection(
            objection=objection, upheld=upheld, answer=request.POST.get("answer", ""), actor=request.user
        )
    except ValidationError as error:
        return _list(request, status=422, problems=_by_field(error), typed=request.POST, refused=objection.pk)
    said = "异议成立，该支部退回重新复核，公示已停止。" if upheld else "已答复，并告知提出人。"
    messages.success(request, said)
    return redirect(reverse("points:star_objections"))


def _form_key(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("form_key", ""))
    except ValueError:
        return uuid.uuid4()


def _by_field(error: ValidationError) -> dict[str, str]:
    """`all`: what belongs to no field."""
    if hasattr(error, "error_dict"):
        return {name: texts[0] for name, texts in error.message_dict.items()}
    return {"all": error.messages[0]}
