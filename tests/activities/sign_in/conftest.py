"""A theme day of this afternoon, ten minutes before it begins."""

import uuid
from datetime import timedelta

import pytest

from activities import services
from activities.attendance import sign_in
from tests.activities.sign_in.cast import START, form_of
from tests.factories import make_member


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(START - timedelta(minutes=10), tick=False)
    return time_machine


@pytest.fixture
def members(branch, secretary, organiser):
    return [make_member(branch, name=f"党员{n}") for n in "甲乙丙丁"]


@pytest.fixture
def draft(branch, secretary, members):
    return services.save_draft(activity=None, form_key=uuid.uuid4(), data=form_of(branch, secretary), actor=secretary)


@pytest.fixture
def opened(draft, secretary):
    return sign_in.open_sign_in(activity=draft, actor=secretary)
