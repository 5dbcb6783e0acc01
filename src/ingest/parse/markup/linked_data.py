"""
JSON-LD of a page (schema.org): the nodes about the page itself, and their values.

A page's scripts also describe its navigation, its publisher and recommended articles. Only nodes at the top, in `@graph` or
named as the main entity count. Of several articles, only those with this page's address or title count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser

from ingest import urls
from ingest.parse.markup.characters import names, string
from ingest.parse.markup.jsontext import unwrapped, value_at
from ingest.parse.markup.links import absolute
from ingest.parse.markup.webpage import attribute

Node = dict[str, Any]

NODE_LIMIT: Final = 2_000
"""Nodes of one page that are examined. The recorded page with the most has 10."""

# schema.org's Article and its subtypes, and the fact checks of news agencies.
_ARTICLES: Final = names(
    "Article AdvertiserContentArticle NewsArticle AnalysisNewsArticle AskPublicNewsArticle BackgroundNewsArticle "
    "OpinionNewsArticle ReportageNewsArticle ReviewNewsArticle Report SatiricalArticle ScholarlyArticle "
    "SocialMediaPosting BlogPosting LiveBlogPosting TechArticle APIReference ClaimReview"
)
_PAGES: Final = frozenset({"WebPage", "ItemPage"})
_LEADS: Final = ("@graph", "mainEntity", "mainEntityOfPage")
_NAMES_THE_PAGE: Final = ("url", "@id", "mainEntityOfPage")
_VOCABULARY: Final = re.compile(r"(?:https?://schema\.org/|schema:)")


def nodes(page: LexborHTMLParser) -> list[Node]:
    """Return the nodes of all JSON-LD on a page in order. Scripts without valid JSON are skipped."""
    scripts = (node.text() for node in page.css("script[type]") if _is_linked_data(attribute(node, "type")))
    nodes: list[Node] = []
    stack = [value_at(unwrapped(script)) for script in scripts][::-1]
    while stack and len(nodes) < NODE_LIMIT:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value[:NODE_LIMIT][::-1])
        elif isinstance(value, dict):
            nodes.append(value)
            stack.extend(value[key] for key in reversed(_LEADS) if isinstance(value.get(key), dict | list))
    return nodes


def _is_linked_data(media_type: str) -> bool:
    return media_type.partition(";")[0].strip().lower() == "application/ld+json"


def about(every: list[Node], addresses: Iterable[str], titles: Iterable[str], base: str) -> list[Node]:
    """
    Return the nodes about the page itself, articles before pages.

    Args:
        every: All nodes of the page.
        addresses: The absolute addresses of the page.
        titles: Its titles from other evidence, with the heading.
        base: The base of relative addresses in the nodes.
    """
    own = frozenset(map(_page, addresses))
    seen = frozenset(map(_folded, titles)) - {""}

    def is_ours(node: Node) -> bool:
        return any(_page(absolute(address, base)) in own for address in _addresses(node))

    articles = [node for node in every if types(node) & _ARTICLES]
    pages = [node for node in every if types(node) & _PAGES]
    named = [node for node in articles if is_ours(node)] or _anonymous(articles)
    titled = [node for node in articles if node not in named and _carries(node, seen)]
    return [*named, *titled, *([node for node in pages if is_ours(node)] or _anonymous(pages))]


def _anonymous(of_one_kind: list[Node]) -> list[Node]:
    """Return the only node of its kind, if it names no page."""
    return of_one_kind if len(of_one_kind) == 1 and not _addresses(of_one_kind[0]) else []


def types(node: Node) -> set[str]:
    """Return a node's types without the vocabulary's address."""
    written = node.get("@type")
    return {
        _VOCABULARY.sub("", name)
        for name in (written if isinstance(written, list) else [written])
        if isinstance(name, str)
    }


def is_article(node: Node) -> bool:
    """Whether a node describes an article, not merely a page."""
    return bool(types(node) & _ARTICLES)


def first(nodes: Iterable[Node], *keys: str) -> str:
    """Return the first text of the nodes under one of the keys, tried in order on each node."""
    return next((text for node in nodes for key in keys for text in texts(node.get(key))), "")


def texts(value: object) -> Iterator[str]:
    """Yield the texts of a value: itself, its members, or the name of an object."""
    for item in value if isinstance(value, list) else [value]:
        named = item.get("name") or item.get("@value") or item.get("alternateName") if isinstance(item, dict) else item
        if text := string(named):
            yield text


def _addresses(node: Node) -> list[str]:
    """Return the addresses of a node's page."""
    written = [node.get(key) for key in _NAMES_THE_PAGE]
    addresses = [
        string(value.get("@id") or value.get("url")) if isinstance(value, dict) else string(value) for value in written
    ]
    return [address for address in addresses if "/" in address]


def _page(address: str) -> str:
    """Return the key of the page behind an address, without its fragment."""
    return urls.page_key_of(address.partition("#")[0])


def _carries(node: Node, titles: frozenset[str]) -> bool:
    """Whether a node has the title of the page, with or without the site's name around it."""
    headline = _folded(first([node], "headline", "name"))
    return any(headline in title and 2 * len(headline) >= len(title) for title in titles if headline)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
