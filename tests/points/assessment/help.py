"""Figures, votes and vetoes of the assessed year, written past the services that are not asked here."""

from datetime import date
from decimal import Decimal
from io import BytesIO

from django.utils import timezone
from openpyxl import Workbook

from points.assessment import deciding, importing
from points.assessment.figures import board
from points.choices import Category, ClaimState, PeriodKind, PeriodState
from points.models import AppraisalResult, Assessment, Claim, MemberYear, PeriodClose, RuleItem, RuleVersion
from tests import factories

YEAR = 2025


def points(member, total, year=YEAR):
    fields = {"branch": member.branch, "total": Decimal(total)}
    MemberYear.objects.update_or_create(member=member, year=year, defaults=fields)


def polled(member, *counts, by):
    names = ("excellent", "qualified", "basically_qualified", "unqualified")
    fields = dict(zip(names, counts, strict=True)) | {"branch": member.branch, "entered_by": by}
    AppraisalResult.objects.update_or_create(member=member, year=YEAR, defaults=fields)


def veto(member, code, secretary, version=None):
    """`version`: the edition of its day; the default one where none is given."""
    rule = RuleItem.objects.get(code=code, version=version or RuleVersion.objects.get(hospital=None))
    day = date(YEAR, 6, 1)
    return Claim.objects.create(
        member=member, branch=member.branch, rule=rule, rule_code=code, category=Category.VETO, points=0,
        happened_on=day, month=day, title="决定", document_no="纪字1号", state=ClaimState.ACCEPTED,
        declared_by=secretary,
    )  # fmt: skip


def lock_year(branch, state=PeriodState.LOCKED):
    PeriodClose.objects.update_or_create(
        branch=branch, kind=PeriodKind.YEAR, start=date(YEAR, 1, 1), defaults={"state": state}
    )


def one_in(parts, hospital, year=YEAR):
    """From that January one in so many may be 优秀 in the hospital."""
    version = RuleVersion.objects.create(
        hospital=hospital, name="本院规则", valid_from=date(year, 1, 1), excellent_denominator=parts,
        published_at=timezone.now(),
    )  # fmt: skip
    RuleItem.objects.create(version=version, code="A01", category="ORG", title="参加党员大会", points=1, origin="auto")


def grades(branch):
    shown = board(branch, YEAR, factories.TODAY)
    return {row.name: row.grade for row in shown.rows}


def row_of(branch, member):
    return next(row for row in board(branch, YEAR, factories.TODAY).rows if row.member == member)


def version_now(branch):
    return Assessment.objects.filter(branch=branch, year=YEAR).values_list("version", flat=True).first() or 0


def move(branch, member, grade, reason="群众反映好，支委会研究", version=None, actor=None):
    version = version_now(branch) if version is None else version
    return deciding.set_grade(
        branch=branch, year=YEAR, member=member, grade=grade, reason=reason, version=version, actor=actor
    )


def sheet(*rows, head=importing.HEAD):
    book = Workbook()
    book.active.append(["机关第一党支部测评结果"])
    book.active.append(list(head))
    for row in rows:
        book.active.append(list(row))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def upload(branch, actor, *rows, **how):
    return importing.upload(branch=branch, year=YEAR, file_name="测评.xlsx", data=sheet(*rows, **how), actor=actor)
