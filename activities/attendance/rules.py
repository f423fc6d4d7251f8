"""What attendance comes to: rates, make-up study and hours of study. Pure: no database, no clock."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from activities.choices import AbsenceReason, AttendanceStatus, Kind

MAKE_UP_DAYS: Final = 30  # from the day the record was confirmed
MEMBER_HOURS: Final = Decimal(32)  # a calendar year; 《全国党员教育培训工作规划（2024—2028年）》
OFFICER_HOURS: Final = Decimal(56)  # secretaries and members of the branch committee
FULL_DAY: Final = Decimal(8)  # the most one gathering is worth
HALF: Final = Decimal("0.5")
EXCUSED: Final = (AttendanceStatus.LEAVE, AttendanceStatus.OFFICIAL)
HEALTH: Final = frozenset({AbsenceReason.LEAVE_SICK, AbsenceReason.MATERNITY, AbsenceReason.RETIRED_FRAIL})

# Gatherings at which people study together; business of a committee, polls and celebrations are none.
STUDY_KINDS: Final[tuple[Kind, ...]] = (
    Kind.PARTY_LECTURE,
    Kind.CENTER_GROUP_STUDY,
    Kind.WARNING_EDUCATION,
    Kind.THEME_DAY,
    Kind.GENERAL_MEETING,
    Kind.GROUP_MEETING,
    Kind.ORG_LIFE_MEETING,
)


@dataclass(frozen=True)
class Tally:
    """Heads of one gathering, or times of one person over a period."""

    expected: int = 0
    present: int = 0
    made_up: int = 0
    unexcused: int = 0

    @property
    def excused(self) -> int:
        return self.expected - self.present - self.unexcused

    @property
    def attendance_rate(self) -> Decimal | None:
        """Excused is not present. None where nobody was expected."""
        return _share(self.present, self.expected)

    @property
    def with_makeup_rate(self) -> Decimal | None:
        return _share(self.present + self.made_up, self.expected)

    @property
    def unexcused_rate(self) -> Decimal | None:
        return _share(self.unexcused, self.expected)


def tally(rows: Iterable[tuple[str, bool]]) -> Tally:
    """`rows`: status and whether it was made up, one for each time somebody was expected.

    >>> tally([("present", False), ("leave", True), ("unexcused", False)])
    Tally(expected=3, present=1, made_up=1, unexcused=1)
    """
    found = list(rows)
    return Tally(
        len(found),
        sum(status == AttendanceStatus.PRESENT for status, _ in found),
        sum(made_up and status != AttendanceStatus.PRESENT for status, made_up in found),
        sum(status == AttendanceStatus.UNEXCUSED for status, _ in found),
    )


def study_kind(kinds: Collection[str]) -> Kind | None:
    """The kind whose hours a gathering gives, the lecture first; None for one that is no study."""
    return next((kind for kind in STUDY_KINDS if kind in kinds), None)


def hours_of(given: Decimal | None, minutes: int) -> Decimal:
    """Hours as entered, else the length to the half hour, at least half an hour and at most a full day (8).

    >>> hours_of(None, 74), hours_of(None, 75), hours_of(Decimal("4.0"), 75)
    (Decimal('1.0'), Decimal('1.5'), Decimal('4.0'))
    """
    if given:
        return given
    halves = (Decimal(minutes) / 30).quantize(Decimal(1), ROUND_HALF_UP)
    return min(FULL_DAY, max(HALF, halves * HALF)).quantize(Decimal("0.1"))


def target_hours(*, officer: bool) -> Decimal:
    return OFFICER_HOURS if officer else MEMBER_HOURS


def study_year_key(member_id: int, year: int) -> int:
    """One number for the hours of a member in a year: what the signals of this room call them by.

    >>> study_year_key(17, 2026)
    172026
    """
    return member_id * 10_000 + year


def study_year_of(key: int) -> tuple[int, int]:
    """(member, year) of a study_year_key."""
    return divmod(key, 10_000)


def make_up_term(opened_on: date) -> date:
    """The last day of the term before it moves to a working day."""
    return opened_on + timedelta(days=MAKE_UP_DAYS)


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / Decimal(whole) if whole else None
