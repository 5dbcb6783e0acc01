"""The web server: a listening socket and uvicorn in a thread, beside a scheduler or alone."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import TracebackType
from typing import Final, Self

import uvicorn

from ingest.errors import UsageError
from ingest.log import RateLimit
from ingest.store import Engine
from ingest.web.app import make_app, wall_clock
from ingest.web.connection import BoundedProtocol

TRIES: Final = 100
"""Ports tried for `HOST:PORT+`, from PORT upwards."""

DRAIN_S: Final = 5
"""Seconds for requests under way at a stop. A page takes milliseconds."""

_MAX_PORT: Final = 65535
_LOGGERS: Final = ("ingest.web", "uvicorn.error")
_ADDRESS: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})(?P<next>\+?)")


@dataclass(frozen=True, slots=True)
class Address:
    """An address to listen on. The system chooses for port 0. `next_free` tries the following ports, too."""

    host: str
    port: int
    next_free: bool = False

    def __str__(self) -> str:
        """Return `HOST:PORT`, with an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """
    Read `HOST:PORT`, `[IPV6]:PORT`, or either with a `+` for the next free port.

    Raises:
        UsageError: The text has another form.
    """
    match = _ADDRESS.fullmatch(text)
    if not match or int(match["port"]) > _MAX_PORT:
        message = "is not HOST:PORT; write for instance 127.0.0.1:8080, or 127.0.0.1:8080+ for the next free port."
        raise UsageError(message, subject=text)
    return Address(match["host"].strip("[]"), int(match["port"]), next_free=bool(match["next"]))


class Server:
    """
    The page on its own address. Requests are answered between `start` and `stop`.

    Args:
        engine: A database at the right schema, only read.
        address: `HOST:PORT`, or `HOST:PORT+` for the next free port.
        timezone: The zone of the days and times.
        banner: A plain sentence on top of every page, used by the demo.
        now: The clock for recent and stale data. The demo's clock stands still.

    Raises:
        UsageError: The address is not free, or not an address of this machine.
    """

    def __init__(
        self,
        engine: Engine,
        address: str,
        *,
        timezone: tzinfo,
        banner: str = "",
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._socket = _listen(parse_address(address))
        config = uvicorn.Config(
            make_app(engine, timezone=timezone, banner=banner, now=now),
            lifespan="off",
            http=BoundedProtocol,
            ws="none",
            proxy_headers=False,  # a page is the same for every client
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_S,
        )
        self._server = uvicorn.Server(config)
        self._rate_limit = RateLimit()
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="web", daemon=True)

    @property
    def url(self) -> str:
        """The address of the page for a browser on this machine."""
        host, port = self._socket.getsockname()[:2]
        if ipaddress.ip_address(host).is_unspecified:
            host = "127.0.0.1"
        return f"http://{Address(host, port)}/"

    def start(self) -> None:
        """Answer requests from now on. The socket already listens, so no client is refused before."""
        for name in _LOGGERS:  # any client can cause a log line with a bad request
            logging.getLogger(name).addFilter(self._rate_limit)
        self._thread.start()

    def stop(self) -> None:
        """Finish the requests under way and close the socket."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self._rate_limit)
        self._socket.close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def _listen(address: Address) -> socket.socket:
    ports = range(address.port, min(address.port + TRIES, _MAX_PORT + 1)) if address.next_free else (address.port,)
    why: OSError | None = None
    for port in ports:
        try:
            return _bind(address.host, port)
        except OSError as error:
            why = error
    remedy = f"choose another port, or write {address}+ for the next free one."
    raise UsageError(f"cannot be listened on ({why.strerror if why else 'no port'}); {remedy}", subject=str(address))


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
