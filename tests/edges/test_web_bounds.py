"""What one visitor may take of the page: parameters that it knows, bytes, time and places; and what the log keeps of it."""

from __future__ import annotations

import gzip
import logging
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from edges.website import Website, serve
from ingest.web import coding
from ingest.web.connection import BoundedProtocol


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    """A page that is only read, long enough to be worth packing."""
    with serve(tmp_path_factory.mktemp("web")) as website:
        website.fill()
        for number in range(30):
            website.add_headline(f"Headline {number}")
        yield website


# ── parameters ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/?vendor=openai", ["vendor"]),
        ("/?lang=ja&since=7d", ["lang", "since"]),
        ("/?page", ["page"]),
        ("/?page=", ["page"]),
        ("/?v=1", ["v"]),
        ("/?%3Cb%3E=1", ["<b>"]),
        ("/?a=1&a=2", ["a"]),
        ("/sources?state=failing", ["state"]),
        ("/static/style.css?w=1", ["w"]),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_parameter_that_a_page_does_not_know_is_refused_by_name_with_a_way_back(
    site: Website, path: str, names: list[str], method: str
) -> None:
    answer = site.ask(path, method)
    assert (answer.status, answer.headers["cache-control"]) == (400, "no-store")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    if method == "GET":
        main = LexborHTMLParser(answer.text).css_first("main")
        assert main is not None
        message = main.text()
        assert f"takes no parameter {', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)};" in message
        (back,) = main.css("a")
        assert back.attributes["href"] == path.partition("?")[0]
        assert site.ask(back.attributes["href"] or "").status == 200


def test_many_and_long_names_are_not_all_repeated(site: Website) -> None:
    answer = site.ask("/?" + "&".join(f"{'x' * 500}{number}=1" for number in range(20)))
    assert answer.status == 400
    assert len(answer.body) < 3_000
    assert "…" in answer.text


def test_the_probe_refuses_them_as_well_and_an_empty_question_is_ignored(site: Website) -> None:
    assert site.ask("/healthz?verbose=1").status == 400
    assert [site.ask(path).status for path in ("/?", "/sources?", "/healthz?", "/static/style.css?v=old")] == [200] * 4


# ── packing ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/", "/sources", "/static/style.css"])
def test_who_takes_gzip_gets_the_same_page_in_fewer_bytes_under_a_tag_of_its_own(site: Website, path: str) -> None:
    plain, packed = site.ask(path), site.ask(path, accept_encoding="br, gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < 0.6 * len(plain.body)
    assert int(packed.headers["content-length"]) == len(packed.body)
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    head = site.ask(path, "HEAD", accept_encoding="gzip")
    assert (head.body, head.headers["etag"]) == (b"", packed.headers["etag"])


def test_a_tag_answers_for_its_own_form_only(site: Website) -> None:
    plain, packed = site.ask("/"), site.ask("/", accept_encoding="gzip")
    same = site.ask("/", accept_encoding="gzip", if_none_match=packed.headers["etag"])
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", packed.headers["etag"])
    assert same.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in same.headers
    assert site.ask("/", accept_encoding="gzip", if_none_match=plain.headers["etag"]).status == 200
    assert site.ask("/", if_none_match=packed.headers["etag"]).status == 200
    assert site.ask("/", accept_encoding="gzip").headers["etag"] == packed.headers["etag"]


@pytest.mark.parametrize("path", ["/healthz", "/static/icon.svg", "/nothing"])
def test_small_answers_go_as_they_are(site: Website, path: str) -> None:
    answer = site.ask(path, accept_encoding="gzip")
    assert "content-encoding" not in answer.headers
    assert len(answer.body) > 0


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ([], False),
        ([""], False),
        (["identity"], False),
        (["gzip"], True),
        (["GZip"], True),
        (["x-gzip"], True),
        (["deflate, gzip;q=0.5"], True),
        (["deflate", "gzip"], True),
        (["*"], True),
        (["gzip;q=0"], False),
        (["gzip; q=0.000"], False),
        (["*;q=0"], False),
        (["*, gzip;q=0"], False),
        (["gzip;q=0.5, identity"], False),
        (["gzip;q=2"], False),
        (["gzip;level=9"], False),
        (["br"], False),
        (["gzipped"], False),
    ],
)
def test_gzip_is_sent_to_who_asks_for_it(fields: list[str], taken: bool) -> None:
    assert coding.takes_gzip(fields) is taken


# ── time and places ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    """A server with little patience and four places."""
    monkeypatch.setattr(BoundedProtocol, "head_s", 0.5)
    monkeypatch.setattr(BoundedProtocol, "connections_at_most", 4)
    with serve(tmp_path) as website:
        yield website


def connect(site: Website) -> socket.socket:
    address = urlsplit(site.url)
    return socket.create_connection((address.hostname, address.port), timeout=5)


def received(connection: socket.socket) -> bytes:
    result = b""
    try:
        while chunk := connection.recv(65_536):
            result += chunk
    except ConnectionResetError:
        pass
    return result


def drip(connection: socket.socket, piece: bytes) -> float:
    """Send a little again and again, and give the seconds until that is no longer taken."""
    began = time.monotonic()
    try:
        while time.monotonic() < began + 5:
            connection.sendall(piece)
            time.sleep(0.05)
    except OSError:
        pass
    return time.monotonic() - began


@pytest.mark.parametrize("begin", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_does_not_come_ends_the_connection(hurried: Website, begin: bytes) -> None:
    with connect(hurried) as connection:
        connection.sendall(begin)
        began = time.monotonic()
        answer = received(connection)
    assert 0.3 < time.monotonic() - began < 3
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer


def test_a_head_that_drips_gets_no_more_time(hurried: Website) -> None:
    with connect(hurried) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert drip(connection, b"X-Header: y\r\n") < 3


def test_the_second_request_of_a_connection_has_its_own_time_and_no_more(hurried: Website) -> None:
    with connect(hurried) as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok\n"):  # head and body may come apart
                answer += connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.3)
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert received(connection).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_never_ends_holds_no_place(hurried: Website) -> None:
    with connect(hurried) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert drip(connection, b"x") < 3


def test_a_missing_place_is_reported_and_places_come_back(hurried: Website, caplog: pytest.LogCaptureFixture) -> None:
    silent = [connect(hurried) for _ in range(4)]
    time.sleep(0.1)
    with caplog.at_level(logging.WARNING, "ingest.web"), connect(hurried) as refused:
        assert received(refused).startswith(b"HTTP/1.1 503 ")
    assert "4 are open already" in caplog.text
    time.sleep(1)
    assert hurried.ask("/healthz").status == 200
    for connection in silent:
        connection.close()


def test_nonsense_fills_no_log(hurried: Website, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "uvicorn.error"):
        for _ in range(40):
            with connect(hurried) as connection:
                connection.sendall(b"nonsense\r\n\r\n")
                assert re.match(rb"HTTP/1.1 400 ", received(connection))
    assert sum("Invalid HTTP request" in record.message for record in caplog.records) == 10
