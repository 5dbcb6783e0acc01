from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import text as sql

from edges.website import HOST, HOSTILE, NOW, Website, serve
from ingest.store.engine import read
from ingest.web import page

ALLOWED_TAGS = frozenset(
    re.findall(
        r"\w+",
        """html head meta title link body a header p div nav h1 h2 h3 main section ol ul li time b small span code
        table thead tbody tr th td wbr footer""",
    )
)
ALLOWED_ATTRIBUTES = frozenset(
    re.findall(
        r"[\w-]+",
        """lang charset name content rel href type class id tabindex aria-label aria-current aria-labelledby datetime
        scope colspan""",
    )
)
VOID = {"meta", "link", "wbr"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Website]:
    with serve(tmp_path) as website:
        yield website


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    """A page with something of everything on it."""
    with serve(tmp_path_factory.mktemp("web"), "A demo.") as website:
        website.fill()
        website.add_headline("GPT-5 の提供を開始", lang="ja", published=NOW - timedelta(days=1))
        website.add_headline("Undated", published=None, published_precision="none", lang=None)
        website.add_headline(
            "Old", backfill=True, published=datetime(2025, 1, 1, tzinfo=UTC), published_precision="day"
        )
        website.add_source("failing", "failing", reason="timeout: no answer in 30 s")
        website.add_source("young", "new", last_success_at=None)
        for number in range(page.SOURCE_LINES + page.LIST_LINES):
            website.add_source(f"more-{number:02}")
            website.add_headline(f"Another {number}", backfill=True, published=NOW - timedelta(days=number + 2))
        yield website


class Tags(HTMLParser):
    """Insists that every element that is opened is closed, in order, and keeps what it saw."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.seen.add(tag)
        self.attributes.update(names)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def lines(tree: LexborHTMLParser, where: str) -> list[tuple[str, str | None]]:
    """Give the text and the link of every headline in a list."""
    result = []
    for item in tree.css(f"{where} li"):
        (link,) = item.css("a")
        result.append((link.text(), link.attributes["href"]))
    return result


# ── what it shows ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_database_says_what_to_do(site: Website) -> None:
    tree = LexborHTMLParser(site.ask("/").text)
    notes = [note.text() for note in tree.css(".note")]
    assert notes == [
        "No source has been read yet.",
        "Nothing is stored yet. ingest poll fetches what is due.",
        "No list is in force yet. ingest poll puts sources.yaml in force.",
    ]
    assert tree.css("li, table, h3") == []
    assert site.ask("/sources").status == 200


def test_the_policy_is_stated_in_both_languages(full: Website) -> None:
    japanese, english = LexborHTMLParser(full.ask("/").text).css("header .policy")
    assert (japanese.attributes["lang"], japanese.text()) == (
        "ja",
        "公式発表のみ掲載。噂・リーク・情報商材は載せません。",
    )
    assert english.text() == (
        "We use only official sources. Each article links to the original announcement so you can verify it yourself."
    )


def test_every_headline_is_one_click_from_its_official_page(site: Website) -> None:
    site.fill()
    first = site.add_headline("GPT-5 の提供を開始", lang="ja", published=NOW - timedelta(minutes=1))
    second = site.add_headline("Claude", path="/a'b&c(d)", published=NOW - timedelta(minutes=2))
    tree = LexborHTMLParser(site.ask("/").text)
    assert lines(tree, ".ticker") == lines(tree, ".day") == [("GPT-5 の提供を開始", first), ("Claude", second)]
    for link in tree.css("li a"):
        assert link.attributes["rel"] == "noopener noreferrer"
        assert link.attributes["lang"] == ("ja" if link.text().startswith("GPT") else "en")


def test_a_story_is_one_line_whatever_the_number_of_its_headlines(site: Website) -> None:
    site.fill()
    shown = site.add_headline("Model 5 is here")
    site.add_headline("モデル 5 を発表", lang="ja", of="s1")
    site.add_headline("Model 5 is here, again", of="s1", path="/again", published=NOW + timedelta(hours=1))
    other = site.add_headline("Something else", published=NOW - timedelta(days=1))
    text = site.ask("/").text
    tree = LexborHTMLParser(text)
    assert lines(tree, ".ticker") == lines(tree, ".day") == [("Model 5 is here", shown), ("Something else", other)]
    assert [small.text().endswith("3 official links") for small in tree.css(".day small")] == [True, False]
    assert "モデル 5" not in text


def test_a_title_that_is_only_a_version_or_a_date_is_shown_with_its_product(site: Website) -> None:
    site.fill(product="Claude Code")
    titles = ("v2.1.88", "May 21, 2026", "Faster reading")
    for number, title in enumerate(titles):
        site.add_headline(title, published=NOW - timedelta(minutes=number))
    tree = LexborHTMLParser(site.ask("/").text)
    shown = ["Claude Code v2.1.88", "Claude Code May 21, 2026", "Faster reading"]
    assert [title for title, _ in lines(tree, ".ticker")] == [title for title, _ in lines(tree, ".day")] == shown
    with read(site.engine) as conn:
        assert sorted(conn.execute(sql("SELECT title FROM v1_headlines")).scalars()) == sorted(titles)
        assert set(conn.execute(sql("SELECT product FROM v1_headlines")).scalars()) == {"Claude Code"}
        assert set(conn.execute(sql("SELECT product FROM v1_stories")).scalars()) == {"Claude Code"}
        assert set(conn.execute(sql("SELECT product FROM v1_sources")).scalars()) == {"Claude Code"}


def test_days_are_those_of_the_zone_and_times_say_which(site: Website) -> None:
    site.fill()
    site.add_headline("late", published=datetime(2026, 5, 21, 16, tzinfo=UTC))
    site.add_headline("printed", published=datetime(2026, 5, 22, tzinfo=UTC), published_precision="day")
    tree = LexborHTMLParser(site.ask("/").text)
    assert [heading.text() for heading in tree.css("h3")] == ["Friday, 22 May 2026"]
    assert [time.text() for time in tree.css(".day time")] == ["2026-05-22", "2026-05-22 01:00"]
    assert tree.css("header .note")[0].text() == "As of 2026-05-22 21:00 Asia/Tokyo."
    assert "Times are Asia/Tokyo." in site.ask("/sources").text


def test_the_ticker_has_no_backfill_but_where_too_little_is_new(site: Website) -> None:
    site.fill()
    site.add_headline("old", backfill=True)
    before = LexborHTMLParser(site.ask("/").text)
    assert [title for title, _ in lines(before, ".ticker")] == ["old"]
    assert "Little is new since the first fill" in site.ask("/").text
    fresh = [f"new {number}" for number in range(page.TICKER_LEAST)]
    for title in fresh:
        site.add_headline(title)
    site.add_headline("withdrawn", state="withdrawn")
    after = LexborHTMLParser(site.ask("/").text)
    assert sorted(title for title, _ in lines(after, ".ticker")) == fresh
    assert sorted(title for title, _ in lines(after, ".day")) == [*fresh, "old"]
    assert "Little is new since the first fill" not in site.ask("/").text


def test_the_list_says_that_there_is_more_and_where(full: Website) -> None:
    tree = LexborHTMLParser(full.ask("/").text)
    shown = lines(tree, ".day")
    assert [title for title, _ in shown][:2] == ["Undated", "GPT-5 の提供を開始"]
    assert len(shown) == page.LIST_LINES
    note = f"These are the newest {page.LIST_LINES}. ingest stories lists older ones."
    assert note in [note.text() for note in tree.css("main .note")]


def test_the_table_shows_state_last_success_headlines_and_reason_of_every_source(full: Website) -> None:
    rows = [
        [cell.text() for cell in row.css("th, td")] for row in LexborHTMLParser(full.ask("/sources").text).css("tr")
    ]
    stored = 3 + page.SOURCE_LINES + page.LIST_LINES
    assert ["acme/news", "ok", "2026-05-22\n21:00", str(stored)] in rows
    assert ["acme/young", "new", "–", "0"] in rows
    failing = rows.index(["acme/failing", "failing", "2026-05-22\n21:00", "0"])
    assert rows[failing + 1] == ["timeout: no answer in 30 s"]
    assert len(rows) == 1 + 3 + page.SOURCE_LINES + page.LIST_LINES + 1


def test_the_first_page_begins_with_the_sources_in_trouble_and_links_to_all(full: Website) -> None:
    tree = LexborHTMLParser(full.ask("/").text)
    first = tree.css_first("tbody th")
    assert first is not None
    assert first.text() == "acme/failing"
    assert len(tree.css("tbody th")) <= page.SOURCE_LINES
    assert re.search(r"\d+ more: <a href=\"/sources\">all sources</a>", full.ask("/").text)


def test_data_that_is_days_old_is_an_alarm_and_recent_data_is_not(site: Website) -> None:
    site.add_list()
    site.add_source("one", last_success_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert "<code>ingest run</code> does not seem to be running" in site.ask("/").text
    site.add_source("two", last_success_at=datetime.now(UTC))
    assert "does not seem to be running" not in site.ask("/").text


def test_what_is_recent_goes_by_the_clock_that_is_given(tmp_path: Path) -> None:
    with serve(tmp_path, now=lambda: NOW) as website:
        website.add_list()
        website.add_source(last_success_at=NOW)
        assert "does not seem to be running" not in website.ask("/").text


# ── what vendors write is text ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    """A page whose every field says something that must not be done."""
    with serve(tmp_path_factory.mktemp("web"), banner=HOSTILE[0]) as website:
        website.fill(vendor_name=HOSTILE[1])
        for number, text in enumerate(HOSTILE):
            website.add_headline(text, lang=text, summary=text, categories=f'["{number}"]')
            website.add_source(f"s{number}", "failing", reason=text, last_error=text)
        yield website


@pytest.mark.parametrize("path", ["/", "/sources"])
def test_nothing_a_vendor_writes_becomes_an_element_or_an_attribute(hostile: Website, path: str) -> None:
    text = hostile.ask(path).text
    tags = Tags(text)
    assert tags.seen <= ALLOWED_TAGS
    assert tags.attributes <= ALLOWED_ATTRIBUTES
    assert [raw for raw in HOSTILE if "<" in raw and raw in text] == []
    assert "49" not in re.sub(r'v=\w+|"/\d+"', "", text)


def test_what_vendors_write_is_shown_letter_by_letter(hostile: Website) -> None:
    tree = LexborHTMLParser(hostile.ask("/").text)
    assert sorted(title for title, _ in lines(tree, ".ticker")) == sorted(HOSTILE)
    assert sorted(title for title, _ in lines(tree, ".day")) == sorted(HOSTILE)
    assert {vendor.text() for vendor in tree.css("li b")} == {HOSTILE[1]}
    assert [link for link in tree.css("li a") if "lang" in link.attributes] == []
    reasons = [row.text().strip() for row in LexborHTMLParser(hostile.ask("/sources").text).css(".why")]
    assert sorted(reasons) == sorted(HOSTILE)


# ── form ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/", "/sources", "/nothing"])
def test_pages_are_well_formed_and_hold_nothing_but_known_elements(full: Website, path: str) -> None:
    text = full.ask(path).text
    assert text.startswith('<!doctype html>\n<html lang="en">')
    tags = Tags(text)
    assert tags.seen <= ALLOWED_TAGS
    assert tags.attributes <= ALLOWED_ATTRIBUTES
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=", text)


@pytest.mark.parametrize("path", ["/", "/sources", "/nothing"])
def test_pages_have_landmarks_ordered_headings_and_unique_ids(full: Website, path: str) -> None:
    tree = LexborHTMLParser(full.ask(path).text)
    for landmark in ("title", "h1", "body > header", "body > main", 'nav[aria-label="Pages"]'):
        assert len(tree.css(landmark)) == 1
    levels = [int(level) for level in re.findall(r"<h(\d)", full.ask(path).text)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    named = {node.attributes["aria-labelledby"] for node in tree.css("[aria-labelledby]")}
    targets = {(node.attributes["href"] or "")[1:] for node in tree.css('a[href^="#"]')}
    assert named | targets <= set(ids)
    assert [cell for cell in tree.css("th") if cell.attributes.get("scope") not in {"col", "row"}] == []


@pytest.mark.parametrize("path", ["/", "/sources", "/nothing"])
def test_every_link_is_official_or_local_and_local_ones_answer(full: Website, path: str) -> None:
    tree = LexborHTMLParser(full.ask(path).text)
    targets = {node.attributes["href"] or "" for node in tree.css("[href]")}
    assert tree.css("[src], [srcset], [action]") == []
    for target in targets:
        if target.startswith("https://"):
            assert urlsplit(target).hostname == HOST
        elif not target.startswith("#"):
            assert target.startswith("/")
            assert full.ask(target).status == 200
    assert {"/", "/sources"} <= targets


def test_the_current_page_is_marked_in_the_navigation(full: Website) -> None:
    marked = {
        path: [link.text() for link in LexborHTMLParser(full.ask(path).text).css("[aria-current]")]
        for path in ("/", "/sources", "/nothing")
    }
    assert marked == {"/": ["Headlines"], "/sources": ["Sources"], "/nothing": []}


# ── size and colour ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "title", ["字" * 1000, "&" * 1000, '"' * 80, "x" * 300, "Introducing something new and better for all"]
)
@pytest.mark.parametrize("path", ["/" + "a" * 2000, "/news/introducing-something"])
def test_the_first_page_with_its_style_sheet_is_under_50_kb_whatever_is_stored(
    site: Website, title: str, path: str
) -> None:
    site.fill(vendor_name="&" * 100)
    for number in range(page.LIST_LINES + 1):
        day = NOW - timedelta(days=number)
        site.add_headline(title, f"{path}{number}", lang="zh-Hant-TW", published=day)
    for number in range(page.SOURCE_LINES + 10):
        site.add_source(f"{'long' * 10}-{number}", "failing", reason="<" * 2000 if number % 2 else "")
    answer = site.ask("/")
    style = site.ask("/static/style.css")
    assert answer.status == 200
    assert len(answer.body) + len(style.body) < 50_000
    assert len(LexborHTMLParser(answer.text).css(".ticker li, .day li")) >= 2


def luminance(colour: str) -> float:
    """Give the relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_has_the_contrast_that_wcag_asks_for_in_light_and_dark(full: Website) -> None:
    style = full.ask("/static/style.css").text
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    )
    assert light.keys() == dark.keys()
    for scheme in (light, dark):
        papers = [luminance(scheme[name]) for name in ("paper", "panel")]
        inks = [luminance(scheme[name]) for name in ("ink", "soft", "link", "good", "bad", "odd")]
        ratios = [(max(a, b) + 0.05) / (min(a, b) + 0.05) for a in papers for b in inks]
        assert min(ratios) >= 4.5
