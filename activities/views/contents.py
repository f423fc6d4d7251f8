"""What the page of a record shows of its parts: agenda, speeches, matters decided, files, and what could be added."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from activities.access import may_record
from activities.choices import ActivityState, AttendanceStatus, FollowUpSort
from activities.models import SEEN_BY_MEMBERS, Activity, Attendance
from activities.records.attachments import FOR_MEMBERS, GROUP_CHOICES
from activities.records.contents import detail_rows
from activities.records.details import Completeness, completeness
from activities.records.drafting import LABELS
from activities.services import EDITABLE
from branches.models import User
from config.uploads import ATTACHMENTS_ACCEPT

COMMON = ("topic", "starts_at", "ends_at", "place", "chair", "recorder", "minutes")


def contents_of(user: User, activity: Activity, *, sees_all: bool, reads: bool) -> dict[str, Any]:
    """`sees_all`: what was said of persons, too; `reads`: holds a post that shows records, not only membership."""
    rows = list(activity.follow_ups.select_related("owner", "done_by"))
    today, settled = timezone.localdate(), activity.state in SEEN_BY_MEMBERS
    files = [one for one in activity.attachments.all() if reads or one.group in FOR_MEMBERS]
    records = may_record(user, activity)
    matters = [
        {
            "row": row,
            "late": bool(row.due and not row.done_on and row.due < today),
            "finishes": settled and not row.done_on and (row.owner_id == user.pk or records),
        }
        for row in rows
    ]
    return {
        "agenda": activity.agenda.splitlines(),
        "details": detail_rows(activity),
        "speeches": list(activity.speeches.all()),
        "resolutions": [one for one in matters if one["row"].sort == FollowUpSort.RESOLUTION],
        "rectifications": [one for one in matters if one["row"].sort == FollowUpSort.RECTIFICATION] if reads else [],
        "life_entries": list(activity.life_entries.all()) if sees_all else [],
        "files": files,
        "adds_files": records and activity.state in EDITABLE,
        "file_groups": GROUP_CHOICES,
        "file_accept": ATTACHMENTS_ACCEPT,
        "file_limit_mb": settings.ATTACHMENT_FILE_LIMIT // 2**20,
        "planned": activity.state == ActivityState.PLANNED,
        "announces": records and activity.state == ActivityState.PLANNED and activity.starts_at > timezone.now(),
        "fullness": fullness(activity) if records and activity.state in EDITABLE and not activity.serial else None,
        "copies": records,
    }


def fullness(activity: Activity) -> Completeness:
    """How complete the record is, from what was prefetched."""
    rows: list[Attendance] = list(activity.attendances.all())
    said = bool(rows) and all(row.status == AttendanceStatus.PRESENT or row.reason for row in rows)
    return completeness(
        [row.kind for row in activity.kinds.all()],
        activity.details,
        common={LABELS[name]: bool(getattr(activity, name)) for name in COMMON},
        photos=len(activity.photos.all()),
        everyone_said=said,
    )
