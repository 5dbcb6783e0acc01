"""
A page as a flat list of elements in document order, each with its range of text.

The tree is walked once. Afterwards the text of an element, and the text between two elements, are slices.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborNode

from ingest.parse.markup.webpage import UNSEEN, attribute

APART: Final = frozenset({"nav", "footer", "aside", "form", "dialog", "blockquote", "pre", "figure"})
"""Elements with headings and dates of their own: menus, quotations, code, captions."""

_HEADING: Final = re.compile(r"h[1-6]")
_BLOCK: Final = frozenset(
    (
        *(
            "address",
            "article",
            "br",
            "dd",
            "details",
            "div",
            "dl",
            "dt",
            "figcaption",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
        ),
        *(
            "header",
            "hr",
            "li",
            "main",
            "ol",
            "p",
            "section",
            "summary",
            "table",
            "tbody",
            "td",
            "tfoot",
            "th",
            "thead",
            "tr",
        ),
        "ul",
    )
)
_BREAK: Final = "\x1e"  # white space to `str.split`, and in no text
_PERMALINK_SIGNS: Final = " \t\n#¶§🔗\u200b\ufeff"


@dataclass(slots=True)
class Element:
    """
    One element: its number, its parent's (-1 for none), the last one's inside, and the `start` and `end` of its text.

    `apart` means that it is hidden or inside one of `APART`.
    """

    node: LexborNode
    tag: str
    number: int
    parent: int
    start: int
    apart: bool
    end: int = 0
    last: int = 0

    @property
    def level(self) -> int:
        """1 to 6 for a heading, 0 for anything else."""
        return int(self.tag[1]) if _HEADING.fullmatch(self.tag) else 0


class Outline:
    """The elements below a root, in order."""

    def __init__(self, root: LexborNode) -> None:
        self.elements: list[Element] = []
        pieces: list[str] = []
        length = 0
        stack: list[Element] = []
        for node, opening in _steps(root):
            if not node.is_element_node:
                if opening:
                    pieces.append((node.text_content or "").replace(_BREAK, " "))
                    length += len(pieces[-1])
                continue
            tag = node.tag or ""
            if tag in _BLOCK or "data-as" in node.attributes:  # Mintlify's paragraphs are spans
                pieces.append(_BREAK)
                length += 1
            if opening:
                parent = stack[-1] if stack else None
                apart = bool(parent and parent.apart) or tag in APART or _is_hidden(node)
                stack.append(Element(node, tag, len(self.elements), parent.number if parent else -1, length, apart))
                self.elements.append(stack[-1])
            else:
                closed = stack.pop()
                closed.end, closed.last = length, len(self.elements) - 1
        self._text = "".join(pieces)
        self._numbers = {element.node.mem_id: element.number for element in self.elements}

    def find(self, node: LexborNode) -> Element | None:
        """Return the element of a node, None if it is not below the root."""
        number = self._numbers.get(node.mem_id)
        return None if number is None else self.elements[number]

    def text(self, start: int, end: int) -> str:
        """Return a range of the text as one line, without the signs of headings' own links."""
        return " ".join(self._text[start:end].split()).strip(_PERMALINK_SIGNS)

    def text_of(self, element: Element) -> str:
        """Return the text of an element."""
        return self.text(element.start, element.end)

    def markup(self, after: Element, stop: int, frame: Element, limit: int) -> str:
        """
        Return the markup after an element.

        Args:
            after: The element.
            stop: The number of the first element outside.
            frame: The outer limit.
            limit: Characters, approximately.
        """
        pieces: list[str] = []
        length = 0
        node = _behind(after.node, frame.node)
        while node is not None and length < limit:
            element = self.find(node)
            if element is not None and element.number >= stop:
                break
            if element is not None and element.last >= stop:
                node = node.first_child
                continue
            if element is not None or node.is_text_node:
                pieces.append((node.html or "") if element else html.escape(node.text_content or "", quote=False))
                length += len(pieces[-1])
            node = _behind(node, frame.node)
        return "".join(pieces)[:limit].strip()

    def lines(self, element: Element, *, written: bool = False) -> list[str]:
        """Return the text of an element by lines: as a browser breaks it, or also as written."""
        text = self._text[element.start : element.end]
        parts = text.replace("\n", _BREAK).split(_BREAK) if written else text.split(_BREAK)
        return [line for part in parts if (line := " ".join(part.split()))]

    def headings(self) -> list[Element]:
        """Return the headings of the page itself."""
        return [element for element in self.elements if element.level and not element.apart]

    def inside(self, element: Element) -> list[Element]:
        """Return the elements inside one, in order."""
        return self.elements[element.number + 1 : element.last + 1]

    def above(self, element: Element) -> Iterator[Element]:
        """Yield the elements around one, the nearest first."""
        while element.parent >= 0:
            element = self.elements[element.parent]
            yield element


def _behind(node: LexborNode, frame: LexborNode) -> LexborNode | None:
    """Return the node after a node and its children, and None at the end of the frame."""
    while node.next is None:
        if node.parent is None or frame.mem_id in {node.mem_id, node.parent.mem_id}:
            return None
        node = node.parent
    return None if node.mem_id == frame.mem_id else node.next


def _is_hidden(node: LexborNode) -> bool:
    return "hidden" in node.attributes or attribute(node, "aria-hidden") == "true"


def _steps(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Yield each visible element and text as it opens, and again as it closes, without recursion."""
    node = root
    while True:
        yield node, True
        child = node.first_child if node.is_element_node and node.tag not in UNSEEN else None
        if child is not None:
            node = child
            continue
        while True:
            yield node, False
            if node.mem_id == root.mem_id:
                return
            if node.next is not None:
                node = node.next
                break
            if node.parent is None:
                return
            node = node.parent
