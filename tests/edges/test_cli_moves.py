"""Sources that moved or are gone, as an operator reads of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine

from edges.client import BLOG, FEED, Client, client_of, feed
from edges.server import HostileServer, answer, redirect
from ingest.cli import main

OUTSIDE = "https://www.press-ai.com/acme.xml"


@pytest.fixture
def client(tmp_path: Path, sqlite: Engine, server: HostileServer) -> Iterator[Client]:
    with client_of(sqlite, server, tmp_path) as client:
        client.server.on(FEED, redirect(BLOG))
        client.server.on(BLOG, answer(feed("One")))
        client.poll(after=timedelta(0))
        client.server.on(BLOG, redirect(OUTSIDE, 302))
        client.poll("acme/blog", after=timedelta(0))
        yield client


def moves(client: Client, *arguments: str) -> int:
    return main(["sources", "moves", *arguments, "--database", str(client.world.engine.url)])


def test_an_operator_reads_where_a_source_went_by_what_evidence_and_what_to_write(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert moves(client) == 0
    out = capsys.readouterr().out
    assert "acme/news moved to another host of its vendor's list" in out
    assert f"301         {FEED} → {BLOG}" in out
    assert "1 time, 2026-05-22 to 2026-05-22" in out
    change = yaml.safe_load(out[out.index("vendors:") :])
    assert change == {"vendors": {"acme": {"sources": {"news": {"url": BLOG}}}}}
    assert "acme/blog" not in out


def test_programs_get_an_object_a_proposal(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert moves(client, "--all", "--json") == 0
    news, blog = map(json.loads, capsys.readouterr().out.splitlines())
    assert (news["source_id"], news["kind"], news["from_url"], news["to_url"]) == ("acme/news", "host", FEED, BLOG)
    assert news["evidence"]["hops"] == [{"url": FEED, "status_code": 301, "location": BLOG}]
    assert (news["status"], news["times"], news["first_seen_at"]) == ("open", 1, "2026-05-22T12:00:00Z")
    assert (blog["kind"], blog["status"]) == ("off-list", "sighted")


def test_what_was_discarded_is_gone(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert moves(client, "--discard") == 2
    assert "needs the SOURCE" in capsys.readouterr().err
    assert moves(client, "acme/news", "--discard") == 0
    assert "acme/news" in capsys.readouterr().out
    assert moves(client, "acme/news") == 0
    assert capsys.readouterr().err == "No source is known to have moved.\n"
    assert client.poll().note == ""


def test_moves_of_an_unknown_source_are_wrong_usage(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert moves(client, "acme/new") == 2
    assert 'did you mean "acme/news"?' in capsys.readouterr().err
