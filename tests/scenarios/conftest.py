from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.fetch import fetcher as fetching
from support.world import BLOG, FEED, NOW, World, fetch_settings, rss


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let further tries be without their waits, which tests/edges looks at."""
    monkeypatch.setattr(fetching, "WAITS_S", (0.0, 0.0))


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer({FEED: rss(), BLOG: rss()}) as vendors:
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    with Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher:
        yield World(engine, server, fetcher)
