"""The papers of the appraisal where a hospital changes its forms: listed there, previewed on the latest assessment."""

from collections.abc import Callable
from typing import Any, Final

from django.utils import timezone

from activities.reports.layout_preview import Filled, register
from branches.access import may
from branches.choices import Capability
from branches.models import Branch, User
from config.documents.adapting import Layouts
from config.documents.content import Document
from points.assessment.figures import assessed_by, board
from points.assessment.layouts import BALLOT, REGISTER, SUMMARY
from points.assessment.papers import FORMS
from points.models import Assessment

PREVIEWED: Final = {"register": REGISTER, "ballot": BALLOT, "summary": SUMMARY}


def sample(user: User, hospital: Branch) -> Assessment | None:
    rows = Assessment.objects.filter(branch__hospital=hospital, branch__in=assessed_by(user))
    return rows.select_related("branch").order_by("-year", "-pk").first()


def _document(form: str) -> Callable[[User, Any, Layouts], Document]:
    def make(user: User, assessment: Assessment, layouts: Layouts) -> Document:
        branch = assessment.branch
        shown = board(branch, assessment.year, timezone.localdate())
        if form == "register":
            shown = shown.of(shown.rows[:1])  # three pages a member
        return FORMS[form].make(shown, sees_birth=may(user, Capability.PII_VIEW, branch), layouts=layouts)

    return make


for _form, _layout in PREVIEWED.items():
    register(_layout, Filled(sample, _document(_form)), name=FORMS[_form].name)
