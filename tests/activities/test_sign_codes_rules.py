"""When signing in is open, and which codes are taken: both sides of every edge."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.attendance import sign_codes
from activities.attendance.sign_codes import Window, code, code_fits, default_window, token, token_fits, window

SECRET = "5" * 64
NOON = datetime(2026, 11, 22, 4, 0, 0, tzinfo=UTC)  # a multiple of both periods
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("after", "expected"),
    [(-SECOND, Window.NOT_YET), (0 * SECOND, Window.OPEN), (3599 * SECOND, Window.OPEN), (3600 * SECOND, Window.OVER)],
)
def test_the_second_of_opening_belongs_to_the_window_and_that_of_closing_does_not(after, expected):
    assert window(NOON, NOON + timedelta(hours=1), None, NOON + after) == expected


def test_closed_by_hand_it_is_over_from_that_second_on():
    closed = NOON + 10 * SECOND
    ends = NOON + timedelta(hours=1)
    assert window(NOON, ends, closed, closed - SECOND) == Window.OPEN
    assert window(NOON, ends, closed, closed) == Window.OVER


def test_the_usual_window_is_half_an_hour_around_the_beginning():
    assert default_window(NOON) == (NOON - timedelta(minutes=30), NOON + timedelta(minutes=30))


@pytest.mark.parametrize(("age", "taken"), [(0, True), (19, True), (20, True), (39, True), (40, False), (3600, False)])
def test_a_picture_drawn_at_the_beginning_of_a_step_works_for_forty_seconds(age, taken):
    assert token_fits(token(SECRET, 7, NOON), SECRET, 7, NOON + timedelta(seconds=age)) is taken


@pytest.mark.parametrize(("age", "taken"), [(0, True), (1, True), (20, True), (21, False)])
def test_a_picture_drawn_at_the_end_of_a_step_works_for_twenty_seconds_more(age, taken):
    drawn = NOON + 19 * SECOND
    assert token_fits(token(SECRET, 7, drawn), SECRET, 7, drawn + timedelta(seconds=age)) is taken


def test_a_code_of_the_future_is_not_taken():
    assert not token_fits(token(SECRET, 7, NOON + 20 * SECOND), SECRET, 7, NOON)


@pytest.mark.parametrize(("age", "taken"), [(299, True), (300, True), (599, True), (600, False)])
def test_six_digits_work_for_their_five_minutes_and_the_next(age, taken):
    digits = code(SECRET, 7, NOON)
    assert len(digits) == 6
    assert digits.isdigit()
    assert code_fits(digits, SECRET, 7, NOON + timedelta(seconds=age)) is taken


def test_codes_of_one_gathering_say_nothing_about_those_of_another():
    assert not token_fits(token(SECRET, 7, NOON), SECRET, 8, NOON)
    assert not token_fits(token(SECRET, 7, NOON), "6" * 64, 7, NOON)
    assert code(SECRET, 7, NOON) != code(SECRET, 8, NOON)
    assert not code_fits(token(SECRET, 7, NOON)[:6], SECRET, 7, NOON)


@pytest.mark.parametrize("odd", ["", "０１２３４５", "x" * 500, "é"])
def test_whatever_is_sent_is_compared_and_never_an_error(odd):
    assert not token_fits(odd, SECRET, 7, NOON)
    assert not code_fits(odd, SECRET, 7, NOON)


def test_seconds_left_count_down_to_the_next_step():
    assert sign_codes.seconds_left(NOON) == 300
    assert sign_codes.seconds_left(NOON + 299 * SECOND) == 1
