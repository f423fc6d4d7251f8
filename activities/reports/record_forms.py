"""One record as it is kept on paper: a sheet per kind, filled as far as the record says (forms F15, F17, F18, F19).

    record_document(activity, sees_reasons=True, layouts=layouts_of(activity.branch))

Rows of votes, resolutions, criticism and rectification are plain tuples of text in the order of the sheet's columns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from io import BytesIO
from itertools import islice
from typing import Any, Final

from django.utils import timezone
from PIL import Image

from activities.attendance.sittings import by_sitting
from activities.choices import ActivityState, AttendanceStatus, FollowUpSort, Kind
from activities.models import Activity, Attendance, FollowUp, FormLayout, Photo
from activities.records.details import SCHEMA, shown, ticks_of
from activities.records.joint import organisers
from activities.reports import wording
from activities.reports.layouts import LAYOUTS
from branches.models import Appointment, Branch
from config.documents import content
from config.documents.adapting import adapted
from config.documents.content import PAGES, Document, PhotoRow, ticked
from config.documents.layouts import Filling, Layout, section

PHOTOS: Final = 2  # side by side on the sheet
BLANK: Final = "　　"  # a number of pages for a pen
PHOTO_EDGE: Final = 1200  # pixels: sharp in print at half the width of a page
HELD: Final = (ActivityState.SUBMITTED, ActivityState.CONFIRMED, ActivityState.ARCHIVED)

# Details that have a place of their own on the sheet; all others stand above the minutes.
PLACED: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.COMMITTEE_MEETING: frozenset({"first_topic", "first_topic_text"}),
    Kind.PARTY_LECTURE: frozenset({"lecturer_post", "outline", "activists", "feedback"}),
    Kind.THEME_DAY: frozenset({"flow"}),
    Kind.WARNING_EDUCATION: frozenset({"presenter"}),
    Kind.ORG_LIFE_MEETING: frozenset(
        {"form", "study_on", "studies", "talks", "opinions", "last_year", "guide", "comment"}
    ),
    Kind.DEM_LIFE_MEETING: frozenset({"study_on", "studies", "talks", "opinions", "last_year", "guide", "comment"}),
}

Values = dict[str, Filling]


def layouts_of(branch: Branch) -> dict[str, dict[str, Any]]:
    """What the branch's hospital changed about the sheets, by code. One query."""
    rows = FormLayout.objects.filter(branch_id__in=[branch.pk, branch.hospital_id])
    return {row.code: row.overrides for row in rows}


def record_document(
    activity: Activity, *, sees_reasons: bool, layouts: Mapping[str, Mapping[str, Any]] | None = None
) -> Document:
    """The sheets of one record. `activity` comes from `for_detail`; up to ten queries more.

    Without `sees_reasons` the names of the absent and their reasons are left out, as on the page of the record.
    """
    kinds = [Kind(row.kind) for row in activity.kinds.all()]
    sheets = _sheets(activity, kinds, sees_reasons, layouts)
    for _, values in sheets:
        values["pages"] = PAGES if len(sheets) == 1 else BLANK
    fonts = sheets[0][0].fonts if sheets else content.FONTS
    return Document(f"{activity}记录", tuple(section(layout, values) for layout, values in sheets), fonts)


def bound_sections(
    activity: Activity, kind: Kind, *, layouts: Mapping[str, Mapping[str, Any]], photo_edge: int
) -> tuple[content.Section, ...]:
    """The sheet of one kind as a part of a longer file, with names and reasons; two photos whatever the sheet.

    `activity` comes from `for_detail`; photos are at most `photo_edge` pixels wide and high.
    """
    sections = []
    for layout, values in _sheets(activity, [kind], True, layouts, photo_edge):
        sheet = section(layout, values | {"pages": BLANK})
        if "photos" not in values and (photos := _photos(activity, photo_edge)):
            sheet = replace(sheet, blocks=(*sheet.blocks, PhotoRow(photos)))
        sections.append(sheet)
    return tuple(sections)


def _sheets(
    activity: Activity,
    kinds: Iterable[Kind],
    sees_reasons: bool,
    layouts: Mapping[str, Mapping[str, Any]] | None,
    photo_edge: int = PHOTO_EDGE,
) -> list[tuple[Layout, Values]]:
    common = _common(activity, sees_reasons)
    sheets: list[tuple[Layout, Values]] = []
    for kind in kinds:
        values = common | _of_kind(activity, kind, common, photo_edge)
        sheets.append((adapted(LAYOUTS[kind], layouts), values))
    return sheets


def _common(activity: Activity, sees_reasons: bool) -> Values:
    """What every sheet may hold. The text of a part of a joint gathering is the host's; people and photos its own."""
    text = activity.host or activity
    rows: list[Attendance] = list(activity.attendances.all())
    present = [row for row in rows if row.status == AttendanceStatus.PRESENT]
    absent = [row for row in rows if row.status != AttendanceStatus.PRESENT]
    follow_ups: list[FollowUp] = list(activity.follow_ups.select_related("owner"))
    resolutions = [one for one in follow_ups if one.sort == FollowUpSort.RESOLUTION]
    rectifications = [one for one in follow_ups if one.sort == FollowUpSort.RECTIFICATION]
    sessions = list(activity.sessions.all())
    sats = by_sitting(sessions, rows)
    chair = activity.chair.name if activity.chair else ""
    return {
        "organisation": activity.branch.name,
        "note": _note(activity),
        "serial": activity.serial or "",
        "topic": text.topic,
        "time": wording.times(activity, sessions),
        "ended": wording.clock(sessions[-1].ends_at if sessions else activity.ends_at),
        "place": "；".join(dict.fromkeys(one.place for one in sessions if one.place)) or activity.place,
        "chair": chair,
        "recorder": activity.recorder.name,
        "chair_recorder": f"{chair}/{activity.recorder.name}",
        "observers": activity.observers,
        "expected": f"{len(rows)}人",
        "present": f"{len(present)}人{wording.each_sitting(sats)}",
        "missing": f"{len(absent)}人",
        "attendance": f"{len(rows)}人/{len(present)}人{wording.each_sitting(sats)}",
        "voting": f"{sum(row.may_vote for row in present)}人{wording.each_sitting(sats, voting=True)}",
        "absent": wording.absences(absent, sees_reasons),
        "made_up": wording.made_up(absent) if sees_reasons else "",
        "agenda": text.agenda,
        "group": activity.group.name if activity.group else "",
        "votes": wording.votes(activity),
        "resolutions": [(one.text, one.owner.name if one.owner else "", wording.day(one.due)) for one in resolutions],
        "resolutions_text": "\n".join(wording.resolution(n, one) for n, one in enumerate(resolutions, start=1)),
        "rectifications": [wording.rectification(n, one) for n, one in enumerate(rectifications, start=1)],
        "life": [(one.name, one.self_criticism, one.criticism, one.answer) for one in activity.life_entries.all()],
        "speeches": "\n".join(f"{one.name}：{one.points}" for one in activity.speeches.all()),
    }


def _note(activity: Activity) -> str:
    """A sheet that nobody confirmed says so."""
    if activity.state in (ActivityState.CONFIRMED, ActivityState.ARCHIVED):
        by = activity.confirmed_by.name if activity.confirmed_by else ""
        return f"确认人：{by}" if by else ""
    return f"{activity.get_state_display()}，未经确认"


def _of_kind(activity: Activity, kind: Kind, common: Values, photo_edge: int) -> Values:
    text = activity.host or activity
    stored: Mapping[str, Any] = text.details.get(kind.value, {})
    words = {one.name: shown(one, stored.get(one.name)) for one in SCHEMA.get(kind, ())}
    rest = [
        f"{one.label}：{words[one.name]}"
        for one in SCHEMA.get(kind, ())
        if words[one.name] and one.name not in PLACED.get(kind, ())
    ]
    said = f"发言要点：\n{common['speeches']}" if common["speeches"] else ""
    held_with = wording.held_with(organisers(activity))
    values: Values = {
        "minutes": "\n".join(filter(None, (held_with, *rest, text.minutes, said))),
        "type": kind.label,
    }
    if kind in (Kind.GENERAL_MEETING, Kind.COMMITTEE_MEETING, Kind.DEMOCRATIC_APPRAISAL, Kind.REPORT_ASSESSMENT):
        values["sequence"] = _sequence(activity, kind)
    if kind == Kind.CENTER_GROUP_STUDY:
        values |= {"sequence": _sequence(activity, kind), "voting": common["missing"]}
    if kind == Kind.COMMITTEE_MEETING:
        values["first_item"] = "：".join(filter(None, (words["first_topic"], words["first_topic_text"])))
    if kind in (Kind.PARTY_LECTURE, Kind.WARNING_EDUCATION):
        values |= _lesson(activity, kind, words, str(values["minutes"]))
    if kind in (Kind.THEME_DAY, Kind.POLITICAL_BIRTHDAY):
        values["flow"] = ticked(ticks_of([kind], text.details, "flow"))
        values["photos"] = PhotoRow(_photos(activity, photo_edge))
    if kind in (Kind.ORG_LIFE_MEETING, Kind.DEM_LIFE_MEETING):
        asked = "\n".join(ticked([tick]) for tick in ticks_of([kind], text.details, "form")) or kind.label
        values |= {
            "form": asked,
            "observers": "、".join(filter(None, (words["guide"], str(common["observers"])))),
            "preparation": wording.preparation(stored, words["study_on"]),
            "review": words["last_year"],
            "remarks": words["comment"],
        }
    return values


def _lesson(activity: Activity, kind: Kind, words: Mapping[str, str], minutes: str) -> Values:
    names = [activity.lecturer.name if activity.lecturer else "", activity.guest_lecturer]
    return {
        "lecturer": "、".join(filter(None, names)) or words.get("presenter", ""),
        "lecturer_post": words.get("lecturer_post", "") or _post(activity),
        "hours": f"{activity.hours}学时" if activity.hours is not None else "",
        "activists": words.get("activists", ""),
        "minutes": "\n".join(filter(None, (words.get("outline", ""), minutes))),
        "feedback": words.get("feedback", ""),
    }


def _post(activity: Activity) -> str:
    """The posts of the lecturer on that day."""
    if activity.lecturer is None:
        return ""
    posts = Appointment.objects.current(timezone.localdate(activity.starts_at)).filter(user=activity.lecturer)
    return "、".join(dict.fromkeys(post.get_role_display() for post in posts.order_by("branch__path", "pk")))


def _sequence(activity: Activity, kind: Kind) -> str:
    """How many gatherings of the kind the branch held in that year, this one included."""
    starts = timezone.localtime(activity.starts_at)
    before = Activity.objects.filter(
        branch=activity.branch, group=activity.group, kinds__kind=kind, state__in=HELD, starts_at__lt=activity.starts_at
    ).filter(starts_at__gte=starts.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0))
    return f"{starts.year}年第{before.count() + 1}次"


def _photos(activity: Activity, edge: int) -> tuple[content.Photo, ...]:
    """The first photos, small enough for print; one that cannot be read any more is left out. No more are opened."""
    found = (_photo(one, edge) for one in activity.photos.all())
    return tuple(islice((photo for photo in found if photo is not None), PHOTOS))


def _photo(photo: Photo, edge: int) -> content.Photo | None:
    try:
        with photo.image.open("rb") as opened, Image.open(opened, formats=["JPEG"]) as picture:
            picture.draft("RGB", (edge, edge))  # decoded at half or a quarter of its size where that is enough
            picture.thumbnail((edge, edge))
            out = BytesIO()
            picture.convert("RGB").save(out, "JPEG", quality=82)
            return content.Photo(out.getvalue(), picture.width, picture.height, photo.caption)
    except OSError:  # the file is gone or damaged: the sheet is printed without it
        return None
