"""What `ingest poll` asks before it loads what fetches: its no must come whenever a round would do something."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest import stories
from ingest.store.engine import read
from ingest.store.idle import is_idle
from ingest.store.schema import written
from support.world import BLOG, FEED, LIST, NOW, Item, World, rss

pytestmark = pytest.mark.either_engine

LATER = NOW + timedelta(days=400)


@pytest.fixture
def rested(world: World) -> World:
    """A world in which everything was done, and no source is due for more than a year."""
    item = Item("Acme opens a lab", "https://www.acme-ai.com/news/lab")
    world.server.update({FEED: rss(item), BLOG: rss()})
    world.round()
    world.write("UPDATE source_states SET next_poll_at = :at", at=written(LATER))
    return world


def idle(world: World) -> bool:
    assert world.accepted is not None
    settled = stories.settled(world.at.date())
    with read(world.engine) as conn:
        return is_idle(conn, world.accepted.allowlist.digest, now=world.at, settled=settled)


def traces(world: World) -> list[int]:
    """What a round leaves behind, whatever it does."""
    counted = [f"SELECT count(*) FROM {table}" for table in ("polls", "captures", "story_days")]
    ahead = "SELECT count(*) FROM source_states WHERE last_attempt_at > :at"
    numbers = [world.rows(query)[0][0] for query in counted]
    return [*numbers, world.rows(ahead, at=written(world.at))[0][0], len(world.server.requests)]


@pytest.mark.parametrize(
    "event",
    [
        "UPDATE source_states SET next_poll_at = NULL WHERE source_id = 'acme/news'",
        "UPDATE source_states SET next_poll_at = :now WHERE source_id = 'acme/news'",
        "UPDATE source_states SET last_attempt_at = :ahead WHERE source_id = 'acme/news'",
        "UPDATE source_states SET ingested_rules_version = 'older' WHERE source_id = 'acme/news'",
        "UPDATE captures SET ingested_at = NULL WHERE source_id = 'acme/news'",
        "UPDATE candidates SET status = 'pending'",
    ],
)
def test_what_waits_for_a_round_is_work(event: str, rested: World) -> None:
    if "candidates" in event:
        rested.put_in_force(LIST.replace("feed.xml, lang", "feed.xml, article: true, lang"))
        rested.server.update({FEED: rss(Item("Acme opens another", "https://www.acme-ai.com/news/another"))})
        rested.round("acme/news")
        rested.write("UPDATE source_states SET next_poll_at = :at", at=written(LATER))
        rested.write("UPDATE candidates SET status = 'finished'")
    before = traces(rested)
    assert idle(rested)
    assert rested.round(everything=False).polls == ()
    assert traces(rested) == before

    moments = {":now": rested.at, ":ahead": rested.at + timedelta(days=1)}
    rested.write(event, **{name[1:]: written(at) for name, at in moments.items() if name in event})
    assert not idle(rested)
    before = traces(rested)
    rested.round(everything=False)
    assert traces(rested) != before


def test_another_list_is_work_until_what_is_stored_was_read_by_it(rested: World) -> None:
    listed = (
        LIST.replace("news: {kind: feed", "news: {kind: feed, include: ['title:lab']"),
        LIST.replace("      - blog.acme-ai.com\n", "      - blog.acme-ai.com\n      - shop.acme-ai.com\n"),
    )
    for text in listed:
        rested.put_in_force(text)
        assert not idle(rested)
        assert rested.round(everything=False).polls
        assert idle(rested)


def test_a_file_that_is_not_in_force_is_work(rested: World) -> None:
    with read(rested.engine) as conn:
        assert not is_idle(conn, "0" * 64, now=rested.at, settled=stories.settled(rested.at.date()))


def test_a_source_that_is_off_or_gone_does_not_count(rested: World) -> None:
    rested.put_in_force(LIST.replace("blog: {kind: feed", "blog: {kind: feed, enabled: false"))
    rested.round(everything=False)
    rested.write("UPDATE source_states SET next_poll_at = NULL WHERE source_id = 'acme/blog'")
    candidate = ("acme/blog", "entry", "pending", BLOG, "blog.acme-ai.com", "{}", "", 0, written(rested.at))
    rested.write(
        "INSERT INTO candidates (source_id, entry_key, status, url, host, candidate, said, attempts, first_seen_at, "
        "capture_id, last_error, lease_token) VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, "
        "(SELECT min(id) FROM captures), '', 0)",
        **dict(zip("abcdefghi", candidate, strict=True)),
    )
    assert idle(rested)
    rested.put_in_force(LIST[: LIST.index("      blog: {")])
    rested.write("UPDATE captures SET ingested_at = NULL WHERE source_id = 'acme/blog'")
    rested.write("UPDATE source_states SET ingested_rules_version = 'older' WHERE source_id = 'acme/blog'")
    rested.round(everything=False)
    assert idle(rested)


def test_days_that_can_be_settled_are_work(rested: World) -> None:
    rested.at += timedelta(days=60)
    assert not idle(rested)
    rested.round(everything=False)
    assert idle(rested)
