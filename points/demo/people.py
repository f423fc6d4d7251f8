"""The organisation and the people of the demo hospital."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password

from branches.choices import COMMITTEE_ROLES, BranchLevel, Role
from branches.models import Appointment, Branch, User
from branches.names import search_keys
from config.crypto import blind_index
from members.choices import Degree, EventKind, Gender, MemberType, StaffCategory, TitleLevel
from members.development import set_plan
from members.models import IDENTITY, Member, MembershipEvent
from points.demo import shape

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
OFFICERS = (
    Role.BRANCH_SECRETARY,
    Role.DEPUTY_SECRETARY,
    Role.ORGANISATION_MEMBER,
    Role.PUBLICITY_MEMBER,
    Role.DISCIPLINE_MEMBER,
)


@dataclass
class Person:
    """One member of the demo, with the days on the roll of a branch."""

    member: Member
    code: str
    came: date
    left: date | None = None
    joined_kind: EventKind = EventKind.OPENING
    left_kind: EventKind | None = None
    confirmed: date | None = None  # recorded_on of the confirmation, for those admitted in the demo

    def on_roll(self, day: date) -> bool:
        return self.came <= day and (self.left is None or day < self.left)

    def is_full(self, day: date) -> bool:
        if self.joined_kind != EventKind.ADMITTED:
            return self.member.confirmed_on is not None
        return self.confirmed is not None and self.confirmed <= day


@dataclass
class Hospital:
    root: Branch
    branches: dict[str, Branch]
    groups: dict[str, list[Branch]]
    temporary: Branch
    people: dict[str, list[Person]] = field(default_factory=lambda: defaultdict(list))
    officers: dict[str, dict[Role, User]] = field(default_factory=lambda: defaultdict(dict))
    office: User = field(init=False)
    chief: User = field(init=False)
    leaders: list[Person] = field(default_factory=list)  # the committee: its secretary first

    def roll(self, code: str, day: date) -> list[Person]:
        return [person for person in self.people[code] if person.on_roll(day)]


def identity_number(birth: date, sequence: int) -> str:
    """A number of the fictitious area 990000; odd `sequence` is male."""
    body = f"990000{birth:%Y%m%d}{sequence:03d}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def build_organisation(today: date) -> Hospital:
    """The committee, one general branch, 13 branches with their groups, and a temporary branch that has ended."""
    founded = date(today.year - 12, 3, 1)

    def add(parent: Branch | None, name: str, code: str, level: BranchLevel, **fields: Any) -> Branch:
        data = {"name": name, "code": code, "level": level, "founded_on": founded, **fields}
        if parent is None:
            root = Branch.objects.add_root(data)
            Branch.objects.filter(pk=root.pk).update(hospital=root)
            return Branch.objects.get(pk=root.pk)
        return Branch.objects.add_child(Branch.objects.get(pk=parent.pk), {**data, "hospital_id": root_pk})

    root = add(None, shape.HOSPITAL, shape.ROOT, BranchLevel.COMMITTEE)
    root_pk = root.pk
    branches: dict[str, Branch] = {}
    groups: dict[str, list[Branch]] = {}
    general = add(root, shape.GENERAL_BRANCH, "LC", BranchLevel.GENERAL_BRANCH)
    for plan in shape.BRANCHES:
        parent = general if plan.under_general_branch else root
        branch = add(parent, plan.name, plan.code, BranchLevel.BRANCH, kind=plan.kind, category=plan.category)
        branches[plan.code] = branch
        groups[plan.code] = [
            add(branch, f"第{'一二三四五'[i]}党小组", f"{plan.code}-{i + 1}", BranchLevel.GROUP)
            for i in range(plan.groups)
        ]
    plan = shape.TEMPORARY
    temporary = add(
        root,
        plan.name,
        plan.code,
        BranchLevel.BRANCH,
        kind=plan.kind,
        category=plan.category,
    )
    temporary.founded_on, temporary.dissolved_on = date(today.year - 1, 3, 10), date(today.year - 1, 9, 20)
    temporary.save(update_fields=["founded_on", "dissolved_on"])
    return Hospital(root, branches, groups, temporary)


class Registry:
    """Makes people one after the other; the same for the same day."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.random = random.Random("zhibu demo")
        self.names: set[str] = {name for name, _, _ in shape.CAST.values()}
        self.number = 0

    def _name(self, gender: Gender) -> str:
        while True:
            given = shape.GIVEN_F if gender == Gender.FEMALE else shape.GIVEN_M
            name = self.random.choice(shape.SURNAMES) + self.random.choice(given)
            if name not in self.names:
                self.names.add(name)
                return name

    def person(
        self, hospital: Hospital, plan: shape.BranchPlan, *, name: str = "", username: str | None = None
    ) -> Person:
        """A member on the roll since 1 January of last year; not saved."""
        rng, self.number = self.random, self.number + 1
        retired = plan.kind == "retired"
        female = name in {"陈静怡", "林晓雯", "李思源", "孔令仪"} or (not name and rng.random() < 0.58)
        gender = Gender.FEMALE if female else Gender.MALE
        age = rng.randint(61, 84) if retired else rng.randint(27, 58)
        birth = date(self.today.year - age, rng.randint(1, 12), rng.randint(1, 28))
        joined = date(birth.year + rng.randint(21, min(age - 3, 38)), rng.randint(1, 12), rng.randint(1, 28))
        name = name or self._name(gender)
        mobile = f"1990000{self.number:04d}"
        user = User(
            name=name,
            username=username,
            search_keys=search_keys(name)[:500],
            staff_no=f"{20000 + self.number}",
            mobile=mobile,
            mobile_index=blind_index(mobile, purpose="mobile"),
            password="!",
        )
        staff, post, title = self._work(plan, retired)
        number = identity_number(birth, (self.number % 450) * 2 + (0 if gender == Gender.FEMALE else 1))
        education = rng.choices(["21", "22", "12", "11"], [58, 14, 22, 6])[0]
        degrees = {"21": Degree.BACHELOR, "22": Degree.NONE, "12": Degree.MASTER, "11": Degree.DOCTORATE}
        groups = hospital.groups[plan.code]
        member = Member(
            user=user,
            branch=hospital.branches[plan.code],
            group=groups[len(hospital.people[plan.code]) % len(groups)] if groups else None,
            gender=gender,
            id_number=number,
            id_number_index=blind_index(number, purpose=IDENTITY) or "",
            ethnicity=rng.choices(["01", "15", "11", "03"], [92, 4, 2, 2])[0],
            birth_date=birth,
            education=education,
            degree=degrees[education],
            member_type=MemberType.FULL,
            joined_on=joined,
            confirmed_on=joined.replace(year=joined.year + 1),
            job_post=post,
            staff_category=staff,
            title_level=title,
            department=rng.choice(plan.departments),
            work_from=date(birth.year + 23, 7, 1),
            home_address=f"江州市城东区健康路{rng.randint(1, 300)}号",
            retired=retired,
        )
        return Person(member, plan.code, date(self.today.year - 1, 1, 1))

    def _work(self, plan: shape.BranchPlan, retired: bool) -> tuple[StaffCategory, str, TitleLevel]:
        if retired:
            return StaffCategory.RETIRED, "502", TitleLevel.NONE
        if plan.category == "administration":
            return (
                StaffCategory.ADMINISTRATION,
                "0211",
                self.random.choice([TitleLevel.INTERMEDIATE, TitleLevel.JUNIOR]),
            )
        staff = self.random.choices(
            [StaffCategory.DOCTOR, StaffCategory.NURSE]
            if plan.category == "clinical"
            else [StaffCategory.TECHNICIAN, StaffCategory.PHARMACIST],
            [55, 45],
        )[0]
        titles = [TitleLevel.SENIOR, TitleLevel.ASSOCIATE_SENIOR, TitleLevel.INTERMEDIATE, TitleLevel.JUNIOR]
        return staff, "0212", self.random.choices(titles, [8, 20, 42, 30])[0]


def build_people(hospital: Hospital, today: date) -> None:
    """474 members on 1 January of last year, 495 today; who came and left in between; posts and log-ins."""
    registry = Registry(today)
    cast: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for login, (name, code, _) in shape.CAST.items():
        cast[code].append((login, name))
    for plan in shape.BRANCHES:
        for i in range(plan.size):
            login, name = cast[plan.code][i] if i < len(cast[plan.code]) else ("", "")
            hospital.people[plan.code].append(registry.person(hospital, plan, name=name, username=login or None))
    _movements(hospital, registry, today)
    everyone = [person for people in hospital.people.values() for person in people]
    _save(everyone, today)
    _posts(hospital, today)


def plan_admissions(hospital: Hospital, today: date) -> None:
    """How many the committee means to admit in these two years; a few of this year's are still to come."""
    for year, planned in ((today.year - 1, 12), (today.year, 15)):
        set_plan(branch=hospital.root, year=year, planned=planned, actor=hospital.office)


def _movements(hospital: Hospital, registry: Registry, today: date) -> None:
    """Mark 25 of those here today as admitted since, 6 as moved in, and add 10 who have left."""
    rng = registry.random
    first = date(today.year - 1, 1, 1)
    span = (today - first).days
    cast = {name for name, _, _ in shape.CAST.values()}
    young = [
        p
        for plan in shape.BRANCHES
        if plan.kind == "regular" and plan.size > 6
        for p in hospital.people[plan.code][8:]
        if p.member.user.name not in cast
    ]
    # 机关一党支部 has two of the probationers; the rest are spread
    office = [p for p in young if p.code == "JG01"][:2]
    others = rng.sample([p for p in young if p.code != "JG01"], shape.ADMITTED - 2 + shape.MOVED_IN)
    admitted = [*office, *others[: shape.ADMITTED - 2]]
    for i, person in enumerate(admitted):
        member = person.member
        # the two of 机关一 in the last months: still probationers
        recorded = today - timedelta(days=100 + 60 * i) if i < 2 else first + timedelta(days=20 + (span - 40) * i // 25)
        effective = recorded - timedelta(days=25)
        person.came, person.joined_kind = recorded, EventKind.ADMITTED
        member.birth_date = member.birth_date.replace(year=today.year - 24 - i % 12)
        _renumber(member, 900 + i)
        member.joined_on = effective
        member.work_from = date(member.birth_date.year + 22, 7, 1)
        confirmed = effective.replace(year=effective.year + 1, day=min(effective.day, 28)) + timedelta(days=12)
        person.confirmed = confirmed + timedelta(days=20) if confirmed + timedelta(days=20) <= today else None
        member.confirmed_on = confirmed if person.confirmed else None
        member.member_type = MemberType.FULL if person.confirmed else MemberType.PROBATIONARY
        high = i < shape.HIGH_LEVEL
        member.education, member.degree = ("11", Degree.DOCTORATE) if high else ("21", Degree.BACHELOR)
        member.title_level = TitleLevel.INTERMEDIATE if high else TitleLevel.JUNIOR
    for i, person in enumerate(others[shape.ADMITTED - 2 :]):
        person.came, person.joined_kind = first + timedelta(days=30 + span * i // 7), EventKind.TRANSFER_IN
    gone = [EventKind.TRANSFER_OUT] * shape.MOVED_OUT + [EventKind.DECEASED] * shape.DECEASED
    plans = [plan for plan in shape.BRANCHES if plan.size > 6 and plan.code != "JG01"]
    retired = next(plan for plan in shape.BRANCHES if plan.kind == "retired")
    for i, kind in enumerate(gone):
        plan = retired if kind == EventKind.DECEASED else plans[i % (len(plans) - 1)]
        person = registry.person(hospital, plan)
        person.left, person.left_kind = first + timedelta(days=45 + (span - 60) * i // 10), kind
        hospital.people[plan.code].append(person)


def _renumber(member: Member, sequence: int) -> None:
    number = identity_number(member.birth_date, sequence - (sequence + (member.gender == Gender.MALE)) % 2)
    member.id_number, member.id_number_index = number, blind_index(number, purpose=IDENTITY) or ""


def _save(everyone: list[Person], today: date) -> None:
    _unique_numbers(everyone)
    User.objects.bulk_create([person.member.user for person in everyone], batch_size=500)
    for person in everyone:
        person.member.user_id = person.member.user.pk
        person.member.left_on = person.left
    Member.objects.bulk_create([person.member for person in everyone], batch_size=200)
    events, posts = [], []
    for person in everyone:
        member, branch = person.member, person.member.branch
        admitted = person.joined_kind == EventKind.ADMITTED
        kind_then = MemberType.PROBATIONARY if admitted else member.member_type
        events.append(
            MembershipEvent(
                member=member,
                kind=person.joined_kind,
                branch=branch,
                member_type=kind_then,
                recorded_on=person.came,
                effective_on=member.joined_on if admitted else person.came,
            )
        )
        if person.confirmed and member.confirmed_on:
            events.append(
                MembershipEvent(
                    member=member,
                    kind=EventKind.CONFIRMED,
                    branch=branch,
                    member_type=MemberType.FULL,
                    recorded_on=person.confirmed,
                    effective_on=member.confirmed_on,
                )
            )
        if person.left and person.left_kind:
            events.append(
                MembershipEvent(
                    member=member,
                    kind=person.left_kind,
                    branch=None,
                    from_branch=branch,
                    member_type=member.member_type,
                    recorded_on=person.left,
                    effective_on=person.left,
                )
            )
        role = Role.PROBATIONARY if member.member_type == MemberType.PROBATIONARY else Role.MEMBER
        posts.append(
            Appointment(user=member.user, branch=branch, role=role, starts_on=person.came, ends_on=person.left)
        )
    events.sort(key=lambda event: event.recorded_on)
    MembershipEvent.objects.bulk_create(events, batch_size=100)
    Appointment.objects.bulk_create(posts, batch_size=150)


def _unique_numbers(everyone: list[Person]) -> None:
    seen: set[str] = set()
    for i, person in enumerate(everyone):
        while person.member.id_number_index in seen:
            i += 2
            _renumber(person.member, 2 + i * 2 % 880)
        seen.add(person.member.id_number_index)


def _posts(hospital: Hospital, today: date) -> None:
    """Branch committees, group leaders, the offices, and the passwords of the demo log-ins."""
    since = date(today.year - 1, 1, 1)
    by_login = {p.member.user.username: p.member.user for people in hospital.people.values() for p in people}
    posts = []
    for plan in shape.BRANCHES:
        branch = hospital.branches[plan.code]
        chosen = {post: by_login[login] for login, (_, code, post) in shape.CAST.items() if code == plan.code and post}
        chosen = {role: user for role, user in chosen.items() if role in COMMITTEE_ROLES}
        wanted = OFFICERS if plan.size >= 7 else OFFICERS[:1]
        if plan.size >= 7 and plan.code != "JG01":
            wanted = tuple(role for role in wanted if role != Role.DEPUTY_SECRETARY or plan.size > 42)
        old_hands = [p.member.user for p in hospital.people[plan.code] if p.came == since and p.left is None]
        free = iter(user for user in old_hands if user.username is None)
        for role in wanted:
            user = chosen.get(role) or next(free)
            hospital.officers[plan.code][role] = user
            posts.append(Appointment(user=user, branch=branch, role=role, starts_on=since))
        for group in hospital.groups[plan.code]:
            in_group = [u for u in old_hands if u.member.group_id == group.pk and u not in chosen.values()]
            leader = in_group[-1]
            posts.append(Appointment(user=leader, branch=group, role=Role.GROUP_LEADER, starts_on=since))
    hospital.office = by_login["office"]
    hospital.chief = chief = by_login["leader"]
    hospital.leaders = [p for p in hospital.people["JG02"] if p.member.user == chief]
    for code in shape.LEADING_BRANCHES:
        officers = hospital.officers[code].values()
        hands = [p for p in hospital.people[code] if p.came == since and p.left is None]
        leader = next(p for p in hands if p.member.user not in officers and p.member.user.username is None)
        hospital.leaders.append(leader)
        role = Role.PARTY_COMMITTEE_MEMBER
        posts.append(Appointment(user=leader.member.user, branch=hospital.root, role=role, starts_on=since))
    posts.append(Appointment(user=hospital.office, branch=hospital.root, role=Role.PARTY_OFFICE, starts_on=since))
    posts.append(Appointment(user=chief, branch=hospital.root, role=Role.PARTY_COMMITTEE_SECRETARY, starts_on=since))
    general = Branch.objects.get(code="LC")
    head = hospital.officers["NK01"][Role.BRANCH_SECRETARY]
    posts.append(Appointment(user=head, branch=general, role=Role.GENERAL_BRANCH_SECRETARY, starts_on=since))
    admin = User.objects.create_person(name="系统管理员", username="admin")
    posts.append(Appointment(user=admin, branch=hospital.root, role=Role.SYSTEM_ADMIN, starts_on=since))
    Appointment.objects.bulk_create(posts)
    User.objects.filter(username__in=shape.DEMO_LOGINS).update(password=make_password(settings.DEMO_PASSWORD))
