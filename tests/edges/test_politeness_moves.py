"""Sources that moved, vanished or were replaced: requests, stored headlines and notices for the operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from edges.client import BLOG, FEED, LIST, PAGE, SITEMAP, Client, client_of, feed, page
from edges.server import HostileServer, answer, head, redirect
from ingest import allowlist
from ingest.model import Outcome

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW = "https://www.acme-ai.com/blog/feed.xml"
CARRIED = "https://feeds.acme-cdn.com/acme/feed.xml"
OUTSIDE = "https://www.press-ai.com/acme.xml"


@pytest.fixture
def client(tmp_path: Path, sqlite: Engine, server: HostileServer) -> Iterator[Client]:
    with client_of(sqlite, server, tmp_path) as client:
        yield client


@pytest.fixture
def client_anywhere(tmp_path: Path, engine: Engine, server: HostileServer) -> Iterator[Client]:
    with client_of(engine, server, tmp_path) as client:
        yield client


def merged(change: str) -> dict[str, Any]:
    """The list with a proposed change put in."""
    listed, wanted = yaml.safe_load(LIST), yaml.safe_load(change)["vendors"]["acme"]
    acme = listed["vendors"]["acme"]
    acme["official"] += wanted.get("official", [])
    for key, stanza in wanted["sources"].items():
        acme["sources"][key].update(stanza)
    return dict(listed)


# ── on one host ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_on_one_host_is_proposed_after_three_sightings_over_three_days(
    status: int, client_anywhere: Client
) -> None:
    client = client_anywhere
    client.server.on(FEED, redirect("/blog/feed.xml", status))
    client.server.on(NEW, answer(feed("One"), ETag='"1"'), head(304))
    seen = []
    for _ in range(4):
        report = client.poll(after=DAY)
        assert report.outcome in {Outcome.OK, Outcome.NOT_MODIFIED}
        seen.append((client.proposals()[0].status, bool(report.note)))
    assert seen == [("sighted", False)] * 3 + [("open", True)]
    (result,) = client.proposals()
    assert (result.kind, result.from_url, result.to_url, result.times) == ("path", FEED, NEW, 4)
    assert json.loads(result.evidence)["hops"] == [{"url": FEED, "status_code": status, "location": NEW}]
    assert (client.shown().state, NEW in client.shown().reason) == ("ok", True)


def test_three_sightings_within_an_hour_propose_nothing(client: Client) -> None:
    client.server.on(FEED, redirect("/blog/feed.xml"))
    client.server.on(NEW, answer(feed("One")))
    for _ in range(5):
        client.poll(after=timedelta(minutes=10))
    assert [row.status for row in client.proposals()] == ["sighted"]
    assert client.shown().reason == ""


def test_two_sightings_propose_nothing_however_long_they_are_apart(client: Client) -> None:
    client.server.on(FEED, redirect("/blog/feed.xml"))
    client.server.on(NEW, answer(feed("One")))
    seen = []
    for _ in range(3):
        client.poll(after=9 * DAY)
        seen.append(client.proposals()[0].status)
    assert seen == ["sighted", "sighted", "open"]


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_on_one_host_says_nothing(status: int, client: Client) -> None:
    client.server.on(FEED, redirect("/blog/feed.xml", status))
    client.server.on(NEW, answer(feed("One")))
    for _ in range(4):
        client.poll(after=2 * DAY)
    assert client.proposals() == []
    assert client.asked(FEED)[3:]  # the address in the list is asked every time


def test_what_follows_a_temporary_redirect_is_no_new_address(client: Client) -> None:
    client.server.on(FEED, redirect("/a.xml", 301))
    client.server.on("https://www.acme-ai.com/a.xml", redirect("/b.xml", 302))
    client.server.on("https://www.acme-ai.com/b.xml", answer(feed("One")))
    client.poll()
    assert [row.to_url for row in client.proposals()] == ["https://www.acme-ai.com/a.xml"]


def test_an_address_that_answers_again_closes_what_was_proposed(client: Client) -> None:
    client.server.on(FEED, redirect("/blog/feed.xml"))
    client.server.on(NEW, answer(feed("One")))
    for _ in range(4):
        client.poll(after=2 * DAY)
    client.server.on(FEED, answer(feed("One", "Two")))
    client.poll(after=DAY)
    assert [row.status for row in client.proposals()] == ["done"]
    assert (client.shown().state, client.shown().reason) == ("ok", "")


def test_a_page_in_a_feeds_place_proposes_nothing(client: Client) -> None:
    client.server.on(FEED, redirect("/"))
    client.server.on("https://www.acme-ai.com/", answer(b"<!DOCTYPE html><html><title>Acme</title><p>Welcome</html>"))
    for _ in range(4):
        assert client.poll(after=2 * DAY).outcome is Outcome.BROKEN
    assert client.proposals() == []


# ── to another host ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("goal", [BLOG, CARRIED])
def test_a_permanent_redirect_to_another_host_of_the_list_is_followed_and_reported(goal: str, client: Client) -> None:
    client.server.on(FEED, redirect(goal))
    client.server.on(goal, answer(feed("One")))
    report = client.poll()
    assert report.outcome is Outcome.OK
    assert goal in report.note
    assert client.world.titles() == ["One"]
    assert (client.shown().state, goal in client.shown().reason) == ("moved", True)
    (result,) = client.proposals()
    assert (result.kind, result.to_url, result.status) == ("host", goal, "open")
    assert client.poll().note == ""  # reported once, shown for as long as it is so
    assert client.shown().state == "moved"


def test_a_temporary_redirect_to_another_host_is_sighted_and_reported_after_days(client: Client) -> None:
    client.server.on(FEED, redirect(BLOG, 302))
    client.server.on(BLOG, answer(feed("One")))
    client.poll()
    assert [(row.kind, row.status) for row in client.proposals()] == [("host", "sighted")]
    assert (client.shown().state, f"moved for now to {BLOG}" in client.shown().reason) == ("ok", True)
    for _ in range(3):
        client.poll(after=2 * DAY)
    assert [row.status for row in client.proposals()] == ["open"]
    assert client.shown().state == "moved"


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_off_the_list_is_never_asked_and_proposed_at_once(
    status: int, client_anywhere: Client
) -> None:
    client = client_anywhere
    client.server.on(FEED, answer(feed("One")), redirect(OUTSIDE, status))
    client.poll()
    report = client.poll()
    assert report.outcome is Outcome.MOVED
    assert (client.shown().state, OUTSIDE in client.shown().reason) == ("moved", True)
    (result,) = client.proposals()
    assert (result.kind, result.to_url, result.status) == ("off-list", OUTSIDE, "open")
    assert json.loads(result.evidence)["hops"][0]["location"] == OUTSIDE
    assert "only if Acme itself says" in result.change
    assert set(client.server.names) == {"www.acme-ai.com"}
    assert client.world.titles() == ["One"]


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_off_the_list_is_a_failure_and_proposed_after_days(status: int, client: Client) -> None:
    client.server.on(FEED, redirect(OUTSIDE, status))
    assert client.poll().outcome is Outcome.FAILED
    assert [row.status for row in client.proposals()] == ["sighted"]
    for _ in range(3):
        client.poll(after=2 * DAY)
    assert [row.status for row in client.proposals()] == ["open"]
    assert set(client.server.names) == {"www.acme-ai.com"}


def test_a_proposed_change_is_one_that_the_list_takes(client: Client) -> None:
    client.server.on(FEED, redirect(CARRIED))
    client.server.on(CARRIED, answer(feed("One")))
    client.poll()
    changed = yaml.safe_dump(merged(client.proposals()[0].change))
    (news,) = (one for one in allowlist.parse(changed.encode()).sources if one.id == "acme/news")
    assert news.url == CARRIED
    client.world.put_in_force(changed)
    client.world.round("acme/news", after=HOUR)  # reads what it has anew, then asks
    assert (client.shown().state, [row.status for row in client.proposals()]) == ("ok", ["done"])


def test_a_change_for_another_host_asks_for_its_scope_as_well(client: Client) -> None:
    client.server.on(FEED, redirect(OUTSIDE))
    client.poll()
    changed = merged(client.proposals()[0].change)
    assert "www.press-ai.com" in changed["vendors"]["acme"]["official"]
    allowlist.parse(yaml.safe_dump(changed).encode())


@pytest.mark.parametrize(
    "location", ["https://127.0.0.1/feed.xml", "javascript:alert(1)", "/community/feed", "https://www.acme-ai.com:444/"]
)
def test_where_no_list_can_follow_the_change_is_to_let_the_source_rest(location: str, client: Client) -> None:
    client.server.on(FEED, redirect(location))
    client.poll()
    (news,) = (
        one
        for one in allowlist.parse(yaml.safe_dump(merged(client.proposals()[0].change)).encode()).sources
        if one.id == "acme/news"
    )
    assert (news.url, news.enabled) == (FEED, False)


@pytest.mark.parametrize(
    "location",
    [
        "https://www.acme-ai.com/community/thread",
        "https://www.acme-ai.com.evil.test/feed.xml",
        "https://www.xn--cme-ai-pmh.com/feed.xml",
        "https://127.0.0.1/feed.xml",
        "http://www.acme-ai.com/feed.xml",
        "//evil.test/feed.xml",
    ],
)
def test_a_malformed_redirect_costs_no_headline_and_reaches_nobody(location: str, client: Client) -> None:
    client.server.on(FEED, answer(feed("One")), redirect(location))
    client.poll()
    assert client.poll().outcome in {Outcome.MOVED, Outcome.FAILED}
    assert set(client.server.names) == {"www.acme-ai.com"}
    assert client.world.titles() == ["One"]
    assert client.faults() == []


# ── gone, parked, replaced ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("status", "polls", "pause"), [(410, 4, 2 * DAY), (404, 4, 6 * DAY)])
def test_an_address_that_stays_gone_is_proposed_to_be_taken_out(
    status: int, polls: int, pause: timedelta, client: Client
) -> None:
    client.server.on(FEED, answer(feed("One")), answer(b"nothing", status))
    client.poll()
    for _ in range(polls):
        client.poll(after=pause)
    (result,) = client.proposals()
    assert (result.kind, result.status) == ("gone", "open")
    (news,) = (
        one for one in allowlist.parse(yaml.safe_dump(merged(result.change)).encode()).sources if one.id == "acme/news"
    )
    assert not news.enabled
    assert client.world.titles() == ["One"]


PARKED = (
    b"<!DOCTYPE html><html><head><title>acme-ai.com is for sale</title></head><body><h1>This domain is for sale</h1>"
    b"<ul><li><a href='https://sedoparking.com/a'>Buy this domain</a></li><li><a href='/x'>AI news</a></li></ul></body></html>"
)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(PARKED, id="parked"),
        pytest.param(b"<!DOCTYPE html><html><title>404 Not Found</title><h1>Not found</h1></html>", id="soft 404"),
        pytest.param(
            b"<!DOCTYPE html><html><title>Sign in</title><form><input type=password></form></html>", id="login"
        ),
        pytest.param(b"<!DOCTYPE html><html><title>Maintenance</title><p>Back soon</html>", id="maintenance"),
        pytest.param(b"<html><body></body></html>", id="an empty page"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"   \n", id="white space"),
        pytest.param(b"OK", id="two letters"),
    ],
)
@pytest.mark.parametrize("source", ["acme/news", "acme/page"])
def test_a_page_in_a_sources_place_is_not_an_empty_source(source: str, body: bytes, client: Client) -> None:
    url = FEED if source == "acme/news" else PAGE
    good = feed("One", "Two", "Three") if source == "acme/news" else page("One", "Two", "Three")
    client.server.on(url, answer(good, ETag='"1"'), answer(body, ETag='"2"'), answer(good, ETag='"1"'))
    assert client.poll(source).outcome is Outcome.OK
    report = client.poll(source)
    assert report.outcome in {Outcome.BROKEN, Outcome.BLOCKED, Outcome.FAILED}
    assert client.shown(source).state in {"broken", "blocked", "failing"}
    assert client.shown(source).reason
    assert client.world.titles() == ["One", "Three", "Two"]
    assert client.poll(source, after=DAY).outcome is Outcome.OK
    assert client.shown(source).state == "ok"
    assert client.faults() == []


SCRIPTS = "<noscript>Please enable JavaScript and cookies to continue</noscript>"
ASKS = "<form action='/session'><input type='password'></form>"
CONSENTS = "<form action='/consent'><button>Accept all</button></form>"


def small(title: str, body: str = "") -> bytes:
    links = "<ul><li><a href='/legal/terms-of-our-service'>Terms of our service</a></li></ul>"
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}{links}</body></html>".encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(small("Just a moment...", SCRIPTS), id="challenge"),
        pytest.param(small("しばらくお待ちください...", SCRIPTS), id="challenge, Japanese"),
        pytest.param(small("Access Denied", "<h1>Access Denied</h1>"), id="refusal"),
        pytest.param(small("アクセスが拒否されました"), id="refusal, Japanese"),
        pytest.param(small("Sorry", "<h1>Acme is not available in your country</h1>"), id="elsewhere"),
        pytest.param(
            b"<html><head><script src='/_Incapsula_Resource?SWJIYLWA=5074a744'></script></head><body></body></html>",
            id="a script and nothing else",
        ),
        pytest.param(small("Sign in to Acme", ASKS), id="login"),
        pytest.param(small("ログイン", ASKS), id="login, Japanese"),
        pytest.param(small("Before you continue to Acme", CONSENTS), id="consent"),
        pytest.param(small("Cookieの使用に同意してください", CONSENTS), id="consent, Japanese"),
    ],
)
@pytest.mark.parametrize(("source", "url"), [("acme/news", FEED), ("acme/page", PAGE), ("acme/map", SITEMAP)])
def test_what_bars_the_way_is_blocked_whatever_was_asked_for(
    source: str, url: str, body: bytes, client: Client
) -> None:
    client.server.on(url, answer(body, Content_Type="text/html", ETag='"1"'))
    report = client.poll(source)
    assert report.outcome is Outcome.BLOCKED
    assert (client.shown(source).state, bool(client.shown(source).reason)) == ("blocked", True)
    assert client.world.titles() == []
    client.poll(source)
    assert client.asked(url)[-1].value("If-None-Match") is None


@pytest.mark.parametrize("goal", ["/newsroom/", BLOG, "https://www.press-ai.com/acme"])
@pytest.mark.parametrize(("source", "url"), [("acme/news", FEED), ("acme/page", PAGE), ("acme/map", SITEMAP)])
def test_a_page_that_sends_its_readers_on_is_a_move_and_nobody_follows(
    source: str, url: str, goal: str, client: Client
) -> None:
    sends = f"<!DOCTYPE html><html><head><meta http-equiv='refresh' content='0; url={goal}'></head></html>"
    client.server.on(url, answer(sends.encode(), Content_Type="text/html", ETag='"1"'))
    assert client.poll(source).outcome is Outcome.MOVED
    assert (client.shown(source).state, goal in client.shown(source).reason) == ("moved", True)
    client.poll(source)
    assert {one for one in client.server.urls if not one.endswith("robots.txt")} == {url}
    assert client.asked(url)[-1].value("If-None-Match") is None


@pytest.mark.parametrize(
    "title", ["Under maintenance", "We'll be back soon!", "ただいまメンテナンス中です", "503 Service Unavailable"]
)
@pytest.mark.parametrize(("source", "url"), [("acme/news", FEED), ("acme/page", PAGE), ("acme/map", SITEMAP)])
def test_a_site_that_is_down_and_says_200_is_named(source: str, url: str, title: str, client: Client) -> None:
    client.server.on(url, answer(small(title), Content_Type="text/html"))
    report = client.poll(source)
    assert report.outcome is Outcome.BROKEN
    assert "the site is down" in report.error
    assert client.world.titles() == []


def test_a_feed_with_nothing_in_it_any_more_is_broken_and_one_that_never_had_anything_is_not(client: Client) -> None:
    client.server.on(FEED, answer(feed()), answer(feed("One", "Two")), answer(feed(), ETag='"none"'))
    assert client.poll().outcome is Outcome.OK
    client.poll()
    report = client.poll()
    assert (report.outcome, client.shown().state) == (Outcome.BROKEN, "broken")
    assert "2 entries or more before" in client.shown().reason
    client.poll()
    assert client.asked()[-1].value("If-None-Match") is None
    assert client.world.titles() == ["One", "Two"]


def test_most_entries_gone_at_once_are_kept_and_reported_once(client: Client) -> None:
    client.server.on(FEED, answer(feed(*map(str, range(20)))), answer(feed("3")))
    client.poll()
    report = client.poll()
    assert (report.outcome, len(client.world.titles())) == (Outcome.OK, 20)
    assert "1 entries came where there were 20 or more before" in report.note
    assert client.poll().note == ""


def test_a_feed_of_which_nothing_is_official_any_more_is_reported(client: Client) -> None:
    elsewhere = feed("One", "Two").replace(b"www.acme-ai.com/news", b"www.acme-new.com/news")
    client.server.on(FEED, answer(feed("One")), answer(elsewhere, ETag='"1"'), answer(elsewhere, ETag='"2"'), head(304))
    client.poll()
    for _ in range(3):  # new, the same bytes, not modified
        client.poll()
        assert "none of its 2 entries is official" in client.shown().reason
    client.server.on(FEED, answer(feed("One", "Two")))
    client.poll()
    assert client.shown().reason == ""


def test_documents_of_an_index_that_cannot_be_read_are_reported_beside_it(client: Client) -> None:
    parts = [f"https://www.acme-ai.com/part{number}.xml" for number in (1, 2)]
    listed = "".join(f"<sitemap><loc>{part}</loc></sitemap>" for part in parts)
    client.server.on(SITEMAP, answer(f"<sitemapindex>{listed}</sitemapindex>".encode(), ETag='"1"'), head(304))
    client.server.on(parts[0], answer(b"<urlset><url><loc>https://www.acme-ai.com/about</loc></url></urlset>"))
    client.server.on(parts[1], answer(b"no", 403))
    for _ in range(2):
        client.poll("acme/map")
        assert client.shown("acme/map").state == "ok"
        assert "1 of 2 documents that it lists could not be read" in client.shown("acme/map").reason
    client.server.on(parts[1], answer(b"<urlset><url><loc>https://www.acme-ai.com/team</loc></url></urlset>"))
    client.poll("acme/map")
    assert client.shown("acme/map").reason == ""


def test_a_proposal_that_an_operator_discarded_is_not_made_again(client: Client) -> None:
    client.server.on(FEED, redirect(BLOG))
    client.server.on(BLOG, answer(feed("One")))
    client.poll()
    client.world.write("UPDATE proposals SET status = 'discarded'")
    assert client.poll().note == ""
    assert (client.shown().state, [row.status for row in client.proposals()]) == ("ok", ["discarded"])
