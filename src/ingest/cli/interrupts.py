"""SIGINT and SIGTERM as a request: a command finishes its present write, then ends."""

from __future__ import annotations

import os
import signal
import socket
import threading
from types import FrameType, TracebackType
from typing import Any, Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

INTERRUPTED: Final = 130
"""The exit status after SIGINT, and after SIGTERM for commands with an end of their own (CONTRACT §4)."""

_NOTICE: Final = b"\nEnding as soon as what is under way is stored; once more to end at once.\n"


class Interrupts:
    """
    Notes the first signal inside a `with` block. A second signal raises KeyboardInterrupt.

    `received` is the number of the signal, or None. A thread sets `event` a moment later, because the handler could wait for
    a lock of the interrupted main thread.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self.event = threading.Event()
        self._old: dict[int, Any] = {}

    @property
    def came(self) -> bool:
        """Whether a signal came."""
        return self.received is not None

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number
        os.write(2, _NOTICE)  # not through `sys.stderr`, which the interrupted code may be writing to

    def _watch(self) -> None:
        if self._reader.recv(1):
            self.event.set()

    def __enter__(self) -> Self:
        """Install the handlers. Only the main thread may."""
        self._reader, self._writer = socket.socketpair()
        self._writer.settimeout(0)  # a wakeup descriptor must not block
        self._old = {number: signal.signal(number, self._note) for number in SIGNALS}
        self._old_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._watcher = threading.Thread(target=self._watch, name="signals", daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the former handlers."""
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._writer.close()
        self._watcher.join()
        self._reader.close()
