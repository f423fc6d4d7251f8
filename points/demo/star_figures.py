"""What the Party office entered for the star ratings: figures of lines without a register, honours, an incident."""

import random
import uuid
from datetime import date
from typing import Any, Final

from django.db.models import Count

from members.models import Member, MembershipEvent
from points.choices import MarkKind, MarkLevel
from points.demo.people import Hospital
from points.demo.shape import BRANCHES, BranchPlan
from points.models import LineRecord, StarMark

SOURCES: Final = {
    "secretary": "党务干部培训台账",
    "heart_talks": "谈心谈话登记本",
    "overdue_cases": "组织关系转接台账",
    "dues_collected": "党费收缴台账",
    "dues_on_time": "党费收缴台账",
    "dues_published": "党费收缴公示",
    "letters": "党风廉政建设责任书存档",
    "risks": "廉政风险点排查表",
    "ethics": "医德医风投诉登记",
    "project": "书记党建项目档案",
    "practical_items": "为群众办实事清单",
    "volunteer": "志愿服务统计表",
    "pairing": "结对共建协议和活动记录",
    "posts": "先锋岗、示范岗考核表",
    "brand": "支部品牌申报材料",
    "space": "党员活动阵地检查表",
}
MARKS: Final = (  # branch, kind, level, stars, what, by whom, document, month and day
    (
        "JG01",
        MarkKind.BONUS,
        MarkLevel.COUNTY,
        None,
        "区级先进基层党组织",
        "江州市卫生健康委员会",
        "江卫党〔{}〕12号",
        (6, 28),
    ),
    ("NK01", MarkKind.INNOVATION, "", None, "“心”动力支部品牌", "江州市人民医院党委", "江医党〔{}〕21号", (5, 20)),
    (
        "YJ02",
        MarkKind.BONUS,
        MarkLevel.INNOVATION_ADOPTED,
        None,
        "一站式检查预约做法",
        "江州市卫生健康委员会",
        "江卫办〔{}〕33号",
        (8, 14),
    ),
    (
        "WK02",
        MarkKind.DEDUCTION,
        MarkLevel.OVERDUE_INSTRUCTION,
        None,
        "上级督办事项逾期",
        "江州市人民医院党委",
        "江医党办〔{}〕40号",
        (9, 10),
    ),
    ("WG01", MarkKind.ABOVE, "", 4, "市四星级基层党组织", "中共江州市委组织部", "江组〔{}〕18号", (7, 1)),
)


def add_star_figures(hospital: Hospital, today: date) -> None:
    """Both years; of this one what the office has entered so far."""
    for year in (today.year - 1, today.year):
        months = 12 if year < today.year else today.month - 1
        _figures(hospital, year, months)
        _marks(hospital, year, today)


def _figures(hospital: Hospital, year: int, months: int) -> None:
    heads = dict(
        Member.objects.current().order_by().values("branch").annotate(n=Count("pk")).values_list("branch", "n")
    )
    admitted = dict(
        MembershipEvent.objects.standing()
        .filter(kind="admitted", recorded_on__year=year)
        .order_by()
        .values("branch")
        .annotate(n=Count("pk"))
        .values_list("branch", "n")
    )
    rows = []
    for plan in BRANCHES:
        branch = hospital.branches[plan.code]
        rng = random.Random(f"stars {plan.code} {year}")
        values = _values(plan, rng, heads.get(branch.pk, 0), months)
        if n := admitted.get(branch.pk, 0):
            high = sum(rng.random() < 0.5 for _ in range(n))
            values["high_level"] = {"high": high, "admitted": n}
            values["development_plan"] = {"admitted": n, "plan": n + (rng.random() < 0.3)}
            values["development_steps"] = {"late": int(rng.random() > plan.punctuality), "steps": 12 * n}
        rows += [
            LineRecord(
                branch=branch,
                year=year,
                fact=fact,
                values=figures,
                source=f"{year}年{SOURCES.get(fact, '发展党员工作台账')}",
                entered_by=hospital.office,
            )
            for fact, figures in values.items()
        ]
    LineRecord.objects.bulk_create(rows)


def _values(plan: BranchPlan, rng: random.Random, heads: int, months: int) -> dict[str, dict[str, Any]]:
    good, prompt = plan.diligence, plan.punctuality
    dues = heads * months * 60

    def of(whole: int, share: float) -> int:
        return min(whole, round(whole * min(1.0, share + rng.uniform(-0.03, 0.02))))

    found: dict[str, dict[str, Any]] = {
        "secretary": {"double_leader": rng.random() < 0.7, "trained": rng.random() < good},
        "heart_talks": {"talked": of(heads, good * (0.75 + months / 48)), "members": heads},
        "overdue_cases": {"overdue": int(rng.random() > prompt)},
        "dues_collected": {"received": of(dues, 0.995), "expected": dues},
        "dues_on_time": {"on_time": of(heads * months, prompt + 0.03), "due": heads * months},
        "letters": {"signed": heads, "required": heads},
        "risks": {"reviewed": of(12, good), "registered": 12},
        "ethics": {"complaints": int(rng.random() > good + 0.02), "cases": 0},
        "practical_items": {"accepted": of(4, good * 0.9), "planned": 4},
        "volunteer": {"hours": str(round(heads * 8 * months / 12 * good * rng.uniform(0.8, 1.1), 1)), "members": heads},
        "pairing": {"active": True, "activities": rng.choice((1, 2, 2, 3))},
        "posts": {"holds": True, "reviewed": rng.random() < good},
        "brand": {"brand": rng.random() < 0.6, "method": rng.random() < 0.7},
    }
    if months == 12:
        found["dues_published"] = {"published": rng.random() < good}
        found["project"] = {"filed": True, "mid_term": True, "accepted": rng.random() < good - 0.1}
        found["space"] = {"stars": rng.choice((3, 3, 4, 5))}
    else:
        found["project"] = {"filed": True, "mid_term": rng.random() < good, "accepted": False}
    return found


def _marks(hospital: Hospital, year: int, today: date) -> None:
    rows = []
    for code, kind, level, stars, title, by, document, (month, day) in MARKS:
        happened = date(year, month, day)
        if happened > today:
            continue
        rows.append(
            StarMark(
                branch=hospital.branches[code],
                year=year,
                kind=kind,
                level=level,
                stars=stars,
                title=title,
                decided_by=by,
                document_no=document.format(year),
                happened_on=happened,
                entered_by=hospital.office,
                form_key=uuid.uuid5(uuid.NAMESPACE_OID, f"{code} {kind} {year}"),
            )
        )
    StarMark.objects.bulk_create(rows)
