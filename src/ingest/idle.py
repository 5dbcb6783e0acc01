"""
Whether a round would find anything to do, answered without loading a round, since cron asks every few minutes.

These are plain queries over the drivers, because loading SQLAlchemy takes longer than all of them. Where the answer is
expensive or anything is unusual (no database, another schema, an option in its URL), the answer is no. The ordinary path
then finds out and reports.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from ingest import SCHEMA
from ingest.moments import written
from ingest.rules import RULES_VERSION, reading_digest

SETTLING_DAYS: Final = 4
"""A story's day is settled when this many later days have begun (`stories.settled`)."""

LONGEST_PAGE_LEASE: Final = timedelta(days=1)
LONGEST_PAGE_PAUSE: Final = timedelta(days=8)
"""Later times of a waiting page were written before our clock was set back (`store.candidates`)."""

_WAIT_S: Final = 5
_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgresql+psycopg://")


class _Connection(Protocol):
    """A connection of DB-API 2.0 with the shortcut of sqlite3 and psycopg."""

    def execute(self, query: str, parameters: Mapping[str, Any], /) -> Iterable[Any]:
        """Run a query."""


def is_idle(url: str, digest: str, now: datetime) -> bool:
    """
    Whether a round would do nothing.

    Args:
        url: The database.
        digest: Of the allow-list's file.
        now: Our clock.
    """
    if url.startswith(_SQLITE):
        return _in_sqlite(url.removeprefix(_SQLITE), digest, now)
    if url.startswith(_POSTGRESQL):
        return _in_postgresql("postgresql://" + url.partition("://")[2], digest, now)
    return False


def _in_sqlite(name: str, digest: str, now: datetime) -> bool:
    path = Path(name).absolute()
    if "?" in name or name.startswith("file:") or not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)) as conn:
            return _answer(conn, digest, now, written)
    except sqlite3.Error:
        return False


def _in_postgresql(url: str, digest: str, now: datetime) -> bool:
    try:
        import psycopg
    except ImportError:
        return False
    try:
        with psycopg.connect(url, connect_timeout=_WAIT_S, application_name="ingest") as conn:
            return _answer(_Psycopg(conn), digest, now, lambda moment: moment)
    except psycopg.Error:
        return False


class _Psycopg:
    """A connection of psycopg that takes the placeholders of sqlite3."""

    def __init__(self, conn: Any) -> None:  # noqa: ANN401 - psycopg is loaded only where it is used
        self._conn = conn

    def execute(self, query: str, parameters: Mapping[str, Any], /) -> Iterable[Any]:
        """Run a query."""
        for name in parameters:
            query = query.replace(f":{name}", f"%({name})s")
        return self._conn.execute(query, parameters)  # type: ignore[no-any-return]  # see __init__


def _answer(conn: _Connection, digest: str, now: datetime, moment: Callable[[datetime], Any]) -> bool:
    if _first(conn, "SELECT version_num FROM alembic_version") != SCHEMA:
        return False
    if _first(conn, "SELECT digest FROM generations ORDER BY number DESC LIMIT 1") != digest:
        return False
    values = {
        "now": moment(now),
        "lease_end": moment(now + LONGEST_PAGE_LEASE),
        "pause_end": moment(now + LONGEST_PAGE_PAUSE),
        "settled": now.toordinal() - SETTLING_DAYS,
        "rules": RULES_VERSION,
    }
    return all(_first(conn, query, values) is None for query in _WORK) and not _is_to_read_anew(conn)


def _first(conn: _Connection, query: str, values: Mapping[str, Any] = MappingProxyType({})) -> Any:  # noqa: ANN401 - any column
    used = {name: value for name, value in values.items() if f":{name}" in query}
    return next((row[0] for row in conn.execute(query, used)), None)


_LISTED: Final = "JOIN sources ON sources.id = source_id WHERE sources.until_generation IS NULL"
_ENABLED: Final = f"{_LISTED} AND sources.enabled"
_WORK: Final = (
    f"SELECT 1 FROM source_states {_ENABLED} AND (next_poll_at IS NULL OR next_poll_at <= :now) LIMIT 1",
    f"SELECT 1 FROM source_states {_LISTED} AND last_attempt_at > :now LIMIT 1",
    f"SELECT 1 FROM captures {_LISTED} AND ingested_at IS NULL LIMIT 1",
    f"SELECT 1 FROM captures {_LISTED} AND set_aside_at IS NOT NULL AND ingested_rules_version <> :rules LIMIT 1",
    f"SELECT 1 FROM walks {_ENABLED} AND failures = 0 LIMIT 1",
    f"""SELECT 1 FROM candidates {_ENABLED} AND status = 'pending'
    AND (lease_until IS NULL OR lease_until <= :now OR lease_until > :lease_end)
    AND (next_try_at IS NULL OR next_try_at <= :now OR next_try_at > :pause_end) LIMIT 1""",
    "SELECT 1 FROM story_days WHERE day <= :settled LIMIT 1",
)
"""A query for each kind of work of a round."""


def _is_to_read_anew(conn: _Connection) -> bool:
    """Whether a source's last capture was read by other rules, another stanza or other scopes than today's."""
    scopes: dict[str, list[tuple[str, str]]] = {}
    for vendor, grant, text in conn.execute(_SCOPES, {}):
        scopes.setdefault(vendor, []).append((grant, text))
    return any(
        (rules, stanza) != (RULES_VERSION, reading_digest(digest, scopes[vendor]))
        for vendor, digest, rules, stanza in conn.execute(_READ, {})
    )


_SCOPES: Final = 'SELECT vendor_id, "grant", text FROM scopes WHERE until_generation IS NULL'
_READ: Final = f"""SELECT sources.vendor_id, sources.digest, ingested_rules_version, ingested_source_digest
    FROM source_states {_LISTED} AND last_capture_id IS NOT NULL"""
