"""The way from an empty system to secretaries who log meetings: a list of steps, and the officers of each branch."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from branches.access import require
from branches.choices import Capability
from branches.models import Branch
from members import officers
from members.models import BatchState, ImportBatch

PAGE = 30


def _branches(request: HttpRequest, can: Capability) -> officers.QuerySet[Branch]:
    today = timezone.localdate()
    return Branch.objects.visible_to(request.user, can).branches().open_on(today)


@login_required
@require_safe
def setup(request: HttpRequest) -> HttpResponse:
    """Each step with its state and its door; nothing is stored, so it can be left and resumed at any time."""
    require(request.user, Capability.ROSTER_IMPORT)
    n = officers.counts(_branches(request, Capability.ROSTER_IMPORT), today=timezone.localdate())
    open_batch = (
        ImportBatch.objects.visible_to(request.user, Capability.ROSTER_IMPORT)
        .filter(state__in=[BatchState.UPLOADED, BatchState.PREVIEW, BatchState.APPLYING])
        .order_by("-pk")
        .first()
    )
    upload = reverse("members:import_create")
    resume = reverse("members:import_detail", args=[open_batch.pk]) if open_batch else ""
    tree = reverse("branches:branch_tree")
    top = Branch.objects.visible_to(request.user, Capability.ROSTER_IMPORT).first()
    seats = reverse("members:officers")
    steps = [
        ("党组织", bool(top), f"{top}已建立。" if top else "", tree, "查看组织架构"),
        (
            "导入党员名册",
            n["people"] > 0 and not open_batch,
            f"名册中有{n['people']}人。" if n["people"] else "上传全国党员信息采集汇总表，或医院自己的名册。",
            resume or upload,
            "继续上次的导入" if resume else ("再导入一份" if n["people"] else "上传名册"),
        ),
        (
            "建立党支部",
            n["branches"] > 0,
            f"已有{n['branches']}个党支部。" if n["branches"] else "导入名册时会按表中的支部名称新建。",
            tree,
            "查看党支部",
        ),
        (
            "确认支部委员会",
            0 < n["branches"] == n["secretaries"],
            f"{n['secretaries']}/{n['branches']}个党支部已有书记。名册中的党内职务已预先填好。",
            seats,
            "确认书记和委员",
        ),
        (
            "发放激活单",
            0 < n["people"] == n["able"],
            f"{n['able']}/{n['people']}人可以登录。按支部打印激活单，各人扫码设置密码。",
            f"{seats}#slips",
            "打印激活单",
        ),
    ]
    current = next((index for index, step in enumerate(steps) if not step[1]), len(steps))
    context = {
        "steps": [
            {"title": title, "done": done, "text": text, "url": url, "button": button, "now": index == current}
            for index, (title, done, text, url, button) in enumerate(steps)
        ],
        "done": sum(step[1] for step in steps),
        "finished": current == len(steps),
    }
    return render(request, "members/setup.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def officer_list(request: HttpRequest) -> HttpResponse:
    """Every branch with its committee in a line; the form of one of them at a time (`?open=`)."""
    require(request.user, Capability.POSTS_MANAGE)
    today = timezone.localdate()
    branches = _branches(request, Capability.POSTS_MANAGE)
    page = Paginator(branches, PAGE).get_page(request.GET.get("page"))
    if request.method == "POST":
        posted = request.POST.get("branch", "")
        branch = get_object_or_404(branches, pk=int(posted) if posted.isdecimal() else 0)
        panel = officers.panels(branches.filter(pk=branch.pk), today=today)[0]
        try:
            n = officers.fill_seats(panel=panel, chosen=request.POST, on=today, actor=request.user)
        except ValidationError as exc:
            shown = officers.panels(page.object_list, today=today)
            shown = [panel if old.branch.pk == branch.pk else old for old in shown]
            context = {"panels": shown, "page": page, "open": branch.pk, "error": exc.messages[0]}
            return render(request, "members/officers.html", context, status=422)
        messages.success(request, f"{branch.name}：{f'已更新{n}个职务' if n else '没有变化'}。")
        for text in officers.cautions(panel, today):
            messages.warning(request, text)
        left = [p.branch.pk for p in officers.panels(page.object_list, today=today) if not p.settled]
        after = next((pk for pk in left if pk != branch.pk), 0)
        return redirect(f"{reverse('members:officers')}?page={page.number}&open={after}#b{after or branch.pk}")
    panels = officers.panels(page.object_list, today=today)
    wanted = request.GET.get("open", "")
    first = next((p.branch.pk for p in panels if not p.settled), 0)
    opened = int(wanted) if wanted.isdecimal() and len(wanted) < 18 else first
    return render(request, "members/officers.html", {"panels": panels, "page": page, "open": opened})
