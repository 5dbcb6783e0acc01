"""Stored facts about the identity of entries: keys, claims, repeats, registered entries. They are read in bulk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, and_, select

from ingest.dedupe import (
    Key,
    Known,
    KnownClaim,
    KnownHeadline,
    Offer,
    headline_id,
    is_settled,
    keys,
    names,
    title_key,
)
from ingest.dedupe import entry_keys as names_of
from ingest.judging.pages import Entitled
from ingest.model import Source
from ingest.store import candidates, schema
from ingest.store.engine import batches


def known(conn: Connection, source: Source, offers: Sequence[Offer]) -> Known:
    """Read all stored facts about some offers of one source. Registered entries concern only those of a list."""
    by_key = _by_key(conn, (key for offer in offers for key in keys(offer, source)))
    entry_keys = names_of(offers)
    if first_fill := _is_first_fill(conn, source):
        claims: dict[str, KnownClaim] = {}
        unsettled = list(zip(offers, entry_keys, strict=True))
    else:
        claims = _claims(conn, source, schema.claims.c.entry_key, entry_keys)
        claims |= _claims(conn, source, schema.claims.c.headline_id, by_key.values())
        unsettled = [
            (offer, name)
            for offer, name in zip(offers, entry_keys, strict=True)
            if name not in claims or not is_settled(claims[name], offer)
        ]
        claims |= _near(conn, source, unsettled)
    waiting = [(offer, name) for offer, name in unsettled if source.opens_pages and not offer.name]
    titled = {} if first_fill else _titled(conn, source, [offer for offer, _ in unsettled])
    claims |= titled
    heads = _headlines(conn, set(by_key.values()) | {claim.headline_id for claim in claims.values()})
    claims_of = _grouped(claims.values(), lambda claim: claim.headline_id)
    others = [
        one
        for one, _ in unsettled
        if any(by_key.get(key, "") in heads.keys() - claims_of.keys() for key in keys(one, source))
    ]
    return Known(
        by_key=by_key,
        headlines=heads,
        claims=claims,
        claims_of=claims_of,
        claims_titled=_grouped(titled.values(), lambda claim: title_key(claim.title)),
        repeats=_repeats(conn, source, [offer for offer, _ in unsettled]),
        noted=candidates.noted(conn, source.id, waiting),
        on_page=_on_page(conn, source, others),
        first_fill=first_fill,
    )


def _near(conn: Connection, source: Source, unsettled: Sequence[tuple[Offer, str]]) -> dict[str, KnownClaim]:
    """Read the claims that share guid, page or name with changed or unknown entries."""
    table = schema.claims
    claims = _claims(
        conn, source, table.c.entry_key, (long for one, name in unsettled for long in names(one, name)[1:])
    )
    claims |= _claims(conn, source, table.c.page, (offer.page for offer, _ in unsettled))
    guids = (offer.candidate.guid for offer, _ in unsettled)
    return claims | _claims(conn, source, table.c.raw_key, (guid for guid in guids if guid is not None))


def _titled(conn: Connection, source: Source, offers: Sequence[Offer]) -> dict[str, KnownClaim]:
    titles = {title_key(offer.candidate.title) for offer in offers if offer.candidate.title}
    return _claims(conn, source, schema.claims.c.title_key, titles)


def _on_page(conn: Connection, source: Source, offers: Sequence[Offer]) -> dict[str, tuple[KnownHeadline, ...]]:
    """Read the headlines of the vendor with links to the addresses of some offers."""
    links, heads = schema.links, schema.headlines
    columns = (heads.c.id, heads.c.source_id, heads.c.title, heads.c.state, heads.c.revision)
    by_address: dict[str, dict[str, KnownHeadline]] = defaultdict(dict)
    for batch in batches(offer.url.text for offer in offers):
        rows = conn.execute(
            select(links.c.url, *columns)
            .join(heads, heads.c.id == links.c.headline_id)
            .where(links.c.url.in_(batch), links.c.vendor_id == source.vendor_id, links.c.rel == "primary")
            .order_by(heads.c.id)
        )
        for row in rows:
            by_address[row.url][row.id] = KnownHeadline(*row[1:])
    return {url: tuple(heads.values()) for url, heads in by_address.items()}


def entitled(conn: Connection, source_id: str, title_original: str, *, besides: str) -> list[Entitled]:
    """List a source's claims with the same original title, except those of one page."""
    table = schema.claims
    mine = and_(table.c.source_id == source_id, table.c.title_original == title_original, table.c.page != besides)
    rows = conn.execute(select(table.c.entry_key, table.c.title).where(mine).order_by(table.c.entry_key))
    return [Entitled(row.entry_key, row.title) for row in rows]


def _grouped(claims: Iterable[KnownClaim], by: Callable[[KnownClaim], str]) -> dict[str, tuple[KnownClaim, ...]]:
    groups: dict[str, list[KnownClaim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: claim.entry_key):
        groups[by(claim)].append(claim)
    return {key: tuple(group) for key, group in groups.items()}


def _by_key(conn: Connection, wanted: Iterable[Key]) -> dict[Key, str]:
    table = schema.headline_keys
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for key in wanted:
        groups[key.owner, key.kind].add(key.value)
    by_key: dict[Key, str] = {}
    for (owner, kind), values in groups.items():
        for batch in batches(values):
            rows = conn.execute(
                select(table.c.value, table.c.headline_id).where(
                    table.c.owner == owner, table.c.kind == kind, table.c.value.in_(batch)
                )
            )
            by_key |= {Key(owner, kind, value): hit for value, hit in rows}  # type: ignore[arg-type]  # kind came from a Key
    return by_key


def _claims(
    conn: Connection, source: Source, column: ColumnElement[str], values: Iterable[str]
) -> dict[str, KnownClaim]:
    """Read this source's claims by one column, by their entry key."""
    table = schema.claims
    names = ("entry_key", "headline_id", "title", "published", "digest", "page", "raw_key", "lang")
    columns = [table.c[name] for name in names]
    claims: dict[str, KnownClaim] = {}
    for batch in batches(values):
        rows = conn.execute(select(*columns).where(table.c.source_id == source.id, column.in_(batch)))
        claims |= {row.entry_key: KnownClaim(*row) for row in rows}
    return claims


def _headlines(conn: Connection, ids: Iterable[str]) -> dict[str, KnownHeadline]:
    table, shown = schema.headlines, schema.revisions
    columns = (table.c.id, shown.c.source_id, table.c.title, table.c.state, table.c.revision)
    newest = and_(shown.c.headline_id == table.c.id, shown.c.revision == table.c.revision)
    by_id: dict[str, KnownHeadline] = {}
    for batch in batches(ids):
        rows = conn.execute(select(*columns).join(shown, newest).where(table.c.id.in_(batch)))
        by_id |= {row.id: KnownHeadline(*row) for row in rows}
    return by_id


def _repeats(conn: Connection, source: Source, offers: Sequence[Offer]) -> dict[str, int]:
    """Count the ids already made from raw keys by this source, for possible new headlines."""
    fresh = {offer.candidate.raw_key for offer in offers}
    counts = dict.fromkeys(fresh, 0)
    table = schema.headlines
    while fresh:
        candidates_of = {
            headline_id(source.vendor_id, source.id, raw_key, counts[raw_key]): raw_key for raw_key in fresh
        }
        taken: set[str] = set()
        for batch in batches(candidates_of):
            taken |= set(conn.execute(select(table.c.id).where(table.c.id.in_(batch))).scalars())
        fresh = {candidates_of[taken_id] for taken_id in taken}
        for raw_key in fresh:
            counts[raw_key] += 1
    return counts


def _is_first_fill(conn: Connection, source: Source) -> bool:
    table = schema.claims
    return conn.execute(select(table.c.entry_key).where(table.c.source_id == source.id).limit(1)).first() is None
