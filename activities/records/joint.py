"""A gathering held jointly (联合举办): one record of the host, and a part of it for each co-host.

A part is a record of its own branch with `host` set: people, photos, what was said and decided, confirmation,
corrections and points are its own. COMMON is the host's; it is copied to every part whenever the host writes it, and
refused in a part (docs/adr/0015). Locks in one order: the host's record, its parts by id, the branches by path.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from activities.attendance.rows import head_of, is_signed_for, who_to_ask
from activities.choices import HANDED_IN, JOINT_KINDS, NOT_JOINT, ActivityState, Kind
from activities.effects import settle
from activities.files import forget_file, forget_files
from activities.models import SEEN_BY_MEMBERS, Activity, Revision
from activities.plan.closed_periods import require_open
from activities.plan.planning import refresh_items
from activities.plan.rollups import lock_branches
from activities.records.common_text import (
    COMMON,
    differing,
    kinds_of,
    labels,
    sittings_of,
    somebody_came,
    write_kinds,
    write_people,
    write_sittings,
)
from activities.records.drafting import LABELS, ActivityData, cohosts_of, value_of
from activities.signals import activity_corrected
from branches.audit import record
from branches.choices import BranchLevel, Topic
from branches.inbox import notify
from branches.models import Branch, BranchQuerySet, User
from config.templatetags.ui import cn_date

WAITS_ON: Final = frozenset({"topic", "date", "place", "ends_at", "chair", "minutes", "lecturer"})  # gaps of the host
REASON: Final = "主办党支部更正公共内容"
TRIMMED: Final = 300  # characters of a long text that the audit trail keeps


# -- Who may hold it with whom


def candidates(branch: Branch, day: Any) -> BranchQuerySet:
    """Branches that may be asked to hold a gathering of that day jointly: open ones of the same hospital.

    To be shown by name only: nobody sees more of them than before.
    """
    rows: BranchQuerySet = Branch.objects.filter(hospital=branch.hospital_id).branches().open_on(day)
    return rows.exclude(pk=branch.pk)


def why_not_joint(branch: Branch, kinds: Iterable[str]) -> str:
    """Why a gathering of these kinds is nobody's but its own branch's, in Chinese; "" when it may be held jointly."""
    if branch.level != BranchLevel.BRANCH:
        return "联合举办在党支部之间登记；党委组织的活动，请布置给各党支部。"
    for kind in kinds:
        if kind not in JOINT_KINDS:
            may = "、".join(str(one.label) for one in Kind if one in JOINT_KINDS)
            return f"{Kind(kind).label}不能联合举办：{NOT_JOINT[Kind(kind)]}。可以联合的是{may}。"
    return ""


def check(activity: Activity, data: ActivityData) -> None:
    """Refuse co-hosts that cannot be, and in a part any change of the common text. Raises ValidationError by field."""
    if activity.host_id:
        _refuse_common(activity, data)
        if data.cohosts:
            raise ValidationError({"cohosts": "联合举办单位由主办党支部选择。"})
        return
    chosen = data.cohosts if data.cohosts is not None else cohosts_of(activity)
    if not chosen:
        return
    if why := why_not_joint(data.branch, data.kinds):
        raise ValidationError({"cohosts": why})
    day = timezone.localdate(data.starts_at)
    for one in chosen:
        if one.pk == data.branch.pk:
            raise ValidationError({"cohosts": f"{one.name}是主办单位，不用再选。"})
        if one.level != BranchLevel.BRANCH or one.hospital_id != data.branch.hospital_id:
            raise ValidationError({"cohosts": f"{one.name}不是本院的党支部，不能选为联合举办单位。"})
        if not one.is_open(day):
            raise ValidationError({"cohosts": f"{one.name}在{cn_date(day)}尚未成立或已经撤销，不能选为联合举办单位。"})


def _refuse_common(part: Activity, data: ActivityData) -> None:
    told = [LABELS[name] for name in COMMON if value_of(data, name, part) != getattr(part, name)]
    if list(data.kinds) != kinds_of(part):
        told.insert(0, LABELS["kinds"])
    if data.sessions is not None:
        told.append(LABELS["sessions"])
    if told:
        text = f"{'、'.join(told)}由主办的{_host(part).branch.name}填写，本支部不能修改。"
        raise ValidationError({"host": f"{text}如对方刚刚改过，请重新打开后再保存。"})


def with_common(part: Activity, data: ActivityData) -> ActivityData:
    """What a form of a part says, with the common text as the part holds it."""
    kept = {name: getattr(part, name) for name in COMMON}
    return replace(data, **kept, kinds=tuple(kinds_of(part)), sessions=None)


# -- The host's record is written


def hold(host: Activity, more: Collection[Branch] = ()) -> list[Activity]:
    """Lock the parts of a locked record, then every branch that the coming writes touch; returns the parts."""
    if host.host_id:
        return []
    rows = Activity.objects.select_for_update(of=("self",), no_key=True).select_related(
        "branch", "group", "editor", "recorder"
    )
    parts = list(rows.filter(host=host).order_by("pk"))
    if parts or more:
        lock_branches({host.branch_id, *(part.branch_id for part in parts), *(one.pk for one in more)})
    return parts


def share(host: Activity, parts: Sequence[Activity], cohosts: Collection[Branch] | None, actor: User) -> None:
    """Make, remove and bring in line the parts of a record that was just written; `parts` come from `hold`.

    `cohosts` None: as they are. A confirmed part waits for the host to be handed in; what it would then refuse is
    refused at once. Raises ValidationError when a part was handed in and cannot be removed, or was confirmed and the
    kinds or the day would change under it.
    """
    if not parts and not cohosts:
        return
    kinds = kinds_of(host)
    staying = list(parts)
    if cohosts is not None:
        wanted = {one.pk for one in cohosts}
        have = {part.branch_id for part in parts}
        for part in parts:
            if part.branch_id not in wanted:
                _remove(host, part, actor)
        staying = [part for part in parts if part.branch_id in wanted]
        for branch in sorted(cohosts, key=lambda one: one.path):
            if branch.pk not in have:
                _invite(host, branch, kinds, actor)
    for part in staying:
        _copy(host, part, kinds, actor)


def _invite(host: Activity, branch: Branch, kinds: Sequence[str], actor: User) -> None:
    keeper = keeper_of(branch)
    part = Activity(branch=branch, host=host, recorder=keeper or actor, editor=keeper or actor)
    for name in COMMON:
        setattr(part, name, getattr(host, name))
    part.state = ActivityState.PLANNED if host.state == ActivityState.PLANNED else ActivityState.DRAFT
    part.save()
    write_kinds(part, kinds)
    write_people(part, kinds, actor)
    if sittings := sittings_of(host, part):
        write_sittings(part, sittings)
    _refresh(part, kinds, host)
    record(
        actor=actor,
        action="activity.invited",
        target=part,
        branch=branch,
        changes={"主办党支部": ["", host.branch.name]},
    )
    _tell(part, "invited", f"{host.branch.name}邀请联合举办{_named(host, kinds)}，请登记本支部出席")


def _copy(host: Activity, part: Activity, kinds: Sequence[str], actor: User) -> None:
    """Bring the common text of one part in line with the host's; a confirmed one gets a revision, or refuses."""
    before, was = kinds_of(part), timezone.localdate(part.starts_at)
    day = timezone.localdate(host.starts_at)
    told, sittings = differing(host, part, before, kinds), sittings_of(host, part)
    if sittings:
        told[LABELS["sessions"]] = sittings.words
    if not told:
        return
    gone = bool(sittings and somebody_came(part, sittings.gone))
    moved = was != day or set(before) != set(kinds) or gone
    settled, now = part.state in SEEN_BY_MEMBERS, timezone.now()
    elsewhere = bool(sittings) or (part.starts_at, part.place) != (host.starts_at, host.place)
    worth_telling = elsewhere and max(part.starts_at, host.starts_at) > now  # of what is over nobody is told the place
    if settled:
        _refuse_settled(part, moved=moved)
        if host.state not in HANDED_IN:  # half-written text is nobody's confirmed record
            return
    for name in COMMON:
        setattr(part, name, getattr(host, name))
    taken_back = moved and part.state == ActivityState.SUBMITTED
    ahead = part.state == ActivityState.PLANNED and part.starts_at > now
    if taken_back or (part.state == ActivityState.PLANNED and not ahead):
        part.state = ActivityState.DRAFT
    if settled:
        part.revision += 1
        part.version += 1
    part.save()
    if before != list(kinds):
        write_kinds(part, kinds)
    if sittings:
        write_sittings(part, sittings)
    if moved:
        write_people(part, kinds, actor)
    refresh_items(branch=part.branch, kinds={*before, *kinds}, days={was, day})
    short = {name: [old[:TRIMMED], new[:TRIMMED]] for name, (old, new) in told.items()}
    if not settled:
        record(actor=actor, action="activity.shared", target=part, branch=part.branch, changes=short)
        if taken_back:
            text = f"{host.branch.name}改了{_named(host, kinds)}的类型、日期或场次，请核对出席后重新提交"
            _tell(part, f"taken back {part.version} {day}", text)
        elif worth_telling:
            then = "请重新通知应到人员" if part.announced_at else "请按新的安排准备"
            text = f"{host.branch.name}改了{_named(host, kinds)}的时间或地点，{then}"
            _tell(part, f"moved {host.version}", text)
        return
    Revision.objects.create(activity=part, number=part.revision, reason=REASON, changes=told, made_by=actor)
    settle(part, actor)
    changes = short | {"更正原因": ["", REASON]}
    record(actor=actor, action="activity.corrected", target=part, branch=part.branch, changes=changes)
    activity_corrected.send(Activity, source_kind="activity", source_id=part.pk, revision=part.revision, actor=actor)
    text = f"{host.branch.name}更正了{_named(host, kinds)}的公共内容，本支部记录已留痕"
    _tell(part, f"corrected {part.revision}", text)


def _refuse_settled(part: Activity, *, moved: bool) -> None:
    who = part.branch.name
    if part.state == ActivityState.ARCHIVED:
        text = f"{who}的部分已归档，公共内容不能再改。确需更改的，请党委办公室先退回{who}的记录。"
        raise ValidationError({"cohosts": text})
    if moved:
        text = f"{who}的部分已确认，活动类型和日期不能再改，有人到会的场次不能去掉。"
        raise ValidationError({"cohosts": f"{text}确需更改的，请党委办公室先退回{who}的记录。"})
    try:
        require_open(part.branch, timezone.localdate(part.starts_at))
    except ValidationError as error:
        raise ValidationError({"cohosts": error.messages[0]}) from None


# -- Planned, handed in, removed


def follow_plan(parts: Sequence[Activity]) -> None:
    """The host's draft became a plan: so do the parts that nobody has handed in."""
    for part in parts:
        if part.state == ActivityState.DRAFT and not part.serial:
            part.state = ActivityState.PLANNED
            part.save(update_fields=["state", "updated_at"])
            _refresh(part, kinds_of(part), part)


def tell_ready(host: Activity) -> None:
    """The common text was handed in: the co-hosts may hand in their parts. Told each time it was."""
    kinds = kinds_of(host)
    waiting = (ActivityState.PLANNED, ActivityState.DRAFT, ActivityState.RETURNED)
    for part in host.parts.filter(state__in=waiting).select_related("branch").order_by("pk"):
        text = f"{host.branch.name}已提交{_named(host, kinds)}的公共内容，请核对本支部出席后提交"
        _tell(part, f"ready {host.version}", text)


def why_wait(part: Activity) -> str:
    """Why a part cannot be handed in or confirmed yet, and whom to ask; "" once the host's record was handed in."""
    if not part.host_id:
        return ""
    host = _host(part)
    if host.state in HANDED_IN:
        return ""
    return f"公共内容由主办的{host.branch.name}填写，对方还没有提交。请联系{who_to_ask(host)}，对方提交后再办理。"


def require_handed_in(part: Activity) -> None:
    if why := why_wait(part):
        raise ValidationError(why)


def own_gaps(part: Activity, problems: dict[str, str]) -> dict[str, str]:
    """Of what keeps a part from being handed in: the gaps of the common text are the host's to fill."""
    if not part.host_id:
        return problems
    problems.pop("sessions", None)  # of one sitting only other branches' people may have come
    if not (why := why_wait(part)):
        return problems
    return {name: text for name, text in problems.items() if name not in WAITS_ON} | {"host": why}


def release(host: Activity, parts: Sequence[Activity], actor: User) -> None:
    """The host's draft is about to be deleted: its untouched parts go with it. A part itself is not deleted so."""
    if host.host_id:
        whole = _host(host)
        text = f"联合举办由主办的{whole.branch.name}取消。本支部不参加的，请联系{who_to_ask(whole)}。"
        raise ValidationError(text)
    if touched := [part.branch.name for part in parts if is_touched(part)]:
        text = f"{'、'.join(touched)}已登记本支部的出席情况。请先在“联合举办”中取消，再删除草稿。"
        raise ValidationError(text)
    for part in parts:
        _remove(host, part, actor)


def is_touched(part: Activity) -> bool:
    """Whether the co-host's own people have done anything with their part."""
    return bool(
        part.version > 1
        or part.serial
        or part.announced_at
        or part.photos.exists()
        or part.attachments.exists()
        or part.leave_requests.exists()
        or is_signed_for(part)
    )


def _remove(host: Activity, part: Activity, actor: User) -> None:
    if part.serial:
        text = f"{part.branch.name}的部分已提交过（{part.serial}），不能取消联合举办。"
        raise ValidationError({"cohosts": text})
    kinds, day, branch = kinds_of(part), timezone.localdate(part.starts_at), part.branch
    forget_files(part)
    for row in part.attachments.all():
        forget_file(row.file.name)
    _tell(part, "withdrawn", f"{host.branch.name}取消了与本支部联合举办{_named(host, kinds)}", url=False)
    record(actor=actor, action="activity.uninvited", target=part, branch=branch)
    part.delete()
    refresh_items(branch=branch, kinds=kinds, days=[day])


# -- Small things


def organisers(activity: Activity) -> tuple[Branch, list[Branch]] | None:
    """(host, co-hosts in the order of the tree) of a joint one, else None. Names, that every co-host may know."""
    whole = activity.host or activity
    cohosts = cohosts_of(whole)
    return (whole.branch, cohosts) if cohosts else None


def keeper_of(branch: Branch) -> User | None:
    """Who is told of a part and keeps it at first: the secretary in office, else the deputy."""
    post = head_of(branch)
    return post.user if post else None


def _tell(part: Activity, step: str, text: str, *, url: bool = True) -> None:
    keeper = keeper_of(part.branch)
    if keeper is not None:
        notify(
            recipient=keeper,
            topic=Topic.ACTIVITY,
            item_key=f"joint:{part.pk}",
            step=step,
            text=text[:120],
            url=reverse("activities:activity_detail", args=[part.pk]) if url else "",
        )


def _refresh(part: Activity, kinds: Sequence[str], dated: Activity) -> None:
    refresh_items(branch=part.branch, kinds=kinds, days=[timezone.localdate(dated.starts_at)])


def _host(part: Activity) -> Activity:
    """The host's record as it is now."""
    return Activity.objects.select_related("branch", "group").get(pk=part.host_id)


def _named(host: Activity, kinds: Sequence[str]) -> str:
    local = timezone.localtime(host.starts_at)
    return f"{local.month}月{local.day}日{labels(kinds)}" + (f"“{host.topic[:40]}”" if host.topic else "")
