"""A graded year for the stars of members, written past the services that are not asked here."""

from django.utils import timezone

from points.assessment.figures import board
from points.choices import AssessmentState
from points.models import Assessment, AssessmentLine, MemberItem, MemberStarSheet
from points.stars.members.figures import star_board
from tests import factories
from tests.points.assessment.help import YEAR

MEETING = "2月20日党委会"


def honour(member, code="F01", category="HON", year=YEAR):
    MemberItem.objects.update_or_create(
        member=member, year=year, rule_code=code, defaults={"category": category, "points": 2, "n": 1}
    )


def graded(branch, by, year=YEAR):
    """The assessment of the branch is confirmed with the suggested grades."""
    shown = board(branch, year, factories.TODAY)
    assessment, _ = Assessment.objects.update_or_create(
        branch=branch,
        year=year,
        defaults={"state": AssessmentState.CONFIRMED, "confirmed_at": timezone.now(), "confirmed_by": by},
    )
    for row in shown.rows:
        one = row.judged
        AssessmentLine.objects.update_or_create(
            assessment=assessment,
            member=row.member,
            defaults={
                "name": row.name,
                "year_points": one.year_points,
                "index": one.index,
                "composite": one.composite,
                "suggested": one.suggested or "",
                "grade": row.grade or "",
                "ungraded": one.ungraded or ("" if row.grade else "未参加测评"),
            },
        )
    return assessment


def stars_of(branch, year=YEAR):
    return {row.name: row.stars for row in star_board(branch, year, factories.TODAY).rows}


def row_of(branch, member, year=YEAR):
    return next(row for row in star_board(branch, year, factories.TODAY).rows if row.member == member)


def version_now(branch, year=YEAR):
    rows = MemberStarSheet.objects.filter(branch=branch, year=year)
    return rows.values_list("version", flat=True).first() or 0
