"""
The one path from stored bytes to stored headlines: parse → normalise → admit → reconcile → write.

It joins the decisions of the pure modules to the store and decides nothing itself. A poll, a capture that a crash left
behind, a new reading and a replay all come through here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from ingest import dedupe, policy, polling
from ingest.errors import StaleListError
from ingest.model import (
    Candidate,
    Capture,
    Document,
    Fate,
    Kind,
    Outcome,
    PollState,
    Refusal,
    Source,
    State,
    Tally,
    Vendor,
)
from ingest.normalise import is_far, normalise
from ingest.parse import selfcheck
from ingest.pipeline import walking
from ingest.pipeline.holding import hold
from ingest.pipeline.placing import place
from ingest.rules import RULES_VERSION
from ingest.store import candidates, headlines, identity, lists, polls, rejections
from ingest.store import engine as database

CHECKED: Final = frozenset({Kind.PAGE, Kind.CHANGELOG, Kind.JSON})
"""Kinds that are read with selectors, which fail silently; the others say themselves what an entry is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document is read and judged by, besides the rules: its stanza, its vendor, the list's generation."""

    source: Source
    vendor: Vendor
    generation: int

    @property
    def digest(self) -> str:
        """Sha256 hex of the stanza and the vendor's scopes: another one means that stored bytes are to be read anew."""
        return polling.reading_digest(self.source.digest, ((scope.grant, scope.text) for scope in self.vendor.scopes))

    def has_read(self, state: PollState) -> bool:
        """Whether a source's last capture was read by this, and by today's rules."""
        return (state.ingested_rules_version, state.ingested_source_digest) == (RULES_VERSION, self.digest)


@dataclass(frozen=True, slots=True)
class Ingested:
    """
    What one document came to: its ledger, what an operator should hear once, and the pace that it wishes for.

    `outcome` is broken or blocked, with `error`, where the find was not believed and waits in quarantine, and where the
    document could not be read, by `rule`. `set_aside` is the number of its capture where this program failed on it.
    """

    tally: Tally = field(default_factory=Tally)
    note: str = ""
    wish: timedelta = timedelta()
    outcome: Outcome = Outcome.OK
    error: str = ""
    rule: str = ""
    set_aside: int | None = None

    @property
    def changed(self) -> bool:
        """Whether something was announced or edited."""
        return self.tally.created + self.tally.revised + self.tally.pending > 0


Judged = tuple[list[dedupe.Offer], list[Refusal]]


def judge(document: Document, reading: Reading, at: datetime) -> Judged:
    """Split what a document that came at a time offers into what the policy admits and what some rule refuses."""
    offers: list[dedupe.Offer] = []
    refusals: list[Refusal] = []
    for item in normalise(document, reading.source, reading.vendor):
        if isinstance(item, Refusal):
            refusals.append(item)
            continue
        match policy.admit(reading.vendor, item.url):
            case policy.Admitted() if is_far(item, at):
                detail = f"it says that it was published on {item.published.raw:.50}, more than a year after we read it"
                refusals.append(refusal_of(item, Fate.QUARANTINED, "far-date", detail))
            case policy.Admitted(url, scope):
                offers.append(dedupe.Offer.of(item, url, scope))
            case policy.Refused() as refused:
                refusals.append(refusal_of(item, Fate.REJECTED, refused.rule, refused.detail, url=refused.url))
    return offers, refusals


def refusal_of(candidate: Candidate, fate: Fate, rule: str, detail: str, *, url: str = "") -> Refusal:
    """Refuse a candidate under its own name."""
    return Refusal(candidate.position, fate, rule, detail, candidate.raw_key, url or candidate.url, candidate.title)


def write(
    conn: Connection,
    capture: Capture,
    document: Document,
    reading: Reading,
    judged: Judged,
    *,
    only_new: bool = False,
) -> Ingested:
    """
    Write everything that a document changes; the rest of the transaction is the caller's.

    Args:
        only_new: A newer document of the source was read before: this one adds what is new and revises nothing.

    Raises:
        StaleListError: Another list came into force since the document was judged; nothing may be written by the old one.
    """
    offers, refusals = judged
    begin(conn, reading)
    earlier = selfcheck.Earlier()
    if capture.purpose == "source":
        earlier = selfcheck.Earlier(counts=polls.last_counts(conn, reading.source.id))
    verdict = believe(document, reading.source, earlier)
    first = capture.purpose == "source" and not earlier.counts
    if not verdict.passed:
        if capture.purpose == "part" and not only_new:  # it costs itself, and not those behind it
            walking.step(conn, reading.source, capture, document, (), first=False)
        return _quarantine(conn, capture, offers, refusals, verdict)
    known = identity.known(conn, reading.source, offers)
    if walking.fills(conn, capture):
        known = replace(known, first_fill=True)
    decisions = dedupe.reconcile(offers, known, source=reading.source, at=capture.fetched_at)
    held: list[Fate] = []
    if not only_new:
        walking.step(conn, reading.source, capture, document, decisions, first=first)
    else:
        held = [Fate.SEEN for one in decisions if one.fate is Fate.REVISED]
        decisions = [one for one in decisions if one.fate is not Fate.REVISED]
    if reading.source.opens_pages:
        decisions, waiting = _hold(conn, decisions, reading, capture)
        held += waiting
    record(conn, decisions, reading, capture)
    rejections.record(conn, refusals, capture)
    rejections.release(conn, reading.source.id, [offer.candidate.raw_key for offer in offers])
    tally = tally_of([*(one.fate for one in decisions), *held, *(refusal.fate for refusal in refusals)])
    told = [
        dedupe.churn(decisions, known),
        "" if reading.source.kind in CHECKED else selfcheck.shrunk(document, earlier),
    ]
    return Ingested(tally, "; ".join(filter(None, told)), document.ttl or timedelta())


def record(conn: Connection, decisions: Sequence[dedupe.Decision], reading: Reading, capture: Capture) -> None:
    """Write what was decided about entries, and place what is new or edited among the vendor's stories."""
    headlines.apply(conn, decisions, headlines.Writing(reading.source, capture, reading.generation, RULES_VERSION))
    fresh = [one.headline_id for one in decisions if one.fate in {Fate.CREATED, Fate.REVISED}]
    choose = any(one.restores for one in decisions)
    place(conn, reading.vendor.id, fresh, at=capture.fetched_at, generation=reading.generation, choose=choose)


def begin(conn: Connection, reading: Reading) -> None:
    """
    Let nobody else write this vendor's documents, and see that the list they were judged by is in force.

    Raises:
        StaleListError: It no longer is.
    """
    database.serialise_vendor(conn, reading.vendor.id)
    if not lists.is_in_force(conn, reading.generation):
        raise StaleListError("another list came into force meanwhile; the next round reads it again.")


def tally_of(fates: Sequence[Fate]) -> Tally:
    """Count every entry under the one fate it ended in."""
    return Tally(**{fate.value: fates.count(fate) for fate in Fate})


# ── finds that are not believed ─────────────────────────────────────────────────────────────────────────────────


def believe(document: Document, source: Source, earlier: selfcheck.Earlier) -> selfcheck.Verdict:
    """Check what selectors found; what a feed or sitemap says needs no belief, save that it says nothing any more."""
    if source.kind not in CHECKED:
        return selfcheck.emptied(document, earlier)
    return selfcheck.check(document, paths=source.item_paths, dates=False, earlier=earlier)


def _quarantine(
    conn: Connection,
    capture: Capture,
    offers: Iterable[dedupe.Offer],
    refusals: list[Refusal],
    verdict: selfcheck.Verdict,
) -> Ingested:
    """Keep what was found for an operator to see, and record nothing."""
    reason = verdict.reasons[0]
    held = [refusal_of(offer.candidate, Fate.QUARANTINED, reason.rule, reason.detail) for offer in offers]
    rejections.record(conn, [*held, *refusals], capture)
    blocked = verdict.state is State.BLOCKED
    return Ingested(
        tally_of([refusal.fate for refusal in (*held, *refusals)]),
        outcome=Outcome.BLOCKED if blocked else Outcome.BROKEN,
        error=" ".join(reason.detail for reason in verdict.reasons),
    )


# ── entries whose page is opened first ──────────────────────────────────────────────────────────────────────────


def _hold(
    conn: Connection, decisions: list[dedupe.Decision], reading: Reading, capture: Capture
) -> tuple[list[dedupe.Decision], list[Fate]]:
    """Register what waits for its page; give what need not wait, and the fates of what does or did."""
    source = reading.source
    told = candidates.statuses(conn, source.id, [one.entry_key for one in decisions])
    held = hold(decisions, told, source.first_fill)
    candidates.register(conn, [*_rows(held.opened, "pending"), *_rows(held.older, "known")], capture)
    waiting = [Fate.PENDING for _ in held.opened] + [Fate.SEEN for _ in held.older]
    return held.kept, [*(fate for _, fate in held.told), *waiting]


def _rows(decisions: Iterable[dedupe.Decision], status: candidates.Status) -> list[candidates.Registered]:
    return [(one.entry_key, one.offer.candidate, one.offer.url.host, one.claim_digest, status) for one in decisions]
