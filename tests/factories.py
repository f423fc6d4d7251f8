"""Objects for tests: fictitious people only (identity numbers of area 990000)."""

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import factory

from activities.choices import ActivityState, AttendanceStatus, Kind
from activities.models import Activity, ActivityKind, Attendance
from branches.choices import BranchKind, BranchLevel, Role
from branches.models import Appointment, Branch, User
from members.choices import EventKind, Gender, MemberType
from members.models import Member, MembershipEvent

SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 22)
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
_serial = count(1)


def identity_number(n: int, birth: date = date(1985, 3, 1), area: str = "990000") -> str:
    """A well-formed number of a fictitious area; odd `n` is male."""
    body = f"{area}{birth:%Y%m%d}{n % 1000:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


def make_branch(parent: Branch | None = None, **fields: Any) -> Branch:
    """A node; the root is a committee, below it a branch unless `level` says otherwise."""
    n = next(_serial)
    level = fields.pop("level", BranchLevel.BRANCH if parent else BranchLevel.COMMITTEE)
    data = {
        "name": fields.pop("name", f"第{n}党支部" if parent else f"测试医院{n}党委"),
        "code": fields.pop("code", f"T{n:04d}"),
        "level": level,
        "kind": fields.pop("kind", BranchKind.REGULAR),
        "founded_on": fields.pop("founded_on", date(2015, 1, 1)),
        **fields,
    }
    if parent is None:
        node = Branch.objects.add_root(data)
        Branch.objects.filter(pk=node.pk).update(hospital=node)
    else:
        parent = Branch.objects.get(pk=parent.pk)
        hospital = parent if parent.level == BranchLevel.COMMITTEE else parent.hospital
        node = Branch.objects.add_child(parent, {**data, "hospital": hospital})
    return Branch.objects.get(pk=node.pk)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"测试{'甲乙丙丁戊己庚辛壬癸'[n % 10]}{n}")
    username = factory.Sequence(lambda n: f"u{n}")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_person(**kwargs)


def appoint(user: User, branch: Branch, role: Role, starts_on: date = date(2020, 1, 1), ends_on: date | None = None):
    post = Appointment.objects.create(user=user, branch=branch, role=role, starts_on=starts_on, ends_on=ends_on)
    user.__dict__.pop("current_posts", None)
    return post


def make_member(
    branch: Branch, *, group: Branch | None = None, since: date = date(2020, 1, 1), **fields: Any
) -> Member:
    """A member on the roll of `branch` since `since`, with the event and the roll post that belong to it."""
    n = next(_serial)
    user = fields.pop("user", None) or UserFactory(name=fields.pop("name", f"党员{n}"))
    kind = fields.pop("member_type", MemberType.FULL)
    birth = fields.pop("birth_date", date(1985, 3, 1) + timedelta(days=n // 400))
    member = Member(
        user=user,
        branch=branch,
        group=group,
        gender=fields.pop("gender", Gender.FEMALE),
        ethnicity="01",
        birth_date=birth,
        education=fields.pop("education", "21"),
        member_type=kind,
        joined_on=fields.pop("joined_on", date(2010, 7, 1)),
        confirmed_on=fields.pop("confirmed_on", date(2011, 7, 1) if kind == MemberType.FULL else None),
        job_post=fields.pop("job_post", "0212"),
        **fields,
    )
    member.set_identity(identity_number(n, birth + timedelta(days=n // 1000)))
    member.save()
    MembershipEvent.objects.create(
        member=member, kind=EventKind.OPENING, branch=branch, member_type=kind, recorded_on=since, effective_on=since
    )
    appoint(user, branch, Role.MEMBER if kind == MemberType.FULL else Role.PROBATIONARY, since)
    return member


def at(day: date, hour: int = 16, minute: int = 30) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


def make_activity(
    branch: Branch,
    *,
    kinds: tuple[str, ...] = (Kind.THEME_DAY,),
    day: date = date(2026, 11, 11),
    state: str = ActivityState.DRAFT,
    recorder: User | None = None,
    members: list[Member] | None = None,
    absent: tuple[Member, ...] = (),
    **fields: Any,
) -> Activity:
    """A record written straight to the table, with attendance rows; use services to test services."""
    recorder = recorder or UserFactory()
    n = next(_serial)
    if state not in {ActivityState.PLANNED, ActivityState.DRAFT}:
        fields.setdefault("serial", f"T-{n}")
        fields.setdefault("submitted_at", at(day, 18))
        fields.setdefault("submitted_by", recorder)
    activity = Activity.objects.create(
        branch=branch,
        topic=fields.pop("topic", f"活动{n}"),
        starts_at=fields.pop("starts_at", at(day)),
        ends_at=fields.pop("ends_at", at(day, 18)),
        place=fields.pop("place", "会议室"),
        minutes=fields.pop("minutes", "会议纪要。"),
        recorder=recorder,
        editor=fields.pop("editor", recorder),
        state=state,
        **fields,
    )
    ActivityKind.objects.bulk_create([ActivityKind(activity=activity, kind=kind) for kind in kinds])
    Attendance.objects.bulk_create(
        [
            Attendance(
                activity=activity,
                member=member,
                branch=member.branch,
                name=member.user.name,
                group_name=member.group.name if member.group else "",
                member_type=member.member_type,
                may_vote=member.member_type == MemberType.FULL,
                status=AttendanceStatus.LEAVE if member in absent else AttendanceStatus.PRESENT,
                reason="leave_sick" if member in absent else "",
            )
            for member in members or []
        ]
    )
    return activity
