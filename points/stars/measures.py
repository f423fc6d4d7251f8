"""What the lines of a score card can measure: the numbers a measure needs, its formula in words, and the formula.

Defaults of this product (docs/domain.md); the weights and the named figures (`params`) are the hospital's.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from points.stars import formulas as by
from points.stars.formulas import Field, Measure

_ROLL, _PLAN, _RECORDS = "党员名册", "规定动作", "活动记录"


def _periods(per: str) -> tuple[Field, Field]:
    return Field("done", f"已开展的{per}", "个"), Field("due", f"已结束、应开展的{per}", "个")


def _held(key: str, name: str, per: str, nothing: str) -> Measure:
    return Measure(
        key,
        _periods(per),
        f"满分×已开展的{per}÷应开展的{per}",
        by.ratio("done", "due"),
        by.more(f"再开{{n}}次{name}", "done", "due"),
        _PLAN,
        nothing,
        brief=f"{{max}}×{{done}}/{{due}}个{per}",
    )


_YEAR_PAPERS = by.parts(
    ("plan_due", "plan", "按期报送年度计划（1月31日前）"),
    ("summary_due", "summary", "按期报送年度总结（12月31日前）"),
)
_SECRETARY = by.parts(("", "double_leader", "培养书记成为双带头人"), ("", "trained", "书记完成56学时和1次集中培训"))
_APPRAISAL = by.parts(
    ("due", "held", "开展民主评议党员"),
    ("due", "cap_kept", "确定评议等次，优秀不超过规定比例或说明原因"),
    ("due", "fed_back", "向党员反馈评议结果"),
)
_ELECTION = by.parts(("", "on_time", "按期换届，或报批延期"))
_OVERDUE = by.faults("overdue", Fraction(1, 4), "办结{n}件逾期的组织关系、流动或失联事项")
_WARNING = _held("warning_education", "警示教育", "半年", "还没有结束的半年")
_BRAND = by.parts(("", "brand", "培育支部品牌"), ("", "method", "总结支部工作法"))
_POSTS = by.parts(("", "holds", "设立党员先锋岗或示范岗"), ("", "reviewed", "先锋岗、示范岗全部复核"))
_DUES_PUBLISHED = by.parts(("", "published", "公布全年党费收缴情况"))

_TABLE: Final = (
    Measure(
        "committee",
        (
            Field("vacant", "空缺超过90天的职务", "个"),
            Field("secretary", "有书记", flag=True),
            Field("needs_committee", "应设支委会", flag=True),
            Field("full_members", "正式党员", "人"),
        ),
        "满分3分时，空缺超过90天的职务每个减1分；正式党员不足7人的，有书记得满分",
        by.committee,
        by.committee_gaps,
        "组织架构",
        brief="空缺超过90天的职务{vacant}个，正式党员{full_members}人",
    ),
    Measure(
        "election",
        (Field("on_time", "任期未满或已批准延期", flag=True),),
        "未超期得满分；超期未批准延期得0分",
        *_ELECTION,
        "届次",
        "没有登记届次",
    ),
    Measure(
        "year_papers",
        (
            Field("plan_due", "计划已到期限", flag=True, quiet=True),
            Field("plan", "已报年度计划", flag=True),
            Field("summary_due", "总结已到期限", flag=True, quiet=True),
            Field("summary", "已报年度总结", flag=True),
        ),
        "年度计划（1月31日前）和年度总结（12月31日前）各占一半",
        *_YEAR_PAPERS,
        "年度计划和总结",
        "计划和总结还没有到期限",
    ),
    Measure(
        "secretary",
        (
            Field("double_leader", "书记是双带头人", flag=True),
            Field("trained", "书记培训达到56学时和1次集中培训", flag=True),
        ),
        "双带头人、培训达标各占一半",
        *_SECRETARY,
    ),
    Measure(
        "roster",
        (Field("filled", "已填项", "处"), Field("required", "必填项", "处"), Field("errors", "有错误的项", "处")),
        "满分×已填项÷必填项×（1－错误率）",
        by.roster,
        by.roster_gaps,
        _ROLL,
        "名册上没有党员",
        brief="{max}×必填项{filled}/{required}，有错误的{errors}处",
    ),
    _held("general_meeting", "支部党员大会", "季度", "还没有结束的季度"),
    _held("committee_meeting", "支委会", "月", "本支部不设支委会，或还没有结束的月份"),
    Measure(
        "group_meeting",
        (Field("mean", "各党小组已开展的平均比例"), Field("groups", "党小组", "个")),
        "满分×各党小组已开展月数÷应开展月数的平均值",
        by.groups,
        by.groups_gaps,
        _PLAN,
        "不设党小组，或还没有结束的月份",
        brief="{max}×{groups}个党小组平均{mean}",
    ),
    Measure(
        "party_lecture",
        (*_periods("季度"), Field("by_secretary", "书记本年讲过党课", flag=True)),
        "满分×已开展的季度÷应开展的季度；年终书记没有讲过党课的减四分之一",
        by.lecture,
        by.lecture_gaps,
        _PLAN,
        "还没有结束的季度",
        brief="{max}×{done}/{due}个季度，书记讲课：{by_secretary}",
    ),
    _held("theme_day", "主题党日", "月", "还没有结束的月份"),
    Measure(
        "attendance",
        (Field("present", "到会", "人次"), Field("made_up", "补课", "人次"), Field("expected", "应到", "人次")),
        "满分×（出席率－{from}）÷{range}，最多满分；出席率＝（到会＋补课）÷应到",
        by.attendance,
        by.attendance_gaps,
        _RECORDS,
        "还没有已确认的记录",
        MappingProxyType({"from": Decimal("0.60"), "range": Decimal("0.30")}),
        MappingProxyType({"from": "起算出席率", "range": "起算到满分的差"}),
        frozenset({"from", "range"}),
        brief="到会{present}，补课{made_up}，应到{expected}人次",
    ),
    Measure(
        "records",
        (Field("good", "7天内提交且齐全的记录", "份"), Field("records", "记录", "份")),
        "满分×7天内提交且齐全的记录÷全部记录",
        by.ratio("good", "records"),
        by.more("{n}份记录迟交或曾退回，今后7天内交齐", "good", "records"),
        _RECORDS,
        "还没有已确认的记录",
        brief="{max}×{good}/{records}份7天内交齐",
    ),
    Measure(
        "org_life",
        (
            Field("due", "已到期限或已召开", flag=True, quiet=True),
            Field("held", "已召开", flag=True),
            Field("listed", "列出的整改事项", "项"),
            Field("closed", "已完成的整改", "项"),
        ),
        "召开占三分之一；整改完成比例占三分之二，没有列出整改事项的按一半计",
        by.org_life,
        by.org_life_gaps,
        _RECORDS,
        "年度组织生活会还没有到期限",
        brief="已召开：{held}，整改完成{closed}/{listed}项",
    ),
    Measure(
        "appraisal",
        (
            Field("due", "已到期限或已开展", flag=True, quiet=True),
            Field("held", "已开展", flag=True),
            Field("cap_kept", "优秀比例合规或已说明", flag=True),
            Field("fed_back", "结果已反馈", flag=True),
        ),
        "开展、优秀比例合规或已说明、结果已反馈各占三分之一",
        *_APPRAISAL,
        "民主评议",
        "民主评议党员还没有到期限",
    ),
    Measure(
        "heart_talks",
        (Field("talked", "本年谈过话的党员", "人"), Field("members", "党员", "人")),
        "满分×本年至少谈过1次的党员÷党员人数",
        by.ratio("talked", "members"),
        by.more("还有{n}名党员没有谈心谈话", "talked", "members"),
        brief="{max}×{talked}/{members}人",
    ),
    Measure(
        "study_hours",
        (Field("reached", "达到学时的党员", "人"), Field("members", "党员", "人")),
        "满分×达到学时的党员÷党员人数；党员{member}学时、支委{officer}学时，年内按已过月份折算",
        by.ratio("reached", "members"),
        by.more("还有{n}名党员学时不足", "reached", "members"),
        "学时台账",
        "名册上没有党员，或还没有结束的月份",
        MappingProxyType({"member": Decimal(32), "officer": Decimal(56)}),
        MappingProxyType({"member": "党员学时", "officer": "支委学时"}),
        brief="{max}×{reached}/{members}人达到学时",
        prorated=True,
    ),
    Measure(
        "publications",
        (Field("done", "按期晾晒的季度", "个"), Field("due", "应晾晒的季度", "个")),
        "满分×按期晾晒积分的季度÷应晾晒的季度",
        by.ratio("done", "due"),
        by.more("{n}个季度没有按期晾晒，今后按期晾晒", "done", "due"),
        _PLAN,
        "还没有应晾晒的季度",
        brief="{max}×{done}/{due}个季度",
    ),
    Measure(
        "overdue_cases",
        (Field("overdue", "逾期未办结", "件"),),
        "满分2分时，组织关系转接、流动、失联党员逾期未办结每件减0.5分",
        *_OVERDUE,
        brief="逾期未办结{overdue}件",
    ),
    Measure(
        "development_plan",
        (Field("admitted", "已接收预备党员", "人"), Field("plan", "年度计划", "人")),
        "满分×已发展人数÷计划人数，最多满分；年内计划按已过月份折算；没有计划的不适用",
        by.plan,
        by.more("再发展{n}人", "admitted", "plan"),
        nothing="本年没有发展计划",
        brief="{max}×已发展{admitted}/计划{plan}人",
        prorated=True,
    ),
    Measure(
        "development_steps",
        (Field("late", "逾期或次序不符", "步"), Field("steps", "已办理", "步")),
        "满分×（1－逾期或次序不符的步骤÷已办理的步骤）",
        by.steps,
        by.late_steps,
        nothing="本年没有办理发展步骤",
        brief="{max}×（1－{late}/{steps}步）",
    ),
    Measure(
        "high_level",
        (Field("high", "其中高知群体", "人"), Field("admitted", "已接收预备党员", "人")),
        "满分×高知比例÷{goal}，最多满分；没有发展的不适用",
        by.high_level,
        by.high_level_gaps,
        nothing="本年没有发展党员",
        params=MappingProxyType({"goal": Decimal("0.40")}),
        param_labels=MappingProxyType({"goal": "满分比例"}),
        percents=frozenset({"goal"}),
        brief="高知{high}/{admitted}人",
    ),
    Measure(
        "dues_collected",
        (Field("received", "实收", "元"), Field("expected", "应收", "元")),
        "满分×实收党费÷应收党费",
        by.ratio("received", "expected"),
        by.more("补收党费{n}元", "received", "expected"),
        nothing="没有应收党费",
        brief="{max}×{received}/{expected}元",
    ),
    Measure(
        "dues_on_time",
        (Field("on_time", "按时交纳", "人次"), Field("due", "应交纳", "人次")),
        "满分×按时交纳人次÷应交纳人次",
        by.ratio("on_time", "due"),
        by.more("{n}人次没有按时交纳", "on_time", "due"),
        nothing="没有应交纳的党费",
        brief="{max}×{on_time}/{due}人次",
    ),
    Measure(
        "dues_published", (Field("published", "已公布", flag=True),), "每年公布1次党费收缴情况得满分", *_DUES_PUBLISHED
    ),
    Measure(
        "letters",
        (Field("signed", "已签订", "份"), Field("required", "应签订", "份")),
        "满分×已签订责任书÷应签订责任书",
        by.ratio("signed", "required"),
        by.more("补签{n}份责任书", "signed", "required"),
        brief="{max}×{signed}/{required}份",
    ),
    Measure(
        "risks",
        (Field("reviewed", "本年已复核", "个"), Field("registered", "已登记风险点", "个")),
        "满分×本年已复核÷已登记的风险点；没有登记的得0分",
        by.risks,
        by.risk_gaps,
        brief="{max}×{reviewed}/{registered}个风险点",
    ),
    _WARNING,
    Measure(
        "ethics",
        (Field("complaints", "查实的投诉", "件"), Field("cases", "红包、回扣案件", "件")),
        "满分4分时，查实的投诉每件减1分；有红包、回扣案件的得0分",
        by.ethics,
        by.ethics_gaps,
        brief="查实的投诉{complaints}件，红包、回扣案件{cases}件",
    ),
    Measure(
        "project",
        (
            Field("filed", "已申报立项", flag=True),
            Field("mid_term", "已过中期评估", flag=True),
            Field("accepted", "已按期结项", flag=True),
        ),
        "满分3分时，申报0.5分，中期1.5分，按期结项3分",
        by.project,
        by.project_gaps,
    ),
    Measure(
        "practical_items",
        (Field("accepted", "已验收", "项"), Field("planned", "本年应完成（不含取消）", "项")),
        "满分×已验收÷本年应完成的实事",
        by.ratio("accepted", "planned"),
        by.more("完成并验收{n}件实事", "accepted", "planned"),
        nothing="本年没有列入计划的实事",
        brief="{max}×{accepted}/{planned}项",
    ),
    Measure(
        "volunteer",
        (Field("hours", "志愿服务", "小时"), Field("members", "党员", "人")),
        "满分×人均志愿服务小时÷{hours}，最多满分；年内按已过月份折算",
        by.volunteer,
        by.volunteer_gaps,
        params=MappingProxyType({"hours": Decimal(8)}),
        param_labels=MappingProxyType({"hours": "人均小时"}),
        nothing="还没有结束的月份",
        brief="{max}×{hours}小时/{members}人/{set_hours}小时",
        prorated=True,
    ),
    Measure(
        "pairing",
        (Field("active", "有结对共建", flag=True), Field("activities", "本年活动", "次")),
        "有结对共建且本年活动{activities}次以上得满分",
        by.pairing,
        by.pairing_gaps,
        params=MappingProxyType({"activities": Decimal(2)}),
        param_labels=MappingProxyType({"activities": "活动次数"}),
        brief="有结对共建：{active}，活动{activities}次",
    ),
    Measure(
        "posts",
        (Field("holds", "有先锋岗或示范岗", flag=True), Field("reviewed", "全部复核", flag=True)),
        "设岗、全部复核各占一半",
        *_POSTS,
    ),
    Measure(
        "brand",
        (Field("brand", "有支部品牌", flag=True), Field("method", "有支部工作法", flag=True)),
        "支部品牌、支部工作法各占一半",
        *_BRAND,
    ),
    Measure(
        "space",
        (Field("stars", "阵地星级（0至5）", "星"),),
        "满分2分时，五星2分，四星1.75分，三星1.5分，其余0分",
        by.space,
        by.space_gaps,
        brief="阵地{stars}星",
    ),
    Measure(
        "given",
        (Field("points", "评定得分", "分"), Field("out_of", "评定满分", "分")),
        "满分×评定得分÷评定满分，由党委办公室按依据评定",
        by.given,
        by.more("评定还差{n}分", "points", "out_of"),
        nothing="还没有评定",
        brief="{max}×{points}/{out_of}",
    ),
)
MEASURES: Final[Mapping[str, Measure]] = MappingProxyType({measure.key: measure for measure in _TABLE})
