"""The forms of a score card: a new draft, its head, its weights, one line. What is right is for the services to say."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms

from branches.choices import BranchCategory
from points.models import Scorecard, ScorecardLine
from points.rulebook.wording import number
from points.stars.card_editing import category_words
from points.stars.card_rules import (
    BASIS,
    FIRST_YEAR,
    HEAD_WORDS,
    LAST_YEAR,
    MARKS,
    NAME,
    STAR_NAMES,
    TITLE,
    Edition,
    mark_field,
    percent,
    total_of,
)
from points.stars.cards import edition_of, line_of
from points.stars.catalogue import TAGS
from points.stars.measures import MEASURES
from points.stars.rules import GIVEN, CardLine
from points.views.rule_forms import amount, choice, text

OWN: str = "医院自定，由党办评定"


def year_field() -> forms.IntegerField:
    errors = {"required": "请填写年度。", "invalid": "年度无法识别，请填写四位数字，如2027。"}
    errors |= dict.fromkeys(("min_value", "max_value"), f"请填写{FIRST_YEAR}至{LAST_YEAR}之间的年度。")
    widget = forms.TextInput(attrs={"class": "form-control", "inputmode": "numeric"})
    return forms.IntegerField(
        label="生效年度", min_value=FIRST_YEAR, max_value=LAST_YEAR, widget=widget, error_messages=errors
    )


class NewCardForm(forms.Form):
    """A draft begins as a copy of what is in force for the category in that year."""

    category = choice("适用类别", [("", category_words("")), *BranchCategory.choices], required=False)
    valid_from = year_field()
    name = text("名称", NAME, required=True)


class CardHeadForm(forms.Form):
    """Name, year, basis and the figures of the whole card; shares only of the general card."""

    name = text("名称", NAME, required=True)
    valid_from = year_field()
    basis = text("依据（会议或文件）", BASIS)
    rated_from = amount(HEAD_WORDS["rated_from"], help_text="适用项目的满分低于此数的支部不评定。")
    bonus_cap = amount(HEAD_WORDS["bonus_cap"])
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, draft: Scorecard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draft = draft
        for name in STAR_NAMES:
            self.fields[name] = amount(HEAD_WORDS[name])
        if not draft.category:
            for name in ("five_share", "four_share"):
                self.fields[name] = amount(HEAD_WORDS[name])
        for level in MARKS:
            self.fields[mark_field(level)] = amount(str(level.label))

    @property
    def star_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in STAR_NAMES]

    @property
    def mark_fields(self) -> list[forms.BoundField]:
        return [self[mark_field(level)] for level in MARKS]

    def edition(self) -> Edition:
        data, kept = self.cleaned_data, edition_of(self.draft, [])
        five, four, three, two = (data[name] for name in STAR_NAMES)
        card = replace(
            kept.card,
            thresholds=(five, four, three, two),
            rated_from=data["rated_from"],
            bonus_cap=data["bonus_cap"],
            marks={level: data[mark_field(level)] for level in MARKS},
        )
        if not self.draft.category:
            card = replace(
                card, five_share=Fraction(data["five_share"]) / 100, four_share=Fraction(data["four_share"]) / 100
            )
        names = {name: " ".join(data[name].split()) for name in ("name", "basis")}
        return replace(kept, valid_from=data["valid_from"], card=card, **names)

    @staticmethod
    def initial_of(draft: Scorecard) -> dict[str, Any]:
        card = edition_of(draft, []).card
        figures = dict(zip(STAR_NAMES, card.thresholds, strict=True))
        figures |= {"rated_from": card.rated_from, "bonus_cap": card.bonus_cap}
        figures |= {mark_field(level): card.marks[level] for level in MARKS}
        return {
            **{name: number(value) for name, value in figures.items()},
            "five_share": percent(card.five_share),
            "four_share": percent(card.four_share),
            "name": draft.name,
            "valid_from": draft.valid_from,
            "basis": draft.basis,
            "version": draft.version,
        }


class WeightsForm(forms.Form):
    """The maxima of all lines; what they add up to is shown, and asked for when the card is published."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rows: Iterable[ScorecardLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = list(rows)
        for row in self.rows:
            field = amount(f"{row.code} {row.title}满分", initial=number(row.max))
            field.widget.attrs |= {"data-weight": row.code.partition(".")[0], "class": "form-control num"}
            field.error_messages["required"] = "请填写满分。"
            self.fields[f"max_{row.pk}"] = field

    @property
    def weights(self) -> dict[int, Decimal]:
        """What is written and is a number; of the others what the draft says."""
        data = getattr(self, "cleaned_data", {})
        return {row.pk: data.get(f"max_{row.pk}", row.max) for row in self.rows}

    def total(self) -> Decimal:
        weights = self.weights
        return total_of(replace(line_of(row), max=weights[row.pk]) for row in self.rows)


class CardLineForm(forms.Form):
    """One line. A line that is there keeps what it measures; a new one may put back a measure no line uses."""

    code = text("编号", 8, required=True, help_text="类别号和序号，如2.3；9类是医院自定。")
    title = text("项目", TITLE, required=True)
    max = amount("满分")
    tag = choice("五化", [("", "不区分"), *TAGS.items()], required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, row: ScorecardLine | None, unused: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        if row is None:
            labels = [(GIVEN, OWN), *((key, MEASURES[key].words({})) for key in unused if key != GIVEN)]
            self.fields["measure"] = choice("计分办法", labels)
        measure = MEASURES.get(row.measure) if row else None
        self.measure = measure
        for name, label in measure.param_labels.items() if measure else ():
            sign = "（%）" if measure and name in measure.percents else ""
            self.fields[f"param_{name}"] = amount(f"{label}{sign}")

    @property
    def param_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("param_")]

    def line(self) -> CardLine:
        data, params = self.cleaned_data, dict[str, Decimal]()
        for name, usual in self.measure.params.items() if self.measure else ():
            value = data[f"param_{name}"]
            if self.measure and name in self.measure.percents:
                value = value / 100
            if value != usual:
                params[name] = value
        return CardLine(
            code=data["code"].strip(),
            title=" ".join(data["title"].split()),
            measure=self.row.measure if self.row else data["measure"],
            max=data["max"],
            tag=data["tag"],
            params=params,
        )

    @staticmethod
    def initial_of(row: ScorecardLine) -> dict[str, Any]:
        measure = MEASURES.get(row.measure)
        said: dict[str, Any] = {"code": row.code, "title": row.title, "max": number(row.max), "tag": row.tag}
        if measure:
            figures = {**measure.params, **line_of(row).params}
            for name, value in figures.items():
                said[f"param_{name}"] = number(value * 100 if name in measure.percents else value)
        return said
