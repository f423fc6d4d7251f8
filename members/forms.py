"""Forms of the roll. Branches to choose from are limited to the reader's scope."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from crispy_forms.layout import HTML, Div, Field
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from branches.choices import BranchLevel, Capability
from branches.forms import NodeChoice, day_field, layout
from branches.models import Branch, User
from members import facts
from members.arrivals import ORIGIN, ways_by_hand
from members.choices import Degree, EventKind, Gender, MembershipStatus, MemberType, StaffCategory, TitleLevel
from members.closing import has_closed_month
from members.codes import EDUCATION, ETHNICITY, JOB_POST
from members.identity import check_id
from members.models import Member

PROTECTED = ("id_number", "mobile", "phone", "address")
CLEAR = "无"  # typed into a protected field: the stored value goes


def home_branches(user: User, can: Capability) -> Any:
    """Branches somebody can be put into."""
    return Branch.objects.visible_to(user, can).branches().filter(dissolved_on__isnull=True)


def groups_of(branches: Any) -> Any:
    parents = [branch.path for branch in branches]
    groups = Branch.objects.within(parents) if parents else Branch.objects.none()
    return groups.filter(level=BranchLevel.GROUP, dissolved_on__isnull=True)


class _ByBranch(forms.models.ModelChoiceIterator):
    """The groups of each branch under its name; of one branch alone as a plain list."""

    def __iter__(self) -> Iterator[Any]:
        if not self.field.homes:
            yield from super().__iter__()
            return
        yield "", self.field.empty_label
        found: dict[str, list[Any]] = {}
        for group in self.queryset:
            found.setdefault(group.path[:-4], []).append(self.choice(group))
        yield from ((name, found[path]) for path, name in self.field.homes.items() if path in found)


class GroupChoice(forms.ModelChoiceField):
    """Groups under the name of their branch, unless there is only one branch.

    The form calls `limit` with the branches to choose from and names their field: a script then offers the groups of
    the chosen branch alone, and `check` says which branch a group is of when there was no script.
    """

    iterator = _ByBranch

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="党小组",
            queryset=Branch.objects.none(),
            required=False,
            empty_label="未编组",
            error_messages={"invalid_choice": "请选择本支部的党小组。"},
            **kwargs,
        )
        self.homes: dict[str, str] = {}

    def limit(self, branches: Any, *, follows: str = "") -> None:
        branches = list(branches)
        self.homes = {branch.path: branch.name for branch in branches} if len(branches) > 1 else {}
        self.queryset = groups_of(branches)
        if self.homes and follows:
            self.widget.attrs["data-follows"] = f"id_{follows}"

    def check(self, form: forms.Form, follows: str) -> None:
        group, branch = form.cleaned_data.get("group"), form.cleaned_data.get(follows)
        if group and branch and group.path[:-4] != branch.path:
            home = self.homes.get(group.path[:-4], "其他党支部")
            form.add_error("group", f"“{group.name}”属于{home}。请选择{branch.name}的党小组，或选“未编组”。")

    def label_from_instance(self, obj: Branch) -> str:
        return obj.name


def _choice(label: str, choices: Any, *, required: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=required,
        choices=[("", "请选择" if required else "未填写"), *choices],
        error_messages={"required": f"请选择{label}。"},
    )


def _text(label: str, length: int, *, required: bool = False, **kwargs: Any) -> forms.CharField:
    messages = {"required": f"请填写{label}。", "max_length": f"不能超过{length}个字。"}
    return forms.CharField(label=label, max_length=length, required=required, error_messages=messages, **kwargs)


class FactsForm(forms.Form):
    """The facts of a person, by the names of `members.facts`."""

    name = _text("姓名", 30, required=True)
    id_number = _text("公民身份号码", 18, required=True)
    gender = _choice("性别", Gender.choices)
    birth_date = day_field("出生日期", help_text="按档案填写。")
    ethnicity = _choice("民族", ETHNICITY.choices)
    mobile = _text("手机号", 20)
    phone = _text("固定电话", 30)
    address = _text("家庭住址", 200)
    police_station = _text("户籍所在派出所", 60)
    staff_no = _text("工号", 32, help_text="可用来登录。")
    department = _text("科室", 60)
    staff_category = _choice("人员序列", StaffCategory.choices, required=False)
    title_level = _choice("职称", TitleLevel.choices, required=False)
    job_post = _choice("工作岗位", [(code, f"{code} {name}") for code, name in JOB_POST.choices])
    education = _choice("学历", EDUCATION.choices)
    degree = _choice("学位", Degree.choices, required=False)
    work_from = day_field("参加工作日期", required=False)
    joined_on = day_field("加入党组织日期")
    confirmed_on = day_field("转为正式党员日期", required=False)
    membership_status = _choice("党籍状态", MembershipStatus.choices)
    introducers = _text("入党介绍人", 60)
    retired = forms.BooleanField(label="离退休", required=False)
    hardship = forms.BooleanField(label="困难党员", required=False)
    lost_contact = forms.BooleanField(label="失联党员", required=False)
    lost_since = day_field("失去联系日期", required=False)
    floating = forms.BooleanField(label="流动党员", required=False)
    destination = _text("外出流向", 100)

    sections = (
        ("基本信息", ("name", "id_number", "gender", "birth_date", "ethnicity", "education", "degree")),
        ("组织关系", ("joined_on", "confirmed_on", "membership_status", "introducers")),
        ("工作", ("staff_no", "department", "staff_category", "title_level", "job_post", "work_from", "retired")),
        ("联系方式", ("mobile", "phone", "address", "police_station")),
        ("特殊情况", ("hardship", "lost_contact", "lost_since", "floating", "destination")),
    )

    def _lay_out(self, *first: Any) -> None:
        rows: list[Any] = list(first)
        for title, names in self.sections:
            rows += [HTML(f'<h2 class="mb-3 mt-4">{title}</h2>'), Div(*names, css_class="fields is-2")]
        self.helper = layout(*rows)

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_id_number(self) -> str:
        number = self.cleaned_data["id_number"]
        if not number:
            return ""
        check = check_id(number, today=timezone.localdate())
        if check.errors:
            raise ValidationError(check.errors[0].message.replace("后再导入", ""))
        return check.number

    def clean_mobile(self) -> str:
        number = "".join(self.cleaned_data["mobile"].split()).replace("-", "")
        if number and number != CLEAR and not (len(number) == 11 and number.isdigit() and number[0] == "1"):
            raise ValidationError("手机号应为1开头的11位数字。")
        return number

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        today = timezone.localdate()
        for name in facts.DATES:
            if isinstance(data.get(name), date) and data[name] > today:
                self.add_error(name, "日期不能晚于今天。")
        if data.get("lost_contact") and not data.get("lost_since"):
            self.add_error("lost_since", "失联党员请填写失去联系日期，不清楚哪一天的填当月1日。")
        if not data.get("lost_contact"):
            data["lost_since"] = None
        return data

    def facts(self) -> dict[str, Any]:
        """Cleaned values by the names of `members.facts`, empties as they are stored."""
        found = {name: value for name, value in self.cleaned_data.items() if name in facts.FIELDS}
        return {name: facts.blank(name) if value in (None, "") else value for name, value in found.items()}


class AdmitForm(FactsForm):
    """A new person and how they came; once a month was closed that is asked as the importer does, with no default."""

    branch = NodeChoice(label="所在党支部", queryset=Branch.objects.none(), empty_label="请选择")
    group = GroupChoice()
    kind = forms.ChoiceField(label="进入名册的原因", error_messages={"required": "请选择怎样进入名册。"})
    origin = _text("从哪里转入", ORIGIN, help_text="转出的党组织，从外单位转入的填写。")
    late = forms.BooleanField(label="按补记登记", required=False)
    member_type = forms.ChoiceField(label="人员类别", choices=MemberType.choices)
    recorded_on = day_field("编入名册日期", help_text="接收或批准的日期，从这一天起应到会。")
    effective_on = day_field("生效日期", required=False, help_text="发展入党填支部大会通过的日期，可不填。")
    document_no = _text("文号", 60)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branches = home_branches(user, Capability.ROSTER_WRITE)
        self.fields["branch"].queryset = branches
        self.fields["branch"].error_messages = {"required": "请选择党支部。", "invalid_choice": "请选择党支部。"}
        self.fields["group"].limit(branches, follows="branch")
        nodes = Branch.objects.filter(pk__in=branches.order_by().values("hospital"))
        self.asks = any(has_closed_month(node) for node in nodes)
        self.fields["kind"].choices = ways_by_hand(self.asks)
        rest = ("member_type", "recorded_on", "effective_on", "document_no")
        if self.asks:
            self.fields["kind"].label = "怎样进入名册"
            self.fields["kind"].widget = forms.RadioSelect(choices=self.fields["kind"].choices)
            self.fields["recorded_on"].help_text = "从这一天起应到会。发展入党填批准日期，漏报的填启用的日期。"
            origin = Field("origin", wrapper_class="if-origin")
            asked = Div("kind", Div("recorded_on", origin, css_class="fields is-2"), css_class="ask mb-4")
            others = Div("member_type", "effective_on", "document_no", css_class="fields is-2")
            self._lay_out(Div("branch", "group", css_class="fields is-2"), asked, others)
        else:
            self._lay_out(Div("branch", "group", "kind", *rest, css_class="fields is-2"))
        if self.asks and self.data.get("late"):
            self._show_late()

    def _show_late(self) -> None:
        self.helper.layout.insert(2, "late")

    def add_error(self, field: str | None, error: Any) -> None:
        """The box that lets a closed month be booked late appears with the reason."""
        super().add_error(field, error)
        if field == "late" and not self.data.get("late"):
            self._show_late()

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.fields["group"].check(self, "branch")
        if data.get("member_type") == MemberType.PROBATIONARY and data.get("confirmed_on"):
            self.add_error("confirmed_on", "预备党员不应有转正日期。")
        if data.get("member_type") == MemberType.FULL and not data.get("confirmed_on"):
            self.add_error("confirmed_on", "正式党员请填写转正日期。")
        return data

    def arguments(self) -> dict[str, Any]:
        """For `services.admit_member`."""
        names = ("branch", "group", "kind", "origin", "late", "member_type")
        names += ("recorded_on", "effective_on", "document_no")
        return {name: self.cleaned_data[name] for name in names} | self.facts()


class ChangeForm(FactsForm):
    """Facts of a known person. Protected fields start empty: only what is typed replaces what is stored."""

    group = GroupChoice()
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        known = facts.read_all(member)
        kept = {name: value for name, value in known.items() if name not in PROTECTED}
        kwargs["initial"] = {**kept, "group": member.group_id, "version": member.version}
        super().__init__(*args, **kwargs)
        self.fields["group"].limit([member.branch])
        self.fields["id_number"].required = False
        for name in PROTECTED:
            field = self.fields[name]
            field.widget.attrs["placeholder"] = facts.shown(name, known[name]) if known[name] else "未填写"
            field.help_text = "不修改请留空。" if name == "id_number" else f"不修改请留空；清除请填“{CLEAR}”。"
        if member.member_type == MemberType.PROBATIONARY:
            del self.fields["confirmed_on"]
        self.sections = tuple((t, tuple(n for n in part if n in self.fields)) for t, part in self.sections)
        self._lay_out(Div("group", css_class="fields is-2"), "version")

    def facts(self) -> dict[str, Any]:
        found = super().facts()
        for name in PROTECTED:
            if not found[name]:
                del found[name]
            elif found[name] == CLEAR:
                found[name] = ""
        return found


class MovementForm(forms.Form):
    """Date, document and note of a change of the roll."""

    recorded_on = day_field("变动日期")
    document_no = _text("文号", 60)
    note = _text("说明", 200)

    def lay_out(self, *names: str) -> None:
        self.helper = layout(Div(*names, "recorded_on", "document_no", css_class="fields is-2"), "note")

    def arguments(self) -> dict[str, Any]:
        """For the service that writes this change."""
        return self.cleaned_data


class TransferForm(MovementForm):
    to = NodeChoice(label="转到哪个党支部", queryset=Branch.objects.none(), empty_label="请选择")
    group = GroupChoice()

    def __init__(self, *args: Any, member: Member, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branches = home_branches(user, Capability.TRANSFER_WRITE).exclude(pk=member.branch_id)
        branches = branches.filter(hospital=member.branch.hospital_id)
        self.fields["to"].queryset = branches
        self.fields["to"].error_messages = {"required": "请选择党支部。", "invalid_choice": "请选择其他党支部。"}
        self.fields["group"].limit(branches, follows="to")
        self.fields["recorded_on"].help_text = "新支部接收的日期，从这一天起在新支部应到会。"
        self.lay_out("to", "group")

    def clean(self) -> None:
        self.fields["group"].check(self, "to")


class ConfirmForm(MovementForm):
    effective_on = day_field("转正生效日期", help_text="支部大会通过或预备期满的日期，党龄从这一天算起。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recorded_on"].label = "批准日期"
        self.fields["recorded_on"].help_text = "上级党委批准的日期，从这一天起有表决权。"
        self.lay_out("effective_on")


class LeaveForm(MovementForm):
    kind = forms.ChoiceField(label="离开的原因", error_messages={"required": "请选择原因。"})

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [EventKind.TRANSFER_OUT, EventKind.DECEASED, EventKind.REMOVED]
        if member.member_type == MemberType.PROBATIONARY:
            kinds.append(EventKind.CANCELLED)
        self.fields["kind"].choices = [("", "请选择"), *((kind.value, kind.label) for kind in kinds)]
        self.fields["recorded_on"].help_text = "从这一天起不在名册中。"
        self.lay_out("kind")


class ReturnForm(MovementForm):
    branch = NodeChoice(label="编入党支部", queryset=Branch.objects.none(), empty_label="请选择")
    kind = forms.ChoiceField(
        label="原因",
        choices=[(kind.value, kind.label) for kind in (EventKind.TRANSFER_IN, EventKind.REINSTATED)],
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = home_branches(user, Capability.TRANSFER_WRITE)
        self.fields["branch"].error_messages = {"required": "请选择党支部。", "invalid_choice": "请选择党支部。"}
        self.lay_out("kind", "branch")


class UploadForm(forms.Form):
    file = forms.FileField(
        label="名册文件",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.csv", "class": "form-control"}),
        error_messages={"required": "请选择名册文件。", "empty": "这个文件是空的，请重新选择。"},
    )
    organisation = NodeChoice(label="导入到", queryset=Branch.objects.none(), empty_label=None)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nodes = Branch.objects.visible_to(user, Capability.ROSTER_IMPORT).filter(dissolved_on__isnull=True)
        nodes = nodes.exclude(level=BranchLevel.GROUP)
        self.fields["organisation"].queryset = nodes
        self.fields["organisation"].initial = nodes.first()
        self.fields["organisation"].help_text = "表中有新的党支部时，建在这里之下。"
        self.helper = layout("file", "organisation")


def conflict_rows(differences: list[tuple[str, str, Any, Any]]) -> list[Mapping[str, str]]:
    """Field by field: what the other one saved and what was typed here."""
    return [
        {"title": title, "theirs": facts.shown(field, theirs), "mine": facts.shown(field, mine)}
        for field, title, theirs, mine in differences
    ]
