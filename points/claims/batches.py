"""Results entered from a workbook: a template with the roster, a preview by row, all of it or the good rows alone.

The Party office's are in the ledger at once, a branch's wait for somebody else of it; one's own always do, and vetoes
take their three people. Every row is judged again when the batch is applied.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from activities.plan.rollups import lock_branches
from branches.access import may
from branches.audit import record
from branches.choices import Capability, Role
from branches.models import Branch, User
from members.models import month_of
from members.roster_file import UnreadableFile, read_workbook
from points.choices import BatchKind, BatchState, Category, ClaimOrigin, ClaimState
from points.claims.batch_reading import GOOD, KNOWN, LEFT, LIMITS, WRONG, Line, Raw, Reader, not_for_batches, read_rows
from points.claims.telling import hand_on_batch, tell_accepted
from points.claims.vetoes import write_veto
from points.ledger.posting import CLAIM, post_many
from points.ledger.rollups import lock_people
from points.models import Claim, PointsBatch, RuleItem
from points.rulebook.book import RuleBook


class Outcome(NamedTuple):
    """`stale`: what the rows mean has changed since the preview; it was made anew and nothing was written."""

    entered: int = 0
    waiting: int = 0
    stale: bool = False


def items_for_batches(hospital: Branch, today: date) -> list[RuleItem]:
    """What may be entered by workbook, by the rules of today."""
    edition = RuleBook().on(hospital.pk, today)
    return [edition.rows[code] for code, item in edition.items.items() if not not_for_batches(item)]


@transaction.atomic
def upload_batch(
    *, branch: Branch, file_name: str, data: bytes, item: str = "", day: date | None = None, actor: User
) -> PointsBatch:
    """Read the file and keep what its rows mean for the preview. `item`, `day`: for rows that name none."""
    if not may(actor, Capability.POINTS_IMPORT, branch):
        raise ValidationError({"branch": "请选择您负责的党支部。"})
    name = PurePath(file_name.replace("\\", "/")).name[-200:]
    try:
        sheets = read_workbook(data, name, limits=LIMITS)
    except UnreadableFile as error:
        raise ValidationError({"file": error.message}) from error
    params = {"item": item, "day": day.isoformat() if day else ""}
    lines = Reader(branch, params, actor.pk).read(read_rows(sheets))
    batch = PointsBatch.objects.create(
        branch=branch, kind=BatchKind.CLAIMS, file_name=name, params=params, uploaded_by=actor, **_kept(lines)
    )
    changes = {"rows": [None, len(lines)]}
    record(actor=actor, action="points_batch.uploaded", target=batch, branch=branch, changes=changes)
    return batch


def lines_of(batch: PointsBatch) -> list[Line]:
    return [Line(**row) for row in json.loads(batch.payload or "[]")]


@transaction.atomic
def apply_batch(*, batch: PointsBatch, good_only: bool = False, actor: User) -> Outcome:
    """Write what the preview shows. Again changes nothing. Raises ValidationError while rows are wrong, unless
    `good_only`.
    """
    batch = _locked(batch)
    if batch.state == BatchState.APPLIED:
        return Outcome()
    if batch.state != BatchState.PREVIEW:
        raise ValidationError("这次登记已取消，请重新上传。")
    if not may(actor, Capability.POINTS_IMPORT, batch.branch):
        raise ValidationError("请由上传的支部或党委办公室办理。")
    before = lines_of(batch)
    lock_branches({line.branch for line in before if line.branch})
    lock_people({line.member for line in before if line.member})
    reader = Reader(batch.branch, batch.params, actor.pk)
    lines = reader.read([Raw(line.row, line.cells) for line in before])
    if [(line.kind, line.points) for line in lines] != [(line.kind, line.points) for line in before]:
        fresh = _kept(lines)
        batch.payload, batch.summary = fresh["payload"], fresh["summary"] | {"stale": True}
        batch.save(update_fields=["payload", "summary"])
        return Outcome(stale=True)
    good = [line for line in lines if line.kind == GOOD]
    if (wrong := batch.summary[WRONG]) and not good_only:
        raise ValidationError({"good_only": f"还有{wrong}行不能登记。请改好后重新上传，或勾选只登记其余各行。"})
    if not good:
        raise ValidationError("没有需要登记的内容。")
    outcome = _write(batch, good, reader, actor)
    batch.state, batch.applied_at = BatchState.APPLIED, timezone.now()
    batch.summary |= {"entered": outcome.entered, "waiting": outcome.waiting}
    batch.save(update_fields=["state", "applied_at", "summary"])
    changes = {"rows": [None, len(good)]}
    record(actor=actor, action="points_batch.applied", target=batch, branch=batch.branch, changes=changes)
    return outcome


@transaction.atomic
def cancel_batch(*, batch: PointsBatch, actor: User) -> None:
    batch = _locked(batch)
    if batch.state != BatchState.PREVIEW:
        return
    batch.state, batch.payload = BatchState.CANCELLED, ""
    batch.save(update_fields=["state", "payload"])
    record(actor=actor, action="points_batch.cancelled", target=batch, branch=batch.branch)


def forget_old_batches() -> int:
    """Empty what was kept of workbooks longer than IMPORT_KEEP_DAYS; what they wrote stays. Safe to run twice."""
    limit = timezone.now() - timedelta(days=settings.IMPORT_KEEP_DAYS)
    old = list(PointsBatch.objects.filter(created_at__lt=limit).exclude(summary__has_key="forgotten").defer("payload"))
    for batch in old:
        batch.payload, batch.summary = "", batch.summary | {"forgotten": True}
        if batch.state == BatchState.PREVIEW:
            batch.state = BatchState.CANCELLED
        batch.save(update_fields=["payload", "summary", "state"])
    return len(old)


def _kept(lines: Iterable[Line]) -> dict[str, Any]:
    lines = list(lines)
    found = Counter(line.kind for line in lines)
    return {
        "payload": json.dumps([line.as_json() for line in lines], ensure_ascii=False),
        "summary": {kind: found[kind] for kind in (GOOD, KNOWN, LEFT, WRONG)},
    }


def _locked(batch: PointsBatch) -> PointsBatch:
    rows = PointsBatch.objects.select_for_update(of=("self",)).select_related("branch")
    return rows.get(pk=batch.pk, kind=BatchKind.CLAIMS)


# -- Writing


def _write(batch: PointsBatch, lines: list[Line], reader: Reader, actor: User) -> Outcome:
    """The claims of good lines; those the Party office answers for are posted at once."""
    rules = RuleItem.objects.in_bulk({line.rule for line in lines})
    office = [post.path for post in actor.current_posts if post.role == Role.PARTY_OFFICE]
    claims, vetoes = [], []
    for line in lines:
        if line.category == Category.VETO:
            vetoes.append(line)
            continue
        branch = reader.branches[line.branch]
        at_once = not line.own and any(branch.path.startswith(path) for path in office)
        claims.append(_claim(batch, line, branch, rules[line.rule], at_once, actor))
    try:
        with transaction.atomic():
            Claim.objects.bulk_create(claims)
    except IntegrityError as error:
        raise ValidationError("核对期间有人登记了相同的内容，请重新上传核对。") from error
    accepted = [claim for claim in claims if claim.state == ClaimState.ACCEPTED]
    post_many(source_kind=CLAIM, source_ids=[claim.pk for claim in accepted], actor=actor)
    for claim in claims:
        changes = {"points": [None, claim.points], "code": [None, claim.rule_code]}
        record(actor=actor, action="claim.imported", target=claim, branch=claim.branch, changes=changes)
    tell_accepted(accepted)
    waiting = [claim for claim in claims if claim.state == ClaimState.DECLARED]
    if waiting:
        hand_on_batch(batch.pk)
    for line in vetoes:
        write_veto(
            member=reader.members[line.member],
            rule=rules[line.rule],
            terms=reader.terms(line),
            decided_on=date.fromisoformat(line.day),
            document_no=line.document_no,
            form_key=uuid.uuid4(),
            actor=actor,
            batch=batch,
        )
    return Outcome(len(accepted), len(waiting) + len(vetoes))


def _claim(batch: PointsBatch, line: Line, branch: Branch, rule: RuleItem, at_once: bool, actor: User) -> Claim:
    now, day = timezone.now(), date.fromisoformat(line.day)
    return Claim(
        member_id=line.member,
        branch=branch,
        rule=rule,
        rule_code=rule.code,
        category=rule.category,
        level=line.level,
        quantity=Decimal(line.quantity),
        points=Decimal(line.points),
        happened_on=day,
        month=month_of(day),
        title=line.title,
        detail=f"结果：{line.result}"[:1000] if line.result else "",
        document_no=line.document_no,
        deed=line.deed,
        origin=ClaimOrigin.IMPORT,
        state=ClaimState.ACCEPTED if at_once else ClaimState.DECLARED,
        declared_by=actor,
        declared_at=now,
        decided_by=actor if at_once else None,
        decided_at=now if at_once else None,
        revision=1 if at_once else 0,
        batch=batch,
    )
