"""Claims for tests, made through the services unless a test is about the table."""

import uuid
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils import timezone
from PIL import Image

from branches.models import Branch
from config.uploads import CheckedFile
from members.models import Member
from points.choices import ClaimState
from points.claims.declaring import Deed, save_claim
from points.models import Claim, RuleItem, RuleVersion

PROOF = CheckedFile("证书.pdf", "application/pdf", b"%PDF-1.7", "a" * 64)


def proof(n: int = 0) -> CheckedFile:
    return CheckedFile(f"证书{n}.pdf", "application/pdf", b"%PDF-1.7", f"{n:064d}")


def picture(name: str = "锦旗.png", colour: str = "red") -> BytesIO:
    stream = BytesIO()
    Image.new("RGB", (8, 6), colour).save(stream, "PNG")
    stream.seek(0)
    stream.name = name
    return stream


def declare(member: Member, code: str = "E05", day: date = date(2026, 11, 11), **kw: Any) -> Claim:
    files = kw.pop("files", [proof(hash((member.pk, code, day, kw.get("title"))) % 10**9)])
    deed = Deed(
        code=code,
        happened_on=day,
        title=kw.pop("title", "在市血站无偿献血"),
        level=kw.pop("level", ""),
        quantity=kw.pop("quantity", Decimal(1)),
        points=kw.pop("points", None),
        detail=kw.pop("detail", ""),
        link=kw.pop("link", ""),
    )
    kw.setdefault("declare", True)
    kw.setdefault("form_key", uuid.uuid4())
    kw.setdefault("actor", member.user)
    return save_claim(member=member, deed=deed, files=files, **kw)


def written(member: Member, code: str = "E05", **fields: Any) -> Claim:
    """A row straight in the table, for lists and scopes."""
    rule = RuleItem.objects.get(version__hospital=None, code=code)
    day = fields.pop("happened_on", date(2026, 11, 11))
    data = {
        "branch": member.branch,
        "rule": rule,
        "rule_code": code,
        "category": rule.category,
        "points": rule.points,
        "happened_on": day,
        "month": day.replace(day=1),
        "title": f"{rule.title}一次",
        "state": ClaimState.DECLARED,
        "declared_by": member.user,
    }
    return Claim.objects.create(member=member, **data | fields)


def edition(hospital: Branch, since: date = date(2026, 1, 1), **changes: dict[str, Any]) -> RuleVersion:
    """An edition of the hospital's own like the default but for some items: edition(hospital, E05={"points": 2})."""
    version = RuleVersion.objects.create(hospital=hospital, name="本院规则", valid_from=since)
    for item in RuleItem.objects.filter(version__hospital=None):
        item.pk, item.version = None, version
        for field, value in changes.get(item.code, {}).items():
            setattr(item, field, value)
        item.save()
    version.published_at = timezone.now()
    version.save()
    return version
