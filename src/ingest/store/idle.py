"""Whether a round would find anything to do, answered without loading a round, since cron asks every few minutes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, or_, select

from ingest.polling import reading_digest
from ingest.rules import RULES_VERSION
from ingest.store import candidates, days, lists, schema, sources

_SOURCES = schema.sources
_STATES = schema.source_states
_LISTED = _SOURCES.c.until_generation.is_(None)


def is_idle(conn: Connection, digest: str, *, now: datetime, settled: date) -> bool:
    """
    Whether a round would do nothing. Where that is expensive to find out, the answer is no.

    Args:
        conn: At the schema of this version.
        digest: Of the allow-list's file.
        now: Our clock.
        settled: The last day whose stories can be settled by now.
    """
    now_in_force = lists.in_force(conn)
    if now_in_force is None or now_in_force.digest != digest or days.vendors_to_settle(conn, settled):
        return False
    return not any(conn.execute(select(exists(query))).scalar_one() for query in _work(now)) and not _to_read_anew(conn)


def _work(now: datetime) -> Iterable[Select[Any]]:
    """Yield a query for each kind of work of a round."""
    captures, pending = schema.captures, schema.candidates
    states = select(_STATES.c.source_id).join(_SOURCES).where(_LISTED)
    yield states.where(or_(sources.is_due(now) & _SOURCES.c.enabled, _STATES.c.last_attempt_at > now))
    yield select(captures.c.id).join(_SOURCES).where(_LISTED, captures.c.ingested_at.is_(None))
    aside = captures.c.set_aside_at.is_not(None) & (captures.c.ingested_rules_version != RULES_VERSION)
    yield select(captures.c.id).join(_SOURCES).where(_LISTED, aside)
    yield (
        select(schema.walks.c.source_id).join(_SOURCES).where(_LISTED, _SOURCES.c.enabled, schema.walks.c.failures == 0)
    )
    yield select(pending.c.id).join(_SOURCES).where(_LISTED, _SOURCES.c.enabled, candidates.may_be_opened(now))


def _to_read_anew(conn: Connection) -> bool:
    """Whether a source's last capture was read by other rules, another stanza or other scopes than today's."""
    table = schema.scopes
    rows = conn.execute(
        select(table.c.vendor_id, table.c.grant, table.c.text).where(table.c.until_generation.is_(None))
    )
    scopes: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        scopes.setdefault(row.vendor_id, []).append((row.grant, row.text))
    read = select(
        _SOURCES.c.vendor_id, _SOURCES.c.digest, _STATES.c.ingested_rules_version, _STATES.c.ingested_source_digest
    )
    return any(
        (row.ingested_rules_version, row.ingested_source_digest)
        != (RULES_VERSION, reading_digest(row.digest, scopes[row.vendor_id]))
        for row in conn.execute(read.join(_STATES).where(_LISTED, _STATES.c.last_capture_id.is_not(None)))
    )
