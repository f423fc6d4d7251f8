"""Who is asked for what in the yearly star rating, each step once. Opens to-dos and calls the inbox; may run twice."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from django.urls import reverse

from activities.reminders.rules import step_now
from branches.choices import Role, Topic
from branches.inbox import Message, notify_many
from branches.models import Branch
from branches.term_reminders import Posts
from branches.todo import open_todo
from branches.working_days import WorkCalendar, load_calendar
from config.templatetags.ui import cn_day
from points.choices import RatingState, RoundState
from points.cycle.timetable import first_month
from points.models import StarRound
from points.stars.deadlines import approved_by, reviewed_by, self_rated_by
from points.stars.rounds import approve_key, review_key, self_key
from points.stars.self_rating import open_self_todo
from points.stars.standing import Rated, standing_of

STEPS: Final = (7, 3, 1, 0)  # days before the due day
BEGUN: Final = "begun"
OVERDUE: Final = "overdue"


def remind(*, hospital_id: int, today: date) -> int:
    """What is due for the rating of the year before; returns how many messages were new.

    Nothing of a year in which the house did not use this site yet.
    """
    year, began = today.year - 1, first_month(hospital_id)
    round_ = StarRound.objects.filter(hospital=hospital_id, year=year).first()
    if began is None or began.year > year or (round_ is not None and round_.state == RoundState.APPROVED):
        return 0
    hospital = Branch.objects.get(pk=hospital_id)
    try:
        standing = standing_of(hospital, year, today)
    except LookupError:  # no score card of that year
        return 0
    rated = [one for one in standing.rated if one.decision is not None]
    if not rated:
        return 0
    posts, calendar = Posts([hospital, *(one.branch for one in rated)], today), load_calendar([today.year])
    url, office = f"{reverse('points:star_list')}?year={year}", posts.office(hospital.path)
    if round_ is not None and round_.state == RoundState.PUBLICISED:
        key, text, due = approve_key(hospital_id, year), f"审定{year}年度支部星级", approved_by(year)
    else:
        told = _self_ratings(rated, posts, today, calendar)
        key, text, due = review_key(hospital_id, year), f"复核并公示{year}年度支部星级", reviewed_by(year)
        _open(hospital, key, text, url, due)
        return told + _tell(office, key, text, url, due, today, calendar)
    _open(hospital, key, text, url, due)
    return _tell(office, key, text, url, due, today, calendar)


def _open(hospital: Branch, key: str, text: str, url: str, due: date) -> None:
    open_todo(item_key=key, title=text, url=url, due=due, role=Role.PARTY_OFFICE, branch=hospital)


def _self_ratings(rated: Sequence[Rated], posts: Posts, today: date, calendar: WorkCalendar) -> int:
    told = 0
    for one in rated:
        if one.is_frozen or (one.row is not None and one.row.state == RatingState.SELF_RATED):
            continue
        open_self_todo(one.branch, one.year)
        url = reverse("points:star_detail", args=[one.branch.pk, one.year])
        people = posts.holders(one.branch.pk, [Role.BRANCH_SECRETARY])
        text, due = f"{one.branch.name}：提交{one.year}年度星级自评", self_rated_by(one.year)
        told += _tell(people, self_key(one.branch.pk, one.year), text, url, due, today, calendar)
    return told


def _tell(people: Iterable[int], key: str, text: str, url: str, due: date, today: date, calendar: WorkCalendar) -> int:
    """Once when it begins, some days before it is due, and once when it is late."""
    step = step_now(due, today, calendar, STEPS)
    if today > due:
        name, words = OVERDUE, f"{text}已逾期，应于{cn_day(due, today)}前办结"
    elif step is None:
        name, words = BEGUN, f"{text}，{cn_day(due, today)}前"
    else:
        name, words = str(step), f"{text}，{f'还有{(due - today).days}天到期' if due > today else '今天到期'}"
    return notify_many(Message(user, Topic.STARS, key, name, words, url, due) for user in people)
