"""A draft of the rule book at the Party office: begun, changed, read from Excel, published, thrown away."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from branches.access import require
from branches.choices import Capability
from branches.forms import add_errors
from branches.models import Branch
from points.ledger import registry
from points.models import RuleItem, RuleVersion
from points.rulebook import editing
from points.rulebook.book import plan_of
from points.rulebook.differences import differences
from points.rulebook.feeds import feed_labels, feed_words
from points.rulebook.packing import pack, unpack
from points.rulebook.publishing import judged, publish
from points.rulebook.reading import LIMITS, read
from points.rulebook.wording import points_text
from points.views.rule_forms import HeadForm, ItemForm, NewDraftForm
from points.views.rule_pages import writable_hospitals

SALT: Final = "points.rules.import"
STALE: Final = 3600 * 8  # seconds a preview may wait


def draft_or_404(request: HttpRequest, pk: int) -> RuleVersion:
    drafts = RuleVersion.objects.visible_to(request.user, Capability.RULES_WRITE).drafts()
    return get_object_or_404(drafts.select_related("hospital"), pk=pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_new(request: HttpRequest) -> HttpResponse:
    """?hospital=&source=: a new draft, as a copy of an edition."""
    require(request.user, Capability.RULES_WRITE)
    asked = request.POST.get("hospital") or request.GET.get("hospital", "")
    hospitals = writable_hospitals(request.user)
    hospital = next((one for one in hospitals if str(one.pk) == asked), hospitals[0] if hospitals else None)
    if hospital is None:
        return redirect("points:rule_editions")
    today = timezone.localdate()
    sources = RuleVersion.objects.filter(hospital__isnull=True) | RuleVersion.objects.filter(hospital=hospital)
    month = editing.free_month(hospital, today)
    initial = {
        "source": request.GET.get("source") or _in_force(hospital),
        "name": f"{month.year}年党员积分规则",
        "valid_from": month,
        "large": request.GET.get("large") == "1",
    }
    form = NewDraftForm(request.POST or None, sources=sources.order_by("-valid_from"), initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            draft = editing.start_draft(
                hospital=hospital,
                source=data["source"],
                name=" ".join(data["name"].split()),
                valid_from=data["valid_from"],
                large=data["large"],
                actor=request.user,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "草稿已建立，可以逐项修改；发布前不影响任何积分。")
            return redirect("points:rule_edition", pk=draft.pk)
    context = {"form": form, "hospital": hospital, "hospitals": hospitals}
    return render(request, "points/rule_new.html", context, status=422 if request.method == "POST" else 200)


def _in_force(hospital: Branch) -> int | None:
    from_today = RuleVersion.objects.published().filter(valid_from__lte=timezone.localdate())
    own = from_today.filter(hospital=hospital).order_by("-valid_from").values_list("pk", flat=True).first()
    default = from_today.filter(hospital__isnull=True).order_by("-valid_from").values_list("pk", flat=True)
    return own or default.first()


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, month, basis and the figures of the whole year."""
    draft = draft_or_404(request, pk)
    if request.method != "POST":
        form = HeadForm(initial={**HeadForm.initial_of(draft), "version": draft.version})
        return render(request, "points/rule_edit.html", {"form": form, "version": draft})
    data = request.POST.copy()
    form = HeadForm(data)
    if form.is_valid():
        try:
            editing.save_head(
                draft=draft, plan=form.plan(draft), version=form.cleaned_data["version"], actor=request.user
            )
        except ValidationError as error:
            _refused(form, error, data, draft)
        else:
            messages.success(request, "已保存。")
            return redirect("points:rule_edition", pk=pk)
    return render(request, "points/rule_edit.html", {"form": form, "version": draft}, status=422)


def _refused(form: Any, error: ValidationError, data: Any, draft: RuleVersion) -> None:
    """Put the refusal beside its field. Told once of another's change, saving again is meant."""
    add_errors(form, error)
    if getattr(error, "code", "") == editing.CONFLICT:
        data["version"] = str(
            RuleVersion.objects.drafts().filter(pk=draft.pk).values_list("version", flat=True).first()
        )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_item_new(request: HttpRequest, pk: int) -> HttpResponse:
    """?category=: another item."""
    draft = draft_or_404(request, pk)
    asked = request.GET.get("category", "ORG")
    code = editing.new_code(list(draft.items.all()), asked)
    return _item_page(request, draft, None, {"code": code, "category": asked, "how": "fixed", "origin": "manual"})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_item(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """One item of a draft."""
    draft = draft_or_404(request, pk)
    row = get_object_or_404(draft.items.all(), pk=item)
    return _item_page(request, draft, row, ItemForm.initial_of(row))


def _item_page(request: HttpRequest, draft: RuleVersion, row: RuleItem | None, initial: Any) -> HttpResponse:
    feeds = feed_words(registry.feeds())
    others = draft.items.exclude(feed="").exclude(pk=row.pk if row else None)
    used = set(others.values_list("feed", flat=True))
    context = {"version": draft, "row": row}
    if request.method != "POST":
        form = ItemForm(feeds=feeds, used=used, row=row, initial={**initial, "version": draft.version})
        return render(request, "points/rule_item.html", context | {"form": form})
    data = request.POST.copy()
    form = ItemForm(data, feeds=feeds, used=used, row=row)
    if form.is_valid():
        item = form.item()
        try:
            saved = editing.save_item(
                draft=draft,
                item=item,
                version=form.cleaned_data["version"],
                actor=request.user,
                pk=row.pk if row else None,
            )
        except ValidationError as error:
            _refused(form, error, data, draft)
        else:
            messages.success(request, f"{saved.code} {saved.title}已保存：{item.points_text or points_text(item)}。")
            return redirect(f"{reverse('points:rule_edition', args=[draft.pk])}#item-{saved.pk}")
    return render(request, "points/rule_item.html", context | {"form": form}, status=422)


@login_required
def rule_item_change(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """`act`: up, down or remove."""
    draft = draft_or_404(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    act = request.POST.get("act", "")
    try:
        if act == "remove":
            editing.remove_item(draft=draft, pk=item, actor=request.user)
            messages.success(request, "项目已删除。")
        elif act in ("up", "down"):
            editing.move_item(draft=draft, pk=item, step=-1 if act == "up" else 1, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    anchor = "" if act == "remove" else f"#item-{item}"
    return redirect(f"{reverse('points:rule_edition', args=[pk])}{anchor}")


@login_required
def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    draft = draft_or_404(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        editing.delete_draft(draft=draft, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"草稿“{draft.name}”已删除。")
    return redirect(f"{reverse('points:rule_editions')}?hospital={draft.hospital_id}")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """The checks, and the button where nothing stands in the way."""
    draft = draft_or_404(request, pk)
    today, known = timezone.localdate(), registry.feeds()
    refused: list[str] = []
    if request.method == "POST":
        typed = request.POST.get("version", "")
        try:
            if not request.POST.get("sure"):
                raise ValidationError("请先勾选“我已逐项核对”，再发布。")
            publish(
                draft=draft,
                version=int(typed) if typed.isdecimal() and len(typed) < 9 else 0,
                actor=request.user,
                today=today,
                known=known,
            )
        except ValidationError as error:
            refused = error.messages
        else:
            messages.success(request, f"“{draft.name}”已发布，各党支部书记已收到消息。")
            return redirect("points:rule_edition", pk=pk)
    found = judged(draft, today=today, known=known)
    old = plan_of(found.before.version, found.before.rows.values()) if found.before.version else None
    context = {
        "version": draft,
        "before": found.before.version,
        "checks": found.checks,
        "refused": [text for text in refused if text not in found.checks.errors],
        "found": differences(old, plan_of(draft), feed_labels(known)) if old else None,
        "trial": draft.trials.filter(made_at__isnull=False).order_by("-made_at").first(),
    }
    return render(request, "points/rule_publish.html", context, status=422 if refused else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a workbook, show what it would change, and only then write it: the preview travels signed in the form."""
    draft = draft_or_404(request, pk)
    context: dict[str, Any] = {"version": draft}
    if request.method != "POST":
        return render(request, "points/rule_import.html", context)
    if "read" in request.POST:
        return _apply(request, draft, context)
    upload = request.FILES.get("file")
    if upload is None:
        return render(request, "points/rule_import.html", context | {"problem": "请选择文件。"}, status=422)
    labels, before = feed_labels(registry.feeds()), plan_of(draft)
    found = read(upload.read(LIMITS.file_bytes + 1), upload.name or "", before, labels)
    if found.plan is None:
        context |= {"faults": found.faults, "file_name": upload.name}
        return render(request, "points/rule_import.html", context, status=422)
    context |= {
        "file_name": upload.name,
        "found": differences(before, found.plan, labels),
        "read": signing.dumps([draft.pk, draft.version, pack(found.plan)], salt=SALT, compress=True),
    }
    return render(request, "points/rule_import.html", context)


def _apply(request: HttpRequest, draft: RuleVersion, context: dict[str, Any]) -> HttpResponse:
    try:
        pk, version, packed = signing.loads(request.POST["read"], salt=SALT, max_age=STALE)
    except signing.BadSignature:
        pk, version, packed = None, 0, None
    problem = "" if pk == draft.pk else "核对页已失效，请重新选择文件。"
    if not problem:
        try:
            editing.replace_content(draft=draft, plan=unpack(packed), version=version, actor=request.user)
        except ValidationError as error:
            problem = " ".join(error.messages)
            if getattr(error, "code", "") == editing.CONFLICT:
                problem = "您核对以后，草稿又有改动，请重新读入文件再核对。"
        else:
            messages.success(request, "已读入草稿。")
            return redirect("points:rule_edition", pk=draft.pk)
    return render(request, "points/rule_import.html", context | {"problem": problem}, status=422)
