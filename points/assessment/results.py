"""Results of the democratic appraisal: counts of votes for each member, never who voted what. Written here alone."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from branches.audit import record
from branches.models import Branch, User
from members.choices import MemberType
from points.assessment.figures import VOTES, results_of, roll_at, votes_of
from points.assessment.rules import PROBATIONARY
from points.choices import AssessmentState
from points.models import AppraisalResult, Assessment

MOST_VOTES: Final = 2000  # of one member: beyond it somebody typed two numbers into one box
Counts = tuple[int, int, int, int]  # 优秀, 合格, 基本合格, 不合格


class Given(NamedTuple):
    """What is to be written of one member. `version` of the result the form was filled from, 0 where there was none."""

    counts: Counts | None  # None: takes the result away
    version: int


class Conflict(ValidationError):
    """Somebody saved first. `members`: whose results are others now."""

    def __init__(self, members: list[int], names: list[str]) -> None:
        shown = "、".join(names[:5]) + ("等" if len(names) > 5 else "")
        super().__init__(f"{shown}的测评结果刚被其他人修改过，请核对后再保存。", code="conflict")
        self.members = members


def locked_assessment(branch: Branch, year: int) -> Assessment:
    """The row of a branch and year, made where it is missing, locked: all writers of an assessment pass here."""
    found = Assessment.objects.select_for_update().filter(branch=branch, year=year).first()
    if found is None:
        try:
            with transaction.atomic():
                Assessment.objects.create(branch=branch, year=year)
        except IntegrityError:
            pass  # somebody began it in this moment
        found = Assessment.objects.select_for_update().get(branch=branch, year=year)
    return found


@transaction.atomic
def enter_results(
    *, branch: Branch, year: int, given: Mapping[int, Given], voters: int | None = None, actor: User
) -> int:
    """Write the votes of members of a branch; returns how many changed. All of them or none.

    `voters`: how many handed in a sheet; nobody can have more votes. Errors are keyed by "v<member>" or "voters".
    """
    assessment = locked_assessment(branch, year)
    if assessment.state != AssessmentState.OPEN:
        raise ValidationError(f"{year}年度考核{assessment.get_state_display()}，退回后才能修改测评结果。")
    if voters is not None and not 0 < voters <= MOST_VOTES:
        raise ValidationError({"voters": f"参加测评人数应为1至{MOST_VOTES}的整数。"})
    members = {member.pk: member for member in roll_at([branch.pk], year, timezone.localdate())}
    present = results_of(list(given), year)
    errors: dict[str, str] = {}
    stale: list[int] = []
    changed: list[int] = []
    for pk, (counts, version) in given.items():
        member, old = members.get(pk), present.get(pk)
        if member is None:
            raise ValidationError("名单已有变动，请刷新后重新填写。")
        before = votes_of(old) if old else None
        if counts == before:
            continue
        if member.user_id == actor.pk:
            errors[f"v{pk}"] = "本人的测评结果请由其他支委登记。"
        elif member.roll_type != MemberType.FULL and counts is not None:  # type: ignore[attr-defined]
            errors[f"v{pk}"] = f"{PROBATIONARY}，不用登记票数。"
        elif counts is not None and (wrong := _wrong(counts, voters)):
            errors[f"v{pk}"] = wrong
        elif version != (old.version if old else 0):
            stale.append(pk)
        else:
            changed.append(pk)
    if errors:
        raise ValidationError(errors)
    if stale:
        raise Conflict(stale, [members[pk].user.name for pk in stale])
    for pk in changed:
        _write(branch, year, pk, present.get(pk), given[pk].counts, actor)
    if changed:
        changes = {"year": [None, year], "rows": [None, len(changed)]}
        record(actor=actor, action="appraisal.entered", target=assessment, branch=branch, changes=changes)
    return len(changed)


def _wrong(counts: Counts, voters: int | None) -> str:
    if min(counts) < 0:
        return "票数不能小于0。"
    total = sum(counts)
    if not total:
        return "四项票数都是0；没有测评的请留空。"
    if voters is not None and total > voters:
        return f"四项合计{total}票，多于参加测评的{voters}人。"
    return f"四项合计{total}票，请核对是否多输了数字。" if total > MOST_VOTES else ""


def _write(
    branch: Branch, year: int, member: int, old: AppraisalResult | None, counts: Counts | None, actor: User
) -> None:
    if counts is None:
        if old is not None:
            old.delete()
        return
    row = old or AppraisalResult(member_id=member, year=year, version=0)
    row.branch, row.entered_by = branch, actor
    row.version += 1
    for name, count in zip(VOTES, counts, strict=True):
        setattr(row, name, count)
    row.save()
