"""A record that is being written and a list that comes into force at the same moment cannot both win."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from ingest.store import guards
from ingest.store.engine import open_engine, write
from support.raw_sql import headline, insert, link, put_in_force, vendors_of

PAGE = "https://acme-ai.com/press/1"
WIDE = ("acme-ai.com",)
NARROW = (*WIDE, "!acme-ai.com/press/")

Isolation = str


@pytest.fixture
def pair(postgresql: Callable[[], str]) -> Iterator[Engine]:
    """A database that several connections share, with a list and one headline of it."""
    engine = open_engine(postgresql())
    with write(engine) as conn:
        put_in_force(conn, vendors_of({"acme": {"official": list(WIDE)}}))
        insert(conn, "headlines", headline("acme", "https://acme-ai.com/news/1", 1, id="h0", story_id="s0"))
    yield engine
    engine.dispose()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def change_to(engine: Engine, lines: tuple[str, ...], pause: float = 0) -> None:
    with write(engine) as conn:
        put_in_force(conn, vendors_of({"acme": {"official": list(lines)}}), digest="|".join(lines))
        time.sleep(pause)


@contextmanager
def opened(engine: Engine, isolation: Isolation = "READ COMMITTED") -> Iterator[Connection]:
    """A raw transaction, as any program may open one."""
    with engine.connect().execution_options(isolation_level=isolation) as conn, conn.begin():
        yield conn


def put(conn: Connection, table: str, number: int = 1) -> None:
    row = (
        headline("acme", PAGE, 1, id=f"h{number}", story_id="s0")
        if table == "headlines"
        else link("acme", PAGE, 1, headline_id="h0")
    )
    insert(conn, table, row)


def write_row(engine: Engine, table: str, pause: float, number: int = 1) -> None:
    with opened(engine) as conn:
        put(conn, table, number)
        time.sleep(pause)


def shown(engine: Engine, table: str) -> list[str]:
    with write(engine) as conn:
        query = f"SELECT url FROM v1_{table} WHERE url LIKE '%/press/%'"
        return list(conn.execute(text(query)).scalars())


def is_waiting(future: Future[Any]) -> bool:
    time.sleep(0.3)
    return not future.done()


@pytest.mark.parametrize("table", ["headlines", "links"])
def test_a_list_waits_for_records_that_are_being_written_and_judges_them(
    pair: Engine, threads: ThreadPoolExecutor, table: str
) -> None:
    with opened(pair) as conn:
        put(conn, table)
        applying = threads.submit(change_to, pair, NARROW)
        assert is_waiting(applying)
    applying.result(30)
    assert shown(pair, table) == []
    with write(pair) as conn:
        assert (
            conn.execute(text(f"SELECT state FROM {table} WHERE url = :url"), {"url": PAGE}).scalar_one() == "revoked"
        )


@pytest.mark.parametrize("table", ["headlines", "links"])
def test_a_record_waits_for_a_list_that_is_coming_into_force_and_is_judged_by_it(
    pair: Engine, threads: ThreadPoolExecutor, table: str
) -> None:
    with write(pair) as conn:
        put_in_force(conn, vendors_of({"acme": {"official": list(NARROW)}}), digest="narrow")
        writing = threads.submit(write_row, pair, table, 0)
        assert is_waiting(writing)
    with pytest.raises(DBAPIError, match=guards.MARK):
        writing.result(30)


@pytest.mark.parametrize("table", ["headlines", "links"])
@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_still_sees_the_old_list_cannot_write_by_it(
    pair: Engine, table: str, isolation: Isolation
) -> None:
    def write_late() -> None:
        with opened(pair, isolation) as conn:
            conn.execute(text("SELECT count(*) FROM scopes"))
            change_to(pair, NARROW)
            put(conn, table)

    with pytest.raises(OperationalError, match="could not serialize access"):
        write_late()
    assert shown(pair, table) == []


def test_who_brings_a_revoked_record_back_waits_too(pair: Engine, threads: ThreadPoolExecutor) -> None:
    change_to(pair, NARROW)
    change_to(pair, WIDE)
    with write(pair) as conn:
        put(conn, "headlines")

    def edit() -> None:
        with opened(pair) as conn:
            conn.execute(text("UPDATE headlines SET state = 'live', title = 'Another' WHERE id = 'h1'"))

    with write(pair) as conn:
        put_in_force(conn, vendors_of({"acme": {"official": list(NARROW)}}), digest="narrow")
        editing = threads.submit(edit)
        assert is_waiting(editing)  # and holds no row for which the list would have to wait
        conn.execute(text("UPDATE headlines SET changed_at = changed_at"))
    with pytest.raises(DBAPIError, match=guards.MARK):
        editing.result(30)
    assert shown(pair, "headlines") == []


def test_a_server_with_another_isolation_makes_no_difference_to_a_list(
    pair: Engine, threads: ThreadPoolExecutor
) -> None:
    with pair.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        name = pair.url.database
        conn.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"))
    pair.dispose()
    with opened(pair) as conn:
        put(conn, "links")
        applying = threads.submit(change_to, pair, NARROW)
        assert is_waiting(applying)
    applying.result(30)
    assert shown(pair, "links") == []


def race(engine: Engine, threads: ThreadPoolExecutor, rounds: int) -> dict[str, int]:
    """Let a record and a list meet so often, in either order and with every overlap; returns how it ended."""
    chance = random.Random(rounds)  # the same overlaps every time
    ended = {"written first": 0, "refused": 0}
    for number in range(1, rounds + 1):
        table = ("headlines", "links")[number % 2]
        pauses = [chance.choice((0, 0, 0.001, 0.003)) for _ in range(3)]
        writing = threads.submit(write_row, engine, table, pauses[0], number)
        time.sleep(pauses[1])
        applying = threads.submit(change_to, engine, NARROW, pauses[2])
        applying.result(60)
        refusal = writing.exception(60)
        ended["written first" if refusal is None else "refused"] += 1
        assert refusal is None or guards.MARK in str(refusal)  # no deadlock, nothing but the guard
        assert shown(engine, table) == [], (number, table)
        with write(engine) as conn:
            conn.execute(text("DELETE FROM links WHERE url = :url"), {"url": PAGE})
        change_to(engine, WIDE)
        with write(engine) as conn:
            conn.execute(text("DELETE FROM changes"))
            conn.execute(text("DELETE FROM headlines WHERE url = :url"), {"url": PAGE})
    return ended


def test_in_a_race_one_of_the_two_wins(pair: Engine, threads: ThreadPoolExecutor) -> None:
    ended = race(pair, threads, 40)
    assert all(ended.values()), ended


@pytest.mark.long
@pytest.mark.timeout(900)
def test_in_a_thousand_races_one_of_the_two_wins(pair: Engine, threads: ThreadPoolExecutor) -> None:
    ended = race(pair, threads, 1000)
    assert sum(ended.values()) == 1000
    assert all(ended.values()), ended
