"""The two forms of a draft: the edition as a whole, and one item. What is right is for the services to say."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django import forms

from points.choices import CAPPED, VETO_LIMITS, Category, Declarer, Grade, Origin, PostKind, Reviewer
from points.models import RuleItem, RuleVersion
from points.rulebook.book import item_of, plan_of, scheme_of
from points.rulebook.differences import Plan
from points.rulebook.feeds import FeedWords
from points.rulebook.reading import next_key
from points.rulebook.rules import CAP_FIELDS, MOST_LEVELS
from points.rulebook.wording import number, points_text, ratio_words, read_ratio
from points.rules import Item, Level, Scheme, Variant

SPARE: Final = 3  # empty rows for further steps
WAYS: Final = [("fixed", "固定分值"), ("units", "每满若干单位"), ("levels", "分档次")]
MODES: Final = [("", "与上面相同"), ("own", "另定"), ("off", "不适用")]


class Amount(forms.DecimalField):
    """A number as people and this site write it: the real minus sign too."""

    def to_python(self, value: Any) -> Decimal | None:
        return super().to_python(value.strip().replace("−", "-") if isinstance(value, str) else value)


def amount(label: str, *, required: bool = True, **kwargs: Any) -> forms.DecimalField:
    errors = {
        "required": f"请填写{label}。",
        "invalid": "请填写数字。",
        "max_decimal_places": "最多两位小数。",
        "max_digits": "数字太大。",
        "max_whole_digits": "数字太大。",
    }
    widget = forms.TextInput(attrs={"class": "form-control", "inputmode": "decimal"})
    return Amount(
        label=label, required=required, max_digits=8, decimal_places=2, widget=widget, error_messages=errors, **kwargs
    )


def text(label: str, most: int, *, required: bool = False, **kwargs: Any) -> forms.CharField:
    errors = {"required": f"请填写{label}。", "max_length": f"{label}不超过{most}字。"}
    widget = forms.TextInput(attrs={"class": "form-control"})
    return forms.CharField(
        label=label, max_length=most, required=required, widget=widget, error_messages=errors, **kwargs
    )


def choice(label: str, choices: Any, **kwargs: Any) -> forms.ChoiceField:
    errors = {"required": f"请选择{label}。", "invalid_choice": "请从列表中选择。"}
    widget = forms.Select(attrs={"class": "form-select"})
    return forms.ChoiceField(label=label, choices=choices, widget=widget, error_messages=errors, **kwargs)


class MonthField(forms.DateField):
    """A month of the calendar, as its first day."""

    widget = forms.DateInput(format="%Y-%m", attrs={"type": "month", "class": "form-control"})

    def __init__(self, **kwargs: Any) -> None:
        errors = {"required": "请选择月份。", "invalid": "月份无法识别，请按“2027-01”的样式填写。"}
        super().__init__(input_formats=["%Y-%m"], error_messages=errors, **kwargs)

    def clean(self, value: Any) -> date:
        day = super().clean(value)
        if day and not 2000 <= day.year <= 2100:
            raise forms.ValidationError("请填写正确的月份。")
        return day


class NewDraftForm(forms.Form):
    """A draft begins as a copy. `large`: in points ten times as large."""

    source = forms.ModelChoiceField(
        RuleVersion.objects.none(),
        label="复制自",
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"required": "请选择版本。", "invalid_choice": "请从列表中选择。"},
    )
    name = text("名称", 60, required=True)
    valid_from = MonthField(label="生效月份")
    large = forms.BooleanField(
        label="改为大分值（基础分、上限和各项分值都乘10）",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, sources: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = sources


class HeadForm(forms.Form):
    """Name, month, basis and the figures of the whole year."""

    name = text("名称", 60, required=True)
    valid_from = MonthField(label="生效月份")
    basis = text("依据（会议或文件）", 120)
    base = amount("基础分")
    scale = amount("分值倍数", help_text="1为百分制；10为大分值，积分满1000分折合100分。")
    points_share = amount("积分占比（%）", help_text="综合分中积分所占的比例，其余为民主测评。")
    excellent_from = amount("优秀候选线")
    qualified_from = amount("合格线")
    basically_from = amount("基本合格线")
    excellent_ratio = text("优秀比例", 12, required=True, help_text="优秀人数占正式党员的比例，如1/3、15%。")
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for category, name in CAP_FIELDS.items():
            self.fields[name] = amount(f"{category.label}上限")

    @property
    def caps(self) -> list[forms.BoundField]:
        return [self[name] for name in CAP_FIELDS.values()]

    @staticmethod
    def initial_of(draft: RuleVersion) -> dict[str, Any]:
        figures = ("base", "scale", "points_share", "excellent_from", "qualified_from", "basically_from")
        plain = {name: number(getattr(draft, name)) for name in (*figures, *CAP_FIELDS.values())}
        plain["excellent_ratio"] = ratio_words(scheme_of(draft).excellent_ratio)
        return {**plain, "name": draft.name, "valid_from": draft.valid_from, "basis": draft.basis}

    def clean_excellent_ratio(self) -> Fraction:
        try:
            return read_ratio(self.cleaned_data["excellent_ratio"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def plan(self, draft: RuleVersion) -> Plan:
        """The draft with what the valid form says in place of its head."""
        data = self.cleaned_data
        scheme = Scheme(
            base=data["base"],
            caps={category: data[CAP_FIELDS[category]] for category in CAPPED},
            scale=data["scale"],
            points_share=data["points_share"] / 100,
            thresholds=(
                (Grade.EXCELLENT, data["excellent_from"]),
                (Grade.QUALIFIED, data["qualified_from"]),
                (Grade.BASICALLY_QUALIFIED, data["basically_from"]),
            ),
            excellent_ratio=data["excellent_ratio"],
        )
        said = {name: " ".join(data[name].split()) for name in ("name", "basis")}
        return replace(plan_of(draft, []), **said, valid_from=data["valid_from"], scheme=scheme)


class ItemForm(forms.Form):
    """One item. Steps and posts have rows of fields of their own: level_label_0, post_mode_clinical …"""

    code = text("编号", 8, required=True)
    category = choice("类别", Category)
    title = text("项目", 100, required=True)
    how = forms.ChoiceField(choices=WAYS, error_messages={"required": "请选择计分办法。"})
    points = amount("分值", required=False)
    per = amount("每满", required=False)
    unit = text("单位", 8)
    levels = forms.CharField(required=False)
    cap = amount("年度上限", required=False, help_text="不设上限请留空。")
    factor_without_groups = amount(
        "不设党小组的支部系数",
        required=False,
        help_text="不设党小组的支部，分值和上限按几倍计：1为相同，1.5为一倍半，0为没有这一项。",
    )
    variants = forms.CharField(required=False)
    grade_limit = choice(
        "最高等次",
        [("", "按决定（由会议登记）"), *((one.value, one.label) for one in VETO_LIMITS)],
        required=False,
        help_text="一票否决生效后，当年考核最高能定的等次。",
    )
    points_text = text("计分说明", 60, help_text="留空则按上面的数字自动写成。")
    origin = choice("记分方式", Origin)
    feed = choice("自动来源", [], required=False)
    declared_by = choice("申报人", Declarer)
    reviewed_by = choice("审核人", Reviewer)
    evidence = text("依据", 60, help_text="如签到、证书、照片。")
    evidence_required = forms.BooleanField(
        label="必须上传依据", required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, feeds: Mapping[str, FeedWords], used: Collection[str], row: RuleItem | None, **kwargs: Any
    ) -> None:
        """`used`: feeds of the other items, which are not offered."""
        super().__init__(*args, **kwargs)
        self.row = row
        self.fields["feed"].choices = [
            ("", "无"),
            *((one.feed, one.label) for one in feeds.values() if one.feed not in used),
        ]
        steps = row.levels if row else []
        rows = min(MOST_LEVELS, max(len(steps), self._posted_rows()) + SPARE)
        for n in range(rows):
            self.fields[f"level_label_{n}"] = text(f"第{n + 1}档名称", 20)
            self.fields[f"level_points_{n}"] = amount(f"第{n + 1}档分值", required=False)
        for post in PostKind:
            self.fields[f"post_mode_{post}"] = choice(post.label, MODES, required=False)
            self.fields[f"post_points_{post}"] = amount(f"{post.label}分值", required=False)
            self.fields[f"post_cap_{post}"] = amount(f"{post.label}上限", required=False)
        self.rows = rows

    def _posted_rows(self) -> int:
        filled = [
            n for n in range(MOST_LEVELS) if self.data.get(f"level_label_{n}") or self.data.get(f"level_points_{n}")
        ]
        return max(filled, default=-1) + 1

    @property
    def level_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"level_label_{n}"], self[f"level_points_{n}"]) for n in range(self.rows)]

    @property
    def post_rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [(self[f"post_mode_{post}"], self[f"post_points_{post}"], self[f"post_cap_{post}"]) for post in PostKind]

    @property
    def has_variants(self) -> bool:
        return any(self[f"post_mode_{post}"].value() for post in PostKind) or bool(self["variants"].errors)

    def item(self) -> Item:
        """What the valid form says."""
        data = self.cleaned_data
        how = data["how"]
        levels = tuple(self._levels()) if how == "levels" else ()
        category, limit = Category(data["category"]), data["grade_limit"]
        return Item(
            code=data["code"].strip().upper(),
            category=category,
            title=" ".join(data["title"].split()),
            points=Decimal(0) if how == "levels" else data["points"] or Decimal(0),
            cap=data["cap"],
            per=(data["per"] or Decimal(1)) if how == "units" else Decimal(1),
            unit=data["unit"].strip() or "次",
            levels=levels,
            factor_without_groups=Decimal(1)
            if data["factor_without_groups"] is None
            else data["factor_without_groups"],
            variants=self._variants(),
            points_text=" ".join(data["points_text"].split()),
            origin=Origin(data["origin"]),
            evidence=" ".join(data["evidence"].split()),
            evidence_required=data["evidence_required"],
            feed=data["feed"],
            declared_by=Declarer(data["declared_by"]),
            reviewed_by=Reviewer(data["reviewed_by"]),
            grade_limit=Grade(limit) if limit and category == Category.VETO else None,
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for n in range(self.rows):
            label, points = data.get(f"level_label_{n}"), data.get(f"level_points_{n}")
            if data.get("how") == "levels" and bool(label) != (points is not None):
                self.add_error(f"level_points_{n}", "名称和分值都要填写。")
        return data

    def _levels(self) -> list[Level]:
        """A step of the same name keeps its key: claims of it stay with it."""
        keys = {one["label"]: one["code"] for one in (self.row.levels if self.row else [])}
        taken = set(keys.values())
        found = []
        for n in range(self.rows):
            label = " ".join((self.cleaned_data.get(f"level_label_{n}") or "").split())
            points = self.cleaned_data.get(f"level_points_{n}")
            if label and points is not None:
                found.append(Level(keys.get(label) or next_key(taken), label, points))
        return found

    def _variants(self) -> dict[str, Variant]:
        found = {}
        for post in PostKind:
            mode = self.cleaned_data.get(f"post_mode_{post}")
            if mode == "off":
                found[post.value] = Variant(off=True)
            elif mode == "own":
                figures = (self.cleaned_data.get(f"post_points_{post}"), self.cleaned_data.get(f"post_cap_{post}"))
                found[post.value] = Variant(points=figures[0], cap=figures[1])
        return found

    @staticmethod
    def initial_of(row: RuleItem) -> dict[str, Any]:
        item = item_of(row)
        said: dict[str, Any] = {
            name: getattr(item, name)
            for name in ("code", "category", "title", "unit", "origin", "feed", "declared_by", "reviewed_by")
        }
        said |= {
            "grade_limit": item.grade_limit or "",
            "evidence": item.evidence,
            "evidence_required": item.evidence_required,
        }
        said["how"] = "levels" if item.levels else "units" if item.per != 1 else "fixed"
        said["points"] = "" if item.levels else number(item.points)
        said["per"] = "" if item.per == 1 else number(item.per)
        said["cap"] = "" if item.cap is None else number(item.cap)
        said["factor_without_groups"] = number(item.factor_without_groups)
        said["points_text"] = "" if item.points_text == points_text(item) else item.points_text
        for n, level in enumerate(item.levels):
            said |= {f"level_label_{n}": level.label, f"level_points_{n}": number(level.points)}
        for post, one in item.variants.items():
            said[f"post_mode_{post}"] = "off" if one.off else "own"
            said[f"post_points_{post}"] = "" if one.points is None else number(one.points)
            said[f"post_cap_{post}"] = "" if one.cap is None else number(one.cap)
        return said
