"""What a hospital asks for the stars of its members: the editions so far, and a form for the next."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from branches.access import require
from branches.choices import Capability
from branches.models import Branch
from points.choices import Category
from points.models import MemberStarScheme
from points.rulebook.book import RuleBook
from points.rulebook.wording import number
from points.rules import Item
from points.stars.members.schemes import FIGURES, save_scheme, scheme_in
from points.views.rule_forms import amount, text

DEED_CATEGORIES = (Category.POS, Category.SVC)


class TermsForm(forms.Form):
    """Thresholds in hundreds, shares in percent."""

    valid_from = forms.TypedChoiceField(
        label="从哪一年度起", coerce=int, widget=forms.Select(attrs={"class": "form-select"})
    )
    basis = text("依据（会议或文号）", 120)
    five_from = amount("五星积分线", min_value=Decimal(1), max_value=Decimal(120))
    four_from = amount("四星积分线", min_value=Decimal(1), max_value=Decimal(120))
    three_from = amount("三星积分线", min_value=Decimal(1), max_value=Decimal(120))
    two_from = amount("二星积分线", min_value=Decimal(1), max_value=Decimal(120))
    five_share = amount("五星比例（%）", min_value=Decimal(0), max_value=Decimal(100))
    four_share = amount("四星以上比例（%）", min_value=Decimal(0), max_value=Decimal(100))
    worst = amount("五星允许的最大单项扣分", min_value=Decimal(0), max_value=Decimal(120))
    least_rated = forms.IntegerField(
        label="单独计算名额的最少人数",
        min_value=1,
        max_value=100,
        widget=forms.TextInput(attrs={"class": "form-control", "inputmode": "numeric"}),
        error_messages={"required": "请填写人数。", "invalid": "请填写整数。"},
    )
    deeds = forms.MultipleChoiceField(
        label="五星认可的项目",
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, years: list[int], items: list[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["valid_from"].choices = [(year, f"{year}年度") for year in years]  # type: ignore[attr-defined]
        self.fields["deeds"].choices = [(one.code, f"{one.code}{one.title}") for one in items]  # type: ignore[attr-defined]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def member_star_terms(request: HttpRequest) -> HttpResponse:
    """?hospital=: the terms of this year and of the one before; POST sets an edition."""
    require(request.user, Capability.STARS_REVIEW)
    today = timezone.localdate()
    hospitals = list(Branch.objects.visible_to(request.user, Capability.STARS_REVIEW).filter(hospital_id=F("pk")))
    asked = request.POST.get("hospital") or request.GET.get("hospital", "")
    hospital = next((one for one in hospitals if str(one.pk) == asked), hospitals[0] if hospitals else None)
    if hospital is None:
        raise Http404
    rules = RuleBook().of_year(hospital.pk, today.year)
    scheme = scheme_in(hospital.pk, today.year)
    named = {code for code in scheme.deeds if code in rules.items}
    items = [one for one in rules.items.values() if one.category in DEED_CATEGORIES or one.code in named]
    items.sort(key=lambda one: one.code)
    years = [today.year - 1, today.year, today.year + 1]
    initial: dict[str, Any] = {name: _plain(getattr(scheme, name)) for name in FIGURES}
    initial |= {"valid_from": today.year, "deeds": scheme.deeds, "basis": scheme.basis}
    form = TermsForm(request.POST or None, initial=initial, years=years, items=items)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            save_scheme(
                hospital=hospital,
                valid_from=values["valid_from"],
                values={name: values[name] for name in FIGURES},
                deeds=values["deeds"],
                basis=values["basis"],
                rules=rules,
                actor=request.user,
            )
        except ValidationError as error:
            _tell(form, error)
        else:
            messages.success(request, f"已设定，从{values['valid_from']}年度起执行。")
            return redirect(f"{request.path}?hospital={hospital.pk}")
    editions = MemberStarScheme.objects.filter(hospital=hospital) | MemberStarScheme.objects.filter(hospital=None)
    context = {
        "form": form,
        "hospital": hospital,
        "hospitals": hospitals,
        "editions": _with_ends(list(editions.select_related("set_by").order_by("-valid_from"))),
        "scale": rules.scheme.scale,
        "this_year": today.year,
    }
    return render(request, "points/member_stars/terms.html", context, status=422 if form.errors else 200)


def _with_ends(editions: list[MemberStarScheme]) -> list[MemberStarScheme]:
    """The hospital's own, and of the default what came before the first of them."""
    own = [one for one in editions if one.hospital_id]
    first = min((one.valid_from for one in own), default=date.max.year)
    return own + [one for one in editions if not one.hospital_id and one.valid_from < first]


def _plain(value: Decimal | int) -> str:
    return number(Decimal(value))


def _tell(form: TermsForm, error: ValidationError) -> None:
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)
