"""
The list in force: its generations, vendors, scopes and sources, and the effect of a change on stored headlines.

Rows of scopes are history. A scope is in force until a generation omits it, and gets a new row when it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, func, insert, select, text, update

from ingest import urls
from ingest.model import Allowlist, Grant, Scope, Source, State, Vendor
from ingest.store import changes, guards, leases, schema
from ingest.store.engine import LOCK_LIST, batches, hold_list, serialise, upsert

NAMED: Final = 5
"""Addresses named in the report of a change, which also gives their number."""

MASS: Final = 4
"""A list without one in this many sources, or more, needs confirmation (CONTRACT §2)."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The list in force as it was stored: its generation, sha256 hex and text."""

    generation: int
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Removal:
    """
    The removals by a list: sources and scopes by name, headlines by number.

    `listed` counts the sources in force. A scope comes with its vendor and the number of its headlines today.
    """

    sources: tuple[str, ...]
    scopes: tuple[tuple[str, str, int], ...]
    listed: int

    @property
    def needs_confirmation(self) -> bool:
        """Whether the removal needs an operator's confirmation."""
        return bool(self.scopes) or MASS * len(self.sources) >= max(self.listed, 1)


@dataclass(frozen=True, slots=True)
class Applied:
    """
    A new generation, with the numbers of stored headlines reattributed, revoked and restored by it.

    `links_revoked` and `links_restored` count the links of unchanged headlines. `addresses` are some of the addresses
    leaving the views, at most `NAMED`.
    """

    generation: int
    reattributed: int
    revoked: int
    restored: int
    links_revoked: int = 0
    links_restored: int = 0
    addresses: tuple[str, ...] = ()

    @property
    def takes_out(self) -> bool:
        """Whether anything leaves the views."""
        return self.revoked + self.links_revoked > 0


def in_force(conn: Connection) -> InForce | None:
    """Return the newest generation, or None before the first."""
    table = schema.generations
    row = conn.execute(
        select(table.c.number, table.c.digest, table.c.text).order_by(table.c.number.desc()).limit(1)
    ).first()
    return InForce(*row) if row else None


def is_in_force(conn: Connection, generation: int) -> bool:
    """Whether a generation is the newest. The answer holds until the transaction ends."""
    table = schema.generations
    newest = select(func.max(table.c.number))
    hold_list(conn)
    return bool(conn.execute(newest).scalar_one() == generation)


def known_digest(conn: Connection, digest: str) -> bool:
    """Say whether a file was ever in force."""
    table = schema.generations
    return conn.execute(select(table.c.number).where(table.c.digest == digest).limit(1)).first() is not None


def removal(conn: Connection, candidate: Allowlist) -> Removal:
    """Return the removals by another list."""
    table, scopes, headlines = schema.sources, schema.scopes, schema.headlines
    listed = set(conn.execute(select(table.c.id).where(table.c.until_generation.is_(None))).scalars())
    kept = {(vendor.id, scope.text) for vendor in candidate.vendors for scope in vendor.scopes if _grants(scope)}
    held = conn.execute(
        select(scopes.c.vendor_id, scopes.c.text, func.count())
        .join(headlines, headlines.c.scope_id == scopes.c.id)
        .where(scopes.c.until_generation.is_(None), headlines.c.state != "revoked")
        .group_by(scopes.c.vendor_id, scopes.c.text)
        .order_by(scopes.c.vendor_id, scopes.c.text)
    )
    return Removal(
        sources=tuple(sorted(listed - {source.id for source in candidate.sources})),
        scopes=tuple((vendor, scope, number) for vendor, scope, number in held if (vendor, scope) not in kept),
        listed=len(listed),
    )


def _grants(scope: Scope) -> bool:
    return scope.grant is Grant.OFFICIAL


def apply(
    conn: Connection, candidate: Allowlist, *, at: datetime, by: str, why: str, rules_version: str, confirmed: bool
) -> Applied:
    """
    Put a list in force: write a new generation, and judge every stored headline by it.

    A headline inside another scope is attributed to that one. The others are revoked and leave the views, and earlier
    revoked ones come back where they are official again. The change log has each revoked or restored one.
    """
    serialise(conn, LOCK_LIST)
    number = conn.execute(select(func.coalesce(func.max(schema.generations.c.number), 0) + 1)).scalar_one()
    conn.execute(
        insert(schema.generations).values(
            number=number,
            digest=candidate.digest,
            text=candidate.text,
            at=at,
            by=by,
            why=why,
            rules_version=rules_version,
            confirmed=confirmed,
        )
    )
    _put(conn, schema.vendors, [_vendor_row(vendor) for vendor in candidate.vendors], number)
    changed = _put_scopes(conn, candidate.vendors, number)
    _put_sources(conn, candidate.sources, number)
    return _judge(conn, changed, number, at)


def _put(conn: Connection, table: Table, rows: list[dict[str, Any]], number: int) -> None:
    """List these rows from now on, and no others."""
    gone = set(conn.execute(select(table.c.id).where(table.c.until_generation.is_(None))).scalars())
    gone -= {row["id"] for row in rows}
    for batch in batches(gone):
        conn.execute(update(table).where(table.c.id.in_(batch)).values(until_generation=number))
    listed = [{**row, "since_generation": number, "until_generation": None} for row in rows]
    if listed:
        upsert(conn, table, listed, key=("id",), keep=("since_generation",))


def _vendor_row(vendor: Vendor) -> dict[str, Any]:
    return {"id": vendor.id, "name": vendor.name, "home": vendor.home}


_SCOPE: Final = ("grant", "text", "host", "subdomains", "path_match", "path_before", "path_after", "query", "fold")
"""The identity of a scope, without its reason."""


def _put_scopes(conn: Connection, vendors: Iterable[Vendor], number: int) -> list[str]:
    """Close the rows of removed scopes, open new ones, and return the vendors with changed scopes."""
    table = schema.scopes
    there = {_scope_key(row): row.id for row in conn.execute(select(table).where(table.c.until_generation.is_(None)))}
    wanted = dict(_wanted(vendors))
    gone = [scope_id for key, scope_id in there.items() if key not in wanted]
    for start in range(0, len(gone), 500):
        conn.execute(update(table).where(table.c.id.in_(gone[start : start + 500])).values(until_generation=number))
    rows = [
        {
            "vendor_id": key[0],
            **dict(zip(_SCOPE, key[1:], strict=True)),
            "reason": scope.reason,
            "since_generation": number,
        }
        for key, scope in wanted.items()
        if key not in there
    ]
    if rows:
        conn.execute(insert(table), rows)
    return sorted({key[0] for key in there.keys() ^ wanted.keys()})


def _wanted(vendors: Iterable[Vendor]) -> Iterator[tuple[tuple[Any, ...], Scope]]:
    for vendor in vendors:
        for scope in vendor.scopes:
            yield (vendor.id, *(getattr(scope, name) for name in _SCOPE)), scope


def difference(conn: Connection, allowlist: Allowlist) -> tuple[list[str], list[str]]:
    """Name the scopes that differ between a list and the database."""
    table = schema.scopes
    there = {_scope_key(row) for row in conn.execute(select(table).where(table.c.until_generation.is_(None)))}
    wanted = {key for key, _ in _wanted(allowlist.vendors)}
    missing, foreign = (
        sorted(f"{key[0]}: {key[1]} {key[2]}" for key in keys) for keys in (wanted - there, there - wanted)
    )
    return missing, foreign


_VENDOR: Final = ("name", "home")
_SOURCE: Final = ("vendor_id", "kind", "role", "url", "host", "enabled")
"""The columns of vendors and sources shown in the views."""


def altered(conn: Connection, allowlist: Allowlist) -> list[str]:
    """
    Name the differences of vendors and sources in force from a list: the row, the column and its value.

    Of a list without sources only the vendors are compared.
    """
    vendors = {vendor.id: _vendor_row(vendor) for vendor in allowlist.vendors}
    sources = {source.id: _source_row(source) for source in allowlist.sources}
    wrong = list(_altered(conn, schema.vendors, vendors, _VENDOR))
    return wrong + list(_altered(conn, schema.sources, sources, _SOURCE) if sources else ())


def is_altered(conn: Connection, allowlist: Allowlist) -> bool:
    """Whether the records in force differ from a list."""
    return any(difference(conn, allowlist)) or bool(altered(conn, allowlist))


def _altered(
    conn: Connection, table: Table, wanted: Mapping[str, dict[str, Any]], names: Sequence[str]
) -> Iterator[str]:
    what = table.name.removesuffix("s")
    there = {row.id: row._mapping for row in conn.execute(select(table).where(table.c.until_generation.is_(None)))}  # noqa: SLF001 - by name
    for id_ in sorted({*wanted, *there}):
        if id_ not in there or id_ not in wanted:
            yield f"{what} {id_} ({'missing' if id_ in wanted else 'not in the list'})"
            continue
        for name in names:
            if there[id_][name] != wanted[id_][name]:
                yield f"{what} {id_} ({name} is {there[id_][name]})"


def _scope_key(row: Row[Any]) -> tuple[Any, ...]:
    return (row.vendor_id, *(row._mapping[name] for name in _SCOPE))  # noqa: SLF001 - SQLAlchemy's documented way by name


def _put_sources(conn: Connection, sources: Sequence[Source], number: int) -> None:
    table, states = schema.sources, schema.source_states
    before = dict(iter(conn.execute(select(table.c.id, table.c.url))))
    rows = [_source_row(source) for source in sources]
    _put(conn, table, rows, number)
    leases.add_hosts(conn, {urls.parse(source.url).host for source in sources})
    fresh = [{"source_id": row["id"], "state": State.NEW.value} for row in rows if row["id"] not in before]
    if fresh:
        conn.execute(insert(states), fresh)
    moved = [source.id for source in sources if before.get(source.id, source.url) != source.url]
    for batch in batches(moved):  # what is known of the old address says nothing about the new one
        conn.execute(
            update(states).where(states.c.source_id.in_(batch)).values(next_poll_at=None, consecutive_failures=0)
        )


def _source_row(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "vendor_id": source.vendor_id,
        "kind": source.kind.value,
        "role": source.role.value,
        "url": source.url,
        "host": urls.parse(source.url).host,
        "lang": source.lang,
        "digest": source.digest,
        "enabled": source.enabled,
        "paused": source.rests_because,
        "product": source.product,
    }


# ── stored headlines under the new list ─────────────────────────────────────────────────────────────────────────


_Judged = tuple[str, int, int | None]
"""A headline's id, its revision, and its scope now."""


def _judge(conn: Connection, vendors: list[str], number: int, at: datetime) -> Applied:
    """Judge the headlines and links of some vendors by the scopes now in force, in SQL, by the guards' own words."""
    engine = guards.of(conn.dialect.name)
    holder, official = guards.holder("x", engine), guards.official("x", engine)

    def select_ids(condition: str) -> list[_Judged]:
        query = f"SELECT x.id, x.revision, {holder} FROM headlines x WHERE {_OF_VENDOR} AND {condition} ORDER BY x.id"  # noqa: S608 - made of constants
        return [tuple(row) for row in _for_each(conn, query, vendors)]

    loose = select_ids(f"x.state <> 'revoked' AND NOT {official}")
    back = [row for row in select_ids("x.state = 'revoked'") if row[2] is not None]
    moved = [row for row in loose if row[2] is not None]
    lost = [row for row in loose if row[2] is None]
    addresses = _addresses(conn, lost)
    _write(conn, moved, lambda row: {"scope_id": row[2], "allowlist_generation": number})
    _write(conn, lost, lambda _: {"state": "revoked", "changed_at": at})
    _write(
        conn,
        back,
        lambda row: {"scope_id": row[2], "allowlist_generation": number, "state": schema.STANDING, "changed_at": at},
    )
    links = _judge_links(conn, vendors, holder, official)
    returned = {row[0] for row in back}
    linked = {row[:2] for row in (*links.lost, *links.back) if row[0] not in returned}
    changed = [("revoked", row[:2]) for row in lost] + [("restored", row[:2]) for row in back]
    changes.append(
        conn, [_change(kind, row, number, at) for kind, row in (*changed, *(("linked", row) for row in sorted(linked)))]
    )
    return Applied(
        number,
        reattributed=len(moved),
        revoked=len(lost),
        restored=len(back),
        links_revoked=len(links.lost),
        links_restored=sum(row[0] not in returned for row in links.back),
        addresses=tuple(dict.fromkeys((*addresses, *(url for _, _, url in links.lost))))[:NAMED],
    )


_OF_VENDOR: Final = "x.vendor_id = :vendor"


def _for_each(conn: Connection, statement: str, vendors: list[str]) -> Iterator[Row[Any]]:
    for vendor in vendors:
        yield from conn.execute(text(statement), {"vendor": vendor}).all()


def _change(kind: str, headline: tuple[str, int], number: int, at: datetime) -> dict[str, Any]:
    named = {"headline_id": headline[0], "revision": headline[1]}
    return {"at": at, "kind": kind, **named, "generation": number, "capture_id": None}


def _addresses(conn: Connection, lost: list[_Judged]) -> list[str]:
    table = schema.headlines
    ids = [row[0] for row in lost[:NAMED]]
    return list(conn.execute(select(table.c.url).where(table.c.id.in_(ids)).order_by(table.c.id)).scalars())


def _write(conn: Connection, rows: list[_Judged], values: Callable[[_Judged], dict[str, Any]]) -> None:
    table = schema.headlines
    for row in rows:
        conn.execute(update(table).where(table.c.id == row[0]).values(values(row)))


@dataclass(frozen=True, slots=True)
class _Links:
    """Changed links of visible headlines: id, revision and address."""

    lost: list[tuple[str, int, str]]
    back: list[tuple[str, int, str]]


def _judge_links(conn: Connection, vendors: list[str], holder: str, official: str) -> _Links:
    """
    Attribute links of these vendors to their present scopes. A link without one is revoked, and stays as history.

    The headlines are judged before, so their states are right.
    """
    lost = f"x.state <> 'revoked' AND NOT {official} AND {holder} IS NULL"
    moved = f"x.state <> 'revoked' AND NOT {official} AND {holder} IS NOT NULL"
    back = f"x.state = 'revoked' AND {holder} IS NOT NULL"
    shown = (
        "SELECT h.id, h.revision, x.url FROM links x JOIN headlines h ON h.id = x.headline_id AND h.state <> 'revoked'"  # noqa: S608 - made of constants
        f" WHERE {_OF_VENDOR} AND {{}} ORDER BY h.id, x.url, x.source_id"
    )
    changed = _Links(
        *([tuple(row) for row in _for_each(conn, shown.format(which), vendors)] for which in (lost, back)),
    )
    for values, which in (
        ("state = 'revoked'", lost),
        (f"scope_id = {holder}", moved),
        (f"scope_id = {holder}, state = 'live'", back),
    ):
        for vendor in vendors:
            statement = f"UPDATE links AS x SET {values} WHERE {_OF_VENDOR} AND {which}"  # noqa: S608 - made of constants
            conn.execute(text(statement), {"vendor": vendor})
    return changed
