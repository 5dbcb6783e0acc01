"""Documents that were set aside, as an operator deals with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from edges.client import FEED, Client, client_of, feed
from edges.server import HostileServer, answer
from ingest.cli import main
from ingest.store import headlines


@pytest.fixture
def client(tmp_path: Path, sqlite: Engine, server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """One document has been set aside, and what made it fail is mended."""

    def refuse(*_: Any) -> None:
        raise RuntimeError("no such luck")

    with client_of(sqlite, server, tmp_path) as client, monkeypatch.context() as broken:
        broken.setattr(headlines, "apply", refuse)
        client.server.on(FEED, answer(feed("One", "Two")))
        client.poll()
        broken.undo()
        yield client


def captures(client: Client, *arguments: str) -> int:
    return main(["captures", *arguments, "--database", str(client.world.engine.url)])


def test_an_operator_reads_what_is_set_aside_and_why(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert captures(client, "list") == 0
    out = capsys.readouterr().out
    assert "acme/news" in out
    assert "capture 1 is set aside: writing it failed with RuntimeError: no such luck" in out

    assert captures(client, "show", "1") == 0
    out = capsys.readouterr().out
    assert "Capture 1: set_aside" in out
    assert "https://www.acme-ai.com/feed.xml" in out


def test_programs_get_the_same(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert captures(client, "list", "--json") == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["id"], row["source_id"], row["purpose"]) == (1, "acme/news", "source")
    assert captures(client, "show", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "set_aside"


def test_the_document_itself_is_written_as_it_came(client: Client, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert captures(client, "show", "1", "--content") == 0
    assert b"<title>Two</title>" in capfdbinary.readouterr().out


def test_what_is_tried_again_is_read(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert captures(client, "retry") == 0
    assert "1 capture tried: 2 created, 0 revised." in capsys.readouterr().out
    assert captures(client, "list") == 0
    assert "No capture is set aside." in capsys.readouterr().err
    assert captures(client, "retry", "1") == 2
    assert "was read; there is nothing to do about it" in capsys.readouterr().err


def test_what_fails_again_is_reported_and_stays(
    client: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headlines, "apply", lambda *_: 1 / 0)

    assert captures(client, "retry", "1", "--json") == 1

    assert "ZeroDivisionError" in json.loads(capsys.readouterr().out)["captures"][0]["error"]


def test_what_is_discarded_is_not_tried_again_until_an_operator_wants_it(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert captures(client, "discard", "1", "--reason", "a test of the vendor") == 0
    assert captures(client, "list") == 0
    assert "No capture is set aside." in capsys.readouterr().err
    assert captures(client, "list", "--discarded") == 0
    assert "a test of the vendor" in capsys.readouterr().out
    assert captures(client, "retry") == 0
    assert "0 captures tried" in capsys.readouterr().out
    assert captures(client, "retry", "1") == 0
    assert "2 created" in capsys.readouterr().out


def test_a_number_that_is_not_stored_is_named(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert captures(client, "show", "99") == 2
    assert "99: is not stored" in capsys.readouterr().err
