"""
A loopback TLS server that misbehaves on request and remembers everything that reached it.

What it does for an address is a script: bytes to send as they are, and acts between them. A script that comes to its
end leaves the connection open for the next request. Several scripts for one address are played one a request, the last
one again and again.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme


class Act(enum.Enum):
    """What can be done to a connection besides sending."""

    END = "TLS farewell, then close"
    CUT = "close without TLS's farewell"
    RESET = "TCP RST"
    HOLD = "say nothing more until the client leaves"


class Greeting(enum.Enum):
    """What meets a client before HTTP."""

    TLS = "a handshake"
    SILENCE = "the connection is taken, nothing is said"
    RESET = "the connection is reset after the client's hello"
    PLAIN = "HTTP without TLS"
    CUT = "the connection is closed after the client's hello"


class Certificate(enum.Enum):
    """What a host shows."""

    GOOD = "its own name, signed by the authority"
    EXPIRED = "was good until 2020"
    OTHER_NAME = "good for www.other.test"
    STRANGER = "signed by an authority nobody knows"


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Again:
    """The same bytes until the client leaves."""

    chunk: bytes
    every: float = 0.0


Step = bytes | Act | Pause | Again
Script = tuple[Step, ...]


def head(status: int = 200, **fields: str | int) -> bytes:
    """A response head; underscores in names become hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "?"
    return "\r\n".join([f"HTTP/1.1 {status} {phrase}", *lines, "", ""]).encode("latin-1")


def answer(body: bytes = b"", status: int = 200, **fields: str | int) -> bytes:
    """A whole and correct response."""
    return head(status, **{"Content_Length": len(body), **fields}) + body


def redirect(location: str, status: int = 301) -> bytes:
    return answer(status=status, Location=location)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass(frozen=True)
class Asked:
    """One request as it came: `target` and `fields` verbatim, `at` in monotonic seconds."""

    host: str
    target: str
    fields: tuple[tuple[str, str], ...]
    connection: int
    at: float

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.target}"

    def value(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)


@functools.cache
def authority() -> trustme.CA:
    return trustme.CA()


@functools.cache
def context_for(host: str, certificate: Certificate) -> ssl.SSLContext:
    signer = trustme.CA() if certificate is Certificate.STRANGER else authority()
    name = "www.other.test" if certificate is Certificate.OTHER_NAME else host
    until = datetime(2020, 1, 1, tzinfo=UTC) if certificate is Certificate.EXPIRED else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    signer.issue_cert(name, not_after=until).configure_cert(context)
    return context


@dataclass
class HostileServer:
    """Serves scripts by address; a context manager that leaves no thread and no socket behind."""

    greeting: Greeting = Greeting.TLS
    max_tls: ssl.TLSVersion | None = None
    asked: list[Asked] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    connections: int = 0
    otherwise: bytes = field(default_factory=lambda: answer(b"no script", 404))
    answering: dict[str, Callable[[Asked], bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scripts: dict[str, list[Script]] = {}
        self._certificates: dict[str, Certificate] = {}
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def forget(self) -> None:
        """Empty the log."""
        with self._lock:
            self.asked.clear()
            self.names.clear()
            self.connections = 0

    def clear(self, url: str) -> None:
        """Let an address be like any other again."""
        self._scripts.pop(url, None)
        self.answering.pop(url, None)

    def on(self, url: str, *scripts: Script | bytes) -> None:
        """Say what an address does; bytes alone are a script of one step."""
        self._scripts[url] = [(script,) if isinstance(script, bytes) else script for script in scripts]

    def show(self, host: str, certificate: Certificate) -> None:
        self._certificates[host] = certificate

    @property
    def urls(self) -> list[str]:
        """What was asked, in order."""
        return [asked.url for asked in self.asked]

    def write_authority(self, folder: Path) -> Path:
        path = folder / "ca.pem"
        authority().cert_pem.write_to_path(str(path))
        return path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, whose own is not safe beside a read
        for thread in self._threads:
            thread.join()

    # ── connections ─────────────────────────────────────────────────────────────────────────────────────────────

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or every first answer waits 40 ms for an ACK
            with self._lock:
                self.connections += 1
                self._open.add(sock)
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        current = sock
        try:
            secure = self._greet(sock)
            if secure is not None:
                with self._lock:
                    self._open.add(secure)
                current = secure
                self._converse(secure, number)
        except OSError:
            return  # the client left, which is what many scripts make it do
        finally:
            with self._lock:
                self._open -= {sock, current}
            current.close()
            sock.close()

    def _greet(self, sock: socket.socket) -> ssl.SSLSocket | None:
        match self.greeting:
            case Greeting.SILENCE:
                self._hold(sock)
            case Greeting.RESET:
                sock.recv(65536)
                _reset(sock)
            case Greeting.PLAIN:
                sock.sendall(answer(b"not here"))
                self._hold(sock)
            case Greeting.CUT:
                sock.recv(65536)
            case Greeting.TLS:
                return self._handshake(sock)
        return None

    def _handshake(self, sock: socket.socket) -> ssl.SSLSocket:
        first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.max_tls is not None:
            first.minimum_version = ssl.TLSVersion.TLSv1
            first.maximum_version = self.max_tls

        def choose(tls: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            with self._lock:
                self.names.append(name or "")
                tls.context = context_for(name or "", self._certificates.get(name or "", Certificate.GOOD))

        first.sni_callback = choose
        return first.wrap_socket(sock, server_side=True)

    def _converse(self, sock: ssl.SSLSocket, number: int) -> None:
        received = b""
        while not self._stopped.is_set():
            while b"\r\n\r\n" not in received:
                more = sock.recv(65536)
                if not more:
                    return
                received += more
            request, _, received = received.partition(b"\r\n\r\n")
            asked = _read(request, number)
            with self._lock:
                self.asked.append(asked)
                script = self._script(asked)
            if not self._play(sock, script):
                return

    def _script(self, asked: Asked) -> Script:
        """Choose what to do: by what was asked, else the address's next script."""
        if asked.url in self.answering:
            return (self.answering[asked.url](asked),)
        scripts = self._scripts.get(asked.url, [(self.otherwise,)])
        return scripts.pop(0) if len(scripts) > 1 else scripts[0]

    def _play(self, sock: ssl.SSLSocket, script: Iterable[Step]) -> bool:
        """Play a script; whether the connection goes on."""
        for step in script:
            match step:
                case bytes():
                    sock.sendall(step)
                case Pause():
                    self._stopped.wait(step.seconds)
                case Again():
                    while not self._stopped.wait(step.every):
                        sock.sendall(step.chunk)
                case Act.HOLD:
                    self._hold(sock)
                    return False
                case Act.RESET:
                    _reset(sock)
                    return False
                case Act.CUT:
                    return False
                case Act.END:
                    sock.unwrap()
                    return False
        return True

    def _hold(self, sock: socket.socket) -> None:
        while sock.recv(65536):
            pass


def _reset(sock: socket.socket) -> None:
    """Close with an RST: nothing lingers (SO_LINGER 0)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def _read(request: bytes, connection: int) -> Asked:
    first, *lines = request.decode("latin-1").split("\r\n")
    _, target, _ = first.split(" ")
    fields = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    host = next((value for name, value in fields if name.lower() == "host"), "")
    return Asked(host, target, fields, connection, time.monotonic())
