from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from edges.hostile import FEED, Get, fetcher_for, plan
from edges.server import HostileServer
from ingest.fetch import Fetcher, fetcher
from ingest.store.engine import open_engine, upgrade


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as hostile:
        yield hostile


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the present schema, to be copied: making one takes longer than most tests."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def sqlite(tmp_path: Path, empty_database: Path) -> Iterator[Engine]:
    """A database where the engine is not what is tested."""
    shutil.copy(empty_database, tmp_path / "guest.db")
    engine = open_engine(f"sqlite:///{tmp_path}/guest.db")
    yield engine
    engine.dispose()


@pytest.fixture
def shared(server: HostileServer, tmp_path: Path) -> Iterator[Fetcher]:
    with fetcher_for(server, tmp_path) as shared:
        yield shared


@pytest.fixture
def get(shared: Fetcher) -> Get:
    return lambda url=FEED, **overrides: shared.get(plan(url, **overrides))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further tries without their waits, where the waits are not what is tested."""
    monkeypatch.setattr(fetcher, "WAITS_S", (0.0, 0.0))
