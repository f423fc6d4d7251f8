"""Last year's stars of members: confirmed for most branches, one handed in, one not yet; this year stays a preview."""

from datetime import date, datetime, time
from typing import Final

from django.core.exceptions import ValidationError
from django.utils import timezone

from branches.choices import Role
from branches.models import Branch, Notice
from points.choices import AssessmentState
from points.demo.people import Hospital
from points.models import Assessment, MemberStarSheet
from points.stars.members.deciding import confirm, decide_row, propose
from points.stars.members.figures import StarRow, star_board

OPEN, PROPOSED = "WG01", "MZ01"
REASON: Final = "支部委员会表决决定"


def add_member_stars(hospital: Hospital, today: date) -> None:
    """After the assessments: a branch whose grades are not confirmed has a preview alone."""
    year = today.year - 1
    graded = Assessment.objects.filter(year=year, state=AssessmentState.CONFIRMED)
    known = set(graded.values_list("branch_id", flat=True))
    for code, branch in hospital.branches.items():
        if branch.pk in known and code != OPEN:
            _settle(hospital, code, branch, year, today)


def _settle(hospital: Hospital, code: str, branch: Branch, year: int, today: date) -> None:
    secretary = hospital.officers[code][Role.BRANCH_SECRETARY]
    while waiting := star_board(branch, year, today).waiting:
        _vote(hospital, code, branch, year, waiting[0])
    made = propose(branch=branch, year=year, version=_version(branch, year), actor=secretary)
    if code != PROPOSED:
        meeting = f"{today.year}年2月20日党委会"
        confirm(branch=branch, year=year, meeting=meeting, version=made.version, actor=hospital.chief)
        Notice.objects.filter(item_key=f"member-stars:{made.pk}").delete()  # read long ago
    if today > date(today.year, 2, 20):
        days = [timezone.make_aware(datetime.combine(date(today.year, 2, day), time(16))) for day in (10, 20)]
        rows = MemberStarSheet.objects.filter(pk=made.pk)
        rows.update(proposed_at=days[0], **({} if code == PROPOSED else {"confirmed_at": days[1]}))


def _vote(hospital: Hospital, code: str, branch: Branch, year: int, row: StarRow) -> None:
    """The first of the options that still has a place; somebody else than the member writes it down."""
    secretary = hospital.officers[code][Role.BRANCH_SECRETARY]
    for stars in row.standing.options:
        try:
            decide_row(
                branch=branch,
                year=year,
                member=row.member,
                choice=str(stars),
                reason=REASON,
                version=_version(branch, year),
                actor=hospital.office if row.member.user == secretary else secretary,
            )
        except ValidationError:
            continue  # no place of that kind is left
        return


def _version(branch: Branch, year: int) -> int:
    rows = MemberStarSheet.objects.filter(branch=branch, year=year)
    return rows.values_list("version", flat=True).first() or 0
