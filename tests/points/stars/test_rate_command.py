"""`manage.py rate`: the demo hospital line by line, with totals that add up and evidence that opens."""

import json
from datetime import date
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client, TestCase, override_settings

from branches.models import Branch, User
from points.stars.standing import standings_by_lot
from tests import factories

TODAY = date(2026, 11, 22)


def rate(**options):
    out = StringIO()
    call_command("rate", stdout=out, **options)
    return out.getvalue()


class TestDemo(TestCase):
    """One demo hospital for all tests of the class."""

    @classmethod
    def setUpTestData(cls) -> None:
        with override_settings(DEMO=True):
            call_command("seed_demo", today=TODAY, stdout=StringIO())

    def setUp(self) -> None:
        clock = time_machine.travel(factories.at(TODAY, 10), tick=False)
        clock.start()
        self.addCleanup(clock.stop)

    def test_every_branch_of_the_demo_adds_up_in_both_years(self):
        standing = set(Branch.objects.branches().filter(dissolved_on=None).values_list("code", flat=True))
        for year in (2025, 2026):
            rows = json.loads(rate(year=year, json=True))
            assert {row["branch"] for row in rows} == standing
            for row in rows:
                lines = [line for line in row["lines"] if line["applicable"]]
                assert len(row["lines"]) == 35
                assert sum(line["max"] for line in row["lines"]) == 100
                score, most = (sum(line[key] for line in lines) for key in ("score", "max"))
                assert most >= 60
                total = max(0, min(110, 100 * score / most + row["bonus"] - row["deduction"]))
                assert abs(row["total"] - total) <= 0.005 + 1e-9
                assert all(0 <= line["score"] <= line["max"] for line in row["lines"])
                assert all(line["evidence"] for line in lines if line["score"] > 0)
                assert all(line["reason"] for line in row["lines"] if not line["applicable"])
                assert 1 <= row["stars"] <= 5

    def test_places_are_those_of_thirteen_branches(self):
        rows = json.loads(rate(year=2026, json=True))
        assert {(row["quota"]["rated"], row["quota"]["max5"], row["quota"]["max4"]) for row in rows} == {(13, 1, 6)}
        own = [row for row in rows if row["branch"] != "WG01"]  # its stars were decided by the city
        assert sum(row["stars"] == 5 for row in own) <= 1
        assert sum(row["stars"] >= 4 for row in own) <= 6
        one = json.loads(rate(year=2026, branch="JG01", json=True))
        assert one == [row for row in rows if row["branch"] == "JG01"]

    def test_every_evidence_link_opens_for_the_office(self):
        client = Client()
        client.force_login(User.objects.get(username="office"))
        rows = json.loads(rate(year=2026, json=True)) + json.loads(rate(year=2025, branch="JG01", json=True))
        links = {url for row in rows for line in row["lines"] for url in line["evidence"]}
        links |= {gap["url"] for row in rows for line in row["lines"] for gap in line["missing"] if gap["url"]}
        assert len(links) > 100
        wrong = {url: status for url in sorted(links) if (status := client.get(url).status_code) != 200}
        assert wrong == {}

    def test_the_page_says_the_same_as_the_command(self):
        client = Client()
        client.force_login(User.objects.get(username="office"))
        branch = Branch.objects.get(code="NK01")
        (row,) = json.loads(rate(year=2026, branch="NK01", json=True))
        rating = client.get(f"/points/stars/branches/{branch.pk}/2026/").context["rating"]
        assert float(rating.total) == row["total"]
        assert [float(line.score) for line in rating.lines] == [line["score"] for line in row["lines"]]


@pytest.mark.django_db
@time_machine.travel(factories.at(TODAY, 10), tick=False)
def test_what_cannot_be_rated_is_said_in_words(branch):
    with pytest.raises(CommandError, match="没有可以评定的数据"):
        rate(year=2027)
    with pytest.raises(CommandError, match="还没有评分表"):
        rate(year=2018)
    with pytest.raises(CommandError, match="没有编码为XX的党支部"):
        rate(year=2026, branch="XX")
    assert "没有可以评定的党支部" in rate(year=2026)
    assert json.loads(rate(year=2026, json=True)) == []


@pytest.mark.django_db
@time_machine.travel(factories.at(TODAY, 10), tick=False)
def test_hospitals_are_worked_out_lot_by_lot_and_none_is_forgotten(branch, monkeypatch):
    branches = [branch, *(factories.make_branch(factories.make_branch(name=f"第{n}医院党委")) for n in range(3))]
    hospitals = [one.hospital_id for one in branches]
    for lot in (1, 3, 50):
        monkeypatch.setattr("points.stars.standing.LOT", lot)
        found = standings_by_lot(hospitals, 2026, TODAY)
        assert [one.branch for standing in found for one in standing.rated] == branches
