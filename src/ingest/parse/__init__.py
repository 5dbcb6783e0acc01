"""From stored bytes to a `Document`: one module a kind of source, one way in."""

from __future__ import annotations

from ingest.model import Capture, Document, Kind, Source
from ingest.parse import changelog, feed, jsonlist, page, sitemap, watch


def parse(capture: Capture, source: Source) -> Document:
    """
    Read a capture as its source's kind says.

    Raises:
        ParseError: It is no document of that kind; `rule` says what it is instead. Never anything else, whatever
            the bytes.
    """
    if source.kind is Kind.FEED:
        return feed.parse(capture)
    readers = {
        Kind.PAGE: page.parse,
        Kind.JSON: jsonlist.parse,
        Kind.CHANGELOG: changelog.parse,
        Kind.SITEMAP: sitemap.parse,
        Kind.WATCH: watch.parse,
    }
    return readers[source.kind](capture, source)
