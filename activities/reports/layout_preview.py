"""A form with changes nobody saved yet, filled with what the hospital has at hand."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from activities.choices import ActivityState
from activities.models import Activity, PlanItem
from activities.reports.layouts import ATTENDANCE, FORMS, KINDS, NAMES, PLAN_LIST, SIGN_IN
from activities.reports.record_forms import record_document
from activities.reports.sheets import attendance_of_year, plan_of_year, sign_in_sheet
from branches.access import may
from branches.choices import Capability
from branches.models import Branch, User
from config.documents.adapting import Layouts, adapt
from config.documents.content import Document
from config.documents.layouts import Layout, section

KEPT = (ActivityState.CONFIRMED, ActivityState.ARCHIVED)


class Filled(NamedTuple):
    """What fills the form of a higher room: the latest thing of a hospital that `user` may read, and its document."""

    sample: Callable[[User, Branch], Any]  # with a `branch`; None where there is nothing yet
    document: Callable[[User, Any, Layouts], Document]


FILLED: dict[str, Filled] = {}


def register(layout: Layout, filled: Filled, *, name: str) -> None:
    """A form of a higher room is listed and changed with ours; `name`: what it is called where people choose."""
    FORMS[layout.code], NAMES[layout.code] = layout, name
    FILLED[layout.code] = filled


def sample_of(user: User, hospital: Branch, code: str) -> Any:
    """The latest confirmed record that the form prints, of those `user` may read; None where there is none yet."""
    if code in FILLED:
        return FILLED[code].sample(user, hospital)
    readable = Activity.objects.visible_to(user, Capability.ACTIVITY_VIEW).filter(
        branch__hospital=hospital, state__in=KEPT
    )
    if kind := KINDS.get(code):
        readable = readable.filter(kinds__kind=kind)
    elif code != SIGN_IN.code:
        readable = readable.filter(branch__level="branch")
    return readable.order_by("-starts_at", "-pk").first()


def preview(user: User, hospital: Branch, code: str, overrides: Mapping[str, Any], *, today: date) -> Document:
    """The form as it would be printed. Empty, for a pen, where there is no record of its kind."""
    changed = {code: overrides}
    sample = sample_of(user, hospital, code)
    if sample is not None and code in FILLED:
        return FILLED[code].document(user, sample, changed)
    sees_names = sample is not None and may(user, Capability.ROSTER_VIEW, sample)
    if sample is None or (code in (SIGN_IN.code, ATTENDANCE.code) and not sees_names):
        layout = adapt(FORMS[code], overrides)
        return Document(layout.title, (section(layout, {}),), layout.fonts)
    if code == SIGN_IN.code:
        return sign_in_sheet(Activity.objects.for_detail().get(pk=sample.pk), filled=True, layouts=changed)
    if code == ATTENDANCE.code:
        return attendance_of_year(sample.branch, today.year, layouts=changed)
    if code == PLAN_LIST.code:
        items = PlanItem.objects.filter(branch=sample.branch, start__year=today.year).select_related("group")
        return plan_of_year(sample.branch, today.year, items, today=today, layouts=changed)
    activity = Activity.objects.for_detail().get(pk=sample.pk)
    return record_document(activity, sees_reasons=sees_names, layouts=changed)
