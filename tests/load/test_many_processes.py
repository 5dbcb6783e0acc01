"""Many processes on one database: the work is shared, and the vendors see one polite client."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ingest import allowlist
from ingest.pipeline import accept
from ingest.store.checks import check
from ingest.store.engine import open_engine, read
from load.servers import Publisher, TimedServer, VendorSet, fetched_again_within, show, smallest_gap
from load.workers import Parent, WorkerGroup
from support.world import NOW

GAP = 0.2


@dataclass(frozen=True)
class Load:
    processes: int
    seconds: float
    vendors: int
    feeds: int
    interval_s: int

    def vendor_set(self) -> VendorSet:
        interval = f"{self.interval_s}s"
        return VendorSet(self.vendors, self.feeds, interval=interval, min_interval=interval)


SHORT = Load(processes=4, seconds=3.0, vendors=2, feeds=4, interval_s=2)
LONG = Load(processes=8, seconds=60.0, vendors=20, feeds=5, interval_s=10)


def put_in_force(engine: Engine, text_: str) -> None:
    accept(engine, allowlist.parse(text_.encode()), at=NOW, by="test", why="load")


def count(engine: Engine, query: str) -> int:
    with read(engine) as conn:
        return int(conn.execute(text(query)).scalar_one())


def play(load: Load, vendor_set: VendorSet, group: WorkerGroup, server: TimedServer, **order: bool) -> None:
    """Let all processes do rounds of what is due, while the vendors announce."""
    with Publisher(vendor_set, server, every=load.seconds / 12, share=0.3):
        workers = [group.start("rounds", seconds=load.seconds, **order) for _ in range(load.processes)]
        assert [worker.join() for worker in workers] == [0] * load.processes, group.log.read_text()


@pytest.mark.either_engine
@pytest.mark.parametrize("load", [SHORT, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(400)])])
def test_processes_on_one_database_share_the_work_and_the_hosts(
    load: Load, database_url: str, tmp_path: Path, parent: Parent
) -> None:
    engine, vendor_set = open_engine(database_url), load.vendor_set()
    put_in_force(engine, vendor_set.list())
    with TimedServer((0.005, 0.06)) as server, WorkerGroup(parent, tmp_path, database_url, server, gap=GAP) as group:
        vendor_set.open(server)
        play(load, vendor_set, group, server)
        visits = list(server.visits)
        stuck = count(engine, "SELECT count(*) FROM source_states WHERE lease_owner IS NOT NULL")
        stuck += count(engine, "SELECT count(*) FROM hosts WHERE lease_owner IS NOT NULL")
        group.do("rounds", everything=True)

    doubled = count(engine, "SELECT count(*) - count(DISTINCT url) FROM v1_headlines")
    again = fetched_again_within(visits, load.interval_s)
    gap = smallest_gap(visits)
    show(
        f"{engine.dialect.name}: {load.processes} processes, {vendor_set.sources} sources, {load.seconds:.0f} s:"
        f" {len(visits)} requests, double fetches {len(again)}, doubled headlines {doubled}"
        f" of {len(vendor_set.links)}, smallest gap {gap * 1000:.0f} ms, stuck leases {stuck}"
    )
    assert len(visits) > vendor_set.sources
    assert again == []
    assert gap >= GAP
    assert stuck == 0
    with read(engine) as conn:
        assert set(conn.execute(text("SELECT url FROM v1_headlines")).scalars()) == vendor_set.links
        assert set(conn.execute(text("SELECT outcome FROM polls")).scalars()) <= {"ok", "not_modified"}
    assert doubled == 0
    assert [finding for finding in check(engine, None) if finding.level == "fault"] == []
    engine.dispose()


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_shared_turns_the_servers_log_shows_it(database_url: str, tmp_path: Path, parent: Parent) -> None:
    """Shows that the check above sees what it is there for: redirects lead several processes to one host at once."""
    engine, vendor_set = open_engine(database_url), SHORT.vendor_set()
    put_in_force(engine, vendor_set.list())
    with TimedServer((0.005, 0.06)) as server, WorkerGroup(parent, tmp_path, database_url, server, gap=GAP) as group:
        vendor_set.open(server)
        play(SHORT, vendor_set, group, server, alone=True)
    engine.dispose()

    show(f"turns not shared: smallest gap {smallest_gap(server.visits) * 1000:.0f} ms")
    assert smallest_gap(server.visits) < GAP
