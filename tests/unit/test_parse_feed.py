from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.errors import ParseError
from ingest.parse.entry.fields import ENTRY_LIMIT
from support.documents import atom, read, rss

PAGE = "<link>https://www.acme-ai.com/a</link>"
GML = 'xmlns:gml="http://www.opengis.net/gml"'
# feedparser looks for a place around it and raises KeyError.
BREAKS_FEEDPARSER = f"<title>guilty</title><gml:pos {GML}>1 2<b/></gml:pos>"


# ── telling apart ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        (rss(), "rss20"),
        ('<?xml version="1.0"?>\n<!-- made by hand -->\n<!DOCTYPE rss [<!ENTITY a "b">]>\n' + rss(), "rss20"),
        ("\n\n  " + rss(), "rss20"),
        ("\ufeff" + rss(), "rss20"),
        ('<rss version="0.91"><channel/></rss>', "rss091u"),
        ('<rss version="0.92"><channel/></rss>', "rss092"),
        (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"/>',
            "rss10",
        ),
        (atom(), "atom10"),
        ('<a:feed xmlns:a="http://www.w3.org/2005/Atom"/>', "atom10"),
        ('<feed version="0.3" xmlns="http://purl.org/atom/ns#"/>', "atom03"),
        ('{"version": "https://jsonfeed.org/version/1", "items": []}', "json1"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', "json11"),
    ],
)
@pytest.mark.parametrize("media_type", [None, "text/html", "application/json"])
def test_the_content_says_which_dialect_it_is_and_the_media_type_does_not(
    content: str, dialect: str, media_type: str | None
) -> None:
    assert read(content, media_type=media_type).dialect == dialect


@pytest.mark.parametrize(
    ("content", "rule", "words"),
    [
        ("", "empty", "no content"),
        (" \n\t", "empty", "no content"),
        ("\x00\x01", "empty", "no content"),
        ("<!DOCTYPE html><html><head><title>Hello &amp; welcome</title>", "html", "“Hello & welcome”"),
        ("<script>challenge()</script><HTML>", "html", "web page"),
        ('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>', "not-a-feed", "kind: sitemap"),
        ("<opml version='2.0'/>", "not-a-feed", "root element opml"),
        ("<rss-like/>", "not-a-feed", "root element rss-like"),
        ("Not found", "not-a-feed", "neither XML nor JSON"),
        ("\x1f\x8b\x08\x00 gzip", "not-a-feed", "neither XML nor JSON"),
        ("<channel><x/></channel>", "not-a-feed", "no dialect"),
        ("{", "broken", "begins like JSON"),
        ('{"items": []}', "not-a-feed", "kind: json"),
        ("[1, 2]", "not-a-feed", "kind: json"),
    ],
)
def test_what_is_no_feed_is_refused_by_name_and_says_what_it_is(content: str, rule: str, words: str) -> None:
    with pytest.raises(ParseError) as refused:
        read(content)
    assert refused.value.rule == rule
    assert words in refused.value.message
    assert refused.value.subject == "acme/news"


def test_a_name_of_a_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(rss(f"<title>Secret</title>{PAGE}"))
    with pytest.raises(ParseError):
        read(str(path))


# ── damage ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sound_feed_has_no_damage() -> None:
    assert read(rss(f"<title>Sound</title>{PAGE}")).damage == ""


@pytest.mark.parametrize(
    "around", ["Warning: foo in bar.php on line 3\n{}", "<div class='x'>{}</div>", "<html>{}</html>"]
)
def test_a_feed_with_something_around_it_is_found(around: str) -> None:
    result = read(around.format(rss(f"<title>Buried</title>{PAGE}")))
    assert [entry.title for entry in result.entries] == ["Buried"]
    assert result.damage == f"{len(around) - 2} characters around the feed"


def test_characters_that_xml_forbids_are_left_out() -> None:
    result = read(rss(f"<title>a\x0bb\x00c</title>{PAGE}"))
    assert result.entries[0].title == "abc"
    assert result.damage == "2 control characters"


def test_an_unknown_prefix_costs_no_entry() -> None:
    result = read(rss(f"<title>One</title>{PAGE}<x:y>z</x:y>", f"<title>Two</title>{PAGE}"))
    assert [entry.title for entry in result.entries] == ["One", "Two"]
    assert "unbound prefix" in result.damage


@pytest.mark.parametrize("slip", ["", "<x:y/>", "</b>"])
def test_a_slip_in_a_feed_does_not_change_the_keys_of_its_entries(slip: str) -> None:
    item = "<title>Q&amp;amp;A</title><guid>https://a.example/?a=1&amp;b=2</guid><category>R&amp;D</category>"
    (entry,) = read(rss(item, head=slip)).entries
    assert entry.entry_id == entry.link == "https://a.example/?a=1&b=2"
    assert (entry.title, entry.categories) == ("Q&amp;A", ("R&D",))


@pytest.mark.parametrize("lost", [1, 12, 20, 30, 45])
def test_an_entry_that_the_document_ends_inside_is_not_accepted(lost: int) -> None:
    whole = rss(f"<title>Whole</title>{PAGE}", f"<title>Cut short</title>{PAGE}").removesuffix(
        "</item></channel></rss>"
    )
    result = read(whole[:-lost])
    assert [entry.title for entry in result.entries] == ["Whole"]
    assert [(item.position, item.reason) for item in result.unreadable] == [(1, "truncated")]


def test_a_document_that_ends_between_entries_keeps_them_all() -> None:
    result = read(rss(f"<title>One</title>{PAGE}", f"<title>Two</title>{PAGE}").removesuffix("</channel></rss>"))
    assert [entry.title for entry in result.entries] == ["One", "Two"]
    assert result.unreadable == ()
    assert result.damage


def test_an_entry_that_breaks_the_parser_costs_only_itself() -> None:
    result = read(rss(*[f"<title>{n}</title>{PAGE}" if n != 5 else BREAKS_FEEDPARSER for n in range(9)]))
    assert [entry.title for entry in result.entries] == ["0", "1", "2", "3", "4", "6", "7", "8"]
    assert [(item.position, item.reason) for item in result.unreadable] == [(5, "broken")]
    assert "breaks the parser" in result.damage


def test_a_head_that_breaks_the_parser_is_a_named_error() -> None:
    with pytest.raises(ParseError) as refused:
        read(rss(head=f"<gml:pos {GML}>1 2<b/></gml:pos>"))
    assert refused.value.rule == "broken"


def test_an_entry_without_anything_is_unreadable_and_counted() -> None:
    result = read(rss("", "<category>x</category>", f"<title>Said</title>{PAGE}"))
    assert [(item.position, item.reason) for item in result.unreadable] == [(0, "empty"), (1, "empty")]
    assert [(entry.position, entry.title) for entry in result.entries] == [(2, "Said")]


def test_entries_beyond_the_limit_are_counted_not_read() -> None:
    result = read(rss(*[f"<title>{n}</title>" for n in range(ENTRY_LIMIT + 3)]))
    assert len(result.entries) == ENTRY_LIMIT
    assert result.unreadable[0].detail == f"3 entries after the first {ENTRY_LIMIT}"


def test_a_place_is_no_reason_to_lose_an_entry() -> None:
    result = read(rss(f"<title>Tokyo</title>{PAGE}<gml:pos>35.6 139.7</gml:pos>", attributes=f" {GML}"))
    assert [entry.title for entry in result.entries] == ["Tokyo"]
    assert result.damage == ""


# ── nothing costs the square of its length (measured: under 0.5 s each, hours with what they guard against) ──────


@pytest.mark.parametrize(
    "content",
    [
        "x " + "<rss " * 200_000,
        "x " + '<feed xmlns="a">' * 60_000,
        "<html>" + "<title " * 200_000,
        rss("<title>&lt;" + "a" * 65_000 + "</title>"),
        "<!DOCTYPE x [" + "] " * 300_000,
        "<!--" * 200_000,
        rss("<title>" + "&" * 200_000 + "</title>"),
        rss("<title>" + "<![CDATA[" * 100_000 + "</title>"),
        rss("<link" + " " * 1_000_000),
        rss(*[BREAKS_FEEDPARSER] * 300, head="<description>" + "x" * 1_000_000 + "</description>"),
        "[" * 200_000,
        '{"version":"https://jsonfeed.org/version/1","items":[' + '{"a":' * 200_000,
        '{"version":"https://jsonfeed.org/version/1","items":[{"id":' + "9" * 1_000_000 + "}]}",
    ],
    ids=lambda content: content[:12],
)
def test_a_document_made_to_be_slow_is_not(content: str) -> None:
    before = time.process_time()
    try:
        read(content)
    except ParseError as error:
        assert error.rule in {"html", "not-a-feed", "broken"}  # noqa: PT017 either end is right
    assert time.process_time() - before < 3


@pytest.mark.long
def test_a_large_feed_takes_time_in_proportion() -> None:
    item = f"<title>Model</title>{PAGE}<pubDate>Thu, 21 May 2026 10:00:00 GMT</pubDate><description>{'word ' * 50}</description>"
    before = time.process_time()
    assert len(read(rss(*[item] * 15_000)).entries) == 15_000  # 6 MB
    assert time.process_time() - before < 30


# ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("head", "wish"),
    [
        ("<ttl>60</ttl>", timedelta(hours=1)),
        ("<ttl> 5 </ttl>", timedelta(minutes=5)),
        ("<ttl>525600</ttl>", timedelta(days=30)),
        ("<ttl>0</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>an hour</ttl>", None),
        ("<ttl>99999999999999999999</ttl>", None),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", timedelta(days=1)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", timedelta(minutes=15)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", timedelta(hours=1)),
        ("<sy:updatePeriod>sometimes</sy:updatePeriod>", None),
        ("<ttl>30</ttl><sy:updatePeriod>daily</sy:updatePeriod>", timedelta(minutes=30)),
        ("", None),
    ],
)
def test_the_feeds_own_request_is_read_within_reason(head: str, wish: timedelta | None) -> None:
    assert read(rss(head=head, attributes=' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"')).ttl == wish


def atom_link(*links: str, entry: str = "") -> str | None:
    result = read(
        atom(f"<title>x</title><id>https://www.acme-ai.com/id</id>{entry}" + "".join(f"<link {a}/>" for a in links))
    )
    return result.entries[0].link


@pytest.mark.parametrize(
    ("links", "chosen"),
    [
        (['href="https://a.example/1"'], "https://a.example/1"),
        (
            ['rel="self" href="https://a.example/1"', 'rel="alternate" href="https://a.example/2"'],
            "https://a.example/2",
        ),
        (['rel="enclosure" href="https://a.example/1.mp3"'], None),
        (['type="application/pdf" href="https://a.example/1"', 'href="https://a.example/2"'], "https://a.example/2"),
        (['type="application/pdf" href="https://a.example/1"'], "https://a.example/1"),
        (
            ['rel="http://www.iana.org/assignments/relation/alternate" href="https://a.example/1"'],
            "https://a.example/1",
        ),
        (['href=""', 'href="https://a.example/2"'], "https://a.example/2"),
        (['href=""'], None),
        ([], None),
    ],
)
def test_an_atom_entry_is_its_alternate_page_and_never_its_id(links: list[str], chosen: str | None) -> None:
    assert atom_link(*links) == chosen


@pytest.mark.parametrize(
    ("lang", "chosen"),
    [("ja", "https://a.example/ja"), ("ja-JP", "https://a.example/ja"), ("fr", "https://a.example/en")],
)
def test_of_several_pages_the_one_in_the_entrys_language_is_chosen(lang: str, chosen: str) -> None:
    links = [f'<link hreflang="{code}" href="https://a.example/{code}"/>' for code in ("en", "ja")]
    result = read(atom(f"<title>x</title>{''.join(links)}", attributes=f' xml:lang="{lang}"'))
    assert result.entries[0].link == chosen


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<guid>https://a.example/1</guid>", "https://a.example/1"),
        ('<guid isPermaLink="true">https://a.example/1</guid>', "https://a.example/1"),
        ('<guid isPermaLink="false">https://a.example/1</guid>', None),
        ("<guid>acme-1</guid>", None),
        ("<link></link><guid>https://a.example/1</guid>", "https://a.example/1"),
        ("<link/><guid>https://a.example/1</guid>", "https://a.example/1"),
        ("<link>https://a.example/2</link><guid>https://a.example/1</guid>", "https://a.example/2"),
    ],
)
def test_an_rss_guid_is_the_page_only_where_it_says_so_and_there_is_no_link(item: str, link: str | None) -> None:
    assert read(rss(f"<title>x</title>{item}")).entries[0].link == link


@pytest.mark.parametrize(
    ("link", "absolute"),
    [
        ("/a", "https://www.acme-ai.com/a"),
        ("a", "https://www.acme-ai.com/news/a"),
        ("?p=1", "https://www.acme-ai.com/news/feed.xml?p=1"),
        ("//a.example/b", "https://a.example/b"),
        ("http://A.example/b#c", "http://A.example/b#c"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("///", "///"),
    ],
)
def test_links_are_resolved_against_the_address_of_the_feed_and_whole_ones_left(link: str, absolute: str) -> None:
    assert read(rss(f"<title>x</title><link>{link}</link>")).entries[0].link == absolute


def test_the_base_that_the_document_declares_comes_first() -> None:
    content = atom('<title>x</title><link href="b"/>', attributes=' xml:base="https://a.example/c/"')
    assert read(content).entries[0].link == "https://a.example/c/b"


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("<title>a &amp;lt;b&amp;gt;</title>", "text"),
        ('<title type="text">&lt;b&gt;a&lt;/b&gt;</title>', "text"),
        ('<title type="html">plain</title>', "html"),
        ('<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a</div></title>', "html"),
    ],
)
def test_atom_says_how_a_title_is_meant(title: str, kind: str) -> None:
    assert read(atom(title)).entries[0].title_type == kind


def test_an_edit_time_is_not_taken_for_the_publication_where_both_are_given() -> None:
    both = "<published>2026-05-20T00:00:00Z</published><updated>2026-05-21T00:00:00Z</updated>"
    entry = read(atom(f"<title>x</title>{both}")).entries[0]
    assert (entry.published.raw, entry.updated.raw) == ("2026-05-20T00:00:00Z", "2026-05-21T00:00:00Z")


def test_a_date_that_cannot_be_read_says_why_unless_another_can() -> None:
    alone, beside = read(
        rss(
            "<title>a</title><pubDate>soon</pubDate>",
            "<title>b</title><pubDate>soon</pubDate><dc:date>2026-05-21</dc:date>",
            attributes=' xmlns:dc="http://purl.org/dc/elements/1.1/"',
        )
    ).entries
    assert (alone.published.value, alone.published.raw) == (None, "soon")
    assert beside.published.raw == "2026-05-21"


def test_languages_go_from_the_feed_to_its_entries_unless_they_say_otherwise() -> None:
    result = read(atom("<title>a</title>", '<title xml:lang="ja_JP">b</title>', attributes=' xml:lang="en-us"'))
    assert (result.lang, *(entry.lang for entry in result.entries)) == ("en-US", "en-US", "ja-JP")
