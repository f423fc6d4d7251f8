"""The score card a hospital starts with: 100 points in eight groups. A data migration copies it into rows.

A default of this product, put together from published star schemes; no regulation prescribes any of these numbers.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from points.stars.rules import Card, CardLine

VALID_FROM: Final = 2020  # year
NAME: Final = "党支部星级评分表（默认）"
GROUPS: Final = {
    "1": "组织建设",
    "2": "组织生活",
    "3": "教育管理",
    "4": "发展党员",
    "5": "党费",
    "6": "廉洁与医德",
    "7": "融合与服务",
    "8": "品牌阵地",
}
TAGS: Final = {  # 五化
    "O": "支部设置标准化",
    "L": "组织生活正常化",
    "M": "管理服务精细化",
    "S": "工作制度体系化",
    "P": "阵地建设规范化",
}


def _lines(*rows: tuple[str, str, str, int, str]) -> tuple[CardLine, ...]:
    return tuple(CardLine(code, title, measure, Decimal(most), tag) for code, title, measure, most, tag in rows)


LINES: Final = _lines(
    ("1.1", "支委会配备齐全", "committee", 3, "O"),
    ("1.2", "按期换届", "election", 3, "O"),
    ("1.3", "年度计划和总结", "year_papers", 2, "S"),
    ("1.4", "书记双带头人和培训", "secretary", 2, "O"),
    ("1.5", "党员信息完整", "roster", 2, "M"),
    ("2.1", "支部党员大会", "general_meeting", 5, "L"),
    ("2.2", "支委会", "committee_meeting", 5, "L"),
    ("2.3", "党小组会", "group_meeting", 4, "L"),
    ("2.4", "党课", "party_lecture", 4, "L"),
    ("2.5", "主题党日", "theme_day", 5, "L"),
    ("2.6", "出席率", "attendance", 4, "L"),
    ("2.7", "记录完整及时", "records", 3, "S"),
    ("3.1", "组织生活会和整改", "org_life", 3, "L"),
    ("3.2", "民主评议党员", "appraisal", 3, "L"),
    ("3.3", "谈心谈话覆盖", "heart_talks", 3, "M"),
    ("3.4", "学习学时", "study_hours", 4, "M"),
    ("3.5", "积分按时晾晒", "publications", 3, "M"),
    ("3.6", "转接、流动、失联", "overdue_cases", 2, "M"),
    ("4.1", "完成发展计划", "development_plan", 2, "O"),
    ("4.2", "发展程序和时限", "development_steps", 4, "S"),
    ("4.3", "高知比例和双培养", "high_level", 2, "O"),
    ("5.1", "党费足额收缴", "dues_collected", 4, "M"),
    ("5.2", "党费按时交纳", "dues_on_time", 1, "M"),
    ("5.3", "党费年度公布", "dues_published", 1, "S"),
    ("6.1", "责任书签订", "letters", 2, "S"),
    ("6.2", "廉政风险点复核", "risks", 2, "S"),
    ("6.3", "警示教育", "warning_education", 2, "L"),
    ("6.4", "医德医风", "ethics", 4, "M"),
    ("7.1", "书记党建项目", "project", 3, "M"),
    ("7.2", "为群众办实事", "practical_items", 3, "M"),
    ("7.3", "志愿服务时长", "volunteer", 3, "M"),
    ("7.4", "结对共建", "pairing", 1, "M"),
    ("7.5", "先锋岗、示范岗", "posts", 2, "M"),
    ("8.1", "支部品牌和工作法", "brand", 2, "P"),
    ("8.2", "阵地星级", "space", 2, "P"),
)
DEFAULT_CARD: Final = Card(LINES)


def group_of(code: str) -> tuple[str, str]:
    """Number and name of the group a line stands in; a number the hospital added names itself.

    >>> group_of("2.7"), group_of("9.1")
    (('2', '组织生活'), ('9', '医院自定'))
    """
    number = code.partition(".")[0]
    return number, GROUPS.get(number, "医院自定")


def install_default(scorecard: Any, scorecard_line: Any) -> None:
    """Write the default card where there is none; takes the models, so that a migration may call it."""
    if scorecard.objects.filter(hospital=None, category="", valid_from=VALID_FROM).exists():
        return
    card = scorecard.objects.create(hospital=None, name=NAME, valid_from=VALID_FROM)
    scorecard_line.objects.bulk_create(
        [scorecard_line(card=card, **row_of(line, position)) for position, line in enumerate(LINES)]
    )
    scorecard.objects.filter(pk=card.pk).update(published_at=datetime(2020, 1, 1, tzinfo=UTC))


def row_of(line: CardLine, position: int) -> dict[str, Any]:
    """The columns of a ScorecardLine."""
    return {
        "code": line.code,
        "title": line.title,
        "measure": line.measure,
        "max": line.max,
        "tag": line.tag,
        "params": {name: str(value) for name, value in line.params.items()},
        "position": position,
    }
