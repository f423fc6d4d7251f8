"""Whatever happens, in any order: sums equal the ledger, the ledger its records, no cap is passed, no year below zero.

And the ledger holds nothing of its own: emptied and played again from its sources, it gives the same to the cent.
"""

from datetime import date
from decimal import Decimal
from itertools import count

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from activities.attendance.make_ups import lapse_make_ups, open_make_ups
from activities.attendance.rules import study_year_key
from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.models import Activity, Attendance, StudyHours
from activities.signals import activity_confirmed, activity_corrected, activity_reopened
from branches import append_only
from branches.choices import BranchLevel
from members.services import transfer_member
from points.choices import Category, ClaimState, PeriodKind
from points.claims.deductions import lift_deduction, post_due
from points.cycle.closing import close_months, lock_period, reopen_period
from points.ledger import registry
from points.ledger.check import differences
from points.ledger.posting import CLAIM, lift_entry, post_many, post_source
from points.ledger.rollups import CATEGORY_FIELDS, people_of, points_of_year
from points.models import Claim, Entry, MemberItem, MemberYear, Objection, PointsMonth, RuleItem
from points.rulebook.book import RuleBook
from points.sources.study import YEAR_CHANGED
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]

TODAY = factories.TODAY
DAYS = [
    date(2025, 12, 10),
    date(2026, 7, 8),
    date(2026, 8, 12),
    date(2026, 9, 9),
    date(2026, 10, 14),
    date(2026, 11, 11),
]
KINDS = [(Kind.THEME_DAY,), (Kind.GENERAL_MEETING, Kind.PARTY_LECTURE), (Kind.GROUP_MEETING,)]
STATUSES = [AttendanceStatus.PRESENT, AttendanceStatus.LEAVE, AttendanceStatus.UNEXCUSED]
DEEDS = [("F01", "10"), ("F04", "3"), ("D04", "1"), ("D02", "2"), ("E05", "1"), ("B04", "1"), ("C04", "0.5")]
FAULTS = [("G06", "-3"), ("G07", "-5"), ("G09", "-40"), ("G08", "-0.5")]
MONTHS = [date(2026, month, 1) for month in range(7, 11)]
WHO = st.integers(0, 3)
ANY = st.integers(0, 99)


class Ledger(RuleBasedStateMachine):
    """Two branches, one of them with groups, four people, one of whom came in June; all of it undone at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.hospital = hospital = factories.make_branch()
        self.actor = factories.UserFactory()
        self.branches = [factories.make_branch(hospital), factories.make_branch(hospital)]
        factories.make_branch(self.branches[0], level=BranchLevel.GROUP)
        since = [date(2020, 1, 1), date(2020, 1, 1), date(2020, 1, 1), date(2026, 6, 10)]
        self.members = [factories.make_member(self.branches[n // 2], since=day) for n, day in enumerate(since)]
        self.moves = count(12)
        self.records: list[Activity] = []

    def teardown(self) -> None:
        try:
            self.replay()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    # --- records ---

    @rule(day=st.sampled_from(DAYS), kinds=st.sampled_from(KINDS), host=st.integers(0, 1), absent=WHO)
    def hold(self, day: date, kinds: tuple[str, ...], host: int, absent: int) -> None:
        record = factories.make_activity(
            self.branches[host], kinds=kinds, day=day, state=ActivityState.CONFIRMED, members=self.members, revision=1,
            absent=(self.members[absent],), confirmed_at=factories.at(day, 20), lecturer=self.members[host].user,
        )  # fmt: skip
        self.records.append(record)
        self.say(activity_confirmed, record)
        open_make_ups(activity=record, actor=self.actor)

    @precondition(lambda self: self.records)
    @rule(which=ANY, who=WHO, status=st.sampled_from(STATUSES), made_up=st.booleans())
    def correct(self, which: int, who: int, status: str, made_up: bool) -> None:
        record = self.records[which % len(self.records)]
        row = Attendance.objects.get(activity=record, member=self.members[who])
        row.status, row.reason = status, "leave_sick" if status == AttendanceStatus.LEAVE else ""
        row.made_up_on = TODAY if made_up and status == AttendanceStatus.LEAVE else None
        row.save()
        if record.state == ActivityState.CONFIRMED:
            self.save(record, ActivityState.CONFIRMED)
            self.say(activity_corrected, record)

    @precondition(lambda self: self.records)
    @rule(which=ANY)
    def reopen_or_confirm(self, which: int) -> None:
        record = self.records[which % len(self.records)]
        if record.state == ActivityState.CONFIRMED:
            record.state = ActivityState.SUBMITTED
            record.save()
            self.say(activity_reopened, record)
        else:
            self.save(record, ActivityState.CONFIRMED)
            self.say(activity_confirmed, record)

    @rule()
    def let_make_ups_lapse(self) -> None:
        lapse_make_ups(hospital_id=self.hospital.pk, today=TODAY)

    @rule(who=WHO, year=st.sampled_from([2025, 2026]), hours=st.sampled_from([4, 8, 17]))
    def study(self, who: int, year: int, hours: int) -> None:
        member = self.members[who]
        StudyHours.objects.create(
            member=member, branch=member.branch, studied_on=date(year, 10, 9), hours=Decimal(hours), title="学习"
        )
        self.hours_changed(who, year)

    @rule(who=WHO, year=st.sampled_from([2025, 2026]))
    def study_was_wrong(self, who: int, year: int) -> None:
        StudyHours.objects.filter(member=self.members[who], studied_on__year=year).delete()
        self.hours_changed(who, year)

    # --- claims, deductions, objections ---

    @rule(who=WHO, deed=st.sampled_from(DEEDS), day=st.sampled_from(DAYS))
    def accept(self, who: int, deed: tuple[str, str], day: date) -> None:
        self.post_claim(self.claim(who, deed, day, ClaimState.ACCEPTED))

    @rule(which=ANY)
    def void(self, which: int) -> None:
        claims = list(Claim.objects.filter(state=ClaimState.ACCEPTED, source_kind="").order_by("pk"))
        if claims:
            claim = claims[which % len(claims)]
            claim.state = ClaimState.VOIDED
            claim.revision += 1
            claim.save()
            self.post_claim(claim)

    @rule(who=WHO, fault=st.sampled_from(FAULTS), day=st.sampled_from(DAYS))
    def announce(self, who: int, fault: tuple[str, str], day: date) -> None:
        self.claim(who, fault, day, ClaimState.ANNOUNCED)

    @rule(which=ANY)
    def uphold(self, which: int) -> None:
        """An objection to an entry of a record, or to a deduction, announced or posted."""
        entries = list(Entry.objects.standing().exclude(source_kind=CLAIM).order_by("pk"))
        open_or_posted = [ClaimState.ANNOUNCED, ClaimState.ACCEPTED]
        claims = list(Claim.objects.filter(points__lt=0, state__in=open_or_posted).order_by("pk"))
        if not entries and not claims:
            return
        target = (entries + claims)[which % (len(entries) + len(claims))]
        if isinstance(target, Claim):
            lift_deduction(claim=target, actor=self.actor)
            return
        objection = Objection.objects.create(
            member=target.member, branch=target.branch, entry=target, quarter=date(2026, 10, 1), state="answered",
            raised_by=self.actor, answer_due=TODAY, upheld=True,
        )  # fmt: skip
        lift_entry(entry=target, objection=objection, actor=self.actor)

    # --- the cycle, and people who move ---

    @rule(month=st.sampled_from(MONTHS))
    def close(self, month: date) -> None:
        close_months(branches=self.branches, month=month, actor=self.actor, today=TODAY)
        self.post_what_is_due()

    @rule(which=st.integers(0, 1), lock=st.booleans())
    def lock_or_reopen(self, which: int, lock: bool) -> None:
        of_quarter = {"branch": self.branches[which], "kind": PeriodKind.QUARTER, "start": date(2026, 7, 1)}
        try:
            if lock:
                lock_period(**of_quarter, actor=self.actor, today=TODAY)
            else:
                reopen_period(**of_quarter, reason="漏记考勤", actor=self.actor)
        except ValidationError:
            pass  # not closed yet, or not locked

    @rule(who=WHO)
    def move(self, who: int) -> None:
        member = self.members[who]
        to = next(branch for branch in self.branches if branch.pk != member.branch_id)
        day = date(2026, 11, min(22, next(self.moves)))
        self.members[who] = transfer_member(member=member, to=to, recorded_on=day, actor=self.actor)

    # --- what always holds ---

    @invariant()
    def everything_follows(self) -> None:
        assert list(differences()) == []

    @invariant()
    def no_cap_is_passed_and_no_year_is_below_zero(self) -> None:
        book = RuleBook()
        for row in MemberYear.objects.all():
            person = people_of([row.member_id], row.year)[row.member_id]
            rules = book.of_year(person.hospital_id, row.year)
            items = MemberItem.objects.filter(member=row.member_id, year=row.year)
            result = points_of_year(dict(items.values_list("rule_code", "points")), person, row.year, rules)
            assert row.total == result.total >= 0
            assert all(one.cap is None or one.counted <= one.cap for one in result.items.values())
            assert all(getattr(row, name) <= rules.scheme.caps[one] for one, name in CATEGORY_FIELDS.items())
            assert row.honours <= rules.scheme.caps[Category.HON]
            assert row.total <= 120

    def replay(self) -> None:
        """The ledger thrown away and made again: records, accepted claims and upheld objections are all there is."""
        self.post_what_is_due()
        before, lifted = self.totals(), Entry.objects.filter(lifted_by__isnull=False).order_by("pk")
        upheld = [
            (one.lifted_by, {name: getattr(one, name) for name in ("source_kind", "source_id", "member", "rule_code")})
            for one in lifted
        ]
        with transaction.atomic():
            self.empty()
            for source in registry.sources():
                post_many(source_kind=source.kind, source_ids=list(source.worth_asking(None)), actor=None)
            for objection, key in upheld:
                for entry in Entry.objects.standing().filter(**key):
                    lift_entry(entry=entry, objection=objection, actor=self.actor)
            self.post_what_is_due()
            assert self.totals() == before
            assert list(differences()) == []
            transaction.set_rollback(True)

    # --- tools ---

    def post_what_is_due(self) -> None:
        post_due(branch_ids=[branch.pk for branch in self.branches], today=TODAY, actor=self.actor)

    def empty(self) -> None:
        """Rolling back brings rows and triggers back."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            append_only.remove()
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            for model in (MemberItem, MemberYear, PointsMonth, Entry):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608

    def totals(self) -> tuple[object, ...]:
        """What anybody could tell from the outside; a row that says nothing is as good as none."""
        years = {row[:2]: row[2:] for row in MemberYear.objects.values_list("member", "year", "branch", "total")}
        items = MemberItem.objects.exclude(points=0).order_by("member", "year", "rule_code")
        months = PointsMonth.objects.exclude(plus=0, minus=0).order_by("branch", "month")
        return (
            {key: total for key, (_, total) in years.items() if total != 60},
            list(items.values_list("member", "year", "rule_code", "points", "n")),
            list(months.values_list("branch", "month", "plus", "minus", "n")),
        )

    def save(self, record: Activity, state: str) -> None:
        record.state = state
        record.revision += 1
        record.save()

    def say(self, signal, record: Activity) -> None:
        signal.send(
            Activity, source_kind="activity", source_id=record.pk, revision=record.revision, actor=record.recorder
        )

    def hours_changed(self, who: int, year: int) -> None:
        key = study_year_key(self.members[who].pk, year)
        post_source(source_kind=YEAR_CHANGED, source_id=key, revision=0, actor=None)

    def claim(self, who: int, what: tuple[str, str], day: date, state: str) -> Claim:
        item = RuleItem.objects.get(code=what[0], version__hospital=None)
        return Claim.objects.create(
            member=self.members[who], branch=self.members[who].branch, rule=item, rule_code=item.code,
            category=item.category, points=Decimal(what[1]), happened_on=day, month=day.replace(day=1), title="一件事",
            state=state, revision=1, announced_on=TODAY, postable_from=TODAY, decided_at=timezone.now(),
        )  # fmt: skip

    def post_claim(self, claim: Claim) -> None:
        post_source(source_kind=CLAIM, source_id=claim.pk, revision=claim.revision, actor=self.actor)


def test_any_sequence_of_deeds_and_corrections_keeps_every_promise(hospital):
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=10,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
