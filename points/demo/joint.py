"""A theme day that three branches of the demo held together: two have confirmed their part, one still waits."""

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from django.utils import timezone

from activities import services
from activities.choices import AbsenceReason, Kind
from activities.models import Activity
from activities.records.drafting import Absence, ActivityData
from activities.records.joint import with_common
from branches.choices import Role
from branches.models import User
from points.demo.gatherings import at, workday
from points.demo.people import Hospital

HOST: Final = "NK02"
CONFIRMED, WAITING = "MZ01", "WK01"
DAYS_AGO: Final = 6
TOPIC: Final = "“健康进社区”联合主题党日"
MINUTES: Final = """一、三个党支部的党员一起重温入党誓词，学习有关健康促进的文件。
二、分三组在社区开展义诊：测量血压血糖，讲解用药，登记需要随访的居民。
三、约定每季度开展一次，轮流牵头；下次由门急诊党支部联系场地。"""
DETAILS: Final = {Kind.THEME_DAY.value: {"flow": ["oath", "study"], "served": 41}}


def add_joint_day(hospital: Hospital, today: date) -> None:
    """Written by the services, after the rest: where that day is still ahead of the clock, nothing."""
    day = workday(today - timedelta(days=DAYS_AGO), today)
    if at(day, 15) > timezone.now():
        return
    secretary, organiser = _officers(hospital, HOST)
    data = ActivityData(
        branch=hospital.branches[HOST],
        kinds=(Kind.THEME_DAY,),
        starts_at=at(day, 14),
        ends_at=at(day, 16),
        topic=TOPIC,
        place="东湖社区党群服务中心",
        chair=secretary,
        recorder=secretary,
        minutes=MINUTES,
        details=DETAILS,
        cohosts=(hospital.branches[CONFIRMED], hospital.branches[WAITING]),
    )
    host = services.save_draft(activity=None, form_key=uuid.uuid4(), data=data, actor=secretary)
    _register(host, secretary)
    services.submit_activity(activity=host, actor=secretary)
    for code in (CONFIRMED, WAITING):
        part = Activity.objects.get(host=host, branch=hospital.branches[code])
        keeper, confirmer = _officers(hospital, code)
        _register(part, keeper)
        services.submit_activity(activity=part, actor=keeper)
        if code == CONFIRMED:
            services.confirm_activity(activity=part, actor=confirmer)
    services.confirm_activity(activity=host, actor=organiser)


def _officers(hospital: Hospital, code: str) -> tuple[User, User]:
    held = hospital.officers[code]
    return held[Role.BRANCH_SECRETARY], held[Role.ORGANISATION_MEMBER]


def _register(activity: Activity, keeper: User) -> None:
    """What its own people write into their half: every ninth was on duty."""
    rows = activity.attendances.exclude(member__user=keeper).order_by("pk")
    away = {pk: Absence(AbsenceReason.DUTY) for pk in list(rows.values_list("member", flat=True))[3::9]}
    blank = ActivityData(branch=activity.branch, kinds=(), starts_at=activity.starts_at, version=activity.version)
    data = replace(with_common(activity, blank), absences=away)
    services.save_draft(activity=activity, form_key=uuid.uuid4(), data=data, actor=keeper)
