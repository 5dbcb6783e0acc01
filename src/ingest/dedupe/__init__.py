"""
Identity: find the headline of an entry, or decide that it is new.

An entry is known by its keys: its guid within its source, and its page within its vendor. A source is compared only
with its own last claim, so two sources with different titles for one page do not overwrite each other. The first source of a
headline decides its shown content. `table` has the decisions, `reconcile` collects the facts, `keys` makes the keys, and
`known` has the types of stored facts and results.
"""

from __future__ import annotations

from ingest.dedupe.keys import (
    KEY_LENGTH,
    Key,
    Offer,
    claim_digest,
    entry_keys,
    headline_id,
    key_text,
    keys,
    names,
    title_key,
)
from ingest.dedupe.known import Decision, Known, KnownClaim, KnownHeadline
from ingest.dedupe.matching import is_settled
from ingest.dedupe.reconcile import BACKFILL_AGE, BULK_ENTRIES, churn, reconcile
from ingest.dedupe.table import TABLE, Own, Page, Verdict

__all__ = [
    "BACKFILL_AGE",
    "BULK_ENTRIES",
    "KEY_LENGTH",
    "TABLE",
    "Decision",
    "Key",
    "Known",
    "KnownClaim",
    "KnownHeadline",
    "Offer",
    "Own",
    "Page",
    "Verdict",
    "churn",
    "claim_digest",
    "entry_keys",
    "headline_id",
    "is_settled",
    "key_text",
    "keys",
    "names",
    "reconcile",
    "title_key",
]
