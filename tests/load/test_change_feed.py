"""The change log: who follows `seq` gets every row once, under any number of writers and through any crash of its own."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from ingest.store.engine import open_engine, read, write
from load.servers import show
from load.workers import Parent, Worker, WorkerGroup
from support.raw_sql import headline, insert, put_in_force, vendors_of

WRITERS = 8


@dataclass(frozen=True)
class Load:
    changes: int  # of each writer
    linger: float  # seconds between append and commit, on average
    crashes: int  # of the follower


SHORT = Load(50, 0.002, 2)
UNLOCKED = Load(60, 0.03, 1)
LONG = Load(2000, 0.002, 25)


def prepare(database_url: str) -> None:
    engine = open_engine(database_url)
    with write(engine) as conn:
        put_in_force(conn, vendors_of({"acme": {"official": ["acme-ai.com"]}}))
        insert(conn, "headlines", headline("acme", "https://acme-ai.com/1", 1, id="h0", story_id="s0"))
    engine.dispose()


def follow_through(group: WorkerGroup, writers: list[Worker], into: str, crashes: int) -> None:
    """Follow while they write, crash at random moments and begin again, then read to the end."""
    chance = random.Random(7)
    for _ in range(crashes):
        follower = group.start("follow", into=into)
        time.sleep(chance.uniform(0.05, 0.4))
        follower.kill()
        follower.join()
    follower = group.start("follow", into=into)
    assert [writer.join() for writer in writers] == [0] * len(writers), group.log.read_text()
    follower.kill()
    follower.join()
    group.do("follow", into=into, to_the_end=True)


def play(load: Load, parent: Parent, database_url: str, folder: Path, **order: bool) -> tuple[int, int, int]:
    """How many rows the follower missed, got twice, and how many seqs were used twice."""
    prepare(database_url)
    into = f"sqlite:///{folder}/followed.db"
    row = {"kind": "edited", "headline_id": "h0", "generation": 1, "capture_id": None}
    with WorkerGroup(parent, folder, database_url) as group:
        group.do("follow", into=into, to_the_end=True)
        writers = [
            group.start("append", writer=writer, changes=load.changes, linger=load.linger, row=row, **order)
            for writer in range(WRITERS)
        ]
        follow_through(group, writers, into, load.crashes)
    engine = open_engine(into)
    with read(engine) as conn:
        got = [tuple(result) for result in conn.execute(text("SELECT seq, revision FROM got WHERE revision >= 0"))]
    engine.dispose()
    revisions = Counter(revision for _, revision in got)
    expected = {writer * 1_000_000 + number for writer in range(WRITERS) for number in range(load.changes)}
    missed = len(expected - revisions.keys())
    return missed, len(got) - len(revisions), len(got) - len({seq for seq, _ in got})


@pytest.mark.parametrize("load", [SHORT, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_a_follower_that_crashes_misses_nothing_and_gets_nothing_twice(
    load: Load, database_url: str, tmp_path: Path, parent: Parent
) -> None:
    missed, doubled, reused = play(load, parent, database_url, tmp_path)

    engine = database_url.partition(":")[0]
    show(f"{engine}: {WRITERS} × {load.changes} changes, {load.crashes} crashes: missed {missed}, doubled {doubled}")
    assert (missed, doubled, reused) == (0, 0, 0)


@pytest.mark.parametrize("load", [UNLOCKED, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_the_lock_rows_are_missed(load: Load, database_url: str, tmp_path: Path, parent: Parent) -> None:
    """Shows that the check above sees what it is there for; SQLite has one writer and needs no lock."""
    missed, _, _ = play(load, parent, database_url, tmp_path, unlocked=True)

    show(f"postgresql, lock removed: {WRITERS} × {load.changes} changes: missed {missed}")
    assert missed > 0
