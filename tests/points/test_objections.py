"""An objection is raised in time, answered by somebody free of it, appealed, decided; upheld takes the points back."""

import uuid
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError

from activities.choices import AttendanceStatus
from branches.choices import Role
from branches.models import AuditEntry, Notice, Todo
from members.models import Member
from points.choices import ClaimState, ObjectionState, PeriodKind
from points.claims.deductions import post_due
from points.cycle import contesting
from points.cycle.closing import lock_period
from points.cycle.objections import (
    answer_objection,
    appeal_objection,
    close_missing,
    decide_objection,
    raise_objection,
    withdraw_objection,
)
from points.cycle.people import answerers, readable, waiting_for
from points.ledger.check import differences
from points.ledger.posting import post_source
from points.models import Claim, Entry, MemberYear, Objection, RuleItem
from tests import factories

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
TODAY = date(2026, 10, 12)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(factories.at(TODAY, 9), tick=True):
        yield


@pytest.fixture
def member(member_user) -> Member:
    return Member.objects.get(user=member_user)


@pytest.fixture
def entry(held, member) -> Entry:
    held([member], day=date(2026, 8, 12))
    return Entry.objects.get()


@pytest.fixture
def deduction(held, member, secretary) -> Claim:
    record = held([member], day=date(2026, 8, 19))
    record.attendances.update(status=AttendanceStatus.UNEXCUSED)
    record.revision += 1
    record.save()
    post_source(source_kind="activity", source_id=record.pk, revision=record.revision, actor=None)
    return Claim.objects.get()


@pytest.fixture
def raised(member_user):
    def make(target, *, actor=None, on=TODAY, text="当天在岗值班，请核对"):
        return raise_objection(target=target, text=text, form_key=uuid.uuid4(), actor=actor or member_user, today=on)

    return make


def answer(objection, actor, *, upheld, on=TODAY):
    return answer_objection(objection=objection, upheld=upheld, answer="已核对签到记录", actor=actor, today=on)


class TestRaising:
    def test_an_entry_is_contradicted_until_the_day_its_publication_names(self, branch, entry, publish, raised):
        assert contesting.of_entry(entry, TODAY).until is None
        made = publish(branch)
        assert contesting.of_entry(entry, date(2026, 10, 19)).why_not == ""
        assert contesting.of_entry(entry, date(2026, 10, 20)).why_not == "异议期已于10月19日结束。"
        objection = raised(contesting.of_entry(entry, TODAY))
        assert (objection.quarter, objection.answer_due) == (JULY, made.answers_until)

    def test_what_was_never_published_is_answered_within_seven_working_days(self, entry, raised):
        assert raised(contesting.of_entry(entry, TODAY)).answer_due == date(2026, 10, 21)

    def test_one_form_is_one_objection_and_one_target_has_one(self, entry, member_user):
        target, key = contesting.of_entry(entry, TODAY), uuid.uuid4()
        again = [
            raise_objection(target=target, text="当天在岗值班", form_key=key, actor=member_user, today=TODAY)
            for _ in range(2)
        ]
        assert again[0] == again[1]
        with pytest.raises(ValidationError, match="已有异议"):
            raise_objection(target=target, text="再提一次", form_key=uuid.uuid4(), actor=member_user, today=TODAY)
        assert "已经提出过异议" in contesting.of_entry(entry, TODAY).why_not

    def test_a_text_is_needed(self, entry, raised):
        with pytest.raises(ValidationError) as error:
            raised(contesting.of_entry(entry, TODAY), text=" 不 ")
        assert "text" in error.value.message_dict

    def test_of_a_locked_quarter_nothing_is_contradicted(self, branch, entry, publish, office):
        publish(branch)
        lock_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, actor=office, today=date(2026, 11, 22))
        assert "已经锁定" in contesting.of_entry(entry, date(2026, 11, 22)).why_not

    def test_a_late_booking_is_contradicted_in_the_window_that_shows_it(self, branch, member, held, publish):
        publish(branch)
        held([member], day=date(2026, 8, 26))
        late = Entry.objects.get()
        assert contesting.of_entry(late, date(2026, 12, 1)).why_not == ""
        with time_machine.travel(factories.at(date(2027, 1, 11), 9), tick=True):
            shown = publish(branch, date(2026, 10, 1), on=date(2027, 1, 11))
            assert contesting.published_in(late) == shown

    def test_a_published_line_of_somebody_else_and_what_is_missing(self, branch, member, members, publish, raised):
        shown = publish(branch)
        other = raised(contesting.of_publication(shown, members[0], is_own=False, today=TODAY))
        own = raised(contesting.of_publication(shown, member, is_own=True, today=TODAY))
        assert [(one.member, one.entry, one.claim, one.quarter) for one in (other, own)] == [
            (members[0], None, None, JULY),
            (member, None, None, JULY),
        ]

    def test_officers_are_asked_but_never_who_is_concerned(self, entry, raised, secretary, organiser, member_user):
        objection = raised(contesting.of_entry(entry, TODAY))
        assert set(answerers(objection)) == {secretary.pk, organiser.pk}
        assert Todo.objects.filter(item_key=f"objection:{objection.pk}", done_at=None).count() == 2
        assert all("值班" not in text for text in Notice.objects.values_list("text", flat=True))


class TestAnswering:
    def test_upheld_takes_the_entry_back_for_good(self, entry, member, raised, secretary):
        objection = answer(raised(contesting.of_entry(entry, TODAY)), secretary, upheld=True)
        assert objection.state == ObjectionState.ANSWERED
        assert Entry.objects.standing().count() == 0
        assert MemberYear.objects.get(member=member).total == Decimal(60)
        post_source(source_kind="activity", source_id=entry.source_id, revision=2, actor=None)
        assert Entry.objects.standing().count() == 0
        assert list(differences()) == []

    def test_upheld_voids_the_claim_an_entry_came_from(self, branch, member, raised, secretary):
        rule = RuleItem.objects.filter(code="D03").latest("pk")
        claim = Claim.objects.create(
            member=member,
            branch=branch,
            rule=rule,
            rule_code=rule.code,
            category=rule.category,
            points=rule.points,
            happened_on=date(2026, 8, 3),
            month=AUGUST,
            title="患者表扬信",
            state=ClaimState.ACCEPTED,
            revision=1,
        )
        post_source(source_kind="claim", source_id=claim.pk, revision=1, actor=None)
        answer(raised(contesting.of_entry(Entry.objects.get(), TODAY)), secretary, upheld=True)
        claim.refresh_from_db()
        assert claim.state == ClaimState.VOIDED
        assert Entry.objects.standing().count() == 0
        assert list(differences()) == []

    @pytest.mark.parametrize("posted", [False, True])
    def test_upheld_lifts_a_deduction_posted_or_not(
        self, branch, member, deduction, raised, secretary, close_quarter, posted
    ):
        if posted:
            close_quarter(branch)
            target = contesting.of_entry(Entry.objects.standing().get(category="DED"), TODAY)
        else:
            target = contesting.of_claim(deduction, TODAY)
        objection = raised(target)
        close_quarter(branch)
        answer(objection, secretary, upheld=True)
        deduction.refresh_from_db()
        assert (deduction.state, deduction.lifted) == (ClaimState.WITHDRAWN, True)
        assert MemberYear.objects.get(member=member).deductions == 0
        assert list(differences()) == []

    def test_a_contradicted_deduction_is_posted_once_the_refusal_is_final(
        self, branch, deduction, raised, secretary, close_quarter
    ):
        objection = raised(contesting.of_claim(deduction, TODAY))
        close_quarter(branch)
        assert not Entry.objects.filter(category="DED").exists()
        answer(objection, secretary, upheld=False)
        objection.refresh_from_db()
        assert post_due(branch_ids=[branch.pk], today=objection.appeal_until, actor=None) == 0
        assert post_due(branch_ids=[branch.pk], today=date(2026, 10, 20), actor=None) == 1
        assert objection.appeal_until == date(2026, 10, 19)

    def test_nobody_answers_about_themselves_nor_twice(self, branch, held, raised, secretary, organiser, office):
        held([Member.objects.get(user=secretary)], day=date(2026, 8, 12))
        objection = raised(contesting.of_entry(Entry.objects.get(), TODAY), actor=secretary)
        with pytest.raises(ValidationError, match="其他同志"):
            answer(objection, secretary, upheld=True)
        with pytest.raises(ValidationError, match="支部书记、副书记或组织委员"):
            answer(objection, office, upheld=True)
        answer(objection, organiser, upheld=False)
        with pytest.raises(ValidationError, match="已经答复"):
            answer(objection, organiser, upheld=True)

    def test_where_nobody_of_the_branch_is_free_the_office_answers(self, held, raised, secretary, office):
        held([Member.objects.get(user=secretary)], day=date(2026, 8, 12))
        objection = raised(contesting.of_entry(Entry.objects.get(), TODAY), actor=secretary)
        assert answerers(objection) == [office.pk]
        assert answer(objection, office, upheld=False).answered_by == office

    def test_a_reason_and_a_verdict_are_needed(self, entry, raised, secretary):
        objection = raised(contesting.of_entry(entry, TODAY))
        for upheld, text, field in [(True, "", "answer"), (None, "已核对签到记录", "upheld")]:
            with pytest.raises(ValidationError) as error:
                answer_objection(objection=objection, upheld=upheld, answer=text, actor=secretary, today=TODAY)
            assert field in error.value.message_dict


class TestAppeal:
    @pytest.fixture
    def refused(self, entry, raised, secretary):
        return answer(raised(contesting.of_entry(entry, TODAY)), secretary, upheld=False)

    def appeal(self, objection, actor, on=TODAY):
        return appeal_objection(objection=objection, appeal="有排班表为证", actor=actor, today=on)

    @pytest.mark.parametrize(("day", "fine"), [(date(2026, 10, 19), True), (date(2026, 10, 20), False)])
    def test_within_five_working_days_of_the_answer(self, refused, member_user, day, fine):
        if fine:
            assert self.appeal(refused, member_user, day).decide_due == date(2026, 11, 4)
        else:
            with pytest.raises(ValidationError, match="申诉期已过"):
                self.appeal(refused, member_user, day)

    def test_the_office_has_the_last_word(self, refused, member_user, office, secretary, member):
        objection = self.appeal(refused, member_user)
        with pytest.raises(ValidationError, match="不能裁定"):
            decide_objection(objection=objection, upheld=True, decision="排班属实", actor=secretary)
        objection = decide_objection(objection=objection, upheld=True, decision="排班属实", actor=office)
        assert (objection.state, objection.upheld) == (ObjectionState.DECIDED, True)
        assert Entry.objects.standing().count() == 0
        assert not Objection.objects.unsettled(TODAY).exists()

    def test_only_who_raised_it_appeals_or_takes_it_back(self, refused, member_user, organiser):
        with pytest.raises(ValidationError, match="本人提出"):
            self.appeal(refused, organiser)
        objection = self.appeal(refused, member_user)
        with pytest.raises(ValidationError, match="只能撤回本人"):
            withdraw_objection(objection=objection, actor=organiser)
        assert withdraw_objection(objection=objection, actor=member_user).state == ObjectionState.WITHDRAWN
        assert not Todo.objects.filter(done_at=None, item_key__startswith="objection:").exists()


class TestMissing:
    @pytest.fixture
    def upheld(self, branch, member, publish, raised, secretary):
        target = contesting.of_publication(publish(branch), member, is_own=True, today=TODAY)
        return answer(raised(target, text="8月的党课没有计入"), secretary, upheld=True)

    def owed(self):
        return Todo.objects.filter(done_at=None, item_key__startswith="objection-made-up:")

    def test_what_is_missing_is_a_to_do_of_the_secretary_until_it_is_booked(self, branch, upheld, held, member):
        todo = self.owed().get()
        assert (todo.role, todo.branch, todo.title) == (
            Role.BRANCH_SECRETARY,
            branch,
            f"异议成立，请补正{member}的积分",
        )
        held([member], day=date(2026, 8, 20))
        assert not self.owed().exists()

    @pytest.mark.parametrize("day", [date(2026, 6, 30), date(2026, 10, 1)])
    def test_what_is_booked_of_another_quarter_does_not_settle_it(self, upheld, held, member, day):
        held([member], day=day)
        assert self.owed().exists()

    def test_nor_does_what_is_booked_of_somebody_else(self, upheld, held, members):
        held(members, day=date(2026, 8, 20))
        assert self.owed().exists()

    def test_nor_does_an_award_that_is_reversed_and_given_anew(self, branch, member, held, publish, raised, secretary):
        record = held([member], day=date(2026, 8, 12))
        target = contesting.of_publication(publish(branch), member, is_own=True, today=TODAY)
        answer(raised(target), secretary, upheld=True)
        record.starts_at, record.ends_at = (factories.at(date(2026, 8, 13), hour) for hour in (16, 18))
        record.revision += 1
        record.save()
        post_source(source_kind="activity", source_id=record.pk, revision=record.revision, actor=None)
        assert Entry.objects.filter(reversal_of__isnull=False).exists()
        assert self.owed().exists()

    def test_what_was_booked_before_the_answer_is_settled_by_hand_once(self, upheld, secretary, member_user):
        assert close_missing(objection=upheld, actor=secretary) == upheld
        assert not self.owed().exists()
        assert Notice.objects.filter(recipient=member_user, step="made_up").count() == 1
        assert AuditEntry.objects.filter(action="objection.made_up").count() == 1
        with pytest.raises(ValidationError, match="已经补正"):
            close_missing(objection=upheld, actor=secretary)

    def test_neither_the_member_nor_somebody_without_the_right_settles_it(self, upheld, member_user, office):
        for actor in (member_user, office):
            with pytest.raises(ValidationError, match="补正由"):
                close_missing(objection=upheld, actor=actor)

    def test_an_entry_that_was_taken_back_leaves_no_to_do(self, entry, raised, secretary):
        objection = answer(raised(contesting.of_entry(entry, TODAY)), secretary, upheld=True)
        with pytest.raises(ValidationError, match="没有待补正"):
            close_missing(objection=objection, actor=secretary)


class TestLock:
    def test_an_unsettled_objection_keeps_the_quarter_open(self, branch, entry, publish, raised, secretary, office):
        publish(branch)
        objection = raised(contesting.of_entry(entry, TODAY))

        def lock(day):
            return lock_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, actor=office, today=day)

        with pytest.raises(ValidationError, match="1项异议没有办结"):
            lock(date(2026, 11, 22))
        answer(objection, secretary, upheld=False)
        with pytest.raises(ValidationError, match="1项异议"):
            lock(date(2026, 10, 19))
        assert lock(date(2026, 10, 20)).state == "locked"

    def test_before_the_window_is_over_nothing_is_locked(self, branch, member, publish, office):
        publish(branch)
        with pytest.raises(ValidationError, match="异议期到10月19日"):
            lock_period(branch=branch, kind=PeriodKind.QUARTER, start=JULY, actor=office, today=date(2026, 10, 19))


def test_what_the_discipline_side_entered_is_answered_and_read_by_the_secretary_alone(
    branch, member, raised, secretary, organiser
):
    rule = RuleItem.objects.filter(code="G09").latest("pk")
    claim = Claim.objects.create(
        member=member,
        branch=branch,
        rule=rule,
        rule_code=rule.code,
        category=rule.category,
        points=Decimal(-3),
        happened_on=date(2026, 10, 3),
        month=date(2026, 10, 1),
        title="谈话",
        state=ClaimState.ANNOUNCED,
        announced_on=TODAY,
        postable_from=TODAY,
    )
    objection = raised(contesting.of_claim(claim, TODAY))
    assert answerers(objection) == [secretary.pk]
    assert [readable(one).exists() for one in (secretary, organiser, member.user)] == [True, False, True]
    waits = [Objection.objects.filter(waiting_for(one)).exists() for one in (secretary, organiser)]
    assert waits == [True, False]


def test_the_discipline_member_answers_nothing(person, entry, raised):
    discipline = person(Role.DISCIPLINE_MEMBER)
    assert discipline.pk not in answerers(raised(contesting.of_entry(entry, TODAY)))
