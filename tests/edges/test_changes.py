"""The change log under writers at the same moment."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import Engine, text

from ingest.pipeline.placing import decide
from ingest.store import changes
from ingest.store.decisions import OperatorDecision
from ingest.store.engine import read, serialise_vendors, write
from support.raw_sql import headline, insert, put_in_force, vendors_of
from support.world import NOW


@pytest.fixture
def shown(engine: Engine) -> Engine:
    with write(engine) as conn:
        put_in_force(conn, vendors_of({"acme": {"official": ["acme-ai.com"]}}))
        insert(conn, "headlines", headline("acme", "https://acme-ai.com/1", 1, id="h0", story_id="s0"))
    return engine


def change(revision: int) -> dict[str, object]:
    row = {"at": NOW, "kind": "edited", "headline_id": "h0", "generation": 1, "capture_id": None}
    return {**row, "revision": revision}


def revisions(engine: Engine) -> list[int]:
    with read(engine) as conn:
        return list(conn.execute(text("SELECT revision FROM v1_changes WHERE kind = 'edited' ORDER BY seq")).scalars())


def test_a_change_is_numbered_when_everything_before_it_can_be_seen(shown: Engine) -> None:
    second = threading.Event()

    def write_second() -> None:
        with write(shown) as conn:
            changes.append(conn, [change(2)])
        second.set()

    with write(shown) as conn:
        changes.append(conn, [change(1)])
        thread = threading.Thread(target=write_second)
        thread.start()
        assert not second.wait(0.3)
        assert revisions(shown) == []
    thread.join(30)

    assert revisions(shown) == [1, 2]


def test_a_transaction_that_is_undone_leaves_no_change_and_its_number_to_nobody(shown: Engine) -> None:
    def append_and_fail() -> None:
        with write(shown) as conn:
            changes.append(conn, [change(1)])
            raise ValueError("after the append")

    with pytest.raises(ValueError, match="after the append"):
        append_and_fail()
    with write(shown) as conn:
        changes.append(conn, [change(2)])

    assert revisions(shown) == [2]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_operators_word_and_an_ingest_of_the_vendor_do_not_wait_for_each_other(shown: Engine) -> None:
    """SQLite has one writer, so that only PostgreSQL could come to a deadlock."""
    word = OperatorDecision(NOW, "somebody", "withdraw", "h0", "test")
    done: list[bool] = []

    def work() -> None:
        done.append(decide(shown, word))

    with write(shown) as conn:
        serialise_vendors(conn, ["acme"])
        thread = threading.Thread(target=work)
        thread.start()
        deadline = time.monotonic() + 30
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
        while not conn.execute(waiting).scalar_one():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        conn.execute(text("UPDATE headlines SET summary = 'edited' WHERE id = 'h0'"))
        changes.append(conn, [change(1)])
    thread.join(30)

    assert done == [True]
