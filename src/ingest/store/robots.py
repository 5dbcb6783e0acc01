"""What hosts said in their robots.txt, a row a host beside its lease."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from ingest.robots import Access, Heard
from ingest.store import schema
from ingest.store.leases import add_hosts

_HOSTS = schema.hosts


def recall(conn: Connection, host: str) -> Heard | None:
    """Give what was last heard of a host."""
    row = conn.execute(select(_HOSTS).where(_HOSTS.c.host == host, _HOSTS.c.robots_at.is_not(None))).first()
    if row is None:
        return None
    return Heard(row.robots_at, Access(row.robots_access), row.robots or b"", row.robots_unreachable_since)


def remember(conn: Connection, host: str, heard: Heard) -> None:
    """Keep what was heard of a host."""
    add_hosts(conn, [host])
    said = {
        "robots_at": heard.at,
        "robots_access": heard.access.value,
        "robots": heard.body,
        "robots_unreachable_since": heard.unreachable_since,
    }
    conn.execute(update(_HOSTS).where(_HOSTS.c.host == host).values(said))
