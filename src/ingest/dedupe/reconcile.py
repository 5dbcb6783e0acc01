"""The facts about each entry of one document, their row in the table, and the decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Final

from ingest.dedupe.decoding import is_no_better
from ingest.dedupe.keys import (
    Key,
    Offer,
    claim_digest,
    entry_keys,
    headline_id,
    key_text,
    keys,
    names,
    same_facts,
    title_key,
)
from ingest.dedupe.known import Decision, Known, KnownClaim
from ingest.dedupe.matching import Matching, is_same_time, is_same_title
from ingest.dedupe.table import TABLE, Own, Page, Verdict
from ingest.model import Candidate, EntryOutcome, Source

BACKFILL_AGE: Final = timedelta(hours=48)
"""Older than this at first sight, within a first fill or a bulk appearance, is backfill (CONTRACT §5)."""

BULK_ENTRIES: Final = 10
"""So many entries at once, being at least half of the document, are a bulk appearance or migration and not a busy day."""


def reconcile(
    offers: Sequence[Offer], known: Known, *, source: Source, at: datetime, others: int = 0
) -> list[Decision]:
    """
    Decide the identity of every offer of one document.

    Args:
        offers: Admitted candidates. Their order does not matter.
        known: The stored facts about their keys.
        source: The source of the document.
        at: When the document was fetched.
        others: Further entries of the document, which have nothing to do with these.

    Returns:
        One decision an offer, in canonical order for writing.
    """
    decisions = _Book(offers, known, source, others).decide_all(offers)
    return _mark_backfill(decisions, known, at, others)


def churn(decisions: Sequence[Decision], known: Known, others: int = 0) -> str:
    """Return a note where a source has renamed or moved most of its entries at once, else "". `others` as in `reconcile`."""
    total = len(decisions) + others
    met = [
        decision
        for decision in decisions
        if decision.fate in {EntryOutcome.SEEN, EntryOutcome.REVISED} and not known.first_fill
    ]
    renamed = sum(any(key.kind == "guid" for key in decision.new_keys) for decision in met)
    moved = sum(any(key.kind == "url" for key in decision.new_keys) for decision in met)
    notes = [
        f"{number} of {total} entries came {how}"
        for number, how in ((renamed, "under new ids"), (moved, "with new links"))
        if _is_bulk(number, total)
    ]
    return " and ".join(notes) + ", and were known again" if notes else ""


def _is_bulk(number: int, total: int) -> bool:
    return number >= BULK_ENTRIES and 2 * number >= total


def _canonical(offer: Offer) -> tuple[str, str, str, str, int]:
    """Order by content, oldest first, so that the order in a feed does not matter."""
    candidate = offer.candidate
    published = candidate.published.value.isoformat() if candidate.published.value else ""
    return (published, candidate.raw_key, offer.url.text, candidate.title, candidate.position)


class _Book:
    """The knowledge while one document is decided: the stored facts and the additions by the document itself."""

    def __init__(self, offers: Sequence[Offer], known: Known, source: Source, others: int) -> None:
        self._known = known
        self._total = len(offers) + others
        self._source = source
        self._names = {offer.candidate.position: name for offer, name in zip(offers, entry_keys(offers), strict=True)}
        self._matching = Matching(offers, self._names, known, source)
        self._crowd = Counter(offer.page for offer in offers)
        self._by_key = dict(known.by_key)
        self._repeats = dict(known.repeats)
        self._met: dict[str, Decision] = {}
        self._named: dict[str, str] = {}
        self._used: set[str] = set()
        self._lang = _language_before(offers, known, source)
        self._moved = self._find_moved(offers)

    def decide_all(self, offers: Sequence[Offer]) -> list[Decision]:
        """Decide every offer, first those with a claim, so that the others are compared with them."""
        ordered = sorted(offers, key=_canonical)
        decided = {
            id(offer): self._decide(offer) for offer in sorted(ordered, key=lambda one: self._own(one)[1] is None)
        }
        return [decided[id(offer)] for offer in ordered]

    def _decide(self, offer: Offer) -> Decision:
        """Gather the facts, look up the verdict, and return the decision."""
        name = self._names[offer.candidate.position]
        fact, claim = self._own(offer)
        if name in self._named and claim is None:
            first = self._met[self._named[name]]
            decision = self._meet(first.headline_id, offer, first.entry_key, None)  # the same entry, listed twice
        else:
            page, paged = self._page(offer)
            match TABLE[fact, page]:
                case Verdict.OWN if claim is not None:
                    decision = self._meet(claim.headline_id, offer, claim.entry_key, claim)
                case Verdict.PAGE if paged is not None:
                    decision = self._meet(paged, offer, self._free(offer, name), None)
                case _:
                    decision = self._create(offer, name)
        self._by_key.update(dict.fromkeys(decision.new_keys, decision.headline_id))
        self._met.setdefault(decision.headline_id, decision)
        self._named.setdefault(name, decision.headline_id)
        self._used.add(decision.entry_key)
        return decision

    # ── facts ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _own(self, offer: Offer) -> tuple[Own, KnownClaim | None]:
        claim = self._matching.claim_of(offer)
        if claim is not None and claim.headline_id:
            return Own.GOES_ON, claim
        claim = self._moved.get(offer.candidate.position)
        return (Own.NONE, None) if claim is None else (Own.MOVED, claim)

    def _page(self, offer: Offer) -> tuple[Page, str | None]:
        """Return the headline of the page: of the entry's own address first, then of the canonical one."""
        for key in keys(offer, self._source):
            hit = self._by_key.get(key) if key.kind == "url" else None
            if hit is not None:
                met = self._met.get(hit)
                claims = self._known.claims_of.get(hit, ())
                if not claims and (met is None or met.fate is EntryOutcome.DUPLICATE):
                    return self._others(hit, offer)
                is_listed = key.value == key_text(offer.page)
                same = any(self._is_same(one, offer, is_listed=is_listed) for one in claims)
                alike = same if met is None else _says_the_same(met.offer.candidate, offer.candidate)
                return (Page.OWN_ALIKE if alike else Page.OWN_UNLIKE), hit
        return Page.UNKNOWN, None

    def _is_same(self, claim: KnownClaim, offer: Offer, *, is_listed: bool) -> bool:
        """Whether a claim under another name is this entry. Many pages call their list or front page canonical."""
        if is_listed and not offer.name:
            return self._matching.is_alike(claim, offer, ("page", offer.page))
        value = offer.candidate.published.value
        return is_same_title(claim, offer) and (value is None or claim.published in {None, value})

    def _others(self, hit: str, offer: Offer) -> tuple[Page, str]:
        """Return the announcement of a page brought by other sources."""
        there = (self._known.headlines[hit], *self._known.on_page.get(offer.url.text, ()))
        title, own = offer.candidate.title, self._known.claims_of
        same = next((one.id for one in there if one.title == title and one.id not in own), None)
        if same is not None:
            return Page.OTHERS, same
        is_shared = self._crowd[offer.page] > 1 or len({one.id for one in there}) > 1
        return (Page.OTHERS_SHARED if is_shared else Page.OTHERS), hit

    def _find_moved(self, offers: Sequence[Offer]) -> dict[int, KnownClaim]:
        """
        Find the entries moved and renamed at once: claim by position.

        Such an entry continues no claim, its page is unknown, and exactly one headline's claim of this source with its
        title belongs to no entry of the document. The time has to be the same too, unless most of the document moved: a
        move of a whole site may set new dates. On an opened page the rest of the list is out of sight, and a common day
        is not enough.
        """
        unknown = [offer for offer in offers if self._matching.claim_of(offer) is None and not self._is_known(offer)]
        titles = Counter(title_key(offer.candidate.title) for offer in unknown)
        pairs: list[tuple[Offer, KnownClaim]] = []
        for offer in unknown:
            title = title_key(offer.candidate.title)
            gone = [one for one in self._known.claims_titled.get(title, ()) if not self._matching.is_taken(one)]
            if titles[title] == 1 and len({claim.headline_id for claim in gone}) == 1:
                pairs.append((offer, gone[0]))
        bulk = _is_bulk(len(pairs), self._total)
        return {offer.candidate.position: claim for offer, claim in pairs if bulk or _is_same_moment(claim, offer)}

    def _is_known(self, offer: Offer) -> bool:
        return any(key in self._known.by_key for key in keys(offer, self._source) if key.kind == "url")

    # ── what comes of it ────────────────────────────────────────────────────────────────────────────────────────

    def _free(self, offer: Offer, name: str) -> str:
        """Choose the name of a new claim, unused by any other entry of this source."""
        noted = self._matching.claim_of(offer)
        if noted is not None:
            return noted.entry_key
        longer = names(offer, name)
        taken = self._known.claims.keys() | self._known.noted.keys() | self._used
        return next((one for one in longer if one not in taken), longer[-1])

    def _create(self, offer: Offer, name: str) -> Decision:
        raw_key = offer.candidate.raw_key
        repeat = self._repeats.get(raw_key, 0)
        self._repeats[raw_key] = repeat + 1
        if offer.candidate.lang is None and self._lang is not None:
            offer = replace(offer, candidate=replace(offer.candidate, lang=self._lang))
        new_id = headline_id(self._source.vendor_id, self._source.id, raw_key, repeat)
        name = self._free(offer, name)
        return Decision(
            EntryOutcome.CREATED, offer, new_id, name, claim_digest(offer), self._new_keys(offer), repeat=repeat
        )

    def _new_keys(self, offer: Offer) -> tuple[Key, ...]:
        return tuple(key for key in keys(offer, self._source) if key not in self._by_key)

    def _meet(self, known_id: str, offer: Offer, name: str, claim: KnownClaim | None) -> Decision:
        """Compare with this source's own last claim about the headline, and with nothing else."""
        offer, digest = _as_before(offer, claim)
        new_keys = self._new_keys(offer)
        met = self._met.get(known_id)
        if met is not None:
            fresh = name not in self._used and (claim is None or claim.digest != digest)
            return Decision(
                EntryOutcome.DUPLICATE,
                offer,
                known_id,
                name,
                digest,
                new_keys,
                revision=met.revision,
                claim_changed=fresh,
            )
        headline = self._known.headlines[known_id]
        if headline.state == "revoked":  # whichever source has an official address for it shows it again
            return self._restore(known_id, offer, name, digest, new_keys)
        if claim is None:
            return Decision(EntryOutcome.DUPLICATE, offer, known_id, name, digest, new_keys, revision=headline.revision)
        if is_no_better(offer.candidate.title, claim.title):
            offer, digest = self._undamaged(offer, claim)
        shown = headline.source_id == self._source.id and headline.state != "withdrawn"
        is_other = bool(offer.name) and claim.title != offer.candidate.title  # its page was read again, and says so
        revises = shown and (is_other or not same_facts(claim.digest, digest))
        return Decision(
            EntryOutcome.REVISED if revises else EntryOutcome.SEEN,
            offer,
            known_id,
            name,
            digest,
            new_keys,
            revision=headline.revision + revises,
            claim_changed=is_other or claim.digest != digest or offer.candidate.guid not in {None, claim.raw_key},
        )

    def _restore(self, known_id: str, offer: Offer, name: str, digest: str, new_keys: tuple[Key, ...]) -> Decision:
        return Decision(
            EntryOutcome.REVISED,
            offer,
            known_id,
            name,
            digest,
            new_keys,
            revision=self._known.headlines[known_id].revision + 1,
            claim_changed=True,
            restores=True,
        )

    def _undamaged(self, offer: Offer, claim: KnownClaim) -> tuple[Offer, str]:
        """Restore the title from before it was decoded worse, and return the entry with its digest."""
        mended = replace(offer, candidate=replace(offer.candidate, title=claim.title))
        digest = claim_digest(mended)
        unchanged = same_facts(claim.digest, digest) or self._source.opens_pages  # whose claims digest the list's words
        return mended, claim.digest if unchanged else digest


def _language_before(offers: Sequence[Offer], known: Known, source: Source) -> str | None:
    """
    Return the one language of a source's known entries, for new ones in a document without any language.

    An opened page names its own language, so a source with opened pages inherits none.
    """
    if source.opens_pages or any(offer.candidate.lang for offer in offers):
        return None
    languages = {claim.lang for claim in known.claims.values()}
    return languages.pop() if len(languages) == 1 else None


def _as_before(offer: Offer, claim: KnownClaim | None) -> tuple[Offer, str]:
    """Add the language that the source once declared and now omits, and return the entry with its digest."""
    digest = claim_digest(offer)
    if claim is None or claim.lang is None or offer.candidate.lang is not None:
        return offer, digest
    kept = replace(offer, candidate=replace(offer.candidate, lang=claim.lang))
    return kept, digest if claim.digest == digest else claim_digest(kept)


def _is_same_moment(claim: KnownClaim, offer: Offer) -> bool:
    if offer.name:
        return is_same_time(claim, offer) and claim.published is not None and claim.published.time() != time()
    return claim.published is not None and claim.published == offer.candidate.published.value


def _says_the_same(one: Candidate, other: Candidate) -> bool:
    return one.title == other.title and one.published.value == other.published.value


def _mark_backfill(decisions: Iterable[Decision], known: Known, at: datetime, others: int) -> list[Decision]:
    """Flag old and undated newcomers of a first fill or a bulk appearance (CONTRACT §5)."""
    decisions = list(decisions)
    created = sum(decision.fate is EntryOutcome.CREATED for decision in decisions)
    if not (known.first_fill or _is_bulk(created, len(decisions) + others)):
        return decisions
    return [
        replace(decision, backfill=True)
        if decision.fate is EntryOutcome.CREATED and _is_old(decision.offer.candidate.published.value, at)
        else decision
        for decision in decisions
    ]


def _is_old(published: datetime | None, at: datetime) -> bool:
    return published is None or at - published > BACKFILL_AGE
