"""Tells the report centre of the reports of points. Hospitals have rules of their own: none is made above one."""

from branches.choices import BranchLevel, Capability, Span
from branches.office import kinds
from branches.office.kinds import ReportKind
from points.papers.quarter import quarter_publications
from points.papers.ranking import ranking

kinds.register(
    ReportKind(
        "quarter_points",
        "积分晾晒汇总",
        "各党支部本季度晾晒的积分，取自已晾晒的表格，不另行计算。",
        Span.QUARTER,
        (BranchLevel.COMMITTEE, BranchLevel.GENERAL_BRANCH, BranchLevel.BRANCH),
        needs=(Capability.POINTS_VIEW, Capability.ROSTER_VIEW),
        build=quarter_publications,
    )
)
kinds.register(
    ReportKind(
        "ranking",
        "积分排名",
        "党支部人均积分和党员年度积分的位次。",
        Span.YEAR,
        (BranchLevel.COMMITTEE, BranchLevel.GENERAL_BRANCH, BranchLevel.BRANCH),
        needs=(Capability.POINTS_VIEW, Capability.ROSTER_VIEW),
        build=ranking,
    )
)
