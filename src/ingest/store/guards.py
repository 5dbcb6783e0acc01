"""
The official-only rule in SQL: triggers on every INSERT and UPDATE (docs/decisions/0002).

They are made from one template for both engines, over the parts of the stored address and the scopes in force, and
share no code with `policy`. tests/policy/urls.yaml runs against both. Beyond `policy` they require the normal form,
because raw SQL bypasses `urls`, and an unnecessary escape would dodge an exception.

On PostgreSQL two transactions can overlap. A writer first takes a shared lock, and `lists.apply` the same lock
exclusively: a record is either judged by the new list, or committed before that list judges the stored records.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

MARK: Final = "ingest-policy"
"""The beginning of every message of the guards."""

LOCK_CLASS: Final = 0x1A6E57
"""Our class among the advisory locks of a shared PostgreSQL database."""

LOCK_LIST: Final = 1
"""The lock on the list in force: shared by writers of records, exclusive for a change of the list."""

_ADDRESS: Final = ("vendor_id", "url", "host", "path", "suffix", "scope_id")
_TABLES: Final = {
    # What an update must leave as it is to pass unjudged. A record that is only marked as revoked leaves the views.
    "headlines": (*_ADDRESS, "source_id"),
    "links": (*_ADDRESS, "source_id", "headline_id"),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    The differences between the two SQL dialects.

    `odd_escape` tests text (`{0}`) for an escape outside RFC 3986 §6.2.2: lower-case digits, an escaped letter, digit
    or `-._~`, or a percent sign without digits. `odd_host` tests a host (`{0}`) for an empty label, one longer than 63
    characters (RFC 1035 §2.3.4) or one with a hyphen at an end (RFC 1123 §2.1). `typed` requires text where a column
    takes any type. `lower` and `upper` are those of ASCII, whatever the database's locale.
    """

    position: str
    lower: str
    upper: str
    odd_escape: str
    odd_host: str
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
    odd_host="("
    + " OR ".join(f"'.' || {{0}} || '.' GLOB '{glob}'" for glob in ("*..*", "*.-*", "*-.*", f"*{'[^.]' * 64}*"))
    + ")",
    typed=" AND ".join(f"typeof({{row}}.{name}) = 'text'" for name in ("url", "host", "path", "suffix")),
)
_POSTGRESQL: Final = Dialect(
    position="strpos",
    lower='lower({0} COLLATE "C")',
    upper='upper({0} COLLATE "C")',
    odd_escape=("({0} COLLATE \"C\" ~ '%([^0-9A-F]|.[^0-9A-F]|.?$|2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)')"),
    odd_host="('.' || {0} || '.' ~ '[.][.]|[.]-|-[.]|[^.]{{64}}')",
    typed="TRUE",
)


def of(dialect: str) -> Dialect:
    """Choose by SQLAlchemy's name of the engine."""
    return _POSTGRESQL if dialect == "postgresql" else _SQLITE


# ── the rule over one row ───────────────────────────────────────────────────────────────────────────────────────

# The scopes in force of a row's vendor that speak of its host, each with what it says of the address: `held` it is inside,
# `uncertain` servers could read the path differently where the list goes by path (`policy`'s rule encoded-separator).
# `path` is compared in lower case where the host does, and with a closing slash where `!h/p/` also has to deny `h/p`;
# `rest` is what follows the literal part before the one *, which stands for the first `segment` characters, then `tail`.
_JUDGED: Final = """(
    SELECT t.id, t."grant", t.path_match <> 'any' AND {obscure} AS uncertain, CASE
             WHEN t.query IS NOT NULL AND {row}.suffix <> '?' || t.query
              AND substr({row}.suffix, 1, length(t.query) + 2) <> '?' || t.query || '#' THEN FALSE
             WHEN t.path_match = 'any' THEN TRUE
             WHEN substr(t.path, 1, length(t.path_before)) <> t.path_before THEN FALSE
             WHEN t.path_after IS NULL THEN t.path_match = 'prefix' OR t.rest = ''
             WHEN t.segment = 0 THEN FALSE
             WHEN t.path_match = 'exact' THEN t.tail = t.path_after
             ELSE substr(t.tail, 1, length(t.path_after)) = t.path_after END AS held
      FROM (SELECT g.*, substr(g.rest, g.segment + 1) AS tail
      FROM (SELECT r.*, CASE {position}(r.rest, '/') WHEN 0 THEN length(r.rest)
                        ELSE {position}(r.rest, '/') - 1 END AS segment
      FROM (SELECT p.*, substr(p.path, length(p.path_before) + 1) AS rest
      FROM (SELECT s.*, CASE WHEN s.fold THEN {folded} ELSE {row}.path END
                   || CASE WHEN s."grant" = 'exception' AND s.path_match = 'prefix' THEN '/' ELSE '' END AS path
              FROM scopes s
             WHERE s.vendor_id = {row}.vendor_id AND s.until_generation IS NULL
               AND CASE WHEN s.subdomains THEN length({row}.host) > length(s.host) + 1
                         AND substr({row}.host, length({row}.host) - length(s.host)) = '.' || s.host
                        ELSE {row}.host = s.host END) p) r) g) t)"""
_DENIED: Final = """EXISTS (SELECT 1 FROM {judged} d WHERE d.uncertain OR (d."grant" = 'exception' AND d.held))"""


def _judged(row: str, engine: Dialect) -> str:
    from ingest.urls import OBSCURE  # needed only where guards are made: `urls` takes 15 ms to load

    path = engine.upper.format(f"{row}.path")
    return " ".join(_JUDGED.split()).format(
        row=row,
        position=engine.position,
        folded=engine.lower.format(f"{row}.path"),
        obscure="(" + " OR ".join(f"replace({path}, '{part}', '') <> {path}" for part in OBSCURE) + ")",
    )


def _whole(row: str) -> str:
    """
    Whether the parts make the address and hold nothing but its characters.

    The tables say so too, but constraints can be switched off for a connection (SQLite's ignore_check_constraints).
    """
    from ingest.urls import MAX_LENGTH  # as above

    host, path, suffix = (f"{row}.{name}" for name in ("host", "path", "suffix"))
    return (
        f"{row}.url = 'https://' || {host} || {path} || {suffix} AND length({row}.url) <= {MAX_LENGTH}"
        f" AND ltrim({host}, '{HOST_CHARS}') = '' AND {host} LIKE '%_._%' AND length({host}) <= 253"
        f" AND {path} LIKE '/%' AND ltrim({path}, '{PATH_CHARS}') = ''"
        f" AND {path} || '/' NOT LIKE '%/./%' AND {path} || '/' NOT LIKE '%/../%'"
        f" AND ({suffix} = '' OR (({suffix} LIKE '?_%' OR {suffix} LIKE '#_%') AND ltrim({suffix}, '{PATH_CHARS}?#') = ''"
        f" AND length({suffix}) - length(replace({suffix}, '#', '')) <= 1))"
    )


HOST_CHARS: Final = "abcdefghijklmnopqrstuvwxyz0123456789.-"
"""Characters of a host in normal form (RFC 1123 §2.1)."""

PATH_CHARS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&''()*+,;=:@/%"
"""Characters of a path in normal form (RFC 3986 §3.3), as a literal of SQL. A query or fragment adds ? and #."""


def official(row: str, engine: Dialect) -> str:
    """Return the condition of a row admitted by its own scope and denied by none. `row` is NEW or an alias."""
    judged = _judged(row, engine)
    return (
        f"({engine.typed.format(row=row)} AND {_whole(row)} AND NOT {engine.odd_host.format(f'{row}.host')}"
        f" AND NOT {engine.odd_escape.format(f'{row}.path')} AND NOT {engine.odd_escape.format(f'{row}.suffix')}"
        f" AND EXISTS (SELECT 1 FROM {judged} s WHERE s.id = {row}.scope_id AND s.\"grant\" = 'official' AND s.held)"
        f" AND NOT {_DENIED.format(judged=judged)})"
    )


def holder(row: str, engine: Dialect) -> str:
    """Return the scope in force for a row, whatever scope it names, or NULL where none admits or one denies it."""
    judged = _judged(row, engine)
    admits = f"SELECT min(s.id) FROM {judged} s WHERE s.\"grant\" = 'official' AND s.held"
    return f"({admits} AND NOT {_DENIED.format(judged=judged)})"


# ── triggers ────────────────────────────────────────────────────────────────────────────────────────────────────


def _rule(table: str, row: str, engine: Dialect) -> str:
    """The whole condition of a table: official, carried by a source of the same vendor, linked to a headline of it."""
    source = f"EXISTS (SELECT 1 FROM sources c WHERE c.id = {row}.source_id AND c.vendor_id = {row}.vendor_id)"
    headline = f"EXISTS (SELECT 1 FROM headlines h WHERE h.id = {row}.headline_id AND h.vendor_id = {row}.vendor_id)"
    return f"{official(row, engine)} AND {source}" + (f" AND {headline}" if table == "links" else "")


def broken(table: str, dialect: str) -> str:
    """Select the rows of a table that the guard would refuse today, except revoked ones, for `db check`."""
    columns = "x.id AS id" if table == "headlines" else "x.headline_id AS id"
    refused = f"NOT ({_rule(table, 'x', of(dialect))})"
    return f"SELECT {columns}, x.url AS url FROM {table} x WHERE x.state <> 'revoked' AND {refused}"


def _untouched(table: str) -> str:
    """Return the condition of an unjudged update: it revokes, or leaves the judged columns of a link alone."""
    same = " AND ".join(f"NEW.{name} = OLD.{name}" for name in _TABLES[table])
    leaves = "NEW.state = 'revoked'" if table == "headlines" else "NEW.state IN ('revoked', OLD.state)"
    return f"({leaves} AND {same})"


def _message(table: str) -> str:
    return f"{MARK}: the {table[:-1]} lies in no official scope in force of its vendor, or an exception holds it"


def creates(dialect: str) -> Iterator[str]:
    """Return the statements to make the guards."""
    if dialect == "postgresql":
        yield from _postgresql_creates()
        return
    for table in _TABLES:
        yield from _sqlite_creates(table)


def drops(dialect: str) -> Iterator[str]:
    """Return the statements to drop the guards, present or not."""
    if dialect == "postgresql":
        # A trigger that was made to call another function would outlive ours.
        yield from (f"DROP TRIGGER IF EXISTS {one.name} ON {one.table}" for one in TRIGGERS)
        yield from (f"DROP FUNCTION IF EXISTS {name}() CASCADE" for name in bodies())
        return
    for table in _TABLES:
        yield f"DROP TRIGGER IF EXISTS guard_{table}_insert"
        yield f"DROP TRIGGER IF EXISTS guard_{table}_update"


def _sqlite_creates(table: str) -> Iterator[str]:
    refuse = f"SELECT RAISE(ABORT, '{_message(table)}') WHERE NOT ({_rule(table, 'NEW', _SQLITE)});"
    yield f"CREATE TRIGGER guard_{table}_insert BEFORE INSERT ON {table} BEGIN {refuse} END"
    changed = f"NOT {_untouched(table)}"
    yield f"CREATE TRIGGER guard_{table}_update BEFORE UPDATE ON {table} WHEN {changed} BEGIN {refuse} END"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One of PostgreSQL's triggers: before INSERT or UPDATE, once a row or once a statement."""

    table: str
    name: str
    function: str
    each: Literal["ROW", "STATEMENT"]

    @property
    def kind(self) -> int:
        """Its bits in `pg_trigger.tgtype` (catalog/pg_trigger.h): row, before, insert, update."""
        return (1 if self.each == "ROW" else 0) + 2 + 4 + 16


TRIGGERS: Final = tuple(
    trigger
    for table in _TABLES
    for trigger in (
        Trigger(table, f"guard_{table}", f"guard_{table}", "ROW"),
        Trigger(table, "hold_list", "hold_list", "STATEMENT"),
    )
)
"""The triggers on PostgreSQL."""


def bodies() -> dict[str, str]:
    """Give the functions behind them by name."""
    return {"hold_list": _hold_list(), **{f"guard_{table}": _guard(table) for table in _TABLES}}


def _hold_list() -> str:
    """
    Hold the list in force still while records are written.

    It runs once a statement, before any row is locked, so that an `apply` waiting for it never holds a row we need. A
    snapshot older than the lock could still show the old list. A transaction with one snapshot must therefore also lock
    the vendors, written by every `apply`: PostgreSQL ends it if one of them changed meanwhile.
    """
    wait = f"PERFORM pg_advisory_xact_lock_shared({LOCK_CLASS}, {LOCK_LIST});"
    old = "current_setting('transaction_isolation') IN ('repeatable read', 'serializable')"
    return f"BEGIN {wait} IF {old} THEN PERFORM 1 FROM vendors FOR SHARE; END IF; RETURN NULL; END"


def _guard(table: str) -> str:
    unjudged = f"IF TG_OP = 'UPDATE' THEN IF {_untouched(table)} THEN RETURN NEW; END IF; END IF;"
    refuse = f"RAISE EXCEPTION '{_message(table)}' USING ERRCODE = 'check_violation';"
    return f"BEGIN {unjudged} IF NOT ({_rule(table, 'NEW', _POSTGRESQL)}) THEN {refuse} END IF; RETURN NEW; END"


def _postgresql_creates() -> Iterator[str]:
    for name, body in bodies().items():
        yield f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $guard$ {body} $guard$"
        # Another table called `scopes` must not be asked instead of ours, and temporary ones come first unless named last.
        pin = f"'ALTER FUNCTION {name}() SET search_path = %I, pg_temp', current_schema()"
        yield f"DO $pin$ BEGIN EXECUTE format({pin}); END $pin$"
    for one in TRIGGERS:
        when = f"BEFORE INSERT OR UPDATE ON {one.table} FOR EACH {one.each}"
        yield f"CREATE TRIGGER {one.name} {when} EXECUTE FUNCTION {one.function}()"
        # Otherwise a session that calls itself a replica (session_replication_role) gets past it.
        yield f"ALTER TABLE {one.table} ENABLE ALWAYS TRIGGER {one.name}"
