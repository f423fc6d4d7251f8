"""The roll: list, one person, one's own record, and the file of the list."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from branches.access import may, require
from branches.choices import BranchLevel, Capability
from branches.models import Branch
from members import facts, reports, rules
from members.choices import MemberType, StaffCategory
from members.models import Member
from members.search import SORTS, SPECIAL, Filters, find
from members.services import PURPOSES, reveal_pii

PAGE = 50
KEPT = ("q", "branch", "kind", "category", "special", "part", "left", "sort")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _nodes(request: HttpRequest) -> dict[int, Branch]:
    nodes = Branch.objects.visible_to(request.user, Capability.ROSTER_VIEW).filter(dissolved_on__isnull=True)
    return {node.pk: node for node in nodes}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def member_list(request: HttpRequest) -> HttpResponse:
    """A look-up comes by POST: a name goes on to its own address, a number is answered at once and stays out of it."""
    require(request.user, Capability.ROSTER_VIEW)
    sent = request.POST if request.method == "POST" else request.GET
    filters, nodes = Filters.read(sent), _nodes(request)
    kept = {
        name: sent[name]
        for name in ("q", "branch", "kind", "category", "special", "part", "left", "sort")
        if sent.get(name)
    }
    if request.method == "POST" and not filters.by_number:
        kept = {name: value for name, value in kept.items() if (name, value) != ("sort", "branch")}
        return redirect(f"{reverse('members:member_list')}{'?' if kept else ''}{urlencode(kept)}")
    if request.method != "POST" and filters.by_number:
        messages.info(request, "身份号码和手机号请填在查找框里，再按“查找”，以免留在浏览记录中。")
        return redirect("members:member_list")
    people = Member.objects.visible_to(request.user, Capability.ROSTER_VIEW)
    found = find(people, filters, nodes).select_related("user", "branch", "group")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "filters": filters,
        "kept": kept,
        "nodes": [(node, "　" * max(0, node.depth - 1)) for node in nodes.values()],
        "kinds": MemberType.choices,
        "categories": StaffCategory.choices,
        "specials": [(key, text) for key, (text, _) in SPECIAL.items()],
        "sorts": [(key, text) for key, (text, _) in SORTS.items()],
        "anybody": page.paginator.count > 0 or filters.narrowed or people.exists(),
        "purposes": PURPOSES,
        "many_branches": sum(node.level == BranchLevel.BRANCH for node in nodes.values()) > 1,
    }
    return render(request, "members/member_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def member_export(request: HttpRequest) -> HttpResponse:
    """The list as filtered, as a workbook; protected values in full only where the reader may see them and says why."""
    require(request.user, Capability.ROSTER_VIEW)
    if request.method != "POST":
        return redirect("members:member_list")
    filters = Filters.read(request.POST)
    people = Member.objects.visible_to(request.user, Capability.ROSTER_VIEW)
    purpose = request.POST.get("purpose", "")
    full = bool(request.POST.get("full")) and may(request.user, Capability.PII_VIEW)
    if full and purpose not in PURPOSES:
        messages.error(request, "导出完整身份信息请选择用途。")
        return redirect("members:member_list")
    found = find(people, filters, _nodes(request)).select_related("user", "branch", "group")
    data = reports.export_roster(members=found, actor=request.user, purpose=purpose if full else "")
    response = HttpResponse(data, content_type=XLSX)
    name = f"党员名册_{timezone.localdate():%Y-%m-%d}.xlsx"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


def _visible(request: HttpRequest, pk: int) -> Member:
    people = Member.objects.visible_to(request.user, Capability.ROSTER_VIEW).select_related("user", "branch", "group")
    return get_object_or_404(people, pk=pk)


@login_required
@require_safe
def member_detail(request: HttpRequest, pk: int) -> HttpResponse:
    member = _visible(request, pk)
    return render(request, "members/member_detail.html", _context(request, member))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def member_reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """The same page with the protected values in full, once: the next visit shows them masked again."""
    member = _visible(request, pk)
    require(request.user, Capability.PII_VIEW, member)
    if request.method != "POST":
        return redirect("members:member_detail", member.pk)
    try:
        revealed = reveal_pii(member=member, purpose=request.POST.get("purpose", ""), actor=request.user)
    except ValidationError as exc:
        context = _context(request, member) | {"purpose_error": exc.messages[0]}
        return render(request, "members/member_detail.html", context, status=422)
    return render(request, "members/member_detail.html", _context(request, member, revealed))


@login_required
@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """One's own record, masked like everywhere: a telephone left on a table tells nobody anything."""
    member = Member.objects.own(request.user).select_related("user", "branch", "group").first()
    if member is None:
        return render(request, "members/me_nobody.html")
    return render(request, "members/me.html", _context(request, member))


def _context(request: HttpRequest, member: Member, revealed: dict[str, str] | None = None) -> dict[str, Any]:
    today = timezone.localdate()
    own = member.user_id == request.user.pk
    sees_birth = own or may(request.user, Capability.PII_VIEW, member)
    age = rules.age(member.birth_date, today)
    born = facts.shown("birth_date", member.birth_date) if sees_birth else f"{member.birth_date.year}年"
    standing = rules.party_standing(member.confirmed_on, today)
    special = {
        "birth_date": f"{born}（{age}岁）",
        "confirmed_on": f"{facts.shown('', member.confirmed_on)}（党龄{standing}年）" if standing is not None else "—",
    }

    def row(name: str) -> tuple[str, str, str]:
        value = (
            (revealed or {}).get(name) or special.get(name) or facts.shown(name, facts.read(member, name), coded=False)
        )
        return name, facts.SHORT.get(name) or facts.title(name), "—" if value == "空" else value

    groups = [
        ("身份", "gender birth_date ethnicity id_number"),
        ("组织关系", "membership_status joined_on confirmed_on introducers"),
        ("学历与工作", "education degree staff_no department staff_category title_level job_post work_from retired"),
        ("联系方式", "mobile phone address police_station"),
        ("特殊情况", "hardship lost_contact lost_since floating destination"),
    ]
    if not sees_birth:
        groups = groups[:3]
    elif not (member.hardship or member.lost_contact or member.floating):
        groups = groups[:4]
    return {
        "member": member,
        "groups": [(title, [row(name) for name in names.split()]) for title, names in groups],
        "events": list(member.events.for_member().reverse()),
        "revealed": revealed is not None,
        "purposes": PURPOSES,
        "own": own,
    }
