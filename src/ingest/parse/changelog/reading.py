"""
The reader of changelogs in HTML, Markdown or MDX. The content decides which.

Without `select` the page is read by its own structure (`structure`). `select`:

    entry       CSS: the element of each entry, its heading or the box around all of it
    title       default: the entry's heading, without a date that is an element of its own
    date        default: the date in the heading or in its `time`, also inside other text
    year        the year of dates without one: `preceding::h2.year`. Default: the year, month or date heading above
    anchor      default: the id of the heading, of a link in it or of the box around it without another entry
    link        the entry's own page. Default: the target of its heading or date, if below the changelog's address
    summary     default: the text up to the next entry
    category    all matches
    item        CSS: elements inside an entry that are entries too, with its date and, without one of their own, its anchor:
                `li`, `h3`. `title`, `date`, `anchor` and `category` are then searched in the item first. The title of an item
                is its heading, else its first sentence. Works without `entry`, too
    next        the link to the next page of the changelog, as for kind page
    page        the address for anchors, if it differs from the fetched one (a Markdown twin, a raw file)

`entry` and `item` are CSS selectors, `page` is an address, the others are selectors (`parse.markup.selector`). Markdown becomes
HTML first: headings are `h1` to `h6` with the ids of the published site, and Mintlify's `<Update>` is `section.update`.

A link is the entry's own page, else the page with its anchor, else the page. A date has its printed precision. See
`dates.partial` for weeks, ranges and missing years, and `sections` for the identity of an entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from selectolax.lexbor import LexborNode

from ingest.errors import ParseError
from ingest.model import Document, Source
from ingest.parse.changelog import sections
from ingest.parse.changelog.markdown import to_html
from ingest.parse.changelog.outline import Outline
from ingest.parse.changelog.selected import Reader
from ingest.parse.changelog.selected import sections as read_sections
from ingest.parse.markup import webpage
from ingest.parse.markup.characters import legal
from ingest.parse.markup.cost import is_costly
from ingest.parse.markup.decoding import Decoded
from ingest.parse.markup.elements import HtmlPage
from ingest.parse.markup.links import absolute
from ingest.parse.markup.sniffing import NEAR_START
from ingest.parse.markup.truncation import ends_in_tag
from ingest.parse.obstacles import OBSTACLES, obstacle_on
from ingest.parse.pagination import next_page
from ingest.text import clean_title, language_tag

_HTML: Final = re.compile(
    r"\s*(?:<!--.*?-->\s*)*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b", re.DOTALL | re.IGNORECASE
)
_OTHER: Final = re.compile(r"\s*(?:<\?xml|<(?:rss|feed|urlset|sitemapindex)\b|[{\[]\s*[\"{\[\]}])", re.IGNORECASE)
_MARKDOWN_PATH: Final = re.compile(r"\.(?:md|markdown|mdx)$", re.IGNORECASE)


def parse(decoded: Decoded, url: str, source: Source) -> Document:
    """
    Read a changelog. A page without entries is a document without entries, and the self-check judges it.

    Raises:
        ParseError: `empty`, `not-a-changelog` (a feed, a sitemap, data), `too-costly`, or an obstacle (`obstacles`).
    """
    page, dialect, front = laid_out(decoded, url)
    document = _document(page, dict(source.select), url, dialect, decoded.damage, front)
    return replace(document, cut=ends_in_tag(decoded.text)) if dialect == "html" else document


def laid_out(decoded: Decoded, url: str) -> tuple[HtmlPage, str, dict[str, str]]:
    """Return HTML or Markdown as a page, with its dialect and its front matter. Raises as `parse` does."""
    text = legal(decoded.text)
    if not text.strip("\ufeff \t\r\n"):
        raise ParseError("The answer has no content; look at the address in a browser.", rule="empty")
    if is_html(text, decoded.media_type):
        return HtmlPage(webpage.parse(decoded.text)), "html", {}
    if _OTHER.match(text):
        raise ParseError(
            "The answer is XML or JSON, not a page; kind: feed, sitemap or json reads those.", rule="not-a-changelog"
        )
    is_mdx = url.partition("?")[0].lower().endswith(".mdx")
    written = to_html(text, is_mdx=is_mdx)
    markup = f"<body>{written.markup}</body>"
    if is_costly(markup):
        raise ParseError("The page nests its elements without end; it is not read.", rule="too-costly")
    return HtmlPage(markup), "markdown", written.front


def is_html(text: str, content_type: str) -> bool:
    """Whether a text is HTML. Text without a declaration is Markdown, unless it begins with a tag and came as HTML."""
    if _HTML.match(text, 0, NEAR_START):
        return True
    return text.lstrip("\ufeff \t\r\n").startswith("<") and content_type.lower().startswith(
        ("text/html", "application/xhtml")
    )


def _document(
    page: HtmlPage, select: Mapping[str, str], url: str, dialect: str, damage: str, front: dict[str, str]
) -> Document:
    root = page.tree.body
    if root is None:
        return Document(dialect, "", None, None, (), damage=damage)
    base = webpage.base_of(page.tree, url)
    home = absolute(select["page"], url) if "page" in select else url
    outline = Outline(_main(page) if "entry" not in select else root)
    read = read_sections(Reader(page, outline, select, base, home, front))
    if not read and dialect == "html" and (why := obstacle_on(page.tree)):
        raise ParseError(f"Where the changelog should be stands {OBSTACLES[why]}.", rule=why)
    html = page.tree.css_first("html")
    lang = language_tag(front.get("lang") or (webpage.attribute(html, "lang") if html else ""))
    entries, unreadable = sections.entries(read, home, lang)
    head = page.tree.css_first("head title")
    title = front.get("title") or (head.text() if head else "")
    return Document(
        dialect,
        clean_title(title, "text"),
        None,
        lang,
        tuple(entries),
        tuple(unreadable),
        damage=damage,
        next_page=next_page(page, select, url),
    )


def _main(page: HtmlPage) -> LexborNode:
    """Return the main content of a page, if marked, else its body. A changelog without `entry` is searched there."""
    main = page.tree.css("main, [role=main]")
    root = main[0] if len(main) == 1 else page.tree.body
    assert root is not None
    return root
