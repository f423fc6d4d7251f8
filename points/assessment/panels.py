"""What a member sees of the assessments: the own grade, once the committee confirmed it."""

from typing import NamedTuple

from members.models import Member
from points.choices import AssessmentState, Grade
from points.models import AssessmentLine


class OwnGrade(NamedTuple):
    year: int
    grade: Grade | None  # None: not graded, `ungraded` of the line says why

    @property
    def label(self) -> str:
        return str(self.grade.label) if self.grade else "不定等次"


def own_grades(member: Member) -> list[OwnGrade]:
    """The confirmed years of a member, the latest first. One statement; for templates/points/_own_grades.html."""
    lines = AssessmentLine.objects.filter(member=member, assessment__state=AssessmentState.CONFIRMED)
    rows = lines.order_by("-assessment__year").values_list("assessment__year", "grade")
    return [OwnGrade(year, Grade(grade) if grade else None) for year, grade in rows]
