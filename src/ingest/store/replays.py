"""The database side of a replay: the evidence in order, its copy, and the comparison of two contents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, func, insert, select, text

from ingest.model import Outcome
from ingest.store import schema
from ingest.store.engine import json_text

_READ: Final = (Outcome.OK.value, Outcome.BROKEN.value, Outcome.BLOCKED.value)


@dataclass(frozen=True, slots=True)
class PastList:
    """A list once in force, with the circumstances of its application."""

    number: int
    text: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One reading poll: its capture, its list and its time, with `kind`, `url` and `rule` of `polls.Circumstances`."""

    poll_id: int
    source_id: str
    kind: str
    url: str
    rule: str
    capture_id: int
    generation: int
    at: datetime


def generations(conn: Connection) -> list[PastList]:
    """List all lists once in force, in order."""
    table = schema.generations
    rows = conn.execute(select(table).order_by(table.c.number))
    names = ("at", "by", "why", "rules_version", "confirmed")
    return [PastList(row.number, row.text, {name: row._mapping[name] for name in names}) for row in rows]  # noqa: SLF001 - by name


def events(conn: Connection) -> Iterator[Event]:
    """List the reading polls, in the order in which their documents were written."""
    table = schema.polls
    names = ("id", "source_id", "kind", "url", "rule", "capture_id", "generation", "started_at")
    rows = conn.execute(
        select(*(table.c[name] for name in names))
        .where(table.c.capture_id.is_not(None), table.c.outcome.in_(_READ))
        .order_by(table.c.id)
    )
    return (Event(*row) for row in rows.all())


def last_poll_at(conn: Connection) -> datetime | None:
    """Give when the last poll began: its round had settled stories by then."""
    last: datetime | None = conn.execute(select(func.max(schema.polls.c.started_at))).scalar_one()
    return last


def copy_capture(origin: Connection, target: Connection, capture_id: int) -> None:
    """Copy a capture and its unread predecessors with their payloads, under the same numbers."""
    chain: list[Row[Any]] = []
    table = schema.captures
    wanted: int | None = capture_id
    while wanted is not None and target.execute(select(table.c.id).where(table.c.id == wanted)).first() is None:
        chain.append(origin.execute(select(table).where(table.c.id == wanted)).one())
        wanted = chain[-1].previous_id
    for row in reversed(chain):
        _copy_payload(origin, target, row.wire_digest)
        target.execute(insert(table).values(dict(row._mapping)))  # noqa: SLF001 - by name


def _copy_payload(origin: Connection, target: Connection, digest: str) -> None:
    table = schema.payloads
    if target.execute(select(table.c.digest).where(table.c.digest == digest)).first() is None:
        row = origin.execute(select(table).where(table.c.digest == digest)).one()
        target.execute(insert(table).values(dict(row._mapping)))  # noqa: SLF001 - by name


def copy_poll(origin: Connection, target: Connection, poll_id: int, tally: Mapping[str, int]) -> None:
    """Copy a poll under the same number, with the tally of the replay."""
    table = schema.polls
    row = origin.execute(select(table).where(table.c.id == poll_id)).one()
    target.execute(insert(table).values({**row._mapping, **tally, "entries": sum(tally.values())}))  # noqa: SLF001 - by name


def finish(target: Connection) -> None:
    """Let later numbers follow the copied ones. SQLite does so by itself."""
    if target.dialect.name == "postgresql":
        for table in ("captures", "polls"):
            newest = f"(SELECT coalesce(max(id), 1) FROM {table})"  # noqa: S608 - our own names
            target.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {newest})"))


# ── comparing ───────────────────────────────────────────────────────────────────────────────────────────────────

_CONTENT: Final[Mapping[Table, tuple[tuple[str, ...], frozenset[str]]]] = {
    # The key by which rows are matched, and what is no content: row numbers of their own, and how often we looked.
    schema.headlines: (("id",), frozenset()),
    schema.revisions: (("headline_id", "revision"), frozenset({"rules_version"})),
    schema.links: (("headline_id", "url", "source_id"), frozenset()),
    schema.claims: (("source_id", "entry_key"), frozenset()),
    schema.headline_keys: (("owner", "kind", "value"), frozenset()),
    # A story is drawn as its headlines come and its days settle, so the same one may have been reached on another way.
    schema.stories: (("id",), frozenset({"created_at"})),
    schema.story_joins: (("headline_id",), frozenset({"joined_at"})),
    schema.story_languages: (("story_id", "lang"), frozenset()),
    schema.candidates: (
        ("source_id", "entry_key"),
        frozenset({"id", "attempts", "next_try_at", "last_error", "lease_owner", "lease_until", "lease_token"}),
    ),
    schema.rejections: (("source_id", "raw_key", "reason"), frozenset({"id", "times"})),
    schema.changes: (("headline_id", "kind", "revision", "at", "capture_id"), frozenset({"seq", "story_id"})),
}

_ON_THE_WAY: Final = ("merged", "split")
"""Changes about the way a story was made, not about its content."""


@dataclass(frozen=True, slots=True)
class RecordDifference:
    """One differing record, with its fields as (name, stored, replayed), or none where one side lacks the record."""

    table: str
    key: str
    fields: tuple[tuple[str, Any, Any], ...]
    missing: str = ""


def differences(stored: Connection, replayed: Connection) -> Iterator[RecordDifference]:
    """Compare all visible records."""
    for table, (key, ignored) in _CONTENT.items():
        before, after = _digests(stored, table, key, ignored), _digests(replayed, table, key, ignored)
        for name in sorted(before.keys() | after.keys()):
            if name not in after or name not in before:
                side = "replayed" if name not in after else "stored"
                yield RecordDifference(table.name, " ".join(map(str, name)), (), missing=side)
            elif before[name] != after[name]:
                one, other = (_row(conn, table, key, name) for conn in (stored, replayed))
                yield RecordDifference(table.name, " ".join(map(str, name)), _unlike(one, other, ignored))


_Key = tuple[str, ...]


def _digests(conn: Connection, table: Table, key: tuple[str, ...], ignored: frozenset[str]) -> dict[_Key, bytes]:
    """Digest every row by its key. A table of a million rows takes about 200 MB."""
    columns = sorted(column.name for column in table.c if column.name not in ignored)
    digests: dict[_Key, bytes] = {}
    query = select(*(table.c[name] for name in columns))
    if table is schema.changes:
        query = query.where(table.c.kind.not_in(_ON_THE_WAY))
    for row in conn.execute(query).yield_per(1000):
        values = {name: _text(value) for name, value in row._mapping.items()}  # noqa: SLF001 - by name
        digest = hashlib.sha256(json_text(values).encode("utf-8", "surrogatepass")).digest()
        digests[tuple(values[name] for name in key)] = digest
    return digests


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _row(conn: Connection, table: Table, key: tuple[str, ...], name: _Key) -> Row[Any]:
    wanted = [table.c[column] for column in key]
    rows = conn.execute(
        select(table).where(*(column == value for column, value in zip(wanted[:1], name[:1], strict=True)))
    )
    return next(row for row in rows if tuple(_text(row._mapping[column]) for column in key) == name)  # noqa: SLF001 - by name


def _unlike(before: Row[Any], after: Row[Any], ignored: frozenset[str]) -> tuple[tuple[str, Any, Any], ...]:
    pairs = ((name, value, after._mapping[name]) for name, value in before._mapping.items() if name not in ignored)  # noqa: SLF001 - by name
    return tuple(pair for pair in pairs if _text(pair[1]) != _text(pair[2]))
