"""
The decisions about one attempt, as pure functions without I/O and clock.

`documents` judges the entries of a document, `pages` an entry by its own page. `holding` selects the entries to wait
for their page, `walking` follows a list over its pages. `settling` gives the next poll of a source, `moves` its new
address.
"""

from __future__ import annotations

from ingest.judging.values import Ingested, Reading, refusal_of, tally_of

__all__ = ["Ingested", "Reading", "refusal_of", "tally_of"]
