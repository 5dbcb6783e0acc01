from __future__ import annotations

from itertools import pairwise

import pytest

from edges.hostile import BLOG, CARRIED, FEED, OUTSIDE, RSS, Get, failed, fetched, within
from edges.server import Again, HostileServer, answer, head, redirect
from ingest.model import Hop, Outcome

HERE = "https://www.acme-ai.com"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_inside_the_list_is_followed(status: int, server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(BLOG, status))
    server.on(BLOG, answer(RSS))
    response = fetched(get()).response
    assert (response.target_url, response.final_url) == (FEED, BLOG)
    assert response.hops == (Hop(FEED, status, BLOG),)
    assert server.urls == [FEED, BLOG]


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("/rss", f"{HERE}/rss"),
        ("rss?format=xml", f"{HERE}/rss?format=xml"),
        ("//blog.acme-ai.com/feed.xml", BLOG),
        ("../rss", f"{HERE}/rss"),
        (f"{HERE}/rss#top", f"{HERE}/rss"),
        ("HTTPS://WWW.ACME-AI.COM/rss", f"{HERE}/rss"),
        ("/\u3042".encode().decode("latin-1"), f"{HERE}/%E3%81%82"),
        (CARRIED, CARRIED),
    ],
)
def test_a_location_is_resolved_as_a_reference(location: str, asked: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(location))
    server.on(asked, answer(RSS))
    assert fetched(get()).response.final_url == asked
    assert server.urls == [FEED, asked]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (301, Outcome.MOVED),
        (308, Outcome.MOVED),
        (302, Outcome.FAILED),
        (303, Outcome.FAILED),
        (307, Outcome.FAILED),
    ],
)
def test_a_redirect_out_of_the_list_is_not_followed(
    status: int, outcome: Outcome, server: HostileServer, get: Get
) -> None:
    server.on(FEED, redirect(OUTSIDE, status))
    result = failed(get())
    assert (result.outcome, result.rule, result.status_code) == (outcome, "off-list-redirect", status)
    assert result.hops == (Hop(FEED, status, OUTSIDE),)
    assert OUTSIDE in result.detail
    assert (server.urls, server.names, server.connections) == ([FEED], ["www.acme-ai.com"], 1)


@pytest.mark.parametrize(
    "location",
    [
        f"{HERE}/community/thread",
        "/community/",
        "/blog/../community/thread",
        "https://www.acme-ai.com.evil.test/feed.xml",
        "https://evil.test/www.acme-ai.com/feed.xml",
        "https://user@www.acme-ai.com/feed.xml",
        "https://www.acme-ai.com@evil.test/feed.xml",
        "https://www.acme-ai.com:8443/feed.xml",
        "https://127.0.0.1/feed.xml",
        "https://[::1]/feed.xml",
        "https://2130706433/feed.xml",
        "https://0x7f000001/feed.xml",
        "https://0x7f.0.0.1/feed.xml",
        "https://017700000001/feed.xml",
        "https://0177.0.0.1/feed.xml",
        "https://127.1/feed.xml",
        "https://0/feed.xml",
        "https://%31%32%37.0.0.1/feed.xml",
        "https://\u2460\u2461\u2466.0.0.1/feed.xml".encode().decode("latin-1"),
        "https://127\u30020\u30020\u30021/feed.xml".encode().decode("latin-1"),
        "https://[::ffff:127.0.0.1]/feed.xml",
        "https://[::ffff:7f00:1]/feed.xml",
        "https://[64:ff9b::7f00:1]/feed.xml",
        "https://[fe80::1%25eth0]/feed.xml",
        "https://127.0.0.1.nip.io/feed.xml",
        "https://www.acme-ai.com.localhost/feed.xml",
        "https://localhost/feed.xml",
        "https:\\\\evil.test\\feed.xml",
        "//evil.test/feed.xml",
        "\\\\evil.test/feed.xml",
        "javascript:alert(1)",
        "data:text/xml,<rss/>",
        "file:///etc/passwd",
        "ftp://www.acme-ai.com/feed.xml",
        "https://feeds.acme-cdn.com/other/feed.xml",
        "https://www.acme-ai.com%2eevil.test/",
        "https://www.\u0430cme-ai.com/".encode().decode("latin-1"),
        "https:///feed.xml",
        "https://",
    ],
)
def test_nothing_is_asked_of_where_a_malformed_redirect_points(location: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(location))
    result = failed(get())
    assert result.rule == "off-list-redirect"
    assert len(result.hops) == 1
    assert (server.urls, server.connections) == ([FEED], 1)


@pytest.mark.parametrize("location", ["http://www.acme-ai.com/rss", "HTTP://blog.acme-ai.com/"])
def test_a_redirect_to_an_unprotected_address_is_refused(location: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(location))
    result = failed(get())
    assert (result.outcome, result.rule) == (Outcome.FAILED, "redirect-downgrade")
    assert server.urls == [FEED]


@pytest.mark.parametrize(
    "reply",
    [
        head(301, Content_Length=0),
        redirect(""),
        redirect("/caf\xe9"),
        head(302, Content_Length=0, Location="/a", location="/b"),
    ],
)
def test_a_redirect_without_one_readable_location_leads_nowhere(reply: bytes, server: HostileServer, get: Get) -> None:
    server.on(FEED, reply)
    assert failed(get()).rule == "redirect-location"
    assert server.urls == [FEED]


def test_a_location_given_twice_alike_is_one(server: HostileServer, get: Get) -> None:
    server.on(FEED, head(302, Content_Length=0, Location=BLOG, location=BLOG))
    server.on(BLOG, answer(RSS))
    fetched(get())


@pytest.mark.parametrize("path", ["/feed.xml", "/feed.xml#again"])
def test_a_page_that_redirects_to_itself_is_asked_once(path: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(path))
    assert failed(get()).rule == "redirect-loop"
    assert server.urls == [FEED]


def test_a_circle_of_redirects_is_noticed(server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(BLOG))
    server.on(BLOG, redirect(CARRIED))
    server.on(CARRIED, redirect(BLOG))
    result = failed(get())
    assert result.rule == "redirect-loop"
    assert [hop.url for hop in result.hops] == server.urls == [FEED, BLOG, CARRIED]


def chain(server: HostileServer, length: int) -> list[str]:
    """Redirect `length` times; the addresses in the order they are to be asked."""
    urls = [FEED, *(f"{HERE}/{step}" for step in range(1, length + 1))]
    for here, there in pairwise(urls):
        server.on(here, redirect(there, 302))
    server.on(urls[-1], answer(RSS))
    return urls


def test_five_redirects_are_followed(server: HostileServer, get: Get) -> None:
    urls = chain(server, 5)
    response = fetched(get()).response
    assert [*(hop.url for hop in response.hops), response.final_url] == server.urls == urls


def test_a_sixth_redirect_is_not_followed(server: HostileServer, get: Get) -> None:
    urls = chain(server, 6)
    result = failed(get())
    assert result.rule == "too-many-redirects"
    assert server.urls == urls[:6]


def test_the_body_of_a_redirect_is_not_waited_for_beyond_a_glance(server: HostileServer, get: Get) -> None:
    server.on(FEED, (head(301, Location=BLOG), Again(b"x" * 5000)))
    server.on(BLOG, answer(RSS))
    fetched(get())


def test_an_off_list_redirect_is_known_even_when_its_body_drips(server: HostileServer, get: Get) -> None:
    server.on(FEED, (head(301, Location=OUTSIDE), Again(b"x", every=0.05)))
    assert failed(get(**within(0.5))).outcome is Outcome.MOVED


@pytest.mark.usefixtures("at_once")
def test_a_further_try_goes_on_at_the_hop_that_failed(server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(BLOG))
    server.on(BLOG, answer(b"later", 503), answer(RSS))
    fetched(get())
    assert server.urls == [FEED, BLOG, BLOG]


@pytest.mark.usefixtures("at_once")
def test_there_are_two_further_tries_in_all_whatever_the_number_of_hops(server: HostileServer, get: Get) -> None:
    later = answer(b"later", 503)
    server.on(FEED, later, redirect(BLOG))
    server.on(BLOG, later, redirect(CARRIED))
    server.on(CARRIED, later, answer(RSS))
    failed(get())
    assert server.urls == [FEED, FEED, BLOG, BLOG, CARRIED]


def test_a_failure_after_a_redirect_names_the_host_that_failed(server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(BLOG))
    server.on(BLOG, answer(status=404))
    result = failed(get())
    assert result.detail.startswith("blog.acme-ai.com answered 404")
    assert result.hops == (Hop(FEED, 301, BLOG),)
