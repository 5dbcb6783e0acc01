"""
Unchanged entries of a changed feed (docs/decisions/0005).

Such an entry is not parsed again. Its earlier fate is carried where its text, its frame and its claim are the same. The frame
is everything outside an entry with an influence on its reading.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ingest import dedupe
from ingest.judging.values import Reading
from ingest.model import Document, EntryOutcome, Kind, Refusal
from ingest.rules import RULES_VERSION

_PLAIN: Final = frozenset({EntryOutcome.CREATED, EntryOutcome.REVISED, EntryOutcome.SEEN})


@dataclass(frozen=True, slots=True)
class Claimed:
    """The fate of an entry with a headline of its own in its document. `mark` is the mark of its claim."""

    headline_id: str
    mark: str


Fate = Claimed | Refusal
"""A fate by the entry and its frame alone. Refusals are kept without their position."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """
    The last reading of a feed.

    frame: a digest of the frame of its entries
    at: when the document was fetched
    fates: by the digest of an entry's text
    """

    frame: str
    at: datetime
    fates: Mapping[str, Fate]


@dataclass(frozen=True, slots=True)
class Sliced:
    """
    The slices of a feed.

    frame: as in `Remembered`
    digests: of the text of each entry, in order
    carried: fates of unread entries, by position
    before: the last reading
    """

    frame: str
    digests: tuple[str, ...]
    carried: Mapping[int, Fate] = field(default_factory=dict)
    before: Remembered | None = None

    @property
    def claimed(self) -> list[Claimed]:
        """The carried entries with a claim."""
        return [fate for fate in self.carried.values() if isinstance(fate, Claimed)]

    @property
    def refused(self) -> list[Refusal]:
        """The carried refusals at their present positions."""
        carried = self.carried.items()
        return [replace(fate, position=position) for position, fate in carried if isinstance(fate, Refusal)]


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """A stored claim of a carried entry, with the state of its headline."""

    headline_id: str
    entry_key: str
    digest: str
    raw_key: str
    page: str
    state: str

    @property
    def mark(self) -> str:
        """Its mark in `Claimed`."""
        return _mark(self.entry_key, self.digest, self.raw_key, self.page)


def may_be_carried(reading: Reading) -> bool:
    """Whether entries of a source may be carried. An opened page says more about an entry than its feed."""
    source = reading.source
    return source.kind is Kind.FEED and not source.opens_pages and not source.select


def frame(document: Document, parents: Sequence[str], url: str, reading: Reading) -> str:
    """
    Return a digest of the frame of a feed's entries.

    The generation is part of it, because a list may revoke headlines and show them again.
    """
    facts = (RULES_VERSION, reading.digest, reading.generation, url, document.context, tuple(parents))
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()


def carried(remembered: Remembered, digests: Sequence[str]) -> dict[int, Fate]:
    """Return the fates that may be carried, by position. An entry listed twice is read."""
    times = Counter(digests)
    fates = remembered.fates
    return {at: fates[digest] for at, digest in enumerate(digests) if times[digest] == 1 and digest in fates}


def placed(document: Document, positions: Sequence[int]) -> Document | None:
    """
    Return a part of a feed (`Slices.part`) with the positions of its entries in the whole feed.

    Returns:
        The document without the empty entry in front, or None if the reader saw other entries.
    """
    if not is_separable(document, len(positions) + 1) or not any(item.position == 0 for item in document.unreadable):
        return None
    return replace(
        document,
        entries=tuple(replace(entry, position=positions[entry.position - 1]) for entry in document.entries),
        unreadable=tuple(
            replace(item, position=positions[item.position - 1]) for item in document.unreadable if item.position
        ),
    )


def is_separable(document: Document, count: int) -> bool:
    """Whether each of `count` slices of a feed is one entry, read independently of the others."""
    return document.context != "" and len(document.entries) + len(document.unreadable) == count


def holds(sliced: Sliced, stored: Sequence[StoredClaim], offers: Sequence[dedupe.Offer], known: dedupe.Known) -> bool:
    """
    Whether carried entries and the others can be decided apart from each other.

    The claims of the carried entries must be as they were left. No other entry may share a guid, page, claim or headline with
    them. `identity.known` reads every claim and headline in the reach of an entry, so an overlap shows in its result.

    Args:
        sliced: The feed.
        stored: All claims of its source about the headlines of carried entries.
        offers: Of the other entries.
        known: The stored facts about the other entries.
    """
    marks = {claim.headline_id: claim.mark for claim in stored if claim.state != "revoked"}
    if len(marks) != len(stored) or marks != {fate.headline_id: fate.mark for fate in sliced.claimed}:
        return False
    names = {claim.entry_key for claim in stored}
    pages, keys = {claim.page for claim in stored}, {claim.raw_key for claim in stored}
    if known.first_fill or known.on_page or not marks.keys().isdisjoint(known.headlines):
        return False
    return names.isdisjoint(known.claims) and not any(
        offer.page in pages or offer.candidate.guid in keys or offer.candidate.lang is None for offer in offers
    )


def remember(
    sliced: Sliced,
    document: Document,
    offers: Sequence[dedupe.Offer],
    decisions: Sequence[dedupe.Decision],
    refusals: Iterable[Refusal],
    known: dedupe.Known,
    at: datetime,
) -> Remembered:
    """
    Return the reading of a feed for the next one.

    Args:
        sliced: The feed.
        document: Its entries without the carried ones.
        offers: Of these entries, as listed.
        decisions: About all offers.
        refusals: Of all entries, carried ones included.
        known: The stored facts before this document.
        at: When it was fetched.
    """
    fates = dict(sliced.carried)
    listed = {offer.candidate.position: offer for offer in offers}
    entries = Counter(one.headline_id for one in decisions)
    for one in decisions:
        position = one.offer.candidate.position
        if entries[one.headline_id] == 1 and _is_plain(one, listed[position], known):
            raw_key, page = one.offer.candidate.raw_key, one.offer.page
            fates[position] = Claimed(one.headline_id, _mark(one.entry_key, one.claim_digest, raw_key, page))
    unreadable = {item.position for item in document.unreadable}
    for refusal in refusals:
        if refusal.fate is not EntryOutcome.QUARANTINED and refusal.position not in unreadable:
            fates[refusal.position] = replace(refusal, position=0)
    times = Counter(sliced.digests)
    by_digest = {digest: fates[at] for at, digest in enumerate(sliced.digests) if times[digest] == 1 and at in fates}
    return Remembered(sliced.frame, at, by_digest)


def raw_keys(stored: Collection[StoredClaim]) -> list[str]:
    """Return the raw keys of carried entries."""
    return [claim.raw_key for claim in stored]


def _is_plain(decision: dedupe.Decision, listed: dedupe.Offer, known: dedupe.Known) -> bool:
    """
    Whether the next reading of the same entry will find its claim by name, unchanged.

    The name must not depend on other entries of the document, and the claim must have the title of the list.
    """
    offer, name = decision.offer, decision.entry_key
    if decision.fate not in _PLAIN or offer.candidate.title != listed.candidate.title:
        return False
    if name != dedupe.entry_keys([listed])[0]:
        return False
    if decision.claim_changed:
        return True
    claim = known.claims.get(name)
    return claim is not None and dedupe.is_settled(claim, offer) and claim.raw_key == offer.candidate.raw_key


def _mark(entry_key: str, digest: str, raw_key: str, page: str) -> str:
    facts = repr((entry_key, digest, raw_key, page))
    return hashlib.sha256(facts.encode()).hexdigest()[:16]
