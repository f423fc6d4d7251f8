"""Words and category caps of the points room."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from django.db.models import TextChoices


class Category(TextChoices):
    ORG = "ORG", "组织生活"
    STU = "STU", "学习教育"
    DUT = "DUT", "党员义务"
    POS = "POS", "岗位作为"
    SVC = "SVC", "志愿服务"
    HON = "HON", "荣誉"
    DED = "DED", "扣分"
    VETO = "VETO", "一票否决"


CATEGORY_CAPS: Final[Mapping[Category, Decimal]] = MappingProxyType(
    {
        Category.ORG: Decimal(14),
        Category.STU: Decimal(8),
        Category.DUT: Decimal(4),
        Category.POS: Decimal(8),
        Category.SVC: Decimal(6),
        Category.HON: Decimal(20),
    }
)  # points a year; DED and VETO have no cap

SCALED: Final[frozenset[Category]] = frozenset({Category.ORG, Category.STU, Category.DUT})
EARNING: Final[tuple[Category, ...]] = (Category.ORG, Category.STU, Category.DUT, Category.POS, Category.SVC)


class Origin(TextChoices):
    """How an item gets into the ledger."""

    AUTO = "auto", "自动"
    MANUAL = "manual", "申报审核"
    REVIEWED = "reviewed", "支部评定"
    IMPORT = "import", "导入"


class Grade(TextChoices):
    """What the composite alone says; the cap, the vetoes and the committee have the last word."""

    EXCELLENT = "excellent", "优秀"
    QUALIFIED = "qualified", "合格"
    BASICALLY_QUALIFIED = "basically_qualified", "基本合格"
    UNQUALIFIED = "unqualified", "不合格"


class PeriodKind(TextChoices):
    MONTH = "month", "月份"
    QUARTER = "quarter", "季度"
    YEAR = "year", "年度"


class PeriodState(TextChoices):
    OPEN = "open", "未关账"
    CLOSED = "closed", "已关账"
    PUBLISHED = "published", "已晾晒"
    LOCKED = "locked", "已锁定"
