"""Polls with nothing to read are settled in one transaction, and one of them never stops the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from ingest.demo.server import VendorServer
from ingest.errors import StoreError
from ingest.fetch import Fetcher
from ingest.model import Outcome, RoundReport
from ingest.pipeline import poll as polls
from ingest.pipeline import run_round
from ingest.store import leases
from ingest.store.checks import check
from ingest.store.engine import read, write
from support.world import NOW, Item, World, fetch_settings, rss

SOURCES = 12
HOUR = timedelta(hours=1)

HEAD = """
version: 1
vendors:
  acme:
    name: Acme
    home: https://www.acme-ai.com/
    official: ["*.acme-ai.com"]
    sources:
"""


def address(number: int) -> str:
    return f"https://h{number}.acme-ai.com/feed.xml"


def stanza(number: int) -> str:
    return f"      s{number}: {{kind: feed, url: '{address(number)}', lang: en, interval: 1h}}\n"


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    feeds = {address(n): rss(Item(f"Model {n} is here", f"https://h{n}.acme-ai.com/news/1")) for n in range(SOURCES)}
    with VendorServer(feeds) as server, Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher:
        world = World(engine, server, fetcher)
        world.put_in_force(HEAD + "".join(stanza(n) for n in range(SOURCES)))
        first = world.round()
        assert sum(one.tally.created for one in first.polls) == SOURCES
        yield world


def forget_validators(world: World) -> None:
    """Let the next poll receive the same bytes instead of a 304."""
    with write(world.engine) as conn:
        conn.execute(text("UPDATE source_states SET etag = NULL, last_modified = NULL"))


def outcomes(report: RoundReport) -> dict[str, Outcome]:
    return {one.source_id: one.outcome for one in report.polls}


def no_faults(world: World) -> bool:
    allowlist = world.accepted.allowlist if world.accepted else None
    return not [one for one in check(world.engine, allowlist) if one.level == "fault"]


@pytest.mark.parametrize(("answer", "most"), [("304", 3), ("same bytes", 5)])
def test_an_unchanged_source_takes_few_statements(
    world: World, monkeypatch: pytest.MonkeyPatch, answer: str, most: int
) -> None:
    monkeypatch.setattr("ingest.pipeline.rounds.TOGETHER_S", 5.0)
    statements = []

    @event.listens_for(world.engine, "before_cursor_execute")
    def count(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    counts = []
    for only in (["acme/s0"], [f"acme/s{n}" for n in range(SOURCES)]):
        if answer == "same bytes":
            forget_validators(world)
        statements.clear()
        world.at += 2 * HOUR
        report = run_round(replace(world.make_round(), workers=32), only=only)
        counts.append(len(statements))

    assert set(outcomes(report).values()) == {Outcome.NOT_MODIFIED if answer == "304" else Outcome.OK}
    assert (counts[1] - counts[0]) / (SOURCES - 1) <= most
    assert no_faults(world)


@pytest.mark.parametrize("answer", ["304", "same bytes"])
@pytest.mark.parametrize("step", ["ingest.polling.settle", "ingest.store.polls.record"])
def test_a_fault_with_one_source_leaves_the_others_settled(
    world: World, monkeypatch: pytest.MonkeyPatch, answer: str, step: str
) -> None:
    if answer == "same bytes":
        forget_validators(world)
    owner, _, name = step.rpartition(".")
    real = getattr(__import__(owner, fromlist=[name]), name)

    def failing(*arguments: Any, **named: Any) -> Any:
        if "acme/s3" in repr((arguments, named)):
            raise ValueError("a fault of this program")
        return real(*arguments, **named)

    monkeypatch.setattr(step, failing)

    report = world.round(after=2 * HOUR)

    others = {source_id: outcome for source_id, outcome in outcomes(report).items() if source_id != "acme/s3"}
    assert len(others) == SOURCES - 1
    assert set(others.values()) == {Outcome.NOT_MODIFIED if answer == "304" else Outcome.OK}
    assert outcomes(report)["acme/s3"] is Outcome.BROKEN
    settled = world.rows(
        "SELECT source_id FROM source_states WHERE lease_owner IS NULL AND next_poll_at > :at", at=world.at
    )
    assert len(settled) == SOURCES
    monkeypatch.undo()
    assert set(outcomes(world.round(after=2 * HOUR)).values()) <= {Outcome.NOT_MODIFIED, Outcome.OK}
    assert no_faults(world)


def test_a_source_that_another_worker_took_over_is_left_to_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = polls.write_together

    def late(quiet: Any) -> Any:
        with write(world.engine) as conn:
            conn.execute(text("UPDATE source_states SET lease_token = lease_token + 1 WHERE source_id = 'acme/s3'"))
        monkeypatch.undo()
        return real(quiet)

    monkeypatch.setattr("ingest.pipeline.rounds.write_together", late)

    report = world.round(after=2 * HOUR)

    assert len(report.polls) == SOURCES
    assert sum(one.outcome is Outcome.NOT_MODIFIED for one in report.polls) >= SOURCES - 1
    with read(world.engine) as conn:
        rows = conn.execute(
            text("SELECT source_id FROM polls WHERE outcome = 'not-modified' OR outcome = 'not_modified'")
        )
        recorded = [row.source_id for row in rows]
    assert len(recorded) == len(set(recorded))


def test_a_database_that_fails_gives_every_source_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(leases, "settle", full)

    with pytest.raises(StoreError):
        world.round(after=2 * HOUR)

    monkeypatch.undo()
    assert set(outcomes(world.round()).values()) == {Outcome.NOT_MODIFIED}
    assert no_faults(world)
