"""
Kind `page`: an HTML page with a list of announcements, each with a page of its own.

`select` (selectors on a page, see `markup.selector`):

    entry       CSS: the element of each item. Required. Elements inside `nav`, `footer` and dialogs are navigation and
                left out, unless the selector itself names one.
    link        default: the link of the entry's heading, else the entry itself, its first link, or the link around it
    title       default: the entry's heading, else the text of its link
    date        default: its `time` (the visible text, else `datetime`). A date may be inside other text
    updated, summary, category (all matches), lang, id
    next        the link to the next page of the list (`a.next`, `link[rel=next]`). Further pages, up to the stanza's `pages`,
                are read at first sight, and later if the last entry of the first page is new

If a script of the page holds the list, `data` names it (CSS of scripts, or `CSS@attribute`), and the other selectors are
pointers into it, with the names and rules of kind json:

    select: {data: "script#__NEXT_DATA__", entry: /props/pageProps/posts, title: /title, link: "/blog/{slug}", date: /publishedAt}
    select: {data: script, entry: /**/posts, title: /title, link: "/news/{/slug/current}", date: /publishedOn}   # React's rows

Several items for one page are one entry, and a link to the list itself is not an entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from selectolax.lexbor import LexborNode

from ingest.dates.printed import Stated, stated
from ingest.errors import ParseError
from ingest.model import Dated, Document, Source, Unreadable
from ingest.parse.entry import data as entry_data
from ingest.parse.entry import listing
from ingest.parse.entry.fields import ENTRY_LIMIT
from ingest.parse.entry.listing import ListItem
from ingest.parse.markup import embedded, webpage
from ingest.parse.markup.decoding import Decoded
from ingest.parse.markup.elements import HtmlPage, ancestors, text_of
from ingest.parse.markup.links import absolute
from ingest.parse.markup.selector import Selector, compile_selector
from ingest.parse.markup.truncation import ends_in_tag
from ingest.parse.obstacles import OBSTACLES, obstacle_on
from ingest.parse.pagination import NO_PAGE, next_page
from ingest.parse.refresh import fault as moved
from ingest.parse.refresh import moved_to
from ingest.text import clean_title, language_tag

ON_THE_PAGE: Final = frozenset({"data", "next"})
"""Names of selectors on the page, even for a list in a script."""

NAVIGATION: Final = "nav, footer, dialog, [role=navigation], [role=contentinfo], [role=dialog], [role=menu]"
"""Elements with links to everywhere and without announcements."""

_SPEAKS_OF_NAVIGATION: Final = re.compile(r"\bnav\b|\bfooter\b|\bdialog\b|role=", re.IGNORECASE)
_HEADING: Final = "h1, h2, h3, h4, h5, h6, [role=heading], [itemprop=headline]"


def parse(decoded: Decoded, url: str, source: Source) -> Document:
    """
    Read a list on a page. A page without entries is a document without entries, and the self-check judges it.

    Raises:
        ParseError: `empty`, `not-html`, `too-costly`, an obstacle (`obstacles`), `moved`, and with `data` also `no-data` (no
            such script) and `no-list`.
    """
    page = HtmlPage(webpage.parse(decoded.text))
    document = _list_or_obstacle(page, dict(source.select), url)
    return replace(document, cut=ends_in_tag(decoded.text))


def _list_or_obstacle(page: HtmlPage, select: Mapping[str, str], url: str) -> Document:
    """
    Read a page, unless it is an obstacle, whose links are not news.

    A page with its list in a script may have no text but a request for JavaScript.
    """
    why = obstacle_on(page.tree)
    try:
        document = read(page, select, url)
    except ParseError:
        if why is None:
            raise
    else:
        if why is None and not document.entries and (where := moved_to(page.tree, url)):
            raise moved(where)
        if why is None or ("data" in select and document.entries):
            return document
    raise ParseError(f"Where the list should be stands {OBSTACLES[why]}.", rule=why)


def read(page: HtmlPage, select: Mapping[str, str], url: str) -> Document:
    """Read a page from `url` by a stanza's `select`. Raises as `parse`."""
    base = webpage.base_of(page.tree, url)
    head = page.tree.css_first("title")
    title = clean_title(head.text(), "text") if head else ""
    lang = _language(page)
    following = next_page(page, select, url)
    if "data" in select:
        picks = {name: compile_selector(text, data=True) for name, text in select.items() if name not in ON_THE_PAGE}
        values = embedded.values(page, compile_selector(select["data"]))
        if not values:
            raise ParseError(f"No script that {select['data']} names holds data that can be read.", rule="no-data")
        document = entry_data.document(values, picks, base, dialect="html-data", title=title, lang=lang)
        return replace(document, next_page=following)
    picks = {name: compile_selector(text) for name, text in select.items()}
    nodes = items(page, select["entry"])
    entries = listing.entries((_card(node, page, picks, base, lang) for node in nodes[:ENTRY_LIMIT]), url)
    left = len(nodes) - ENTRY_LIMIT
    over = (Unreadable(ENTRY_LIMIT, "too-many", f"{left} entries after the first {ENTRY_LIMIT}"),) if left > 0 else ()
    return Document("html", title, None, lang, tuple(entries), over, next_page=following)


_NESTED: Final = 8  # entries inside entries, each of which is read with all that it holds


def items(page: HtmlPage, selector: str) -> list[LexborNode]:
    """Return the elements of a selector in order, without navigation."""
    matches = page.matches(selector)[1]
    if len(matches) > _NESTED:
        ids = page.ids(selector)
        if any(sum(outer.mem_id in ids for outer in ancestors(node)) > _NESTED for node in matches):
            raise ParseError(
                f"Elements that {selector} means stand inside one another, {_NESTED} deep and more; select other ones.",
                rule="too-costly",
            )
    if _SPEAKS_OF_NAVIGATION.search(selector):
        return matches
    navigation = page.ids(NAVIGATION)
    return [node for node in matches if navigation.isdisjoint(outer.mem_id for outer in (node, *ancestors(node)))]


def _language(page: HtmlPage) -> str | None:
    root = page.tree.css_first("html")
    return language_tag(webpage.attribute(root, "lang")) if root else None


def _card(node: LexborNode, page: HtmlPage, picks: Mapping[str, Selector], base: str, lang: str | None) -> ListItem:
    def everything(name: str) -> list[str]:
        return picks[name].all(node, page) if name in picks else []

    def first(name: str) -> str:
        return picks[name].first(node, page) if name in picks else ""

    link = link_of(node, page, picks.get("link"))
    dates = _stated(node, page, picks.get("date", _TIME))
    return ListItem(
        link=absolute(link, base) if link else "",
        title=first("title") if "title" in picks else _title(node),
        entry_id=first("id"),
        published=dates.published,
        updated=_date(node, page, picks["updated"]) if "updated" in picks else dates.updated,
        summary=first("summary"),
        categories=tuple(dict.fromkeys(everything("category"))),
        lang=(language_tag(first("lang")) if "lang" in picks else None) or lang,
    )


_TIME: Final = compile_selector("time")


def _stated(node: LexborNode, page: HtmlPage, pick: Selector) -> Stated:
    """Return the visible dates, or those of `datetime` when the text is not a date ("2 days ago")."""
    shown = stated(pick.all(node, page))
    if shown.published.value is not None or shown.updated.value is not None:
        return shown
    attribute = stated(pick.all(node, page, attribute="datetime"))
    return attribute if attribute.published.value is not None else shown


def _date(node: LexborNode, page: HtmlPage, pick: Selector) -> Dated:
    """Return the date of a selector, whatever its label."""
    dates = _stated(node, page, pick)
    return dates.updated if dates.updated.value is not None else dates.published


def link_of(node: LexborNode, page: HtmlPage, pick: Selector | None) -> str:
    """Return the link of an entry as written, by its selector or by the default of the module, and "" without one."""
    if pick is not None:
        written = pick.all(node, page, attribute="href")
    else:
        written = [webpage.attribute(element, "href") for element in _links(node)]
    return next((link for link in written if link and not NO_PAGE.match(link)), "")


def _links(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the possible links of an entry, the likeliest first."""
    if node.tag == "a":
        yield node
    for heading in node.css(_HEADING)[:1]:
        yield from heading.css("a[href]")
        yield from (outer for outer in ancestors(heading) if outer.tag == "a")
    yield from node.css("a[href]")
    yield from (outer for outer in ancestors(node) if outer.tag == "a")


def _title(node: LexborNode) -> str:
    texts = (text_of(element) for element in node.css(_HEADING))
    return next((text for text in texts if text), "") or next((text for text in map(text_of, _links(node)) if text), "")
