"""What is proposed for pages of many makes, each written as its kind of site writes it."""

from __future__ import annotations

import pytest

from ingest.authoring import discover as proposals
from ingest.authoring.discover import Discovery, SourceProposal
from ingest.authoring.discover.names import is_random, stable_class
from ingest.errors import ParseError
from ingest.model import Kind
from ingest.parse.markup.decoding import decode
from ingest.parse.selection import faults

URL = "https://www.acme-ai.com/news/"

MENU = (
    "<header><nav><ul><li><a href=/products/>Products</a><li><a href=/news/>News</a><li><a href=/careers/>Careers</a>"
    "<li><a href=/company/>Company</a></ul></nav></header>"
)
ASIDE = "<aside><h4>Popular</h4><ul><li><a href=/guide/a>A guide to everything we make</a><li><a href=/guide/b>Another guide for you</a></ul></aside>"
FOOTER = "<footer><a href=/legal/terms>Terms</a><a href=/legal/privacy>Privacy</a><a href=/legal/imprint>Imprint</a></footer>"

ITEMS = [
    ("model-5", "Introducing Model 5", "May 21, 2026", "Our best model so far, for everybody."),
    ("memory", "Memory comes to the API", "May 12, 2026", "The API remembers what it was told."),
    ("office", "A new office in Tokyo", "April 30, 2026", "We are opening our first office in Japan."),
    ("safety", "How we test for safety", "April 2, 2026", "A look at what we test before a release."),
]
JA = [
    ("2026/0521_01", "生成AIモデル「アクメ5」の提供を開始", "2026年5月21日", ""),
    ("2026/0512_01", "東京に新しい研究拠点を開設", "2026年5月12日", ""),
    ("2026/0430_01", "業務提携に関するお知らせ", "2026年4月30日", ""),
]


def page(cards: str, head: str = "") -> bytes:
    return f"<!doctype html><html><head>{head}</head><body>{MENU}<main>{cards}</main>{ASIDE}{FOOTER}</body></html>".encode()


def discover(content: bytes, url: str) -> Discovery:
    return proposals.discover(decode(content), url)


def each(card: str, items: list[tuple[str, str, str, str]] = ITEMS, around: str = "{}") -> str:
    built = (
        card.format(slug=slug, title=title, date=date, text=text, n=n)
        for n, (slug, title, date, text) in enumerate(items)
    )
    return around.format("".join(built))


def best(result: Discovery) -> SourceProposal:
    return next(proposal for proposal in result.proposals if proposal.kind is Kind.PAGE)


MAKES = {
    "wordpress": each(
        '<article id="post-{n}77" class="post-{n}77 post type-post status-publish hentry category-news"><h2 class="entry-title">'
        '<a href="/news/{slug}/" rel="bookmark">{title}</a></h2><div class="entry-meta">Posted on <time class="entry-date" '
        'datetime="2026-01-01">{date}</time> by <a href="/author/ada/">Ada</a> in <a href="/category/news/">News</a></div>'
        '<div class="entry-summary"><p>{text} <a class="more-link" href="/news/{slug}/">Continue reading</a></p></div></article>'
    ),
    "webflow": each(
        '<div role="listitem" class="w-dyn-item"><a class="blog-card w-inline-block" href="/news/{slug}"><img alt="" src="x.png">'
        '<div class="blog-card_category">Product</div><h3 class="blog-card_title">{title}</h3><div class="blog-card_date">{date}</div></a></div>',
        around='<div class="w-dyn-list"><div role="list" class="w-dyn-items">{}</div></div>',
    ),
    "css modules": each(
        '<li><a class="Card_root__x9Kq2" href="/news/{slug}"><div class="Card_meta__aB12c"><span class="Card_date__Zz81q">{date}</span>'
        '<span class="Card_tag__Qq90x">News</span></div><span class="Card_title__mN5pL">{title}</span></a></li>',
        around='<ul class="List_list__kk29s">{}</ul>',
    ),
    "utility classes only": each(
        '<a class="flex flex-col gap-4 p-6" href="/news/{slug}"><p class="text-sm text-gray-500">{date}</p><p class="text-xl">{title}</p>'
        '<p class="mt-2 text-base">{text}</p></a>',
        around='<div class="grid grid-cols-3 gap-8">{}</div>',
    ),
    "styled components": each(
        '<div class="sc-gEvEer kXyzAb"><div class="sc-fqkvVR bWcVqR"><h3 class="sc-iGgWBj">{title}</h3><span class="sc-eqUAAy">{date}</span>'
        '</div><a class="sc-dhKdcB" href="/news/{slug}">Read more</a></div>'
    ),
    "a table": each(
        "<tr><td>{date}</td><td>Press</td><td><a href={slug}.html>{title}</a></td></tr>", around="<table>{}</table>"
    ),
    "a plain list": each("<li>{date} <a href={slug}>{title}</a></li>", around="<ul>{}</ul>"),
    "date and title in one link": each("<li><a href={slug}>{date} - {title}</a></li>", around="<ul>{}</ul>"),
    "definition list": each("<dt>{date}</dt><dd><a href={slug}.html>{title}</a></dd>", around="<dl>{}</dl>"),
    "heading and date beside each other": each(
        '<div class="item"><div class="left"><span>{date}</span></div><div class="right"><h4><a href="https://www.acme-ai.com/news/{slug}">'
        "{title}</a></h4><p>{text}</p></div></div>"
    ),
    "twice, for small screens and large": each(
        '<a class="c-card" href="/news/{slug}"><h3>{title}</h3><time>{date}</time></a>'
    )
    + each('<a class="c-card c-card--small" href="/news/{slug}"><h3>{title}</h3><time>{date}</time></a>'),
}
MAKES_JA = {
    "flocss": each(
        '<li class="p-newsList__item"><a class="p-newsList__link" href="{slug}.html"><time class="p-newsList__date">{date}</time>'
        '<span class="c-label">製品</span><p class="p-newsList__title">{title}</p></a></li>',
        JA,
        '<ul class="p-newsList">{}</ul>',
    ),
    "definition list": each(
        '<dt>{date}</dt><dd><span class="ico">企業</span><a href="{slug}.html">{title}</a></dd>', JA, "<dl>{}</dl>"
    ),
    "table": each(
        "<tr><th>{date}（木）</th><td><a href={slug}.html>{title}</a></td></tr>", JA, "<table><tbody>{}</tbody></table>"
    ),
}
ALL = [(f"{name}, English", cards, ITEMS) for name, cards in MAKES.items()]
ALL += [(f"{name}, Japanese", cards, JA) for name, cards in MAKES_JA.items()]


@pytest.mark.parametrize(("cards", "items"), [make[1:] for make in ALL], ids=[make[0] for make in ALL])
def test_the_list_of_a_page_of_any_make_is_found_with_titles_and_dates(
    cards: str, items: list[tuple[str, str, str, str]]
) -> None:
    proposal = best(discover(page(cards), URL))
    assert proposal.document is not None
    entries = proposal.document.entries
    assert [entry.title for entry in entries] == [title for _, title, _, _ in items]
    assert [(entry.link or "").removesuffix("/").removesuffix(".html") for entry in entries] == [
        f"{URL}{item[0]}" for item in items
    ]
    assert all(entry.published.raw.startswith(item[2]) for entry, item in zip(entries, items, strict=True))
    assert list(faults(Kind.PAGE, dict(proposal.select))) == []
    assert proposal.sure >= 0.5
    assert proposal.why


@pytest.mark.parametrize("make", ["css modules", "styled components"])
def test_no_name_that_a_build_makes_up_is_in_a_proposal(make: str) -> None:
    text = " ".join(pick for _, pick in best(discover(page(MAKES[make]), URL)).select)
    assert not any(
        hash_ in text for hash_ in ("x9Kq2", "Zz81q", "mN5pL", "kk29s", "gEvEer", "kXyzAb", "bWcVqR", "iGgWBj")
    )


def test_a_page_without_a_list_is_proposed_as_none_or_without_assurance() -> None:
    prose = (
        "<h1>About us</h1><p>We make models. Read <a href=/research/a>our paper on tests</a> or <a href=/docs/b>the manual</a>.</p>"
        * 3
    )
    assert all(proposal.sure < 0.5 for proposal in discover(page(prose), URL).proposals)


def test_feeds_that_a_page_declares_come_first_and_those_of_comments_last() -> None:
    head = (
        '<link rel=alternate type=application/rss+xml title=Acme href=/feed/><link rel="alternate" type="application/rss+xml" '
        'title="Comments" href="/comments/feed/"><link rel=alternate hreflang=ja href=/ja/><link rel=stylesheet href=/a.css>'
    )
    result = discover(page(MAKES["wordpress"] + "<a href=/rss.xml>RSS</a>", head), URL).proposals
    feeds = [(proposal.url, proposal.sure) for proposal in result if proposal.kind is Kind.FEED]
    assert [url for url, _ in feeds] == [
        f"https://www.acme-ai.com/{path}" for path in ("feed/", "rss.xml", "comments/feed/")
    ]
    assert feeds[0][1] > 0.9 > feeds[1][1] > 0.5 > feeds[2][1]
    assert result[0].kind is Kind.FEED


def test_a_sitemap_is_named_by_the_page_or_where_sitemaps_lie() -> None:
    usual, named = (discover(page(more), URL).proposals[-1] for more in ("", "<a href=/sitemap_index.xml>Map</a>"))
    assert [(usual.kind, usual.url), (named.kind, named.url)] == [
        (Kind.SITEMAP, "https://www.acme-ai.com/sitemap.xml"),
        (Kind.SITEMAP, "https://www.acme-ai.com/sitemap_index.xml"),
    ]
    assert usual.sure < named.sure


@pytest.mark.parametrize("path", ["/sitemap.xml", "/news-sitemap.xml", "/sitemap.xml?v=2"])
@pytest.mark.parametrize(
    "tag",
    [
        '<link rel="sitemap" type="application/xml" href="{}">',
        '<link rel="alternate" type="application/xml" title="Sitemap" href="{}">',
        '<link rel="alternate" type="application/rss+xml" href="{}">',
    ],
)
def test_a_sitemap_that_a_page_declares_is_never_taken_for_a_feed(tag: str, path: str) -> None:
    proposals = discover(page(MAKES["wordpress"], tag.format(path)), URL).proposals
    others = [(one.kind, one.url) for one in proposals if one.kind is not Kind.PAGE]
    assert others == [(Kind.SITEMAP, f"https://www.acme-ai.com{path}")]


def test_a_page_that_scripts_fill_is_read_from_its_data() -> None:
    posts = '[{"slug":"one-more","title":"One more model","date":"2026-05-21"},{"slug":"another","title":"Another one","date":"2026-05-20"},'
    posts += '{"slug":"first","title":"The first one","date":"2026-05-19"}]'
    proposal = best(discover(page(f'<script id="__NEXT_DATA__">{{"props":{{"posts":{posts}}}}}</script>'), URL))
    assert dict(proposal.select) == {
        "data": "script#__NEXT_DATA__", "entry": "/**/posts", "title": "/title", "link": "/news/{/slug}", "date": "/date",
    }  # fmt: skip
    assert proposal.document is not None
    assert len(proposal.document.entries) == 3
    assert "but where they lead is a guess" in proposal.why


def test_a_page_that_sends_its_readers_on_says_where() -> None:
    result = discover(b'<!doctype html><meta http-equiv=refresh content="0; url=/blog/"><p>Moved</p>', URL)
    assert result.moved_to == "https://www.acme-ai.com/blog/"


def test_what_stands_in_the_way_of_a_page_is_named() -> None:
    page = b"<!doctype html><title>Just a moment...</title><script>window._cf_chl_opt={}</script>"
    assert discover(page, URL).obstacle == "challenge"


def test_what_is_no_page_is_refused() -> None:
    with pytest.raises(ParseError):
        discover(b"{}", URL)


@pytest.mark.parametrize(
    ("token", "selector"),
    [
        ("entry-title", ".entry-title"),
        ("p-newsList__item", ".p-newsList__item"),
        ("w-dyn-item", ".w-dyn-item"),
        ("top-news", ".top-news"),
        ("newsCard3", ".newsCard3"),
        ("blogPostTitle_d4p0", '[class*="blogPostTitle_"]'),
        ("List_module__Kx9RHG__title", '[class*="List_module__"][class*="__title"]'),
        *(
            (token, "")
            for token in ("css-1abc23", "sc-gEvEer", "kXyzAb", "svelte-1abc", "post-1234", "md:flex", "mt-4", "px-4")
        ),
        *(
            (token, "")
            for token in ("text-xl", "items-center", "active", "is-open", "col-md-6", "line-clamp-2", "w-full")
        ),
    ],
)
def test_a_class_is_a_name_or_made_up_or_layout(token: str, selector: str) -> None:
    assert stable_class(token) == selector


@pytest.mark.parametrize(
    ("piece", "made_up"), [("KxYrHG", True), ("d4p0", True), ("title", False), ("h2", False), ("newsList", False)]
)
def test_a_hash_is_distinguished_from_a_word(piece: str, made_up: bool) -> None:
    assert is_random(piece) == made_up


BESIDE = {
    "a table with a second link in each row": each(
        "<tr><td>{date}</td><td><a href=/news/{slug}>{title}</a></td><td><a href=/news/{slug}.pdf>PDF</a></td></tr>",
        around="<table><tbody>{}</tbody></table>",
    ),
    "a paragraph with the date below each heading": each(
        "<h3><a href=/news/{slug}>{title}</a></h3><p>{date}</p><p>{text}</p>"
    ),
    "a paragraph with the date and nothing else below each heading": each(
        "<h3><a href=/news/{slug}>{title}</a></h3><p>{date}</p>"
    ),
    "a paragraph with the date above each heading": each("<p>{date}</p><h3><a href=/news/{slug}>{title}</a></h3>"),
}


@pytest.mark.parametrize("make", BESIDE)
def test_what_stands_beside_a_title_is_distinguished_from_it(make: str) -> None:
    result = best(discover(page(BESIDE[make]), URL)).document
    assert result is not None
    shown = [(entry.title, entry.published.raw) for entry in result.entries]
    assert shown == [(title, date) for _, title, date, _ in ITEMS]


def test_how_long_ago_an_item_was_is_not_its_title() -> None:
    cards = each("<div class=row><a href=/news/{slug}>{title}</a><span>{n}2 days ago</span></div>")
    result = best(discover(page(cards), URL)).document
    assert result is not None
    assert [entry.title for entry in result.entries] == [title for _, title, _, _ in ITEMS]


@pytest.mark.parametrize(
    ("folder", "item"), [("topics/", "topics/"), ("about/news/", "about/news/"), ("info/", "archives/1")]
)
def test_a_list_is_found_also_where_its_addresses_are_named_like_shelves(folder: str, item: str) -> None:
    site = "https://www.acme-ai.com/"
    cards = "".join(
        f"<li><a href=/{item}{n}>{title}</a> <b>{date}</b></li>" for n, (_, title, date, _) in enumerate(JA)
    )
    months = "".join(f"<p><a href=/archives/2026/0{n}>2026年{n}月の記事一覧</a></p>" for n in range(1, 7))
    result = best(discover(page(f"<ul>{cards}</ul>{months}"), f"{site}{folder}")).document
    assert result is not None
    assert [entry.link for entry in result.entries] == [f"{site}{item}{n}" for n in range(len(JA))]


YEARLY = {
    "年月日": ("<h2>{year}年</h2><ul>{items}</ul>", "<li><span class=d>{month}月{day}日（木）</span><a href={link}>{title}</a></li>"),
    "month and day": ("<h3>{year}</h3>{items}", "<div><p class=when>{name} {day}</p><a href={link}>{title}</a></div>"),
    "dots": ("<dl><dt>{year}年</dt>{items}</dl>", "<dd><em>{month:02}.{day:02}</em> <a href={link}>{title}</a></dd>"),
}  # fmt: skip


@pytest.mark.parametrize("make", YEARLY)
def test_a_day_in_the_card_is_read_with_the_year_above(make: str) -> None:
    around, card = YEARLY[make]
    blocks = ""
    for year in (2026, 2025):
        items = (
            card.format(link=f"{year}/{n}", title=f"Announcement {n} of {year}", month=n, day=n + 12, name=NAMES[n])
            for n in (5, 3, 2)
        )
        blocks += around.format(year=year, items="".join(items))
    result = best(discover(page(blocks), URL)).document
    assert result is not None
    days = [f"{entry.published.value:%Y-%m-%d}" for entry in result.entries]
    assert days == [f"{year}-0{n}-{n + 12}" for year in (2026, 2025) for n in (5, 3, 2)]


NAMES = {2: "February", 3: "March", 5: "May"}


def test_the_date_of_the_item_before_is_never_taken() -> None:
    items = [(f"item-{n}", f"The announcement number {n}", f"May {20 - n}, 2026", "") for n in range(9)]
    cards = each("<h4><a href=/news/{slug}>{title}</a></h4><p class=date>{date}</p>", items)
    result = best(discover(page(cards), URL)).document
    assert result is not None
    assert [entry.published.raw for entry in result.entries] == [date for _, _, date, _ in items]


def test_a_day_and_a_month_in_elements_of_their_own_are_one_date() -> None:
    cards = each(
        "<div class=card><div class=date><b>{n}1</b><i>May 2026</i></div><h4><a href={slug}>{title}</a></h4></div>"
    )
    result = best(discover(page(cards), URL)).document
    assert result is not None
    assert [entry.published.raw for entry in result.entries] == [f"{n}1May 2026" for n in range(4)]
    assert all(entry.published.precision == "day" for entry in result.entries)


def test_the_one_that_is_featured_above_the_list_belongs_to_it() -> None:
    rest = [(f"item-{n}", f"The announcement number {n}", f"May {12 - n}, 2026", "") for n in range(6)]
    cards = each(
        "<li class=item><a href=/news/{slug}>{title}</a> <span class=date>{date}</span></li>", rest, "<ul>{}</ul>"
    )
    slug, title, date, text = ITEMS[0]
    hero = f"<section class=hero><a href=/news/{slug}><h2>{title}</h2></a><p class=on>{date}</p><p>{text}</p></section>"
    teaser = "<section class=ad><a href=/events/summit><h2>Join us at our summit</h2></a><p>June 3, 2026</p></section>"
    result = best(discover(page(hero + teaser + cards), URL)).document
    assert result is not None
    assert [(entry.title, entry.published.raw) for entry in result.entries] == [
        (title, date),
        *((one[1], one[2]) for one in rest),
    ]
