"""Who should hold which post after an import: what the sheet says (党内职务), as proposals for a person to confirm."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet

from branches.choices import COMMITTEE_ROLES, BranchLevel, Role
from branches.models import Appointment, Branch, User
from branches.rules import SINGLE_ROLES
from branches.services import appoint, end_appointment
from members.cautions import LEADING, new_to_lead, words
from members.models import BatchState, ImportBatch, Member

COMMITTEE: Final = [role for role in Role if role in COMMITTEE_ROLES]
WORDS: Final = (  # the order matters: 副书记 before 书记
    ("副书记", Role.DEPUTY_SECRETARY),
    ("书记", Role.BRANCH_SECRETARY),
    ("组织", Role.ORGANISATION_MEMBER),
    ("宣传", Role.PUBLICITY_MEMBER),
    ("纪检", Role.DISCIPLINE_MEMBER),
    ("组长", Role.GROUP_LEADER),
)


@dataclass
class Seat:
    """One select of the page: a post at a node, who holds it now, who is proposed."""

    node: Branch
    role: Role
    number: int = 1  # several may hold a post that is not a single one: each has a seat
    holder: int = 0  # user
    proposed: int = 0
    chosen: int = 0
    error: str = ""

    @property
    def key(self) -> str:
        return f"{self.node.pk}-{self.role}{f'-{self.number}' if self.number > 1 else ''}"


@dataclass
class Panel:
    branch: Branch
    people: list[tuple[int, str]]
    seats: list[Seat] = field(default_factory=list)
    outside: list[tuple[int, str]] = field(default_factory=list)  # who holds a seat, on the roll of another branch
    slips: int = 0  # people who cannot log in yet

    @property
    def proposals(self) -> int:
        return sum(bool(seat.proposed) for seat in self.seats)

    @property
    def held(self) -> list[tuple[str, str]]:
        """(post, name) of the committee as it stands, in the order of the posts."""
        names = dict(self.people + self.outside)
        committee = [seat for seat in self.seats if seat.node.pk == self.branch.pk and seat.holder]
        return [(seat.role.label, names[seat.holder]) for seat in committee]

    @property
    def has_secretary(self) -> bool:
        return any(seat.role == Role.BRANCH_SECRETARY and seat.holder for seat in self.seats)

    @property
    def settled(self) -> bool:
        """Nothing to confirm here; a branch without people has nobody to choose from."""
        return not self.people or (self.has_secretary and not self.proposals)


def role_of(text: str) -> Role | None:
    """The post a word of the sheet names; 党支部书记 and 书记 are the same, 无 is none."""
    return next((role for word, role in WORDS if word in text), None)


def panels(branches: QuerySet[Branch], *, today: date) -> list[Panel]:
    """A panel per branch with its seats, filled from the posts of today, else from the latest import."""
    found = list(branches)
    people: dict[int, list[tuple[int, str]]] = defaultdict(list)
    without_log_in: dict[int, int] = defaultdict(int)
    home: dict[int, tuple[int, int, int | None]] = {}  # member -> (user, branch, group)
    rows = Member.objects.current().filter(branch__in=[b.pk for b in found]).order_by("user__search_keys")
    for pk, user, name, password, branch, group in rows.values_list(
        "pk", "user", "user__name", "user__password", "branch", "group"
    ):
        people[branch].append((user, name))
        home[pk] = (user, branch, group)
        without_log_in[branch] += password.startswith("!")
    groups: dict[str, list[Branch]] = defaultdict(list)
    for node in Branch.objects.filter(level=BranchLevel.GROUP, dissolved_on__isnull=True):
        groups[node.path[:-4]].append(node)
    held: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    posts = Appointment.objects.current(today).filter(role__in=[*COMMITTEE, Role.GROUP_LEADER])
    for place, held_role, *who in posts.order_by("starts_on", "pk").values_list("branch", "role", "user", "user__name"):
        held[place, held_role].append((who[0], who[1]))
    proposed = _proposals(home)
    result = []
    for branch in found:
        panel = Panel(branch, people[branch.pk], slips=without_log_in[branch.pk])
        places = [(branch, role) for role in COMMITTEE]
        places += [(node, Role.GROUP_LEADER) for node in groups[branch.path]]
        for node, role in places:
            holders = held.get((node.pk, role), [])
            panel.outside += [who for who in holders if who not in panel.people and who not in panel.outside]
            for number, (holder, _) in enumerate(holders or [(0, "")], 1):
                proposal = 0 if holder else proposed.get((node.pk, role), 0)
                panel.seats.append(Seat(node, role, number, holder, proposal, holder or proposal))
        result.append(panel)
    return result


def _proposals(home: Mapping[int, tuple[int, int, int | None]]) -> dict[tuple[int, Role], int]:
    """(node, role) -> user, from the imports that are still kept; the newest word wins."""
    found: dict[tuple[int, Role], int] = {}
    kept = ImportBatch.objects.filter(state=BatchState.APPLIED, emptied_at__isnull=True).order_by("-pk")
    for batch in kept[:5]:
        for pk, text in json.loads(batch.payload or "{}").get("posts", []):
            if pk not in home:
                continue
            user, branch, group = home[pk]
            for part in str(text).split("、"):
                role = role_of(part)
                node = group if role == Role.GROUP_LEADER else branch
                if role is not None and node is not None:
                    found.setdefault((node, role), user)
    return found


@transaction.atomic
def fill_seats(*, panel: Panel, chosen: Mapping[str, str], on: date, actor: User) -> int:
    """Appoint who was chosen, end the posts of those who were taken out. Returns how many posts changed.

    Raises ValidationError, having put the reason on the seat it belongs to.
    """
    allowed = {user for user, _ in panel.people}
    changed, failed = 0, False
    users = User.objects.in_bulk(allowed)
    for seat in panel.seats:
        seat.chosen = _number(chosen.get(seat.key))
        if seat.chosen == seat.holder:
            continue
        if _number(chosen.get(f"was-{seat.key}")) != seat.holder:
            seat.error, failed = "刚刚被他人改过，请核对后再确认。", True
            continue
        try:
            with transaction.atomic():
                _change_seat(seat, users, on, actor)
            changed += 1
        except ValidationError as exc:
            seat.error, failed = exc.messages[0], True
    if failed:
        raise ValidationError("有职务没有任命成功，请看标出的原因。")
    return changed


def cautions(panel: Panel, on: date) -> list[str]:
    """What to look at about those who were just chosen to lead the branch."""
    new = [seat.chosen for seat in panel.seats if seat.role in LEADING and seat.chosen not in (0, seat.holder)]
    text = words(new_to_lead(new, on), "任支部书记、副书记") if new else ""
    return [text] if text else []


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _change_seat(seat: Seat, users: Mapping[int, User], on: date, actor: User) -> None:
    if seat.chosen and seat.chosen not in users:
        raise ValidationError("请选择本支部的党员。")
    if Appointment.objects.current(on).filter(branch=seat.node, role=seat.role, user=seat.chosen or None).exists():
        raise ValidationError("这个人已担任这个职务。")
    held: Iterable[Any] = Appointment.objects.current(on).filter(
        branch=seat.node, role=seat.role, user=seat.holder or None
    )
    for post in held:
        end_appointment(appointment=post, on=on, actor=actor)
    if seat.chosen:
        start = max(on, seat.node.founded_on)
        single = seat.role in SINGLE_ROLES  # besides, only the post of this seat ends
        appoint(user=users[seat.chosen], branch=seat.node, role=seat.role, starts_on=start, actor=actor, replace=single)


def counts(branches: QuerySet[Branch], *, today: date) -> dict[str, int]:
    """For the checklist: branches, those with a secretary, people on the roll, those who can log in."""
    held = Appointment.objects.current(today).filter(role=Role.BRANCH_SECRETARY, branch__in=branches)
    people = Member.objects.current().filter(branch__in=branches)
    able = User.objects.able_to_log_in().filter(member__in=people)
    return {
        "branches": branches.count(),
        "secretaries": held.aggregate(n=Count("branch", distinct=True))["n"],
        "people": people.count(),
        "able": able.count(),
    }
