"""Pages about accounts: activation slips of a branch, and the accounts of the information administrator."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from branches.access import Refused, may, require
from branches.accounts import mailing, services, slips
from branches.accounts.backends import login_name
from branches.accounts.forms import EmailForm
from branches.accounts.lockout import key_of, locked_keys
from branches.choices import ROLL_ROLES, BranchLevel, Capability
from branches.models import AccessLink, Appointment, Branch, User
from branches.rules import subtree_end

PAGE = 30
ACTIONS = {  # what the page of an account can do, and how it says so
    "disable": (services.disable_account, "已停用{}的账号，其登录已退出。"),
    "enable": (services.enable_account, "已启用{}的账号。"),
    "unlock": (services.unlock_account, "已解除{}的锁定。"),
    "end_sessions": (services.end_sessions, "{}已在所有设备上退出登录。"),
}


def _with_state(people: QuerySet[User]) -> QuerySet[User]:
    """`has_password` and `slip_open` beside each person, in the same query."""
    slips_open = AccessLink.objects.filter(
        user=OuterRef("pk"),
        kind=AccessLink.Kind.ACTIVATION,
        used_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=timezone.now(),
    )
    able = User.objects.able_to_log_in().filter(pk=OuterRef("pk"))
    return people.annotate(has_password=Exists(able), slip_open=Exists(slips_open))


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("made")
def branch_slips(request: HttpRequest, pk: int) -> HttpResponse:
    """Who of a branch can log in; POST makes slips for the chosen people and answers with the sheet to print."""
    branch = get_object_or_404(Branch.objects.visible_to(request.user, Capability.ORG_VIEW), pk=pk)
    require(request.user, Capability.SLIPS_ISSUE, branch)
    today = timezone.localdate()
    here = Appointment.objects.current(today).filter(
        Q(branch=branch)
        | Q(branch__path__gt=branch.path, branch__path__lt=subtree_end(branch.path), branch__level=BranchLevel.GROUP)
    )
    posts = Appointment.objects.current(today)
    people = list(
        _with_state(User.objects.filter(pk__in=here.values("user")))
        .prefetch_related(Prefetch("appointments", posts.select_related("branch"), to_attr="present_posts"))
        .order_by("search_keys", "pk")
    )
    scope = request.user.paths_granting(Capability.SLIPS_ISSUE)
    mails = mailing.last_mails([person.pk for person in people]) if settings.MAIL_IS_SET_UP else {}
    for person in people:
        person.mailed = mails.get(person.pk)
        person.may_have = person.is_active and all(
            any(post.branch.path.startswith(path) for path in scope) for post in person.present_posts
        )
    chosen = {key for key in request.POST.getlist("user") if key.isdigit()}
    for person in people:
        person.ticked = str(person.pk) in chosen
    error = ""
    if request.method == "POST":
        users = [person for person in people if str(person.pk) in chosen]
        if not users:
            error = "请先选择人员。"
        elif request.POST.get("action") == "mail":
            try:
                queued = mailing.queue_slips(users=users, actor=request.user, base=_base(request))
            except ValidationError as exc:
                error = "；".join(exc.messages)
            else:
                messages.success(request, f"已交给邮件服务，共{queued}人。是否发出，稍后在名单里查看。")
                return redirect("branches:slips", pk=branch.pk)
        else:
            try:
                made = slips.issue_slips(users=users, actor=request.user, base=_base(request))
            except ValidationError as exc:
                error = "；".join(exc.messages)
            else:
                context = {"branch": branch, "slips": made}
                return render(request, "branches/slips_print.html", context)
    context = {
        "branch": branch,
        "people": people,
        "error": error,
        "hours": settings.ACTIVATION_HOURS,
        "mail_is_set_up": settings.MAIL_IS_SET_UP,
        "mail": settings.MAIL_IS_SET_UP and any(person.email and person.may_have for person in people),
        "waiting": sum(not person.has_password for person in people),
    }
    return render(request, "branches/slips.html", context, status=422 if error else 200)


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/")[:-1]


def _accounts(user: User) -> QuerySet[User]:
    """The people whose accounts `user` manages, with their posts but not the roll: that is members' data."""
    posts = Appointment.objects.current(timezone.localdate()).exclude(role__in=ROLL_ROLES).select_related("branch")
    people = _with_state(User.objects.in_offices_of(user, Capability.ACCOUNTS_MANAGE))
    return people.prefetch_related(Prefetch("appointments", posts.order_by("branch__path"), to_attr="present_posts"))


def _account(user: User, pk: int) -> User:
    """The person, to who manages their account or, with mail set up, may send them a slip; 404 to everybody else."""
    if found := _accounts(user).filter(pk=pk).first():
        return found
    if not settings.MAIL_IS_SET_UP:
        raise Http404
    posts = Appointment.objects.current(timezone.localdate()).exclude(role__in=ROLL_ROLES).select_related("branch")
    people = _with_state(User.objects.in_offices_of(user, Capability.SLIPS_ISSUE)).filter(pk=pk)
    shown = people.prefetch_related(Prefetch("appointments", posts.order_by("branch__path"), to_attr="present_posts"))
    person = get_object_or_404(shown)
    if not slips.may_issue(user, person):
        raise Http404
    return person


@login_required
@require_safe
def account_list(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.ACCOUNTS_MANAGE)
    people = _accounts(request.user).order_by("search_keys", "pk")
    query, state = request.GET.get("q", "").strip(), request.GET.get("state", "")
    locked = locked_keys()
    locked_pks = [int(key.split(":")[1]) for key in locked if key.startswith("user:")]
    if query:
        people = people.filter(
            Q(search_keys__contains=query.lower()) | Q(staff_no__istartswith=query) | Q(username__istartswith=query)
        )
    if state == "on":
        people = people.filter(is_active=True, has_password=True)
    elif state == "new":
        people = people.filter(is_active=True, has_password=False)
    elif state == "off":
        people = people.filter(is_active=False)
    elif state == "locked":
        people = people.filter(pk__in=locked_pks)
    page = Paginator(people, PAGE).get_page(request.GET.get("page"))
    for person in page:
        person.locked = key_of(person) in locked
    states = [("", "全部"), ("on", "已启用"), ("new", "未激活"), ("locked", "已锁定"), ("off", "已停用")]
    context = {"page": page, "query": query, "state": state, "states": states}
    return render(request, "branches/account_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """For who manages accounts, and for who may issue this person a slip: each sees what they may do."""
    person = _account(request.user, pk)
    manages = may(request.user, Capability.ACCOUNTS_MANAGE)
    issues = slips.may_issue(request.user, person)
    form = EmailForm(initial={"email": person.email})
    error = ""
    if request.method == "POST" and request.POST.get("action") in {"email", "mail"}:
        if not issues or not settings.MAIL_IS_SET_UP:
            raise Refused(Capability.SLIPS_ISSUE, None)
        form = EmailForm(request.POST if request.POST["action"] == "email" else {"email": person.email})
        if form.is_valid():
            try:
                if request.POST["action"] == "email":
                    mailing.change_email(user=person, email=form.cleaned_data["email"], actor=request.user)
                    messages.success(request, f"{person.name}的邮箱已保存。")
                else:
                    mailing.queue_slips(users=[person], actor=request.user, base=_base(request))
                    messages.success(request, "已交给邮件服务。是否发出，稍后在本页查看。")
                return redirect("branches:account_detail", pk=person.pk)
            except ValidationError as exc:
                error = "；".join(exc.messages)
    elif request.method == "POST":
        if not manages:
            raise Refused(Capability.ACCOUNTS_MANAGE, None)
        action, said = ACTIONS.get(request.POST.get("action", ""), (None, ""))
        if action is None:
            error = "请选择要办理的事项。"
        else:
            try:
                action(user=person, actor=request.user)
            except ValidationError as exc:
                error = "；".join(exc.messages)
            else:
                messages.success(request, said.format(person.name))
                return redirect("branches:account_detail", pk=person.pk)
    person.locked = key_of(person) in locked_keys()
    name = login_name(person)
    context = {
        "person": person,
        "login_name": slips.shown_login_name(person) if name == person.mobile else name,
        "error": error,
        "is_self": person.pk == request.user.pk,
        "manages": manages,
        "issues": issues and settings.MAIL_IS_SET_UP,
        "form": form,
        "mailed": mailing.last_mails([person.pk]).get(person.pk) if issues and settings.MAIL_IS_SET_UP else None,
    }
    status = 422 if error or form.errors else 200
    return render(request, "branches/account_detail.html", context, status=status)
