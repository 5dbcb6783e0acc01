"""Stored documents taken the whole way: a few of each kind in every run, all of them on both engines in a long one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corpus.report import ROOT
from support.databases import Postgres
from whole_way.given import Given, golden, opened, shipped
from whole_way.report import chosen, groups
from whole_way.site import batches
from whole_way.walk import Walked, sqlite_urls, walk

SHORT = {
    "sqlite": ("golden/article-", "golden/sitemap-", "shipped/anthropic.s", "golden/page-f", "golden/changelog-m"),
    "postgresql": ("golden/sitemap-index", "golden/article-japanese-twin", "golden/page-json-ld"),
}
"""What every run tries, by how its names begin; on PostgreSQL a few, since the rules are the same."""

MakeUrl = Callable[[], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, empty_database: Path) -> Iterator[MakeUrl]:
    if request.param == "sqlite":
        with sqlite_urls(empty_database) as urls:
            yield urls
        return
    server: Postgres = request.getfixturevalue("postgres")
    used: list[str] = []

    def built() -> str:
        used.append(server.make())
        return used[-1]

    yield built
    for url in used:
        server.give_back(url)


def all_of(given: list[Given], make: MakeUrl, engine: str) -> Walked:
    result = Walked(engine)
    for members in groups(given).values():
        for batch in batches(members):
            result.add(walk(batch, make, engine))
    return result


def assert_well(result: Walked, documents: int) -> None:
    assert result.faults == []
    assert result.set_aside == []
    assert (result.exits, result.documents) == (0, documents)


@pytest.mark.timeout(300)
def test_some_of_every_kind_go_the_whole_way(make: MakeUrl, request: pytest.FixtureRequest) -> None:
    engine = request.node.callspec.params["make"]
    given = [one for one in (*golden(), *shipped()) if one.name.startswith(SHORT[engine])]
    result = all_of(given, make, engine)
    assert_well(result, len(given))
    assert result.headlines >= len(given)
    assert result.rounds >= 3


@pytest.mark.timeout(300)
def test_feeds_whose_pages_are_opened_go_the_whole_way(make: MakeUrl, request: pytest.FixtureRequest) -> None:
    """Pages that name themselves canonical, which is nearly every page of the web."""
    names = ("golden/atom-1", "golden/languages", "golden/keys", "golden/page-press-ja")
    given = opened(one for one in golden() if one.name.startswith(names))
    assert_well(all_of(given, make, request.node.callspec.params["make"]), len(given))


@pytest.mark.long
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("article", [False, True], ids=["as listed", "pages opened"])
def test_everything_goes_the_whole_way(make: MakeUrl, request: pytest.FixtureRequest, article: bool) -> None:
    given = [one for one in chosen(article=True) if one.name.endswith("(article)") is article]
    if ROOT.is_dir():
        assert len(given) > (300 if article else 550)
    assert_well(all_of(given, make, request.node.callspec.params["make"]), len(given))
