"""robots.txt as RFC 9309 has it: obeyed before pages, sitemaps and articles, by the vendor's own log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine

from edges.client import FEED, LIST, PAGE, ROBOTS, Client, client_of, feed, page, share
from edges.hostile import AGENT, fetcher_for
from edges.server import Act, Again, Certificate, HostileServer, answer, head, redirect
from ingest.model import Outcome

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEWS = page("One", "Two", "Three")


@pytest.fixture
def client(tmp_path: Path, sqlite: Engine, server: HostileServer) -> Iterator[Client]:
    with client_of(sqlite, server, tmp_path) as client:
        client.server.on(PAGE, answer(NEWS))
        yield client


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: *\nDisallow: /\n", False),
        ("User-agent: *\nDisallow: /news/\n", False),
        ("User-agent: *\nDisallow: /news\n", False),
        ("User-agent: *\nDisallow: /newsroom/\n", True),
        ("User-agent: *\nDisallow: /NEWS/\n", True),
        ("User-agent: *\nDisallow:\n", True),
        ("", True),
        ("# nothing\n\n\n", True),
        ("User-agent: ingest-test\nDisallow: /\n", False),
        ("User-agent: INGEST-TEST\nDisallow: /\n", False),
        ("User-agent: ingest-test/9.9 (any)\nDisallow: /\n", False),
        ("User-agent: ingest\nDisallow: /\n", True),
        ("User-agent: in\nDisallow: /\n", True),
        ("User-agent: Googlebot\nDisallow: /\n", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: ingest-test\nAllow: /\n", True),
        ("User-agent: *\nAllow: /\n\nUser-agent: ingest-test\nDisallow: /\n", False),
        ("User-agent: a\nUser-agent: ingest-test\nDisallow: /\n", False),
        ("User-agent: ingest-test\nDisallow: /x\n\nUser-agent: ingest-test\nDisallow: /news/\n", False),
        ("User-agent: *\nDisallow: /\nAllow: /news/\n", True),
        ("User-agent: *\nAllow: /news/\nDisallow: /\n", True),
        ("User-agent: *\nAllow: /news/\nDisallow: /news/\n", True),
        ("User-agent: *\nAllow: /\nDisallow: /news/\n", False),
        ("User-agent: *\nDisallow: /*/\n", False),
        ("User-agent: *\nDisallow: /news/$\n", False),
        ("User-agent: *\nDisallow: /news$\n", True),
        ("User-agent: *\nDisallow: /*.pdf$\n", True),
        ("User-agent: *\nDisallow: /%6Eews/\n", False),
        ("user-agent:*\ndisallow:/news/\n", False),
        ("User-agent: * # all\nDisallow: /news/ # this\n", False),
        ("User-agent: *\r\nDisallow: /news/\r\n", False),
        ("\ufeffUser-agent: *\nDisallow: /news/\n", False),
        ("Disallow: /news/\n", True),
        ("User-agent: *\nCrawl-delay: 10\nDisallow: /x\n", True),
        ("Sitemap: https://www.acme-ai.com/sitemap.xml\nUser-agent: *\nDisallow: /x\n", True),
        ("<!DOCTYPE html><html><body>Welcome</body></html>", True),
    ],
)
def test_rules_of_robots_txt_are_followed(text: str, allowed: bool, client: Client) -> None:
    client.server.on(ROBOTS, answer(text.encode(), Content_Type="text/plain"))
    report = client.poll("acme/page")
    assert client.server.urls == ([ROBOTS, PAGE] if allowed else [ROBOTS])
    if not allowed:
        assert (report.outcome, client.shown("acme/page").state) == (Outcome.BLOCKED, "blocked")
        assert "robots.txt" in report.error
        assert "robots: ignore" in client.shown("acme/page").reason


@pytest.mark.parametrize(
    ("script", "allowed"),
    [
        ((answer(b"", 400),), True),
        ((answer(b"", 401),), True),
        ((answer(b"", 403),), True),
        ((answer(b"", 404),), True),
        ((answer(b"", 410),), True),
        ((answer(b"", 451),), True),
        ((answer(b"", 500),), False),
        ((answer(b"", 502),), False),
        ((answer(b"", 503),), False),
        ((answer(b"", 599),), False),
        ((answer(b"", 429),), False),
        ((Act.RESET,), False),
        ((Act.CUT,), False),
        ((b"nonsense\r\n\r\n", Act.END), False),
        ((head(200, Content_Length=500) + b"User-agent: *\n", Act.CUT), False),
        ((answer(b"not gzip", Content_Encoding="gzip"),), False),
        ((redirect("https://www.press-ai.com/robots.txt"),), True),
        ((redirect("http://www.acme-ai.com/robots.txt"),), True),
        ((redirect("/robots.txt"),), True),
    ],
)
def test_unavailable_lets_in_and_unreachable_does_not(
    script: tuple[bytes | Act, ...], allowed: bool, client: Client
) -> None:
    client.server.on(ROBOTS, script)
    report = client.poll("acme/page")
    assert client.asked(PAGE) if allowed else not client.asked(PAGE)
    assert set(client.server.urls) <= {ROBOTS, PAGE}
    assert (report.outcome is Outcome.FAILED) is not allowed


def test_a_host_that_cannot_be_reached_at_all_is_named_as_that(client: Client, tmp_path: Path) -> None:
    client.server.show("www.acme-ai.com", Certificate.EXPIRED)
    assert "certificate has expired" in client.poll("acme/page").error
    with fetcher_for(client.server, tmp_path, private_networks=()) as guarded:
        share(guarded, client.world)
        client.world.fetcher = guarded
        assert "127.0.0.1, which is not a public address" in client.poll("acme/page").error
    assert client.server.urls == []


@pytest.mark.parametrize("hops", [1, 5])
def test_redirects_lead_to_a_robots_txt_and_it_counts_for_the_first_host(hops: int, client: Client) -> None:
    chain = [ROBOTS, *(f"https://www.acme-ai.com/r{number}.txt" for number in range(1, hops + 1))]
    for here, there in pairwise(chain):
        client.server.on(here, redirect(there, 302))
    client.server.on(chain[-1], answer(b"User-agent: *\nDisallow: /\n"))
    assert client.poll("acme/page").outcome is Outcome.BLOCKED
    assert client.server.urls == chain


def test_after_five_redirects_a_robots_txt_counts_as_unavailable(client: Client) -> None:
    for number in range(9):
        client.server.on(f"https://www.acme-ai.com/r{number}.txt", redirect(f"/r{number + 1}.txt"))
    client.server.on(ROBOTS, redirect("/r1.txt"))
    assert client.poll("acme/page").outcome is Outcome.OK
    assert len(client.server.asked) == 7


def test_half_a_megabyte_of_it_is_read_and_the_rest_is_not(client: Client) -> None:
    padding = b"# " + b"x" * 100 + b"\n"
    client.server.on(
        ROBOTS,
        (head(200, Connection="close") + b"User-agent: *\nDisallow: /news/\n", Again(padding * 100)),
    )
    assert client.poll("acme/page").outcome is Outcome.BLOCKED
    (kept,) = client.world.rows("SELECT length(robots) AS size FROM hosts WHERE host = 'www.acme-ai.com'")
    assert kept.size <= 500 * 1024


def test_what_stands_beyond_half_a_megabyte_does_not_count(client: Client) -> None:
    filler = b"# x\n" * (500 * 256)
    client.server.on(ROBOTS, answer(b"User-agent: *\nDisallow: /x\n" + filler + b"Disallow: /news/\n"))
    assert client.poll("acme/page").outcome is Outcome.OK


def test_it_is_asked_once_a_day_by_all_processes_together(client: Client, tmp_path: Path) -> None:
    client.server.on(ROBOTS, answer(b"User-agent: *\nDisallow: /x\n"))
    client.poll("acme/page")
    client.poll("acme/page")
    with fetcher_for(client.server, tmp_path) as another:
        share(another, client.world, "another")
        client.world.fetcher = another
        client.poll("acme/map")
        assert len(client.asked(ROBOTS)) == 1
        client.poll("acme/page", after=DAY)
    assert len(client.asked(ROBOTS)) == 2


def test_a_change_counts_the_next_day(client: Client) -> None:
    client.server.on(ROBOTS, answer(b""), answer(b"User-agent: *\nDisallow: /\n"))
    assert client.poll("acme/page").outcome is Outcome.OK
    assert client.poll("acme/page").outcome is Outcome.OK
    assert client.poll("acme/page", after=DAY).outcome is Outcome.BLOCKED
    assert len(client.asked(PAGE)) == 2


def test_out_of_reach_the_old_copy_goes_on_counting(client: Client) -> None:
    client.server.on(ROBOTS, answer(b"User-agent: *\nDisallow: /other/\n"), answer(b"", 500))
    client.poll("acme/page")
    assert client.poll("acme/page", after=2 * DAY).outcome is Outcome.OK
    assert len(client.asked(ROBOTS)) == 2


def test_out_of_reach_it_is_asked_again_after_ten_minutes(client: Client) -> None:
    client.server.on(ROBOTS, answer(b"", 500), answer(b""))
    assert client.poll("acme/page").outcome is Outcome.FAILED
    assert client.poll("acme/page", after=5 * MINUTE).outcome is Outcome.FAILED
    assert len(client.asked(ROBOTS)) == 1
    assert client.poll("acme/page", after=6 * MINUTE).outcome is Outcome.OK


def test_after_a_month_out_of_reach_it_counts_as_unavailable(client: Client) -> None:
    client.server.on(ROBOTS, answer(b"", 500))
    assert client.poll("acme/page").outcome is Outcome.FAILED
    assert client.poll("acme/page", after=29 * DAY).outcome is Outcome.FAILED
    assert client.poll("acme/page", after=2 * DAY).outcome is Outcome.OK


def test_a_feed_is_published_for_machines_and_asks_no_robots_txt(client: Client) -> None:
    client.server.on(ROBOTS, answer(b"User-agent: *\nDisallow: /\n"))
    client.server.on(FEED, answer(feed("One")))
    assert client.poll().outcome is Outcome.OK
    assert client.server.urls == [FEED]


def test_a_sitemap_is_asked_for_only_when_robots_txt_lets_us(client: Client) -> None:
    client.server.on(ROBOTS, answer(b"User-agent: *\nDisallow: /sitemap.xml\n"))
    assert client.poll("acme/map").outcome is Outcome.BLOCKED
    assert client.server.urls == [ROBOTS]


def test_articles_are_opened_only_where_robots_txt_lets_us(client: Client) -> None:
    client.world.put_in_force(LIST.replace("docs: {kind: feed,", "docs: {kind: feed, article: true,"))
    docs = "https://www.acme-ai.com/docs.xml"
    client.server.on(ROBOTS, answer(b"User-agent: *\nDisallow: /news/secret\n"))
    client.server.on(docs, answer(feed("Open", "Secret")))
    client.server.on("https://www.acme-ai.com/news/open", answer(b"<html><head><title>Open</title></head></html>"))
    client.poll("acme/docs")
    client.poll("acme/docs")
    assert set(client.server.urls) == {docs, ROBOTS, "https://www.acme-ai.com/news/open"}
    assert client.world.titles() == ["Open", "Secret"]  # the feed's own word has to do for the second


def test_a_redirect_into_what_robots_txt_closes_is_not_followed(client: Client) -> None:
    client.server.on(ROBOTS, answer(b"User-agent: *\nDisallow: /closed/\n"))
    client.server.on(PAGE, redirect("/closed/news/", 302))
    assert client.poll("acme/page").outcome is Outcome.BLOCKED
    assert client.server.urls == [ROBOTS, PAGE]


def test_a_redirect_to_another_host_asks_that_hosts_robots_txt(client: Client) -> None:
    client.server.on(PAGE, redirect("https://blog.acme-ai.com/news/", 302))
    client.server.on("https://blog.acme-ai.com/robots.txt", answer(b"User-agent: *\nDisallow: /\n"))
    assert client.poll("acme/page").outcome is Outcome.BLOCKED
    assert client.server.urls == [ROBOTS, PAGE, "https://blog.acme-ai.com/robots.txt"]


def test_an_operators_written_reason_overrides_it(client: Client) -> None:
    client.world.put_in_force(
        LIST.replace("page: {kind: page,", "page: {kind: page, robots: {ignore: asked Acme on 2026-05-01},")
    )
    client.server.on(ROBOTS, answer(b"User-agent: *\nDisallow: /\n"))
    assert client.poll("acme/page").outcome is Outcome.OK
    assert client.server.urls == [PAGE]


def test_a_429_to_robots_txt_blocks_the_host(client: Client) -> None:
    client.server.on(ROBOTS, answer(b"", 429, Retry_After=3600))
    client.server.on(FEED, answer(feed("One")))
    client.poll("acme/page")
    assert client.poll("acme/news", after=MINUTE).outcome is Outcome.SKIPPED
    assert client.server.urls == [ROBOTS]


def test_robots_txt_is_asked_for_honestly(client: Client) -> None:
    client.poll("acme/page")
    first = client.server.asked[0]
    assert dict(first.fields) == {
        "Host": "www.acme-ai.com",
        "User-Agent": AGENT,
        "Accept": "text/plain, */*;q=0.1",
        "Accept-Encoding": "identity",
        "Connection": "keep-alive",
    }


def test_a_feed_that_a_known_robots_txt_closes_is_asked_all_the_same_and_the_operator_reads_it(client: Client) -> None:
    client.server.on(ROBOTS, answer(b"User-agent: *\nDisallow: /feed.xml\n"))
    client.server.on(FEED, answer(feed("One")))
    client.poll("acme/page")
    assert client.poll().outcome is Outcome.OK
    assert (client.shown().state, "closes /feed.xml to robots" in client.shown().reason) == ("ok", True)
    assert len(client.asked(ROBOTS)) == 1
