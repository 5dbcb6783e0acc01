from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from world import BLOG, FEED, NOW, World, fetch_settings, rss


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer({FEED: rss(), BLOG: rss()}) as vendors:
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    with Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher:
        yield World(engine, server, fetcher)
