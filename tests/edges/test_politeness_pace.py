"""The pace of requests to a vendor: its requested delays, refusals and silences, by its log and the next poll."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from edges.client import BLOG, DOCS, FEED, PAGE, Client, client_of, feed, share
from edges.hostile import fetcher_for
from edges.server import HostileServer, answer, head, redirect
from ingest.model import Outcome

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def client(tmp_path: Path, sqlite: Engine, server: HostileServer) -> Iterator[Client]:
    with client_of(sqlite, server, tmp_path) as client:
        yield client


@pytest.fixture
def client_anywhere(tmp_path: Path, engine: Engine, server: HostileServer) -> Iterator[Client]:
    with client_of(engine, server, tmp_path) as client:
        yield client


def nearly(expected: timedelta, result: timedelta) -> bool:
    """Within the tenth by which sources are spread."""
    return expected * 0.9 <= result <= expected * 1.1


# ── hints ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fields", "element", "expected"),
    [
        ({}, "", 1 * HOUR),
        ({"Cache_Control": "max-age=14400"}, "", 4 * HOUR),
        ({"Cache_Control": "public, max-age=14400, must-revalidate"}, "", 4 * HOUR),
        ({"Cache_Control": "max-age=60"}, "", 1 * HOUR),
        ({"Cache_Control": "max-age=99999999"}, "", 24 * HOUR),
        ({"Cache_Control": "no-cache"}, "", 1 * HOUR),
        ({"Cache_Control": "no-store"}, "", 1 * HOUR),
        ({"Cache_Control": "max-age=-5"}, "", 1 * HOUR),
        ({"Cache_Control": "max-age=14400", "Age": "7200"}, "", 2 * HOUR),
        ({"Expires": "Fri, 22 May 2026 18:00:00 GMT"}, "", 5 * HOUR),
        ({"Expires": "0"}, "", 1 * HOUR),
        ({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, "", 1 * HOUR),
        ({"Expires": "Fri, 22 May 2126 12:00:00 GMT"}, "", 24 * HOUR),
        ({}, "<ttl>180</ttl>", 3 * HOUR),
        ({}, "<ttl>1</ttl>", 1 * HOUR),
        ({}, "<ttl>0</ttl>", 1 * HOUR),
        ({}, "<ttl>999999</ttl>", 24 * HOUR),
        ({}, "<ttl>-60</ttl>", 1 * HOUR),
        ({"Cache_Control": "max-age=7200"}, "<ttl>240</ttl>", 4 * HOUR),
        ({"Cache_Control": "max-age=14400"}, "<ttl>60</ttl>", 4 * HOUR),
        ({}, "<skipDays><day>Sunday</day></skipDays>", 1 * HOUR),
    ],
)
def test_what_a_document_or_response_requests_lengthens_the_pause_within_bounds(
    fields: dict[str, Any], element: str, expected: timedelta, client: Client
) -> None:
    client.server.on(FEED, answer(feed(head=element), **fields))
    client.poll()
    assert nearly(expected, client.rest()), client.rest()


def test_sy_elements_of_rss_1_count(client: Client) -> None:
    rdf = (
        b'<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        b' xmlns="http://purl.org/rss/1.0/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
        b'<channel rdf:about="https://www.acme-ai.com/"><title>Acme</title><link>https://www.acme-ai.com/</link>'
        b"<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel></rdf:RDF>"
    )
    client.server.on(FEED, answer(rdf))
    client.poll()
    assert nearly(6 * HOUR, client.rest())


def test_a_documents_request_counts_while_it_does_not_change(client: Client) -> None:
    body = feed(head="<ttl>240</ttl>")
    client.server.on(FEED, answer(body, ETag='"1"'), head(304), answer(body))
    for _ in range(3):
        client.poll()
        assert nearly(4 * HOUR, client.rest())


def test_skipped_hours_are_not_polled_in(client: Client) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(13, 20))
    client.server.on(FEED, answer(feed(head=f"<skipHours>{hours}</skipHours>")))
    client.poll()  # at 13:00 UTC: the next hours are skipped up to 20:00
    assert client.rest() == 7 * HOUR


def test_skipping_every_hour_skips_none(client: Client) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(24))
    client.server.on(FEED, answer(feed(head=f"<skipHours>{hours}</skipHours>")))
    client.poll()
    assert nearly(HOUR, client.rest())


def test_skipped_days_never_lengthen_a_pause_beyond_the_sources_own_bound(client: Client) -> None:
    days = "".join(f"<day>{day}</day>" for day in ("Friday", "Saturday", "Sunday", "Monday"))
    client.server.on(FEED, answer(feed(head=f"<skipDays>{days}</skipDays>")))
    client.poll()  # on a Friday
    assert client.rest() == 24 * HOUR


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429])
def test_a_refusal_is_asked_for_once_a_poll_and_ever_more_rarely(status: int, client: Client) -> None:
    client.server.on(FEED, answer(b"no", status))
    rests: list[timedelta] = []
    for _ in range(6):
        client.poll(after=client.rest() if rests else HOUR)
        rests.append(client.rest())
    assert len(client.asked()) == 6
    assert rests == sorted(rests)
    assert rests[-1] >= 20 * HOUR
    assert client.state().consecutive_failures == 6


@pytest.mark.parametrize(("status", "longest"), [(410, 7 * DAY), (404, 7 * DAY), (403, DAY), (500, DAY), (429, DAY)])
def test_the_back_off_has_a_ceiling_and_never_ends(status: int, longest: timedelta, client: Client) -> None:
    client.server.on(FEED, answer(b"no", status))
    for number in range(12):
        client.poll(after=client.rest() if number else HOUR)
    assert longest * 0.9 <= client.rest() <= longest
    assert len(client.asked()) == 12


def test_410_is_asked_about_after_days_and_shown_to_the_operator(client: Client) -> None:
    client.server.on(FEED, answer(feed("One")), answer(b"gone", 410))
    client.poll()
    client.poll()
    assert client.rest() >= 20 * HOUR
    assert (client.shown().state, "gone for good" in client.shown().reason) == ("failing", True)
    assert client.world.titles() == ["One"]
    client.server.on(FEED, answer(feed("One", "Two")))
    assert client.poll(after=client.rest()).outcome is Outcome.OK
    assert (client.shown().state, client.shown().reason) == ("ok", "")
    assert client.world.titles() == ["One", "Two"]


# ── Retry-After ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "value", "rest"),
    [
        (429, "7200", 2 * HOUR),
        (503, "7200", 2 * HOUR),
        (429, "Fri, 22 May 2026 18:00:00 GMT", 5 * HOUR),
        (503, "Friday, 22-May-26 18:00:00 GMT", 5 * HOUR),
        (429, "99999999", DAY),
        (503, "Sat, 22 May 2066 12:00:00 GMT", DAY),
        (403, "7200", 2 * HOUR),
        (404, "7200", 2 * HOUR),
    ],
)
def test_a_retry_after_is_kept_to_up_to_a_day(status: int, value: str, rest: timedelta, client: Client) -> None:
    client.server.on(FEED, answer(b"later", status, Retry_After=value))
    client.poll()
    assert client.rest() == rest
    client.due(after=rest - MINUTE)
    assert len(client.asked()) == 1


@pytest.mark.parametrize("value", ["0", "-1", "soon", "", "1.5", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_leaves_the_usual_pause(value: str, client: Client) -> None:
    client.server.on(FEED, answer(b"later", 429, Retry_After=value))
    client.poll()
    assert nearly(HOUR, client.rest())
    assert len(client.asked()) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_sheds_load_is_left_alone_by_all_its_sources(status: int, client_anywhere: Client) -> None:
    client = client_anywhere
    client.server.on(FEED, answer(b"slow down", status, Retry_After=3600))
    client.server.on(DOCS, answer(feed("Docs")))
    client.server.on(BLOG, answer(feed("Blog")))
    client.poll("acme/news")
    client.server.forget()
    named = client.poll("acme/docs", after=MINUTE)
    assert (named.outcome, "asked to be left alone until 2026-05-22 14:00:00Z" in named.error) == (
        Outcome.SKIPPED,
        True,
    )
    assert {report.source_id for report in client.due(after=MINUTE) if report.outcome is Outcome.OK} == {"acme/blog"}
    assert client.server.urls == [BLOG]
    assert client.state("acme/docs").consecutive_failures == 0
    assert client.poll("acme/docs", after=HOUR).outcome is Outcome.OK


def test_a_retry_after_of_another_status_is_about_its_address_alone(client: Client) -> None:
    client.server.on(FEED, answer(b"no", 403, Retry_After=3600))
    client.server.on(DOCS, answer(feed("Docs")))
    client.poll("acme/news")
    assert client.poll("acme/docs", after=MINUTE).outcome is Outcome.OK


def test_another_process_leaves_the_host_alone_too(client: Client, tmp_path: Path) -> None:
    client.server.on(FEED, answer(b"slow down", 429, Retry_After=3600))
    client.poll("acme/news")
    with fetcher_for(client.server, tmp_path) as another:
        share(another, client.world, "another")
        client.world.fetcher = another
        assert client.poll("acme/docs", after=MINUTE).outcome is Outcome.SKIPPED
    assert client.server.urls == [FEED]


def test_a_429_without_a_retry_after_blocks_the_host_for_ten_minutes(client: Client) -> None:
    client.server.on(FEED, answer(b"slow down", 429))
    client.server.on(DOCS, answer(feed("Docs")))
    client.poll("acme/news")
    assert client.poll("acme/docs", after=9 * MINUTE).outcome is Outcome.SKIPPED
    assert client.poll("acme/docs", after=2 * MINUTE).outcome is Outcome.OK


def test_a_redirect_to_a_host_that_asked_to_be_left_alone_is_not_followed(client: Client) -> None:
    client.server.on(BLOG, answer(b"slow down", 429, Retry_After=7200))
    client.server.on(FEED, redirect(BLOG, 302))
    client.poll("acme/blog")
    report = client.poll("acme/news", after=MINUTE)
    assert (report.outcome, "left alone" in report.error) == (Outcome.FAILED, True)
    assert client.server.urls == [BLOG, FEED]


def test_the_host_at_the_end_of_a_redirect_is_the_one_that_is_blocked(client: Client) -> None:
    client.server.on(FEED, redirect(BLOG, 302))
    client.server.on(BLOG, answer(b"slow down", 429, Retry_After=7200))
    client.server.on(DOCS, answer(feed("Docs")))
    client.poll("acme/news")
    assert client.poll("acme/docs", after=MINUTE).outcome is Outcome.OK
    assert client.poll("acme/blog", after=MINUTE).outcome is Outcome.SKIPPED


def test_a_clock_that_was_set_back_keeps_no_host_waiting(client: Client) -> None:
    client.server.on(FEED, answer(b"slow down", 429, Retry_After=3600), answer(feed("One")))
    client.world.at += 30 * DAY
    client.poll()
    client.world.at -= 30 * DAY
    assert client.poll(after=MINUTE).outcome is Outcome.OK


# ── the operator's bounds ───────────────────────────────────────────────────────────────────────────────────────


def test_a_page_requests_as_a_feed_does(client: Client) -> None:
    from edges.client import page

    client.server.on(PAGE, answer(page("One", "Two", "Three"), Cache_Control="max-age=14400"))
    client.poll("acme/page")
    assert nearly(4 * HOUR, client.rest("acme/page"))
