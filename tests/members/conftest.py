"""A fixed hour, one member with a telephone, and an office that uploads and confirms rosters."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import time_machine

from branches.models import Branch, User
from members import closing
from members.importing import batches
from members.models import ImportBatch, Member
from tests import factories
from tests.members.periods import FIRST_CLOSED, Periods
from tests.members.roster_files import national, person


@pytest.fixture
def today() -> Iterator[None]:
    with time_machine.travel("2026-11-22 10:00:00+08:00", tick=False):
        yield


@pytest.fixture
def dong(branch: Branch, groups: list[Branch]) -> Member:
    user = factories.UserFactory(name="董丽娜", mobile="13800001234", staff_no="A100")
    return factories.make_member(branch, group=groups[0], user=user, home_address="江州市人民路1号")


@pytest.fixture
def upload(
    hospital: Branch, office: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> Callable[..., ImportBatch]:
    """upload(data) reads a file into its preview, as the page and the worker do."""

    def run(data: bytes, file_name: str = "名册.xlsx", organisation: Branch | None = None) -> ImportBatch:
        with django_capture_on_commit_callbacks(execute=True):
            batch = batches.upload_batch(
                organisation=organisation or hospital, file_name=file_name, data=data, actor=office
            )
        batch.refresh_from_db()
        return batch

    return run


@pytest.fixture
def confirm(office: User, django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., ImportBatch]:
    def run(batch: ImportBatch, *, skip_errors: bool = False) -> ImportBatch:
        with django_capture_on_commit_callbacks(execute=True):
            batches.confirm_batch(batch=batch, opening_on=date(2026, 1, 1), skip_errors=skip_errors, actor=office)
        batch.refresh_from_db()
        return batch

    return run


@pytest.fixture
def three(upload: Callable[..., ImportBatch], confirm: Callable[..., ImportBatch]) -> ImportBatch:
    """Three people of one new branch, imported."""
    return confirm(upload(national([person(n) for n in range(3)])))


@pytest.fixture
def periods(monkeypatch: pytest.MonkeyPatch) -> Periods:
    monkeypatch.setattr(closing, "_SOURCES", [])
    periods = Periods()
    closing.register(periods.first_closed_month, periods.month_state)
    return periods


@pytest.fixture
def closed(periods: Periods) -> Periods:
    """January 2026 was the first month to be closed."""
    periods.first = FIRST_CLOSED
    return periods
