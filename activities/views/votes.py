"""Motions of one record, and who is left out of those who should attend."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from activities.access import require_record
from activities.choices import MotionKind, VoteMethod, VoteResult
from activities.models import Activity, Exclusion, Motion
from activities.votes import summary as vote_summary
from activities.votes import voting
from activities.votes.cautions import cautions_of, motion_cautions
from activities.votes.elections import NEVER, bodies_of
from activities.votes.forms import ExclusionForm, MotionForm
from activities.votes.quorum import SECRET_ONLY
from branches.choices import BranchKind
from branches.forms import add_errors


def own_record(request: HttpRequest, pk: int) -> Activity:
    """A record in the reader's scope (else 404) that they may write (else 403)."""
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=pk)
    require_record(request.user, activity)
    return activity


def closed(request: HttpRequest, activity: Activity) -> HttpResponseRedirect | None:
    """Back to the record with a word when it was handed in: its votes stand."""
    if voting.is_open(activity):
        return None
    messages.warning(request, "这份记录已提交，表决和选举按提交时的情况固定，不能再改。")
    return redirect("activities:activity_detail", pk=activity.pk)


@login_required
@require_safe
def votes_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything put to the vote at one meeting, for those who record it."""
    return votes_answer(request, own_record(request, pk))


def votes_answer(request: HttpRequest, activity: Activity, *, error: str = "", status: int = 200) -> HttpResponse:
    lines, elected = vote_summary.motion_lines(activity), vote_summary.election_lines(activity)
    context = {
        "activity": activity,
        "open": voting.is_open(activity),
        "matters": voting.matters_of(activity),
        "bodies": bodies_of(activity),
        "never": NEVER if activity.branch.kind == BranchKind.TEMPORARY else "",
        "motions": lines,
        "elections": elected,
        "exclusions": activity.exclusions.select_related("member__user"),
        "voters": voting.voters_of(activity, "resolution"),
        "ahead": activity.starts_at > timezone.now(),
        "warnings": [
            *voting.warnings_of(activity, [line.motion.kind for line in lines]),
            *cautions_of(activity, [line.motion for line in lines], [line.election for line in elected]),
        ],
        "error": error,
    }
    return render(request, "activities/votes/votes_page.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def motion_create(request: HttpRequest, pk: int) -> HttpResponse:
    activity = own_record(request, pk)
    return closed(request, activity) or _motion_page(request, activity, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def motion_edit(request: HttpRequest, pk: int) -> HttpResponse:
    motion = get_object_or_404(Motion, pk=pk)
    activity = own_record(request, motion.activity_id)
    return closed(request, activity) or _motion_page(request, activity, motion)


def _motion_page(request: HttpRequest, activity: Activity, motion: Motion | None) -> HttpResponse:
    """The form; asked by script on each change, or by the button 核对, it only says what the count comes to."""
    matters = voting.matters_of(activity)
    if not matters:
        messages.warning(request, "只有支部党员大会和支部委员会会议进行表决；党小组会不作决定。")
        return redirect("activities:activity_detail", pk=activity.pk)
    initial: dict[str, Any] = {"form_key": uuid.uuid4(), "method": VoteMethod.SHOW_OF_HANDS}
    if motion is not None:
        names = ("kind", "method", "text", "subject", "version")
        counts = {name: getattr(motion, name) or None for name in voting.COUNTS}
        initial = {name: getattr(motion, name) for name in names} | counts | {"session": motion.session_id}
    form = MotionForm(request.POST or None, matters=matters, sessions=list(activity.sessions.all()), initial=initial)
    asks = request.method == "POST" and (bool(request.htmx) or request.POST.get("action") == "check")
    problems: list[str] = []
    if request.method == "POST":
        valid = form.is_valid()
        if asks:
            form.errors.pop("text", None)
        elif valid:
            try:
                data = form.cleaned_data
                saved = voting.save_motion(
                    activity=activity,
                    motion=motion,
                    data=form.motion(),
                    actor=request.user,
                    form_key=data["form_key"],
                    version=data["version"],
                )
            except ValidationError as error:
                problems = _refused(form, error, motion, request.POST)
            else:
                _say_saved(request, saved)
                return redirect("activities:votes", pk=activity.pk)
    context = {
        "activity": activity,
        "motion": motion,
        "form": form,
        "problems": problems,
        "check": _check(activity, form, motion),
        "warnings": voting.warnings_of(activity, matters),
    }
    if request.htmx:
        return render(request, "activities/votes/_motion_check.html", context)
    status = 422 if (form.errors or problems) and not asks else 200
    return render(request, "activities/votes/motion_form.html", context, status=status)


def _say_saved(request: HttpRequest, motion: Motion) -> None:
    outcome = voting.outcome_of(motion)
    if outcome.result == VoteResult.VOID and outcome.problems:
        messages.warning(request, f"表决已保存，但无效，不能提交：{outcome.problems[0]}")
    else:
        messages.success(request, "表决已保存。")


def _refused(form: MotionForm, error: ValidationError, motion: Motion | None, posted: QueryDict) -> list[str]:
    """Errors of fields go beside them; those of the count stand together on top."""
    if getattr(error, "code", "") == "conflict" and motion is not None:
        motion.refresh_from_db()
        typed = posted.copy()
        typed["version"] = str(motion.version)
        form.data = typed
        return [f"{error.messages[0]}您填写的内容没有丢失，再按保存，以您填写的为准。"]
    fields = getattr(error, "message_dict", None)
    counts = fields.pop("counts", []) if fields else []
    if fields or not hasattr(error, "error_dict"):
        add_errors(form, ValidationError(fields) if fields else error)
    return counts


def _check(activity: Activity, form: MotionForm, motion: Motion | None) -> dict[str, Any]:
    """What the count as typed comes to."""
    if form.is_bound:
        data = form.motion()
    else:
        data = voting.MotionData(
            kind=form.get_initial_for_field(form.fields["kind"], "kind") or form.fields["kind"].choices[0][0],
            text="",
            subject=motion.subject if motion else "",
            method=form.get_initial_for_field(form.fields["method"], "method"),
            session_id=motion.session_id if motion else None,
            **{name: getattr(motion, name) if motion else 0 for name in voting.COUNTS},
        )
    if data.kind not in voting.matters_of(activity) or data.method not in VoteMethod.values:
        return {}
    if "session" in form.fields and data.session_id is None:  # who is present is said of one sitting
        wrong = data.kind in SECRET_ONLY and data.method != VoteMethod.SECRET
        return {"wrong": f"{MotionKind(data.kind).label}必须采用无记名投票。"} if wrong else {}
    voters = voting.voters_of(activity, data.kind, data.session_id)
    counts = {name: getattr(data, name) for name in voting.COUNTS}
    outcome = voting.judge(data.kind, data.method, voters, counts)
    return {
        "voters": voters,
        "ahead": activity.starts_at > timezone.now(),
        "cautions": motion_cautions(activity, [(data.kind, data.subject)]),
        "outcome": outcome,
        "counted": any(counts.values()),
        "text": VoteResult(outcome.result).label if outcome.result else "",
        "yes": data.yes + data.written_yes,
    }


@login_required
def motion_delete(request: HttpRequest, pk: int) -> HttpResponse:
    motion = get_object_or_404(Motion, pk=pk)
    activity = own_record(request, motion.activity_id)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        voting.delete_motion(motion=motion, actor=request.user)
    except ValidationError as error:
        return votes_answer(request, activity, error=error.messages[0], status=422)
    messages.success(request, "表决已删除。")
    return redirect("activities:votes", pk=activity.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def exclusion_create(request: HttpRequest, pk: int) -> HttpResponse:
    activity = own_record(request, pk)
    return closed(request, activity) or _exclusion_page(request, activity, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def exclusion_edit(request: HttpRequest, pk: int) -> HttpResponse:
    exclusion = get_object_or_404(Exclusion, pk=pk)
    activity = own_record(request, exclusion.activity_id)
    return closed(request, activity) or _exclusion_page(request, activity, exclusion)


def _exclusion_page(request: HttpRequest, activity: Activity, exclusion: Exclusion | None) -> HttpResponse:
    people = [row for row in activity.attendances.all() if row.may_vote]
    initial = {}
    if exclusion is not None:
        initial = {name: getattr(exclusion, name) for name in ("reason", "consent", "adopted")}
        initial["member"] = exclusion.member_id
    form = ExclusionForm(request.POST or None, people=people, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            voting.save_exclusion(
                activity=activity,
                exclusion=exclusion,
                member_id=data["member"],
                reason=data["reason"],
                consent=data["consent"],
                adopted=data["adopted"],
                actor=request.user,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "已保存，应到会人数已重新核定。")
            return redirect("activities:votes", pk=activity.pk)
    context = {"activity": activity, "form": form, "exclusion": exclusion}
    return render(request, "activities/votes/exclusion_form.html", context, status=422 if form.errors else 200)


@login_required
def exclusion_delete(request: HttpRequest, pk: int) -> HttpResponse:
    exclusion = get_object_or_404(Exclusion.objects.select_related("member__user"), pk=pk)
    activity = own_record(request, exclusion.activity_id)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        voting.delete_exclusion(exclusion=exclusion, actor=request.user)
    except ValidationError as error:
        return votes_answer(request, activity, error=error.messages[0], status=422)
    messages.success(request, "已删除，应到会人数已重新核定。")
    return redirect("activities:votes", pk=activity.pk)
