"""The monthly bulletin (工作通报): what each branch did of what fell due, what came late, what was sent back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from django.db.models import Sum

from activities.choices import Kind, PlanState, short_label
from activities.models import ActivityMonth, PlanItem
from activities.rules import percent
from branches.choices import Capability
from branches.models import Branch
from branches.office.kinds import Asked, NothingToReport
from config.documents.content import Block, Column, Document, Heading, Paragraph, Signature, Table, Value
from config.templatetags.ui import cn_date

C = Capability.ACTIVITY_VIEW
OWED: Final = frozenset({PlanState.OPEN, PlanState.DRAFT, PlanState.NOT_HELD_ASKED})


@dataclass
class Tally:
    """Required actions that fell due; `open` are the names of those nothing was handed in for, and so on."""

    required: int = 0
    done: int = 0
    excused: int = 0
    submitted: int = 0
    late: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    expected: int = 0
    present: int = 0

    @property
    def in_time(self) -> int:
        return self.done - len(self.late)

    @property
    def is_clean(self) -> bool:
        return bool(self.required) and self.in_time == self.required

    def add(self, name: str, state: str, *, late: bool) -> None:
        if state == PlanState.NOT_HELD:
            self.excused += 1
            return
        self.required += 1
        if state == PlanState.CONFIRMED:
            self.done += 1
            if late:
                self.late.append(name)
        elif state == PlanState.SUBMITTED:
            self.submitted += 1
        elif state == PlanState.RETURNED:
            self.returned.append(name)
        elif state in OWED:
            self.open.append(name)


def bulletin(asked: Asked) -> Document:
    """Three statements for any number of branches."""
    branches = asked.branches(C)
    by_branch = {branch.pk: Tally() for branch in branches}
    by_kind: dict[Kind, Tally] = {}
    items = asked.rows(PlanItem.objects.all(), C).filter(due__range=(asked.start, asked.end), branch__in=branches)
    for item in items.exclude(state=PlanState.NOT_APPLICABLE).order_by("due", "pk"):
        name = item.title or short_label(item.kind)
        for tally in (by_branch[item.branch_id], by_kind.setdefault(Kind(item.kind), Tally())):
            tally.add(name, item.state, late=item.late)
    months = asked.rows(ActivityMonth.objects.all(), C).filter(month__range=(asked.start, asked.end)).order_by()
    for row in months.filter(branch__in=branches).values("branch").annotate(e=Sum("expected"), p=Sum("present")):
        by_branch[row["branch"]].expected, by_branch[row["branch"]].present = row["e"], row["p"]
    lines = [(branch, by_branch[branch.pk]) for branch in branches]
    if not any(tally.required or tally.expected for _, tally in lines):
        raise NothingToReport
    return bulletin_document(asked.node.name, asked.period, asked.today, lines, by_kind)


def bulletin_document(
    node: str, period: str, today: date, lines: list[tuple[Branch, Tally]], by_kind: Mapping[Kind, Tally]
) -> Document:
    title = f"关于{period}规定动作完成情况的通报"
    blocks: list[Block] = [
        Heading(title, 0),
        Paragraph("各党支部：", indent=False),
        Paragraph(f"现将{period}各党支部组织生活和规定动作完成情况通报如下。"),
        Heading("一、总体情况"),
        *(Paragraph(text) for text in _overall([tally for _, tally in lines], period, today)),
        Heading("二、按时完成的党支部"),
        Paragraph(_clean(lines)),
        Heading("三、需要改进的党支部"),
        *(Paragraph(text) for text in _faults(lines)),
        Heading("四、有关要求"),
        *(Paragraph(text) for text in _demands([tally for _, tally in lines])),
        Signature(node),
        Signature(cn_date(today)),
        Heading("附表1　各党支部完成情况"),
        Table(
            _columns("党支部", 34), tuple(_row(branch.name, tally) for branch, tally in lines), "各党支部", size=10.5
        ),
        Heading("附表2　各项规定动作完成情况"),
        Table(
            _columns("规定动作", 34)[:-1],
            tuple(_row(short_label(kind), by_kind[kind])[:-1] for kind in Kind if kind in by_kind),
            "规定动作",
            size=10.5,
        ),
        Paragraph(
            "已完成以经他人确认的记录为准；经党委同意未开展的不计入应完成；各党小组分别计算。", indent=False, small=True
        ),
    ]
    return Document.of(title, *blocks)


def _sum(tallies: Iterable[Tally]) -> dict[str, int]:
    rows = list(tallies)
    return {
        "required": sum(one.required for one in rows),
        "done": sum(one.done for one in rows),
        "in_time": sum(one.in_time for one in rows),
        "late": sum(len(one.late) for one in rows),
        "returned": sum(len(one.returned) for one in rows),
        "submitted": sum(one.submitted for one in rows),
        "open": sum(len(one.open) for one in rows),
        "excused": sum(one.excused for one in rows),
        "expected": sum(one.expected for one in rows),
        "present": sum(one.present for one in rows),
    }


def _overall(tallies: list[Tally], period: str, today: date) -> Iterable[str]:
    n = _sum(tallies)
    if n["required"]:
        parts = [f"按时完成{n['in_time']}项", f"迟交{n['late']}项"]
        rest = [
            f"{word}{n[key]}项"
            for key, word in (("submitted", "已提交待确认"), ("returned", "退回待改"), ("open", "逾期未完成"))
            if n[key]
        ]
        yield (
            f"截至{cn_date(today)}，{len(tallies)}个党支部{period}到期应完成规定动作{n['required']}项，已完成{n['done']}项，"
            f"完成率{percent(n['done'], n['required'])}%，其中{'，'.join(parts)}。"
            + (f"另有{'，'.join(rest)}。" if rest else "")
        )
    else:
        yield f"{len(tallies)}个党支部{period}没有到期的规定动作。"
    if n["excused"]:
        yield f"另有{n['excused']}项说明了未召开的原因，经同意不作要求。"
    if n["expected"]:
        rate = percent(n["present"], n["expected"])
        yield f"已确认的活动应到{n['expected']}人次，实到{n['present']}人次，出席率{rate}%。"


def _clean(lines: list[tuple[Branch, Tally]]) -> str:
    names = [branch.name for branch, tally in lines if tally.is_clean]
    if not names:
        return "本期没有全部按时完成的党支部。"
    return f"规定动作全部按时完成的有{len(names)}个：{'、'.join(names)}。"


def _faults(lines: list[tuple[Branch, Tally]]) -> Iterable[str]:
    """One paragraph for each thing that is wrong: who, and with what."""
    sorts = (
        ("逾期未完成", lambda tally: tally.open),
        ("退回后尚未改好", lambda tally: tally.returned),
        ("迟交", lambda tally: tally.late),
    )
    found = 0
    for word, names in sorts:
        who = [f"{branch.name}（{_counted(names(tally))}）" for branch, tally in lines if names(tally)]
        if who:
            found += 1
            yield f"（{'一二三'[found - 1]}）{word}的有{len(who)}个：{'、'.join(who)}。"
    if not found:
        yield "本期没有逾期、退回或迟交的规定动作。"


def _counted(names: list[str]) -> str:
    """党课、党小组会2项"""
    return "、".join(
        name if names.count(name) == 1 else f"{name}{names.count(name)}项" for name in dict.fromkeys(names)
    )


def _demands(tallies: list[Tally]) -> Iterable[str]:
    n = _sum(tallies)
    if n["open"]:
        yield "请逾期未完成的党支部抓紧开展并及时登记；确实不能开展的，在平台上说明原因，报党委审核。"
    if n["returned"]:
        yield "请有退回记录的党支部按审核意见改好后重新提交。"
    if n["submitted"]:
        yield "请有待确认记录的党支部及时安排他人核对确认。"
    yield "各党支部要落实组织生活制度，按计划开展活动，如实、及时记录。"


def _columns(first: str, width: float) -> tuple[Column, ...]:
    return (
        Column(first, width),
        Column("应完成", 14, "center"),
        Column("按时", 13, "center"),
        Column("迟交", 13, "center"),
        Column("待确认", 14, "center"),
        Column("退回", 13, "center"),
        Column("逾期", 13, "center"),
        Column("完成率", 19, "center", percent=True, places=2),
        Column("出席率", 19, "center", percent=True, places=2),
    )


def _row(name: str, tally: Tally) -> tuple[Value, ...]:
    return (
        name,
        tally.required,
        tally.in_time,
        len(tally.late),
        tally.submitted,
        len(tally.returned),
        len(tally.open),
        share(tally.done, tally.required),
        share(tally.present, tally.expected),
    )


def share(part: int, whole: int) -> Decimal | None:
    """Between 0 and 1 for a column of per cents; nothing where nothing was asked for."""
    rate = percent(part, whole)
    return None if rate is None else rate / 100
