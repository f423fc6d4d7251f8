"""Reminders of terms that run out and of posts that stay vacant, to the branch and to the Party office above it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Final

from django.db.models import Max, Q
from django.urls import reverse

from branches.choices import BranchKind, BranchLevel, Role, Topic
from branches.inbox import Message, notify_digest, notify_many
from branches.models import Appointment, Branch, Term, Todo
from branches.rules import TERM_STEPS, term_reminder_step, vacancy_step
from branches.todo import close_todo, open_todo

LEADING: Final = (Role.BRANCH_SECRETARY, Role.DEPUTY_SECRETARY)
EXPECTED: Final = (  # posts a committee generally has (2018 branch regulations); told of where somebody held it before
    Role.BRANCH_SECRETARY,
    Role.ORGANISATION_MEMBER,
    Role.PUBLICITY_MEMBER,
    Role.DISCIPLINE_MEMBER,
)
REQUEST_STEP: Final = 60  # from then on the request for instructions is something to do


class Posts:
    """Who is told for which node: two statements for any number of nodes."""

    def __init__(self, nodes: Iterable[Branch], today: date) -> None:
        nodes = list(nodes)
        self.here: dict[tuple[int, str], list[int]] = defaultdict(list)
        active = Appointment.objects.current(today).filter(user__is_active=True)
        held = active.filter(branch__in=[node.pk for node in nodes])
        for user, role, branch in held.values_list("user", "role", "branch"):
            self.here[branch, role].append(user)
        self._office: dict[str, list[int]] = defaultdict(list)
        above = {node.path[:end] for node in nodes for end in range(Branch.steplen, len(node.path) + 1, Branch.steplen)}
        offices = active.filter(role=Role.PARTY_OFFICE, branch__path__in=above)
        for user, path in offices.values_list("user", "branch__path"):
            self._office[path].append(user)

    def holders(self, node: int, roles: Iterable[str]) -> list[int]:
        """Ids of users, each once."""
        return list(dict.fromkeys(user for role in roles for user in self.here[node, role]))

    def office(self, path: str) -> list[int]:
        """The Party office of the node and of those above it."""
        ends = range(Branch.steplen, len(path) + 1, Branch.steplen)
        return list(dict.fromkeys(user for end in ends for user in self._office[path[:end]]))


def remind_terms(*, hospital_id: int, today: date) -> int:
    """Tell of terms that run out within 180 days, and of posts vacant for 30 and 90; again changes nothing."""
    nodes = {node.pk: node for node in Branch.objects.filter(hospital=hospital_id).open_on(today)}
    posts = Posts(nodes.values(), today)
    messages = [*_terms(nodes, posts, today), *_vacancies(nodes, today)]
    told = 0
    by_office: dict[int, list[Message]] = defaultdict(list)
    for node, message in messages:
        people = posts.holders(node.pk, LEADING)
        told += notify_many(_for(user, message) for user in people)
        for user in posts.office(node.path):
            if user not in people:
                by_office[user].append(_for(user, message))
    for mine in by_office.values():
        url = f"{reverse('branches:inbox')}?show=all&topic={Topic.TERM}"  # each with the link to its node
        notify_digest(topic=Topic.TERM, day=today, messages=mine, text="换届和补选：{n}项需要督促", url=url)
    return told


def _for(user: int, message: Message) -> Message:
    return Message(
        user, message.topic, message.item_key, message.step, message.text, message.url, message.due, message.detail
    )


def _terms(nodes: dict[int, Branch], posts: Posts, today: date) -> list[tuple[Branch, Message]]:
    found = []
    current = list(Term.objects.current(today).filter(branch__in=nodes))
    for term in current:
        node, end = nodes[term.branch_id], term.extended_to or term.ends_on
        step = term_reminder_step(end, today)
        if step is None:
            continue
        url = reverse("branches:branch_detail", args=[node.pk])
        found.append((node, Message(0, Topic.TERM, f"term:{term.pk}:{end}", str(step), _text(node, end, today), url)))
        if step <= REQUEST_STEP and node.level == BranchLevel.BRANCH:
            open_todo(
                item_key=f"term:{term.pk}",
                title=f"{node}换届：向上级报送请示并组织选举",
                url=url,
                due=end,
                role=Role.BRANCH_SECRETARY,
                branch=node,
            )
    standing = {f"term:{term.pk}" for term in current}
    for todo in Todo.objects.filter(branch__in=nodes, item_key__startswith="term:", done_at__isnull=True):
        if todo.item_key not in standing:
            close_todo(item_key=todo.item_key)
    return found


def _text(node: Branch, end: date, today: date) -> str:
    day, left = f"{end.year}年{end.month}月{end.day}日", (end - today).days
    if left < 0:
        return f"{node}任期已于{day}届满，尚未换届"
    if left == 0:
        return f"{node}任期今天届满"
    ask = "，请报送换届请示" if left <= REQUEST_STEP else "，请着手准备换届" if left <= TERM_STEPS[0] else ""
    return f"{node}任期{day}届满，还有{left}天{ask}"


def _vacancies(nodes: dict[int, Branch], today: date) -> list[tuple[Branch, Message]]:
    """Posts somebody held and nobody holds. One statement."""
    branches = [
        pk for pk, node in nodes.items() if node.level == BranchLevel.BRANCH and node.kind != BranchKind.TEMPORARY
    ]
    posts = Appointment.objects.filter(branch__in=branches, role__in=EXPECTED, starts_on__lte=today)
    holds = Q(ends_on__isnull=True) | Q(ends_on__gt=today)
    held = set(posts.filter(holds).values_list("branch", "role"))
    found = []
    for pk, role, since in posts.order_by().values_list("branch", "role").annotate(since=Max("ends_on")):
        step = None if (pk, role) in held or since is None else vacancy_step(since, today)
        if step is None:
            continue
        node, label = nodes[pk], str(Role(role).label)
        text = f"{node}{label}空缺已满{step}天，请及时补选"
        url = reverse("branches:branch_detail", args=[pk])
        found.append((node, Message(0, Topic.TERM, f"vacancy:{pk}:{role}:{since}", str(step), text, url)))
    return found
