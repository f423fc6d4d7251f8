"""A draft of a score card at the Party office: begun, changed, published, thrown away."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from branches.access import require
from branches.choices import BranchCategory, Capability
from branches.forms import add_errors
from points.models import Scorecard, ScorecardLine
from points.rulebook.wording import number
from points.stars import card_editing
from points.stars.card_editing import category_words
from points.stars.card_publishing import edition_before, judged, publish
from points.stars.card_reading import groups_of
from points.stars.card_rules import differences, free_code, off_words, sum_problem
from points.stars.cards import edition_of, line_of
from points.stars.measures import MEASURES
from points.stars.rules import GIVEN
from points.views.star_card_forms import CardHeadForm, CardLineForm, NewCardForm, WeightsForm
from points.views.star_cards import writable_hospitals

EDITED = ["GET", "HEAD", "POST"]


def draft_or_404(request: HttpRequest, pk: int) -> Scorecard:
    drafts = Scorecard.objects.visible_to(request.user, Capability.STARS_REVIEW).filter(published_at__isnull=True)
    return get_object_or_404(drafts.select_related("hospital"), pk=pk)


@login_required
@require_http_methods(EDITED)
def star_card_new(request: HttpRequest) -> HttpResponse:
    """?hospital=&category=: a new draft, as a copy of what is in force."""
    require(request.user, Capability.STARS_REVIEW)
    asked = request.POST.get("hospital") or request.GET.get("hospital", "")
    hospitals = writable_hospitals(request.user)
    hospital = next((one for one in hospitals if str(one.pk) == asked), hospitals[0] if hospitals else None)
    if hospital is None:
        return redirect("points:star_cards")
    category = request.GET.get("category", "")
    category = category if category in BranchCategory.values else ""
    year = card_editing.free_year(hospital, category, timezone.localdate().year)
    words = BranchCategory(category).label if category else ""
    initial = {"category": category, "valid_from": year, "name": f"{words}党支部星级评分表（{year}年）"}
    form = NewCardForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            draft = card_editing.start_draft(
                hospital=hospital,
                category=data["category"],
                name=" ".join(data["name"].split()),
                valid_from=data["valid_from"],
                actor=request.user,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "草稿已建立，可以逐项修改；发布前不影响任何评分。")
            return redirect("points:star_card", pk=draft.pk)
    context = {"form": form, "hospital": hospital}
    return render(request, "points/stars/card_new.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_http_methods(EDITED)
def star_card_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, year, basis, thresholds, places, bonuses and deductions."""
    draft = draft_or_404(request, pk)
    if request.method != "POST":
        form = CardHeadForm(initial=CardHeadForm.initial_of(draft), draft=draft)
        return render(request, "points/stars/card_edit.html", {"form": form, "card": draft})
    data = request.POST.copy()
    form = CardHeadForm(data, draft=draft)
    if form.is_valid():
        try:
            card_editing.save_head(
                draft=draft, edition=form.edition(), version=form.cleaned_data["version"], actor=request.user
            )
        except ValidationError as error:
            _refused(form, error, data, draft)
        else:
            messages.success(request, "已保存。")
            return redirect("points:star_card", pk=pk)
    return render(request, "points/stars/card_edit.html", {"form": form, "card": draft}, status=422)


@login_required
@require_http_methods(EDITED)
def star_card_weights(request: HttpRequest, pk: int) -> HttpResponse:
    """The maxima of all lines in one form, with what they add up to."""
    draft = draft_or_404(request, pk)
    rows = list(draft.lines.all())
    if request.method != "POST":
        return _weights_page(request, draft, WeightsForm(rows=rows, initial={"version": draft.version}))
    data = request.POST.copy()
    form = WeightsForm(data, rows=rows)
    if form.is_valid():
        try:
            card_editing.save_weights(
                draft=draft, weights=form.weights, version=form.cleaned_data["version"], actor=request.user
            )
        except ValidationError as error:
            _refused(form, error, data, draft)
        else:
            wrong = sum_problem(form.total())
            (messages.warning if wrong else messages.success)(request, f"已保存。{wrong or '各项满分合计100分。'}")
            return redirect("points:star_card", pk=pk)
    return _weights_page(request, draft, form, status=422)


def _weights_page(request: HttpRequest, draft: Scorecard, form: WeightsForm, status: int = 200) -> HttpResponse:
    before = edition_before(draft)
    was = {line.fact: line.max for line in edition_of(before).card.lines} if before else {}
    weights = form.weights
    groups = []
    for group in groups_of(form.rows):
        mine = [(line, form[f"max_{line.row.pk}"], was.get(_fact(line.row))) for line in group.lines]
        total = sum(weights[line.row.pk] for line in group.lines)
        groups.append((group, number(total), mine))
    context = {
        "form": form,
        "card": draft,
        "before": before,
        "groups": groups,
        "total": number(form.total()),
        "off": off_words(form.total()),
    }
    return render(request, "points/stars/card_weights.html", context, status=status)


def _fact(row: ScorecardLine) -> str:
    return f"{GIVEN}:{row.code}" if row.measure == GIVEN else row.measure


def _refused(form: Any, error: ValidationError, data: Any, draft: Scorecard) -> None:
    """Put the refusal beside its field. Told once of another's change, saving again is meant."""
    add_errors(form, error)
    if getattr(error, "code", "") == card_editing.CONFLICT:
        rows = Scorecard.objects.filter(pk=draft.pk, published_at__isnull=True)
        data["version"] = str(rows.values_list("version", flat=True).first())


@login_required
@require_http_methods(EDITED)
def star_card_line_new(request: HttpRequest, pk: int) -> HttpResponse:
    """?group=: a line of the hospital's own, or one that was left out."""
    draft = draft_or_404(request, pk)
    asked = request.GET.get("group", "")
    group = int(asked) if asked.isdecimal() and 0 < int(asked) < 100 else 9
    taken = list(draft.lines.values_list("code", flat=True))
    return _line_page(request, draft, None, {"code": free_code(taken, group), "measure": GIVEN})


@login_required
@require_http_methods(EDITED)
def star_card_line(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """One line of a draft."""
    draft = draft_or_404(request, pk)
    row = get_object_or_404(draft.lines.all(), pk=line)
    return _line_page(request, draft, row, CardLineForm.initial_of(row))


def _line_page(request: HttpRequest, draft: Scorecard, row: ScorecardLine | None, initial: Any) -> HttpResponse:
    unused = card_editing.unused_measures(list(draft.lines.all()), MEASURES) if row is None else []
    measure = MEASURES.get(row.measure) if row else None
    words = measure.words(line_of(row).params) if row and measure else ""
    context = {"card": draft, "row": row, "measure": measure, "words": words}
    if request.method != "POST":
        form = CardLineForm(row=row, unused=unused, initial={**initial, "version": draft.version})
        return render(request, "points/stars/card_line.html", context | {"form": form})
    data = request.POST.copy()
    form = CardLineForm(data, row=row, unused=unused)
    if form.is_valid():
        try:
            saved = card_editing.save_line(
                draft=draft,
                line=form.line(),
                version=form.cleaned_data["version"],
                actor=request.user,
                pk=row.pk if row else None,
            )
        except ValidationError as error:
            _refused(form, error, data, draft)
        else:
            messages.success(request, f"{saved.code} {saved.title}已保存。")
            return redirect(f"{reverse('points:star_card', args=[draft.pk])}#line-{saved.pk}")
    return render(request, "points/stars/card_line.html", context | {"form": form}, status=422)


@login_required
def star_card_line_change(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """`act`: up, down or remove."""
    draft = draft_or_404(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    act = request.POST.get("act", "")
    try:
        if act == "remove":
            card_editing.remove_line(draft=draft, pk=line, actor=request.user)
            messages.success(request, "项目已删除。")
        elif act in ("up", "down"):
            card_editing.move_line(draft=draft, pk=line, step=-1 if act == "up" else 1, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    anchor = "" if act == "remove" else f"#line-{line}"
    return redirect(f"{reverse('points:star_card', args=[pk])}{anchor}")


@login_required
def star_card_delete(request: HttpRequest, pk: int) -> HttpResponse:
    draft = draft_or_404(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        card_editing.delete_draft(draft=draft, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"草稿“{draft.name}”已删除。")
    return redirect(f"{reverse('points:star_cards')}?hospital={draft.hospital_id}")


@login_required
@require_http_methods(EDITED)
def star_card_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """The checks, and the button where nothing stands in the way."""
    draft, today = draft_or_404(request, pk), timezone.localdate()
    refused: list[str] = []
    if request.method == "POST":
        typed = request.POST.get("version", "")
        try:
            if not request.POST.get("sure"):
                raise ValidationError("请先勾选“我已逐项核对”，再发布。")
            version = int(typed) if typed.isdecimal() and len(typed) < 9 else 0
            publish(draft=draft, version=version, actor=request.user, today=today)
        except ValidationError as error:
            refused = error.messages
        else:
            messages.success(request, f"“{draft.name}”已发布，有关党支部书记已收到消息。")
            return redirect("points:star_card", pk=pk)
    found = judged(draft, today=today)
    context = {
        "card": draft,
        "category": category_words(draft.category),
        "before": found.before,
        "checks": found.checks,
        "refused": [text for text in refused if text not in found.checks.errors],
        "found": differences(edition_of(found.before), edition_of(draft)) if found.before else None,
    }
    return render(request, "points/stars/card_publish.html", context, status=422 if refused else 200)
