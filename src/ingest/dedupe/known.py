"""The stored facts for identity, and its decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ingest.dedupe.keys import Key, Offer
from ingest.model import EntryOutcome


@dataclass(frozen=True, slots=True)
class KnownHeadline:
    """A stored headline: the source of its content, its state and its revision."""

    id: str
    source_id: str
    title: str
    state: str
    revision: int


@dataclass(frozen=True, slots=True)
class KnownClaim:
    """
    The last claim of this source about one of its entries.

    page: page key
    digest: of the shown fields
    raw_key: the guid, if any
    headline_id: "" for a registered entry without a headline, because its page is not yet opened or never will be
    """

    entry_key: str
    headline_id: str
    title: str
    published: datetime | None
    digest: str
    page: str
    raw_key: str = ""
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """
    All stored facts about the offers of one document.

    claims, claims_of, claims_titled: the source's own, by entry key, by headline id and by `title_key`
    noted: its entries without a claim, by entry key
    on_page: headlines of other sources with a link to an address
    repeats: how many headlines this source has made from a raw key
    first_fill: whether this source is read for the first time
    """

    by_key: Mapping[Key, str] = field(default_factory=dict)
    headlines: Mapping[str, KnownHeadline] = field(default_factory=dict)
    claims: Mapping[str, KnownClaim] = field(default_factory=dict)
    claims_of: Mapping[str, tuple[KnownClaim, ...]] = field(default_factory=dict)
    claims_titled: Mapping[str, tuple[KnownClaim, ...]] = field(default_factory=dict)
    repeats: Mapping[str, int] = field(default_factory=dict)
    noted: Mapping[str, KnownClaim] = field(default_factory=dict)
    on_page: Mapping[str, tuple[KnownHeadline, ...]] = field(default_factory=dict)
    first_fill: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """
    The identity of one offer.

    fate: created, revised, seen or duplicate
    entry_key: the lasting name of the claim
    new_keys: keys without a headline before
    claim_changed: whether the claim is new or differs from the last
    restores: whether a revoked headline is official again under the new address
    """

    fate: EntryOutcome
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
