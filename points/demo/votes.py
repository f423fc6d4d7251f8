"""Votes of the demo: an admission and a resolution, last year's election with its term, one term that soon runs out."""

from datetime import date, timedelta

from django.utils import timezone

from activities.choices import ActivityState, AttendanceStatus, ElectionBody, Kind, MotionKind, VoteMethod, VoteResult
from activities.models import Activity, Candidate, Election, Motion
from activities.models.records import ActivityQuerySet
from activities.votes.strokes import stroke_key
from branches.choices import COMMITTEE_ROLES, Role
from branches.models import Branch, Term, User
from branches.term_rules import term_end

ENDS_SOON = 75  # days: within the reminders
TERM_DAYS = 3 * 365
APPROVAL = "江医党〔{}〕7号"


def add_votes(branches: dict[str, Branch], officers: dict[str, dict[Role, User]], today: date) -> None:
    """Terms of all branches; the votes are those of the first one, whose people have log-ins."""
    first = branches["JG01"]
    held = election_of(first, officers["JG01"], today)
    for n, (code, branch) in enumerate(sorted(branches.items())):
        start = held if code == "JG01" and held else today - timedelta(days=200 + n * 53)
        if code == "NK02":
            start = today + timedelta(days=ENDS_SOON - TERM_DAYS)
        start = max(start, branch.founded_on)
        ends = term_end(branch.level, start)
        if ends is not None:
            document = APPROVAL.format(start.year)
            Term.objects.create(branch=branch, number=4 + n % 3, starts_on=start, ends_on=ends, document=document)
    motions_of(first, today)


def motions_of(branch: Branch, today: date) -> None:
    """An admission by secret ballot and a resolution by show of hands, at the latest confirmed general meeting."""
    meeting = _meetings(branch, today - timedelta(days=200), today).first()
    if meeting is None:
        return
    eligible, present = _voters(meeting)
    counts = {"eligible": eligible, "present_voting": present, "result": VoteResult.PASSED}
    if present * 2 <= eligible:
        return
    Motion.objects.bulk_create(
        [
            Motion(
                activity=meeting,
                number=1,
                kind=MotionKind.ADMISSION,
                text="接收为中共预备党员",
                subject="沈知夏",
                method=VoteMethod.SECRET,
                issued=present,
                returned=present,
                yes=present - 1,
                abstain=1,
                **counts,
            ),
            Motion(
                activity=meeting,
                number=2,
                text="通过支部明年党员教育计划",
                method=VoteMethod.SHOW_OF_HANDS,
                yes=present,
                **counts,
            ),
        ]
    )


def election_of(branch: Branch, officers: dict[Role, User], today: date) -> date | None:
    """Last year's election of the committee that sits now; the day its term began, or None without a fit meeting."""
    for meeting in _meetings(branch, date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)):
        eligible, present = _voters(meeting)
        if present * 5 >= eligible * 4:
            break
    else:
        return None
    day = timezone.localdate(meeting.starts_at)
    people = {user.pk: (user.name, role) for role, user in officers.items() if role in COMMITTEE_ROLES}
    other = meeting.attendances.filter(may_vote=True).exclude(member__user__in=people).first()
    election = Election.objects.create(
        activity=meeting,
        number=1,
        body=ElectionBody.COMMITTEE,
        seats=len(people),
        eligible=eligible,
        present_voting=present,
        issued=present,
        returned=present,
        scrutineers="钱文博",
        tellers="郑晓岚",
        term_from=day,
        term_to=term_end(branch.level, day),
        approval=APPROVAL.format(day.year),
        result=VoteResult.PASSED,
        applied_at=meeting.confirmed_at,
    )
    led = {Role.BRANCH_SECRETARY, Role.DEPUTY_SECRETARY}
    names = [(pk, name, "" if role in led else role, True) for pk, (name, role) in people.items()]
    if other is not None:
        names.append((other.member.user_id, other.name, "", False))
    names.sort(key=lambda row: stroke_key(row[1]))
    Candidate.objects.bulk_create(
        Candidate(
            election=election,
            user_id=pk,
            name=name,
            post=post,
            order=n,
            elected=won,
            yes=present - n if won else len(names),
            no=n if won else present - len(names),
        )
        for n, (pk, name, post, won) in enumerate(names, 1)
    )
    return day


def _meetings(branch: Branch, first: date, last: date) -> ActivityQuerySet:
    rows = Activity.objects.filter(branch=branch, state=ActivityState.CONFIRMED, kinds__kind=Kind.GENERAL_MEETING)
    return rows.filter(starts_at__date__range=(first, last)).order_by("-starts_at")


def _voters(meeting: Activity) -> tuple[int, int]:
    able = meeting.attendances.filter(may_vote=True)
    return able.count(), able.filter(status=AttendanceStatus.PRESENT).count()
