"""What `sources discover` proposes first, and that the proposal yields what it says; see `documents`."""

from __future__ import annotations

import logging
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from discovery.documents import OFFERED, Offered
from discovery.report import faults
from edges.commands import CommandLine
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from support.sampling import sampled
from support.world import FEED, LIST, rss

every = pytest.mark.parametrize("offered", OFFERED, ids=lambda offered: offered.name)


@every
def test_the_first_proposal_is_right(offered: Offered) -> None:
    assert list(faults(offered)) == []


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


LARGE = {"two megabytes of Markdown"}
"""What takes longer to be read than all others together: every run looks at its first proposal, and takes the page of that size the whole way."""


@pytest.mark.parametrize(
    "offered",
    sampled([one for one in OFFERED if one.name not in LARGE], 2, lambda one: one.name)
    + [pytest.param(one, marks=pytest.mark.long, id=one.name) for one in OFFERED if one.name in LARGE],
)
def test_a_document_goes_from_discover_through_try_to_a_poll(
    offered: Offered,
    tmp_path: Path,
    empty_database: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copy(empty_database, tmp_path / "cli.db")
    with VendorServer({FEED: rss(), offered.url: Answer(offered.content, offered.media_type)}) as vendors:
        database = f"sqlite:///{tmp_path}/cli.db"
        for name, value in {**vendors.settings, "INGEST_HOST_GAP": "0s", "INGEST_DATABASE_URL": database}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        cli = CommandLine(tmp_path, vendors, database, capsys)
        cli.write_list(LIST)
        result = cli("sources", "discover", offered.url, "--json").document()
        first = result["proposals"][0]
        assert (first["kind"], first["doubts"]) == (offered.kind, [])
        (tmp_path / "stanza.yaml").write_text(first["stanza"], encoding="utf-8")
        tried = cli("sources", "try", "stanza.yaml", "--json")
        assert (tried.status, tried.document()["tally"]["created"]) == (0, len(offered.entries))
        _, *words = first["command"].split(" ", 1)
        assert words
        assert cli(*shlex.split(words[0])).status == 0
        source_id = tried.document()["source"]
        polled = cli("poll", source_id, "--json").document()
        assert (polled["created"], polled["failed"]) == (len(offered.entries), 0)
        assert cli("replay", "--json").status == 0
        assert cli("db", "check").status == 0
