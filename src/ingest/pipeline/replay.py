"""
Replay: stored evidence put through today's code, in its original order, in another database.

Lists, captures and operators' decisions are the input, headlines and everything about them the output. With the same
code and the same lists the output equals the stored records. This proves both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from ingest import allowlist
from ingest.errors import DamagedError, DocumentError, ParseError, UsageError
from ingest.judging import Ingested, Reading
from ingest.judging.pages import Waiting
from ingest.judging.settling import seen_again
from ingest.model import Allowlist, Capture, Outcome, PollReport
from ingest.pipeline import isolation
from ingest.pipeline.attempt import Attempt, Context, Work, failing
from ingest.pipeline.batch import Batch
from ingest.pipeline.openings import read_page
from ingest.pipeline.placing import apply_decision, choose_again, settle_all
from ingest.pipeline.writing import give_up, write_page
from ingest.store import Connection, Engine, candidates, captures, decisions, lists, polls, queries, replays
from ingest.store import engine as database


@dataclass(frozen=True, slots=True)
class Replayed:
    """
    The extent of a replay: documents, pruned documents and lists.

    `failed` names each damaged capture, and each capture on which this program fails, with the reason.
    """

    documents: int
    pruned: int
    lists: int
    failed: tuple[str, ...] = ()


def replay(
    origin: Engine, target: Engine, *, watch: Callable[[int, int], None] = lambda _done, _total: None
) -> Replayed:
    """
    Rebuild in `target` the result of the evidence in `origin`.

    Args:
        origin: Only read.
        target: At our schema and empty.
        watch: Called with the number of finished documents and their total.

    Raises:
        UsageError: The target is not empty.
        AllowlistError: Today's rules refuse an earlier list.
    """
    with database.read(target) as conn:
        if lists.in_force(conn) is not None or not queries.is_empty(conn):
            raise UsageError("is not empty; name a new database.", subject=database.location(target))
    with database.read(origin) as conn:
        run = _Replay(conn, target)
        events = list(replays.events(conn))
        for done, event in enumerate(events):
            watch(done, len(events))
            run.step(event)
        run.finish()
    return Replayed(len(events), run.past.pruned, run.applied, tuple(dict.fromkeys(run.past.failed)))


@dataclass(slots=True)
class _Past:
    """The memory of a replay between events: the last reading and the newest capture of each source."""

    last_read: dict[str, tuple[str, str]] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    pruned: int = 0


class _Replay:
    """One replay, step by step."""

    def __init__(self, origin: Connection, target: Engine) -> None:
        self.past = _Past()
        self.applied = 0
        self._origin = origin
        self._target = target
        self._generations = deque(replays.generations(origin))
        self._decisions = deque(decisions.recorded(origin))
        self._listed: Allowlist | None = None

    def step(self, event: replays.Event) -> None:
        """Repeat one reading poll, after the lists and decisions before it."""
        self._apply_until(event.generation)
        self._decide_until(event.poll_id)
        with database.write(self._target) as conn:
            replays.copy_capture(self._origin, conn, event.capture_id)
        reading = self._reading(event)
        if reading is None:
            with database.write(self._target) as conn:
                replays.copy_poll(self._origin, conn, event.poll_id, asdict(Ingested().tally))
        else:
            _Repetition(self._origin, self._target, event, reading, self.past).repeat()

    def finish(self) -> None:
        """Apply the lists and decisions after the last document."""
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
        while self._decisions and (poll_id is None or (self._decisions[0].after_poll_id or 0) < poll_id):
            with database.write(self._target) as conn:
                apply_decision(conn, self._decisions.popleft(), self.applied)

    def _reading(self, event: replays.Event) -> Reading | None:
        """Return the stanza and vendor of a source at the time, or None where its list lacked it."""
        listed = self._listed
        source = next((source for source in listed.sources if source.id == event.source_id), None) if listed else None
        if listed is None or source is None:
            return None
        vendor = next(vendor for vendor in listed.vendors if vendor.id == source.vendor_id)
        return Reading(source, vendor, event.generation)


class _Repetition(Attempt):
    """One attempt of the past, repeated: its capture is copied before, its row in the ledger with the new tally."""

    def __init__(self, origin: Connection, target: Engine, event: replays.Event, reading: Reading, past: _Past) -> None:
        super().__init__(Context(target, event.generation, lambda: event.at), reading, event.kind, event.url)
        self._origin = origin
        self._event = event
        self._past = past

    def repeat(self) -> None:
        """Read the copied capture again."""
        with database.read(self.context.engine) as conn:
            try:
                capture, fault = captures.get(conn, self._event.capture_id), None
            except DamagedError as error:
                capture, fault = captures.without_bytes(conn, self._event.capture_id), error
            is_void = self._is_void(conn)
        self._past.pruned += capture is None and not is_void
        self.run(None, None if is_void else capture, None if is_void else fault)

    def _is_void(self, conn: Connection) -> bool:
        """Whether this poll set aside a document later read by another poll or discarded by an operator."""
        return self._event.rule == isolation.RULE and not captures.is_set_aside(conn, self._event.capture_id)

    def read(self) -> Work:
        """Read a capture as it was read then: as a source's own document, as a part of it, or as the page of an entry."""
        capture = self.capture
        if capture is None:
            return Ingested()
        if self.kind in {"article", "gave-up"}:
            return self._read_page(capture)
        if capture.purpose == "part":
            return super().read()
        if capture.id < self._past.newest.get(self.source_id, 0):
            self.only_new = True
            return super().read()
        self._past.newest[self.source_id] = capture.id
        read_so = (capture.payload_digest, self.reading.digest)
        if self.kind == "poll" and self._past.last_read.get(self.source_id) == read_so:
            return lambda conn: Ingested(seen_again(polls.last_tallies(conn, [self.source_id])[self.source_id]))
        self._past.last_read[self.source_id] = read_so
        return super().read()

    def _read_page(self, capture: Capture) -> Work:
        if self.kind == "gave-up":
            return lambda conn: self._with_entry(conn, capture, give_up)
        try:
            article = read_page(capture, self.reading)
        except ParseError:  # it was tried again, or given up by an event of its own
            return Ingested()
        except DocumentError as error:
            return failing(error)
        return lambda conn: self._with_entry(
            conn, capture, lambda conn, page, one, reading: write_page(conn, page, article, one, reading)
        )

    def _with_entry(
        self,
        conn: Connection,
        capture: Capture,
        work: Callable[[Connection, Capture, Waiting, Reading], Ingested],
    ) -> Ingested:
        """Record the entry of a page if it still waits."""
        at = capture.fetched_at
        one = candidates.find(conn, self.source_id, self.url, now=at, owner="replay", lease=timedelta(days=1))
        return Ingested() if one is None else work(conn, capture, one, self.reading)

    def _settle(self, shared: Batch, ingested: Ingested) -> None:
        """Forget how a source was read where a poll would read the same bytes again."""
        del shared
        is_cut = self.document is not None and self.document.cut and not self.only_new
        if ingested.outcome is not Outcome.OK or is_cut:
            self._past.last_read.pop(self.source_id, None)

    def _mark(self, shared: Batch, capture: Capture, ingested: Ingested) -> None:
        """Leave the mark copied with the capture."""

    def _set_aside(self, conn: Connection, capture: Capture, error: DocumentError) -> Ingested:
        """Name a damaged capture, or one on which this program fails."""
        del conn
        sentence = f"{self.source_id}: {isolation.sentence(capture.id, error)}"
        self._past.failed.append(str(error) if isinstance(error, DamagedError) else sentence)
        return Ingested()

    def _enter(self, shared: Batch, ingested: Ingested, report: PollReport) -> None:
        """Copy the row in the ledger, with the tally of the repetition."""
        del report
        replays.copy_poll(self._origin, shared.conn, self._event.poll_id, asdict(ingested.tally))
