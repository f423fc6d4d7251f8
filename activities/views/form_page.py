"""One request to the form of a record: what it shows, and what becomes of what was sent."""

import dataclasses
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time

from activities import services
from activities.access import may_record, writable_nodes
from activities.attendance.people import expected_people
from activities.attendance.rows import last_signature, signature_of, signature_word
from activities.choices import Kind
from activities.confirming import who_confirms
from activities.forms import ActivityForm, absences_of, initial_of, parse_absences, uuid_of
from activities.models import Activity, FormDraft
from activities.records import announcing, attachments, follow_ups, joint, keeping, photos, prefill
from activities.records.details import to_copy
from activities.records.drafting import Absence, Conflict, Incomplete, caught_up, difference
from activities.records.form_contents import Contents
from activities.records.session_form import SessionRows
from activities.views.form_context import context_of
from activities.views.joint import own_fields, said_of
from branches.choices import BranchLevel
from branches.models import Branch
from config.uploads import CheckedPhoto, check_photo

PLACES = {
    "starts_at": "starts",
    "ends_at": "ends",
    "absences": "absences",
}  # a service's field -> where the page says it
MOMENT = (("date", parse_date), ("starts", parse_time))


class FormPage:
    """`node` is the branch, or the group of a leader who may write for nothing else.

    `typed` is what somebody filled in: posted now, or kept while it was typed and given back (`restored`).
    """

    def __init__(
        self, request: HttpRequest, node: Branch, activity: Activity | None = None, copied: Activity | None = None
    ) -> None:
        self.request, self.user, self.activity, self.node, self.copied = request, request.user, activity, node, copied
        self.today = timezone.localdate()
        self.host = activity.host if activity is not None and activity.host_id else None
        self.branch = Branch.objects.get_parent(node) if node.level == BranchLevel.GROUP else node
        self.groups_only = not may_record(self.user, self.branch)
        self.groups = list(
            writable_nodes(self.user).within([self.branch.path]).filter(level=BranchLevel.GROUP).open_on(self.today)
        )
        self.posted = request.POST if request.method == "POST" else None
        self.restored: FormDraft | None = self._kept() if self.posted is None else None
        self.typed: QueryDict | None = keeping.fields_of(self.restored) if self.restored else self.posted
        if self.host is not None and activity is not None and self.typed is not None:
            self.typed = own_fields(activity, self.typed)
        asked = (request.GET if self.typed is None else self.typed).get("kind", "")
        kept = initial_of(activity) if activity else {}
        self.kinds = prefill.kinds_of(
            self.branch,
            groups_only=self.groups_only,
            groups=self.groups,
            day=self.today,
            chosen=kept.get("kind", asked),
        )
        self.problems: dict[str, str] = {}
        self.nobody_said: frozenset[int] = frozenset()  # absent without a reason, after a refused submission
        self.conflict: Conflict | None = None
        self.warnings: list[str] = []
        self.day = self._day()
        self.owed = prefill.owed_items(self.branch, self.day)
        self.contents = self._contents()
        self.sittings = self._sittings()

    # -- What it begins with

    def _kept(self) -> FormDraft | None:
        if self.request.htmx:
            return None
        plain = self.activity is None and not {"kind", "date", "group", "copy"} & set(self.request.GET)
        return keeping.draft_for(self.user, self.slot, newest_of_branch=plain)

    @property
    def slot(self) -> str:
        """The name under which the text of this form is kept."""
        given = (self.posted or {}).get("draft_form", "")
        if self.activity is None and given.startswith(f"activity:new:{self.branch.pk}"):
            return given
        if getattr(self, "restored", None):
            return self.restored.form
        asked = self.request.GET if self.posted is None else None
        return keeping.slot_of(activity=self.activity, branch_id=self.branch.pk, asked=asked)

    def _day(self) -> Any:
        source = self.request.GET if self.typed is None else self.typed
        try:
            given = parse_date(source.get("date", ""))
        except ValueError:
            given = None
        if given is None and self.activity is not None:
            return timezone.localdate(self.activity.starts_at)
        return given or self.today

    def _contents(self) -> Contents:
        if self.host is not None and self.typed is not None and self.activity is not None:
            contents = Contents.of_form(self.typed)
            contents.asked_details, contents.texts = False, Contents.of_details(self.activity.details).texts
            return contents
        if self.typed is not None and ("details" in self.typed or self.activity is None):
            return Contents.of_form(self.typed)
        if self.activity is not None:
            return Contents.of_activity(self.activity)
        if self.copied is not None:
            kinds = [row.kind for row in self.copied.kinds.all()]
            return Contents.of_details(to_copy(kinds, self.copied.details))
        return Contents()

    def _sittings(self) -> SessionRows:
        """A copied record brings none: its days are over."""
        if self.typed is not None:
            return SessionRows.of_form(self.typed, self.activity)
        return SessionRows.of_activity(self.activity) if self.activity is not None else SessionRows()

    def _initial(self) -> dict[str, Any]:
        if self.activity is not None:
            mine = {"recorder": self.user.pk} if self.host and self.activity.version == 1 else {}
            return initial_of(self.activity) | mine
        asked = self.request.GET
        if self.copied is not None:
            return prefill.copied(
                self.copied, branch=self.branch, user=self.user, now=timezone.now(), minutes="minutes" in asked
            )
        kind = asked.get("kind", "")
        if kind not in self.kinds:
            kind = prefill.most_urgent(self.branch, self.owed, self.kinds, self.today)
        group = next((one for one in self.groups if str(one.pk) == asked.get("group", "")), None)
        if group is None and kind == Kind.GROUP_MEETING:
            waiting = {item.group_id for item in self.owed if item.kind == kind}
            group = next((one for one in self.groups if one.pk in waiting), self.groups[0] if self.groups else None)
        day = self.day if asked.get("date") else None
        filled = prefill.prefilled(
            branch=self.branch, kind=kind, group=group, day=day, user=self.user, now=timezone.now()
        )
        topic = prefill.planned_topic(self.owed, kind, group)
        return {**filled, "kind": kind, "also": [], "group": group.pk if group else "", "topic": topic}

    def _absences(self) -> dict[int, Absence]:
        if self.activity is not None:
            return absences_of(self.activity)
        return absences_of(self.copied) if self.copied is not None and "absences" in self.request.GET else {}

    def _typed_absences(self) -> dict[int, Absence]:
        """As typed; the page that shows them shows the signatures given since with them, and says so (`signatures`)."""
        absences = parse_absences(self.typed or {})
        kept = {row.member_id: row for row in self.activity.attendances.all()} if self.activity else {}
        return caught_up(absences, kept, self._known(), kept)

    def _known(self) -> Any:
        """The last signature when the form was made that was sent; None where it does not say."""
        return signature_of((self.typed or {}).get("signatures", ""))

    # -- What becomes of it

    def answer(self) -> HttpResponse:
        if self.typed is None:
            return self._page(self._form(initial=self._initial()), self._absences())
        if self.restored or "refresh" in self.typed:
            if self.restored and self._is_in_the_record():
                keeping.drop_draft(user=self.user, slot=self.slot)
                return redirect(self.request.get_full_path())
            return self._page(self._form(initial=self._typed_fields()), self._typed_absences())
        form = self._form(data=self.typed)
        said: dict[str, Any] = {}
        form.is_valid()
        self.problems = {name: errors[0] for name, errors in form.errors.items()}
        said, wrong = self._said(form)
        self.problems |= wrong
        if self.problems:
            if self.request.FILES:
                self.warnings.append("照片和附件还没有保存，改好后请重新选择。")
            return self._page(form, self._typed_absences(), status=422)
        return self._save(form, said)

    def _typed_fields(self) -> dict[str, Any]:
        typed = self.typed or QueryDict()
        fields = {name: typed.get(name, "") for name in ActivityForm.base_fields} | {"also": typed.getlist("also")}
        if "refresh" in typed and self.activity is None:
            group = next((one for one in self.groups if str(one.pk) == fields["group"]), None)
            fields["topic"] = prefill.topic_after(self.owed, fields["topic"], fields["kind"], group)
        return fields

    def _is_in_the_record(self) -> bool:
        """The kept text came in after the very same text was saved: there is nothing to give back."""
        if self.activity is None:
            return False
        form = self._form(data=self.typed)
        if not form.is_valid():
            return False
        said, wrong = self._said(form)
        return not wrong and not difference(self.activity, dataclasses.replace(form.activity_data(), **said)).changes

    def _said(self, form: ActivityForm) -> tuple[dict[str, Any], dict[str, str]]:
        """What the folds say, and what is wrong with them."""
        kind = form.cleaned_data.get("kind", self.kinds[0])
        kinds = [kind, *(one for one in form.cleaned_data.get("also", []) if one != kind)]
        by_person = self.contents.rows.get("speech") or self.contents.rows.get("life") or self.sittings.seats
        group = form.cleaned_data.get("group")
        expected = expected_people(branch=self.branch, kind=kind, day=self.day, group=group) if by_person else []
        said, wrong = self.contents.cleaned(kinds, people=form.people, expected=expected)
        held, bad = said_of(self)
        sat, mistaken = self.sittings.cleaned(
            form.cleaned_data,
            absent=parse_absences(self.typed or {}),
            names={one.member_id: one.name for one in expected},
        )
        return said | held | sat | {"last_signature": self._known()}, wrong | bad | mistaken

    def _form(self, *args: Any, **kwargs: Any) -> ActivityForm:
        return ActivityForm(
            *args,
            branch=self.branch,
            kinds=self.kinds,
            groups=self.groups,
            activity=self.activity,
            day=self.day,
            user=self.user,
            **kwargs,
        )

    def _save(self, form: ActivityForm, said: dict[str, Any]) -> HttpResponse:
        """Save first, so that nothing typed or uploaded is lost; then hand in, where that was asked."""
        posted = self.posted or QueryDict()
        group = form.cleaned_data["group"]
        if self.groups_only and (form.cleaned_data["kind"] != Kind.GROUP_MEETING or group is None):
            self.problems["group"] = "请选择您负责的党小组。"
            return self._page(form, self._typed_absences(), status=422)
        form_key = uuid_of(posted.get("form_key", ""))
        data = dataclasses.replace(form.activity_data(), **said)
        if self.host is not None and self.activity is not None:
            data = joint.with_common(self.activity, data)
        try:
            self.activity = services.save_draft(
                activity=self.activity,
                form_key=form_key,
                data=data,
                actor=self.user,
            )
        except Conflict as conflict:
            self.conflict, self.activity = conflict, conflict.activity
            prefetch_related_objects([self.activity], "attendances")
            return self._page(form, self._typed_absences(), status=422)
        except ValidationError as error:
            self._blame(error)
            return self._page(form, self._typed_absences(), status=422)
        keeping.drop_draft(user=self.user, slot=posted.get("draft_form", ""), activity=self.activity, form_key=form_key)
        self._keep_photos()
        self._keep_files()
        follow_ups.tick_from_form(user=self.user, data=posted, branch=self.branch)
        action = posted.get("action")
        if action == "draft":
            return self._done("草稿已保存。开展之后请记得提交。")
        try:
            if self.warnings:
                if action != "plan" and (gaps := services.gaps_of(self.activity)):
                    self._blame(gaps)
                raise ValidationError("照片或附件没有全部保存，处理后再提交；其余内容已存为草稿。")
            if action == "plan":
                announcing.plan_activity(activity=self.activity, actor=self.user)
                return self._done("已存为计划。可以通知应到人员，开展之后再填写并提交。")
            services.submit_activity(activity=self.activity, actor=self.user)
        except ValidationError as error:
            self._blame(error)
            self.activity.refresh_from_db()
            prefetch_related_objects([self.activity], "attendances")
            self.sittings = SessionRows.of_activity(self.activity)  # all that was typed is in the record by now
            return self._page(form, absences_of(self.activity), status=422)
        present = self.activity.attendances.filter(status="present").count()
        points = "" if self.branch.level == BranchLevel.COMMITTEE else f"；确认后记入{present}人的积分"
        text = f"已提交，等待{who_confirms(self.activity)}确认{points}。"
        if not self.activity.photos.exists():
            text += "还没有照片，可在确认前补传。"
        return self._done(text)

    def _done(self, text: str) -> HttpResponse:
        for warning in self.warnings:
            messages.warning(self.request, warning)
        messages.success(self.request, text)
        return redirect("activities:activity_detail", pk=self.activity.pk)

    def _keep_photos(self) -> None:
        """Photos that pass are kept; what is wrong with the others is said, and holds the submission back."""
        good: list[CheckedPhoto] = []
        wrong: list[str] = []
        for upload in self.request.FILES.getlist("photos")[: photos.MAX_PHOTOS + 1]:
            try:
                good.append(check_photo(upload, limit=settings.PHOTO_FILE_LIMIT))
            except ValidationError as error:
                wrong += error.messages
        try:
            if good:
                photos.add_photos(activity=self.activity, photos=good, actor=self.user)
        except ValidationError as error:
            wrong += error.messages
        if wrong:
            self.warnings += wrong
            self.problems["photos"] = wrong[0]

    def _keep_files(self) -> None:
        wrong = attachments.take_uploads(
            activity=self.activity,
            uploads=self.request.FILES.getlist("files"),
            group=(self.posted or {}).get("files_group", ""),
            actor=self.user,
        )
        if wrong:
            self.warnings += wrong
            self.problems["files"] = wrong[0]

    def _blame(self, error: ValidationError) -> None:
        if isinstance(error, Incomplete):
            self.nobody_said = error.people
        if hasattr(error, "error_dict"):
            for name, texts in error.message_dict.items():
                self.problems.setdefault(PLACES.get(name, name), texts[0])
        else:
            self.problems.setdefault("", error.messages[0])

    # -- The page

    def version(self, status: int) -> Any:
        """The version the text was begun from: of the record, or as it came with a form that was only refreshed."""
        version = self.activity.version if self.activity else ""
        if self.typed is not None and not self.conflict and status == 200:
            version = self.typed.get("version", version)
        return version

    def signatures(self) -> str:
        """The last signature that the attendance on this page knows of."""
        return signature_word(last_signature(self.activity.attendances.all() if self.activity else ()))

    def form_key(self) -> str:
        kept = (self.typed or {}).get("form_key")
        return (kept if "branch" not in self.problems else "") or str(uuid.uuid4())

    def ahead(self, form: ActivityForm) -> bool:
        """Whether what is typed lies in the future: then it can be planned, not handed in."""
        try:
            day, starts = (parse(str(form[name].value() or "")) for name, parse in MOMENT)
        except ValueError:
            return False
        now = timezone.localtime()
        return day is not None and (day, starts or now.time()) > (now.date(), now.time())

    def _page(self, form: ActivityForm, absences: dict[int, Absence], *, status: int = 200) -> HttpResponse:
        template = "activities/_activity_form.html" if self.request.htmx else "activities/activity_form.html"
        return render(self.request, template, context_of(self, form, absences, status), status=status)
