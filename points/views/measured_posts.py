"""Whom a year's points are measured as (计分岗位): the list of a branch or hospital, changed one by one or together."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import CharField, F, FilteredRelation, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from branches.access import require
from branches.choices import Capability
from branches.models import Branch
from members.models import Member
from points.choices import PostKind
from points.editions.measuring import set_posts
from points.rulebook.book import RuleBook
from points.views.pages import asked_year

PER_PAGE: Final = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def measured_posts(request: HttpRequest) -> HttpResponse:
    """?branch=&post=&q=: the members and their posts; POST sets the ticked ones to `post`."""
    require(request.user, Capability.POINTS_REVIEW)
    today = timezone.localdate()
    year = asked_year(request, today.year)
    error = ""
    if request.method == "POST":
        ticked = [int(pk) for pk in request.POST.getlist("member") if pk.isdecimal() and len(pk) < 18]
        members = list(_members(request, year).filter(pk__in=ticked).select_related("user", "branch"))
        try:
            if not members:
                raise ValidationError("请先勾选党员。")
            changed = set_posts(members=members, year=year, post=request.POST.get("to", ""), actor=request.user)
        except ValidationError as refusal:
            error = " ".join(refusal.messages)
        else:
            done = (
                f"{changed}名党员的计分岗位已改，{year}年的记录已重新记分。" if changed else "所选党员的岗位没有变化。"
            )
            messages.success(request, done)
            return redirect(request.get_full_path())
    rows, chosen = _found(request, year)
    context: dict[str, Any] = {
        "year": year,
        "years": [today.year, today.year - 1],
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "posts": PostKind.choices,
        "branches": list(Branch.objects.visible_to(request.user, Capability.POINTS_REVIEW).branches()),
        "chosen": chosen,
        "error": error,
        "ticked": set(request.POST.getlist("member")),
        "differs": _differs(request, year),
    }
    return render(request, "points/measured_posts.html", context, status=422 if error else 200)


def _members(request: HttpRequest, year: int) -> QuerySet[Member]:
    """Members in reach, each with `measured`: the post of the year, as fixed or as the branch's category says."""
    rows = Member.objects.visible_to(request.user, Capability.POINTS_REVIEW).current()
    fixed = FilteredRelation("measured_posts", condition=Q(measured_posts__year=year))
    default = Value(PostKind.CLINICAL.value, output_field=CharField())
    return rows.annotate(fixed=fixed).annotate(
        set_post=F("fixed__post"),
        by_hand=F("fixed__set_by"),
        measured=Coalesce(F("fixed__post"), NullIf(F("branch__category"), Value("")), default),
    )


def _found(request: HttpRequest, year: int) -> tuple[QuerySet[Member], dict[str, str]]:
    chosen = {name: request.GET.get(name, "").strip()[:30] for name in ("branch", "post", "q")}
    rows = _members(request, year)
    if chosen["branch"].isdecimal():
        rows = rows.filter(branch=int(chosen["branch"]))
    if chosen["post"] in PostKind.values:
        rows = rows.filter(measured=chosen["post"])
    if chosen["q"]:
        rows = rows.filter(Q(user__name__icontains=chosen["q"]) | Q(user__search_keys__icontains=chosen["q"]))
    return rows.for_list(), chosen


def _differs(request: HttpRequest, year: int) -> bool:
    """Whether any rules of the reader's hospitals differ by post this year; else the page says that nothing follows."""
    book = RuleBook()
    nodes = Branch.objects.visible_to(request.user, Capability.POINTS_REVIEW).order_by()
    hospitals = list(nodes.values_list("hospital", flat=True).distinct())
    book.load(hospitals)
    return any(book.of_year(one, year).has_variants for one in hospitals)
