"""
Connections, transactions and migrations on both engines.

`read` and `write` are the only ways to a connection. A write transaction on SQLite takes the place of the one writer at
once (BEGIN IMMEDIATE), so it can fail only before its first change. Errors of the drivers become those of `errors`
here.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, exc, inspect, make_url, text
from sqlalchemy.pool import NullPool

from ingest import SCHEMA
from ingest.errors import IngestError, Remedy, SchemaError, StoreError
from ingest.masking import mask, secrets
from ingest.store import guards, views
from ingest.store.faults import explain

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.dialects import postgresql, sqlite

HEAD: Final = SCHEMA
"""The migration needed by this version."""

LOCK_WAIT_S: Final = 30
"""How long we wait for another process's write transaction: many times the longest of ours, well under a lease."""

SAFE_SQLITE: Final = (3, 51, 3)
"""From here on SQLite cannot lose a commit when two connections reset the write-ahead log (sqlite.org/wal.html)."""


# ── opening ─────────────────────────────────────────────────────────────────────────────────────────────────────


def open_engine(url: str) -> Engine:
    """
    Make an engine without connecting.

    Raises:
        StoreError: The URL names no usable database, or its driver is not installed.
    """
    try:
        where = make_url(url)
        if "?" in f"{where.username}{where.password}" or "@" in (where.host or ""):
            raise StoreError(_NO_URL)  # a password was cut in two, and its end taken for the name of the server
        if where.get_backend_name() == "sqlite":
            return _sqlite(where)
        if where.get_backend_name() == "postgresql":
            return _postgresql(where)
    except (exc.ArgumentError, ValueError):
        raise StoreError(_NO_URL) from None  # their text may quote a password
    except ImportError as error:
        raise StoreError("PostgreSQL needs its driver: install it with `pip install 'ingest[postgres]'`.") from error
    raise StoreError(f"{where.get_backend_name()} is no database we can use; write sqlite:/// or postgresql://.")


_NO_URL: Final = (
    "is not a database URL; write sqlite:///FILE or postgresql://USER@HOST/NAME, and in a password %40 for @, %2F for /, "
    "%3F for ? and %23 for #."
)


def _sqlite(url: URL, **options: Any) -> Engine:  # noqa: ANN401 - those of create_engine
    engine = create_engine(url, **(options or {"connect_args": {"timeout": LOCK_WAIT_S}}))

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # the driver would begin transactions by its own rules; see `begin`
        # FULL: a seq that a reader saw, or a lease that was taken, must survive a power cut (sqlite.org/pragma.html).
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF"):
            with suppress(sqlite3.OperationalError):  # of a file that cannot be read: the first statement says so
                connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")

    return engine


def _postgresql(url: URL) -> Engine:
    options = f"-c lock_timeout={LOCK_WAIT_S}s -c timezone=UTC"
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        # Whoever waits for a lock must then see what the one before wrote, whatever the server's default is.
        isolation_level="READ COMMITTED",
        connect_args={"options": options, "connect_timeout": LOCK_WAIT_S, "application_name": "ingest"},
        pool_pre_ping=True,  # a server that was restarted costs one round trip, not a poll
    )


def frozen(engine: Engine) -> tuple[Engine, str] | None:
    """
    Open a SQLite file as immutable where nothing may be written beside it.

    SQLite reads a file in WAL mode only with its -shm file beside it. If that file is missing and cannot be made,
    SQLite can be made to trust the file alone (sqlite.org/uri.html, `immutable`). Every connection is a new one and
    sees the file as it is then.

    Returns:
        The engine and a note for the reader, or None where the file can be read in the usual way.
    """
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    path = Path(name).resolve()
    if _may(path.parent, os.W_OK) or not _may(path, os.R_OK) or _is_readable(engine):
        return None

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, timeout=LOCK_WAIT_S)

    log = Path(f"{path}-wal")
    unseen = "; what its -wal file holds is not seen" if log.exists() and log.stat().st_size else ""
    sentence = (
        f"{path}: nothing can be written there, so the file is read as it stands (immutable=1), as if nobody changed "
        f"it meanwhile{unseen}."
    )
    return _sqlite(engine.url, creator=connect, poolclass=NullPool), sentence


def _may(path: Path, how: int) -> bool:
    """Whether this user may write. On a read-only file system nobody may."""
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _is_readable(engine: Engine) -> bool:
    try:
        current(engine)
    except StoreError:
        return False
    return True


def location(engine: Engine) -> str:
    """Name the database for people: the absolute path of a SQLite file, else the URL without its passwords."""
    name = engine.url.database
    if engine.dialect.name == "sqlite" and name and name != ":memory:":
        return str(Path(name).resolve())
    return mask(engine.url.render_as_string(hide_password=False))


def weakness(engine: Engine) -> str | None:
    """Return the fault of the SQLite library in use, if any."""
    if engine.dialect.name != "sqlite" or sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return None
    safe = ".".join(map(str, SAFE_SQLITE))
    return (
        f"SQLite {sqlite3.sqlite_version} can in rare cases lose the newest commits when several processes write "
        f"(fixed in {safe}); use a Python built with a newer SQLite, or PostgreSQL, where several processes write."
    )


# ── transactions ────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """Read from one consistent state of the database."""
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _translated(engine), engine.connect().execution_options(**options) as conn, conn.begin():
        yield conn


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """
    Change the database: all of the block or nothing of it.

    Raises:
        LockedError: Another process holds the database for too long. Nothing was changed.
        RecordError: The database refused a record. Nothing was changed.
        StoreError: The database cannot be used.
    """
    with _translated(engine), engine.connect().execution_options(sqlite_begin="IMMEDIATE") as conn, conn.begin():
        yield conn


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except exc.DBAPIError as error:
        raise _fault(engine, error.orig or error) from error


@contextmanager
def savepoint(conn: Connection) -> Iterator[None]:
    """
    Change the database inside a transaction: all of the block or nothing of it. The transaction goes on either way.

    Raises:
        RecordError: The database refused a record.
        StoreError: The database cannot be used any further.
    """
    with _translated(conn.engine), conn.begin_nested():
        yield


def _fault(engine: Engine, error: BaseException) -> IngestError:
    hidden = secrets(engine.url.render_as_string(hide_password=False))
    return explain(error, subject=location(engine), wait_s=LOCK_WAIT_S, hidden=hidden)


# ── statements that both engines know under different names ─────────────────────────────────────────────────────


def insert(conn: Connection, into: Table) -> postgresql.Insert | sqlite.Insert:
    """Begin an INSERT with a conflict clause."""
    return _insert(conn.dialect.name, into)


def _insert(dialect: str, into: Table) -> postgresql.Insert | sqlite.Insert:
    """Begin an INSERT for one engine. The unused engine is not loaded."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(into)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(into)


def upsert(
    conn: Connection, into: Table, rows: list[dict[str, Any]], *, key: Sequence[str], keep: Sequence[str] = ()
) -> None:
    """Insert rows, or overwrite those of the same key, except the columns to keep. Rows must not repeat a key."""
    conn.execute(_upsert(conn.dialect.name, into, tuple(rows[0]), tuple(key), tuple(keep)), rows)


@functools.cache
def _upsert(
    dialect: str, into: Table, columns: tuple[str, ...], key: tuple[str, ...], keep: tuple[str, ...]
) -> postgresql.Insert | sqlite.Insert:
    """Build the statement once for each table and set of columns. Building takes longer than a row does."""
    statement = _insert(dialect, into)
    overwritten = [name for name in columns if name not in {*key, *keep}]
    return statement.on_conflict_do_update(
        index_elements=list(key), set_={name: statement.excluded[name] for name in overwritten}
    )


def add_missing(conn: Connection, into: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, except those with a key just inserted by another transaction."""
    if rows:
        conn.execute(_addition(conn.dialect.name, into), rows)


@functools.cache
def _addition(dialect: str, into: Table) -> postgresql.Insert | sqlite.Insert:
    return _insert(dialect, into).on_conflict_do_nothing()


BATCH: Final = 500
"""Values in one IN list: SQLite before 3.32 allows 999 variables a statement, and plans stay small."""


def batches(values: Iterable[str]) -> Iterator[list[str]]:
    """Split values for IN lists, each once and in order."""
    ordered = sorted(set(values))
    return (ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH))


def mixed_batches(values_of: Mapping[str, Iterable[str]]) -> Iterator[dict[str, list[str]]]:
    """Split values for several IN lists of one statement, by the name of the list. Each value is in its list once."""
    named = [(name, value) for name, values in values_of.items() for value in sorted(set(values))]
    for start in range(0, len(named), BATCH):
        batch: dict[str, list[str]] = {}
        for name, value in named[start : start + BATCH]:
            batch.setdefault(name, []).append(value)
        yield batch


def serialise(conn: Connection, what: int) -> None:
    """
    Let no other transaction pass this point until ours has ended, so that later numbers are in commit order.

    SQLite has one writer anyway. Sequences of PostgreSQL become visible out of order without (docs/decisions/0001).
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:class, :what)"), {"class": LOCK_CLASS, "what": what})


LOCK_CLASS: Final = guards.LOCK_CLASS
LOCK_MIGRATION, LOCK_LIST, LOCK_CAPTURES, LOCK_CHANGES = 0, guards.LOCK_LIST, 2, 3
LOCK_VENDOR: Final = 1 << 4  # this bit keeps the locks of vendors apart from those above


def hold_list(conn: Connection) -> None:
    """
    Keep the list in force unchanged until our transaction ends. The lock is shared.

    A transaction with records takes this lock first, after only the vendor's. The guards take it too, but by then a
    waiting `apply` may need rows we have locked.
    """
    if conn.dialect.name == "postgresql":  # SQLite has one writer
        shared = text("SELECT pg_advisory_xact_lock_shared(:class, :what)")
        conn.execute(shared, {"class": LOCK_CLASS, "what": LOCK_LIST})


def serialise_vendors(conn: Connection, vendors: Iterable[str]) -> None:
    """
    Write one document of a vendor at a time: two documents with one page would both find it new.

    The locks of several vendors are taken in one order, so that two transactions never wait for each other.
    """
    for lock in sorted({_lock_of(vendor) for vendor in vendors}):
        serialise(conn, lock)


def _lock_of(vendor_id: str) -> int:
    digest = hashlib.sha256(vendor_id.encode()).digest()[:4]
    return int.from_bytes(digest, "big", signed=True) | LOCK_VENDOR


def json_text(value: object) -> str:
    """Write JSON with sorted keys: equal values are equal bytes on both engines."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# ── schema ──────────────────────────────────────────────────────────────────────────────────────────────────────


def current(engine: Engine) -> str | None:
    """Return the migration of a database, or None without a schema."""
    with read(engine) as conn:
        return _version(conn)


def _version(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def mismatch(engine: Engine) -> SchemaError | None:
    """Return the error of a database with another schema, or None where it is at the schema of this version."""
    with read(engine) as conn:
        at = _version(conn)
        return None if at == HEAD else _mismatch(conn, at)


def _mismatch(conn: Connection, at: str | None) -> SchemaError:
    if _is_anothers(conn, at):
        what, remedy = "holds tables of another program and none of ours", Remedy.ANOTHER_FILE
    elif at is None:
        what, remedy = "has no schema yet", Remedy.UPGRADE
    elif at in _revisions():
        what, remedy = f"is at schema {at}, and this version needs {HEAD}", Remedy.UPGRADE
    else:
        what, remedy = f"is at schema {at}, which is not one that this version knows", Remedy.ANOTHER_VERSION
    return SchemaError(what, subject=location(conn.engine), remedy=remedy)


def _is_anothers(conn: Connection, at: str | None) -> bool:
    """Whether another program made a SQLite file. In PostgreSQL several programs may share a database."""
    if conn.dialect.name != "sqlite" or at is not None:
        return False
    return bool(set(inspect(conn).get_table_names()) - {"alembic_version"})


def require_schema(engine: Engine) -> None:
    """
    Insist on the schema of this version.

    Raises:
        SchemaError: The database is at another one, or has none.
    """
    wrong = mismatch(engine)
    if wrong is not None:
        raise wrong


def create_if_missing(engine: Engine) -> bool:
    """
    Make the schema in a missing or empty SQLite file. Elsewhere the schema must exist.

    Returns:
        Whether a database was made.

    Raises:
        SchemaError: It is at another schema, another program's, or on PostgreSQL at none.
    """
    if engine.dialect.name == "sqlite" and current(engine) is None:
        upgrade(engine)
        return True
    require_schema(engine)
    return False


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """
    Bring a database to the schema of this version in one transaction, and return the migrations before and after.

    Raises:
        SchemaError: Its schema is unknown, or the tables are another program's. Nothing was changed.
    """
    from alembic import command

    with read(engine) as conn:
        _refuse_foreign(conn)
    _keep_log_ahead(engine)
    with write(engine) as conn:
        serialise(conn, LOCK_MIGRATION)
        config = migrations()
        config.attributes["connection"] = conn
        before = _refuse_foreign(conn)
        command.upgrade(config, "head")
    return before, HEAD


def _refuse_foreign(conn: Connection) -> str | None:
    """Return the migration of a database if an upgrade can start from it."""
    at = _version(conn)
    if _is_anothers(conn, at) or (at is not None and at not in _revisions()):
        raise _mismatch(conn, at)
    return at


def _keep_log_ahead(engine: Engine) -> None:
    """Let a SQLite file of ours keep a write-ahead log from now on: it is a property of the file, not of a connection."""
    if engine.dialect.name != "sqlite":
        return
    try:
        with closing(engine.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise _fault(engine, error) from error


def rebuild_rules(conn: Connection) -> None:
    """Make the guards and views of this version again. SQLite drops triggers when a migration copies a table."""
    drop_rules(conn)
    for statement in (*guards.creates(conn.dialect.name), *views.creates()):
        _verbatim(conn, statement)


def drop_rules(conn: Connection) -> None:
    """Drop guards and views, so that the tables under them can be changed."""
    for statement in (*views.drops(), *guards.drops(conn.dialect.name)):
        _verbatim(conn, statement)


def _verbatim(conn: Connection, statement: str) -> None:
    """Execute a statement as it is: percent signs in it are no placeholders."""
    conn.exec_driver_sql(statement, execution_options={"no_parameters": True})


def migrations() -> Config:
    """Find the migrations: beside the package in a wheel, at the top of a checkout."""
    from alembic.config import Config

    package = Path(str(resources.files("ingest")))
    places = (package / "alembic", package.parents[1] / "alembic")
    place = next((place for place in places if (place / "env.py").is_file()), None)
    if place is None:
        raise IngestError("the migrations are missing; install ingest anew.", subject=str(places[0]))
    config = Config()
    config.set_main_option("script_location", str(place).replace("%", "%%"))
    return config


def _revisions() -> set[str]:
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()}
