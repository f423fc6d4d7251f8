"""Two doors for machines, both without a log-in: is the process alive, and may it serve people.

They name what is wrong, never why: the reason stands in the log.
"""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

logger = logging.getLogger(__name__)

BROKER_SECONDS = 1.5


def database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def migrations_applied() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def keys_present() -> bool:
    return bool(settings.SECRET_KEY) and bool(getattr(settings, "FIELD_KEYS", None))


def not_demo() -> bool:
    return not getattr(settings, "DEMO", False)


def data_folder_writable() -> bool:
    return _writable(Path(settings.DATA_DIR))


def broker_answers() -> bool:
    """Redis answers a ping; without Redis the broker is a folder, which must take files."""
    url = getattr(settings, "REDIS_URL", "")
    if not url:
        folder = Path(settings.DATA_DIR) / "broker"
        return _writable(folder if folder.is_dir() else folder.parent)
    with Redis.from_url(url, socket_connect_timeout=BROKER_SECONDS, socket_timeout=BROKER_SECONDS) as client:
        return bool(client.ping())


def _writable(folder: Path) -> bool:
    with tempfile.TemporaryFile(dir=folder):
        return True


READY: dict[str, Callable[[], bool]] = {
    "database": database_answers,
    "migrations": migrations_applied,
    "keys": keys_present,
    "not_demo": not_demo,
    "data_folder": data_folder_writable,
    "broker": broker_answers,
}


def _passes(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseError, RedisError, OSError) as exc:
        logger.warning("health check %s failed: %s", name, type(exc).__name__)
        return False


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the process and its database answer, else 503. One statement."""
    ok = _passes("database", database_answers)
    return JsonResponse({"status": "ok" if ok else "error"}, status=200 if ok else 503)


@never_cache
@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when this installation may serve people: every check of READY holds, else 503 with their names."""
    checks = {name: _passes(name, check) for name, check in READY.items()}
    ok = all(checks.values())
    return JsonResponse({"status": "ready" if ok else "not ready", "checks": checks}, status=200 if ok else 503)
