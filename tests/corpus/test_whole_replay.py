"""Every recorded feed through the whole path, and once more as a replay: same ids, same content, on the other engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from corpus.report import ABSENT, ROOT, recordings
from ingest import pipeline, urls
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.errors import ParseError, UrlError
from ingest.fetch import Fetcher
from ingest.model import Capture, Grant, Kind, Source
from ingest.parse import parse
from ingest.store import replays
from ingest.store.engine import open_engine, read, upgrade
from support.world import NOW, World, fetch_settings

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)

HOST = "series.example-vendor.com"
SOURCE = Source(id="corpus/feed", vendor_id="corpus", kind=Kind.FEED, url=f"https://{HOST}/", digest="0")


def scopes_of(content: bytes) -> Iterator[str]:
    """Name the hosts that a document links to, as far as a list may name them as a whole."""
    try:
        entries = parse(Capture(1, SOURCE.id, SOURCE.url, SOURCE.url, content, "", (), NOW, 1), SOURCE).entries
    except ParseError:
        return
    for entry in entries:
        try:
            host = urls.parse(entry.link or "").host
            urls.parse_scope(host, Grant.OFFICIAL)
        except UrlError:
            continue
        yield host


def list_of(documents: dict[str, bytes]) -> str:
    hosts = {HOST}.union(*(scopes_of(content) for content in documents.values()))
    listed = "".join(f"      - {host}\n" for host in sorted(hosts))
    sources = "".join(f"      {key}: {{kind: feed, url: 'https://{HOST}/{key}', lang: en}}\n" for key in documents)
    return (
        f"version: 1\nvendors:\n  corpus:\n    name: Corpus\n    home: https://{HOST}/\n"
        f"    official:\n{listed}    sources:\n{sources}"
    )


@pytest.fixture
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """SQLite to record into, PostgreSQL to replay into."""
    sqlite = open_engine(f"sqlite:///{tmp_path}/recorded.db")
    upgrade(sqlite)
    postgresql = open_engine(request.getfixturevalue("postgresql")())
    yield sqlite, postgresql
    sqlite.dispose()
    postgresql.dispose()


@pytest.mark.long
@pytest.mark.timeout(400)
def test_every_recorded_feed_read_again_comes_to_what_is_stored(stores: tuple[Engine, Engine]) -> None:
    engine, other = stores
    result = [recording for recording in recordings("feeds") if (ROOT / recording.path).suffix != ".json"]
    documents = {f"f{number}": recording.content for number, recording in enumerate(result)}
    answers = {f"https://{HOST}/{key}": Answer(content) for key, content in documents.items()}
    with (
        VendorServer(answers) as server,
        Fetcher(fetch_settings(server, max_bytes=8 << 20), now=lambda: NOW) as fetcher,
    ):
        world = World(engine, server, fetcher)
        world.put_in_force(list_of(documents))
        for key in documents:  # one after the other, so that the first source of a page does not depend on threads
            world.round(f"corpus/{key}", after=timedelta(seconds=1))
    report = pipeline.replay(engine, other)
    assert report.documents == len(documents)
    with read(engine) as stored, read(other) as replayed:
        assert list(replays.differences(stored, replayed)) == []
    assert len(world.titles()) > 1500
