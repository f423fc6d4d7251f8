"""What the Party office enters: figures of lines without a register, and bonuses, deductions, vetoes with their
document. Nothing is deleted: a mark is withdrawn with a reason, figures keep their history on the trail.
"""

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from branches.audit import record
from branches.choices import Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Appointment, Branch, User
from points.choices import MARK_LEVELS, MARKS_WITH_STARS, MarkKind, MarkLevel, RatingState
from points.models import LineRecord, StarMark, StarRating
from points.stars.follow_ups import ask_to_drop, drop_lifted
from points.stars.formulas import Field
from points.stars.measures import MEASURES
from points.stars.rules import GIVEN

MOST: Final = Decimal(10_000_000)
REASON: Final = range(2, 201)


def fields_of(fact: str) -> tuple[Field, ...]:
    """The numbers a fact is entered with. Raises KeyError for one a register of the system keeps."""
    measure = MEASURES[fact.partition(":")[0]]
    if not measure.by_hand:
        raise KeyError(fact)
    return measure.fields


def cleaned(fact: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """The values of a form. Raises ValidationError by field."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in fields_of(fact):
        text = typed.get(field.name, "").strip()
        if field.flag:
            values[field.name] = text in ("on", "yes", "1")
            continue
        try:
            number = Decimal(text)
        except InvalidOperation:
            problems[field.name] = f"{field.label}：请填写数字。"
            continue
        if not number.is_finite() or not 0 <= number <= MOST:
            problems[field.name] = f"{field.label}：请填写0以上的数字。"
        elif field.unit != "元" and field.unit != "小时" and field.unit != "分" and number != int(number):
            problems[field.name] = f"{field.label}：请填写整数。"
        else:
            values[field.name] = int(number) if number == int(number) else str(number)
    if not problems and (wrong := _more_than_whole(fact, values)):
        problems |= wrong
    if problems:
        raise ValidationError(problems)
    return values


_WITHIN: Final = {  # part -> whole
    "heart_talks": ("talked", "members"),
    "development_steps": ("late", "steps"),
    "high_level": ("high", "admitted"),
    "dues_on_time": ("on_time", "due"),
    "letters": ("signed", "required"),
    "risks": ("reviewed", "registered"),
    "practical_items": ("accepted", "planned"),
    GIVEN: ("points", "out_of"),
}


def _more_than_whole(fact: str, values: Mapping[str, Any]) -> dict[str, str]:
    pair = _WITHIN.get(fact.partition(":")[0])
    if pair and Decimal(values[pair[0]]) > Decimal(values[pair[1]]):
        labels = {field.name: field.label for field in fields_of(fact)}
        return {pair[0]: f"{labels[pair[0]]}不能多于{labels[pair[1]]}。"}
    if fact == "space" and int(values["stars"]) > 5:
        return {"stars": "阵地星级为0至5。"}
    return {}


@transaction.atomic
def enter_figures(
    *, branch: Branch, year: int, fact: str, typed: Mapping[str, str], source: str, version: int, actor: User
) -> LineRecord:
    """Write the figures of a line; `version` 0 begins them. Raises ValidationError by field."""
    require_open_year(branch, year)
    values = cleaned(fact, typed)
    source = " ".join(source.split())
    if len(source) not in REASON:
        raise ValidationError({"source": "请写明数据来源，例如台账名称、文号（2至200字）。"})
    row = LineRecord.objects.select_for_update().filter(branch=branch, year=year, fact=fact).first()
    if row is None:
        try:
            with transaction.atomic():
                row = LineRecord.objects.create(branch=branch, year=year, fact=fact, version=0)
        except IntegrityError:  # entered by two people in the same moment
            row = LineRecord.objects.select_for_update().get(branch=branch, year=year, fact=fact)
    if row.version != version:
        raise ValidationError("这项数据刚被其他人修改过，请核对后再保存。", code="conflict")
    changes = {"数据": [_words(fact, row.values), _words(fact, values)], "来源": [row.source, source]}
    row.values, row.source, row.entered_by = values, source, actor
    row.version += 1
    row.save()
    record(actor=actor, action="star_record.entered", target=row, branch=branch, changes=changes)
    return row


def _words(fact: str, values: Mapping[str, Any]) -> str:
    def text(field: Field) -> str:
        value = values[field.name]
        return ("是" if value else "否") if field.flag else f"{value}{field.unit}"

    return "，".join(f"{field.label}{text(field)}" for field in fields_of(fact) if field.name in values)


def require_open_year(branch: Branch, year: int) -> None:
    """Once a rating was reviewed its figures stand; the office returns it to change them."""
    row = StarRating.objects.filter(branch=branch, year=year).first()
    if row is not None and row.state in (RatingState.REVIEWED, RatingState.PUBLICISED, RatingState.APPROVED):
        raise ValidationError(f"{branch.name}{year}年度星级{row.get_state_display()}，退回后才能修改数据。")
    if year > timezone.localdate().year:
        raise ValidationError(f"{year}年还没有开始。")


@transaction.atomic
def enter_mark(
    *,
    branch: Branch,
    year: int,
    kind: str,
    level: str,
    stars: int | None,
    title: str,
    decided_by: str,
    document_no: str,
    happened_on: date,
    form_key: uuid.UUID,
    actor: User,
) -> StarMark:
    """Enter a bonus, a deduction, a veto or a decision with its document; the same form twice is one. A veto may come
    at any time, the others before the rating is reviewed. Raises ValidationError by field."""
    if standing := StarMark.objects.filter(form_key=form_key).first():
        return standing
    title, decided_by, document_no = (" ".join(text.split()) for text in (title, decided_by, document_no))
    problems: dict[str, str] = {}
    if kind not in MarkKind.values:
        problems["what"] = "请选择类别。"
    elif MARK_LEVELS.get(kind) and level not in MARK_LEVELS[kind]:
        problems["what"] = "请选择等级或情形。"
    if kind in MARKS_WITH_STARS and stars not in range(1, 6):
        problems["stars"] = "请选择星级。"
    if not 2 <= len(title) <= 100:
        problems["title"] = "请写明事项（2至100字）。"
    if not 2 <= len(decided_by) <= 60:
        problems["decided_by"] = "请填写表彰或认定的单位（2至60字）。"
    if not 2 <= len(document_no) <= 60:
        problems["document_no"] = "请填写文号（2至60字）。"
    if happened_on.year != year:
        problems["happened_on"] = f"日期应在{year}年内。"
    elif happened_on > timezone.localdate():
        problems["happened_on"] = "不能晚于今天。"
    if problems:
        raise ValidationError(problems)
    if kind != MarkKind.VETO:
        require_open_year(branch, year)
    same = StarMark.objects.standing().filter(branch=branch, year=year, kind=kind, level=level, document_no=document_no)
    if same.exists():
        raise ValidationError({"document_no": "这个文号已登记过同一事项，请勿重复登记。"})
    try:
        with transaction.atomic():
            mark = StarMark.objects.create(
                branch=branch,
                year=year,
                kind=kind,
                level=level if MARK_LEVELS.get(kind) else "",
                stars=stars if kind in MARKS_WITH_STARS else None,
                title=title,
                decided_by=decided_by,
                document_no=document_no,
                happened_on=happened_on,
                entered_by=actor,
                form_key=form_key,
            )
    except IntegrityError:  # the same form, twice in one moment
        return StarMark.objects.get(form_key=form_key)
    changes = {"类别": [None, mark.get_kind_display()], "document_no": [None, document_no]}
    record(actor=actor, action="star_mark.entered", target=mark, branch=branch, changes=changes)
    _tell(mark, "entered", f"{branch.name}{year}年度星级登记了{mark.get_kind_display()}")
    if kind == MarkKind.VETO:
        ask_to_drop(mark, timezone.localdate())
    return mark


@transaction.atomic
def withdraw_mark(*, mark: StarMark, reason: str, actor: User) -> StarMark:
    """Take a mark back with a reason; it stays on record and counts no more."""
    mark = StarMark.objects.select_for_update(of=("self",)).select_related("branch").get(pk=mark.pk)
    if mark.withdrawn_at is not None:
        return mark
    reason = " ".join(reason.split())
    if len(reason) not in REASON:
        raise ValidationError({"reason": "请写明撤销的原因（2至200字）。"})
    if mark.kind != MarkKind.VETO:
        require_open_year(mark.branch, mark.year)
    mark.withdrawn_at, mark.withdrawn_by, mark.withdrawn_reason = timezone.now(), actor, reason
    mark.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    changes = {"document_no": [mark.document_no, None], "reason": [None, reason]}
    record(actor=actor, action="star_mark.withdrawn", target=mark, branch=mark.branch, changes=changes)
    _tell(mark, "withdrawn", f"{mark.branch.name}{mark.year}年度星级撤销了{mark.get_kind_display()}")
    if mark.kind == MarkKind.VETO:
        drop_lifted(mark.branch, timezone.localdate())
    return mark


def _tell(mark: StarMark, step: str, text: str) -> None:
    """The secretary of the branch, at once: what is held against it, or for it, is no surprise in January."""
    posts = Appointment.objects.current(timezone.localdate()).filter(branch=mark.branch, role=Role.BRANCH_SECRETARY)
    url = reverse("points:star_detail", args=[mark.branch_id, mark.year])
    notify_many(
        Message(user, Topic.STARS, f"star_mark:{mark.pk}", step, text, url)
        for user in posts.values_list("user", flat=True).distinct()
    )


def mark_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Everything that can be entered, as "kind:level", by kind; what has no levels stands together at the end."""
    found = [
        (str(MarkKind(kind).label), [(f"{kind}:{level}", str(MarkLevel(level).label)) for level in levels])
        for kind, levels in MARK_LEVELS.items()
    ]
    others = [(f"{kind}:", str(kind.label)) for kind in MarkKind if kind not in MARK_LEVELS]
    return [*found, ("认定", others)]
