"""Entries waiting for their own page, and older entries known at the first fill."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, nulls_first, or_, select, update

from ingest.dedupe import KnownClaim, Offer, names
from ingest.errors import LeaseLostError
from ingest.judging.pages import Waiting
from ingest.model import Candidate, Capture, Dated, Precision
from ingest.store import schema
from ingest.store.engine import batches, json_text, upsert
from ingest.urls import page_key, parse

Status = Literal["pending", "known", "finished", "refused"]

_TABLE: Final = schema.candidates


def statuses(conn: Connection, source_id: str, names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Read status and list digest of a source's entries, by name."""
    by_key: dict[str, tuple[str, str]] = {}
    for batch in batches(names):
        rows = conn.execute(
            select(_TABLE.c.entry_key, _TABLE.c.status, _TABLE.c.said).where(
                _TABLE.c.source_id == source_id, _TABLE.c.entry_key.in_(batch)
            )
        )
        by_key |= {row.entry_key: (row.status, row.said) for row in rows}
    return by_key


def noted(conn: Connection, source_id: str, offers: Sequence[tuple[Offer, str]]) -> dict[str, KnownClaim]:
    """Read the claims of registered entries by entry key or address. `offers` come with their keys."""
    plain = {name: offer for offer, name in offers if not offer.candidate.title}
    wanted = {long for offer, name in offers for long in names(offer, name)[: None if offer.candidate.title else 1]}
    urls_wanted = {offer.candidate.url for offer, _ in offers if offer.candidate.title}
    columns = (_TABLE.c.entry_key, _TABLE.c.url, _TABLE.c.said, _TABLE.c.candidate)
    by_key: dict[str, KnownClaim] = {}
    for column, values in ((_TABLE.c.entry_key, wanted), (_TABLE.c.url, urls_wanted)):
        for batch in batches(values):
            for row in conn.execute(select(*columns).where(_TABLE.c.source_id == source_id, column.in_(batch))):
                offer = plain.get(row.entry_key)
                if offer is not None and offer.candidate.url == row.url:  # a long sitemap; nothing more is asked of it
                    by_key[row.entry_key] = KnownClaim(row.entry_key, "", "", None, row.said, offer.page)
                else:
                    by_key[row.entry_key] = _as_claim(row.entry_key, row.said, _candidate(row.candidate))
    return by_key


def _as_claim(name: str, digest: str, candidate: Candidate) -> KnownClaim:
    page = page_key(parse(candidate.url))
    return KnownClaim(
        name, "", candidate.title, candidate.published.value, digest, page, candidate.raw_key, candidate.lang
    )


Registered = tuple[str, Candidate, str, str, Status]
"""An entry to be registered: name, candidate, host of its page, digest of the list's claim, and status."""


def register(conn: Connection, rows: Sequence[Registered], capture: Capture) -> None:
    """Register entries, and replace earlier ones of the same key."""
    values: list[dict[str, Any]] = [
        {
            "source_id": capture.source_id,
            "entry_key": name,
            "status": status,
            "url": candidate.url,
            "host": host,
            "candidate": _written(candidate),
            "said": list_digest,
            "attempts": 0,
            "next_try_at": None,
            "first_seen_at": capture.fetched_at,
            "capture_id": capture.id,
        }
        for name, candidate, host, list_digest, status in rows
    ]
    if values:
        upsert(conn, _TABLE, values, key=("source_id", "entry_key"), keep=("first_seen_at",))


def _written(candidate: Candidate) -> str:
    values = asdict(candidate)
    for name in ("published", "updated"):
        value = values[name]["value"]
        values[name]["value"] = value.isoformat() if value else None
    return json_text(values)


def _candidate(stored: str) -> Candidate:
    document: dict[str, Any] = json.loads(stored)
    names = {item.name for item in fields(Candidate)}
    values = {name: value for name, value in document.items() if name in names}
    for name in ("published", "updated"):
        values[name] = _dated(document[name])
    values["categories"] = tuple(document["categories"])
    values["alternates"] = tuple((lang, url) for lang, url in document["alternates"])
    return Candidate(**values)


def _dated(stored: Mapping[str, Any]) -> Dated:
    value = datetime.fromisoformat(stored["value"]) if stored["value"] else None
    return Dated(value, Precision(stored["precision"]), stored["raw"], stored["reason"])


def _waiting(row: Row[Any]) -> Waiting:
    candidate = _candidate(row.candidate)
    return Waiting(row.id, row.source_id, row.entry_key, candidate, row.said, row.attempts, row.lease_token)


_LONGEST_LEASE: Final = timedelta(days=1)
_LONGEST_PAUSE: Final = timedelta(days=8)  # what `judging.pages` doubles up to, and a server's wish


def may_be_opened(now: datetime) -> ColumnElement[bool]:
    """
    Return the condition for an entry whose page may be opened now.

    A time further ahead than any lease or pause was written before our clock was set back.
    """
    furthest = ((_TABLE.c.lease_until, _LONGEST_LEASE), (_TABLE.c.next_try_at, _LONGEST_PAUSE))
    come = (or_(moment.is_(None), moment <= now, moment > now + longest) for moment, longest in furthest)
    return and_(_TABLE.c.status == "pending", *come)


def claim(
    conn: Connection,
    *,
    now: datetime,
    owner: str,
    lease: timedelta,
    source_ids: Sequence[str],
    hosts_busy: Sequence[str],
) -> list[Waiting]:
    """
    Take the leases of entries whose page may be opened now, one a host, the newest capture's first entries first.

    Args:
        source_ids: Of the list in force. Entries of other sources wait until theirs comes back.
        hosts_busy: Hosts with a request in flight.
    """
    rows = conn.execute(
        select(_TABLE)
        .where(may_be_opened(now), _TABLE.c.source_id.in_(source_ids))
        .order_by(nulls_first(_TABLE.c.next_try_at.asc()), _TABLE.c.id)
        .limit(_LOOKED_AT)
        .with_for_update(skip_locked=True)  # SQLite has one writer and leaves it out
    ).all()
    chosen: dict[str, Row[Any]] = {}
    for row in rows:
        if row.host not in hosts_busy:
            chosen.setdefault(row.host, row)
    ids = [row.id for row in chosen.values()]
    if not ids:
        return []
    taken = {"lease_owner": owner, "lease_until": now + lease, "lease_token": _TABLE.c.lease_token + 1}
    conn.execute(update(_TABLE).where(_TABLE.c.id.in_(ids)).values(taken))
    return [_waiting(row) for row in conn.execute(select(_TABLE).where(_TABLE.c.id.in_(ids)).order_by(_TABLE.c.id))]


_LOOKED_AT: Final = 500
"""Waiting entries considered in one claim: enough to find one for each of dozens of hosts."""


def find(conn: Connection, source_id: str, url: str, *, now: datetime, owner: str, lease: timedelta) -> Waiting | None:
    """Take the lease of the waiting entry of a stored page, or return None."""
    row = conn.execute(
        select(_TABLE.c.id)
        .where(_TABLE.c.source_id == source_id, _TABLE.c.url == url, _TABLE.c.status == "pending")
        .order_by(_TABLE.c.id)  # of several on one page the first, in a replay as in the round
    ).first()
    if row is None:
        return None
    taken = {"lease_owner": owner, "lease_until": now + lease, "lease_token": _TABLE.c.lease_token + 1}
    conn.execute(update(_TABLE).where(_TABLE.c.id == row.id).values(taken))
    return _waiting(conn.execute(select(_TABLE).where(_TABLE.c.id == row.id)).one())


def capture_of(conn: Connection, waiting: Waiting) -> int:
    """Return the number of the capture with an entry's list."""
    return int(conn.execute(select(_TABLE.c.capture_id).where(_TABLE.c.id == waiting.id)).scalar_one())


def finish(conn: Connection, waiting: Waiting, status: Status, *, page_capture_id: int | None, error: str = "") -> None:
    """
    Save the final status of an entry, and give its lease back.

    Raises:
        LeaseLostError: Another worker took it over, and the transaction has to be rolled back.
    """
    _settle(conn, waiting, {"status": status, "page_capture_id": page_capture_id, "last_error": error})


def put_off(conn: Connection, waiting: Waiting, until: datetime, error: str) -> None:
    """Save a failed try, and the time of the next one."""
    _settle(conn, waiting, {"attempts": waiting.attempts + 1, "next_try_at": until, "last_error": error})


def _settle(conn: Connection, waiting: Waiting, values: dict[str, Any]) -> None:
    mine = and_(_TABLE.c.id == waiting.id, _TABLE.c.lease_token == waiting.token)
    saved = conn.execute(update(_TABLE).where(mine).values({**values, "lease_owner": None, "lease_until": None}))
    if saved.rowcount != 1:
        message = "another worker took the entry over; nothing of ours was written."
        raise LeaseLostError(message, subject=waiting.source_id)


def open_again(conn: Connection, source_id: str, entry_key: str) -> None:
    """Let the page of a finished entry be opened once more."""
    mine = and_(_TABLE.c.source_id == source_id, _TABLE.c.entry_key == entry_key, _TABLE.c.status == "finished")
    conn.execute(update(_TABLE).where(mine).values(status="pending", next_try_at=None))


def give_back(conn: Connection, waiting: Waiting) -> None:
    """Give a lease back untouched."""
    mine = and_(_TABLE.c.id == waiting.id, _TABLE.c.lease_token == waiting.token)
    conn.execute(update(_TABLE).where(mine).values({"lease_owner": None, "lease_until": None}))
