"""Held jointly, on the pages: the fold of the host's form, the read-only half of a part's, and who sees what."""

import uuid
from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from activities.choices import ActivityState, Kind
from activities.models import Activity, FormDraft
from activities.plan.planning import plan_year
from branches.choices import Role
from tests import factories
from tests.activities.joint_cast import DAY, TODAY, Cast

CREATE, LIST = reverse("activities:activity_create"), reverse("activities:activity_list")


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(factories.at(TODAY, 10))


@pytest.fixture
def cast(branch, other_branch, secretary, organiser):
    return Cast(branch, other_branch, secretary, organiser)


@pytest.fixture
def office(person):
    return person(Role.PARTY_OFFICE)


def url(name, activity):
    return reverse(f"activities:{name}", args=[activity.pk])


@pytest.fixture
def typed(cast):
    """The host's form as the page sends it, the fold among it."""

    def make(**changes):
        fields = {
            "form_key": str(uuid.uuid4()),
            "branch": cast.host.pk,
            "kind": Kind.THEME_DAY,
            "topic": "联合义诊进社区",
            "date": "2026-11-11",
            "starts": "16:30",
            "ends": "18:00",
            "place": "社区广场",
            "chair": cast.secretary.pk,
            "recorder": cast.secretary.pk,
            "minutes": "共同开展义诊。",
            "joint": "1",
            "cohost": [cast.guest.pk],
            "action": "draft",
        }
        return {**fields, **changes}

    return make


# -- The host's form


def test_the_fold_offers_the_other_branches_by_name_and_is_closed(as_user, cast, hospital):
    factories.make_branch(factories.make_branch(name="别家医院党委"), name="别家党支部")
    page = as_user(cast.secretary).get(CREATE)
    fold = page.context["joint"]
    assert [row["branch"] for row in fold["rows"]] == [cast.guest]
    assert (fold["open"], fold["chosen"]) == (False, [])
    text = page.content.decode()
    assert '<details class="fold" id="fold-joint">' in text
    assert "别家党支部" not in text
    assert cast.guests[2].user.name not in text


@pytest.mark.parametrize("kind", [Kind.GENERAL_MEETING, Kind.ORG_LIFE_MEETING])
def test_kinds_that_are_not_held_jointly_have_no_fold(as_user, cast, kind):
    assert as_user(cast.secretary).get(CREATE, {"kind": kind}).context["joint"] is None


def test_a_group_leader_and_a_hospital_of_one_branch_have_no_fold(as_user, cast, person, groups, hospital):
    leader = person(Role.GROUP_LEADER, groups[0])
    assert as_user(leader).get(CREATE).context["joint"] is None
    lonely = factories.make_branch(factories.make_branch(name="小医院党委"))
    alone = factories.make_member(lonely).user
    factories.appoint(alone, lonely, Role.BRANCH_SECRETARY)
    assert as_user(alone).get(CREATE, {"kind": "theme_day"}).context["joint"] is None


def test_ticking_a_branch_makes_its_part(as_user, cast, typed):
    client = as_user(cast.secretary)
    assert client.post(CREATE, typed()).status_code == 302
    part = Activity.objects.get(branch=cast.guest)
    assert part.host.branch == cast.host
    fold = client.get(url("activity_edit", part.host)).context["joint"]
    assert (fold["open"], fold["chosen"]) == (True, [cast.guest])


def test_what_is_ticked_survives_a_reload_of_the_form_and_the_server_keeps_it(as_user, cast, typed):
    client = as_user(cast.secretary)
    page = client.post(CREATE, typed(refresh="1"))
    assert page.context["joint"]["chosen"] == [cast.guest]
    slot = page.context["slot"]
    client.post(reverse("activities:draft_keep"), typed(draft_form=slot))
    assert FormDraft.objects.count() == 1
    assert client.get(CREATE).context["joint"]["chosen"] == [cast.guest]


def test_a_branch_that_was_not_offered_is_refused_beside_the_fold(as_user, cast, typed):
    strange = factories.make_branch(factories.make_branch(name="别家医院党委"))
    page = as_user(cast.secretary).post(CREATE, typed(cohost=[strange.pk]))
    assert page.status_code == 422
    assert page.context["problems"] == {"cohosts": "请从名单中选择联合举办的党支部。"}
    assert not Activity.objects.exists()


def test_taking_a_tick_away_asks_first_and_then_removes_the_part(as_user, cast, typed):
    host, client = cast.save(), as_user(cast.secretary)
    form = typed(cohost=[], version=host.version)
    page = client.post(url("activity_edit", host), form)
    assert page.status_code == 422
    assert "将取消与内科第二党支部的联合举办" in page.context["problems"]["cohosts"]
    assert 'name="drop_cohosts"' in page.content.decode()
    assert host.parts.count() == 1
    assert client.post(url("activity_edit", host), {**form, "drop_cohosts": "1"}).status_code == 302
    assert host.parts.count() == 0


def test_a_copy_proposes_the_same_co_hosts(as_user, cast):
    host = cast.save()
    fold = as_user(cast.secretary).get(CREATE, {"copy": host.pk}).context["joint"]
    assert fold["chosen"] == [cast.guest]
    part = host.parts.get()
    assert as_user(cast.guest_secretary).get(CREATE, {"copy": part.pk}).context["joint"]["chosen"] == []


def test_the_next_form_of_a_co_host_is_filled_from_its_own_last_record(as_user, cast):
    factories.make_activity(cast.guest, place="三病区示教室", day=DAY - timedelta(days=30))
    cast.save()
    page = as_user(cast.guest_secretary).get(CREATE, {"kind": "theme_day"})
    assert page.context["form"]["place"].value() == "三病区示教室"
    assert page.context["last"].place == "三病区示教室"


def test_a_form_without_the_fold_leaves_the_parts_alone(as_user, cast, typed):
    host = cast.save()
    form = typed(version=host.version, topic="换个主题")
    del form["joint"], form["cohost"]
    assert as_user(cast.secretary).post(url("activity_edit", host), form).status_code == 302
    assert host.parts.get().topic == "换个主题"


# -- The form of a part


def own(part, **changes):
    """What the form of a part sends: its own people and words, none of the common text."""
    fields = {
        "form_key": str(uuid.uuid4()),
        "version": part.version,
        "recorder": part.recorder_id,
        "details": "1",
        "speech-count": "1",
        "speech-0-name": "协办党员2",
        "speech-0-points": "服务群众",
        "resolution-count": "0",
        "action": "draft",
    }
    return {**fields, **changes}


def test_the_common_text_is_shown_and_no_field_asks_for_it(as_user, cast):
    part = cast.save().parts.get()
    page = as_user(cast.guest_secretary).get(url("activity_edit", part))
    text = page.content.decode()
    assert "公共内容由机关第一党支部填写" in text
    assert "联合义诊进社区" in text
    for name in ("topic", "kind", "date", "starts", "place", "minutes", "agenda", "cohost"):
        assert f'name="{name}"' not in text
    assert page.context["due"] == 3
    assert not {one.user.name for one in cast.people} & set(text.split())


def test_nobody_of_the_host_can_be_named_in_a_part(as_user, cast):
    part = cast.save().parts.get()
    page = as_user(cast.guest_secretary).get(url("activity_edit", part))
    assert cast.secretary.pk not in {one.pk for one in page.context["form"].people}
    assert cast.guest_secretary.pk in {one.pk for one in page.context["form"].people}


def test_own_people_and_words_are_saved_and_a_forged_topic_is_not(as_user, cast):
    part = cast.save().parts.get()
    absent = cast.guests[2]
    form = own(part, absent=[absent.pk], topic="伪造的主题", **{f"reason-{absent.pk}": "duty"})
    assert as_user(cast.guest_secretary).post(url("activity_edit", part), form).status_code == 302
    part.refresh_from_db()
    assert (part.topic, part.version) == ("联合义诊进社区", 2)
    assert part.attendances.get(member=absent).reason == "duty"
    assert part.speeches.get().member == absent


def test_handing_in_before_the_host_says_whom_to_ask_and_keeps_what_was_typed(as_user, cast):
    host = cast.save()
    part, client = host.parts.get(), as_user(cast.guest_secretary)
    page = client.post(url("activity_edit", part), own(part, action="submit"))
    assert page.status_code == 422
    assert "请联系支部书记陈静怡" in page.context["problems"]["host"]
    assert part.speeches.count() == 1
    cast.hand_in(host)
    part.refresh_from_db()
    assert client.post(url("activity_edit", part), own(part, action="submit")).status_code == 302
    part.refresh_from_db()
    assert part.state == ActivityState.SUBMITTED


def test_details_of_the_host_stay_when_the_part_is_saved(as_user, cast):
    part = cast.save(details={"theme_day": {"served": 5}}).parts.get()
    assert as_user(cast.guest_secretary).post(url("activity_edit", part), own(part)).status_code == 302
    part.refresh_from_db()
    assert part.details == {"theme_day": {"served": 5}}


def test_whoever_opens_an_untouched_part_first_is_its_recorder(as_user, cast):
    part = cast.save().parts.get()
    form = as_user(cast.guest_organiser).get(url("activity_edit", part)).context["form"]
    assert form["recorder"].value() == cast.guest_organiser.pk


# -- Who sees what


def test_each_branch_opens_its_own_half_alone(as_user, cast, office):
    host, part = cast.confirmed_part()
    cast.confirm(host)
    assert as_user(cast.secretary).get(url("activity_detail", part)).status_code == 404
    assert as_user(cast.guest_secretary).get(url("activity_detail", host)).status_code == 404
    assert as_user(cast.guest_secretary).get(url("activity_edit", host)).status_code == 404
    assert as_user(cast.people[0].user).get(url("activity_detail", part)).status_code == 404
    assert as_user(cast.guests[2].user).get(url("activity_detail", part)).status_code == 200
    for one in (host, part):
        assert as_user(office).get(url("activity_detail", one)).status_code == 200


def test_the_host_sees_state_and_counts_of_a_part_and_nobody_of_it(as_user, cast, office):
    host, part = cast.confirmed_part()
    text = as_user(cast.secretary).get(url("activity_detail", host)).content.decode()
    assert cast.guest.name in text
    assert "3/3" in text
    assert url("activity_detail", part) not in text
    assert not [one.user.name for one in cast.guests if one.user.name in text]
    assert url("activity_detail", part) in as_user(office).get(url("activity_detail", host)).content.decode()


def test_a_part_names_its_host_and_waits_aloud(as_user, cast):
    host = cast.save()
    text = as_user(cast.guest_secretary).get(url("activity_detail", host.parts.get())).content.decode()
    assert "与机关第一党支部联合举办" in text
    assert "等待主办支部。</b>公共内容由主办的机关第一党支部填写" in text
    assert url("activity_submit", host.parts.get()) not in text
    assert "删除草稿" not in text
    assert url("activity_detail", host) not in text


def test_a_plain_member_of_the_host_reads_names_without_counts(as_user, cast):
    host, _ = cast.confirmed_part()
    cast.confirm(host)
    page = as_user(cast.people[0].user).get(url("activity_detail", host))
    assert page.context["joint"]["counts"] is False
    assert cast.guest.name in page.content.decode()


def test_lists_and_their_export_mark_both_halves(as_user, cast, office):
    cast.save()
    factories.make_activity(cast.host)
    client = as_user(office)
    assert client.get(LIST).content.decode().count("联合</span>") == 2
    sheet = load_workbook(BytesIO(client.get(LIST, {"format": "xlsx"}).content)).active
    head = [cell.value for cell in sheet[1]]
    column = head.index("联合")
    assert sorted(str(row[column].value or "") for row in sheet.iter_rows(min_row=2, max_row=4)) == ["", "主办", "协办"]


def test_the_board_marks_the_cells_of_both_branches(as_user, cast, office):
    plan_year(branches=[cast.host, cast.guest], year=2026)
    host, _ = cast.confirmed_part()
    cast.confirm(host)
    text = as_user(office).get(reverse("activities:board")).content.decode()
    assert text.count("<span>联合</span>") == 2
    assert text.count('，联合"') == 2


def test_a_part_is_found_by_the_words_of_the_common_text(as_user, cast):
    part = cast.save().parts.get()
    found = as_user(cast.guest_secretary).get(LIST, {"q": "联合义诊"}).context["activities"]
    assert [one.pk for one in found] == [part.pk]


def test_correcting_a_part_asks_for_people_alone(as_user, cast):
    _, part = cast.confirmed_part()
    page = as_user(cast.guest_organiser).get(url("activity_correct", part))
    assert 'name="minutes"' not in page.content.decode()
    assert "由机关第一党支部更正" in page.content.decode()
    absent = cast.guests[2]
    form = {"absent": [absent.pk], f"reason-{absent.pk}": "duty", "why": "值班", "version": part.version}
    assert as_user(cast.guest_organiser).post(url("activity_correct", part), form).status_code == 302


def test_many_parts_cost_no_more_queries_than_one(as_user, cast, hospital, django_assert_max_num_queries):
    host, client = cast.save(), as_user(cast.secretary)
    client.get(url("activity_detail", host))

    def queries(path):
        with django_assert_max_num_queries(80) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    paths = [url("activity_detail", host), url("activity_edit", host), LIST]
    before = [queries(path) for path in paths]
    more = tuple(factories.make_branch(hospital) for _ in range(4))
    for one in more:
        factories.make_member(one)
    cast.save(host, cohosts=(cast.guest, *more))
    assert [queries(path) for path in paths] == before
