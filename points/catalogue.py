"""The default rule catalogue a hospital starts with. A data migration copies it into rows; the office edits those.

A default of this product, put together from published schemes; no regulation prescribes any of these numbers.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from points.choices import Category, Declarer, Grade, Origin, Reviewer
from points.rules import Item, Level, Variant

_ORG, _STU, _DUT, _POS = Category.ORG, Category.STU, Category.DUT, Category.POS
_SVC, _HON, _DED, _VETO = Category.SVC, Category.HON, Category.DED, Category.VETO
_AUTO, _MANUAL, _REVIEWED, _IMPORT = Origin.AUTO, Origin.MANUAL, Origin.REVIEWED, Origin.IMPORT


def _item(
    code: str,
    category: Category,
    title: str,
    points: str,
    cap: str,
    text: str,
    origin: Origin,
    evidence: str,
    *,
    per: int = 1,
    unit: str = "次",
    feed: str = "",
    without_groups: str = "1",
    proof: bool = False,
) -> Item:
    return Item(
        code=code,
        category=category,
        title=title,
        points=Decimal(points),
        cap=Decimal(cap) if cap else None,
        per=Decimal(per),
        factor_without_groups=Decimal(without_groups),
        points_text=text,
        origin=origin,
        evidence=evidence,
        evidence_required=proof,
        unit=unit,
        feed=feed,
        declared_by=_declarer(category, origin, code),
        reviewed_by=Reviewer.SECRETARY_AND_OFFICE if category == Category.VETO else Reviewer.ORGANISER,
    )


def _declarer(category: Category, origin: Origin, code: str) -> Declarer:
    if category == Category.VETO or code in ("G09", "G10"):
        return Declarer.DISCIPLINE
    if category == Category.DED:
        return Declarer.ORGANISER
    return Declarer.OFFICE if origin == Origin.IMPORT else Declarer.MEMBER


def _levels(
    code: str,
    category: Category,
    title: str,
    cap: str,
    text: str,
    origin: Origin,
    evidence: str,
    *levels: tuple[str, str, str],
    feed: str = "",
    proof: bool = False,
    unit: str = "次",
) -> Item:
    steps = tuple(Level(name, label, Decimal(points)) for name, label, points in levels)
    plain = _item(code, category, title, "0", cap, text, origin, evidence, feed=feed, proof=proof, unit=unit)
    return replace(plain, levels=steps)


def _veto(code: str, title: str, limit: Grade | None, text: str, evidence: str, origin: Origin = _REVIEWED) -> Item:
    return replace(_item(code, _VETO, title, "0", "", text, origin, evidence), grade_limit=limit)


CATALOGUE: Final[tuple[Item, ...]] = (
    _item("A01", _ORG, "参加支部党员大会", "0.5", "2", "每次0.5分", _AUTO, "签到", feed="attendance.general_meeting"),
    _item(
        "A02",
        _ORG,
        "参加主题党日",
        "0.5",
        "6",
        "每次0.5分（不设党小组的支部0.75分，上限9分）",
        _AUTO,
        "签到",
        without_groups="1.5",
        feed="attendance.theme_day",
    ),
    _item("A03", _ORG, "参加党课", "0.5", "2", "每次0.5分", _AUTO, "签到", feed="attendance.party_lecture"),
    _item(
        "A04",
        _ORG,
        "参加党小组会",
        "0.25",
        "3",
        "每次0.25分（不设党小组的支部无此项）",
        _AUTO,
        "签到",
        without_groups="0",
        feed="attendance.group_meeting",
    ),
    _item("A05", _ORG, "参加组织生活会并提交检查材料", "1", "1", "1分", _AUTO, "检查材料", feed="org_life.self_check"),
    _item("A06", _ORG, "谈心谈话（双方）", "0.5", "1", "每次0.5分", _AUTO, "谈话登记", feed="talk.held"),
    _item("A07", _ORG, "讲微党课或领学", "1", "2", "每次1分", _AUTO, "主讲人登记", feed="lecturer"),
    _item(
        "B01", _STU, "集中学习学时", "1", "4", "每满8小时1分", _AUTO, "学时台账", per=8, feed="study.hours", unit="小时"
    ),
    _item("B02", _STU, "学习笔记、心得体会获采纳", "0.5", "2", "每篇0.5分", _MANUAL, "文稿", unit="篇"),
    _item("B03", _STU, "知识测试80分及以上", "0.5", "1", "每次0.5分", _IMPORT, "测试成绩", proof=True),
    _item("B04", _STU, "参加上级党务培训", "1", "2", "每次1分", _MANUAL, "结业证明", proof=True),
    _item("C01", _DUT, "按时足额交纳党费", "0.25", "3", "每月0.25分", _AUTO, "党费台账", feed="dues.paid", unit="月"),
    _item("C02", _DUT, "公开承诺兑现", "1", "1", "1分", _REVIEWED, "承诺记录"),
    _item("C03", _DUT, "按时完成交办任务", "0.5", "2", "每项0.5分", _AUTO, "任务清单", feed="matter.done", unit="项"),
    _item("C04", _DUT, "在职党员进社区报到", "0.5", "1", "每次0.5分", _MANUAL, "社区盖章或照片", proof=True),
    _item(
        "D01",
        _POS,
        "先锋岗、示范岗季度考核合格",
        "0.5",
        "2",
        "每季度0.5分",
        _AUTO,
        "岗位登记",
        feed="post.quarter",
        unit="季度",
    ),
    _levels(
        "D02",
        _POS,
        "防疫、援外、医疗队、救灾等支援任务",
        "4",
        "不满3天1分，3天及以上2分",
        _MANUAL,
        "派出文件",
        ("short", "不满3天", "1"),
        ("long", "3天及以上", "2"),
        proof=True,
    ),
    _item(
        "D03", _POS, "患者锦旗、表扬信经核实", "0.5", "2", "每次0.5分", _MANUAL, "照片和客服核实", proof=True, unit="件"
    ),
    _item("D04", _POS, "拒收或上交红包", "1", "2", "每次1分", _MANUAL, "纪检登记"),
    _item("D05", _POS, "牵头新技术、质控或科研项目", "1", "2", "每项1分", _MANUAL, "立项批文", proof=True, unit="项"),
    _item("D06", _POS, "带教年轻医务人员、双培养", "1", "1", "1分", _MANUAL, "带教协议", proof=True),
    _item("D07", _POS, "年度医德考评优秀", "1", "1", "1分", _IMPORT, "考评结果"),
    _item(
        "E01",
        _SVC,
        "志愿服务",
        "0.5",
        "4",
        "每满2小时0.5分",
        _AUTO,
        "服务时长台账",
        per=2,
        feed="service.hours",
        unit="小时",
    ),
    _item("E02", _SVC, "义诊、送医下乡", "1", "3", "每次1分", _AUTO, "活动记录", feed="clinic.attended"),
    _item(
        "E03",
        _SVC,
        "办结为民办实事项目的责任人",
        "1",
        "2",
        "每项1分",
        _AUTO,
        "项目办结",
        feed="practical.closed",
        unit="项",
    ),
    _item("E04", _SVC, "结对帮扶走访", "0.5", "2", "每次0.5分", _MANUAL, "走访记录"),
    _item("E05", _SVC, "无偿献血", "1", "2", "每次1分", _MANUAL, "献血证", proof=True),
    _levels(
        "F01",
        _HON,
        "荣誉（一事取最高）",
        "10",
        "国家级10分，省级6分，市级4分，县级2分，院级1分",
        _REVIEWED,
        "证书",
        ("national", "国家级", "10"),
        ("provincial", "省级", "6"),
        ("city", "市级", "4"),
        ("county", "县级", "2"),
        ("hospital", "院级", "1"),
        proof=True,
        unit="项",
    ),
    _levels(
        "F02",
        _HON,
        "党建论文、案例",
        "4",
        "省级3分，市级2分，院级1分",
        _MANUAL,
        "复印件",
        ("provincial", "省级", "3"),
        ("city", "市级", "2"),
        ("hospital", "院级", "1"),
        proof=True,
        unit="篇",
    ),
    _levels(
        "F03",
        _HON,
        "宣传、科普文章",
        "3",
        "省级2分，市级1分，院级0.5分",
        _MANUAL,
        "链接",
        ("provincial", "省级", "2"),
        ("city", "市级", "1"),
        ("hospital", "院级", "0.5"),
        unit="篇",
    ),
    _item("F04", _HON, "见义勇为、工作之外现场急救", "3", "6", "每次3分", _REVIEWED, "证明材料", proof=True),
    _levels(
        "F05",
        _HON,
        "微党课、知识竞赛等获奖",
        "4",
        "一等3分，二等2分，三等1分",
        _MANUAL,
        "证书",
        ("first", "一等", "3"),
        ("second", "二等", "2"),
        ("third", "三等", "1"),
        proof=True,
        unit="项",
    ),
    _item(
        "F06",
        _HON,
        "建议被支委会采纳",
        "0.5",
        "1",
        "每条0.5分",
        _AUTO,
        "会议决议",
        feed="suggestion.adopted",
        unit="条",
    ),
    _item(
        "G01",
        _DED,
        "无故缺席三会一课、主题党日、组织生活会",
        "-2",
        "",
        "每次−2分",
        _AUTO,
        "考勤",
        feed="absence.unexcused",
    ),
    _item("G02", _DED, "无故迟到、早退超过15分钟", "-0.5", "", "每次−0.5分", _AUTO, "签到时间", feed="attendance.late"),
    _item("G03", _DED, "请假后30天内未补课", "-0.5", "", "每次−0.5分", _AUTO, "补课任务", feed="make_up.lapsed"),
    _levels(
        "G04",
        _DED,
        "未按月交纳党费",
        "",
        "每月−1分，连续第三个月另扣3分",
        _AUTO,
        "党费台账",
        ("month", "当月未交", "-1"),
        ("third", "连续第三个月另扣", "-3"),
        feed="dues.unpaid",
    ),
    _levels(
        "G05",
        _DED,
        "拒不承担或未完成交办任务",
        "",
        "拒不承担−3分，未完成−1分",
        _REVIEWED,
        "任务清单",
        ("refused", "拒不承担", "-3"),
        ("unfinished", "未完成", "-1"),
    ),
    _levels(
        "G06",
        _DED,
        "患者投诉查实",
        "",
        "查实−3分，态度问题−1分",
        _REVIEWED,
        "客服、医务部门认定",
        ("justified", "投诉查实", "-3"),
        ("attitude", "态度问题（较轻）", "-1"),
    ),
    _levels(
        "G07",
        _DED,
        "违反核心制度或质量事件责任人",
        "",
        "责任人−3分，情节严重−5分",
        _REVIEWED,
        "质控部门认定",
        ("responsible", "责任人", "-3"),
        ("serious", "情节严重", "-5"),
    ),
    _item("G08", _DED, "检查时未佩戴党员徽章、未亮身份", "-0.5", "", "每次−0.5分", _MANUAL, "检查表"),
    _levels(
        "G09",
        _DED,
        "受到提醒、批评教育或诫勉",
        "",
        "提醒谈话、批评教育−3分，诫勉−5分",
        _REVIEWED,
        "纪检文书",
        ("reminded", "提醒谈话、批评教育", "-3"),
        ("admonished", "诫勉", "-5"),
    ),
    _item("G10", _DED, "虚假申报、违背承诺", "-5", "", "−5分，该项作废", _REVIEWED, "纪检认定"),
    _item(
        "G11",
        _DED,
        "年度学时不足32学时",
        "-2",
        "",
        "−2分（在册3至11个月按月折算学时）",
        _AUTO,
        "学时台账",
        feed="study.short",
    ),
    _veto("V01", "当年受到党纪处分", Grade.BASICALLY_QUALIFIED, "评定不高于基本合格", "处分决定"),
    _veto("V02", "受到刑事、行政处罚，酒驾、涉毒、赌博", Grade.UNQUALIFIED, "不合格", "处罚决定"),
    _veto("V03", "收受红包、回扣，欺诈骗保，违反九项准则", Grade.UNQUALIFIED, "不合格", "纪检、医务认定"),
    _veto("V04", "医疗事故负主要责任", Grade.BASICALLY_QUALIFIED, "评定不高于基本合格", "医务部门认定"),
    _veto("V05", "上级决定的其他一票否决", None, "按决定", "决定文号"),
    _veto("V06", "无正当理由连续6个月不交党费、不参加组织生活", Grade.UNQUALIFIED, "不合格并启动处置", "台账"),
    _veto("V07", "年度医德考评较差", Grade.UNQUALIFIED, "不合格", "考评结果", _IMPORT),
)

DEFAULTS: Final[Mapping[str, Item]] = MappingProxyType({item.code: item for item in CATALOGUE})

VALID_FROM: Final = date(2020, 1, 1)
EDITION: Final = "党员积分规则（默认版）"


def columns_of(item: Item, position: int) -> dict[str, Any]:
    """The fields of a row of the rule book that say what `item` says."""
    return row_of(item, position) | {"grade_limit": item.grade_limit or ""}


def row_of(item: Item, position: int) -> dict[str, Any]:
    """The fields a row had when migration 0006 filled the default edition: it writes these, so none is added here."""
    return {
        "code": item.code,
        "category": item.category,
        "title": item.title,
        "points": item.points,
        "per": item.per,
        "unit": item.unit,
        "levels": [{"code": one.code, "label": one.label, "points": str(one.points)} for one in item.levels],
        "cap": item.cap,
        "factor_without_groups": item.factor_without_groups,
        "variants": {post: _variant_row(one) for post, one in item.variants.items()},
        "points_text": item.points_text,
        "origin": item.origin,
        "feed": item.feed,
        "declared_by": item.declared_by,
        "reviewed_by": item.reviewed_by,
        "evidence": item.evidence,
        "evidence_required": item.evidence_required,
        "position": position,
    }


def _variant_row(variant: Variant) -> dict[str, Any]:
    if variant.off:
        return {"off": True}
    figures = {"points": variant.points, "cap": variant.cap}
    return {name: str(value) for name, value in figures.items() if value is not None}


def install_default(RuleVersion: Any, RuleItem: Any) -> None:
    """Write the default edition into the two tables where it is missing; rows that exist are left as they are.

    A migration passes the tables as they were then: columns they do not have yet are left out.
    """
    facts = {"name": EDITION, "published_at": datetime(2020, 1, 1, tzinfo=UTC)}
    fields = {field.name for field in RuleItem._meta.get_fields()}
    nobody = {"hospital": None} if "hospital" in {one.name for one in RuleVersion._meta.get_fields()} else {}
    version, _ = RuleVersion.objects.get_or_create(valid_from=VALID_FROM, **nobody, defaults=facts)
    existing = set(RuleItem.objects.filter(version=version).values_list("code", flat=True))
    rows = [columns_of(item, position) for position, item in enumerate(CATALOGUE) if item.code not in existing]
    made = ({name: row[name] for name in row.keys() & fields} for row in rows)
    RuleItem.objects.bulk_create(RuleItem(version=version, **row) for row in made)
