"""
Headlines and what hangs on them: keys, claims, revisions, links and stories, read and written in bulk.

A document of any size costs a fixed number of statements (a few more for every 500 entries), never one an entry.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, update

from ingest.dedupe import (
    Decision,
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
from ingest.model import Capture, Fate, Grant, Source
from ingest.store import candidates, changes, schema
from ingest.store.engine import batches, json_text, upsert

Row = dict[str, Any]

# ── what is known ───────────────────────────────────────────────────────────────────────────────────────────────


def known(conn: Connection, source: Source, offers: Sequence[Offer]) -> Known:
    """Read everything stored that these offers of one source could touch; what was noted, only of a list's entries."""
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
    """Read the claims that share guid, page or name with entries which are not simply those of before."""
    table = schema.claims
    found = _claims(conn, source, table.c.entry_key, (long for one, name in unsettled for long in names(one, name)[1:]))
    found |= _claims(conn, source, table.c.page, (offer.page for offer, _ in unsettled))
    guids = (offer.candidate.guid for offer, _ in unsettled)
    return found | _claims(conn, source, table.c.raw_key, (guid for guid in guids if guid is not None))


def _titled(conn: Connection, source: Source, offers: Sequence[Offer]) -> dict[str, KnownClaim]:
    titles = {title_key(offer.candidate.title) for offer in offers if offer.candidate.title}
    return _claims(conn, source, schema.claims.c.title_key, titles)


def _on_page(conn: Connection, source: Source, offers: Sequence[Offer]) -> dict[str, tuple[KnownHeadline, ...]]:
    """Read the headlines of the vendor that link to the addresses of some offers."""
    links, heads = schema.links, schema.headlines
    columns = (heads.c.id, heads.c.source_id, heads.c.title, heads.c.state, heads.c.revision)
    found: dict[str, dict[str, KnownHeadline]] = defaultdict(dict)
    for batch in batches(offer.url.text for offer in offers):
        rows = conn.execute(
            select(links.c.url, *columns)
            .join(heads, heads.c.id == links.c.headline_id)
            .where(links.c.url.in_(batch), links.c.vendor_id == source.vendor_id, links.c.rel == "primary")
            .order_by(heads.c.id)
        )
        for row in rows:
            found[row.url][row.id] = KnownHeadline(*row[1:])
    return {url: tuple(heads.values()) for url, heads in found.items()}


def entitled(conn: Connection, source_id: str, title_original: str, *, besides: str) -> list[tuple[str, str]]:
    """List name and title of a source's claims whose title was written so, but those of one page."""
    table = schema.claims
    mine = and_(table.c.source_id == source_id, table.c.title_original == title_original, table.c.page != besides)
    rows = conn.execute(select(table.c.entry_key, table.c.title).where(mine).order_by(table.c.entry_key))
    return [(row.entry_key, row.title) for row in rows]


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
    found: dict[Key, str] = {}
    for (owner, kind), values in groups.items():
        for batch in batches(values):
            rows = conn.execute(
                select(table.c.value, table.c.headline_id).where(
                    table.c.owner == owner, table.c.kind == kind, table.c.value.in_(batch)
                )
            )
            found |= {Key(owner, kind, value): hit for value, hit in rows}  # type: ignore[arg-type]  # kind came from a Key
    return found


def _claims(
    conn: Connection, source: Source, column: ColumnElement[str], values: Iterable[str]
) -> dict[str, KnownClaim]:
    """Read this source's claims by one column, by their entry key."""
    table = schema.claims
    names = ("entry_key", "headline_id", "title", "published", "digest", "page", "raw_key", "lang")
    columns = [table.c[name] for name in names]
    found: dict[str, KnownClaim] = {}
    for batch in batches(values):
        rows = conn.execute(select(*columns).where(table.c.source_id == source.id, column.in_(batch)))
        found |= {row.entry_key: KnownClaim(*row) for row in rows}
    return found


def _headlines(conn: Connection, ids: Iterable[str]) -> dict[str, KnownHeadline]:
    table = schema.headlines
    columns = (table.c.id, table.c.source_id, table.c.title, table.c.state, table.c.revision)
    found: dict[str, KnownHeadline] = {}
    for batch in batches(ids):
        rows = conn.execute(select(*columns).where(table.c.id.in_(batch)))
        found |= {row.id: KnownHeadline(*row) for row in rows}
    return found


def _repeats(conn: Connection, source: Source, offers: Sequence[Offer]) -> dict[str, int]:
    """Count, for raw keys that may need a new headline, how many ids this source has already made from them."""
    fresh = {offer.candidate.raw_key for offer in offers}
    counts = dict.fromkeys(fresh, 0)
    table = schema.headlines
    while fresh:
        made = {headline_id(source.vendor_id, source.id, raw_key, counts[raw_key]): raw_key for raw_key in fresh}
        taken: set[str] = set()
        for batch in batches(made):
            taken |= set(conn.execute(select(table.c.id).where(table.c.id.in_(batch))).scalars())
        fresh = {made[found] for found in taken}
        for raw_key in fresh:
            counts[raw_key] += 1
    return counts


def _is_first_fill(conn: Connection, source: Source) -> bool:
    table = schema.claims
    return conn.execute(select(table.c.entry_key).where(table.c.source_id == source.id).limit(1)).first() is None


# ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes: the source, the capture that says so, the generation and rules it was judged by."""

    source: Source
    capture: Capture
    generation: int
    rules_version: str

    @property
    def at(self) -> datetime:
        """Our clock when the document was fetched: a replay writes the same times."""
        return self.capture.fetched_at


def apply(conn: Connection, decisions: Sequence[Decision], writing: Writing) -> None:
    """
    Write what was decided about one document; the change log last, as its lock is held to the end.

    Errors:
        PolicyGuardError: the database refuses a record that the policy admitted.
    """
    scopes = _scope_ids(conn, writing.source.vendor_id)
    created = [decision for decision in decisions if decision.fate is Fate.CREATED]
    revised = [decision for decision in decisions if decision.fate is Fate.REVISED]
    duplicates = [decision for decision in decisions if decision.fate is Fate.DUPLICATE and decision.claim_changed]
    _insert(conn, schema.stories, [_story_row(decision, writing) for decision in created])
    _insert(conn, schema.headlines, [_headline_row(decision, writing, scopes) for decision in created])
    _revise(conn, revised, writing, scopes)
    _insert(conn, schema.revisions, [_revision_row(decision, writing) for decision in created + revised])
    _insert(conn, schema.headline_keys, list(_key_rows(decisions, writing)))
    _claim(conn, decisions, writing)
    linked = _link(conn, created + revised, duplicates, writing, scopes)
    _see(conn, decisions, writing)
    changes.append(conn, _change_rows(created, revised, linked, writing))


def _insert(conn: Connection, table: Any, rows: list[Row]) -> None:  # noqa: ANN401 - a Table; SQLAlchemy types the rows
    if rows:
        conn.execute(table.insert(), rows)


def _scope_ids(conn: Connection, vendor_id: str) -> dict[str, int]:
    table = schema.scopes
    rows = conn.execute(
        select(table.c.text, table.c.id).where(
            table.c.vendor_id == vendor_id, table.c.grant == Grant.OFFICIAL, table.c.until_generation.is_(None)
        )
    )
    return dict(iter(rows))


def _address(offer: Offer, writing: Writing, scopes: dict[str, int]) -> Row:
    return {
        "vendor_id": writing.source.vendor_id,
        "url": offer.url.text,
        "host": offer.url.host,
        "path": offer.url.path,
        "suffix": offer.url.suffix,
        "scope_id": scopes[offer.scope.text],
    }


def _shown(offer: Offer) -> Row:
    candidate = offer.candidate
    return {
        "title": candidate.title,
        "summary": candidate.summary,
        "lang": candidate.lang,
        "categories": json_text(list(candidate.categories)),
        "published": candidate.published.value,
        "published_precision": candidate.published.precision.value,
    }


def _story_id(headline: str) -> str:
    return "s" + headline[1:]


def _story_row(decision: Decision, writing: Writing) -> Row:
    return {
        "id": _story_id(decision.headline_id),
        "vendor_id": writing.source.vendor_id,
        "headline_id": decision.headline_id,
        "created_at": writing.at,
    }


def _headline_row(decision: Decision, writing: Writing, scopes: dict[str, int]) -> Row:
    return {
        "id": decision.headline_id,
        "story_id": _story_id(decision.headline_id),
        "source_id": writing.source.id,
        "raw_key": decision.offer.candidate.raw_key,
        "repeat": decision.repeat,
        "first_seen_at": writing.at,
        "changed_at": writing.at,
        "revision": decision.revision,
        "backfill": decision.backfill,
        "state": "live",
        "withdrawn": False,
        "allowlist_generation": writing.generation,
        "capture_id": writing.capture.id,
        **_address(decision.offer, writing, scopes),
        **_shown(decision.offer),
    }


def _revise(conn: Connection, revised: list[Decision], writing: Writing, scopes: dict[str, int]) -> None:
    """Show the new claim; the columns of the address are all set, so that the guard looks at every revision."""
    if not revised:
        return
    table = schema.headlines
    rows = [
        {
            "b_id": decision.headline_id,
            "revision": decision.revision,
            "changed_at": writing.at,
            "allowlist_generation": writing.generation,
            **_address(decision.offer, writing, scopes),
            **_shown(decision.offer),
        }
        for decision in revised
    ]
    values: Row = {name: bindparam(name) for name in rows[0] if name != "b_id"} | {"state": schema.STANDING}
    conn.execute(update(table).where(table.c.id == bindparam("b_id")).values(values), rows)


def _revision_row(decision: Decision, writing: Writing) -> Row:
    return {
        "headline_id": decision.headline_id,
        "revision": decision.revision,
        "at": writing.at,
        "source_id": writing.source.id,
        "capture_id": writing.capture.id,
        "generation": writing.generation,
        "rules_version": writing.rules_version,
        "url": decision.offer.url.text,
        **_shown(decision.offer),
    }


def _key_rows(decisions: Iterable[Decision], writing: Writing) -> Iterator[Row]:
    for decision in decisions:
        for key in decision.new_keys:
            yield {
                "owner": key.owner,
                "kind": key.kind,
                "value": key.value,
                "headline_id": decision.headline_id,
                "first_seen_at": writing.at,
                "capture_id": writing.capture.id,
            }


def _claim(conn: Connection, decisions: Iterable[Decision], writing: Writing) -> None:
    """Remember what the source now says of each entry; its first words keep their `first_seen_at`."""
    rows = [
        {
            "source_id": writing.source.id,
            "entry_key": decision.entry_key,
            "headline_id": decision.headline_id,
            "digest": decision.claim_digest,
            "raw_key": decision.offer.candidate.raw_key,
            "title_original": decision.offer.candidate.title_original,
            "url": decision.offer.url.text,
            "page": decision.offer.page,
            "title_key": title_key(decision.offer.candidate.title),
            "published_raw": decision.offer.candidate.published.raw,
            "updated": decision.offer.candidate.updated.value,
            "updated_raw": decision.offer.candidate.updated.raw,
            "first_seen_at": writing.at,
            "last_seen_at": writing.at,
            "capture_id": writing.capture.id,
            **_shown(decision.offer),
        }
        for decision in decisions
        if decision.claim_changed
    ]
    if rows:
        upsert(conn, schema.claims, rows, key=("source_id", "entry_key"), keep=("first_seen_at",))


def _link(
    conn: Connection, shown: list[Decision], duplicates: list[Decision], writing: Writing, scopes: dict[str, int]
) -> list[Decision]:
    """Keep every official address; returns the duplicates whose link is new."""
    table = schema.links
    moved = [decision for decision in shown if decision.fate is Fate.REVISED]
    if moved:
        away = and_(
            table.c.headline_id == bindparam("b_id"), table.c.rel == "primary", table.c.url != bindparam("b_url")
        )
        rows = [{"b_id": decision.headline_id, "b_url": decision.offer.url.text} for decision in moved]
        conn.execute(update(table).where(away).values(rel="alternate"), rows)
    fresh = _without_link(conn, duplicates, writing)
    rows = [_link_row(decision, writing, scopes, "primary") for decision in shown]
    rows += [_link_row(decision, writing, scopes, "alternate") for decision in fresh]
    rows += [row for decision in shown for row in _alternate_rows(decision, writing, scopes)]
    if rows:
        once = {
            (row["headline_id"], row["url"]): row for row in reversed(rows)
        }  # what is primary is no alternate besides
        upsert(conn, table, list(once.values()), key=("headline_id", "url", "source_id"), keep=("first_seen_at",))
    return fresh


def _without_link(conn: Connection, duplicates: list[Decision], writing: Writing) -> list[Decision]:
    table = schema.links
    ids = {decision.headline_id for decision in duplicates}
    there: set[tuple[str, str]] = set()
    for batch in batches(ids):
        rows = conn.execute(
            select(table.c.headline_id, table.c.url).where(
                table.c.source_id == writing.source.id, table.c.headline_id.in_(batch)
            )
        )
        there |= {(row.headline_id, row.url) for row in rows}
    fresh = {
        (decision.headline_id, decision.offer.url.text): decision
        for decision in reversed(duplicates)
        if (decision.headline_id, decision.offer.url.text) not in there
    }
    return list(reversed(fresh.values()))


def _alternate_rows(decision: Decision, writing: Writing, scopes: dict[str, int]) -> Iterator[Row]:
    """Keep the other languages of a page that was opened."""
    for lang, url, scope in decision.offer.alternates:
        row = _link_row(decision, writing, scopes, "alternate")
        parts = {"url": url.text, "host": url.host, "path": url.path, "suffix": url.suffix}
        yield {**row, **parts, "scope_id": scopes[scope.text], "lang": lang}


def _link_row(decision: Decision, writing: Writing, scopes: dict[str, int], rel: str) -> Row:
    return {
        "headline_id": decision.headline_id,
        "rel": rel,
        "lang": decision.offer.candidate.lang,
        "source_id": writing.source.id,
        "first_seen_at": writing.at,
        "last_seen_at": writing.at,
        **_address(decision.offer, writing, scopes),
    }


def _see(conn: Connection, decisions: Iterable[Decision], writing: Writing) -> None:
    """Note that the source still lists its known entries: one statement a table, whatever their number."""
    seen = {decision.headline_id for decision in decisions if decision.fate in {Fate.SEEN, Fate.DUPLICATE}}
    for table in (schema.claims, schema.links):
        for batch in batches(seen):
            mine = and_(table.c.source_id == writing.source.id, table.c.headline_id.in_(batch))
            conn.execute(update(table).where(mine).values(last_seen_at=writing.at))


def _change_rows(
    created: list[Decision], revised: list[Decision], linked: list[Decision], writing: Writing
) -> list[Row]:
    kinds = [("created", decision) for decision in created]
    kinds += [("restored" if decision.restores else "revised", decision) for decision in revised]
    kinds += [("linked", decision) for decision in linked]
    return [
        {
            "at": writing.at,
            "kind": kind,
            "headline_id": decision.headline_id,
            "revision": decision.revision,
            "generation": writing.generation,
            "capture_id": writing.capture.id,
        }
        for kind, decision in kinds
    ]
