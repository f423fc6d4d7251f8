"""The Party office writes a draft of a score card and publishes it; nobody changes what is published."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from branches.choices import BranchCategory, Role
from branches.models import AuditEntry, Branch, Notice
from points.choices import MarkLevel, RatingState
from points.models import Scorecard, ScorecardLine, StarRating
from points.stars import card_editing
from points.stars.card_publishing import edition_before, judged, publish
from points.stars.cards import CardBook, edition_of, line_of
from points.stars.rules import CardLine
from tests import factories

TODAY = date(2026, 11, 22)
OWN = CardLine("9.1", "特色工作", "given", Decimal(2))

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(factories.at(TODAY, 10), tick=False):
        yield


@pytest.fixture
def default():
    return Scorecard.objects.get(hospital=None)


def started(hospital, office, category="", year=2027):
    return card_editing.start_draft(
        hospital=hospital, category=category, name=f"{year}年评分表", valid_from=year, actor=office
    )


@pytest.fixture
def draft(hospital, office):
    return started(hospital, office)


def head(draft, office, *, card=None, **changes):
    draft.refresh_from_db()
    edition = edition_of(draft, [])
    edition = replace(edition, card=replace(edition.card, **(card or {})), **changes)
    return card_editing.save_head(draft=draft, edition=edition, version=draft.version, actor=office)


def line_saved(draft, office, line, pk=None):
    draft.refresh_from_db()
    return card_editing.save_line(draft=draft, line=line, version=draft.version, actor=office, pk=pk)


def published(draft, office):
    draft.refresh_from_db()
    return publish(draft=draft, version=draft.version, actor=office, today=TODAY)


def self_rated(branch, card, year=2026):
    return StarRating.objects.create(
        branch=branch, hospital=branch.hospital, year=year, state=RatingState.SELF_RATED, card=card
    )


def codes(draft):
    return list(draft.lines.values_list("code", flat=True))


class TestDraft:
    def test_it_begins_as_a_copy_and_touches_nothing(self, hospital, draft, default):
        assert edition_of(draft).card == edition_of(default).card
        assert (draft.basis, draft.published_at) == ("", None)
        assert CardBook([hospital.pk]).row(hospital.pk, "", 2027) == default

    def test_it_copies_what_is_in_force_for_the_category_in_that_year(self, hospital, office, draft):
        head(draft, office, basis="党委会", card={"bonus_cap": Decimal(8)})
        published(draft, office)
        assert started(hospital, office, "clinical", 2026).bonus_cap == 10
        own = started(hospital, office, "clinical", 2027)
        assert own.bonus_cap == 8
        assert started(hospital, office, "clinical", 2028).bonus_cap == 8

    def test_a_year_without_any_card_has_nothing_to_copy(self, hospital, office, default):
        with pytest.raises(ValidationError) as refused:
            started(hospital, office, year=default.valid_from - 1)
        assert refused.value.message_dict == {"valid_from": ["2019年还没有可以复制的评分表，请选择以后的年度。"]}

    def test_a_year_holds_one_edition_of_a_category(self, hospital, office, draft):
        with pytest.raises(ValidationError) as refused:
            started(hospital, office)
        text = "2027年已有一版通用评分表（2027年评分表），请另选年度。"
        assert refused.value.message_dict == {"valid_from": [text]}
        assert started(hospital, office, "clinical").category == "clinical"
        assert card_editing.free_year(hospital, "", 2026) == 2028

    def test_it_begins_after_the_last_self_rating_of_its_branches(
        self, hospital, office, branch, other_branch, default
    ):
        Branch.objects.filter(pk=branch.pk).update(category=BranchCategory.CLINICAL)
        Branch.objects.filter(pk=other_branch.pk).update(category=BranchCategory.RETIRED)
        self_rated(branch, default)
        for category in ("", "clinical"):
            with pytest.raises(ValidationError) as refused:
                started(hospital, office, category, 2026)
            text = "2026年度已有1个支部提交自评，新评分表请从2027年起生效。"
            assert refused.value.message_dict == {"valid_from": [text]}
            assert card_editing.free_year(hospital, category, 2025) == 2027
        assert started(hospital, office, "retired", 2026).valid_from == 2026
        assert card_editing.free_year(hospital, "retired", 2025) == 2027  # the year is taken now

    def test_the_self_ratings_of_another_hospital_bar_nothing(self, office, draft, default):
        self_rated(factories.make_branch(factories.make_branch()), default, 2027)
        assert judged(draft, today=TODAY).checks.errors == ["请填写依据（通过评分表的会议或文件）。"]


class TestHead:
    def test_figures_are_saved_and_marks_only_where_they_differ(self, office, draft):
        marks = {**edition_of(draft).card.marks, MarkLevel.CITY: Decimal("4.5")}
        card = {"thresholds": tuple(map(Decimal, (92, 82, 72, 62))), "five_share": Fraction(3, 20), "marks": marks}
        saved = head(draft, office, name="新表", basis="党委会", valid_from=2028, card=card)
        saved.refresh_from_db()
        assert (saved.name, saved.basis, saved.valid_from, saved.five_share) == ("新表", "党委会", 2028, 15)
        assert saved.marks == {"city": "4.5"}
        assert edition_of(saved).card.marks == marks
        assert AuditEntry.objects.latest("pk").changes["市级表彰"] == ["4", "4.5"]
        assert saved.lines.count() == 35

    def test_what_is_not_sound_is_refused_and_nothing_is_lost(self, office, draft):
        with pytest.raises(ValidationError) as refused:
            head(draft, office, name="", card={"thresholds": tuple(map(Decimal, (90, 95, 70, 60)))})
        assert set(refused.value.message_dict) == {"name", "four_from"}
        draft.refresh_from_db()
        assert (draft.name, draft.four_from, draft.version) == ("2027年评分表", 80, 1)

    def test_who_saves_last_is_told_of_the_other(self, office, draft):
        head(draft, office, name="别人改的")
        with pytest.raises(ValidationError) as refused:
            card_editing.save_weights(draft=draft, weights={}, version=1, actor=office)
        assert refused.value.code == card_editing.CONFLICT


class TestLines:
    def test_weights_are_saved_together_and_told_one_by_one(self, office, draft):
        first, second, *_ = draft.lines.all()
        weights = {first.pk: Decimal("2.5"), second.pk: Decimal(3)}
        card_editing.save_weights(draft=draft, weights=weights, version=draft.version, actor=office)
        assert draft.lines.get(pk=first.pk).max == Decimal("2.5")
        entry = AuditEntry.objects.latest("pk")
        assert (entry.action, entry.changes) == ("star_card.weights", {"1.1 支委会配备齐全": ["3", "2.5"]})

    def test_no_weight_is_zero(self, office, draft):
        line = draft.lines.first()
        with pytest.raises(ValidationError) as refused:
            card_editing.save_weights(draft=draft, weights={line.pk: Decimal(0)}, version=1, actor=office)
        assert list(refused.value.message_dict) == [f"max_{line.pk}"]

    def test_lines_of_another_card_stay_as_they_are(self, hospital, office, draft):
        other = started(hospital, office, "clinical").lines.first()
        card_editing.save_weights(draft=draft, weights={other.pk: Decimal(9)}, version=1, actor=office)
        with pytest.raises(ValidationError, match="已被删除"):
            line_saved(draft, office, OWN, pk=other.pk)
        card_editing.remove_line(draft=draft, pk=other.pk, actor=office)
        card_editing.move_line(draft=draft, pk=other.pk, step=1, actor=office)
        assert ScorecardLine.objects.get(pk=other.pk).max == other.max

    def test_a_line_of_the_hospitals_own_stands_in_its_group(self, office, draft):
        line_saved(draft, office, OWN)
        line_saved(draft, office, replace(OWN, code="2.8", title="读书会"))
        found = codes(draft)
        assert (found[-1], found[found.index("2.7") + 1]) == ("9.1", "2.8")
        assert [one.position for one in draft.lines.all()] == list(range(37))

    def test_a_changed_line_keeps_what_it_measures_and_its_place_in_the_group(self, office, draft):
        row = draft.lines.get(code="2.6")
        line = replace(line_of(row), title="到会率", measure="given", params={"from": Decimal("0.5")})
        saved = line_saved(draft, office, line, pk=row.pk)
        assert (saved.measure, saved.title, saved.params) == ("attendance", "到会率", {"from": "0.5"})
        assert codes(draft).index("2.6") == 10
        assert AuditEntry.objects.latest("pk").changes["起算出席率"] == ["60%", "50%"]
        line_saved(draft, office, replace(line_of(saved), code="3.9"), pk=row.pk)
        assert codes(draft)[codes(draft).index("3.9") - 1] == "3.6"

    def test_a_number_in_use_is_refused(self, office, draft):
        with pytest.raises(ValidationError) as refused:
            line_saved(draft, office, replace(OWN, code="2.3"))
        assert refused.value.message_dict == {"code": ["这个编号已被使用。"]}

    def test_a_card_holds_eighty_lines(self, office, draft, monkeypatch):
        monkeypatch.setattr(card_editing, "MOST_LINES", 36)
        line_saved(draft, office, OWN)
        with pytest.raises(ValidationError, match="最多36个项目"):
            line_saved(draft, office, replace(OWN, code="9.2"))

    def test_what_is_removed_can_be_put_back(self, office, draft):
        row = draft.lines.get(code="2.3")
        line = line_of(row)
        for _ in range(2):  # again does nothing
            card_editing.remove_line(draft=draft, pk=row.pk, actor=office)
        assert AuditEntry.objects.filter(action="star_card.line_removed").count() == 1
        line_saved(draft, office, line)
        assert draft.lines.get(code="2.3").measure == "group_meeting"

    def test_lines_move_within_their_group(self, office, draft):
        row = draft.lines.get(code="1.2")
        card_editing.move_line(draft=draft, pk=row.pk, step=-1, actor=office)
        assert codes(draft)[:2] == ["1.2", "1.1"]
        card_editing.move_line(draft=draft, pk=row.pk, step=-1, actor=office)
        last = draft.lines.get(code="1.5")
        card_editing.move_line(draft=draft, pk=last.pk, step=1, actor=office)
        assert codes(draft)[:6] == ["1.2", "1.1", "1.3", "1.4", "1.5", "2.1"]


class TestPublishing:
    def test_it_is_frozen_in_force_and_told(self, hospital, office, secretary, draft, default):
        head(draft, office, basis="党委会2026年第9次会议")
        card = published(draft, office)
        assert CardBook([hospital.pk]).row(hospital.pk, "", 2026) == default
        assert CardBook([hospital.pk]).row(hospital.pk, "clinical", 2027) == card
        told = Notice.objects.filter(text="星级评分表已发布：2027年评分表，2027年度起执行")
        assert set(told.values_list("recipient", flat=True)) == {secretary.pk, office.pk}
        lines = AuditEntry.objects.filter(action="star_card.published").count()
        assert published(draft, office) == card  # again changes nothing
        assert AuditEntry.objects.filter(action="star_card.published").count() == lines == 1
        with pytest.raises(ValidationError, match="已经发布"):
            card_editing.save_weights(draft=card, weights={}, version=card.version, actor=office)
        for attempt in (
            lambda: Scorecard.objects.filter(pk=card.pk).update(bonus_cap=1),
            lambda: card.lines.update(max=1),
            lambda: card.lines.all().delete(),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                attempt()

    def test_a_card_of_a_category_is_told_to_its_branches(self, hospital, office, branch, other_branch, secretary):
        Branch.objects.filter(pk=branch.pk).update(category=BranchCategory.CLINICAL)
        other = factories.UserFactory()
        factories.appoint(other, other_branch, Role.BRANCH_SECRETARY)
        draft = started(hospital, office, "clinical")
        head(draft, office, basis="党委会")
        published(draft, office)
        told = set(Notice.objects.values_list("recipient", flat=True))
        assert told == {secretary.pk, office.pk}

    def test_what_does_not_add_up_is_refused_and_kept(self, office, draft):
        head(draft, office, basis="党委会")
        line_saved(draft, office, OWN)
        with pytest.raises(ValidationError) as refused:
            published(draft, office)
        assert refused.value.messages == ["各项满分合计102分，应为100分，多出2分。"]
        draft.refresh_from_db()
        assert (draft.published_at, draft.lines.count()) == (None, 36)
        assert not Notice.objects.exists()

    def test_a_self_rating_handed_in_meanwhile_bars_it(self, office, branch, draft, default):
        draft = head(draft, office, basis="党委会")
        assert judged(draft, today=TODAY).checks.errors == []
        self_rated(branch, default, 2027)
        with pytest.raises(ValidationError) as refused:
            published(draft, office)
        assert refused.value.messages == ["2027年度已有1个支部提交自评，新评分表请从2028年起生效。"]

    def test_what_changed_since_it_was_looked_at_is_looked_at_again(self, office, draft):
        head(draft, office, basis="党委会")
        with pytest.raises(ValidationError, match="草稿又有改动"):
            publish(draft=draft, version=1, actor=office, today=TODAY)

    def test_the_card_the_product_brings_is_nobodys_to_publish(self, office, default):
        with pytest.raises(ValidationError, match="系统自带"):
            publish(draft=default, version=1, actor=office, today=TODAY)

    def test_the_edition_before_is_the_one_in_force_until_then(self, hospital, office, draft, default):
        assert edition_before(default) is None
        own = started(hospital, office, "clinical")
        assert edition_before(own) == default
        head(own, office, basis="党委会")
        published(own, office)
        assert edition_before(started(hospital, office, "clinical", 2028)) == own
        assert edition_before(draft) == default


def test_a_draft_is_thrown_away_and_a_published_card_is_not(office, draft, default):
    card_editing.delete_draft(draft=draft, actor=office)
    assert not Scorecard.objects.filter(pk=draft.pk).exists()
    assert AuditEntry.objects.latest("pk").action == "star_card.draft_deleted"
    with pytest.raises(ValidationError, match="已被删除"):
        card_editing.delete_draft(draft=draft, actor=office)
    with pytest.raises(ValidationError, match="已经发布"):
        card_editing.delete_draft(draft=default, actor=office)
