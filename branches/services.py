"""Every write to the organisation: founding, changing and dissolving nodes, and the posts people hold at them."""

from collections.abc import Callable, Collection
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from branches.audit import record
from branches.choices import ROLL_ROLES, BranchCategory, BranchKind, BranchLevel, Capability, Role
from branches.models import Appointment, Branch, User
from branches.rules import GRANTS, SINGLE_ROLES, may_stand_under, roles_at, subtree_end
from branches.signals import node_corrected

DISSOLVE_OBSTACLES: list[Callable[[Branch], str]] = []
"""A higher room adds (in its apps.py) a function that says in Chinese why a node cannot be dissolved, or ""."""

APPOINT_CAUTIONS: list[Callable[[User, Branch, Role, date], str]] = []
"""A higher room adds (in its apps.py) a function that says in Chinese what to look at about an appointment, or ""."""

_NOT_VALIDATED = ["path", "depth", "numchild", "hospital"]


@transaction.atomic
def found_branch(
    *,
    parent: Branch | None,
    name: str,
    code: str = "",
    level: BranchLevel | str,
    kind: BranchKind | str = BranchKind.REGULAR,
    category: BranchCategory | str = "",
    founded_on: date,
    actor: User | None,
) -> Branch:
    """Make a node below `parent` (None: a top organisation). An empty `code` is made from the parent's."""
    level = BranchLevel(level)
    if parent is not None:
        parent = Branch.objects.select_for_update().get(pk=parent.pk)
        if parent.dissolved_on is not None:
            raise ValidationError(f"“{parent.name}”已撤销，不能再设下级党组织。")
    _check_place(level, parent)
    name = " ".join(name.split())
    _check_name(name, level, parent)
    data = {
        "name": name,
        "code": code.strip() or _next_code(parent),
        "level": level,
        "kind": kind if level == BranchLevel.BRANCH else BranchKind.REGULAR,
        "category": category if level == BranchLevel.BRANCH else "",
        "founded_on": founded_on,
        # what was done before the node was entered here is in the old record books
        "owes_from": timezone.localdate().replace(day=1),
    }
    Branch(**data).full_clean(exclude=_NOT_VALIDATED)
    made = Branch.objects.add_root(data) if parent is None else Branch.objects.add_child(parent, data)
    node: Branch = Branch.objects.get(pk=made.pk)
    _set_hospital(node)
    record(
        actor=actor,
        action="branch.founded",
        target=node,
        branch=node,
        changes={"parent": [None, parent.name if parent else None], "level": [None, level.label]},
    )
    _tell(node, ["founded_on"], actor)
    return node


@transaction.atomic
def change_branch(
    *,
    branch: Branch,
    version: int,
    name: str,
    code: str,
    kind: BranchKind | str,
    category: BranchCategory | str,
    founded_on: date,
    actor: User | None,
) -> Branch:
    """Change the facts of a node. `version` is the one the form was filled from; another one now refuses."""
    branch = Branch.objects.select_for_update().get(pk=branch.pk)
    if branch.version != version:
        raise ValidationError(f"“{branch.name}”刚被其他人修改过，请核对最新内容后重新保存。", code="conflict")
    name = " ".join(name.split())
    if name != branch.name:
        _check_name(name, BranchLevel(branch.level), Branch.objects.get_parent(branch), besides=branch)
    is_branch = branch.level == BranchLevel.BRANCH
    new = {
        "name": name,
        "code": code.strip(),
        "kind": kind if is_branch else branch.kind,
        "category": category if is_branch else branch.category,
        "founded_on": founded_on,
    }
    changes = {
        field: [getattr(branch, field), value] for field, value in new.items() if getattr(branch, field) != value
    }
    if not changes:
        return branch
    for field, value in new.items():
        setattr(branch, field, value)
    branch.version += 1
    branch.full_clean(exclude=_NOT_VALIDATED)
    branch.save(update_fields=[*new, "version"])
    for field, labels in (("kind", dict(BranchKind.choices)), ("category", dict(BranchCategory.choices))):
        if field in changes:
            changes[field] = [labels.get(value, value) for value in changes[field]]
    record(actor=actor, action="branch.changed", target=branch, branch=branch, changes=changes)
    _tell(branch, changes, actor)
    return branch


@transaction.atomic
def dissolve_branch(*, branch: Branch, on: date, actor: User | None) -> Branch:
    """Close a node; `on` is its last day, and the last day of the posts in it.

    Raises ValidationError for a top organisation, with open nodes below, or while people are on its roll.
    """
    branch = Branch.objects.select_for_update().get(pk=branch.pk)
    if branch.dissolved_on is not None:
        raise ValidationError(f"“{branch.name}”已经撤销。")
    if branch.is_root():
        raise ValidationError("最上级党组织不能撤销。")
    if on < branch.founded_on:
        raise ValidationError("撤销日期不能早于成立日期。")
    below = Branch.objects.within([branch.path]).exclude(pk=branch.pk).filter(dissolved_on__isnull=True).count()
    if below:
        raise ValidationError(f"还有{below}个下级党组织没有撤销，请先办理。")
    held = Appointment.objects.select_for_update().filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=on + timedelta(days=1)), branch=branch
    )
    roll = sum(post.role in ROLL_ROLES for post in held)
    if roll:
        raise ValidationError(f"还有{roll}人的组织关系在这里，请先办理转接。")
    for obstacle in DISSOLVE_OBSTACLES:
        if reason := obstacle(branch):
            raise ValidationError(reason)
    for post in held:
        _end(post, max(post.starts_on, on + timedelta(days=1)), actor)
    branch.dissolved_on = on
    branch.version += 1
    branch.save(update_fields=["dissolved_on", "version"])
    record(actor=actor, action="branch.dissolved", target=branch, branch=branch, changes={"dissolved_on": [None, on]})
    _tell(branch, ["dissolved_on"], actor)
    return branch


@transaction.atomic
def move_branch(*, branch: Branch, to: Branch, actor: User | None) -> Branch:
    """Move a subtree (never a top organisation) below `to`; instances read before are stale: their paths changed."""
    branch = Branch.objects.get(pk=branch.pk)
    old = Branch.objects.get_parent(branch, update=True)
    if old is None:
        raise ValidationError("最上级党组织不能移动。")
    locked = Branch.objects.select_for_update().in_bulk([old.pk, to.pk, branch.pk])
    branch, target = locked[branch.pk], locked[to.pk]
    if branch.path <= target.path < subtree_end(branch.path):
        raise ValidationError("不能移到自己或自己的下级之下。")
    if target.dissolved_on is not None:
        raise ValidationError(f"“{target.name}”已撤销，不能移到它下面。")
    if target.pk == old.pk:
        raise ValidationError(f"已经在“{target.name}”之下。")
    _check_place(BranchLevel(branch.level), target)
    _check_name(branch.name, BranchLevel(branch.level), target, besides=branch)
    Branch.objects.move(branch, target, "last-child")
    branch = Branch.objects.get(pk=branch.pk)
    for node in Branch.objects.within([branch.path]):  # parents come before children: ordered by path
        _set_hospital(node)
    branch = Branch.objects.get(pk=branch.pk)
    record(actor=actor, action="branch.moved", target=branch, branch=branch, changes={"parent": [old.name, to.name]})
    for node in (branch, old):
        _tell(node, ["parent"], actor)
    return branch


def appointment_cautions(*, user: User, branch: Branch, role: Role | str, on: date) -> list[str]:
    """What to look at, though nothing forbids it."""
    return [text for caution in APPOINT_CAUTIONS if (text := caution(user, branch, Role(role), on))]


@transaction.atomic
def appoint(
    *, user: User, branch: Branch, role: Role | str, starts_on: date, actor: User | None, replace: bool = False
) -> Appointment:
    """Give a person a post; `replace` ends the post of the one who holds it now on the day the new one starts."""
    role = Role(role)
    branch = Branch.objects.select_for_update().get(pk=branch.pk)
    if role in ROLL_ROLES:
        raise ValidationError(f"“{role.label}”由党员名册维护，不能在这里任命。")
    if role not in roles_at(BranchLevel(branch.level), is_top=branch.is_root()):
        raise ValidationError(f"“{branch.name}”是{branch.get_level_display()}，没有“{role.label}”这个职务。")
    if branch.dissolved_on is not None:
        raise ValidationError(f"“{branch.name}”已撤销，不能任命。")
    if starts_on < branch.founded_on:
        raise ValidationError("任职开始日期不能早于党组织成立日期。")
    if not user.is_active:
        raise ValidationError(f"{user.name}的账号已停用，请先启用。")
    open_posts = Appointment.objects.select_for_update().filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=starts_on), branch=branch, role=role
    )
    if open_posts.filter(user=user).exists():
        raise ValidationError(f"{user.name}已担任这个职务。")
    if role in SINGLE_ROLES or replace:
        held = list(open_posts.select_related("user"))
        if len(held) > 1 and role not in SINGLE_ROLES:
            names = "、".join(post.user.name for post in held)
            raise ValidationError(f"{role.label}现有{names}，请先免去由新人接替的那一位，不用勾选接任。", code="held")
        for post in held:
            if not replace:
                raise ValidationError(f"{role.label}现由{post.user.name}担任，请先免去，或选择接任。", code="held")
            if post.starts_on > starts_on:
                raise ValidationError(f"{post.user.name}自{post.starts_on:%Y-%m-%d}起担任，接任不能早于这一天。")
            _end(post, starts_on, actor)
    post = Appointment.objects.create(user=user, branch=branch, role=role, starts_on=starts_on)
    _forget_posts(user)
    record(
        actor=actor,
        action="post.appointed",
        target=user,
        branch=branch,
        changes={"role": [None, role.label], "starts_on": [None, starts_on]},
    )
    return post


@transaction.atomic
def end_appointment(*, appointment: Appointment, on: date, actor: User | None) -> Appointment:
    """End a post; `on` is the first day without it, so ending it today acts with the next request."""
    post = Appointment.objects.select_for_update(of=("self",)).select_related("branch", "user").get(pk=appointment.pk)
    if post.role in ROLL_ROLES:
        raise ValidationError("组织关系由党员名册维护，请在党员名册办理转出。")
    if post.ends_on is not None and post.ends_on <= on:
        raise ValidationError("这项任职已经结束。")
    if on < post.starts_on:
        raise ValidationError("结束日期不能早于开始日期。")
    if Capability.POSTS_MANAGE in GRANTS[Role(post.role)] and not _others_manage_posts(post, on):
        raise ValidationError("这是最后一位能任免职务的人，请先任命接替的人。")
    return _end(post, on, actor)


@transaction.atomic
def set_roll_post(
    *, user: User, branch: Branch, role: Role | str | None, on: date, actor: User | None
) -> Appointment | None:
    """Keep the roll as a post: end what the person holds, open `role` at `branch` from `on`; None only ends.

    Only the members room calls this, with a change of the roll it records itself. The same post again changes nothing.
    """
    role = Role(role) if role else None
    if role is not None and role not in ROLL_ROLES:
        raise ValidationError("组织关系只能是党员、预备党员或入党积极分子。")
    held = list(
        Appointment.objects.select_for_update(of=("self",))
        .select_related("branch", "user")
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on), user=user, role__in=ROLL_ROLES)
    )
    kept = None
    for post in held:
        if role is not None and post.role == role and post.branch_id == branch.pk and post.ends_on is None:
            kept = post
        else:
            _end(post, max(post.starts_on, on), actor)
    _forget_posts(user)
    if role is None or kept is not None:
        return kept
    new = Appointment.objects.create(user=user, branch=branch, role=role, starts_on=on)
    record(
        actor=actor,
        action="post.enrolled",
        target=user,
        branch=branch,
        changes={"role": [None, role.label], "starts_on": [None, on]},
    )
    return new


@transaction.atomic
def add_person(*, name: str, staff_no: str = "", mobile: str = "", actor: User | None) -> User:
    """Make a person who is on no roll (a clerk, the IT engineer); the members room makes those who are."""
    staff_no = staff_no.strip()
    if staff_no and User.objects.filter(Q(staff_no=staff_no) | Q(username=staff_no)).exists():
        raise ValidationError({"staff_no": "这个工号已有人使用。"})
    user = User.objects.create_person(name="".join(name.split()), staff_no=staff_no or None, mobile=mobile.strip())
    record(actor=actor, action="person.added", target=user, changes={"name": [None, user.name]})
    return user


def _tell(node: Branch, fields: Collection[str], actor: User | None) -> None:
    facts = {"source_kind": "branch", "source_id": node.pk, "revision": node.version, "actor": actor}
    node_corrected.send(Branch, fields=frozenset(fields), **facts)


def _check_place(level: BranchLevel, parent: Branch | None) -> None:
    if not may_stand_under(level, BranchLevel(parent.level) if parent else None):
        where = f"{parent.get_level_display()}“{parent.name}”之下" if parent else "最上级"
        raise ValidationError(f"{level.label}不能设在{where}。")


def _check_name(name: str, level: BranchLevel, parent: Branch | None, besides: Branch | None = None) -> None:
    """Open nodes of one hospital have different names; groups only within their branch."""
    if not name:
        raise ValidationError({"name": "请填写名称。"})
    same = Branch.objects.filter(name=name, dissolved_on__isnull=True)
    if parent is None:
        same = same.filter(depth=1)
    elif level == BranchLevel.GROUP:
        same = same.within([parent.path]).filter(depth=parent.depth + 1)
    else:
        same = same.filter(hospital_id=parent.hospital_id or parent.pk).exclude(level=BranchLevel.GROUP)
    if besides is not None:
        same = same.exclude(pk=besides.pk)
    if same.exists():
        raise ValidationError({"name": f"已经有“{name}”，请换一个名称。"})


def _next_code(parent: Branch | None) -> str:
    prefix = f"{parent.code[:27]}-" if parent else "D"
    taken = set(Branch.objects.filter(code__startswith=prefix).values_list("code", flat=True))
    return next(code for n in range(1, len(taken) + 2) if (code := f"{prefix}{n:02d}") not in taken)


def _set_hospital(node: Branch) -> None:
    """Nearest committee, itself included; without one the highest node that is not a superior organisation."""
    parent = Branch.objects.get_parent(node, update=True)
    if node.level == BranchLevel.SUPERIOR:
        hospital_id = None
    elif node.level == BranchLevel.COMMITTEE or parent is None or parent.hospital_id is None:
        hospital_id = node.pk
    else:
        hospital_id = parent.hospital_id
    if node.hospital_id != hospital_id:
        Branch.objects.filter(pk=node.pk).update(hospital_id=hospital_id)
        node.hospital_id = hospital_id


def _others_manage_posts(post: Appointment, on: date) -> bool:
    """Does another active person who can log in hold the right at the node of `post` or above it?"""
    chain = [post.branch.path[:n] for n in range(4, len(post.branch.path) + 1, 4)]
    roles = [role for role in Role if Capability.POSTS_MANAGE in GRANTS[role]]
    others = Appointment.objects.current(max(on, timezone.localdate())).filter(role__in=roles, branch__path__in=chain)
    return others.filter(user__is_active=True).exclude(user_id=post.user_id).exists()


def _end(post: Appointment, on: date, actor: User | None) -> Appointment:
    before = post.ends_on
    post.ends_on = on
    post.save(update_fields=["ends_on"])
    _forget_posts(post.user)
    record(
        actor=actor,
        action="post.ended",
        target=post.user,
        branch=post.branch,
        changes={"role": [post.get_role_display(), None], "ends_on": [before, on]},
    )
    return post


def _forget_posts(user: User) -> None:
    user.__dict__.pop("current_posts", None)
