"""What the template of the form shows: people by group, the legal line, the folds, and what could be added."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse

from activities.access import writable_nodes
from activities.attendance.people import Expected, expected_people
from activities.choices import ActivityState, Kind
from activities.confirming import who_confirms
from activities.forms import REASONS, ActivityForm
from activities.models import Activity
from activities.records import follow_ups, prefill
from activities.records.attachments import GROUP_CHOICES
from activities.records.drafting import Absence
from activities.records.reviewing import returned_fields
from activities.rules import committee_quorum, leading_body_quorum, ordinary_quorum
from activities.views.joint import fold_of, host_of
from branches.choices import BranchLevel
from config.uploads import ATTACHMENTS_ACCEPT

if TYPE_CHECKING:
    from activities.views.form_page import FormPage


def context_of(page: "FormPage", form: ActivityForm, absences: dict[int, Absence], status: int) -> dict[str, Any]:
    kind = form["kind"].value() or ""
    kind = kind if kind in page.kinds else page.kinds[0]
    chosen = str(form["group"].value() or "")
    group = next((one for one in page.groups if str(one.pk) == chosen), None)
    people = expected_people(branch=page.branch, kind=kind, day=page.day, group=group)
    absent = sum(person.member_id in absences for person in people)
    roster = _roster(people, absences, page.nobody_said)
    also = form["also"].value() or []
    kinds = [kind, *(str(one) for one in also if one != kind and one in page.kinds)]
    nodes = writable_nodes(page.user).open_on(page.today).exclude(level=BranchLevel.GROUP)
    nodes = list(nodes) if not page.activity else []
    activity = page.activity
    seats, quorum = page.sittings.show_on(roster), _quorum(kind, people)
    return {
        "form": form,
        "activity": activity,
        "branch": page.branch,
        "node": page.node,
        "branches": nodes if len(nodes) > 1 else [],
        "kinds": page.kinds,
        "kind": kind,
        "groups": page.groups,
        "group": group,
        "also": [(value, hint, str(value) in also) for value, hint in prefill.also_kinds(page.kinds, kind, page.owed)],
        "is_lecture": Kind.PARTY_LECTURE in (kind, *also),
        "roster": roster,
        "sittings": page.sittings.editor(page.problems),
        "seats": seats,
        "short_sitting": _short_sitting(seats, quorum),
        "expected": people,
        "due": len(people),
        "present": len(people) - absent,
        "absent": absent,
        "quorum": quorum,
        "reasons": REASONS,
        "photos": list(activity.photos.all()) if activity else [],
        "attachments": list(activity.attachments.all()) if activity else [],
        "file_groups": GROUP_CHOICES,
        "file_group": "courseware" if Kind.PARTY_LECTURE in kinds else "other",
        "joint": fold_of(page, kinds),
        "host": host_of(page),
        "folds": page.contents.folds(kinds, page.problems) if page.host is None else [],
        "editors": page.contents.editors(kinds, page.problems),
        "carried": follow_ups.open_of(branch=page.branch, group=group, ticked=page.typed) if not activity else [],
        "last": prefill.last_record(page.branch, kind, group) if not activity and not page.copied else None,
        "copied": page.copied,
        "restored": page.restored,
        "slot": page.slot,
        "ahead": page.ahead(form),
        "problems": page.problems,
        "warnings": page.warnings,
        "conflict": page.conflict,
        "form_key": page.form_key(),
        "version": page.version(status),
        "signatures": page.signatures(),
        "action_url": reverse("activities:activity_edit", args=[activity.pk])
        if activity
        else reverse("activities:activity_create"),
        "confirmer": who_confirms(activity or Activity(branch=page.branch, recorder=page.user, editor=page.user)),
        "was_returned": bool(activity and activity.return_comment and activity.submitted_at),
        "returned": _returned(activity),
        "returned_fields": returned_fields(activity),
        "was_submitted": bool(activity and activity.state == ActivityState.SUBMITTED),
        "photo_limit": settings.PHOTO_FILE_LIMIT,
        "file_limit_mb": settings.ATTACHMENT_FILE_LIMIT // 2**20,
        "file_accept": ATTACHMENTS_ACCEPT,
    }


def _roster(people: list[Expected], absences: dict[int, Absence], unsaid: frozenset[int]) -> list[dict[str, Any]]:
    """People by group, each with what the form says of them."""
    groups: dict[str, dict[str, Any]] = {}
    for person in people:
        box = groups.setdefault(
            person.group_name, {"id": person.group_id or 0, "name": person.group_name, "people": []}
        )
        absence = absences.get(person.member_id)
        box["people"].append(
            {
                "person": person,
                "absent": absence is not None,
                "reason": absence.reason if absence else "",
                "note": absence.note if absence else "",
                "unsaid": person.member_id in unsaid,
            }
        )
    return list(groups.values())


def _quorum(kind: str, people: list[Expected]) -> dict[str, Any] | None:
    """The legal line of the bar: who counts, how many it takes, and what it decides."""
    voting = [person for person in people if person.may_vote]
    if kind == Kind.GENERAL_MEETING and voting:
        return {"base": len(voting), "need": ordinary_quorum(len(voting)), "what": "表决", "all": False}
    if kind == Kind.COMMITTEE_MEETING and people:
        return {"base": len(people), "need": committee_quorum(len(people)), "what": "开会", "all": True}
    if kind == Kind.DEM_LIFE_MEETING and people:
        return {"base": len(people), "need": leading_body_quorum(len(people)), "what": "开会", "all": True}
    return None


def _short_sitting(seats: dict[str, Any] | None, quorum: dict[str, Any] | None) -> bool:
    """Whether the sittings as seated break the law: each must have the quorum of a body, one that of a vote."""
    if not seats or not seats["choices"] or not quorum:
        return False
    if quorum["all"]:
        return min(one["count"] for one in seats["choices"]) < quorum["need"]
    return max(one["voters"] for one in seats["choices"]) < quorum["need"]


def _returned(activity: Activity | None) -> dict[str, str]:
    """Comments of the one who sent the record back, by the id of the form's field they belong to."""
    told = activity.return_fields if activity else {}
    return {f"f-{'date' if name == 'starts_at' else name}": text for name, text in told.items()}
