"""Captures, sources and entries for the tests of parsing and normalising: valid by default, changed by keyword."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ingest.errors import ParseError
from ingest.model import Capture, Document, Entry, Grant, Kind, Scope, Source, Vendor
from ingest.parse import parse
from ingest.parse.markup import webpage
from ingest.parse.obstacles import obstacle_on

AT = datetime(2026, 5, 22, 12, tzinfo=UTC)
URL = "https://www.acme-ai.com/news/feed.xml"
ACME = Vendor(
    id="acme",
    name="Acme",
    home="https://www.acme-ai.com/",
    scopes=(Scope(Grant.OFFICIAL, "www.acme-ai.com", "www.acme-ai.com"),),
)


def make_source(**changes: Any) -> Source:
    fields: dict[str, Any] = {"id": "acme/news", "vendor_id": "acme", "kind": Kind.FEED, "url": URL, "digest": "0"}
    return Source(**(fields | changes))


def make_capture(content: str | bytes, *, url: str = URL, media_type: str | None = None) -> Capture:
    headers = (("Content-Type", media_type),) if media_type else ()
    data = content.encode() if isinstance(content, str) else content
    return Capture(1, "acme/news", url, url, data, "0", headers, AT, 1)


def make_entry(**changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "position": 0,
        "entry_id": "acme-1",
        "link": "https://www.acme-ai.com/news/model-5",
        "title": "Model 5 is here",
    }
    return Entry(**(fields | changes))


def make_document(*entries: Entry, **changes: Any) -> Document:
    fields: dict[str, Any] = {"dialect": "rss20", "title": "Acme", "link": None, "lang": None, "entries": entries}
    return Document(**(fields | changes))


def read(content: str | bytes, **options: Any) -> Document:
    return parse(make_capture(content, **options), make_source())


def rss(*items: str, head: str = "", attributes: str = "") -> str:
    """Write RSS 2.0 around what stands inside its items."""
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"{attributes}><channel><title>Acme</title>{head}{body}</channel></rss>'


def atom(*entries: str, attributes: str = "") -> str:
    """Write Atom 1.0 around what stands inside its entries."""
    body = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom"{attributes}><title>Acme</title>{body}</feed>'


def obstacle(html: str) -> str | None:
    """Return the obstacle in a text, None without an obstacle or a readable page."""
    try:
        return obstacle_on(webpage.parse(html))
    except ParseError:
        return None
