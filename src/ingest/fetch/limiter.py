"""
One request at a time to a host, and a gap between the end of one and the start of the next.

`HostLimiter` is the protocol. `InMemoryHostLimiter` serves the threads of one process, `pipeline.SharedHostLimiter` all
processes on one database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from ingest.errors import FetchError


@dataclass(frozen=True, slots=True)
class BackOff:
    """
    A host's request to stop asking for a while.

    Attributes:
        delay: How long the host wants no requests.
        reason: The sign of it for an operator, as in "answered 429".
    """

    delay: timedelta
    reason: str


class HostLimiter(Protocol):
    """Hands out slots: the right to send one request to a host."""

    def slot(self, host: str) -> AbstractContextManager[float]:
        """
        Wait until a request to `host` may start, and keep other requests away within the block.

        The value of the block is the waiting time in seconds.

        Raises:
            FetchError: `host-rests` during a back-off, `host-busy` if other processes keep the slot for too long.
        """
        ...

    def back_off(self, host: str, request: BackOff) -> None:
        """Refuse slots at `host`, to every source there, until the delay is over."""
        ...


@dataclass(slots=True)
class _Slot:
    """The one slot of a host. The moments are monotonic seconds."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    next_at: float = 0.0
    backed_off_until: float = 0.0


def backed_off(remaining_s: float) -> FetchError:
    """Return the error for a request to a host during its back-off."""
    message = f"asked to be left alone for another {remaining_s:.0f} s and was not asked"
    return FetchError(message, rule="host-rests", retry_after_s=max(1, round(remaining_s)))


class InMemoryHostLimiter:
    """
    Slots for the threads of one process.

    A slot is never dropped: there are as many as the allow-list has hosts.

    Args:
        gap: Time between the end of a request and the start of the next one to the same host.
    """

    def __init__(self, gap: timedelta) -> None:
        self._gap_s = gap.total_seconds()
        self._slots: dict[str, _Slot] = {}
        self._lock = threading.Lock()

    def _slot_of(self, host: str) -> _Slot:
        with self._lock:
            return self._slots.setdefault(host, _Slot())

    def back_off(self, host: str, request: BackOff) -> None:
        """Refuse slots at `host` until the delay is over."""
        self._slot_of(host).backed_off_until = time.monotonic() + request.delay.total_seconds()

    @contextmanager
    def slot(self, host: str) -> Iterator[float]:
        """
        Wait for the slot of `host` and hold it within the block.

        Raises:
            FetchError: `host-rests` during a back-off.
        """
        began = time.monotonic()
        slot = self._slot_of(host)
        with slot.lock:
            remaining_s = slot.backed_off_until - time.monotonic()
            if remaining_s > 0:
                raise backed_off(remaining_s)
            time.sleep(max(0.0, slot.next_at - time.monotonic()))
            try:
                yield time.monotonic() - began
            finally:
                # Counted from the end of the request: the server sees the gap even if the request was slow.
                slot.next_at = time.monotonic() + self._gap_s
