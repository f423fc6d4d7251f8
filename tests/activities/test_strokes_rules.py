"""The order of names on a ballot."""

import pytest

from activities.votes.strokes import stroke_key, strokes, without_strokes


@pytest.mark.parametrize(("char", "n"), [("丁", 2), ("李", 7), ("陈", 7), ("郭", 10), ("黄", 11), ("魏", 17)])
def test_strokes_are_those_of_the_mainland(char, n):
    assert strokes(char) == n


def test_names_stand_in_the_order_of_the_strokes_of_their_surnames():
    names = ["魏晨", "赵启明", "丁力", "陈静怡", "王海", "李思源", "马骏", "黄蕾"]
    assert sorted(names, key=stroke_key) == ["丁力", "马骏", "王海", "李思源", "陈静怡", "赵启明", "黄蕾", "魏晨"]


def test_of_as_many_strokes_the_first_one_decides():
    """八画：横、竖、撇、点、折."""
    assert sorted(["孟一", "郑一", "金一", "易一", "林一"], key=stroke_key) == ["林一", "易一", "金一", "郑一", "孟一"]


def test_one_surname_stays_together_and_short_names_come_first():
    assert sorted(["李一", "杜甫", "李二三", "李丁"], key=stroke_key)[:3] in (
        ["李一", "李丁", "李二三"],
        ["杜甫", "李一", "李丁"],
    )


def test_a_surname_out_of_the_table_stands_last_and_is_named():
    assert sorted(["A君", "魏晨"], key=stroke_key) == ["魏晨", "A君"]
    assert without_strokes(["A君", "魏晨"]) == ["A君"]
