"""A comparison as JSON for the preview page: shown values only, protected ones masked. Kept encrypted in the batch."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from members import facts
from members.importing.compare import Comparison, Line, State, values_of
from members.roster import Issue

_DECISIONS: Final = frozenset({"branch_differs", "type_differs", "status_differs"})  # before and after, yet no repair


def summary_of(comparison: Comparison) -> dict[str, Any]:
    """Counts and places, nothing personal: kept when the batch is emptied."""
    counts = Counter(line.state for line in comparison.lines)
    return {
        "rows": len(comparison.lines),
        "new": counts[State.NEW],
        "changed": counts[State.CHANGED],
        "changes": sum(len(line.changes) for line in comparison.of(State.CHANGED)),
        "unchanged": counts[State.UNCHANGED],
        "refused": counts[State.REFUSED],
        "founded": [name for name, _ in comparison.founded],
        "fingerprint": comparison.fingerprint,
    }


def preview_of(comparison: Comparison) -> dict[str, Any]:
    """Everything the preview page shows."""
    roster = comparison.roster
    in_file = {line.branch.pk for line in comparison.lines if line.branch}
    differs = [line for line in comparison.lines if line.transfer_to]
    return {
        "tables": [
            {
                "sheet": table.sheet,
                "header": list(table.header_rows),
                "first": table.data[0][0] if table.data else 0,
                "last": table.data[-1][0] if table.data else 0,
                "rows": len(table.data),
            }
            for table in roster.tables
        ],
        "other_sheets": roster.other_sheets,
        "skipped": [
            {"place": f"{s.sheet}第{s.row}行", "reason": s.reason, "text": s.text[:80]} for s in roster.skipped
        ],
        "ignored": [{"place": i.place, "message": i.message} for i in roster.notes],
        "branches": len(in_file),
        "founded": [list(pair) for pair in comparison.founded],
        "missing": [list(row) for row in comparison.missing],
        "beyond": list(comparison.beyond),
        "new": [_new(line) for line in comparison.of(State.NEW)],
        "changed": [_changed(line) for line in comparison.of(State.CHANGED)],
        "unchanged": [_who(line) for line in comparison.of(State.UNCHANGED)],
        "refused": [_refused(line, issue) for line in comparison.of(State.REFUSED) for issue in line.row.errors],
        "repairs": _repairs(comparison),
        "hints": _hints(comparison),
        "transfers": [
            {**_who(line), "from": line.branch_name, "to": line.transfer_to.name, "to_id": line.transfer_to.pk}
            for line in differs
            if line.transfer_to
        ],
        "posts": [],
    }


def post_proposals(comparison: Comparison) -> list[list[Any]]:
    """[identity of the line's member, 党内职务]: who the sheet says holds a post, known once the people are written."""
    return [
        [line.row.values["id_number"], line.row.values["party_post"]]
        for line in comparison.lines
        if line.row.values.get("party_post") and line.state != State.REFUSED
    ]


def _place(line: Line) -> str:
    return f"第{line.row.row}行"


def _who(line: Line) -> dict[str, Any]:
    return {
        "name": line.row.name,
        "member": line.member.pk if line.member else None,
        "branch": line.branch_name or (line.member.branch.name if line.member else ""),
        "place": _place(line),
    }


def _new(line: Line) -> dict[str, Any]:
    values = values_of(line)
    shown = ("gender", "id_number", "mobile", "member_type", "joined_on")
    return {
        **_who(line),
        "key": line.key,
        "branch_id": line.branch.pk if line.branch else None,
        "joined": values["joined_on"].isoformat(),
        "founded": line.branch is None,
        **{name: facts.shown(name, values[name]) for name in shown},
    }


def _changed(line: Line) -> dict[str, Any]:
    pairs = [
        [facts.title(name), facts.shown(name, old), facts.shown(name, new)] for name, (old, new) in line.changes.items()
    ]
    return {**_who(line), "changes": pairs}


def _refused(line: Line, issue: Issue) -> dict[str, Any]:
    value = issue.before or (facts.shown(issue.field, raw) if (raw := line.row.raw.get(issue.field, "")) else "")
    return {"name": line.row.name, "place": issue.place, "value": value, "message": issue.message, "code": issue.code}


def _repairs(comparison: Comparison) -> list[dict[str, Any]]:
    """Values that were read otherwise than they stand; the same repair of a branch name is said once."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for issue in _row_warnings(comparison):
        if not _is_repair(issue):
            continue
        same = (issue.code, issue.before, issue.after) if issue.field in {"branch", "group"} else (id(issue),)
        entry = found.setdefault(
            same,
            {
                "title": facts.title(issue.field),
                "before": issue.before,
                "after": issue.after,
                "message": issue.message,
                "place": f"第{issue.row}行{issue.column}列" if issue.column else f"第{issue.row}行",
                "code": issue.code,
                "count": 0,
            },
        )
        entry["count"] += 1
        if entry["count"] > 1:
            entry["place"] = f"{issue.column}列" if issue.column else ""
    return list(found.values())


def _hints(comparison: Comparison) -> list[dict[str, Any]]:
    """Warnings that changed nothing: what a person should look at."""
    rows = {id(issue): line for line in comparison.lines for issue in line.row.warnings}
    hints = [
        {**_who(rows[id(issue)]), "place": issue.place, "message": issue.message, "code": issue.code}
        for issue in _row_warnings(comparison)
        if not _is_repair(issue) and not rows[id(issue)].transfer_to
    ]
    general = [i for i in comparison.notes if i.code not in {"column_unknown", "column_repeated", "branch_new"}]
    hints += [{"name": "", "member": None, "place": i.place, "message": i.message, "code": i.code} for i in general]
    return hints


def _is_repair(issue: Issue) -> bool:
    return bool(issue.after) and issue.before != issue.after and issue.code not in _DECISIONS


def _row_warnings(comparison: Comparison) -> Iterable[Issue]:
    return (issue for line in comparison.lines for issue in line.row.warnings)
