"""Last year's star ratings, approved in March; this year's preview month by month."""

from datetime import date, datetime, time
from typing import Final

from django.utils import timezone

from branches.choices import Role, Topic
from branches.models import Notice, Todo
from branches.working_days import add_working_days, load_calendar
from points.choices import RatingState, RoundState
from points.demo.people import Hospital
from points.models import StarRating, StarRound
from points.stars import deciding, reviewing, self_rating
from points.stars.deadlines import PUBLIC_DAYS, approved_by
from points.stars.follow_ups import open_follow_ups
from points.stars.months import roll_up
from points.stars.standing import standing_of

SILENT: Final = "WG01"  # handed nothing in
SELF_RATED, REVIEWED, SHOWN, APPROVED = (1, 12), (2, 10), (2, 25), (3, 6)
COMMENT: Final = "对照评分表逐项核对，得分与台账一致；不足的项目已列入本年工作计划。"
LINES: Final = {"2.6": "夜班和抢救较多，缺席的同志已按规定补课。", "3.4": "外出进修的同志学时由进修单位登记。"}


def add_star_round(hospital: Hospital, today: date) -> None:
    """After the figures; nothing of the round before it would have been approved."""
    for month in range(1, today.month + 1):
        roll_up(hospital_id=hospital.root.pk, today=min(today, date(today.year, month, 28)))
    year = today.year - 1
    if today <= approved_by(year):
        return
    for n, (code, branch) in enumerate(hospital.branches.items()):
        rated = standing_of(hospital.root, year, today).of(branch.pk)
        if rated is None or rated.decision is None:
            continue
        if code != SILENT:
            secretary = hospital.officers[code][Role.BRANCH_SECRETARY]
            comments = LINES if n % 3 == 0 else {}
            self_rating.self_rate(
                branch=branch, year=year, comments=comments, comment=COMMENT, version=0, actor=secretary
            )
        comment = "数据属实。" if code != SILENT else "书记住院，支部没有提交自评，按台账复核。"
        reviewing.review(
            branch=branch,
            year=year,
            comment=comment,
            seen=rated.rating.total,
            version=0 if code == SILENT else 1,
            actor=hospital.office,
        )
    version = StarRound.objects.get(hospital=hospital.root, year=year).version
    round_ = deciding.publicise(hospital=hospital.root, year=year, version=version, actor=hospital.office)
    _settle(hospital, round_, today)


def _settle(hospital: Hospital, round_: StarRound, today: date) -> None:
    """As the committee approved it in March; what was to do for it was done then."""

    def at(day: tuple[int, int]) -> datetime:
        return timezone.make_aware(datetime.combine(date(today.year, *day), time(16)))

    rows = StarRating.objects.filter(hospital=hospital.root, year=round_.year)
    rows.filter(self_rated_at__isnull=False).update(self_rated_at=at(SELF_RATED))
    rows.filter(reviewed_at__isnull=False).update(reviewed_at=at(REVIEWED))
    rows.update(state=RatingState.APPROVED)
    shown = date(today.year, *SHOWN)
    StarRound.objects.filter(pk=round_.pk).update(
        state=RoundState.APPROVED,
        publicised_on=shown,
        objections_until=add_working_days(shown, PUBLIC_DAYS, load_calendar([today.year])),
        meeting=f"{today.year}年3月6日党委会",
        approved_by=hospital.chief,
        approved_at=at(APPROVED),
    )
    Notice.objects.filter(topic=Topic.STARS).delete()  # read long ago
    Todo.objects.filter(item_key__startswith="star_", done_at__isnull=True).update(done_at=at(APPROVED))
    open_follow_ups(round_, list(rows), date(today.year, *APPROVED))
