"""Many processes on one database: the work is shared, and the vendors see one good guest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ingest import allowlist
from ingest.pipeline import accept
from ingest.store.checks import check
from ingest.store.engine import open_engine, read
from load.crew import Crew, Parent
from load.yard import Newsroom, TimedServer, Yard, fetched_again_within, smallest_gap, tell
from world import NOW

GAP = 0.2


@dataclass(frozen=True)
class Load:
    processes: int
    seconds: float
    vendors: int
    feeds: int
    interval_s: int

    def yard(self) -> Yard:
        interval = f"{self.interval_s}s"
        return Yard(self.vendors, self.feeds, interval=interval, min_interval=interval)


SHORT = Load(processes=4, seconds=3.0, vendors=2, feeds=4, interval_s=2)
LONG = Load(processes=8, seconds=60.0, vendors=20, feeds=5, interval_s=10)


def put_in_force(engine: Engine, text_: str) -> None:
    accept(engine, allowlist.parse(text_.encode()), at=NOW, by="test", why="load")


def count(engine: Engine, query: str) -> int:
    with read(engine) as conn:
        return int(conn.execute(text(query)).scalar_one())


def play(load: Load, yard: Yard, crew: Crew, server: TimedServer, **order: bool) -> None:
    """Let all processes do rounds of what is due, while the vendors announce."""
    with Newsroom(yard, server, every=load.seconds / 12, share=0.3):
        workers = [crew.start("rounds", seconds=load.seconds, **order) for _ in range(load.processes)]
        assert [worker.join() for worker in workers] == [0] * load.processes, crew.log.read_text()


@pytest.mark.either_engine
@pytest.mark.parametrize("load", [SHORT, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(400)])])
def test_processes_on_one_database_share_the_work_and_the_hosts(
    load: Load, database_url: str, tmp_path: Path, parent: Parent
) -> None:
    engine, yard = open_engine(database_url), load.yard()
    put_in_force(engine, yard.list())
    with TimedServer((0.005, 0.06)) as server, Crew(parent, tmp_path, database_url, server, gap=GAP) as crew:
        yard.open(server)
        play(load, yard, crew, server)
        visits = list(server.visits)
        stuck = count(engine, "SELECT count(*) FROM source_states WHERE lease_owner IS NOT NULL")
        stuck += count(engine, "SELECT count(*) FROM hosts WHERE lease_owner IS NOT NULL")
        crew.do("rounds", everything=True)

    doubled = count(engine, "SELECT count(*) - count(DISTINCT url) FROM v1_headlines")
    again = fetched_again_within(visits, load.interval_s)
    gap = smallest_gap(visits)
    tell(
        f"{engine.dialect.name}: {load.processes} processes, {yard.sources} sources, {load.seconds:.0f} s:"
        f" {len(visits)} requests, double fetches {len(again)}, doubled headlines {doubled}"
        f" of {len(yard.links)}, smallest gap {gap * 1000:.0f} ms, stuck leases {stuck}"
    )
    assert len(visits) > yard.sources
    assert again == []
    assert gap >= GAP
    assert stuck == 0
    with read(engine) as conn:
        assert set(conn.execute(text("SELECT url FROM v1_headlines")).scalars()) == yard.links
        assert set(conn.execute(text("SELECT outcome FROM polls")).scalars()) <= {"ok", "not_modified"}
    assert doubled == 0
    assert [finding for finding in check(engine, None) if finding.level == "fault"] == []
    engine.dispose()


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_shared_turns_the_servers_log_shows_it(database_url: str, tmp_path: Path, parent: Parent) -> None:
    """Shows that the check above sees what it is there for: redirects lead several processes to one host at once."""
    engine, yard = open_engine(database_url), SHORT.yard()
    put_in_force(engine, yard.list())
    with TimedServer((0.005, 0.06)) as server, Crew(parent, tmp_path, database_url, server, gap=GAP) as crew:
        yard.open(server)
        play(SHORT, yard, crew, server, alone=True)
    engine.dispose()

    tell(f"turns not shared: smallest gap {smallest_gap(server.visits) * 1000:.0f} ms")
    assert smallest_gap(server.visits) < GAP
