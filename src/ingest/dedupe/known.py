"""What identity asks of the store, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ingest.dedupe.keys import Key, Offer
from ingest.model import EntryOutcome


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
    """
    What this source said last of one of its entries.

    `page` is the key of its page, `digest` that of the shown fields, `raw_key` its guid where it has one. `headline_id` is ""
    for an entry that was noted and has no headline: its page is still to be opened, or never will be.
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
    Everything stored that the offers of one document could touch.

    `claims` are this source's own, by entry key; `claims_of` the same by headline id, `claims_titled` by `title_key`.
    `noted` are its entries without a claim, by entry key. `on_page` lists the headlines that link to an address which other
    sources of the vendor have brought. `repeats` counts the headlines this source has already made from a raw key.
    `first_fill` says that this source has not been ingested before.
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
    What one offer is.

    `fate` is created, revised, seen or duplicate. `new_keys` are the keys that did not lead anywhere before. `claim_changed`
    says that the claim itself is new or differs from the last; `restores` that a revoked headline is official again under
    the new address. `entry_key` is the name of the claim, which stays whatever name the entry goes by later.
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
