"""
What keeps a round from ending: a full disk, a database that is read-only, locked or gone, a clock that jumps, a signal.

It ends with a clear error, nothing is half done, `ingest db check` finds nothing, and the next round goes on.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

import ingest
from edges.client import BLOG, DOCS, FEED, LIST, Client, client_of, feed
from edges.hostile import AGENT
from edges.server import Asked, HostileServer, answer
from ingest import schedule
from ingest.errors import LockedError, StoreError
from ingest.model import Outcome
from ingest.pipeline import Accepted, Round
from ingest.store import engine as database
from support.databases import Postgres
from support.sampling import sampled

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEASE_OVER = timedelta(minutes=15)
"""After which what a crashed process held is anybody's."""

THREE = ["A", "B", "C", "D", "E", "F"]


@pytest.fixture
def client(tmp_path: Path, sqlite: Engine, server: HostileServer) -> Iterator[Client]:
    with client_of(sqlite, server, tmp_path) as client:
        serve(server)
        yield client


def noisy(*titles: str) -> bytes:
    """A feed that needs some pages of a database, however well it is packed."""
    return feed(*titles, head=f"<!-- {random.Random(titles[0]).randbytes(20_000).hex()} -->")


def serve(server: HostileServer) -> None:
    server.on(FEED, answer(noisy("A", "B")))
    server.on(DOCS, answer(noisy("C", "D")))
    server.on(BLOG, answer(noisy("E", "F")))


def goes_on(client: Client) -> None:
    """Nothing is lost, doubled or half done, and the next round fetches what is missing."""
    assert client.faults() == []
    client.world.round("acme/news", "acme/docs", "acme/blog", after=LEASE_OVER)
    assert client.world.titles() == THREE
    assert client.faults() == []
    assert [
        row.number for row in client.world.rows("SELECT count(*) AS number FROM captures WHERE ingested_at IS NULL")
    ] == [0]


def round_of(client: Client) -> None:
    client.world.round("acme/news", "acme/docs", "acme/blog")


# ── disks ───────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def room_for(path: Path, more: int) -> Iterator[None]:
    """Let no file of this process grow beyond the size of one, and a little more (EFBIG, as a quota gives)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal = Path(f"{path}-wal")
    size = max(one.stat().st_size for one in (path, wal) if one.exists())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("more", sampled([0, 5_000, 10_000, 20_000, 30_000, 40_000, 60_000, 80_000, 120_000], 2))
def test_a_file_that_may_grow_no_more_ends_the_round_wherever_it_is(more: int, client: Client, tmp_path: Path) -> None:
    client.world.engine.dispose()  # the last connection folds the log into the file
    ended: StoreError | None = None
    try:
        with room_for(tmp_path / "client.db", more):
            round_of(client)
    except StoreError as error:
        ended = error
    else:
        assert more >= 60_000, "the limit was too small to be reached"
    if ended is not None:
        assert (ended.exit_status, "disk" in str(ended)) == (3, True)
        assert str(tmp_path / "client.db") in str(ended)
        assert len(client.world.titles()) < 6
    goes_on(client)


@pytest.mark.parametrize("pages", [0, 1, 3, 5, 6, 9, 12])
def test_a_full_disk_ends_the_round_and_is_named(pages: int, client: Client) -> None:
    with client.world.engine.connect() as conn:
        size = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        free = conn.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    client.world.engine.dispose()

    @event.listens_for(client.world.engine, "connect")
    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit_of[0]}")

    limit_of = [size - free + pages]
    with pytest.raises(StoreError, match="is full") as caught:
        round_of(client)
    assert caught.value.exit_status == 3
    limit_of[0] = 1 << 30
    client.world.engine.dispose()
    goes_on(client)


def test_a_read_only_database_is_named_and_nothing_is_fetched_into_it(client: Client, tmp_path: Path) -> None:
    ours = client.world.engine
    client.world.engine = database.open_engine(f"sqlite:///file:{tmp_path}/client.db?mode=ro&uri=true")
    with pytest.raises(StoreError, match="read-only") as caught:
        round_of(client)
    assert caught.value.exit_status == 3
    assert client.server.urls == []
    client.world.engine.dispose()
    client.world.engine = ours
    goes_on(client)


def test_a_database_that_another_holds_for_too_long_ends_the_round(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_S", 0.3)
    ours = client.world.engine
    client.world.engine = database.open_engine(f"sqlite:///{tmp_path}/client.db")
    held = sqlite3.connect(tmp_path / "client.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    with pytest.raises(LockedError, match="stayed locked") as caught:
        round_of(client)
    assert caught.value.exit_status == 3
    held.execute("ROLLBACK")
    held.close()
    client.world.engine.dispose()
    client.world.engine = ours
    goes_on(client)


def test_a_lock_that_comes_while_a_request_is_on_its_way_costs_nothing_but_the_round(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_S", 0.3)
    ours = client.world.engine
    client.world.engine = database.open_engine(f"sqlite:///{tmp_path}/client.db")
    held = sqlite3.connect(tmp_path / "client.db", isolation_level=None, check_same_thread=False)

    def lock(_: Asked) -> bytes:
        if not held.in_transaction:
            held.execute("BEGIN IMMEDIATE")
        return answer(feed("A", "B"))

    client.server.answering[FEED] = lock
    with pytest.raises(LockedError):
        round_of(client)
    held.execute("ROLLBACK")
    held.close()
    client.server.clear(FEED)
    serve(client.server)
    client.world.engine.dispose()
    client.world.engine = ours
    goes_on(client)


# ── PostgreSQL ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """A server of our own, to be stopped and started."""
    postgres = Postgres()
    yield postgres
    postgres.close()


@pytest.fixture
def on_postgres(own_postgres: Postgres, server: HostileServer, tmp_path: Path) -> Iterator[Client]:
    own_postgres.start()
    engine = database.open_engine(own_postgres.make())
    with client_of(engine, server, tmp_path) as client:
        serve(server)
        yield client
    engine.dispose()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_is_restarted_while_a_request_is_on_its_way_costs_nothing(
    mode: str, on_postgres: Client, own_postgres: Postgres
) -> None:
    client = on_postgres
    bodies = {FEED: feed("A", "B"), DOCS: feed("C", "D"), BLOG: feed("E", "F")}

    def restart(asked: Asked) -> bytes:
        if len(client.asked(FEED)) == 1 and asked.url == FEED:
            own_postgres.stop(mode)
            own_postgres.start()
        return answer(bodies[asked.url])

    client.server.answering[FEED] = restart
    try:
        client.world.round("acme/news")
    except StoreError:  # another thread of the round was just writing
        client.world.round("acme/news", after=LEASE_OVER)
    assert client.world.titles() == ["A", "B"]
    goes_on(client)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_is_gone_ends_the_round_and_the_next_one_goes_on(
    mode: str, on_postgres: Client, own_postgres: Postgres
) -> None:
    client = on_postgres

    def stop(_: Asked) -> bytes:
        own_postgres.stop(mode)
        return answer(feed("A", "B"))

    client.server.answering[FEED] = stop
    with pytest.raises(StoreError) as caught:
        client.world.round("acme/news")
    assert caught.value.exit_status == 3
    client.server.clear(FEED)
    serve(client.server)
    own_postgres.start()
    goes_on(client)


@pytest.mark.parametrize("table", ["captures", "headlines", "polls", "changes"])
def test_a_server_that_dies_in_mid_transaction_leaves_nothing_half_done(
    table: str, on_postgres: Client, own_postgres: Postgres
) -> None:
    client = on_postgres
    died: list[str] = []

    @event.listens_for(client.world.engine, "before_cursor_execute")
    def die(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith(f"INSERT INTO {table}") and not died:
            died.append(statement)
            own_postgres.stop("immediate")

    with pytest.raises(StoreError):
        client.world.round("acme/news")
    assert died
    own_postgres.start()
    assert client.world.titles() == []
    goes_on(client)


def test_the_daemon_outlives_a_database_that_goes_away_and_comes_back(
    on_postgres: Client, own_postgres: Postgres, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = on_postgres
    path = tmp_path / "sources.yaml"
    path.write_text(LIST)
    stop = threading.Event()

    def make(accepted: Accepted) -> Round:
        client.world.accepted = accepted
        return client.world.make_round()

    lists = schedule.AllowlistFollower(client.world.engine, path, client.world.now)
    thread = threading.Thread(
        target=schedule.run, args=(lists, make, stop), kwargs={"every": timedelta(milliseconds=100)}
    )
    thread.start()
    try:
        until(lambda: client.world.titles() == THREE)
        own_postgres.stop("fast")
        until(lambda: "put off" in caplog.text)
        own_postgres.start()
        client.server.on(FEED, answer(feed("A", "B", "News")))
        client.world.at += LEASE_OVER + DAY
        until(lambda: "News" in client.world.titles())
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert "Traceback" not in caplog.text
    assert client.faults() == []


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


# ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("jump", [-300 * DAY, -DAY, -HOUR, HOUR, DAY, 400 * DAY])
def test_a_clock_that_jumps_loses_nothing_and_keeps_nobody_waiting(jump: timedelta, client: Client) -> None:
    round_of(client)
    client.world.at += jump
    client.server.on(FEED, answer(feed("A", "B", "News")))
    for _ in range(5):
        client.due(after=HOUR)
    assert "News" in client.world.titles()
    assert client.faults() == []
    assert timedelta() < client.rest() <= DAY


def test_a_clock_that_jumps_while_a_request_is_on_its_way_does_no_harm(client: Client) -> None:
    def jump(_: Asked) -> bytes:
        client.world.at += 30 * DAY
        return answer(feed("A", "B"))

    client.server.answering[FEED] = jump
    assert client.poll().outcome is Outcome.OK
    client.server.clear(FEED)
    serve(client.server)
    client.world.at -= 30 * DAY
    goes_on(client)


# ── signals ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_in_mid_poll_leaves_a_sound_database(number: signal.Signals, client: Client, tmp_path: Path) -> None:
    sent = threading.Event()

    def answer_then(_: Asked) -> bytes:
        assert sent.wait(30)
        return answer(feed("A", "B"))

    client.server.answering[FEED] = answer_then
    client.world.engine.dispose()
    path = tmp_path / "sources.yaml"
    path.write_text(LIST)
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", "poll", "acme/news", "acme/docs", "acme/blog"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(ingest.__file__).parents[1]),
            "INGEST_DATABASE_URL": f"sqlite:///{tmp_path}/client.db",
            "INGEST_USER_AGENT": AGENT,
            "INGEST_CA_FILE": str(tmp_path / "ca.pem"),
            "INGEST_CONNECT_TO": f"::127.0.0.1:{client.server.port}",
            "INGEST_PRIVATE_NETWORKS": "127.0.0.0/8",
            "INGEST_HOST_GAP": "0s",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    until(lambda: bool(client.asked(FEED)))
    process.send_signal(number)
    sent.set()
    _, err = process.communicate(timeout=30)
    assert process.returncode == (130 if number is not signal.SIGKILL else -signal.SIGKILL)
    assert "Traceback" not in err
    client.server.clear(FEED)
    serve(client.server)
    client.world.at = client.world.at.now(client.world.at.tzinfo)  # the process went by the real clock
    goes_on(client)
