"""Which entries wait until their official page was opened: one decision, for a poll, a replay and a preview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ingest.dedupe import Decision
from ingest.model import Fate

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """
    The decisions of one document, apart.

    `kept` stand as they are; `told` wait or rest as before, with their fates; of what is new or edited, the pages of
    `opened` are opened, the newest first, and `older` are registered as known.
    """

    kept: list[Decision]
    told: list[tuple[Decision, Fate]]
    opened: list[Decision]
    older: list[Decision]


def hold(decisions: Iterable[Decision], told: Mapping[str, tuple[str, str]], most: int) -> Held:
    """
    Hold back what is new or edited until its page has been opened.

    Where more is new at once than `most`, as it is at first sight, only the newest pages are opened, so that nobody takes
    older ones for news (CONTRACT §2, `first_fill`).

    Args:
        told: Status and claim digest of the entries that were held before, by name.
    """
    kept, waiting, fresh = [], [], []
    for one in decisions:
        was, said = told.get(one.entry_key, ("", ""))
        if one.fate not in {Fate.CREATED, Fate.REVISED}:
            kept.append(one)
        elif said == one.claim_digest:
            waiting.append((one, Fate.PENDING if was == "pending" else Fate.SEEN))
        else:
            fresh.append(one)
    fresh.sort(key=_newest_first)
    return Held(kept, waiting, fresh[:most], fresh[most:])


def _newest_first(decision: Decision) -> tuple[float, int]:
    candidate = decision.offer.candidate
    moment = candidate.published.value or candidate.updated.value or _EPOCH
    return -moment.timestamp(), candidate.position
