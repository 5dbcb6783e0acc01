from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from edges.website import Website, serve
from ingest.errors import UsageError
from ingest.store.engine import open_engine, write
from ingest.web.server import Address, Server, parse_address

EVERY_KIND = [
    ("GET", "/", 200),
    ("GET", "/sources", 200),
    ("GET", "/static/style.css", 200),
    ("GET", "/static/icon.svg", 200),
    ("GET", "/healthz", 200),
    ("GET", "/nothing", 404),
    ("GET", "/static/nothing.css", 404),
    ("POST", "/", 405),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    """A page that is only read."""
    with serve(tmp_path_factory.mktemp("web"), "A <demo>.") as website:
        website.fill()
        yield website


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Website]:
    """A page whose database a test changes."""
    with serve(tmp_path) as website:
        website.fill()
        yield website


# ── what every answer carries ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("method", "path", "status"), EVERY_KIND)
def test_every_answer_carries_the_protective_headers_and_no_cookie(
    site: Website, method: str, path: str, status: int
) -> None:
    answer = site.ask(path, method)
    assert answer.status == status
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not {"set-cookie", "server", "location"} & set(answer.headers)


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/nothing", "text/html; charset=utf-8"),
        ("/static/style.css", "text/css; charset=utf-8"),
        ("/static/icon.svg", "image/svg+xml"),
        ("/healthz", "text/plain; charset=utf-8"),
    ],
)
def test_answers_say_what_they_are(site: Website, path: str, media_type: str) -> None:
    assert site.ask(path).headers["content-type"] == media_type


# ── validators ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/", "/sources", "/static/style.css"])
@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"other", {0}', "*"])
def test_who_has_it_already_gets_304_and_no_body(site: Website, path: str, form: str) -> None:
    first = site.ask(path)
    again = site.ask(path, if_none_match=form.format(first.headers["etag"]))
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("known", ['"other"', "other", "", '"'])
def test_who_has_something_else_gets_the_page(site: Website, known: str) -> None:
    assert site.ask("/", if_none_match=known).status == 200


def test_a_new_headline_makes_a_new_etag(own: Website) -> None:
    before = own.ask().headers["etag"]
    own.add_headline("Something new")
    after = own.ask(if_none_match=before)
    assert after.status == 200
    assert after.headers["etag"] != before


def test_static_files_may_be_kept_for_ever_under_their_version_alone(site: Website) -> None:
    kept = site.ask("/").text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert site.ask(kept).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert site.ask("/static/style.css?v=old").headers["cache-control"] == "no-cache"


# ── methods ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/", "/sources", "/static/style.css", "/healthz", "/nothing"])
def test_head_is_get_without_the_body(site: Website, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=10)
    connection.request("HEAD", path)
    head = connection.getresponse()
    assert head.read() == b""
    # A body that came after all would be taken for the answer to the next request on this connection.
    connection.request("GET", path)
    get = connection.getresponse()
    body = get.read()
    connection.close()
    assert (head.status, head.headers["content-type"]) == (get.status, get.headers["content-type"])
    assert head.headers["etag"] == get.headers["etag"]
    assert int(head.headers["content-length"]) == int(get.headers["content-length"]) == len(body) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/static/style.css", "/healthz"])
def test_nothing_but_reading_is_allowed(site: Website, method: str, path: str) -> None:
    answer = site.ask(path, method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


# ── what is not there, what is broken ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path", ["/nothing", "/sources/", "//", "/static/", "/static/..%2fapp.py", "/static/../app.py", "/%00", "/<b>x</b>"]
)
def test_there_is_a_page_for_what_is_not_there_and_it_repeats_nothing(site: Website, path: str) -> None:
    answer = site.ask(path)
    assert answer.status == 404
    assert "<h1>No such page</h1>" in answer.text
    assert "<b>x" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_a_database_that_cannot_be_read_is_reported_without_details(own: Website) -> None:
    with write(own.engine) as conn:
        conn.execute(text("DROP VIEW v1_headlines"))
    answer = own.ask("/")
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert "The database cannot be read" in answer.text
    assert "web.db" not in answer.text
    assert "v1_" not in answer.text
    assert (own.ask("/healthz").status, own.ask("/healthz").body) == (200, b"ok\n")


def test_a_fault_of_ours_is_a_page_with_the_same_protection(own: Website) -> None:
    own.add_source("odd", state="no such state")
    answer = own.ask("/")
    assert answer.status == 500
    assert "<h1>Something broke</h1>" in answer.text
    assert "no such state" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert own.ask("/healthz").status == 200


@pytest.mark.parametrize("path", ["/", "/sources", "/nothing"])
def test_the_banner_is_on_top_of_every_page_as_text(site: Website, path: str) -> None:
    header = site.ask(path).text.split("<header>")[1]
    assert header.lstrip().startswith('<p class="banner">A &lt;demo&gt;.</p>')


# ── the server ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_port_that_is_taken_is_refused_with_a_way_out_and_the_next_one_found(site: Website) -> None:
    taken = urlsplit(site.url).netloc
    with pytest.raises(UsageError, match=rf"{taken}\+ for the next free one"):
        Server(site.engine, taken, timezone=ZoneInfo("UTC"))
    with Server(site.engine, f"{taken}+", timezone=ZoneInfo("UTC")) as second:
        assert second.url != site.url
        other = Website(site.engine, second.url)
        assert other.ask("/healthz").body == b"ok\n"
        assert "banner" not in other.ask("/").text


def test_a_stopped_server_frees_its_port_and_may_be_stopped_again(site: Website) -> None:
    server = Server(site.engine, "127.0.0.1:0", timezone=ZoneInfo("UTC"))
    where = urlsplit(server.url).netloc
    server.start()
    assert Website(site.engine, server.url).ask("/healthz").status == 200
    server.stop()
    server.stop()
    with Server(site.engine, where, timezone=ZoneInfo("UTC")) as again:
        assert urlsplit(again.url).netloc == where


@pytest.mark.parametrize(
    ("written", "address", "shown"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080), "127.0.0.1:8080"),
        ("127.0.0.1:0+", Address("127.0.0.1", 0, next_free=True), "127.0.0.1:0"),
        ("localhost:80", Address("localhost", 80), "localhost:80"),
        ("[::1]:8080+", Address("::1", 8080, next_free=True), "[::1]:8080"),
    ],
)
def test_addresses_are_host_and_port(written: str, address: Address, shown: str) -> None:
    assert parse_address(written) == address
    assert str(address) == shown


@pytest.mark.parametrize(
    "written", ["", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "a b:80", "h:80++"]
)
def test_other_addresses_are_refused_with_an_example(written: str) -> None:
    with pytest.raises(UsageError, match=r"127\.0\.0\.1:8080"):
        parse_address(written)


def test_a_host_that_does_not_exist_here_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be listened on"):
        Server(open_engine("sqlite://"), "192.0.2.1:0", timezone=ZoneInfo("UTC"))
