"""What a load balancer and the start script read."""

import pytest
from django.db import DatabaseError
from django.urls import reverse

from config import health

pytestmark = pytest.mark.django_db


@pytest.fixture
def own_installation(settings, tmp_path):
    """Everything /readyz asks for, the demo excluded."""
    settings.DATA_DIR = tmp_path
    settings.REDIS_URL = ""
    settings.DEMO = False
    settings.FIELD_KEYS = ["a key"]
    return settings


def test_healthz_answers_without_a_log_in_and_costs_one_query(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = client.get(reverse("healthz"))
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_healthz_fails_when_the_database_does_not_answer(client, monkeypatch):
    def away() -> bool:
        raise DatabaseError("password=secret")

    monkeypatch.setattr(health, "database_answers", away)
    response = client.get(reverse("healthz"))
    assert (response.status_code, response.json()) == (503, {"status": "error"})


def test_healthz_takes_no_post(client):
    assert client.post(reverse("healthz")).status_code == 405


def test_readyz_is_ready_for_an_installation_of_ones_own(client, own_installation):
    response = client.get(reverse("readyz"))
    assert response.json()["status"] == "ready"
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("setting", "value", "check"),
    [
        ("DEMO", True, "not_demo"),
        ("FIELD_KEYS", [], "keys"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "broker"),
    ],
)
def test_readyz_names_what_is_not_ready(client, own_installation, setting, value, check):
    setattr(own_installation, setting, value)
    response = client.get(reverse("readyz"))
    assert response.status_code == 503
    assert [name for name, ok in response.json()["checks"].items() if not ok] == [check]


def test_readyz_fails_without_a_data_folder(client, own_installation, tmp_path):
    own_installation.DATA_DIR = tmp_path / "absent"
    checks = client.get(reverse("readyz")).json()["checks"]
    assert not checks["data_folder"]
    assert not checks["broker"]


def test_readyz_fails_while_migrations_wait(client, own_installation, monkeypatch):
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one"])
    checks = client.get(reverse("readyz")).json()["checks"]
    assert [name for name, ok in checks.items() if not ok] == ["migrations"]
