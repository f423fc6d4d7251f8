"""Where the cells of a form come to lie, and how values are shown; no file is written here."""

from datetime import date
from decimal import Decimal

import pytest

from config.documents.content import (
    SIGN_HEIGHT,
    Cell,
    Column,
    Grid,
    Photo,
    Row,
    Table,
    clean,
    in_parts,
    label,
    lay_out,
    shown,
    ticked,
)


def test_cells_lie_side_by_side_and_only_used_edges_remain():
    laid = lay_out(Grid(60, (Row((label("类型", 10), Cell("大会", 50))), Row((Cell("内容", 60),)))))
    assert laid.edges == (0, 10, 60)
    assert [(placed.column, placed.colspan) for row in laid.rows for placed in row.cells] == [(0, 1), (1, 1), (0, 2)]


def test_a_cell_two_rows_high_keeps_its_place_and_its_rows_together():
    laid = lay_out(Grid(2, (Row((label("表决", 1, 2), Cell("甲"))), Row((Cell("乙"),)), Row((Cell("丙", 2),)))))
    assert laid.rows[0].cells[0].rowspan == 2
    assert laid.rows[1].cells[0].column == 1
    assert [row.keep_next for row in laid.rows] == [True, True, False]


def test_the_last_row_of_a_form_is_never_alone_on_a_page():
    rows = (Row((Cell("甲"),)), Row((Cell("乙"),)), Row((Cell("签字"),)))
    assert [row.keep_next for row in lay_out(Grid(1, rows)).rows] == [False, True, False]
    long = (rows[0], Row((Cell("内容"),), splits=True), rows[2])
    assert [row.keep_next for row in lay_out(Grid(1, long)).rows] == [False, False, False]


def test_a_signature_becomes_a_line_of_its_own_at_the_foot_of_its_cell():
    laid = lay_out(Grid(6, (Row((label("意见"), Cell("同意", 5, sign="签字")), 45),)))
    upper, lower = laid.rows
    assert (upper.height, lower.height, upper.keep_next) == (45 - SIGN_HEIGHT, SIGN_HEIGHT, True)
    assert upper.cells[0].rowspan == 2
    assert upper.cells[1].open_bottom
    assert lower.cells[0].open_top
    assert (lower.cells[0].cell.text, lower.cells[0].cell.align, lower.cells[0].column) == ("签字", "right", 1)


@pytest.mark.parametrize("cells", [(Cell(span=5),), (Cell(span=7),), ()])
def test_a_row_that_does_not_fill_the_grid_is_refused(cells):
    with pytest.raises(ValueError, match="row 1"):
        lay_out(Grid(6, (Row(cells),)))


def test_a_row_may_not_run_into_a_cell_from_above():
    with pytest.raises(ValueError, match="row 2"):
        lay_out(Grid(2, (Row((Cell(), Cell(rows=2))), Row((Cell(span=2),)))))


def test_a_table_that_is_too_wide_is_cut_with_its_first_columns_in_front():
    columns = (Column("姓名", 20), *(Column(str(n), 10) for n in range(5)))
    table = Table(columns, (("甲", 0, 1, 2, 3, 4),), keep=1)
    parts = in_parts(table, 50)
    assert [[column.label for column in part.columns] for part in parts] == [
        ["姓名", "0", "1", "2"],
        ["姓名", "3", "4"],
    ]
    assert [part.rows for part in parts] == [(("甲", 0, 1, 2),), (("甲", 3, 4),)]
    assert in_parts(table, 70) == [table]


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (Decimal("0.7308"), Column("", percent=True), "73.1%"),
        (Decimal("2.50"), Column(""), "2.50"),
        (Decimal("2.5"), Column("", places=2), "2.50"),
        (date(2026, 11, 2), Column(""), "2026-11-02"),
        (None, Column(""), ""),
        (0, Column(""), "0"),
        ("甲\x07乙\r\n", Column(""), "甲乙\n"),
    ],
)
def test_values_are_shown_as_print_shows_them(value, column, text):
    assert shown(value, column) == text


def test_ticks_and_photos():
    assert ticked([("亮明身份", True), ("重温誓词", False)]) == "☑亮明身份　□重温誓词"
    assert Photo(b"", 4000, 3000).fitted(80, 60) == (80, 60)
    assert Photo(b"", 1000, 2000).fitted(80, 60) == (30, 60)
    assert clean("a\x00b\ud800c") == "abc"
