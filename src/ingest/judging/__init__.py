"""
The decisions about one attempt, as pure functions: no I/O and no clock.

`documents` judges the entries of a document, `pages` an entry by its own page. `holding` says which entries wait for their
page, `walking` how far a list is followed. `settling` gives the next poll of a source, `moves` its new address.
"""

from __future__ import annotations

from ingest.judging.values import Ingested, Reading, refusal_of, tally_of

__all__ = ["Ingested", "Reading", "refusal_of", "tally_of"]
