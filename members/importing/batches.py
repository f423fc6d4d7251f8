"""Uploads and their states: uploaded → preview → applying → applied (→ rolled back), kept encrypted for a time."""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path, PurePath
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branches import jobs
from branches.audit import record
from branches.choices import BranchLevel, Capability
from branches.models import Branch, JobState, User
from config.crypto import decrypt, encrypt
from members.arrivals import Entry
from members.importing.compare import Comparison, State, compare_file
from members.importing.newcomers import Answers, Person, asks, entries_as_answered, entries_at_opening, person_of
from members.importing.stored import post_proposals, preview_of, summary_of
from members.importing.writing import carry_versions, dependants, is_current, take_back, write_comparison
from members.models import BatchState, ImportBatch, Member
from members.roster import UnreadableFile, write_refused
from members.signals import record_confirmed, record_corrected

Tell = Callable[[int, int, str], None]  # (done, total, step in Chinese)
SUFFIXES: Final = (".xlsx", ".xls", ".csv")
IMPORT: Final = "import"  # source_kind of the one signal a whole batch sends
UNFINISHED: Final = frozenset({BatchState.UPLOADED, BatchState.PREVIEW, BatchState.UNREADABLE})


def first_of_year(today: date | None = None) -> date:
    """What is offered as the day since which people new to the system count as on the roll."""
    return (today or timezone.localdate()).replace(month=1, day=1)


@transaction.atomic
def upload_batch(*, organisation: Branch, file_name: str, data: bytes, actor: User | None) -> ImportBatch:
    """Keep the file, encrypted, and let the worker read it."""
    name = PurePath(file_name.replace("\\", "/")).name[-200:]
    if not name.lower().endswith(SUFFIXES):
        raise ValidationError({"file": "只能上传.xlsx、.xls或.csv文件；其他格式请先另存为.xlsx。"})
    if len(data) > settings.ROSTER_FILE_LIMIT:
        size = settings.ROSTER_FILE_LIMIT // 2**20
        raise ValidationError({"file": f"文件超过{size} MB。请删去图片和无关工作表，或分几个文件上传。"})
    if not data:
        raise ValidationError({"file": "这个文件是空的，请重新选择。"})
    if organisation.level == BranchLevel.GROUP or organisation.dissolved_on is not None:
        raise ValidationError({"organisation": "请选择党支部或其上级党组织。"})
    batch = ImportBatch.objects.create(
        organisation=organisation, uploaded_by=actor, file_name=name, stored_name=secrets.token_hex(16)
    )
    path = _path(batch)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(encrypt(data))
    record(
        actor=actor,
        action="import.uploaded",
        target=batch,
        branch=organisation,
        changes={"size": [None, len(data)]},
    )
    batch.job = jobs.enqueue(
        task="members.tasks.read_batch",
        business_key=f"batch-{batch.pk}",
        params={"batch": batch.pk},
        requested_by=actor,
    )
    batch.save(update_fields=["job"])
    return batch


def read_batch(*, batch_id: int, tell: Tell) -> None:
    """Read the file and keep what to show. Running it again changes nothing once it is read."""
    batch = ImportBatch.objects.select_related("organisation", "uploaded_by").get(pk=batch_id)
    if batch.state != BatchState.UPLOADED:
        return
    tell(0, 2, "正在读取文件")
    try:
        comparison = _compare(batch)
    except UnreadableFile as exc:
        batch.state, batch.summary = BatchState.UNREADABLE, {"error": {"code": exc.code, "message": exc.message}}
        batch.save(update_fields=["state", "summary"])
        return
    tell(1, 2, "正在核对名册")
    _keep_preview(batch, comparison)
    tell(2, 2, "已读完")


@transaction.atomic
def confirm_batch(
    *, batch: ImportBatch, opening_on: date, skip_errors: bool, answers: Answers | None = None, actor: User | None
) -> ImportBatch:
    """Start writing what the preview shows; a second press changes nothing.

    `answers` say how the new people came, once a month was closed (`newcomers.asks`); before, all count from
    `opening_on`.
    """
    batch = _locked(batch)
    stuck = batch.state == BatchState.APPLYING and batch.job is not None and batch.job.state == JobState.FAILED
    if batch.state in {BatchState.APPLYING, BatchState.APPLIED} and not stuck:
        return batch
    if batch.state not in {BatchState.PREVIEW, BatchState.APPLYING}:
        raise ValidationError(f"这次导入{batch.get_state_display()}，不能再确认。")
    _check_opening(opening_on)
    if batch.summary["refused"] and not skip_errors:
        raise ValidationError(
            {"skip_errors": f"还有{batch.summary['refused']}行不能导入。请改好后重新上传，或勾选先导入其余各行。"}
        )
    if not batch.summary["new"] and not batch.summary["changed"]:
        raise ValidationError("没有需要导入的内容。")
    preview = preview_payload(batch)
    if stuck and "answers" in preview:
        answers = Answers.from_json(preview["answers"])
    if preview["new"] and asks(batch.organisation):
        people = [Person(r["key"], r["name"], date.fromisoformat(r["joined"]), r["branch_id"]) for r in preview["new"]]
        answers = _entries(batch.organisation, people, answers, opening_on)[1] or Answers()
        batch.payload = json.dumps(preview | {"answers": answers.as_json()}, ensure_ascii=False)
    attempt = batch.summary.get("attempt", 0) + 1
    batch.summary |= {"attempt": attempt, "opening_on": opening_on.isoformat(), "skip_errors": skip_errors}
    batch.state = BatchState.APPLYING
    batch.job = jobs.enqueue(
        task="members.tasks.apply_batch",
        business_key=f"batch-{batch.pk}-{attempt}",
        params={"batch": batch.pk},
        requested_by=actor,
    )
    batch.save(update_fields=["state", "summary", "payload", "job"])
    return batch


def apply_batch(*, batch_id: int, tell: Tell) -> None:
    """Write what was confirmed, all of it or nothing. What changed since the preview sends the batch back to it."""
    tell(0, 2, "正在核对名册")
    comparison = _compare(ImportBatch.objects.select_related("organisation", "uploaded_by").get(pk=batch_id))
    tell(1, 2, "正在写入")
    with transaction.atomic():
        batch = _locked(ImportBatch(pk=batch_id))
        if batch.state != BatchState.APPLYING:
            return
        current = is_current(comparison)  # locks the people: nobody changes them between here and the writing
        if not current or comparison.fingerprint != batch.summary["fingerprint"]:
            _keep_preview(batch, comparison if current else _compare(batch), stale=True)
            return
        actor = batch.job.requested_by if batch.job else batch.uploaded_by
        kept = preview_payload(batch).get("answers")
        answers = Answers.from_json(kept) if kept else None
        opening_on = date.fromisoformat(batch.summary["opening_on"])
        try:
            check_newcomers(batch.organisation, comparison, answers, opening_on)
        except ValidationError:  # a month was closed or locked meanwhile: the importer is asked again
            _keep_preview(batch, comparison, stale=True)
            return
        finish_batch(batch=batch, comparison=comparison, answers=answers, actor=actor)
    tell(2, 2, "已导入")


def finish_batch(*, batch: ImportBatch, comparison: Comparison, answers: Answers | None, actor: User | None) -> None:
    """Write a comparison and close its batch; in the transaction of the caller. Check its new people before."""
    opening_on = date.fromisoformat(batch.summary["opening_on"])
    people = [person_of(line) for line in comparison.of(State.NEW)]
    entries, answers = _entries(batch.organisation, people, answers, opening_on)
    undo = write_comparison(
        comparison,
        organisation=batch.organisation,
        opening_on=min(entry.on for entry in entries.values()) if answers else opening_on,
        entries=entries,
        actor=actor,
    )
    preview = preview_of(comparison) | {"posts": _posts(comparison)}
    if answers:
        preview["answers"] = answers.as_json()
    batch.payload, batch.undo = json.dumps(preview, ensure_ascii=False), json.dumps(undo, ensure_ascii=False)
    batch.state, batch.applied_at = BatchState.APPLIED, timezone.now()
    batch.save()
    record(
        actor=actor,
        action="import.applied",
        target=batch,
        branch=batch.organisation,
        changes={key: [None, batch.summary[key]] for key in ("new", "changed", "refused")}
        | ({"kind": [None, _counted(entries)]} if answers else {}),
    )
    record_confirmed.send(sender=ImportBatch, source_kind=IMPORT, source_id=batch.pk, revision=1, actor=actor)


@transaction.atomic
def import_at_once(
    *,
    organisation: Branch,
    file_name: str,
    data: bytes,
    comparison: Comparison,
    opening_on: date,
    answers: Answers | None = None,
    actor: User | None,
) -> ImportBatch:
    """The command's way: the same batch, written in this transaction instead of by the worker."""
    _check_opening(opening_on)
    if not is_current(comparison):
        raise ValidationError("比对期间名册有变动，没有导入任何数据，请重新运行。")
    batch = ImportBatch.objects.create(
        organisation=organisation,
        uploaded_by=actor,
        file_name=PurePath(file_name).name[-200:],
        stored_name=secrets.token_hex(16),
        summary=summary_of(comparison) | {"opening_on": opening_on.isoformat(), "skip_errors": True},
    )
    path = _path(batch)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(encrypt(data))
    finish_batch(batch=batch, comparison=comparison, answers=answers, actor=actor)
    return batch


@transaction.atomic
def roll_back_batch(*, batch: ImportBatch, actor: User | None) -> ImportBatch:
    """Take an import back as a whole. Branches it founded stay. Raises ValidationError with what depends on it."""
    batch = _locked(batch)
    if batch.state == BatchState.ROLLED_BACK:
        return batch
    if batch.state != BatchState.APPLIED or not batch.undo:
        raise ValidationError("这次导入已不能撤回。")
    undo = json.loads(batch.undo)
    if reasons := dependants(undo):
        raise ValidationError(f"不能撤回：{'；'.join(reasons)}。请逐人更正。")
    take_back(undo, actor=actor)
    batch.state, batch.undo = BatchState.ROLLED_BACK, ""
    batch.save(update_fields=["state", "undo"])
    for earlier in ImportBatch.objects.select_for_update().filter(state=BatchState.APPLIED, pk__lt=batch.pk):
        kept = json.loads(earlier.undo or "{}")
        if kept and carry_versions(kept, undo):
            earlier.undo = json.dumps(kept, ensure_ascii=False)
            earlier.save(update_fields=["undo"])
    record(actor=actor, action="import.rolled_back", target=batch, branch=batch.organisation)
    record_corrected.send(sender=ImportBatch, source_kind=IMPORT, source_id=batch.pk, revision=2, actor=actor)
    return batch


@transaction.atomic
def cancel_batch(*, batch: ImportBatch, actor: User | None) -> ImportBatch:
    """Give an import up before it is confirmed; its file is deleted at once."""
    batch = _locked(batch)
    if batch.state == BatchState.CANCELLED:
        return batch
    if batch.state not in UNFINISHED:
        raise ValidationError(f"这次导入{batch.get_state_display()}，不能取消。")
    batch.state = BatchState.CANCELLED
    _empty(batch)
    record(actor=actor, action="import.cancelled", target=batch, branch=batch.organisation)
    return batch


def refused_workbook(batch: ImportBatch) -> bytes:
    """The refused rows to correct: marked cells, the reasons in the last column. ValidationError when it is gone."""
    if not batch.stored_name or not _path(batch).is_file():
        raise ValidationError("上传的文件已按期删除，请重新上传。")
    return write_refused([line.row for line in _compare(batch).of(State.REFUSED)])


def empty_old_batches() -> int:
    """Delete file, preview and undo of imports older than IMPORT_KEEP_DAYS; what was done stays in the audit trail."""
    limit = timezone.now() - timedelta(days=settings.IMPORT_KEEP_DAYS)
    old = ImportBatch.objects.filter(created_at__lt=limit, emptied_at__isnull=True)
    for batch in old:
        if batch.state in UNFINISHED:
            batch.state = BatchState.CANCELLED
        _empty(batch)
    return len(old)


def preview_payload(batch: ImportBatch) -> dict[str, Any]:
    return dict(json.loads(batch.payload)) if batch.payload else {}


def _posts(comparison: Comparison) -> list[list[Any]]:
    """[member, 党内职务] of those who are on the roll now."""
    return [
        [member.pk, post]
        for number, post in post_proposals(comparison)
        if (member := Member.objects.with_identity(number).first())
    ]


def _compare(batch: ImportBatch) -> Comparison:
    actor = batch.uploaded_by
    return compare_file(
        decrypt(_path(batch).read_bytes()),
        batch.file_name,
        organisation=batch.organisation,
        paths=actor.paths_granting(Capability.ROSTER_IMPORT) if actor else None,
        today=timezone.localdate(),
    )


def _keep_preview(batch: ImportBatch, comparison: Comparison, *, stale: bool = False) -> None:
    kept = {key: batch.summary[key] for key in ("attempt", "opening_on") if key in batch.summary}
    batch.summary = kept | summary_of(comparison) | {"stale": stale}
    answers = {name: kept for name, kept in preview_payload(batch).items() if name == "answers"}
    batch.payload = json.dumps(preview_of(comparison) | answers, ensure_ascii=False)
    batch.state = BatchState.PREVIEW
    batch.save(update_fields=["state", "summary", "payload"])


def check_newcomers(organisation: Branch, comparison: Comparison, answers: Answers | None, opening_on: date) -> None:
    """ValidationError when a comparison cannot be written because of what is (not) said about its new people."""
    _entries(organisation, [person_of(line) for line in comparison.of(State.NEW)], answers, opening_on)


def _entries(
    organisation: Branch, people: list[Person], answers: Answers | None, opening_on: date
) -> tuple[Mapping[str, Entry], Answers | None]:
    """The first event of each new person, and the answers they follow from; None while nothing has to be asked."""
    if not people or not asks(organisation):
        return entries_at_opening(people, organisation=organisation, opening_on=opening_on), None
    answers = answers or Answers()
    today = timezone.localdate()
    return entries_as_answered(people, answers, organisation=organisation, today=today), answers


def _counted(entries: Mapping[str, Entry]) -> str:
    kinds = Counter(entry.kind for entry in entries.values())
    return "，".join(f"{kind.label}{n}人" for kind, n in kinds.items())


def _check_opening(day: date) -> None:
    if day > timezone.localdate():
        raise ValidationError({"opening_on": "在册起始日不能晚于今天。"})
    if day.year < 2000:
        raise ValidationError({"opening_on": "在册起始日过早，请核对年份。"})


def _locked(batch: ImportBatch) -> ImportBatch:
    found: ImportBatch = (
        ImportBatch.objects.select_for_update(of=("self",))
        .select_related("organisation", "uploaded_by", "job", "job__requested_by")
        .get(pk=batch.pk)
    )
    return found


def _path(batch: ImportBatch) -> Path:
    return Path(settings.DATA_DIR) / "private" / "imports" / batch.stored_name


def _empty(batch: ImportBatch) -> None:
    if batch.stored_name:
        _path(batch).unlink(missing_ok=True)
    batch.payload = batch.undo = ""
    batch.emptied_at = timezone.now()
    batch.save(update_fields=["state", "payload", "undo", "emptied_at"])
