"""A message is in an inbox once, whatever runs twice; a to-do is open once."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from branches.choices import Outgoing, Role
from branches.inbox import Message, mark_read, notify, notify_digest, notify_many, unread_count
from branches.models import Notice, Todo
from branches.todo import close_todo, open_todo
from tests import factories

DAY = date(2026, 11, 22)


def tell(user, **changes):
    facts = {"topic": "duty", "item_key": "plan:1", "step": "7", "text": "党课还有7天到期", "url": "/"}
    return notify(recipient=user, **facts | changes)


def test_a_second_call_changes_nothing(secretary):
    first = tell(secretary)
    again = tell(secretary, text="别的话")
    assert again.pk == first.pk
    assert again.text == "党课还有7天到期"
    assert Notice.objects.count() == 1


def test_another_person_another_thing_and_another_step_are_other_messages(secretary, organiser):
    tell(secretary)
    tell(secretary, step="3")
    tell(secretary, item_key="plan:2")
    tell(organiser)
    assert Notice.objects.count() == 4
    assert (unread_count(secretary), unread_count(organiser)) == (3, 1)


def test_the_database_holds_it_too(secretary):
    notice = tell(secretary)
    notice.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        notice.save(force_insert=True)


def test_what_is_there_does_not_keep_the_others_out(secretary, organiser):
    tell(organiser)
    messages = [Message(user.pk, "duty", "plan:1", "7", "到期") for user in (secretary, organiser)]
    assert notify_many(messages) == 1
    assert notify_many(messages) == 0


def test_a_hundred_messages_cost_as_much_as_one(secretary, django_assert_max_num_queries):
    people = [factories.UserFactory() for _ in range(100)]
    with django_assert_max_num_queries(9):
        notify_many(Message(user.pk, "duty", "plan:1", "7", "到期") for user in people)


def test_a_message_leads_to_no_other_site(secretary):
    for url in ("https://example.com/", "//example.com/", "javascript:alert(1)"):
        with pytest.raises(ValueError, match="this site"):
            tell(secretary, url=url)
        with pytest.raises(ValueError, match="this site"):
            open_todo(item_key="x", title="x", url=url, recipient=secretary)


def test_a_digest_is_one_line_a_day_and_its_things_never_come_back(secretary):
    def things(*keys):
        return [Message(secretary.pk, "duty", key, "overdue", f"{key}逾期") for key in keys]

    def tell_office(day, *keys):
        notify_digest(topic="duty", day=day, messages=things(*keys), text="{n}项逾期", url="/")

    tell_office(DAY, "plan:1", "plan:2")
    tell_office(DAY, "plan:1", "plan:2")
    assert unread_count(secretary) == 1
    tell_office(DAY, "plan:2", "plan:3")
    assert Notice.objects.for_inbox(secretary).get().text == "3项逾期"
    tell_office(date(2026, 11, 23), "plan:1", "plan:2", "plan:3")
    assert Notice.objects.for_inbox(secretary).count() == 1
    tell_office(date(2026, 11, 23), "plan:3", "plan:4")
    assert [row.text for row in Notice.objects.for_inbox(secretary)] == ["1项逾期", "3项逾期"]
    mark_read(user=secretary, ids=[Notice.objects.get(text="3项逾期").pk])
    assert Notice.objects.filter(read_at__isnull=False).count() == 4


def test_nobody_marks_the_messages_of_another(secretary, organiser):
    notice = tell(secretary)
    assert mark_read(user=organiser, ids=[notice.pk]) == 0
    assert mark_read(user=organiser) == 0
    assert unread_count(secretary) == 1


def test_without_a_channel_a_message_waits_for_nothing(secretary):
    assert tell(secretary).outgoing == Outgoing.NONE


def test_a_todo_is_open_once_and_can_be_opened_again_when_it_was_done(secretary, branch):
    for holder in ({"recipient": secretary}, {"role": Role.BRANCH_SECRETARY, "branch": branch}):
        open_todo(item_key="a", title="旧", **holder)
        open_todo(item_key="a", title="新", due=DAY, url="/", **holder)
        assert [(row.title, row.due) for row in Todo.objects.filter(done_at__isnull=True)] == [("新", DAY)]
        assert close_todo(item_key="a") == 1
        assert close_todo(item_key="a") == 0
        open_todo(item_key="a", title="再", **holder)
        close_todo(item_key="a", **holder)
    assert Todo.objects.count() == 4


def test_a_todo_of_a_post_is_that_of_whoever_holds_it(secretary, organiser, branch, other_branch):
    open_todo(item_key="a", title="书记的", role=Role.BRANCH_SECRETARY, branch=branch)
    open_todo(item_key="a", title="别的支部的", role=Role.BRANCH_SECRETARY, branch=other_branch)
    open_todo(item_key="b", title="本人的", recipient=organiser)
    assert [str(row) for row in Todo.objects.open_for(secretary)] == ["书记的"]
    assert [str(row) for row in Todo.objects.open_for(organiser)] == ["本人的"]
    assert close_todo(item_key="a", role=Role.BRANCH_SECRETARY, branch=branch) == 1
    assert Todo.objects.filter(done_at__isnull=True).count() == 2


def test_a_todo_belongs_to_a_person_or_a_post_and_not_to_both(secretary, branch):
    for holder in ({}, {"recipient": secretary, "branch": branch}, {"role": Role.BRANCH_SECRETARY}):
        with pytest.raises(ValueError, match="belongs"):
            open_todo(item_key="a", title="x", **holder)
