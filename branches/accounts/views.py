"""The doors: log-in, own password, activation and set-up."""

from allauth.account import views as allauth
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from branches.accounts import slips
from branches.accounts.adapter import AccountAdapter
from branches.accounts.forms import NewPasswordForm, OwnEmailForm, PasswordChangeForm, SetupForm
from branches.accounts.mailing import change_email
from branches.accounts.receivers import place_of
from branches.accounts.services import change_password
from branches.choices import BranchLevel
from branches.middleware import client_address
from branches.models import AccessLink, Branch, User
from branches.rules import levels_under

BACKEND = "branches.accounts.backends.LoginNameBackend"
GONE = {  # title and text of a link that does not open
    "used": ("这个链接已经用过", "密码已经设置，请直接登录。忘记密码时，请向支部书记或党委办公室领取新的激活单。"),
    "expired": ("这个链接已经过期", "请向支部书记或党委办公室领取新的激活单。"),
    "revoked": ("这个链接已经作废", "有一张更新的激活单，请使用最近领取的那一张。"),
    "unknown": ("这个链接无效", "请检查地址是否完整，或重新扫描激活单上的二维码。"),
    "disabled": ("账号已停用", "请联系信息管理员启用后，再领取新的激活单。"),
}
SETUP_GONE = GONE | {
    "used": ("初始设置已经完成", "请直接登录。"),
    "revoked": ("初始设置已经完成", "请直接登录。"),
    "expired": ("这个链接已经过期", "请在服务器上重新生成初始设置链接。"),
    "unknown": ("这个链接无效", "请检查地址是否完整，或在服务器上重新生成初始设置链接。"),
}


class LoginView(allauth.LoginView):
    def form_invalid(self, form: Form) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response


log_in = LoginView.as_view()


@login_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_change(request: HttpRequest) -> HttpResponse:
    """The old password is asked through the backends: wrong ones count for the lock-out."""
    form = PasswordChangeForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        if not AccountAdapter(request).reauthenticate(request.user, form.cleaned_data["oldpassword"]):
            form.add_error("oldpassword", "原密码有误。")
        else:
            change_password(user=request.user, password=form.cleaned_data["password1"], actor=request.user)
            update_session_auth_hash(request, request.user)
            messages.success(request, "密码已修改，其他设备上的登录已经退出。")
            return redirect("home")
    context = {"form": form, "mail": settings.MAIL_IS_SET_UP}
    return render(request, "account/password_change.html", context, status=422 if form.errors else 200)


@login_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def email_change(request: HttpRequest) -> HttpResponse:
    """One's own mail address, where mail is set up; the password is asked because links that log in go there."""
    if not settings.MAIL_IS_SET_UP:
        raise Http404
    form = OwnEmailForm(request.POST or None, initial={"email": request.user.email})
    if request.method == "POST" and form.is_valid():
        if not AccountAdapter(request).reauthenticate(request.user, form.cleaned_data["oldpassword"]):
            form.add_error("oldpassword", "密码有误。")
        else:
            change_email(user=request.user, email=form.cleaned_data["email"], actor=request.user)
            messages.success(request, "邮箱已保存。" if form.cleaned_data["email"] else "邮箱已清除。")
            return redirect("home")
    return render(request, "account/email_change.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def activate(request: HttpRequest, token: str) -> HttpResponse:
    link = slips.find_link(AccessLink.Kind.ACTIVATION, token)
    state = slips.state_of(link)
    if state == "open" and link is not None and not link.user.is_active:
        state = "disabled"
    if link is None or state != "open":
        return _gone(request, GONE, state)
    form = NewPasswordForm(request.POST or None, user=link.user)
    if request.method == "POST" and form.is_valid():
        try:
            user = slips.activate(link=link, password=form.cleaned_data["password1"], address=client_address(request))
        except ValidationError:
            return _gone(request, GONE, "used")
        login(request, user, backend=BACKEND)
        messages.success(request, f"密码已设置。以后请用{slips.shown_login_name(user)}登录。")
        return redirect("home")
    context = {
        "form": form,
        "person": link.user,
        "place": place_of(link.user),
        "login_name": slips.shown_login_name(link.user),
        "expires_at": link.expires_at,
    }
    return render(request, "account/activate.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    link = slips.find_link(AccessLink.Kind.SETUP, token)
    state = slips.state_of(link)
    if link is not None and not slips.needs_setup():
        state = "used"
    if link is None or state != "open":
        return _gone(request, SETUP_GONE, state)
    top = Branch.objects.get_root_nodes().first()
    initial = {"founded_on": timezone.localdate(), "level": BranchLevel.COMMITTEE}
    data = request.POST.copy() if request.method == "POST" else None
    if data is not None and top is not None:
        data.update({"organisation": top.name, "level": top.level, "founded_on": top.founded_on.isoformat()})
    applicant = User(name=data.get("name", ""), username=data.get("username", "")) if data is not None else User()
    form = SetupForm(data, user=applicant, initial=initial)
    form.fields["level"].choices = [(level.value, level.label) for level in levels_under(None)]
    if request.method == "POST" and form.is_valid():
        fields = {key: form.cleaned_data[key] for key in ("organisation", "level", "founded_on", "name", "username")}
        try:
            user = slips.set_up(
                link=link, password=form.cleaned_data["password1"], address=client_address(request), **fields
            )
        except ValidationError as exc:
            _add_errors(form, exc)
        else:
            login(request, user, backend=BACKEND)
            return redirect(_after_setup())
    context = {"form": form, "top": top, "expires_at": link.expires_at, "hours": settings.SETUP_HOURS}
    return render(request, "account/setup.html", context, status=422 if form.errors else 200)


def _after_setup() -> str:
    try:
        return reverse("members:setup")
    except NoReverseMatch:
        return reverse("home")


def _add_errors(form: Form, exc: ValidationError) -> None:
    names = {"name": "organisation"} | {name: name for name in form.fields if name != "name"}
    for field, texts in getattr(exc, "error_dict", {None: exc}).items():
        form.add_error(names.get(field), texts)


def _gone(request: HttpRequest, texts: dict[str, tuple[str, str]], state: str) -> HttpResponse:
    title, text = texts[state]
    status = 404 if state == "unknown" else 410
    return render(request, "account/gone.html", {"gone_title": title, "gone_text": text}, status=status)
