"""Forms of motions, elections and the people left out of those who should attend."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from crispy_forms.layout import Div
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from activities.choices import ElectionBody, ExclusionReason, MotionKind, VoteMethod
from activities.models import Attendance, Session
from activities.votes.elections import POSTS, CountData, ElectionData
from activities.votes.quorum import WRITTEN_OPINIONS
from activities.votes.voting import COUNTS, MotionData
from branches.forms import day_field, layout

MOST: Final = 9999


def number_field(label: str, **kwargs: Any) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric", "min": 0, "max": MOST})
    errors = {"invalid": "请填写数字。", "min_value": "不能为负数。", "max_value": "数字太大。"}
    return forms.IntegerField(
        label=label, min_value=0, max_value=MOST, required=False, widget=widget, error_messages=errors, **kwargs
    )


def _when(one: Session) -> str:
    """第2场，11月12日20:30"""
    local = timezone.localtime(one.starts_at)
    return f"{one}，{local.month}月{local.day}日{local:%H:%M}"


class MotionForm(forms.Form):
    kind = forms.ChoiceField(
        label="类别", error_messages={"required": "请选择类别。", "invalid_choice": "请选择类别。"}
    )
    method = forms.ChoiceField(label="表决方式", choices=VoteMethod, help_text="接收和转正必须采用无记名投票。")
    text = forms.CharField(label="议题", max_length=300, error_messages={"required": "请填写议题。"})
    subject = forms.CharField(label="表决对象", max_length=30, required=False, help_text="逐人表决，一人一项。")
    session = forms.TypedChoiceField(label="场次", required=False, coerce=int, empty_value=None)
    issued = number_field("发出票")
    returned = number_field("收回票")
    yes = number_field("赞成")
    no = number_field("反对")
    abstain = number_field("弃权")
    invalid = number_field("无效票")
    written_yes = number_field("书面同意", help_text="会前送达、没有到会的党员。")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, matters: Iterable[MotionKind], sessions: Collection[Session], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(matter.value, matter.label) for matter in matters]
        if sessions:
            self.fields["session"].choices = [("", "请选择"), *((one.pk, _when(one)) for one in sessions)]
        else:
            del self.fields["session"]
        self.helper = layout(
            Div("kind", "method", css_class="fields is-2"),
            "text",
            Div("subject", css_class="if-person"),
            *(["session"] if sessions else []),
            Div("issued", "returned", "invalid", css_class="fields is-3 is-pair-phone if-ballots"),
            Div("yes", "no", "abstain", css_class="fields is-3 is-pair-phone"),
            Div("written_yes", css_class="fields is-3 is-pair-phone if-person"),
            "version",
            "form_key",
        )

    def motion(self) -> MotionData:
        """What is typed, as far as it can be read: hidden fields of another method or matter count as empty."""
        data = self.cleaned_data
        counts = {name: data.get(name) or 0 for name in COUNTS}
        if data.get("method") == VoteMethod.SHOW_OF_HANDS:
            counts |= {"issued": 0, "returned": 0, "invalid": 0}
        kind = data.get("kind", "")
        person = kind in WRITTEN_OPINIONS
        if not person:
            counts["written_yes"] = 0
        return MotionData(
            kind=kind,
            text=data.get("text", ""),
            method=data.get("method", ""),
            subject=data.get("subject", "") if person else "",
            session_id=data.get("session"),
            **counts,
        )


class ExclusionForm(forms.Form):
    member = forms.TypedChoiceField(
        label="党员",
        coerce=int,
        error_messages={"required": "请选择党员。", "invalid_choice": "请从本次会议应到人员里选择。"},
    )
    reason = forms.ChoiceField(
        label="情形", choices=ExclusionReason, help_text="最后一种不适用于接收预备党员和预备党员转正。"
    )
    consent = forms.CharField(
        label="上级同意依据",
        max_length=100,
        help_text="文号。",
        error_messages={"required": "须经上级党组织同意，请填写文号。"},
    )
    adopted = forms.BooleanField(
        label="已经支部党员大会通过", required=False, help_text="没有通过的，仍计入应到会人数。"
    )

    def __init__(self, *args: Any, people: Iterable[Attendance], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["member"].choices = [("", "请选择"), *((row.member_id, row.name) for row in people)]
        self.helper = layout("member", "reason", "consent", "adopted")


class ElectionForm(forms.Form):
    body = forms.ChoiceField(label="选举什么", error_messages={"required": "请选择。", "invalid_choice": "请选择。"})
    seats = forms.IntegerField(
        label="应选名额",
        min_value=1,
        max_value=99,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": 1}),
        error_messages={"required": "请填写应选名额。", "invalid": "请填写数字。", "min_value": "至少1名。"},
    )
    by_election = forms.BooleanField(label="届中补选", required=False, help_text="补选不改变本届任期。")
    session = forms.TypedChoiceField(label="场次", required=False, coerce=int, empty_value=None)
    term_number = forms.IntegerField(
        label="届次", required=False, min_value=1, max_value=99, help_text="不填顺延上一届。"
    )
    term_from = day_field("任期开始", required=False, help_text="不设支委会的支部选举书记时也填写。")
    term_to = day_field("任期届满", required=False, help_text="不填按规定年限。")
    approval = forms.CharField(
        label="上级批复文号", max_length=60, required=False, help_text="未批复可先不填，批复后由党委办公室登记。"
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, bodies: Iterable[ElectionBody], sessions: Collection[Session], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].choices = [(body.value, body.label) for body in bodies]
        if sessions:
            self.fields["session"].choices = [("", "请选择"), *((one.pk, _when(one)) for one in sessions)]
        else:
            del self.fields["session"]
        self.helper = layout(
            Div("body", "seats", css_class="fields is-2"),
            "by_election",
            *(["session"] if sessions else []),
            Div("term_number", "approval", "term_from", "term_to", css_class="fields is-2 if-term"),
            "version",
            "form_key",
        )

    def election(self, posted: QueryDict) -> ElectionData:
        data = self.cleaned_data
        return ElectionData(
            body=data["body"],
            seats=data["seats"],
            candidates=candidates_of(posted, data["body"]),
            by_election=data["by_election"],
            session_id=data.get("session"),
            term_number=data["term_number"],
            term_from=data["term_from"],
            term_to=data["term_to"],
            approval=data["approval"],
        )


def candidates_of(posted: QueryDict, body: str) -> dict[int, str]:
    """User id -> post meant for the person; only a committee divides posts."""
    known = {post.value for post in POSTS}
    found = {}
    for value in posted.getlist("candidate"):
        if value.isdecimal() and len(value) < 18:
            post = posted.get(f"post-{value}", "")
            found[int(value)] = post if post in known and body == ElectionBody.COMMITTEE else ""
    return found


def parse_count(posted: QueryDict, listed: Iterable[int], writes: int) -> CountData:
    """The count form as typed; raises ValidationError for what is no number."""
    return CountData(
        issued=_number(posted, "issued"),
        returned=_number(posted, "returned"),
        invalid=_number(posted, "invalid"),
        votes={
            pk: (_number(posted, f"yes-{pk}"), _number(posted, f"no-{pk}"), _number(posted, f"abstain-{pk}"))
            for pk in listed
        },
        written=_written(posted, writes),
        scrutineers=posted.get("scrutineers", "")[:60],
        tellers=posted.get("tellers", "")[:60],
        fewer_seats=posted.get("fewer_seats") == "1",
    )


def _written(posted: QueryDict, writes: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for n in range(1, writes + 1):
        person = posted.get(f"write-{n}", "")
        if person.isdecimal() and len(person) < 18:
            if int(person) in found:
                raise ValidationError({"written": "同一名另选人只填一行。"})
            found[int(person)] = _number(posted, f"wrote-{n}")
    return {pk: yes for pk, yes in found.items() if yes}


def _number(posted: QueryDict, name: str) -> int:
    text = posted.get(name, "").strip()
    if not text:
        return 0
    if not text.isdecimal() or len(text) > 4:
        raise ValidationError({"counts": "票数应是不小于0的整数。"})
    return int(text)
