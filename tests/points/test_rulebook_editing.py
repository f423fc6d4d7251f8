"""The Party office writes a draft in the browser and publishes it; nobody changes what is published."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from branches.models import AuditEntry, Job, Notice
from points.choices import PeriodKind, PeriodState
from points.editions.applying import apply_edition
from points.ledger.check import differences as ledger_differences
from points.ledger.registry import feeds
from points.models import Entry, MemberYear, PeriodClose, RuleItem, RuleVersion
from points.rulebook import editing
from points.rulebook.book import RuleBook, item_of, plan_of
from points.rulebook.publishing import judged, publish
from tests import factories

TODAY = date(2026, 11, 22)
DECEMBER, JANUARY = date(2026, 12, 1), date(2027, 1, 1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(factories.at(TODAY, 10), tick=False):
        yield


@pytest.fixture
def default():
    return RuleVersion.objects.get(hospital=None)


@pytest.fixture
def draft(hospital, office, default):
    return editing.start_draft(hospital=hospital, source=default, name="新规则", valid_from=JANUARY, actor=office)


def put(draft, at, office, **changes):
    """Change one item of a draft."""
    row = draft.items.get(code=at)
    draft.refresh_from_db()
    item = replace(item_of(row), **changes)
    return editing.save_item(draft=draft, item=item, version=draft.version, actor=office, pk=row.pk)


def published(draft, office, known=None):
    draft.refresh_from_db()
    return publish(draft=draft, version=draft.version, actor=office, today=TODAY, known=known or feeds())


class TestDraft:
    def test_it_begins_as_a_copy_and_touches_nothing(self, draft, default):
        assert plan_of(draft).items == plan_of(default).items
        assert RuleBook().on(draft.hospital_id, date(2027, 6, 1)).version == default

    def test_ten_times_as_large_once_only(self, hospital, office, draft, default):
        large = editing.start_draft(
            hospital=hospital, source=default, name="大分值", valid_from=DECEMBER, actor=office, large=True
        )
        assert (large.base, large.scale, large.items.get(code="A02").cap) == (600, 10, 60)
        assert large.items.get(code="A02").points_text == "每次5分（不设党小组的支部7.5分，上限90分）"
        with pytest.raises(ValidationError, match="分值倍数为1"):
            editing.start_draft(
                hospital=hospital, source=large, name="再大", valid_from=date(2027, 2, 1), actor=office, large=True
            )

    def test_a_month_holds_one_edition(self, hospital, office, draft, default):
        with pytest.raises(ValidationError) as refused:
            editing.start_draft(hospital=hospital, source=default, name="又一版", valid_from=JANUARY, actor=office)
        assert "这个月份已有一版规则" in refused.value.message_dict["valid_from"][0]

    @pytest.mark.parametrize("way", ["begin", "head", "workbook"])
    def test_a_month_taken_between_the_look_and_the_write_is_refused_in_words(
        self, hospital, office, draft, default, monkeypatch, way
    ):
        look, march = editing._check_head, date(2027, 3, 1)

        def look_and_lose(*args):
            look(*args)
            RuleVersion.objects.create(hospital=hospital, name="抢先", valid_from=march)

        monkeypatch.setattr(editing, "_check_head", look_and_lose)
        plan = replace(plan_of(draft), valid_from=march, name="后到")
        attempts = {
            "begin": lambda: editing.start_draft(
                hospital=hospital, source=default, name="后到", valid_from=march, actor=office
            ),
            "head": lambda: editing.save_head(draft=draft, plan=plan, version=draft.version, actor=office),
            "workbook": lambda: editing.replace_content(draft=draft, plan=plan, version=draft.version, actor=office),
        }
        lines, items = AuditEntry.objects.count(), RuleItem.objects.count()
        with pytest.raises(ValidationError) as refused:
            attempts[way]()
        assert refused.value.message_dict == {"valid_from": ["这个月份已有一版规则（抢先），请另选月份。"]}
        draft.refresh_from_db()
        assert (draft.name, draft.valid_from, draft.version) == ("新规则", JANUARY, 1)
        assert (AuditEntry.objects.count(), RuleItem.objects.count()) == (lines, items)

    def test_a_text_left_blank_follows_from_the_figures(self, draft, office):
        assert put(draft, "A01", office, points=Decimal("0.75"), points_text="").points_text == "每次0.75分"

    @pytest.mark.parametrize(
        ("changes", "field", "said"),
        [
            ({"code": "A02"}, "code", "已被使用"),
            ({"feed": "attendance.theme_day"}, "feed", "已用于A02"),
            ({"points": Decimal(0)}, "points", "大于0"),
        ],
    )
    def test_a_wrong_item_is_refused_by_field(self, draft, office, changes, field, said):
        with pytest.raises(ValidationError) as refused:
            put(draft, "A01", office, **changes)
        assert said in refused.value.message_dict[field][0]
        assert draft.items.get(code="A01").points == Decimal("0.5")

    def test_who_saves_last_is_asked(self, draft, office):
        put(draft, "A01", office, points=Decimal(1), points_text="")
        with pytest.raises(ValidationError, match="别人的改动"):
            editing.save_item(draft=draft, item=plan_of(draft).items[1], version=1, actor=office)

    def test_items_move_within_their_category(self, draft, office):
        second = draft.items.get(code="A02")
        for _ in range(3):
            editing.move_item(draft=draft, pk=second.pk, step=-1, actor=office)
        assert list(draft.items.values_list("code", flat=True))[:3] == ["A02", "A01", "A03"]

    def test_a_new_item_stands_after_those_of_its_category(self, draft, office):
        item = replace(item_of(draft.items.get(code="B02")), code="B05", title="读书会")
        editing.save_item(draft=draft, item=item, version=draft.version, actor=office)
        codes = list(draft.items.values_list("code", flat=True))
        assert codes[codes.index("B04") + 1] == "B05"
        assert len(set(draft.items.values_list("position", flat=True))) == len(codes)

    def test_a_workbook_takes_the_place_of_all_items(self, draft, office):
        """Two items change their sources with each other, which row by row the database would refuse."""
        first, second, *rest = plan_of(draft).items
        swapped = (replace(first, feed=second.feed), replace(second, feed=first.feed), *rest[:3])
        editing.replace_content(
            draft=draft, plan=replace(plan_of(draft), items=swapped), version=draft.version, actor=office
        )
        assert plan_of(draft).items == swapped

    def test_an_edition_holds_three_hundred_items(self, draft, office):
        row = draft.items.get(code="B02")
        items = [replace(item_of(row), code=f"B{n:03d}", title=f"第{n}项") for n in range(301)]
        full, plan = tuple(items[:300]), plan_of(draft)
        before = plan.items
        with pytest.raises(ValidationError, match="最多300个项目，这样有301个"):
            editing.replace_content(
                draft=draft, plan=replace(plan, items=tuple(items)), version=draft.version, actor=office
            )
        assert plan_of(draft).items == before
        editing.replace_content(draft=draft, plan=replace(plan, items=full), version=draft.version, actor=office)
        draft.refresh_from_db()
        with pytest.raises(ValidationError) as refused:
            editing.save_item(draft=draft, item=items[300], version=draft.version, actor=office)
        assert "最多300个项目" in refused.value.message_dict["code"][0]

    def test_it_is_thrown_away_with_a_line_in_the_trail(self, draft, office):
        editing.delete_draft(draft=draft, actor=office)
        assert not RuleVersion.objects.filter(pk=draft.pk).exists()
        assert AuditEntry.objects.filter(action="rules.draft_deleted").exists()


class TestPublishing:
    def test_it_is_frozen_and_told_to_the_secretaries(self, draft, office, secretary, organiser):
        published(draft, office)
        published(draft, office)
        for attempt in (
            lambda: put(draft, "A01", office, points=Decimal(2)),
            lambda: editing.delete_draft(draft=draft, actor=office),
            lambda: editing.remove_item(draft=draft, pk=draft.items.first().pk, actor=office),
        ):
            with pytest.raises(ValidationError, match="已经发布"):
                attempt()
        told = Notice.objects.filter(item_key=f"rules:{draft.pk}")
        assert [notice.recipient for notice in told] == [secretary]
        assert AuditEntry.objects.filter(action="rules.published").count() == 1

    def test_a_draft_changed_since_is_not_published_unseen(self, draft, office):
        put(draft, "A01", office, points=Decimal(2), points_text="")
        with pytest.raises(ValidationError, match="又有改动"):
            publish(draft=draft, version=1, actor=office, today=TODAY, known=feeds())

    def test_no_branch_may_have_closed_its_first_month(self, hospital, branch, office, default):
        late = editing.start_draft(
            hospital=hospital, source=default, name="追溯", valid_from=date(2026, 10, 1), actor=office
        )
        assert any("追溯执行" in text for text in judged(late, today=TODAY, known=feeds()).checks.warnings)
        PeriodClose.objects.create(
            branch=branch, kind=PeriodKind.MONTH, start=date(2026, 10, 1), state=PeriodState.CLOSED
        )
        with pytest.raises(ValidationError, match="已有党支部关账"):
            published(late, office)

    def test_the_year_before_keeps_its_rules(self, draft, office, members, held, branch):
        held(members, day=date(2026, 11, 11))
        before = list(MemberYear.objects.order_by("pk").values())
        put(draft, "A02", office, points=Decimal(3), cap=Decimal(9), points_text="")
        draft.refresh_from_db()
        editing.save_head(
            draft=draft,
            plan=replace(plan_of(draft), scheme=replace(plan_of(draft).scheme, base=Decimal(50))),
            version=draft.version,
            actor=office,
        )
        published(draft, office)
        assert not Job.objects.filter(task__endswith="apply_edition").exists()
        held(members, day=date(2026, 11, 18))
        with time_machine.travel(factories.at(date(2027, 1, 20)), tick=False):
            held(members, day=date(2027, 1, 13))
            assert list(ledger_differences()) == []
        old, new = MemberYear.objects.filter(member=members[0]).order_by("year")
        assert (old.total, new.total) == (before[0]["total"] + Decimal("0.75"), Decimal("54.50"))

    def test_an_edition_within_the_year_changes_deeds_from_its_month_on(self, hospital, office, default, members, held):
        october, november = held(members, day=date(2026, 10, 14)), held(members, day=date(2026, 11, 11))
        draft = editing.start_draft(
            hospital=hospital, source=default, name="年中调整", valid_from=date(2026, 11, 1), actor=office
        )
        put(draft, "A02", office, points=Decimal(1), points_text="")
        edition = published(draft, office)
        for _ in range(2):  # again changes nothing
            apply_edition(edition=edition, today=TODAY, tell=lambda *_: None)
        worth = {
            activity.pk: set(Entry.objects.standing_of("activity", [activity.pk]).values_list("points", flat=True))
            for activity in (october, november)
        }
        assert worth == {october.pk: {Decimal("0.75")}, november.pk: {Decimal("1.50")}}
        assert set(MemberYear.objects.values_list("total", flat=True)) == {Decimal("62.25")}
        assert list(ledger_differences()) == []

    def test_publishing_rings_for_what_it_reaches_back_to(
        self, hospital, office, default, members, held, django_capture_on_commit_callbacks
    ):
        held(members, day=date(2026, 11, 11))
        draft = editing.start_draft(
            hospital=hospital, source=default, name="年中调整", valid_from=date(2026, 11, 1), actor=office
        )
        put(draft, "A02", office, points=Decimal(1), points_text="")
        with django_capture_on_commit_callbacks(execute=True):
            published(draft, office)
        assert set(Entry.objects.standing().values_list("points", flat=True)) == {Decimal("1.50")}


class TestPages:
    def test_the_office_writes_a_draft_from_beginning_to_end(self, as_user, office, hospital, secretary):
        client = as_user(office)
        answer = client.post(
            reverse("points:rule_new"),
            {
                "hospital": hospital.pk,
                "source": RuleVersion.objects.get(hospital=None).pk,
                "name": "2027年规则",
                "valid_from": "2027-01",
            },
        )
        draft = RuleVersion.objects.get(hospital=hospital)
        assert answer["Location"] == reverse("points:rule_edition", args=[draft.pk])
        row = draft.items.get(code="F05")
        page = client.get(reverse("points:rule_item", args=[draft.pk, row.pk]))
        typed = {name: field.initial for name, field in page.context["form"].fields.items()}
        typed |= page.context["form"].initial
        typed = {name: value for name, value in typed.items() if value not in (None, "", False)}
        typed |= {"level_label_3": "优胜", "level_points_3": "0.5", "post_mode_retired": "off"}
        answer = client.post(reverse("points:rule_item", args=[draft.pk, row.pk]), typed)
        assert answer.status_code == 302, answer.context["form"].errors
        row.refresh_from_db()
        assert [level["code"] for level in row.levels] == ["first", "second", "third", "s1"]
        assert row.points_text == "一等3分，二等2分，三等1分，优胜0.5分"
        assert row.variants == {"retired": {"off": True}}
        draft.refresh_from_db()
        url = reverse("points:rule_publish", args=[draft.pk])
        assert "我已逐项核对" in client.post(url, {"version": draft.version}).context["refused"][0]
        client.post(url, {"version": draft.version, "sure": "1"})
        draft.refresh_from_db()
        assert draft.published_by == office
        words = as_user(secretary).get(reverse("points:rule_edition", args=[draft.pk])).content.decode()
        assert "离退休：不适用" in words
        assert "复制为草稿" not in words

    def test_the_office_settles_how_many_may_be_excellent(self, as_user, office, draft):
        client, url = as_user(office), reverse("points:rule_edit", args=[draft.pk])
        form = client.get(url).context["form"]
        typed = {name: form[name].value() for name in form.fields} | {"valid_from": "2027-01"}
        assert typed["excellent_ratio"] == "1/3"
        for wrong in ("三成", "4/3", "0%", ""):
            answer = client.post(url, typed | {"excellent_ratio": wrong})
            assert answer.status_code == 422
            assert list(answer.context["form"].errors) == ["excellent_ratio"]
            assert answer.context["form"]["excellent_ratio"].value() == wrong
        assert client.post(url, typed | {"excellent_ratio": "15％"}).status_code == 302
        draft.refresh_from_db()
        assert (draft.excellent_numerator, draft.excellent_denominator) == (3, 20)
        assert AuditEntry.objects.get(action="rules.changed").changes == {"优秀比例": ["1/3", "15%"]}
        published(draft, office)
        assert "不超过正式党员的15%" in client.get(reverse("points:rule_edition", args=[draft.pk])).text
        assert client.post(url, typed).status_code in (404, 422)  # frozen with its edition

    def test_a_wrong_entry_stands_beside_its_field_and_is_kept(self, as_user, office, draft):
        row = draft.items.get(code="A01")
        url = reverse("points:rule_item", args=[draft.pk, row.pk])
        answer = as_user(office).post(url, {"code": "A01", "title": "党员大会", "points": "半分", "how": "fixed"})
        words = answer.content.decode()
        assert answer.status_code == 422
        assert "请填写数字" in words
        assert 'value="半分"' in words
        assert draft.items.get(code="A01").title == "参加支部党员大会"

    def test_a_workbook_is_looked_at_before_it_is_written(self, as_user, office, draft):
        client, url = as_user(office), reverse("points:rule_import", args=[draft.pk])
        body = client.get(reverse("points:rule_file", args=[draft.pk])).content
        book = openpyxl.load_workbook(BytesIO(body))
        book["项目"]["D2"].value = 0.75
        out = BytesIO()
        book.save(out)
        answer = client.post(url, {"file": SimpleUploadedFile("规则.xlsx", out.getvalue())})
        assert answer.status_code == 200
        assert draft.items.get(code="A01").points == Decimal("0.5")
        assert [one.code for one in answer.context["found"].items] == ["A01"]
        assert client.post(url, {"read": answer.context["read"] + "x"}).status_code == 422
        client.post(url, {"read": answer.context["read"]})
        assert draft.items.get(code="A01").points == Decimal("0.75")
        again = client.post(url, {"read": answer.context["read"]})
        assert "请重新读入" in again.content.decode()

    def test_a_workbook_with_a_mistake_writes_nothing(self, as_user, office, draft):
        client, url = as_user(office), reverse("points:rule_import", args=[draft.pk])
        book = openpyxl.load_workbook(BytesIO(client.get(reverse("points:rule_file", args=[draft.pk])).content))
        book["项目"]["B2"].value = "党建"
        out = BytesIO()
        book.save(out)
        answer = client.post(url, {"file": SimpleUploadedFile("规则.xlsx", out.getvalue())})
        assert answer.status_code == 422
        assert "项目第2行" in answer.content.decode()

    def test_a_member_reads_what_is_published_and_no_draft(self, as_user, member_user, draft, office):
        client = as_user(member_user)
        assert client.get(reverse("points:rule_edition", args=[draft.pk])).status_code == 404
        published(draft, office)
        assert client.get(reverse("points:rule_edition", args=[draft.pk])).status_code == 200
        assert "将于2027年1月执行" in client.get(reverse("points:rule_editions")).content.decode()
        assert client.get(reverse("points:rule_new")).status_code == 403

    def test_a_hospital_knows_nothing_of_another_ones_rules(self, as_user, draft, office):
        published(draft, office)
        other = factories.make_branch(name="海州医院党委")
        stranger = factories.UserFactory()
        factories.appoint(stranger, other, "party_office")
        client = as_user(stranger)
        assert client.get(reverse("points:rule_edition", args=[draft.pk])).status_code == 404
        assert "新规则" not in client.get(reverse("points:rule_editions")).content.decode()

    def test_the_catalogue_costs_the_same_for_one_item_and_twenty(self, as_user, office, draft):
        client, url = as_user(office), reverse("points:rule_edition", args=[draft.pk])
        few = RuleItem.objects.filter(version=draft).exclude(code="A01")
        kept = list(few)
        few.delete()
        client.get(url)
        queries = []
        for rows in ([], kept):
            RuleItem.objects.bulk_create(rows)
            with CaptureQueriesContext(connection) as found:
                client.get(url)
            queries.append(len(found))
        assert queries[0] == queries[1]
