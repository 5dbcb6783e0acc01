"""From stored bytes to a `Document`: one module a kind of source, one way in."""

from __future__ import annotations

from ingest.errors import ParseError
from ingest.model import Capture, Document, Kind, Source
from ingest.parse import changelog, feed, sitemap, watch


def parse(capture: Capture, source: Source) -> Document:
    """
    Read a capture as its source's kind says.

    Raises:
        ParseError: It is no document of that kind; `rule` says what it is instead. Never anything else, whatever
            the bytes.
    """
    if source.kind is Kind.FEED:
        return feed.parse(capture)
    if source.kind is Kind.CHANGELOG:
        return changelog.parse(capture, source)
    if source.kind is Kind.SITEMAP:
        return sitemap.parse(capture, source)
    if source.kind is Kind.WATCH:
        return watch.parse(capture, source)
    raise ParseError(
        f"Sources of kind {source.kind.value} cannot be read by this version; remove the source or give it kind feed.",
        rule="kind",
        subject=source.id,
    )
