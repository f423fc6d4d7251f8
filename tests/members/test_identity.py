"""Identity numbers: every vector is fictitious or printed in the standard itself."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members import identity

TODAY = date(2026, 11, 22)


def codes(value: object) -> list[str]:
    return [problem.code for problem in identity.check_id(value, today=TODAY).problems]


@pytest.mark.parametrize(
    ("number", "gender", "born"),
    [
        ("11010519491231002X", "female", date(1949, 12, 31)),
        ("990000197903010025", "female", date(1979, 3, 1)),
        ("99000019800229001X", "male", date(1980, 2, 29)),
        ("990000200002290036", "male", date(2000, 2, 29)),
    ],
)
def test_valid_numbers_tell_gender_and_birth_date(number, gender, born):
    check = identity.check_id(number, today=TODAY)
    assert check.ok
    assert not check.problems
    assert check.number == number
    assert identity.gender(number) == gender
    assert identity.birth_date(number) == born
    assert identity.check_digit(number[:17]) == number[17]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("440524188001010014", "ID_DATE"),  # born in 1880
        ("990000199913310012", "ID_DATE"),  # month 13
        ("110105194912310021", "ID_CHECK"),
        ("99000019790301002", "ID_LENGTH"),
        ("9900001979030100255", "ID_LENGTH"),
        ("990000790301002", "ID_OLD"),
        ("99000019790301A025", "ID_CHARACTERS"),
        ("1.10105E+17", "ID_FLOAT"),
        ("990000197903010000", "ID_FLOAT"),
        (990000197903010025, "ID_FLOAT"),
        (9.9e17, "ID_FLOAT"),
        (990000790301002.0, "ID_OLD"),
        (12345.0, "ID_LENGTH"),
        ("", "ID_LENGTH"),
    ],
)
def test_unusable_numbers_are_errors_with_a_code(number, code):
    check = identity.check_id(number, today=TODAY)
    assert not check.ok
    assert [problem.code for problem in check.errors] == [code]
    assert all(len(problem.message) > 10 for problem in check.errors)


@pytest.mark.parametrize(
    "text",
    [
        " 990000197903010025",
        "990000 19790301 0025",
        "'990000197903010025",
        "９９００００１９７９０３０１００２５",
        "990000\u200b197903010025\ufeff",
        "\u3000990000197903010025\n",
    ],
)
def test_stray_characters_are_taken_out_and_said_so(text):
    check = identity.check_id(text, today=TODAY)
    assert check.ok
    assert check.number == "990000197903010025"
    assert [problem.code for problem in check.warnings] == ["id_tidied"]


def test_lower_and_full_width_x_become_a_capital_x():
    for text in ("99000019800229001x", "99000019800229001Ｘ", "99000019800229001ｘ"):
        check = identity.check_id(text, today=TODAY)
        assert check.ok
        assert check.number == "99000019800229001X"
        assert codes(text) == ["id_tidied"]


def test_letter_o_becomes_zero_with_a_warning():
    check = identity.check_id("99OOOO197903010025", today=TODAY)
    assert check.ok
    assert check.number == "990000197903010025"
    assert "id_letter_o" in codes("99OOOO197903010025")


def test_a_number_born_today_is_possible_and_tomorrow_is_not():
    for born, expected in ((date(2026, 11, 22), []), (date(2026, 11, 23), ["ID_DATE"])):
        first = f"990000{born:%Y%m%d}002"
        assert codes(first + identity.check_digit(first)) == expected


def test_the_first_possible_year_is_1900():
    for day, expected in (("19000101", []), ("18991231", ["ID_DATE"])):
        first = f"990000{day}002"
        assert codes(first + identity.check_digit(first)) == expected


def test_an_unknown_area_is_only_a_warning():
    first = "90000019790301002"
    assert codes(first + identity.check_digit(first)) == ["id_area_unknown"]


def test_old_numbers_come_with_a_suggestion_that_is_masked_in_the_message():
    check = identity.check_id("990000790301002", today=TODAY)
    assert check.suggestion == "990000197903010025"
    assert check.suggestion not in check.errors[0].message
    assert "990000********0025" in check.errors[0].message


def test_masks_hide_the_middle():
    assert identity.mask("990000197903012318") == "990000********2318"

    assert identity.mask_phone("13900002107") == "139****2107"
    assert "0571888888" not in identity.mask_phone("0571888888")
    assert identity.mask("") == ""
    assert identity.mask_phone("") == ""


@given(st.dates(date(1901, 1, 1), TODAY), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(born, sequence, position, shift):
    first = f"990000{born:%Y%m%d}{sequence:03d}"
    number = first + identity.check_digit(first)
    assert identity.check_id(number, today=TODAY).ok
    assert identity.birth_date(number) == born
    wrong = number[:position] + str((int(number[position]) + shift) % 10) + number[position + 1 :]
    assert not identity.check_id(wrong, today=TODAY).ok


@given(st.text(max_size=30) | st.floats(allow_nan=True) | st.integers())
def test_nothing_makes_the_check_fall_over(value):
    check = identity.check_id(value, today=TODAY)
    assert check.ok or all(problem.message for problem in check.errors)
