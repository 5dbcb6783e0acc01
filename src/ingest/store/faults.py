"""What the drivers' faults mean to an operator, with the way out."""

from __future__ import annotations

from typing import Final

from ingest.errors import LockedError, PolicyGuardError, SchemaError, StoreError
from ingest.store import guards

UPGRADE: Final = "run `ingest db upgrade`."


def explain(why: str, *, subject: str, wait_s: float) -> StoreError:
    """
    Turn what a driver said into one of our errors.

    Args:
        why: The driver's words.
        subject: The database.
        wait_s: How long a lock was waited for.
    """
    why = why.strip()
    for signs, kind, meaning in _FAULTS:
        if any(sign in why for sign in signs):
            return kind(meaning.format(why=why.splitlines()[0], wait_s=wait_s), subject=subject)
    return StoreError(f"cannot be used: {why}", subject=subject)


_FAULTS: Final[tuple[tuple[tuple[str, ...], type[StoreError], str], ...]] = (
    ((guards.MARK,), PolicyGuardError, "the database refused a record: {why}"),
    (
        ("database is locked", "database table is locked", "lock timeout", "deadlock detected"),
        LockedError,
        "stayed locked by another process for {wait_s} s; see what holds it, or try again.",
    ),
    (
        ("not a database", "malformed"),
        StoreError,
        "is not a database that can be read ({why}); restore it from a backup.",
    ),
    (
        ("database or disk is full", "No space left on device"),
        StoreError,
        "is full ({why}); make room on its disk, then try again.",
    ),
    (
        ("disk I/O error",),
        StoreError,
        "cannot be written or read any further ({why}); see whether its disk is full, over quota or failing.",
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
    ),
    (
        ("unable to open database file",),
        StoreError,
        (
            "cannot be opened; check that its directory exists and that you may write there, or name another with "
            "--database."
        ),
    ),
    (
        ("no such table", "does not exist"),
        SchemaError,
        f"has not the schema of this version ({{why}}); {UPGRADE}",
    ),
)
"""What drivers say, the first that fits, and what it means to an operator."""
