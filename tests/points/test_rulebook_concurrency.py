"""Drafts of the rule book begun and moved at once. On PostgreSQL."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from branches.models import AuditEntry
from points.models import RuleItem, RuleVersion
from points.rulebook import editing
from points.rulebook.book import plan_of

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MARCH = date(2027, 3, 1)
CLIENTS = 4


def test_of_drafts_begun_and_moved_into_a_month_at_once_one_is_there(hospital, office, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")
    source = RuleVersion.objects.get(hospital=None)
    begun = {"hospital": hospital, "source": source, "actor": office}
    moved = editing.start_draft(**begun, name="移来", valid_from=date(2027, 5, 1))
    plan = replace(plan_of(moved), valid_from=MARCH)
    look, both_looked = editing._check_head, Barrier(CLIENTS, timeout=20)

    def look_together(*args):
        look(*args)
        both_looked.wait()

    def attempt(n):
        try:
            if n:
                editing.start_draft(**begun, name=f"新建{n}", valid_from=MARCH)
            else:
                editing.save_head(draft=moved, plan=plan, version=moved.version, actor=office)
        except ValidationError as error:
            return error.message_dict["valid_from"][0][:8]
        finally:
            connection.close()
        return "done"

    monkeypatch.setattr(editing, "_check_head", look_together)
    items, lines = source.items.count(), AuditEntry.objects.count()
    with ThreadPoolExecutor(CLIENTS) as pool:
        said = Counter(pool.map(attempt, range(CLIENTS)))
    assert said == {"done": 1, "这个月份已有一版": CLIENTS - 1}
    assert RuleVersion.objects.filter(hospital=hospital, valid_from=MARCH).count() == 1
    assert AuditEntry.objects.count() == lines + 1
    drafts = RuleVersion.objects.filter(hospital=hospital).count()
    assert RuleItem.objects.filter(version__hospital=hospital).count() == items * drafts
