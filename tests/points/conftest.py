"""A branch with its people, and what was held, declared and published there."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from activities.choices import ActivityState, Kind, Period
from activities.models import Activity, PlanItem
from activities.rules import period_bounds
from branches.models import Branch, User
from members.models import Member
from points.choices import ClaimState
from points.cycle.closing import close_months
from points.cycle.publishing import publish_quarter
from points.cycle.rules import months_between, quarter_end
from points.cycle.table import build, digest_of
from points.ledger.posting import post_many, post_source
from points.models import Claim, Publication, RuleItem
from tests import factories


@pytest.fixture
def members(branch: Branch) -> list[Member]:
    return [factories.make_member(branch) for _ in range(3)]


@pytest.fixture
def held(branch: Branch) -> Callable[..., Activity]:
    """held(members, kinds=…, day=…): a confirmed record of `branch`, its points posted."""

    def make(
        members: list[Member], *, kinds: tuple[str, ...] = (Kind.THEME_DAY,), day: date = date(2026, 11, 11), **kw: Any
    ) -> Activity:
        node = kw.pop("branch", branch)
        kw.setdefault("revision", 1)
        activity = factories.make_activity(
            node,
            kinds=kinds,
            day=day,
            state=ActivityState.CONFIRMED,
            members=members,
            confirmed_at=factories.at(day, 20),
            **kw,
        )
        post_source(source_kind="activity", source_id=activity.pk, revision=activity.revision, actor=activity.recorder)
        return activity

    return make


@pytest.fixture
def claimed() -> Callable[..., Claim]:
    """claimed(member, code, points, …): a claim of this year; accepted ones are posted."""

    def make(
        member: Member, code: str = "E01", points: str = "0.5", state: str = ClaimState.ACCEPTED, **kw: Any
    ) -> Claim:
        rule = RuleItem.objects.get(code=code, version__hospital__isnull=True)
        day = kw.pop("day", date(2026, 11, 10))
        if state == ClaimState.ANNOUNCED:
            kw = {"announced_on": factories.TODAY, "postable_from": factories.TODAY} | kw
        claim = Claim.objects.create(
            member=member, branch=member.branch, rule=rule, rule_code=code, category=rule.category, points=points,
            happened_on=day, month=day.replace(day=1), title=kw.pop("title", "门诊导诊"), state=state, **kw,
        )  # fmt: skip
        post_many(source_kind="claim", source_ids=[claim.pk], actor=None)
        return claim

    return make


@pytest.fixture
def close_quarter(office: User) -> Callable[..., None]:
    """close_quarter(branch, first day): its three months are closed, as of the twelfth after it."""

    def make(node: Branch, quarter: date = date(2026, 7, 1)) -> None:
        end = quarter_end(quarter)
        for month in months_between(quarter, end):
            close_months(branches=[node], month=month, actor=office, today=end + timedelta(days=12))

    return make


@pytest.fixture
def publish(office: User, close_quarter: Callable[..., None]) -> Callable[..., Publication]:
    """publish(branch, first day, on=…): its months are closed and what stands is published on that day."""

    def make(node: Branch, quarter: date = date(2026, 7, 1), *, on: date = date(2026, 10, 12)) -> Publication:
        close_quarter(node, quarter)
        digest = digest_of(build(node, quarter))
        return publish_quarter(branch=node, quarter=quarter, digest=digest, actor=office, today=on)

    return make


@pytest.fixture
def on_the_day() -> Iterator[None]:
    """The clock of the site stands at 10:00 on factories.TODAY."""
    with time_machine.travel(factories.at(factories.TODAY, 10), tick=False):
        yield


@pytest.fixture
def owed(branch: Branch) -> Callable[..., PlanItem]:
    """owed(kind, month=11): one required action of `branch`, due on the last day of its month unless said otherwise."""

    def make(kind: str = Kind.THEME_DAY, month: int = 11, **kw: Any) -> PlanItem:
        node, group = kw.pop("branch", branch), kw.pop("group", None)
        start, end = period_bounds(Period.MONTH, date(2026, month, 1))
        fields = {"period": Period.MONTH, "start": start, "end": end, "due": end} | kw
        key = f"{node.pk}:{kind}:{fields['start']}:{group.pk if group else ''}"
        return PlanItem.objects.create(branch=node, group=group, kind=kind, key=key, **fields)

    return make
