"""
The vendors of a measurement in a process of their own: HTTP/1.1 over TLS, with a certificate for each name.

    python -m bench.server FEEDS ENTRIES

The first line of its output is a JSON object with the port and the file of the certificate authority. Each line of its
input is the name of a round and sets the documents of that round. The answer is the same line. The end of its input ends it.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import ssl
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import trustme

from bench import feeds

EDITIONS: Final = {
    "cold": feeds.COLD,
    "304": feeds.COLD,
    "same": feeds.COLD,
    "churn": feeds.CHURN,
    "delta": feeds.DELTA,
    "edit": feeds.EDIT,
    "articles": feeds.ARTICLES,
}
"""The documents of each round."""

_IDLE_S: Final = 30


class Vendors:
    """All feeds of a measurement, in the edition of the present round."""

    def __init__(self, count: int, entries: int) -> None:
        self._count = count
        self._entries = entries
        self._today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._ready: dict[str, tuple[bytes, bytes]] = {}
        self._round = ""
        self._authority = trustme.CA(organization_name="bench")
        self._contexts: dict[str, ssl.SSLContext] = {}

    def show(self, name: str) -> None:
        """Prepare the answers of a round, so that no client waits for them."""
        if EDITIONS.get(self._round) != EDITIONS[name]:
            for feed in range(self._count):
                text = feeds.document(feed, self._entries, EDITIONS[name], self._today)
                self._ready[feeds.host(feed)] = _answer(text, "rss" if feeds.is_rss(feed) else "atom")
        self._round = name

    def answer(self, head: bytes) -> bytes:
        """Answer one request."""
        first, *lines = head.decode("latin-1").split("\r\n")
        target = first.split(" ")[1]
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        host = fields.get("host", "").partition(":")[0]
        if target == "/robots.txt":
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        if target.startswith("/posts/"):
            feed = int(host.removeprefix("news.vendor").removesuffix(".com"))
            return b"".join(_answer(feeds.page(feed, int(target.rpartition("/")[2]), self._today), "html"))
        fixed, body = self._ready[host]
        tag = fixed.partition(b"ETag: ")[2].partition(b"\r\n")[0]
        if self._round == "304" and fields.get("if-none-match", "").encode() == tag:
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + tag + b"\r\n\r\n"
        return fixed + body

    async def serve(self) -> None:
        """Serve until the end of the input."""
        with tempfile.TemporaryDirectory() as folder:
            authority = Path(folder) / "ca.pem"
            self._authority.cert_pem.write_to_path(str(authority))
            for feed in range(self._count):
                self._context(feeds.host(feed))
            server = await asyncio.start_server(
                self._connection, "127.0.0.1", 0, ssl=self._context("localhost"), backlog=1024
            )
            port = server.sockets[0].getsockname()[1]
            _print(json.dumps({"port": port, "ca_file": str(authority)}))
            loop = asyncio.get_running_loop()
            while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
                self.show(line)
                _print(line)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _IDLE_S)
                writer.write(self.answer(head))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            writer.transport.abort()

    def _context(self, name: str) -> ssl.SSLContext:
        context = self._contexts.get(name)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(name).configure_cert(context)
            context.sni_callback = self._choose
            self._contexts[name] = context
        return context

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if name in self._contexts:
            connection.context = self._contexts[name]


def _answer(text: bytes, kind: str) -> tuple[bytes, bytes]:
    body = gzip.compress(text, 5, mtime=0)
    media_type = "text/html" if kind == "html" else f"application/{kind}+xml"
    digest = hashlib.sha256(text).hexdigest()[:20]
    lines = (
        "HTTP/1.1 200 OK",
        f"Content-Type: {media_type}; charset=utf-8",
        "Content-Encoding: gzip",
        f'ETag: "{digest}"',
        "Last-Modified: Tue, 01 Sep 2026 08:00:00 GMT",
        f"Content-Length: {len(body)}",
        "",
        "",
    )
    return "\r\n".join(lines).encode(), body


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(Vendors(int(sys.argv[1]), int(sys.argv[2])).serve())
