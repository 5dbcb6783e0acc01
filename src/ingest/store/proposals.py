"""
What an operator should change in the allow-list, with the evidence: sources that moved or are gone.

A proposal is first only sighted, and open when it was seen often and long enough. Nothing here changes the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, select, update

from ingest.dedupe import key_text
from ingest.store import schema
from ingest.store.engine import json_text, upsert

Kind = Literal["path", "host", "off-list", "gone"]

_TABLE = schema.proposals
_LIVE: Final = ("sighted", "open")


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    One change that a source seems to need.

    `kind` says where it went: to another path of its host, to another host of the vendor's list, off the list, or nowhere.
    `change` is YAML, ready to be put into `sources.yaml`.
    """

    source_id: str
    kind: str
    from_url: str
    to_url: str
    status: str
    evidence: str
    change: str
    first_seen_at: datetime
    last_seen_at: datetime
    times: int


def record(
    conn: Connection,
    source_id: str,
    kind: Kind,
    from_url: str,
    to_url: str,
    *,
    change: str,
    evidence: Mapping[str, Any],
    now: datetime,
) -> Proposal:
    """Note a sighting; one that was done or discarded begins anew only when it was done."""
    to_url = key_text(
        to_url
    )  # two addresses of 2,048 characters are more than PostgreSQL can index; `change` has it whole
    before = _find(conn, source_id, kind, from_url, to_url)
    again = before is not None and before.status != "done"
    values: dict[str, Any] = {
        "source_id": source_id,
        "kind": kind,
        "from_url": from_url,
        "to_url": to_url,
        "status": before.status if before and again else "sighted",
        "evidence": json_text(evidence),
        "change": change,
        "first_seen_at": before.first_seen_at if before and again else now,
        "last_seen_at": now,
        "times": before.times + 1 if before and again else 1,
    }
    upsert(conn, _TABLE, [values], key=("source_id", "kind", "from_url", "to_url"))
    return Proposal(**values)


def _find(conn: Connection, source_id: str, kind: str, from_url: str, to_url: str) -> Proposal | None:
    row = conn.execute(
        select(_TABLE).where(
            _TABLE.c.source_id == source_id,
            _TABLE.c.kind == kind,
            _TABLE.c.from_url == from_url,
            _TABLE.c.to_url == to_url,
        )
    ).first()
    return None if row is None else _proposal(row)


def _proposal(row: Any) -> Proposal:  # noqa: ANN401 - a row of `proposals`, whose columns have our names
    return Proposal(**{name: value for name, value in row._mapping.items() if name != "id"})  # noqa: SLF001 - by name


def open_(conn: Connection, proposal: Proposal) -> bool:
    """Put a sighted proposal before the operator; whether it was news."""
    mine = (
        _TABLE.c.source_id == proposal.source_id,
        _TABLE.c.kind == proposal.kind,
        _TABLE.c.from_url == proposal.from_url,
        _TABLE.c.to_url == proposal.to_url,
    )
    return conn.execute(update(_TABLE).where(*mine, _TABLE.c.status == "sighted").values(status="open")).rowcount == 1


def close(conn: Connection, source_id: str) -> None:
    """Note that what was proposed for a source no longer is: it answers where the list says that it is."""
    conn.execute(
        update(_TABLE).where(_TABLE.c.source_id == source_id, _TABLE.c.status.in_(_LIVE)).values(status="done")
    )


def discard(conn: Connection, source_id: str) -> None:
    """Put away what is proposed for a source, because an operator does not want it."""
    conn.execute(
        update(_TABLE).where(_TABLE.c.source_id == source_id, _TABLE.c.status == "open").values(status="discarded")
    )


def listed(conn: Connection, *, source_id: str | None = None, status: str | None = "open") -> list[Proposal]:
    """List proposals, the oldest first; None stands for all."""
    query = select(_TABLE).order_by(_TABLE.c.first_seen_at, _TABLE.c.id)
    if source_id is not None:
        query = query.where(_TABLE.c.source_id == source_id)
    if status is not None:
        query = query.where(_TABLE.c.status == status)
    return [_proposal(row) for row in conn.execute(query)]
