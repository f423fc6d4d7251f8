"""The rule book, the ledger and its sums, claims and objections, periods and publications, the yearly assessment."""

from points.models.assessment import AppraisalResult, Assessment, AssessmentLine
from points.models.claims import Claim, ClaimQuerySet, Evidence, Objection, PointsBatch
from points.models.ledger import Entry, EntryQuerySet, MemberItem, MemberYear, PointsMonth
from points.models.periods import LedgerCheck, PeriodClose, Publication
from points.models.rulebook import MemberPost, RuleItem, RuleTrial, RuleVersion

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
    "MemberItem",
    "MemberPost",
    "MemberYear",
    "Objection",
    "PeriodClose",
    "PointsBatch",
    "PointsMonth",
    "Publication",
    "RuleItem",
    "RuleTrial",
    "RuleVersion",
]
