"""Processes that are killed, frozen, overtaken or asked to end, in the middle of what they do."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

import ingest
from ingest import allowlist
from ingest.model import EntryOutcome
from ingest.pipeline import accept
from ingest.store.checks import check
from ingest.store.engine import read
from load.servers import TimedServer, VendorSet, show
from load.workers import Parent, WorkerGroup
from support.world import NOW

HOUR = 3600.0


def rows(engine: Engine, query: str) -> list[Any]:
    with read(engine) as conn:
        return list(conn.execute(text(query)))


def count(engine: Engine, query: str) -> int:
    return int(rows(engine, f"SELECT count(*) FROM {query}")[0][0])


def stored(engine: Engine) -> dict[str, int]:
    """How many rows there are of everything that a poll writes."""
    return {name: count(engine, name) for name in ("captures", "polls", "headlines", "revisions", "changes", "claims")}


def leased(engine: Engine) -> int:
    return count(engine, "source_states WHERE lease_owner IS NOT NULL") + count(
        engine, "hosts WHERE lease_owner IS NOT NULL"
    )


def waiting(engine: Engine) -> int:
    return count(engine, "captures WHERE ingested_at IS NULL")


def links(engine: Engine) -> list[str]:
    return [row.url for row in rows(engine, "SELECT url FROM v1_headlines ORDER BY url")]


def wait_until_noticed(engine: Engine) -> None:
    """A server of PostgreSQL goes on with the statement of a client that is dead, and keeps its locks as long."""
    if engine.dialect.name != "postgresql":
        return
    others = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + 30
    while count(engine, others):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def vendor_set(engine: Engine, request: pytest.FixtureRequest) -> VendorSet:
    vendors, feeds = getattr(request, "param", (1, 3))
    built = VendorSet(vendors=vendors, feeds=feeds, interval="10m", min_interval="10m")
    accept(engine, allowlist.parse(built.list().encode()), at=NOW, by="test", why="load")
    return built


@pytest.fixture
def server(vendor_set: VendorSet) -> Iterator[TimedServer]:
    with TimedServer() as vendors:
        vendor_set.open(vendors)
        yield vendors


@pytest.fixture
def group(tmp_path: Path, database_url: str, server: TimedServer, parent: Parent) -> Iterator[WorkerGroup]:
    with WorkerGroup(parent, tmp_path, database_url, server) as workers:
        yield workers


@pytest.mark.parametrize(
    ("kills_on", "vendor_set"),
    [
        ({"sqlite": 5, "postgresql": 5}, (1, 2)),
        pytest.param(
            {"sqlite": 500, "postgresql": 200}, (2, 3), marks=[pytest.mark.long, pytest.mark.timeout(1500)], id="long"
        ),
    ],
    indirect=["vendor_set"],
)
def test_kill_9_at_any_moment_loses_nothing_and_doubles_nothing(
    kills_on: Mapping[str, int], engine: Engine, vendor_set: VendorSet, server: TimedServer, group: WorkerGroup
) -> None:
    kills = kills_on[engine.dialect.name]
    chance = random.Random(20260522)
    left = {"a capture": 0, "a lease": 0, "neither": 0}
    began = time.monotonic()
    group.do("rounds")
    longest = time.monotonic() - began
    for number in range(kills):
        server.update(vendor_set.announce(0.7))
        server.delay = chance.choice([(0.0, 0.0), (0.0, 0.05)])
        worker = group.start("rounds", ahead=(2 * number + 1) * HOUR)
        time.sleep(chance.uniform(0.0, longest))
        worker.kill()
        worker.join()
        wait_until_noticed(engine)
        left["a capture"] += waiting(engine) > 0
        left["a lease"] += leased(engine) > 0
        left["neither"] += not waiting(engine) and not leased(engine)
        began = time.monotonic()
        group.do("rounds", ahead=(2 * number + 2) * HOUR)
        longest = max(longest / 2, time.monotonic() - began)
        assert set(links(engine)) == vendor_set.links, f"after kill {number}"

    shown = links(engine)
    fates = " + ".join(EntryOutcome)
    show(
        f"{engine.dialect.name}: {kills} kills; left behind: {left}; lost {len(vendor_set.links - set(shown))},"
        f" doubled {len(shown) - len(set(shown))} of {len(vendor_set.links)}"
    )
    assert len(shown) == len(set(shown)) == len(vendor_set.links)
    assert count(engine, "changes WHERE kind = 'created'") == len(shown)
    assert count(engine, f"polls WHERE entries <> {fates}") == 0
    assert (waiting(engine), leased(engine)) == (0, 0)
    assert [finding for finding in check(engine, None) if finding.level == "fault"] == []
    assert left["a lease"] > 0


@pytest.mark.either_engine
def test_who_wakes_up_after_its_lease_writes_nothing(
    engine: Engine, vendor_set: VendorSet, server: TimedServer, group: WorkerGroup
) -> None:
    group.do("rounds")
    server.update(vendor_set.announce())
    server.delay = (1.0, 1.0)
    server.asked.clear()
    sleeper = group.start("rounds", ahead=HOUR)
    assert server.asked.wait(30)
    time.sleep(0.3)  # its claims are committed, and every thread of it waits for the answer
    sleeper.freeze()
    server.delay = (0.0, 0.0)
    held = leased(engine)
    server.update(vendor_set.announce())
    group.do("rounds", ahead=2 * HOUR)
    before, shown = stored(engine), links(engine)

    sleeper.thaw()

    assert sleeper.join() == 0
    assert held > 0
    assert "lease lost" in group.log.read_text()
    assert stored(engine) == before
    assert set(shown) == set(links(engine)) == vendor_set.links
    assert (waiting(engine), leased(engine)) == (0, 0)


@pytest.mark.either_engine
def test_what_was_fetched_under_the_last_list_is_read_by_the_next_round(
    engine: Engine, vendor_set: VendorSet, server: TimedServer, group: WorkerGroup
) -> None:
    server.delay = (1.0, 1.0)
    worker = group.start("rounds")
    assert server.asked.wait(30)
    accept(engine, allowlist.parse(vendor_set.list("another text").encode()), at=NOW, by="test", why="load")
    server.delay = (0.0, 0.0)

    assert worker.join() == 0
    assert "list changed" in group.log.read_text()
    assert waiting(engine) > 0
    assert leased(engine) == 0
    group.do("rounds")
    assert waiting(engine) == 0
    assert set(links(engine)) == vendor_set.links


@pytest.mark.either_engine
def test_sigterm_in_the_middle_of_a_round_of_the_daemon_lets_it_finish(
    engine: Engine, vendor_set: VendorSet, server: TimedServer, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(vendor_set.list(), encoding="utf-8")
    server.delay = (0.5, 0.5)
    environment = {"INGEST_HOST_GAP": "0s", "INGEST_DATABASE_URL": database_url, **server.settings}
    daemon = subprocess.Popen(
        [sys.executable, "-m", "ingest", "run"],
        cwd=tmp_path,
        env={**os.environ, **environment, "PYTHONPATH": str(Path(ingest.__file__).parents[1])},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert server.asked.wait(60)
        daemon.send_signal(signal.SIGTERM)
        _, message = daemon.communicate(timeout=60)
    finally:
        daemon.kill()
        daemon.wait()

    assert daemon.returncode == 0, message.decode()
    assert (waiting(engine), leased(engine)) == (0, 0)
    assert 0 < count(engine, "polls") < vendor_set.sources  # what was under way is stored, and nothing else was begun


@pytest.mark.either_engine
def test_a_clock_that_is_set_forward_and_back_keeps_nobody_waiting_and_causes_no_stampede(
    engine: Engine, vendor_set: VendorSet, server: TimedServer, group: WorkerGroup
) -> None:
    group.do("rounds")
    group.do("rounds", ahead=24 * HOUR)
    assert len({row[0] for row in rows(engine, "SELECT next_poll_at FROM source_states")}) == vendor_set.sources
    server.visits.clear()

    group.do("rounds")
    assert server.visits == []  # the day before is a day with its own plan, and everything was asked just now
    server.update(vendor_set.announce())
    group.do("rounds", ahead=HOUR)

    assert set(links(engine)) == vendor_set.links
    assert {visit.host.split(".")[0] for visit in server.visits} >= {"www", "blog", "labs"}
