"""What a record holds beside its text, as lines that can be compared: speeches, matters to be done, self-criticism.

`None` in place of lines means that a form did not ask for them: they stay as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from django.db.models import F

from activities.choices import FollowUpSort
from activities.models import Activity, FollowUp, LifeEntry, Speech
from activities.records.details import rows_of
from activities.signals import activity_corrected

PARTS: Final = ("speeches", "resolutions", "rectifications", "life_entries")
SORTS: Final = {"resolutions": FollowUpSort.RESOLUTION, "rectifications": FollowUpSort.RECTIFICATION}
ASIDE: Final = 1000  # numbers rows take while they change places


class SpeechLine(NamedTuple):
    name: str
    points: str
    member_id: int | None = None


class FollowUpLine(NamedTuple):
    """`measure` and `done_on` belong to the rectification list; a resolution is ticked off later, on its own page."""

    text: str
    owner_id: int | None = None
    due: date | None = None
    measure: str = ""
    done_on: date | None = None


class LifeLine(NamedTuple):
    member_id: int
    name: str
    self_criticism: str = ""
    criticism: str = ""
    answer: str = ""


def kept_lines(activity: Activity, part: str) -> tuple[Any, ...]:
    """The lines of one part as the database holds them. One query."""
    if not activity.pk:
        return ()
    if part == "speeches":
        return tuple(SpeechLine(*row) for row in activity.speeches.values_list("name", "points", "member"))
    if part == "life_entries":
        fields = ("member", "name", "self_criticism", "criticism", "answer")
        return tuple(LifeLine(*row) for row in activity.life_entries.values_list(*fields))
    rows = activity.follow_ups.filter(sort=SORTS[part])
    lines = [FollowUpLine(*row) for row in rows.values_list("text", "owner", "due", "measure", "done_on")]
    return tuple(lines if part == "rectifications" else (line._replace(done_on=None) for line in lines))


def words_of(part: str, lines: Iterable[Any]) -> str:
    """Lines in words, one a line, for the page that shows two texts side by side."""
    if part == "speeches":
        return "\n".join(f"{line.name}：{line.points}" for line in lines)
    if part == "life_entries":
        return "\n".join(f"{e.name}：{e.self_criticism}；{e.criticism}；{e.answer}" for e in lines)
    return "\n".join(
        "，".join(text for text in (line.text, line.measure, f"{line.due}前" if line.due else "") if text)
        for line in lines
    )


def detail_rows(activity: Activity) -> list[tuple[str, str]]:
    """(label, words) of the fields of the record's kinds that were filled in. Reads the prefetched kinds."""
    return rows_of([row.kind for row in activity.kinds.all()], activity.details)


def write_parts(activity: Activity, parts: Mapping[str, Sequence[Any]]) -> None:
    """Bring the rows of these parts in line with the lines; rows that stay keep their id, and who ticked them off."""
    for part, lines in parts.items():
        if part == "speeches":
            Speech.objects.filter(activity=activity).delete()
            Speech.objects.bulk_create(
                Speech(activity=activity, number=n, name=line.name, points=line.points, member_id=line.member_id)
                for n, line in enumerate(lines, 1)
            )
        elif part == "life_entries":
            LifeEntry.objects.filter(activity=activity).delete()
            LifeEntry.objects.bulk_create(LifeEntry(activity=activity, **line._asdict()) for line in lines)
        else:
            _write_follow_ups(activity, SORTS[part], lines)


def _write_follow_ups(activity: Activity, sort: FollowUpSort, lines: Sequence[FollowUpLine]) -> None:
    """A row is known again by its text, else by its place: to-dos of its owner hang on its id."""
    rows = list(FollowUp.objects.select_for_update().filter(activity=activity, sort=sort))
    FollowUp.objects.filter(pk__in=[row.pk for row in rows]).update(number=F("number") + ASIDE)
    same = {row.text: row for row in rows}
    found = [same.pop(line.text, None) for line in lines]
    taken = {row.pk for row in found if row}
    left = [row for row in rows if row.pk not in taken]
    for number, line in enumerate(lines, 1):
        row = found[number - 1] or (left.pop(0) if left else FollowUp(activity=activity, sort=sort))
        before = (row.owner_id, row.due, row.done_on)
        row.number, row.text, row.measure = number, line.text, line.measure
        row.owner_id, row.due = line.owner_id, line.due
        if sort == FollowUpSort.RECTIFICATION:
            row.done_on = line.done_on
        row.save()
        if before[-1] and before != (row.owner_id, row.due, row.done_on):
            _say_changed(row)
    FollowUp.objects.filter(pk__in=[row.pk for row in left]).delete()
    for row in left:
        if row.done_on:
            _say_changed(row)


def _say_changed(row: FollowUp) -> None:
    """The rooms above count what was done, by whom and when."""
    activity_corrected.send(FollowUp, source_kind="matter", source_id=row.pk, revision=0, actor=None)
