"""Tells the report centre of the handbook. It holds records, the roll and points: who reads it may see all three."""

from activities.handbook.tasks import BUILD
from branches.choices import Capability
from branches.office import kinds

kinds.register(
    "handbook",
    "支部工作手册",
    task=BUILD,
    needs=(Capability.ACTIVITY_VIEW, Capability.ROSTER_VIEW, Capability.POINTS_VIEW),
)
