"""Words of the members room that rules, models and pages share."""

from typing import Final

from django.db.models import TextChoices


class MemberType(TextChoices):
    FULL = "full", "正式党员"
    PROBATIONARY = "probationary", "预备党员"


class MembershipStatus(TextChoices):
    """党籍状态: a suspended member stays on the roll but has no vote."""

    NORMAL = "normal", "正常"
    SUSPENDED = "suspended", "停止党籍"


class EventKind(TextChoices):
    OPENING = "opening", "启用时在册"
    ADMITTED = "admitted", "发展入党"
    CONFIRMED = "confirmed", "转为正式党员"
    TRANSFER_IN = "transfer_in", "组织关系转入"
    MOVED = "moved", "院内调整支部"
    REINSTATED = "reinstated", "恢复党籍"
    TRANSFER_OUT = "transfer_out", "组织关系转出"
    DECEASED = "deceased", "去世"
    REMOVED = "removed", "出党"  # expelled, removed from the roll, advised to withdraw, lapsed
    CANCELLED = "cancelled", "取消预备党员资格"
    SUSPENDED = "suspended", "停止党籍"


# The day a person comes counts for the new branch; the day a person leaves is the first one off the roll.
ON_ROLL: Final[frozenset[EventKind]] = frozenset(
    {EventKind.OPENING, EventKind.ADMITTED, EventKind.TRANSFER_IN, EventKind.REINSTATED}
)
OFF_ROLL: Final[frozenset[EventKind]] = frozenset(
    {EventKind.TRANSFER_OUT, EventKind.DECEASED, EventKind.REMOVED, EventKind.CANCELLED}
)
WITHIN_ROLL: Final[frozenset[EventKind]] = frozenset(EventKind) - ON_ROLL - OFF_ROLL  # change nothing in the head count


class ExemptionGround(TextChoices):
    """Why a branch meeting may exempt somebody from points; never shown outside the branch's own list."""

    AGED = "aged", "年满70周岁"
    ILL = "ill", "长期患病"
    FLOATING = "floating", "流动外出"


class Gender(TextChoices):
    MALE = "male", "男"
    FEMALE = "female", "女"


class StaffCategory(TextChoices):
    """人员序列."""

    DOCTOR = "doctor", "医师"
    NURSE = "nurse", "护士"
    TECHNICIAN = "technician", "医技"
    PHARMACIST = "pharmacist", "药师"
    ADMINISTRATION = "administration", "行政"
    LOGISTICS = "logistics", "后勤"
    RETIRED = "retired", "离退休"
    STUDENT = "student", "学生"
    OTHER = "other", "其他"


class TitleLevel(TextChoices):
    """职称."""

    SENIOR = "senior", "正高"
    ASSOCIATE_SENIOR = "associate_senior", "副高"
    INTERMEDIATE = "intermediate", "中级"
    JUNIOR = "junior", "初级"
    NONE = "none", "无"


class Degree(TextChoices):
    """学位."""

    DOCTORATE = "doctorate", "博士"
    MASTER = "master", "硕士"
    BACHELOR = "bachelor", "学士"
    NONE = "none", "无"
