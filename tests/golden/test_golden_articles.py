"""
Stored article pages, each with what must come out of it: one folder a pattern or an obstacle.

`expected.json` says what is given (the address, the media type) and all of what comes out: the fields that are filled, each
with its evidence, or the rule of the refusal. A folder without its expectation fails, so a new document cannot go unjudged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import ParseError
from ingest.model import Dated
from ingest.parse.article import parse_article
from ingest.parse.markup.decoding import decode

FOLDERS = sorted(path for path in Path(__file__).parent.glob("article-*") if path.is_dir())


def test_there_are_articles() -> None:
    assert len(FOLDERS) >= 10


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_stored_page_gives_what_is_expected_of_it(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    assert outcome((folder / "document.html").read_bytes(), **expected.pop("given")) == expected


def outcome(content: bytes, *, url: str, media_type: str = "") -> dict[str, Any]:
    try:
        read = parse_article(decode(content, media_type), url)
    except ParseError as error:
        return {"refused": error.rule}
    fields = {
        "title": read.title,
        "title_original": read.title_original if read.title_original != read.title else None,
        "published": _date(read.published),
        "modified": _date(read.modified),
        "canonical": read.canonical,
        "alternates": dict(read.alternates),
        "lang": read.lang,
        "description": read.description,
        "categories": list(read.categories),
        "site_name": read.site_name,
        "refresh": read.refresh,
        "evidence": {name: str(evidence) for name, evidence in read.evidence},
    }
    return {name: value for name, value in fields.items() if value}


def _date(date: Dated) -> str | None:
    return date.reason or None if date.value is None else f"{date.value:%Y-%m-%dT%H:%M:%SZ} {date.precision}"
