"""Manners towards hosts that all processes on one database share: turns at them, their wishes, their robots.txt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from ingest.errors import FetchError
from ingest.fetch import Pace, Robots, resting
from ingest.model import Lease
from ingest.robots import Heard
from ingest.store import engine as database
from ingest.store import leases, robots

WAIT: Final = timedelta(minutes=2)
"""How long a busy host is waited for; two such waits are well within a source's lease."""

LOOK_AGAIN_S: Final = 0.25
"""How often a host that another process holds is looked at; a write transaction each time."""

SOON_S: Final = 0.01
"""The least pause before another look, as when another process is just writing its name on the host."""


def lease_for(timeout: timedelta, gap: timedelta) -> timedelta:
    """
    Say how long a claimed source or host is ours: several times the longest that its holder can need.

    That is a request with its further tries and redirects (`timeout` in all), the rests between them, waiting for other
    hosts, and the ingest of what came.
    """
    return timeout + 4 * gap + 2 * WAIT + timedelta(minutes=1)


class SharedPace(Pace):
    """
    Turns under the host's lease in the database.

    The host of a claimed source is its fetching thread's already (`holding`). Any other host is claimed for the one
    request, after the own one was given back: who waits for a host holds none, so that no two wait for each other.

    Args:
        owner: Who we are, for an operator to read.
        timeout: The longest that a request may take.
        gap: How long a host rests after a request.
        now: Our clock.
    """

    def __init__(
        self, engine: Engine, owner: str, *, timeout: timedelta, gap: timedelta, now: Callable[[], datetime]
    ) -> None:
        super().__init__(gap)
        self._engine = engine
        self._owner = owner
        self._gap = gap
        self._now = now
        self._lease = lease_for(timeout, gap)
        self._own = threading.local()
        self._queues: dict[str, threading.Lock] = {}
        self._queues_lock = threading.Lock()

    @contextmanager
    def holding(self, lease: Lease) -> Iterator[None]:
        """Let this thread, and no other, ask the host of a claimed source under the lease that came with it."""
        self._own.lease = lease
        try:
            yield
        finally:
            self._own.lease = None

    @contextmanager
    def turn(self, host: str) -> Iterator[float]:
        """
        Wait until `host` may be asked and hold its place; the value is the seconds waited.

        Raises:
            FetchError: Other processes kept it for too long, or it asked to be left alone.
        """
        own: Lease | None = getattr(self._own, "lease", None)
        if own is not None and own.host == host:
            with super().turn(host) as waited_s:
                yield waited_s
            return
        began = time.monotonic()
        if own is not None:
            self._own.lease = None
            self._give_back(own)
        with self._queue(host):  # one of us at a time looks whether the host has come free
            lease = self._claim(host)
            try:
                with super().turn(host):
                    yield time.monotonic() - began
            finally:
                self._give_back(lease)

    def rest(self, host: str, wish: timedelta, why: str) -> None:
        """Leave a host alone, whichever process would ask it, because it said so."""
        now = self._now()
        with database.write(self._engine) as conn:
            leases.rest_host(conn, host, now + wish, why)

    def _queue(self, host: str) -> threading.Lock:
        with self._queues_lock:
            return self._queues.setdefault(host, threading.Lock())

    def _give_back(self, lease: Lease) -> None:
        with database.write(self._engine) as conn:
            leases.give_host_back(conn, lease, self._now() + self._gap)

    def _claim(self, host: str) -> Lease:
        until = time.monotonic() + WAIT.total_seconds()
        while time.monotonic() < until:
            with database.write(self._engine) as conn:
                claimed = leases.claim_host(conn, host, now=self._now(), owner=self._owner, lease=self._lease)
                rests_until = leases.rests_until(conn, [host], self._now()).get(host)
            if isinstance(claimed, Lease) and rests_until is not None:
                self._give_back(claimed)
            if rests_until is not None:
                raise resting((rests_until - self._now()).total_seconds())
            if isinstance(claimed, Lease):
                return claimed
            rest_s = (claimed - self._now()).total_seconds()
            time.sleep(min(max(rest_s, SOON_S), LOOK_AGAIN_S))
        raise FetchError("was kept busy by other processes; the next poll asks again", rule="host-busy", retryable=True)


class SharedRobots(Robots):
    """What hosts said in their robots.txt, in the database: asked once a day by all processes together."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def recall(self, host: str) -> Heard | None:
        """Give what was last heard of a host."""
        with database.read(self._engine) as conn:
            return robots.recall(conn, host)

    def remember(self, host: str, heard: Heard) -> None:
        """Keep what was heard of a host."""
        with database.write(self._engine) as conn:
            robots.remember(conn, host, heard)
