"""What one cell of the board shows."""

from datetime import date

import pytest

from activities.choices import CellState, PlanState
from activities.rules import CELL_STYLES, CellItem, cell_state

TODAY = date(2026, 11, 22)


def item(state="open", due=date(2026, 11, 30), **facts) -> CellItem:
    return CellItem(PlanState(state), due, **facts)


@pytest.mark.parametrize(
    ("facts", "state", "text", "note", "days"),
    [
        ({"due": date(2026, 11, 30)}, "plan", "11月30日前", "", 8),
        ({"due": date(2026, 11, 29)}, "soon", "还有7天", "", 7),
        ({"due": date(2026, 11, 22)}, "soon", "今天到期", "", 0),
        ({"due": date(2026, 11, 21)}, "late", "逾期1天", "应11月21日", 1),
        ({"due": date(2027, 1, 10)}, "plan", "1月10日前", "2027年", 49),
        ({"state": "draft", "due": date(2026, 11, 25)}, "soon", "还有3天", "草稿", 3),
        ({"state": "draft", "due": date(2026, 11, 12)}, "late", "逾期10天", "应11月12日", 10),
        ({"state": "submitted", "held_on": date(2026, 11, 20)}, "sent", "11月20日", "待确认", None),
        ({"state": "submitted", "late": True}, "sent", "已提交", "待确认，迟", None),
        ({"state": "not_held_asked", "due": date(2026, 10, 31)}, "sent", "已提交", "申请不开展", None),
        ({"state": "returned"}, "returned", "退回待补", "11月30日前", 8),
        ({"state": "returned", "due": date(2026, 10, 31)}, "returned", "退回待补", "", 0),
        ({"state": "returned", "due": date(2026, 11, 20), "late": True}, "late", "逾期2天", "退回待补", 2),
        ({"state": "confirmed", "held_on": date(2026, 11, 12)}, "ok", "11月12日", "", None),
        ({"state": "confirmed"}, "ok", "已完成", "", None),
        ({"state": "confirmed", "held_on": date(2026, 11, 12), "late": True}, "ok_late", "11月12日", "迟", None),
        ({"state": "not_held", "reason": "抗洪救灾"}, "na", "未开展", "抗洪救灾", None),
        ({"state": "not_applicable", "reason": "本月无人"}, "na", "不适用", "本月无人", None),
    ],
)
def test_a_single_item_shows_its_state_in_words(facts, state, text, note, days):
    cell = cell_state([item(**facts)], TODAY)
    assert (cell.state, cell.text, cell.note, cell.days) == (CellState(state), text, note, days)


HELD = {"state": "confirmed", "held_on": date(2026, 11, 18)}
SENT = {"state": "submitted", "held_on": date(2026, 11, 19)}
GREY = {"state": "not_applicable", "reason": "本组无人"}


@pytest.mark.parametrize(
    ("groups", "state", "text", "note"),
    [
        ([HELD, HELD, HELD], "ok", "11月18日", "3/3组"),
        ([HELD, HELD, HELD | {"late": True}], "ok_late", "11月18日", "3/3组 迟"),
        ([HELD, HELD, {}], "plan", "11月30日前", "2/3组"),
        ([HELD, SENT, {"due": date(2026, 11, 27)}], "soon", "还有5天", "2/3组"),
        ([HELD, SENT, SENT], "sent", "11月19日", "2组待确认"),
        ([HELD, {"state": "returned"}, {}], "returned", "退回待补", "1/3组"),
        ([HELD, {"state": "returned"}, {"due": date(2026, 11, 12)}], "late", "逾期10天", "1/3组"),
        ([HELD, HELD, GREY], "ok", "11月18日", "2/2组"),
        ([HELD, GREY, GREY], "ok", "11月18日", ""),
        ([GREY, GREY], "na", "不适用", "本组无人"),
        ([], "na", "不适用", ""),
    ],
)
def test_groups_share_a_cell_and_the_worst_one_wins(groups, state, text, note):
    cell = cell_state([item(**facts) for facts in groups], TODAY)
    assert (cell.state, cell.text, cell.note) == (CellState(state), text, note)


def test_every_state_has_a_sign_a_class_and_words():
    assert set(CELL_STYLES) == set(CellState)
    assert {style.css for style in CELL_STYLES.values()} == {
        "is-ok",
        "is-sent",
        "is-soon",
        "is-late",
        "is-plan",
        "is-na",
    }
    assert "".join(CELL_STYLES[state].sign for state in CellState) == "✓✓◐↩!✗·—"
    late = cell_state([item(due=date(2026, 11, 12))], TODAY)
    assert (late.sign, late.css, late.icon) == ("✗", "is-late", "x-lg")
    assert late.label == "逾期10天，应11月12日"
    assert cell_state([item(**SENT)], TODAY).label == "待确认，11月19日，待确认"
