"""Finding people in the roll: by name, pinyin, initials, or exactly by identity or mobile number."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from branches.models import MOBILE, Branch
from branches.rules import subtree_end
from config.crypto import blind_indexes
from members.choices import MemberType, StaffCategory
from members.composition import PARTS, people_of
from members.models import IDENTITY, MemberQuerySet

SORTS: Final = {
    "branch": ("支部", ("branch__path", "group__path", "user__search_keys", "pk")),
    "name": ("姓名", ("user__search_keys", "pk")),
    "joined": ("入党日期", ("joined_on", "pk")),
    "birth": ("出生日期", ("birth_date", "pk")),
}
SPECIAL: Final = {
    "retired": ("离退休", Q(retired=True)),
    "lost": ("失联", Q(lost_contact=True)),
    "floating": ("流动", Q(floating=True)),
    "hardship": ("困难", Q(hardship=True)),
}


@dataclass(frozen=True, slots=True)
class Filters:
    query: str = ""
    branch: int = 0
    kind: str = ""
    category: str = ""
    special: str = ""
    part: str = ""  # a bar of the composition, "ages:31–35岁"
    left: bool = False
    sort: str = "branch"

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> "Filters":
        """From a query string; what makes no sense is left out."""
        branch = str(params.get("branch", ""))
        return cls(
            query=str(params.get("q", "")).strip()[:60],
            branch=int(branch) if branch.isdecimal() and len(branch) < 18 else 0,
            kind=kind if (kind := params.get("kind", "")) in MemberType.values else "",
            category=category if (category := params.get("category", "")) in StaffCategory.values else "",
            special=special if (special := params.get("special", "")) in SPECIAL else "",
            part=part if _people_of(part := str(params.get("part", ""))) is not None else "",
            left=params.get("left", "") == "1",
            sort=sort if (sort := params.get("sort", "")) in SORTS else "branch",
        )

    @property
    def by_number(self) -> bool:
        """Is an identity or telephone number looked for? Then it must stand in no address, history or log."""
        return bool(re.fullmatch(r"\d{11,17}[\dXx]?", _plain(self.query)))

    @property
    def narrowed(self) -> bool:
        return bool(self.query or self.branch or self.kind or self.category or self.special or self.part)

    @property
    def part_words(self) -> str:
        """年龄：31–35岁"""
        key, _, label = self.part.partition(":")
        return f"{PARTS[key]}：{label}" if self.part else ""


def find(members: MemberQuerySet, filters: Filters, nodes: Mapping[int, Branch]) -> MemberQuerySet:
    """`members` narrowed and sorted; `nodes` are the branches and groups the reader may choose from."""
    members = members.filter(left_on__isnull=not filters.left)
    if filters.query:
        members = members.filter(_matching(filters.query))
    if node := nodes.get(filters.branch):
        below = {"path__gte": node.path, "path__lt": subtree_end(node.path)}
        inside = Branch.objects.filter(**below).values("pk")
        members = members.filter(Q(branch__in=inside) | Q(group__in=inside))
    if filters.kind:
        members = members.filter(member_type=filters.kind)
    if filters.category:
        members = members.filter(staff_category=filters.category)
    if filters.special:
        members = members.filter(SPECIAL[filters.special][1])
    if filters.part:
        members = members.filter(_people_of(filters.part))
    return members.order_by(*SORTS[filters.sort][1])


def _people_of(part: str) -> Q | None:
    key, _, label = part.partition(":")
    return people_of(key, label, timezone.localdate())


def _plain(query: str) -> str:
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", query))


def _matching(query: str) -> Q:
    text = _plain(query)
    if re.fullmatch(r"\d{17}[\dXx]", text):
        return Q(id_number_index__in=blind_indexes(text.upper(), purpose=IDENTITY))
    if re.fullmatch(r"1\d{10}", text):
        return Q(user__mobile_index__in=blind_indexes(text, purpose=MOBILE)) | Q(user__staff_no=text)
    return Q(user__search_keys__contains=text.lower()) | Q(user__staff_no__iexact=text)
