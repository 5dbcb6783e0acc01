"""Operators' decisions about stored records, as events. A replay repeats them at their place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, insert, select, update

from ingest.errors import Remedy, UsageError
from ingest.store import changes, schema
from ingest.store.engine import json_text

Kind = Literal["withdraw", "restore", "merge", "split", "pin"]

_CHANGE = {"withdraw": "withdrawn", "restore": "restored", "pin": "edited"}
"""Kinds in the change log by decision. A merge or split logs each moved headline."""


_MISSING = "there is no headline of that id"


@dataclass(frozen=True, slots=True)
class OperatorDecision:
    """
    An operator's decision about a headline. `after_poll_id` is the last poll before it.

    `others` are the other headlines of a merge or a split.
    """

    at: datetime
    by: str
    kind: Kind
    subject: str
    reason: str
    after_poll_id: int | None = None
    others: tuple[str, ...] = ()


def recorded(conn: Connection) -> Iterator[OperatorDecision]:
    """List every decision in order."""
    table = schema.decisions
    rows = conn.execute(select(table).order_by(table.c.id)).all()
    return (
        OperatorDecision(row.at, row.by, row.kind, row.subject, row.reason, row.after_poll_id, tuple(_others(row.said)))
        for row in rows
    )


def _others(stored: str) -> list[str]:
    others: list[str] = json.loads(stored).get("others", [])
    return others


def decide(conn: Connection, decision: OperatorDecision) -> bool:
    """
    Withdraw or restore a headline, independent of later documents.

    Returns:
        Whether anything changed.

    Raises:
        UsageError: The headline is not stored.
    """
    table = schema.headlines
    row = conn.execute(
        select(table.c.withdrawn, table.c.state, table.c.revision, table.c.allowlist_generation)
        .where(table.c.id == decision.subject)
        .with_for_update()
    ).first()
    if row is None:
        raise UsageError(_MISSING, subject=decision.subject, remedy=Remedy.LIST_HEADLINES)
    withdrawn = decision.kind == "withdraw"
    if row.withdrawn == withdrawn:
        return False
    _record(conn, decision)
    values = {"withdrawn": withdrawn, "changed_at": decision.at}
    if row.state != "revoked":  # then the scope decides; the word is kept for the day when it is official again
        values["state"] = "withdrawn" if withdrawn else "live"
    conn.execute(update(table).where(table.c.id == decision.subject).values(values))
    if row.state != "revoked":
        _say(conn, decision, row.revision, row.allowlist_generation)
    return True


def on_story(conn: Connection, decision: OperatorDecision) -> str:
    """
    Record a decision about stories. The caller draws them again.

    Returns:
        The vendor of the stories.

    Raises:
        UsageError: A headline is not stored, or they belong to several vendors.
    """
    table = schema.headlines
    named = [decision.subject, *decision.others]
    columns = (table.c[name] for name in ("id", "vendor_id", "revision", "allowlist_generation"))
    known = {row.id: row for row in conn.execute(select(*columns).where(table.c.id.in_(named)))}
    missing = next((id_ for id_ in named if id_ not in known), None)
    if missing is not None:
        raise UsageError(_MISSING, subject=missing, remedy=Remedy.LIST_HEADLINES)
    if len({row.vendor_id for row in known.values()}) > 1:
        message = "stories are of one vendor; what two vendors announce together is related, not merged."
        raise UsageError(message, subject=decision.subject)
    _record(conn, decision)
    subject = known[decision.subject]
    if decision.kind == "pin":
        _say(conn, decision, subject.revision, subject.allowlist_generation)
    return str(subject.vendor_id)


def _say(conn: Connection, decision: OperatorDecision, revision: int, generation: int) -> None:
    change = {
        "at": decision.at,
        "kind": _CHANGE[decision.kind],
        "headline_id": decision.subject,
        "revision": revision,
        "generation": generation,
        "capture_id": None,
    }
    changes.append(conn, [change])


def _record(conn: Connection, decision: OperatorDecision) -> None:
    last = decision.after_poll_id
    if last is None:
        last = conn.execute(select(func.max(schema.polls.c.id))).scalar_one()
    conn.execute(
        insert(schema.decisions).values(
            at=decision.at,
            by=decision.by,
            kind=decision.kind,
            subject=decision.subject,
            reason=decision.reason,
            after_poll_id=last,
            said=json_text({"others": list(decision.others)} if decision.others else {}),
        )
    )
