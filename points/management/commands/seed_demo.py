"""`manage.py seed_demo`: a believable hospital for the demo. Only where DEMO=1."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from activities.attendance.make_ups import lapse_make_ups
from activities.plan.planning import plan_year, refresh_plan
from activities.plan.rollups import rebuild_activity_months
from branches import append_only
from branches.models import Branch, User
from members.roll_months import recount_roll_months
from points.catalogue import install_default
from points.demo import shape
from points.demo.assessment import add_assessments, add_deeds, add_exemptions
from points.demo.attendance import add_attendance
from points.demo.claims import add_claims
from points.demo.contents import add_contents
from points.demo.cycle import add_cycle
from points.demo.gatherings import plan_gatherings, write_gatherings
from points.demo.joint import add_joint_day
from points.demo.member_stars import add_member_stars
from points.demo.people import build_organisation, build_people, plan_admissions
from points.demo.plans import add_plans
from points.demo.rule_book import add_rules
from points.demo.scenes import add_photos, settle_old_gaps
from points.demo.star_figures import add_star_figures
from points.demo.star_rounds import add_star_round
from points.demo.votes import add_votes
from points.ledger import registry
from points.ledger.posting import post_many
from points.models import MemberStarScheme, RuleItem, RuleVersion, Scorecard, ScorecardLine
from points.stars import catalogue as scorecards
from points.stars.members import catalogue as member_stars


class Command(BaseCommand):
    help = "Builds the demo hospital; keeps what is there unless --fresh."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--today", type=date.fromisoformat, default=None, help="build as of this day (YYYY-MM-DD)")
        parser.add_argument("--fresh", action="store_true", help="remove everything first")

    def handle(self, *args: Any, today: date | None, fresh: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("seed_demo needs DEMO=1: demo accounts exist in no other installation")
        if fresh:
            if User.objects.exists() and not User.objects.filter(username=shape.DEMO_LOGINS[0]).exists():
                raise CommandError("this is no demo hospital: --fresh would destroy it")
            self._empty()
        elif Branch.objects.exists():
            self.stdout.write("The data is kept; --fresh rebuilds it.")
            return
        self._build(today or timezone.localdate())

    def _empty(self) -> None:
        with append_only.suspended():
            call_command("flush", interactive=False, verbosity=0)
        for folder in (settings.DATA_DIR / "media", settings.DATA_DIR / "private"):
            shutil.rmtree(Path(folder), ignore_errors=True)

    @transaction.atomic
    def _build(self, today: date) -> None:
        install_default(RuleVersion, RuleItem)
        scorecards.install_default(Scorecard, ScorecardLine)
        member_stars.install_default(MemberStarScheme)
        hospital = build_organisation(today)
        build_people(hospital, today)
        plan_admissions(hospital, today)
        add_exemptions(hospital, today)
        branches = [*hospital.branches.values(), hospital.temporary]
        recount_roll_months(branches=branches, from_month=date(today.year - 1, 1, 1))
        confirmed = write_gatherings(hospital, plan_gatherings(hospital, today), today)
        nodes = [hospital.root, *branches]
        for year in (today.year - 1, today.year):
            plan_year(branches=nodes, year=year, today=today)
            refresh_plan(branches=nodes, year=year)
        add_plans(hospital, today)
        add_attendance(hospital, today)
        settle_old_gaps(branches, hospital.office, today)
        for year in (today.year - 1, today.year):
            rebuild_activity_months(branches=nodes, year=year)
        add_photos(hospital.branches["JG01"])
        add_contents(hospital.branches["JG01"], today)
        add_votes(hospital.branches, hospital.officers, today)
        lapse_make_ups(hospital_id=hospital.root.pk, today=today)
        post_many(source_kind="activity", source_ids=confirmed, actor=None)
        for kind in ("study", "make_up", "matter"):
            post_many(source_kind=kind, source_ids=registry.source(kind).worth_asking(None), actor=None)
        add_joint_day(hospital, today)
        add_rules(hospital.root, hospital.office, today)
        add_deeds(hospital, today)
        add_claims(hospital, today)
        add_cycle(hospital, today)
        add_assessments(hospital, today)
        add_member_stars(hospital, today)
        add_star_figures(hospital, today)
        add_star_round(hospital, today)
        self.stdout.write(f"{hospital.root}: {sum(len(hospital.roll(c, today)) for c in hospital.branches)} members")
