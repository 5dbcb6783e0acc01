from __future__ import annotations

import contextlib
import gzip
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import ParseError
from ingest.model import Document, Kind, Precision
from ingest.parse import parse
from ingest.parse.markup import decoding
from support.documents import make_capture, make_source

NEWS = "https://www.acme-ai.com/news/"


def read(content: str | bytes, **changes: Any) -> Document:
    return parse(
        make_capture(content, url="https://www.acme-ai.com/sitemap.xml"), make_source(kind=Kind.SITEMAP, **changes)
    )


def urlset(*urls: str) -> str:
    body = "".join(f"<url>{url}</url>" for url in urls)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</urlset>'


def links(result: Document) -> list[str | None]:
    return [entry.link for entry in result.entries]


def refused(content: str | bytes) -> str:
    with pytest.raises(ParseError) as caught:
        read(content)
    assert caught.value.subject == "acme/news"
    return caught.value.rule


def test_lastmod_is_no_publication_date() -> None:
    (entry,) = read(urlset(f"<loc>{NEWS}a</loc><lastmod>2026-05-21</lastmod>")).entries
    assert entry.published.precision is Precision.NONE
    assert entry.updated.precision is Precision.DAY


def test_an_entry_without_a_title_has_an_empty_one_and_is_known_by_its_address() -> None:
    (entry,) = read(urlset(f"<loc>{NEWS}a</loc>")).entries
    assert (entry.title, entry.entry_id, entry.link) == ("", None, f"{NEWS}a")


def test_the_title_of_a_video_or_image_is_not_that_of_the_page() -> None:
    inner = "<video:video><video:title>A film</video:title><video:publication_date>2020-01-01</video:publication_date></video:video>"
    (entry,) = read(urlset(f"{inner}<loc>{NEWS}a</loc>")).entries
    assert entry.title == ""
    assert entry.published.raw == ""


@pytest.mark.parametrize(
    "written", ["/news/a", "news/a", "//www.acme-ai.com/news/a", "www.acme-ai.com/news/a", "?id=5"]
)
def test_a_sitemap_without_an_absolute_address_is_broken_by_name(written: str) -> None:
    assert refused(urlset(f"<loc>{written}</loc>", f"<loc>{written}b</loc>")) == "not-absolute"
    assert refused(f"<sitemapindex><sitemap><loc>{written}</loc></sitemap></sitemapindex>") == "not-absolute"


def test_one_address_that_is_not_absolute_costs_no_other() -> None:
    result = read(urlset("<loc>/news/a</loc>", f"<loc>{NEWS}b</loc>"))
    assert links(result) == [f"{NEWS}b"]
    assert [(item.reason, item.position) for item in result.unreadable] == [("not-absolute", 0)]
    index = f"<sitemap><loc>/a.xml</loc></sitemap><sitemap><loc>{NEWS}b.xml</loc></sitemap>"
    assert read(f"<sitemapindex>{index}</sitemapindex>").parts == (f"{NEWS}b.xml",)


A, B = (f"<url><loc>{NEWS}{name}</loc><lastmod>2026-05-21 08:53:11 PM</lastmod></url>" for name in "ab")


@pytest.mark.parametrize(
    "document",
    [
        f"<urlset><urlset>{A}{B}</urlset></urlset>",
        f"<urlset>{A}<urlset>{B}</urlset></urlset>",
        f"<urlset><urlset>{A}</urlset><urlset>{B}</urlset></urlset>",
        f"<urlset>{A}</urlset><urlset>{B}</urlset>",
        f"<urlset><urlset><urlset>{A}{B}</urlset></urlset></urlset>",
        re.sub(r"<(/?)(?=u|l)", r"<\1s:", f"<urlset>{A}{B}</urlset>").join(('<urlset xmlns="x">', "</urlset>")),
    ],
)
def test_roots_inside_and_behind_one_another_are_read_as_one(document: str) -> None:
    result = read(document)
    assert links(result) == [f"{NEWS}a", f"{NEWS}b"]
    assert {(entry.updated.value, entry.updated.precision) for entry in result.entries} == {
        (datetime(2026, 5, 21, tzinfo=UTC), Precision.DAY)
    }
    assert result.unreadable == ()
    assert not result.cut


def test_patterns_on_titles_and_categories_leave_no_address_out() -> None:
    result = read(urlset(f"<loc>{NEWS}a</loc>"), include=("title:^x$",), exclude=("category:.",))
    assert (len(result.entries), result.outside) == (1, 0)


def test_an_exclusion_wins_over_an_inclusion() -> None:
    content = urlset(f"<loc>{NEWS}a</loc>", f"<loc>{NEWS}tags</loc>", "<loc>https://www.acme-ai.com/x</loc>")
    result = read(content, include=("path:^/news/",), exclude=("path:/tags$",))
    assert (links(result), result.outside) == ([f"{NEWS}a"], 2)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "empty"),
        ("\ufeff \n", "empty"),
        ("<!doctype html><html><body>403</body></html>", "html"),
        ('<rss version="2.0"><channel/></rss>', "not-a-sitemap"),
        ('{"a": 1}', "not-a-sitemap"),
        ("https://www.acme-ai.com/a\nnot an address", "not-a-sitemap"),
        (b"\x1f\x8bnot gzip", "broken"),
    ],
)
def test_what_is_no_sitemap_is_refused_by_name(content: str | bytes, rule: str) -> None:
    assert refused(content) == rule


def test_gzip_is_recognised_by_its_bytes_whatever_its_name() -> None:
    packed = gzip.compress(urlset(f"<loc>{NEWS}a</loc>").encode())
    assert links(read(packed)) == [f"{NEWS}a"]


def test_several_members_of_gzip_are_one_sitemap() -> None:
    text = urlset(f"<loc>{NEWS}a</loc>").encode()
    assert links(read(gzip.compress(text[:60]) + gzip.compress(text[60:]))) == [f"{NEWS}a"]


def test_gzip_that_breaks_off_gives_what_came() -> None:
    packed = gzip.compress(urlset(*(f"<loc>{NEWS}{i}-{i * i * 7919}</loc>" for i in range(2000))).encode())
    result = read(packed[: len(packed) // 2])
    assert 100 < len(result.entries) < 2000
    assert "breaks off" in result.damage


def test_gzip_is_unpacked_up_to_the_size_of_a_sitemap() -> None:
    assert decoding.SIZE_LIMIT == 52_428_800
    content, note = decoding.unpack(gzip.compress(b"x" * 1_000_000), 10_000)
    assert (len(content), note) == (10_000, "larger than a sitemap may be")


def test_an_item_that_is_not_closed_does_not_cost_the_next() -> None:
    result = read(f"<urlset><url><loc>{NEWS}a</loc><url><loc>{NEWS}b</loc></url></urlset>")
    assert links(result) == [f"{NEWS}a", f"{NEWS}b"]


def test_an_address_that_breaks_off_is_not_accepted() -> None:
    result = read(f"<urlset><url><loc>{NEWS}a</loc></url><url><loc>{NEWS}b")
    assert links(result) == [f"{NEWS}a"]
    assert [item.reason for item in result.unreadable] == ["truncated"]


def test_dates_in_addresses_may_have_months_only() -> None:
    pattern = r"/(?P<year>\d{4})/(?P<month>\d\d)/"
    (entry,) = read(urlset(f"<loc>{NEWS}2026/05/a</loc>"), select=(("date", pattern),)).entries
    assert (entry.published.value and entry.published.value.month, entry.published.precision) == (5, Precision.MONTH)


def test_fifty_thousand_addresses_are_read_and_more_are_reported() -> None:
    whole = urlset(*(f"<loc>{NEWS}{i}</loc>" for i in range(50_001)))
    begun = time.perf_counter()
    result = read(whole)
    assert time.perf_counter() - begun < 20
    assert len(result.entries) == 50_000
    assert result.damage == "more than 50000 addresses"


PIECES = [
    *("<urlset>", "</urlset>", "<sitemapindex>", "<sitemap>", "</sitemap>", "<url>", "</url>", "<loc>", "</loc>"),
    *("<n:news>", "</n:news>", "<n:title>", "</n:title>", "<lastmod>", "</lastmod>", "<!--", "-->", "<![CDATA[", "]]>"),
    *(
        "https://www.acme-ai.com/a",
        "//",
        "2026-05-21",
        "&",
        "&amp;",
        "<",
        ">",
        "/>",
        "\x1f\x8b",
        "\x00",
        "é",
        "<a:url>",
    ),
]


@given(
    content=st.one_of(
        st.binary(max_size=100), st.lists(st.sampled_from(PIECES), max_size=25).map(lambda x: "".join(x).encode())
    ),
    packed=st.booleans(),
)
@example(content=b"\x1f\x8b\x08\x00", packed=False)
@example(content=b"<urlset><url/></urlset>", packed=False)
def test_any_bytes_are_a_sitemap_or_a_named_error(content: bytes, packed: bool) -> None:
    try:
        result = read(gzip.compress(content) if packed else content)
    except ParseError as error:
        assert error.rule in {"empty", "html", "not-a-sitemap", "not-absolute", "broken"}  # noqa: PT017 either end is right
        return
    assert all(entry.link and not re.search(r"\s$", entry.link) for entry in result.entries)
    positions = [entry.position for entry in result.entries] + [item.position for item in result.unreadable]
    assert sorted(positions) == list(range(len(positions)))


@pytest.mark.parametrize(
    "content",
    [
        "<!--" * 100_000,
        "<urlset>" + "<url><loc>" * 50_000,
        "<urlset><url>" + "<a>" * 50_000 + "</b>" * 50_000,
        "<urlset>" + "<![CDATA[" * 50_000,
        "<urlset><url>" + "<a" * 100_000,
    ],
)
def test_hostile_markup_takes_time_in_proportion(content: str) -> None:
    begun = time.perf_counter()
    with contextlib.suppress(ParseError):
        read(content)
    assert time.perf_counter() - begun < 10


def test_pages_in_an_index_and_parts_in_a_list_of_pages_are_both_read() -> None:
    part, page = "<sitemap><loc>https://a.b/p.xml</loc></sitemap>", "<url><loc>https://a.b/news</loc></url>"
    for root in ("sitemapindex", "urlset"):
        result = read(f"<{root}>{part}{page}</{root}>")
        assert result.parts == ("https://a.b/p.xml",)
        assert [entry.link for entry in result.entries] == ["https://a.b/news"]
