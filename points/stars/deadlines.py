"""The days of the yearly star rating. Pure; no regulation prescribes them (docs/domain.md, star ratings)."""

from datetime import date
from typing import Final

PUBLIC_DAYS: Final = 5  # full working days a rating is displayed
RECTIFY_DAYS: Final = 90  # of a branch with one star
DROP_DAYS: Final = 10  # within which a drop after a veto is settled


def self_rated_by(year: int) -> date:
    return date(year + 1, 1, 15)


def reviewed_by(year: int) -> date:
    return date(year + 1, 2, 15)


def approved_by(year: int) -> date:
    return date(year + 1, 3, 31)
