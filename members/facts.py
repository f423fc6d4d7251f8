"""The fields of a person by the names a roster has for them: where they live, what they are called, how they are shown.

Services, forms, the import and the audit trail all speak of a person in these names (`members.roster_types.TITLES`).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from members.choices import Degree, Gender, MembershipStatus, MemberType, StaffCategory, TitleLevel
from members.codes import EDUCATION, ETHNICITY, JOB_POST
from members.dates import chinese
from members.identity import mask, mask_phone
from members.models import Member
from members.roster_types import TITLES

OF_USER: Final = ("name", "mobile", "staff_no")
OF_MEMBER: Final = (
    "gender",
    "id_number",
    "ethnicity",
    "birth_date",
    "education",
    "degree",
    "membership_status",
    "joined_on",
    "confirmed_on",
    "job_post",
    "staff_category",
    "title_level",
    "department",
    "work_from",
    "phone",
    "address",
    "police_station",
    "introducers",
    "lost_contact",
    "lost_since",
    "floating",
    "destination",
    "hardship",
    "retired",
)
FIELDS: Final = OF_USER + OF_MEMBER  # what a service changes; branch, group and 人员类别 have services of their own
DATES: Final = frozenset({"birth_date", "joined_on", "confirmed_on", "work_from", "lost_since"})
FLAGS: Final = frozenset({"lost_contact", "floating", "hardship", "retired"})
OPTIONAL_NULL: Final = frozenset({"confirmed_on", "work_from", "lost_since", "staff_no"})
ATTRIBUTE: Final = {"address": "home_address"}  # where the model's name differs
SHORT: Final[Mapping[str, str]] = {  # beside a value on a page
    "id_number": "身份号码",
    "joined_on": "入党日期",
    "confirmed_on": "转正日期",
    "work_from": "参加工作",
    "police_station": "派出所",
    "lost_contact": "失联",
    "lost_since": "失联日期",
    "floating": "流动",
    "hardship": "困难",
    "retired": "离退休",
}

_LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "gender": dict(Gender.choices),
    "degree": dict(Degree.choices),
    "member_type": dict(MemberType.choices),
    "membership_status": dict(MembershipStatus.choices),
    "staff_category": dict(StaffCategory.choices),
    "title_level": dict(TitleLevel.choices),
}
_CODES: Final = {"ethnicity": ETHNICITY, "education": EDUCATION, "job_post": JOB_POST}
_MASKS: Final = {
    "id_number": mask,
    "mobile": mask_phone,
    "phone": mask_phone,
    "address": lambda text: text[:3] + "****",
}


def read(member: Member, field: str) -> Any:
    """The stored value of one field."""
    if field in OF_USER:
        return getattr(member.user, field)
    return getattr(member, ATTRIBUTE.get(field, field))


def read_all(member: Member, fields: Iterable[str] = FIELDS) -> dict[str, Any]:
    return {field: read(member, field) for field in fields}


def write(member: Member, field: str, value: Any) -> None:
    """Set one field in memory, with the indexes that belong to it."""
    if field == "name":
        member.user.set_name(value)
    elif field == "mobile":
        member.user.set_contact(mobile=value)
    elif field == "staff_no":
        member.user.staff_no = value or None
    elif field == "id_number":
        member.set_identity(value)
    else:
        setattr(member, ATTRIBUTE.get(field, field), value)


def blank(field: str) -> Any:
    """What an empty cell or input is stored as."""
    if field in FLAGS:
        return False
    return None if field in OPTIONAL_NULL else ""


def title(field: str) -> str:
    return TITLES.get(field, field)


def shown(field: str, value: Any, *, masked: bool = True, coded: bool = True) -> str:
    """The value in Chinese for a page, a file or the audit trail; 空 for nothing. Protected fields are masked.

    `coded`: 01 汉族 as in the national roster, else 汉族.
    """
    if value in (None, ""):
        return "空"
    if field in FLAGS:
        return "是" if value else "否"
    if isinstance(value, date):
        return chinese(value)
    if field in _CODES:
        name = _CODES[field].label(value)
        return f"{value} {name}" if coded else name
    if field in _LABELS:
        return _LABELS[field].get(value, value)
    return _MASKS[field](value) if masked and field in _MASKS else str(value)
