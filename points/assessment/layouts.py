"""The papers of the democratic appraisal as forms that a hospital may change: 登记表, 测评表, 汇总表.

Cell by cell as the organisation departments print them; the widths of the register form are in tenths of a point.
"""

from dataclasses import replace
from typing import Final

from config.documents.content import FONTS, LANDSCAPE, RECORD, Page
from config.documents.layouts import FormRow, Layout, Slot, Sub

PEN: Final = "　　　　　　年　　月　　日"


def _opinion(name: str, label: str, height: float, sign: str = "", *, needed: bool = True) -> FormRow:
    return FormRow(name, (Slot(label), Slot(field=name, span=6, sign=sign)), height=height, needed=needed)


REGISTER: Final = Layout(
    "appraisal-form",
    "民主评议党员登记表",
    7,
    (
        FormRow(
            "person",
            (
                Slot("姓名"),
                Slot("现名"),
                Slot(field="name"),
                Slot("性别"),
                Slot(field="gender"),
                Slot("出生年月"),
                Slot(field="born"),
            ),
            below=(
                Slot("曾用名"),
                Slot(field="former_name"),
                Slot("民族"),
                Slot(field="ethnicity"),
                Slot("籍贯"),
                Slot(field="native_place"),
            ),
            height=8,
            needed=True,
        ),
        FormRow(
            "party",
            (
                Slot("入党时间", span=2),
                Slot(field="joined"),
                Slot("转正时间"),
                Slot(field="confirmed"),
                Slot("参加工作时间"),
                Slot(field="work_from"),
            ),
            height=8,
        ),
        FormRow(
            "education",
            (Slot("学历", span=2), Slot(field="education"), Slot("现任职务"), Slot(field="post", span=3)),
            height=8,
        ),
        FormRow("summary", (Slot(field="summary", span=7),), label="个人小结", height=210, splits=True, needed=True),
        _opinion("poll", "民主评议情况", 30),
        _opinion("branch_opinion", "支部意见", 45, f"支部书记签字或盖章：{PEN}"),
        _opinion("own_opinion", "本人意见", 45, f"签字或盖章：{PEN}"),
        _opinion("decision", "上级党组织意见", 55, f"（盖章）{PEN}"),
        _opinion("remarks", "备注", 35, needed=False),
    ),
    widths=(324, 540, 810, 630, 630, 630, 697),
    page=Page(15, 26, 15, 28, numbered=False),  # the summary of 210 mm and its head on one page
)

BALLOT: Final = Layout(
    "appraisal-ballot",
    "民主测评表",
    6,
    (
        FormRow(
            "people",
            subs=(
                Sub("序号", 12, "center"),
                Sub("姓名", 28, "center"),
                Sub("优秀", 22, "center"),
                Sub("合格", 22, "center"),
                Sub("基本合格", 22, "center"),
                Sub("不合格", 22, "center"),
                Sub("存在问题", 52),
            ),
            height=9,
            needed=True,
        ),
    ),
    head=("党支部：{organisation}", "年度：{year}年"),
    page=replace(RECORD, numbered=False),
)

SUMMARY: Final = Layout(
    "appraisal-list",
    "{year}年民主评议党员汇总表",
    8,
    (
        FormRow(
            "people",
            subs=(
                Sub("序号", 11, "center"),
                Sub("姓名", 22, "center"),
                Sub("应评", 14, "center"),
                Sub("实评", 14, "center"),
                Sub("优秀票", 18, "center"),
                Sub("合格票", 18, "center"),
                Sub("基本合格票", 24, "center"),
                Sub("不合格票", 18, "center"),
                Sub("支委会评定意见", 33, "center"),
                Sub("反馈日期", 28, "center"),
                Sub("备注", 40),
            ),
            height=8,
            needed=True,
        ),
    ),
    head=("党支部：{organisation}", "{standing}"),
    foot=("正式党员数：{members}", "优秀数：{excellent}", "比例：{share}"),
    page=LANDSCAPE,
    fonts=replace(FONTS, cell_size=11),
)
