"""Migrations: from nothing to the schema that the code declares, on both engines, and never past what is known."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from ingest.errors import LockedError, SchemaError, StoreError
from ingest.remedies import explained
from ingest.store import guards, schema, views
from ingest.store.engine import (
    HEAD,
    create_if_missing,
    current,
    frozen,
    location,
    migrations,
    open_engine,
    read,
    rebuild_rules,
    require_schema,
    upgrade,
    write,
)
from support.raw_sql import headline, insert, link


@pytest.fixture
def blank(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/blank.db")
    yield engine
    engine.dispose()


def rules(conn: Connection) -> dict[str, str]:
    """Triggers and views by name, from the database."""
    if conn.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')"
    else:
        query = (
            "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE 'guard_%'"
            " UNION ALL SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname LIKE 'guard_%'"
            " UNION ALL SELECT viewname, definition FROM pg_views WHERE viewname LIKE 'v1_%'"
        )
    rows = conn.exec_driver_sql(query, execution_options={"no_parameters": True})
    return dict(iter(rows.all()))


def test_the_newest_migration_is_the_one_that_the_code_needs() -> None:
    assert ScriptDirectory.from_config(migrations()).get_heads() == [HEAD]


def test_a_migrated_database_is_what_the_code_declares(engine: Engine) -> None:
    with read(engine) as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*expression-based index")  # checked by name below
            assert compare_metadata(context, schema.metadata) == []
        assert {"ix_headlines_newest"} <= set(indices(conn))


def indices(conn: Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'index'"
    if conn.dialect.name == "postgresql":
        query = "SELECT indexname FROM pg_indexes"
    return list(conn.execute(text(query)).scalars())


def test_guards_and_views_survive_migrations_and_are_those_of_a_fresh_database(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if engine.dialect.name == "sqlite":
        url = f"sqlite:///{tmp_path}/fresh.db"
    else:
        url = request.getfixturevalue("postgresql")()
    fresh = open_engine(url)
    with write(fresh) as conn:
        for name in reversed(views.NAMES):
            conn.execute(text(f"DROP VIEW IF EXISTS {name}"))
        for statement in guards.drops(conn.dialect.name) if engine.dialect.name == "postgresql" else ():
            conn.exec_driver_sql(statement)
        schema.metadata.drop_all(conn)
        schema.metadata.create_all(conn)
        rebuild_rules(conn)
        expected = rules(conn)
    fresh.dispose()
    upgrade(engine)  # once more: nothing to migrate, and everything still there
    with read(engine) as conn:
        assert rules(conn) == expected
    guarding = {name for name in expected if name.startswith("guard_")}
    assert len(expected) - len(guarding) == len(views.NAMES)
    assert {name.removesuffix("_insert").removesuffix("_update") for name in guarding} == {
        "guard_headlines",
        "guard_links",
    }


def test_going_down_and_up_again_loses_no_rule(engine: Engine) -> None:
    from alembic import command

    with write(engine) as conn:
        before = rules(conn)
        config = migrations()
        config.attributes["connection"] = conn
        config.attributes["rules"] = False
        command.downgrade(config, "base")
        assert set(inspect(conn).get_table_names()) == {"alembic_version"}
    assert upgrade(engine) == (None, HEAD)
    with read(engine) as conn:
        assert rules(conn) == before


def test_sources_of_the_first_schema_are_kept_and_say_nothing_yet_of_products_and_pauses(engine: Engine) -> None:
    from alembic import command

    with write(engine) as conn:
        config = migrations()
        config.attributes["connection"] = conn
        config.attributes["rules"] = False  # the views of today need the columns of today
        command.downgrade(config, "20260501_0001")
        for statement in (
            "INSERT INTO generations VALUES (1, 'd', '', '2026-05-22T12:00:00.000000Z', 'b', 'w', '1', false)",
            "INSERT INTO vendors (id, name, home, since_generation) VALUES ('acme', 'Acme', 'https://a.com/', 1)",
            (
                "INSERT INTO sources (id, vendor_id, kind, role, url, host, digest, enabled, since_generation)"
                " VALUES ('acme/news', 'acme', 'feed', 'news', 'https://a.com/f', 'a.com', 'd', false, 1)"
            ),
            "INSERT INTO source_states (source_id, state) VALUES ('acme/news', 'ok')",
        ):
            conn.execute(text(statement))
    upgrade(engine)
    with read(engine) as conn:
        query = "SELECT id, state, reason, product, next_poll_at FROM v1_sources"
        assert conn.execute(text(query)).all() == [("acme/news", "disabled", "", "", None)]


FROZEN = "20260501_0001"
"""The first schema that was released."""


def test_a_database_of_the_first_schema_keeps_its_links_and_revokes_those_that_exceptions_cover(engine: Engine) -> None:
    from alembic import command

    with write(engine) as conn:
        config = migrations()
        config.attributes["connection"] = conn
        config.attributes["rules"] = False
        command.downgrade(config, FROZEN)
        put_in_force_by_hand(conn)
    assert upgrade(engine) == (FROZEN, HEAD)
    with read(engine) as conn:
        states: dict[str, str] = dict(iter(conn.execute(text("SELECT url, state FROM links")).all()))
        assert {url.removeprefix("https://acme-ai.com") for url, state in states.items() if state == "revoked"} == {
            *("/ja/1", "/go", "/docs/x/old/1", "/one", "/q?a=b#c", "/off", "/b%2Fc"),
        }
        assert len(states) == len(OLD_LINKS)


OLD_SCOPES = (
    # grant, text, subdomains, path_match, path_before, path_after, query, fold, until_generation
    ("official", "acme-ai.com", "any", "/", None, None, False, None),
    ("official", "acme-ai.com/off", "exact", "/off", None, None, False, 1),
    ("exception", "acme-ai.com/ja/", "prefix", "/ja/", None, None, False, None),
    ("exception", "acme-ai.com/go/", "prefix", "/go/", None, None, False, None),
    ("exception", "acme-ai.com/docs/*/old/", "prefix", "/docs/", "/old/", None, False, None),
    ("exception", "acme-ai.com/one", "exact", "/one", None, None, False, None),
    ("exception", "acme-ai.com/q?a=b", "exact", "/q", None, "a=b", False, None),
    ("exception", "acme-ai.com/gone/", "prefix", "/gone/", None, None, False, 1),
)
OLD_LINKS = (
    *("/ja/1", "/JA/1", "/go", "/gone/1", "/docs/x/old/1", "/docs/x/new/1", "/docs/old/1", "/one", "/one/1"),
    *("/q?a=b#c", "/q?a=c", "/off", "/b%2Fc", "/news/1"),
)


def put_in_force_by_hand(conn: Connection) -> None:
    """Write a list, one headline and its links as the first schema holds them."""
    at = "2026-05-22T12:00:00.000000Z"
    for statement in (
        (
            'INSERT INTO generations (number, digest, text, at, "by", why, rules_version, confirmed)'
            f" VALUES (1, 'd', '', '{at}', 'b', 'w', '1', TRUE)"
        ),
        "INSERT INTO vendors (id, name, home, since_generation) VALUES ('acme', 'Acme', 'https://acme-ai.com/', 1)",
        (
            "INSERT INTO sources (id, vendor_id, kind, role, url, host, digest, enabled, since_generation)"
            " VALUES ('acme/news', 'acme', 'feed', 'news', 'https://acme-ai.com/feed', 'acme-ai.com', 'x', TRUE, 1)"
        ),
        f"INSERT INTO payloads (digest, size, stored_as, first_seen_at) VALUES ('p', 0, 'identity', '{at}')",
        (
            "INSERT INTO captures (source_id, generation, rules_version, target_url, final_url, hops, status_code, http_version,"
            " request_headers, response_headers, peer_address, requested_at, fetched_at, wire_digest, wire_size, payload_digest,"
            f" payload_size) VALUES ('acme/news', 1, '1', 'u', 'u', '[]', 200, '1.1', '[]', '[]', '', '{at}', '{at}', 'p', 0, 'p', 0)"
        ),
    ):
        conn.exec_driver_sql(statement)
    scope = text(
        'INSERT INTO scopes ("grant", text, path_match, path_before, path_after, query, fold, until_generation, vendor_id,'
        " host, subdomains, reason, since_generation) VALUES (:grant, :text, :match, :before, :after, :query, :fold, :until,"
        " 'acme', 'acme-ai.com', FALSE, '', 1)"
    )
    names = ("grant", "text", "match", "before", "after", "query", "fold", "until")
    conn.execute(scope, [dict(zip(names, values, strict=True)) for values in OLD_SCOPES])
    scopes: dict[str, int] = dict(iter(conn.execute(text("SELECT text, id FROM scopes")).all()))
    insert(conn, "headlines", headline("acme", "https://acme-ai.com/news/1", scopes["acme-ai.com"]))
    for path in OLD_LINKS:
        within = scopes["acme-ai.com/off" if path == "/off" else "acme-ai.com"]
        insert(conn, "links", link("acme", f"https://acme-ai.com{path}", within))


def test_a_missing_sqlite_database_is_created_and_reported(blank: Engine) -> None:
    assert current(blank) is None
    assert create_if_missing(blank)
    assert current(blank) == HEAD
    assert not create_if_missing(blank)
    assert Path(location(blank)).is_file()


def test_an_empty_postgresql_database_is_left_alone_and_the_command_named(request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue("postgresql")()
    engine = open_engine(url)
    with write(engine) as conn:
        conn.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(SchemaError) as caught:
        create_if_missing(engine)
    assert explained(caught.value).endswith("has no schema yet; run `ingest db upgrade`.")
    engine.dispose()


def test_an_older_schema_stops_us_with_the_command_and_a_newer_one_with_the_version(blank: Engine) -> None:
    upgrade(blank)
    with write(blank) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '99990101_0001'"))
    for touch in (require_schema, create_if_missing, upgrade):
        with pytest.raises(SchemaError) as caught:
            touch(blank)
        sentence = "99990101_0001, which is not one that this version knows; use the version"
        assert sentence in explained(caught.value)


def test_another_programs_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as photos:
        photos.execute("CREATE TABLE photos (name TEXT)")
        photos.commit()
    before = path.read_bytes()
    for touch in (create_if_missing, upgrade, require_schema):
        engine = open_engine(f"sqlite:///{path}")
        with pytest.raises(SchemaError) as caught:
            touch(engine)
        engine.dispose()
        assert "tables of another program and none of ours; name another file" in explained(caught.value)
        assert caught.value.exit_status == 3
    assert path.read_bytes() == before


def test_a_file_without_tables_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    with closing(sqlite3.connect(path)) as built:
        built.executescript("CREATE TABLE t (x); DROP TABLE t;")
    assert path.stat().st_size > 0
    engine = open_engine(f"sqlite:///{path}")
    assert create_if_missing(engine)
    with read(engine) as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    engine.dispose()


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be nobody in particular for the while, since permissions do not hold root back."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def anothers() -> Iterator[Path]:
    """A database that others may read and only its owner may write, closed."""
    with tempfile.TemporaryDirectory(prefix="ingest-read-") as folder:
        path = Path(folder) / "theirs.db"
        engine = open_engine(f"sqlite:///{path}")
        upgrade(engine)
        require_schema(engine)  # loads what it needs while everything can be loaded
        engine.dispose()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        yield path
        Path(folder).chmod(0o700)


def test_who_may_only_read_the_file_reads_it_where_sqlite_can(anothers: Path) -> None:
    reader = open_engine(f"sqlite:///{anothers}")
    anothers.parent.chmod(0o777)
    with unprivileged():
        require_schema(reader)
        with (
            pytest.raises(StoreError, match=r"is read-only for you .*see that you may write the file"),
            write(reader) as w,
        ):
            w.exec_driver_sql("DELETE FROM alembic_version")
    reader.dispose()


def test_who_may_not_even_make_files_beside_it_is_reported_what_would_help(anothers: Path) -> None:
    with unprivileged():
        reader = open_engine(f"sqlite:///{anothers}")
        with pytest.raises(StoreError, match="To read it only, the directory is enough"):
            require_schema(reader)
        reader.dispose()
        by_hand = open_engine(f"sqlite:///file:{anothers}?immutable=1&uri=true")
        require_schema(by_hand)
        by_hand.dispose()


def test_where_nothing_can_be_written_the_file_is_read_as_it_stands_and_that_is_reported(anothers: Path) -> None:
    usual = open_engine(f"sqlite:///{anothers}")
    assert frozen(usual) is None  # root may write anywhere, and so may who owns the directory
    with unprivileged():
        result = frozen(usual)
        assert result is not None
        engine, sentence = result
        require_schema(engine)
        assert location(engine) == str(anothers)
        with pytest.raises(StoreError, match="is read-only for you"), write(engine) as conn:
            conn.exec_driver_sql("DELETE FROM alembic_version")
        engine.dispose()
    assert sentence == (
        f"{anothers}: nothing can be written there, so the file is read as it stands (immutable=1), as if nobody "
        "changed it meanwhile."
    )
    Path(f"{anothers}-wal").write_bytes(b"left behind")
    with unprivileged():
        result = frozen(usual)
    assert result is not None
    assert "what its -wal file holds is not seen" in result[1]
    usual.dispose()


def test_a_file_that_can_be_read_in_the_usual_way_is(anothers: Path) -> None:
    """Another process has it open, so that the files that SQLite needs are there."""
    anothers.parent.chmod(0o777)
    anothers.chmod(0o666)
    holder = open_engine(f"sqlite:///{anothers}")
    with read(holder) as conn:
        conn.exec_driver_sql("SELECT 1 FROM alembic_version")
        for path in anothers.parent.iterdir():
            path.chmod(0o444)
        anothers.parent.chmod(0o555)
        with unprivileged():
            assert frozen(open_engine(f"sqlite:///{anothers}")) is None
    holder.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///file:x.db?uri=true", "postgresql://nobody@127.0.0.1/none"])
def test_only_a_file_is_ever_read_so(url: str) -> None:
    assert frozen(open_engine(url)) is None


def test_a_full_disk_is_named_with_the_remedy(blank: Engine) -> None:
    upgrade(blank)
    with pytest.raises(StoreError, match=r"is full .*make room on its disk, then try again"):
        fill(blank)
    require_schema(blank)


def fill(engine: Engine) -> None:
    """Write more than there is room for."""
    with write(engine) as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        conn.exec_driver_sql("CREATE TABLE more AS SELECT randomblob(100000) AS x")


def test_two_processes_may_create_one_database_at_once(tmp_path: Path) -> None:
    program = (
        "from ingest.store.engine import create_if_missing, open_engine\n"
        f"create_if_missing(open_engine('sqlite:///{tmp_path}/both.db'))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) for _ in range(4)]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, b"")


def test_a_database_in_a_directory_that_is_not_there_is_explained(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/none/ingest.db")
    with pytest.raises(StoreError) as caught:
        create_if_missing(engine)
    assert "check that its directory exists" in explained(caught.value)
    assert caught.value.subject == f"{tmp_path}/none/ingest.db"


def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_bytes(b"not a database, but long enough to be looked at" * 40)
    engine = open_engine(f"sqlite:///{tmp_path}/notes.db")
    with pytest.raises(StoreError, match="not a database that can be read"):
        current(engine)
    engine.dispose()


def test_a_server_that_is_not_there_is_explained_without_the_password() -> None:
    engine = open_engine("postgresql://somebody:topsecret@127.0.0.1:1/ingest")
    with pytest.raises(StoreError) as caught:
        current(engine)
    assert caught.value.exit_status == 3
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://localhost/x", "nonsense", "sqlite"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///"):
        open_engine(url)


def test_a_database_that_stays_locked_is_named_as_such(blank: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.store import engine as module

    upgrade(blank)
    monkeypatch.setattr(module, "LOCK_WAIT_S", 0.2)
    impatient = open_engine(str(blank.url))
    with write(blank), pytest.raises(LockedError, match="locked by another process"), write(impatient):
        pass
    impatient.dispose()
