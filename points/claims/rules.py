"""Claims: what makes two of them the same deed, how much one may claim, whose turn it is. Pure.

domain.md section 6: a claim is declared with evidence and reviewed by somebody else; one deed is one item for what is
done at the post, in service and for honours; a veto needs three different people.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, NamedTuple

from points.choices import ONE_DEED, Category, Declarer, Reviewer
from points.rules import Item, points_for, round_half_up

COUNTED: Final = frozenset({"次", "件", "项", "篇", "条", "人", "月", "季度", "年", ""})  # one claim is one of these
MOST: Final = Decimal(500)  # hours or kilometres of one claim: more is a slip of the pen
NOTICE_DAYS: Final = 3  # working days between telling a member of a deduction entered by hand and posting it
PASS_MARK: Final = {"B03": Decimal(80)}  # items of the default catalogue whose result is a mark
RESULTS: Final = {"D07": frozenset({"优秀", "优"}), "V07": frozenset({"较差", "差"})}  # … or a word


# --- what may be claimed ---


def is_confidential(category: str, declared_by: str) -> bool:
    """What the discipline side enters: the branch sees that there is something, never what."""
    return category == Category.VETO or declared_by == Declarer.DISCIPLINE


def takes_quantity(item: Item) -> bool:
    """Hours are typed; of things that are counted one claim is one."""
    return not item.levels and (item.per != 1 or item.unit not in COUNTED)


def worth(
    item: Item, *, level: str = "", quantity: Decimal = Decimal(1), has_groups: bool = True, post: str = ""
) -> Decimal:
    """What one claim is worth by the rule alone. Raises ValueError in Chinese for what the rule does not know.

    Whole units count; what is left over is not carried to the next claim, so that a claim is worth the same whatever
    becomes of the others.
    """
    if not item.exists_for(has_groups, post):
        raise ValueError("这一项不适用于您的支部或岗位。")
    if item.levels and level not in {one.code for one in item.levels}:
        raise ValueError("请选择档次。")
    if not item.levels and level:
        raise ValueError("这一项不分档次。")
    if quantity != 1 and not takes_quantity(item):
        raise ValueError("一件事申报一条，数量只能是1；几件事请分别申报。")
    if not 0 < quantity <= MOST:
        raise ValueError(f"数量应大于0，不超过{MOST}{item.unit}。")
    points = points_for(item, quantity, level=level, has_groups=has_groups, post=post)
    if not points and item.category != Category.VETO:
        raise ValueError(f"每满{_plain(item.per)}{item.unit}记一次分，不满的请合并几次后申报。")
    return round_half_up(points)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def quantity_of(text: str) -> Decimal | None:
    """A typed number, also in full-width digits; None for what is none. Two places at most."""
    text = unicodedata.normalize("NFKC", text).strip().replace(",", "")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    exact = number.quantize(Decimal("0.01"), ROUND_CEILING)
    return exact if exact == number else None


# --- one deed, one claim ---


def deed_digest(*, category: str, code: str, day: date, title: str) -> str:
    """The mark of a deed: at the post, in service and for honours whatever the item, else under its item.

    Spaces, punctuation and the width of letters make no other deed.

    >>> a = deed_digest(category="HON", code="F01", day=date(2026, 3, 1), title="全院 先进个人。")
    >>> a == deed_digest(category="POS", code="D05", day=date(2026, 3, 1), title="全院先进个人")
    True
    """
    plain = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", title)).lower()
    kind = "deed" if category in ONE_DEED else code
    return hashlib.sha256(f"{day.isoformat()}|{kind}|{plain or title}".encode()).hexdigest()


# --- whose turn it is ---


class Step(StrEnum):
    FIRST = "first"  # the group leader, or of a veto the secretary
    FINAL = "final"


class Office(StrEnum):
    """By which post a claim is reviewed."""

    LEADER = "党小组组长"
    OFFICERS = "支部书记、副书记或组织委员"
    SECRETARY = "支部书记"
    PARTY_OFFICE = "党委办公室"


class Turn(NamedTuple):
    """Who may decide on a claim now, and what that does: the first step passes it on, the final one books it."""

    step: Step
    by: Office
    people: frozenset[int]


@dataclass(frozen=True)
class Posts:
    """Ids of who holds which post: of the branch, of the member's group, of the offices above."""

    officers: frozenset[int] = frozenset()  # secretary, deputy, organisation member
    secretary: frozenset[int] = frozenset()
    leaders: frozenset[int] = frozenset()
    office: frozenset[int] = frozenset()


def turn_of(*, reviewed_by: str, first_done: bool, posts: Posts, barred: Collection[int]) -> Turn:
    """`barred`: the member, who declared it and, of a veto, who did the first step.

    The Party office steps in where a branch has nobody else. Of two steps by leader and officer, the first is left out
    where the group has no leader but the claimant.
    """
    out = frozenset(barred)
    if reviewed_by == Reviewer.SECRETARY_AND_OFFICE:
        if first_done:
            return Turn(Step.FINAL, Office.PARTY_OFFICE, posts.office - out)
        return _first_free(Step.FIRST, out, (Office.SECRETARY, posts.secretary), (Office.PARTY_OFFICE, posts.office))
    if reviewed_by == Reviewer.LEADER_FIRST and not first_done and posts.leaders - out:
        return Turn(Step.FIRST, Office.LEADER, posts.leaders - out)
    officers = (Office.OFFICERS, posts.officers)
    first = [(Office.SECRETARY, posts.secretary)] if reviewed_by == Reviewer.SECRETARY else []
    return _first_free(Step.FINAL, out, *first, officers, (Office.PARTY_OFFICE, posts.office))


def _first_free(step: Step, barred: frozenset[int], *offices: tuple[Office, frozenset[int]]) -> Turn:
    for by, people in offices:
        if people - barred:
            return Turn(step, by, people - barred)
    return Turn(step, Office.PARTY_OFFICE, frozenset())


# --- the spot check ---

CHECK_SHARE: Final = 10  # one in ten, and one more where it does not divide


def sample_size(accepted: int) -> int:
    """How many of so many claims are looked at.

    >>> [sample_size(n) for n in (0, 1, 10, 11, 25)]
    [0, 1, 1, 2, 3]
    """
    return -(-accepted // CHECK_SHARE)


# --- results of a workbook ---


def counts(code: str, result: str) -> bool | None:
    """Whether a result of a test or appraisal earns its item; None for a mark that is no number.

    >>> counts("B03", "80"), counts("B03", "79.5"), counts("B03", "良"), counts("D07", "优秀"), counts("E05", "")
    (True, False, None, True, True)
    """
    if not result:
        return True
    if code in PASS_MARK:
        mark = quantity_of(result.removesuffix("分"))
        return None if mark is None or mark > 100 else mark >= PASS_MARK[code]
    return result in RESULTS[code] if code in RESULTS else True
