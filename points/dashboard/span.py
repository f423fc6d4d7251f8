"""Which time the dashboard looks at: a month, a quarter or a year, read from the address."""

from dataclasses import dataclass
from datetime import date, timedelta

from activities.choices import Period
from activities.plan.periods import period_bounds, period_label
from members.models import month_of

SPANS = {"month": Period.MONTH, "quarter": Period.QUARTER, "year": Period.YEAR}
NAMES = {Period.MONTH: "本月", Period.QUARTER: "本季度", Period.YEAR: "全年"}


@dataclass(frozen=True)
class Span:
    key: str
    first: date
    last: date
    today: date

    @property
    def period(self) -> Period:
        return SPANS[self.key]

    @property
    def label(self) -> str:
        """11月, 第四季度, 2026年; with its year when that is not the present one."""
        label = period_label(self.period, self.first)
        return label if self.key == "year" or self.first.year == self.today.year else f"{self.first.year}年{label}"

    @property
    def is_now(self) -> bool:
        return self.first <= self.today <= self.last

    @property
    def end(self) -> date:
        """The day the figures speak of: the last one, today while it runs."""
        return min(self.last, self.today)

    @property
    def last_month(self) -> date:
        return month_of(self.end)

    @property
    def month(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def before(self) -> "Span":
        return make_span(self.key, self.first - timedelta(days=1), self.today)

    @property
    def after(self) -> "Span | None":
        day = self.last + timedelta(days=1)
        return None if day > self.today else make_span(self.key, day, self.today)

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """(key, name, chosen); switching leads to the span of that length that is running now."""
        return [(key, NAMES[period], key == self.key) for key, period in SPANS.items()]


def make_span(key: str, day: date, today: date) -> Span:
    return Span(key, *period_bounds(SPANS[key], day), today)


def read_span(key: str, month: str, today: date) -> Span:
    """`month` is YYYY-MM; what cannot be read, or lies ahead, is the present."""
    key = key if key in SPANS else "month"
    try:
        day = date.fromisoformat(f"{month}-01") if len(month) == 7 else today
    except ValueError:
        day = today
    return make_span(key, min(day, today) if day.year >= 2000 else today, today)
