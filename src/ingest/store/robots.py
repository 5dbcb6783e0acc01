"""Robots.txt records of hosts, kept in the host's row beside its lease."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from ingest.robots import Access, RobotsRecord
from ingest.store import schema
from ingest.store.leases import add_hosts

_HOSTS = schema.hosts


def load(conn: Connection, host: str) -> RobotsRecord | None:
    """Return the newest record of a host."""
    row = conn.execute(select(_HOSTS).where(_HOSTS.c.host == host, _HOSTS.c.robots_at.is_not(None))).first()
    if row is None:
        return None
    return RobotsRecord(row.robots_at, Access(row.robots_access), row.robots or b"", row.robots_unreachable_since)


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
