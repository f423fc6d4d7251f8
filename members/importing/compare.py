"""A roster against what the system knows: who is new, changed, unchanged, refused. Writes nothing."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from branches.choices import BranchLevel
from branches.models import MOBILE, Appointment, Branch, User
from branches.rules import subtree_end
from config.crypto import blind_indexes
from members import facts
from members.choices import MemberType
from members.importing.matching import match_names, spellings
from members.models import IDENTITY, Member
from members.roster import Issue, Roster, RosterRow, assumed_for_new, missing_required, read_roster, values_for_new

CHUNK: Final = 400  # values in one IN (…)
NOT_BY_IMPORT: Final = frozenset({"id_number", "membership_status"})


class State(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(slots=True)
class Line:
    """One person of the file. `branch` is None with `branch_name` set where the branch is founded with the import."""

    row: RosterRow
    key: str = ""  # tells the lines of one file apart; the same at each reading
    state: State = State.UNCHANGED
    member: Member | None = None
    user: User | None = None  # known already, on no roll
    branch: Branch | None = None
    branch_name: str = ""
    group: Branch | None = None
    group_name: str = ""
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # field -> (stored, new); "group" holds names
    transfer_to: Branch | None = None  # the sheet has another branch than the system


@dataclass(slots=True)
class Comparison:
    roster: Roster
    lines: list[Line]
    founded: list[tuple[str, int]]  # names of branches to found, with how many people
    missing: list[tuple[int, str, str]]  # (member, name, branch) on the roll of a branch of the sheet, but not in it
    beyond: tuple[int, int]  # people, branches: on the roll of the organisation, in branches the sheet is not about
    notes: list[Issue]

    def of(self, state: State) -> list[Line]:
        return [line for line in self.lines if line.state == state]

    @property
    def errors(self) -> list[Issue]:
        return [issue for line in self.lines for issue in line.row.errors]

    @property
    def warnings(self) -> list[Issue]:
        return self.notes + [issue for line in self.lines for issue in line.row.warnings]

    @property
    def fingerprint(self) -> str:
        """Changes when importing would do something else than what was shown."""
        shown = [
            [line.row.row, line.state, line.member and line.member.version, line.branch_name, sorted(line.changes)]
            for line in self.lines
        ]
        return hashlib.sha256(json.dumps([shown, self.founded], default=str).encode()).hexdigest()

    def as_json(self, *, applied: bool) -> dict[str, Any]:
        counts = Counter(line.state for line in self.lines)
        return {
            "rows": len(self.lines),
            "create": counts[State.NEW],
            "update": counts[State.CHANGED],
            "unchanged": counts[State.UNCHANGED],
            "errors": [issue.as_json() for issue in self.errors],
            "warnings": [issue.as_json() for issue in self.warnings],
            "applied": applied,
        }


def compare_file(
    data: bytes, file_name: str, *, organisation: Branch, paths: Iterable[str] | None, today: date
) -> Comparison:
    """Read a file and set it against the roll; `paths`: what it may touch (None: all). Raises UnreadableFile."""
    return compare(read_roster(data, file_name, today=today), organisation=organisation, paths=paths, today=today)


def compare(roster: Roster, *, organisation: Branch, paths: Iterable[str] | None, today: date) -> Comparison:
    paths = None if paths is None else list(paths)
    lines = [Line(row, str(number)) for number, row in enumerate(roster.rows)]
    notes = list(roster.notes)
    known = _known_members(roster.rows)
    for line in lines:
        number = line.row.values.get("id_number")
        line.member = known.get(number) if isinstance(number, str) else None
        if line.member is not None and not _within(line.member.branch, paths):
            line.member = None  # whoever has no reach there learns neither name nor branch
            message = "此人已在其他单位的名册中，请联系上级党组织办理转接。"
            line.row.add("id_number", "MEMBER_ELSEWHERE", message)
    notes += _match_branches(lines, organisation, paths, today)
    _match_groups(lines, today)
    for line in lines:
        if line.member is not None:
            _compare_known(line)
        elif not any(issue.code == "MEMBER_ELSEWHERE" for issue in line.row.errors):
            line.row.errors.extend(missing_required(line.row))
    _match_accounts(lines, paths)
    for line in lines:
        _check_order_of_dates(line)
        if line.row.errors:
            line.state = State.REFUSED
        elif line.member is None:
            line.state = State.NEW
        elif line.changes:
            line.state = State.CHANGED
    new = [line for line in lines if line.state == State.NEW]
    notes += assumed_for_new([line.row for line in new])
    counted = Counter(line.branch_name for line in new if line.branch is None)
    missing, beyond = _missing(lines, known, organisation)
    return Comparison(roster, lines, sorted(counted.items()), missing, beyond, notes)


def values_of(line: Line) -> dict[str, Any]:
    """What to store for a new person, by the names of `members.facts` and 人员类别."""
    values = values_for_new(line.row)
    wanted = {name: values.get(name) for name in (*facts.FIELDS, "member_type")}
    return {name: facts.blank(name) if value is None else value for name, value in wanted.items()}


# -- People


def _within(branch: Branch, paths: list[str] | None) -> bool:
    return paths is None or any(path <= branch.path < subtree_end(path) for path in paths)


def _known_members(rows: Iterable[RosterRow]) -> dict[str, Member]:
    indexes = {
        index: number
        for row in rows
        if isinstance(number := row.values.get("id_number"), str)
        for index in blind_indexes(number, purpose=IDENTITY)
    }
    found = {}
    for part in _chunks(list(indexes)):
        members = Member.objects.filter(id_number_index__in=part).select_related("user", "branch", "group")
        found.update({indexes[member.id_number_index]: member for member in members})
    return found


def _compare_known(line: Line) -> None:
    row, member = line.row, line.member
    assert member is not None  # noqa: S101  for the type checker
    if member.left_on is not None:
        left = facts.shown("", member.left_on)
        message = f"{member.user.name}已于{left}离开名册，没有改动。如组织关系转回，请到其页面办理。"
        row.add("name", "off_roll", message)
        line.changes = {}
        return
    kind = row.values.get("member_type")
    if kind and kind != member.member_type:
        before, after = (facts.shown("member_type", value) for value in (member.member_type, kind))
        message = "人员类别不随导入改变，请到其页面办理转正或更正。"
        row.add("member_type", "type_differs", message, before=before, after=after)
    status = row.values.get("membership_status")
    if status and status != member.membership_status:
        before, after = (facts.shown("membership_status", value) for value in (member.membership_status, status))
        message = "党籍状态不随导入改变，请到其页面办理。"
        row.add("membership_status", "status_differs", message, before=before, after=after)
    for name in facts.FIELDS:
        value = row.values.get(name)
        if value is None or name in NOT_BY_IMPORT:
            continue  # an empty cell says nothing about somebody known
        if name == "confirmed_on" and member.member_type == MemberType.PROBATIONARY:
            continue  # comes with 转正
        stored = facts.read(member, name)
        if stored != value:
            line.changes[name] = (stored, value)
    if line.group_name and line.group_name != (member.group.name if member.group else ""):
        line.changes["group"] = (member.group.name if member.group else "", line.group_name)


def _match_accounts(lines: list[Line], paths: list[str] | None) -> None:
    """Staff numbers are unique; somebody known but on no roll (a clerk) is the same person.

    Accounts whose posts all lie outside `paths` are neither linked nor named.
    """
    numbers = {str(no): None for line in lines if (no := line.row.values.get("staff_no"))}
    owners: dict[str, User] = {}
    for part in _chunks(list(numbers)):
        for user in User.objects.filter(staff_no__in=part) | User.objects.filter(username__in=part):
            owners.update({no: user for no in (user.staff_no, user.username) if no in numbers})
    clerks = list(_in_reach(paths).filter(member__isnull=True, is_active=True))
    named = set(_in_reach(paths).filter(pk__in=[owner.pk for owner in owners.values()]).values_list("pk", flat=True))
    by_mobile = {user.mobile_index: user for user in clerks if user.mobile_index}
    loose = {user.pk for user in clerks}
    for line in lines:
        row = line.row
        owner = owners.get(str(row.values.get("staff_no") or ""))
        if line.member is None and (clerk := _clerk(row, owner, by_mobile, loose)):
            line.user = clerk
            row.add("name", "account_linked", f"系统中已有{clerk.name}的账号，将与名册合并为一人。")
        mine = line.member.user_id if line.member else (line.user.pk if line.user else None)
        if owner is not None and owner.pk != mine:
            message = f"工号已由{owner.name if owner.pk in named else '他人'}使用。请核对后改正。"
            row.add("staff_no", "STAFF_NO_TAKEN", message, before=str(row.values["staff_no"]))


def _in_reach(paths: list[str] | None) -> QuerySet[User]:
    """People with a post, present or past, below `paths`, and those who have never had any; None: everybody."""
    if paths is None:
        return User.objects.all()
    posts = Appointment.objects.filter(user=OuterRef("pk"))
    return User.objects.filter(Exists(posts.within(paths)) | ~Exists(posts))


def _clerk(row: RosterRow, owner: User | None, by_mobile: dict[str, User], loose: set[int]) -> User | None:
    mobile = str(row.values.get("mobile") or "")
    candidates = [owner, *(by_mobile.get(index) for index in blind_indexes(mobile, purpose=MOBILE))]
    name = row.values.get("name")
    return next((user for user in candidates if user and user.pk in loose and user.name == name), None)


def _check_order_of_dates(line: Line) -> None:
    """The stored and the new dates together: the database refuses a confirmation before the admission."""

    def after(name: str) -> Any:
        if name in line.changes:
            return line.changes[name][1]
        return facts.read(line.member, name) if line.member else line.row.values.get(name)

    joined, confirmed = after("joined_on"), after("confirmed_on")
    if joined and confirmed and confirmed < joined and not any(e.field == "confirmed_on" for e in line.row.errors):
        message = f"转正日期早于入党日期（{facts.shown('', joined)}）。请对照入党志愿书写明年月日后再导入。"
        line.row.add("confirmed_on", "CONFIRMED_BEFORE_JOINED", message, before=facts.shown("", confirmed))


# -- Branches and groups


def _match_branches(lines: list[Line], organisation: Branch, paths: list[str] | None, today: date) -> list[Issue]:
    """Set `branch` and `branch_name` of each line; notes name the branches that will be founded.

    A name means a branch of the organisation, else of its hospital; of another hospital only for whom that one knows.
    """
    nodes = Branch.objects.branches().open_on(today)
    nodes = nodes if paths is None else nodes.within(paths)
    by_id = {node.pk: node for node in nodes}
    inside = set(Branch.objects.branches().within([organisation.path]).values_list("pk", flat=True))
    at_branch = organisation.level == BranchLevel.BRANCH
    if at_branch:
        for line in lines:
            if line.row.values.get("branch") is None and not any(e.field == "branch" for e in line.row.errors):
                line.row.values["branch"] = organisation.name
    names = [str(name) for line in lines if (name := line.row.values.get("branch"))]
    hospital = organisation.hospital_id or organisation.pk
    near = {pk: node.name for pk, node in by_id.items() if pk in inside or node.hospital_id == hospital}
    found = match_names(names, near)
    anywhere = match_names(names, {pk: node.name for pk, node in by_id.items()})
    new = spellings(name for name in names if not found[name].branches)
    notes: dict[str, Issue] = {}
    for line in lines:
        name = str(line.row.values.get("branch") or "")
        if not name:
            continue
        ids = [pk for pk in found[name].branches if pk in inside] or list(found[name].branches)
        if not ids and line.member is not None:
            ids = list(anywhere[name].branches)
        if len(ids) > 1:
            listed = "、".join(by_id[pk].name for pk in ids)
            line.row.add("branch", "BRANCH_AMBIGUOUS", f"可能是{listed}。请写明党支部全称后再导入。", before=name)
        elif ids:
            _settle(line, by_id[ids[0]], name)
        elif line.member is not None:
            message = f"系统中没有“{name}”，{line.member.user.name}仍在原支部。"
            line.row.add("branch", "branch_differs", message, before=line.member.branch.name, after=name)
        elif at_branch:
            message = f"表中写的是“{name}”，而导入到的是“{organisation.name}”。请改正，或改为导入到上级党组织。"
            line.row.add("branch", "BRANCH_OTHER", message, before=name)
        else:
            line.branch_name = new[name]
            if new[name] != name:
                line.row.add("branch", "branch_matched", "与表中另一种写法视为同一支部。", before=name, after=new[name])
            if not line.row.errors and new[name] not in notes:
                message = f"系统中没有“{new[name]}”，导入时将在“{organisation.name}”下新建。"
                notes[new[name]] = line.row.issue("branch", "branch_new", message)
    return list(notes.values())


def _settle(line: Line, branch: Branch, name: str) -> None:
    line.branch, line.branch_name = branch, branch.name
    if name != branch.name:
        line.row.add("branch", "branch_matched", "名称写法不同，对应到系统中的支部。", before=name, after=branch.name)
    member = line.member
    if member is not None and member.left_on is None and member.branch_id != branch.pk:
        line.transfer_to, line.branch, line.branch_name = branch, member.branch, member.branch.name
        message = f"{member.user.name}现在“{member.branch.name}”，支部不随导入改变。确需调整的，请办理转接。"
        line.row.add("branch", "branch_differs", message, before=member.branch.name, after=branch.name)


def _match_groups(lines: list[Line], today: date) -> None:
    homes = {line.branch.pk for line in lines if line.branch and line.row.values.get("group")}
    by_branch: dict[str, dict[int, Branch]] = {}
    if homes:
        for node in Branch.objects.filter(level=BranchLevel.GROUP).open_on(today):
            by_branch.setdefault(node.path[:-4], {})[node.pk] = node
    for line in lines:
        name = str(line.row.values.get("group") or "")
        if not name or line.transfer_to or not line.branch_name or (line.member and line.branch is None):
            continue
        nodes = by_branch.get(line.branch.path, {}) if line.branch else {}
        ids = match_names([name.replace("党小组", "")], {pk: n.name.replace("党小组", "") for pk, n in nodes.items()})
        matches = next(iter(ids.values())).branches
        line.group = nodes[matches[0]] if len(matches) == 1 else None
        line.group_name = line.group.name if line.group else name


def _missing(
    lines: list[Line], known: dict[str, Member], organisation: Branch
) -> tuple[list[tuple[int, str, str]], tuple[int, int]]:
    """Who is not in the sheet: by name in the branches that occur in it, as (people, branches) in all others.

    A sheet that names no branch is about nobody's branch: nobody is missing from it.
    """
    named = ((line.transfer_to or line.branch) for line in lines if line.row.values.get("branch"))
    branches = {branch.pk for branch in named if branch}
    if organisation.level == BranchLevel.BRANCH:
        branches = {organisation.pk}
    seen = {member.pk for member in known.values()}
    rows = Member.objects.current().filter(branch__in=branches).order_by("branch__path", "user__search_keys")
    missing = [row for row in rows.values_list("pk", "user__name", "branch__name") if row[0] not in seen]
    others = Member.objects.current().within([organisation.path]).exclude(branch__in=branches)
    beyond = [branch for pk, branch in others.values_list("pk", "branch") if pk not in seen] if branches else []
    return missing, (len(beyond), len(set(beyond)))


def _chunks(values: list[str]) -> Iterable[list[str]]:
    return (values[n : n + CHUNK] for n in range(0, len(values), CHUNK))
