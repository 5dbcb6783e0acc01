"""
The one path from stored bytes to stored headlines: parse → normalise → admit → reconcile → write.

It joins the decisions of the pure modules to the store and decides nothing itself. A poll, a capture that a crash left
behind, a new reading and a replay all come through here, so that they agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from ingest import __version__, dedupe, policy, rules
from ingest.errors import StaleListError
from ingest.model import Candidate, Capture, Document, Fate, Refusal, Source, Tally, Vendor
from ingest.normalise import normalise
from ingest.store import engine as database
from ingest.store import headlines, lists, rejections

RULES_VERSION = f"{__version__}+{rules.VERSION}"
"""What decided: this program's version and that of the rules file. Kept with every capture and revision."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document is read and judged by, besides the rules: its stanza, its vendor, the list's generation."""

    source: Source
    vendor: Vendor
    generation: int

    @property
    def digest(self) -> str:
        """Sha256 hex of the stanza and the vendor's scopes: another one means that stored bytes are to be read anew."""
        scopes = "\n".join(f"{scope.grant} {scope.text}" for scope in self.vendor.scopes)
        return hashlib.sha256(f"{self.source.digest}\n{scopes}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one document came to: its ledger, what an operator should hear once, and the pace that it wishes for."""

    tally: Tally
    note: str
    wish: timedelta

    @property
    def changed(self) -> bool:
        """Whether something was announced or edited."""
        return self.tally.created + self.tally.revised > 0


def judge(document: Document, reading: Reading) -> tuple[list[dedupe.Offer], list[Refusal]]:
    """Split what a document offers into what the policy admits and what some rule refuses."""
    offers: list[dedupe.Offer] = []
    refusals: list[Refusal] = []
    for item in normalise(document, reading.source, reading.vendor):
        if isinstance(item, Refusal):
            refusals.append(item)
            continue
        match policy.admit(reading.vendor, item.url):
            case policy.Admitted(url, scope):
                offers.append(dedupe.Offer.of(item, url, scope))
            case policy.Refused() as refused:
                refusals.append(_refusal(item, refused))
    return offers, refusals


def _refusal(candidate: Candidate, refused: policy.Refused) -> Refusal:
    return Refusal(
        position=candidate.position,
        fate=Fate.REJECTED,
        rule=refused.rule,
        detail=refused.detail,
        raw_key=candidate.raw_key,
        url=refused.url,
        title=candidate.title,
    )


def write(
    conn: Connection,
    capture: Capture,
    document: Document,
    reading: Reading,
    judged: tuple[list[dedupe.Offer], list[Refusal]],
) -> Ingested:
    """
    Write everything that a document changes; the rest of the transaction is the caller's.

    Raises:
        StaleListError: Another list came into force since the document was judged; nothing may be written by the old one.
    """
    offers, refusals = judged
    database.serialise_vendor(conn, reading.vendor.id)
    if not lists.is_in_force(conn, reading.generation):
        raise StaleListError("another list came into force meanwhile; the next round reads it again.")
    known = headlines.known(conn, reading.source, offers)
    decisions = dedupe.reconcile(offers, known, source=reading.source, at=capture.fetched_at)
    headlines.apply(conn, decisions, headlines.Writing(reading.source, capture, reading.generation, RULES_VERSION))
    rejections.record(conn, refusals, capture)
    return Ingested(_tally(decisions, refusals), dedupe.churn(decisions, known), document.ttl or timedelta())


def _tally(decisions: Iterable[dedupe.Decision], refusals: Iterable[Refusal]) -> Tally:
    """Count every entry under the one fate it ended in."""
    fates = [decision.fate for decision in decisions] + [refusal.fate for refusal in refusals]
    return Tally(**{fate.value: fates.count(fate) for fate in Fate})
