"""What the fetcher's tests share: a vendor, plans for it, and a fetcher that reaches the hostile server as its hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from edges.server import HostileServer
from ingest import urls
from ingest.fetch import Fetcher, FetchSettings, parse_connect_to
from ingest.model import Failed, Fetched, FetchPlan, Grant, NotModified, Vendor

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
FEED = "https://www.acme-ai.com/feed.xml"
BLOG = "https://blog.acme-ai.com/feed.xml"
CARRIED = "https://feeds.acme-cdn.com/acme/feed.xml"
OUTSIDE = "https://www.press-ai.com/feed.xml"
RSS = b'<?xml version="1.0"?><rss version="2.0"><channel><title>Acme</title></channel></rss>'
AGENT = "ingest-test/1 (+https://www.example.org/)"
LOOPBACK = (ip_network("127.0.0.0/8"),)

VENDOR = Vendor(
    "acme",
    "Acme",
    "https://www.acme-ai.com/",
    (
        urls.parse_scope("www.acme-ai.com", Grant.OFFICIAL),
        urls.parse_scope("blog.acme-ai.com", Grant.OFFICIAL),
        urls.parse_scope("www.acme-ai.com/community/", Grant.EXCEPTION),
        urls.parse_scope("feeds.acme-cdn.com/acme/", Grant.CARRIER, "Acme's own feed host"),
    ),
)

Result = Fetched | NotModified | Failed
Get = Callable[..., Result]


def plan(url: str = FEED, **overrides: Any) -> FetchPlan:
    defaults = {
        "source_id": "acme/news",
        "vendor": VENDOR,
        "url": url,
        "timeout": timedelta(seconds=20),
        "max_bytes": 1 << 20,
    }
    return FetchPlan(**{**defaults, **overrides})


@contextmanager
def fetcher_for(server: HostileServer, folder: Path, **overrides: Any) -> Iterator[Fetcher]:
    defaults = {
        "user_agent": AGENT,
        "timeout": timedelta(seconds=20),
        "max_bytes": 1 << 20,
        "host_gap": timedelta(0),
        "ca_file": server.write_authority(folder),
        "connect_to": parse_connect_to(f"::127.0.0.1:{server.port}"),
        "private_networks": LOOPBACK,
    }
    with Fetcher(FetchSettings(**{**defaults, **overrides}), now=lambda: NOW) as fetcher:
        yield fetcher


def fetched(result: Result) -> Fetched:
    assert isinstance(result, Fetched), result
    return result


def unchanged(result: Result) -> NotModified:
    assert isinstance(result, NotModified), result
    return result


def failed(result: Result) -> Failed:
    assert isinstance(result, Failed), result
    return result


def within(seconds: float) -> dict[str, Any]:
    return {"timeout": timedelta(seconds=seconds)}
