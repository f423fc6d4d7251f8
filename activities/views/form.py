"""The form of a record: one page to create and to edit, with and without script; and what it keeps while one types."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from activities import services
from activities.access import require_record, writable_nodes
from activities.models import Activity
from activities.records import keeping
from activities.views.form_page import FormPage
from branches.choices import Capability
from branches.models import Branch


@login_required
@require_http_methods(["GET", "POST"])
def activity_create(request: HttpRequest) -> HttpResponse:
    require_record(request.user)
    nodes = writable_nodes(request.user)
    open_nodes = nodes.open_on(timezone.localdate())
    copied = _copied(request)
    asked = (request.POST if request.method == "POST" else request.GET).get("branch", "")
    if copied is not None:
        asked = str(copied.group_id or copied.branch_id)
        asked = asked if open_nodes.filter(pk=int(asked)).exists() else str(copied.branch_id)
    if asked.isdecimal() and len(asked) < 18:
        node = get_object_or_404(Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW), pk=int(asked))
        require_record(request.user, node)
        node = get_object_or_404(open_nodes, pk=node.pk)
    else:
        node = open_nodes.first() or nodes.first()
    return FormPage(request, node, copied=copied).answer()


def _copied(request: HttpRequest) -> Activity | None:
    """The record that `?copy=` names: out of scope 404."""
    asked = request.GET.get("copy", "") if request.method == "GET" else ""
    if not (asked.isdecimal() and len(asked) < 18):
        return None
    return get_object_or_404(Activity.objects.visible_to(request.user, Capability.ACTIVITY_VIEW), pk=int(asked))


@login_required
@require_http_methods(["GET", "POST"])
def activity_edit(request: HttpRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    require_record(request.user, activity)
    if activity.state not in services.EDITABLE:
        messages.warning(request, "这份记录已确认，内容不能再改；出席有误的，请使用“更正出席”。")
        return redirect("activities:activity_detail", pk=pk)
    return FormPage(request, activity.branch, activity).answer()


@require_POST
def draft_keep(request: HttpRequest) -> HttpResponse:
    """Keep what is being typed. The script hears 200 with the time, 204 saved already, 401 logged out, 413 too much."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    slot = request.POST.get("draft_form", "")
    _require_slot(request, slot)
    try:
        kept = keeping.keep_draft(user=request.user, slot=slot, fields=request.POST)
    except ValidationError as error:
        return JsonResponse({"error": error.messages[0]}, status=413)
    if kept is None:
        return HttpResponse(status=204)
    return JsonResponse({"saved": f"{timezone.localtime(kept.saved_at):%H:%M}"})


@login_required
@require_POST
def draft_drop(request: HttpRequest) -> HttpResponse:
    """Forget the kept text and open the form as it was before."""
    slot = request.POST.get("draft_form", "")
    activity, branch, suffix = _require_slot(request, slot)
    keeping.drop_draft(user=request.user, slot=slot)
    if activity is not None:
        return redirect("activities:activity_edit", pk=activity.pk)
    query: dict[str, object] = {"branch": branch.pk}
    for word in filter(None, suffix.split(":")):
        query["date" if word.count("-") == 2 else "kind" if word[0].isalpha() else "group"] = word
    return redirect(f"{reverse('activities:activity_create')}?{urlencode(query)}")


def _require_slot(request: HttpRequest, slot: str) -> tuple[Activity | None, Branch, str]:
    """What a form's name stands for, where this person may write it; a name of nothing is 404."""
    if found := keeping.KEPT.fullmatch(slot):
        activity = get_object_or_404(Activity.objects.readable_by(request.user), pk=int(found[1]))
        require_record(request.user, activity)
        if activity.state not in services.EDITABLE:
            raise Http404
        return activity, activity.branch, ""
    found = keeping.NEW.fullmatch(slot) if len(slot) <= 60 else None
    if found is None:
        require_record(request.user)
        raise Http404
    branch = get_object_or_404(Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW), pk=int(found[1]))
    if not writable_nodes(request.user).within([branch.path]).exists():
        require_record(request.user, branch)
    return None, branch, found[2]
