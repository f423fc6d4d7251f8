"""The automatic sources an item may have, in words: those that deliver today, and those of the default rules that are
still to be built. Pure."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from points.catalogue import CATALOGUE

BUILDING: Final = "待建"


class FeedWords(NamedTuple):
    feed: str
    label: str
    delivers: bool


def feed_words(known: Mapping[str, str]) -> dict[str, FeedWords]:
    """Feed -> its words; `known`: what the system delivers (points.ledger.registry.feeds)."""
    found = {feed: FeedWords(feed, label, True) for feed, label in known.items()}
    for item in CATALOGUE:
        if item.feed and item.feed not in found:
            found[item.feed] = FeedWords(item.feed, f"{BUILDING}：{item.title}", False)
    return found


def feed_labels(known: Mapping[str, str]) -> dict[str, str]:
    return {feed: words.label for feed, words in feed_words(known).items()}
