"""Kind `feed`: RSS, RDF, Atom, CDF and JSON Feed. `reading` recognises the dialect and reads it with feedparser."""

from __future__ import annotations

from ingest.parse.feed.reading import parse

__all__ = ["parse"]
