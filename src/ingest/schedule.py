"""
The daemon: one APScheduler tick that asks what is due and polls it.

One job, in memory, never two at once; a tick that comes late still runs, ticks that were missed run once (traps of
APScheduler 3.11: its default grace is one second). The allow-list file is looked at on every tick and put in force
when it changed; a bad file is reported once and the last good list stays.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine

from ingest import allowlist
from ingest.errors import AllowlistError, LockedError
from ingest.pipeline import Accepted, Round, RoundReport, Standing, accept, in_force, run_round

log = logging.getLogger("ingest.schedule")

TICK = timedelta(seconds=15)
"""How often the daemon looks for due sources: well below the smallest `min_interval` anyone declares (10 minutes)."""


class Lists:
    """
    The allow-list as the daemon follows it: the file it watches and the list in force.

    A bad version of the file is reported once. `current` is parsed anew only when its generation changes.
    """

    def __init__(self, engine: Engine, path: Path, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._path = path
        self._now = now
        self._bytes: bytes | None = None
        self._unreadable = False
        self._current: Accepted | None = None

    def current(self) -> Accepted | None:
        """Put a changed file in force if it is good and may be; give the list in force, None when there is none."""
        data = self._changed()
        if data is not None:
            self._offer(data)
        self._current = in_force(self._engine, self._current)
        return self._current

    def _changed(self) -> bytes | None:
        try:
            data = self._path.read_bytes()
        except OSError as error:
            if not self._unreadable:
                log.warning("allow-list unreadable path=%s why=%s; the list in force stays", self._path, error.strerror)
            self._unreadable = True
            return None
        self._unreadable = False
        if data == self._bytes:
            return None
        self._bytes = data
        return data

    def _offer(self, data: bytes) -> None:
        try:
            candidate = allowlist.parse(data, str(self._path))
        except AllowlistError as error:
            log.error("allow-list refused, the list in force stays\n%s", error.message)  # noqa: TRY400 - an operator's slip needs no traceback
            return
        accepted = accept(self._engine, candidate, at=self._now(), by="ingest run", why="the file changed")
        match accepted.standing:
            case Standing.APPLIED:
                log.info("allow-list in force generation=%d digest=%s", accepted.generation, candidate.digest[:12])
            case Standing.STALE | Standing.HELD:
                log.warning("allow-list %s, the list in force stays; see `ingest sources apply`", accepted.standing)
            case Standing.IN_FORCE:
                pass


def tick(lists: Lists, make_round: Callable[[Accepted], Round]) -> RoundReport | None:
    """Do one round of what is due; None when there is no list in force or the database is busy."""
    try:
        accepted = lists.current()
        return None if accepted is None else run_round(make_round(accepted))
    except LockedError as error:
        log.warning("tick put off: %s", error)
        return None


def run(
    lists: Lists, make_round: Callable[[Accepted], Round], stop: threading.Event, *, every: timedelta = TICK
) -> None:
    """
    Poll until `stop` is set, then let the round under way finish.

    Args:
        lists: The allow-list file and the list in force.
        make_round: Makes the round of a tick from the list then in force.
        stop: Set by SIGTERM or SIGINT; the rounds' own `stop` should look at it too, so that they drain.
        every: Pause between ticks.
    """
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        tick,
        "interval",
        (lists, make_round),
        seconds=every.total_seconds(),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
        next_run_time=datetime.now(UTC),
    )
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)
