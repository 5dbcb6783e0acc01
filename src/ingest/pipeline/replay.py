"""
Replay: the stored evidence put through today's code, in the order in which it was first read, in another database.

Lists, captures and operators' decisions are the input, headlines with all that hangs on them the output. With the same code
and lists nothing differs from what is stored: that is how the two prove each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine

from ingest import allowlist
from ingest.errors import DamagedError, DocumentError, ParseError, UsageError
from ingest.jail import parse, read_article
from ingest.model import Allowlist, Capture, Outcome, Tally
from ingest.pipeline import isolation, pages
from ingest.pipeline.ingest import Reading, judge, write
from ingest.pipeline.isolation import isolated, writing
from ingest.pipeline.placing import choose_again, obey, settle_all
from ingest.pipeline.poll import seen_again
from ingest.store import candidates, captures, decisions, lists, polls, queries, replays
from ingest.store import engine as database


@dataclass(frozen=True, slots=True)
class Replayed:
    """
    What a replay went through: documents read, those of them without their bytes, and lists.

    `failed` names the captures that are damaged or on which this program fails, with why; they cost nothing else.
    """

    documents: int
    pruned: int
    lists: int
    failed: tuple[str, ...] = ()


def replay(
    origin: Engine, target: Engine, *, watch: Callable[[int, int], None] = lambda _done, _total: None
) -> Replayed:
    """
    Rebuild in `target` what the evidence in `origin` comes to.

    Args:
        origin: Only read.
        target: At our schema and empty.
        watch: Told how many documents are done, and of how many.

    Raises:
        UsageError: The target holds something already.
        AllowlistError: A list that once was in force is none by today's rules.
    """
    with database.read(target) as conn:
        if lists.in_force(conn) is not None or not queries.is_empty(conn):
            raise UsageError("is not empty; name a new database.", subject=database.location(target))
    with database.read(origin) as conn:
        run = _Replay(conn, target, replays.generations(conn), deque(decisions.recorded(conn)))
        events = list(replays.events(conn))
        for done, event in enumerate(events):
            watch(done, len(events))
            run.step(event)
        run.finish()
    return Replayed(len(events), run.pruned, run.applied, tuple(dict.fromkeys(run.failed)))


class _Replay:
    """One run: what has been applied so far, and how each source was last read."""

    def __init__(
        self,
        origin: Connection,
        target: Engine,
        generations: list[replays.Generation],
        words: deque[decisions.Decision],
    ) -> None:
        self._origin = origin
        self._target = target
        self._generations = deque(generations)
        self._words = words
        self._listed: Allowlist | None = None
        self._last_read: dict[str, tuple[str, str]] = {}
        self._newest: dict[str, int] = {}
        self.failed: list[str] = []
        self.applied = 0
        self.pruned = 0

    def step(self, event: replays.Event) -> None:
        """Repeat one poll that read a document, after the lists and decisions that came before it."""
        self._apply_until(event.generation)
        self._decide_until(event.poll_id)
        with database.write(self._target) as conn:
            replays.copy_capture(self._origin, conn, event.capture_id)
            tally = self._repeat(conn, event)
            replays.copy_poll(self._origin, conn, event.poll_id, asdict(tally))

    def _repeat(self, conn: Connection, event: replays.Event) -> Tally:
        """Read a capture again; where that fails, it is named and costs nothing else."""
        reading = self._reading(event)
        if reading is None or self._is_void(conn, event):
            return Tally()
        try:
            capture = captures.get(conn, event.capture_id)
            if capture is None:
                self.pruned += 1
                return Tally()
            with isolated("reading", subject=event.source_id), writing(conn, subject=event.source_id):
                return self._read(conn, event, capture, reading)
        except DamagedError as error:
            self.failed.append(str(error))
        except DocumentError as error:
            self.failed.append(f"{event.source_id}: {isolation.sentence(event.capture_id, error)}")
        return Tally()

    def _is_void(self, conn: Connection, event: replays.Event) -> bool:
        """Whether a poll set a document aside that was read by another poll, or that an operator does without."""
        return event.rule == isolation.RULE and not captures.is_set_aside(conn, event.capture_id)

    def finish(self) -> None:
        """Apply the lists and decisions that came after the last document."""
        self._apply_until(None)
        self._decide_until(None)
        last = replays.last_poll_at(self._origin)
        if last is not None:
            settle_all(self._target, at=last, generation=self.applied)
        with database.write(self._target) as conn:
            replays.finish(conn)

    def _apply_until(self, generation: int | None) -> None:
        while self._generations and (generation is None or self._generations[0].number <= generation):
            item = self._generations.popleft()
            self._listed = allowlist.parse(item.text.encode(), f"the list of generation {item.number}", private=True)
            with database.write(self._target) as conn:
                applied = lists.apply(conn, self._listed, **item.values)
                choose_again(conn, applied.generation)
            self.applied += 1

    def _decide_until(self, poll_id: int | None) -> None:
        while self._words and (poll_id is None or (self._words[0].after_poll_id or 0) < poll_id):
            with database.write(self._target) as conn:
                obey(conn, self._words.popleft(), self.applied)

    def _reading(self, event: replays.Event) -> Reading | None:
        """Say by what a source's documents were read; None when its list no longer had it."""
        listed = self._listed
        if listed is None:
            return None
        source = next((source for source in listed.sources if source.id == event.source_id), None)
        if source is None:
            return None
        vendor = next(vendor for vendor in listed.vendors if vendor.id == source.vendor_id)
        return Reading(source, vendor, event.generation)

    def _read(self, conn: Connection, event: replays.Event, capture: Capture, reading: Reading) -> Tally:
        """Read one document as it was read then: as a source's own, a part of it, or the page of an entry."""
        if event.kind in {"article", "gave-up"}:
            return self._read_page(conn, event, capture, reading)
        if capture.purpose == "part":
            return self._read_document(conn, capture, reading)
        newest = self._newest.get(capture.source_id, 0)
        if capture.id < newest:
            return self._read_document(conn, capture, reading, only_new=True)
        self._newest[capture.source_id] = capture.id
        read_so = (capture.payload_digest, reading.digest)
        if event.kind == "poll" and self._last_read.get(capture.source_id) == read_so:
            return seen_again(polls.last_tally(conn, capture.source_id))
        self._last_read[capture.source_id] = read_so
        return self._read_document(conn, capture, reading)

    def _read_document(self, conn: Connection, capture: Capture, reading: Reading, *, only_new: bool = False) -> Tally:
        try:
            document = parse(capture, reading.source)
        except ParseError:
            self._last_read.pop(capture.source_id, None)
            return Tally()
        judged = judge(document, reading, capture.fetched_at)
        ingested = write(conn, capture, document, reading, judged, only_new=only_new)
        if ingested.outcome is not Outcome.OK or (document.cut and not only_new):  # a poll reads the same bytes again
            self._last_read.pop(capture.source_id, None)
        return ingested.tally

    def _read_page(self, conn: Connection, event: replays.Event, capture: Capture, reading: Reading) -> Tally:
        at = capture.fetched_at
        waiting = candidates.find(conn, event.source_id, event.url, now=at, owner="replay", lease=timedelta(days=1))
        if waiting is None:
            return Tally()
        if event.kind == "gave-up":
            return pages.give_up(conn, capture, waiting, reading).tally
        try:
            article = read_article(capture, reading.source)
        except ParseError:  # it was tried again, or given up by an event of its own
            return Tally()
        return pages.write(conn, capture, article, waiting, reading).tally
