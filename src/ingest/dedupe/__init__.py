"""
Identity: which headline an offered entry is, and what that makes of it.

An entry is known by its keys: its guid, scoped to the source that gave it, and its page, scoped to the vendor. A source is
compared only with its own last claim, so two sources that title one page differently never flip-flop; what is shown comes
from the source that first carried the headline. `table` holds the decisions, `reconcile` gathers the facts for them, `keys`
makes what is looked up, `known` is what the store tells and is told.
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
