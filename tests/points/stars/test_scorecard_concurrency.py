"""Score cards begun and published at once, and a self-rating handed in beside a publication. On PostgreSQL."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier, Event

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from branches.models import AuditEntry
from points.choices import RatingState
from points.models import Scorecard, StarRating, StarRound
from points.stars import card_editing, card_publishing
from points.stars.cards import edition_of

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TODAY = date(2026, 11, 22)
CLIENTS = 4


@pytest.fixture(autouse=True)
def _postgres():
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite lets one writer in at a time")


@pytest.fixture
def draft(hospital, office):
    begun = card_editing.start_draft(hospital=hospital, category="", name="新表", valid_from=2026, actor=office)
    edition = replace(edition_of(begun), basis="党委会")
    return card_editing.save_head(draft=begun, edition=edition, version=begun.version, actor=office)


def self_rated(branch, card):
    return StarRating.objects.create(
        branch=branch, hospital=branch.hospital, year=2026, state=RatingState.SELF_RATED, card=card
    )


def publish(draft, office):
    try:
        card_publishing.publish(draft=draft, version=draft.version, actor=office, today=TODAY)
    except ValidationError as error:
        return error.messages[0]
    finally:
        connection.close()
    return "done"


def test_of_drafts_begun_at_once_for_one_year_one_is_there(hospital, office, monkeypatch):
    look, both_looked = card_editing._check_head, Barrier(CLIENTS, timeout=20)

    def look_together(*args):
        look(*args)
        both_looked.wait()

    def attempt(n):
        try:
            card_editing.start_draft(hospital=hospital, category="", name=f"新建{n}", valid_from=2027, actor=office)
        except ValidationError as error:
            return error.message_dict["valid_from"][0][:12]
        finally:
            connection.close()
        return "done"

    monkeypatch.setattr(card_editing, "_check_head", look_together)
    with ThreadPoolExecutor(CLIENTS) as pool:
        said = Counter(pool.map(attempt, range(CLIENTS)))
    assert said == {"done": 1, "2027年已有一版通用评": CLIENTS - 1}
    assert Scorecard.objects.get(hospital=hospital).lines.count() == 35


def test_published_by_several_at_once_it_is_published_once(draft, office):
    with ThreadPoolExecutor(CLIENTS) as pool:
        said = Counter(pool.map(lambda _: publish(draft, office), range(CLIENTS)))
    assert said == {"done": CLIENTS}
    assert AuditEntry.objects.filter(action="star_card.published").count() == 1


@pytest.mark.parametrize("has_round", [True, False])
def test_a_self_rating_under_way_is_waited_for(draft, office, hospital, branch, has_round):
    """It holds its round, or has just begun one, and is in before the card is judged."""
    default = Scorecard.objects.get(hospital=None)
    if has_round:
        StarRound.objects.create(hospital=hospital, year=2026)
    held = Event()

    def rate():
        try:
            with transaction.atomic():
                if has_round:
                    StarRound.objects.select_for_update().get(hospital=hospital, year=2026)
                else:
                    StarRound.objects.create(hospital=hospital, year=2026)
                held.set()
                _until_somebody_waits()
                self_rated(branch, default)
        finally:
            held.set()
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        rating = pool.submit(rate)
        assert held.wait(20)
        said = pool.submit(publish, draft, office).result()
        rating.result()
    assert said == "2026年度已有1个支部提交自评，新评分表请从2027年起生效。"
    assert Scorecard.objects.get(pk=draft.pk).published_at is None


def _until_somebody_waits():
    """Until the publication stands at the lock this transaction holds."""
    end = time.monotonic() + 30
    while not _somebody_waits():
        assert time.monotonic() < end, "nobody waited"


def _somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
        return cursor.fetchone()[0]


def test_who_begins_a_round_while_a_card_is_published_reads_the_new_card(draft, office, hospital, branch, monkeypatch):
    """The round waits for the publication; what is read after it is the card in force."""
    judge, judged_it = card_publishing.judged, Event()

    def judge_slowly(*args, **kwargs):
        found = judge(*args, **kwargs)
        judged_it.set()
        _until_somebody_waits()
        return found

    def rate():
        try:
            assert judged_it.wait(20)
            with transaction.atomic():
                StarRound.objects.get_or_create(hospital=hospital, year=2026)
                StarRound.objects.select_for_update().get(hospital=hospital, year=2026)
                return Scorecard.objects.published().filter(hospital=hospital).count()
        finally:
            connection.close()

    monkeypatch.setattr(card_publishing, "judged", judge_slowly)
    with ThreadPoolExecutor(2) as pool:
        seen = pool.submit(rate)
        assert pool.submit(publish, draft, office).result() == "done"
        assert seen.result() == 1


def test_a_draft_changed_while_it_is_published_is_not_changed(draft, office):
    """Changing waits for the publication and is refused by what it then finds."""

    def change(_):
        try:
            card_editing.save_weights(draft=draft, weights={}, version=draft.version, actor=office)
        except ValidationError as error:
            return error.messages[0][:10]
        finally:
            connection.close()
        return "saved"

    with ThreadPoolExecutor(2) as pool:
        published, changed = pool.submit(publish, draft, office), pool.submit(change, 0)
        outcome = (published.result(), changed.result())
    assert outcome in {("done", "这一版评分表已经发布"), ("您打开以后，草稿又有改动，请核对后再发布。", "saved")}
