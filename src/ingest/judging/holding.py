"""Which entries wait until their own page has been opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ingest.dedupe import Decision
from ingest.model import EntryOutcome

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Statuses = Mapping[str, tuple[str, str]]
"""Status and claim digest of the entries already waiting, by entry key."""


@dataclass(frozen=True, slots=True)
class Held:
    """
    The decisions about one document, by the following step.

    ready: written now
    pending: held before, each with its present fate
    to_open: new or edited, newest first, to be opened
    known: new, but older than the opened pages, and registered without a headline
    """

    ready: list[Decision]
    pending: list[tuple[Decision, EntryOutcome]]
    to_open: list[Decision]
    known: list[Decision]


def hold(decisions: Iterable[Decision], statuses: Statuses, most: int) -> Held:
    """
    Hold back new and edited entries until their pages have been opened.

    The newest `most` pages are opened, so that a first fill does not present old entries as news (CONTRACT §2,
    `first_fill`).
    """
    ready, pending, fresh = [], [], []
    for one in decisions:
        status, digest = statuses.get(one.entry_key, ("", ""))
        if one.fate not in {EntryOutcome.CREATED, EntryOutcome.REVISED}:
            ready.append(one)
        elif digest == one.claim_digest:
            pending.append((one, EntryOutcome.PENDING if status == "pending" else EntryOutcome.SEEN))
        else:
            fresh.append(one)
    fresh.sort(key=_newest_first)
    return Held(ready, pending, fresh[:most], fresh[most:])


def _newest_first(decision: Decision) -> tuple[float, int]:
    candidate = decision.offer.candidate
    moment = candidate.published.value or candidate.updated.value or _EPOCH
    return -moment.timestamp(), candidate.position
