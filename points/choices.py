"""Words of the points room that rules, models and pages share."""

from typing import Final

from django.db.models import TextChoices

from branches.choices import BranchCategory


class Category(TextChoices):
    ORG = "ORG", "组织生活"
    STU = "STU", "学习教育"
    DUT = "DUT", "党员义务"
    POS = "POS", "岗位作为"
    SVC = "SVC", "志愿服务"
    HON = "HON", "荣誉"
    DED = "DED", "扣分"
    VETO = "VETO", "一票否决"


SCALED: Final[frozenset[Category]] = frozenset({Category.ORG, Category.STU, Category.DUT})
EARNING: Final[tuple[Category, ...]] = (Category.ORG, Category.STU, Category.DUT, Category.POS, Category.SVC)
CAPPED: Final[tuple[Category, ...]] = (*EARNING, Category.HON)  # DED and VETO have no cap
ONE_DEED: Final[frozenset[Category]] = frozenset({Category.POS, Category.SVC, Category.HON})  # one deed, one item


class Origin(TextChoices):
    """How an item gets into the ledger."""

    AUTO = "auto", "自动"
    MANUAL = "manual", "申报审核"
    REVIEWED = "reviewed", "支部评定"
    IMPORT = "import", "导入"


class Declarer(TextChoices):
    """Who puts a claim forward."""

    MEMBER = "member", "本人"
    ORGANISER = "organiser", "组织委员"
    DISCIPLINE = "discipline", "纪检委员"
    OFFICE = "office", "党委办公室"


class Reviewer(TextChoices):
    """Who decides on a claim; never who put it forward."""

    ORGANISER = "organiser", "组织委员"
    LEADER_FIRST = "leader_first", "党小组组长初审，组织委员审核"
    SECRETARY = "secretary", "支部书记"
    SECRETARY_AND_OFFICE = "secretary_and_office", "支部书记审核，党委办公室确认"


PostKind = BranchCategory  # which post a member is measured by in a year: clinical, medical technology, …


class Grade(TextChoices):
    """What the composite alone says; the cap, the vetoes and the committee have the last word."""

    EXCELLENT = "excellent", "优秀"
    QUALIFIED = "qualified", "合格"
    BASICALLY_QUALIFIED = "basically_qualified", "基本合格"
    UNQUALIFIED = "unqualified", "不合格"


VETO_LIMITS: Final = (Grade.QUALIFIED, Grade.BASICALLY_QUALIFIED, Grade.UNQUALIFIED)  # best grades a veto may leave


class PeriodKind(TextChoices):
    MONTH = "month", "月份"
    QUARTER = "quarter", "季度"
    YEAR = "year", "年度"


class PeriodState(TextChoices):
    OPEN = "open", "未关账"
    CLOSED = "closed", "已关账"
    PUBLISHED = "published", "已晾晒"
    LOCKED = "locked", "已锁定"


class ClaimState(TextChoices):
    """A claim (申报) is declared and decided; a deduction begins as announced and is accepted when it is posted."""

    DRAFT = "draft", "草稿"
    DECLARED = "declared", "待审核"
    RETURNED = "returned", "已退回"
    ANNOUNCED = "announced", "已告知，待入账"
    ACCEPTED = "accepted", "已入账"
    REJECTED = "rejected", "未通过"
    WITHDRAWN = "withdrawn", "已撤回"
    VOIDED = "voided", "已作废"


CLAIM_OPEN: Final = (ClaimState.DRAFT, ClaimState.DECLARED, ClaimState.RETURNED, ClaimState.ANNOUNCED)
CLAIM_ALIVE: Final = (*CLAIM_OPEN, ClaimState.ACCEPTED)  # one of these stands for its deed


class ClaimOrigin(TextChoices):
    MEMBER = "member", "本人申报"
    OFFICER = "officer", "支部登记"
    SYSTEM = "system", "系统"
    IMPORT = "import", "批量导入"


class ObjectionState(TextChoices):
    RAISED = "raised", "待答复"
    ANSWERED = "answered", "已答复"
    APPEALED = "appealed", "待党办裁定"
    DECIDED = "decided", "已裁定"
    WITHDRAWN = "withdrawn", "已撤回"


class BatchKind(TextChoices):
    CLAIMS = "claims", "积分批量登记"
    APPRAISAL = "appraisal", "民主测评结果"


class BatchState(TextChoices):
    PREVIEW = "preview", "待核对"
    APPLIED = "applied", "已导入"
    CANCELLED = "cancelled", "已取消"


class AssessmentState(TextChoices):
    OPEN = "open", "未提出"
    PROPOSED = "proposed", "待党委审定"
    CONFIRMED = "confirmed", "已审定"


# --- stars ---


class MarkKind(TextChoices):
    """What is entered on a branch's star rating by hand, each with the document that says so."""

    BONUS = "bonus", "加分"
    DEDUCTION = "deduction", "扣分"
    INNOVATION = "innovation", "创新或品牌"
    VETO = "veto", "一票否决"
    DIRECT = "direct", "直接定级"
    ABOVE = "above", "上级评定"
    MERGER = "merger", "合并重组"


class MarkLevel(TextChoices):
    """Which bonus, deduction or veto; the points stand in the score card."""

    NATIONAL = "national", "国家级表彰"
    PROVINCIAL = "provincial", "省级表彰"
    CITY = "city", "市级表彰"
    COUNTY = "county", "县级或行业表彰"
    INNOVATION_ADOPTED = "innovation_adopted", "创新做法被上级采用"
    FALSE_RECORD = "false_record", "虚假记录"
    OVERDUE_INSTRUCTION = "overdue_instruction", "上级交办事项逾期"
    PUBLICITY_INCIDENT = "publicity_incident", "宣传舆情事件"
    HIDDEN_CASE = "hidden_case", "党员严重违纪违法且支部隐瞒"
    BRIBERY = "bribery", "支部发生红包、骗保案件"
    FALSE_VOTES = "false_votes", "表决、选举弄虚作假"
    IDEOLOGY = "ideology", "意识形态责任事件"


MARK_LEVELS: Final[dict[str, tuple[MarkLevel, ...]]] = {
    MarkKind.BONUS: (
        MarkLevel.NATIONAL,
        MarkLevel.PROVINCIAL,
        MarkLevel.CITY,
        MarkLevel.COUNTY,
        MarkLevel.INNOVATION_ADOPTED,
    ),
    MarkKind.DEDUCTION: (MarkLevel.FALSE_RECORD, MarkLevel.OVERDUE_INSTRUCTION, MarkLevel.PUBLICITY_INCIDENT),
    MarkKind.VETO: (MarkLevel.HIDDEN_CASE, MarkLevel.BRIBERY, MarkLevel.FALSE_VOTES, MarkLevel.IDEOLOGY),
}
MARKS_WITH_STARS: Final = (MarkKind.DIRECT, MarkKind.ABOVE)  # these name the stars they give


class RatingState(TextChoices):
    """Where a branch's rating of a year stands; no row: a preview, worked out anew each time."""

    SELF_RATED = "self_rated", "已自评"
    RETURNED = "returned", "退回修改"
    REVIEWED = "reviewed", "已复核"
    PUBLICISED = "publicised", "公示中"
    APPROVED = "approved", "已审定"


class RoundState(TextChoices):
    """The yearly round of a hospital."""

    OPEN = "open", "自评和复核"
    PUBLICISED = "publicised", "公示中"
    APPROVED = "approved", "已审定"


class StarObjectionState(TextChoices):
    RAISED = "raised", "待答复"
    UPHELD = "upheld", "异议成立"
    REFUSED = "refused", "异议不成立"
