"""A parsed page: its elements in order, their ancestors, and their visible text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.text import MARKUP_LIMIT, plain

UNWRITTEN: Final = frozenset({"...", "…"})
"""The manual's placeholder for a selector that is still to be written. It matches nothing."""


class HtmlPage:
    """A parsed HTML document with the order of its elements."""

    def __init__(self, tree: LexborHTMLParser | str) -> None:
        self.tree = LexborHTMLParser(tree) if isinstance(tree, str) else tree

    def css(self, selector: str) -> list[LexborNode]:
        """Return every match in the order of the document, each once."""
        return self.tree.css(selector)

    @cached_property
    def _order(self) -> dict[int, int]:
        return {node.mem_id: index for index, node in enumerate(self.tree.css("*"))}

    def place(self, node: LexborNode) -> int:
        """Return the number of an element in the order of the document."""
        return self._order.get(node.mem_id, 0)

    def end(self, node: LexborNode) -> int:
        """Return the number of the last element inside."""
        last = node
        while (child := _last_element(last)) is not None:
            last = child
        return self.place(last)

    def matches(self, selector: str) -> tuple[list[int], list[LexborNode]]:
        """Return all matches of the page with their numbers. Each selector is evaluated once."""
        known = self._matches.get(selector)
        if known is None:
            nodes = [] if selector in UNWRITTEN else sorted(self.tree.css(selector), key=self.place)
            known = self._matches[selector] = ([self.place(node) for node in nodes], nodes)
        return known

    def ids(self, selector: str) -> set[int]:
        """Return the identities of all matches of the page."""
        return {node.mem_id for node in self.matches(selector)[1]}

    @cached_property
    def _matches(self) -> dict[str, tuple[list[int], list[LexborNode]]]:
        return {}


def _last_element(node: LexborNode) -> LexborNode | None:
    child = node.last_child
    while child is not None and not child.is_element_node:
        child = child.prev
    return child


def ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the ancestors of a node, the nearest first."""
    parent = node.parent
    while parent is not None and parent.is_element_node:
        yield parent
        parent = parent.parent


_HIDDEN: Final = "[hidden], [aria-hidden='true'], .hash-link, .headerlink, .anchor-link, .heading-anchor"
_MAY_BE_HIDDEN: Final = re.compile(r"\bhidden\b|hash-link|headerlink|anchor-link|heading-anchor|>\s*[#¶§🔗]\s*</a>")
_PERMALINK: Final = re.compile(r"[\s#¶§🔗]+")


def text_of(node: LexborNode) -> str:
    """
    Return the visible text of an element as one line.

    Hidden elements and the `#` and `¶` of headings' own links are left out, unless nothing else remains.
    """
    markup = (node.html or "")[:MARKUP_LIMIT]
    if _MAY_BE_HIDDEN.search(markup):
        copy = LexborHTMLParser("<body>" + markup).body
        shell = copy.first_child if copy else None
        for hidden in copy.css(_HIDDEN) if copy else ():
            if shell is None or hidden.mem_id != shell.mem_id:
                hidden.decompose()
        for link in copy.css("a[href*='#']") if copy else ():
            if _PERMALINK.fullmatch(link.text(deep=True) or ""):
                link.decompose()
        if copy and (seen := plain(copy.html or "", "html")):
            return seen
    return plain(markup, "html")
