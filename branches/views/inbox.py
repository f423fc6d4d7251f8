"""My messages and my to-dos."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from branches.choices import Topic, topic_label
from branches.inbox import mark_read
from branches.models import Notice, Todo

PAGE = 20


@login_required
@require_safe
def notice_list(request: HttpRequest) -> HttpResponse:
    """?show=all&topic=duty; without `show` the unread ones."""
    mine = Notice.objects.for_inbox(request.user)
    everything = request.GET.get("show") == "all"
    topic = request.GET.get("topic", "")
    shown = mine if everything else mine.unread()
    counted = shown.order_by().values("topic").annotate(n=Count("pk"))
    topics = sorted(((row["topic"], topic_label(row["topic"]), row["n"]) for row in counted), key=_topic_order)
    if topic:
        shown = shown.filter(topic=topic)
    page = Paginator(shown.prefetch_related("entries"), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "everything": everything, "topic": topic, "topics": topics, "tab": "inbox"}
    return render(request, "branches/inbox.html", context)


def _topic_order(row: tuple[str, str, int]) -> int:
    return Topic.values.index(row[0]) if row[0] in Topic.values else len(Topic.values)


@login_required
@require_safe
def notice_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Reading a message is opening what it is about: marks it, and goes there."""
    notice = get_object_or_404(Notice, pk=pk, recipient=request.user)
    if request.method == "GET":
        mark_read(user=request.user, ids=[notice.pk])
    return redirect(notice.url or "branches:inbox")


@login_required
@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    """One message (`notice`), or all of them."""
    one = request.POST.get("notice", "")
    if one.isdecimal() and len(one) < 19:
        mark_read(user=request.user, ids=[int(one)])
    elif not one:
        n = mark_read(user=request.user)
        messages.success(request, f"{n}条消息已标为已读。" if n else "没有未读消息。")
    return redirect("branches:inbox")


@login_required
@require_safe
def todo_list(request: HttpRequest) -> HttpResponse:
    todos = Todo.objects.open_for(request.user).select_related("branch")
    page = Paginator(todos, PAGE).get_page(request.GET.get("page"))
    return render(request, "branches/todo_list.html", {"page": page, "tab": "todos"})
