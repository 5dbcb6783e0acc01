"""
How far a list is followed over its further pages (`select.next`): decided when a page of it is written, in the same transaction.

At first sight a list is read as far as its stanza allows. Later its first page is enough, unless the last entry on it is new:
then more may have come than one page holds, and it is followed until a page ends with an entry that is known. The last entry
counts, not any, because lists keep a featured announcement on top for weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ingest.dedupe import Decision
from ingest.model import Capture, Document, Fate, Source
from ingest.parse.cards import page_key
from ingest.store import candidates, walks
from ingest.store.walks import Walk


def step(
    conn: Connection,
    source: Source,
    capture: Capture,
    document: Document,
    decisions: Sequence[Decision],
    *,
    first: bool,
) -> None:
    """
    Note where the list of a source goes on behind a page of it, or that it need not be followed any further.

    Args:
        decisions: What became of the entries of that page; none where it was not believed.
        first: Whether no document of the source was read before this one.
    """
    if "next" not in dict(source.select):
        return
    walk = _walk(conn, source, capture, first=first, ends_new=_ends_new(conn, source, decisions))
    if walk is None:
        return
    visited = tuple(dict.fromkeys((*walk.visited, page_key(capture.target_url), page_key(capture.final_url))))
    following = document.next_page
    if following is None or page_key(following) in visited or not walk.remaining:
        walks.end(conn, source.id)
    else:
        walks.go_on(conn, replace(walk, url=following, visited=visited, failures=0))


def fills(conn: Connection, capture: Capture) -> bool:
    """Whether a document is a further page of a first fill."""
    walk = walks.of(conn, capture.source_id) if capture.purpose == "part" else None
    return walk is not None and walk.fills and page_key(capture.target_url) == page_key(walk.url)


def _walk(conn: Connection, source: Source, capture: Capture, *, first: bool, ends_new: bool) -> Walk | None:
    """Return the walk that a page belongs to or begins, None where it is none of a walk or ends one."""
    before = walks.of(conn, source.id)
    if capture.purpose == "source":
        if not (first or ends_new):
            return None  # a walk that has yet to end goes on from where it is
        return Walk(source.id, "", (), source.pages, fills=first or (before is not None and before.fills))
    if before is None or page_key(capture.target_url) != page_key(before.url):
        return None  # another process was faster
    if not (before.fills or ends_new):
        walks.end(conn, source.id)
        return None
    return replace(before, remaining=before.remaining - 1)


def _ends_new(conn: Connection, source: Source, decisions: Sequence[Decision]) -> bool:
    """Whether the last entry of a page was not known; so it counts where nothing on the page was believed."""
    once = [one for one in decisions if one.fate is not Fate.DUPLICATE]
    if not once:
        return True
    last = max(once, key=lambda one: one.offer.candidate.position)
    return last.fate is Fate.CREATED and not candidates.statuses(conn, source.id, [last.entry_key])
