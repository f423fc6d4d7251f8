"""Texts kept while they are typed: given back, never a record, gone once saved; nobody else's."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from activities.models import Activity, FormDraft
from activities.records import keeping
from activities.tasks import drop_old_drafts
from branches.accounts.sessions import SEEN
from tests.factories import at, make_activity, make_member

CREATE = reverse("activities:activity_create")
KEEP = reverse("activities:draft_keep")
DROP = reverse("activities:draft_drop")


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(date(2026, 11, 22), 18, 5))


@pytest.fixture
def typed(branch, secretary):
    make_member(branch)

    def make(**changes):
        fields = {
            "draft_form": f"activity:new:{branch.pk}",
            "form_key": str(uuid.uuid4()),
            "branch": branch.pk,
            "kind": "theme_day",
            "topic": "写到一半的题目",
            "date": "2026-11-11",
            "starts": "16:30",
            "ends": "18:00",
            "place": "会议室",
            "chair": secretary.pk,
            "recorder": secretary.pk,
            "minutes": "写到一半的纪要",
            "details": "1",
            "version": "",
            "d-theme_day-flow": ["oath"],
            "speech-count": 3,
            "speech-0-name": "李某",
        }
        return {**fields, **changes}

    return make


def test_what_was_typed_is_given_back_and_said_and_no_record_is_made(as_user, secretary, typed):
    client = as_user(secretary)
    assert client.post(KEEP, typed()).json() == {"saved": "18:05"}
    client.post(KEEP, typed(topic="又写了一点"))
    assert FormDraft.objects.count() == 1
    assert not Activity.objects.exists()
    page = client.get(CREATE)
    text = page.content.decode()
    assert "已恢复您11月22日18:05未保存的内容" in text
    for words in ("又写了一点", "写到一半的纪要", "李某"):
        assert words in text
    assert page.context["folds"][0]["filled"] == 1


def test_the_database_does_not_show_the_text(as_user, secretary, typed):
    as_user(secretary).post(KEEP, typed())
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM activities_formdraft")
        assert "纪要" not in cursor.fetchone()[0]


def test_saving_the_form_forgets_the_text_and_a_late_post_brings_nothing_back(as_user, secretary, typed):
    client, form = as_user(secretary), typed()
    client.post(KEEP, form)
    client.post(CREATE, {**form, "action": "draft", "speech-0-name": ""})
    assert not FormDraft.objects.exists()
    assert client.post(KEEP, form).status_code == 204
    assert not FormDraft.objects.exists()
    assert "未保存的内容" not in client.get(CREATE).content.decode()


def test_giving_up_opens_the_form_as_it_was(as_user, secretary, branch, typed):
    client = as_user(secretary)
    client.post(KEEP, typed(draft_form=f"activity:new:{branch.pk}:group_meeting:2026-10-31"))
    answer = client.post(DROP, {"draft_form": f"activity:new:{branch.pk}:group_meeting:2026-10-31"})
    assert "kind=group_meeting&date=2026-10-31" in answer["Location"]
    assert not FormDraft.objects.exists()


def test_a_link_for_another_duty_opens_that_duty_and_keeps_the_other_text(as_user, secretary, typed):
    client = as_user(secretary)
    client.post(KEEP, typed())
    page = client.get(CREATE, {"kind": "general_meeting"})
    assert "写到一半的题目" not in page.content.decode()
    assert page.context["slot"].endswith(":general_meeting")
    assert "写到一半的题目" in client.get(CREATE).content.decode()


def test_a_text_kept_over_a_record_that_changed_still_ends_in_a_conflict(as_user, secretary, organiser, branch, typed):
    client = as_user(secretary)
    client.post(CREATE, typed(action="draft", **{"speech-0-name": ""}))
    record = Activity.objects.get()
    edit = reverse("activities:activity_edit", args=[record.pk])
    mine = typed(draft_form=f"activity:{record.pk}", version="1", topic="书记的题目", **{"speech-0-name": ""})
    client.post(KEEP, mine)
    other = as_user(organiser)
    other.post(edit, typed(version="1", topic="组委的题目", action="draft", **{"speech-0-name": ""}))
    record.refresh_from_db()
    assert record.topic == "组委的题目"
    client = as_user(secretary)
    page = client.get(edit)
    assert "书记的题目" in page.content.decode()
    assert page.context["version"] == "1"
    refused = client.post(edit, {**mine, "action": "draft"})
    assert refused.status_code == 422
    assert "组委的题目" in refused.content.decode()


def test_a_text_that_is_in_the_record_already_is_not_offered_again(as_user, secretary, typed):
    client = as_user(secretary)
    form = typed(action="draft", **{"speech-0-name": ""})
    client.post(CREATE, form)
    record = Activity.objects.get()
    client.post(KEEP, {**form, "draft_form": f"activity:{record.pk}"})
    edit = reverse("activities:activity_edit", args=[record.pk])
    assert "未保存的内容" not in client.get(edit, follow=True).content.decode()
    assert not FormDraft.objects.exists()


def test_nobody_keeps_or_drops_what_is_not_theirs(
    as_user, secretary, member_user, organiser, branch, other_branch, typed
):
    client = as_user(secretary)
    client.post(KEEP, typed())
    theirs = make_activity(other_branch)
    assert client.post(KEEP, typed(draft_form=f"activity:{theirs.pk}")).status_code == 404
    assert client.post(KEEP, typed(draft_form=f"activity:new:{other_branch.pk}")).status_code == 404
    assert client.post(KEEP, typed(draft_form="nonsense")).status_code == 404
    assert "写到一半的题目" not in as_user(organiser).get(CREATE).content.decode()
    assert as_user(member_user).post(KEEP, typed()).status_code in {403, 404}


def test_without_a_log_in_the_script_is_told_and_nothing_is_kept(client, branch, typed):
    assert client.post(KEEP, typed()).status_code == 401
    assert not FormDraft.objects.exists()


def test_too_much_is_refused_in_words(as_user, secretary, typed):
    answer = as_user(secretary).post(KEEP, typed(minutes="长" * (keeping.MOST + 1)))
    assert (answer.status_code, "太长" in answer.json()["error"]) == (413, True)


def test_saving_by_the_clock_keeps_nobody_logged_in(as_user, secretary, typed, time_machine):
    client = as_user(secretary)
    client.get(CREATE)
    seen = client.session[SEEN]
    time_machine.move_to(at(date(2026, 11, 22), 18, 15))
    client.post(KEEP, typed(), headers={"X-Poll": "1"})
    assert client.session[SEEN] == seen
    time_machine.move_to(at(date(2026, 11, 22), 18, 36))
    assert client.post(KEEP, typed(), headers={"X-Poll": "1"}).status_code in {302, 401}


def test_texts_of_more_than_thirty_days_ago_go(as_user, secretary, typed):
    as_user(secretary).post(KEEP, typed())
    FormDraft.objects.update(saved_at=timezone.now() - timedelta(days=30) + timedelta(minutes=1))
    assert drop_old_drafts() == 0
    FormDraft.objects.update(saved_at=timezone.now() - timedelta(days=30, minutes=1))
    assert drop_old_drafts() == 1
