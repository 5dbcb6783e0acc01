"""A world whose vendor is the hostile server: rounds on a real database, judged by the server's own log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from edges.hostile import fetcher_for
from edges.server import HostileServer, answer
from ingest import allowlist
from ingest.fetch import Fetcher
from ingest.model import PollReport
from ingest.pipeline import SharedHostLimiter, SharedRobotsCache
from ingest.store import checks
from ingest.store.engine import read
from support.world import NOW, Item, World, rss

FEED = "https://www.acme-ai.com/feed.xml"
DOCS = "https://www.acme-ai.com/docs.xml"
BLOG = "https://blog.acme-ai.com/feed.xml"
PAGE = "https://www.acme-ai.com/news/"
SITEMAP = "https://www.acme-ai.com/sitemap.xml"
ROBOTS = "https://www.acme-ai.com/robots.txt"
STAMP = "Thu, 21 May 2026 10:00:00 GMT"

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
    carriers:
      - {scope: feeds.acme-cdn.com/acme/, reason: Acme's own feed host}
    sources:
      news: {kind: feed, url: https://www.acme-ai.com/feed.xml, lang: en}
      docs: {kind: feed, url: https://www.acme-ai.com/docs.xml, lang: en}
      blog: {kind: feed, url: https://blog.acme-ai.com/feed.xml, lang: en}
      page: {kind: page, url: https://www.acme-ai.com/news/, lang: en, select: {entry: li, title: a, link: "a@href"}}
      map: {kind: sitemap, url: https://www.acme-ai.com/sitemap.xml, lang: en, include: ["path:/news/"]}
"""


def feed(*titles: str, head: str = "") -> bytes:
    """A feed with an entry a title, and channel elements before them."""
    items = [Item(title, f"https://www.acme-ai.com/news/{title.lower().replace(' ', '-')}") for title in titles]
    return rss(*items).content.replace(b"</generator>", b"</generator>" + head.encode(), 1)


def page(*titles: str) -> bytes:
    """A list of announcements as a web page."""
    listed = "".join(f'<li><a href="/news/{title.lower().replace(" ", "-")}">{title}</a></li>' for title in titles)
    return f"<!DOCTYPE html><html><head><title>News</title></head><body><ul>{listed}</ul></body></html>".encode()


@dataclass
class Client:
    """Acme on the hostile server, polled by the whole pipeline."""

    world: World
    server: HostileServer

    def poll(self, source: str = "acme/news", *, after: timedelta = timedelta(hours=1)) -> PollReport:
        """Look at one source, an hour after the last time."""
        return self.world.poll(source, after=after)

    def due(self, *, after: timedelta) -> list[PollReport]:
        """Look at what is due."""
        return list(self.world.round(everything=False, after=after).polls)

    def state(self, source: str = "acme/news") -> Any:
        (row,) = self.world.rows("SELECT * FROM source_states WHERE source_id = :id", id=source)
        return row

    def shown(self, source: str = "acme/news") -> Any:
        (row,) = self.world.rows("SELECT * FROM v1_sources WHERE id = :id", id=source)
        return row

    def proposals(self) -> list[Any]:
        return self.world.rows("SELECT * FROM proposals ORDER BY id")

    def rest(self, source: str = "acme/news") -> timedelta:
        """How long the source is left alone from now on."""
        row = self.shown(source)
        moment = row.next_poll_at
        if isinstance(moment, str):
            from datetime import datetime

            moment = datetime.fromisoformat(moment)
        return timedelta() if moment is None else moment - self.world.at

    def asked(self, url: str = FEED) -> list[Any]:
        return [one for one in self.server.asked if one.url == url]

    def faults(self) -> list[str]:
        """What `ingest db check` finds wrong."""
        with read(self.world.engine) as conn:
            text = conn.exec_driver_sql("SELECT text FROM generations ORDER BY number DESC LIMIT 1").scalar_one()
        result = checks.check(self.world.engine, allowlist.parse(text.encode()))
        return [one.what for one in result if one.level == "fault"]


@contextmanager
def client_of(engine: Engine, server: HostileServer, folder: Path) -> Iterator[Client]:
    """Put the list in force and lead a fetcher to the server; the database shares its politeness."""
    with fetcher_for(server, folder) as fetcher:
        world = World(engine, server, fetcher)  # type: ignore[arg-type]  # a world asks its server for nothing
        share(fetcher, world)
        world.put_in_force(LIST)
        server.otherwise = answer(b"nothing here", 404)
        yield Client(world, server)


def share(fetcher: Fetcher, world: World, owner: str = "test") -> None:
    fetcher.limiter = SharedHostLimiter(
        world.engine, owner, timeout=timedelta(seconds=20), gap=timedelta(0), now=world.now
    )
    fetcher.robots_cache = SharedRobotsCache(world.engine)
    fetcher.now = world.now


__all__ = [
    "BLOG",
    "DOCS",
    "FEED",
    "LIST",
    "NOW",
    "PAGE",
    "ROBOTS",
    "SITEMAP",
    "STAMP",
    "Client",
    "client_of",
    "feed",
    "page",
    "share",
]
