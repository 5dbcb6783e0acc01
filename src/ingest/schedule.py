"""
The daemon: one APScheduler job for a round of all due sources.

The job is in memory, and never runs twice at once. A late tick still runs, and missed ticks run once (APScheduler 3.11
drops ticks after one second by default). Every tick reads the allow-list file and puts a changed one in force. A bad file
is reported once, and the last good list stays.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler

from ingest import allowlist
from ingest.errors import AllowlistError, HungError, StoreError
from ingest.model import RoundReport
from ingest.pipeline import Accepted, Progress, Round, Standing, accept, in_force, run_round
from ingest.remedies import explained
from ingest.store import Engine

log = logging.getLogger("ingest.schedule")

TICK = timedelta(seconds=15)
"""The pause between two looks for due sources, well below the smallest declared `min_interval` (10 minutes)."""

PATIENCE = timedelta(minutes=10)
"""The longest time of a round without a step: two leases. A lease is several times the longest step."""


class AllowlistFollower:
    """
    The watched allow-list file and the list in force.

    A bad version of the file is reported once. The list in force is parsed again only for a new generation. With `private`,
    names of private networks may be scopes of the file.
    """

    def __init__(self, engine: Engine, path: Path, now: Callable[[], datetime], *, private: bool = False) -> None:
        self._engine = engine
        self._path = path
        self._now = now
        self._private = private
        self._bytes: bytes | None = None
        self._unreadable = False
        self._current: Accepted | None = None

    def current(self) -> Accepted | None:
        """Put a changed file in force if it is valid and permitted. Return the list in force, or None."""
        data = self._changed()
        if data is not None:
            self._offer(data)
        self._current = in_force(self._engine, self._current)
        return self._current

    def _changed(self) -> bytes | None:
        try:
            data = allowlist.read_bytes(self._path)
        except AllowlistError as error:
            if not self._unreadable:
                why = error.problems[0].what
                log.warning("allow-list unreadable path=%s why=%s; the list in force stays", self._path, why)
            self._unreadable = True
            return None
        self._unreadable = False
        if data == self._bytes:
            return None
        self._bytes = data
        return data

    def _offer(self, data: bytes) -> None:
        try:
            candidate = allowlist.parse(data, str(self._path), private=self._private)
        except AllowlistError as error:
            log.error("allow-list refused, the list in force stays\n%s", error.message)  # noqa: TRY400 - an operator's slip needs no traceback
            return
        accepted = accept(self._engine, candidate, at=self._now(), by="ingest run", why="the file changed")
        match accepted.standing:
            case Standing.APPLIED:
                log.info("allow-list in force generation=%d digest=%s", accepted.generation, candidate.digest[:12])
            case Standing.STALE:
                log.warning("allow-list stale, the list in force stays; see `ingest sources apply`")
            case Standing.HELD:
                log.warning(
                    "allow-list held, the list in force stays; it removes %s; see `ingest sources apply`",
                    _removed(accepted),
                )
            case Standing.IN_FORCE:
                pass


def _removed(accepted: Accepted) -> str:
    removal, applied = accepted.removal, accepted.applied
    if removal is None or applied is None:
        return ""
    return (
        f"sources={len(removal.sources)} scopes={len(removal.scopes)} headlines={applied.revoked}"
        f" links={applied.links_revoked}"
    )


class Watchdog:
    """
    Notes every step of a round, so that a hung round differs from a long one.

    A fetch ends by its deadline and a transaction by its lock timeout, so two steps are minutes apart at most. A longer
    pause is a fault of this program, and no thread can be killed.
    """

    def __init__(self, patience: timedelta = PATIENCE) -> None:
        self._patience_s = patience.total_seconds()
        self._last: float | None = None

    def beat(self, _: Progress | None = None) -> None:
        """Note a step."""
        self._last = time.monotonic()

    def rest(self) -> None:
        """Note the end of a round."""
        self._last = None

    @property
    def stopped(self) -> bool:
        """Whether a round is under way without a step for too long."""
        return self._last is not None and time.monotonic() - self._last > self._patience_s


def tick(
    follower: AllowlistFollower, make_round: Callable[[Accepted], Round], watchdog: Watchdog
) -> RoundReport | None:
    """
    Run one round of all due sources. None without a list in force or a usable database.

    A locked, restarted, full or missing database does not end the daemon. Neither does a fault of this program outside a
    single document. The next tick tries again.
    """
    watchdog.beat()
    try:
        accepted = follower.current()
        if accepted is None:
            return None
        shared = make_round(accepted)
        return run_round(replace(shared, watch=_both(shared.watch, watchdog.beat)))
    except StoreError as error:
        log.warning("tick put off: %s", explained(error))
        return None
    except Exception:
        log.exception("tick failed; the next one tries again")
        return None
    finally:
        watchdog.rest()


def _both(one: Callable[[Progress], None], other: Callable[[Progress], None]) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        one(progress)
        other(progress)

    return watch


def run(
    follower: AllowlistFollower,
    make_round: Callable[[Accepted], Round],
    stop: threading.Event,
    *,
    every: timedelta = TICK,
    patience: timedelta = PATIENCE,
) -> None:
    """
    Poll until `stop` is set, and finish the round under way.

    Args:
        follower: The allow-list file and the list in force.
        make_round: Makes the round of a tick from the list in force.
        stop: Set by SIGTERM or SIGINT. The `stop` of each round should check it, too, so that the round ends early.
        every: The pause between ticks.
        patience: The longest time of a round without a step.

    Raises:
        HungError: A round is stuck with its thread, so the process must end without waiting for it.
    """
    watchdog = Watchdog(patience)
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        tick,
        "interval",
        (follower, make_round, watchdog),
        seconds=every.total_seconds(),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
        next_run_time=datetime.now(UTC),
    )
    scheduler.start()
    try:
        while not stop.wait(min(1.0, patience.total_seconds() / 4)):
            if watchdog.stopped:
                raise HungError(f"no step of a round for {patience.total_seconds():.0f} s; restart the process.")
    finally:
        scheduler.shutdown(wait=not watchdog.stopped)
