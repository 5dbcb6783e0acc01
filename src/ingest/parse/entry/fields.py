"""Dates of an entry by preference, and how many entries a document may have."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ingest import dates
from ingest.dates import printed
from ingest.model import NO_DATE, Dated, Precision
from ingest.parse.markup.characters import string

ENTRY_LIMIT: Final = 20_000
"""Entries of one document that are read. The longest recorded feed has 372."""


def first_date(*raw: object) -> Dated:
    """
    Return the first readable date, else the first date with the reason for its failure.

    A date with a label of change (`dates.labels`) does not count.
    """
    first = None
    for value in raw:
        if text := string(value):
            date = _published(text)
            if date.value is not None:
                return date
            first = first or date
    return first or NO_DATE


@lru_cache(maxsize=256)  # most entries give one date in two fields
def _published(text: str) -> Dated:
    labelled = printed.labelled(text)
    if labelled.published.value is None and labelled.updated.value is not None:
        return Dated(None, Precision.NONE, text[: dates.LONGEST], "it is the date of a change")
    return labelled.published if labelled.published.value is not None else dates.parse(text)


def first_update(updated: object, published: object = None) -> Dated:
    """Return the date of a change, from its own field or from the labels in the field of publication."""
    date = first_date(updated)
    if date.value is not None:
        return date
    changes = (printed.labelled(string(value)).updated for value in (updated, published))
    return next((change for change in changes if change.value is not None), date)
