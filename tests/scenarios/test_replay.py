"""The stored evidence, read again in order, comes to what is stored: same ids, same content, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from corpus.report import ABSENT, ROOT
from ingest import pipeline
from ingest.demo.answers import Answer
from ingest.errors import UsageError
from ingest.store import decisions, replays
from ingest.store.engine import open_engine, read, write
from support.databases import copied
from support.world import BLOG, FEED, LIST, Item, World, rss

A = Item("Acme opens a lab", "https://www.acme-ai.com/news/lab", guid="a")
B = Item("Acme ships", "https://www.acme-ai.com/news/ship", guid="b")
PRESS = Item("Press", "https://press.example.net/acme", guid="p")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Another database, of either engine."""
    if request.param == "sqlite":
        built = copied(request.getfixturevalue("empty_database"), tmp_path / "replayed.db")
        yield built
        built.dispose()
        return
    url = request.getfixturevalue("postgresql")()
    built = open_engine(url)
    yield built
    built.dispose()
    request.getfixturevalue("postgres").give_back(url)


def differences(stored: Engine, replayed: Engine) -> list[replays.RecordDifference]:
    with read(stored) as one, read(replayed) as other:
        return list(replays.differences(one, other))


def live(world: World) -> None:
    """A little history with one of everything."""
    world.server.update({FEED: rss(A, PRESS), BLOG: rss(Item("A lab opens", A.link, guid="blog-1"))})
    world.poll("acme/news")
    world.poll("acme/blog")
    world.server.update({FEED: Answer(b"<!doctype html><title>Down</title>", "text/html")})
    world.poll(after=timedelta(hours=2))
    world.server.update({FEED: rss(Item("Acme opens a second lab", A.link, guid="a"), B, PRESS)})
    world.poll(after=timedelta(hours=30))
    world.poll(after=timedelta(hours=30))
    (headline,) = world.rows("SELECT id FROM v1_headlines WHERE title = 'Acme ships'")
    with write(world.engine) as conn:
        word = decisions.OperatorDecision(world.at, "editor", "withdraw", headline.id, "embargoed")
        assert decisions.decide(conn, word)
    narrower = LIST.replace("      - blog.acme-ai.com\n", "      - labs.acme-ai.com\n").replace(
        "      blog: {kind: feed, url: https://blog.acme-ai.com/feed.xml, lang: en}\n", ""
    )
    world.put_in_force(narrower, confirm=True)
    world.round(after=timedelta(hours=2))
    world.server.update({FEED: rss(Item("Acme ships more", B.link, guid="b"), PRESS)})
    world.poll(after=timedelta(hours=2))


def test_a_replay_into_an_empty_database_gives_the_same_ids_and_content(world: World, empty: Engine) -> None:
    live(world)
    report = pipeline.replay(world.engine, empty)
    assert (report.lists, report.pruned) == (2, 0)
    assert report.documents == len(world.rows("SELECT id FROM polls WHERE outcome IN ('ok', 'broken')"))
    assert differences(world.engine, empty) == []
    assert world.rows("SELECT title, state FROM v1_headlines ORDER BY title") == [
        ("Acme opens a second lab", "live"),
        ("Acme ships", "withdrawn"),
    ]


def test_what_was_changed_by_hand_shows_as_a_difference(world: World, empty: Engine) -> None:
    live(world)
    world.write("UPDATE headlines SET title = 'Acme closes a lab' WHERE title LIKE 'Acme opens%'")
    world.write("DELETE FROM claims WHERE title = 'A lab opens'")
    pipeline.replay(world.engine, empty)
    title, claim = differences(world.engine, empty)
    assert title.fields == (("title", "Acme closes a lab", "Acme opens a second lab"),)
    assert (claim.table, claim.missing) == ("claims", "stored")


def test_a_replay_goes_into_an_empty_database_only(world: World, empty: Engine) -> None:
    live(world)
    pipeline.replay(world.engine, empty)
    with pytest.raises(UsageError, match="is not empty"):
        pipeline.replay(world.engine, empty)


def test_after_a_replay_polling_goes_on_as_if_nothing_had_happened(world: World, empty: Engine) -> None:
    live(world)
    pipeline.replay(world.engine, empty)
    moved = World(empty, world.server, world.fetcher, world.at, world.accepted)
    report = moved.poll(after=timedelta(hours=2))
    assert (report.tally.created, report.tally.revised, report.tally.entries) == (0, 0, 2)
    assert (
        moved.rows("SELECT count(*) AS n FROM captures")[0].n
        == world.rows("SELECT count(*) AS n FROM captures")[0].n + 1
    )


@pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)
@pytest.mark.long
@pytest.mark.timeout(300)
def test_over_all_recorded_series_a_replay_is_a_no_op(engine: Engine, empty: Engine) -> None:
    from corpus.series import FEEDS, play_all

    if engine.dialect.name == empty.dialect.name:
        pytest.skip("the other engine is the harder case")

    play_all(FEEDS, engine)
    report = pipeline.replay(engine, empty)
    assert report.documents > 150
    assert differences(engine, empty) == []
    with read(empty) as conn:
        assert conn.execute(text("SELECT count(*) FROM v1_headlines")).scalar_one() > 300
