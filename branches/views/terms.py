"""Enter the term of a node, correct it, extend it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from branches import terms
from branches.access import require
from branches.choices import BranchLevel, Capability
from branches.forms import add_errors
from branches.models import Branch
from branches.term_forms import ExtendForm, TermForm
from branches.term_rules import has_terms, standing, term_years


def _load(request: HttpRequest, pk: int, capability: Capability) -> Branch:
    branch = get_object_or_404(Branch.objects.visible_to(request.user, Capability.ORG_VIEW), pk=pk)
    require(request.user, capability, branch)
    if not has_terms(branch.level, branch.kind):
        raise Http404
    return branch


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def term_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The first entry is the branch's own or the office's; once it stands only the office corrects it."""
    branch = _load(request, pk, Capability.TERM_WRITE)
    today = timezone.localdate()
    term = terms.current_term(branch, today)
    if term is not None:
        require(request.user, Capability.ORG_MANAGE, branch)
    names = ("number", "document", "starts_on", "ends_on", "version")
    form = TermForm(request.POST or None, initial={name: getattr(term, name) for name in names} if term else {})
    if request.method == "POST" and form.is_valid():
        try:
            terms.enter_term(branch=branch, term=term, actor=request.user, **form.cleaned_data)
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            messages.success(request, "届次已保存，届满前会逐步提醒换届。")
            return redirect("branches:branch_detail", pk=branch.pk)
    level = BranchLevel(branch.level)
    lead = f"{level.label}每届任期{term_years(level, today)}年。届满前180天起提醒换届；选举记录确认后，新一届自动登记。"
    context = {
        "form": form,
        "branch": branch,
        "title": "修改届次" if term else "登记届次",
        "button": "保存",
        "lead": lead,
    }
    return render(request, "branches/branch_form.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def term_extend(request: HttpRequest, pk: int) -> HttpResponse:
    branch = _load(request, pk, Capability.ORG_MANAGE)
    today = timezone.localdate()
    term = terms.current_term(branch, today)
    if term is None:
        messages.warning(request, "还没有登记届次，请先登记。")
        return redirect("branches:term_edit", pk=branch.pk)
    initial = {"extended_to": term.extended_to, "document": term.extension_document}
    form = ExtendForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            terms.extend_term(term=term, actor=request.user, **form.cleaned_data)
        except ValidationError as exc:
            add_errors(form, exc)
        else:
            messages.success(request, f"{term}已延期，提醒按新的日期计算。")
            return redirect("branches:branch_detail", pk=branch.pk)
    end = standing(ends_on=term.ends_on, extended_to=None, today=today).last_day
    lead = f"{term}于{term.ends_on:%Y年%-m月%-d日}届满，延期换届须经上级党组织批准，最迟到{end:%Y年%-m月%-d日}。"
    context = {"form": form, "branch": branch, "title": "延期换届", "button": "登记延期", "lead": lead}
    return render(request, "branches/branch_form.html", context, status=422 if form.errors else 200)
