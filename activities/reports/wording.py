"""How the sheets of the record book put things: days, absences, votes, matters decided."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from activities.attendance.sittings import Sat
from activities.models import Activity, Attendance, FollowUp, Session
from activities.votes.summary import vote_rows
from branches.models import Branch
from config.templatetags.ui import cn_date

NOT_COUNTED = "—"


def day(value: date | None) -> str:
    """As everywhere, but nothing for nothing: a pen may fill it in."""
    return cn_date(value) if value else ""


def clock(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%H时%M分}" if moment else "　　时　　分"


def span(starts: datetime, ends: datetime | None) -> str:
    """2026年11月11日16时30分—18时00分; the end is left for a pen where it is not known."""
    return f"{day(timezone.localdate(starts))}{clock(starts)}—{clock(ends)}"


def times(activity: Activity, sessions: Sequence[Session]) -> str:
    """Held several times: one line for each sitting."""
    if not sessions:
        return span(activity.starts_at, activity.ends_at)
    return "\n".join(f"{one}：{span(one.starts_at, one.ends_at)}" for one in sessions)


def held_with(organisers: tuple[Branch, Sequence[Branch]] | None) -> str:
    """联合举办：主办内科党支部，协办外科党支部、门诊党支部。"""
    if organisers is None:
        return ""
    host, cohosts = organisers
    return f"联合举办：主办{host.name}，协办{'、'.join(one.name for one in cohosts)}。"


def each_sitting(sats: Sequence[Sat], *, voting: bool = False) -> str:
    """（第1场12人，第2场6人）: who came to each, or who of them may vote; nothing for a gathering held once."""
    said = [f"{sat.session}{sat.voting if voting else len(sat.rows)}人" for sat in sats if sat.session]
    return f"（{'，'.join(said)}）" if said else ""


def absences(rows: Sequence[Attendance], with_names: bool) -> str:
    """张三（病假）、李四（因公）"""
    if not rows:
        return "无"
    if not with_names:
        return f"{len(rows)}人"
    return "、".join(f"{row.name}（{_why(row)}）" for row in rows)


def _why(row: Attendance) -> str:
    why = row.get_reason_display() if row.reason else row.get_status_display()
    return f"{why}，{row.note}" if row.note else why


def made_up(rows: Sequence[Attendance]) -> str:
    done = [row for row in rows if row.made_up_on]
    if not rows:
        return "无需补课"
    return "、".join(f"{row.name}（{row.made_up_on.month}月{row.made_up_on.day}日）" for row in done if row.made_up_on)


def votes(activity: Activity) -> list[tuple[str, ...]]:
    """One line a motion, and one a candidate of an election; what was not counted is a dash."""
    return [tuple(cell or NOT_COUNTED for cell in row) for row in vote_rows(activity)]


def resolution(number: int, one: FollowUp) -> str:
    """1. 事项（责任人：张三，2026年12月1日前；落实情况：已完成）"""
    parts = [
        f"责任人：{one.owner.name}" if one.owner else "",
        f"{day(one.due)}前" if one.due else "",
        f"{day(one.done_on)}完成" if one.done_on else "",
    ]
    said = "，".join(filter(None, parts))
    return f"{number}. {one.text}" + (f"（{said}）" if said else "")


def rectification(number: int, one: FollowUp) -> tuple[str, ...]:
    return (
        str(number),
        one.text,
        one.measure,
        one.owner.name if one.owner else "",
        day(one.due),
        day(one.done_on),
    )


def preparation(stored: Mapping[str, Any], studied: str) -> str:
    """集中学习2次；谈心谈话26人次；征求意见8条"""
    counts = (("集中学习", "studies", "次"), ("谈心谈话", "talks", "人次"), ("征求意见", "opinions", "条"))
    text = "；".join(f"{label}{stored.get(name, '＿＿')}{unit}" for label, name, unit in counts)
    return f"{text}（会前学习日期：{studied}）" if studied else text
