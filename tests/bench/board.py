"""The board of a year: its queries for one branch and for twenty."""

from datetime import date

from django.test import Client
from django.urls import reverse

from activities.plan.planning import plan_year
from branches.choices import Role
from tests import factories
from tests.bench.measure import say, statements

YEAR = 2026


def run() -> None:
    hospital = factories.make_branch(name="看板医院党委", level="committee")
    office = factories.UserFactory()
    factories.appoint(office, hospital, Role.PARTY_OFFICE)
    client = Client()
    client.force_login(office)
    client.get(reverse("activities:board"))  # what a first page alone asks is not the board's
    counted = []
    for branches in (1, 19):
        made = [factories.make_branch(hospital) for _ in range(branches)]
        for branch in made:
            for _ in range(3):
                factories.make_member(branch)
        plan_year(branches=made, year=YEAR, today=date(YEAR, 1, 2))
        with statements() as captured:
            answer = client.get(reverse("activities:board"), {"span": "year", "at": f"{YEAR}-11"})
        if answer.status_code != 200:
            raise SystemExit(f"the board answered {answer.status_code}")
        counted.append(len(captured))
    say("queries of the year board, 1 branch / 20 branches", f"{counted[0]} / {counted[1]}", "<= 12, the same")
