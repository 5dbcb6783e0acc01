"""A database with an allow-list in force, and raw SQL that tries to get an address past the guards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from ingest import urls
from ingest.model import Allowlist, Grant, Kind, Source, Vendor
from ingest.store import lists

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
WRITTEN = "2026-05-22T12:00:00.000000Z"


def vendors_of(stanzas: dict[str, dict[str, Any]]) -> tuple[Vendor, ...]:
    """Make vendors of stanzas as they stand in an allow-list."""
    return tuple(
        Vendor(
            vendor_id,
            vendor_id.title(),
            "https://example.com/",
            (
                *(urls.parse_scope(line, Grant.OFFICIAL) for line in stanza["official"]),
                *(urls.parse_scope(it["scope"], Grant.CARRIER, it["reason"]) for it in stanza.get("carriers", ())),
            ),
        )
        for vendor_id, stanza in stanzas.items()
    )


def put_in_force(conn: Connection, vendors: tuple[Vendor, ...], *, digest: str = "d") -> lists.Applied:
    """Put vendors in force with one source each, and a capture that headlines can name."""
    sources = tuple(
        Source(f"{vendor.id}/news", vendor.id, Kind.FEED, f"https://{vendor.id}.example/feed", "x")
        for vendor in vendors
    )
    listed = Allowlist(digest, "", vendors, sources)
    applied = lists.apply(conn, listed, at=NOW, by="test", why="test", rules_version="1", confirmed=True)
    if conn.execute(text("SELECT count(*) FROM captures")).scalar_one() == 0:
        payload = "INSERT INTO payloads (digest, size, stored_as, first_seen_at) VALUES ('p', 0, 'identity', :at)"
        conn.execute(text(payload), {"at": WRITTEN})
        capture = (
            "INSERT INTO captures (source_id, generation, rules_version, target_url, final_url, hops, status_code,"
            " http_version, request_headers, response_headers, peer_address, requested_at, fetched_at, wire_digest,"
            " wire_size, payload_digest, payload_size) VALUES (:source, 1, '1', 'u', 'u', '[]', 200, '1.1', '[]', '[]', '',"
            " :at, :at, 'p', 0, 'p', 0)"
        )
        conn.execute(text(capture), {"source": sources[0].id, "at": WRITTEN})
    return applied


def scope_ids(conn: Connection, vendor: str) -> list[int]:
    """List the scopes of a vendor, of whatever grant, and one of each other vendor."""
    query = "SELECT id FROM scopes WHERE vendor_id = :vendor OR id IN (SELECT min(id) FROM scopes GROUP BY vendor_id)"
    return list(conn.execute(text(query), {"vendor": vendor}).scalars())


def taken_apart(url: str) -> tuple[str, str, str]:
    """Take an address apart as a careless program would: host, path, and query with fragment."""
    rest = url.partition("://")[2]
    ends = [at for at in (rest.find(sign) for sign in "/?#") if at >= 0]
    host, rest = (rest[: min(ends)], rest[min(ends) :]) if ends else (rest, "")
    ends = [at for at in (rest.find(sign) for sign in "?#") if at >= 0]
    path, suffix = (rest[: min(ends)], rest[min(ends) :]) if ends else (rest, "")
    return host, path, suffix


def headline(
    vendor: str, url: str, scope_id: int, *, parts: tuple[Any, Any, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Make the values of a headline's row, valid but for what the address may be."""
    host, path, suffix = parts or taken_apart(url)
    return {
        "id": "h1", "story_id": "s1", "vendor_id": vendor, "source_id": f"{vendor}/news", "raw_key": "k", "repeat": 0,
        "url": url, "host": host, "path": path, "suffix": suffix, "scope_id": scope_id, "title": "t", "summary": "",
        "categories": "[]", "published_precision": "none", "first_seen_at": WRITTEN, "changed_at": WRITTEN,
        "revision": 1, "backfill": False, "state": "live", "withdrawn": False, "allowlist_generation": 1, "capture_id": 1, **more,
    }  # fmt: skip


def link(vendor: str, url: str, scope_id: int, **more: Any) -> dict[str, Any]:
    """Make the values of a link's row."""
    host, path, suffix = taken_apart(url)
    return {
        "headline_id": "h1", "vendor_id": vendor, "url": url, "host": host, "path": path, "suffix": suffix,
        "scope_id": scope_id, "source_id": f"{vendor}/news", "rel": "alternate", "first_seen_at": WRITTEN,
        "last_seen_at": WRITTEN, **more,
    }  # fmt: skip


def insert(conn: Connection, into: str, values: dict[str, Any], *, verb: str = "INSERT INTO") -> None:
    """Insert a row by raw SQL."""
    if into == "headlines":
        story = "INSERT INTO stories (id, vendor_id, headline_id, created_at) VALUES (:id, :vendor_id, 'h', :at)"
        known = conn.execute(text("SELECT 1 FROM stories WHERE id = :id"), {"id": values["story_id"]}).first()
        if known is None:
            named = {"id": values["story_id"], "vendor_id": values["vendor_id"], "at": WRITTEN}
            conn.execute(text(story), named)
    columns = ", ".join(values)
    conn.execute(text(f"{verb} {into} ({columns}) VALUES ({', '.join(f':{name}' for name in values)})"), values)


def gets_in(conn: Connection, into: str, values: dict[str, Any], *, verb: str = "INSERT INTO") -> bool:
    """
    Say whether the database takes a row; it is taken out again.

    Thousands of rows are tried, so that this speaks to the driver: SQLAlchemy compiles each savepoint anew.
    """
    driver: Any = conn.dialect.loaded_dbapi
    with closing(conn.connection.cursor()) as cursor:
        cursor.execute("SAVEPOINT attempt")
        try:
            if into == "headlines":
                cursor.execute(*_story_of(conn, values))
            cursor.execute(f"{verb} {into} ({', '.join(values)}) VALUES ({_places(conn, values)})", values)
        except (driver.Error, ValueError):  # PostgreSQL's driver refuses NUL by itself
            return False
        finally:
            cursor.execute("ROLLBACK TO SAVEPOINT attempt")
    return True


def _story_of(conn: Connection, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    names = {"id": values["story_id"], "vendor_id": values["vendor_id"], "headline_id": "h", "created_at": WRITTEN}
    return f"INSERT INTO stories ({', '.join(names)}) VALUES ({_places(conn, names)}) ON CONFLICT DO NOTHING", names


def _places(conn: Connection, names: Iterable[str]) -> str:
    form = ":{}" if conn.dialect.name == "sqlite" else "%({})s"
    return ", ".join(form.format(name) for name in names)


def each_scope(conn: Connection, vendor: str, url: str) -> Iterator[dict[str, Any]]:
    """Give the row of a headline under each of those scopes."""
    return (headline(vendor, url, scope_id) for scope_id in scope_ids(conn, vendor))


VENDORS_FOR_CHECKS = vendors_of(
    {"acme": {"official": ["acme-ai.com", "!acme-ai.com/careers/"]}, "borea": {"official": ["docs.borea.dev/docs/"]}}
)
