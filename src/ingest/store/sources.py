"""The memory of each source between polls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, nulls_first, or_, select, update

from ingest.model import Habits, PollState, State, Trust, Validators
from ingest.store import schema
from ingest.store.engine import batches, json_text

_STATES = schema.source_states


def poll_states(conn: Connection, ids: Sequence[str] | None) -> list[PollState]:
    """Read the states of some sources, of all for None."""
    if ids is None:
        return [state_of(row) for row in conn.execute(select(_STATES).order_by(_STATES.c.source_id))]
    rows: list[Row[Any]] = []
    for batch in batches(ids):
        rows += conn.execute(select(_STATES).where(_STATES.c.source_id.in_(batch))).all()
    return [state_of(row) for row in rows]


def state_of(row: Row[Any]) -> PollState:
    """Read a row of `source_states`."""
    validators = None
    if row.etag is not None or row.last_modified is not None:
        validators = Validators(row.validators_url, row.etag, row.last_modified)
    return PollState(
        source_id=row.source_id,
        state=State(row.state),
        reason=row.reason,
        next_poll_at=row.next_poll_at,
        last_attempt_at=row.last_attempt_at,
        last_success_at=row.last_success_at,
        last_change_at=row.last_change_at,
        consecutive_failures=row.consecutive_failures,
        last_error=row.last_error,
        validators=validators,
        last_capture_id=row.last_capture_id,
        ingested_payload_digest=row.ingested_payload_digest,
        ingested_rules_version=row.ingested_rules_version,
        ingested_source_digest=row.ingested_source_digest,
        habits=_habits(row.habits),
        unchanged_in_a_row=row.unchanged_in_a_row,
        trust=Trust(row.validators_trust),
        distrusted_at=row.distrusted_at,
    )


def _habits(stored: str) -> Habits:
    if not stored:  # most documents say nothing
        return Habits()
    values = json.loads(stored)
    ttl = None if values["ttl_s"] is None else timedelta(seconds=values["ttl_s"])
    return Habits(ttl, tuple(values["skip_hours"]), tuple(values["skip_days"]))


def _written(habits: Habits) -> str:
    if habits == Habits():
        return ""
    ttl_s = None if habits.ttl is None else round(habits.ttl.total_seconds())
    return json_text({"ttl_s": ttl_s, "skip_hours": habits.skip_hours, "skip_days": habits.skip_days})


def is_due(now: datetime) -> ColumnElement[bool]:
    """The condition for being polled now."""
    return or_(_STATES.c.next_poll_at.is_(None), _STATES.c.next_poll_at <= now)


def due(conn: Connection, *, now: datetime, ids: Sequence[str]) -> list[str]:
    """List the due ones of some sources, the longest overdue first."""
    order = (nulls_first(_STATES.c.next_poll_at.asc()), _STATES.c.source_id)
    overdue = conn.execute(select(_STATES.c.source_id).where(is_due(now)).order_by(*order)).scalars()
    wanted = set(ids)
    return [source_id for source_id in overdue if source_id in wanted]


def follow_clock(conn: Connection, ids: Sequence[str], now: datetime) -> None:
    """Plan sources again after our clock was set back: each keeps its pause, from now on."""
    past = ("last_attempt_at", "last_success_at", "last_change_at")
    for state in poll_states(conn, ids):
        moments = {name: getattr(state, name) for name in past}
        values: dict[str, Any] = {name: min(moment, now) for name, moment in moments.items() if moment is not None}
        if state.next_poll_at is not None and state.last_attempt_at is not None:
            values["next_poll_at"] = now + max(state.next_poll_at - state.last_attempt_at, timedelta(0))
        conn.execute(update(_STATES).where(_STATES.c.source_id == state.source_id).values(values))


def warn(conn: Connection, source_id: str, reason: str) -> None:
    """Show a notice on a working source until its next poll."""
    works = (_STATES.c.source_id == source_id, _STATES.c.consecutive_failures == 0)
    conn.execute(update(_STATES).where(*works).values(reason=reason))


def attempted_after(conn: Connection, moment: datetime) -> list[str]:
    """List the sources with a last poll after a moment."""
    query = select(_STATES.c.source_id).where(_STATES.c.last_attempt_at > moment).order_by(_STATES.c.source_id)
    return list(conn.execute(query).scalars())


def values_of(state: PollState) -> dict[str, Any]:
    """Return the columns of a state."""
    return {
        "state": state.state.value,
        "reason": state.reason,
        "next_poll_at": state.next_poll_at,
        "last_attempt_at": state.last_attempt_at,
        "last_success_at": state.last_success_at,
        "last_change_at": state.last_change_at,
        "consecutive_failures": state.consecutive_failures,
        "last_error": state.last_error,
        "validators_url": state.validators.url if state.validators else None,
        "etag": state.validators.etag if state.validators else None,
        "last_modified": state.validators.last_modified if state.validators else None,
        "last_capture_id": state.last_capture_id,
        "ingested_payload_digest": state.ingested_payload_digest,
        "ingested_rules_version": state.ingested_rules_version,
        "ingested_source_digest": state.ingested_source_digest,
        "habits": _written(state.habits),
        "unchanged_in_a_row": state.unchanged_in_a_row,
        "validators_trust": state.trust.value,
        "distrusted_at": state.distrusted_at,
    }
