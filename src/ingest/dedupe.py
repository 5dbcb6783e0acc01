"""
Identity: which headline an offered entry is, and what that makes of it.

An entry is known by its keys: its guid, scoped to the source that gave it, and its cleaned address, scoped to the
vendor. A source is compared only with its own last claim, so two sources that title one page differently never
flip-flop; what is shown comes from the source that first carried the headline.

What the keys hit decides, in this order:

1. the guid hits a headline: it is that one, wherever its link points now;
2. the address hits a headline that this source has never claimed: the same page from another source, a duplicate;
   unless the document offers several entries for that address: then only the title can tell;
3. the address hits a headline that this source claims under another guid: the same one when title or time still agree
   and that guid is gone from the document (guid churn), else another announcement on the same page;
4. nothing is hit: a new headline.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from ingest.model import Candidate, Fate, Precision, Scope, Source
from ingest.urls import Url

BACKFILL_AGE = timedelta(hours=48)
"""Older than this at first sight, within a first fill or a bulk appearance, is backfill (CONTRACT §5)."""

BULK_ENTRIES = 10
"""So many new entries at once, being at least half of the document, are a bulk appearance and not a busy day."""

KEY_LENGTH = 500
"""Characters of a key that are stored as they are; PostgreSQL cannot index rows of more than about 2,700 bytes."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a headline is found by: `owner` is a source id for a guid, a vendor id for an address."""

    owner: str
    kind: Literal["guid", "url"]
    value: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate whose address was admitted, with the scope that admitted it."""

    candidate: Candidate
    url: Url
    scope: Scope


@dataclass(frozen=True, slots=True)
class KnownHeadline:
    """A stored headline as far as identity asks: whose words are shown, in which state, at which revision."""

    id: str
    source_id: str
    title: str
    state: str
    revision: int


@dataclass(frozen=True, slots=True)
class KnownClaim:
    """What this source said last of one of its entries; `digest` is that of the shown fields."""

    entry_key: str
    headline_id: str
    title: str
    published: datetime | None
    digest: str


@dataclass(frozen=True, slots=True)
class Known:
    """
    Everything stored that the offers of one document could touch.

    `claims` are this source's own, by entry key; `claims_of` the same by headline id. `repeats` counts the headlines
    this source has already made from a raw key. `first_fill` says that this source has not been ingested before.
    """

    by_key: Mapping[Key, str] = field(default_factory=dict)
    headlines: Mapping[str, KnownHeadline] = field(default_factory=dict)
    claims: Mapping[str, KnownClaim] = field(default_factory=dict)
    claims_of: Mapping[str, tuple[KnownClaim, ...]] = field(default_factory=dict)
    repeats: Mapping[str, int] = field(default_factory=dict)
    first_fill: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What one offer is.

    `fate` is created, revised, seen or duplicate. `new_keys` are the keys that did not lead anywhere before. `revises`
    says that the shown fields follow this claim; `claim_changed` that the claim itself is new or differs from the last;
    `restores` that a revoked headline is official again under the new address.
    """

    fate: Fate
    offer: Offer
    headline_id: str
    entry_key: str
    claim_digest: str
    new_keys: tuple[Key, ...] = ()
    revision: int = 1
    repeat: int = 0
    backfill: bool = False
    claim_changed: bool = True
    restores: bool = False


def headline_id(vendor_id: str, source_id: str, raw_key: str, repeat: int = 0) -> str:
    """
    Make the id of a headline: stable for ever, from nothing that rules may change (docs/decisions/0001).

    `h` and 20 characters of base32, that is 100 bits: among 10^9 headlines the odds of one collision are below 10^-12.
    """
    material = "\0".join((vendor_id, source_id, raw_key, str(repeat))).encode("utf-8", "surrogatepass")
    return "h" + base64.b32encode(hashlib.sha256(material).digest()).decode("ascii").lower()[:20]


def key_text(text: str) -> str:
    """Bound a key's length: the start is kept readable, the rest becomes a sha256."""
    if len(text) <= KEY_LENGTH:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text[: KEY_LENGTH - len(digest) - 1] + "…" + digest


def entry_keys(offers: Sequence[Offer]) -> list[str]:
    """Name each entry within its source: by guid, else by address, with the title where an address is shared."""
    shared = Counter(offer.url.text for offer in offers if offer.candidate.guid is None)
    return [key_text(_entry_key(offer, shared)) for offer in offers]


def _entry_key(offer: Offer, shared: Counter[str]) -> str:
    if offer.candidate.guid is not None:
        return f"guid {offer.candidate.guid}"
    if shared[offer.url.text] > 1:
        return f"url {offer.url.text}\n{offer.candidate.title}"
    return f"url {offer.url.text}"


def keys(offer: Offer, source: Source) -> tuple[Key, ...]:
    """List the keys an offer is looked up by, strongest first."""
    address = Key(source.vendor_id, "url", key_text(offer.url.text))
    if offer.candidate.guid is None:
        return (address,)
    return (Key(source.id, "guid", key_text(offer.candidate.guid)), address)


def claim_digest(offer: Offer) -> str:
    """Digest what a source says of an entry, as far as it is shown (sha256 hex)."""
    candidate = offer.candidate
    published = candidate.published
    said = [
        offer.url.text,
        candidate.title,
        candidate.summary,
        candidate.lang,
        list(candidate.categories),
        published.value.isoformat() if published.value else None,
        published.precision.value,
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


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
    names = dict(zip((offer.candidate.position for offer in offers), entry_keys(offers), strict=True))
    crowd = Counter(offer.url.text for offer in offers)
    sharing = frozenset(url for url, entries in crowd.items() if entries > 1)
    book = _Book(known, source, listed=frozenset(names.values()), sharing=sharing)
    decisions = [book.decide(offer, names[offer.candidate.position]) for offer in sorted(offers, key=_canonical)]
    return _mark_backfill(decisions, known, at)


def _canonical(offer: Offer) -> tuple[str, str, str, str, int]:
    """Order by content, oldest first, so that re-ordered feeds are decided alike."""
    candidate = offer.candidate
    published = candidate.published.value.isoformat() if candidate.published.value else ""
    return (published, candidate.raw_key, offer.url.text, candidate.title, candidate.position)


class _Book:
    """What is known while one document is decided: the stored facts and what the document itself has added."""

    def __init__(self, known: Known, source: Source, *, listed: frozenset[str], sharing: frozenset[str]) -> None:
        self._known = known
        self._source = source
        self._listed = listed
        self._sharing = sharing
        self._by_key = dict(known.by_key)
        self._repeats = dict(known.repeats)
        self._decided: dict[str, Decision] = {}

    def decide(self, offer: Offer, entry_key: str) -> Decision:
        """Apply the four rules of the module docstring to one offer."""
        wanted = keys(offer, self._source)
        found = self._find(offer, entry_key, wanted)
        digest = claim_digest(offer)
        new_keys = tuple(key for key in wanted if key not in self._by_key)
        decision = (
            self._create(offer, entry_key, digest, new_keys)
            if found is None
            else self._meet(found, offer, entry_key, digest, new_keys)
        )
        self._by_key.update(dict.fromkeys(new_keys, decision.headline_id))
        self._decided.setdefault(decision.headline_id, decision)
        return decision

    def _find(self, offer: Offer, entry_key: str, wanted: tuple[Key, ...]) -> str | None:
        claim = self._known.claims.get(entry_key)
        if claim is not None:
            return claim.headline_id
        *guids, address = wanted
        for guid in guids:
            if guid in self._by_key:
                return self._by_key[guid]
        hit = self._by_key.get(address)
        if hit is None or self._is_another_on_the_same_page(hit, offer):
            return None
        return hit

    def _is_another_on_the_same_page(self, hit: str, offer: Offer) -> bool:
        """Rules 2 and 3: whether the entry is not `hit`, although it has the address."""
        decided = self._decided.get(hit)
        if decided is not None:
            return decided.fate is not Fate.DUPLICATE and not _says_the_same(decided.offer.candidate, offer.candidate)
        rivals = self._known.claims_of.get(hit, ())
        if not rivals:
            return offer.url.text in self._sharing and self._known.headlines[hit].title != offer.candidate.title
        return any(rival.entry_key in self._listed for rival in rivals) or not any(
            _continues(rival, offer.candidate) for rival in rivals
        )

    def _create(self, offer: Offer, entry_key: str, digest: str, new_keys: tuple[Key, ...]) -> Decision:
        raw_key = offer.candidate.raw_key
        repeat = self._repeats.get(raw_key, 0)
        self._repeats[raw_key] = repeat + 1
        made = headline_id(self._source.vendor_id, self._source.id, raw_key, repeat)
        return Decision(Fate.CREATED, offer, made, entry_key, digest, new_keys, repeat=repeat)

    def _meet(self, found: str, offer: Offer, entry_key: str, digest: str, new_keys: tuple[Key, ...]) -> Decision:
        claim = self._known.claims.get(entry_key) or next(iter(self._known.claims_of.get(found, ())), None)
        twice = self._decided.get(found)
        if twice is not None:
            revision = twice.revision
            return Decision(
                Fate.DUPLICATE, offer, found, entry_key, digest, new_keys, revision=revision, claim_changed=False
            )
        headline = self._known.headlines[found]
        if claim is None:
            return Decision(Fate.DUPLICATE, offer, found, entry_key, digest, new_keys, revision=headline.revision)
        changed = claim.digest != digest
        shown = headline.source_id == self._source.id and headline.state != "withdrawn"
        restores = headline.state == "revoked"
        if shown and (changed or restores):
            revision = headline.revision + 1
            return Decision(
                Fate.REVISED, offer, found, entry_key, digest, new_keys, revision=revision, restores=restores
            )
        return Decision(
            Fate.SEEN, offer, found, entry_key, digest, new_keys, revision=headline.revision, claim_changed=changed
        )


def _says_the_same(one: Candidate, other: Candidate) -> bool:
    return one.title == other.title and one.published.value == other.published.value


def _continues(claim: KnownClaim, candidate: Candidate) -> bool:
    """Whether a claim and a candidate under another guid are one entry; a bare day proves nothing, a time does."""
    published = candidate.published
    same_time = published.precision is Precision.SECOND and claim.published == published.value
    return claim.title == candidate.title or same_time


def _mark_backfill(decisions: Iterable[Decision], known: Known, at: datetime) -> list[Decision]:
    """Flag old and undated newcomers of a first fill or a bulk appearance (CONTRACT §5)."""
    decisions = list(decisions)
    created = sum(decision.fate is Fate.CREATED for decision in decisions)
    bulk = created >= BULK_ENTRIES and 2 * created >= len(decisions)
    if not (known.first_fill or bulk):
        return decisions
    return [
        replace(decision, backfill=True)
        if decision.fate is Fate.CREATED and _is_old(decision.offer.candidate.published.value, at)
        else decision
        for decision in decisions
    ]


def _is_old(published: datetime | None, at: datetime) -> bool:
    return published is None or at - published > BACKFILL_AGE
