"""
Conditional requests as a vendor's log shows them, over whole polls on a stored state.

The sentences are the points of the Feed Reader Behavior Project (rachelbythebay.com, "feed reader score"), and RFC 9110 §13.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from edges.client import BLOG, FEED, PAGE, SITEMAP, STAMP, Client, client_of, feed, page
from edges.hostile import AGENT, fetcher_for
from edges.server import Act, HostileServer, answer, chunk, head, redirect
from ingest.model import Outcome
from ingest.polling import UNCONDITIONAL_EVERY

HOUR = timedelta(hours=1)


@pytest.fixture
def client(tmp_path: Path, sqlite: Engine, server: HostileServer) -> Iterator[Client]:
    with client_of(sqlite, server, tmp_path) as client:
        yield client


def conditions(client: Client, url: str = FEED) -> list[tuple[str | None, str | None]]:
    return [(one.value("If-None-Match"), one.value("If-Modified-Since")) for one in client.asked(url)]


# ── what is sent back ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("etag", "stamp"),
    [
        ('"abc"', STAMP),
        ('"abc"', None),
        (None, STAMP),
        ('W/"abc"', STAMP),
        ("unquoted", STAMP),
        ('"with, comma"', STAMP),
        ('"caf\xe9"', None),
        ('""', None),
        ('"abc"', "yesterday"),
        ('"abc"', "Thu, 21 May 2026 12:00:00 +0200"),
        ('"abc"', "Thu, 01 Jan 1970 00:00:00 GMT"),
        ('"abc"', "Sun, 22 May 2099 10:00:00 GMT"),
        ('"' + "x" * 4000 + '"', None),
    ],
)
def test_both_validators_come_back_byte_for_byte_whatever_they_look_like(
    etag: str | None, stamp: str | None, client: Client
) -> None:
    fields: dict[str, Any] = {
        name: value for name, value in (("ETag", etag), ("Last_Modified", stamp)) if value is not None
    }
    client.server.on(FEED, answer(feed("One"), **fields), head(304))
    assert client.poll().outcome is Outcome.OK
    assert client.poll().outcome is Outcome.NOT_MODIFIED
    assert conditions(client) == [(None, None), (etag, stamp)]
    assert client.world.titles() == ["One"]


def test_without_validators_nothing_conditional_is_made_up(client: Client) -> None:
    client.server.on(FEED, answer(feed("One"), Date=STAMP, Expires=STAMP))
    for _ in range(3):
        client.poll()
    assert conditions(client) == [(None, None)] * 3


def test_the_newest_validators_are_sent(client: Client) -> None:
    client.server.on(FEED, answer(feed("One"), ETag='"1"'), answer(feed("One", "Two"), ETag='"2"'), head(304))
    for _ in range(3):
        client.poll()
    assert [etag for etag, _ in conditions(client)] == [None, '"1"', '"2"']


def test_a_304_updates_what_it_names(client: Client) -> None:
    client.server.on(FEED, answer(feed("One"), ETag='"1"', Last_Modified=STAMP), head(304, ETag='"2"'), head(304))
    for _ in range(3):
        client.poll()
    assert conditions(client)[2] == ('"2"', STAMP)


def test_a_document_without_validators_drops_the_old_ones(client: Client) -> None:
    client.server.on(FEED, answer(feed("One"), ETag='"1"'), answer(feed("One", "Two")))
    for _ in range(3):
        client.poll()
    assert [etag for etag, _ in conditions(client)] == [None, '"1"', None]


def test_validators_outlive_the_process(client: Client, tmp_path: Path) -> None:
    client.server.on(FEED, answer(feed("One"), ETag='"1"', Last_Modified=STAMP), head(304))
    client.poll()
    with fetcher_for(client.server, tmp_path) as another:
        client.world.fetcher = another
        assert client.poll().outcome is Outcome.NOT_MODIFIED
    assert conditions(client)[1] == ('"1"', STAMP)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param((answer(b"gone fishing", 404, ETag='"bad"'),), id="404"),
        pytest.param((answer(b"oops", 500, ETag='"bad"'),), id="500"),
        pytest.param((answer(b"slow", 429, ETag='"bad"'),), id="429"),
        pytest.param((answer(b"no", 403, ETag='"bad"'),), id="403"),
        pytest.param((head(200, Content_Length=5000, ETag='"bad"') + b"<rss", Act.END), id="shorter than stated"),
        pytest.param((head(200, Transfer_Encoding="chunked", ETag='"bad"') + chunk(b"<rss"), Act.CUT), id="cut"),
        pytest.param((answer(b"", ETag='"bad"'),), id="empty"),
        pytest.param((answer(b"not gzip", ETag='"bad"', Content_Encoding="gzip"),), id="broken coding"),
        pytest.param((answer(b"part", 206, ETag='"bad"'),), id="206"),
        pytest.param((answer(feed("One"), 203, ETag='"bad"'),), id="203"),
    ],
)
@pytest.mark.usefixtures("at_once")
def test_what_brought_no_document_gives_no_validators_and_costs_none(
    bad: tuple[bytes | Act, ...], client: Client
) -> None:
    client.server.on(FEED, answer(feed("One"), ETag='"1"'), bad)
    client.poll()
    assert client.poll().outcome in {Outcome.FAILED, Outcome.BLOCKED}
    client.server.on(FEED, head(304))
    assert client.poll(after=timedelta(days=2)).outcome is Outcome.NOT_MODIFIED
    assert conditions(client)[-1] == ('"1"', None)
    assert client.world.titles() == ["One"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<!DOCTYPE html><html><head><title>Hello</title></head><body>hi</body></html>", id="a page"),
        pytest.param(b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", id="a sitemap"),
        pytest.param(b"<html><head><title>Just a moment...</title></head></html>", id="a challenge"),
        pytest.param(b"%PDF-1.7 ...", id="a PDF"),
        pytest.param(b"\x00\x01\x02\x03", id="noise"),
    ],
)
def test_what_cannot_be_read_gives_no_validators(body: bytes, client: Client) -> None:
    client.server.on(FEED, answer(body, ETag='"bad"', Last_Modified=STAMP), answer(feed("One")))
    assert client.poll().outcome in {Outcome.BROKEN, Outcome.BLOCKED}
    client.poll()
    assert conditions(client) == [(None, None)] * 2
    assert client.world.titles() == ["One"]


WHOLE = feed("One", "Two", "Three")
LISTED = page("One", "Two", "Three")
URLS = b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>https://www.acme-ai.com/news/one</loc></url></urlset>"


@pytest.mark.parametrize(
    ("source", "url", "cut", "whole"),
    [
        pytest.param("acme/news", FEED, WHOLE[: WHOLE.index(b"Three")], WHOLE, id="within an entry"),
        pytest.param("acme/news", FEED, WHOLE[: WHOLE.index(b"<item><title>Three")], WHOLE, id="between entries"),
        pytest.param("acme/page", PAGE, LISTED[: LISTED.index(b"three")], LISTED, id="a page"),
        pytest.param("acme/map", SITEMAP, URLS.removesuffix(b"</urlset>"), URLS, id="a sitemap"),
    ],
)
def test_a_document_that_breaks_off_is_read_so_far_and_vouched_for_by_nothing(
    source: str, url: str, cut: bytes, whole: bytes, client: Client
) -> None:
    client.server.on(url, *[answer(cut, ETag='"cut"')] * 2, answer(whole, ETag='"whole"'), head(304))
    for _ in range(2):  # the second time with the very bytes of the first
        assert client.poll(source).outcome is Outcome.OK
        assert "breaks off" in client.shown(source).reason
    client.poll(source)
    assert client.shown(source).reason == ""
    assert client.poll(source).outcome is Outcome.NOT_MODIFIED
    assert [etag for etag, _ in conditions(client, url)] == [None, None, None, '"whole"']


def test_validators_belong_to_the_address_where_the_document_was_found(client: Client) -> None:
    client.server.on(FEED, redirect(BLOG, 302))
    client.server.on(BLOG, answer(feed("One"), ETag='"1"'), head(304))
    client.poll()
    assert client.poll().outcome is Outcome.NOT_MODIFIED
    assert conditions(client, FEED) == [(None, None)] * 2
    assert conditions(client, BLOG) == [(None, None), ('"1"', None)]


def test_when_a_redirect_ends_elsewhere_the_old_validators_stay_at_home(client: Client) -> None:
    client.server.on(FEED, answer(feed("One"), ETag='"1"'), redirect("/elsewhere.xml", 302))
    client.server.on("https://www.acme-ai.com/elsewhere.xml", answer(feed("One", "Two")))
    client.poll()
    client.poll()
    assert client.asked("https://www.acme-ai.com/elsewhere.xml")[0].value("If-None-Match") is None


# ── nothing else ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_poll_of_a_feed_asks_for_the_feed_and_nothing_else(client: Client) -> None:
    client.server.on(FEED, answer(feed("One"), Link='<https://www.acme-ai.com/hub>; rel="hub"', Set_Cookie="a=b"))
    for _ in range(3):
        client.poll()
    assert client.server.urls == [FEED] * 3


def test_no_poll_adds_cookies_referrers_queries_or_ranges(client: Client) -> None:
    client.server.on(FEED, answer(feed("One"), ETag='"1"', Set_Cookie="id=1; Path=/"), redirect("/moved.xml", 302))
    client.server.on("https://www.acme-ai.com/moved.xml", answer(feed("One"), Set_Cookie="id=2"))
    for _ in range(3):
        client.poll()
    sent = {name.lower() for one in client.server.asked for name, _ in one.fields}
    assert sent == {"host", "user-agent", "accept", "accept-encoding", "connection", "if-none-match"}
    assert {one.value("User-Agent") for one in client.server.asked} == {AGENT}
    assert not any("?" in url for url in client.server.urls)


def test_what_is_not_due_is_not_asked_and_starting_again_is_no_reason(client: Client, tmp_path: Path) -> None:
    client.server.on(FEED, answer(feed("One")))
    client.poll()
    with fetcher_for(client.server, tmp_path) as another:
        client.world.fetcher = another
        assert all(report.source_id != "acme/news" for report in client.due(after=timedelta(minutes=5)))
    assert len(client.asked()) == 1


# ── lies ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Liar:
    """Says 304 to every conditional request, whatever it has."""

    def __init__(self, server: HostileServer, url: str = FEED) -> None:
        self.server, self.url = server, url

    def has(self, body: bytes, **fields: Any) -> None:
        whole = answer(body, **fields)
        self.server.answering[self.url] = lambda asked: whole if asked.value("If-None-Match") is None else head(304)


def test_every_twentieth_request_is_unconditional(client: Client) -> None:
    Liar(client.server).has(feed("One"), ETag='"1"')
    for _ in range(2 * UNCONDITIONAL_EVERY + 1):
        client.poll()
    whole = [number for number, (etag, _) in enumerate(conditions(client)) if etag is None]
    assert whole == [0, UNCONDITIONAL_EVERY, 2 * UNCONDITIONAL_EVERY] == [0, 20, 40]
    assert client.state().validators_trust == "trusted"


def test_a_304_that_was_false_is_never_trusted_again_and_an_operator_can_see_it(client: Client) -> None:
    liar = Liar(client.server)
    liar.has(feed("One"), ETag='"1"')
    client.poll()
    client.poll()
    liar.has(feed("One", "Two"), ETag='"1"')
    reports = [client.poll() for _ in range(UNCONDITIONAL_EVERY - 1)]
    assert client.world.titles() == ["One", "Two"]
    assert "304" in reports[-1].note
    client.server.forget()
    for _ in range(3):
        client.poll()
    assert conditions(client) == [(None, None)] * 3
    assert client.shown().state == "ok"
    assert "304 Not Modified although there was news" in client.shown().reason


def test_news_under_new_validators_put_the_old_ones_under_test_and_a_304_to_them_is_the_proof(client: Client) -> None:
    liar = Liar(client.server)
    liar.has(feed("One"), ETag='"1"')
    client.poll()
    client.poll()
    liar.has(feed("One", "Two"), ETag='"2"')
    for _ in range(UNCONDITIONAL_EVERY - 1):
        client.poll()
    assert client.state().validators_trust == "trial"
    client.poll()
    assert conditions(client)[-1] == ('"1"', None)
    assert client.state().validators_trust == "distrusted"
    client.poll()
    assert conditions(client)[-1] == (None, None)


def test_an_honest_server_whose_news_came_just_then_is_trusted_on(client: Client) -> None:
    client.server.on(FEED, answer(feed("One"), ETag='"1"'), head(304))
    for _ in range(UNCONDITIONAL_EVERY):
        client.poll()
    client.server.on(FEED, answer(feed("One", "Two"), ETag='"2"'), answer(feed("One", "Two"), ETag='"2"'), head(304))
    for _ in range(3):
        client.poll()
    assert [etag for etag, _ in conditions(client)[-3:]] == [None, '"1"', '"2"']
    assert client.state().validators_trust == "trusted"
    assert client.shown().reason == ""


def test_bytes_that_differ_without_news_prove_nothing(client: Client) -> None:
    liar = Liar(client.server)
    liar.has(feed("One"), ETag='"1"')
    client.poll()
    client.poll()
    liar.has(feed("One", head="<lastBuildDate>Fri, 22 May 2026 12:00:00 GMT</lastBuildDate>"), ETag='"1"')
    for _ in range(UNCONDITIONAL_EVERY + 1):
        client.poll()
    assert client.state().validators_trust == "trusted"


def test_a_304_to_a_first_request_is_a_failure_and_not_an_empty_source(client: Client) -> None:
    client.server.on(FEED, head(304, ETag='"1"'), answer(feed("One")))
    assert client.poll().outcome is Outcome.FAILED
    client.poll()
    assert conditions(client) == [(None, None)] * 2
    assert client.world.titles() == ["One"]


def test_pages_are_asked_conditionally_too(client: Client) -> None:
    client.server.on(PAGE, answer(page("One", "Two", "Three"), ETag='"1"', Last_Modified=STAMP), head(304))
    client.poll("acme/page")
    assert client.poll("acme/page").outcome is Outcome.NOT_MODIFIED
    assert conditions(client, PAGE)[1] == ('"1"', STAMP)
