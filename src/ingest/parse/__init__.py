"""From stored bytes to a `Document`: one module a kind of source, one way in."""

from __future__ import annotations

from ingest.errors import ParseError
from ingest.model import Capture, Document, Kind, Source
from ingest.parse import changelog, feed, jsonlist, page, sitemap, watch
from ingest.parse.charset import decode
from ingest.parse.obstacles import OBSTACLES, obstacle


def parse(capture: Capture, source: Source) -> Document:
    """
    Read a capture as its source's kind says.

    Raises:
        ParseError: It is no document of that kind; `rule` says what it is instead, and first of all what bars the way to
            it (`obstacles`). Never anything else, whatever the bytes.
    """
    readers = {
        Kind.PAGE: page.parse,
        Kind.JSON: jsonlist.parse,
        Kind.CHANGELOG: changelog.parse,
        Kind.SITEMAP: sitemap.parse,
        Kind.WATCH: watch.parse,
    }
    try:
        return feed.parse(capture) if source.kind is Kind.FEED else readers[source.kind](capture, source)
    except ParseError as error:
        if error.rule not in _OTHERWISE or (why := obstacle(decode(capture.content, capture.content_type)[0])) is None:
            raise
        raise ParseError(
            f"Where the {source.kind} should be stands {OBSTACLES[why]}.", rule=why, subject=source.id
        ) from error


_OTHERWISE = frozenset({"html", "not-a-feed", "not-a-sitemap"})
"""Rules of documents of another kind than was meant."""
