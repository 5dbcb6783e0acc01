"""Stored facts about the identity of entries: keys, claims, repeats, registered entries. They are read in bulk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    or_,
    select,
    union_all,
)

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
from ingest.store.engine import batches, mixed_batches


def known(conn: Connection, source: Source, offers: Sequence[Offer]) -> Known:
    """Read all stored facts about some offers of one source. Registered entries concern only those of a list."""
    by_key = _by_key(conn, (key for offer in offers for key in keys(offer, source)))
    entry_keys = names_of(offers)
    claims = _claims(conn, source, {"entry_key": entry_keys, "headline_id": by_key.values()})
    first_fill = not claims and _is_first_fill(conn, source)
    unsettled = [
        (offer, name)
        for offer, name in zip(offers, entry_keys, strict=True)
        if name not in claims or not is_settled(claims[name], offer)
    ]
    titled: dict[str, KnownClaim] = {}
    if unsettled and not first_fill:
        near, titled = _near(conn, source, unsettled)
        claims |= near
    waiting = [(offer, name) for offer, name in unsettled if source.opens_pages and not offer.name]
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


def _near(
    conn: Connection, source: Source, unsettled: Sequence[tuple[Offer, str]]
) -> tuple[dict[str, KnownClaim], dict[str, KnownClaim]]:
    """Read the claims that share guid, page, name or title with changed or unknown entries, and those by title."""
    offers = [offer for offer, _ in unsettled]
    titles = {title_key(offer.candidate.title) for offer in offers if offer.candidate.title}
    wanted = {
        "entry_key": [long for one, name in unsettled for long in names(one, name)[1:]],
        "page": [offer.page for offer in offers],
        "raw_key": [offer.candidate.guid for offer in offers if offer.candidate.guid is not None],
        "title_key": titles,
    }
    near = _claims(conn, source, wanted)
    return near, {name: claim for name, claim in near.items() if title_key(claim.title) in titles}


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
    groups: dict[str, list[Key]] = defaultdict(list)
    for key in wanted:
        groups[f"{key.kind} {key.owner}"].append(key)
    by_key: dict[Key, str] = {}
    for batch in mixed_batches({group: [key.value for key in keys_of] for group, keys_of in groups.items()}):
        parameters: dict[str, object] = {}
        for number, (group, values) in enumerate(batch.items()):
            key = groups[group][0]
            parameters |= {f"owner_{number}": key.owner, f"kind_{number}": key.kind, f"values_{number}": values}
        rows = conn.execute(_look_up(len(batch)), parameters)
        by_key |= {Key(row.owner, row.kind, row.value): row.headline_id for row in rows}
    return by_key


@cache
def _look_up(groups: int) -> CompoundSelect[Any]:
    """Build one look-up for each owner and kind of key."""
    table = schema.headline_keys
    columns = (table.c.owner, table.c.kind, table.c.value, table.c.headline_id)
    return union_all(
        *(
            select(*columns).where(
                table.c.owner == bindparam(f"owner_{number}"),
                table.c.kind == bindparam(f"kind_{number}"),
                table.c.value.in_(bindparam(f"values_{number}", expanding=True)),
            )
            for number in range(groups)
        )
    )


def _claims(conn: Connection, source: Source, wanted: Mapping[str, Iterable[str]]) -> dict[str, KnownClaim]:
    """
    Read this source's claims, by their entry key.

    Args:
        wanted: Values by column. A claim with any of them is read.
    """
    claims: dict[str, KnownClaim] = {}
    for batch in mixed_batches(wanted):
        rows = conn.execute(_claims_by(tuple(batch)), {"source": source.id, **batch})
        claims |= {row.entry_key: KnownClaim(*row) for row in rows}
    return claims


_SCANNED: Final = frozenset({"page", "raw_key"})
"""Columns of claims without an index. One scan of the source's claims serves all of them."""


@cache
def _claims_by(columns: tuple[str, ...]) -> CompoundSelect[Any]:
    table = schema.claims
    names = ("entry_key", "headline_id", "title", "published", "digest", "page", "raw_key", "lang")
    held: dict[str, ColumnElement[bool]] = {
        name: table.c[name].in_(bindparam(name, expanding=True)) for name in columns
    }
    conditions = [condition for name, condition in held.items() if name not in _SCANNED]
    scanned = [condition for name, condition in held.items() if name in _SCANNED]
    conditions += [or_(*scanned)] if scanned else []
    mine = table.c.source_id == bindparam("source")
    return union_all(*(select(*(table.c[name] for name in names)).where(mine, each) for each in conditions))


def _headlines(conn: Connection, ids: Iterable[str]) -> dict[str, KnownHeadline]:
    by_id: dict[str, KnownHeadline] = {}
    for batch in batches(ids):
        by_id |= {row.id: KnownHeadline(*row) for row in conn.execute(_standing(), {"ids": batch})}
    return by_id


@cache
def _standing() -> Select[Any]:
    """Build the statement for headlines with the source of their newest revision."""
    table, shown = schema.headlines, schema.revisions
    columns = (table.c.id, shown.c.source_id, table.c.title, table.c.state, table.c.revision)
    newest = and_(shown.c.headline_id == table.c.id, shown.c.revision == table.c.revision)
    return select(*columns).join(shown, newest).where(table.c.id.in_(bindparam("ids", expanding=True)))


def _repeats(conn: Connection, source: Source, offers: Sequence[Offer]) -> dict[str, int]:
    """Count the ids already made from raw keys by this source, for possible new headlines."""
    fresh = {offer.candidate.raw_key for offer in offers}
    counts = dict.fromkeys(fresh, 0)
    while fresh:
        candidates_of = {
            headline_id(source.vendor_id, source.id, raw_key, counts[raw_key]): raw_key for raw_key in fresh
        }
        taken: set[str] = set()
        for batch in batches(candidates_of):
            taken |= set(conn.execute(_ids(), {"ids": batch}).scalars())
        fresh = {candidates_of[taken_id] for taken_id in taken}
        for raw_key in fresh:
            counts[raw_key] += 1
    return counts


@cache
def _ids() -> Select[Any]:
    table = schema.headlines
    return select(table.c.id).where(table.c.id.in_(bindparam("ids", expanding=True)))


def _is_first_fill(conn: Connection, source: Source) -> bool:
    return conn.execute(_any_claim(), {"source": source.id}).first() is None


@cache
def _any_claim() -> Select[Any]:
    table = schema.claims
    return select(table.c.entry_key).where(table.c.source_id == bindparam("source")).limit(1)
