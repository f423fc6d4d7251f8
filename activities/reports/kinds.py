"""Tells the report centre of the reports that are made of records and roll."""

from activities.reports.bulletin import bulletin
from activities.reports.year_statistics import year_statistics
from activities.reports.year_summary import year_summary
from branches.choices import Capability, Span
from branches.office import kinds
from branches.office.kinds import ReportKind

WHOLE = (Capability.ACTIVITY_VIEW, Capability.ROSTER_VIEW, Capability.POINTS_VIEW)  # who sees a branch as a whole

kinds.register(
    ReportKind(
        "bulletin",
        "工作通报",
        "各党支部一个月内到期规定动作的完成、迟交、退回和逾期情况，附出席率。",
        Span.MONTH,
        kinds.ABOVE,
        needs=WHOLE,
        build=bulletin,
    )
)
kinds.register(
    ReportKind(
        "year_summary",
        "工作总结初稿",
        "填好全年数据和活动清单的总结初稿，做法、问题和打算由支部书记填写。",
        Span.YEAR,
        kinds.BRANCH,
        needs=WHOLE,
        formats=("docx", "pdf"),
        build=year_summary,
    )
)
kinds.register(
    ReportKind(
        "year_statistics",
        "统计表",
        "党员增减和构成、各党支部党员、组织生活次数和出席率。",
        Span.YEAR,
        kinds.ANY,
        needs=WHOLE,
        build=year_statistics,
    )
)
