"""
An httpx transport over httpcore, with our own network back end.

httpcore passes a request's timeouts unread to its back end. Here a timeout is not a duration but a *moment*: the deadline of
the whole exchange, in monotonic seconds. Every connect, handshake, write and read gets the time left until then. A slow peer
cannot outlast the deadline, however many reads it spreads its response over. An operation without a deadline is an error.

There is no httpx client: a client keeps cookies, reads the environment and adds headers. A transport does none of that.
"""

from __future__ import annotations

import hashlib
import select
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpcore
import httpx

from ingest.errors import FetchError, SettingsError
from ingest.fetch.route import Endpoint, Router

MAX_CONNECTIONS: Final = 256
"""All connections together. INGEST_CONCURRENCY needs far fewer, so that only a leak reaches the limit."""

MAX_IDLE_CONNECTIONS: Final = 16
"""Idle connections for redirects, retries and the next source of the same host. Each request checks all of them."""

IDLE_S: Final = 15.0
"""A few host gaps, enough for the next source of the same host. Servers close after 5 to 75 s."""

MAX_ADDRESSES: Final = 4
"""Addresses of one name to try. All of them are checked."""

MAX_SESSIONS: Final = 512
"""TLS sessions to resume, the last used. One takes about 4 KB with the server's certificate."""

CONNECT_TIMEOUT_S: Final = 3.0
"""Time for each address but the last one: two SYN retransmissions (RFC 6298)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The real peer: its IP address, and the sha256 hex of its certificate (DER)."""

    address: str
    certificate_digest: str | None


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """
    Return a context for TLS 1.2 or later with name checks (RFC 9325 §3.1.1).

    It trusts the system's anchors and those of `ca_file`.

    Raises:
        SettingsError: `ca_file` cannot be read as PEM certificates.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one
            message = f"{ca_file} cannot be read as PEM certificates ({error}); name a readable file"
            raise SettingsError(message, subject="INGEST_CA_FILE") from error
    return context


class Transport(httpx.BaseTransport):
    """
    Sends requests over checked addresses only. Threads may share it.

    A request has moments in its `timeout` extension (see the module) and the admitted bytes in `target`, so that no second
    URL parser decides on the address. Errors are FetchErrors, from the request and from reading the body.
    """

    def __init__(self, router: Router, context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_S,
            network_backend=_Backend(router),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. The body of the response is still on the wire."""
        sent = httpcore.Request(
            request.method,
            httpcore.URL(scheme=b"https", host=request.url.raw_host, port=None, target=request.extensions["target"]),
            headers=request.headers.raw,
            extensions=request.extensions,
        )
        with _translated("protocol"):
            response = self._pool.handle_request(sent)
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """A response body as it arrives, without its transfer coding."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _translated("truncated"):
            yield from self._response.iter_stream()

    def close(self) -> None:
        """Return the connection to the pool, or close it if part of the body is unread."""
        self._response.close()


@contextmanager
def _translated(rule: str) -> Iterator[None]:
    """Turn httpcore's errors into ours. `rule` is the rule for a protocol error in this phase."""
    try:
        yield
    except httpcore.TimeoutException as error:
        message = "did not finish in time; if it is always that slow, raise INGEST_TIMEOUT"
        raise FetchError(message, rule="timeout") from error
    except httpcore.NetworkError as error:
        named = "connection" if rule == "protocol" else rule
        message = f"broke the connection off ({error}); the next poll asks again"
        raise FetchError(message, rule=named, retryable=True) from error
    except httpcore.RemoteProtocolError as error:
        # A retry has a connection of its own. The protocol error may come from bytes left over from an earlier response.
        message = f"did not keep to HTTP ({error}); the next poll asks again"
        raise FetchError(message, rule=rule, retryable=True) from error


class _Backend(httpcore.NetworkBackend):
    """Opens connections to endpoints checked by the router, and to nothing else."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._sessions = _Sessions()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002  # httpcore passes it, the system chooses
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002  # httpcore passes none
    ) -> httpcore.NetworkStream:
        """Connect to the first endpoint that answers. `timeout` is a moment."""
        endpoints = self._router.endpoints(host, port, until=_moment(timeout))[:MAX_ADDRESSES]
        for endpoint in endpoints[:-1]:
            try:
                return _connect(
                    endpoint, min(_left(timeout, httpcore.ConnectTimeout), CONNECT_TIMEOUT_S), self._sessions
                )
            except OSError:
                continue
        last = endpoints[-1]
        try:
            return _connect(last, _left(timeout, httpcore.ConnectTimeout), self._sessions)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            why = error.strerror or error
            message = f"cannot be reached at {last.address} port {last.port} ({why}); the next poll asks again"
            raise FetchError(message, rule="connection", retryable=True) from error


class _Sessions:
    """
    The TLS sessions of hosts, by official name, to be resumed at the next connection (RFC 8446 §2.2).

    A handshake takes 0.76 ms of CPU, a resumed one 0.25 ms. A session belongs to a name and was verified for it.
    """

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, ssl.SSLSession] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str | None) -> ssl.SSLSession | None:
        """Return the session of a host. A ticket is for one connection (RFC 8446 appendix C.4)."""
        with self._lock:
            return self._by_name.pop(name, None) if name else None

    def put(self, name: str | None, session: ssl.SSLSession | None) -> None:
        """Keep the newest session of a host, and drop the least recently used beyond `MAX_SESSIONS`."""
        if name is None or session is None or not session.has_ticket:
            return
        with self._lock:
            self._by_name[name] = session
            self._by_name.move_to_end(name)
            while len(self._by_name) > MAX_SESSIONS:
                self._by_name.popitem(last=False)


def _connect(endpoint: Endpoint, timeout_s: float, sessions: _Sessions) -> _Stream:
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        sock.connect((endpoint.address, endpoint.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    return _Stream(sock, Peer(endpoint.address, None), sessions)


class _Stream(httpcore.NetworkStream):
    """A connection. Every operation ends at the moment in its `timeout`."""

    def __init__(self, sock: socket.socket, peer: Peer, sessions: _Sessions, name: str | None = None) -> None:
        self._sock = sock
        self._peer = peer
        self._sessions = sessions
        self._name = name
        self._silent = True  # nothing received since the last write

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read the available bytes. A connection closed before any response is a network error, and a retry may help."""
        try:
            self._sock.settimeout(_left(timeout, httpcore.ReadTimeout))
            received = self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(error.strerror or str(error)) from error
        if not received and self._silent:
            raise httpcore.ReadError("it was closed without an answer")
        self._silent = False
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write the whole buffer."""
        self._silent = True
        rest = memoryview(buffer)
        try:
            while rest:
                self._sock.settimeout(_left(timeout, httpcore.WriteTimeout))
                rest = rest[self._sock.send(rest) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(error.strerror or str(error)) from error

    def close(self) -> None:
        """Close the socket. TLS 1.3 sends the tickets after the handshake, so the session is complete only now."""
        if isinstance(self._sock, ssl.SSLSocket):
            self._sessions.put(self._name, self._sock.session)
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """
        Make the handshake under the official name.

        A connection closed without a TLS closure alert is an error and not the end of a body (RFC 9112 §9.8). A truncated
        body without Content-Length is detected by that.
        """
        try:
            self._sock.settimeout(_left(timeout, httpcore.ConnectTimeout))
            self._sock.getpeername()  # `wrap_socket` would leave the socket of a reset connection open
            secure = ssl_context.wrap_socket(
                self._sock,
                server_hostname=server_hostname,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
                session=self._sessions.get(server_hostname),
            )
        except (OSError, httpcore.ConnectTimeout) as error:
            self._sock.close()
            raise _handshake_error(error) from error
        try:
            secure.do_handshake()
            certificate = secure.getpeercert(binary_form=True) or b""
        except OSError as error:
            secure.close()
            raise _handshake_error(error) from error
        peer = Peer(self._peer.address, hashlib.sha256(certificate).hexdigest())
        return _Stream(secure, peer, self._sessions, server_hostname)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  # httpcore's own signature
        """Return `peer` or `is_readable`: an idle connection is readable once the server closed it."""
        if info == "peer":
            return self._peer
        if info == "is_readable":
            return _is_readable(self._sock)
        return self._sock if info in {"ssl_object", "socket"} else None


def _handshake_error(error: OSError | httpcore.ConnectTimeout) -> Exception:
    if isinstance(error, (TimeoutError, httpcore.ConnectTimeout)):
        return httpcore.ConnectTimeout(str(error))
    if isinstance(error, ssl.SSLCertVerificationError):
        message = (
            f"showed a certificate that is not to be trusted ({error.verify_message}); nothing was sent."
            " If the anchor is your own, name it in INGEST_CA_FILE"
        )
        return FetchError(message, rule="tls")
    if isinstance(error, ssl.SSLError) and not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return FetchError(f"offers no TLS that is good enough ({error.reason}); nothing was sent", rule="tls")
    why = error.strerror or error
    return FetchError(
        f"broke the TLS handshake off ({why}); the next poll asks again", rule="connection", retryable=True
    )


def _is_readable(sock: socket.socket) -> bool:
    if sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _moment(timeout: float | None) -> float:
    """Require a deadline. A missing one is a bug in this program."""
    if timeout is None:
        raise RuntimeError("a network operation without a deadline")
    return timeout


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
    """Return the seconds until the moment in `timeout`, or raise httpcore's timeout of the given type."""
    seconds = _moment(timeout) - time.monotonic()
    if seconds <= 0:
        raise late("the deadline has passed")
    return seconds
