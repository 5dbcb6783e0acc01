"""
Leases on sources and hosts, with fencing tokens, for any number of processes on one database.

Only the holder of its lease polls a source, and only the holder of its own lease asks a host. The politeness of all
processes is therefore one row a host. Anyone may take an expired lease. Writes by its late holder are refused by token.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    Update,
    and_,
    bindparam,
    exists,
    nulls_first,
    or_,
    select,
    true,
    update,
)

from ingest.errors import LeaseLostError
from ingest.httpcache import MAX_RETRY_AFTER
from ingest.model import Lease, PollState
from ingest.store import schema
from ingest.store.engine import add_missing, batches
from ingest.store.sources import is_due, state_of

_STATES, _HOSTS, _SOURCES = schema.source_states, schema.hosts, schema.sources

_IS_READ = ~exists().where(
    schema.captures.c.source_id == _STATES.c.source_id,
    schema.captures.c.ingested_at.is_(None),
    schema.captures.c.purpose == "source",
    schema.payloads.c.digest == schema.captures.c.wire_digest,
    schema.payloads.c.body.is_not(None),
)
"""
No document of the source waits to be read. Documents are read in stored order, or old titles would return as news.
"""

_NOBODYS: dict[str, Any] = {"lease_owner": None, "lease_until": None}


@dataclass(frozen=True, slots=True)
class Claims:
    """
    The result of a claim: taken sources, and sources to try later because their host rests or is in use.

    `resting` are sources whose host requested a delay, with its end, and are not asked in this round. Sources in none
    of the three belong to another worker, or are no longer due.
    """

    taken: tuple[tuple[PollState, Lease], ...]
    later: dict[str, datetime] = field(default_factory=dict)
    resting: dict[str, datetime] = field(default_factory=dict)


def add_hosts(conn: Connection, hosts: Iterable[str]) -> None:
    """Insert missing rows of hosts, because a missing row could not be locked."""
    wanted = set(hosts)
    known: set[str] = set()
    for batch in batches(wanted):
        known |= set(conn.execute(select(_HOSTS.c.host).where(_HOSTS.c.host.in_(batch))).scalars())
    add_missing(conn, _HOSTS, [{"host": host} for host in sorted(wanted - known)])


def claim(
    conn: Connection, *, now: datetime, owner: str, lease: timedelta, ids: Sequence[str], since: datetime | None
) -> Claims:
    """
    Take the leases of sources with those of their hosts, at most one source a host, the longest overdue first.

    A source with an unread capture is left alone.

    Args:
        owner: Our name, for an operator to read.
        lease: The length of the leases.
        since: The start of a round of named sources, due or not. Sources asked by another worker since then are done.
            None leaves out sources that are not due.
    """
    undone = or_(_STATES.c.last_attempt_at.is_(None), _STATES.c.last_attempt_at <= since) if since else is_due(now)
    asked = and_(_IS_READ, undone)
    wanted = _free_sources(conn, ids, now, lease, asked)
    resting = _put_off(conn, wanted, now)
    wanted = [row for row in wanted if row.source_id not in resting]
    hosts = _lock_hosts(conn, {row.host for row in wanted}, now, lease)
    chosen: dict[str, Row[Any]] = {}
    later: dict[str, datetime] = {}
    for row in wanted:
        until = hosts.get(row.host)
        if until is not None or row.host in chosen:
            later[row.source_id] = until or now
        else:
            chosen[row.host] = row
    tokens = _take(conn, _HOSTS, _HOSTS.c.host, chosen, owner, now + lease)
    sources = _take(conn, _STATES, _STATES.c.source_id, (row.source_id for row in chosen.values()), owner, now + lease)
    return Claims(
        tuple(
            (state_of(row), Lease(row.source_id, sources[row.source_id], host, tokens[host]))
            for host, row in chosen.items()
        ),
        later,
        resting,
    )


def _put_off(conn: Connection, wanted: Sequence[Row[Any]], now: datetime) -> dict[str, datetime]:
    """Plan sources whose host requested a delay for the end of the delay. Their states are locked."""
    hosts = rests_until(conn, (row.host for row in wanted), now)
    resting = {row.source_id: hosts[row.host] for row in wanted if row.host in hosts}
    for moment in set(resting.values()):
        ids = [source_id for source_id, until in resting.items() if until == moment]
        for batch in batches(ids):
            conn.execute(update(_STATES).where(_STATES.c.source_id.in_(batch)).values(next_poll_at=moment))
    return resting


def claim_source(conn: Connection, source_id: str, *, now: datetime, owner: str, lease: timedelta) -> Claims:
    """Take the lease of one source, due or not, without its host: nothing will be asked."""
    rows = _free_sources(conn, [source_id], now, lease, true())
    tokens = _take(conn, _STATES, _STATES.c.source_id, (row.source_id for row in rows), owner, now + lease)
    return Claims(tuple((state_of(row), Lease(row.source_id, tokens[row.source_id])) for row in rows))


def _horizon(now: datetime, lease: timedelta) -> datetime:
    """
    Return the latest possible end of a lease or rest. A later time was written before our clock was set back.

    It is twice a lease, more than the clocks of several machines differ.
    """
    return now + 2 * lease


def _free_sources(
    conn: Connection, ids: Sequence[str], now: datetime, lease: timedelta, condition: ColumnElement[bool]
) -> list[Row[Any]]:
    """Lock the states of free sources. On PostgreSQL those being claimed by another worker are skipped."""
    until = _STATES.c.lease_until
    is_nobodys = or_(until.is_(None), until <= now, until > _horizon(now, lease))
    rows: list[Row[Any]] = []
    for batch in batches(ids):
        rows += conn.execute(
            select(_STATES, _SOURCES.c.host)
            .join(_SOURCES, _SOURCES.c.id == _STATES.c.source_id)
            .where(_STATES.c.source_id.in_(batch), is_nobodys, condition)
            .order_by(nulls_first(_STATES.c.next_poll_at.asc()), _STATES.c.source_id)
            .with_for_update(skip_locked=True, of=_STATES)  # SQLite has one writer and leaves it out
        ).all()
    return rows


def _lock_hosts(conn: Connection, hosts: Iterable[str], now: datetime, lease: timedelta) -> dict[str, datetime | None]:
    """Lock hosts and return from when on each may be asked, None for now. A host just being claimed is later."""
    wanted = set(hosts)
    free: dict[str, datetime | None] = dict.fromkeys(wanted, now)
    for batch in batches(wanted):
        rows = conn.execute(
            select(_HOSTS).where(_HOSTS.c.host.in_(batch)).order_by(_HOSTS.c.host).with_for_update(skip_locked=True)
        )
        for row in rows:
            until = [moment for moment in (row.free_at, row.lease_until) if moment is not None]
            free[row.host] = max((moment for moment in until if now < moment <= _horizon(now, lease)), default=None)
    return free


def _take(
    conn: Connection, table: Table, key: ColumnElement[str], values: Iterable[str], owner: str, until: datetime
) -> dict[str, int]:
    """Write our name on locked, free rows, and return the new fencing tokens."""
    tokens: dict[str, int] = {}
    for batch in batches(values):
        raised = {"lease_owner": owner, "lease_until": until, "lease_token": table.c.lease_token + 1}
        conn.execute(update(table).where(key.in_(batch)).values(raised))
        tokens |= dict(iter(conn.execute(select(key, table.c.lease_token).where(key.in_(batch)))))
    return tokens


# ── holding ─────────────────────────────────────────────────────────────────────────────────────────────────────


def held(conn: Connection, given: Iterable[Lease]) -> set[str]:
    """Return the sources that are still ours. They stay so until the transaction ends."""
    tokens = {lease.source_id: lease.token for lease in given}
    mine: set[str] = set()
    for batch in batches(tokens):
        rows = conn.execute(_HELD, {"ids": batch})
        mine |= {row.source_id for row in rows if row.lease_token == tokens[row.source_id]}
    return mine


_HELD: Final = (
    select(_STATES.c.source_id, _STATES.c.lease_token)
    .where(_STATES.c.source_id.in_(bindparam("ids", expanding=True)))
    .order_by(_STATES.c.source_id)
    .with_for_update()
)


def _is_ours(lease: Lease) -> ColumnElement[bool]:
    return and_(_STATES.c.source_id == lease.source_id, _STATES.c.lease_token == lease.token)


def lost(lease: Lease) -> LeaseLostError:
    """Return the error about a source that another worker took over."""
    return LeaseLostError("another worker took the source over; nothing of ours was written.", subject=lease.source_id)


# ── giving back ─────────────────────────────────────────────────────────────────────────────────────────────────


def give_back(conn: Connection, lease: Lease, *, host_free_at: datetime | None = None) -> None:
    """Give a lease back unless it is no longer ours. `host_free_at` is when the host may be asked again."""
    conn.execute(update(_STATES).where(_is_ours(lease)).values(_NOBODYS))
    give_host_back(conn, lease, host_free_at)


def give_host_back(conn: Connection, lease: Lease, free_at: datetime | None) -> None:
    """Give the host of a lease back and keep the source."""
    if lease.host:
        mine = and_(_HOSTS.c.host == lease.host, _HOSTS.c.lease_token == lease.host_token)
        values = _NOBODYS if free_at is None else {**_NOBODYS, "free_at": free_at}
        conn.execute(update(_HOSTS).where(mine).values(values))


@dataclass(frozen=True, slots=True)
class Release:
    """The state of a source after a poll, as columns, its lease, and when its host may be asked again."""

    lease: Lease
    values: dict[str, Any]
    host_free_at: datetime


def settle(conn: Connection, releases: Sequence[Release]) -> None:
    """Save the states after polls and give their leases back. The sources must be `held`."""
    if not releases:
        return
    saved = [{**one.values, "id": one.lease.source_id, "token": one.lease.token} for one in releases]
    conn.execute(_settling(tuple(releases[0].values)), saved)
    hosts = [one for one in releases if one.lease.host]
    if hosts:
        freed = [{"name": one.lease.host, "token": one.lease.host_token, "until": one.host_free_at} for one in hosts]
        conn.execute(_FREEING, freed)


@functools.cache
def _settling(columns: tuple[str, ...]) -> Update:
    mine = (_STATES.c.source_id == bindparam("id"), _STATES.c.lease_token == bindparam("token"))
    return update(_STATES).where(*mine).values({**{name: bindparam(name) for name in columns}, **_NOBODYS})


_FREEING: Final = (
    update(_HOSTS)
    .where(_HOSTS.c.host == bindparam("name"), _HOSTS.c.lease_token == bindparam("token"))
    .values({**_NOBODYS, "free_at": bindparam("until")})
)


# ── a host alone: redirects to elsewhere, robots, article pages ─────────────────────────────────────────────────


def claim_host(conn: Connection, host: str, *, now: datetime, owner: str, lease: timedelta) -> Lease | datetime:
    """Take the lease of one host, or return when to try again while it rests or is another's."""
    add_hosts(conn, [host])
    until = _lock_hosts(conn, [host], now, lease)[host]
    if until is not None:
        return until
    return Lease("", 0, host, _take(conn, _HOSTS, _HOSTS.c.host, [host], owner, now + lease)[host])


# ── what a host asks for itself ─────────────────────────────────────────────────────────────────────────────────


def rest_host(conn: Connection, host: str, until: datetime, why: str) -> None:
    """Store a host's requested delay. A holder of its lease keeps it."""
    add_hosts(conn, [host])
    conn.execute(update(_HOSTS).where(_HOSTS.c.host == host).values(rests_until=until, rests_because=why))


def rests_until(conn: Connection, hosts: Iterable[str], now: datetime) -> dict[str, datetime]:
    """
    Return the hosts with a requested delay and its end.

    A longer delay than allowed was written before our clock was set back.
    """
    resting: dict[str, datetime] = {}
    for batch in batches(hosts):
        moment = _HOSTS.c.rests_until
        query = select(_HOSTS.c.host, moment).where(
            _HOSTS.c.host.in_(batch), moment > now, moment <= now + MAX_RETRY_AFTER
        )
        resting |= dict(iter(conn.execute(query)))
    return resting
