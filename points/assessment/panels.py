"""What a member sees of the assessments: the own grade, once the committee confirmed it; what a veto leaves."""

from typing import NamedTuple

from members.models import Member
from points.assessment.figures import vetoes_of
from points.assessment.rules import veto_limit
from points.choices import AssessmentState, Grade
from points.models import AssessmentLine
from points.rulebook.book import RuleBook


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


def veto_words(member: Member, year: int) -> str:
    """What the confirmed vetoes of a year leave of its grade, and nothing of why; "" where there is none. Three
    statements; for the member and for those who may see discipline."""
    rules = RuleBook().of_year(member.branch.hospital_id, year).items
    vetoes = vetoes_of([member.pk], year, rules).get(member.pk, ())
    if not vetoes:
        return ""
    limit, by_hand = veto_limit(vetoes)
    if limit == Grade.UNQUALIFIED:
        return f"年度考核评为{limit.label}。"
    left = [f"最高为{limit.label}"] if limit else []
    return f"年度考核{'，'.join([*left, *(['由党委按决定确定'] if by_hand else [])])}。"
