"""What a hospital asks for in a year: its own edition, else the default; written by the Party office."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from branches.audit import record
from branches.models import Branch, User
from points.choices import AssessmentState
from points.models import MemberStarScheme, MemberStarSheet
from points.rulebook.book import YearRules
from points.stars.members.rules import Terms

FIGURES: Final = (
    "five_from", "four_from", "three_from", "two_from", "five_share", "four_share", "least_rated", "worst",
)  # fmt: skip


def scheme_in(hospital: int | None, year: int) -> MemberStarScheme:
    """The latest edition of the hospital that is valid in `year`, else the default, of which there is one; one
    statement."""
    rows = MemberStarScheme.objects.filter(Q(hospital=hospital, valid_from__lte=year) | Q(hospital__isnull=True))
    return rows.order_by(F("hospital").desc(nulls_last=True), "-valid_from")[:1].get()


def terms_of(scheme: MemberStarScheme, scale: Decimal) -> Terms:
    return Terms(
        thresholds=(scheme.five_from, scheme.four_from, scheme.three_from, scheme.two_from),
        five_share=Fraction(scheme.five_share) / 100,
        four_share=Fraction(scheme.four_share) / 100,
        least_rated=scheme.least_rated,
        worst=scheme.worst,
        deeds=tuple(scheme.deeds),
        scale=scale,
    )


@transaction.atomic
def save_scheme(
    *,
    hospital: Branch,
    valid_from: int,
    values: dict[str, Any],
    deeds: list[str],
    basis: str,
    rules: YearRules,
    actor: User,
) -> MemberStarScheme:
    """The edition of a hospital that begins in a year, made or changed. Not once a branch has handed in stars that
    would be judged by it. Raises ValidationError by field."""
    Branch.objects.select_for_update(of=("self",)).get(pk=hospital.pk)
    handed_in = MemberStarSheet.objects.filter(branch__hospital=hospital, year__gte=valid_from)
    last = handed_in.exclude(state=AssessmentState.OPEN).order_by("-year").values_list("year", flat=True).first()
    if last is not None:
        raise ValidationError({"valid_from": f"{last}年度已有支部提出星级，请从{last + 1}年度起修改。"})
    unknown = sorted(set(deeds) - set(rules.items))
    if unknown:
        raise ValidationError({"deeds": f"规则里没有项目{'、'.join(unknown)}。"})
    before = MemberStarScheme.objects.filter(hospital=hospital, valid_from=valid_from).first()
    scheme = before or MemberStarScheme(hospital=hospital, valid_from=valid_from, version=0)
    old = {name: getattr(before, name) if before else None for name in FIGURES}
    for name in FIGURES:
        setattr(scheme, name, values[name])
    scheme.deeds, scheme.basis, scheme.set_by = sorted(deeds), " ".join(basis.split()), actor
    scheme.version += 1
    scheme.full_clean(exclude=["hospital", "set_by"])
    try:
        with transaction.atomic():
            scheme.save()
    except IntegrityError as error:
        raise ValidationError({"valid_from": "这个年度刚被其他人设定，请刷新后再改。"}) from error
    changes = {name: [old[name], values[name]] for name in FIGURES if old[name] != values[name]}
    changes |= {"year": [None, valid_from], "deeds": [None, "、".join(scheme.deeds)]}
    record(actor=actor, action="member_stars.terms_set", target=hospital, branch=hospital, changes=changes)
    return scheme
