"""
The XML parser below feedparser, with text in whole pieces.

Escaped HTML is full of references, and expat gives the text between two of them as a piece of its own. feedparser takes 5 µs
for each: a fifth of a feed in Atom.
"""

from __future__ import annotations

from typing import Any
from xml.sax import expatreader


class _Parser(expatreader.ExpatParser):
    """expat, as `xml.sax` uses it."""

    _parser: Any

    def reset(self) -> None:
        """Begin a document."""
        super().reset()
        self._parser.buffer_text = True


def create_parser() -> _Parser:
    """Make a parser. `xml.sax.make_parser` calls this function by its name."""
    return _Parser()
