"""A form with changes nobody saved yet, filled with what the hospital has at hand."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from activities.choices import ActivityState
from activities.models import Activity, PlanItem
from activities.reports.layouts import ATTENDANCE, FORMS, KINDS, PLAN_LIST, SIGN_IN
from activities.reports.record_forms import record_document
from activities.reports.sheets import attendance_of_year, plan_of_year, sign_in_sheet
from branches.access import may
from branches.choices import Capability
from branches.models import Branch, User
from config.documents.adapting import adapt
from config.documents.content import Document
from config.documents.layouts import section

KEPT = (ActivityState.CONFIRMED, ActivityState.ARCHIVED)


def sample_of(user: User, hospital: Branch, code: str) -> Activity | None:
    """The latest confirmed record that the form prints, of those `user` may read; None where there is none yet."""
    readable = Activity.objects.visible_to(user, Capability.ACTIVITY_VIEW).filter(
        branch__hospital=hospital, state__in=KEPT
    )
    if kind := KINDS.get(code):
        readable = readable.filter(kinds__kind=kind)
    elif code != SIGN_IN.code:
        readable = readable.filter(branch__level="branch")
    found: Activity | None = readable.order_by("-starts_at", "-pk").first()
    return found


def preview(user: User, hospital: Branch, code: str, overrides: Mapping[str, Any], *, today: date) -> Document:
    """The form as it would be printed. Empty, for a pen, where there is no record of its kind."""
    changed = {code: overrides}
    sample = sample_of(user, hospital, code)
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
