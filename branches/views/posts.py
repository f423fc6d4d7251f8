"""Appointing people and ending their posts; finding the person to appoint."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from branches import services
from branches.access import require
from branches.choices import ROLL_ROLES, BranchLevel, Capability, Role
from branches.forms import AppointForm, EndPostForm, PersonForm, add_errors
from branches.models import Appointment, Branch, User

FOUND = 40  # people shown at once; more need a longer query


def _node(request: HttpRequest, pk: int) -> Branch:
    branch = get_object_or_404(Branch.objects.visible_to(request.user, Capability.ORG_VIEW), pk=pk)
    require(request.user, Capability.POSTS_MANAGE, branch)
    return branch


def _people(user: User, query: str, branch: Branch | None) -> QuerySet[User]:
    """Who matches the name, its pinyin or initials, or the staff number; without a query the people at `branch`."""
    found = User.objects.in_offices_of(user, Capability.POSTS_MANAGE).filter(is_active=True)
    current = Appointment.objects.current(timezone.localdate()).select_related("branch").order_by("branch__path")
    if query:
        found = found.filter(search_keys__contains=query.lower()) | found.filter(staff_no=query)
    elif branch is not None:
        home = branch if branch.level != BranchLevel.GROUP else Branch.objects.get_parent(branch)
        found = found.filter(pk__in=current.filter(branch=home).values("user"))
    else:
        found = found.none()
    return found.prefetch_related(Prefetch("appointments", current, to_attr="present_posts")).order_by(
        "search_keys", "pk"
    )


@login_required
@require_safe
def person_search(request: HttpRequest) -> HttpResponse:
    """The list of people of the appointment form, as htmx asks for it while the name is typed."""
    require(request.user, Capability.POSTS_MANAGE)
    query = request.GET.get("q", "").strip()
    branch = None
    if (at := request.GET.get("at", "")).isdecimal():
        branch = Branch.objects.visible_to(request.user, Capability.POSTS_MANAGE).filter(pk=int(at)).first()
    return render(request, "branches/_people.html", _people_context(request.user, query, branch))


def _people_context(user: User, query: str, branch: Branch | None, chosen: str = "") -> dict[str, object]:
    people = list(_people(user, query, branch)[: FOUND + 1])
    if chosen.isdecimal() and not any(str(person.pk) == chosen for person in people):
        people += list(_people_named(user, int(chosen)))
    return {"people": people[:FOUND], "more": len(people) > FOUND, "query": query, "chosen": chosen}


def _people_named(user: User, pk: int) -> QuerySet[User]:
    current = Appointment.objects.current(timezone.localdate()).select_related("branch")
    mine = User.objects.in_offices_of(user, Capability.POSTS_MANAGE).filter(pk=pk)
    return mine.prefetch_related(Prefetch("appointments", current, to_attr="present_posts"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_create(request: HttpRequest, pk: int) -> HttpResponse:
    branch = _node(request, pk)
    initial = {"starts_on": timezone.localdate(), "role": request.GET.get("role", "")}
    form = AppointForm(request.POST or None, branch=branch, actor=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            post = services.appoint(branch=branch, actor=request.user, **form.cleaned_data)
        except ValidationError as exc:
            if "replace" in form.fields and getattr(exc, "code", "") == "held":
                form.add_error("replace", exc)
            else:
                add_errors(form, exc)
        else:
            messages.success(request, f"{post.user.name}已任{post.get_role_display()}。首次登录请打印激活单。")
            same = branch.appointments.current(timezone.localdate()).filter(role=post.role).exclude(pk=post.pk)
            if names := "、".join(same.values_list("user__name", flat=True)):
                messages.warning(request, f"{names}仍任{post.get_role_display()}，不再担任的请免去。")
            for text in services.appointment_cautions(user=post.user, branch=branch, role=post.role, on=post.starts_on):
                messages.warning(request, text)
            return redirect("branches:branch_detail", pk=branch.pk)
    query = request.GET.get("q", "").strip()
    chosen = request.POST.get("user", "") or request.GET.get("user", "")
    context = {"form": form, "branch": branch} | _people_context(request.user, query, branch, chosen)
    return render(request, "branches/post_form.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_end(request: HttpRequest, pk: int) -> HttpResponse:
    posts = Appointment.objects.visible_to(request.user, Capability.ORG_VIEW).exclude(role__in=ROLL_ROLES)
    post = get_object_or_404(posts.select_related("user", "branch"), pk=pk)
    require(request.user, Capability.POSTS_MANAGE, post)
    form = EndPostForm(request.POST or None, initial={"on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            services.end_appointment(appointment=post, on=form.cleaned_data["on"], actor=request.user)
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            messages.success(request, f"已免去{post.user.name}的{post.get_role_display()}职务。")
            return redirect("branches:branch_detail", pk=post.branch_id)
    context = {
        "form": form,
        "branch": post.branch,
        "title": f"免去{post.user.name}的{Role(post.role).label}职务",
        "button": "免去职务",
        "lead": f"{post.branch.name}，{post.starts_on.year}年{post.starts_on.month}月{post.starts_on.day}日起任职。",
        "stop": True,
    }
    return render(request, "branches/branch_form.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def person_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody who is on no roll, made on the way to an appointment at `pk`."""
    branch = _node(request, pk)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = services.add_person(actor=request.user, **form.cleaned_data)
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            return redirect(f"{reverse('branches:post_create', args=[branch.pk])}?user={user.pk}")
    lead = "只用于不在党员名册里的工作人员。党员请从名册中选择，不要重复新增。"
    context = {"form": form, "branch": branch, "title": "新增名册外人员", "button": "新增并任命", "lead": lead}
    return render(request, "branches/branch_form.html", context, status=422 if form.errors else 200)
