"""
Isolation: a fault on the way of one document costs only this document.

Any exception of this program while a document is read, judged, placed or written becomes a `DocumentError`. Its changes
are rolled back to a savepoint, and its capture is set aside with the sentence from here. Faults of the database (disk,
lock, connection, schema), a lost lease and a replaced list pass through, because they concern more than one document.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from ingest.errors import DocumentError, LeaseLostError, ParseError, StaleListError, StoreError
from ingest.log import visible
from ingest.store import Connection
from ingest.store import engine as database

log = logging.getLogger("ingest.isolation")

RULE: Final = "set-aside"
"""The rule in the ledger for a document set aside."""

_PASSING: Final = (StoreError, LeaseLostError, StaleListError, ParseError, DocumentError)

_LONGEST: Final = 300  # characters of what a fault says of itself; it may quote the document


@contextmanager
def isolated(step: str, *, subject: str) -> Iterator[None]:
    """
    Turn any fault of this program in one step of a document into a fault of this document only.

    Args:
        step: The name of the step in the sentence: `reading`, `writing`.
        subject: The source, or another subject.

    Raises:
        DocumentError: The step failed.
    """
    try:
        yield
    except _PASSING:
        raise
    except Exception as error:
        log.exception("%s failed source=%s", step, subject)
        raise DocumentError(f"{step} it failed with {_named(error)}", subject=subject) from error


@contextmanager
def writing(conn: Connection, *, subject: str) -> Iterator[None]:
    """Write all changes by one document or none of them. The transaction goes on either way."""
    with isolated("writing", subject=subject), database.savepoint(conn):
        yield


def sentence(capture_id: int, error: DocumentError) -> str:
    """Return the sentence about a capture set aside: the reason and the way out."""
    return f"capture {capture_id} is set aside: {error.message.rstrip('.')}; see `ingest captures show {capture_id}`."


def _named(error: Exception) -> str:
    what = " ".join(visible(_said(error)).split())
    return f"{type(error).__name__}: {what:.{_LONGEST}}" if what else type(error).__name__


def _said(error: Exception) -> str:
    """Give what a fault says of itself; one that quotes a document may fail even on that."""
    with suppress(Exception):
        return str(error)
    return ""
