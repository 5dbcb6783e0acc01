"""The databases of the tests are as good as new ones, and their server's death does not take the run with it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ingest.store.engine import open_engine
from support import databases, run
from support.databases import DeadServerError, Postgres, fingerprint

ROW = "INSERT INTO payloads (digest, size, stored_as, first_seen_at) VALUES ('p', 0, 'identity', now())"


def execute(url: str, *statements: str) -> list[object]:
    engine = open_engine(url)
    try:
        with engine.connect() as conn:
            results = [
                list(result) if result.returns_rows else [] for result in map(conn.execute, map(text, statements))
            ]
            conn.commit()
    finally:
        engine.dispose()
    return list(results[-1])


@pytest.fixture
def own() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


def test_a_database_that_held_rows_is_used_again_and_empty(postgres: Postgres) -> None:
    url = postgres.make()
    execute(url, ROW, "SELECT nextval('captures_id_seq'), nextval('captures_id_seq')")
    postgres.give_back(url)
    assert postgres.make() == url
    assert execute(url, "SELECT count(*) FROM payloads") == [(0,)]
    assert execute(url, "SELECT nextval('captures_id_seq')") == [(1,)]
    postgres.give_back(url)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE other (id int)",
        "DROP VIEW v1_vendors",
        "ALTER TABLE headlines DISABLE TRIGGER guard_headlines",
        "CREATE OR REPLACE FUNCTION guard_links() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER TABLE rejections ADD COLUMN more text",
        "GRANT SELECT ON payloads TO PUBLIC",
        "CREATE SCHEMA other",
        "UPDATE alembic_version SET version_num = 'other'",
    ],
)
def test_a_database_whose_schema_was_changed_is_not_used_again(postgres: Postgres, change: str) -> None:
    url = postgres.make()
    execute(url, change)
    postgres.give_back(url)
    assert execute(postgres.make(), "SELECT 1") == [(1,)]
    with pytest.raises(OperationalError, match="does not exist"):
        execute(url, "SELECT 1")


def test_a_database_that_somebody_still_reads_is_not_used_again(postgres: Postgres) -> None:
    url = postgres.make()
    left = open_engine(url)
    conn = left.connect()
    conn.execute(text("SELECT 1"))
    postgres.give_back(url)
    with pytest.raises(OperationalError, match="terminating connection"):
        conn.execute(text("SELECT 1"))
    conn.close()
    left.dispose()
    assert postgres.make() != url


def test_a_server_that_was_killed_is_started_again(own: Postgres) -> None:
    url = own.make()
    os.kill(own.pid, signal.SIGKILL)
    wait_for_end(own.pid)
    own.give_back(url)
    engine = open_engine(own.make())
    with engine.connect() as conn:
        assert fingerprint(conn)
    engine.dispose()


def test_another_run_of_pytest_leaves_the_server_its_files(
    own: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    closed = [path for path in own.folder.parents if path in tmp_path_factory.getbasetemp().parents]
    assert not [path for path in closed if path.name.startswith("pytest-")]


def test_a_server_that_cannot_be_started_says_so_in_one_sentence(
    own: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "TRIES", 1)
    os.kill(own.pid, signal.SIGKILL)
    wait_for_end(own.pid)
    conf = own.folder / "postgresql.conf"
    conf.write_text(conf.read_text() + "no_such_setting = 1\n")
    with pytest.raises(
        DeadServerError, match=r"did not start in 1 tries, so that the run ends here: .*postgresql\.conf"
    ):
        own.make()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_without_its_server_ends_with_one_sentence(workers: str, tmp_path: Path) -> None:
    (tmp_path / "test_many.py").write_text(
        "import pytest\nfrom support.run import RunEndsError\n"
        "@pytest.fixture(scope='session')\ndef dead():\n    raise RunEndsError('PostgreSQL is not there.')\n"
        "@pytest.mark.parametrize('number', range(300))\ndef test_one(number, dead): ...\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "support.run",
        "-p",
        "no:randomly",
        "-n",
        workers,
        "-c",
        "/dev/null",
    ]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    ended = subprocess.run(
        [*command, "--rootdir", tmp_path, tmp_path], env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert (
        "stopping: PostgreSQL is not there." in ended.stdout or "Interrupted: PostgreSQL is not there." in ended.stdout
    )
    failed = int(re.search(r"0 passed, (\d+) failed", ended.stdout)[1])  # type: ignore[index]
    assert failed <= 2 * (int(workers) + 1), ended.stdout


def wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.01)


def test_files_go_to_memory_only_where_there_is_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run, "MEMORY", tmp_path)
    monkeypatch.setattr(run, "ROOM", 1)
    assert run.keeps_files_in_memory() == (not os.statvfs(tmp_path).f_flag & os.ST_NOEXEC)
    monkeypatch.setattr(run, "ROOM", 1 << 60)
    assert not run.keeps_files_in_memory()
    monkeypatch.setattr(run, "MEMORY", tmp_path / "missing")
    assert not run.keeps_files_in_memory()
