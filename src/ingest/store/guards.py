"""
The official-only rule written once more, in SQL: triggers that no INSERT or UPDATE gets past (docs/decisions/0002).

It is made from one template for both engines, over the parts of the stored address and the scopes in force, and shares
no code with `policy`; tests/policy/urls.yaml runs against both. Beyond `policy` it insists on the normal form, because raw
SQL does not come through `urls`: an escape that need not be one would dodge an exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ingest.urls import OBSCURE

MARK: Final = "ingest-policy"
"""What every message of the guards begins with."""

_ADDRESS: Final = ("vendor_id", "url", "host", "path", "suffix", "scope_id")
_TABLES: Final = {
    # What an update must leave as it is to pass unjudged. A headline that is only marked as revoked leaves the views.
    "headlines": (*_ADDRESS, "source_id"),
    "links": (*_ADDRESS, "source_id", "headline_id"),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    What the engines spell differently.

    `odd_escape` says whether text (`{0}`) holds an escape that RFC 3986 §6.2.2 would write otherwise: lower-case digits, a
    letter, digit or `-._~` escaped, or a percent sign that begins no escape. `typed` insists on text where a column takes any
    type. `lower` and `upper` are those of ASCII, whatever the database's locale.
    """

    position: str
    lower: str
    upper: str
    odd_escape: str
    typed: str


# Ranges of GLOB and of PostgreSQL's regular expressions go by code point in ASCII under the "C" collation.
_GLOBS: Final = (
    *("*%", "*%?", "*%[^0-9A-F]*", "*%?[^0-9A-F]*"),
    *("*%2[DE]*", "*%3[0-9]*", "*%[46][1-9A-F]*", "*%[57][0-9A]*", "*%5F*", "*%7E*"),
)
_SQLITE: Final = Dialect(
    position="instr",
    lower="lower({0})",
    upper="upper({0})",
    odd_escape="(" + " OR ".join(f"{{0}} GLOB '{glob}'" for glob in _GLOBS) + ")",
    typed=" AND ".join(f"typeof({{row}}.{name}) = 'text'" for name in ("url", "host", "path", "suffix")),
)
_POSTGRESQL: Final = Dialect(
    position="strpos",
    lower='lower({0} COLLATE "C")',
    upper='upper({0} COLLATE "C")',
    odd_escape=("({0} COLLATE \"C\" ~ '%([^0-9A-F]|.[^0-9A-F]|.?$|2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)')"),
    typed="TRUE",
)


def of(dialect: str) -> Dialect:
    """Choose by SQLAlchemy's name of the engine."""
    return _POSTGRESQL if dialect == "postgresql" else _SQLITE


# ── the rule over one row ───────────────────────────────────────────────────────────────────────────────────────


def official(row: str, engine: Dialect) -> str:
    """Say whether the scope that a row names admits it and nothing denies it; `row` is NEW or an alias."""
    held = f"s.id = {row}.scope_id AND {_grants('s', row, engine)}"
    return (
        f"({engine.typed.format(row=row)}"
        f" AND NOT {engine.odd_escape.format(f'{row}.path')} AND NOT {engine.odd_escape.format(f'{row}.suffix')}"
        f" AND EXISTS (SELECT 1 FROM scopes s WHERE {held})"
        f" AND NOT EXISTS (SELECT 1 FROM scopes s WHERE {_denies('s', row, engine)}))"
    )


def holder(row: str, engine: Dialect) -> str:
    """Give the scope in force that would admit a row, whatever scope it names; NULL where none does or one denies it."""
    return (
        f"(SELECT min(s.id) FROM scopes s WHERE {_grants('s', row, engine)}"
        f" AND NOT EXISTS (SELECT 1 FROM scopes d WHERE {_denies('d', row, engine)}))"
    )


def _grants(scope: str, row: str, engine: Dialect) -> str:
    path = _path(scope, row, engine)
    inside = f"({scope}.path_match = 'any' OR (NOT {_obscure(row, engine)} AND {_holds(scope, path, engine)}))"
    return f"{scope}.\"grant\" = 'official' AND {_speaks_of(scope, row)} AND {_query(scope, row)} AND {inside}"


def _denies(scope: str, row: str, engine: Dialect) -> str:
    """
    An exception that holds the address, `!h/p/` also `h/p`; or an obscure path where the list goes by path.

    The second half is `policy`'s rule `encoded-separator`: segments that servers could read differently are in no list.
    """
    path = _path(scope, row, engine)
    closed = f"({scope}.path_match = 'prefix' AND {_holds(scope, _closed(path), engine)})"
    holds = f"({scope}.path_match = 'any' OR {_holds(scope, path, engine)} OR {closed})"
    excepted = f"({scope}.\"grant\" = 'exception' AND {_query(scope, row)} AND {holds})"
    uncertain = f"({scope}.path_match <> 'any' AND {_obscure(row, engine)})"
    return f"{_speaks_of(scope, row)} AND ({excepted} OR {uncertain})"


def _speaks_of(scope: str, row: str) -> str:
    """Whether a scope is in force, of the row's vendor, and on the row's host."""
    below = f"substr({row}.host, length({row}.host) - length({scope}.host)) = '.' || {scope}.host"
    longer = f"length({row}.host) > length({scope}.host) + 1"
    host = f"CASE WHEN {scope}.subdomains THEN {longer} AND {below} ELSE {row}.host = {scope}.host END"
    return f"{scope}.vendor_id = {row}.vendor_id AND {scope}.until_generation IS NULL AND {host}"


def _query(scope: str, row: str) -> str:
    wanted = f"'?' || {scope}.query"
    with_fragment = f"substr({row}.suffix, 1, length({scope}.query) + 2) = {wanted} || '#'"
    return f"({scope}.query IS NULL OR {row}.suffix = {wanted} OR {with_fragment})"


def _path(scope: str, row: str, engine: Dialect) -> str:
    return f"(CASE WHEN {scope}.fold THEN {engine.lower.format(f'{row}.path')} ELSE {row}.path END)"


def _closed(path: str) -> str:
    return f"({path} || '/')"


def _obscure(row: str, engine: Dialect) -> str:
    path = engine.upper.format(f"{row}.path")
    return "(" + " OR ".join(f"replace({path}, '{part}', '') <> {path}" for part in OBSCURE) + ")"


def _holds(scope: str, path: str, engine: Dialect) -> str:
    """Compare a path with the literal parts of a scope around its one `*`, which stands for one segment."""
    rest = f"substr({path}, length({scope}.path_before) + 1)"
    slash = f"{engine.position}({rest}, '/')"
    segment = f"(CASE {slash} WHEN 0 THEN length({rest}) ELSE {slash} - 1 END)"
    tail = f"substr({rest}, {segment} + 1)"
    starts = f"substr({tail}, 1, length({scope}.path_after)) = {scope}.path_after"
    starred = (
        f"{segment} > 0 AND CASE {scope}.path_match WHEN 'exact' THEN {tail} = {scope}.path_after ELSE {starts} END"
    )
    return (
        f"(CASE WHEN substr({path}, 1, length({scope}.path_before)) <> {scope}.path_before THEN FALSE"
        f" WHEN {scope}.path_after IS NULL THEN {scope}.path_match = 'prefix' OR {path} = {scope}.path_before"
        f" ELSE {starred} END)"
    )


# ── triggers ────────────────────────────────────────────────────────────────────────────────────────────────────


def _rule(table: str, row: str, engine: Dialect) -> str:
    """The whole condition of a table: official, carried by a source of the same vendor, linked to a headline of it."""
    source = f"EXISTS (SELECT 1 FROM sources c WHERE c.id = {row}.source_id AND c.vendor_id = {row}.vendor_id)"
    headline = f"EXISTS (SELECT 1 FROM headlines h WHERE h.id = {row}.headline_id AND h.vendor_id = {row}.vendor_id)"
    return f"{official(row, engine)} AND {source}" + (f" AND {headline}" if table == "links" else "")


# A link whose own scope left the list is hidden by the views and stays as history.
_IN_FORCE: Final = "EXISTS (SELECT 1 FROM scopes f WHERE f.id = r.scope_id AND f.until_generation IS NULL) AND "


def broken(table: str, dialect: str) -> str:
    """Select the rows of a table that the guard would refuse today, revoked headlines aside; for `db check`."""
    shown = "r.state <> 'revoked' AND " if table == "headlines" else _IN_FORCE
    columns = "r.id AS id" if table == "headlines" else "r.headline_id AS id"
    return f"SELECT {columns}, r.url AS url FROM {table} r WHERE {shown}NOT ({_rule(table, 'r', of(dialect))})"


def _untouched(table: str) -> str:
    same = " AND ".join(f"NEW.{name} = OLD.{name}" for name in _TABLES[table])
    return f"({same})" if table == "links" else f"(NEW.state = 'revoked' AND {same})"


def _message(table: str) -> str:
    return f"{MARK}: the {table[:-1]} lies in no official scope in force of its vendor, or an exception holds it"


def creates(dialect: str) -> Iterator[str]:
    """Give the statements that make the guards."""
    for table in _TABLES:
        yield from _sqlite_creates(table) if dialect == "sqlite" else _postgresql_creates(table)


def drops(dialect: str) -> Iterator[str]:
    """Give the statements that take them away, whether they are there or not."""
    for table in _TABLES:
        if dialect == "sqlite":
            yield f"DROP TRIGGER IF EXISTS guard_{table}_insert"
            yield f"DROP TRIGGER IF EXISTS guard_{table}_update"
        else:
            yield f"DROP FUNCTION IF EXISTS guard_{table}() CASCADE"


def _sqlite_creates(table: str) -> Iterator[str]:
    refuse = f"SELECT RAISE(ABORT, '{_message(table)}') WHERE NOT ({_rule(table, 'NEW', _SQLITE)});"
    yield f"CREATE TRIGGER guard_{table}_insert BEFORE INSERT ON {table} BEGIN {refuse} END"
    changed = f"NOT {_untouched(table)}"
    yield f"CREATE TRIGGER guard_{table}_update BEFORE UPDATE ON {table} WHEN {changed} BEGIN {refuse} END"


def _postgresql_creates(table: str) -> Iterator[str]:
    # The search path is pinned: another table called `scopes` must not be asked instead of ours.
    unjudged = f"IF TG_OP = 'UPDATE' THEN IF {_untouched(table)} THEN RETURN NEW; END IF; END IF;"
    refuse = f"RAISE EXCEPTION '{_message(table)}' USING ERRCODE = 'check_violation';"
    body = f"BEGIN {unjudged} IF NOT ({_rule(table, 'NEW', _POSTGRESQL)}) THEN {refuse} END IF; RETURN NEW; END"
    yield (
        f"CREATE FUNCTION guard_{table}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT"
        f" AS $guard$ {body} $guard$"
    )
    yield f"CREATE TRIGGER guard_{table} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION guard_{table}()"
