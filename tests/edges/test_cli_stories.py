"""Commands for stories: list them with all links and reasons, merge, split and pin them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edges.commands import CommandLine
from ingest.cli import main
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from support.databases import copied
from support.world import BLOG, FEED, LIST, NOW, Item, World, fetch_settings, rss

LAUNCH = Item("Introducing Model 5, our most capable model", "https://www.acme-ai.com/news/introducing-model-5")
COPY = Item("Introducing Model 5, our most capable model", "https://blog.acme-ai.com/posts/model-5-launch")
LAB = Item("Acme opens a lab in Zurich", "https://www.acme-ai.com/news/lab", published=NOW - timedelta(days=9))


@pytest.fixture
def cli(
    tmp_path: Path, empty_database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandLine]:
    """A database with one story of two headlines and one of one."""
    url = f"sqlite:///{tmp_path}/cli.db"
    monkeypatch.setenv("INGEST_DATABASE_URL", url)
    engine = copied(empty_database, tmp_path / "cli.db")
    with (
        VendorServer({FEED: rss(LAUNCH, LAB), BLOG: rss(COPY)}) as server,
        Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher,
    ):
        world = World(engine, server, fetcher)
        world.put_in_force(LIST.replace("blog.acme-ai.com/feed.xml,", "blog.acme-ai.com/feed.xml, role: product,"))
        world.poll("acme/news")
        world.poll("acme/blog", after=timedelta(minutes=5))
        yield CommandLine(tmp_path, server, url, capsys)
    engine.dispose()


def ids(cli: CommandLine) -> dict[str, str]:
    return {row["url"]: row["id"] for row in cli("headlines", "--json").lines()}


def test_stories_are_listed_newest_first_with_every_official_link(cli: CommandLine) -> None:
    launch, lab = cli("stories", "--json").lines()
    assert (launch["title"], launch["headlines"]) == (LAUNCH.title, 2)
    assert [link["url"] for link in launch["links"]] == [LAUNCH.link, COPY.link]
    assert [link["url"] for link in lab["links"]] == [LAB.link]
    shown = cli("stories").out
    assert shown.index(LAUNCH.link) < shown.index(COPY.link) < shown.index(LAB.link)


@pytest.mark.parametrize(
    ("flags", "titles"),
    [
        (["--vendor", "acme"], [LAUNCH.title, LAB.title]),
        (["--lang", "en"], [LAUNCH.title, LAB.title]),
        (["--lang", "ja"], []),
        (["--since", "2026-05-20"], [LAUNCH.title]),
        (["--until", "2026-05-20"], [LAB.title]),
        (["--search", "zurich"], [LAB.title]),
        (["--limit", "1"], [LAUNCH.title]),
    ],
)
def test_stories_are_chosen_as_headlines_are(cli: CommandLine, flags: list[str], titles: list[str]) -> None:
    assert [row["title"] for row in cli("stories", "--json", *flags).lines()] == titles


def test_what_a_limit_leaves_out_is_counted_and_a_mistyped_vendor_is_named(cli: CommandLine) -> None:
    assert "1 more, older, not shown" in cli("stories", "--limit", "1").err
    ended = cli("stories", "--vendor", "acne")
    assert (ended.status, 'did you mean "acme"?' in ended.err) == (2, True)


def test_a_story_is_recognised_by_its_own_id_by_that_of_a_headline_and_by_a_beginning(cli: CommandLine) -> None:
    copy = ids(cli)[COPY.link]
    result = cli("story", copy, "--json").document()
    assert {item["url"] for item in result["headlines"]} == {LAUNCH.link, COPY.link}
    assert result["languages"] == [["en", result["headline_id"]]]
    (join,) = result["joins"]
    assert (join["rule"], join["headline_id"]) == ("title", copy)
    for way in ([result["id"]], [copy[:12]], ["show", copy], [result["id"][:12]]):
        assert cli("story", *way, "--json").document() == result, way
    assert cli("story", "--json", copy).document() == result


def test_a_story_says_in_words_why_it_is_one(cli: CommandLine) -> None:
    out = cli("story", ids(cli)[COPY.link]).out
    assert "the same title in another source (score 0." in out
    assert all(item.link in out for item in (LAUNCH, COPY))
    assert "the same title in another source" in cli("why", ids(cli)[LAUNCH.link]).out
    assert cli("why", ids(cli)[LAUNCH.link], "--json").document()["story"]["joins"][0]["rule"] == "title"
    assert "Story" not in cli("why", ids(cli)[LAB.link]).out


def test_an_operator_splits_merges_and_pins(cli: CommandLine) -> None:
    launch, copy, lab = (ids(cli)[item.link] for item in (LAUNCH, COPY, LAB))
    ended = cli("story", "split", copy, launch, "--reason", "another model", "--json")
    assert ended.document() == {"decision": "split", "stories": {copy: "s" + copy[1:], launch: "s" + launch[1:]}}
    assert len(cli("stories", "--json").lines()) == 3
    assert "another model" in cli("story", launch).out
    ended = cli("story", "merge", lab[:14], copy[:14], launch, "--reason", "one campaign")
    assert (ended.status, len({line.split()[-1] for line in ended.out.splitlines()})) == (0, 1)
    (story,) = cli("stories", "--json").lines()
    assert {link["url"] for link in story["links"]} == {item.link for item in (LAUNCH, COPY, LAB)}
    for wanted in (copy, launch, lab):
        assert cli("story", "pin", wanted, "--reason", "the one to read").status == 0
        assert cli("stories", "--json").lines()[0]["headline_id"] == wanted


def test_a_word_on_nothing_or_without_a_reason_is_wrong_usage(cli: CommandLine) -> None:
    launch = ids(cli)[LAUNCH.link]
    for wrong in (
        ["story", "hzzzz"],
        ["story", "nonsense!"],
        ["story", "merge", launch, "--reason", "x"],
        ["story", "merge", launch, launch, "--reason", "x"],
        ["story", "split", launch, "s" + launch[1:], "--reason", "x"],
        ["story", "pin", launch],
        ["story", "pin", "h", "--reason", "x"],
    ):
        assert cli(*wrong).status == 2, wrong
    assert main(["story", "--help"]) == 0
    assert cli("stories", "--json").lines()[0]["headlines"] == 2


def test_what_is_withdrawn_is_reported_and_not_listed(cli: CommandLine) -> None:
    copy = ids(cli)[COPY.link]
    assert cli("headline", "withdraw", copy, "--reason", "a draft").status == 0
    launch = cli("stories", "--json").lines()[0]
    assert (launch["headlines"], [link["url"] for link in launch["links"]]) == (1, [LAUNCH.link])
    reported = json.loads(cli("story", copy, "--json").out)
    assert {item["id"]: item["state"] for item in reported["headlines"]}[copy] == "withdrawn"
