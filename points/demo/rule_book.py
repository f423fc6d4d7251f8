"""A draft of next year's rules, as the Party office would have it in November, with a dry run of it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.utils import timezone

from branches.models import Branch, User
from points.editions.trial import last_quarter, run_trial
from points.models import RuleTrial, RuleVersion
from points.rulebook import editing
from points.rulebook.book import item_of
from points.rules import Item, Variant


def add_rules(root: Branch, office: User, today: date) -> None:
    """Needs the ledger: the dry run asks its sources."""
    source = RuleVersion.objects.published().order_by("-valid_from").filter(hospital__isnull=True)[0]
    draft = editing.start_draft(
        hospital=root,
        source=source,
        name=f"{today.year + 1}年党员积分规则（征求意见稿）",
        valid_from=date(today.year + 1, 1, 1),
        actor=office,
    )
    _change(draft, "A03", office, points=Decimal(1), cap=Decimal(3))
    _change(draft, "B01", office, per=Decimal(4), points=Decimal("0.5"))
    _change(draft, "D02", office, variants={"retired": Variant(off=True)})
    _change(draft, "E01", office, variants={"retired": Variant(cap=Decimal(2))})
    _change(draft, "G02", office, points=Decimal(-1))
    mentor = item_of(draft.items.get(code="D06"))
    fresh = replace(mentor, code="D08", title="多学科会诊牵头人", points=Decimal("0.5"), cap=Decimal(2), points_text="")
    _save(draft, replace(fresh, unit="次", evidence="会诊记录"), office)
    draft.refresh_from_db()
    trial = RuleTrial.objects.create(
        version=draft,
        quarter=last_quarter(today),
        draft=draft.version,
        requested_by=office,
        made_at=timezone.now(),
    )
    run_trial(trial=trial, tell=lambda *_: None)


def _change(draft: RuleVersion, code: str, office: User, **changes: object) -> None:
    row = draft.items.get(code=code)
    _save(draft, replace(item_of(row), points_text="", **changes), office, row.pk)  # type: ignore[arg-type]


def _save(draft: RuleVersion, item: Item, office: User, pk: int | None = None) -> None:
    draft.refresh_from_db()
    editing.save_item(draft=draft, item=item, version=draft.version, actor=office, pk=pk)
