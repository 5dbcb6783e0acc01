"""
TLS connections on loopback, with one thread for each and a certificate for any name.

HTTP is read by `http.server` of the standard library. uvicorn took 0.2 s to close, and 5 s with an idle TLS client, because
asyncio waits for the client's close_notify. It also left the transport open. This listener closes in 5 ms, and the tests start
hundreds.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn
from typing import Any

import trustme

IDLE_S = 30
"""Seconds a silent connection stays open: longer than the host gap, so that keep-alive is really used."""


class Certificates:
    """One TLS context a name, made when the name is first asked for."""

    def __init__(self, authority: trustme.CA) -> None:
        self._authority = authority
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.context = self._for("localhost")
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if name is not None:
            connection.context = self._for(name)

    def _for(self, name: str) -> ssl.SSLContext:
        with self._lock:
            context = self._contexts.get(name)
            if context is None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._authority.issue_cert(name).configure_cert(context)
                self._contexts[name] = context
            return context


class Listener(ThreadingMixIn, TCPServer):
    """One thread for each connection. The TLS handshake happens there, so a slow client delays nobody."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 512  # 300 sources may connect at once

    def __init__(self, handler: type[BaseRequestHandler], tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        super().__init__(("127.0.0.1", 0), handler)

    def serve(self) -> None:
        """Accept connections until `end`, without the polling of `serve_forever`."""
        while not self._ended.is_set():
            self.handle_request()

    def end(self) -> None:
        """End `serve` by a last connection of our own, which wakes it."""
        self._ended.set()
        socket.create_connection(("127.0.0.1", self.server_address[1])).close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection. The handshake is left to its own thread."""
        raw, address = self.socket.accept()
        raw.settimeout(IDLE_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close an ended connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Wake the waiting threads, then join them."""
        with self._lock:
            for connection in self._open:
                _hang_up(connection)
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that went away or refused our certificate, and show any other fault."""
        if not isinstance(sys.exception(), OSError):  # ssl.SSLError and TimeoutError are among these
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # typeshed narrows a value that is only printed


def _hang_up(connection: socket.socket) -> None:
    """End a connection from another thread below TLS, whose own shutdown is unsafe during a read."""
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return  # closed by the client
