from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from edges.hostile import FEED, Get, fetcher_for, plan
from edges.server import HostileServer
from ingest.fetch import Fetcher, fetcher
from support.databases import copied


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as hostile:
        yield hostile


@pytest.fixture
def sqlite(tmp_path: Path, empty_database: Path) -> Iterator[Engine]:
    """A database where the engine is not what is tested."""
    engine = copied(empty_database, tmp_path / "client.db")
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
