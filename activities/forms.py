"""The form of a record, the filters of the list, and the small forms of decisions."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from activities.attendance.people import people_to_name
from activities.choices import GATHERING_CHOICES, AbsenceReason, ActivityState, AttendanceStatus, Kind
from activities.models import Activity
from activities.records.drafting import Absence, ActivityData
from activities.search import SPANS
from branches.forms import day_in_range
from branches.models import Branch, User

REASONS: Final = AbsenceReason.choices
FAR: Final = (dt.date(1949, 10, 1), dt.date(2100, 1, 1))


def parse_absences(data: QueryDict | Mapping[str, Any]) -> dict[int, Absence]:
    """Who is ticked absent, or was given a reason without a tick (no script); unknown codes are none."""
    ticked = data.getlist("absent") if isinstance(data, QueryDict) else data.get("absent", [])
    found = {int(pk) for pk in ticked if str(pk).isdecimal()}
    found |= {int(key[7:]) for key in data if key.startswith("reason-") and key[7:].isdecimal() and data[key]}
    absences = {}
    for pk in found:
        reason = str(data.get(f"reason-{pk}", ""))
        reason = reason if reason in AbsenceReason.values else ""
        absences[pk] = Absence(reason, str(data.get(f"note-{pk}", ""))[:60])
    return absences


class ActivityForm(forms.Form):
    """Fields of one record. People come from the roll and are read by `parse_absences`, not by form fields.

    A draft needs its kind, day and start; what submission needs on top is the service's to say.
    """

    kind = forms.ChoiceField(
        label="活动类型", error_messages={"required": "请选择活动类型。", "invalid_choice": "请选择列出的活动类型。"}
    )
    also = forms.MultipleChoiceField(label="同时计作", required=False, choices=GATHERING_CHOICES)
    group = forms.ModelChoiceField(
        Branch.objects.none(),
        label="党小组",
        required=False,
        error_messages={"invalid_choice": "请选择本支部的党小组。"},
    )
    topic = forms.CharField(label="主题", max_length=100, required=False)
    date = forms.DateField(
        label="日期", error_messages={"required": "请填写日期。", "invalid": "请填写正确的日期，例如2026-11-25。"}
    )
    starts = forms.TimeField(
        label="开始", error_messages={"required": "请填写开始时间。", "invalid": "请填写正确的时间，例如16:30。"}
    )
    ends = forms.TimeField(label="结束", required=False, error_messages={"invalid": "请填写正确的时间，例如18:00。"})
    place = forms.CharField(label="地点", max_length=60, required=False)
    chair = forms.ModelChoiceField(User.objects.none(), label="主持人", required=False)
    recorder = forms.ModelChoiceField(
        User.objects.none(), label="记录人", error_messages={"required": "请选择记录人。"}
    )
    lecturer = forms.ModelChoiceField(User.objects.none(), label="主讲人", required=False)
    guest_lecturer = forms.CharField(label="院外主讲人", max_length=40, required=False)
    hours = forms.DecimalField(label="学时", max_digits=4, decimal_places=1, min_value=0, max_value=24, required=False)
    observers = forms.CharField(label="列席人员", max_length=200, required=False)
    minutes = forms.CharField(label="纪要", max_length=20000, required=False, strip=False)
    agenda = forms.CharField(label="议题", max_length=2000, required=False)
    version = forms.IntegerField(required=False)

    def __init__(
        self,
        *args: Any,
        branch: Branch,
        kinds: list[Kind],
        groups: list[Branch],
        activity: Activity | None = None,
        day: dt.date | None = None,
        user: User,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.branch = branch
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]
        self.fields["group"].queryset = Branch.objects.filter(pk__in=[group.pk for group in groups])
        lead = {activity.chair_id, activity.lecturer_id} if activity else set()
        own = lead if activity and not activity.host_id else set()  # of a part they are the host's people
        also = [activity.recorder_id] if activity else []
        self.people = people_to_name(branch, day or timezone.localdate(), user.pk, *also, *own)
        named = {person.pk for person in self.people}
        for name in ("chair", "recorder", "lecturer"):
            known = named if name == "recorder" else named | lead
            self.fields[name].queryset = User.objects.filter(pk__in=[pk for pk in known if pk])
            self.fields[name].error_messages["invalid_choice"] = "请从名单中选择。"

    def clean_date(self) -> dt.date:
        day = self.cleaned_data["date"]
        if not FAR[0] <= day <= FAR[1]:
            raise ValidationError("请填写正确的日期。")
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts, ends = data.get("starts"), data.get("ends")
        if starts and ends and ends <= starts:
            self.add_error("ends", "结束时间应晚于开始时间。")
        return data

    def activity_data(self) -> ActivityData:
        """What the valid form says."""
        data = self.cleaned_data
        main = data["kind"]
        kinds = (main, *(kind for kind in data["also"] if kind != main)) if main != Kind.GROUP_MEETING else (main,)

        def moment(clock: Any) -> dt.datetime:
            return timezone.make_aware(dt.datetime.combine(data["date"], clock))

        return ActivityData(
            branch=self.branch,
            kinds=kinds,
            group=data["group"],
            starts_at=moment(data["starts"]),
            ends_at=moment(data["ends"]) if data["ends"] else None,
            topic=" ".join(data["topic"].split()),
            place=data["place"],
            chair=data["chair"],
            recorder=data["recorder"],
            lecturer=data["lecturer"] if Kind.PARTY_LECTURE in kinds else None,
            guest_lecturer=data["guest_lecturer"] if Kind.PARTY_LECTURE in kinds else "",
            hours=data["hours"],
            observers=data["observers"],
            minutes=data["minutes"].replace("\r\n", "\n"),
            absences=parse_absences(self.data),
            version=data["version"],
            agenda="\n".join(line.strip() for line in data["agenda"].splitlines() if line.strip())
            if "agenda" in self.data
            else None,
        )


def initial_of(activity: Activity) -> dict[str, Any]:
    """The form's fields as a kept record fills them."""
    kinds = [row.kind for row in activity.kinds.all()]
    starts = timezone.localtime(activity.starts_at)
    return {
        "kind": kinds[0] if kinds else "",
        "also": kinds[1:],
        "group": activity.group_id,
        "topic": activity.topic,
        "date": f"{starts:%Y-%m-%d}",
        "starts": f"{starts:%H:%M}",
        "ends": f"{timezone.localtime(activity.ends_at):%H:%M}" if activity.ends_at else "",
        "place": activity.place,
        "chair": activity.chair_id,
        "recorder": activity.recorder_id,
        "lecturer": activity.lecturer_id,
        "guest_lecturer": activity.guest_lecturer,
        "hours": activity.hours,
        "observers": activity.observers,
        "minutes": activity.minutes,
        "agenda": activity.agenda,
    }


def absences_of(activity: Activity) -> dict[int, Absence]:
    return {
        row.member_id: Absence(row.reason, row.note)
        for row in activity.attendances.all()
        if row.status != AttendanceStatus.PRESENT
    }


def uuid_of(text: str) -> uuid.UUID:
    """The form's key as it came; a mangled one makes a new form."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()


SORTS: Final = {
    "-date": ("-starts_at", "-pk"),
    "date": ("starts_at", "pk"),
    "branch": ("branch__path", "-starts_at"),
    "state": ("state", "-starts_at"),
}


class ActivityFilterForm(forms.Form):
    """Filters of the list; what cannot be read filters nothing."""

    q = forms.CharField(required=False, max_length=60)
    kind = forms.ChoiceField(required=False, choices=[("", "全部类型"), *GATHERING_CHOICES])
    state = forms.ChoiceField(
        required=False,
        choices=[("", "全部状态"), *((s.value, s.label) for s in ActivityState if s != ActivityState.PLANNED)],
    )
    branch = forms.ModelChoiceField(Branch.objects.none(), required=False)
    person = forms.CharField(required=False, max_length=30)
    span = forms.ChoiceField(required=False, choices=[("", "全部时间"), *((k, s[2]) for k, s in SPANS.items())])
    month = forms.DateField(required=False, input_formats=["%Y-%m"], validators=[day_in_range])
    since = forms.DateField(required=False, validators=[day_in_range])
    until = forms.DateField(required=False, validators=[day_in_range])
    sort = forms.ChoiceField(required=False, choices=[(key, key) for key in SORTS])
    backfilled = forms.BooleanField(required=False)

    def __init__(self, *args: Any, branches: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        self.is_valid()

    @property
    def active(self) -> bool:
        return any(value for name, value in self.cleaned_data.items() if name != "sort")

    @property
    def folded(self) -> bool:
        """Is a condition in use that stands behind 更多条件?"""
        return any(self.cleaned_data.get(name) for name in self.fields if name not in ("q", "kind", "state", "branch"))
