"""The figures of the dashboard, counted again for the demo hospital by SQL that knows neither roll-ups nor panels."""

from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import TestCase, override_settings

from branches.models import Branch, User
from members.choices import EventKind
from tests import factories

TODAY = date(2026, 11, 22)
SPANS = {  # asked for -> first and last day, and the same two moments of the attendance, in UTC
    ("month", "2026-11"): ("2026-11-01", "2026-11-30", "2026-10-31 16:00:00+00:00", "2026-11-30 16:00:00+00:00"),
    ("month", "2026-10"): ("2026-10-01", "2026-10-31", "2026-09-30 16:00:00+00:00", "2026-10-31 16:00:00+00:00"),
    ("quarter", "2026-08"): ("2026-07-01", "2026-09-30", "2026-06-30 16:00:00+00:00", "2026-09-30 16:00:00+00:00"),
    ("year", "2026-11"): ("2026-01-01", "2026-12-31", "2025-12-31 16:00:00+00:00", "2026-12-31 16:00:00+00:00"),
    ("year", "2025-06"): ("2025-01-01", "2025-12-31", "2024-12-31 16:00:00+00:00", "2025-12-31 16:00:00+00:00"),
}
LATEST = """
    SELECT e.branch_id, e.member_type, e.member_id FROM members_membershipevent e
    JOIN members_member m ON m.id = e.member_id AND NOT m.in_error
    WHERE e.recorded_on <= %s AND e.branch_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM members_membershipevent x WHERE x.member_id = e.member_id AND x.recorded_on <= %s
        AND (x.recorded_on > e.recorded_on OR (x.recorded_on = e.recorded_on AND x.id > e.id)))
"""


def sql(text: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return [tuple(row) for row in cursor.fetchall()]


def one(text: str, *params: Any) -> tuple[Any, ...]:
    return sql(text, *params)[0]


def cents(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))


@pytest.mark.slow
class TestFigures(TestCase):
    """One demo hospital for all; each test reads the page as the office does."""

    @classmethod
    def setUpTestData(cls) -> None:
        with time_machine.travel(factories.at(TODAY, 10), tick=False), override_settings(DEMO=True):
            call_command("seed_demo", today=TODAY, stdout=StringIO())

    def setUp(self) -> None:
        clock = time_machine.travel(factories.at(TODAY, 10), tick=False)
        clock.start()
        self.addCleanup(clock.stop)
        office = User.objects.get(username="office")
        self.client.force_login(office, backend="branches.accounts.backends.LoginNameBackend")

    def page(self, key: str = "month", month: str = "2026-11", **more: Any) -> Any:
        answer = self.client.get("/", {"span": key, "month": month, "as": "dashboard", **more})
        assert answer.status_code == 200
        return answer.context

    def test_what_fell_due_was_done_and_was_late(self):
        for (key, month), (first, last, *_) in SPANS.items():
            shown = self.page(key, month)["activities"]
            rows = sql(
                "SELECT p.branch_id, COUNT(*), SUM(CASE WHEN p.state = 'confirmed' THEN 1 ELSE 0 END), "
                "SUM(CASE WHEN p.state = 'confirmed' AND p.late THEN 1 ELSE 0 END) FROM activities_planitem p "
                "JOIN branches_branch b ON b.id = p.branch_id WHERE b.level = 'branch' AND p.due BETWEEN %s AND %s "
                "AND p.state NOT IN ('not_applicable', 'not_held') GROUP BY p.branch_id",
                first,
                last,
            )
            assert rows
            found = {row.unit.pk: (row.completion.of, row.completion.n, row.late) for row in shown.units}
            assert {pk: counts for pk, counts in found.items() if counts[0]} == {row[0]: row[1:] for row in rows}
            assert (shown.completion.of, shown.completion.n) == (sum(r[1] for r in rows), sum(r[2] for r in rows))

    def test_who_came(self):
        for (key, month), (*_, start, end) in SPANS.items():
            shown = self.page(key, month)["activities"]
            rows = sql(
                "SELECT a.branch_id, COUNT(*), SUM(CASE WHEN t.status = 'present' THEN 1 ELSE 0 END) "
                "FROM activities_activitykind k JOIN activities_activity a ON a.id = k.activity_id "
                "JOIN activities_attendance t ON t.activity_id = a.id JOIN branches_branch b ON b.id = a.branch_id "
                "WHERE b.level = 'branch' AND a.state IN ('confirmed', 'archived') "
                "AND a.starts_at >= %s AND a.starts_at < %s GROUP BY a.branch_id",
                start,
                end,
            )
            assert rows
            found = {row.unit.pk: (row.attendance.of, row.attendance.n) for row in shown.units if row.attendance.of}
            listed = {unit.pk for unit in self.page(key, month)["scope"].units}
            assert found == {row[0]: row[1:] for row in rows if row[0] in listed}
            assert (shown.attendance.of, shown.attendance.n) == (sum(r[1] for r in rows), sum(r[2] for r in rows))

    def test_what_is_open_and_what_waits(self):
        page = self.page()
        overdue, soon, returned = one(
            "SELECT SUM(CASE WHEN p.due < '2026-11-22' THEN 1 ELSE 0 END), "
            "SUM(CASE WHEN p.due BETWEEN '2026-11-22' AND '2026-11-29' THEN 1 ELSE 0 END), "
            "SUM(CASE WHEN p.due >= '2026-11-22' AND p.state = 'returned' THEN 1 ELSE 0 END) "
            "FROM activities_planitem p JOIN branches_branch b ON b.id = p.branch_id "
            "WHERE b.level = 'branch' AND p.state IN ('open', 'draft', 'returned') AND p.due >= '2026-01-01'"
        )
        assert (page["owed"].overdue, page["owed"].soon) == (overdue, soon)
        assert page["overdue"].total == overdue + returned
        assert page["waiting"] == one("SELECT COUNT(*) FROM activities_activity WHERE state = 'submitted'")[0]

    def test_the_cells_of_a_quarter(self):
        rows = sql(
            "SELECT p.branch_id, SUM(CASE WHEN p.state NOT IN ('not_applicable', 'not_held') THEN 1 ELSE 0 END), "
            "SUM(CASE WHEN p.state = 'confirmed' THEN 1 ELSE 0 END), "
            "SUM(CASE WHEN p.state IN ('open', 'draft', 'returned') AND p.due < '2026-11-22' THEN 1 ELSE 0 END) "
            "FROM activities_planitem p WHERE p.due BETWEEN '2026-10-01' AND '2026-12-31' GROUP BY p.branch_id"
        )
        counted = {row[0]: row[1:] for row in rows}
        for row in self.page("quarter")["sums"].rows:
            assert (row.required, row.done, row.open_late) == counted[row.unit.pk]

    def test_members_of_now_and_of_the_end_of_a_month_that_is_over(self):
        now = one(
            "SELECT COUNT(*), SUM(CASE WHEN member_type = 'probationary' THEN 1 ELSE 0 END) "
            "FROM members_member WHERE left_on IS NULL AND NOT in_error"
        )
        heads = self.page()["heads"]
        assert (heads.total, heads.probationary) == now
        then = sql(LATEST, "2026-10-31", "2026-10-31")
        heads = self.page("month", "2026-10")["heads"]
        assert (heads.total, heads.probationary) == (len(then), sum(row[1] == "probationary" for row in then))

    def test_the_head_count_from_december_to_today(self):
        sums = self.page()["headcount"].sums
        kinds = dict(
            sql(
                "SELECT e.kind, COUNT(*) FROM members_membershipevent e JOIN members_member m ON m.id = e.member_id "
                "WHERE NOT m.in_error AND e.recorded_on BETWEEN '2026-01-01' AND '2026-11-22' GROUP BY e.kind"
            )
        )
        assert sums.start == len(sql(LATEST, "2025-12-31", "2025-12-31"))
        names = {
            EventKind.ADMITTED: sums.admitted, EventKind.TRANSFER_IN: sums.transferred_in,
            EventKind.TRANSFER_OUT: sums.transferred_out, EventKind.DECEASED: sums.deceased,
            EventKind.CONFIRMED: sums.confirmed,
        }  # fmt: skip
        assert {kind: n for kind, n in names.items() if n} == {k: n for k, n in kinds.items() if k in names}
        assert sums.end == self.page()["headcount"].counted == len(sql(LATEST, "2026-11-22", "2026-11-22"))

    def test_points_by_branch_without_those_who_take_no_part(self):
        for (key, month), (first, last, *_) in SPANS.items():
            day = min(last, "2026-11-22")
            rows = sql(
                "SELECT n.branch_id, SUM(n.points), SUM(CASE WHEN n.reversal_of_id IS NULL THEN 1 ELSE -1 END) "
                "FROM points_entry n WHERE n.month BETWEEN %s AND %s AND n.member_id NOT IN (SELECT x.member_id "
                "FROM members_exemption x WHERE x.starts_on <= %s AND (x.ends_on IS NULL OR x.ends_on >= %s)) "
                "GROUP BY n.branch_id",
                first,
                last,
                day,
                day,
            )
            assert rows
            points = self.page(key, month)["points"]
            listed = {row.branch.pk: (row.net, row.n) for row in points.rows if row.n or row.net}
            counted = {pk: (cents(net), n) for pk, net, n in rows if n or cents(net)}
            assert listed == {pk: counts for pk, counts in counted.items() if pk in {r.branch.pk for r in points.rows}}
            assert points.net == sum((cents(row[1]) for row in rows), Decimal(0))

    def test_the_people_of_each_branch_that_points_are_shared_among(self):
        outside = "SELECT member_id FROM members_exemption WHERE starts_on <= %s AND (ends_on IS NULL OR ends_on >= %s)"
        away = {row[0] for row in sql(outside, "2026-09-30", "2026-09-30")}
        counted: dict[int, int] = {}
        for branch, _, member in sql(LATEST, "2026-09-30", "2026-09-30"):
            counted[branch] = counted.get(branch, 0) + (member not in away)
        rows = self.page("quarter", "2026-08")["points"].rows
        assert {row.branch.pk: row.members for row in rows if row.members} == counted

    def test_the_spread_of_the_year(self):
        spread = self.page()["spread"]
        totals = [
            cents(row[0])
            for row in sql(
                "SELECT COALESCE(y.total, 60) FROM members_member m "
                "LEFT JOIN points_memberyear y ON y.member_id = m.id AND y.year = 2026 "
                "WHERE m.left_on IS NULL AND NOT m.in_error AND NOT EXISTS (SELECT 1 FROM members_exemption x "
                "WHERE x.member_id = m.id AND x.starts_on <= '2026-11-22' "
                "AND (x.ends_on IS NULL OR x.ends_on >= '2026-11-22')) "
                "AND EXISTS (SELECT 1 FROM members_membershipevent e WHERE e.member_id = m.id "
                "AND e.branch_id IS NOT NULL AND e.recorded_on < '2026-11-01')"
            )
        ]
        assert (spread.people, spread.average) == (len(totals), cents(sum(totals) / len(totals)))
        for label, n in spread.bins:
            low, high = (Decimal(edge) for edge in label.split("–"))
            assert n == sum(low <= total < high for total in totals)

    def test_admissions_and_the_share_of_the_highly_educated(self):
        rows = one(
            "SELECT COUNT(*), SUM(CASE WHEN m.title_level IN ('senior', 'associate_senior') OR m.degree = 'doctorate' "
            "OR (m.degree = 'master' AND m.title_level = 'intermediate') THEN 1 ELSE 0 END) "
            "FROM members_membershipevent e JOIN members_member m ON m.id = e.member_id "
            "WHERE e.kind = 'admitted' AND e.recorded_on BETWEEN '2026-01-01' AND '2026-11-22' AND NOT m.in_error"
        )
        development = self.page()["development"]
        assert (development.done.admitted, development.done.high_level) == rows
        assert rows[1]
        assert development.planned == 15
        assert sum(line.done.admitted for line in development.lines) == rows[0]

    def test_ages_standing_education_and_posts(self):
        bars = {bar.key: dict(bar.rows) for bar in self.page()["bars"]}
        people = "FROM members_member WHERE left_on IS NULL AND NOT in_error"
        born = {"30岁及以下": ("1995-11-23", "2100-01-01"), "41–45岁": ("1980-11-23", "1985-11-22"),
                "61岁及以上": ("1900-01-01", "1965-11-22")}  # fmt: skip
        for label, days in born.items():
            assert bars["ages"][label] == one(f"SELECT COUNT(*) {people} AND birth_date BETWEEN %s AND %s", *days)[0]
        since = {"4年及以下": ("2021-11-23", "2100-01-01"), "10–19年": ("2006-11-23", "2016-11-22")}
        for label, days in since.items():
            counted = one(f"SELECT COUNT(*) {people} AND confirmed_on BETWEEN %s AND %s", *days)[0]
            assert bars["standings"][label] == counted
        graduates = one(f"SELECT COUNT(*) {people} AND education IN ('11', '12', '13', '1A', '1B')")[0]
        assert bars["education"]["研究生"] == graduates
        posts = sorted(row[0] for row in sql(f"SELECT COUNT(*) {people} GROUP BY job_post"))
        assert sorted(bars["posts"].values()) == posts
        for key in ("ages", "standings", "education", "posts"):
            assert sum(bars[key].values()) == one(f"SELECT COUNT(*) {people}")[0]

    def test_one_branch_is_counted_for_itself(self):
        branch = Branch.objects.get(code="JG01")
        page = self.page(branch=branch.pk)
        net, n = one(
            "SELECT SUM(points), COUNT(*) FROM points_entry WHERE branch_id = %s AND month = '2026-11-01'", branch.pk
        )
        due = one(
            "SELECT COUNT(*) FROM activities_planitem WHERE branch_id = %s "
            "AND due BETWEEN '2026-11-01' AND '2026-11-30' AND state NOT IN ('not_applicable', 'not_held')",
            branch.pk,
        )
        heads = one("SELECT COUNT(*) FROM members_member WHERE branch_id = %s AND left_on IS NULL", branch.pk)
        assert (page["activities"].completion.of, page["heads"].total) == (due[0], heads[0])
        assert (page["points"].net, page["points"].n) == (cents(net), n)
