"""Text below the level of markup: legal characters, fields as text, lists of names."""

from __future__ import annotations

import re
from typing import Final

from ingest.text import MARKUP_LIMIT, uncovered

_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """Remove the characters that XML 1.0 §2.2 forbids. Databases and JSON refuse several of them too."""
    return _ILLEGAL.sub("", text)


def is_legal(character: str) -> bool:
    """Whether XML 1.0 §2.2 allows a character."""
    return not _ILLEGAL.match(character)


def string(value: object, limit: int = MARKUP_LIMIT) -> str:
    """Return a text field without CDATA or white space around it, and "" for a value of another type."""
    return uncovered(legal(value[:limit])).strip() if isinstance(value, str) else ""


def number(value: object) -> str:
    """Return a text field, or a number as text, and "" for a value of another type."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else string(value)


def names(text: str) -> frozenset[str]:
    """Return the names in a list separated by spaces."""
    return frozenset(text.split())


def width(text: str) -> int:
    """Return the length of a text with East Asian characters counted twice, because they carry as much as two letters."""
    return sum(2 if char >= "\u1100" else 1 for char in text)
