"""Lists that go on over further pages (`select.next`): how far they are followed, and what a fault on the way costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ingest import pipeline
from ingest.demo.answers import Answer, redirect
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import Capture, Document, EntryOutcome, Outcome, Source
from ingest.store import replays
from ingest.store.engine import read
from support.databases import new
from support.world import World, fetch_settings

pytestmark = pytest.mark.either_engine

HOST = "https://www.acme-ai.com"
LIST = f"""
version: 1
vendors:
  acme:
    name: Acme
    home: {HOST}/
    official: [www.acme-ai.com, "!www.acme-ai.com/go/"]
    sources:
      news:
        kind: page
        url: {HOST}/news
        lang: en
        pages: 3
        select: {{entry: li.card, title: h3, date: time, link: a.to@href, next: "a.next@href"}}
"""


def listing(*numbers: int, following: str = "") -> Answer:
    cards = "".join(
        f'<li class="card"><a class="to" href="/news/{n}"><h3>Acme announces release {n}</h3></a>'
        f"<time>May {1 + n % 20}, 2026</time></li>"
        for n in numbers
    )
    more = f'<a class="next" href="{following}">Older</a>' if following else ""
    return Answer(f"<!doctype html><title>News</title><ul>{cards}</ul>{more}".encode(), "text/html; charset=utf-8")


def book(newest: int, *, size: int = 4, first: str = "/news") -> dict[str, Answer]:
    """A list of announcements from the newest down to 1, in pages."""
    numbers = list(range(newest, 0, -1))
    chunks = [numbers[at : at + size] for at in range(0, newest, size)]
    built = {}
    for index, chunk in enumerate(chunks):
        following = f"/news?page={index + 2}" if index + 1 < len(chunks) else ""
        built[f"{HOST}{first if index == 0 else f'/news?page={index + 1}'}"] = listing(*chunk, following=following)
    return built


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer(book(20)) as vendors:
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    with Fetcher(fetch_settings(server), now=lambda: built.at) as fetcher:
        built = World(engine, server, fetcher)
        built.put_in_force(LIST)
        yield built


def asked(world: World) -> list[str]:
    return [request.target for request in world.server.requests if request.target.startswith("/news")]


def numbers(world: World) -> list[int]:
    return sorted(int(title.rpartition(" ")[2]) for title in world.titles())


def assert_replayed(world: World, folder: Path) -> None:
    target = new(f"{folder}/again.db")
    pipeline.replay(world.engine, target)
    with read(world.engine) as stored, read(target) as replayed:
        assert list(replays.differences(stored, replayed)) == []
    target.dispose()


def assert_balanced(world: World) -> None:
    """See that each page's fates sum to its entries, and that no page waits to be read."""
    fates = " + ".join(fate.value for fate in EntryOutcome)
    assert not world.rows(f"SELECT id FROM polls WHERE entries <> {fates}")
    assert not world.rows("SELECT id FROM captures WHERE ingested_at IS NULL")


# ── how far ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_at_first_sight_a_list_is_followed_as_far_as_its_stanza_says(world: World, tmp_path: Path) -> None:
    report = world.round("acme/news")
    assert numbers(world) == list(range(5, 21))  # the first page and three further ones, of five
    assert asked(world) == ["/news", "/news?page=2", "/news?page=3", "/news?page=4"]
    assert (report.tally.created, [poll.outcome for poll in report.polls]) == (16, [Outcome.OK])
    assert [row.purpose for row in world.rows("SELECT purpose FROM captures ORDER BY id")] == ["source", *["part"] * 3]
    assert_balanced(world)
    assert_replayed(world, tmp_path)


def test_a_list_that_ends_earlier_is_read_to_its_end(world: World) -> None:
    world.server.update(book(6))
    world.round("acme/news")
    assert numbers(world) == [1, 2, 3, 4, 5, 6]
    assert asked(world) == ["/news", "/news?page=2"]


def test_later_the_first_page_is_enough_while_it_reaches_back_to_what_is_known(world: World) -> None:
    world.round("acme/news")
    world.server.update(book(23))  # three are new, the fourth is known
    world.round("acme/news", after=timedelta(hours=2))
    assert numbers(world) == list(range(5, 24))
    assert asked(world)[4:] == ["/news"]
    world.round("acme/news", after=timedelta(hours=2))
    assert asked(world)[5:] == ["/news"]


def test_after_a_gap_the_list_is_followed_to_what_is_known(world: World, tmp_path: Path) -> None:
    world.round("acme/news")
    world.server.update(book(30))
    world.round("acme/news", after=timedelta(days=9))
    assert numbers(world) == list(range(5, 31))
    assert asked(world)[4:] == ["/news", "/news?page=2", "/news?page=3"]  # the third ends with 19, which is known
    assert_balanced(world)
    assert_replayed(world, tmp_path)


def test_an_announcement_that_is_kept_on_top_hides_no_gap(world: World) -> None:
    world.round("acme/news")
    pinned = {f"{HOST}/news": listing(20, 30, 29, 28, following="/news?page=2")}
    world.server.update(
        {**book(30), **pinned, f"{HOST}/news?page=2": listing(20, 27, 26, 25, following="/news?page=3")}
    )
    world.round("acme/news", after=timedelta(days=9))
    assert {25, 26, 27, 28, 29, 30} <= set(numbers(world))


def test_a_list_without_next_is_one_page(world: World) -> None:
    world.put_in_force(LIST.replace(', next: "a.next@href"', "").replace("        pages: 3\n", ""))
    world.round("acme/news")
    assert asked(world) == ["/news"]


# ── loops and addresses ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("back", ["/news?page=2", "/news?page=2#top", "/news", "/news/"])
def test_a_list_that_leads_back_to_itself_ends(world: World, back: str) -> None:
    world.server.update({f"{HOST}/news?page=2": listing(16, 15, 14, following=back)})
    world.round("acme/news")
    assert asked(world) == ["/news", "/news?page=2"]
    assert not world.rows("SELECT url FROM walks")


def test_a_list_whose_pages_never_end_ends_at_its_bound(world: World) -> None:
    world.server.update(
        {f"{HOST}/news?page={n}": listing(40 + n, following=f"/news?page={n + 1}") for n in range(2, 9)}
    )
    world.round("acme/news")
    assert len(asked(world)) == 4


@pytest.mark.parametrize(
    ("address", "rule"), [("https://elsewhere.example.net/news?page=2", "off-scope"), (f"{HOST}/go/2", "exception")]
)
def test_a_next_page_outside_the_list_is_never_asked(world: World, address: str, rule: str) -> None:
    world.server.update({f"{HOST}/news": listing(20, 19, 18, following=address), address: listing(17, 16, 15)})
    world.round("acme/news")
    assert numbers(world) == [18, 19, 20]
    assert not [request for request in world.server.requests if "elsewhere" in request.host or "/go/" in request.target]
    (refused,) = world.rows("SELECT rule, url FROM polls WHERE kind = 'part'")
    assert (refused.rule, refused.url) == (rule, address)
    world.round("acme/news", after=timedelta(hours=2))
    assert len(world.rows("SELECT id FROM polls WHERE kind = 'part'")) == 1  # not tried again


def test_a_next_page_that_redirects_out_of_the_list_is_never_asked_there(world: World) -> None:
    world.server.update(
        {
            f"{HOST}/news?page=2": redirect("https://elsewhere.example.net/"),
            "https://elsewhere.example.net/": listing(1),
        }
    )
    world.round("acme/news")
    assert numbers(world) == [17, 18, 19, 20]
    assert not [request for request in world.server.requests if "elsewhere" in request.host]


def test_a_robots_txt_that_closes_further_pages_is_kept_to(world: World) -> None:
    world.server.update({f"{HOST}/robots.txt": Answer(b"User-agent: *\nDisallow: /*?page=\n", "text/plain")})
    world.round("acme/news")
    assert asked(world) == ["/news"]
    assert numbers(world) == [17, 18, 19, 20]


def test_a_next_page_under_http_is_asked_as_https(world: World) -> None:
    world.server.update({f"{HOST}/news": listing(20, 19, 18, 17, following="http://www.acme-ai.com/news?page=2")})
    world.round("acme/news")
    assert numbers(world) == list(range(5, 21))


# ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────────


def reason(world: World) -> str:
    (row,) = world.rows("SELECT reason FROM v1_sources WHERE id = 'acme/news'")
    return str(row.reason)


def test_a_next_page_that_cannot_be_had_costs_only_itself_and_is_tried_again(world: World, tmp_path: Path) -> None:
    third = book(20)[f"{HOST}/news?page=3"]
    world.server.update({f"{HOST}/news?page=3": Answer(b"busy", "text/plain", 500)})
    report = world.round("acme/news")
    assert (report.polls[0].outcome, numbers(world)) == (Outcome.OK, list(range(13, 21)))
    assert reason(world).startswith("1 of 2 further pages of its list could not be read: www.acme-ai.com answered 500")
    assert world.round(everything=False, after=timedelta(minutes=1)).visits == ()  # it waits for the next poll
    world.server.update({f"{HOST}/news?page=3": third})
    world.round("acme/news", after=timedelta(hours=2))
    assert numbers(world) == list(range(5, 21))
    assert reason(world) == ""
    assert_balanced(world)
    assert_replayed(world, tmp_path)


def test_a_next_page_that_never_comes_is_given_up(world: World) -> None:
    world.server.update({f"{HOST}/news?page=2": Answer(b"busy", "text/plain", 500)})
    for _ in range(5):
        world.round("acme/news", after=timedelta(hours=25))
    assert len(world.rows("SELECT id FROM polls WHERE kind = 'part'")) == 3
    assert not world.rows("SELECT url FROM walks")


def test_a_next_page_that_is_not_there_ends_the_list(world: World) -> None:
    world.server.remove(f"{HOST}/news?page=2")
    world.round("acme/news")
    world.round("acme/news", after=timedelta(hours=2))
    assert asked(world) == ["/news", "/news?page=2", "/news"]


def test_a_next_page_that_is_a_menu_waits_in_quarantine_and_those_behind_it_are_read(world: World) -> None:
    menu = "".join(
        f'<li class="card"><a class="to" href="/{w}"><h3>{w}</h3></a></li>' for w in ("Home", "About", "Careers")
    )
    page = f'<!doctype html><title>x</title><ul>{menu}</ul><a class="next" href="/news?page=3">Older</a>'
    world.server.update({f"{HOST}/news?page=2": Answer(page.encode(), "text/html")})
    world.round("acme/news")
    assert numbers(world) == [5, 6, 7, 8, 9, 10, 11, 12, 17, 18, 19, 20]
    assert len(world.rows("SELECT id FROM v1_rejections WHERE status = 'quarantined'")) == 3
    assert_balanced(world)


def test_a_kill_between_two_pages_loses_none(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    get = world.fetcher.get

    def killed(plan: Any) -> Any:
        if plan.url.endswith("page=3"):
            raise KeyboardInterrupt
        return get(plan)

    monkeypatch.setattr(world.fetcher, "get", killed)
    with pytest.raises(KeyboardInterrupt):
        world.round("acme/news")
    monkeypatch.undo()
    assert numbers(world) == list(range(13, 21))
    world.round(everything=False, after=timedelta(minutes=1))  # nothing is due; the list goes on where it was
    assert numbers(world) == list(range(5, 21))
    assert asked(world) == ["/news", "/news?page=2", "/news?page=3", "/news?page=4"]
    assert_replayed(world, tmp_path)


def test_a_kill_before_a_stored_page_was_read_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest import jail
    from ingest.pipeline import attempt

    real = jail.parse

    def killed(capture: Capture, source: Source) -> Document:
        if capture.purpose == "part":
            raise KeyboardInterrupt
        return real(capture, source)

    monkeypatch.setattr(attempt, "parse", killed)
    with pytest.raises(KeyboardInterrupt):
        world.round("acme/news")
    monkeypatch.undo()
    assert len(world.rows("SELECT id FROM captures WHERE ingested_at IS NULL")) == 1
    world.round(everything=False, after=timedelta(minutes=1))
    assert numbers(world) == list(range(5, 21))
    assert asked(world) == ["/news", "/news?page=2", "/news?page=3", "/news?page=4"]
    assert_balanced(world)


def test_a_round_that_is_asked_to_stop_goes_on_later(world: World) -> None:
    world.round("acme/news")
    world.server.update(book(30))
    world.stopped = False
    get = world.fetcher.get

    def stopping(plan: Any) -> Any:
        world.stopped = plan.url.endswith("page=2")
        return get(plan)

    world.fetcher.get = stopping  # type: ignore[method-assign]
    world.round("acme/news", after=timedelta(days=9))
    world.stopped = False
    world.round(everything=False, after=timedelta(minutes=1))
    assert numbers(world) == list(range(5, 31))


# ── other kinds ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_json_list_is_followed_by_what_it_says_of_its_next_page(world: World, tmp_path: Path) -> None:
    picks = '{entry: /items, title: /title, link: /link, next: "?page={/next}"}'
    world.put_in_force(
        LIST.replace("kind: page", "kind: json").split("        select:")[0] + f"        select: {picks}\n"
    )

    def data(*numbers: int, following: int | None = None) -> Answer:
        items = [{"title": f"Acme announces release {n}", "link": f"/news/{n}"} for n in numbers]
        return Answer(json.dumps({"items": items, "next": following}).encode(), "application/json")

    world.server.update({f"{HOST}/news": data(9, 8, 7, following=2), f"{HOST}/news?page=2": data(6, 5, following=3)})
    world.server.update({f"{HOST}/news?page=3": data(4)})
    world.round("acme/news")
    assert numbers(world) == [4, 5, 6, 7, 8, 9]
    assert_replayed(world, tmp_path)


def test_a_changelog_is_followed_as_a_page_is(world: World) -> None:
    world.put_in_force(
        LIST.replace("kind: page", "kind: changelog").split("        select:")[0]
        + "        select: {entry: h2, next: a.next}\n"
    )

    def changes(*numbers: int, following: str = "") -> Answer:
        parts = "".join(f'<h2 id="r{n}">May {n}, 2026: Acme announces release {n}</h2><p>Faster.</p>' for n in numbers)
        more = f'<a class="next" href="{following}">Older</a>' if following else ""
        return Answer(f"<!doctype html><html><body><main>{parts}{more}</main></body></html>".encode(), "text/html")

    world.server.update(
        {f"{HOST}/news": changes(9, 8, 7, following="/news?page=2"), f"{HOST}/news?page=2": changes(6, 5)}
    )
    world.round("acme/news")
    assert len(world.titles()) == 5


def test_the_pages_of_entries_are_opened_for_further_pages_too(world: World) -> None:
    world.put_in_force(LIST.replace("pages: 3\n", "pages: 1\n        article: true\n"))
    page = "<!doctype html><html lang=en><head><title>{t}</title></head><body><h1>{t}</h1><p>Text.</p></body></html>"
    world.server.update(
        {
            f"{HOST}/news/{n}": Answer(page.format(t=f"Acme announces release {n}").encode(), "text/html")
            for n in range(13, 21)
        }
    )
    world.round("acme/news")
    assert numbers(world) == list(range(13, 21))


def test_bulk_of_a_first_fill_is_backfill_on_every_page(world: World) -> None:
    world.round("acme/news")
    assert {
        bool(row.backfill) for row in world.rows("SELECT backfill FROM v1_headlines WHERE published < '2026-05-18'")
    } == {True}
