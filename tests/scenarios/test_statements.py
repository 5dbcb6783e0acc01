"""What a document costs in statements, and that each of them is a search: none reads a table from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from ingest.pipeline.placing import place
from ingest.store import headlines, identity
from ingest.store.engine import read
from support.world import BLOG, FEED, NOW, Item, World, rss

SMALL = ("decisions",)
"""Tables that are read whole: they grow by hand."""


@contextmanager
def recorded(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Record the statements of a database with their parameters."""
    statements: list[tuple[str, Any]] = []

    def note(_c: object, _k: object, statement: str, parameters: Any, _x: object, many: bool) -> None:
        statements.append((statement, parameters[0] if many else parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def calls(monkeypatch: pytest.MonkeyPatch, target: str, real: Callable[..., Any]) -> list[list[tuple[str, Any]]]:
    """Record the statements of each call of a function."""
    every: list[list[tuple[str, Any]]] = []

    def recording(conn: Connection, *given: Any, **named: Any) -> Any:
        with recorded(conn.engine) as statements:
            result = real(conn, *given, **named)
        every.append(statements)
        return result

    monkeypatch.setattr(target, recording)
    return every


def most(every: list[list[tuple[str, Any]]]) -> int:
    """Return the number of statements of the most expensive call."""
    return max(map(len, every))


def items(count: int, first: int = 0, *, age: timedelta = timedelta(hours=1)) -> list[Item]:
    """Return entries of a feed, each with words of its own."""
    return [
        Item(f"Acme ships number{n} for region{n}", f"https://www.acme-ai.com/news/number{n}-for-region{n}", NOW - age)
        for n in range(first, first + count)
    ]


@pytest.mark.parametrize("count", [1, 40])
def test_placing_a_document_takes_few_statements(world: World, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    placing = calls(monkeypatch, "ingest.pipeline.writing.place", place)
    writing = calls(monkeypatch, "ingest.store.headlines.apply", headlines.apply)
    world.server.update({FEED: rss(*items(count)), BLOG: rss()})

    world.poll("acme/news")
    world.server.update({FEED: rss(*items(count), *items(count, 100))})
    world.poll("acme/news", after=timedelta(hours=1))

    assert most(placing) <= 9
    assert most(writing) <= 12


def test_old_days_of_one_source_take_one_more_statement(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    placing = calls(monkeypatch, "ingest.pipeline.writing.place", place)
    world.server.update({FEED: rss(*items(40, age=timedelta(days=90))), BLOG: rss()})

    world.poll("acme/news")

    assert most(placing) <= 10


def test_no_statement_of_a_document_reads_a_table_from_end_to_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    if world.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by the size of a table")
    world.server.update({FEED: rss(*items(40)), BLOG: rss(*items(10, 35))})
    world.round()
    world.server.update({FEED: rss(*items(42, 1)), BLOG: rss(*items(12, 33, age=timedelta(days=2)))})
    every = [
        calls(monkeypatch, "ingest.pipeline.writing.place", place),
        calls(monkeypatch, "ingest.store.headlines.apply", headlines.apply),
        calls(monkeypatch, "ingest.store.identity.known", identity.known),
    ]
    world.poll("acme/news", after=timedelta(days=9))
    world.poll("acme/blog")

    with read(world.engine) as conn:
        scans = {
            (row.detail, statement)
            for calls_of in every
            for statements in calls_of
            for statement, parameters in statements
            if statement.startswith(("SELECT", "UPDATE", "DELETE"))
            for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            if row.detail.startswith("SCAN ") and row.detail.split()[1] not in {*SMALL, "CONSTANT"}
        }
    assert scans == set()
