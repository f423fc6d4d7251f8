"""The sheets of the record book (记实录): no official print exists, so a hospital may change each of them.

Titles and rows follow what record books of branches agree on: the elements of a meeting record and of a lesson, the
flow of a theme day, the parts of an organisational life meeting.
"""

from dataclasses import replace
from typing import Any, Final

from activities.choices import Kind
from config.documents.adapting import adapt
from config.documents.content import FONTS, LANDSCAPE
from config.documents.layouts import FormRow, Layout, Slot, Sub

CONTENT: Final = "会议内容（传达学习、报告、讨论发言要点，不同意见如实记录）"
HEAD: Final = ("党组织：{organisation}", "{note}")


def _pairs(name: str, *pairs: tuple[str, str, int], height: float = 9, needed: bool = True) -> FormRow:
    """A row of label and field, the fields so many columns wide."""
    slots = tuple(slot for label, field, span in pairs for slot in (Slot(label), Slot(field=field, span=span)))
    return FormRow(name, slots, height, needed=needed)


def _box(label: str, field: str, span: int, height: float = 9, *, needed: bool = False) -> FormRow:
    """One label with its field beside it, over the rest of the width."""
    return FormRow(field, (Slot(label), Slot(field=field, span=span)), height, needed=needed)


_TIME = FormRow(
    "time", (Slot("会议时间"), Slot(field="time", span=3), Slot("地点"), Slot(field="place")), 9, needed=True
)
_PEOPLE = _pairs("people", ("主持人", "chair", 1), ("记录人", "recorder", 1), ("列席人员", "observers", 1))
_ABSENT = _box("缺席人员及原因", "absent", 5, 15, needed=True)
_AGENDA = _box("会议议题", "agenda", 5, 20)
_MINUTES = FormRow("minutes", (Slot(CONTENT, "minutes", 6),), 130, splits=True, needed=True)
_VOTES = FormRow(
    "votes",
    label="表决情况",
    subs=(
        Sub("议题", 33),
        Sub("方式", 15, "center"),
        Sub("发出票", 12, "center"),
        Sub("收回票", 12, "center"),
        Sub("有效票", 12, "center"),
        Sub("赞成", 12, "center"),
        Sub("反对", 12, "center"),
        Sub("弃权", 12, "center"),
        Sub("书面意见", 15, "center"),
        Sub("结果", 15, "center"),
    ),
    optional=True,
    needed=True,
)
_RESOLUTIONS = FormRow(
    "resolutions",
    label="会议决议及落实分工",
    subs=(Sub("事项", 84), Sub("责任人", 30, "center"), Sub("完成时限", 36, "center")),
    height=9,
    blank=3,
    needed=True,
)
_SIGNED = FormRow(
    "signed",
    (Slot("主持人签字"), Slot(field="chair_sign", span=2), Slot("记录人签字"), Slot(field="recorder_sign", span=2)),
    14,
    needed=True,
)
_FOOT = ("散会：{ended}", "共{pages}页")


def _meeting(code: str, first: FormRow, counts: FormRow, *more: FormRow, votes: bool = True) -> Layout:
    rows = (first, _TIME, _PEOPLE, counts, _ABSENT, _AGENDA, *more, _MINUTES)
    rows += ((_VOTES,) if votes else ()) + (_RESOLUTIONS, _SIGNED)
    return Layout(code, "会议记录", 6, rows, repeat=2, head=HEAD, foot=_FOOT)


def _type(last: str, field: str) -> FormRow:
    return _pairs("type", ("会议类型", "type", 1), ("编号", "serial", 1), (last, field, 1))


GENERAL: Final = _meeting(
    "F15",
    _type("届次/第次", "sequence"),
    _pairs("counts", ("应到人数", "expected", 1), ("实到人数", "present", 1), ("有表决权到会人数", "voting", 1)),
)
COMMITTEE: Final = _meeting(
    "F15-2",
    _type("届次/第次", "sequence"),
    _pairs("counts", ("委员总数", "expected", 1), ("到会委员", "present", 1), ("缺席", "missing", 1)),
    _box("第一议题", "first_item", 5, 12),
)
GROUP: Final = _meeting(
    "F15-3",
    _type("党小组名称", "group"),
    _pairs("counts", ("应到人数", "expected", 1), ("实到人数", "present", 1), ("缺席", "missing", 1)),
    votes=False,
)

LECTURE: Final = Layout(
    "F17",
    "党课记录",
    4,
    (
        _box("党课题目", "topic", 3, 10, needed=True),
        _pairs("lecturer", ("授课人", "lecturer", 1), ("职务", "lecturer_post", 1)),
        _pairs("time", ("授课时间", "time", 1), ("学时", "hours", 1)),
        _pairs("place", ("地点", "place", 1), ("主持人/记录人", "chair_recorder", 1)),
        _pairs("counts", ("应到/实到", "attendance", 1), ("入党积极分子参加", "activists", 1)),
        _box("缺席及原因", "absent", 3, 12, needed=True),
        FormRow("minutes", (Slot("授课提纲"), Slot(field="minutes", span=3)), 110, splits=True, needed=True),
        FormRow("feedback", (Slot("党员讨论反馈"), Slot(field="feedback", span=3)), 40, splits=True),
        _box("补课情况", "made_up", 3, 12),
        _pairs("signed", ("授课人签字", "lecturer_sign", 1), ("记录人签字", "recorder_sign", 1), height=14),
    ),
    repeat=1,
    head=HEAD,
)
THEME_DAY: Final = Layout(
    "F18",
    "主题党日活动记录",
    4,
    (
        _box("活动主题", "topic", 3, 10, needed=True),
        _pairs("time", ("时间", "time", 1), ("地点", "place", 1)),
        _pairs("people", ("组织者", "chair", 1), ("记录人", "recorder", 1)),
        _pairs("counts", ("应到/实到", "attendance", 1), ("邀请人员", "observers", 1)),
        _box("缺席及原因", "absent", 3, 12, needed=True),
        _box("活动流程", "flow", 3, 12),
        FormRow("minutes", (Slot("活动内容"), Slot(field="minutes", span=3)), 100, splits=True, needed=True),
        FormRow("resolutions", (Slot("议定事项及落实"), Slot(field="resolutions_text", span=3)), 30),
        FormRow("photos", (Slot("活动照片（粘贴处）", "photos", 4),), 70),
        _pairs("signed", ("组织者签字", "chair_sign", 1), ("记录人签字", "recorder_sign", 1), height=14),
    ),
    repeat=1,
    head=HEAD,
)
ORG_LIFE: Final = Layout(
    "F19",
    "组织生活会记录",
    4,
    (
        _box("会议主题", "topic", 3, 10, needed=True),
        _pairs("time", ("时间", "time", 1), ("地点", "place", 1)),
        _pairs("form", ("形式", "form", 1), ("主持人/记录人", "chair_recorder", 1)),
        _box("上级指导人员", "observers", 3),
        _pairs("counts", ("应到/实到", "attendance", 1), ("缺席及原因", "absent", 1)),
        _box("会前准备", "preparation", 3),
        FormRow("review", (Slot("通报上年整改及支委会查摆情况"), Slot(field="review", span=3)), 30, splits=True),
        FormRow("minutes", (Slot("会议情况"), Slot(field="minutes", span=3)), 20, splits=True, optional=True),
        FormRow(
            "life",
            subs=(
                Sub("姓名", 24, "center"),
                Sub("自我批评要点", 36),
                Sub("批评意见（批评人：内容）", 36),
                Sub("本人表态", 24),
            ),
            height=25,
            blank=3,
            needed=True,
        ),
        FormRow(
            "rectifications",
            label="整改清单",
            subs=(
                Sub("序号", 9, "center"),
                Sub("问题", 21),
                Sub("措施", 21),
                Sub("责任人", 13, "center"),
                Sub("时限", 13, "center"),
                Sub("完成", 13, "center"),
            ),
            height=9,
            needed=True,
        ),
        _box("上级点评", "remarks", 3, 20),
        _pairs("signed", ("主持人签字", "chair_sign", 1), ("记录人签字", "recorder_sign", 1), height=14),
    ),
    repeat=1,
    head=HEAD,
)


def _borrowed(layout: Layout, code: str, *, without: str = "", **changes: Any) -> Layout:
    """The sheet of another kind, under its own code: `changes` as a hospital would write them."""
    rows = tuple(row for row in layout.rows if row.name != without)
    return replace(adapt(replace(layout, rows=rows), changes), code=code)


# The sheet of each kind; what has none of its own takes the one that asks for the same things.
LAYOUTS: Final[dict[Kind, Layout]] = {
    Kind.GENERAL_MEETING: GENERAL,
    Kind.COMMITTEE_MEETING: COMMITTEE,
    Kind.GROUP_MEETING: GROUP,
    Kind.PARTY_LECTURE: LECTURE,
    Kind.THEME_DAY: THEME_DAY,
    Kind.ORG_LIFE_MEETING: ORG_LIFE,
    Kind.DEMOCRATIC_APPRAISAL: _borrowed(GENERAL, "F15-4", title="民主评议党员会议记录"),
    Kind.CENTER_GROUP_STUDY: _borrowed(
        GENERAL,
        "F15-5",
        title="党委理论学习中心组学习记录",
        without="votes",
        labels={
            "有表决权到会人数": "缺席人数",
            "会议内容（传达学习、报告、讨论发言要点，不同意见如实记录）": "学习研讨内容",
        },
    ),
    Kind.REPORT_ASSESSMENT: _borrowed(GENERAL, "F15-6", title="书记抓党建述职评议会记录"),
    Kind.WARNING_EDUCATION: _borrowed(
        LECTURE,
        "F17-2",
        title="警示教育记录",
        labels={
            "党课题目": "教育主题",
            "授课人": "主讲人",
            "授课时间": "时间",
            "授课提纲": "教育内容",
            "授课人签字": "主讲人签字",
        },
    ),
    Kind.POLITICAL_BIRTHDAY: _borrowed(THEME_DAY, "F18-2", title="政治生日活动记录", without="flow"),
    Kind.DEM_LIFE_MEETING: _borrowed(ORG_LIFE, "F19-2", title="民主生活会记录", labels={"形式": "类型"}),
}

# Lists: one row whose columns are the list's, widths in mm.
SIGN_IN: Final = Layout(
    "F16",
    "签到表",
    6,
    (
        FormRow(
            "people",
            subs=(Sub("序号", 12, "center"), Sub("姓名", 28, "center"), Sub("签名", 45, "center")),
            height=10,
            needed=True,
        ),
    ),
    head=("会议名称：{name}", "时间：{time}", "地点：{place}"),
    foot=("应到：{expected}", "实到：{present}", "请假：{excused}"),
)
PLAN_LIST: Final = Layout(
    "plan-list",
    "{year}年规定动作计划清单",
    9,
    (
        FormRow(
            "items",
            subs=(
                Sub("序号", 12, "center"),
                Sub("周期", 22, "center"),
                Sub("规定动作", 44),
                Sub("党小组", 30),
                Sub("拟定主题", 42),
                Sub("计划或截止日期", 31, "center"),
                Sub("完成情况", 28, "center"),
                Sub("完成日期", 26, "center"),
                Sub("备注", 30),
            ),
            needed=True,
        ),
    ),
    head=("党支部：{organisation}", "打印日期：{day}"),
    page=LANDSCAPE,
    fonts=replace(FONTS, cell_size=11),
)
ATTENDANCE: Final = Layout(
    "attendance",
    "{year}年出席汇总表",
    5,
    (
        FormRow(
            "people",
            subs=(
                Sub("姓名", 18),
                Sub("党小组", 22),
                Sub("应到", 10, "center"),
                Sub("实到", 10, "center"),
                Sub("出席率", 14, "center"),
            ),
            needed=True,
        ),
    ),
    head=("党支部：{organisation}", "已确认活动：{times}"),
    page=LANDSCAPE,
    fonts=replace(FONTS, cell_size=9),
)
LISTS: Final = (SIGN_IN, PLAN_LIST, ATTENDANCE)

# Every form that a hospital may change, by its code.
FORMS: Final[dict[str, Layout]] = {layout.code: layout for layout in (*LAYOUTS.values(), *LISTS)}
KINDS: Final[dict[str, Kind]] = {layout.code: kind for kind, layout in LAYOUTS.items()}
NAMES: Final = {  # where the printed title does not tell one form from the other
    "F15": "会议记录（支部党员大会）",
    "F15-2": "会议记录（支委会）",
    "F15-3": "会议记录（党小组会）",
    "plan-list": "规定动作计划清单",
    "attendance": "出席汇总表",
}


def name_of(layout: Layout) -> str:
    """What a form is called where people choose among them."""
    return NAMES.get(layout.code, layout.title)
