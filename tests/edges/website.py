"""A database with rows that a test chooses, and the page over it on a real socket."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, insert

from ingest.store import schema
from ingest.store.engine import create_if_missing, open_engine, write
from ingest.web.app import wall_clock
from ingest.web.server import Server

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
HOST = "www.acme-ai.com"
DIGEST = "0" * 64

HOSTILE = [
    "<script>document.title='executed'</script>",
    '"><img src=x onerror="document.title=\'executed\'">',
    "'><svg/onload=document.title='executed'>",
    "</title><script>document.title='executed'</script>",
    "</a><iframe src=javascript:document.title='executed'></iframe>",
    "<!--<base href=//evil.example>--><meta http-equiv=refresh content=0;url=//evil.example>",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "&lt;script&gt;document.title='executed'&lt;/script&gt;",
    "` onmouseover=document.title='executed' x=",
    "\u202egnp.exe\u202c <b>bold</b>",
]
"""What a vendor could write to be more than text; each would change the title of the page or call elsewhere."""


@dataclass(frozen=True)
class Answer:
    """What a browser got."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Website:
    """The database and the address of its page."""

    engine: Engine
    url: str
    headlines: int = field(default=0)

    def ask(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        """Send one request; `if_none_match=…` becomes the header of that name."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def add(self, table: Any, **values: Any) -> None:
        with write(self.engine) as conn:
            conn.execute(insert(table).values(values))

    def add_list(self, vendor_name: str = "Acme") -> None:
        """Put a list in force: one vendor, one scope, no source yet."""
        self.add(
            schema.generations,
            number=1,
            digest=DIGEST,
            text="",
            at=NOW,
            by="test",
            why="test",
            rules_version="1",
            confirmed=False,
        )
        self.add(schema.vendors, id="acme", name=vendor_name, home=f"https://{HOST}/", since_generation=1)
        self.add(
            schema.scopes,
            id=1,
            vendor_id="acme",
            grant="official",
            text=HOST,
            host=HOST,
            subdomains=False,
            path_match="any",
            path_before="/",
            fold=False,
            reason="",
            since_generation=1,
        )

    def add_source(self, key: str = "news", state: str = "ok", product: str = "", **values: Any) -> None:
        source = f"acme/{key}"
        self.add(
            schema.sources,
            id=source,
            vendor_id="acme",
            kind="feed",
            role="news",
            url=f"https://{HOST}/{key}.xml",
            host=HOST,
            digest=DIGEST,
            enabled=True,
            product=product,
            since_generation=1,
        )
        self.add(schema.source_states, source_id=source, state=state, **{"last_success_at": NOW, **values})

    def add_capture(self) -> None:
        self.add(schema.payloads, digest=DIGEST, size=0, stored_as="identity", body=b"", first_seen_at=NOW)
        self.add(
            schema.captures,
            id=1,
            source_id="acme/news",
            generation=1,
            rules_version="1",
            target_url=f"https://{HOST}/",
            final_url=f"https://{HOST}/",
            hops="[]",
            status_code=200,
            http_version="HTTP/1.1",
            request_headers="[]",
            response_headers="[]",
            peer_address="192.0.2.1",
            wire_size=0,
            requested_at=NOW,
            fetched_at=NOW,
            wire_digest=DIGEST,
            payload_digest=DIGEST,
            payload_size=0,
        )

    def add_headline(self, title: str, path: str | None = None, *, of: str | None = None, **values: Any) -> str:
        """Store a headline, with a link, and give the address it leads to; `of` is the story of an earlier one."""
        self.headlines += 1
        number = self.headlines
        path = path or f"/{number}"
        if of is None:
            self.add(schema.stories, id=f"s{number}", vendor_id="acme", headline_id=f"h{number}", created_at=NOW)
        row = {
            "id": f"h{number}",
            "story_id": of or f"s{number}",
            "source_id": "acme/news",
            "raw_key": path,
            "repeat": 0,
            "vendor_id": "acme",
            "url": f"https://{HOST}{path}",
            "host": HOST,
            "path": path,
            "suffix": "",
            "scope_id": 1,
            "title": title,
            "summary": "",
            "lang": "en",
            "categories": "[]",
            "published": NOW,
            "published_precision": "second",
            "first_seen_at": NOW,
            "changed_at": NOW,
            "revision": 1,
            "backfill": False,
            "state": "live",
            "withdrawn": False,
            "allowlist_generation": 1,
            "capture_id": 1,
        }
        self.add(schema.headlines, **{**row, **values})
        place = {name: row[name] for name in ("vendor_id", "url", "host", "path", "suffix", "scope_id")}
        seen = {"first_seen_at": NOW, "last_seen_at": NOW}
        self.add(schema.links, headline_id=f"h{number}", source_id="acme/news", rel="primary", **place, **seen)
        return f"https://{HOST}{path}"

    def fill(self, vendor_name: str = "Acme", product: str = "") -> None:
        """Add what a headline needs: a list in force, a source, a capture."""
        self.add_list(vendor_name)
        self.add_source(product=product)
        self.add_capture()


@contextmanager
def serve(folder: Path, banner: str = "", now: Callable[[], datetime] = wall_clock) -> Iterator[Website]:
    """Make an empty database and serve its page in Tokyo's time."""
    engine = open_engine(f"sqlite:///{folder}/web.db")
    create_if_missing(engine)
    with Server(engine, "127.0.0.1:0", timezone=ZoneInfo("Asia/Tokyo"), banner=banner, now=now) as server:
        yield Website(engine, server.url)
    engine.dispose()
