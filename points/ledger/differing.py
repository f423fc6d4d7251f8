"""What a comparison finds: two values of one key that should be one. Keys only, never names."""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any, Final, NamedTuple

from branches.models import Branch
from members.models import Member

WORDS: Final = {
    "MemberItem": "党员分项",
    "MemberYear": "党员年度",
    "PointsMonth": "支部月度积分",
    "ActivityMonth": "支部月度活动",
    "RollMonth": "支部月度人数",
    "Entry": "重复入账",
}
BATCH: Final = 500


class Difference(NamedTuple):
    """`key`: ids, months, codes. `counted`: what the ledger (a record, the events) says; `stored`: what stands."""

    what: str  # the roll-up and its year, or the kind of source
    key: tuple[Any, ...]
    counted: str
    stored: str
    side: str = "ledger"  # what was counted
    against: str = "stored"
    branch_id: int | None = None
    member_id: int | None = None

    def __str__(self) -> str:
        name = " ".join(str(part) for part in self.key)
        return f"{self.what} {name}: {self.side} {self.counted}, {self.against} {self.stored}"

    @property
    def in_chinese(self) -> str:
        """For the page of the committee: which sum, of whom (by number), and both values."""
        name, _, year = self.what.partition(" ")
        whom = f"党员编号{self.member_id}" if self.member_id else f"党组织编号{self.branch_id}"
        rest = [str(part) for part in self.key if part not in (self.member_id, self.branch_id)]
        about = "，".join([whom, *([f"{year}年"] if year else []), *rest])
        return f"{WORDS.get(name, name)}：{about}；应为{_chinese(self.counted)}，现为{_chinese(self.stored)}"


def _chinese(values: str) -> str:
    return "空" if values == "missing" else values.replace(" ", "/")


def text(values: tuple[Any, ...] | None) -> str:
    return "missing" if values is None else " ".join(str(value) for value in values)


def in_batches(found: Iterable[Difference]) -> Iterable[list[Difference]]:
    rows = iter(found)
    while batch := list(islice(rows, BATCH)):
        yield batch


def hospitals_of(found: Collection[Difference]) -> list[int | None]:
    """The hospital each difference lies in, in their order; two statements."""
    members = dict(
        Member.objects.filter(pk__in={one.member_id for one in found if one.member_id}).values_list(
            "pk", "branch__hospital"
        )
    )
    branches = dict(
        Branch.objects.filter(pk__in={one.branch_id for one in found if one.branch_id})
        .order_by()
        .values_list("pk", "hospital")
    )
    return [members.get(one.member_id) if one.member_id else branches.get(one.branch_id) for one in found]
