# ruff: noqa: S608 - table names of our own models, nothing else
"""Entries and publications are written once: neither the ORM nor SQL changes them, after later migrations as well."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, models, transaction
from django.db.utils import DatabaseError

from branches import append_only
from points.models import Entry, Publication

MODELS = [Entry, Publication]


@pytest.fixture
def rows(branch, groups, members, held):
    held(members[:2])
    day = date(2026, 10, 1)
    Publication.objects.create(
        branch=branch, quarter=day, published_on=day, objections_until=day, answers_until=day, appeals_until=day,
        table={"rows": []}, digest="0" * 64,
    )  # fmt: skip


def through_orm(model: type[models.Model]) -> dict[str, Callable[[], object]]:
    row = model._base_manager.first()
    field = "reason" if model is Entry else "digest"
    setattr(row, field, "anders")
    fresh = type(row)(**{f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields})
    return {
        "update": lambda: model._base_manager.update(**{field: "x"}),
        "save": row.save,
        "bulk_update": lambda: model._base_manager.bulk_update([row], [field]),
        "upsert": lambda: model._base_manager.bulk_create(
            [fresh], update_conflicts=True, unique_fields=["id"], update_fields=[field]
        ),
        "delete": model._base_manager.all().delete,
        "raw delete": lambda: model._base_manager.all()._raw_delete("default"),
        "delete one": model._base_manager.last().delete,
    }


def through_sql(table: str, columns: list[str]) -> dict[str, str]:
    names = ", ".join(f'"{name}"' for name in columns)
    found = {
        "update": f'UPDATE "{table}" SET id = id',
        "update of nothing but a note": f'UPDATE "{table}" SET "{columns[-1]}" = "{columns[-1]}" WHERE id > 0',
        "delete": f'DELETE FROM "{table}" WHERE id > 0',
        "delete all": f'DELETE FROM "{table}"',
    }
    if connection.vendor == "postgresql":
        return found | {
            "truncate": f'SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE "{table}" CASCADE',
            "truncate after others": f'SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE "branches_user", "{table}" CASCADE',
        }
    return found | {"replace": f'INSERT OR REPLACE INTO "{table}" ({names}) SELECT {names} FROM "{table}"'}


def is_refused(attempt: Callable[[], object]) -> bool:
    try:
        with transaction.atomic():
            attempt()
    except DatabaseError as exc:
        return "append-only" in str(exc)
    return False


def assert_guarded(model: type[models.Model]) -> None:
    table, columns = model._meta.db_table, [field.column for field in model._meta.concrete_fields]
    before = sorted(model._base_manager.values_list())
    assert before
    attempts = through_orm(model)
    for what, statement in through_sql(table, columns).items():
        attempts[f"SQL: {what}"] = partial(connection.cursor().execute, statement)
    assert [what for what, attempt in attempts.items() if not is_refused(attempt)] == []
    assert sorted(model._base_manager.values_list()) == before


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS)
def test_nothing_changes_or_removes_a_row(rows, model):
    assert_guarded(model)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", MODELS)
def test_the_guard_survives_a_migration_that_makes_the_table_again(rows, model):
    name = "reason" if model is Entry else "digest"
    before, other = model._meta.get_field(name), models.CharField(max_length=200)
    other.set_attributes_from_name(name)
    for old, new in ((before, other), (other, before)):
        append_only.lift_before_migrate(None)
        with connection.schema_editor() as editor:
            editor.alter_field(model, old, new)
        if connection.vendor == "sqlite":
            assert model._meta.db_table in append_only.missing()  # the table is a new one
        append_only.install_after_migrate(None)
        assert_guarded(model)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", MODELS)
def test_without_its_guard_nothing_starts_until_it_is_back(rows, model):
    assert run_checks(tags=[Tags.database], databases=["default"]) == []
    append_only.remove()
    try:
        found = run_checks(tags=[Tags.database], databases=["default"])
        assert model._meta.db_table in " ".join(error.msg for error in found)
        with pytest.raises(SystemCheckError):
            call_command("migrate", verbosity=0, skip_checks=False)  # what every start begins with
        call_command("migrate", verbosity=0, skip_checks=True)  # what the message says
        assert run_checks(tags=[Tags.database], databases=["default"]) == []
    finally:
        append_only.install()
    assert_guarded(model)
