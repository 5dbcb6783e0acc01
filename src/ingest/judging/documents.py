"""
The entries of one document, judged: `judge` admits or refuses each, `identify` identifies it, `decide` gives its fate.

A poll, a recovered capture, a replay and a preview all judge a document here. Stored facts are passed as a `Memory`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ingest import dedupe, policy
from ingest.judging import walking
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
    """A document, with its entries split into admitted offers and refusals."""

    document: Document
    offers: list[dedupe.Offer]
    refusals: list[Refusal]


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
    """

    verdict: selfcheck.CheckResult
    held: Held
    kept: list[dedupe.Decision]
    refusals: list[Refusal]
    walk: Walk | Ends | None
    notes: tuple[str, ...] = ()

    @property
    def ingested(self) -> Ingested:
        """The result for the ledger."""
        fates = [
            *(one.fate for one in self.held.ready),
            *(fate for _, fate in self.held.pending),
            *(EntryOutcome.PENDING for _ in self.held.to_open),
            *(EntryOutcome.SEEN for _ in (*self.held.known, *self.kept)),
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
    verdict = _verify(judged.document, reading, earlier)
    if not verdict.passed:
        return Identified(judged, memory, verdict, [])
    known = memory.known
    if walking.fills(memory.walk, capture):
        known = replace(known, first_fill=True)
    decisions = dedupe.reconcile(judged.offers, known, source=reading.source, at=capture.fetched_at)
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
    shrunk = "" if reading.source.kind in CHECKED else selfcheck.shrunk(judged.document, earlier)
    notes = (dedupe.churn(held.ready, memory.known), shrunk)
    return Decided(identified.verdict, held, kept, judged.refusals, walk, notes)


def _quarantined(identified: Identified, reading: Reading, capture: Capture, *, only_new: bool) -> Decided:
    """Quarantine all entries after a failed self-check. A list is followed past such a page."""
    judged, reason = identified.judged, identified.verdict.reasons[0]
    entries = [refusal_of(one.candidate, EntryOutcome.QUARANTINED, reason.rule, reason.detail) for one in judged.offers]
    walk = None
    if walking.is_followed(reading.source) and capture.purpose == "part" and not only_new:
        before = identified.memory.walk
        walk = walking.step(before, reading.source, capture, judged.document, first=False, ends_new=True)
    return Decided(identified.verdict, Held([], [], [], []), [], [*entries, *judged.refusals], walk)


def _verify(document: Document, reading: Reading, earlier: selfcheck.Earlier) -> selfcheck.CheckResult:
    """Check the result of selectors. A feed or a sitemap only fails where it suddenly has no entry."""
    if reading.source.kind not in CHECKED:
        return selfcheck.emptied(document, earlier)
    return selfcheck.check(document, paths=reading.source.item_paths, dates=False, earlier=earlier)
