"""
The decisions about one attempt, as pure functions without I/O and clock.

`documents` judges the entries of a document, and `pages` judges an entry by its own page. `holding` selects the entries
that wait for their page, and `walking` follows a list over its pages. `settling` decides the next poll of a source, and
`moves` its new address.
"""

from __future__ import annotations

from ingest.judging.values import Ingested, Reading, refusal_of, tally_of

__all__ = ["Ingested", "Reading", "refusal_of", "tally_of"]
