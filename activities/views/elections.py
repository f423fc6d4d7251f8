"""Elections of one record: set up, count, vote again, print; and the approval the office enters."""

import uuid
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from activities.choices import ElectionBase, VoteResult
from activities.models import Activity, Election
from activities.reports.election_papers import ballots, counting_sheet
from activities.views.votes import closed, own_record, votes_answer
from activities.votes import elected, elections
from activities.votes.cautions import election_cautions
from activities.votes.forms import ElectionForm, candidates_of, parse_count
from activities.votes.strokes import without_strokes
from activities.votes.voting import voters_of
from branches.access import require
from branches.audit import record
from branches.choices import Capability
from branches.forms import add_errors
from config.documents.content import Document
from config.documents.responses import document_response

A4_SPACE = 3  # ballots of a small election on one sheet
MOST = 300  # ballots of one print


def _election(request: HttpRequest, pk: int) -> Election:
    election = get_object_or_404(Election, pk=pk)
    election.activity = own_record(request, election.activity_id)
    return election


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def election_create(request: HttpRequest, pk: int) -> HttpResponse:
    activity = own_record(request, pk)
    return closed(request, activity) or _set_up(request, activity, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def election_edit(request: HttpRequest, pk: int) -> HttpResponse:
    election = _election(request, pk)
    return closed(request, election.activity) or _set_up(request, election.activity, election)


def _set_up(request: HttpRequest, activity: Activity, election: Election | None) -> HttpResponse:
    bodies = elections.bodies_of(activity)
    if not bodies:
        temporary = activity.branch.kind == "temporary"
        messages.warning(request, elections.NEVER if temporary else "只有支部党员大会和支部委员会会议进行选举。")
        return redirect("activities:activity_detail", pk=activity.pk)
    names = ("body", "seats", "by_election", "term_number", "term_from", "term_to", "approval", "version")
    initial: dict[str, Any] = {"form_key": uuid.uuid4(), "term_from": timezone.localdate(activity.starts_at)}
    chosen: dict[int, str] = {}
    if election is not None:
        initial = {name: getattr(election, name) for name in names} | {"session": election.session_id}
        chosen = {row.user_id: row.post for row in election.candidates.filter(write_in=False)}
    form = ElectionForm(request.POST or None, bodies=bodies, sessions=list(activity.sessions.all()), initial=initial)
    problem = ""
    if request.method == "POST":
        chosen = candidates_of(request.POST, request.POST.get("body", ""))
        if form.is_valid():
            try:
                saved = elections.save_election(
                    activity=activity,
                    election=election,
                    data=form.election(request.POST),
                    actor=request.user,
                    form_key=form.cleaned_data["form_key"],
                    version=form.cleaned_data["version"],
                )
            except ValidationError as error:
                if getattr(error, "code", "") == "conflict":  # told once; saving again is then meant
                    typed = request.POST.copy()
                    typed["version"] = str(Election.objects.get(pk=election.pk if election else None).version)
                    form.data = typed
                fields = getattr(error, "message_dict", {})
                problem = " ".join(fields.pop("candidates", []))
                add_errors(form, ValidationError(fields) if fields else ValidationError([] if problem else error))
            else:
                messages.success(request, "选举已保存，可以打印选票；投票后请登记票数。")
                for text in election_cautions(activity, saved.body, chosen):
                    messages.warning(request, text)
                return redirect("activities:election_count", pk=saved.pk)
    people = elections.electable(activity)
    context = {
        "activity": activity,
        "election": election,
        "form": form,
        "people": [(row, row.member.user_id in chosen, chosen.get(row.member.user_id, "")) for row in people],
        "posts": [(post.value, post.label) for post in elections.POSTS],
        "problem": problem,
        "warnings": election_cautions(activity, election.body, chosen) if election else [],
        "unknown": "、".join(without_strokes([row.name for row in people])),
    }
    status = 422 if form.errors or problem else 200
    return render(request, "activities/votes/election_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def election_count(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter the count; by script, or by the button 核对, only say what it comes to."""
    election = _election(request, pk)
    activity = election.activity
    if back := closed(request, activity):
        return back
    problems: dict[str, list[str]] = {}
    version = str(election.version)
    listed = [row for row in election.candidates.all() if not row.write_in]
    people = {row.member.user_id: row.name for row in elections.electable(activity)}
    votes, outcome = elections.votes_in(election), elections.outcome_of(election)
    asks = bool(request.htmx) or request.POST.get("action") == "check"
    if request.method == "POST":
        version = request.POST.get("version", "")
        try:
            data = parse_count(request.POST, [row.pk for row in listed], election.seats)
            if asks:
                votes = [elections.Votes(row.name, *data.votes[row.pk]) for row in listed]
                data = replace(data, written={pk: yes for pk, yes in data.written.items() if pk in people})
                votes += [elections.Votes(people[pk], yes, write_in=True) for pk, yes in data.written.items()]
                counts = {"issued": data.issued, "returned": data.returned, "invalid": data.invalid}
                outcome = elections.outcome_of(election, votes, **counts)
            else:
                number = int(version) if version.isdecimal() and len(version) < 9 else -1
                _, outcome = elections.count_election(election=election, data=data, actor=request.user, version=number)
                messages.success(request, "票数已保存。")
                return redirect("activities:votes", pk=activity.pk)
        except ValidationError as error:
            problems = error.message_dict if hasattr(error, "error_dict") else {"counts": error.messages}
            if getattr(error, "code", "") == "conflict":
                version = str(Election.objects.get(pk=pk).version)
    typed = request.POST if request.method == "POST" else None
    written = [row for row in election.candidates.all() if row.write_in]
    lines = [
        (row, [_typed(typed, f"{name}-{row.pk}", getattr(row, name)) for name in ("yes", "no", "abstain")])
        for row in listed
    ]
    slots = []
    for n in range(1, election.seats + 1):
        kept = written[n - 1] if n <= len(written) else None
        person = typed.get(f"write-{n}", "") if typed is not None else str(kept.user_id) if kept else ""
        slots.append((n, person, _typed(typed, f"wrote-{n}", kept.yes if kept else 0)))
    names = {row.user_id for row in listed}
    context = {
        "activity": activity,
        "election": election,
        "title": elections.title_of(election),
        "lines": lines,
        "slots": slots,
        "others": [(str(pk), name) for pk, name in people.items() if pk not in names],
        "values": {name: _typed(typed, name, getattr(election, name)) for name in ("issued", "returned", "invalid")},
        "scrutineers": typed.get("scrutineers", "") if typed is not None else election.scrutineers,
        "tellers": typed.get("tellers", "") if typed is not None else election.tellers,
        "fewer": typed.get("fewer_seats") == "1" if typed is not None else election.fewer_seats,
        "problems": problems,
        "version": version,
        "voters": voters_of(activity, "election", election.session_id),
        "outcome": outcome,
        "base": ElectionBase(election.base).label,
        "winners": _names_at(votes, outcome.elected),
        "tied": _names_at(votes, outcome.tied),
        "void": outcome.result == VoteResult.VOID,
    }
    if request.htmx:
        return render(request, "activities/votes/_count_check.html", context)
    return render(request, "activities/votes/count_form.html", context, status=422 if problems and not asks else 200)


def _typed(typed: Any, name: str, kept: int) -> str:
    return typed.get(name, "") if typed is not None else str(kept or "")


def _names_at(votes: list[elections.Votes], positions: tuple[int, ...]) -> str:
    return "、".join(votes[n].name for n in positions)


@login_required
def election_again(request: HttpRequest, pk: int) -> HttpResponse:
    election = _election(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        made = elections.next_round(election=election, actor=request.user)
    except ValidationError as error:
        return votes_answer(request, election.activity, error=error.messages[0], status=422)
    messages.success(request, "已设立再次投票，可以打印选票；投票后请登记票数。")
    return redirect("activities:election_count", pk=made.pk)


@login_required
def election_delete(request: HttpRequest, pk: int) -> HttpResponse:
    election = _election(request, pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        elections.delete_election(election=election, actor=request.user)
    except ValidationError as error:
        return votes_answer(request, election.activity, error=error.messages[0], status=422)
    messages.success(request, "选举已删除。")
    return redirect("activities:votes", pk=election.activity_id)


@login_required
def election_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """The office enters the superior's approval; posts and term follow."""
    election = get_object_or_404(Election, pk=pk)
    activity = get_object_or_404(Activity.objects.readable_by(request.user).for_detail(), pk=election.activity_id)
    require(request.user, Capability.POSTS_MANAGE, activity)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        elected.approve_election(election=election, approval=request.POST.get("approval", ""), actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("activities:activity_detail", pk=activity.pk)
    messages.success(request, "批复已登记，选出的职务和届次已写入党组织页面。")
    return redirect("activities:activity_detail", pk=activity.pk)


@login_required
@require_safe
def election_ballot(request: HttpRequest, pk: int) -> HttpResponse:
    """Ballots to print, ?format=docx|pdf as a file: names in the order of strokes, no number and no mark on any."""
    election = _election(request, pk)
    voters = voters_of(election.activity, "election", election.session_id)
    asked = request.GET.get("n", "")
    wanted = int(asked) if asked.isdecimal() and len(asked) < 4 and 0 < int(asked) <= MOST else max(voters.present, 1)
    names = [row.name for row in election.candidates.all() if not row.write_in]
    if file_format := request.GET.get("format"):
        return _paper(request, election, ballots(election, names, wanted), file_format)
    columns = len(names) + election.seats
    context = {
        "activity": election.activity,
        "election": election,
        "names": [list(name) for name in names],
        "blanks": range(election.seats),
        "copies": range(wanted),
        "wanted": wanted,
        "per_page": A4_SPACE if columns <= 12 else 2,
        "unknown": "、".join(without_strokes(names)),
    }
    return render(request, "activities/votes/ballot.html", context)


@login_required
@require_safe
def election_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The counting sheet, empty to fill by hand or with the count that was entered; ?format=docx|pdf as a file."""
    election = _election(request, pk)
    voters = voters_of(election.activity, "election", election.session_id)
    if file_format := request.GET.get("format"):
        return _paper(request, election, counting_sheet(election, voters), file_format)
    context = {
        "activity": election.activity,
        "election": election,
        "title": elections.title_of(election),
        "voters": voters,
        "valid": election.returned - election.invalid,
        "rows": [row for row in election.candidates.all() if not row.write_in],
        "written": [row for row in election.candidates.all() if row.write_in],
        "blanks": range(max(0, election.seats - election.candidates.filter(write_in=True).count())),
    }
    return render(request, "activities/votes/sheet.html", context)


def _paper(request: HttpRequest, election: Election, document: Document, file_format: str) -> HttpResponse:
    """The file; that it left the house is on the trail."""
    day = timezone.localdate(election.activity.starts_at)
    response = document_response(
        request, document, file_format, f"{day:%Y-%m-%d}_{document.title}", formats=("docx", "pdf")
    )
    if response.status_code == 200:
        branch = election.activity.branch
        record(actor=request.user, action="election.printed", target=election, branch=branch)
    return response
