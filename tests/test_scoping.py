"""Every URL x every role, generated from the URLconf: a page that has no row here fails the suite.

The answers follow from the grants alone: outside the scope 404, inside it without the capability 403, else the page.
"""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.urls.exceptions import Resolver404

from branches.choices import Role
from branches.models import User
from branches.rules import GRANTS
from tests.matrix import MATRIX, OPEN_TO_ALL, PAGE, Row
from tests.world import World, build_world


def urls(patterns: list[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[str]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            space = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from urls(pattern.url_patterns, prefix + space)
        else:
            yield prefix + (pattern.name or str(pattern.pattern))


def path_of(name: str, row: Row, world: World) -> str:
    return reverse(name, kwargs=(world.args[row.target] if row.target else {}) | row.extra)


def expected(role: Role, row: Row) -> set[int]:
    if row.odd is not None:
        return row.odd(role)
    grants = GRANTS[role]
    if row.sees and not grants & set(row.sees):
        return {404}
    if row.needs and not grants & set(row.needs):
        return {403}
    return PAGE


@pytest.fixture
def worlds(db: None) -> tuple[World, World]:
    return build_world("江州"), build_world("海州")


def enter(client: Client, user: User) -> Client:
    client.force_login(user, backend="branches.accounts.backends.LoginNameBackend")
    return client


def test_every_url_has_a_row():
    assert set(urls()) - OPEN_TO_ALL == set(MATRIX)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_gets_the_answer_its_grants_say(role, worlds, client):
    own, foreign = worlds
    enter(client, own.person(role))
    wrong = []
    for name, row in MATRIX.items():
        answer = client.get(path_of(name, row, own)).status_code
        if answer not in expected(role, row):
            wrong.append(f"{name}: {answer}, not {sorted(expected(role, row))}")
        if row.target and row.target in foreign.args:
            answer = client.get(path_of(name, row, foreign)).status_code
            if answer not in {404, 405}:
                wrong.append(f"{name} of another hospital: {answer}")
    assert wrong == []


def post_and_undo(client: Client, path: str) -> int:
    """The answer to an empty POST; what it wrote is taken back, so that no URL depends on the one before."""
    with transaction.atomic():
        answer = client.post(path, {}).status_code
        transaction.set_rollback(True)
    return answer


@pytest.mark.parametrize("role", list(Role))
def test_no_role_writes_where_its_grants_do_not_reach(role, worlds, client):
    """An empty POST everywhere: never an error, never more than the role may, nothing of another hospital."""
    own, foreign = worlds
    enter(client, own.person(role))
    wrong = []
    for name, row in MATRIX.items():
        if name == "account_logout":
            continue
        answer = post_and_undo(client, path_of(name, row, own))
        refused = expected(role, row) - PAGE
        if answer >= 500 or (refused and answer not in refused | {405}):
            wrong.append(f"{name}: {answer}, not {sorted(refused)}")
        if row.target and row.target in foreign.args:
            answer = post_and_undo(client, path_of(name, row, foreign))
            if answer not in {404, 405}:
                wrong.append(f"{name} of another hospital: {answer}")
    assert wrong == []


def test_without_a_log_in_every_page_leads_to_the_log_in(worlds, client):
    own, _ = worlds
    wrong = []
    for name, row in MATRIX.items():
        answer = client.get(path_of(name, row, own))
        if answer.status_code != 405 and not (
            answer.status_code == 302 and answer["Location"].startswith(reverse("account_login"))
        ):
            wrong.append(f"{name}: {answer.status_code}")
    assert wrong == []


def test_no_form_is_taken_without_its_token(worlds):
    own, _ = worlds
    client = enter(Client(enforce_csrf_checks=True), own.person(Role.PARTY_OFFICE))
    answers = {name: client.post(path_of(name, row, own), {}).status_code for name, row in MATRIX.items()}
    assert {name: code for name, code in answers.items() if code not in {403, 404, 405}} == {}


@pytest.mark.parametrize("role", list(Role))
def test_no_page_holds_a_link_its_reader_may_not_follow(role, worlds, client):
    """Crawls from the home page; every link and every form action on the way must not answer 403 or 404."""
    own, _ = worlds
    enter(client, own.person(role))
    queue, seen, wrong = [reverse("home")], set(), []
    while queue and len(seen) < 120:
        path = queue.pop(0)
        answer = client.get(path)
        if answer.status_code in {403, 404, 500}:
            wrong.append(f"{path}: {answer.status_code}")
        if answer.status_code == 302:
            queue.append(answer["Location"])
            continue
        if "text/html" not in answer.get("Content-Type", "") or answer.streaming:
            continue
        for kind, target in re.findall(r'<(a|form)\b[^>]*?(?:href|action)="([^"#]+)"', answer.content.decode()):
            where = urlsplit(urljoin(path, target.replace("&amp;", "&")))
            if where.netloc or where.scheme or where.path.startswith("/static/"):
                continue
            link = where.path + (f"?{where.query}" if where.query and kind == "a" else "")
            try:
                shape = re.sub(r"\d+", "#", link.split("=")[0]) if not where.query else resolve(where.path).url_name
            except Resolver404:
                wrong.append(f"{path} links to {link}, which is nowhere")
                continue
            if (shape, kind) not in seen and where.path:
                seen.add((shape, kind))
                if kind == "form" and client.get(link).status_code in {403, 404}:
                    wrong.append(f"{path} posts to {link}: refused")
                elif kind == "a":
                    queue.append(link)
    assert wrong == []


def test_a_page_of_one_hospital_never_names_a_person_of_another(worlds, client):
    own, foreign = worlds
    enter(client, own.person(Role.PARTY_OFFICE))
    leaks = [
        name
        for name, row in MATRIX.items()
        if name != "account_logout"
        and not (answer := client.get(path_of(name, row, own))).streaming
        and foreign.canary in answer.content.decode(errors="ignore")
    ]
    assert leaks == []


def test_every_answer_carries_the_strict_headers(worlds, client):
    own, _ = worlds
    enter(client, own.person(Role.PARTY_OFFICE))
    wrong = []
    for name, row in MATRIX.items():
        if name == "account_logout":
            continue
        answer = client.get(path_of(name, row, own))
        policy = answer.get("Content-Security-Policy", "")
        if "default-src 'self'" not in policy or "unsafe-inline" in policy or answer.get("X-Frame-Options") != "DENY":
            wrong.append(name)
        if "no-store" not in answer.get("Cache-Control", "") and "private" not in answer.get("Cache-Control", ""):
            wrong.append(f"{name} may be cached")
    assert wrong == []
