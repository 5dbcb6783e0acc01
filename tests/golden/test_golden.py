"""
Stored documents, each with what must come out of it: one folder a dialect or quirk.

`expected.json` says what is given (address, media type, official hosts, the source's own settings) and all of what comes out;
a field that is left out has its default. A folder without its expectation fails, so a new document cannot go unjudged.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.model import Candidate, Capture, Dated, Document, Grant, Kind, Refusal, Scope, Source, Vendor
from ingest.normalise import normalise
from ingest.parse import parse

HERE = Path(__file__).parent
# The other kinds have tests of their own.
OTHERS = ("__", "article-", "page-", "json-keyed", "json-models", "changelog-", "sitemap-", "watch-", "shipped")
FOLDERS = sorted(path for path in HERE.iterdir() if path.is_dir() and not path.name.startswith(OTHERS))
HOSTS = ["www.acme-ai.com", "docs.acme-ai.com", "research.acme-ai.com", "blog.acme-ai.com", "github.com", "medium.com"]


def test_there_are_documents() -> None:
    assert len(FOLDERS) > 20


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_stored_document_gives_what_is_expected_of_it(folder: Path) -> None:
    (document,) = folder.glob("document.*")
    assert (folder / "expected.json").is_file(), "write down what must come out of it"
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    assert outcome(document.read_bytes(), **expected.pop("given")) == expected


def outcome(content: bytes, *, url: str, media_type: str = "", source: dict[str, Any] | None = None) -> dict[str, Any]:
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in (source or {}).items()
    }
    stanza = Source(id="acme/news", vendor_id="acme", kind=Kind.FEED, url=url, digest="0", **settings)
    vendor = Vendor("acme", "Acme", "https://www.acme-ai.com/", tuple(Scope(Grant.OFFICIAL, h, h) for h in HOSTS))
    headers = (("Content-Type", media_type),) if media_type else ()
    at = datetime(2026, 5, 22, tzinfo=UTC)
    read = parse(Capture(1, stanza.id, url, url, content, "0", headers, at, 1), stanza)
    built = normalise(read, stanza, vendor)
    return {
        "document": _document(read),
        "headlines": [_headline(item) for item in built if isinstance(item, Candidate)],
        "refused": [_refusal(item) for item in built if isinstance(item, Refusal)],
    }


def _document(read: Document) -> dict[str, Any]:
    minutes = read.ttl / timedelta(minutes=1) if read.ttl else None
    return _without_defaults(
        dialect=read.dialect,
        title=read.title,
        link=read.link,
        lang=read.lang,
        ttl_minutes=minutes,
        damage=re.sub(r"line \d+: [^;]*", "ill-formed", read.damage),  # the parser's words differ between its versions
    )


def _headline(item: Candidate) -> dict[str, Any]:
    return _without_defaults(
        title=item.title,
        title_original=item.title_original if item.title_original != item.title else None,
        url=item.url,
        published=_date(item.published),
        updated=_date(item.updated) if item.updated != item.published else None,
        summary=item.summary,
        lang=item.lang,
        categories=list(item.categories),
        guid=item.guid,
        raw_key=item.raw_key if item.raw_key not in {item.guid, item.url} else None,
    )


def _date(date: Dated) -> str | None:
    if date.value is None:
        return date.reason or None
    return f"{date.value:%Y-%m-%dT%H:%M:%S.%fZ} {date.precision}".replace(".000000", "")


def _refusal(item: Refusal) -> dict[str, Any]:
    return _without_defaults(fate=item.fate, rule=item.rule, title=item.title, url=item.url)


def _without_defaults(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
