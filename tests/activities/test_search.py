"""Records are found by text, person, kind, branch, period and state; sets of filters are kept."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from activities.choices import ActivityState, Kind
from activities.models import Activity, FollowUp, LifeEntry, SavedFilter, Speech
from activities.search import MOST_SAVED, SPANS, found_by, save_filter
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)
LIST = "activities:activity_list"


@pytest.fixture
def record(branch, secretary):
    someone = factories.make_member(branch, name="欧阳锦程")
    return factories.make_activity(
        branch,
        kinds=(Kind.THEME_DAY, Kind.PARTY_LECTURE),
        day=date(2026, 11, 11),
        state=ActivityState.CONFIRMED,
        members=[someone],
        recorder=secretary,
        chair=secretary,
        topic="学习全会精神",
    )


def found(**filters):
    return list(found_by(Activity.objects.all(), filters, TODAY))


class TestText:
    def test_it_is_looked_for_in_what_was_said_and_decided(self, record):
        Speech.objects.create(activity=record, number=1, name="欧阳锦程", points="建议增设夜班补课")
        FollowUp.objects.create(activity=record, number=1, text="制定门诊志愿服务排班")
        assert found(q="夜班补课") == found(q="志愿服务排班") == found(q="全会") == [record]
        assert found(q="没有这样的话") == []

    def test_self_criticism_is_in_no_search(self, record):
        member = record.attendances.get().member
        LifeEntry.objects.create(activity=record, member=member, name="欧阳锦程", self_criticism="理论学习抓得不紧")
        assert found(q="抓得不紧") == []


class TestPerson:
    @pytest.mark.parametrize("asked", ["欧阳锦程", "锦程", "ouyangjincheng", "oyjc"])
    def test_by_name_pinyin_and_initials(self, record, asked):
        assert found(person=asked) == [record]

    def test_the_recorder_is_a_person_of_the_record_too(self, record, secretary):
        assert found(person=secretary.name) == [record]
        assert found(person="查无此人") == []


class TestPeriod:
    @pytest.mark.parametrize(
        ("span", "first", "last"),
        [
            ("this-month", date(2026, 11, 1), date(2026, 11, 30)),
            ("last-month", date(2026, 10, 1), date(2026, 10, 31)),
            ("this-quarter", date(2026, 10, 1), date(2026, 12, 31)),
            ("last-quarter", date(2026, 7, 1), date(2026, 9, 30)),
            ("this-year", date(2026, 1, 1), date(2026, 12, 31)),
            ("last-year", date(2025, 1, 1), date(2025, 12, 31)),
        ],
    )
    def test_a_named_span_has_its_first_and_last_day(self, branch, span, first, last):
        inside = [factories.make_activity(branch, day=day) for day in (first, last)]
        factories.make_activity(branch, day=date.fromordinal(first.toordinal() - 1))
        factories.make_activity(branch, day=date.fromordinal(last.toordinal() + 1))
        assert set(found(span=span)) == set(inside)

    def test_every_span_has_a_name(self):
        assert all(label for _, _, label in SPANS.values())


class TestSaved:
    def test_a_set_is_kept_shown_used_and_dropped(self, client, secretary, record):
        client.force_login(secretary)
        query = "kind=theme_day&span=this-month&page=3&evil=1"
        client.post(reverse("activities:filter_save"), {"name": " 本月 主题党日 ", "query": query})
        row = SavedFilter.objects.get()
        assert (row.name, row.query) == ("本月 主题党日", "kind=theme_day&span=this-month")
        assert 'href="?kind=theme_day&amp;span=this-month"' in client.get(reverse(LIST)).text
        client.post(reverse("activities:filter_delete", args=[row.pk]))
        assert not SavedFilter.objects.exists()

    def test_nobody_drops_another_persons(self, client, secretary, organiser):
        row = save_filter(user=organiser, name="本月", query="span=this-month")
        client.force_login(secretary)
        assert client.post(reverse("activities:filter_delete", args=[row.pk])).status_code == 404

    @pytest.mark.parametrize(
        ("name", "query", "said"),
        [
            ("", "q=x", "请给这组筛选起个名字"),
            ("空", "", "还没有选择任何条件"),
            ("空", "page=2", "还没有选择任何条件"),
            ("长" * 31, "q=x", "30字以内"),
        ],
    )
    def test_what_cannot_be_kept_is_said(self, client, secretary, name, query, said):
        client.force_login(secretary)
        answer = client.post(reverse("activities:filter_save"), {"name": name, "query": query}, follow=True)
        assert said in answer.text
        assert not SavedFilter.objects.exists()

    def test_twenty_are_enough_and_a_known_name_is_renewed(self, secretary):
        for n in range(MOST_SAVED):
            save_filter(user=secretary, name=f"筛选{n}", query="q=x")
        save_filter(user=secretary, name="筛选0", query="q=y")
        assert SavedFilter.objects.get(name="筛选0").query == "q=y"
        with pytest.raises(ValidationError, match="最多保存20组"):
            save_filter(user=secretary, name="又一组", query="q=x")
