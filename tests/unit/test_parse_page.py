from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.errors import ParseError
from ingest.model import Document, Entry, Kind, Precision
from ingest.parse import parse
from ingest.parse.markup.elements import HtmlPage
from ingest.parse.pagination import next_page
from support.documents import make_capture, make_source

URL = "https://www.acme-ai.com/news/"


def read(body: str | bytes, media_type: str | None = None, **select: str) -> Document:
    source = make_source(kind=Kind.PAGE, url=URL, select=tuple(({"entry": ".card"} | select).items()))
    content = body if isinstance(body, bytes) else f"<!doctype html><html><body>{body}</body></html>"
    return parse(make_capture(content, url=URL, media_type=media_type), source)


def only(body: str, **select: str) -> Entry:
    (entry,) = read(body, **select).entries
    return entry


def refused(body: str | bytes, **select: str) -> str:
    with pytest.raises(ParseError) as caught:
        read(body, **select)
    assert caught.value.subject == "acme/news"
    return caught.value.rule


@pytest.mark.parametrize(
    ("card", "link"),
    [
        ("<div class=card><a href=a>x</a></div>", f"{URL}a"),
        ("<a class=card href=/a>x</a>", "https://www.acme-ai.com/a"),
        ("<a href=/a><div class=card>x</div></a>", "https://www.acme-ai.com/a"),
        ("<div class=card><a href=/tag>t</a><h3><a href=/a>x</a></h3></div>", "https://www.acme-ai.com/a"),
        ("<div class=card><a href=/tag>t</a><a href=/a><h3>x</h3></a></div>", "https://www.acme-ai.com/a"),
        (
            "<div class=card><a href=#top>t</a><a href=mailto:a@b>m</a><a href=/a>x</a></div>",
            "https://www.acme-ai.com/a",
        ),
        ("<div class=card><a href=//other.example/a>x</a></div>", "https://other.example/a"),
    ],
)
def test_an_entry_leads_to_its_heading_s_link_else_to_itself_or_its_first_link(card: str, link: str) -> None:
    assert only(card).link == link


def test_links_are_relative_to_the_base_that_the_page_declares() -> None:
    assert only("<base href=/en/><div class=card><a href=a>x</a></div>").link == "https://www.acme-ai.com/en/a"


def test_several_cards_for_one_page_are_one_entry_with_the_best_of_each() -> None:
    result = read(
        "<a class=card href=/a><img></a>"
        "<a class=card href=/b>B</a>"
        "<a class=card href='/a/?utm_source=x'>Read more</a>"
        "<a class=card href=http://www.acme-ai.com/a><h3>Title</h3><time>May 2026</time></a>"
        "<a class=card href=/a><h3>Another</h3><time>May 21, 2026</time></a>"
    )
    first, second = result.entries
    assert (first.link, first.title, first.published.raw) == ("https://www.acme-ai.com/a", "Title", "May 21, 2026")
    assert [first.position, second.position] == [0, 1]


def test_cards_in_navigation_are_left_out_unless_the_selector_speaks_of_it() -> None:
    page = (
        "<nav><a class=card href=/a>A</a></nav><footer><a class=card href=/b>B</a></footer><a class=card href=/c>C</a>"
    )
    assert [entry.title for entry in read(page).entries] == ["C"]
    assert [entry.title for entry in read(page, entry="nav .card").entries] == ["A"]


def test_a_link_to_the_list_itself_announces_nothing() -> None:
    assert read("<a class=card href=/news>All</a><a class=card href=?utm_source=x>All</a>").entries == ()


def test_an_element_without_title_and_link_is_no_entry() -> None:
    assert read("<div class=card><img src=a.png></div>").entries == ()


@pytest.mark.parametrize(
    ("date", "day", "precision"),
    [
        ("<time datetime=2026-05-20T22:00:00Z>2026年5月21日</time>", "2026-05-21", Precision.DAY),
        ("<time datetime=2026-05-20T22:00:00Z>yesterday</time>", "2026-05-20", Precision.SECOND),
        ("<time datetime=2026-05-20></time>", "2026-05-20", Precision.DAY),
        ("<time>MAY 21, 2026 / AI</time>", "2026-05-21", Precision.DAY),
        ("<time>Posted 2026/ 5 / 21 · 5 min</time>", "2026-05-21", Precision.DAY),
        ("<time>May 2026</time>", "2026-05-01", Precision.MONTH),
        ("<time>Feb 26</time>", None, Precision.NONE),
        ("<p>May 21, 2026</p>", None, Precision.NONE),
    ],
)
def test_the_date_is_what_a_reader_sees(date: str, day: str | None, precision: Precision) -> None:
    published = only(f"<a class=card href=/a>x{date}</a>").published
    assert (published.value and f"{published.value:%Y-%m-%d}", published.precision) == (day, precision)


def test_every_field_is_picked_by_its_name() -> None:
    card = (
        "<div class=card id=k7 lang=ja><h3>T</h3><a class=go href=/a>Go</a><b>May 2, 2026</b><i>May 3, 2026</i><p>S</p>"
        "<u>X</u><u>Y</u><u>X</u></div>"
    )
    entry = only(card, link=".go", title="h3", date="b", updated="i", summary="p", category="u", id="@id", lang="@lang")
    assert (entry.entry_id, entry.title, entry.summary, entry.categories, entry.lang) == (
        "k7",
        "T",
        "S",
        ("X", "Y"),
        "ja",
    )
    assert (entry.published.raw, entry.updated.raw) == ("May 2, 2026", "May 3, 2026")


def test_two_entries_with_ids_of_their_own_may_share_a_page() -> None:
    result = read("<a class=card id=a href=/x>A</a><a class=card id=b href=/x>B</a>", id="@id")
    assert [entry.entry_id for entry in result.entries] == ["a", "b"]


def test_the_charset_of_the_page_is_accepted_where_the_response_names_none() -> None:
    page = "<meta charset=Shift_JIS><a class=card href=/a>新モデル①</a>".encode("cp932")
    assert [entry.title for entry in read(page).entries] == ["新モデル①"]


def test_too_many_entries_are_cut_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.parse.page.ENTRY_LIMIT", 2)
    result = read("".join(f"<a class=card href=/{n}>{n}</a>" for n in range(5)))
    assert len(result.entries) == 2
    assert [(item.reason, item.detail) for item in result.unreadable] == [("too-many", "3 entries after the first 2")]


@pytest.mark.parametrize(
    ("body", "select", "rule"),
    [
        (b"", {}, "empty"),
        (b'{"a": 1}', {}, "not-html"),
        ("<title>Just a moment...</title><script>window._cf_chl_opt={}</script>", {}, "challenge"),
        ("<p>no script</p>" * 200, {"data": "script#x", "entry": "/a", "title": "/t", "link": "/u"}, "no-data"),
        (
            "<p>x</p>" * 200 + "<script id=x>{}</script>",
            {"data": "#x", "entry": "/a", "title": "/t", "link": "/u"},
            "no-list",
        ),
    ],
)
def test_what_is_no_list_is_refused_by_name(body: Any, select: dict[str, str], rule: str) -> None:
    assert refused(body, **select) == rule


def test_an_empty_page_of_its_kind_is_a_document_without_entries() -> None:
    assert (
        read("<main><h1>News</h1><p>We have been quiet lately, and there is nothing to tell.</p></main>" * 40).entries
        == ()
    )


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ("<a rel=next href=?page=2>Next</a>", f"{URL}?page=2"),
        ("<a rel=next href=/news>Next</a>", None),
        ("<a rel=next href=#>Next</a>", None),
        ("<p>", None),
    ],
)
def test_the_next_page_is_another_page(body: str, address: str | None) -> None:
    assert next_page(HtmlPage(body), {"next": "a[rel=next]"}, URL) == address
    assert next_page(HtmlPage(body), {}, URL) is None


@pytest.mark.parametrize(
    "script",
    [
        '<script id=d>{"a": [{"t": "T", "u": "/u"}],}</script>',
        '<script id=d>//<![CDATA[\n{"a": [{"t": "T", "u": "/u"}]}\n//]]></script>',
        '<script id=d>window.x = {}; window.d = {"a": [{"t": "T", "u": "/u"}]};</script>',
        '<script id=d>window.d = JSON.parse("{\\"a\\": [{\\"t\\": \\"T\\", \\"u\\": \\"/u\\"}]}");</script>',
        '<script id=d>self.__next_f.push([1,"0:{\\"a\\":[{\\"t\\":\\"$1\\",\\"u\\":\\"/u\\"}]}\\n1:\\"T\\"\\n"])</script>',
        '<script id=d>[{"a":1},[2],{"t":3,"u":4},"T","/u"]</script>',
        '<div id=d data-x=\'{"a": [{"t": "T", "u": "/u"}]}\'></div>',
    ],
)
def test_data_is_read_however_a_page_carries_it(script: str) -> None:
    data = "#d@data-x" if "data-x" in script else "script#d"
    entry = only(script, data=data, entry="/**/a", title="/t", link="/u")
    assert (entry.title, entry.link) == ("T", "https://www.acme-ai.com/u")


@pytest.mark.parametrize(
    "rows",
    [
        '0:{"a":"$0"}\n',
        '0:["$1"]\n1:["$0"]\n',
        "0:T5,ab",
        "0:Tffffff,ab",
        "zz\n0:",
        '0:"$L5"\n5:["$","$L0:props:children:0:0:0"]\n',
        "0:" + "[" * 5000 + "\n",
    ],
)
def test_flight_rows_that_lead_nowhere_or_in_a_circle_come_to_an_end(rows: str) -> None:
    body = f"<script>self.__next_f.push({json.dumps([1, rows])})</script>" + "<p>text of the page</p>" * 100
    assert refused(body, data="script", entry="/missing", title="/t", link="/u") == "no-list"
