"""
A feed as slices: its head, the exact text of each entry, and its tail (docs/decisions/0005).

An unchanged entry need not be parsed again. `split` returns None wherever the borders of the entries are not certain. The
whole document is then parsed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

# In XML a `<` begins markup everywhere but in CDATA, comments and processing instructions. Document types are left out.
_TOKEN: Final = re.compile(
    r"<(?:!\[CDATA\[|!--|[!?]|(?P<slash>/?)(?P<name>(?:[^\s<>/:]*:)?(?:item|entry))(?=[\s/>]))", re.IGNORECASE
)
_ATTRIBUTES: Final = r"(?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*+"
_TAG_REST: Final = re.compile(rf"{_ATTRIBUTES}(?<!/)>")
_HIDDEN: Final = {"<![cdata[": "]]>", "<!--": "-->", "<?": "?>"}
"""Markup whose content is no markup, with its end."""
_MARKUP: Final = re.compile(
    rf"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|<(?P<slash>/?)(?P<name>[^\s<>/!?]+){_ATTRIBUTES}>", re.DOTALL
)
_TAIL: Final = re.compile(r"(?:\s|</[^\s<>]+\s*>|<!--[^<]*?-->)+")
_SPACE: Final = " \t\r\n"  # XML 1.0 §2.3
_MOST: Final = 2_000
"""Entries of a document that are compared. The longest recorded feed has 372."""


@dataclass(frozen=True, slots=True)
class Slices:
    """
    A feed, split.

    head: the text before the first entry
    name: `item` or `entry`
    entries: the exact text of each entry
    tail: the text after the last entry, closing tags and comments only
    """

    head: str
    name: str
    entries: tuple[str, ...]
    tail: str

    def part(self, positions: Iterable[int]) -> str:
        """
        Return a document of the same head with some of the entries behind an empty one.

        The empty entry lets the reader note its state at the place of the first entry.
        """
        empty = f"<{self.name} ></{self.name}>"
        return "\n".join((f"{self.head}{empty}", *(self.entries[position] for position in positions), self.tail))

    def digests(self) -> tuple[str, ...]:
        """Return a digest of the text of each entry: 32 hex digits of a sha256."""
        return tuple(hashlib.sha256(entry.encode("utf-8", "surrogatepass")).hexdigest()[:32] for entry in self.entries)

    def parents(self) -> tuple[str, ...]:
        """Return the start tags of the elements around the entries, with the namespaces in scope."""
        tags: list[str] = []
        for markup in _MARKUP.finditer(self.head):
            if markup["name"] is None or markup[0].endswith("/>"):
                continue
            if not markup["slash"]:
                tags.append(markup[0])
            elif tags:
                tags.pop()
        return tuple(tags)


def split(text: str) -> Slices | None:
    """Split a feed, or return None where its entries are not certain."""
    spans = _spans(text)
    if not spans or len(spans) > _MOST:
        return None
    gaps = (text[end:start] for (_, end, _), (start, _, _) in pairwise(spans))
    tail = text[spans[-1][1] :]
    if any(gap.strip(_SPACE) for gap in gaps) or not _TAIL.fullmatch(tail) or len({name for _, _, name in spans}) > 1:
        return None
    return Slices(text[: spans[0][0]], spans[0][2], tuple(text[start:end] for start, end, _ in spans), tail)


def _spans(text: str) -> list[tuple[int, int, str]] | None:
    """Return start, end and name of each entry, or None where they are not certain."""
    spans: list[tuple[int, int, str]] = []
    opened: re.Match[str] | None = None
    position = 0
    while token := _TOKEN.search(text, position):
        if token["name"] is None:
            end = _hidden_end(text, token)
            if end is None:
                return None
            position = end
            continue
        rest = _TAG_REST.match(text, token.end())
        if rest is None or token["name"] not in {"item", "entry"}:
            return None
        position = rest.end()
        if not token["slash"]:
            if opened is not None:
                return None
            opened = token
        elif opened is None or opened["name"] != token["name"]:
            return None
        else:
            spans.append((opened.start(), position, opened["name"]))
            opened = None
    return spans if opened is None else None


def _hidden_end(text: str, token: re.Match[str]) -> int | None:
    """Return the end of markup without markup in it, or None where readers may differ about it."""
    mark = _HIDDEN.get(token[0].lower())
    end = text.find(mark, token.end()) if mark else -1
    if mark is None or end < 0:
        return None
    if mark != "]]>" and ("<" in (inner := text[token.end() : end]) or "]]>" in inner):
        return None  # other readers may look for a section or a tag in it
    return end + len(mark)
