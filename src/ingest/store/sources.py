"""What is remembered of each source between polls, and who holds it: leases with a fencing token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, nulls_first, or_, select, update

from ingest.errors import LeaseLostError
from ingest.model import PollState, State, Validators
from ingest.store import schema
from ingest.store.engine import batches

_STATES = schema.source_states


def poll_states(conn: Connection, ids: Sequence[str] | None) -> list[PollState]:
    """Read the states of some sources, of all for None."""
    if ids is None:
        return [_state(row) for row in conn.execute(select(_STATES).order_by(_STATES.c.source_id))]
    rows: list[Row[Any]] = []
    for batch in batches(ids):
        rows += conn.execute(select(_STATES).where(_STATES.c.source_id.in_(batch))).all()
    return [_state(row) for row in rows]


def _state(row: Row[Any]) -> PollState:
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
        lease_token=row.lease_token,
    )


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(_STATES.c.next_poll_at.is_(None), _STATES.c.next_poll_at <= now)


def due(conn: Connection, *, now: datetime, ids: Sequence[str]) -> list[str]:
    """List those of some sources that are due, the longest overdue first."""
    order = (nulls_first(_STATES.c.next_poll_at.asc()), _STATES.c.source_id)
    overdue = conn.execute(select(_STATES.c.source_id).where(_is_due(now)).order_by(*order)).scalars()
    wanted = set(ids)
    return [source_id for source_id in overdue if source_id in wanted]


def claim(
    conn: Connection, *, now: datetime, owner: str, lease: timedelta, ids: Sequence[str], due_only: bool
) -> list[PollState]:
    """
    Take the leases of those sources that nobody holds; each gets a new fencing token.

    Args:
        owner: Who we are, for an operator to read.
        lease: How long they are ours; a lease that ran out is anybody's.
        due_only: Leave out what became somebody else's done work in between.
    """
    free = or_(_STATES.c.lease_until.is_(None), _STATES.c.lease_until <= now)
    wanted = and_(free, _is_due(now)) if due_only else free
    taken: list[PollState] = []
    for batch in batches(ids):
        rows = conn.execute(
            select(_STATES)
            .where(_STATES.c.source_id.in_(batch), wanted)
            .order_by(_STATES.c.source_id)
            .with_for_update(skip_locked=True)  # SQLite has one writer and leaves it out
        ).all()
        mine = [row.source_id for row in rows]
        conn.execute(
            update(_STATES)
            .where(_STATES.c.source_id.in_(mine))
            .values(lease_owner=owner, lease_until=now + lease, lease_token=_STATES.c.lease_token + 1)
        )
        taken += poll_states(conn, mine)
    return taken


def release(conn: Connection, states: Iterable[PollState]) -> None:
    """Give leases back untouched; those that are no longer ours are left alone."""
    for state in states:
        conn.execute(update(_STATES).where(_is_ours(state.source_id, state.lease_token)).values(_NOBODYS))


_NOBODYS: dict[str, Any] = {"lease_owner": None, "lease_until": None}


def _is_ours(source_id: str, lease_token: int) -> ColumnElement[bool]:
    return and_(_STATES.c.source_id == source_id, _STATES.c.lease_token == lease_token)


def save_state(conn: Connection, state: PollState, *, lease_token: int) -> None:
    """
    Save what a poll leaves behind and give the lease back.

    Raises:
        LeaseLostError: Somebody else has taken the source over; the transaction has to be undone.
    """
    values: dict[str, Any] = {
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
    }
    saved = conn.execute(update(_STATES).where(_is_ours(state.source_id, lease_token)).values({**values, **_NOBODYS}))
    if saved.rowcount != 1:
        raise LeaseLostError(
            "another worker took the source over; nothing of ours was written.", subject=state.source_id
        )
