from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network

import pytest
from ingest.fetch import Fetcher, FetchSettings, parse_connect_to
from sqlalchemy import Engine

from ingest.demo.server import VendorServer
from world import BLOG, FEED, NOW, World, rss


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer({FEED: rss(), BLOG: rss()}) as vendors:
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    settings = FetchSettings(
        user_agent="ingest-test/1 (+https://www.example.org/)",
        timeout=timedelta(seconds=10),
        max_bytes=1 << 20,
        host_gap=timedelta(0),
        ca_file=server.ca_file,
        connect_to=parse_connect_to(server.connect_to),
        private_networks=(ip_network("127.0.0.0/8"),),
    )
    with Fetcher(settings, now=lambda: NOW) as fetcher:
        yield World(engine, server, fetcher)
