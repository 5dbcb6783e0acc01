"""
Differences of a database from the schema of this version: tables, constraints, guards and views, by definition.

Both sides are read in the same way. The engine itself makes the expected side: in a second database in memory on
SQLite, as temporary tables rolled back on PostgreSQL. So every difference is one of meaning, not of spelling.
Additional tables and plain indexes of others are no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, MetaData, Result, create_engine, text

from ingest.store import guards, schema, views

Parts = dict[str, str]
"""Definitions by name: `trigger guard_links on links`, `column url of headlines`."""


@dataclass(slots=True)
class Structure:
    """The parts of a database. `foreign` parts act on our tables without belonging to the schema."""

    tables: Parts = field(default_factory=dict)
    guards: Parts = field(default_factory=dict)
    views: Parts = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """The missing, changed and additional definitions of each part."""

    tables: list[str]
    guards: list[str]
    views: list[str]
    foreign: list[str]


TABLES: Final = tuple(schema.metadata.tables)


def difference(conn: Connection) -> SchemaDifference:
    """
    Compare a database with the schema of this version.

    On PostgreSQL the connection must be allowed to write. Everything it makes is rolled back.
    """
    if conn.dialect.name == "sqlite":
        there, expected = _sqlite(conn), _sqlite_expected()
    else:
        there, expected = _postgresql(conn), _postgresql_expected(conn)
    return SchemaDifference(
        list(_compare(there.tables, expected.tables)),
        list(_compare(there.guards, expected.guards)),
        list(_compare(there.views, expected.views)),
        sorted(there.foreign),
    )


def _compare(there: Mapping[str, str], expected: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*there, *expected}):
        if name not in there:
            yield f"{name} (missing)"
        elif name not in expected:
            yield f"{name} (not ours)"
        elif there[name] != expected[name]:
            yield f"{name} (changed)"


# ── SQLite ──────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _sqlite_expected() -> Structure:
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        schema.metadata.create_all(conn)
        for statement in (*guards.creates("sqlite"), *views.creates()):
            conn.exec_driver_sql(statement)
        expected = _sqlite(conn)
    engine.dispose()
    return expected


def _sqlite(conn: Connection) -> Structure:
    structure = Structure()
    ours = {*_sqlite_guards()}
    rows = conn.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master").all()
    for kind, name, table, sql in rows:
        if kind == "trigger" and name in ours:
            structure.guards[f"trigger {name} on {table}"] = sql
        elif kind == "trigger" and table in {*TABLES, *views.NAMES}:
            structure.foreign.append(f"trigger {name} on {table}")
        elif kind in {"table", "view"} and name in views.NAMES:
            structure.views[f"view {name}"] = sql
        elif kind == "table" and name in TABLES:
            structure.tables |= _sqlite_table(conn, name, sql)
    return structure


@cache
def _sqlite_guards() -> frozenset[str]:
    return frozenset(statement.split()[2] for statement in guards.creates("sqlite"))


def _sqlite_table(conn: Connection, table: str, sql: str) -> Parts:
    """
    Read one table.

    Its text is searched only for properties without a pragma, since migrations write it in their own way.
    """
    parts = {f"table {table}": " ".join(_words_of(_outside_brackets(sql)))}
    for _, name, kind, required, default, key, hidden in conn.exec_driver_sql(f"PRAGMA table_xinfo({table})"):
        bare = None if default is None else default.strip("'")  # '0' and 0 are one default of a number
        parts[f"column {name} of {table}"] = f"{kind} {required} {bare} {key} {hidden}"
    for row in conn.exec_driver_sql(f"PRAGMA foreign_key_list({table})"):
        parts[f"foreign key from {row[3]} of {table} to {row[2]}"] = f"{row[4]} {row[5]} {row[6]} {row[7]}"
    for _, name, unique, origin, partial in conn.exec_driver_sql(f"PRAGMA index_list({table})"):
        keys = conn.exec_driver_sql(f"PRAGMA index_xinfo({name})").all()
        columns = ", ".join(f"{row[2] or '(expression)'}{' desc' if row[3] else ''} {row[4]}" for row in keys if row[5])
        statement = conn.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).scalar()
        if unique or name in _INDEXES:
            called = name if origin == "c" else f"for {columns}"
            parts[f"index {called} of {table}"] = f"{columns} {unique} {partial} {_plain(statement or '')}"
    for name, condition in _checks(sql):
        parts[f"constraint {name} of {table}"] = condition
    for clause in re.findall(r"COLLATE\s+\S+|AUTOINCREMENT", sql, re.IGNORECASE):
        parts[f"{clause.upper()} in {table}"] = ""
    return parts


_INDEXES: Final = frozenset(str(index.name) for table in schema.metadata.tables.values() for index in table.indexes)
"""Our own indexes. Further ones are an operator's business while they refuse nothing."""


def _plain(sql: str) -> str:
    return " ".join(sql.replace('"', "").split())


def _words_of(text: str) -> list[str]:
    return sorted(re.findall(r"[A-Z]+", text.upper()))


def _outside_brackets(sql: str) -> str:
    """Return the options after the columns: WITHOUT ROWID, STRICT."""
    return sql[sql.rindex(")") + 1 :]


def _checks(sql: str) -> Iterator[tuple[str, str]]:
    """Find every CHECK in the text of a table, with its name or, where it has none, its own text for a name."""
    for match in re.finditer(r'(?:CONSTRAINT\s+"?(\w+)"?\s+)?CHECK\s*(?=\()', sql, re.IGNORECASE):
        condition = _plain(sql[match.end() : _closing(sql, match.end())])
        yield match[1] or condition, condition


def _closing(sql: str, start: int) -> int:
    """Return the end of a bracketed part. Brackets in text do not count."""
    depth = 0
    for token in re.finditer(r"'(?:[^']|'')*'|[()]", sql[start:]):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            return start + token.end()
    return len(sql)


# ── PostgreSQL ──────────────────────────────────────────────────────────────────────────────────────────────────

_OURS: Final = "n.oid = {schema} AND c.relname = ANY(:tables)"

_TABLE_PARTS: Final = (
    # what it is called, its definition
    (
        "SELECT 'table ' || c.relname, c.relkind::text || c.relrowsecurity || c.relforcerowsecurity"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {ours} AND c.relkind NOT IN ('i', 'S', 'I')"
    ),
    (
        "SELECT 'column ' || a.attname || ' of ' || c.relname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),"
        " a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, l.collname)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
        " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
        " LEFT JOIN pg_collation l ON l.oid = a.attcollation"
        " WHERE {ours} AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
    ),
    # Whether a column may be null is one of its properties; some versions also list it as a constraint.
    (
        "SELECT 'constraint ' || k.conname || ' of ' || c.relname, pg_get_constraintdef(k.oid) || ' ' || coalesce((SELECT"
        " string_agg(DISTINCT t.tgenabled::text, '') FROM pg_trigger t WHERE t.tgconstraint = k.oid), 'O')"
        " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE {ours} AND k.contype NOT IN ('n', 't')"
    ),
    (
        "SELECT 'index ' || x.relname || ' of ' || c.relname,"
        " regexp_replace(pg_get_indexdef(i.indexrelid), ' ON (\"[^\"]+\"|[^ .\"]+)[.]', ' ON ') || i.indisvalid"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE {ours} AND (i.indisunique OR x.relname = ANY(:indexes))"
    ),
)
_VIEWS: Final = (
    "SELECT 'view ' || c.relname, c.relkind::text || pg_get_viewdef(c.oid) || coalesce(c.reloptions::text, '')"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {ours}"
)
_FOREIGN: Final = (
    (
        "SELECT 'trigger ' || t.tgname || ' on ' || c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE {ours} AND NOT t.tgisinternal AND NOT (t.tgname || ' ' || c.relname) = ANY(:triggers)"
    ),
    (
        "SELECT 'rule ' || r.rulename || ' on ' || c.relname FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {ours} AND r.rulename <> '_RETURN'"
    ),
    (
        "SELECT 'policy ' || p.polname || ' on ' || c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {ours}"
    ),
    (
        "SELECT 'table ' || i.inhrelid::regclass::text || ' that inherits from ' || c.relname FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhparent JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {ours}"
    ),
    (
        "SELECT 'table ' || i.inhparent::regclass::text || ' from which ' || c.relname || ' inherits' FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE {ours} AND c.relkind IN ('r', 'p')"
    ),
)
_GUARDS: Final = (
    "SELECT t.tgname AS name, c.relname AS table, t.tgtype, t.tgenabled, concat_ws(' ', t.tgqual::text, t.tgattr::text,"
    " t.tgdeferrable, t.tgnargs, t.tgparentid, t.tgoldtable, t.tgnewtable) AS rest, p.proname, p.prosrc,"
    " concat_ws(' ', l.lanname, p.prosecdef, p.provolatile, p.proisstrict, f.nspname = current_schema(),"
    " p.proconfig = ARRAY[format('search_path=%I, pg_temp', current_schema())], cardinality(p.proconfig)) AS manner"
    " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace f"
    " ON f.oid = p.pronamespace WHERE {ours} AND (t.tgname || ' ' || c.relname) = ANY(:triggers)"
)
_REAL: Final = "quote_ident(current_schema())::regnamespace"


def _postgresql(conn: Connection) -> Structure:
    tables, named = _postgresql_parts(conn, _REAL)
    structure = Structure(tables, views=named)
    values = {"tables": [*TABLES, *views.NAMES], "triggers": [f"{one.name} {one.table}" for one in guards.TRIGGERS]}
    for query in _FOREIGN:
        structure.foreign += _ask(conn, query, _REAL, values).scalars()
    for row in _ask(conn, _GUARDS, _REAL, values):
        structure.guards[f"trigger {row.name} on {row.table}"] = _guard(
            row.tgtype, row.tgenabled, row.rest, row.proname, row.prosrc, row.manner
        )
    return structure


def _guard(kind: int, enabled: str, rest: str, function: str, body: str, manner: str) -> str:
    return f"{kind} {enabled} {rest} {function} {body.strip()} {manner}"


def _postgresql_parts(conn: Connection, namespace: str) -> tuple[Parts, Parts]:
    values = {"tables": list(TABLES), "indexes": sorted(_INDEXES)}
    tables: Parts = {}
    for query in _TABLE_PARTS:
        tables |= _named(_ask(conn, query, namespace, values))
    return tables, _named(_ask(conn, _VIEWS, namespace, {"tables": list(views.NAMES)}))


def _named(rows: Iterable[Any]) -> Parts:
    return {str(row[0]): str(row[1]) for row in rows}


def _ask(conn: Connection, query: str, namespace: str, values: dict[str, list[str]]) -> Result[Any]:
    used = {name: value for name, value in values.items() if f":{name}" in query or name == "tables"}
    return conn.execute(text(query.format(ours=_OURS.format(schema=namespace))), used)


_made: Final[dict[str, Structure]] = {}


def _postgresql_expected(conn: Connection) -> Structure:
    """Make the schema and roll it back. One server version always makes the same."""
    version = str(conn.dialect.server_version_info)
    if version not in _made:
        _made[version] = _postgresql_made(conn)
    return _made[version]


def _postgresql_made(conn: Connection) -> Structure:
    trial = conn.begin_nested()
    try:
        copy = MetaData(naming_convention=schema.metadata.naming_convention)
        for table in schema.metadata.sorted_tables:
            table.to_metadata(copy, schema="pg_temp")
        copy.create_all(conn, checkfirst=False)
        for name in views.NAMES:
            statement = views.statement(name).replace("CREATE VIEW", "CREATE TEMPORARY VIEW", 1)
            conn.exec_driver_sql(statement, execution_options={"no_parameters": True})
        tables, named = _postgresql_parts(conn, "pg_my_temp_schema()")
    finally:
        trial.rollback()
    bodies = guards.bodies()
    return Structure(
        tables,
        {
            f"trigger {one.name} on {one.table}": _guard(
                one.kind, "A", _PLAIN_TRIGGER, one.function, bodies[one.function], _PLAIN_FUNCTION
            )
            for one in guards.TRIGGERS
        },
        named,
    )


_PLAIN_TRIGGER: Final = " f 0 0"
"""Without condition or column list, not deferrable, without arguments, not inherited."""

_PLAIN_FUNCTION: Final = "plpgsql f v f t t 1"
"""
The right properties of a function: its language, caller's rights, volatile, not strict, our schema and search path.
"""
