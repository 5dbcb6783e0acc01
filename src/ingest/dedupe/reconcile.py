"""The facts about each entry of one document, the row of the table they fall into, and what comes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ingest.dedupe.decoding import is_no_better
from ingest.dedupe.keys import Key, Offer, claim_digest, entry_keys, headline_id, keys, same_facts, title_key
from ingest.dedupe.known import Decision, Known, KnownClaim
from ingest.dedupe.table import TABLE, Name, Page, Verdict
from ingest.model import Candidate, Fate, Precision, Source

BACKFILL_AGE: Final = timedelta(hours=48)
"""Older than this at first sight, within a first fill or a bulk appearance, is backfill (CONTRACT §5)."""

BULK_ENTRIES: Final = 10
"""So many entries at once, being at least half of the document, are a bulk appearance or migration and not a busy day."""


def reconcile(offers: Sequence[Offer], known: Known, *, source: Source, at: datetime) -> list[Decision]:
    """
    Decide for every offer of one document what it is.

    Args:
        offers: Admitted candidates, in any order; the decisions do not depend on it.
        known: What is stored about their keys.
        source: The source that offers them.
        at: When the document was fetched.

    Returns:
        One decision an offer, in the canonical order in which they are to be written.
    """
    book = _Book(offers, known, source)
    decisions = [book.decide(offer) for offer in sorted(offers, key=_canonical)]
    return _mark_backfill(decisions, known, at)


def churn(decisions: Sequence[Decision], known: Known) -> str:
    """Say that a source has renamed or moved most of its entries at once; "" when it has not. It is told once, at that poll."""
    met = [decision for decision in decisions if decision.fate in {Fate.SEEN, Fate.REVISED} and not known.first_fill]
    renamed = sum(any(key.kind == "guid" for key in decision.new_keys) for decision in met)
    moved = sum(any(key.kind == "url" for key in decision.new_keys) for decision in met)
    told = [
        f"{number} of {len(decisions)} entries came {how}"
        for number, how in ((renamed, "under new ids"), (moved, "with new links"))
        if _is_bulk(number, len(decisions))
    ]
    return " and ".join(told) + ", and were known again" if told else ""


def _is_bulk(number: int, total: int) -> bool:
    return number >= BULK_ENTRIES and 2 * number >= total


def _canonical(offer: Offer) -> tuple[str, str, str, str, int]:
    """Order by content, oldest first, so that re-ordered feeds are decided alike."""
    candidate = offer.candidate
    published = candidate.published.value.isoformat() if candidate.published.value else ""
    return (published, candidate.raw_key, offer.url.text, candidate.title, candidate.position)


class _Book:
    """What is known while one document is decided: the stored facts and what the document itself has added."""

    def __init__(self, offers: Sequence[Offer], known: Known, source: Source) -> None:
        self._known = known
        self._source = source
        positions = (offer.candidate.position for offer in offers)
        self._names = dict(zip(positions, entry_keys(offers), strict=True))
        self._kept = self._find_kept(offers)
        self._crowd = Counter(offer.page for offer in offers)
        self._by_key = dict(known.by_key)
        self._repeats = dict(known.repeats)
        self._met: dict[str, Decision] = {}
        self._told: set[str] = set()
        self._moved = self._find_moved(offers)

    def decide(self, offer: Offer) -> Decision:
        """Gather the facts, look the verdict up, and say what comes of it."""
        name = self._names[offer.candidate.position]
        found_by = [(key.kind, self._by_key[key]) for key in keys(offer, self._source) if key in self._by_key]
        claim = self._known.claims.get(name)
        named = claim.headline_id if claim else next((hit for kind, hit in found_by if kind == "guid"), None)
        paged = next((hit for kind, hit in found_by if kind == "url"), None)
        match TABLE[self._name_fact(named, claim, offer), self._page_fact(paged, named, offer)]:
            case Verdict.NAME:
                found = named
            case Verdict.PAGE:
                found = paged
            case Verdict.NEW:
                found = self._moved.get(name)
        decision = self._create(offer, name) if found is None else self._meet(found, offer, name)
        self._by_key.update(dict.fromkeys(decision.new_keys, decision.headline_id))
        self._met.setdefault(decision.headline_id, decision)
        self._told.add(name)
        return decision

    # ── facts ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _name_fact(self, named: str | None, claim: KnownClaim | None, offer: Offer) -> Name:
        if named is None:
            return Name.UNKNOWN
        if claim is not None and _is_kept(claim, offer):
            return Name.AGREES
        met = self._met.get(named)
        if met is not None:
            same = met.offer.page == offer.page or _says_the_same(met.offer.candidate, offer.candidate)
            return Name.AGREES if same else Name.DIFFERS
        claims = self._known.claims_of.get(named, ())
        return Name.AGREES if not claims or any(_is_kept(one, offer) for one in claims) else Name.DIFFERS

    def _page_fact(self, paged: str | None, named: str | None, offer: Offer) -> Page:
        if paged is None or paged == named:
            return Page.UNKNOWN
        met = self._met.get(paged)
        if met is not None:
            alike = met.fate is Fate.DUPLICATE or _says_the_same(met.offer.candidate, offer.candidate)
            return Page.MET_ALIKE if alike else Page.MET_UNLIKE
        claims = self._known.claims_of.get(paged, ())
        if not claims:
            shared = self._crowd[offer.page] > 1 and self._known.headlines[paged].title != offer.candidate.title
            return Page.OTHERS_SHARED if shared else Page.OTHERS
        if any(claim.entry_key in self._kept for claim in claims):
            return Page.LISTED
        alike = any(_is_alike(claim, offer.candidate) for claim in claims)
        return Page.VANISHED_ALIKE if alike else Page.VANISHED_UNLIKE

    def _find_kept(self, offers: Sequence[Offer]) -> frozenset[str]:
        """Find the names under which this document still has the entry that the source claimed under them before."""
        kept = set()
        for offer in offers:
            name = self._names[offer.candidate.position]
            claim = self._known.claims.get(name)
            if claim is not None and _is_kept(claim, offer):
                kept.add(name)
        return frozenset(kept)

    def _find_moved(self, offers: Sequence[Offer]) -> dict[str, str]:
        """
        Find the entries that moved and were renamed at once: headline by new name.

        Such an entry is unknown, and exactly one claim of this source with its title belongs to no entry of the document. The
        time has to be the same as well, unless most of the document moved: then whoever moved it may have set dates anew.
        """
        unknown = [offer for offer in offers if self._is_unknown(offer)]
        found = {self._known.by_key.get(key) for offer in offers for key in keys(offer, self._source)}
        titles = Counter(title_key(offer.candidate.title) for offer in unknown)
        pairs: list[tuple[Offer, KnownClaim]] = []
        for offer in unknown:
            title = title_key(offer.candidate.title)
            titled = self._known.claims_titled.get(title, ())
            gone = [one for one in titled if one.entry_key not in self._kept and one.headline_id not in found]
            if titles[title] == 1 and len({claim.headline_id for claim in gone}) == 1:
                pairs.append((offer, gone[0]))
        bulk = _is_bulk(len(pairs), len(offers))
        return {
            self._names[offer.candidate.position]: claim.headline_id
            for offer, claim in pairs
            if bulk or (claim.published is not None and claim.published == offer.candidate.published.value)
        }

    def _is_unknown(self, offer: Offer) -> bool:
        known = any(key in self._known.by_key for key in keys(offer, self._source))
        return not known and self._names[offer.candidate.position] not in self._known.claims

    # ── what comes of it ────────────────────────────────────────────────────────────────────────────────────────

    def _create(self, offer: Offer, name: str) -> Decision:
        raw_key = offer.candidate.raw_key
        repeat = self._repeats.get(raw_key, 0)
        self._repeats[raw_key] = repeat + 1
        made = headline_id(self._source.vendor_id, self._source.id, raw_key, repeat)
        return Decision(Fate.CREATED, offer, made, name, claim_digest(offer), self._new_keys(offer), repeat=repeat)

    def _new_keys(self, offer: Offer) -> tuple[Key, ...]:
        return tuple(key for key in keys(offer, self._source) if key not in self._by_key)

    def _meet(self, found: str, offer: Offer, name: str) -> Decision:
        """Compare with what this source said of the headline before, and with nothing else."""
        digest, new_keys = claim_digest(offer), self._new_keys(offer)
        met = self._met.get(found)
        if met is not None:
            fresh = name not in self._told and name not in self._known.claims
            return Decision(
                Fate.DUPLICATE, offer, found, name, digest, new_keys, revision=met.revision, claim_changed=fresh
            )
        headline = self._known.headlines[found]
        own = self._known.claims_of.get(found, ())
        claim = next((one for one in own if one.entry_key == name), own[0] if own else None)
        if claim is None:
            return Decision(Fate.DUPLICATE, offer, found, name, digest, new_keys, revision=headline.revision)
        if is_no_better(offer.candidate.title, claim.title):
            offer, digest = self._undamaged(offer, claim)
        restores = headline.state == "revoked"
        shown = headline.source_id == self._source.id and headline.state != "withdrawn"
        revises = shown and (restores or not same_facts(claim.digest, digest))
        return Decision(
            Fate.REVISED if revises else Fate.SEEN,
            offer,
            found,
            name,
            digest,
            new_keys,
            revision=headline.revision + revises,
            claim_changed=restores or claim.digest != digest or claim.entry_key != name,
            restores=revises and restores,
            replaces=claim.entry_key if claim.entry_key not in self._kept else None,
        )

    def _undamaged(self, offer: Offer, claim: KnownClaim) -> tuple[Offer, str]:
        """Give an entry the title that it had before it was decoded worse, and the digest of what else it says."""
        mended = replace(offer, candidate=replace(offer.candidate, title=claim.title))
        digest = claim_digest(mended)
        unchanged = same_facts(claim.digest, digest) or self._source.opens_pages  # whose claims digest the list's words
        return mended, claim.digest if unchanged else digest


def _says_the_same(one: Candidate, other: Candidate) -> bool:
    return one.title == other.title and one.published.value == other.published.value


def _is_kept(claim: KnownClaim, offer: Offer) -> bool:
    """Whether an entry under the name of a claim still is what was claimed: page, title or time are the same."""
    return claim.page == offer.page or _is_alike(claim, offer.candidate)


def _is_alike(claim: KnownClaim, candidate: Candidate) -> bool:
    """Whether a claim and a candidate under another name are one entry; a bare day proves nothing, a time does."""
    published = candidate.published
    same_time = published.precision is Precision.SECOND and claim.published == published.value
    return claim.title == candidate.title or same_time


def _mark_backfill(decisions: Iterable[Decision], known: Known, at: datetime) -> list[Decision]:
    """Flag old and undated newcomers of a first fill or a bulk appearance (CONTRACT §5)."""
    decisions = list(decisions)
    created = sum(decision.fate is Fate.CREATED for decision in decisions)
    if not (known.first_fill or _is_bulk(created, len(decisions))):
        return decisions
    return [
        replace(decision, backfill=True)
        if decision.fate is Fate.CREATED and _is_old(decision.offer.candidate.published.value, at)
        else decision
        for decision in decisions
    ]


def _is_old(published: datetime | None, at: datetime) -> bool:
    return published is None or at - published > BACKFILL_AGE
