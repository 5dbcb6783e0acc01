"""
The entries of one document, judged: `judge` admits or refuses each, `identify` identifies it, `decide` gives its fate.

A poll, a recovered capture, a replay and a preview all judge a document here. Stored facts are passed as a `Memory`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ingest import dedupe, policy
from ingest.judging import carrying, walking
from ingest.judging.carrying import Remembered, Sliced
from ingest.judging.holding import Held, Statuses, hold
from ingest.judging.values import Ingested, Reading, refusal_of, tally_of
from ingest.judging.walking import Ends, Walk
from ingest.model import Capture, Document, EntryOutcome, Kind, Outcome, Refusal, State
from ingest.normalise import is_far, normalise
from ingest.parse import selfcheck

CHECKED: Final = frozenset({Kind.PAGE, Kind.CHANGELOG, Kind.JSON})
"""Kinds read with selectors, which fail silently. The other formats mark their entries themselves."""


@dataclass(frozen=True, slots=True)
class Judged:
    """
    A document, with its entries split into admitted offers and refusals.

    `sliced` has the slices of a feed whose entries may be carried. The document and the offers are without carried
    entries.
    """

    document: Document
    offers: list[dedupe.Offer]
    refusals: list[Refusal]
    sliced: Sliced | None = None

    @property
    def carried(self) -> list[str]:
        """The headlines of carried entries."""
        return [fate.headline_id for fate in self.sliced.claimed] if self.sliced else []


@dataclass(frozen=True, slots=True)
class Memory:
    """
    The stored facts about a source and its vendor for the fates of entries.

    known: headlines and claims concerned
    counts: numbers of entries in earlier accepted documents, newest last
    walk: the list being followed
    """

    known: dedupe.Known = field(default_factory=lambda: dedupe.Known(first_fill=True))
    counts: tuple[int, ...] = ()
    walk: Walk | None = None


@dataclass(frozen=True, slots=True)
class Identified:
    """A judged document after the self-check, with one identity decision for each offer."""

    judged: Judged
    memory: Memory
    verdict: selfcheck.CheckResult
    decisions: list[dedupe.Decision]


@dataclass(frozen=True, slots=True)
class Decided:
    """
    The fates of all entries of a document, ready to be written.

    held: the identity decisions, by the following step
    kept: entries of an older document whose edits are not applied
    refusals: entries without a headline, quarantined ones included
    walk: where the list goes on, its end, or None without a change
    carried: headlines of entries that were not read again
    remembered: what to keep for the next reading, if anything
    """

    verdict: selfcheck.CheckResult
    held: Held
    kept: list[dedupe.Decision]
    refusals: list[Refusal]
    walk: Walk | Ends | None
    notes: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    remembered: Remembered | None = None

    @property
    def ingested(self) -> Ingested:
        """The result for the ledger."""
        fates = [
            *(one.fate for one in self.held.ready),
            *(fate for _, fate in self.held.pending),
            *(EntryOutcome.PENDING for _ in self.held.to_open),
            *(EntryOutcome.SEEN for _ in (*self.held.known, *self.kept, *self.carried)),
            *(refusal.fate for refusal in self.refusals),
        ]
        if self.verdict.passed:
            return Ingested(tally_of(fates), "; ".join(filter(None, self.notes)))
        return Ingested(
            tally_of(fates),
            outcome=Outcome.BLOCKED if self.verdict.state is State.BLOCKED else Outcome.BROKEN,
            error=" ".join(reason.detail for reason in self.verdict.reasons),
        )


def judge(document: Document, reading: Reading, at: datetime) -> Judged:
    """Split the entries of a document into admitted offers and refusals."""
    judged = Judged(document, [], [])
    for item in normalise(document, reading.source, reading.vendor):
        if isinstance(item, Refusal):
            judged.refusals.append(item)
            continue
        match policy.admit(reading.vendor, item.url):
            case policy.Admitted() if is_far(item, at):
                detail = f"it says that it was published on {item.published.raw:.50}, more than a year after we read it"
                judged.refusals.append(refusal_of(item, EntryOutcome.QUARANTINED, "far-date", detail))
            case policy.Admitted(url, scope):
                judged.offers.append(dedupe.Offer.of(item, url, scope))
            case policy.Refused(rule, detail, address):
                judged.refusals.append(refusal_of(item, EntryOutcome.REJECTED, rule, detail, url=address))
    return judged


def identify(judged: Judged, memory: Memory, reading: Reading, capture: Capture) -> Identified:
    """Check a document against earlier ones of its source, and identify its offers where it passes."""
    earlier = selfcheck.Earlier(counts=memory.counts)
    verdict = _verify(judged, reading, earlier)
    if not verdict.passed:
        return Identified(judged, memory, verdict, [])
    known = memory.known
    if walking.fills(memory.walk, capture):
        known = replace(known, first_fill=True)
    others = len(judged.carried)
    decisions = dedupe.reconcile(judged.offers, known, source=reading.source, at=capture.fetched_at, others=others)
    return Identified(judged, replace(memory, known=known), verdict, decisions)


def decide(
    identified: Identified, statuses: Statuses, reading: Reading, capture: Capture, *, only_new: bool = False
) -> Decided:
    """
    Give every entry of a document its fate.

    Args:
        statuses: Of the entries already waiting for their page.
        only_new: A newer document of the source was read before, so this one adds entries and revises none.
    """
    if not identified.verdict.passed:
        return _quarantined(identified, reading, capture, only_new=only_new)
    judged, memory = identified.judged, identified.memory
    decisions, kept = identified.decisions, []
    if only_new:
        kept = [one for one in decisions if one.fate is EntryOutcome.REVISED]
        decisions = [one for one in decisions if one.fate is not EntryOutcome.REVISED]
    held = Held(decisions, [], [], [])
    if reading.source.opens_pages:
        held = hold(decisions, statuses, reading.source.first_fill)
    first = capture.purpose == "source" and not memory.counts
    is_new = walking.ends_new(identified.decisions, statuses)
    walk = None
    if walking.is_followed(reading.source) and not only_new:
        walk = walking.step(memory.walk, reading.source, capture, judged.document, first=first, ends_new=is_new)
    earlier = selfcheck.Earlier(counts=memory.counts)
    carried = tuple(judged.carried)
    shrunk = ""
    if reading.source.kind not in CHECKED:
        shrunk = selfcheck.shrunk(judged.document, earlier, others=_unread(judged))
    notes = (dedupe.churn(held.ready, memory.known, len(carried)), shrunk)
    remembered = None
    if judged.sliced is not None and not only_new:
        kept_of = (judged.sliced, judged.document, judged.offers, decisions, judged.refusals)
        remembered = carrying.remember(*kept_of, memory.known, capture.fetched_at)
    return Decided(identified.verdict, held, kept, judged.refusals, walk, notes, carried, remembered)


def _unread(judged: Judged) -> int:
    """Count the entries that were not read again."""
    return len(judged.sliced.carried) if judged.sliced else 0


def _quarantined(identified: Identified, reading: Reading, capture: Capture, *, only_new: bool) -> Decided:
    """Quarantine all entries after a failed self-check. A list is followed past such a page."""
    judged, reason = identified.judged, identified.verdict.reasons[0]
    entries = [refusal_of(one.candidate, EntryOutcome.QUARANTINED, reason.rule, reason.detail) for one in judged.offers]
    walk = None
    if walking.is_followed(reading.source) and capture.purpose == "part" and not only_new:
        before = identified.memory.walk
        walk = walking.step(before, reading.source, capture, judged.document, first=False, ends_new=True)
    return Decided(identified.verdict, Held([], [], [], []), [], [*entries, *judged.refusals], walk)


def _verify(judged: Judged, reading: Reading, earlier: selfcheck.Earlier) -> selfcheck.CheckResult:
    """Check the result of selectors. A feed or a sitemap only fails where it suddenly has no entry."""
    if reading.source.kind not in CHECKED:
        return selfcheck.emptied(judged.document, earlier, others=_unread(judged))
    return selfcheck.check(judged.document, paths=reading.source.item_paths, dates=False, earlier=earlier)
