"""What the demo's last records hold beside their minutes: fields of their kinds, speeches, and matters decided."""

from datetime import date, timedelta
from typing import Any, Final

from activities.choices import Kind
from activities.models import SEEN_BY_MEMBERS, Activity, FollowUp, Speech
from activities.records.follow_ups import open_todos
from branches.models import Branch

DETAILS: Final[dict[str, dict[str, Any]]] = {
    Kind.THEME_DAY: {"flow": ["identity", "oath", "study", "discussion", "comment"], "dues_people": 26},
    Kind.COMMITTEE_MEETING: {"first_topic": "yes", "first_topic_text": "学习近期重要会议精神，结合医院工作交流体会。"},
    Kind.PARTY_LECTURE: {
        "lecturer_post": "支部书记",
        "lecturer_leads": "no",
        "activists": 2,
        "feedback": "大家结合岗位谈体会，建议多讲身边的事。",
    },
    Kind.WARNING_EDUCATION: {"case": "医药购销领域典型案例", "presenter": "纪检委员", "undertakings": 31},
}
SAID: Final = ("建议把志愿导诊排到周末，门诊人多。", "带教记录要当天写，月底统一检查。", "党员示范岗的职责要上墙。")
MATTERS: Final = (("补齐志愿服务台账", 12), ("更新支部党员联系方式", -6), ("拟定下季度党课计划", 25))


def add_contents(branch: Branch, today: date, records: int = 6) -> None:
    """Fill in the last records of `branch`; of its last general or committee meeting, three matters: one is late."""
    rows = list(
        Activity.objects.filter(branch=branch, state__in=SEEN_BY_MEMBERS)
        .prefetch_related("kinds", "attendances__member")
        .order_by("-starts_at")[:records]
    )
    speeches = []
    for activity in rows:
        kinds = [row.kind for row in activity.kinds.all()]
        activity.details = {kind: DETAILS[kind] for kind in kinds if kind in DETAILS}
        activity.agenda = "学习有关文件\n讨论支部近期工作"
        present = [row for row in activity.attendances.all() if row.status == "present"][:3]
        speeches += [
            Speech(activity=activity, number=n, name=row.name, member=row.member, points=text)
            for n, (row, text) in enumerate(zip(present, SAID, strict=False), 1)
        ]
    Activity.objects.bulk_update(rows, ["details", "agenda"])
    Speech.objects.bulk_create(speeches)
    if rows:
        last = rows[0]
        FollowUp.objects.bulk_create(
            FollowUp(activity=last, number=n, text=text, owner=last.recorder, due=today + timedelta(days=days))
            for n, (text, days) in enumerate(MATTERS, 1)
        )
        open_todos(last, last.recorder)
