"""The form of a record: one page to create and to edit, with and without script."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods

from activities import photos, prefill, services
from activities.access import may_record, require_record, writable_nodes
from activities.choices import ActivityState, Kind
from activities.confirming import who_confirms
from activities.drafting import Absence, Conflict, Incomplete
from activities.forms import REASONS, ActivityForm, absences_of, initial_of, parse_absences, uuid_of
from activities.models import Activity
from activities.people import Expected, expected_people
from activities.rules import committee_quorum, leading_body_quorum, ordinary_quorum
from branches.choices import BranchLevel, Capability
from branches.models import Branch
from config.uploads import CheckedPhoto, check_photo

PLACES = {
    "starts_at": "starts",
    "ends_at": "ends",
    "absences": "absences",
}  # a service's field -> where the page says it


@login_required
@require_http_methods(["GET", "POST"])
def activity_create(request: HttpRequest) -> HttpResponse:
    require_record(request.user)
    nodes = writable_nodes(request.user)
    open_nodes = nodes.open_on(timezone.localdate())
    asked = (request.POST if request.method == "POST" else request.GET).get("branch", "")
    if asked.isdecimal() and len(asked) < 18:
        node = get_object_or_404(Branch.objects.visible_to(request.user, Capability.ACTIVITY_VIEW), pk=int(asked))
        require_record(request.user, node)
        node = get_object_or_404(open_nodes, pk=node.pk)
    else:
        node = open_nodes.first() or nodes.first()
    return FormPage(request, node).answer()


@login_required
@require_http_methods(["GET", "POST"])
def activity_edit(request: HttpRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    require_record(request.user, activity)
    if activity.state not in services.EDITABLE:
        messages.warning(request, "这份记录已确认，内容不能再改；出席有误的，请使用“更正出席”。")
        return redirect("activities:activity_detail", pk=pk)
    return FormPage(request, activity.branch, activity).answer()


class FormPage:
    """One request to the form. `node` is the branch, or the group of a leader who may write for nothing else."""

    def __init__(self, request: HttpRequest, node: Branch, activity: Activity | None = None) -> None:
        self.request, self.user, self.activity, self.node = request, request.user, activity, node
        self.today = timezone.localdate()
        self.branch = Branch.objects.get_parent(node) if node.level == BranchLevel.GROUP else node
        self.groups_only = not may_record(self.user, self.branch)
        self.groups = list(
            writable_nodes(self.user).within([self.branch.path]).filter(level=BranchLevel.GROUP).open_on(self.today)
        )
        self.posted = request.POST if request.method == "POST" else None
        asked = (request.POST if self.posted is not None else request.GET).get("kind", "")
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

    def _day(self) -> Any:
        source = self.request.POST if self.posted is not None else self.request.GET
        try:
            given = parse_date(source.get("date", ""))
        except ValueError:
            given = None
        if given is None and self.activity is not None:
            return timezone.localdate(self.activity.starts_at)
        return given or self.today

    def answer(self) -> HttpResponse:
        if self.posted is None:
            return self._page(self._form(initial=self._initial()), self._absences())
        if "refresh" in self.posted:
            initial = {name: self.posted.get(name, "") for name in ActivityForm.base_fields}
            initial["also"] = self.posted.getlist("also")
            return self._page(self._form(initial=initial), parse_absences(self.posted))
        form = self._form(data=self.posted)
        if not form.is_valid():
            self.problems = {name: errors[0] for name, errors in form.errors.items()}
            if self.request.FILES:
                self.warnings.append("照片还没有保存，改好后请重新选择照片。")
            return self._page(form, parse_absences(self.posted), status=422)
        return self._save(form)

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

    def _initial(self) -> dict[str, Any]:
        if self.activity is not None:
            return initial_of(self.activity)
        asked = self.request.GET
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
        filled["topic"] = prefill.planned_topic(self.owed, kind, group)
        return {**filled, "kind": kind, "also": [], "group": group.pk if group else ""}

    def _absences(self) -> dict[int, Absence]:
        return absences_of(self.activity) if self.activity is not None else {}

    def _save(self, form: ActivityForm) -> HttpResponse:
        """Save first, so that nothing typed or uploaded is lost; then hand in, where that was asked."""
        absences = parse_absences(self.posted or {})
        group = form.cleaned_data["group"]
        if self.groups_only and (form.cleaned_data["kind"] != Kind.GROUP_MEETING or group is None):
            self.problems["group"] = "请选择您负责的党小组。"
            return self._page(form, absences, status=422)
        try:
            self.activity = services.save_draft(
                activity=self.activity,
                form_key=uuid_of((self.posted or {}).get("form_key", "")),
                data=form.activity_data(),
                actor=self.user,
            )
        except Conflict as conflict:
            self.conflict, self.activity = conflict, conflict.activity
            return self._page(form, absences, status=422)
        except ValidationError as error:
            self._blame(error)
            return self._page(form, absences, status=422)
        self._keep_photos()
        if (self.posted or {}).get("action") == "draft":
            for warning in self.warnings:
                messages.warning(self.request, warning)
            messages.success(self.request, "草稿已保存。开展之后请记得提交。")
            return redirect("activities:activity_detail", pk=self.activity.pk)
        try:
            if self.warnings:
                if gaps := services.gaps_of(self.activity):
                    self._blame(gaps)
                raise ValidationError("照片没有全部保存，处理后再提交；其余内容已存为草稿。")
            services.submit_activity(activity=self.activity, actor=self.user)
        except ValidationError as error:
            self._blame(error)
            self.activity.refresh_from_db()
            return self._page(form, absences, status=422)
        present = self.activity.attendances.filter(status="present").count()
        points = "" if self.branch.level == BranchLevel.COMMITTEE else f"；确认后记入{present}人的积分"
        text = f"已提交，等待{who_confirms(self.activity)}确认{points}。"
        if not self.activity.photos.exists():
            text += "还没有照片，可在确认前补传。"
        messages.success(self.request, text)
        return redirect("activities:activity_detail", pk=self.activity.pk)

    def _keep_photos(self) -> None:
        """Photos that pass are kept; what is wrong with the others is said, and holds the submission back."""
        good: list[CheckedPhoto] = []
        for upload in self.request.FILES.getlist("photos")[: photos.MAX_PHOTOS + 1]:
            try:
                good.append(check_photo(upload, limit=settings.PHOTO_FILE_LIMIT))
            except ValidationError as error:
                self.warnings += error.messages
        try:
            if good:
                photos.add_photos(activity=self.activity, photos=good, actor=self.user)
        except ValidationError as error:
            self.warnings += error.messages
        if self.warnings:
            self.problems["photos"] = self.warnings[0]

    def _blame(self, error: ValidationError) -> None:
        if isinstance(error, Incomplete):
            self.nobody_said = error.people
        if hasattr(error, "error_dict"):
            for name, texts in error.message_dict.items():
                self.problems.setdefault(PLACES.get(name, name), texts[0])
        else:
            self.problems.setdefault("", error.messages[0])

    def _page(self, form: ActivityForm, absences: dict[int, Absence], *, status: int = 200) -> HttpResponse:
        kind = form["kind"].value() or ""
        kind = kind if kind in self.kinds else self.kinds[0]
        chosen = str(form["group"].value() or "")
        group = next((one for one in self.groups if str(one.pk) == chosen), None)
        people = expected_people(branch=self.branch, kind=kind, day=self.day, group=group)
        absent = sum(person.member_id in absences for person in people)
        also = form["also"].value() or []
        version = self.activity.version if self.activity else ""
        if self.posted is not None and not self.conflict and status == 200:
            version = self.posted.get("version", version)
        nodes = writable_nodes(self.user).open_on(self.today).exclude(level=BranchLevel.GROUP)
        nodes = list(nodes) if not self.activity else []
        context = {
            "form": form,
            "activity": self.activity,
            "branch": self.branch,
            "node": self.node,
            "branches": nodes if len(nodes) > 1 else [],
            "kinds": self.kinds,
            "kind": kind,
            "groups": self.groups,
            "group": group,
            "also": [
                (value, hint, str(value) in also) for value, hint in prefill.also_kinds(self.kinds, kind, self.owed)
            ],
            "is_lecture": Kind.PARTY_LECTURE in (kind, *also),
            "roster": _roster(people, absences, self.nobody_said),
            "due": len(people),
            "present": len(people) - absent,
            "absent": absent,
            "quorum": _quorum(kind, people),
            "reasons": REASONS,
            "photos": list(self.activity.photos.all()) if self.activity else [],
            "problems": self.problems,
            "warnings": self.warnings,
            "conflict": self.conflict,
            "form_key": ("branch" not in self.problems and (self.posted or {}).get("form_key")) or str(uuid.uuid4()),
            "version": version,
            "action_url": reverse("activities:activity_edit", args=[self.activity.pk])
            if self.activity
            else reverse("activities:activity_create"),
            "confirmer": who_confirms(
                self.activity or Activity(branch=self.branch, recorder=self.user, editor=self.user)
            ),
            "was_returned": bool(self.activity and self.activity.return_comment and self.activity.submitted_at),
            "was_submitted": bool(self.activity and self.activity.state == ActivityState.SUBMITTED),
            "photo_limit": settings.PHOTO_FILE_LIMIT,
        }
        template = "activities/_activity_form.html" if self.request.htmx else "activities/activity_form.html"
        return render(self.request, template, context, status=status)


def _roster(people: list[Expected], absences: dict[int, Absence], unsaid: frozenset[int]) -> list[dict[str, Any]]:
    """People by group, each with what the form says of them."""
    groups: dict[str, dict[str, Any]] = {}
    for person in people:
        box = groups.setdefault(
            person.group_name, {"id": person.group_id or 0, "name": person.group_name, "people": []}
        )
        absence = absences.get(person.member_id)
        box["people"].append(
            {
                "person": person,
                "absent": absence is not None,
                "reason": absence.reason if absence else "",
                "note": absence.note if absence else "",
                "unsaid": person.member_id in unsaid,
            }
        )
    return list(groups.values())


def _quorum(kind: str, people: list[Expected]) -> dict[str, Any] | None:
    """The legal line of the bar: who counts, how many it takes, and what it decides."""
    voting = [person for person in people if person.may_vote]
    if kind == Kind.GENERAL_MEETING and voting:
        return {"base": len(voting), "need": ordinary_quorum(len(voting)), "what": "表决", "all": False}
    if kind == Kind.COMMITTEE_MEETING and people:
        return {"base": len(people), "need": committee_quorum(len(people)), "what": "开会", "all": True}
    if kind == Kind.DEM_LIFE_MEETING and people:
        return {"base": len(people), "need": leading_body_quorum(len(people)), "what": "开会", "all": True}
    return None
