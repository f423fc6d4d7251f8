"""Confirming a meeting of 500: against one bulk_create of the rows it writes, and in statements."""

from datetime import date

from django.db import connection
from django.db.models import Model

from activities.choices import ActivityState
from activities.models import Activity, ActivityMonth, MakeUp, StudyHours
from activities.services import confirm_activity
from branches.choices import Role
from branches.models import AuditEntry
from points.ledger.posting import post_source
from points.models import Entry, MemberItem, MemberYear, PointsMonth
from tests import factories
from tests.bench.measure import paired, say, statements, undone

PEOPLE = 500
WRITTEN = (Entry, MemberItem, MemberYear, PointsMonth, StudyHours, MakeUp, ActivityMonth, AuditEntry)


def run() -> None:
    hospital = factories.make_branch(name="测量医院党委", level="committee")
    branch = factories.make_branch(hospital)
    organiser = factories.UserFactory()
    factories.appoint(organiser, branch, Role.ORGANISATION_MEMBER)
    members = [factories.make_member(branch) for _ in range(PEOPLE)]
    record = factories.make_activity(branch, day=date(2026, 11, 11), state=ActivityState.SUBMITTED, members=members)

    def confirm() -> None:
        confirm_activity(activity=Activity.objects.get(pk=record.pk), actor=organiser)

    written: list[list[Model]] = []

    def remember() -> None:
        before = {model: set(model.objects.values_list("pk", flat=True)) for model in WRITTEN}
        confirm()
        written.extend([list(model.objects.exclude(pk__in=before[model])) for model in WRITTEN])

    undone(remember)

    def floor() -> None:
        for rows in written:
            for row in rows:
                row.pk = None
            if rows:
                type(rows[0])._base_manager.bulk_create(rows)

    ratio, noise = paired(confirm, floor)
    say(f"confirm {PEOPLE} attendees / bulk_create of the rows it writes", f"{ratio:.2f}x (A/A {noise:.2f})", "<= 2x")

    found: list[dict[str, str]] = []

    def award() -> None:
        Activity.objects.filter(pk=record.pk).update(state=ActivityState.CONFIRMED, revision=1)
        with statements() as captured:
            post_source(source_kind="activity", source_id=record.pk, revision=1, actor=organiser, is_first=True)
        found.extend(captured.captured_queries)

    undone(award)
    own = [query["sql"] for query in found if not query["sql"].startswith(("SAVEPOINT", "ROLLBACK", "BEGIN"))]
    goal = "<= 10" if connection.vendor == "postgresql" else "constant per batch"
    say(f"statements of the award of {PEOPLE} people", str(len(own)), goal)
