"""Who takes no part in points (不参加积分): a branch meeting exempts somebody, the exemption ends, or it was an error.

The ground stays with the branch; everybody else reads the words 不参加积分 alone. A year counts as exempt when its last
day lies in the exemption.
"""

from collections.abc import Collection
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.utils import timezone

from branches.audit import record
from branches.models import Branch, User
from config.templatetags.ui import cn_date
from members.choices import ExemptionGround
from members.closing import MonthState, month_state
from members.models import Exemption, Member
from members.rules import age
from members.signals import record_confirmed, record_corrected

WORDS: Final = "不参加积分"
EXEMPTION: Final = "exemption"  # source_kind of the signals sent here; they also carry `member` and `since`
AGED_FROM: Final = 70  # full years on the first day; practice of published schemes, docs/domain.md
LATEST: Final = date.max


def exempt_in(members: Collection[int], year: int) -> set[int]:
    """Those of these members (by key) who take no part in the points of a year. One statement."""
    return {member for member, _ in Exemption.objects.years_of(members, [year])}


@transaction.atomic
def exempt(
    *,
    member: Member,
    ground: str,
    starts_on: date,
    approved_on: date | None,
    ends_on: date | None = None,
    actor: User,
) -> Exemption:
    """Write down what a branch meeting decided. Raises ValidationError by field."""
    member = _locked_member(member.pk)
    earlier = list(Exemption.objects.filter(member=member))
    _check_hand(member, actor)
    if member.left_on is not None:
        raise ValidationError({"member": f"{member.user.name}已离开名册，不用登记。"})
    errors = _wrong(member, ground, starts_on, approved_on, ends_on)
    if not errors and any(_overlap(one, starts_on, ends_on) for one in earlier):
        errors["starts_on"] = f"{member.user.name}在这段时间已在不参加积分名单中。"
    if errors:
        raise ValidationError(errors)
    _check_years(member, _years(starts_on, ends_on))
    try:
        with transaction.atomic():
            made = Exemption.objects.create(
                member=member,
                ground=ground,
                starts_on=starts_on,
                ends_on=ends_on,
                approved_on=approved_on,
                entered_by=actor,
            )
    except IntegrityError as exc:  # somebody else was faster
        raise ValidationError({"member": f"{member.user.name}已在不参加积分名单中。"}) from exc
    changes = {"starts_on": [None, starts_on], "approved_on": [None, approved_on]}
    _tell(record_confirmed, made, "exemption.entered", changes, actor)
    return made


@transaction.atomic
def end_exemption(*, exemption: Exemption, ends_on: date, version: int, actor: User) -> Exemption:
    """Set or move the last day. `version` is the one the form was filled from."""
    exemption = _locked(exemption)
    _check_hand(exemption.member, actor)
    if exemption.version != version:
        raise ValidationError("这条登记刚被其他人修改过，请核对后再办。")
    if ends_on < exemption.starts_on:
        raise ValidationError({"ends_on": f"结束日期不能早于开始日期{cn_date(exemption.starts_on)}。"})
    others = Exemption.objects.filter(member=exemption.member_id).exclude(pk=exemption.pk)
    if any(_overlap(one, exemption.starts_on, ends_on) for one in others):
        raise ValidationError({"ends_on": "与同一人的另一条登记重叠。"})
    before = exemption.ends_on
    if before == ends_on:
        return exemption
    changed = _years(exemption.starts_on, before) ^ _years(exemption.starts_on, ends_on)
    _check_years(exemption.member, changed)
    exemption.ends_on = ends_on
    exemption.version += 1
    exemption.save(update_fields=["ends_on", "version"])
    _tell(record_corrected, exemption, "exemption.ended", {"ends_on": [before, ends_on]}, actor)
    return exemption


@transaction.atomic
def withdraw_exemption(*, exemption: Exemption, reason: str, actor: User) -> None:
    """Take back what should never have been entered: the row goes, the trail keeps who, when and why."""
    exemption = _locked(exemption)
    _check_hand(exemption.member, actor)
    reason = " ".join(reason.split())
    if not 4 <= len(reason) <= 200:
        raise ValidationError({"reason": "请写明撤销的原因（4至200字），请勿写病情。"})
    _check_years(exemption.member, _years(exemption.starts_on, exemption.ends_on))
    changes = {
        "starts_on": [exemption.starts_on, None],
        "ends_on": [exemption.ends_on, None],
        "approved_on": [exemption.approved_on, None],
        "reason": [None, reason],
    }
    pk = exemption.pk
    exemption.delete()
    exemption.pk = pk  # the trail and the signal name the row that was
    _tell(record_corrected, exemption, "exemption.withdrawn", changes, actor)


def _locked_member(pk: int) -> Member:
    """The lock everybody takes who changes the exemptions of a member, before any row of them."""
    rows = Member.objects.select_for_update(of=("self",), no_key=True).select_related("user", "branch")
    found: Member = rows.get(pk=pk)
    return found


def _locked(exemption: Exemption) -> Exemption:
    member = _locked_member(exemption.member_id)
    found = Exemption.objects.filter(pk=exemption.pk).first()
    if found is None:
        raise ValidationError("这条登记已被撤销。")
    found.member = member
    return found


def _check_hand(member: Member, actor: User) -> None:
    if member.user_id == actor.pk:
        raise ValidationError({"member": "本人的情况请由其他支委登记。"})


def _wrong(
    member: Member, ground: str, starts_on: date, approved_on: date | None, ends_on: date | None
) -> dict[str, str]:
    today = timezone.localdate()
    errors: dict[str, str] = {}
    if ground not in ExemptionGround.values:
        errors["ground"] = "请选择情形。"
    if approved_on is None:
        errors["approved_on"] = "请填写支部大会日期；不参加积分须经支部大会通过。"
    elif approved_on > today:
        errors["approved_on"] = "支部大会日期不能晚于今天。"
    if starts_on.year < today.year - 1:
        errors["starts_on"] = f"最早可从{today.year - 1}年1月1日起登记。"
    elif starts_on.year > today.year + 1:
        errors["starts_on"] = "开始日期太晚，请核对年份。"
    if ends_on is not None and ends_on < starts_on:
        errors["ends_on"] = "结束日期不能早于开始日期。"
    years = age(member.birth_date, starts_on)
    if ground == ExemptionGround.AGED and years < AGED_FROM:
        errors["ground"] = (
            f"{member.user.name}到{cn_date(starts_on)}为{years}周岁，年满{AGED_FROM}周岁才能按这种情形登记。"
        )
    return errors


def _overlap(one: Exemption, starts_on: date, ends_on: date | None) -> bool:
    return one.starts_on <= (ends_on or LATEST) and starts_on <= (one.ends_on or LATEST)


def _years(starts_on: date, ends_on: date | None) -> set[int]:
    """The years that are over and whose last day lies in the exemption."""
    this_year = timezone.localdate().year
    last = ends_on or LATEST
    return {year for year in range(starts_on.year, this_year) if date(year, 12, 31) <= last}


def _check_years(member: Member, years: set[int]) -> None:
    for year in sorted(years):
        last = date(year, 12, 31)
        there = Member.objects.filter(pk=member.pk).on_roll(last).values_list("roll_branch_id", flat=True).first()
        home = Branch.objects.get(pk=there) if there else member.branch  # whose ranking of that year it changes
        if month_state(home, last) == MonthState.YEAR_LOCKED:
            name = home.name
            raise ValidationError(f"{name}{year}年已锁定，这项改动会影响该年的积分。请党委书记先重新开放年度。")


def _tell(signal: Signal, exemption: Exemption, action: str, changes: dict[str, Any], actor: User) -> None:
    """On the trail without the ground, and to the rooms above."""
    member = exemption.member
    record(actor=actor, action=action, target=member, branch=member.branch, changes=changes)
    signal.send(
        Exemption,
        source_kind=EXEMPTION,
        source_id=exemption.pk,
        revision=exemption.version,
        actor=actor,
        member=member,
        since=exemption.starts_on,
    )
