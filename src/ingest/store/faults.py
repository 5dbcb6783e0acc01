"""The meaning of the drivers' errors for an operator, with the way out."""

from __future__ import annotations

import sqlite3
from typing import Final

from ingest.errors import IngestError, LockedError, PolicyGuardError, RecordError, Remedy, SchemaError, StoreError
from ingest.masking import scrub
from ingest.store import guards


def explain(error: BaseException, *, subject: str, wait_s: float, hidden: frozenset[str] = frozenset()) -> IngestError:
    """
    Turn a driver's error into one of ours.

    Args:
        error: The driver's error.
        subject: The database.
        wait_s: The seconds spent waiting for a lock.
        hidden: Secrets possibly quoted by the driver.

    Returns:
        A `RecordError` where the database refuses one record and stays usable, else a `StoreError`.
    """
    why = scrub(str(error).strip(), hidden)
    line = next(iter(why.splitlines()), type(error).__name__)
    if guards.MARK in why:
        return PolicyGuardError(f"the database refused a record: {line}", subject=subject)
    if _is_about_record(error):
        return RecordError(f"the database refused a record: {line}", subject=subject)
    for signs, kind, meaning, remedy in _FAULTS:
        if any(sign in why for sign in signs):
            return kind(meaning.format(why=line, wait_s=wait_s), subject=subject, remedy=remedy)
    return StoreError(f"cannot be used: {why}", subject=subject)


def _is_about_record(error: BaseException) -> bool:
    """Whether a record was refused and the database stays usable, by the driver's code and never by its base class."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:  # the Python module refused a value before SQLite saw it
            return "closed" not in str(error)
        is_schema = any(sign in str(error) for sign in _NO_SCHEMA)
        return code & 0xFF in _RECORD_CODES and not is_schema
    state = getattr(error, "sqlstate", None)
    if state is None:  # psycopg refused a value before the server saw it, or there is no server
        is_address = "connection option" in str(error)  # of a server that was never asked
        return type(error).__name__ in {"DataError", "ProgrammingError", "NotSupportedError"} and not is_address
    return state[:2] in _RECORD_CLASSES and state not in _SCHEMA_STATES


_RECORD_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,  # the statement itself is at fault
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
    }
)
"""Primary result codes about one record only (sqlite.org/rescode.html)."""

_NO_SCHEMA: Final = ("no such table", "no such column", "no such view")

_RECORD_CLASSES: Final = frozenset({"0A", "21", "22", "23", "42", "54", "P0"})
"""Classes of SQLSTATE about one record only (PostgreSQL, appendix A): data, constraints, statements, limits."""

_SCHEMA_STATES: Final = frozenset({"42P01", "42703", "42883", "42501"})
"""Missing objects, or missing rights of this role: every other document would fail as well."""

_FAULTS: Final[tuple[tuple[tuple[str, ...], type[StoreError], str, Remedy | None], ...]] = (
    (
        ("database is locked", "database table is locked", "lock timeout", "deadlock detected"),
        LockedError,
        "stayed locked by another process for {wait_s} s; see what holds it, or try again.",
        None,
    ),
    (
        ("not a database", "malformed"),
        StoreError,
        "is not a database that can be read ({why}); restore it from a backup.",
        None,
    ),
    (
        ("database or disk is full", "No space left on device"),
        StoreError,
        "is full ({why}); make room on its disk, then try again.",
        None,
    ),
    (
        ("disk I/O error",),
        StoreError,
        "cannot be written or read any further ({why}); see whether its disk is full, over quota or failing.",
        None,
    ),
    (
        # A file in WAL mode cannot be read without its -shm file, and somebody has to make that (sqlite.org/wal.html, 5).
        ("readonly database", "read-only transaction"),
        StoreError,
        (
            "is read-only for you ({why}); see that you may write the file and its directory. To read it only, the "
            "directory is enough, or a process that has the database open; of a copy that nobody writes, "
            "`?immutable=1&uri=true` after sqlite:///file:PATH will do."
        ),
        None,
    ),
    (
        ("unable to open database file",),
        StoreError,
        "cannot be opened",
        Remedy.CHECK_DIRECTORY,
    ),
    (
        ("no such table", "does not exist"),
        SchemaError,
        "has not the schema of this version ({why})",
        Remedy.UPGRADE,
    ),
)
"""Texts of drivers, in order of precedence, with their meaning for an operator."""
