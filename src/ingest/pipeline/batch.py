"""
A write transaction shared by several attempts. Rows of one kind are read and written with one statement.

An attempt hands in its rows. They are written when the block ends, in the order of the attempts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from ingest.model import PollReport, Tally
from ingest.robots import RobotsRecord
from ingest.store import Connection, Engine, captures, leases, polls, robots
from ingest.store import engine as database


class Batch:
    """
    One write transaction.

    Attributes:
        conn: The connection, for changes by a document.
    """

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self._marks: list[captures.ReadMark] = []
        self._releases: list[leases.Release] = []
        self._entries: list[tuple[PollReport, polls.Circumstances]] = []
        self._tallies: Mapping[str, Tally] = {}
        self._robots: Mapping[str, RobotsRecord | None] = {}

    def expect(self, sources: Iterable[str], hosts: Iterable[str]) -> None:
        """Read ahead what attempts at these sources and hosts ask for."""
        self._tallies = polls.last_tallies(self.conn, sources)
        self._robots = robots.load_all(self.conn, hosts)

    def last_tally(self, source_id: str) -> Tally:
        """Return the tally of the last document of a source."""
        known = self._tallies.get(source_id)
        return polls.last_tallies(self.conn, [source_id])[source_id] if known is None else known

    def robots_of(self, host: str) -> RobotsRecord | None:
        """Return the robots.txt record of a host."""
        return self._robots[host] if host in self._robots else robots.load(self.conn, host)

    def mark(self, mark: captures.ReadMark) -> None:
        """Mark a capture as read."""
        self._marks.append(mark)

    def settle(self, release: leases.Release) -> None:
        """Save the state of a source and give its lease back."""
        self._releases.append(release)

    def enter(self, report: PollReport, circumstances: polls.Circumstances) -> None:
        """Write a row of the ledger."""
        self._entries.append((report, circumstances))

    def write(self) -> None:
        """Write the rows handed in so far."""
        marks, releases, entries = self._marks, self._releases, self._entries
        self._marks, self._releases, self._entries = [], [], []
        captures.mark_ingested(self.conn, marks)
        leases.settle(self.conn, releases)
        polls.record(self.conn, entries)


@contextmanager
def batch(engine: Engine) -> Iterator[Batch]:
    """Change the database: all of the block or nothing of it (`engine.write`)."""
    with database.write(engine) as conn:
        shared = Batch(conn)
        yield shared
        shared.write()
