"""The feed inside a text, and an explanation for a text without one."""

from __future__ import annotations

import html
import re
from typing import Final

from ingest.errors import ParseError
from ingest.parse.markup.sniffing import NEAR_START, declares_html
from ingest.text import clean_title

_PROLOG: Final = re.compile(
    r"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)*", re.DOTALL | re.IGNORECASE
)
_ROOT: Final = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_FEED_ROOTS: Final = frozenset({"rss", "rdf", "feed", "channel", "entry"})  # `channel` is CDF's, `entry` RFC 4287 §2's
_FEED_BEGINS: Final = re.compile(
    r"<(rss(?=\s[^<>]*version=)|(?:\w+:)?(?:feed|rdf)(?=\s[^<>]*xmlns))[^<>]*>", re.IGNORECASE
)
_FEED_ENDS: Final = re.compile(r"</((?:\w+:)?(?:rss|feed|rdf))\s*>", re.IGNORECASE)
# A browser's own view of a feed, which is what a gateway that drives one hands on: the markup is the text of a `pre`.
_SHOWN: Final = re.compile(
    r"(?:\A\s*|<body\b[^<>]*>\s*<pre\b[^<>]*>\s*|\A\s*<pre\b[^<>]*>\s*)(?=&lt;(?:\?xml|rss|feed|rdf:RDF|\w+:feed)\b)",
    re.IGNORECASE,
)
_HTML_TITLE: Final = re.compile(r"<title[^<>]*>([^<]{1,200})", re.IGNORECASE)


def feed_in(text: str) -> tuple[str, list[str]]:
    """Return the feed in a text, and a note about other text around it. Raises as `parse` does."""
    if not text.strip():
        raise ParseError("The answer has no content; look at the address in a browser.", rule="empty")
    name = root_of(text)
    if name in _FEED_ROOTS:
        return text.lstrip(), []
    if feed := _embedded(text):  # after a script's warning, or inside a page that somebody wrapped around it
        return feed, [f"{len(text) - len(feed)} characters around the feed"]
    if (shown := _SHOWN.search(text, 0, NEAR_START)) and (feed := _embedded(html.unescape(text[shown.end() :]))):
        return feed, ["the feed stands escaped inside a page, as a browser shows it"]
    if name == "html" or declares_html(text):
        title = _HTML_TITLE.search(text)
        called = f" called “{clean_title(title[1], 'html')}”" if title else ""
        raise ParseError(
            f"The answer is a web page{called}, not a feed; look at the address in a browser.", rule="html"
        )
    if name in {"urlset", "sitemapindex"}:
        raise ParseError("The answer is a sitemap; give the source kind: sitemap.", rule="not-a-feed")
    what = f"XML with the root element {name}" if name else "neither XML nor JSON"
    raise ParseError(f"The answer is {what}, not a feed; look at the address in a browser.", rule="not-a-feed")


def root_of(text: str) -> str:
    """Return the local name of the first element in lower case, and "" without one."""
    start = _PROLOG.match(text)
    root = _ROOT.match(text, start.end() if start else 0)
    return root[1].lower() if root else ""


def _embedded(text: str) -> str:
    """Return the first feed inside a text, and "" without one."""
    ends = {tag[1].lower(): tag.end() for tag in _FEED_ENDS.finditer(text)}  # the last of each
    spans = ((begin.start(), ends.get(begin[1].lower(), 0)) for begin in _FEED_BEGINS.finditer(text))
    return next((text[start:end] for start, end in spans if end > start), "")
