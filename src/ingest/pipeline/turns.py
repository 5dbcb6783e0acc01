"""Turns at hosts that all processes on one database share: what a redirect, robots.txt or an article page needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from ingest.errors import FetchError
from ingest.fetch import Pace
from ingest.model import Lease
from ingest.store import engine as database
from ingest.store import leases

LEASE: Final = timedelta(minutes=2)
"""How long a host is ours for one request: more than the longest (`INGEST_TIMEOUT` is 30 s by default)."""

LOOK_AGAIN_S: Final = 0.25
"""How often a host that another process holds is looked at; a write transaction each time."""


class SharedPace(Pace):
    """
    Turns under the host's lease in the database.

    The host of a claimed source is ours already (`hold`): there the process's own turns do. Any other host is claimed for
    the one request.

    Args:
        owner: Who we are, for an operator to read.
        gap: How long a host rests after a request.
        now: Our clock.
    """

    def __init__(self, engine: Engine, owner: str, gap: timedelta, now: Callable[[], datetime]) -> None:
        super().__init__(gap)
        self._engine = engine
        self._owner = owner
        self._gap = gap
        self._now = now
        self._held: set[str] = set()
        self._held_lock = threading.Lock()

    def hold(self, host: str) -> None:
        """Note that the lease of a host came with that of a source."""
        with self._held_lock:
            self._held.add(host)

    def drop(self, host: str) -> None:
        """Note that it was given back with it."""
        with self._held_lock:
            self._held.discard(host)

    @contextmanager
    def turn(self, host: str) -> Iterator[float]:
        """
        Wait until `host` may be asked and hold its place; the value is the seconds waited.

        Raises:
            FetchError: Other processes kept it for too long.
        """
        with super().turn(host) as waited_s:
            with self._held_lock:
                held = host in self._held
            if held:
                yield waited_s
                return
            began = time.monotonic()
            lease = self._claim(host)
            try:
                yield waited_s + time.monotonic() - began
            finally:
                with database.write(self._engine) as conn:
                    leases.give_back(conn, lease, host_free_at=self._now() + self._gap)

    def _claim(self, host: str) -> Lease:
        until = time.monotonic() + 2 * LEASE.total_seconds()
        while time.monotonic() < until:
            with database.write(self._engine) as conn:
                claimed = leases.claim_host(conn, host, now=self._now(), owner=self._owner, lease=LEASE)
            if isinstance(claimed, Lease):
                return claimed
            rest_s = (claimed - self._now()).total_seconds()
            time.sleep(min(max(rest_s, 0.0), LOOK_AGAIN_S))
        raise FetchError("was kept busy by other processes; the next poll asks again", rule="host-busy", retryable=True)
