"""The cast of all tests: one hospital, two branches, one person per role, and a stranger."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client, TransactionTestCase

from branches import append_only
from branches.choices import BranchLevel, Role
from branches.models import Branch, User
from points.catalogue import install_default
from points.models import MemberStarScheme, RuleItem, RuleVersion, Scorecard, ScorecardLine
from points.stars import catalogue as scorecards
from points.stars.members import catalogue as member_stars
from tests import factories


@pytest.fixture(autouse=True, scope="session")
def flush_and_refill() -> Iterator[None]:
    """After a test with real transactions every table is emptied: append-only ones with their guard lifted for that
    moment. What the migrations had written is written again, so that no test depends on which ran before it."""
    original = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        with append_only.suspended():
            original(self)
        install_default(RuleVersion, RuleItem)
        scorecards.install_default(Scorecard, ScorecardLine)
        member_stars.install_default(MemberStarScheme)

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = original  # type: ignore[method-assign]


@pytest.fixture
def hospital(db: None) -> Branch:
    return factories.make_branch(name="江州市人民医院党委")


@pytest.fixture
def branch(hospital: Branch) -> Branch:
    return factories.make_branch(hospital, name="机关第一党支部", code="JG01")


@pytest.fixture
def other_branch(hospital: Branch) -> Branch:
    return factories.make_branch(hospital, name="内科第二党支部", code="NK02")


@pytest.fixture
def groups(branch: Branch) -> list[Branch]:
    return [factories.make_branch(branch, name=name, level=BranchLevel.GROUP) for name in ("第一党小组", "第二党小组")]


@pytest.fixture
def person(hospital: Branch, branch: Branch) -> Callable[..., User]:
    """person(Role.BRANCH_SECRETARY) holds the post at `branch`, an office at the hospital; a member where fitting."""
    at_hospital = {
        Role.PARTY_COMMITTEE_SECRETARY,
        Role.PARTY_COMMITTEE_MEMBER,
        Role.PARTY_OFFICE,
        Role.DISCIPLINE_OFFICE,
        Role.GENERAL_BRANCH_SECRETARY,
        Role.SYSTEM_ADMIN,
        Role.SUPERIOR_VIEWER,
        Role.AUDIT_ADMIN,
    }

    def make(role: Role, node: Branch | None = None, *, name: str | None = None) -> User:
        user = factories.UserFactory(name=name or role.label)
        if role not in at_hospital and role != Role.ACTIVIST:
            factories.make_member(node or branch, user=user)
        if role not in {Role.MEMBER, Role.PROBATIONARY}:
            factories.appoint(user, node or (hospital if role in at_hospital else branch), role)
        return User.objects.get(pk=user.pk)

    return make


@pytest.fixture
def secretary(person: Callable[..., User]) -> User:
    return person(Role.BRANCH_SECRETARY, name="陈静怡")


@pytest.fixture
def organiser(person: Callable[..., User]) -> User:
    return person(Role.ORGANISATION_MEMBER, name="赵启明")


@pytest.fixture
def publicity(person: Callable[..., User]) -> User:
    return person(Role.PUBLICITY_MEMBER, name="李思源")


@pytest.fixture
def office(person: Callable[..., User]) -> User:
    return person(Role.PARTY_OFFICE, name="孔令仪")


@pytest.fixture
def leader(person: Callable[..., User]) -> User:
    return person(Role.PARTY_COMMITTEE_SECRETARY, name="方正")


@pytest.fixture
def member_user(person: Callable[..., User]) -> User:
    return person(Role.MEMBER, name="林晓雯")


@pytest.fixture
def outsider(db: None) -> User:
    """Knows a password, holds no post."""
    return factories.UserFactory(name="路人")


@pytest.fixture
def as_user(client: Client) -> Callable[[User], Client]:
    def login(user: User) -> Client:
        client.force_login(user, backend="branches.accounts.backends.LoginNameBackend")
        return client

    return login
