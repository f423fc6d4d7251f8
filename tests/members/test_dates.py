"""Every way a date stands in a roster, and what is refused."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.dates import EPOCH, DateRefused, Precision, chinese, read_date


@pytest.mark.parametrize(
    "value",
    [
        date(1980, 3, 1),
        datetime(1980, 3, 1, 8, 30),  # noqa: DTZ001 - a cell has no zone
        "1980-03-01",
        "1980-3-1",
        "1980/3/1",
        "1980.3.1",
        "1980.03.01",
        "1980年3月1日",
        "1980年03月01号",
        " 1980-03-01 ",
        "1980-03-01 00:00:00",
        "1980-03-01T00:00:00",
        "1980年 3月 1日",
    ],
)
def test_full_dates_are_read_without_a_warning(value):
    found = read_date(value)
    assert found.day == date(1980, 3, 1)
    assert found.precision == Precision.DAY
    assert not found.repaired


@pytest.mark.parametrize(
    ("value", "day", "warning"),
    [
        ("19800301", date(1980, 3, 1), "date_compact"),
        (19800301.0, date(1980, 3, 1), "date_compact"),
        (19800301, date(1980, 3, 1), "date_compact"),
        (1980.0301, date(1980, 3, 1), "date_compact"),
        (39630.0, date(2008, 7, 1), "date_serial"),
        ("39630", date(2008, 7, 1), "date_serial"),
        (39630.5, date(2008, 7, 1), "date_serial"),
        ("２０２０．０８．２０", date(2020, 8, 20), "date_full_width"),
        ("2020年８月20日", date(2020, 8, 20), "date_full_width"),
        ("１９８００３０１", date(1980, 3, 1), "date_compact"),
    ],
)
def test_interpreted_dates_say_how(value, day, warning):
    found = read_date(value)
    assert (found.day, found.precision, found.repaired) == (day, Precision.DAY, warning)
    assert found.how


@pytest.mark.parametrize(
    "value",
    [
        "198003",
        198003.0,
        "1980.3",
        1980.3,
        1980.03,
        "1980.03",
        "1980年3月",
        "1980-03",
        "1980/3",
        "1980年3月份",
        "1980.3.",
    ],
)
def test_months_become_the_first_with_a_warning(value):
    found = read_date(value)
    assert found.day == date(1980, 3, 1)
    assert found.precision == Precision.MONTH
    assert found.repaired == "date_month_only"
    assert found.latest == date(1980, 3, 31)
    assert chinese(found.day, found.precision) == "1980年3月"


@pytest.mark.parametrize(
    ("value", "month"), [(1980.11, 11), (1980.12, 12), (1980.01, 1), (1980.2, 2), ("1980.1", 1), ("1980.10", 10)]
)
def test_months_after_a_point(value, month):
    assert read_date(value).day == date(1980, month, 1)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2019.2.30", "DATE_INVALID"),
        ("2019.2.29", "DATE_INVALID"),
        ("20190230", "DATE_INVALID"),
        ("2019.13", "DATE_INVALID"),
        ("201913", "DATE_INVALID"),
        ("201900", "DATE_INVALID"),
        ("1980.3.0", "DATE_INVALID"),
        ("80.3.1", "DATE_INVALID"),
        ("3/1/1980", "DATE_INVALID"),
        ("800301", "DATE_INVALID"),
        ("1980031", "DATE_INVALID"),
        ("不详", "DATE_INVALID"),
        ("2008.7（补）", "DATE_INVALID"),
        ("1234-05-06", "DATE_INVALID"),
        (-5.0, "DATE_ZERO"),
        (True, "DATE_INVALID"),
        (timedelta(days=2), "DATE_INVALID"),
        (float("inf"), "DATE_INVALID"),
        (float("nan"), "DATE_INVALID"),
        ("1980", "DATE_YEAR_ONLY"),
        ("1980年", "DATE_YEAR_ONLY"),
        (1980.0, "DATE_YEAR_ONLY"),
        (1980.1, "DATE_AMBIGUOUS"),
        (0.0, "DATE_ZERO"),
        ("0", "DATE_ZERO"),
        (1.0, "DATE_ZERO"),
        (time(0, 0), "DATE_ZERO"),
        (date(1899, 12, 31), "DATE_ZERO"),
        (date(1900, 1, 1), "DATE_ZERO"),
        (datetime(1900, 1, 1), "DATE_ZERO"),  # noqa: DTZ001 - a cell has no zone
        ("1900-01-00", "DATE_ZERO"),
        ("1899/12/30", "DATE_ZERO"),
        ("00000000", "DATE_ZERO"),
    ],
)
def test_unreadable_dates_are_refused_with_a_code_and_advice(value, code):
    with pytest.raises(DateRefused) as refused:
        read_date(value)
    assert refused.value.code == code
    assert "。" in refused.value.message


def test_leap_days_are_real():
    assert read_date("2020.2.29").day == date(2020, 2, 29)


@given(st.dates(date(1901, 1, 1), date(2099, 12, 31)))
def test_every_form_of_a_day_means_that_day(day):
    forms = [
        day,
        f"{day:%Y-%m-%d}",
        f"{day:%Y%m%d}",
        float(f"{day:%Y%m%d}"),
        f"{day.year}.{day.month}.{day.day}",
        chinese(day),
    ]
    if (serial := (day - EPOCH).days) >= 10000:
        forms += [float(serial), str(serial)]
    assert {read_date(form).day for form in forms} == {day}


@given(st.text(max_size=20) | st.floats() | st.integers())
def test_nothing_makes_it_fall_over(value):
    try:
        found = read_date(value)
    except DateRefused as refused:
        code = refused.code
    else:
        code = "" if found.day.year > 1900 else "too early"
    assert not code or code.isupper()
