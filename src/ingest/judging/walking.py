"""
How far a list is followed over its further pages (`select.next`).

At first sight a list is read as far as its stanza allows. Later its first page suffices unless the last entry on it is
new. Then more entries may have appeared than fit on one page, and the list is followed to the first page with a known
last entry. Lists keep a featured announcement on top for weeks, so the first entry proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ingest.dedupe import Decision
from ingest.judging.holding import Statuses
from ingest.model import Capture, Document, EntryOutcome, Source
from ingest.urls import page_key_of


@dataclass(frozen=True, slots=True)
class Walk:
    """
    A list being followed.

    url: the page to read next
    visited: page keys of the pages read so far
    remaining: how many further pages may be read
    fills: whether it is a first fill, followed to the end
    failures: failed rounds for `url`
    """

    source_id: str
    url: str
    visited: tuple[str, ...]
    remaining: int
    fills: bool
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Ends:
    """The walk of a source ends."""


ENDS: Final = Ends()


def is_followed(source: Source) -> bool:
    """Whether a source's list is followed over further pages."""
    return "next" in dict(source.select)


def fills(walk: Walk | None, capture: Capture) -> bool:
    """Whether a document is a further page of a first fill."""
    return _is_next(walk, capture) and walk is not None and walk.fills


def step(
    before: Walk | None,
    source: Source,
    capture: Capture,
    document: Document,
    *,
    first: bool,
    ends_new: bool,
) -> Walk | Ends | None:
    """
    Decide where a list goes on after one of its pages.

    Args:
        before: The walk under way, if any.
        first: Whether this is the first document of the source.
        ends_new: Whether the last entry of the page is new (`ends_new`).

    Returns:
        The walk from here on, its end, or None where nothing changes.
    """
    walk = _walk(before, source, capture, first=first, ends_new=ends_new)
    if not isinstance(walk, Walk):
        return walk
    visited = tuple(dict.fromkeys((*walk.visited, page_key_of(capture.target_url), page_key_of(capture.final_url))))
    following = document.next_page
    if following is None or page_key_of(following) in visited or not walk.remaining:
        return ENDS
    return replace(walk, url=following, visited=visited, failures=0)


def _walk(before: Walk | None, source: Source, capture: Capture, *, first: bool, ends_new: bool) -> Walk | Ends | None:
    if capture.purpose == "source":
        if not (first or ends_new):
            return None  # a walk under way goes on from where it is
        return Walk(source.id, "", (), source.pages, fills=first or (before is not None and before.fills))
    if before is None or not _is_next(before, capture):
        return None  # another process was faster
    if not (before.fills or ends_new):
        return ENDS
    return replace(before, remaining=before.remaining - 1)


def _is_next(walk: Walk | None, capture: Capture) -> bool:
    return walk is not None and capture.purpose == "part" and page_key_of(capture.target_url) == page_key_of(walk.url)


def ends_new(decisions: Sequence[Decision], statuses: Statuses) -> bool:
    """Whether the last entry of a page is new. A page without entries counts as new."""
    once = [one for one in decisions if one.fate is not EntryOutcome.DUPLICATE]
    if not once:
        return True
    last = max(once, key=lambda one: one.offer.candidate.position)
    return last.fate is EntryOutcome.CREATED and last.entry_key not in statuses
