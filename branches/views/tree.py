"""The tree, one node of it, and what changes a node."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from branches import services, terms
from branches.access import require
from branches.choices import COMMITTEE_ROLES, ROLL_ROLES, BranchKind, BranchLevel, Capability, Role
from branches.forms import BranchForm, DissolveForm, MoveForm, add_errors
from branches.models import Appointment, Branch
from branches.rules import SINGLE_ROLES, needs_committee

HISTORY = 50


@dataclass
class Node:
    """A line of the tree: who leads, how many are there."""

    branch: Branch
    head: str = ""
    members: int = 0
    posts: int = 0
    below: list["Node"] = field(default_factory=list)
    unfolded: bool = False  # everything is, where somebody looks for a name

    @property
    def open(self) -> bool:
        """Branches fold away their groups, so that a hospital's branches fit on a screen or two."""
        return self.unfolded or self.branch.level != BranchLevel.BRANCH

    @property
    def below_text(self) -> str:
        groups = self.branch.level == BranchLevel.BRANCH
        return f"{len(self.below)}个{'党小组' if groups else '下级党组织'}"


def _nodes(branches: list[Branch], today: date, *, unfolded: bool = False) -> list[Node]:
    """The lines of `branches`, nested; two queries for any number."""
    posts = Appointment.objects.current(today).filter(branch__in=[branch.pk for branch in branches])
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for branch_id, role, n in posts.order_by().values_list("branch_id", "role").annotate(Count("pk")):
        counts[branch_id][role] = n
    heads = {
        branch_id: f"{Role(role).label}{name}"
        for branch_id, role, name in posts.filter(role__in=SINGLE_ROLES - {Role.DEPUTY_SECRETARY})
        .order_by("branch_id")
        .values_list("branch_id", "role", "user__name")
    }
    top: list[Node] = []
    chain: list[Node] = []
    for branch in branches:
        count = counts[branch.pk]
        node = Node(
            branch,
            heads.get(branch.pk, ""),
            sum(count.get(role, 0) for role in (Role.MEMBER, Role.PROBATIONARY)),
            sum(n for role, n in count.items() if role not in ROLL_ROLES),
            unfolded=unfolded,
        )
        while chain and not branch.path.startswith(chain[-1].branch.path):
            chain.pop()
        (chain[-1].below if chain else top).append(node)
        chain.append(node)
    return top


@login_required
@require_safe
def branch_tree(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.ORG_VIEW)
    seen = Branch.objects.visible_to(request.user, Capability.ORG_VIEW)
    query, closed = request.GET.get("q", "").strip(), request.GET.get("closed") == "1"
    dissolved = seen.filter(dissolved_on__isnull=False).count()
    shown = seen if closed else seen.filter(dissolved_on__isnull=True)
    if query:
        shown = shown.filter(name__icontains=query)
    branches = list(shown)
    today = timezone.localdate()
    context = {
        "nodes": _nodes(branches, today, unfolded=bool(query)),
        "query": query,
        "closed": closed,
        "dissolved": dissolved,
        "total": len(branches),
    }
    return render(request, "branches/branch_tree.html", context)


def _load(request: HttpRequest, pk: int, capability: Capability = Capability.ORG_VIEW) -> Branch:
    """The node, when it is in scope (else 404) and `capability` is held there (else 403)."""
    branch = get_object_or_404(Branch.objects.visible_to(request.user, Capability.ORG_VIEW), pk=pk)
    require(request.user, capability, branch)
    return branch


@login_required
@require_safe
def branch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    branch = _load(request, pk)
    today = timezone.localdate()
    order = {role: n for n, role in enumerate(Role)}
    held = Appointment.objects.filter(branch=branch).exclude(role__in=ROLL_ROLES).select_related("user")
    posts = sorted(
        held.filter(ends_on__isnull=True) | held.filter(ends_on__gt=today), key=lambda p: order[Role(p.role)]
    )
    roll = Appointment.objects.current(today).filter(branch=branch, role__in=ROLL_ROLES)
    people = dict(roll.order_by().values_list("role").annotate(Count("pk")))
    full = people.get(Role.MEMBER, 0)
    missing: list[Role] = []
    if branch.level == BranchLevel.BRANCH and branch.dissolved_on is None:
        filled = {post.role for post in posts}
        wanted = {Role.BRANCH_SECRETARY}
        if needs_committee(full, temporary=branch.kind == BranchKind.TEMPORARY):
            wanted |= COMMITTEE_ROLES - {Role.DEPUTY_SECRETARY}
        missing = [role for role in Role if role in wanted - filled]
    below = list(
        Branch.objects.visible_to(request.user, Capability.ORG_VIEW).within([branch.path]).exclude(pk=branch.pk)
    )
    context = {
        "branch": branch,
        "parent": Branch.objects.get_parent(branch),
        "parent_seen": Branch.objects.visible_to(request.user, Capability.ORG_VIEW)
        .filter(path=branch.path[: -Branch.steplen])
        .exists(),
        "posts": posts,
        "past": held.filter(ends_on__lte=today).order_by("-ends_on", "-pk")[:HISTORY],
        "full": full,
        "probationary": people.get(Role.PROBATIONARY, 0),
        "activists": people.get(Role.ACTIVIST, 0),
        "missing": "、".join(role.label for role in missing),
        "terms": terms.term_page(branch, today),
        "vacant": [one for one in terms.vacancies(branch, missing, today) if one.step],
        "nodes": _nodes([node for node in below if node.dissolved_on is None], today, unfolded=True),
        "dissolved": [node for node in below if node.dissolved_on is not None],
        "is_branch": branch.level == BranchLevel.BRANCH,
        "may_have_below": branch.level != BranchLevel.GROUP and branch.dissolved_on is None,
    }
    return render(request, "branches/branch_detail.html", context)


def _form_page(
    request: HttpRequest, form: Form, branch: Branch, title: str, button: str, **extra: object
) -> HttpResponse:
    context = {"form": form, "branch": branch, "title": title, "button": button} | extra
    return render(request, "branches/branch_form.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def branch_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Found a node below `pk`."""
    parent = _load(request, pk, Capability.ORG_MANAGE)
    form = BranchForm(request.POST or None, parent=parent, initial={"founded_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        fields = {key: value for key, value in form.cleaned_data.items() if key != "version"}
        try:
            branch = services.found_branch(parent=parent, actor=request.user, **fields)
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            messages.success(request, f"已新建“{branch.name}”。请任命负责人，再打印激活单。")
            return redirect("branches:branch_detail", pk=branch.pk)
    return _form_page(request, form, parent, "新建下级党组织", "新建", lead=f"设在“{parent.name}”之下。")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def branch_edit(request: HttpRequest, pk: int) -> HttpResponse:
    branch = _load(request, pk, Capability.ORG_MANAGE)
    fields = ("name", "code", "kind", "category", "founded_on", "version")
    form = BranchForm(request.POST or None, branch=branch, initial={name: getattr(branch, name) for name in fields})
    latest = None
    if request.method == "POST" and form.is_valid():
        try:
            services.change_branch(branch=branch, actor=request.user, **form.cleaned_data)
        except ValidationError as exc:
            add_errors(form, exc)
            if getattr(exc, "code", "") == "conflict":
                latest = branch  # shown beside the text typed; saving again is then meant
                form.data = request.POST.copy()
                form.data["version"] = str(branch.version)  # type: ignore[index]
        else:
            messages.success(request, "已保存。")
            return redirect("branches:branch_detail", pk=branch.pk)
    return _form_page(request, form, branch, "编辑党组织", "保存", latest=latest)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def branch_dissolve(request: HttpRequest, pk: int) -> HttpResponse:
    branch = _load(request, pk, Capability.ORG_MANAGE)
    form = DissolveForm(request.POST or None, initial={"on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            services.dissolve_branch(branch=branch, on=form.cleaned_data["on"], actor=request.user)
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            messages.success(request, f"“{branch.name}”已撤销，历史记录仍可查看。")
            return redirect("branches:branch_detail", pk=branch.pk)
    lead = "撤销后不能再登记活动和任命职务，已有的记录保留。还有党员或下级党组织时不能撤销。"
    return _form_page(request, form, branch, f"撤销“{branch.name}”", "撤销", lead=lead, stop=True)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def branch_move(request: HttpRequest, pk: int) -> HttpResponse:
    branch = _load(request, pk, Capability.ORG_MANAGE)
    form = MoveForm(request.POST or None, branch=branch, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            services.move_branch(branch=branch, to=form.cleaned_data["to"], actor=request.user)
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            messages.success(request, f"“{branch.name}”已移到“{form.cleaned_data['to'].name}”之下。")
            return redirect("branches:branch_detail", pk=branch.pk)
    lead = "下级党组织和全部记录随之移动，查看范围立即按新的上级计算。"
    return _form_page(request, form, branch, f"调整“{branch.name}”的上级", "移动", lead=lead)
