"""The pace of one process: one request at a time to a host, and a rest between the end of one and the start of the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from ingest.errors import FetchError
from ingest.model import Lease


@dataclass(slots=True)
class _Place:
    """A host's turn: who holds the lock may ask, from `next_at` on (monotonic seconds)."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    next_at: float = 0.0
    rests_until: float = 0.0


def resting(rest_s: float) -> FetchError:
    """Say that a host is not asked because it said so."""
    message = f"asked to be left alone for another {rest_s:.0f} s and was not asked"
    return FetchError(message, rule="host-rests", retry_after_s=max(1, round(rest_s)))


class Pace:
    """
    Turns at hosts, kept in memory; a lease that all processes share can stand in its place.

    Places are never dropped: there are as many as the allow-list has hosts.
    """

    def __init__(self, gap: timedelta) -> None:
        self._gap_s = gap.total_seconds()
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()

    @contextmanager
    def holding(self, lease: Lease) -> Iterator[None]:
        """Let this thread ask under a lease within the block; without shared leases there is nothing to note."""
        del lease
        yield

    def rest(self, host: str, wish: timedelta, why: str) -> None:
        """Leave a host alone, whoever of ours would ask it, because it said so; `why` is for an operator to read."""
        del why
        self._place(host).rests_until = time.monotonic() + wish.total_seconds()

    def _place(self, host: str) -> _Place:
        with self._lock:
            return self._places.setdefault(host, _Place())

    @contextmanager
    def turn(self, host: str) -> Iterator[float]:
        """
        Wait until `host` may be asked and hold its place; the value is the seconds waited.

        Raises:
            FetchError: It asked to be left alone.
        """
        began = time.monotonic()
        place = self._place(host)
        with place.lock:
            rest_s = place.rests_until - time.monotonic()
            if rest_s > 0:
                raise resting(rest_s)
            time.sleep(max(0.0, place.next_at - time.monotonic()))
            try:
                yield time.monotonic() - began
            finally:
                # From the end, so that the server sees the gap, too, however long a request was on its way.
                place.next_at = time.monotonic() + self._gap_s
