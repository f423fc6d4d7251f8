"""Gatherings, who came, what was decided, and what a branch owes; one module per subject."""

from activities.models.attendance import Attendance, LeaveRequest, MakeUp, SignIn, StudyHours
from activities.models.contents import Attachment, FollowUp, LifeEntry, Photo, Speech
from activities.models.desk import FormDraft, FormLayout, SavedFilter
from activities.models.plan import ActivityMonth, FiledReport, PlanItem, PushedFile, PushedItem, YearDocument
from activities.models.records import (
    SEEN_BY_MEMBERS,
    Activity,
    ActivityKind,
    Revision,
    SerialCounter,
    Session,
    SpotCheck,
)
from activities.models.votes import Candidate, Election, Exclusion, Motion

__all__ = [
    "SEEN_BY_MEMBERS",
    "Activity",
    "ActivityKind",
    "ActivityMonth",
    "Attachment",
    "Attendance",
    "Candidate",
    "Election",
    "Exclusion",
    "FiledReport",
    "FollowUp",
    "FormDraft",
    "FormLayout",
    "LeaveRequest",
    "LifeEntry",
    "MakeUp",
    "Motion",
    "Photo",
    "PlanItem",
    "PushedFile",
    "PushedItem",
    "Revision",
    "SavedFilter",
    "SerialCounter",
    "Session",
    "SignIn",
    "Speech",
    "SpotCheck",
    "StudyHours",
    "YearDocument",
]
