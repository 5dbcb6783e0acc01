"""The base of a relative link, found by reading the stored document again."""

from __future__ import annotations

from ingest import jail
from ingest.errors import ParseError
from ingest.model import Allowlist, Candidate, Kind
from ingest.normalise import normalise
from ingest.store import Engine, captures
from ingest.store.engine import read


def link_base(engine: Engine, listed: Allowlist, capture_id: int, url: str) -> str:
    """
    Return the base against which a feed's link was resolved, and its origin: `channel link https://…`.

    The result is "" for an absolute link, and where the bytes were pruned or the source left the list.
    """
    with read(engine) as conn:
        capture = captures.get(conn, capture_id)
    source = next((one for one in listed.sources if capture is not None and one.id == capture.source_id), None)
    if capture is None or source is None or source.kind is not Kind.FEED:
        return ""
    vendor = next(one for one in listed.vendors if one.id == source.vendor_id)
    try:
        document = jail.parse(capture, source)
    except ParseError:
        return ""
    positions = {
        item.position for item in normalise(document, source, vendor) if isinstance(item, Candidate) and item.url == url
    }
    return next((entry.base for entry in document.entries if entry.position in positions), "")
