"""What the tests of signing in share: a filled form, and what a person does at the door."""

from datetime import date, timedelta

from django.utils import timezone

from activities.attendance import sign_codes, sign_in
from activities.choices import Kind
from activities.models import Attendance
from activities.records.drafting import ActivityData
from tests.factories import at

DAY = date(2026, 11, 22)
START = at(DAY, 16, 30)


def form_of(branch, secretary, absences=None, version=None, **fields):
    words = {
        "branch": branch,
        "kinds": (Kind.THEME_DAY,),
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "topic": "冬季志愿导诊",
        "place": "会议室",
        "chair": secretary,
        "minutes": "学习有关要求。",
        "absences": absences or {},
        "version": version,
    }
    return ActivityData(**{**words, **fields})


def scan(activity, member, at_=None):
    return sign_in.sign_by_scan(activity=activity, user=member.user, scanned_at=at_ or timezone.now())


def row(activity, member):
    return Attendance.objects.get(activity=activity, member=member)


def states(activity):
    return sorted(activity.attendances.values_list("status", "reason", "signed_by"))


def digits(opened):
    return sign_codes.code(opened.secret, opened.pk, timezone.now())


def wrong(opened):
    return f"{(int(digits(opened)) + 1) % 1_000_000:06d}"
