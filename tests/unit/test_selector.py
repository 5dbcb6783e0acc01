from __future__ import annotations

from typing import Any

import pytest

from ingest.parse.markup.elements import HtmlPage
from ingest.parse.markup.selector import SelectorError, compile_selector

PAGE = HtmlPage(
    "<main><h3 class=month>May 2026</h3><div class='card x' id=c1 data-n=7><a href=/one title=T><h2>One <b>and</b> all"
    "<a class=anchor hidden href=#one>#</a></h2></a><time datetime=2026-05-21>May 21</time><i>a</i><i>b</i><i></i></div>"
    "<h3 class=month>April 2026</h3><section id=s><div class=card><p>Two</p></div><p class=after>Behind</p></section></main>"
)
FIRST, SECOND = PAGE.css(".card")


@pytest.mark.parametrize(
    ("pick", "texts"),
    [
        ("h2", ["One and all"]),
        ("i", ["a", "b"]),
        ("time@datetime", ["2026-05-21"]),
        ("@data-n", ["7"]),
        ("@id", ["c1"]),
        ("@missing", []),
        (". ~ May (\\d+)", ["21"]),
        ("h2 ~ one", []),
        ("h2 ~ (?i)one", ["One"]),
        ("h2 ~ (zero)|(One)", ["One"]),
        ("preceding::h3.month", ["May 2026"]),
        ("following::p", ["Two", "Behind"]),
        ("ancestor::main h3", []),
        ("h2 || time", ["One and all"]),
        ("h4 || time", ["May 21"]),
        ("h4 || time@datetime ~ ^(\\d{4})", ["2026"]),
        ("Card {@data-n}: {h2 ~ (\\w{3}) }", ["Card 7: One"]),
        ("{h4} and {h2}", []),
        ("{h4} || {h2}", ["One and all"]),
        ("time~i", ["a", "b"]),
        ("...", []),
    ],
)
def test_a_pick_finds_on_a_page(pick: str, texts: list[str]) -> None:
    assert compile_selector(pick).all(FIRST, PAGE) == texts


@pytest.mark.parametrize(
    ("pick", "text"),
    [
        ("preceding::h3.month", "April 2026"),
        ("preceding::h3", "April 2026"),
        ("preceding::section", ""),
        ("following::p", "Behind"),
        ("ancestor::section@id", "s"),
        ("ancestor::div", ""),
    ],
)
def test_an_axis_goes_to_the_nearest_and_skips_what_holds_the_entry_or_stands_in_it(pick: str, text: str) -> None:
    assert compile_selector(pick).first(SECOND, PAGE) == text


DATA: Any = {
    "title": "T",
    "n": 7,
    "yes": True,
    "none": None,
    "a/b": {"~x": "odd"},
    "tags": [{"name": "A"}, {"name": ""}, {"name": "B"}],
    "list": ["x", "y"],
    "deep": {"er": [{"title": "Deep", "id": 1}]},
}


@pytest.mark.parametrize(
    ("pick", "texts"),
    [
        ("/title", ["T"]),
        ("/n", ["7"]),
        ("/yes", []),
        ("/none", []),
        ("/missing/key", []),
        ("/a~1b/~0x", ["odd"]),
        ("/tags/0/name", ["A"]),
        ("/tags/01/name", []),
        ("/tags/*/name", ["A", "B"]),
        ("/list", ["x", "y"]),
        ("/list/1", ["y"]),
        ("/**/title", ["T", "Deep"]),
        ("/**/id", ["1"]),
        ("/deep/*/*/title", ["Deep"]),
        ("/missing || /title", ["T"]),
        ("/title ~ t", []),
        ("https://a.example/{title}/{/a~1b/~0x}", ["https://a.example/T/odd"]),
        ("{missing}/{title}", []),
    ],
)
def test_a_pointer_finds_in_data(pick: str, texts: list[str]) -> None:
    assert compile_selector(pick, data=True).all_in(DATA) == texts


def test_the_empty_pointer_is_the_whole_document() -> None:
    assert compile_selector("", data=True).values_in(DATA) == [DATA] == compile_selector(".", data=True).values_in(DATA)


def test_a_search_ends_where_data_leads_back_into_itself() -> None:
    loop: dict[str, Any] = {"title": "once"}
    loop["again"] = loop
    assert compile_selector("/**/title", data=True).all_in(loop) == ["once"]


@pytest.mark.parametrize(
    "pick",
    ["", "  ", "a[", "h2 ~ (", "@", "{", "{}", "a {h2", "before::h2", "preceding::", "/title", "> a", "p::after"],
)
def test_a_pick_on_a_page_that_cannot_be_read_is_refused(pick: str) -> None:
    with pytest.raises(SelectorError):
        compile_selector(pick)


@pytest.mark.parametrize("pick", ["title", "/a~b", "/a ~ [", "{/id", "h2 || /a"])
def test_a_pointer_that_cannot_be_read_is_refused(pick: str) -> None:
    with pytest.raises(SelectorError):
        compile_selector(pick, data=True)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<h2 id=x>A<wbr>B <a class=headerlink>¶</a></h2>", "AB"),
        ("<h2><span aria-hidden=true>Shown</span></h2>", "Shown"),
        ("<h2>Shown<span aria-hidden=true>Shown</span></h2>", "Shown"),
        ("<h2>a<br>b</h2>", "a b"),
        ("<h2><script>x()</script>a</h2>", "a"),
        ("<h2><ruby>漢<rt>かん</rt></ruby></h2>", "漢"),
        ("<h2 hidden>Itself</h2>", "Itself"),
    ],
)
def test_the_text_of_an_element_is_what_is_seen_of_it(markup: str, text: str) -> None:
    page = HtmlPage(markup)
    assert compile_selector("h2").first(page.css("body")[0], page) == text
