"""Two databases with the same documents: one reads them by slices, the other always whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Engine, delete, select, text

from ingest import allowlist
from ingest.fetch import Fetcher
from ingest.fetch.fetcher import FetchSettings
from ingest.model import Fetched, PollReport, Response
from ingest.pipeline import Accepted, Context, Round, accept
from ingest.pipeline.poll import Poll
from ingest.polling import Limits
from ingest.store import decisions, schema
from ingest.store.engine import read, write
from support.changing_feeds import START

LIST: Final = """
version: 1
vendors:
  acme:
    name: Acme
    home: https://www.acme-ai.com/
    official: [www.acme-ai.com, blog.acme-ai.com, "!www.acme-ai.com/community/"{more}]
    sources:
      news: {{kind: feed, url: https://www.acme-ai.com/feed.xml{lang}}}
      blog: {{kind: feed, url: https://blog.acme-ai.com/feed.xml, lang: en, exclude: ["title:Podcast"]}}
"""
URLS: Final = {"acme/news": "https://www.acme-ai.com/feed.xml", "acme/blog": "https://blog.acme-ai.com/feed.xml"}


@dataclass
class Reader:
    """One database that reads documents without a network."""

    engine: Engine
    by_slices: bool
    fetcher: Fetcher
    at: datetime = START
    accepted: Accepted | None = None

    def put_in_force(self, listed: str) -> None:
        candidate = allowlist.parse(listed.encode(), private=True)
        self.accepted = accept(self.engine, candidate, at=self.at, by="test", why="test", confirm=True)

    def read(self, source_id: str, content: bytes, media_type: str, *, crashes: bool = False) -> PollReport | None:
        """Poll a source, or only keep the bytes, as a process does that is killed."""
        if not self.by_slices:
            with write(self.engine) as conn:
                conn.execute(delete(schema.slices))
        shared = self._round()
        source = next(source for source in shared.allowlist.sources if source.id == source_id)
        ((state, lease),) = shared.claim_source(source_id).taken
        answer = Fetched(response_of(source.url, content, media_type, self.at), 0)
        return self._run(shared.poll(source, state, lease), answer, crashes=crashes)

    def _run(self, poll: Poll, answer: Fetched, *, crashes: bool) -> PollReport | None:
        if not crashes:
            return poll.run(answer)
        from ingest.pipeline.attempt import keep

        poll.answer = answer
        keep([poll])
        with write(self.engine) as conn:
            conn.execute(text("UPDATE source_states SET lease_until = NULL, lease_owner = NULL"))
            conn.execute(text("UPDATE hosts SET lease_until = NULL, lease_owner = NULL"))
        return None

    def recover(self) -> None:
        from ingest.pipeline.stored import read_stored

        if not self.by_slices:
            with write(self.engine) as conn:
                conn.execute(delete(schema.slices))
        read_stored(self._round())

    def decide(self, kind: Literal["withdraw", "restore"], headline_id: str) -> None:
        with write(self.engine) as conn:
            decisions.decide(conn, decisions.OperatorDecision(self.at, "test", kind, headline_id, "test"))

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every table but that of the slices."""
        tables = (table for table in schema.metadata.sorted_tables if table is not schema.slices)
        with read(self.engine) as conn:
            return {
                table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr) for table in tables
            }

    def _round(self) -> Round:
        assert self.accepted is not None
        context = Context(
            self.engine, self.accepted.generation, lambda: self.at, Limits(timedelta(seconds=10), 8 << 20)
        )
        return Round(context, self.accepted.allowlist, self.fetcher, owner="test")


@contextmanager
def readers(sliced: Engine, whole: Engine) -> Iterator[tuple[Reader, Reader]]:
    settings = FetchSettings(
        user_agent="ingest-test/1 (+https://www.example.org/)",
        timeout=timedelta(seconds=10),
        max_bytes=1 << 20,
        host_gap=timedelta(0),
        ca_file=None,
        connect_to=(),
        private_networks=(),
    )
    with Fetcher(settings, now=lambda: START) as fetcher:
        yield Reader(sliced, by_slices=True, fetcher=fetcher), Reader(whole, by_slices=False, fetcher=fetcher)


def response_of(url: str, content: bytes, media_type: str, at: datetime) -> Response:
    digest = hashlib.sha256(content).hexdigest()
    return Response(
        target_url=url,
        final_url=url,
        status_code=200,
        http_version="HTTP/1.1",
        request_headers=(),
        response_headers=(("Content-Type", media_type),),
        hops=(),
        peer_address="127.0.0.1",
        peer_certificate_digest=None,
        requested_at=at,
        fetched_at=at,
        body=content,
        content=content,
        wire_digest=digest,
        payload_digest=digest,
    )


def differences(one: Reader, other: Reader) -> list[str]:
    """Name the tables in which two databases differ, with the first rows that only one has."""
    lines = []
    before, after = one.tables(), other.tables()
    for name, rows in before.items():
        if rows != after[name]:
            only = [
                [row for row in mine if row not in theirs][:2]
                for mine, theirs in ((rows, after[name]), (after[name], rows))
            ]
            lines.append(f"{name}: {only}")
    return lines
