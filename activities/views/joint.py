"""The fold 联合举办 of the host's form, what a part's form only shows, and how their pages name each other."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.http import QueryDict

from activities.choices import AttendanceStatus
from activities.forms import ActivityForm, initial_of
from activities.models import Activity
from activities.records.common_text import OWN
from activities.records.contents import detail_rows
from activities.records.drafting import cohosts_of
from activities.records.joint import candidates, why_not_joint, why_wait
from activities.records.session_form import SessionRows
from branches.models import User

if TYPE_CHECKING:
    from activities.views.form_page import FormPage

NOT_COMMON = (*OWN, "version")


# -- The host's form


def fold_of(page: "FormPage", kinds: Sequence[str]) -> dict[str, Any] | None:
    """The branches to tick, where this gathering may be held jointly; the ticked ones first. None: nothing to choose.

    Two queries, names only.
    """
    if page.host is not None or page.groups_only:
        return None
    have = {part.branch_id: part for part in _parts(page.activity)}
    ticked = _ticked(page, have)
    if why_not_joint(page.branch, kinds) and not ticked:
        return None
    offered = {one.pk: one for one in candidates(page.branch, page.day)} | {pk: have[pk].branch for pk in have}
    if not offered:
        return None
    rows = sorted(offered.values(), key=lambda one: (one.pk not in ticked, one.path))
    chosen = [one for one in rows if one.pk in ticked]
    asks = "cohosts" in page.problems
    return {
        "rows": [{"branch": one, "ticked": one.pk in ticked, "part": have.get(one.pk)} for one in rows],
        "chosen": chosen,
        "finds": len(rows) > 8,
        "open": bool(chosen) or asks,
        "drops": asks and bool(_dropped(page, have)),
    }


def said_of(page: "FormPage") -> tuple[dict[str, Any], dict[str, str]]:
    """(fields for ActivityData, problems by field) of the fold; nothing where the form did not show it."""
    if page.host is not None or page.typed is None or "joint" not in page.typed:
        return {}, {}
    have = {part.branch_id: part for part in _parts(page.activity)}
    ticked = _ticked(page, have)
    offered = {one.pk: one for one in candidates(page.branch, page.day)} | {pk: have[pk].branch for pk in have}
    if ticked - offered.keys():
        return {}, {"cohosts": "请从名单中选择联合举办的党支部。"}
    dropped = _dropped(page, have)
    if dropped and "drop_cohosts" not in page.typed:
        names = "、".join(have[pk].branch.name for pk in dropped)
        text = f"将取消与{names}的联合举办，对方已登记的出席和照片会一并删除。确定取消的，请勾选“确定取消”再保存。"
        return {}, {"cohosts": text}
    return {"cohosts": tuple(offered[pk] for pk in offered if pk in ticked)}, {}


def _parts(activity: Activity | None) -> Iterable[Activity]:
    return activity.parts.select_related("branch").order_by("branch__path") if activity is not None else ()


def _ticked(page: "FormPage", have: Iterable[int]) -> set[int]:
    if page.typed is not None and "joint" in page.typed:
        return {int(pk) for pk in page.typed.getlist("cohost") if pk.isdecimal() and len(pk) < 18}
    if page.typed is None and page.activity is None and page.copied is not None:
        open_now = set(candidates(page.branch, page.day).values_list("pk", flat=True))
        return {one.pk for one in cohosts_of(page.copied)} & open_now if not page.copied.host_id else set()
    return set(have)


def _dropped(page: "FormPage", have: Iterable[int]) -> list[int]:
    ticked = _ticked(page, have)
    return [pk for pk in have if pk not in ticked]


# -- The form of a part


def own_fields(part: Activity, typed: QueryDict) -> QueryDict:
    """What was typed, with the common text as the part holds it: the form shows it and asks for none of it."""
    fields = typed.copy()
    kept = initial_of(part)
    for name in ActivityForm.base_fields:
        if name in NOT_COMMON:
            continue
        value = kept.get(name)
        fields.setlist(name, value if isinstance(value, list) else ["" if value is None else str(value)])
    fields["group"] = ""
    sittings = SessionRows.of_activity(part).rows
    fields["session-count"] = str(len(sittings))
    for n, row in enumerate(sittings):
        for name, text in row.items():
            fields[f"session-{n}-{name}"] = text
    return fields


def host_of(page: "FormPage") -> dict[str, Any] | None:
    """What the form of a part shows of its host; None on any other form."""
    if page.host is None or page.activity is None:
        return None
    return {
        "name": page.host.branch.name,
        "why": why_wait(page.activity),
        "details": detail_rows(page.activity),
        "sittings": list(page.activity.sessions.all()),
    }


# -- The pages of both


def joint_of(user: User, activity: Activity, *, reads: bool) -> dict[str, Any] | None:
    """Who holds it with whom: of a host its parts with state and head counts, to readers of records; of a part its
    host. A link only where the reader may open it. One query, for a joint one two."""
    if activity.host_id:
        host = activity.host
        may = Activity.objects.readable_by(user).filter(pk=activity.host_id).exists()
        return {"host": host, "link": may, "why": why_wait(activity) if reads else ""}
    parts = activity.parts.select_related("branch").annotate(
        expected=Count("attendances"),
        present=Count("attendances", filter=Q(attendances__status=AttendanceStatus.PRESENT)),
    )
    rows = list(parts.order_by("branch__path"))
    if not rows:
        return None
    seen = set(Activity.objects.readable_by(user).filter(host=activity).values_list("pk", flat=True))
    return {"parts": [{"part": part, "link": part.pk in seen} for part in rows], "counts": reads}
