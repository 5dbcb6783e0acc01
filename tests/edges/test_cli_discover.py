"""Commands for one headline and for the proof by replay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.cli import main
from ingest.demo import play
from ingest.store.engine import open_engine, read, write
from ingest.store.queries import Filter, headlines
from support.databases import copied


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> str:
    """The demo's two rounds, stored."""
    url = f"sqlite:///{tmp_path}/cli.db"
    engine = copied(empty_database, tmp_path / "cli.db")
    with play.set_up(engine) as stage:
        stage.first()
        stage.second()
    engine.dispose()
    return url


def test_a_headline_is_withdrawn_and_restored_with_a_reason(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    engine = open_engine(database)
    with read(engine) as conn:
        (shown,) = headlines(conn, Filter(search="Kotlin"))
    word = ["headline", "withdraw", shown.id, "--reason", "by mistake", "--database", database]
    assert main(word) == 0
    assert capsys.readouterr().out == f"{shown.id} is withdrawn.\n"
    with read(engine) as conn:
        assert headlines(conn, Filter(search="Kotlin")) == []
        (kept,) = headlines(conn, Filter(search="Kotlin", withdrawn=True))
    assert kept.state == "withdrawn"
    assert main([*word, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"headline": shown.id, "state": "withdrawn", "changed": False}
    assert main(["headline", "restore", shown.id, "--reason", "confirmed", "--database", database]) == 0
    with read(engine) as conn:
        assert [result.id for result in headlines(conn, Filter(search="Kotlin"))] == [shown.id]
        kinds = conn.exec_driver_sql(f"SELECT kind FROM v1_changes WHERE headline_id = '{shown.id}' ORDER BY seq")
        assert list(kinds.scalars()) == ["created", "withdrawn", "restored"]
    engine.dispose()


def test_a_word_on_nothing_is_wrong_usage(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["headline", "withdraw", "hnone", "--reason", "x", "--database", database]) == 2
    assert "there is no headline of that id" in capsys.readouterr().err
    assert main(["headline", "withdraw", "hnone", "--database", database]) == 2  # a reason is required


def test_a_replay_finds_nothing_until_somebody_meddles(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "--database", database]) == 0
    assert capsys.readouterr().out == "16 documents replayed under 1 list: 0 differences.\n"
    engine = open_engine(database)
    with write(engine) as conn:
        conn.exec_driver_sql("UPDATE headlines SET title = 'Forged' WHERE title LIKE '%Kotlin%'")
    engine.dispose()
    target = f"sqlite:///{tmp_path}/again.db"
    assert main(["replay", "--database", database, "--into", target, "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    (difference,) = result["differences"]
    assert (difference["table"], difference["fields"][0]["stored"]) == ("headlines", "Forged")
    assert result["into"] == f"{tmp_path}/again.db"
    assert main(["replay", "--database", database, "--into", target]) == 2
    assert "is not empty" in capsys.readouterr().err
