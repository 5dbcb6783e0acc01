from __future__ import annotations

import time
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.dates import partial
from ingest.errors import ParseError
from ingest.model import Document, Entry, Kind, Precision
from ingest.parse import parse
from ingest.parse.changelog.markdown import Slugs, to_html
from ingest.parse.changelog.structure import is_version
from ingest.parse.obstacles import OBSTACLES
from support.documents import make_capture, make_source

URL = "https://www.acme-ai.com/changelog"


def read(content: str | bytes, *, url: str = URL, media_type: str | None = None, **select: str) -> Document:
    source = make_source(kind=Kind.CHANGELOG, select=tuple(select.items()))
    return parse(make_capture(content, url=url, media_type=media_type), source)


def page(body: str) -> str:
    return f"<!doctype html><html><head><title>Changes</title></head><body><main>{body}</main></body></html>"


def titles(result: Document) -> list[str]:
    return [entry.title for entry in result.entries]


def reported(result: Document) -> list[tuple[str, str]]:
    """Title and date of each entry."""
    return [(entry.title, day_of(entry)) for entry in result.entries]


def day_of(entry: Entry) -> str:
    return f"{entry.published.value:%Y-%m-%d}" if entry.published.value else ""


def links(result: Document) -> list[str]:
    return [(entry.link or "").removeprefix(URL) for entry in result.entries]


# ── days ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "printed", "whole"),
    [
        ("May 21, 2026", "2026-05-21", True),
        ("Thursday, May 21st, 2026 at 10:00 AM", "2026-05-21", True),
        ("21 May 2026", "2026-05-21", True),
        ("Apr. 17, 2024", "2024-04-17", True),
        ("Date: 2026-05-21", "2026-05-21", True),
        ("2026.05.21", "2026-05-21", True),
        ("20260521", "2026-05-21", True),
        ("05/21/2026", "2026-05-21", True),
        ("v2.1.144 - May 21, 2026", "2026-05-21", False),
        ("[1.2.0] - 2026-05-21", "2026-05-21", False),
        ("v0.2.3 | May 21", "--05-21", False),
        ("May 21", "--05-21", True),
        ("Week of May 18", "--05-18", True),
        ("Week of May 18, 2026", "2026-05-18", True),
        ("May 18–22, 2026", "2026-05-18", True),
        ("April 28 – May 2, 2026", "2026-04-28", True),
        ("30 April – 2 May 2026", "2026-04-30", True),
        ("Dec 29, 2025 – Jan 2, 2026", "2025-12-29", True),
        ("2026 年 5 月 18～22 日", "2026-05-18", True),
        ("2026年5月21日（木）", "2026-05-21", True),
        ("令和8年5月21日", "2026-05-21", True),
        ("令和元年5月", "2019-05", True),
        ("5月21日", "--05-21", True),
        ("2025년 5월 3일", "2025-05-03", True),
        ("May 2026", "2026-05", True),
        ("May, 2026", "2026-05", True),
        ("2026年5月", "2026-05", True),
        ("May", "--05", True),
        ("2026", "2026", True),
    ],
)
def test_a_day_is_found_as_far_as_it_is_printed(text: str, printed: str, whole: bool) -> None:
    result = partial.find(text)
    assert result is not None
    assert (result.printed, result.whole) == (printed, whole)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "0.22.0",
            "v2024.10.1",
            "gpt-4o-2024-08-06 snapshot",
            "You may 3 things",
            "GPT-5 may 12 change",
            "Mayday 5",
        ),
        *(
            "2025 in review",
            "Plans for 2026",
            "04/05/2026",
            "Feb 30, 2026",
            "Model 5 in May",
            "March forward",
            "1999-99-99",
        ),
    ],
)
def test_what_is_no_day_gives_none(text: str) -> None:
    assert partial.find(text) is None


def test_a_day_in_a_sentence_is_distinguished_from_one_that_is_set_off() -> None:
    inside, apart = partial.find("Shutdown of v1 on June 15, 2026 is planned"), partial.find("Model 5 (June 15, 2026)")
    assert inside is not None
    assert inside.loose
    assert apart is not None
    assert not apart.loose


@given(st.text(max_size=80))
def test_any_text_has_a_day_or_none(text: str) -> None:
    result = partial.find(text)
    dated = partial.dated(result)
    assert (dated.value is None) == (dated.precision is Precision.NONE)
    assert result is None or result.year is None or dated.value is not None


# ── years that are not printed ──────────────────────────────────────────────────────────────────────────────────


def test_the_year_comes_from_the_heading_above() -> None:
    result = read(page("<h2>2026</h2><h3>May 21</h3><h3>March 3</h3><h2>2025</h2><h3>December 24</h3>"))
    assert [day_of(entry) for entry in result.entries] == ["2026-05-21", "2026-03-03", "2025-12-24"]


def test_the_year_comes_from_neighbours_that_leave_only_one() -> None:
    result = read(page("<h3>May 21, 2026</h3><h3>March 3</h3><h3>December 24</h3><h3>November 30, 2025</h3>"))
    assert [day_of(entry) for entry in result.entries] == ["2026-05-21", "2026-03-03", "2025-12-24", "2025-11-30"]


def test_oldest_first_is_an_order_too() -> None:
    result = read(page("<h3>November 30, 2025</h3><h3>December 24</h3><h3>March 3</h3><h3>May 21, 2026</h3>"))
    assert [day_of(entry) for entry in result.entries] == ["2025-11-30", "2025-12-24", "2026-03-03", "2026-05-21"]


def test_two_years_that_would_fit_give_none() -> None:
    result = read(page("<h3>May 21, 2026</h3><h3>March 3</h3><h3>January 1, 2024</h3>"))
    assert reported(result)[1] == ("March 3", "")


def test_no_year_anywhere_is_no_date_and_says_so() -> None:
    (first, _) = read(page("<h3>May 21</h3><h3>March 3</h3>")).entries
    assert (first.published.value, first.published.reason) == (None, partial.NO_YEAR)


def test_the_year_of_a_neighbour_is_no_part_of_the_identity() -> None:
    body = "<h3>May 21</h3><p>x</p><h3>March 3</h3>"
    alone, among = read(page(body)), read(page(f"{body}<h3>January 2, 2026</h3>"))
    assert alone.entries[0].entry_id == among.entries[0].entry_id
    assert day_of(among.entries[0]) == "2026-05-21"


# ── which headings are entries ──────────────────────────────────────────────────────────────────────────────────


def test_headings_under_a_date_are_entries_of_that_date() -> None:
    result = read(page("<h2>May 21, 2026</h2><h3>Goals</h3><h3>Remote use</h3><h2>May 14, 2026</h2><p>Text only.</p>"))
    assert reported(result) == [("Goals", "2026-05-21"), ("Remote use", "2026-05-21"), ("May 14, 2026", "2026-05-14")]


@pytest.mark.parametrize("words", [("Added", "Fixed"), ("New features", "Bug fixes"), ("新機能", "不具合修正")])
def test_headings_that_only_sort_are_no_entries(words: tuple[str, str]) -> None:
    result = read(page(f"<h2>May 21, 2026</h2><h3>{words[0]}</h3><p>x</p><h3>{words[1]}</h3>"))
    assert titles(result) == ["May 21, 2026"]


def test_a_date_stands_before_or_behind_its_heading() -> None:
    before = "<p>May 21, 2026</p><h2>Goals</h2><p>x</p><p>May 14, 2026</p><h2>Phone</h2>"
    behind = "<h2>Goals</h2><p>May 21, 2026</p><p>x</p><h2>Phone</h2><p>May 14, 2026</p>"
    for body in (before, behind):
        assert reported(read(page(body))) == [("Goals", "2026-05-21"), ("Phone", "2026-05-14")]


def test_menus_quotations_and_tables_of_contents_are_not_read() -> None:
    body = (
        '<ul><li><a href="#a">May 21, 2026</a></li><li><a href="#b">May 14, 2026</a></li></ul>'
        "<aside><h2>June 1, 2026</h2></aside><blockquote><h2>June 2, 2026</h2></blockquote><pre>## June 3, 2026</pre>"
        '<h2 id="a">May 21, 2026</h2><p>x</p><h2 id="b">May 14, 2026</h2>'
    )
    assert titles(read(page(body))) == ["May 21, 2026", "May 14, 2026"]


def test_the_date_of_the_last_change_is_no_entry() -> None:
    assert titles(read(page("<p>Last updated May 22, 2026</p><h2>May 21, 2026</h2><p>x</p>"))) == ["May 21, 2026"]


def test_a_date_in_an_element_of_its_own_is_no_part_of_the_title() -> None:
    result = read(page('<h2>Goals <span class="d">May 21, 2026</span></h2><h2>Phone <time>May 14, 2026</time></h2>'))
    assert reported(result) == [("Goals", "2026-05-21"), ("Phone", "2026-05-14")]


def test_a_page_without_entries_is_a_document_without_entries() -> None:
    assert read(page("<h1>Changelogs</h1><ul><li><a href='/a'>Python</a></li></ul>")).entries == ()


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        *(
            ("0.22.0", True),
            ("v2.1.144 - May 21, 2026", True),
            ("[1.2.0]", True),
            ("Version 5", True),
            ("Studio 0.8", True),
        ),
        *(
            ("0.8 – Hooks", True),
            ("Studio CLI 0.133.0", True),
            ("Minor (Y) versions", False),
            ("Model 3.5 Flash", False),
        ),
        ("We moved everything that used 1.2.3 of the library to the next one, with all that this means for you", False),
    ],
)
def test_a_version_is_distinguished_from_a_name_with_a_number(text: str, verdict: bool) -> None:
    assert is_version(text) is verdict


# ── links and identity ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("heading", "link"),
    [
        ('<h2 id="x-1">May 21, 2026</h2>', "#x-1"),
        ('<h2><a name="old"></a>May 21, 2026</h2>', "#old"),
        ('<h2>May 21, 2026 <a class="headerlink" href="#perma">#</a></h2>', "#perma"),
        ('<section id="box"><h2>May 21, 2026</h2><p>x</p></section>', "#box"),
        ('<a id="before"></a><h2>May 21, 2026</h2>', "#before"),
        ('<h2><a href="/changelog/may-21">May 21, 2026</a></h2>', "/may-21"),
        ('<a href="/changelog/card"><h2>May 21, 2026</h2></a>', "/card"),
        ('<h2><a href="https://github.com/acme/cli/compare/a...b">May 21, 2026</a></h2>', ""),
        ("<h2>May 21, 2026</h2>", ""),
    ],
)
def test_an_entry_links_to_its_own_place(heading: str, link: str) -> None:
    assert links(read(page(f'{heading}<h2 id="other">May 14, 2026</h2>')))[0] == link


def test_the_box_around_all_entries_is_no_place_of_one() -> None:
    result = read(page('<div id="list"><h2>May 21, 2026</h2><p>x</p><h2>May 14, 2026</h2></div>'))
    assert links(result) == ["", ""]


OTHERS = "<h2>{}</h2><p>first</p><h2>May 21, 2026</h2><p>{}</p><h2>May 1, 2026</h2><p>last</p>"


def test_an_entry_without_anchor_stays_itself_when_others_change() -> None:
    before = read(page(OTHERS.format("May 30, 2026", "ours")))
    after = read(page("<h2>June 1, 2026</h2><p>new</p>" + OTHERS.format("May 29, 2026", "ours")))
    assert before.entries[1].entry_id == after.entries[2].entry_id
    assert before.entries[1].summary == after.entries[2].summary


def test_an_entry_without_anchor_stays_itself_when_its_text_changes() -> None:
    one, two = (read(page(OTHERS.format("May 30, 2026", text))).entries[1] for text in ("ours", "our words"))
    assert one.entry_id == two.entry_id
    assert one.summary != two.summary


def test_a_release_stays_itself_when_its_date_is_corrected() -> None:
    one, two = (read(f"## 2.1.144 - {day}\n\n- a\n\n## 2.1.143\n").entries[0] for day in ("2026-05-21", "2026-05-22"))
    assert one.entry_id == two.entry_id
    assert one.published != two.published


def test_models_of_one_number_are_not_one() -> None:
    result = read(page("<h2>May 21, 2026</h2><h3>Model 3.5 Flash</h3><h3>Model 3.5 Pro</h3>"))
    assert len({entry.entry_id for entry in result.entries}) == 2


def test_a_title_that_comes_back_does_not_take_the_place_of_the_old_one() -> None:
    old = '<h2 id="d1">May 5, 2026</h2><h3 id="{}">Sheets</h3><p>old</p>'
    alone = read(page(old.format("sheets"))).entries[0]
    both = read(page('<h2 id="d2">May 19, 2026</h2><h3 id="sheets">Sheets</h3><p>new</p>' + old.format("sheets-1")))
    assert both.entries[1].entry_id == alone.entry_id
    assert links(both) == ["#d2", "#d1"]


def test_what_is_rendered_twice_is_one_entry() -> None:
    card = '<article><h2 id="goals">Goals</h2><time datetime="2026-05-21">May 21</time><p>x</p></article>'
    assert len(read(page(card + card)).entries) == 1


def test_two_entries_of_one_date_and_no_name_are_two() -> None:
    result = read("May 21, 2026\n- one\n\nMay 21, 2026\n- two\n")
    assert [entry.entry_id for entry in result.entries] == ["2026-05-21", "2026-05-21/2"]


# ── select ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_items_are_entries_of_the_day_and_lead_to_it() -> None:
    body = '<h2 id="d">May 21, 2026</h2><ul><li>Goals are here. Try them.</li><li id="own">Remote use</li></ul>'
    result = read(page(body), item="main > ul > li")
    assert reported(result) == [("Goals are here.", "2026-05-21"), ("Remote use", "2026-05-21")]
    assert links(result) == ["#d", "#own"]
    assert [entry.entry_id for entry in result.entries] == ["2026-05-21 goals are here.", "#own"]


def test_an_entry_without_items_stays_one() -> None:
    body = "<h2>May 21, 2026</h2><ul><li>Goals</li></ul><h2>May 14, 2026</h2><p>Text only.</p>"
    assert titles(read(page(body), item="li")) == ["Goals", "May 14, 2026"]


def test_an_item_that_says_too_much_is_cut_at_a_word() -> None:
    (entry,) = read(page(f"<h2>May 21, 2026</h2><ul><li>{'long words ' * 50}</li></ul>"), item="li").entries
    assert entry.title.endswith(("long…", "words…"))
    assert len(entry.title) <= 201


def test_headings_may_be_items() -> None:
    body = '<div class="e"><h2>Studio 26.5</h2><time>May 21, 2026</time><h3 id="g">Goals</h3><p>a</p><h3>Phone</h3><p>b</p></div>'
    result = read(page(body), entry=".e", item="h3")
    assert reported(result) == [("Goals", "2026-05-21"), ("Phone", "2026-05-21")]
    assert [entry.summary for entry in result.entries] == ["<p>a</p>", "<p>b</p>"]


def test_picks_say_what_is_what() -> None:
    body = (
        '<h4 class="m">May 2026</h4><div class="e" data-k="a1"><b>21 May</b><i>Goals</i><u>app</u><u>cli</u><s>Short.</s>'
        '<a href="/changelog/goals">more</a></div>'
    )
    select = {"entry": ".e", "title": "i", "date": "b", "year": "preceding::.m", "anchor": "@data-k", "category": "u"}
    (entry,) = read(page(body), summary="s", link="a", **select).entries
    assert (entry.title, day_of(entry), entry.summary, entry.categories) == (
        "Goals",
        "2026-05-21",
        "Short.",
        ("app", "cli"),
    )
    assert (entry.entry_id, entry.link) == ("#a1", f"{URL}/goals")


def test_a_date_that_a_reader_sees_goes_before_the_one_in_the_markup() -> None:
    body = '<article><h2>Goals</h2><time datetime="2026-05-20T23:00:00Z">May 21, 2026</time></article>'
    assert reported(read(page(body), entry="article")) == [("Goals", "2026-05-21")]


def test_an_entry_inside_another_is_part_of_it() -> None:
    assert titles(read(page('<div class="e"><h2>Goals</h2><div class="e"><h2>Inner</h2></div></div>'), entry=".e")) == [
        "Goals"
    ]


def test_anchors_are_added_to_the_page_that_the_stanza_names() -> None:
    result = read("## May 21, 2026\n\n- x\n", url=f"{URL}.md", page=URL)
    assert [entry.link for entry in result.entries] == [f"{URL}#may-21-2026"]


# ── kinds of document ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "empty"),
        ("<?xml version='1.0'?><rss/>", "not-a-changelog"),
        ('{"a": 1}', "not-a-changelog"),
        (
            "<html><head><title>Just a moment...</title></head><body>Enable JavaScript and cookies to continue</body></html>",
            "challenge",
        ),
    ],
)
def test_what_is_no_changelog_is_refused_by_name(content: str, rule: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(content)
    assert (caught.value.rule, caught.value.subject) == (rule, "acme/news")


def test_html_is_distinguished_from_markdown_by_content_and_not_by_name() -> None:
    assert read(page("<h2>May 21, 2026</h2>"), url=f"{URL}.md", media_type="text/markdown").dialect == "html"
    assert read("# May 21, 2026\n\n<p>text</p>", media_type="text/html").dialect == "markdown"
    assert read("<div><h2>May 21, 2026</h2></div>", media_type="text/html").dialect == "html"


@pytest.mark.parametrize(
    "hidden",
    [
        "```\n## 9.9.9 - 2026-12-31\n```",
        "~~~~ md\n## 9.9.9 - 2026-12-31\n~~~\n## 9.9.8\n~~~~",
        "<!--\n\n## 9.9.9 - 2026-12-31\n\n-->",
        "> ## 9.9.9 - 2026-12-31",
        "text\n\n    ## 9.9.9 - 2026-12-31",
        "\\## 9.9.9 - 2026-12-31",
    ],
)
def test_code_comments_and_quotations_hold_no_entries(hidden: str) -> None:
    assert titles(read(f"# Changes\n\n## 1.1.0\n\n{hidden}\n\n## 1.0.0\n")) == ["1.1.0", "1.0.0"]


def test_front_matter_is_no_text_and_may_hold_the_date() -> None:
    assert titles(read("---\ntitle: A\ndate: 2026-05-21\n---\n\n## 1.1.0\n")) == ["1.1.0"]
    assert reported(read("---\ntitle: Goals\ndate: 2026-05-21\n---\n\n- x\n")) == [("Goals", "2026-05-21")]


def test_slugs_are_those_of_github() -> None:
    slugs = Slugs()
    built = [
        slugs.slug(text)
        for text in ("[2.1.0] - 2026-05-21", "C++ & co.", "日本語 見出し", "a_b", "Same", "Same", "Same-1", "Same")
    ]
    assert built == ["210---2026-05-21", "c--co", "日本語-見出し", "a_b", "same", "same-1", "same-1-1", "same-2"]


def test_a_written_anchor_goes_before_a_made_one() -> None:
    assert (
        to_html("## Goals {#own}\n\n## Phone \\{#second}").markup
        == '<h2 id="own">Goals</h2>\n<h2 id="second">Phone</h2>\n'
    )


def test_components_of_mdx_are_taken_out_and_updates_are_sections() -> None:
    written = to_html(
        '<Update\n  label="May 21, 2026"\n  rss={{ a: "b > c" }}\n>\n  ## Goals\n\n      text <Tag new/>\n</Update>'
    )
    assert written.markup == (
        '<section class="update" id="may-21-2026" data-label="May 21, 2026">\n<h2 id="goals">Goals</h2>\n<p>text </p>\n</section>\n'
    )


def test_indented_text_is_code_in_markdown_only() -> None:
    assert "<pre>" in to_html("a\n\n    b\n").markup
    assert "<pre>" not in to_html("a\n\n    b\n", is_mdx=True).markup


# ── any bytes, in proportion ────────────────────────────────────────────────────────────────────────────────────

PIECES = [
    *(
        "<h2>",
        "</h2>",
        "<h3 id=a>",
        "</h3>",
        "<p>",
        "<ul><li>",
        "</li></ul>",
        "<time datetime='2026-05-21'>",
        "</time>",
        "<a href='#a'>",
    ),
    *(
        "</a>",
        "<table><tr><td>",
        "</td></tr></table>",
        "<section class=update data-label=x>",
        "<div hidden>",
        "</div>",
        "<main>",
        "\n\n",
    ),
    *(
        "May 21, 2026",
        "May 21",
        "2026",
        "May",
        "v1.2.0",
        "## ",
        "# ",
        "- ",
        "```\n",
        "---\n",
        "<!--",
        "-->",
        "{/*",
        "*/}",
        "<Update label='x'>",
    ),
    *(
        "</Update>",
        "{#a}",
        "2026年5月21日",
        "令和8年",
        "\x00",
        "\ufffe",
        "&",
        "<",
        ">",
        "[a](b)",
        "import x from 'y'\n",
        "\x1e",
        "<body>",
    ),
]
documents = st.one_of(
    st.binary(max_size=100),
    st.lists(st.sampled_from(PIECES), max_size=25).map(lambda x: "".join(x).encode()),
    st.lists(st.sampled_from(PIECES), max_size=25).map(lambda x: page("".join(x)).encode()),
)
SELECTS: list[dict[str, str]] = [
    {},
    {"item": "li"},
    {"entry": "h2, h3", "date": "following::time", "item": "li"},
    {"entry": "p", "title": ".", "year": "preceding::h2", "anchor": "ancestor::section@id"},
]


@given(documents, st.sampled_from(SELECTS), st.sampled_from([None, "text/html", "text/markdown"]))
@example(b"<html><frameset>", {}, None)
@example(b"<html><body><table><tr><td>May 21, 2026</td><td>x</td></tr>" * 3, {}, None)
def test_any_bytes_are_a_changelog_or_a_named_error(
    content: bytes, select: dict[str, str], media_type: str | None
) -> None:
    try:
        result = read(content, media_type=media_type, **select)
    except ParseError as error:
        rules = {"empty", "not-a-changelog", "too-costly", "not-html", *OBSTACLES}
        assert error.rule in rules  # noqa: PT017 either end is right
        return
    keys: list[Any] = [entry.entry_id for entry in result.entries if entry.entry_id]
    assert len(keys) == len(set(keys))
    assert [entry.position for entry in result.entries] == list(range(len(result.entries)))
    for entry in result.entries:
        assert (entry.link or "").startswith("https://www.acme-ai.com/")
        for text in (entry.title, entry.summary, entry.entry_id or "", entry.link or ""):
            text.encode()
        assert entry.published.value is None or date(1990, 1, 1) <= entry.published.value.date()


HUGE = {
    "a megabyte of headings": page(
        "".join(
            f'<div><h2 id="v{i}">v1.{i}.0</h2><p>May 21, 2026</p><ul>{"<li>some words</li>" * 6}</ul></div>'
            for i in range(5000)
        )
    ),
    "a megabyte of Markdown": "\n\n".join(
        f"## v1.{i}.0 - May 21, 2026\n\n- fixed `this`, {'in words ' * 10}" for i in range(5000)
    ),
    "brackets": "# a\n" + "[" * 300_000,
    "comments": "<Update>\n" + "{/*" * 100_000,
    "tags that stay open": "<Update label='x'\n" * 20_000,
    "cells of one row": page("<table><tr>" + "<td>May 2, 2026</td>" * 10_000 + "</table>"),
    "times": page("<time>May 2</time>" * 10_000),
    "nested boxes": page("<div class=update data-label=x>" * 3_000),
    "dates without a year": page("<h2>May 21, 2026</h2>" * 100 + "<h2>May 21</h2>" * 5_000),
}


@pytest.mark.parametrize("content", HUGE.values(), ids=HUGE)
def test_size_costs_time_in_proportion(content: str) -> None:
    begun = time.perf_counter()
    with suppress(ParseError):  # `too-costly`
        read(content)
    assert time.perf_counter() - begun < 20  # a second or two on one core; what costs the square takes minutes
