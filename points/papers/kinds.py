"""Tells the report centre of the reports of points. Hospitals have rules of their own: none is made above one."""

from branches.choices import BranchLevel, Capability, Span
from branches.office import kinds
from branches.office.kinds import ReportKind
from points.papers.quarter import quarter_publications
from points.papers.ranking import ranking
from points.papers.stars import star_list
from points.stars.pack.tasks import BUILD

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
kinds.register(
    ReportKind(
        "star_list",
        "星级名单",
        "党支部的总分、星级和定级说明；没有审定的是预览。",
        Span.YEAR,
        (BranchLevel.COMMITTEE, BranchLevel.GENERAL_BRANCH),
        needs=(Capability.STARS_VIEW,),
        build=star_list,
    )
)
kinds.register(
    ReportKind(
        "inspection",
        "迎检材料",
        "按评分表逐项装入活动记录、照片和台账，缺项列在最前，打包为一个压缩文件。",
        Span.YEAR,
        (BranchLevel.BRANCH,),
        needs=(Capability.STARS_VIEW, Capability.ACTIVITY_VIEW, Capability.ROSTER_VIEW, Capability.POINTS_VIEW),
        formats=("zip",),
        task=BUILD,
    )
)
