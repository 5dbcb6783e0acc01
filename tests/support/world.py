"""A small world for scenarios: one vendor on a loopback TLS server, a database, a clock that is set by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from ipaddress import ip_network
from typing import Any

from sqlalchemy import Engine, text

from ingest import allowlist
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher, FetchSettings, parse_connect_to
from ingest.model import PollReport, RoundReport
from ingest.pipeline import Accepted, Context, Round, accept, run_round
from ingest.polling import Limits
from ingest.store.engine import read, write

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
FEED = "https://www.acme-ai.com/feed.xml"
BLOG = "https://blog.acme-ai.com/feed.xml"

LIST = """
version: 1
vendors:
  acme:
    name: Acme
    home: https://www.acme-ai.com/
    official:
      - www.acme-ai.com
      - blog.acme-ai.com
      - "!www.acme-ai.com/community/"
    sources:
      news: {kind: feed, url: https://www.acme-ai.com/feed.xml, lang: en}
      blog: {kind: feed, url: https://blog.acme-ai.com/feed.xml, lang: en}
"""


@dataclass(frozen=True)
class Item:
    """One entry of a test feed."""

    title: str
    link: str
    published: datetime = NOW - timedelta(hours=1)
    guid: str | None = None


def fetch_settings(server: VendorServer, *, max_bytes: int = 1 << 20) -> FetchSettings:
    """What leads a fetcher to a loopback vendor, without waiting between requests."""
    return FetchSettings(
        user_agent="ingest-test/1 (+https://www.example.org/)",
        timeout=timedelta(seconds=10),
        max_bytes=max_bytes,
        host_gap=timedelta(0),
        ca_file=server.ca_file,
        connect_to=parse_connect_to(server.connect_to),
        private_networks=(ip_network("127.0.0.0/8"),),
    )


def rss(*items: Item, note: str = "") -> Answer:
    """Write an RSS 2.0 feed; `note` changes its bytes and nothing else."""
    body = "".join(
        f"<item><title>{escape(escape(item.title))}</title><link>{escape(item.link)}</link>"
        f'<guid isPermaLink="false">{escape(item.guid or item.link)}</guid>'
        f"<pubDate>{item.published:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for item in items
    )
    head = f"<title>Acme</title><link>https://www.acme-ai.com/</link><generator>{note}</generator>"
    document = f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{body}</channel></rss>'
    return Answer(document.encode(), "application/rss+xml")


@dataclass
class World:
    """What a scenario plays with."""

    engine: Engine
    server: VendorServer
    fetcher: Fetcher
    at: datetime = NOW
    accepted: Accepted | None = None
    stopped: bool = field(default=False)

    def now(self) -> datetime:
        return self.at

    def put_in_force(self, text: str = LIST, **options: Any) -> Accepted:
        candidate = allowlist.parse(text.encode(), private=True)
        self.accepted = accept(self.engine, candidate, at=self.at, by="test", why="scenario", **options)
        return self.accepted

    def round(self, *only: str, everything: bool = True, after: timedelta = timedelta(0)) -> RoundReport:
        self.at += after
        return run_round(self.make_round(), only=only, everything=everything and not only)

    def make_round(self) -> Round:
        accepted = self.accepted or self.put_in_force()
        context = Context(self.engine, accepted.generation, self.now, Limits(timedelta(seconds=10), 8 << 20))
        return Round(context, accepted.allowlist, self.fetcher, owner="test", workers=4, stop=lambda: self.stopped)

    def poll(self, source: str = "acme/news", **options: Any) -> PollReport:
        (report,) = (report for report in self.round(source, **options).polls if report.source_id == source)
        return report

    def rows(self, query: str, **values: Any) -> list[Any]:
        with read(self.engine) as conn:
            return list(conn.execute(text(query), values))

    def write(self, query: str, **values: Any) -> None:
        with write(self.engine) as conn:
            conn.execute(text(query), values)

    def titles(self) -> list[str]:
        return [row.title for row in self.rows("SELECT title FROM v1_headlines ORDER BY title")]
