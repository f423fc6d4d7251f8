"""The cast of the tests of joint gatherings: two branches, the officers of both, and a filled form of the host."""

import uuid
from dataclasses import replace
from datetime import date

from activities import services
from activities.choices import Kind
from activities.records import joint
from activities.records.drafting import ActivityData
from branches.choices import Role
from tests import factories

DAY = date(2026, 11, 11)
TODAY = date(2026, 11, 22)


class Cast:
    """`host` is the branch of the conftest with its secretary and organiser; `guest` holds it with them."""

    def __init__(self, host, guest, secretary, organiser):
        self.host, self.guest, self.secretary, self.organiser = host, guest, secretary, organiser
        self.people = [factories.make_member(host) for _ in range(2)]
        self.guests = [factories.make_member(guest, name=f"协办党员{n}") for n in range(3)]
        self.guest_secretary, self.guest_organiser = self.guests[0].user, self.guests[1].user
        factories.appoint(self.guest_secretary, guest, Role.BRANCH_SECRETARY)
        factories.appoint(self.guest_organiser, guest, Role.ORGANISATION_MEMBER)

    def data(self, **fields):
        words = {
            "branch": self.host,
            "kinds": (Kind.THEME_DAY,),
            "starts_at": factories.at(DAY),
            "ends_at": factories.at(DAY, 18),
            "topic": "联合义诊进社区",
            "place": "社区广场",
            "chair": self.secretary,
            "minutes": "两个党支部共同开展义诊。",
            "agenda": "义诊",
            "cohosts": (self.guest,),
        }
        return ActivityData(**{**words, **fields})

    def save(self, activity=None, actor=None, **fields):
        if activity is not None:
            activity.refresh_from_db()
            fields.setdefault("version", activity.version)
        return services.save_draft(
            activity=activity, form_key=uuid.uuid4(), data=self.data(**fields), actor=actor or self.secretary
        )

    def save_part(self, part, actor=None, **fields):
        part.refresh_from_db()
        blank = ActivityData(branch=part.branch, kinds=(), starts_at=part.starts_at, version=part.version)
        data = replace(joint.with_common(part, blank), **fields)
        return services.save_draft(activity=part, form_key=uuid.uuid4(), data=data, actor=actor or self.guest_secretary)

    def hand_in(self, activity):
        return services.submit_activity(activity=activity, actor=self.secretary)

    def hand_in_part(self, part):
        return services.submit_activity(activity=part, actor=self.guest_secretary)

    def confirm(self, activity):
        return services.confirm_activity(activity=activity, actor=self.organiser)

    def confirm_part(self, part):
        return services.confirm_activity(activity=part, actor=self.guest_organiser)

    def confirmed_part(self):
        """(host handed in, part confirmed)."""
        host = self.save()
        part = host.parts.get()
        host = self.hand_in(host)
        self.hand_in_part(part)
        return host, self.confirm_part(part)
