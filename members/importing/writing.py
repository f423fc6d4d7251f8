"""A comparison into the database in few statements, and back out again while nothing depends on it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from django.contrib.auth.hashers import make_password
from django.db import transaction

from branches.choices import ROLL_ROLES, BranchLevel
from branches.models import AccessLink, Appointment, Branch, User
from branches.services import found_branch
from members import facts
from members.arrivals import Entry
from members.importing.compare import Comparison, Line, State, values_of
from members.models import Member, MembershipEvent
from members.recording import record_change, roll_role
from members.roll_months import recount_roll_months

BATCH: Final = 400
USER_COLUMNS: Final = ("name", "search_keys", "mobile", "mobile_index", "staff_no", "username")
USER_FACTS: Final = ("name", "mobile", "staff_no", "username")
MEMBER_COLUMNS: Final = (
    *(facts.ATTRIBUTE.get(name, name) for name in facts.OF_MEMBER if name != "id_number"),
    "group",
    "version",
)


def is_current(comparison: Comparison) -> bool:
    """False when somebody changed one of the people since the comparison was made. Locks them for the caller."""
    read = {line.member.pk: line.member.version for line in comparison.of(State.CHANGED) if line.member}
    rows = Member.objects.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", "version")
    return read == dict(_in_parts(rows, "pk", sorted(read)))


@transaction.atomic
def write_comparison(
    comparison: Comparison, *, organisation: Branch, opening_on: date, entries: Mapping[str, Entry], actor: User | None
) -> dict[str, Any]:
    """Write the new and the changed people, found what is missing. Returns what a roll-back needs, as JSON values.

    `entries`: the first event of each new person by `Line.key`.
    """
    new, changed = comparison.of(State.NEW), comparison.of(State.CHANGED)
    _found_branches(new, organisation, opening_on, actor)
    _found_groups([*new, *changed], opening_on, actor)
    return {"changed": _change(changed, actor), "new": _admit(new, entries, actor)}


def _found_branches(lines: list[Line], organisation: Branch, on: date, actor: User | None) -> None:
    made: dict[str, Branch] = {}
    for line in lines:
        if line.branch is None and line.branch_name not in made:
            made[line.branch_name] = found_branch(
                parent=organisation,
                name=line.branch_name,
                level=BranchLevel.BRANCH,
                founded_on=max(on, organisation.founded_on),
                actor=actor,
            )
        line.branch = line.branch or made[line.branch_name]


def _found_groups(lines: list[Line], on: date, actor: User | None) -> None:
    made: dict[tuple[int, str], Branch] = {}
    for line in lines:
        if not line.group_name or line.group is not None or line.branch is None:
            continue
        key = (line.branch.pk, line.group_name)
        if key not in made:
            day = max(on, line.branch.founded_on)
            made[key] = found_branch(
                parent=line.branch, name=line.group_name, level=BranchLevel.GROUP, founded_on=day, actor=actor
            )
        line.group = made[key]


def _admit(lines: list[Line], entries: Mapping[str, Entry], actor: User | None) -> list[list[Any]]:
    """Make users, members, events and roll posts in bulk; [member, user, was the user made here, else what it was]."""
    before = {line.user.pk: [getattr(line.user, name) for name in USER_FACTS] for line in lines if line.user}
    taken = set(User.objects.filter(username__isnull=False).values_list("username", flat=True))
    members = [_new_member(line, taken) for line in lines]
    made = {id(member) for member, line in zip(members, lines, strict=True) if line.user is None}
    User.objects.bulk_create([m.user for m in members if id(m) in made], batch_size=BATCH)
    User.objects.bulk_update([m.user for m in members if id(m) not in made], USER_COLUMNS, batch_size=BATCH)
    for member in members:
        member.user = member.user  # its key is known only now
    Member.objects.bulk_create(members, batch_size=BATCH)
    events = [
        MembershipEvent(
            member=member,
            kind=entry.kind,
            branch=member.branch,
            member_type=member.member_type,
            recorded_on=entry.on,
            effective_on=entry.effective_on,
            note=entry.note,
            created_by=actor,
        )
        for member, entry in zip(members, (entries[line.key] for line in lines), strict=True)
    ]
    MembershipEvent.objects.bulk_create(events, batch_size=BATCH)
    Appointment.objects.bulk_create(
        [
            Appointment(user=m.user, branch=m.branch, role=roll_role(m), starts_on=event.recorded_on)
            for m, event in zip(members, events, strict=True)
        ],
        batch_size=BATCH,
    )
    if events:
        first = min(event.recorded_on for event in events)
        recount_roll_months(branches={member.branch for member in members}, from_month=first)
    return [[m.pk, m.user.pk, int(id(m) in made), before.get(m.user.pk)] for m in members]


def _new_member(line: Line, taken: set[str]) -> Member:
    values = values_of(line)
    member = Member(branch=line.branch, group=line.group, member_type=values.pop("member_type"))
    member.user = line.user or User(password=make_password(None))
    for name, value in values.items():
        if line.user is None or name not in facts.OF_USER or value:
            facts.write(member, name, value)
    _give_log_in_name(member.user, taken)
    return member


def _give_log_in_name(user: User, taken: set[str]) -> None:
    """The staff number is the log-in name where there is none yet; the mobile number needs no name to log in with."""
    if user.staff_no and not user.username and user.staff_no not in taken:
        user.username = user.staff_no
        taken.add(user.username)


def _change(lines: list[Line], actor: User | None) -> list[list[Any]]:
    """Change known people in bulk; [member, version after it, {field: old value}]."""
    taken = set(User.objects.filter(username__isnull=False).values_list("username", flat=True))
    undo: list[list[Any]] = []
    members = []
    for line in lines:
        member = line.member
        assert member is not None  # noqa: S101  for the type checker
        old = {name: _plain(before) for name, (before, _) in line.changes.items()}
        if "group" in line.changes:
            old["group"] = member.group_id
            member.group = line.group
        for name, (_, value) in line.changes.items():
            if name != "group":
                facts.write(member, name, value)
        if "staff_no" in line.changes:
            old["username"] = member.user.username
            _give_log_in_name(member.user, taken)
        member.version += 1
        members.append(member)
        undo.append([member.pk, member.version, old])
        record_change(member, line.changes, actor)
    Member.objects.bulk_update(members, MEMBER_COLUMNS, batch_size=50)
    User.objects.bulk_update([member.user for member in members], USER_COLUMNS, batch_size=100)
    return undo


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


# -- And back


def dependants(undo: Mapping[str, Any]) -> list[str]:
    """What stands in the way of taking an import back, in Chinese; empty when nothing does."""
    new = [pk for pk, *_ in undo["new"]]
    users = [user for _, user, *_ in undo["new"]]
    made = [user for _, user, was_made, *_ in undo["new"] if was_made]
    reasons = []
    versions = _versions(undo)
    stored = _in_parts(Member.objects.values_list("pk", "version", "user__name"), "pk", versions)
    edited = [name for pk, version, name in stored if version != versions[pk]]
    if edited:
        reasons.append(f"导入后又修改过{_names(edited)}的资料")
    events = Counter(_in_parts(MembershipEvent.objects.values_list("member", flat=True), "member", new))
    if moved := sum(n > 1 for n in events.values()):
        reasons.append(f"{moved}人已有后来的名册变动")
    posts = _in_parts(
        Appointment.objects.exclude(role__in=ROLL_ROLES).values_list("user__name", flat=True), "user", made
    )
    if posts:
        reasons.append(f"{_names(dict.fromkeys(posts))}已担任职务")
    signed = _in_parts(User.objects.filter(last_login__isnull=False).values_list("name", flat=True), "pk", made)
    if signed:
        reasons.append(f"{_names(signed)}已登录过系统")
    for model, keys in ((Member, new), (User, made)):
        for relation in model._meta.get_fields(include_hidden=True):
            other = relation.related_model if relation.auto_created and not relation.concrete else None
            if other in {None, Member, MembershipEvent, Appointment} or relation.many_to_many:
                continue
            found = _in_parts(other._base_manager.values_list("pk", flat=True), relation.field.name, keys)
            if found and other is AccessLink:
                reasons.append(f"已为{len(found)}人打印激活单")
            elif found:
                reasons.append(f"已有{len(found)}条后来的记录用到这批人员")
    return list(dict.fromkeys(reasons)) if users or versions else []


def carry_versions(undo: dict[str, Any], taken_back: Mapping[str, Any]) -> bool:
    """Let an earlier import know the versions that taking back a later one left; True when its `undo` has changed.

    People stand again as they stood before the later import, yet under a new version: that is no change since.
    """
    known = _versions(undo)
    same = [pk for pk, version, _ in taken_back["changed"] if known.get(pk) == version - 1]
    if same:
        now = _in_parts(Member.objects.values_list("pk", "version"), "pk", same)
        undo["carried"] = [list(pair) for pair in (dict(undo.get("carried", [])) | dict(now)).items()]
    return bool(same)


def _versions(undo: Mapping[str, Any]) -> dict[int, int]:
    """member -> the version in which this import left it."""
    written = {pk: version for pk, version, _ in undo["changed"]} | {pk: 1 for pk, *_ in undo["new"]}
    return written | dict(undo.get("carried", []))


def take_back(undo: Mapping[str, Any], *, actor: User | None) -> None:
    """Put the changed people back and empty the new ones of all facts. First ask `dependants`, in one transaction."""
    _restore(undo["changed"], actor)
    keys = {pk: (user, bool(made)) for pk, user, made, *_ in undo["new"]}
    linked = {pk: old[0] for pk, _, made, *old in undo["new"] if old and not made}
    members = [
        member
        for part in _parts(list(keys))
        for member in Member.objects.filter(pk__in=part).select_related("user", "branch")
    ]
    if not members:
        return
    for part in _parts([member.user_id for member in members]):
        Appointment.objects.filter(user__in=part, role__in=ROLL_ROLES).delete()
    for member in members:
        if keys[member.pk][1]:
            _empty_user(member.user)
        elif known := linked.get(member.pk):
            _put_back(member.user, known)
        _empty_member(member)
    columns = [*MEMBER_COLUMNS, "id_number", "id_number_index", "in_error", "left_on"]
    Member.objects.bulk_update(members, columns, batch_size=50)
    users = [member.user for member in members if keys[member.pk][1] or member.pk in linked]
    User.objects.bulk_update(users, [*USER_COLUMNS, "is_active"], batch_size=100)
    days = _in_parts(MembershipEvent.objects.values_list("recorded_on", flat=True), "member", keys)
    recount_roll_months(branches={member.branch for member in members}, from_month=min(days))


def _restore(changed: Iterable[list[Any]], actor: User | None) -> None:
    rows = {pk: old for pk, _, old in changed}
    members = []
    for part in _parts(list(rows)):
        for member in Member.objects.filter(pk__in=part).select_related("user", "branch", "group"):
            old = dict(rows[member.pk])
            shown = {}
            if "group" in old:
                member.group_id = old.pop("group")
            if "username" in old:
                member.user.username = old.pop("username")
            for name, value in old.items():
                value = date.fromisoformat(value) if name in facts.DATES and value else value
                shown[name] = (facts.read(member, name), value)
                facts.write(member, name, value)
            member.version += 1
            members.append(member)
            record_change(member, shown, actor)
    Member.objects.bulk_update(members, MEMBER_COLUMNS, batch_size=50)
    User.objects.bulk_update([member.user for member in members], USER_COLUMNS, batch_size=100)


def _empty_member(member: Member) -> None:
    """An event is never deleted, so its member stays: without a number, a phone or an address."""
    for name in ("phone", "address", "police_station", "introducers", "department", "destination"):
        facts.write(member, name, "")
    member.id_number, member.id_number_index = "", f"in-error:{member.pk}"
    member.in_error, member.group = True, None
    member.left_on = member.joined_on
    member.version += 1


def _put_back(user: User, known: list[Any]) -> None:
    """An account that was there before the import gets its own name, numbers and log-in name again."""
    name, mobile, user.staff_no, user.username = known
    user.set_name(name)
    user.set_contact(mobile=mobile)


def _empty_user(user: User) -> None:
    user.set_name("（已撤回）")
    user.set_contact(mobile="")
    user.staff_no = user.username = None
    user.is_active = False


def _names(names: Iterable[str]) -> str:
    names = list(names)
    return f"{'、'.join(names[:3])}等{len(names)}人" if len(names) > 3 else "、".join(names)


def _parts(keys: list[int]) -> Iterable[list[int]]:
    return (keys[n : n + BATCH] for n in range(0, len(keys), BATCH))


def _in_parts(rows: Any, name: str, keys: Iterable[int]) -> list[Any]:
    return [row for part in _parts(list(keys)) for row in rows.filter(**{f"{name}__in": part})]
