"""The audit trail as a list: who, what, when, from where, old and new."""

from datetime import datetime, time, timedelta

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from branches.access import require
from branches.audit_words import action_text, actions_saying, changes_text
from branches.choices import Capability
from branches.forms import AuditFilter
from branches.models import AuditEntry

PAGE = 50


@login_required
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    require(request.user, Capability.AUDIT_VIEW)
    form = AuditFilter(request.GET or None, user=request.user)
    lines = AuditEntry.objects.readable_by(request.user).for_list()
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    if who := asked.get("who"):
        lines = lines.filter(Q(actor_name__icontains=who) | Q(target_text__icontains=who))
    if what := asked.get("what"):
        lines = lines.filter(action__in=actions_saying(what))
    if branch := asked.get("branch"):
        lines = lines.within([branch.path])
    if since := asked.get("since"):
        lines = lines.filter(at__gte=_start(since))
    if until := asked.get("until"):
        lines = lines.filter(at__lt=_start(until + timedelta(days=1)))
    page = Paginator(lines, PAGE).get_page(request.GET.get("page"))
    rows = [
        {"line": line, "action": action_text(line.action), "changes": changes_text(line.target_type, line.changes)}
        for line in page
    ]
    context = {"form": form, "page": page, "rows": rows, "filtered": any(asked.values())}
    return render(request, "branches/audit_list.html", context, status=422 if form.errors else 200)


def _start(day: object) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))  # type: ignore[arg-type]
