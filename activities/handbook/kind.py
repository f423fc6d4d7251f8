"""Tells the report centre of the handbook. It holds records, the roll and points: who reads it may see all three."""

from activities.handbook.building import FORMATS
from activities.handbook.tasks import BUILD
from branches.choices import Capability, Span
from branches.office import kinds

kinds.register(
    kinds.ReportKind(
        "handbook",
        "支部工作手册",
        "一年的名册、计划、活动记录、学时和积分，装订成一册。",
        Span.YEAR,
        kinds.BRANCH,
        needs=(Capability.ACTIVITY_VIEW, Capability.ROSTER_VIEW, Capability.POINTS_VIEW),
        formats=FORMATS,
        task=BUILD,
    )
)
