"""Tables that only grow, and rows that are frozen once a condition holds: triggers on PostgreSQL and SQLite.

`register`: UPDATE, DELETE and TRUNCATE of the table are refused. `freeze`: the same of those rows alone for which a
condition holds; inserting stays free. `install` runs after every migrate, because SQLite drops the triggers whenever a
migration re-makes a table. With one database role the triggers are the guard; with two (migrations as owner,
application apart) REVOKE adds to it.

A condition may read another table. SQLite refuses to re-make that table while a trigger names it, and a migration may
have to rewrite rows: so the guards of frozen rows are lifted before every migrate and set again after it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.core.checks import Error
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

LABELS: list[str] = []  # "app.Model", added by each room's apps.py
FROZEN: dict[str, str] = {}  # "app.Model" -> when a row of it is frozen


def register(*labels: str) -> None:
    LABELS.extend(label for label in labels if label not in LABELS)


def freeze(label: str, when: str) -> None:
    """Refuse to change or remove the rows of a model for which `when` holds.

    `when` is SQL of both databases over OLD, the row as it stood; `{app.Model}` stands for the name of a table.
    """
    FROZEN[label] = when


def _table(label: str) -> str:
    return apps.get_model(label)._meta.db_table


def _conditions() -> dict[str, str]:
    """Table -> condition, "" for one that only grows."""
    found = {_table(label): "" for label in LABELS}
    for label, when in FROZEN.items():
        for model in apps.get_models():
            when = when.replace(f"{{{model._meta.label}}}", f'"{model._meta.db_table}"')
        found[_table(label)] = when
    return found


def _names(table: str, when: str, vendor: str) -> list[str]:
    """The triggers of one table."""
    if vendor == "postgresql":
        return [f"{table}_append_only", *([f"{table}_frozen"] if when else [])]
    return [f"{table}_no_{verb}" for verb in ("update", "delete")]


def _drops(table: str, when: str, vendor: str) -> list[str]:
    on = f' ON "{table}"' if vendor == "postgresql" else ""
    return [f'DROP TRIGGER IF EXISTS "{name}"{on}' for name in _names(table, when, vendor)]


def _statements(table: str, when: str, vendor: str) -> list[str]:
    drops = _drops(table, when, vendor)
    if vendor == "postgresql":
        verbs = "TRUNCATE" if when else "UPDATE OR DELETE OR TRUNCATE"
        made = [
            *drops,
            """CREATE OR REPLACE FUNCTION append_only_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'append-only table %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
            f'CREATE TRIGGER "{table}_append_only" BEFORE {verbs} ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only_refuse()",
        ]
        if when:  # a function, since the WHEN of a trigger may read no other table
            made += [
                f"""CREATE OR REPLACE FUNCTION "{table}_frozen_refuse"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF {when} THEN
                    RAISE EXCEPTION 'frozen row of %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
                END $$""",
                f'CREATE TRIGGER "{table}_frozen" BEFORE UPDATE OR DELETE ON "{table}" '
                f'FOR EACH ROW EXECUTE FUNCTION "{table}_frozen_refuse"()',
            ]
        return made
    only, said = (f"WHEN {when} ", f"frozen row of {table}") if when else ("", f"append-only table {table}")
    return [
        *drops,
        *(
            f'CREATE TRIGGER "{table}_no_{verb}" BEFORE {verb.upper()} ON "{table}" '
            f"FOR EACH ROW {only}BEGIN SELECT RAISE(ABORT, '{said}'); END"
            for verb in ("update", "delete")
        ),
    ]


def install(using: str = "default") -> None:
    """Set the triggers of every registered table that exists; safe to repeat."""
    connection = connections[using]
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table, when in _conditions().items():
            if table in existing:
                for statement in _statements(table, when, connection.vendor):
                    cursor.execute(statement)


def remove(using: str = "default", *, only_frozen: bool = False) -> None:
    connection = connections[using]
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table, when in _conditions().items():
            if table in existing and (when or not only_frozen):
                for statement in _drops(table, when, connection.vendor):
                    cursor.execute(statement)


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
    return [
        table
        for table, when in _conditions().items()
        if table in existing and not found.issuperset(_names(table, when, connection.vendor))
    ]


@contextmanager
def suspended(using: str = "default") -> Iterator[None]:
    """Lift the guard for a restore, or for the flush between tests that need real transactions; nowhere else."""
    remove(using)
    try:
        yield
    finally:
        install(using)


def lift_before_migrate(sender: Any, using: str = "default", **kwargs: Any) -> None:
    remove(using, only_frozen=True)


def install_after_migrate(sender: Any, using: str = "default", **kwargs: Any) -> None:
    install(using)


def check_triggers(app_configs: Any, databases: list[str] | None = None, **kwargs: Any) -> list[Error]:
    """System check (tag database): start-up fails when a table has lost its guard.

    Not while migrations wait: the guards are those of the release before, and migrate, which asks this first, sets
    them. A new guard therefore comes with a migration.
    """
    return [
        Error(
            f"table {table} has lost its guard", hint="manage migrate --skip-checks sets it again", id="branches.E001"
        )
        for using in databases or []
        if not _waits_for_migrations(using)
        for table in missing(using)
    ]


def _waits_for_migrations(using: str) -> bool:
    executor = MigrationExecutor(connections[using])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
