"""Forms as data, and what a hospital may change about them."""

import pytest

from config.documents.adapting import adapt, problems
from config.documents.content import RECORD, Heading, Line, lay_out
from config.documents.layouts import UNITS, FormRow, Layout, Slot, Sub, fill, section

FORM = Layout(
    "T1",
    "{kind}记录",
    4,
    (
        FormRow("topic", (Slot("主题"), Slot(field="topic", span=3)), 10),
        FormRow("time", (Slot("时间"), Slot(field="time"), Slot("地点"), Slot(field="place")), 9),
        FormRow("minutes", (Slot("内容", "minutes", 4, sign="签字"),), 100, splits=True),
        FormRow("votes", label="表决", subs=(Sub("议题", 2 * UNITS), Sub("结果", UNITS, "center")), optional=True),
        FormRow("tasks", label="事项", subs=(Sub("事项", 2 * UNITS), Sub("期限", UNITS)), blank=2),
        FormRow("note", (Slot("备注"), Slot(field="note", span=3)), optional=True),
    ),
    repeat=1,
    head=("单位：{unit}", "{missing}"),
    foot=("{unit.__class__}",),
)


def texts(layout, values):
    return [[cell.text or cell.caption for cell in row.cells] for row in fill(layout, values).rows]


def test_values_stand_beside_their_labels_and_nothing_else_is_invented():
    rows = texts(FORM, {"topic": "学习", "minutes": "要点", "votes": [("甲", "通过")], "note": "无"})
    assert rows == [
        ["主题", "学习"],
        ["时间", "", "地点", ""],
        ["要点"],
        ["表决", "议题", "结果"],
        ["甲", "通过"],
        ["事项", "事项", "期限"],
        ["", ""],
        ["", ""],
        ["备注", "无"],
    ]


def test_an_empty_form_keeps_lines_for_a_pen_and_leaves_out_what_is_optional():
    assert [row[0] for row in texts(FORM, {})] == ["主题", "时间", "内容", "事项", "", ""]
    lay_out(fill(FORM, {}))


def test_titles_and_lines_take_values_by_name_only():
    title, head, _, foot = section(FORM, {"kind": "会议", "unit": "一支部"}).blocks
    assert title == Heading("会议记录", 0)
    assert head == Line(("单位：一支部", ""))
    assert foot == Line(("{unit.__class__}",))


def test_a_long_text_in_a_short_row_may_run_over_the_page():
    short, long = (fill(FORM, {"topic": "学" * n}).rows[0] for n in (300, 301))
    assert (short.splits, long.splits) == (False, True)


def test_a_hospital_renames_hides_moves_adds_and_sets_margins():
    changes = {
        "title": "记录本",
        "labels": {"主题": "议题", "期限": "完成时间"},
        "heights": {"minutes": 150},
        "hide": ["time"],
        "add": [{"name": "seal", "label": "盖章", "after": "minutes", "height": 20}],
        "margins": [20, 15, 20, 25],
        "fonts": {"cell": "仿宋"},
    }
    assert problems(FORM, changes) == []
    mine = adapt(FORM, changes)
    assert [row[0] for row in texts(mine, {})] == ["议题", "内容", "盖章", "事项", "", ""]
    assert fill(mine, {}).rows[3].cells[2].text == "完成时间"
    assert fill(mine, {}).rows[1].height == 150
    assert (mine.title, mine.page.right, mine.page.left, mine.fonts.cell) == ("记录本", 15, 25, "仿宋")
    assert (FORM.title, FORM.page) == ("{kind}记录", RECORD)


def test_moved_rows_are_no_longer_the_head_of_the_next_page():
    mine = adapt(FORM, {"order": ["minutes", "topic"]})
    assert [row.name for row in mine.rows][:2] == ["minutes", "topic"]
    assert (FORM.repeat, mine.repeat) == (1, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"title": ""},
        {"title": 3},
        {"labels": {"没有的栏目": "甲"}},
        {"labels": {"": "甲"}},
        {"heights": {"minutes": 221}},
        {"heights": {"minutes": True}},
        {"hide": "time"},
        {"hide": ["unknown"]},
        {"hide": [row.name for row in FORM.rows]},
        {"add": [{"name": "topic", "label": "重名"}]},
        {"add": [{"label": "无名"}]},
        {"margins": [20, 20, 20]},
        {"margins": [9, 20, 20, 20]},
        {"fonts": {"unknown": "宋体"}},
    ],
)
def test_what_does_not_fit_is_named_and_never_breaks_a_download(changes):
    assert problems(FORM, changes)
    assert (
        adapt(FORM, {**changes, "margins": [30, 30, 30, 30]} if "margins" not in changes else changes).rows == FORM.rows
    )


UNEVEN = Layout(
    "T2",
    "登记表",
    3,
    (
        FormRow(
            "name",
            (Slot("姓名"), Slot("现名"), Slot(field="name")),
            below=(Slot("曾用名"), Slot(field="former")),
            height=8,
        ),
        FormRow("summary", (Slot(field="summary", span=3),), label="小结", height=60, splits=True),
    ),
    widths=(10, 20, 45),
)


def test_columns_of_their_own_widths_and_a_first_cell_as_high_as_two_lines():
    grid = fill(UNEVEN, {"name": "白一", "former": "白小一"})
    assert lay_out(grid).edges == (0, 10, 30, 75)
    assert [[(cell.text, cell.span, cell.rows) for cell in row.cells] for row in grid.rows] == [
        [("姓名", 10, 2), ("现名", 20, 1), ("白一", 45, 1)],
        [("曾用名", 20, 1), ("白小一", 45, 1)],
        [("小结", 75, 1)],
        [("", 75, 1)],
    ]


def test_the_second_line_and_the_label_above_are_renamed_too():
    changes = {"labels": {"曾用名": "别名", "小结": "总结"}}
    assert problems(UNEVEN, changes) == []
    assert [row[0] for row in texts(adapt(UNEVEN, changes), {})] == ["姓名", "别名", "总结", ""]
