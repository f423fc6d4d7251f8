"""Where the keys of an installation come from, and what a deployment may not have."""

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from config.checks import no_demo_accounts
from config.keys import installation_keys


@pytest.fixture
def env(monkeypatch):
    for name in ("SECRET_KEY", "FIELD_KEYS", "DATABASE_URL", "DEMO"):
        monkeypatch.delenv(name, raising=False)
    return environ.Env()


SECRETS = iter("abcdefgh")


def keys(tmp_path, env):
    return installation_keys(tmp_path, env, make_secret=lambda: next(SECRETS) * 50)


def test_the_keys_of_the_first_start_are_kept(tmp_path, env):
    first = keys(tmp_path, env)
    assert keys(tmp_path, env) == first
    assert (tmp_path / "keys" / "keys.json").stat().st_mode & 0o777 == 0o600


def test_keys_of_the_environment_win_and_the_newest_stands_first(tmp_path, env, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "s")
    monkeypatch.setenv("FIELD_KEYS", "new,old")
    assert keys(tmp_path, env) == ("s", ["new", "old"])
    assert not (tmp_path / "keys").exists()


def test_with_a_database_of_its_own_an_installation_makes_no_keys(tmp_path, env, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db/zhibu")
    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS"):
        keys(tmp_path, env)


def test_check_deploy_fails_for_a_demo_and_only_for_a_demo(settings):
    settings.DEMO = True
    assert [error.id for error in no_demo_accounts(None)] == ["config.E002"]
    settings.DEMO = False
    assert no_demo_accounts(None) == []
