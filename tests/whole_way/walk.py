"""
Stored documents taken the whole way: served over TLS, polled until nothing is pending, polled again unchanged and with other
bytes that say the same, replayed into another database, and the database checked.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, inspect

from edges.client import share
from ingest import allowlist, pipeline, urls
from ingest.dedupe import Offer
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.errors import AllowlistError, ParseError, StoreError
from ingest.fetch import Fetcher
from ingest.judging.documents import judge
from ingest.model import Capture, Outcome, RoundReport, Tally
from ingest.parse import parse
from ingest.store import checks, replays
from ingest.store.engine import open_engine, read
from support.world import World, fetch_settings
from whole_way.given import Given
from whole_way.site import answers, list_of

MakeUrl = Callable[[], str]

START: Final = datetime(2026, 9, 1, 8, tzinfo=UTC)
"""After every recording, so that no date lies far ahead."""

MOST_ROUNDS: Final = 120
"""Until nothing is pending: a page is tried twelve times, and ten of a host are opened in a round."""

BROKEN: Final = (Outcome.BROKEN, Outcome.BLOCKED, Outcome.MOVED, Outcome.FAILED)


@dataclass
class Walked:
    """What came of documents; `faults` names what must not be, `refused` what could not be read and why."""

    engine: str
    documents: int = 0
    rounds: int = 0
    headlines: int = 0
    exits: int = 0
    faults: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def add(self, other: Walked) -> None:
        """Count another's in."""
        for item in fields(self):
            if item.name != "engine":
                setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))


def walk(batch: Sequence[Given], make: MakeUrl, name: str) -> Walked:
    """
    Take documents the whole way in one database; where a round ends with an error, each once more by itself.

    Args:
        make: Gives the URL of an empty database.
        name: Of the engine.
    """
    try:
        text, sources = list_of(batch)
        allowlist.parse(text.encode(), private=True)
    except AllowlistError as error:
        return _apart(batch, make, name, f"no list can name it: {error}")
    with open_world(make, answers(batch)) as world:
        world.at = START
        world.put_in_force(text)
        walked = _Walk(world, batch, sources, make, Walked(name, len(batch)))
        try:
            walked.go()
        except Exception as error:  # noqa: BLE001 - whatever it is, the bench names it and goes on with the others
            kind = "exit 3" if isinstance(error, StoreError) else type(error).__name__
            return _apart(batch, make, name, f"{kind}: {' '.join(str(error).split())[:300]}", exits=1)
    return walked.result


def _apart(batch: Sequence[Given], make: MakeUrl, name: str, fault: str, exits: int = 0) -> Walked:
    if len(batch) == 1:
        return Walked(name, 1, exits=exits, faults=[f"{batch[0].name}: {fault}"])
    result = Walked(name)
    for one in batch:
        result.add(walk([one], make, name))
    if not result.faults:
        result.faults.append(f"{', '.join(one.name for one in batch)}: together {fault}")
    return result


@contextmanager
def open_world(make: MakeUrl, served: dict[str, Answer]) -> Iterator[World]:
    """Give a world on a database of its own."""
    engine = open_engine(make())
    try:
        with (
            VendorServer(served) as server,
            Fetcher(fetch_settings(server, max_bytes=20 << 20), now=lambda: START) as fetcher,
        ):
            world = World(engine, server, fetcher)
            share(fetcher, world)
            yield world
    finally:
        engine.dispose()


@dataclass
class _Walk:
    world: World
    batch: Sequence[Given]
    sources: dict[str, Given]
    make: MakeUrl
    result: Walked
    reported: dict[str, Tally] = field(default_factory=dict)

    def go(self) -> None:
        for version in range(max(len(one.versions) for one in self.batch)):
            self.world.server.update(answers(self.batch, version)) if version else None
            self._first(version)
        self._again()
        self.result.headlines = len(self.world.titles())
        self._nothing_lost()
        self._nothing_doubled()
        self._set_aside()
        self.result.faults += [f"{self._names()}: {fault}" for fault in check(self.world)]
        self.result.faults += [f"{self._names()}: {fault}" for fault in replay(self.world.engine, self.make)]

    # ── rounds ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _first(self, version: int) -> None:
        """Poll everything, then what is due until nothing is pending."""
        report = self._round(everything=True)
        for poll in report.polls:
            one = self.sources[poll.source_id]
            content = one.versions[min(version, len(one.versions) - 1)]
            if poll.outcome in BROKEN:
                line = f"{one.name}: {poll.outcome}: {poll.error[:150]}"
                self.result.refused += [line] if line not in self.result.refused else []
            elif poll.outcome is Outcome.OK and poll.tally.entries != (offered := _offered(one, content)):
                self._fault(poll.source_id, f"{offered} entries were offered, {poll.tally.entries} are in the ledger")
            if poll.outcome is Outcome.OK:
                self.reported[poll.source_id] = poll.tally
        for _ in range(MOST_ROUNDS):
            if (rest := rest_of(self.world)) is None:
                return
            self._round(everything=False, after=rest)
        waiting = self.world.rows("SELECT source_id, url, last_error FROM candidates WHERE status = 'pending'")
        for row in waiting:
            self._fault(row.source_id, f"{row.url} is still pending: {row.last_error}")

    def _round(self, *, everything: bool, after: timedelta = timedelta(hours=6)) -> RoundReport:
        self.result.rounds += 1
        return self.world.round(everything=everything, after=after)

    def _again(self) -> None:
        """Poll twice more: as it was (304), and with other bytes that say the same."""
        before = self._changes()
        last = max(len(one.versions) for one in self.batch) - 1
        self._round(everything=True)
        self.world.server.update(answers(self.batch, last, touched=True))
        for poll in self._round(everything=True).polls:
            if poll.outcome is Outcome.OK:
                self._same(poll.source_id, self.reported.get(poll.source_id), poll.tally)
        for row in self._changes()[len(before) :]:
            self._fault(row.source_id, f"{row.url} was {row.kind} although nothing changed")

    def _same(self, source_id: str, before: Tally | None, after: Tally) -> None:
        if before is None:
            self._fault(source_id, "it could not be read at first, and can with other bytes")
            return
        seen = before.created + before.revised + before.pending + before.seen + before.duplicate
        # An entry that waited for its page may by then be another source's headline: seen or a duplicate, and no more.
        expected = replace(before, created=0, revised=0, pending=0, duplicate=0, seen=seen)
        after = replace(after, duplicate=0, seen=after.seen + after.duplicate)
        if after != expected:
            differ = [
                name for name in (it.name for it in fields(Tally)) if getattr(after, name) != getattr(expected, name)
            ]
            message = ", ".join(f"{name} {getattr(expected, name)} → {getattr(after, name)}" for name in differ)
            self._fault(source_id, f"read again, it comes to something else: {message}")

    def _changes(self) -> list[Any]:
        query = (
            "SELECT c.seq, c.kind, h.source_id, h.url FROM changes c JOIN headlines h ON h.id = c.headline_id"
            " WHERE c.kind IN ('created', 'revised', 'withdrawn', 'revoked') ORDER BY c.seq"
        )
        return self.world.rows(query)

    # ── what must be ────────────────────────────────────────────────────────────────────────────────────────────

    def _nothing_lost(self) -> None:
        """Every entry that the policy admits is a headline's link, or is known to wait or to rest, by address."""
        links = {_key(row.url) for row in self.world.rows("SELECT url FROM links")}
        known = {_key(row.url) for row in self.world.rows("SELECT url FROM candidates")}
        refused = {row.raw_key for row in self.world.rows("SELECT raw_key FROM rejections")}
        for source_id in self.reported:
            for offer in (it for offers in self._offers(source_id) for it in offers):
                if _key(offer.url.text) not in links | known and offer.candidate.raw_key not in refused:
                    self._fault(source_id, f"{offer.url.text} is nowhere")

    def _offers(self, source_id: str) -> Iterator[list[Offer]]:
        """Give what the policy admits of each version."""
        built = self.world.make_round()
        source = next(source for source in built.allowlist.sources if source.id == source_id)
        one, reading = self.sources[source_id], built.reading(source)
        headers = (("Content-Type", one.answers_as),)
        for content in one.versions:
            with suppress(ParseError):
                capture = Capture(1, source_id, one.url, one.url, content, "", headers, START, 1)
                yield judge(parse(capture, source), reading, START).offers

    def _nothing_doubled(self) -> None:
        """No source has an announcement more often than its fullest version offers it."""
        offered: Counter[tuple[Any, ...]] = Counter()
        for source_id in self.reported:
            for offers in self._offers(source_id):
                offered |= Counter((source_id, it.url.text, it.candidate.title) for it in offers)
        query = "SELECT source_id, url, title, count(*) AS times FROM headlines GROUP BY source_id, url, title"
        for row in self.world.rows(query):
            if 1 < row.times > offered[row.source_id, row.url, row.title]:
                self._fault(row.source_id, f"{row.times} headlines are “{row.title}” at {row.url}")

    def _set_aside(self) -> None:
        for source_id, url, why in set_aside(self.world):
            self.result.set_aside.append(f"{self.sources[source_id].name}: {url}: {why}")

    def _fault(self, source_id: str, what: str) -> None:
        self.result.faults.append(f"{self.sources[source_id].name}: {what}")

    def _names(self) -> str:
        return self.batch[0].name if len(self.batch) == 1 else f"{self.batch[0].name} and {len(self.batch) - 1} others"


def _offered(one: Given, content: bytes) -> int | None:
    try:
        document = one.read(content)
    except ParseError:
        return None
    return len(document.entries) + len(document.unreadable)


def _key(address: str) -> str:
    return urls.page_key(urls.parse(address))


# ── what holds for every world ──────────────────────────────────────────────────────────────────────────────────


def rest_of(world: World) -> timedelta | None:
    """Say how long it is until the next page may be opened; None where none is waited for."""
    query = (
        "SELECT min(coalesce(c.next_try_at, c.first_seen_at)) FROM candidates c JOIN sources s ON s.id = c.source_id"
        " WHERE c.status = 'pending' AND s.enabled AND s.until_generation IS NULL"
    )
    ((moment,),) = world.rows(query)
    if moment is None:
        return None
    until = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return max(timedelta(minutes=10), until - world.at + timedelta(minutes=1))


def set_aside(world: World) -> list[Any]:
    """List the documents that were set aside for a fault of ours: source, address, reason."""
    if "set_aside_at" not in {column["name"] for column in inspect(world.engine).get_columns("captures")}:
        return []
    query = "SELECT source_id, target_url, ingest_error FROM captures WHERE set_aside_at IS NOT NULL"
    return [tuple(row) for row in world.rows(query)]


def check(world: World) -> list[str]:
    """Say what `ingest db check` finds wrong."""
    with read(world.engine) as conn:
        text = conn.exec_driver_sql("SELECT text FROM generations ORDER BY number DESC LIMIT 1").scalar_one()
    results = checks.check(world.engine, allowlist.parse(text.encode(), private=True))
    return [f"db check: {one.what}" for one in results if one.level == "fault"]


def replay(engine: Engine, make: MakeUrl) -> list[str]:
    """Say what a replay into an empty database comes to that is not stored."""
    target = open_engine(make())
    try:
        pipeline.replay(engine, target)
        with read(engine) as stored, read(target) as replayed:
            results = list(replays.differences(stored, replayed))
    finally:
        target.dispose()
    return [
        f"replay: {one.table} {one.key} {one.missing and f'only {one.missing}'} {one.fields}"[:400] for one in results
    ]


@contextmanager
def sqlite_urls(template: Path) -> Iterator[MakeUrl]:
    """Give URLs of copies of an empty SQLite file, in a directory that is removed in the end."""
    import itertools
    import shutil

    numbers = itertools.count()
    with tempfile.TemporaryDirectory(prefix="ingest-whole-way-", dir=template.parent) as folder:

        def make() -> str:
            path = Path(folder) / f"{next(numbers)}.db"
            shutil.copy(template, path)
            return f"sqlite:///{path}"

        yield make
