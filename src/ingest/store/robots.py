"""Robots.txt records of hosts, kept in the host's row beside its lease."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from ingest.robots import Access, RobotsRecord
from ingest.store import schema
from ingest.store.engine import batches
from ingest.store.leases import add_hosts

_HOSTS = schema.hosts


def load(conn: Connection, host: str) -> RobotsRecord | None:
    """Return the newest record of a host."""
    return load_all(conn, [host])[host]


def load_all(conn: Connection, hosts: Iterable[str]) -> dict[str, RobotsRecord | None]:
    """Return the newest record of each host."""
    records: dict[str, RobotsRecord | None] = {}
    for batch in batches(hosts):
        records |= dict.fromkeys(batch)
        for row in conn.execute(_RECORDS, {"hosts": batch}):
            access = Access(row.robots_access)
            records[row.host] = RobotsRecord(row.robots_at, access, row.robots or b"", row.robots_unreachable_since)
    return records


_RECORDS: Final = select(
    _HOSTS.c.host, _HOSTS.c.robots_at, _HOSTS.c.robots_access, _HOSTS.c.robots, _HOSTS.c.robots_unreachable_since
).where(_HOSTS.c.host.in_(bindparam("hosts", expanding=True)), _HOSTS.c.robots_at.is_not(None))


def save(conn: Connection, host: str, record: RobotsRecord) -> None:
    """Store the newest record of a host."""
    add_hosts(conn, [host])
    values = {
        "robots_at": record.at,
        "robots_access": record.access.value,
        "robots": record.body,
        "robots_unreachable_since": record.unreachable_since,
    }
    conn.execute(update(_HOSTS).where(_HOSTS.c.host == host).values(values))
