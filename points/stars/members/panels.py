"""What a member sees of the own star: the confirmed ones, and how far this year's conditions are met."""

from dataclasses import dataclass

from members.choices import MemberType
from members.models import Member
from points.assessment.figures import last_day
from points.assessment.rules import NOT_APPRAISED
from points.choices import AssessmentState, Grade
from points.models import AssessmentLine, MemberStar
from points.rules import ZERO
from points.stars.members.figures import deeds_of, veto_years, worst_deductions
from points.stars.members.rules import Facts, Terms, is_removed, reach, unrated_words
from points.stars.members.schemes import scheme_in, terms_of
from points.stars.members.wording import Line, cut_words, lines_of, next_star, star_words
from points.statement.year import OwnYear

CONFIRMED = AssessmentState.CONFIRMED


@dataclass(frozen=True)
class HeldStar:
    """A confirmed star. `removed`: a veto took it."""

    year: int
    stars: int | None
    removed: bool

    @property
    def label(self) -> str:
        return star_words(None if self.removed else self.stars)


@dataclass(frozen=True)
class OwnStar:
    """The star of one year. `is_preview`: what it would be now, before grades and places.

    `stars` None: none, `why` says so. `lines`: the conditions of the star reached; `more`: of the next one, what of it
    is missing; `note`: why the star is lower than the conditions allow.
    """

    year: int
    is_preview: bool
    stars: int | None
    why: str
    lines: list[Line]
    above: int | None
    more: list[Line]
    note: str
    meeting: str
    held: list[HeldStar]

    @property
    def label(self) -> str:
        return star_words(self.stars)

    @property
    def above_label(self) -> str:
        return star_words(self.above)

    @property
    def missing(self) -> list[Line]:
        return [line for line in self.more if not line.met]


def own_star(member: Member, own: OwnYear) -> OwnStar:
    """Six to nine statements; no figures of others are read, so a preview says nothing of places."""
    rows = MemberStar.objects.filter(member=member, sheet__state=CONFIRMED).select_related("sheet", "sheet__scheme")
    lines = list(rows.order_by("-sheet__year"))
    struck = veto_years([member.pk]).get(member.pk, set())
    years = [line.sheet.year for line in lines]
    held = [
        HeldStar(year, line.stars, is_removed(year, years[n - 1] if n else None, struck))
        for n, (year, line) in enumerate(zip(years, lines, strict=True))
    ]
    frozen = next((line for line in lines if line.sheet.year == own.year), None)
    following = min((year for year in years if year > own.year), default=None)
    removed = is_removed(own.year, following, struck)
    scheme = frozen.sheet.scheme if frozen and frozen.sheet.scheme else scheme_in(own.person.hospital_id, own.year)
    terms = terms_of(scheme, own.rules.scheme.scale)
    facts = _frozen(frozen) if frozen else _now(member, own, terms, removed)
    reached = frozen.reached if frozen else reach(facts, terms)
    stars = None if removed or facts.unrated else frozen.stars if frozen else reached
    above = next_star(facts, stars)
    items = own.rules.items
    return OwnStar(
        year=own.year,
        is_preview=frozen is None,
        stars=stars,
        why="星级已取消" if removed else facts.unrated,
        lines=lines_of(facts, reached, terms, items) if stars else [],
        above=above,
        more=lines_of(facts, above, terms, items) if above else [],
        note=cut_words(frozen.cut_from) if stars and frozen and frozen.cut_from else "",
        meeting=frozen.sheet.meeting if frozen else "",
        held=held,
    )


def _frozen(line: MemberStar) -> Facts:
    return Facts(line.member_id, line.sheet.branch_id, vetoed=line.vetoed, **line.facts)


def _now(member: Member, own: OwnYear, terms: Terms, removed: bool) -> Facts:
    """The own figures of this moment; a grade is known once the committee confirmed it, never before."""
    pk, year = member.pk, own.year
    graded = AssessmentLine.objects.filter(member=member, assessment__year=year, assessment__state=CONFIRMED).first()
    day = last_day(year, own.today)
    kind = Member.objects.on_roll(day).filter(pk=pk).values_list("roll_type", flat=True).first()
    return Facts(
        member=pk,
        branch=own.person.branch_id,
        points=None if own.exempt else own.result.total,
        grade=Grade(graded.grade) if graded and graded.grade else None,
        worst=worst_deductions([pk], year).get(pk, ZERO),
        deeds=deeds_of([pk], year, terms).get(pk, ()),
        is_full=(kind or member.member_type) == MemberType.FULL,
        unrated=unrated_words(
            is_exempt=own.exempt is not None,
            is_short=not own.result.rated,
            is_unappraised=graded is not None and graded.ungraded == NOT_APPRAISED,
            is_left_out=False,  # told once it is confirmed
        ),
        vetoed=removed,
    )
