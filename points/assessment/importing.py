"""Results of the appraisal from a workbook: a template to fill, a preview by row, and all of it or nothing."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branches.audit import record
from branches.models import Branch, User
from config.documents.content import Column, Document, Heading, Paragraph, Table
from members.choices import MemberType
from members.models import Member
from members.roster_file import Limits, Sheet, UnreadableFile, read_workbook
from points.assessment.figures import VOTES, results_of, roll_at, votes_of
from points.assessment.results import MOST_VOTES, Counts, Given, enter_results
from points.choices import BatchKind, BatchState
from points.models import PointsBatch

LIMITS: Final = Limits(file_bytes=2 * 2**20, unpacked_bytes=20 * 2**20, rows=2000, cells=100_000)
HEAD: Final = ("工号", "姓名", *(str(grade.label) for grade in VOTES))
HEAD_WITHIN: Final = 10  # rows above the heads that a title may take


class Line(NamedTuple):
    """One row of the file, as the preview shows it. `kind`: new, changed, same, own (left out) or wrong."""

    row: int
    name: str
    kind: str
    member: int = 0
    version: int = 0
    before: Sequence[int] = ()
    counts: Sequence[int] = ()
    column: str = ""
    value: str = ""
    problem: str = ""


def template(branch: Branch, year: int) -> Document:
    """Whoever is to be appraised, with what is written down already."""
    members = [one for one in roll_at([branch.pk], year, timezone.localdate()) if _is_full(one)]
    known = results_of([one.pk for one in members], year)
    rows = tuple(
        (one.user.staff_no or "", one.user.name, *(votes_of(known[one.pk]) if one.pk in known else (None,) * 4))
        for one in members
    )
    columns = (Column(HEAD[0], 30), Column(HEAD[1], 26), *(Column(name, 22, "center") for name in HEAD[2:]))
    note = "每人一行，填写四个等次的有效票数；没有测评的留空。预备党员不定等次，不列入本表。"
    return Document.of(
        f"{branch}{year}年民主测评结果",
        Heading(f"{branch}{year}年民主测评结果", 0),
        Paragraph(note),
        Table(columns, rows, "测评结果"),
    )


@transaction.atomic
def upload(*, branch: Branch, year: int, file_name: str, data: bytes, actor: User) -> PointsBatch:
    """Read the file and keep what it says for the preview. Nothing is written yet."""
    name = PurePath(file_name.replace("\\", "/")).name[-200:]
    try:
        sheets = read_workbook(data, name, limits=LIMITS)
    except UnreadableFile as exc:
        raise ValidationError({"file": exc.message}) from exc
    lines = read_lines(sheets, branch, year, actor)
    batch = PointsBatch.objects.create(
        branch=branch,
        kind=BatchKind.APPRAISAL,
        file_name=name,
        params={"year": year},
        payload=json.dumps([line._asdict() for line in lines], ensure_ascii=False),
        summary=_summary(lines),
        uploaded_by=actor,
    )
    changes = {"year": [None, year], "rows": [None, len(lines)]}
    record(actor=actor, action="appraisal.uploaded", target=batch, branch=branch, changes=changes)
    return batch


def lines_of(batch: PointsBatch) -> list[Line]:
    return [Line(**row) for row in json.loads(batch.payload or "[]")]


@transaction.atomic
def apply(*, batch: PointsBatch, actor: User) -> int:
    """Write what the preview shows; a second press changes nothing."""
    batch = _locked(batch)
    if batch.state == BatchState.APPLIED:
        return 0
    if batch.state != BatchState.PREVIEW:
        raise ValidationError("这次导入已取消。")
    lines = lines_of(batch)
    if batch.summary["wrong"]:
        raise ValidationError(f"还有{batch.summary['wrong']}处错误。请改好后重新上传，本次没有写入任何内容。")
    given = {
        line.member: Given(_counts(line.counts), line.version) for line in lines if line.kind in ("new", "changed")
    }
    if not given:
        raise ValidationError("没有需要导入的内容。")
    written = enter_results(branch=batch.branch, year=batch.params["year"], given=given, actor=actor)
    batch.state, batch.applied_at, batch.payload = BatchState.APPLIED, timezone.now(), ""
    batch.save(update_fields=["state", "applied_at", "payload"])
    changes = {"year": [None, batch.params["year"]], "rows": [None, written]}
    record(actor=actor, action="appraisal.imported", target=batch, branch=batch.branch, changes=changes)
    return written


@transaction.atomic
def cancel(*, batch: PointsBatch, actor: User) -> None:
    batch = _locked(batch)
    if batch.state != BatchState.PREVIEW:
        return
    batch.state, batch.payload = BatchState.CANCELLED, ""
    batch.save(update_fields=["state", "payload"])
    record(actor=actor, action="appraisal.cancelled", target=batch, branch=batch.branch)


def _locked(batch: PointsBatch) -> PointsBatch:
    rows = PointsBatch.objects.select_for_update(of=("self",)).select_related("branch__hospital")
    return rows.get(pk=batch.pk, kind=BatchKind.APPRAISAL)


def _counts(counts: Sequence[int]) -> Counts:
    first, second, third, fourth = counts
    return first, second, third, fourth


def _summary(lines: list[Line]) -> dict[str, int]:
    return {kind: sum(line.kind == kind for line in lines) for kind in ("new", "changed", "same", "own", "wrong")}


# -- Reading


def read_lines(sheets: list[Sheet], branch: Branch, year: int, actor: User) -> list[Line]:
    """Every row below the heads of the first sheet that has them. Raises ValidationError where none has."""
    for sheet in sheets:
        for at, row in enumerate(sheet.rows[:HEAD_WITHIN]):
            columns = {_text(cell): n for n, cell in enumerate(row) if _text(cell) in HEAD}
            if set(HEAD[2:]) <= set(columns) and ("工号" in columns or "姓名" in columns):
                reader = _Reader(branch, year, actor, columns)
                found = [
                    (n, cells) for n, cells in enumerate(sheet.rows[at + 1 :], start=at + 2) if any(map(_text, cells))
                ]
                lines = [line for n, cells in found for line in reader.read(n, cells)]
                if not lines:
                    raise ValidationError({"file": "表中没有填写任何人的票数。"})
                return lines
    raise ValidationError({"file": f"没有找到表头。第一行应有：{'、'.join(HEAD)}。请下载模板填写。"})


class _Reader:
    """Rows of one branch and year; remembers whom it has met."""

    def __init__(self, branch: Branch, year: int, actor: User, columns: Mapping[str, int]) -> None:
        members: list[Member] = list(roll_at([branch.pk], year, timezone.localdate()))
        self.branch, self.actor, self.columns = branch, actor, columns
        self.by_number = {one.user.staff_no: one for one in members if one.user.staff_no}
        self.by_name: dict[str, list[Member]] = {}
        for one in members:
            self.by_name.setdefault(one.user.name, []).append(one)
        self.known = results_of([one.pk for one in members], year)
        self.met: dict[int, int] = {}

    def read(self, row: int, cells: Sequence[Any]) -> list[Line]:
        """One line; several where a row has several errors; none where no votes are filled in."""
        values = {name: _text(cells[n]) if n < len(cells) else "" for name, n in self.columns.items()}
        number, name = values.get("工号", ""), values.get("姓名", "")
        texts = [values[label] for label in HEAD[2:]]
        if not any(texts):
            return []
        member, column, problem = self._member(number, name)
        if member is None:
            return [Line(row, name or number, "wrong", column=column, value=values.get(column, ""), problem=problem)]
        if member.pk in self.met:
            problem = f"与第{self.met[member.pk]}行是同一个人。"
            return [Line(row, member.user.name, "wrong", column="姓名", value=name, problem=problem)]
        self.met[member.pk] = row
        if not _is_full(member):
            problem = "预备党员不定等次，请删去这一行。"
            return [Line(row, member.user.name, "wrong", column="姓名", value=name, problem=problem)]
        wrong = [
            Line(row, member.user.name, "wrong", column=label, value=text, problem="票数应为不小于0的整数。")
            for label, text in zip(HEAD[2:], texts, strict=True)
            if text and _number(text) is None
        ]
        if wrong:
            return wrong
        counts = tuple(_number(text) or 0 for text in texts)
        if not 0 < sum(counts) <= MOST_VOTES:
            problem = "四项票数都是0；没有测评的请留空。" if not sum(counts) else "合计票数过大，请核对。"
            return [Line(row, member.user.name, "wrong", column="票数", value=str(sum(counts)), problem=problem)]
        return [self._fine(row, member, counts)]

    def _fine(self, row: int, member: Member, counts: tuple[int, ...]) -> Line:
        old = self.known.get(member.pk)
        before = votes_of(old) if old else ()
        kind = "same" if counts == before else "changed" if old else "new"
        if member.user_id == self.actor.pk and kind != "same":
            kind = "own"
        return Line(row, member.user.name, kind, member.pk, old.version if old else 0, before, counts)

    def _member(self, number: str, name: str) -> tuple[Member | None, str, str]:
        """Whom a row means, or which column is wrong and why: by staff number, else by a name only one has."""
        if number:
            found = self.by_number.get(number)
            if found is None:
                return None, "工号", f"{self.branch}的名册中没有这个工号。"
            if name and name != found.user.name:
                return None, "姓名", f"与工号不符：名册中工号{number}是{found.user.name}。"
            return found, "", ""
        same = self.by_name.get(name, [])
        if not name:
            return None, "姓名", "工号和姓名至少填一项。"
        if len(same) > 1:
            return None, "姓名", f"有{len(same)}位同名，请填写工号。"
        return (same[0], "", "") if same else (None, "姓名", f"{self.branch}的名册中没有这个人。")


def _is_full(member: Member) -> bool:
    return bool(member.roll_type == MemberType.FULL)  # type: ignore[attr-defined]


def _text(value: Any) -> str:
    """A cell as text; a whole number of Excel without its ".0"."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return re.sub(r"\s+", "", str(value if value is not None else ""))


def _number(text: str) -> int | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return int(value) if value.is_finite() and value == value.to_integral_value() and 0 <= value <= 99_999 else None
