"""
A loopback HTTPS server in place of any official host, for the demo, tests and measurements.

It listens on 127.0.0.1 only. It shows a certificate for any name in the handshake (RFC 6066 §3), made on the spot under
its own certificate authority. It answers with given documents like a well-behaved vendor: validators and 304 (RFC 9110
§13), content codings (§8.4), keep-alive. Three settings of a client lead to it (`VendorServer.settings`). Names in TLS,
in `Host` and in the policy stay the official ones.

A folder with a `manifest.jsonl` becomes a set of vendors by

    python -m ingest.demo.server FOLDER [--step N]

Each line of the manifest is a JSON object. Required are `path` (of the document, from the folder), `url` (its address,
or null to leave it out) and `kind` (rss, atom, jsonfeed, sitemap, markdown-changelog, or anything else for HTML).
Optional are `step` (the version in a series, a number) and `recorded` (ISO 8601, becomes Last-Modified).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import signal
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import brotli  # type: ignore[import-untyped]  # ships no types
import trustme

from ingest.codings import zstd
from ingest.demo.answers import NOT_FOUND, Answer, recordings
from ingest.demo.listener import Certificates, Listener
from ingest.errors import UsageError

CODINGS = ("zstd", "br", "gzip")
"""Content codings offered, best first (IANA HTTP Content Coding registry names)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server saw it: `at` is the server's clock, `target` path and query, header names lower case."""

    at: datetime
    host: str
    target: str
    headers: Mapping[str, str]
    status: int

    @property
    def url(self) -> str:
        """The official address of the request."""
        return f"https://{self.host}{self.target}"


class VendorServer:
    """
    The vendors, on one loopback port.

    Answers are looked up by host, path and query, whatever the scheme of their address. They may be replaced while the
    server runs. Use it as a context manager: leaving it closes every connection and joins every thread.

    Args:
        answers: The answer of each absolute address.
        codings: Content codings to offer, best first, or none.
    """

    def __init__(self, answers: Mapping[str, Answer] | None = None, *, codings: tuple[str, ...] = CODINGS) -> None:
        self.codings = codings
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str], Answer] = {}
        self._encoded: dict[tuple[Answer, str], bytes] = {}
        self._requests: list[Request] = []
        self._folder = tempfile.TemporaryDirectory(prefix="ingest-vendors-")
        self._authority = trustme.CA(organization_name="ingest demo")
        self.ca_file = Path(self._folder.name) / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca_file))
        self._server = _VendorListener(self, Certificates(self._authority).context)
        self._thread = threading.Thread(target=self._server.serve, daemon=True)
        self._thread.start()
        self.update(answers or {})

    @classmethod
    def from_folder(cls, folder: Path, *, step: int | None = None) -> Self:
        """Serve a folder by its recorded addresses (`recordings`)."""
        server = cls()
        server.show(folder, step=step)
        return server

    def show(self, folder: Path, *, step: int | None = None) -> None:
        """Replace everything by a folder's documents as of a step."""
        answers = {url: recording.answer() for url, recording in recordings(folder, step).items()}
        with self._lock:
            self._answers.clear()
        self.update(answers)

    def update(self, answers: Mapping[str, Answer]) -> None:
        """Add answers, or replace those of the same addresses."""
        keyed = {_key(url): answer for url, answer in answers.items()}
        with self._lock:
            self._answers.update(keyed)
            self._encoded.clear()

    def remove(self, url: str) -> None:
        """Let an address answer 404 from now on."""
        with self._lock:
            del self._answers[_key(url)]

    @property
    def port(self) -> int:
        """The port chosen by the system."""
        return int(self._server.server_address[1])

    @property
    def connect_to(self) -> str:
        """The value of INGEST_CONNECT_TO, for any host and port."""
        return f"::127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """The three settings that lead `ingest` to this server instead of the vendors (CONTRACT §3)."""
        return {
            "INGEST_CONNECT_TO": self.connect_to,
            "INGEST_CA_FILE": str(self.ca_file),
            "INGEST_PRIVATE_NETWORKS": "127.0.0.0/8",
        }

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order of their arrival."""
        with self._lock:
            return tuple(self._requests)

    def forget_requests(self) -> None:
        """Empty the log, for instance between two rounds."""
        with self._lock:
            self._requests.clear()

    def close(self) -> None:
        """Stop listening, end open connections, join the threads, remove the certificate file."""
        self._server.end()
        self._thread.join()
        self._server.server_close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        """Serve within a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, also after an error."""
        self.close()

    # The listener's side: called from connection threads.

    def answer(self, host: str, target: str) -> Answer:
        """Return the answer at an address, or 404."""
        with self._lock:
            return self._answers.get((host, target), NOT_FOUND)

    def encode(self, answer: Answer, coding: str) -> bytes:
        """Apply a content coding, once for every answer."""
        with self._lock:
            known = self._encoded.get((answer, coding))
        if known is None:
            known = _ENCODERS[coding](answer.content)
            with self._lock:
                self._encoded[answer, coding] = known
        return known

    def record(self, request: Request) -> None:
        """Put a request into the log."""
        with self._lock:
            self._requests.append(request)


def _key(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


class _VendorListener(Listener):
    """The listener of one `VendorServer`."""

    def __init__(self, vendors: VendorServer, tls: ssl.SSLContext) -> None:
        self.vendors = vendors
        super().__init__(_Connection, tls)


class _Connection(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    server_version = "ingest-vendors"
    sys_version = ""
    server: _VendorListener
    connection: ssl.SSLSocket
    request: ssl.SSLSocket

    def setup(self) -> None:
        """Do the TLS handshake in the connection's own thread."""
        self.request.do_handshake()
        super().setup()

    def do_GET(self) -> None:
        """Answer as RFC 9110 asks of an origin server."""
        vendors = self.server.vendors
        host = self.headers.get("Host", "").partition(":")[0].lower()
        answer = vendors.answer(host, self.path)
        coding = _negotiate(self.headers.get("Accept-Encoding", ""), vendors.codings) if answer.content else ""
        headers = [("Content-Type", answer.media_type), ("Vary", "Accept-Encoding"), *answer.headers]
        status = answer.status
        if status == HTTPStatus.OK:
            etag = _etag(answer, coding)
            headers += [("ETag", etag), *_last_modified(answer)]
            if _is_current(self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since"), etag, answer):
                status = HTTPStatus.NOT_MODIFIED
        received = {name.lower(): value for name, value in self.headers.items()}
        vendors.record(Request(datetime.now(UTC), host, self.path, received, status))
        body = vendors.encode(answer, coding) if coding else answer.content
        self._send(status, headers, coding, body)

    def _send(self, status: int, headers: list[tuple[str, str]], coding: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status == HTTPStatus.NOT_MODIFIED:  # has no content by definition (RFC 9110 §15.4.5)
            self.end_headers()
            return
        if coding:
            self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Keep silent: the log is `VendorServer.requests`."""


_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "zstd": zstd.compress,
    "br": lambda content: brotli.compress(content, quality=5),
    "gzip": lambda content: gzip.compress(content, compresslevel=6, mtime=0),
}


def _negotiate(accepted: str, offered: tuple[str, ...]) -> str:
    """Choose our best coding among those accepted (RFC 9110 §12.5.3), '' for none."""
    names = {part.partition(";")[0].strip().lower() for part in accepted.split(",") if "q=0" not in part.split(";")[1:]}
    return next((coding for coding in offered if coding in names), "")


def _etag(answer: Answer, coding: str) -> str:
    """Make a strong validator: each coding is another representation and needs its own (RFC 9110 §8.8.3.3)."""
    digest = hashlib.sha256(answer.content).hexdigest()[:16]
    return f'"{digest}-{coding}"' if coding else f'"{digest}"'


def _last_modified(answer: Answer) -> Iterator[tuple[str, str]]:
    if answer.modified is not None:
        yield "Last-Modified", format_datetime(answer.modified, usegmt=True)


def _is_current(none_match: str | None, modified_since: str | None, etag: str, answer: Answer) -> bool:
    """Whether the client already has the answer. If-None-Match wins (RFC 9110 §13.2.2)."""
    if none_match is not None:
        return etag in {tag.strip().removeprefix("W/") for tag in none_match.split(",")}
    if modified_since is None or answer.modified is None:
        return False
    try:
        since = parsedate_to_datetime(modified_since)
    except ValueError:
        return False  # a date we cannot read is ignored (RFC 9110 §13.1.3)
    return answer.modified.replace(microsecond=0) <= since


# ── on the command line ─────────────────────────────────────────────────────────────────────────────────────────


def main(arguments: list[str] | None = None) -> int:
    """Serve a folder until interrupted, and print the settings for a client."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest.demo.server",
        description="Serve a folder of recorded documents by their recorded addresses, over TLS on loopback.",
    )
    parser.add_argument("folder", type=Path, help="a folder with a manifest.jsonl")
    parser.add_argument("--step", type=int, help="of each series, the version at this step (default: the newest)")
    options = parser.parse_args(arguments)
    try:
        recordings(options.folder, options.step)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before the threads start, so that only `sigwait` sees them
    with VendorServer.from_folder(options.folder, step=options.step) as server:
        sys.stdout.writelines(f"{name}={value}\n" for name, value in server.settings.items())
        sys.stdout.flush()
        signal.sigwait(signals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
