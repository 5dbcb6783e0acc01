"""A feed read by slices comes to the same tables as one read whole, whatever changes in it (docs/decisions/0005)."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from ingest import pipeline
from ingest.store import replays
from ingest.store.engine import open_engine, read
from support.changing_feeds import Feed
from support.databases import copied
from support.twins import LIST, URLS, Reader, differences, readers

STEPS: Final = 10


@pytest.fixture(params=["sqlite", "postgresql"])
def twins(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """Two databases of one engine."""
    if request.param == "sqlite":
        empty = request.getfixturevalue("empty_database")
        one, other = (copied(empty, tmp_path / f"{uuid4().hex}.db") for _ in range(2))
        yield one, other
        one.dispose()
        other.dispose()
        return
    urls = [request.getfixturevalue("postgresql")() for _ in range(2)]
    one, other = map(open_engine, urls)
    yield one, other
    one.dispose()
    other.dispose()
    for url in urls:
        request.getfixturevalue("postgres").give_back(url)


def play(seed: int, one: Reader, other: Reader) -> None:
    """Let both read the same documents, and compare all their tables after each."""
    chance = random.Random(seed)
    tame = seed % 3 == 0
    feeds = {name: Feed(random.Random(f"{seed} {name}"), chance.choice(("rss", "atom", "rdf")), tame) for name in URLS}
    lists = [
        LIST.format(lang=lang, more=more)
        for lang in (", lang: en", ", lang: en", "")
        for more in ("", ", docs.acme-ai.com")
    ]
    listed = chance.choice(lists)
    for reader in (one, other):
        reader.put_in_force(listed)
    for step in range(STEPS):
        name = chance.choice(("acme/news", "acme/news", "acme/news", "acme/blog"))
        content, media_type = feeds[name].step()
        pause = timedelta(hours=chance.choice((1, 6, 30)))
        crashes, event = chance.random() < 0.1, chance.random()
        headlines = ids(one)
        headline = chance.choice(headlines) if headlines else None
        changed = chance.choice(lists)
        for reader in (one, other):
            reader.at += pause
            if event < 0.1 and headline:
                reader.decide("withdraw" if event < 0.06 else "restore", headline)
            elif event > 0.92:
                reader.put_in_force(changed)
            reader.read(name, content, media_type, crashes=crashes)
            if crashes:
                reader.recover()
        assert differences(one, other) == [], (seed, step, content)


def ids(reader: Reader) -> list[str]:
    with read(reader.engine) as conn:
        return list(conn.execute(text("SELECT id FROM headlines ORDER BY id")).scalars())


@pytest.mark.parametrize("seed", range(6))
def test_a_feed_by_slices_comes_to_the_same_as_the_whole(seed: int, twins: tuple[Engine, Engine]) -> None:
    with readers(*twins) as (one, other):
        play(seed, one, other)


@pytest.mark.parametrize("seed", [4, 7])
def test_a_replay_reads_the_whole_and_comes_to_the_same(seed: int, empty_database: Path, tmp_path: Path) -> None:
    one, other, again = (copied(empty_database, tmp_path / f"{name}.db") for name in ("slices", "whole", "replayed"))
    with readers(one, other) as twins:
        play(seed, *twins)
    pipeline.replay(one, again)
    with read(one) as stored, read(again) as replayed:
        assert list(replays.differences(stored, replayed)) == []
    for engine in (one, other, again):
        engine.dispose()


def test_an_ordinary_feed_is_read_by_slices(twins: tuple[Engine, Engine], caplog: pytest.LogCaptureFixture) -> None:
    feed = Feed(random.Random(3), "rss", tame=True)
    with readers(*twins) as (one, _), caplog.at_level(logging.DEBUG, "ingest.slices"):
        one.put_in_force(LIST.format(lang=", lang: en", more=""))
        for _ in range(6):
            one.at += timedelta(hours=2)
            one.read("acme/news", *feed.step())
    (_, entries, read_first), *later = (record.args for record in caplog.records if isinstance(record.args, tuple))
    assert read_first == entries
    assert len(later) >= 3
    assert all(isinstance(read_later, int) and read_later <= 4 for _, _, read_later in later)
