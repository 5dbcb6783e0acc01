"""`ingest db check`: what was changed past the program is found and named, and a sound database has no fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ingest.errors import Remedy, SchemaError
from ingest.model import Allowlist
from ingest.remedies import WORDS
from ingest.store import guards
from ingest.store.checks import Finding, check
from ingest.store.engine import location, upgrade, write
from support.raw_sql import VENDORS_FOR_CHECKS, headline, insert, link, put_in_force

LIST = Allowlist("d", "", VENDORS_FOR_CHECKS, ())


@pytest.fixture
def stored(engine: Engine) -> Engine:
    with write(engine) as conn:
        put_in_force(conn, VENDORS_FOR_CHECKS)
    return engine


def faults(engine: Engine) -> list[Finding]:
    return [finding for finding in check(engine, LIST) if finding.level == "fault"]


def test_a_sound_database_has_no_fault(stored: Engine) -> None:
    assert faults(stored) == []


def change(engine: Engine, statement: str) -> None:
    with write(engine) as conn:
        conn.exec_driver_sql(statement, execution_options={"no_parameters": True})


@pytest.mark.parametrize(
    ("waiting", "message"), [(1, "1 capture waits to be read."), (2, "2 captures wait to be read.")]
)
def test_captures_that_wait_are_counted(stored: Engine, waiting: int, message: str) -> None:
    columns = (
        "source_id, generation, rules_version, target_url, final_url, hops, status_code, http_version, request_headers,"
        " response_headers, peer_address, requested_at, fetched_at, wire_digest, wire_size, payload_digest, payload_size"
    )
    for _ in range(waiting - 1):
        change(stored, f"INSERT INTO captures ({columns}) SELECT {columns} FROM captures")
    assert message in [finding.what for finding in check(stored, LIST)]


@pytest.mark.parametrize("table", ["headlines", "links"])
def test_a_guard_that_was_dropped_is_named(stored: Engine, table: str) -> None:
    where = "" if stored.dialect.name == "sqlite" else f" ON {table}"
    name = f"guard_{table}_insert" if stored.dialect.name == "sqlite" else f"guard_{table}"
    change(stored, f"DROP TRIGGER {name}{where}")
    (fault,) = faults(stored)
    assert name in fault.what
    assert fault.remedy is Remedy.REMAKE_RULES
    assert "ingest db upgrade" in WORDS[fault.remedy]
    upgrade(stored)
    assert faults(stored) == []


def test_a_guard_that_was_weakened_is_named(stored: Engine) -> None:
    if stored.dialect.name == "sqlite":
        change(stored, "DROP TRIGGER guard_headlines_insert")
        change(stored, "CREATE TRIGGER guard_headlines_insert BEFORE INSERT ON headlines BEGIN SELECT 1; END")
    else:
        change(stored, "ALTER TABLE headlines DISABLE TRIGGER guard_headlines")
    (fault,) = faults(stored)
    assert "guard_headlines" in fault.what


def test_a_function_with_another_search_path_is_named(stored: Engine) -> None:
    if stored.dialect.name == "sqlite":
        pytest.skip("functions are PostgreSQL's")
    change(stored, "ALTER FUNCTION guard_links() RESET search_path")
    (fault,) = faults(stored)
    assert "guard_links" in fault.what


def test_a_view_that_was_changed_is_named(stored: Engine) -> None:
    change(stored, "DROP VIEW v1_changes")
    change(
        stored,
        "CREATE VIEW v1_changes AS SELECT seq, at, kind, headline_id, story_id, revision FROM changes WHERE seq > 9",
    )
    (fault,) = faults(stored)
    assert "v1_changes" in fault.what


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE scopes SET host = 'evil.net' WHERE text = 'acme-ai.com'", "acme-ai.com"),
        (
            "UPDATE scopes SET until_generation = 1 WHERE text = 'acme-ai.com/careers/'",
            "acme-ai.com/careers/ (missing)",
        ),
        ("UPDATE scopes SET subdomains = (1 = 1) WHERE text = 'acme-ai.com'", "not in the list"),
    ],
)
def test_a_scope_that_was_changed_by_hand_is_named(stored: Engine, statement: str, named: str) -> None:
    change(stored, statement)
    (fault,) = faults(stored)
    assert named in fault.what


def test_a_record_that_was_written_past_the_guards_is_named_with_what_it_lacks(stored: Engine) -> None:
    with write(stored) as conn:
        for statement in guards.drops(conn.dialect.name):
            conn.exec_driver_sql(statement)
        scope = conn.execute(text("SELECT id FROM scopes WHERE text = 'acme-ai.com'")).scalar_one()
        insert(conn, "headlines", headline("acme", "https://evil.net/1", scope))
        insert(conn, "links", link("acme", "https://evil.net/1", scope))
    upgrade(stored)
    message = "\n".join(fault.what for fault in faults(stored))
    assert "of the headlines in no official scope: h1 https://evil.net/1" in message
    assert "of the links in no official scope" in message
    assert "headline without its change: h1" in message
    assert "headline without the revision that it shows: h1" in message


def test_without_a_list_it_says_how_to_get_one(engine: Engine) -> None:
    remedies = [
        WORDS[finding.remedy] for finding in check(engine, None) if finding.level == "warning" and finding.remedy
    ]
    assert "`ingest poll` puts sources.yaml in force." in remedies


def test_a_database_at_another_schema_has_no_other_finding(engine: Engine) -> None:
    change(engine, "DELETE FROM alembic_version")
    with pytest.raises(SchemaError):
        check(engine, None)


def test_a_damaged_file_is_a_fault(stored: Engine) -> None:
    if stored.dialect.name != "sqlite":
        pytest.skip("PostgreSQL looks after its own files")
    with write(stored) as conn:
        page = conn.exec_driver_sql(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_scopes_vendor_id'"
        ).scalar_one()
        size = conn.exec_driver_sql("PRAGMA page_size").scalar_one()
    stored.dispose()  # the last connection writes the log back into the file
    with Path(location(stored)).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    (fault,) = faults(stored)
    assert "the file is damaged" in fault.what
