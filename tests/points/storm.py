"""Many clients who do everything at once, through the services people use: for the tests, for a client of its own
process that is shot (python -m tests.points.storm), and for the measurements."""

import json
import random
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from unittest import mock

import django
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

if __name__ == "__main__":
    django.setup()

import contextlib

from activities.choices import ActivityState, Kind
from activities.models import Activity
from activities.plan.rollups import rebuild_activity_months
from activities.records.drafting import Absence
from activities.records.reviewing import correct_activity, reopen_activity
from activities.services import confirm_activity, submit_activity
from branches.choices import BranchLevel, Role
from branches.models import Branch, User
from members.models import Member
from members.roll_months import recount_roll_months
from members.services import transfer_member
from points.choices import ClaimState, PeriodKind, PeriodState
from points.claims.deductions import lift_deduction, post_due
from points.ledger import check, posting
from points.ledger.posting import CLAIM, lift_entry, post_source
from points.ledger.reading import snapshot
from points.ledger.rollups import Person, count_members
from points.models import Claim, Entry, Objection, PeriodClose, RuleItem
from points.sources import study
from tests import factories

CLIENTS: Final = 8
TODAY: Final = factories.TODAY
OCTOBER: Final = date(2026, 10, 1)
KINDS: Final = (Kind.THEME_DAY, Kind.GENERAL_MEETING, Kind.PARTY_LECTURE, Kind.GROUP_MEETING)
DEEDS: Final = ("F01", "D04", "E05")
FAULTS: Final = ("G06", "G07", "G08")


@dataclass(frozen=True)
class Cast:
    """Two branches, their people, their records and claims: by key, so that each client loads its own."""

    branches: list[int]
    members: list[int]
    recorder: int
    office: int
    organisers: list[int]
    records: list[int]
    claims: list[int]

    @property
    def organiser(self) -> User:
        return User.objects.get(pk=self.organisers[0])


def make_cast(records: int = 12) -> Cast:
    hospital = factories.make_branch()
    office, recorder = factories.UserFactory(), factories.UserFactory()
    factories.appoint(office, hospital, Role.PARTY_OFFICE)
    branches = [factories.make_branch(hospital), factories.make_branch(hospital)]
    factories.make_branch(branches[0], level=BranchLevel.GROUP)
    members = [factories.make_member(branches[n % 2]) for n in range(6)]
    organisers = [factories.UserFactory() for _ in range(CLIENTS)]
    for user in organisers:
        for branch in branches:
            factories.appoint(user, branch, Role.ORGANISATION_MEMBER)
    made = [
        factories.make_activity(
            branches[n % 2],
            kinds=(KINDS[n % 4],),
            day=date(2026, 10, 1 + n % 28),
            state=ActivityState.SUBMITTED,
            members=members,
            recorder=recorder,
        )
        for n in range(records)
    ]
    items = {item.code: item for item in RuleItem.objects.filter(version__hospital=None)}
    claims = [_claim(members[n % 6], items[code], n) for n, code in enumerate((DEEDS + FAULTS) * 2)]
    for branch in branches:
        PeriodClose.objects.create(branch=branch, kind=PeriodKind.MONTH, start=OCTOBER, state=PeriodState.CLOSED)
    recount_roll_months(branches=branches, from_month=date(2026, 1, 1))
    rebuild_activity_months(branches=branches, year=2026)
    return Cast(
        branches=[branch.pk for branch in branches],
        members=[member.pk for member in members],
        recorder=recorder.pk,
        office=office.pk,
        organisers=[user.pk for user in organisers],
        records=[record.pk for record in made],
        claims=claims,
    )


def _claim(member: Member, item: RuleItem, n: int) -> int:
    fault = item.code in FAULTS
    return Claim.objects.create(
        member=member,
        branch=member.branch,
        rule=item,
        rule_code=item.code,
        category=item.category,
        points=Decimal(-3 if fault else 2),
        happened_on=date(2026, 10, n + 1),
        month=OCTOBER,
        title="一件事",
        postable_from=TODAY,
        announced_on=TODAY,
        state=ClaimState.ANNOUNCED if fault else ClaimState.DECLARED,
    ).pk


def step(cast: Cast, dice: random.Random, client: int) -> None:
    """One deed of one client; raises ValidationError where a person would read a refusal."""
    actor = User.objects.get(pk=cast.organisers[client % CLIENTS])
    office = User.objects.get(pk=cast.office)
    record = Activity.objects.get(pk=dice.choice(cast.records))
    deeds = {"award": 4, "correct": 3, "reverse": 1, "decide": 2, "post": 1, "move": 2, "lift": 1}
    match dice.choices(list(deeds), list(deeds.values()))[0]:
        case "award" if record.state == ActivityState.RETURNED:
            submit_activity(activity=record, actor=User.objects.get(pk=cast.recorder))
        case "award":
            confirm_activity(activity=record, actor=actor)
        case "correct":
            people = {pk: dice.choice([None, Absence("unexcused"), Absence("leave_sick")]) for pk in cast.members[:4]}
            correct_activity(activity=record, people=people, reason="核对", actor=actor)
        case "reverse":
            reopen_activity(activity=record, comment="请核对", actor=office)
        case "decide":
            _decide(dice.choice(cast.claims))
        case "post":
            post_due(branch_ids=cast.branches, today=TODAY, actor=actor)
        case "move":
            member = Member.objects.get(pk=dice.choice(cast.members))
            to = Branch.objects.get(pk=next(pk for pk in cast.branches if pk != member.branch_id))
            transfer_member(member=member, to=to, recorded_on=timezone.localdate(), actor=office)
        case "lift":
            _lift(dice, office)


@transaction.atomic
def _decide(pk: int) -> None:
    """Accept what is declared, void what was accepted."""
    claim = Claim.objects.select_for_update().get(pk=pk)
    if claim.points > 0:
        claim.state = ClaimState.VOIDED if claim.state == ClaimState.ACCEPTED else ClaimState.ACCEPTED
        claim.decided_at = timezone.now()
        claim.revision += 1
        claim.save()
        post_source(source_kind=CLAIM, source_id=pk, revision=claim.revision, actor=None)


def _lift(dice: random.Random, office: User) -> None:
    claims = list(Claim.objects.filter(points__lt=0, lifted=False, state=ClaimState.ACCEPTED).order_by("pk"))
    entries = list(Entry.objects.standing().exclude(source_kind=CLAIM).order_by("pk")[:30])
    if claims and dice.random() < 0.5:
        lift_deduction(claim=dice.choice(claims), actor=office)
    elif entries:
        entry = dice.choice(entries)
        objection = Objection.objects.create(
            member_id=entry.member_id,
            branch_id=entry.branch_id,
            entry=entry,
            quarter=OCTOBER,
            state="decided",
            raised_by=office,
            answer_due=TODAY,
            upheld=True,
        )
        lift_entry(entry=entry, objection=objection, actor=office)


def client(cast: Cast, number: int, steps: int, seed: int) -> list[str]:
    """What went wrong in `steps` deeds other than by a refusal in words."""
    dice, wrong = random.Random(f"{seed}:{number}"), []  # noqa: S311
    try:
        for _ in range(steps):
            try:
                step(cast, dice, number)
            except ValidationError:
                pass
            except Exception as exc:
                wrong.append(f"{type(exc).__name__}: {exc}")
    finally:
        connection.close()
    return wrong


def at_once(work: Callable[[int], list[str]], clients: int = CLIENTS) -> list[str]:
    with ThreadPoolExecutor(clients) as pool:
        return [one for found in pool.map(work, range(clients)) for one in found]


def post_without_the_lock(*records: Activity) -> None:
    """The control: records with the same people are posted at once, each counting the sums before the others are seen.

    No luck in it: all of them have written their entries, and none has committed, when the first one counts.
    """
    all_wrote = threading.Barrier(len(records), timeout=20)

    def look_without_locking(ids: set[int], held: bool = False) -> dict[int, Person]:
        people = Member.objects.filter(pk__in=ids).select_related("branch")
        return {one.pk: Person(one.branch_id, one.branch.hospital_id, "", True, ()) for one in people}

    def count_after_all_wrote(*args: Any) -> None:
        all_wrote.wait()
        count_members(*args)

    def post(number: int) -> list[str]:
        record = records[number]
        try:
            Activity.objects.filter(pk=record.pk).update(state=ActivityState.CONFIRMED, revision=1)
            post_source(source_kind="activity", source_id=record.pk, revision=1, actor=None, is_first=True)
        finally:
            connection.close()
        return []

    with (
        mock.patch.object(posting, "lock_people", look_without_locking),
        mock.patch.object(posting, "count_members", count_after_all_wrote),
        mock.patch.object(study, "_locked", lambda members: members.only("pk").order_by("pk")),
    ):
        at_once(post, clients=len(records))


def drift() -> list[str]:
    """Every difference of every sum, and of entries and their records."""
    with snapshot():
        parts = [*check.sums(), *check.lower_sums(TODAY.year), *check.records()]
        return [str(line) for part in parts for line in part()]


def main() -> None:
    """A client of its own process: a dot for each deed, until it is shot."""
    cast, dice = Cast(**json.loads(sys.argv[1])), random.Random(sys.argv[2])  # noqa: S311
    with time_machine.travel(factories.at(TODAY, 10), tick=False):
        while True:
            with contextlib.suppress(ValidationError):
                step(cast, dice, int(sys.argv[2]))
            sys.stdout.write(".")
            sys.stdout.flush()


def as_argument(cast: Cast) -> str:
    return json.dumps(asdict(cast))


if __name__ == "__main__":
    main()
