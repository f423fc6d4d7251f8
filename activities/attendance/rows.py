"""The attendance rows of a record that is still open: who is expected, whose signature stands, who let whom off."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from activities.attendance.people import Expected, expected_people
from activities.choices import ActivityState, AttendanceStatus, Kind, SignMethod
from activities.models import Activity, Attendance, SignIn
from branches.choices import BranchLevel, Role
from branches.models import Appointment, Branch, User
from members.models import Member

OPEN: Final = (ActivityState.PLANNED, ActivityState.DRAFT)  # states in which people sign in or ask for leave
STAMPS: Final = ("signed_at", "signed_by", "session_id", "approved_by_id", "approved_at")
ROW_FIELDS: Final = ("branch_id", "name", "group_name", "member_type", "may_vote", "status", "reason", "note")
LARGEST: Final = 2**63  # an id is below it
EXCUSED: Final = (AttendanceStatus.LEAVE, AttendanceStatus.OFFICIAL)
NOBODY: Final = datetime.min.replace(tzinfo=UTC)  # the last signature a form knows, where nobody had signed yet


def expected_at(activity: Activity) -> list[Expected]:
    """Everyone the gathering expects on its day, by its main kind."""
    kinds = [row.kind for row in activity.kinds.all()]
    if not kinds:
        return []
    day = timezone.localdate(activity.starts_at)
    return expected_people(branch=activity.branch, kind=Kind(kinds[0]), day=day, group=activity.group)


def ensure_rows(activity: Activity) -> list[Attendance]:
    """The rows of everyone expected, made where they are missing; nobody's is taken away. Part of a transaction."""
    here = set(activity.attendances.values_list("member", flat=True))
    missing = [person for person in expected_at(activity) if person.member_id not in here]
    Attendance.objects.bulk_create(
        [
            Attendance(
                activity=activity,
                member_id=person.member_id,
                branch_id=person.branch_id,
                name=person.name,
                group_name=person.group_name,
                member_type=person.member_type,
                may_vote=person.may_vote,
            )
            for person in missing
        ]
    )
    return list(activity.attendances.select_related("member").order_by("pk"))


def lock_sign_in(activity: Activity) -> SignIn | None:
    """Wait until nobody is signing in, and let nobody until the transaction ends; None where it was never opened.

    Whoever writes the rows of a record takes the locks in one order: the record, its SignIn, its rows by id. A
    signature takes the last two.
    """
    return SignIn.objects.select_for_update(of=("self",)).filter(activity=activity).first()


def row_of(activity: Activity, member: Member | None) -> Attendance:
    """The row of one person, locked. Raises ValidationError, which says whom to ask, for somebody not expected."""
    rows = Attendance.objects.select_for_update(of=("self",)).select_related("member")
    row = rows.filter(activity=activity, member=member).first() if member is not None else None
    if row is None:
        raise ValidationError(not_expected(activity), code="not_expected")
    return row


def not_expected(activity: Activity) -> str:
    day = timezone.localdate(activity.starts_at)
    return f"您不在这次活动（{day.month}月{day.day}日）的应到名单中。如有疑问，请联系{who_to_ask(activity)}。"


def refuse_strangers(activity: Activity, members: Collection[int], expected: Collection[int]) -> None:
    """Raise ValidationError for attendance of people whom the gathering does not expect on its day."""
    if strange := set(members) - set(expected):
        who, day = names_of(activity, strange), timezone.localdate(activity.starts_at)
        text = f"{who}在{day.year}年{day.month}月{day.day}日不是这次活动的应到人员，不能登记出席或缺席。"
        raise ValidationError({"absences": text})


def names_of(activity: Activity, members: Collection[int]) -> str:
    """The first five of these ids that the branch knows, by name; else "所选人员": nobody learns names by asking."""
    known = [pk for pk in members if pk < LARGEST]
    here = Q(branch=activity.branch_id) | Q(attendances__activity=activity.pk)
    rows = Member.objects.filter(here, pk__in=known).distinct().order_by("pk")
    return "、".join(rows.values_list("user__name", flat=True)[:5]) or "所选人员"


def head_of(node: Branch) -> Appointment | None:
    """The post that answers for a node: the group's leader, the secretary or deputy, the committee's offices."""
    first = {
        BranchLevel.GROUP: [Role.GROUP_LEADER],
        BranchLevel.COMMITTEE: [Role.PARTY_OFFICE, Role.PARTY_COMMITTEE_SECRETARY],
    }.get(BranchLevel(node.level), [Role.BRANCH_SECRETARY, Role.DEPUTY_SECRETARY])
    held = Appointment.objects.current(timezone.localdate()).filter(
        branch=node.pk, role__in=first, user__is_active=True
    )
    posts = sorted(held.select_related("user"), key=lambda post: (first.index(Role(post.role)), post.pk))
    return posts[0] if posts else None


def who_to_ask(activity: Activity) -> str:
    """Who answers for the body that meets, by post and name: "支部书记陈静怡"."""
    node = activity.group or activity.branch
    if post := head_of(node):
        return f"{post.get_role_display()}{post.user.name}"
    return "支部书记" if node.level != BranchLevel.COMMITTEE else "党委办公室"


def told_apart(rows: Iterable[Attendance]) -> dict[int, str]:
    """Member -> name; with the group, or else a number, where two share it: "张伟（第一党小组）", "张伟（2）"."""
    people = {row.member_id: row for row in sorted(rows, key=lambda row: row.member_id)}
    same: dict[str, list[Attendance]] = {}
    for row in people.values():
        same.setdefault(row.name, []).append(row)
    found = {}
    for name, sharing in same.items():
        groups = {row.group_name for row in sharing} - {""}
        for n, row in enumerate(sharing, 1):
            mark = row.group_name if len(groups) == len(sharing) else n
            found[row.member_id] = f"{name}（{mark}）" if len(sharing) > 1 else name
    return found


# -- Signatures against what the form says


def is_signed_for(activity: Activity) -> bool:
    """Was signing in used: has anybody signed?"""
    return activity.pk is not None and activity.attendances.filter(signed_at__isnull=False).exists()


def last_signature(rows: Iterable[Attendance]) -> datetime:
    """The last one among `rows`, or NOBODY: what a form made from them knows. They are given one at a time."""
    return max((row.signed_at for row in rows if row.signed_at), default=NOBODY)


def signature_word(last: datetime) -> str:
    """`last_signature` as a hidden field carries it; "0" for NOBODY."""
    return "0" if last == NOBODY else last.isoformat()


def signature_of(word: str) -> datetime | None:
    """The reverse of `signature_word`; None for a form that does not say."""
    if word == "0":
        return NOBODY
    try:
        found = parse_datetime(word)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def is_news(row: Attendance, known: datetime | None) -> bool:
    """Was it signed after the form was made whose last signature is `known`? Never for a form that does not say."""
    return known is not None and row.signed_at is not None and row.signed_at > known


def let_signatures_stand(rows: Iterable[Attendance], kept: Mapping[int, Attendance]) -> None:
    """Who has signed stays present unless the form gives a reason: it may be older than the signature."""
    for row in rows:
        old = kept.get(row.member_id)
        signed = old is not None and old.signed_at is not None
        if signed and row.status != AttendanceStatus.PRESENT and not row.reason:
            row.status, row.note = AttendanceStatus.PRESENT, ""


def wait_for_signatures(activity: Activity) -> None:
    """From the first signature on nobody counts as present who has not signed; a reason given stays."""
    activity.attendances.filter(status=AttendanceStatus.PRESENT, signed_at__isnull=True).update(
        status=AttendanceStatus.LEAVE
    )


def stop_waiting(activity: Activity) -> None:
    """The last signature was taken back: as before the first, everybody is present until somebody says otherwise."""
    activity.attendances.filter(status=AttendanceStatus.LEAVE, reason="").update(status=AttendanceStatus.PRESENT)


def stamp(activity: Activity, rows: Collection[Attendance], actor: User) -> None:
    """Set who let an absent person off and how a present one is known; called for rows as they will be written.

    Leave without an approval of its own is the secretary's. Where signing in was used, a person whom the form calls
    present has signed, or is so by this save (书记登记).
    """
    now, used = timezone.now(), is_signed_for(activity)
    approver: User | None = None
    for row in rows:
        if row.status == AttendanceStatus.PRESENT:
            row.approved_by_id = row.approved_at = None
            if used and row.signed_at is None:
                row.signed_at, row.signed_by = now, SignMethod.MANUAL
            continue
        row.signed_at, row.signed_by = None, ""
        if row.status not in EXCUSED or not row.reason:
            row.approved_by_id = row.approved_at = None
        elif row.approved_by_id is None:
            approver = approver or secretary_of(activity, actor)
            row.approved_by_id, row.approved_at = approver.pk, now


def secretary_of(activity: Activity, actor: User) -> User:
    """Who answers for leave that nobody asked for on the site: the secretary in office that day, else the recorder."""
    held = Appointment.objects.current(timezone.localdate(activity.starts_at)).filter(
        branch=activity.branch_id,
        role__in=[Role.BRANCH_SECRETARY, Role.PARTY_COMMITTEE_SECRETARY],
    )
    post = held.select_related("user").first()
    return post.user if post else actor


# -- Written


def write_rows(activity: Activity, rows: Collection[Attendance], actor: User) -> None:
    """Bring the rows in line with those expected now: who stays keeps sign-in, sitting and approval of the leave."""
    locked = Attendance.objects.select_for_update().filter(activity=activity).order_by("pk")
    kept = {row.member_id: row for row in locked}
    wanted = {row.member_id: row for row in rows}
    staying = [kept[pk] for pk in kept.keys() & wanted.keys()]
    for row in staying:
        new = wanted[row.member_id]
        if row.reason != new.reason:  # another reason is another leave
            row.approved_by_id = row.approved_at = None
        for name in ROW_FIELDS:
            setattr(row, name, getattr(new, name))
        row.session = new.session
    made = [row for pk, row in wanted.items() if pk not in kept]
    stamp(activity, [*staying, *made], actor)
    Attendance.objects.filter(pk__in=[row.pk for pk, row in kept.items() if pk not in wanted]).delete()
    Attendance.objects.bulk_update(staying, [*ROW_FIELDS, *STAMPS])
    Attendance.objects.bulk_create(made)
