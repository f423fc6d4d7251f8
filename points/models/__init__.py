"""Models of the points room: rules, ledger and sums, claims, periods, the yearly assessment, stars."""

from points.models.assessment import AppraisalResult, Assessment, AssessmentLine
from points.models.claims import Claim, ClaimQuerySet, Evidence, Objection, PointsBatch
from points.models.ledger import Entry, EntryQuerySet, MemberItem, MemberYear, PointsMonth
from points.models.member_stars import MemberStar, MemberStarScheme, MemberStarSheet
from points.models.periods import LedgerCheck, PeriodClose, Publication
from points.models.rulebook import MemberPost, RuleItem, RuleTrial, RuleVersion
from points.models.stars import (
    LineRecord,
    Scorecard,
    ScorecardLine,
    StarMark,
    StarMonth,
    StarObjection,
    StarRating,
    StarRound,
)

__all__ = [
    "AppraisalResult",
    "Assessment",
    "AssessmentLine",
    "Claim",
    "ClaimQuerySet",
    "Entry",
    "EntryQuerySet",
    "Evidence",
    "LedgerCheck",
    "LineRecord",
    "MemberItem",
    "MemberPost",
    "MemberStar",
    "MemberStarScheme",
    "MemberStarSheet",
    "MemberYear",
    "Objection",
    "PeriodClose",
    "PointsBatch",
    "PointsMonth",
    "Publication",
    "RuleItem",
    "RuleTrial",
    "RuleVersion",
    "Scorecard",
    "ScorecardLine",
    "StarMark",
    "StarMonth",
    "StarObjection",
    "StarRating",
    "StarRound",
]
