"""
The wire: httpx's transport over httpcore, with a network back end of our own.

httpcore carries a request's timeouts unread to its back end. Here they are not durations but the *moment* at which
the whole errand ends (monotonic seconds), and every connect, handshake, write and read is given what is left until
then. So no slow peer can outlast the deadline, however many reads it spreads its answer over, and an operation
without a deadline is an error.

There is no httpx client: a client keeps cookies, reads the environment and adds headers; a transport does neither.
"""

from __future__ import annotations

import hashlib
import select
import socket
import ssl
import time
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
"""In all; far more than INGEST_CONCURRENCY needs, so that it binds only when something leaks."""

MAX_IDLE_CONNECTIONS: Final = 16
"""Kept for redirects, retries and the next source of the same host. The pool looks at each of them at every request."""

IDLE_S: Final = 15.0
"""Servers hang up after 5 to 75 s; a few host gaps are enough for the next source of the same host."""

MAX_ADDRESSES: Final = 4
"""Tried of one name; all of them are checked."""

ADDRESS_PATIENCE_S: Final = 3.0
"""For each address but the last one tried: two SYN retransmissions (RFC 6298), then the next may work."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who really answered: address literal, and the sha256 hex of the certificate it showed (DER)."""

    address: str
    certificate_digest: str | None


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """
    Trust the system's anchors and those of `ca_file`; TLS 1.2 or later, names checked (RFC 9325 §3.1.1).

    Errors:
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
    Sends requests over checked addresses only; thread-safe.

    A request states its `timeout` extension in moments, see above, and its `target` as the bytes that were admitted,
    so that no second URL parser has a say in what is asked. Faults come out as FetchError, from the request as well
    as from the body while it is read.
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
        """Send one request; the response's body is still on the wire."""
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=b"https", host=request.url.raw_host, port=None, target=request.extensions["target"]),
            headers=request.headers.raw,
            extensions=request.extensions,
        )
        with _translated("protocol"):
            answer = self._pool.handle_request(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """A response body as it arrives, transfer coding taken off."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _translated("truncated"):
            yield from self._answer.iter_stream()

    def close(self) -> None:
        """Give the connection back, or close it when the body was not read to its end."""
        self._answer.close()


@contextmanager
def _translated(rule: str) -> Iterator[None]:
    """Turn httpcore's faults into ours; `rule` names what a breach of the protocol means in this phase."""
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
        # Another try has a connection of its own: what broke the protocol may be the surplus of an earlier answer.
        message = f"did not keep to HTTP ({error}); the next poll asks again"
        raise FetchError(message, rule=rule, retryable=True) from error


class _Backend(httpcore.NetworkBackend):
    """Opens connections to the endpoints that the router checked, and to nothing else."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002  # httpcore passes it; we let the system choose
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002  # none are asked for
    ) -> httpcore.NetworkStream:
        """Connect to the first endpoint that answers; `timeout` is a moment."""
        endpoints = self._router.endpoints(host, port, until=_moment(timeout))[:MAX_ADDRESSES]
        for endpoint in endpoints[:-1]:
            try:
                return _connect(endpoint, min(_left(timeout, httpcore.ConnectTimeout), ADDRESS_PATIENCE_S))
            except OSError:
                continue
        last = endpoints[-1]
        try:
            return _connect(last, _left(timeout, httpcore.ConnectTimeout))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            why = error.strerror or error
            message = f"cannot be reached at {last.address} port {last.port} ({why}); the next poll asks again"
            raise FetchError(message, rule="connection", retryable=True) from error


def _connect(endpoint: Endpoint, patience_s: float) -> _Stream:
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(patience_s)
        sock.connect((endpoint.address, endpoint.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    return _Stream(sock, Peer(endpoint.address, None))


class _Stream(httpcore.NetworkStream):
    """A connection whose every operation ends at the moment it is given as `timeout`."""

    def __init__(self, sock: socket.socket, peer: Peer) -> None:
        self._sock = sock
        self._peer = peer
        self._silent = True  # nothing came since the last write

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there; a connection that ends before any answer is a network fault, and another try may help."""
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
        """Write all of it."""
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
        """Close the socket."""
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """
        Shake hands under the official name.

        An end without TLS's own farewell is an error later on and not the end of a body (RFC 9112 §9.8), which is
        what makes a cut body of unstated length visible.
        """
        try:
            self._sock.settimeout(_left(timeout, httpcore.ConnectTimeout))
            self._sock.getpeername()  # of a connection already reset, `wrap_socket` would drop the socket unclosed
            secure = ssl_context.wrap_socket(
                self._sock,
                server_hostname=server_hostname,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
        except (OSError, httpcore.ConnectTimeout) as error:
            self._sock.close()
            raise _handshake_fault(error) from error
        try:
            secure.do_handshake()
            shown = secure.getpeercert(binary_form=True) or b""
        except OSError as error:
            secure.close()
            raise _handshake_fault(error) from error
        return _Stream(secure, Peer(self._peer.address, hashlib.sha256(shown).hexdigest()))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  # httpcore's own signature
        """Tell `peer`; and `is_readable`, by which the pool sees that a server hung up on an idle connection."""
        if info == "peer":
            return self._peer
        if info == "is_readable":
            return _is_readable(self._sock)
        return self._sock if info in {"ssl_object", "socket"} else None


def _handshake_fault(error: OSError | httpcore.ConnectTimeout) -> Exception:
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
    """Insist on a deadline: none is a mistake of ours."""
    if timeout is None:
        raise RuntimeError("a network operation without a deadline")
    return timeout


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
    """Give the seconds until the moment that stands in `timeout`; none left is httpcore's timeout of the given type."""
    seconds = _moment(timeout) - time.monotonic()
    if seconds <= 0:
        raise late("the deadline has passed")
    return seconds
