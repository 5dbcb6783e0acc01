"""
Headlines with their keys, claims, revisions, links and stories, written in bulk.

A document of any size costs a fixed number of statements (a few more for every 500 entries), never one an entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Insert, Select, Table, Update, and_, bindparam, insert, select, update

from ingest.dedupe import Decision, Offer, title_key
from ingest.model import Capture, EntryOutcome, Grant, Source
from ingest.store import changes, schema
from ingest.store.engine import batches, json_text, upsert

Row = dict[str, Any]

_UNCHANGED: Final = frozenset({EntryOutcome.SEEN, EntryOutcome.DUPLICATE})
"""Fates without a change of the headline. A claim may still bring a new address."""

# ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Writing:
    """The author of a write: the source and the capture, with the generation and the rules used."""

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
    Write the decisions about one document. The change log comes last, as its lock is held to the end.

    Raises:
        PolicyGuardError: The database refuses a record admitted by the policy.
    """
    is_changed = any(decision.claim_changed for decision in decisions)
    scopes = _scope_ids(conn, writing.source.vendor_id) if is_changed else {}
    created = [decision for decision in decisions if decision.fate is EntryOutcome.CREATED]
    revised = [decision for decision in decisions if decision.fate is EntryOutcome.REVISED]
    others = [decision for decision in decisions if decision.fate in _UNCHANGED and decision.claim_changed]
    _insert(conn, schema.stories, [_story_row(decision, writing) for decision in created])
    _insert(conn, schema.headlines, [_headline_row(decision, writing, scopes) for decision in created])
    _revise(conn, revised, writing, scopes)
    _insert(conn, schema.revisions, [_revision_row(decision, writing) for decision in created + revised])
    _insert(conn, schema.headline_keys, list(_key_rows(decisions, writing)))
    _claim(conn, decisions, writing)
    linked = _link(conn, created + revised, others, writing, scopes)
    see(conn, {decision.headline_id for decision in decisions if decision.fate in _UNCHANGED}, writing)
    changes.append(conn, _change_rows(created, revised, linked, writing))


def _insert(conn: Connection, table: Table, rows: list[Row]) -> None:
    if rows:
        conn.execute(_insertion(table), rows)


@cache
def _insertion(table: Table) -> Insert:
    return insert(table)


def _scope_ids(conn: Connection, vendor_id: str) -> dict[str, int]:
    return dict(iter(conn.execute(_official_scopes(), {"vendor": vendor_id})))


@cache
def _official_scopes() -> Select[Any]:
    table = schema.scopes
    return select(table.c.text, table.c.id).where(
        table.c.vendor_id == bindparam("vendor"), table.c.grant == Grant.OFFICIAL, table.c.until_generation.is_(None)
    )


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
    """Show the new claim. All columns of the address are set, so that the guard judges every revision."""
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
    """Store the present claim of each entry. A known claim keeps its `first_seen_at`."""
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
    conn: Connection, shown: list[Decision], others: list[Decision], writing: Writing, scopes: dict[str, int]
) -> list[Decision]:
    """Store every official address, and return the decisions with a new link to an unchanged headline."""
    table = schema.links
    moved = [decision for decision in shown if decision.fate is EntryOutcome.REVISED]
    if moved:
        away = and_(
            table.c.headline_id == bindparam("b_id"), table.c.rel == "primary", table.c.url != bindparam("b_url")
        )
        rows = [{"b_id": decision.headline_id, "b_url": decision.offer.url.text} for decision in moved]
        conn.execute(update(table).where(away).values(rel="alternate"), rows)
    fresh = _without_link(conn, others, writing)
    rows = [_link_row(decision, writing, scopes, "primary") for decision in shown]
    rows += [_link_row(decision, writing, scopes, "alternate") for decision in fresh]
    rows += [row for decision in shown for row in _alternate_rows(decision, writing, scopes)]
    if rows:
        once = {
            (row["headline_id"], row["url"]): row for row in reversed(rows)
        }  # what is primary is no alternate besides
        upsert(conn, table, list(once.values()), key=("headline_id", "url", "source_id"), keep=("first_seen_at",))
    return fresh


def _without_link(conn: Connection, others: list[Decision], writing: Writing) -> list[Decision]:
    table = schema.links
    ids = {decision.headline_id for decision in others}
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
        for decision in reversed(others)
        if (decision.headline_id, decision.offer.url.text) not in there
    }
    return list(reversed(fresh.values()))


def _alternate_rows(decision: Decision, writing: Writing, scopes: dict[str, int]) -> Iterator[Row]:
    """Yield links to the other languages of an opened page."""
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
        "state": "live",
        **_address(decision.offer, writing, scopes),
    }


def see(conn: Connection, headline_ids: Iterable[str], writing: Writing) -> None:
    """Note that the source still lists the entries of some headlines, in one statement a table."""
    for batch in batches(headline_ids):
        for table in (schema.claims, schema.links):
            conn.execute(_sighting(table), {"source": writing.source.id, "ids": batch, "at": writing.at})


@cache
def _sighting(table: Table) -> Update:
    mine = and_(table.c.source_id == bindparam("source"), table.c.headline_id.in_(bindparam("ids", expanding=True)))
    return update(table).where(mine).values(last_seen_at=bindparam("at"))


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
            "story_id": _story_id(decision.headline_id) if kind == "created" else None,
            "revision": decision.revision,
            "generation": writing.generation,
            "capture_id": writing.capture.id,
        }
        for kind, decision in kinds
    ]
