"""From preview to confirmed stars: what a meeting said of equals and the frail, handed in, returned or confirmed.

The row of the sheet is locked by everybody who writes; whoever handed in does not confirm, nobody decides the own star.
Branches that share their places are confirmed together.
"""

from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from branches.audit import record
from branches.choices import Role, Topic
from branches.inbox import Message, notify, notify_many
from branches.models import Branch, User
from branches.todo import close_todo, open_todo
from members.models import Member
from points.choices import AssessmentState
from points.models import MemberStar, MemberStarSheet
from points.stars.members.figures import StarBoard, StarRow, pool_kept, star_board, star_pool

REASON: Final = range(4, 301)  # characters
STALE: Final = "这份名单刚被其他人修改过，请核对后再办。"
LEAVE_OUT: Final = "out"
OPEN, PROPOSED, CONFIRMED = AssessmentState.OPEN, AssessmentState.PROPOSED, AssessmentState.CONFIRMED


@transaction.atomic
def decide_row(
    *, branch: Branch, year: int, member: Member, choice: str, reason: str, version: int, actor: User
) -> MemberStar | None:
    """What a meeting decided of one member, while the sheet is open: the star of an equal at a cut ("5", "4", "3"),
    not to be rated (LEAVE_OUT), or "" to take back what was said."""
    sheet = _at(branch, year, version)
    if member.user_id == actor.pk:
        raise ValidationError("本人的星级请由其他同志登记。")
    if sheet.state != OPEN:
        raise ValidationError(f"{year}年度星级{_state(sheet)}，退回支部后才能修改。")
    shown = star_board(branch, year, timezone.localdate())
    row = _row(shown, member)
    reason = _text(reason)
    _check_choice(shown, row, choice, reason)
    line = MemberStar.objects.filter(sheet=sheet, member=member).first()
    if not choice:
        if line is not None:
            line.delete()
        line = None
    else:
        line = line or MemberStar(sheet=sheet, member=member)
        line.name, line.reason, line.left_out = row.name, reason, choice == LEAVE_OUT
        line.given = None if line.left_out else int(choice)
        line.save()
    _bump(sheet)
    if line is not None and line.given is not None:
        now = _row(star_board(branch, year, timezone.localdate()), member)
        if now.standing.tied is not None or now.standing.stars != line.given:
            raise ValidationError({"choice": f"并列的名额已经用完，不能再登记{line.given}星。"})
    changes = {
        "member": [None, row.name],
        "stars": [row.standing.stars, _choice_words(choice)],
        "reason": [None, reason],
        "year": [None, year],
    }
    record(actor=actor, action="member_stars.decided", target=sheet, branch=branch, changes=changes)
    return line


def _row(shown: StarBoard, member: Member) -> StarRow:
    row = next((one for one in shown.rows if one.member.pk == member.pk), None)
    if row is None:
        raise ValidationError("该同志不在这份名单中。")
    return row


def _check_choice(shown: StarBoard, row: StarRow, choice: str, reason: str) -> None:
    if not choice:
        return
    if choice == LEAVE_OUT:
        if not row.may_be_left_out:
            raise ValidationError(f"{row.name}：{row.facts.unrated}。")
    elif choice not in [str(stars) for stars in row.standing.options]:
        raise ValidationError({"choice": "星级由积分和条件得出，只有名额线上并列的才由会议决定。"})
    elif shown.is_preview:
        raise ValidationError("年度考核审定后再登记并列的表决结果。")
    if len(reason) not in REASON:
        raise ValidationError({"reason": "请写明会议和表决情况（4至300字），请勿写病情和处分内容。"})


def _choice_words(choice: str) -> str:
    return "不评定" if choice == LEAVE_OUT else choice or "按条件"


@transaction.atomic
def propose(*, branch: Branch, year: int, version: int, actor: User) -> MemberStarSheet:
    """Freeze the stars of this moment and hand them to the committee."""
    today = timezone.localdate()
    sheet = _at(branch, year, version)
    if sheet.state != OPEN:
        raise ValidationError(f"{year}年度星级已提出，不用再提。")
    if today <= date(year, 12, 31):
        raise ValidationError(f"{year}年还没有结束，年终考核审定后再提出星级。")
    shown = star_board(branch, year, today)
    if not shown.rows:
        raise ValidationError(f"{year}年末没有在册党员。")
    if shown.unassessed:
        raise ValidationError(f"{_names(one.name for one in shown.unassessed)}的年度考核审定后再提出星级。")
    if shown.waiting:
        raise ValidationError(f"还有人在名额线上并列：{_names(row.name for row in shown.waiting)}，请先登记表决结果。")
    MemberStar.objects.filter(sheet=sheet).delete()
    MemberStar.objects.bulk_create([_line(sheet, row) for row in shown.rows])
    sheet.state, sheet.proposed_by, sheet.proposed_at = PROPOSED, actor, timezone.now()
    sheet.scheme = shown.scheme
    sheet.assessed_at = shown.assessed.assessment.confirmed_at if shown.assessed.assessment else None
    sheet.return_comment, sheet.meeting, sheet.pool = "", "", {}
    sheet.confirmed_by, sheet.confirmed_at = None, None
    _bump(sheet)
    record(actor=actor, action="member_stars.proposed", target=sheet, branch=branch, changes=_counts(shown))
    if branch.hospital is not None:
        title = f"审定{branch.name}{year}年度党员星级"
        open_todo(
            item_key=_key(sheet), title=title, url=_url(sheet), role=Role.PARTY_OFFICE, branch=branch.hospital
        )  # fmt: skip
    return sheet


def _line(sheet: MemberStarSheet, row: StarRow) -> MemberStar:
    facts = row.facts
    return MemberStar(
        sheet=sheet,
        member=row.member,
        name=row.name,
        stars=row.standing.stars,
        reached=row.standing.reached,
        cut_from=row.standing.cut_from,
        year_points=facts.points,
        composite=facts.composite,
        grade=facts.grade or "",
        worst=facts.worst,
        deeds=list(facts.deeds),
        is_full=facts.is_full,
        unrated=facts.unrated,
        vetoed=facts.vetoed,
        given=facts.given if row.is_decided and not row.is_left_out else None,
        left_out=row.is_left_out,
        reason=row.reason if row.is_decided else "",
    )


@transaction.atomic
def return_sheet(*, branch: Branch, year: int, comment: str, version: int, actor: User) -> MemberStarSheet:
    """Back to the branch with a word why; what its meetings decided stays. Once confirmed, only where the grades were
    given anew since, or a veto was withdrawn."""
    sheet = _at(branch, year, version)
    comment = _text(comment)
    if sheet.state == OPEN or (
        sheet.state == CONFIRMED and not star_board(branch, year, timezone.localdate()).is_stale
    ):  # fmt: skip
        raise ValidationError(f"{year}年度星级{_state(sheet)}，现在不能退回。")
    if len(comment) not in REASON:
        raise ValidationError({"comment": "请写明退回的原因（4至300字）。"})
    sheet.state, sheet.return_comment, sheet.pool = OPEN, comment, {}
    _bump(sheet)
    changes = {"year": [None, year], "comment": [None, comment]}
    record(actor=actor, action="member_stars.returned", target=sheet, branch=branch, changes=changes)
    close_todo(item_key=_key(sheet))
    if sheet.proposed_by is not None:
        notify(
            recipient=sheet.proposed_by,
            topic=Topic.POINTS,
            item_key=_key(sheet),
            step=f"returned:{sheet.version}",
            text=f"{branch.name}{year}年度党员星级被退回，请修改后重新提出",
            url=_url(sheet),
            detail=comment,
        )
    return sheet


@transaction.atomic
def take_back(*, branch: Branch, year: int, version: int, actor: User) -> MemberStarSheet:
    """The branch takes back what it handed in before the committee decided."""
    sheet = _at(branch, year, version)
    if sheet.state != PROPOSED:
        raise ValidationError(f"{year}年度星级{_state(sheet)}，不能收回。")
    sheet.state = OPEN
    _bump(sheet)
    changes = {"year": [None, year]}
    record(actor=actor, action="member_stars.taken_back", target=sheet, branch=branch, changes=changes)
    close_todo(item_key=_key(sheet))
    return sheet


@transaction.atomic
def confirm(*, branch: Branch, year: int, meeting: str, version: int, actor: User) -> list[MemberStarSheet]:
    """What the committee decided, with its meeting or document: the branch, and together with it all that share its
    places. Members see their star from now on."""
    today = timezone.localdate()
    sheets = _locked([one.branch.pk for one in star_pool(branch, year, today)], year)
    sheet = sheets.get(branch.pk)
    if sheet is None or sheet.state != PROPOSED:
        raise ValidationError(f"{year}年度星级{_state(sheet)}，没有要审定的内容。")
    if sheet.version != version:
        raise ValidationError(STALE, code="conflict")
    meeting = _text(meeting)
    if not 2 <= len(meeting) <= 120:
        raise ValidationError({"meeting": "请填写审定的会议或文号。"})
    shown = star_pool(branch, year, today)
    _check_pool(shown, sheets, actor)
    made = [one for one in shown if one.is_proposed]
    for one in made:
        _confirm(sheets[one.branch.pk], one, meeting, actor)
    return [sheets[one.branch.pk] for one in made]


def _check_pool(shown: list[StarBoard], sheets: dict[int, MemberStarSheet], actor: User) -> None:
    missing = [one for one in shown if one.is_open or one.branch.pk not in sheets]
    if missing:
        raise ValidationError(f"{_names(one.branch.name for one in missing)}与本支部合并计算名额，提出后一并审定。")
    for one in shown:
        if one.sheet is not None and one.sheet.proposed_by_id == actor.pk:
            raise ValidationError("提出人不能审定同一份名单，请由其他同志审定。")
        if one.is_stale:
            raise ValidationError(f"{one.branch.name}的考核或一票否决在提出后有变动，请退回支部重新提出。")
        if any(row.member.user_id == actor.pk and row.is_decided for row in one.rows):
            raise ValidationError("名单中有会议决定的本人星级，请由其他同志登记审定。")
    five = sum(one.counted[0] for one in shown)
    four = sum(one.counted[1] for one in shown)
    pool = shown[0].pool
    if five > pool.five or four > pool.four:
        raise ValidationError(
            f"五星{five}人、四星以上{four}人，超过名额（{pool.five}人、{pool.four}人），请退回支部重新提出。"
        )


def _confirm(sheet: MemberStarSheet, shown: StarBoard, meeting: str, actor: User) -> None:
    sheet.state, sheet.meeting = CONFIRMED, meeting
    sheet.confirmed_by, sheet.confirmed_at = actor, timezone.now()
    sheet.pool = pool_kept(shown)
    _bump(sheet)
    changes = _counts(shown) | {"meeting": [None, meeting]}
    record(actor=actor, action="member_stars.confirmed", target=sheet, branch=shown.branch, changes=changes)
    close_todo(item_key=_key(sheet))
    notify_many(
        Message(
            recipient=row.member.user_id,
            topic=Topic.POINTS,
            item_key=_key(sheet),
            step=f"confirmed:{sheet.version}",
            text=f"您{shown.year}年度的党员星级已审定，可在“我的积分”查看",
            url=f"{reverse('points:my_points')}?year={shown.year}#stars",
        )
        for row in shown.rows
        if row.stars
    )


def _at(branch: Branch, year: int, version: int) -> MemberStarSheet:
    """The sheet of a branch and year, made where it is missing, locked; refused where somebody wrote meanwhile."""
    if branch.pk not in _locked([branch.pk], year):
        try:
            with transaction.atomic():
                MemberStarSheet.objects.create(branch=branch, year=year)
        except IntegrityError:
            pass  # somebody began it in this moment
    sheet = _locked([branch.pk], year)[branch.pk]
    if sheet.version != version and not (version == 0 and sheet.version == 1):
        raise ValidationError(STALE, code="conflict")
    return sheet


def _locked(branches: Any, year: int) -> dict[int, MemberStarSheet]:
    rows = MemberStarSheet.objects.select_for_update(of=("self",)).filter(branch__in=branches, year=year)
    return {row.branch_id: row for row in rows.select_related("branch").order_by("pk")}


def _bump(sheet: MemberStarSheet) -> None:
    sheet.version += 1
    sheet.save()


def _counts(shown: StarBoard) -> dict[str, Any]:
    counts: dict[str, Any] = {f"{stars}星": [None, n] for stars, n in shown.counts if n}
    return counts | {"year": [None, shown.year]}


def _state(sheet: MemberStarSheet | None) -> str:
    return str(AssessmentState(sheet.state if sheet else OPEN).label)


def _names(names: Any) -> str:
    found = list(names)
    return "、".join(found[:5]) + (f"等{len(found)}个" if len(found) > 5 else "")


def _text(text: str) -> str:
    return " ".join(text.split())


def _key(sheet: MemberStarSheet) -> str:
    return f"member-stars:{sheet.pk}"


def _url(sheet: MemberStarSheet) -> str:
    return reverse("points:member_star_detail", args=[sheet.branch_id, sheet.year])
