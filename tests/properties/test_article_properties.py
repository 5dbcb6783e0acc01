"""What holds for any page: an article or a named refusal, addresses that are addresses, and no date out of nowhere."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import ParseError
from ingest.model import Article, Dated, Evidence, Precision
from ingest.parse.article import ALTERNATE_LIMIT, CATEGORY_LIMIT, parse_article
from ingest.parse.markup.decoding import decode
from ingest.parse.obstacles import OBSTACLES
from ingest.text import SUMMARY_LIMIT, TITLE_LIMIT
from support.documents import obstacle

URL = "https://www.acme-ai.com/news/model-5"
RULES = {"empty", "not-html", "too-costly", *OBSTACLES}

PIECES = [
    *(
        "<html lang=ja>",
        "<head>",
        "</head>",
        "<body>",
        "<title>Model 5 | Acme</title>",
        "<title>",
        "</title>",
        "<base href=//b/>",
    ),
    *(
        "<h1>Model 5</h1>",
        "<h1>",
        "</h1>",
        "<h2>",
        "<main>",
        "</main>",
        "<article>",
        "</article>",
        "<p>",
        "<div class=related>",
    ),
    *(
        "<aside>",
        "<nav>",
        "</div>",
        "<span class=date>",
        "</span>",
        "<br>",
        "<ul>",
        "<li>",
        "<table>",
        "<template>",
        "<svg>",
    ),
    *(
        "<time datetime=2026-05-21>",
        "<time pubdate>",
        "</time>",
        "<time datetime='2026-05-21T10:00'>x</time>",
        "<time datetime=>",
    ),
    *(
        "May 21, 2026",
        "2026年5月21日",
        "公開日：",
        "Updated ",
        "Published ",
        " | ",
        "© ",
        "5/6/2026",
        "令和8年5月21日",
        "。",
        "at 10:00",
    ),
    *(
        "<meta property=og:title content='",
        "<meta name=date content=",
        "<meta content=x itemprop=datePublished>",
        "'>",
        ">",
    ),
    *("<meta property=og:url content=/x>", "<meta http-equiv=refresh content='0;url=/y'>", "<meta charset=shift_jis>"),
    *(
        "<link rel=canonical href=",
        "<link rel=alternate hreflang=en href=/a>",
        "<link rel=canonical href=/a>",
        "javascript:x",
    ),
    *(
        '<script type="application/ld+json">',
        "</script>",
        '{"@type":"Article","headline":"',
        '"}',
        '"datePublished":"2026-05-21"',
    ),
    *(
        "[",
        "]",
        "{",
        "}",
        ",",
        '"url":"/news/model-5"',
        '"@graph":',
        "&amp;",
        "&#0;",
        "\x00",
        "\ufffe",
        "\ue000",
        "\ue0010\ue000",
        "\u202e",
    ),
    *(
        "<noscript>",
        "Enable JavaScript",
        "Just a moment...",
        "404 Not Found",
        "<input type=password>",
        "Sign in",
        "{{ title }}",
    ),
]
markup = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=40).map("".join)
pages = st.one_of(st.binary(max_size=200), markup.map(lambda text: f"<html>{text}".encode("utf-8", "surrogatepass")))
media_types = st.sampled_from(["", "text/html", "text/html; charset=euc-jp", "x; charset=utf-7", "; charset="])


@given(pages, media_types)
@example(b"<h1>a</h1><p>\xee\x80\x807\xee\x80\x80</p>", "")  # a `<time>` mark of our own in the page's text
@example(b"<h1>a</h1><time>", "")
@example(b"<frameset><h1>", "")
@example(
    b'<html><script type="application/ld+json">{"@type":"Article","keywords":[[1,{}]],"url":{"@id":7}}</script>', ""
)
def test_any_bytes_are_an_article_or_a_named_refusal_and_nothing_else(content: bytes, media_type: str) -> None:
    try:
        article = parse_article(decode(content, media_type), URL)
    except ParseError as error:
        assert error.rule in RULES  # noqa: PT017 either end is right
        return
    assert_sound(article)


def assert_sound(article: Article) -> None:
    for text in (article.title, article.description, article.site_name, *article.categories):
        text.encode()  # no half characters, which no database takes
        assert unicodedata.is_normalized("NFC", text)
        assert not re.search(r"[\x00-\x1f\u202e]", text)
    assert len(article.title) <= TITLE_LIMIT
    assert len(article.description) <= SUMMARY_LIMIT
    assert len(article.categories) <= CATEGORY_LIMIT
    assert len(article.alternates) <= ALTERNATE_LIMIT
    for address in (article.canonical, article.refresh, *(address for _, address in article.alternates)):
        assert address is None or re.fullmatch(r"https?://[^\s\"<>\x00-\x20]+", address, re.IGNORECASE)
    for date in (article.published, article.modified):
        assert (date.value is None) == (date.precision is Precision.NONE)
    filled = {
        name
        for name in ("title", "canonical", "alternates", "lang", "description", "categories", "site_name", "refresh")
        if getattr(article, name)
    } | {name for name in ("published", "modified") if getattr(article, name).value}
    assert {name for name, _ in article.evidence} == filled
    assert all(isinstance(evidence, Evidence) for _, evidence in article.evidence)


@given(pages)
def test_the_same_bytes_give_the_same_article(content: bytes) -> None:
    def once() -> Article | str:
        try:
            return parse_article(decode(content, ""), URL)
        except ParseError as error:
            return str(error)

    assert once() == once()


@given(st.one_of(markup, st.text(st.characters(codec=None), max_size=60)))
def test_any_text_is_an_obstacle_of_three_kinds_or_none(html: str) -> None:
    assert obstacle(html) in {None, *OBSTACLES}


@given(markup.filter(lambda text: not re.search(r"\d", text)))
def test_a_page_without_digits_has_no_date(text: str) -> None:
    try:
        article = parse_article(decode(f"<html>{text}".encode("utf-8", "surrogatepass"), ""), URL)
    except ParseError:
        return
    assert (article.published.value, article.modified.value) == (None, None)


dates = st.dates().filter(lambda day: 1990 < day.year < 2099)
wording = st.sampled_from(
    [
        "{0:%B} {0.day}, {0.year}",
        "{0.day} {0:%b} {0.year}",
        "{0:%Y-%m-%d}",
        "{0.year}/{0.month}/{0.day}",
        "{0.year}年{0.month}月{0.day}日",
    ]
)
frames = st.sampled_from(
    ["{}", "Published {}", "公開日：{}", "{} | Acme", "News · {}", "<b>{}</b>", "{} by Ada", "<time>{}</time>"]
)


@given(dates, wording, frames)
def test_a_date_that_stands_under_the_heading_is_found(day: object, form: str, frame: str) -> None:
    page = f"<main><h1>Model 5</h1><p>{frame.format(form.format(day))}</p><p>Words.</p></main>"
    published: Dated = parse_article(decode(page.encode(), ""), URL).published
    assert published.value is not None
    assert (published.value.date(), published.precision) == (day, Precision.DAY)
