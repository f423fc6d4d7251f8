"""The demo hospital: believable, deterministic, and only where DEMO=1."""

from datetime import date
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings

from activities.choices import ActivityState, Kind
from activities.models import Activity, PlanItem
from branches.choices import COMMITTEE_ROLES, BranchKind, BranchLevel
from branches.models import Appointment, Branch, User
from members.choices import EventKind, MemberType
from members.models import Member, MembershipEvent
from members.rules import is_high_level
from points.cycle.table import digest_of
from points.models import Entry, Objection, PeriodClose, Publication, StarMonth, StarRating, StarRound

TODAY = date(2026, 11, 22)


def test_without_demo_nothing_is_built(db):
    with pytest.raises(CommandError):
        call_command("seed_demo")
    assert not User.objects.exists()


class TestDemo(TestCase):
    """One demo hospital for all tests of the class."""

    @classmethod
    def setUpTestData(cls) -> None:
        with override_settings(DEMO=True):
            call_command("seed_demo", today=TODAY, stdout=StringIO())

    def test_the_hospital_has_a_general_branch_and_fourteen_branches(self):
        branches = Branch.objects.branches()
        assert branches.count() == 14
        assert Branch.objects.filter(level=BranchLevel.GENERAL_BRANCH).count() == 1
        temporary = branches.get(kind=BranchKind.TEMPORARY)
        assert temporary.dissolved_on < TODAY
        assert max(branch.members.filter(left_on=None).count() for branch in branches) <= 50

    def test_the_stars_of_last_year_are_approved_and_this_year_has_its_previews(self):
        round_ = StarRound.objects.get()
        assert (round_.year, round_.state, round_.objections_until) == (2025, "approved", date(2026, 3, 3))
        assert StarRating.objects.filter(state="approved", stars__isnull=False).count() == 13
        assert StarMonth.objects.filter(month=date(2026, 11, 1), total__isnull=False).count() == 13

    def test_the_roll_goes_from_474_to_495_and_balances(self):
        assert Member.objects.on_roll(date(TODAY.year - 1, 1, 1)).count() == 474
        assert Member.objects.on_roll(TODAY).count() == 495
        kinds = [event.kind for event in MembershipEvent.objects.all()]
        assert kinds.count(EventKind.ADMITTED) == 25
        left = sum(kinds.count(kind) for kind in (EventKind.TRANSFER_OUT, EventKind.DECEASED))
        assert 474 + 25 + kinds.count(EventKind.TRANSFER_IN) - left == 495

    def test_the_first_office_branch_is_as_the_account_tells(self):
        branch = Branch.objects.get(code="JG01")
        members = branch.members.filter(left_on=None)
        assert members.count() == 31
        assert members.filter(member_type=MemberType.PROBATIONARY).count() == 2
        posts = Appointment.objects.current(TODAY).filter(branch=branch, role__in=COMMITTEE_ROLES)
        assert posts.count() == 5
        meetings = Activity.objects.filter(
            branch=branch,
            kinds__kind=Kind.COMMITTEE_MEETING,
            starts_at__year=TODAY.year - 1,
            state=ActivityState.CONFIRMED,
        )
        assert meetings.count() == 12

    def test_thirteen_of_the_admitted_are_highly_educated(self):
        admitted = Member.objects.filter(events__kind=EventKind.ADMITTED)
        assert sum(bool(is_high_level(title=m.title_level, degree=m.degree)) for m in admitted) == 13

    def test_every_identity_number_is_of_a_fictitious_area_and_used_once(self):
        numbers = [member.id_number for member in Member.objects.all()]
        assert all(number.startswith("990000") for number in numbers)
        assert len(set(numbers)) == len(numbers)

    def test_nobody_confirmed_an_own_record(self):
        confirmed = Activity.objects.filter(state=ActivityState.CONFIRMED)
        assert confirmed.exists()
        assert not [a for a in confirmed if a.confirmed_by_id in {a.recorder_id, a.editor_id}]

    def test_points_were_awarded_and_the_board_shows_every_state(self):
        assert Entry.objects.count() > 10_000
        states = set(PlanItem.objects.values_list("state", flat=True))
        assert {"open", "submitted", "returned", "confirmed", "not_applicable"} <= states

    def test_the_committee_held_what_it_owes(self):
        root = Branch.objects.get(code="JZ")
        items = PlanItem.objects.filter(branch=root, due__lte=TODAY)
        assert items.count() == 10  # seven quarters of study, two meetings and the research of last year
        assert set(items.values_list("state", flat=True)) == {"confirmed"}
        last = Activity.objects.filter(branch=root, kinds__kind=Kind.REPORT_ASSESSMENT).latest("starts_at")
        assert last.attendances.count() == 13

    def test_three_branches_held_a_theme_day_together_and_one_part_waits(self):
        host = Activity.objects.filter(parts__isnull=False).distinct().get()
        states = {part.branch.code: part.state for part in host.parts.select_related("branch")}
        assert host.state == ActivityState.CONFIRMED
        assert states == {"MZ01": ActivityState.CONFIRMED, "WK01": ActivityState.SUBMITTED}

    def test_quarters_are_published_one_is_overdue_and_one_contradicted(self):
        shown = Publication.objects.filter(quarter=date(2026, 7, 1))
        assert shown.values("branch").distinct().count() == 12
        assert not shown.filter(branch__code="WK02").exists()
        latest = shown.filter(branch__code="JG01").latest("number")
        assert (latest.number, latest.objections_until > TODAY) == (2, True)
        assert Objection.objects.get().state == "raised"
        assert all(digest_of(one.table) == one.digest for one in Publication.objects.all())
        locked = PeriodClose.objects.filter(state="locked")
        assert locked.filter(kind="year", start=date(2025, 1, 1)).count() >= 13
        over = locked.filter(kind="quarter", start=date(2026, 7, 1)).values_list("branch__code", flat=True)
        assert len(over) == 11
        assert not {"JG01", "WK02"} & set(over)  # contradicted, and overdue

    def test_a_second_call_keeps_what_is_there(self):
        before = Activity.objects.count()
        with override_settings(DEMO=True):
            call_command("seed_demo", today=TODAY, stdout=StringIO())
        assert Activity.objects.count() == before

    def test_the_demo_people_can_log_in(self):
        users = User.objects.filter(username__in=["admin", "office", "leader", "secretary", "secretary2"])
        assert all(user.check_password(settings.DEMO_PASSWORD) for user in users)
        assert users.count() == 5
