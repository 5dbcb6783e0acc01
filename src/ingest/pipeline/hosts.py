"""Politeness to hosts, shared by all processes on one database: slots, back-offs and robots.txt records."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from ingest.errors import FetchError
from ingest.fetch import BackOff, InMemoryHostLimiter, backed_off
from ingest.model import Lease
from ingest.robots import RobotsRecord
from ingest.store import Engine, leases, robots
from ingest.store import engine as database

WAIT: Final = timedelta(minutes=2)
"""The longest wait for a busy host. Two such waits are well within a source's lease."""

RETRY_S: Final = 0.25
"""The longest pause between two attempts to claim a host. Each attempt is a write transaction."""

SOON_S: Final = 0.01
"""The shortest pause between two attempts, as when another process is just claiming the host."""


def lease_for(timeout: timedelta, gap: timedelta) -> timedelta:
    """
    Return the length of a lease: several times the longest need of its holder.

    The holder needs time for one request with retries and redirects (`timeout` in all), for the gaps between them, for
    waiting at other hosts, and for reading the document.
    """
    return timeout + 4 * gap + 2 * WAIT + timedelta(minutes=1)


class _ThreadLease(threading.local):
    """The lease of the source polled by this thread, until its host is released."""

    lease: Lease | None = None


_THREAD: Final = _ThreadLease()


@contextmanager
def holding(lease: Lease) -> Iterator[None]:
    """Let this thread use the host of a claimed source within the block: the source's lease covers the host."""
    _THREAD.lease = lease
    try:
        yield
    finally:
        _THREAD.lease = None


class SharedHostLimiter:
    """
    Slots under the host's lease in the database.

    A thread holds the host of its claimed source already (`holding`). Any other host is claimed for a single
    request. The thread releases its own host first, so that two threads never wait for each other.

    Args:
        owner: Name of this process, for operators.
        timeout: The longest duration of a request.
        gap: Time between two requests to the same host.
        now: The clock.
    """

    def __init__(
        self, engine: Engine, owner: str, *, timeout: timedelta, gap: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._threads = InMemoryHostLimiter(gap)
        self._engine = engine
        self._owner = owner
        self._gap = gap
        self._now = now
        self._lease = lease_for(timeout, gap)
        self._queues: dict[str, threading.Lock] = {}
        self._queues_lock = threading.Lock()

    @contextmanager
    def slot(self, host: str) -> Iterator[float]:
        """
        Wait until a request to `host` may start, and keep other requests away within the block.

        Raises:
            FetchError: `host-rests` during a back-off, `host-busy` if other processes keep the host for too long.
        """
        own = _THREAD.lease
        if own is not None and own.host == host:
            with self._threads.slot(host) as waited_s:
                yield waited_s
            return
        began = time.monotonic()
        if own is not None:
            _THREAD.lease = None
            self._release(own)
        with self._queue(host):  # one thread of this process at a time tries to claim the host
            lease = self._claim(host)
            try:
                with self._threads.slot(host):
                    yield time.monotonic() - began
            finally:
                self._release(lease)

    def back_off(self, host: str, request: BackOff) -> None:
        """Refuse slots at `host`, to every process, until the delay is over."""
        now = self._now()
        with database.write(self._engine) as conn:
            leases.rest_host(conn, host, now + request.delay, request.reason)

    def _queue(self, host: str) -> threading.Lock:
        with self._queues_lock:
            return self._queues.setdefault(host, threading.Lock())

    def _release(self, lease: Lease) -> None:
        with database.write(self._engine) as conn:
            leases.give_host_back(conn, lease, self._now() + self._gap)

    def _claim(self, host: str) -> Lease:
        until = time.monotonic() + WAIT.total_seconds()
        while time.monotonic() < until:
            with database.write(self._engine) as conn:
                claimed = leases.claim_host(conn, host, now=self._now(), owner=self._owner, lease=self._lease)
                backed_off_until = leases.rests_until(conn, [host], self._now()).get(host)
            if isinstance(claimed, Lease) and backed_off_until is not None:
                self._release(claimed)
            if backed_off_until is not None:
                raise backed_off((backed_off_until - self._now()).total_seconds())
            if isinstance(claimed, Lease):
                return claimed
            pause_s = (claimed - self._now()).total_seconds()
            time.sleep(min(max(pause_s, SOON_S), RETRY_S))
        raise FetchError("was kept busy by other processes; the next poll asks again", rule="host-busy", retryable=True)


class SharedRobotsCache:
    """Robots.txt records in the database, so that all processes together request each file once a day."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, host: str) -> RobotsRecord | None:
        """Return the newest record of a host."""
        with database.read(self._engine) as conn:
            return robots.load(conn, host)

    def put(self, host: str, record: RobotsRecord) -> None:
        """Store the newest record of a host."""
        with database.write(self._engine) as conn:
            robots.save(conn, host, record)
