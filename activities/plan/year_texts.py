"""What year plan and year summary are filled with before anyone writes: the plan's items, the records' numbers.

Facts only. What the branch thinks of them stays to be written; the places for that are empty headings.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Final

from django.db.models import Count, Q, Sum
from django.utils import timezone

from activities.choices import Kind, PlanState, YearDocumentKind, YearDocumentState
from activities.models import Activity, ActivityMonth, PlanItem, YearDocument
from activities.plan.periods import period_label
from activities.rules import percent
from branches.models import Branch
from config.documents.content import Document, Heading, Paragraph, Signature

NUMERALS: Final = "一二三四五六七八九"
CONFIRMED: Final = ("confirmed", "archived")
Counts = dict[str, dict[str, int]]


def first_text(*, branch: Branch, year: int, kind: str, today: date) -> str:
    """The text a new document begins with. At most four statements."""
    if kind == YearDocumentKind.PLAN:
        return plan_text(branch, year)
    return summary_text(branch, year, today)


def plan_text(branch: Branch, year: int) -> str:
    """The applicable items of the year by the month they are due in, with planned days and topics."""
    rows = PlanItem.objects.filter(branch=branch, start__year=year).exclude(state=PlanState.NOT_APPLICABLE)
    months: dict[int, list[PlanItem]] = defaultdict(list)
    for item in rows.select_related("group").order_by("due", "kind", "group__path"):
        months[item.due.month].append(item)
    lines = [f"一、{year}年工作目标", "", "二、规定动作安排"]
    lines += [f"（{month}月）" + "；".join(_planned(months[month])) + "。" for month in sorted(months)]
    if not months:
        lines.append("（规定动作计划清单尚未生成）")
    return "\n".join([*lines, "", "三、重点工作和特色安排", "", "四、保障措施", ""])


def _planned(items: list[PlanItem]) -> list[str]:
    """Items of one month in words; the groups of a branch without days or topics of their own are told once."""
    found: list[str] = []
    for item in items:
        words = item.name if item.period == "month" else f"{period_label(item.period, item.start)}{item.name}"
        if item.pushed_id:
            words = f"{item.name}（党委布置，{item.due.month}月{item.due.day}日前）"
        extra = [f"{item.planned_on.month}月{item.planned_on.day}日"] if item.planned_on else []
        extra += [f"主题：{item.topic}"] if item.topic else []
        if item.group and extra:
            extra.insert(0, item.group.name)
        words += f"（{'，'.join(extra)}）" if extra else ""
        if words not in found:
            found.append(words)
    return found


def summary_text(branch: Branch, year: int, today: date) -> str:
    """Counts and rates of the year up to `today`: what was owed and done, held, and who came."""
    until = min(today, date(year, 12, 31))
    owed = _owed(branch, year, until)
    held = _held(branch, year)
    people = ActivityMonth.objects.filter(branch=branch, month__year=year).aggregate(
        expected=Sum("expected"), present=Sum("present")
    )
    required, done = (sum(row[name] for row in owed.values()) for name in ("required", "done"))
    late, excused = (sum(row[name] for row in owed.values()) for name in ("late", "excused"))
    lines = [f"一、规定动作完成情况（截至{until.year}年{until.month}月{until.day}日）"]
    if required:
        rate = percent(done, required)
        lines.append(f"到期应完成{required}项，已完成{done}项，完成率{rate}%；其中迟交{late}项。")
    else:
        lines.append("本年没有到期的规定动作。")
    if excused:
        lines.append(f"另有{excused}项说明了未召开的原因，经同意不作要求。")
    for kind in (one for one in Kind if one in owed and owed[one]["required"]):
        row = owed[kind]
        lines.append(f"{Kind(kind).label}：应完成{row['required']}项，已完成{row['done']}项。")
    lines += ["", "二、组织生活开展情况"]
    lines += [f"{Kind(kind).label}{held[kind]}次。" for kind in Kind if kind in held] or ["本年没有已确认的活动记录。"]
    if people["expected"]:
        rate = percent(people["present"], people["expected"])
        lines.append(f"应到{people['expected']}人次，实到{people['present']}人次，出席率{rate}%。")
    return "\n".join([*lines, "", "三、主要做法和成效", "", "四、存在的问题", "", "五、下一步打算", ""])


def _owed(branch: Branch, year: int, until: date) -> Counts:
    rows = PlanItem.objects.filter(branch=branch, start__year=year, due__lte=until).order_by()
    excused = Q(state=PlanState.NOT_HELD)
    counts = (
        rows.exclude(state=PlanState.NOT_APPLICABLE)
        .values("kind")
        .annotate(
            required=Count("pk", filter=~excused),
            done=Count("pk", filter=Q(state=PlanState.CONFIRMED)),
            late_n=Count("pk", filter=Q(state=PlanState.CONFIRMED, late=True)),
            excused=Count("pk", filter=excused),
        )
    )
    return {
        row["kind"]: {name: row[name] for name in ("required", "done", "excused")} | {"late": row["late_n"]}
        for row in counts
    }


def _held(branch: Branch, year: int) -> dict[str, int]:
    records = Activity.objects.filter(branch=branch, starts_at__year=year, state__in=CONFIRMED).order_by()
    return {row["kinds__kind"]: row["n"] for row in records.values("kinds__kind").annotate(n=Count("pk"))}


def document_of(written: YearDocument) -> Document:
    """The paper: title, text, who signs; a heading is a line that begins with 一、."""
    branch = written.branch.name
    title = f"{branch}{written.year}{YearDocumentKind(written.kind).label}"
    blocks = [block_of(line) for line in written.text.split("\n") if line.strip()]
    signed = [Signature(branch)]
    if written.state == YearDocumentState.APPROVED and written.decided_at:
        day = timezone.localdate(written.decided_at)
        signed.append(Signature(f"党委审批：同意　{day.year}年{day.month}月{day.day}日"))
    else:
        signed.append(Signature("年　　月　　日"))
    return Document.of(title, Heading(title, 0), *blocks, *signed)


def block_of(line: str) -> Heading | Paragraph:
    line = line.strip()
    return Heading(line) if line[0] in NUMERALS and line[1:2] == "、" else Paragraph(line)


def months_of(items: Iterable[PlanItem]) -> dict[int, list[PlanItem]]:
    """Items by the month they are due in, as the year view shows them."""
    found: dict[int, list[PlanItem]] = {month: [] for month in range(1, 13)}
    for item in items:
        found[item.due.month].append(item)
    return found
