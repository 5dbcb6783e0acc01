"""The loopback vendors, asked by a plain HTTP client over real TLS."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest

from ingest.codings import zstd
from ingest.demo.answers import Answer, recordings, redirect
from ingest.demo.server import VendorServer, main

NEWS = "https://openai.com/news/rss.xml"
FEED = b"<rss>" + b"x" * 500 + b"</rss>"
MODIFIED = datetime(2026, 5, 19, 10, 0, tzinfo=UTC)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Client:
    """Connects to the loopback port and speaks TLS under the official name, as curl --connect-to does."""

    port: int
    ca_file: Path
    connections: dict[str, HTTPSConnection] = field(default_factory=dict)

    def get(self, url: str, **headers: str) -> Reply:
        parts = urlsplit(url)
        host = str(parts.hostname)
        if host not in self.connections:
            tls = ssl.create_default_context(cafile=str(self.ca_file))
            connection = HTTPSConnection(host, context=tls)
            raw = socket.create_connection(("127.0.0.1", self.port), timeout=5)
            connection.sock = tls.wrap_socket(raw, server_hostname=host)
            self.connections[host] = connection
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connections[host].request("GET", target, headers={"Accept-Encoding": "identity", **sent})
        response = self.connections[host].getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read())

    def close(self) -> None:
        for connection in self.connections.values():
            connection.close()


@contextlib.contextmanager
def asking(server: VendorServer) -> Iterator[Client]:
    client = Client(server.port, server.ca_file)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer({NEWS: Answer(FEED, "application/rss+xml", modified=MODIFIED)}) as server:
        yield server


def test_any_official_name_is_answered_under_its_own_certificate(server: VendorServer) -> None:
    server.update({"https://blog.google/rss/": Answer(b"keyword"), "https://openai.com/a?b=c": Answer(b"with query")})
    with asking(server) as client:
        assert client.get(NEWS).body == FEED
        assert client.get("https://blog.google/rss/").body == b"keyword"
        assert client.get("https://openai.com/a?b=c").body == b"with query"
        assert client.get("https://openai.com/a").status == 404
        assert client.get("https://openai.com.news-desk.example/news/rss.xml").status == 404


def test_a_client_that_does_not_know_the_authority_is_not_answered(server: VendorServer) -> None:
    tls = ssl.create_default_context()
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        tls.wrap_socket(raw, server_hostname="openai.com")
    assert server.requests == ()


def test_validators_lead_to_304_without_content_and_only_while_the_document_is_the_same(server: VendorServer) -> None:
    with asking(server) as client:
        first = client.get(NEWS)
        assert first.headers["Last-Modified"] == "Tue, 19 May 2026 10:00:00 GMT"
        again = client.get(NEWS, If_None_Match=first.headers["ETag"])
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
        assert client.get(NEWS, If_Modified_Since=first.headers["Last-Modified"]).status == 304
        assert client.get(NEWS, If_Modified_Since="Mon, 18 May 2026 10:00:00 GMT").status == 200
        assert client.get(NEWS, If_Modified_Since="yesterday").status == 200

        server.update({NEWS: Answer(b"<rss>new</rss>", modified=MODIFIED)})
        both = client.get(NEWS, If_None_Match=first.headers["ETag"], If_Modified_Since=first.headers["Last-Modified"])
        assert (both.status, both.body) == (200, b"<rss>new</rss>")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip", "gzip"), ("gzip, br", "br"), ("gzip, br, zstd", "zstd"), ("zstd;q=0, gzip", "gzip"), ("deflate", "")],
)
def test_the_best_coding_that_the_client_accepts_is_used(server: VendorServer, accepted: str, coding: str) -> None:
    decoders = {
        "gzip": gzip.decompress,
        "br": brotli.decompress,
        "zstd": zstd.decompress,
        "": bytes,
    }
    with asking(server) as client:
        reply = client.get(NEWS, Accept_Encoding=accepted)
        assert reply.headers.get("Content-Encoding", "") == coding
        assert decoders[coding](reply.body) == FEED
        assert client.get(NEWS, Accept_Encoding=accepted, If_None_Match=reply.headers["ETag"]).status == 304
        if coding:
            assert client.get(NEWS, If_None_Match=reply.headers["ETag"]).status == 200


def test_redirects_and_errors_are_answers_too_and_carry_no_validators(server: VendorServer) -> None:
    server.update(
        {
            "https://openai.com/old": redirect("https://openai.com/news/rss.xml", 308),
            "https://openai.com/busy": Answer(b"", status=503, headers=(("Retry-After", "120"),)),
        }
    )
    with asking(server) as client:
        moved = client.get("https://openai.com/old")
        busy = client.get("https://openai.com/busy")
    assert (moved.status, moved.headers["Location"]) == (308, "https://openai.com/news/rss.xml")
    assert (busy.status, busy.headers["Retry-After"]) == (503, "120")
    assert "ETag" not in moved.headers | busy.headers


def test_the_log_shows_time_host_target_headers_and_status_in_order(server: VendorServer) -> None:
    before = datetime.now(UTC)
    with asking(server) as client:
        client.get(NEWS, User_Agent="ingest/1 (+https://contact.example)")
        client.get("https://openai.com/missing?x=1")
    first, second = server.requests
    assert (first.url, first.status) == (NEWS, 200)
    assert first.headers["user-agent"] == "ingest/1 (+https://contact.example)"
    assert (second.host, second.target, second.status) == ("openai.com", "/missing?x=1", 404)
    assert before <= first.at <= second.at
    server.forget_requests()
    assert server.requests == ()


def test_a_removed_document_is_gone(server: VendorServer) -> None:
    server.remove(NEWS)
    with asking(server) as client:
        assert client.get(NEWS).status == 404


def test_three_hundred_hosts_are_answered_at_once_and_closing_leaves_nothing_open() -> None:
    urls = [f"https://vendor-{number}.example/feed" for number in range(300)]
    with VendorServer({url: Answer(url.encode()) for url in urls}) as server:

        def ask(some: list[str]) -> list[bytes]:
            with asking(server) as client:
                return [client.get(url).body for url in some for _ in range(2)]

        with ThreadPoolExecutor(8) as threads:
            bodies = [body for result in threads.map(ask, [urls[n::8] for n in range(8)]) for body in result]
        assert sorted(bodies) == sorted(url.encode() for url in urls * 2)
        assert len(server.requests) == 600
        idle = Client(server.port, server.ca_file)
        idle.get(urls[0])
    idle.close()
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
    assert not server.ca_file.exists()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines: list[dict[str, object]] = [
        {"path": "one.xml", "url": NEWS, "kind": "rss", "recorded": "2026-05-18", "step": 1},
        {"path": "two.xml", "url": NEWS, "kind": "rss", "recorded": "2026-05-20", "step": 2},
        {"path": "old.html", "url": "https://x.ai/news", "kind": "html-list", "recorded": "2026-01-01"},
        {"path": "new.html", "url": "https://x.ai/news", "kind": "html-list", "recorded": "2026-02-01"},
        {"path": "late.json", "url": "https://red.anthropic.com/feed.json", "kind": "jsonfeed", "step": 2},
        {"path": "unknown.xml", "url": None, "kind": "rss", "recorded": "2021"},
    ]
    for line in lines:
        (tmp_path / str(line["path"])).write_text(str(line["path"]))
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def test_a_folder_is_chosen_from_by_step_or_by_what_was_recorded_last(folder: Path) -> None:
    assert {url: result.path.name for url, result in recordings(folder, 1).items()} == {
        NEWS: "one.xml",
        "https://x.ai/news": "new.html",
    }
    newest = {NEWS: "two.xml", "https://x.ai/news": "new.html", "https://red.anthropic.com/feed.json": "late.json"}
    assert {url: result.path.name for url, result in recordings(folder).items()} == newest
    assert {url: result.path.name for url, result in recordings(folder, 9).items()} == newest


def test_a_folder_can_be_shown_step_by_step(folder: Path) -> None:
    with VendorServer.from_folder(folder, step=1) as server, asking(server) as client:
        first = client.get(NEWS)
        assert (first.body, first.headers["Content-Type"]) == (b"one.xml", "application/rss+xml; charset=utf-8")
        assert first.headers["Last-Modified"] == "Mon, 18 May 2026 00:00:00 GMT"
        assert client.get("https://red.anthropic.com/feed.json").status == 404
        page = client.get("https://x.ai/news")
        server.show(folder, step=2)
        assert client.get(NEWS, If_None_Match=first.headers["ETag"]).body == b"two.xml"
        assert client.get("https://x.ai/news", If_None_Match=page.headers["ETag"]).status == 304
        assert client.get("https://red.anthropic.com/feed.json").body == b"late.json"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            '{"path": "one.xml", "url": "https://x.ai/"}',
            "manifest.jsonl:7: has no kind; a line is an object with at least",
        ),
        ('{"url": null}', "manifest.jsonl:7: has no path and no kind"),
        ("[]", "manifest.jsonl:7: has no path and no url and no kind"),
        ("{", "manifest.jsonl:7: is not JSON"),
        (
            '{"path": "none.xml", "url": "https://x.ai/", "kind": "rss"}',
            "manifest.jsonl:7: names none.xml, but there is no such file.",
        ),
    ],
)
def test_a_line_that_is_not_as_it_must_be_is_named(
    folder: Path, line: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "manifest.jsonl").open("a") as manifest:
        manifest.write(f"{line}\n")
    assert main([str(folder)]) == 2
    assert sentence in capsys.readouterr().err


def test_a_folder_without_a_manifest_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert f"{tmp_path}/manifest.jsonl: cannot be read" in capsys.readouterr().err


def test_the_command_prints_the_settings_that_lead_to_the_folder_and_ends_on_sigterm(folder: Path) -> None:
    command = [sys.executable, "-m", "ingest.demo.server", str(folder), "--step", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        settings = dict(process.stdout.readline().rstrip("\n").split("=", 1) for _ in range(3))
        port = int(settings["INGEST_CONNECT_TO"].rpartition(":")[2])
        client = Client(port, Path(settings["INGEST_CA_FILE"]))
        assert client.get(NEWS).body == b"one.xml"
        process.terminate()
        assert process.wait(timeout=10) == 0
        client.close()
    assert settings["INGEST_PRIVATE_NETWORKS"] == "127.0.0.0/8"
