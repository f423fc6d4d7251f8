"""Tables that only grow: triggers refuse UPDATE, DELETE and TRUNCATE on PostgreSQL and SQLite.

`install` runs after every migrate, because SQLite drops the triggers whenever a migration re-makes a table. With one
database role the triggers are the guard; with two (migrations as owner, application apart) REVOKE adds to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.core.checks import Error
from django.db import connections

LABELS: list[str] = []  # "app.Model", added by each room's apps.py


def register(*labels: str) -> None:
    LABELS.extend(label for label in labels if label not in LABELS)


def _tables() -> list[str]:
    return [apps.get_model(label)._meta.db_table for label in LABELS]


def _statements(table: str, vendor: str) -> list[str]:
    if vendor == "postgresql":
        return [
            """CREATE OR REPLACE FUNCTION append_only_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'append-only table %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
            f'DROP TRIGGER IF EXISTS "{table}_append_only" ON "{table}"',
            f'CREATE TRIGGER "{table}_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only_refuse()",
        ]
    return [
        statement
        for verb in ("update", "delete")
        for statement in (
            f'DROP TRIGGER IF EXISTS "{table}_no_{verb}"',
            f'CREATE TRIGGER "{table}_no_{verb}" BEFORE {verb.upper()} ON "{table}" '
            f"BEGIN SELECT RAISE(ABORT, 'append-only table {table}'); END",
        )
    ]


def install(using: str = "default") -> None:
    """Set the triggers of every registered table that exists; safe to repeat."""
    connection = connections[using]
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in _tables():
            if table in existing:
                for statement in _statements(table, connection.vendor):
                    cursor.execute(statement)


def remove(using: str = "default") -> None:
    connection = connections[using]
    with connection.cursor() as cursor:
        for table in _tables():
            if connection.vendor == "postgresql":
                cursor.execute(f'DROP TRIGGER IF EXISTS "{table}_append_only" ON "{table}"')
            else:
                for verb in ("update", "delete"):
                    cursor.execute(f'DROP TRIGGER IF EXISTS "{table}_no_{verb}"')


def missing(using: str = "default") -> list[str]:
    """Names of registered tables that exist without their triggers."""
    connection = connections[using]
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        found = {name for (name,) in cursor.fetchall()}
    wanted = ["{}_append_only"] if connection.vendor == "postgresql" else ["{}_no_update", "{}_no_delete"]
    return [t for t in _tables() if t in existing and not all(name.format(t) in found for name in wanted)]


@contextmanager
def suspended(using: str = "default") -> Iterator[None]:
    """Lift the guard for a restore, or for the flush between tests that need real transactions; nowhere else."""
    remove(using)
    try:
        yield
    finally:
        install(using)


def install_after_migrate(sender: Any, using: str = "default", **kwargs: Any) -> None:
    install(using)


def check_triggers(app_configs: Any, databases: list[str] | None = None, **kwargs: Any) -> list[Error]:
    """System check (tag database): start-up fails when a table has lost its guard."""
    return [
        Error(f"append-only table {table} has no trigger", hint="./dev manage migrate installs it", id="branches.E001")
        for using in databases or []
        for table in missing(using)
    ]
