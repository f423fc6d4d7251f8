"""From open to confirmed: grades moved by people, proposed by the branch, returned or confirmed by the committee.

The row of the assessment is locked by everybody who writes; whoever proposed does not confirm, nobody grades oneself.
"""

from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from branches.audit import record
from branches.choices import Role, Topic
from branches.inbox import Message, notify, notify_many
from branches.models import Branch, User
from branches.todo import close_todo, open_todo
from members.models import Member
from points.assessment.figures import Board, Row, board, differences
from points.assessment.results import locked_assessment
from points.assessment.rules import NOT_APPRAISED, needs_reason
from points.choices import AssessmentState, Grade
from points.models import Assessment, AssessmentLine

REASON: Final = range(4, 301)  # characters
STALE: Final = "这份考核刚被其他人修改过，请核对后再办。"
OPEN, PROPOSED, CONFIRMED = AssessmentState.OPEN, AssessmentState.PROPOSED, AssessmentState.CONFIRMED


@transaction.atomic
def set_grade(
    *, branch: Branch, year: int, member: Member, grade: str, reason: str, version: int, actor: User
) -> AssessmentLine | None:
    """Give a grade that differs from the suggestion, or the suggestion back. While open the branch does it, while
    proposed the committee. Of somebody without an appraisal the reason alone is written down.
    """
    assessment = _at(branch, year, version)
    if member.user_id == actor.pk:
        raise ValidationError("本人的等次请由其他同志登记。")
    shown = board(branch, year, timezone.localdate())
    row = next((one for one in shown.rows if one.member.pk == member.pk), None)
    if row is None or assessment.state == CONFIRMED:
        raise ValidationError(f"{year}年度考核已审定，不能再调整。" if row else "该同志不在这份考核中。")
    chosen, reason = Grade(grade) if grade in Grade.values else None, _text(reason)
    _check_choice(row, chosen, reason)
    before = row.grade
    line = AssessmentLine.objects.filter(assessment=assessment, member=member).first()
    if assessment.state == OPEN and not reason:
        if line is not None:
            line.delete()
        line = None
    else:
        line = line or AssessmentLine(assessment=assessment, member=member, name=row.name)
        line.grade, line.reason = chosen or "", reason
        line.save()
    _bump(assessment)
    changes = {
        "member": [None, row.name],
        "grade": [_label(before), _label(chosen)],
        "reason": [None, reason],
        "year": [None, year],
    }
    record(actor=actor, action="assessment.moved", target=assessment, branch=branch, changes=changes)
    return line


def _check_choice(row: Row, chosen: Grade | None, reason: str) -> None:
    one = row.judged
    if one.ungraded:
        raise ValidationError(f"{row.name}：{one.ungraded}。")
    if one.composite is None:
        if chosen is not None:
            raise ValidationError(f"{row.name}没有民主测评结果，不能定等次。")
        if len(reason) not in REASON:
            raise ValidationError({"reason": "请写明没有参加测评的原因（4至300字）。"})
        return
    if chosen is None:
        raise ValidationError({"grade": "请选择等次。"})
    if chosen not in row.choices:
        if one.limit is not None and one.limit != chosen and chosen.value in _better_than(one.limit):
            raise ValidationError({"grade": f"等次不能高于{one.limit.label}。"})
        raise ValidationError({"grade": "只能比建议的等次高或低一档。"})
    if needs_reason(one, chosen) and len(reason) not in REASON:
        raise ValidationError({"reason": "请写明理由或表决情况（4至300字），请勿写病情和处分内容。"})
    if len(reason) > REASON[-1]:
        raise ValidationError({"reason": "理由请控制在300字以内。"})


def _better_than(limit: Grade) -> list[str]:
    return Grade.values[: Grade.values.index(limit.value)]


@transaction.atomic
def propose(*, branch: Branch, year: int, cap_reason: str, version: int, actor: User) -> Assessment:
    """Freeze the figures of this moment and hand them to the committee."""
    today = timezone.localdate()
    assessment = _at(branch, year, version)
    if assessment.state != OPEN:
        raise ValidationError(f"{year}年度考核已提出，不用再提。")
    if today <= date(year, 12, 31):
        raise ValidationError(f"{year}年还没有结束，年终后再提出考核等次。")
    shown = board(branch, year, today)
    if not shown.rows:
        raise ValidationError(f"{year}年末没有在册党员。")
    if waiting := shown.waiting:
        names = "、".join(f"{row.name}（{row.waits}）" for row in waiting[:5])
        rest = f"等{len(waiting)}人" if len(waiting) > 5 else ""
        raise ValidationError(f"还有人没有定等次：{names}{rest}。")
    assessment.cap_reason = _checked_cap(shown, cap_reason)
    AssessmentLine.objects.filter(assessment=assessment).delete()
    AssessmentLine.objects.bulk_create([_line(assessment, row) for row in shown.rows])
    assessment.state, assessment.proposed_by, assessment.proposed_at = PROPOSED, actor, timezone.now()
    assessment.return_comment, assessment.points_locked = "", shown.year_locked
    assessment.meeting, assessment.confirmed_by, assessment.confirmed_at = "", None, None
    _bump(assessment)
    changes = _counts(shown) | {"reason": [None, assessment.cap_reason]} if shown.over_cap else _counts(shown)
    record(actor=actor, action="assessment.proposed", target=assessment, branch=branch, changes=changes)
    if branch.hospital is not None:
        title = f"审定{branch.name}{year}年度考核等次"
        open_todo(
            item_key=_key(assessment),
            title=title,
            url=_url(branch, year),
            role=Role.PARTY_OFFICE,
            branch=branch.hospital,
        )
    return assessment


def _checked_cap(shown: Board, cap_reason: str) -> str:
    """Above the cap somebody says why: a warning, never a bar (一般不超过三分之一)."""
    reason = _text(cap_reason)
    if not shown.over_cap:
        return ""
    if len(reason) not in REASON:
        raise ValidationError(
            {"cap_reason": f"优秀{shown.excellent}人，超过{shown.cap.most}人，请写明原因（4至300字）。"}
        )
    return reason


def _line(assessment: Assessment, row: Row) -> AssessmentLine:
    one = row.judged
    return AssessmentLine(
        assessment=assessment,
        member=row.member,
        name=row.name,
        year_points=one.year_points,
        index=one.index,
        composite=one.composite,
        limit=one.limit or "",
        vetoes=list(one.vetoes),
        suggested=one.suggested or "",
        grade=row.grade or "",
        reason=row.reason,
        ungraded=one.ungraded or ("" if row.grade else NOT_APPRAISED),
    )


@transaction.atomic
def return_assessment(*, branch: Branch, year: int, comment: str, version: int, actor: User) -> Assessment:
    """Back to the branch with a word why; what people had moved stays, the figures are worked out anew.

    Also after it was confirmed, when the points of the year were locked later and say something else.
    """
    assessment = _at(branch, year, version)
    comment = _text(comment)
    if assessment.state != PROPOSED:
        _require_recheck(assessment, branch, year)
    if len(comment) not in REASON:
        raise ValidationError({"comment": "请写明退回的原因（4至300字）。"})
    assessment.state, assessment.return_comment = OPEN, comment
    _bump(assessment)
    changes = {"year": [None, year], "comment": [None, comment]}
    record(actor=actor, action="assessment.returned", target=assessment, branch=branch, changes=changes)
    close_todo(item_key=_key(assessment))
    if assessment.proposed_by is not None:
        notify(
            recipient=assessment.proposed_by,
            topic=Topic.POINTS,
            item_key=_key(assessment),
            step=f"returned:{assessment.version}",
            text=f"{branch.name}{year}年度考核等次被退回，请修改后重新提出",
            url=_url(branch, year),
            detail=comment,
        )
    return assessment


@transaction.atomic
def take_back(*, branch: Branch, year: int, version: int, actor: User) -> Assessment:
    """The branch takes back what it proposed before the committee decided: open again, nothing of it is lost."""
    assessment = _at(branch, year, version)
    if assessment.state != PROPOSED:
        raise ValidationError(f"{year}年度考核{assessment.get_state_display()}，不能收回。")
    assessment.state = OPEN
    _bump(assessment)
    changes = {"year": [None, year]}
    record(actor=actor, action="assessment.taken_back", target=assessment, branch=branch, changes=changes)
    close_todo(item_key=_key(assessment))
    return assessment


@transaction.atomic
def confirm(*, branch: Branch, year: int, meeting: str, version: int, actor: User, cap_reason: str = "") -> Assessment:
    """What the committee decided, with its meeting or document. Members see their own grade from now on."""
    assessment = _at(branch, year, version)
    if assessment.state != PROPOSED:
        raise ValidationError(f"{year}年度考核{assessment.get_state_display()}，没有要审定的内容。")
    if assessment.proposed_by_id == actor.pk:
        raise ValidationError("提出人不能审定同一份考核，请由其他同志审定。")
    meeting = _text(meeting)
    if not 2 <= len(meeting) <= 120:
        raise ValidationError({"meeting": "请填写审定的会议或文号。"})
    shown = board(branch, year, timezone.localdate())
    if waiting := shown.waiting:
        raise ValidationError(f"{waiting[0].name}的等次待定，请先定等次或退回支部。")
    assessment.cap_reason = _checked_cap(shown, cap_reason or assessment.cap_reason)
    assessment.state, assessment.confirmed_by, assessment.confirmed_at = CONFIRMED, actor, timezone.now()
    assessment.meeting, assessment.points_locked = meeting, shown.year_locked and not differences_of(shown)
    _bump(assessment)
    changes = _counts(shown) | {"meeting": [None, meeting]}
    record(actor=actor, action="assessment.confirmed", target=assessment, branch=branch, changes=changes)
    close_todo(item_key=_key(assessment))
    notify_many(
        Message(
            recipient=row.member.user_id,
            topic=Topic.POINTS,
            item_key=_key(assessment),
            step=f"confirmed:{assessment.version}",
            text=f"您{year}年度的考核等次已审定，可在“我的积分”查看",
            url=reverse("points:my_points"),
        )
        for row in shown.rows
        if row.grade
    )
    return assessment


@transaction.atomic
def recheck(*, branch: Branch, year: int, reason: str, version: int, actor: User) -> Assessment:
    """Once, after the points of the year were locked: the confirmed grades stand.

    Nothing differs: that is written down. Something differs: the committee says why the grades stand all the same;
    else it returns them (`return_assessment`).
    """
    assessment = _at(branch, year, version)
    shown = _require_recheck(assessment, branch, year)
    found = differences_of(shown)
    reason = _text(reason)
    if found and len(reason) not in REASON:
        raise ValidationError({"reason": f"有{len(found)}处不同，维持原等次请写明理由（4至300字）。"})
    assessment.points_locked = True
    _bump(assessment)
    changes = {"year": [None, year], "rows": [None, len(found)], "reason": [None, reason]}
    record(actor=actor, action="assessment.rechecked", target=assessment, branch=branch, changes=changes)
    return assessment


def differences_of(shown: Board) -> list[Any]:
    """What the figures of today say otherwise than the frozen lines of `shown`."""
    return differences(shown, board(shown.branch, shown.year, timezone.localdate(), live=True))


def _require_recheck(assessment: Assessment, branch: Branch, year: int) -> Board:
    shown = board(branch, year, timezone.localdate())
    if assessment.state != CONFIRMED:
        raise ValidationError(f"{year}年度考核{assessment.get_state_display()}，现在不能这样办理。")
    if assessment.points_locked:
        raise ValidationError("审定时积分已锁定或已经核对过，不用再核对。")
    if not shown.year_locked:
        raise ValidationError(f"{year}年积分还没有锁定，锁定后再核对。")
    return shown


def _at(branch: Branch, year: int, version: int) -> Assessment:
    assessment = locked_assessment(branch, year)
    if assessment.version != version and not (version == 0 and assessment.version == 1):
        raise ValidationError(STALE, code="conflict")
    return assessment


def _bump(assessment: Assessment) -> None:
    assessment.version += 1
    assessment.save()


def _counts(shown: Board) -> dict[str, Any]:
    counts: dict[str, Any] = {str(grade.label): [None, n] for grade, n in shown.counts if n}
    return counts | {"year": [None, shown.year]}


def _label(grade: Grade | None) -> str | None:
    return str(grade.label) if grade else None


def _text(text: str) -> str:
    return " ".join(text.split())


def _key(assessment: Assessment) -> str:
    return f"assessment:{assessment.pk}"


def _url(branch: Branch, year: int) -> str:
    return reverse("points:assessment_detail", args=[branch.pk, year])
