from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.errors import ParseError
from ingest.model import NO_DATE, Article, Dated, Evidence, Precision
from ingest.parse.article import parse_article
from ingest.parse.markup.decoding import decode

URL = "https://www.acme-ai.com/news/model-5"
DAY = datetime(2026, 5, 21, tzinfo=UTC)
TEN = datetime(2026, 5, 21, 10, tzinfo=UTC)
PROSE = f"<p>{'Our newest model reads long documents and answers in many languages. ' * 3}</p>"


def read(body: str = "", *, head: str = "", url: str = URL) -> Article:
    return parse_article(
        decode(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), "text/html"), url
    )


def reported(article: Article, name: str) -> Evidence | None:
    return dict(article.evidence).get(name)


def ld(**node: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **node})}</script>'


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


def when(date: Dated) -> tuple[datetime | None, Precision]:
    return date.value, date.precision


# ── the order of belief ─────────────────────────────────────────────────────────────────────────────────────────


def test_each_evidence_gives_the_title_where_those_before_it_do_not() -> None:
    layers = [
        (Evidence.JSON_LD, ld(headline="by JSON-LD")),
        (Evidence.OPEN_GRAPH, meta("og:title", "by Open Graph")),
        (Evidence.META, meta("twitter:title", "by meta")),
        (Evidence.TEXT, "</head><body><h1>by heading</h1>"),
        (Evidence.HTML, ""),
    ]
    names = ["by JSON-LD", "by Open Graph", "by meta", "by heading", "by title"]
    for i, (evidence, _) in enumerate(layers):
        page = read(head="<title>by title</title>" + "".join(layer for _, layer in layers[i:]))
        assert (page.title, reported(page, "title")) == (names[i], evidence)


def test_each_evidence_gives_the_date_where_those_before_it_do_not() -> None:
    layers = [
        (Evidence.JSON_LD, ld(datePublished="2026-05-01"), ""),
        (Evidence.OPEN_GRAPH, meta("article:published_time", "2026-05-02"), ""),
        (Evidence.META, '<meta name="DC.date.issued" content="2026-05-03">', ""),
        (Evidence.TIME, "", "<p><time datetime=2026-05-04>a while ago</time></p>"),
        (Evidence.TEXT, "", "<p>May 5, 2026</p>"),
    ]
    for i, (evidence, _, _) in enumerate(layers):
        head, body = ("".join(layer[part] for layer in layers[i:]) for part in (1, 2))
        page = read(f"<h1>Model 5</h1>{body}{PROSE}", head=head)
        assert when(page.published) == (datetime(2026, 5, i + 1, tzinfo=UTC), Precision.DAY)
        assert reported(page, "published") is evidence


def test_a_date_that_cannot_be_read_leaves_the_word_to_the_next_evidence() -> None:
    page = read(
        head=ld(datePublished="soon") + meta("article:published_time", "0001-01-01") + meta("pubdate", "2026-05-21")
    )
    assert when(page.published) == (DAY, Precision.DAY)
    assert read(head=ld(datePublished="soon")).published == Dated(
        None, Precision.NONE, "soon", "not a form of date that we know"
    )


@pytest.mark.parametrize(
    ("raw", "value", "precision"),
    [
        ("2026-05-21T19:00:00+09:00", TEN, Precision.SECOND),
        ("2026-05-21T10:00:00.000Z", TEN, Precision.SECOND),
        ("2026-05-21 19:00:00 +09:00", TEN, Precision.SECOND),
        ("Thu, 21 May 2026 10:00:00 GMT", TEN, Precision.SECOND),
        ("2026-05-21", DAY, Precision.DAY),
        ("2026-05-21T19:00:00", DAY, Precision.DAY),  # of a clock nobody names
        ("2026-05-21 19:00", DAY, Precision.DAY),
        ("2026-05", datetime(2026, 5, 1, tzinfo=UTC), Precision.MONTH),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC), Precision.YEAR),
        ("2026年5月21日", DAY, Precision.DAY),
    ],
)
def test_a_stated_date_keeps_its_precision_and_a_time_needs_its_zone(
    raw: str, value: datetime, precision: Precision
) -> None:
    for head in (ld(datePublished=raw), meta("article:published_time", raw), f'<meta name="date" content="{raw}">'):
        assert when(read(head=head).published) == (value, precision)


# ── dates that a reader sees ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line",
    [
        *(
            "May 21, 2026",
            "21 May 2026",
            "Thursday, May 21, 2026",
            "May 21st, 2026",
            "2026-05-21",
            "2026/5/21",
            "2026.05.21",
        ),
        *(
            "2026年5月21日",
            "2026 年 5 月 21 日（木）",
            "令和8年5月21日",
            "2026년 5월 21일",
            "2026年05月21日 14時30分",
            "2026/05/21 14:30",
        ),
        *(
            "Published May 21, 2026",
            "Published on: May 21, 2026",
            "Posted on May 21, 2026 by Ada in News",
            "Date: 2026-05-21",
        ),
        *(
            "公開日：2026年5月21日",
            "【掲載日】2026/05/21",
            "2026年5月21日公開",
            "2026年5月21日 発表",
            "発表日 2026年5月21日",
            "发布时间：2026-05-21 14:30",
            "<span>发布时间：2026-05-21 14:30</span><span>来源：新华网</span>",
        ),
        *(
            "News | May 21, 2026",
            "Product · May 21, 2026 · 5 min read",
            "By Ada Lovelace • May 21, 2026",
            "Product / May 21, 2026",
        ),
        *(
            "May 21, 2026 by Ada",
            "May 21, 2026 — San Francisco",
            "2026年5月21日 | 来源：新华网",
            "17:41 JST, May 21, 2026",
        ),
        *("SAN FRANCISCO, May 21, 2026 — Acme today announced Model 5.", "This story was published on May 21, 2026."),
        *(
            "May 21, 2026 (Updated May 22, 2026)",
            "公開 2026/5/21 更新 2026/5/22",
            "2026/5/21 公開 2026/5/22 更新",
            "2026年5月21日 読了時間 3 分",
        ),
        "<span>Ada</span><span class=post-date>2026年5月21日</span>",
        "<strong>May 21,</strong> 2026",
        "<b>21</b><i>May 2026</i>",
        *(
            "2026年5月21日 午前10時00分",
            "2026年5月21日（木）午後3:05",
            "公開日：2026年5月21日（木） 午後３時",
            "発表日 令和8年5月21日(木) 正午",
            "2026年5月21日（木） 10時半 公開",
            "2026年5月21日付",
            "2026年5月21日付 ニュースリリース",
            "掲載日：R8.5.21",
            "二〇二六年五月二十一日",
            "2026年5月21日 上午10:00",
            "发布日期：2026-05-21 下午3:05",
            "2026-05-21 凌晨2点05分",
            "입력 2026.05.21. 오전 10:00",
            "2026년 5월 21일 오후 3시 5분",
            "May 21, 2026 10:00 a.m. PDT",
            "Published May 21, 2026 at PM 3:05",
            "2026年5月21日 午前10時 公開 / 2026年5月22日 午後1時 更新",
            "2026年5月21日 更新：2026年5月22日",
            "2026年5月21日（更新：2026年5月22日）",
            "2026年5月21日 更新 2026年5月22日",
        ),
        *(
            "<time>2026年5月21日 午前10時</time>",
            "<time>公開日：2026年5月21日（木）</time><time>更新日：2026年5月22日</time>",
            '<time datetime="2026年5月21日 午後3:05">木曜日</time>',
            '<time datetime="2026-05-21 10:00 PM">Thursday</time>',
            '<time datetime="R8.5.21">8年5月21日</time>',
        ),
    ],
)
def test_a_line_that_is_a_date_by_its_whole_make_dates_the_page(line: str) -> None:
    for tag in ("p", "div"):
        page = read(f"<main><h1>Model 5</h1><{tag}>{line}</{tag}>{PROSE}</main>")
        assert when(page.published) == (DAY, Precision.DAY)
        assert reported(page, "published") is (Evidence.TIME if "<time" in line else Evidence.TEXT)
    before = read(f"<main><div>{line}</div><h1>Model 5</h1>{PROSE}</main>")
    assert when(before.published) == (DAY, Precision.DAY)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "© 2026 Acme. May 21, 2026",
            "Copyright (C) 2026-05-21",
            "Starting May 21, 2026, Model 3 retires.",
            "On May 21, 2026, we met.",
        ),
        *(
            "Model 3, released May 21, 2026, served us well.",
            "2026年5月21日より提供を開始します",
            "2026年5月21日、当社は発表しました。",
            "提供開始：2026年5月21日",
        ),
        *(
            "Event: May 21, 2026 | Tokyo",
            "開催日：2026年5月21日",
            "申込締切 2026/5/21",
            "Valid until May 21, 2026",
            "Deadline: 2026-05-21",
        ),
        *(
            "the meeting of May 21, 2026",
            "version 2026.05.21 of the tool",
            "We shipped it in <b>May 21, 2026</b> already",
            "5/6/2026",
        ),
        *(
            "2026年5月21日発表会のお知らせ",
            "原文(投稿日：2026/05/21)へのリンク",
            "2026年5月21日付で就任",
            "Call 2026-05-21-1234",
            "2026-05-21.pdf",
        ),
        *("Updated May 21, 2026", "最終更新日：2026年5月21日", "2026年5月21日更新", "Last modified: 2026-05-21"),
        *(
            "更新日：令和8年5月21日(木) 午後3時",
            "2026年5月21日 午前10時 更新",
            "2026年5月21日（更新）",
            "<time>更新日：2026年5月21日</time>",
        ),
        *("更新时间：2026-05-21 下午3:05", "수정 2026.05.21. 오후 3:05"),
        *(
            "Event | May 21, 2026",
            "開催｜2026年5月21日",
            "May 21, 2026 | Register now",
            "2026年5月21日（木）｜受付終了",
        ),
        *("Starts <time datetime=2026-05-21>May 21</time>", "<time datetime=2026-05-21>May 21</time>, © Acme"),
    ],
)
def test_a_date_in_a_sentence_of_an_event_or_of_a_change_does_not(line: str) -> None:
    assert read(f"<main><h1>Model 5</h1><p>{line}</p>{PROSE}</main>").published == NO_DATE


@pytest.mark.parametrize(
    "line",
    [
        "Updated May 21, 2026",
        "最終更新日：2026年5月21日",
        "2026年5月21日更新",
        "公開 2026/5/20 更新 2026/5/21",
        "最終更新：令和8年5月21日(木) 午後3時",
        "2026年5月20日付 2026年5月21日 午前10時 更新",
        "<time>更新日：2026年5月21日</time>",
    ],
)
def test_a_date_that_is_called_a_change_is_one(line: str) -> None:
    page = read(f"<main><h1>Model 5</h1><p>{line}</p>{PROSE}</main>")
    assert when(page.modified) == (DAY, Precision.DAY)
    assert reported(page, "modified") is (Evidence.TIME if "<time" in line else Evidence.TEXT)


UNMARKED = "<p>May 1, 2026</p><p><time datetime=2026-05-02>May 2</time></p>"
OTHERS = UNMARKED.replace("<time", "<time pubdate")


@pytest.mark.parametrize(
    "body",
    [
        f"<h1>Model 5</h1>{PROSE}{UNMARKED}",
        f"<main><h1>Model 5</h1><aside>{OTHERS}</aside>{PROSE}</main>",
        f"<main><h1>Model 5</h1><div class='related-posts'>{OTHERS}</div></main>",
        f"<main><h1>Model 5</h1><div id=comments>{OTHERS}</div></main>",
        f"<nav>{OTHERS}</nav><main><h1>Model 5</h1></main><footer>{OTHERS}</footer>",
        "<div>May 22, 2026</div><div><div><div><div><h1>Model 5</h1></div></div></div></div>",
        "<main><h1>Model 5</h1><article><h2>Model 4</h2><p>May 1, 2026</p></article></main>",
        "<main><h1>News</h1><ul><li>May 1, 2026</li><li>May 2, 2026</li><li>May 3, 2026</li></ul></main>",
        "<p>May 1, 2026</p>",
        "<h1>One</h1><p>May 1, 2026</p><h1>Two</h1><p>May 2, 2026</p><h1>Three</h1><p>May 3, 2026</p>",
    ],
)
def test_what_is_dated_elsewhere_on_the_page_does_not_date_it(body: str) -> None:
    assert read(body).published == NO_DATE


def test_a_marked_time_counts_wherever_it_stands_if_it_is_the_only_one() -> None:
    mark = "<time itemprop=datePublished datetime=2026-05-21>21/5</time>"
    assert when(read(f"{PROSE}<p>{mark}</p>").published) == (DAY, Precision.DAY)
    assert read(f"{PROSE}{mark}<time itemprop=datePublished datetime=2026-05-20></time>").published == NO_DATE


# ── structured data of others ───────────────────────────────────────────────────────────────────────────────────


def test_linked_data_of_another_article_gives_nothing() -> None:
    page = read(
        "<h1>Model 5</h1>", head=ld(headline="A fable", url="https://www.acme-ai.com/fable", datePublished="2020-01-01")
    )
    assert (page.title, page.published) == ("Model 5", NO_DATE)


@pytest.mark.parametrize("key", ["url", "@id", "mainEntityOfPage"])
@pytest.mark.parametrize("address", [URL, f"{URL}/#article", "http://acme-ai.com/news/model-5", "/news/model-5"])
def test_of_several_articles_the_one_that_names_the_page_counts(key: str, address: str) -> None:
    others = [
        {"@type": "Article", "headline": f"Other {n}", "url": f"{URL}-{n}", "datePublished": "2020-01-01"}
        for n in range(3)
    ]
    named = {"@type": "TechArticle", "headline": "Ours", key: address, "datePublished": "2026-05-21"}
    page = read(head=f'<script type="application/ld+json">{json.dumps([*others, named])}</script>')
    assert (page.title, when(page.published)) == ("Ours", (DAY, Precision.DAY))


@pytest.mark.parametrize(
    "script",
    [
        '<!-- {"@type": "Article", "headline": "Ours"} -->',
        '//<![CDATA[\n{"@type": "Article", "headline": "Ours"}\n//]]>',
        '{"@type": "Article", "headline": "Ours",}',
        '{"@type": "Article", "headline": "Ours"};',
        '{"@type": "http://schema.org/Article", "headline": ["Ours"], "articleBody": "two\nlines"}',
        '[[{"@graph": [{"@type": ["Thing", "Article"], "headline": {"@value": "Ours"}}]}]]',
        '{"@type": "WebPage", "mainEntity": {"@type": "Article", "headline": "Ours"}}',
    ],
)
def test_linked_data_is_read_as_content_systems_write_it(script: str) -> None:
    assert read(head=f'<script type="application/LD+JSON; charset=utf-8">{script}</script>').title == "Ours"


@pytest.mark.parametrize(
    "script", ["", "{", "null", "7", '"x"', "[" * 100_000, '{"@type": 5}', '{"@type": "Article", "headline": {}}']
)
def test_invalid_linked_data_counts_as_absent(script: str) -> None:
    assert read("<h1>Ours</h1>", head=f'<script type="application/ld+json">{script}</script>').title == "Ours"


# ── titles ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Model 5 | Acme AI", "Model 5"),
        ("Model 5｜Acme AI", "Model 5"),
        ("Acme AI: Model 5", "Acme AI: Model 5"),  # no sign with a space before it: may be what the title says
        ("Acme AI - Model 5", "Model 5"),
        ("Model 5 - a new start", "Model 5 - a new start"),
        ("Model 5 at Acme AI", "Model 5 at Acme AI"),
        ("Acme AI", ""),
        ("Q&amp;amp;A with Ada", "Q&A with Ada"),
        ("&lt;b&gt;Model&lt;/b&gt; 5", "Model 5"),
        ("  Model\n 5\u200b ", "Model 5"),
        ("{{ title }}", ""),
        ("https://www.acme-ai.com/news/", ""),
        ("———", ""),
    ],
)
def test_a_title_is_one_plain_line_without_the_name_of_its_site(written: str, title: str) -> None:
    assert read(head=meta("og:title", written) + meta("og:site_name", "Acme AI")).title == title


def test_what_the_heading_leaves_out_of_the_title_is_the_sites_name() -> None:
    assert (
        read(
            "<h1>Model 5</h1>", head="<title>Model 5 : Newsroom of Acme</title>" + meta("og:title", "Model 5 — Acme")
        ).title
        == "Model 5"
    )


@pytest.mark.parametrize(("heading", "title"), [("Model 5", "Model 5"), ("Acme: Model 5", "Acme: Model 5")])
def test_the_sites_name_and_a_colon_go_where_the_heading_is_without_them(heading: str, title: str) -> None:
    head = meta("og:title", "Acme: Model 5") + meta("og:site_name", "Acme")
    assert read(f"<h1>{heading}</h1>", head=head).title == title
    assert read(f"<h1>{heading}</h1>", head=meta("og:title", f"Bonds: {heading}")).title == f"Bonds: {heading}"


def test_a_headline_that_was_cut_is_completed_from_another_evidence() -> None:
    whole = (
        "A headline that is much longer than what the guide of a search engine once asked for, which plugins still obey"
    )
    assert read(f"<h1>{whole}</h1>", head=ld(headline=whole[:105])).title == whole
    assert read(f"<h1>{whole}</h1>", head=ld(headline=whole[:50] + "…")).title == whole
    assert read("<h1>Model 5 is here</h1>", head=ld(headline="Model 5")).title == "Model 5"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("<h1>Acme AI</h1><main><h1>Model 5</h1></main>", "Model 5"),
        ("<h1></h1><h1>Model 5</h1>", "Model 5"),
        ("<h1>Model 5<a class=headerlink href=#x>#</a></h1>", "Model 5"),
        ("<h1><ruby>新<rt>あたら</rt></ruby>しいモデル</h1>", "新しいモデル"),
        ("<h1>One</h1><h1>Two</h1><h1>Three</h1>", ""),
    ],
)
def test_the_heading_is_the_articles_not_the_sites(body: str, title: str) -> None:
    assert read(body, head=meta("og:site_name", "Acme AI")).title == title


# ── addresses and languages ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("head", "canonical", "evidence"),
    [
        ('<link rel="canonical" href="/a?b=1">', "https://www.acme-ai.com/a?b=1", Evidence.LINK),
        ('<link rel="shortlink CANONICAL" href="//acme-ai.com/a">', "https://acme-ai.com/a", Evidence.LINK),
        (
            '<base href="https://docs.acme-ai.com/x/"><link rel=canonical href=a>',
            "https://docs.acme-ai.com/x/a",
            Evidence.LINK,
        ),
        (
            "<link rel=canonical href=/a><link rel=canonical href=https://www.acme-ai.com/a>",
            "https://www.acme-ai.com/a",
            Evidence.LINK,
        ),
        (
            "<link rel=canonical href=/a><link rel=canonical href=/b>" + meta("og:url", "/c"),
            "https://www.acme-ai.com/c",
            Evidence.OPEN_GRAPH,
        ),
        ("<link rel=canonical href=/a>" + meta("og:url", "/c"), "https://www.acme-ai.com/a", Evidence.LINK),
        (ld(headline="x", url=f"{URL}/"), f"{URL}/", Evidence.JSON_LD),
        ("<link rel=canonical href='javascript:alert(1)'>", None, None),
        ("<link rel=canonical href='{{ url }}'>", None, None),
        ("<link rel=canonical href=''>", None, None),
        (
            "<link rel=canonical href='https://other.example/a'>",
            "https://other.example/a",
            Evidence.LINK,
        ),  # policy decides
        ("", None, None),
    ],
)
def test_the_canonical_address_is_what_one_evidence_says_alone(
    head: str, canonical: str | None, evidence: Evidence | None
) -> None:
    page = read(head=head)
    assert (page.canonical, reported(page, "canonical")) == (canonical, evidence)


def test_a_canonical_link_in_the_body_counts_only_where_the_head_has_none() -> None:
    assert (
        read("<p>x</p><link rel=canonical href=/b>", head="<link rel=canonical href=/a>").canonical
        == "https://www.acme-ai.com/a"
    )
    assert read("<p>x</p><link rel=canonical href=/b>").canonical == "https://www.acme-ai.com/b"


def test_language_versions_are_absolute_and_feeds_are_left_out() -> None:
    links = (
        "<link rel=alternate hreflang=en href=/a><link rel=alternate hreflang=ja_JP href=/ja/a>"
        "<link rel=alternate hreflang=X-Default href=/a><link rel=alternate hreflang=en href=/other>"
        "<link rel=alternate hreflang=de type=application/rss+xml href=/feed><link rel=stylesheet hreflang=fr href=/x.css>"
        "<link rel=alternate hreflang='no language' href=/n>"
    )
    host = "https://www.acme-ai.com"
    assert read(head=links).alternates == (("en", f"{host}/a"), ("ja-JP", f"{host}/ja/a"), ("x-default", f"{host}/a"))


@pytest.mark.parametrize(
    ("html", "head", "title", "lang"),
    [
        ('lang="en-us"', meta("og:locale", "de_DE"), "Model 5", "en-US"),
        ("", ld(headline="Model 5", inLanguage="de"), "Model 5", "de"),
        ("", meta("og:locale", "de_DE"), "Model 5", "de-DE"),
        ("", '<meta http-equiv="Content-Language" content="de">', "Model 5", "de"),
        ('lang="en"', "", "モデルのご紹介", "ja"),
        ('lang="en"', meta("og:locale", "ja_JP"), "モデルのご紹介", "ja-JP"),
        ('lang="ja"', "", "Model 5", "ja"),
        ('lang="{{ lang }}"', "", "Model 5", None),
    ],
)
def test_the_language_is_the_titles_script_then_the_pages_word(
    html: str, head: str, title: str, lang: str | None
) -> None:
    page = parse_article(
        decode(f"<html {html}><head>{head}</head><body><h1>{title}</h1></body></html>".encode(), ""), URL
    )
    assert page.lang == lang


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=/new", "https://www.acme-ai.com/new"),
        ("5;URL='https://new.acme-ai.com/x'", "https://new.acme-ai.com/x"),
        ("0;/new", "https://www.acme-ai.com/new"),
        ("900", None),
        (f"300; url={URL}", None),
        ("0; url=javascript:alert(1)", None),
    ],
)
def test_where_a_page_sends_its_readers_is_reported(content: str, target: str | None) -> None:
    assert read(head=f'<meta http-equiv="refresh" content="{content}">').refresh == target


# ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("charset", "content_type", "declared"),
    [
        ("utf-8", "text/html; charset=ISO-8859-1", "utf-8"),
        ("shift_jis", "text/html", "Shift_JIS"),
        ("shift_jis", "text/html; charset=Shift_JIS", "utf-8"),
        ("euc_jp", "", "EUC-JP"),
        ("iso2022_jp", "", "ISO-2022-JP"),
        ("utf-16", "", "utf-16"),
    ],
)
def test_a_page_is_read_in_its_own_encoding(charset: str, content_type: str, declared: str) -> None:
    for tag in (
        f'<meta charset="{declared}">',
        f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">',
    ):
        content = f"<html><head>{tag}<title>新モデルのご紹介</title></head></html>".encode(charset)
        assert parse_article(decode(content, content_type), URL).title == "新モデルのご紹介"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b" \n\xef\xbb\xbf", "empty"),
        (b"%PDF-1.7 ...", "not-html"),
        (b'{"title": "Model 5"}', "not-html"),
        (b"<?xml version='1.0'?><rss version='2.0'><channel/></rss>", "not-html"),
        (b"plain words", "not-html"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not-html"),
        (b"<div>" * 100_000, "too-costly"),
        (b"".join(b"<p><b id=%d>" % i for i in range(20_000)), "too-costly"),
        (b"<title>Just a moment...</title>", "challenge"),
        (b"<title>Sign in</title><input type=password>", "login"),
        (b"<title>404 Not Found</title>", "soft-404"),
    ],
)
def test_what_is_no_article_is_refused_by_name(content: bytes, rule: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse_article(decode(content, "text/html"), URL)
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    "html",
    [
        "<li>" * 300_000,
        "<html>" + " " * 1_000_000,
        "<div><p>x</p></div>" * 100_000,
        "<time datetime=2026-05-21>x</time>" * 50_000,
        "<meta property=og:title content=x>" * 50_000,
        "<link rel='canonical alternate' hreflang=en href=/a>" * 50_000,
        "<h1>x</h1>" * 100_000,
        "<h1>Model</h1><p>" + "May 21, 2026 | " * 50_000,
        "<title>" + "a - " * 100_000,
        '<script type="application/ld+json">[' + '{"@type":"Article","headline":"x"},' * 50_000 + "{}]</script>",
    ],
)
def test_a_page_made_to_be_slow_is_not(html: str) -> None:
    begun = time.process_time()
    parse_article(decode(html.encode(), ""), URL)
    assert time.process_time() - begun < 3


def test_what_is_no_page_is_refused_at_once_whatever_stands_before_it() -> None:
    begun = time.process_time()
    for before in (
        " \n" * 50_000,
        "<!-- -->" * 10_000,
        "<?x ?> " * 10_000,
        "<!doctype>\ufeff" * 10_000,
        "<!--" * 50_000,
    ):
        with pytest.raises(ParseError):
            parse_article(decode(f"{before}<rss>".encode(), ""), URL)
    assert time.process_time() - begun < 1
