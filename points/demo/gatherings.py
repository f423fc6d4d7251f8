"""Two years of records for the demo hospital: held, late, missed, returned, waiting, made up."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from activities.choices import AbsenceReason, ActivityState, AttendanceStatus, Kind, status_of
from activities.models import Activity, ActivityKind, Attendance, SerialCounter
from activities.services import INITIALS
from branches.choices import Role
from branches.models import AuditEntry, Branch, User
from members.choices import MemberType
from points.demo import shape
from points.demo.people import Hospital, Person

SHANGHAI = ZoneInfo("Asia/Shanghai")
REASONS = (
    (AbsenceReason.DUTY, 38),
    (AbsenceReason.EMERGENCY, 18),
    (AbsenceReason.OFFICIAL, 14),
    (AbsenceReason.LEAVE_SICK, 9),
    (AbsenceReason.LEAVE_PERSONAL, 10),
    (AbsenceReason.DEPLOYMENT, 6),
    (AbsenceReason.UNEXCUSED, 5),
)


@dataclass
class Gathering:
    """One record before it is written."""

    branch: Branch
    code: str
    kinds: tuple[Kind, ...]
    day: date
    topic: str
    expected: list[Person]
    group: Branch | None = None
    state: ActivityState = ActivityState.CONFIRMED
    submitted_after: int = 2  # days
    hour: int = 16


def at(day: date, hour: int, minute: int = 30) -> datetime:
    return datetime.combine(day, time(hour, minute), SHANGHAI)


def workday(day: date, today: date) -> date:
    """The next weekday on or after `day`; demo meetings are not held on Sundays."""
    while day.weekday() == 6:
        day += timedelta(days=1)
    return min(day, today)


def months(today: date) -> Iterator[date]:
    """First days of the months from January of last year to this month."""
    for year in (today.year - 1, today.year):
        for month in range(1, 13):
            if date(year, month, 1) <= today:
                yield date(year, month, 1)


def plan_gatherings(hospital: Hospital, today: date) -> list[Gathering]:
    """Everything that was held, oldest first. What falls after `today` has not happened yet."""
    found: list[Gathering] = []
    for plan in shape.BRANCHES:
        rng = random.Random(f"gatherings {plan.code}")
        for month in months(today):
            found += _month(hospital, plan, month, today, rng)
    found += _temporary(hospital, today)
    found += _committee(hospital, today)
    found = sorted((g for g in found if g.day < today), key=lambda g: (g.day, g.code, g.kinds))
    _present_tense(found, today)
    return found


def _month(
    hospital: Hospital, plan: shape.BranchPlan, month: date, today: date, rng: random.Random
) -> Iterator[Gathering]:
    branch = hospital.branches[plan.code]
    complete = (month.year, month.month) < (today.year, today.month)

    def held() -> bool:
        return rng.random() < plan.diligence

    def gathering(day: int, kinds: tuple[Kind, ...], topic: str, expected: list[Person], group: Branch | None = None):
        when = workday(month.replace(day=day), today) if complete else month.replace(day=day)
        late = rng.random() > plan.punctuality
        return Gathering(
            branch,
            plan.code,
            kinds,
            when,
            topic,
            expected,
            group,
            submitted_after=rng.randint(9, 24) if late else rng.randint(0, 4),
            hour=rng.choice((15, 16, 17)),
        )

    def everyone(day: int) -> list[Person]:
        return hospital.roll(plan.code, month.replace(day=day))

    quarter_end = month.month % 3 == 0
    lecture = quarter_end or month.month == 11
    if held():
        kinds = (Kind.THEME_DAY, Kind.PARTY_LECTURE) if lecture and month.month != 11 else (Kind.THEME_DAY,)
        topic = rng.choice(shape.THEMES)
        yield gathering(rng.randint(9, 18), kinds, topic, everyone(15))
    if len(hospital.officers[plan.code]) >= 3 and (held() or plan.code == "JG01"):
        users = {user.pk for user in hospital.officers[plan.code].values()}
        committee = [p for p in everyone(4) if p.member.user_id in users]
        yield gathering(rng.randint(3, 7), (Kind.COMMITTEE_MEETING,), rng.choice(shape.COMMITTEE_TOPICS), committee)
    for group in hospital.groups[plan.code]:
        if held():
            people = [p for p in everyone(20) if p.member.group_id == group.pk]
            yield gathering(rng.randint(10, 24), (Kind.GROUP_MEETING,), rng.choice(shape.GROUP_TOPICS), people, group)
    owed = plan.code == "JG01" and (month.year, (month.month - 1) // 3) == (today.year, (today.month - 1) // 3)
    if quarter_end and held() and not owed:  # something is always left to do for those who try the demo
        yield gathering(rng.randint(20, 27), (Kind.GENERAL_MEETING,), rng.choice(shape.GENERAL_TOPICS), everyone(22))
    born = [p for p in everyone(12) if p.member.joined_on.month == month.month and p.member.joined_on < month]
    if born and held():
        yield gathering(
            12, (Kind.POLITICAL_BIRTHDAY,), "集体过政治生日：" + "、".join(p.member.user.name for p in born[:3]), born
        )
    if month.month in (6, 12) and held() and not owed:
        yield gathering(26, (Kind.WARNING_EDUCATION,), "警示教育：以案为鉴，守住底线", everyone(26))
    if month.month == 12 and held():
        kinds = (Kind.ORG_LIFE_MEETING, Kind.DEMOCRATIC_APPRAISAL)
        yield gathering(21, kinds, f"{month.year}年度组织生活会和民主评议党员", everyone(21))


def _temporary(hospital: Hospital, today: date) -> Iterator[Gathering]:
    people = [hospital.people[code][10] for code in ("NK01", "NK02", "WK01", "MZ01", "YJ01")]
    for month in range(4, 9):
        yield Gathering(
            hospital.temporary,
            "LS01",
            (Kind.THEME_DAY,),
            date(today.year - 1, month, 12),
            "援外医疗队临时党支部主题党日",
            people,
        )


def _committee(hospital: Hospital, today: date) -> Iterator[Gathering]:
    """A study each quarter; at the end of the year the leaders' own meeting and the secretaries' reports."""
    rng = random.Random("committee")
    secretaries = {officers[Role.BRANCH_SECRETARY].pk for officers in hospital.officers.values()}

    def held(day: date, kind: Kind, topic: str, expected: list[Person]) -> Gathering:
        return Gathering(hospital.root, shape.ROOT, (kind,), workday(day, today), topic, expected, hour=15)

    for month in months(today):
        if month.month % 3 == 2:
            topic = rng.choice(shape.STUDY_TOPICS)
            yield held(month.replace(day=10), Kind.CENTER_GROUP_STUDY, topic, hospital.leaders)
        if month.month == 12:
            topic = f"{month.year}年度领导班子民主生活会"
            yield held(month.replace(day=18), Kind.DEM_LIFE_MEETING, topic, hospital.leaders)
            heads = [p for code in hospital.branches for p in hospital.people[code] if p.member.user_id in secretaries]
            topic = f"{month.year}年度党支部书记抓党建述职评议"
            yield held(month.replace(day=23), Kind.REPORT_ASSESSMENT, topic, heads)


def _present_tense(found: list[Gathering], today: date) -> None:
    """The last weeks as a real hospital has them: waiting, returned, in draft."""
    for g in found:
        age = (today - g.day).days
        g.submitted_after = min(g.submitted_after, age - 1)  # nothing is sent later than now
        if age <= g.submitted_after + 1:
            g.state = ActivityState.SUBMITTED
    recent = [g for g in found if 1 <= (today - g.day).days <= 25 and g.state == ActivityState.CONFIRMED]
    for i, g in enumerate(recent):
        if i % 7 == 3:
            g.state = ActivityState.SUBMITTED
    for code in ("JG01", "WK02", "MZ01"):
        mine = [g for g in recent if g.code == code and Kind.COMMITTEE_MEETING in g.kinds]
        if mine:
            mine[-1].state = ActivityState.RETURNED
    own = [g for g in found if g.code == "JG01" and (today - g.day).days <= 25 and g.state != ActivityState.RETURNED]
    for g, state in zip(reversed(own), (ActivityState.DRAFT, ActivityState.SUBMITTED), strict=False):
        g.state = state


def write_gatherings(hospital: Hospital, found: list[Gathering], today: date) -> list[int]:
    """Write the records with their people and their trail; return the ids of the confirmed ones."""
    rng = random.Random("attendance")
    counters: dict[tuple[int, int, str], int] = {}
    activities, confirmers = [], []
    for g in found:
        recorder, confirmer = _hands(hospital, g)
        sent = at(g.day, 18) + timedelta(days=g.submitted_after)
        done = g.state == ActivityState.CONFIRMED
        submitted = g.state != ActivityState.DRAFT
        lecture = Kind.PARTY_LECTURE in g.kinds
        chair = hospital.officers.get(g.code, {}).get(Role.BRANCH_SECRETARY) or recorder
        chair = hospital.chief if g.code == shape.ROOT else chair
        activities.append(
            Activity(
                branch=g.branch,
                group=g.group,
                topic=g.topic if not lecture else f"{g.topic}暨专题党课",
                place=rng.choice(shape.PLACES),
                starts_at=at(g.day, g.hour),
                ends_at=at(g.day, g.hour) + timedelta(minutes=rng.choice((60, 75, 90))),
                chair=chair,
                recorder=recorder,
                editor=recorder,
                lecturer=chair if lecture else None,
                hours=1 if lecture else None,
                minutes=_minutes(g, rng),
                state=g.state,
                serial=_serial(counters, g) if submitted else None,
                submitted_at=sent if submitted else None,
                submitted_by=recorder if submitted else None,
                confirmed_at=sent + timedelta(hours=20) if done else None,
                confirmed_by=confirmer if done else None,
                revision=1 if done else 0,
                returned_at=sent + timedelta(hours=15) if g.state == ActivityState.RETURNED else None,
                returned_by=hospital.office if g.state == ActivityState.RETURNED else None,
                return_comment="请补充第2项决议的责任人和完成时限。" if g.state == ActivityState.RETURNED else "",
            )
        )
        confirmers.append(confirmer)
    Activity.objects.bulk_create(activities, batch_size=30)
    pairs = list(zip(found, activities, strict=True))
    ActivityKind.objects.bulk_create(
        [ActivityKind(activity=activity, kind=kind) for g, activity in pairs for kind in g.kinds], batch_size=400
    )
    rows = [row for g, activity in pairs for row in _people(g, activity, rng, today)]
    Attendance.objects.bulk_create(rows, batch_size=80)
    SerialCounter.objects.bulk_create(
        [
            SerialCounter(branch_id=branch, year=year, kind=kind, last=last)
            for (branch, year, kind), last in counters.items()
        ]
    )
    _trail(pairs, confirmers)
    return [activity.pk for g, activity in pairs if g.state == ActivityState.CONFIRMED]


def _minutes(g: Gathering, rng: random.Random) -> str:
    texts = shape.MINUTES.get(g.kinds[0], shape.MINUTES[""])
    return rng.choice(texts).format(
        topic=g.topic, n=rng.randint(40, 160), m=rng.choice((30, 40, 45)), k=rng.randint(3, 9)
    )


def _hands(hospital: Hospital, g: Gathering) -> tuple[User, User]:
    """Who recorded and who confirmed: never the same person."""
    if g.code == shape.ROOT:
        return hospital.office, hospital.chief
    officers = hospital.officers.get(g.code)
    if not officers:
        return g.expected[0].member.user, hospital.office
    secretary = officers[Role.BRANCH_SECRETARY]
    recorder = officers.get(Role.PUBLICITY_MEMBER, secretary)
    return recorder, officers.get(Role.ORGANISATION_MEMBER) or hospital.office


def _serial(counters: dict[tuple[int, int, str], int], g: Gathering) -> str:
    key = (g.branch.pk, g.day.year, g.kinds[0].value)
    counters[key] = counters.get(key, 0) + 1
    return f"{g.branch.code}-{g.day.year}-{INITIALS[g.kinds[0]]}-{counters[key]:03d}"


def _people(g: Gathering, activity: Activity, rng: random.Random, today: date) -> Iterator[Attendance]:
    for person in g.expected:
        member = person.member
        draw = random.Random(f"{member.pk} {activity.pk}").random()
        diligence = 0.74 + 0.25 * random.Random(f"diligence {member.pk}").random() ** 0.5
        reason = "" if draw < diligence else rng.choices([r for r, _ in REASONS], [w for _, w in REASONS])[0]
        status = status_of(reason) if reason else AttendanceStatus.PRESENT
        excused = status in {AttendanceStatus.LEAVE, AttendanceStatus.OFFICIAL}
        made_up = g.day + timedelta(days=rng.randint(4, 25)) if excused and rng.random() < 0.7 else None
        full = person.is_full(g.day)
        yield Attendance(
            activity=activity,
            member=member,
            branch=member.branch,
            name=member.user.name,
            group_name=member.group.name if member.group and g.code != shape.ROOT else "",
            member_type=MemberType.FULL if full else MemberType.PROBATIONARY,
            may_vote=full,
            status=status,
            reason=reason,
            made_up_on=made_up if made_up and made_up <= today else None,
        )


def _trail(pairs: list[tuple[Gathering, Activity]], confirmers: list[User]) -> None:
    lines = []
    for (g, activity), confirmer in zip(pairs, confirmers, strict=True):
        if activity.submitted_at is None:
            continue
        steps: list[tuple[str, User, datetime | None]] = [
            ("activity.submitted", activity.recorder, activity.submitted_at),
            ("activity.confirmed", confirmer, activity.confirmed_at),
        ]
        if activity.returned_by:
            steps.append(("activity.returned", activity.returned_by, activity.returned_at))
        lines += [
            AuditEntry(
                at=when,
                actor=who,
                actor_name=who.name,
                action=action,
                target_type="activities.activity",
                target_id=activity.pk,
                target_text=str(activity),
                branch=g.branch,
                changes={"comment": activity.return_comment} if action == "activity.returned" else {},
            )
            for action, who, when in steps
            if when is not None
        ]
    lines.sort(key=lambda line: line.at)  # the trail is read in the order it was written
    AuditEntry.objects.bulk_create(lines, batch_size=80)
