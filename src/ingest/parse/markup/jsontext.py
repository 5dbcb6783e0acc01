"""
JSON as served in practice: with a guard or a call around it, comments before it, an extra comma, one value a line.

RFC 8259 §6 sets no limit for numbers, but readers do. A number too large to count is kept as text with its own type, so that
only the field with it fails.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

_MOST_DIGITS: Final = 4_000  # Python's own limit is 4,300
_SHOWN: Final = 20

_GUARD: Final = re.compile(
    r"\s*(?:\)\]\}'?,?|while\s*\(1\);|for\s*\(;;\);|\{\}\s*&&)\s*"
)  # against inclusion as a script
_COMMENTS: Final = re.compile(r"\s*(?:/\*(?:[^*]|\*(?!/))*+\*/\s*|//[^\n]*\n\s*)+")
_CALL: Final = re.compile(
    r"(?:typeof\s+[\w.$]+\s*===?\s*'function'\s*&&\s*|[\w.$]+\s*&&\s*)?[A-Za-z_$][\w.$]*\s*\(\s*(?=[\[{])"
)
_CALL_ENDS: Final = re.compile(r"\s*\)\s*;?\s*\Z")
_COMMA_TOO_MANY: Final = re.compile(r'("(?:[^"\\]|\\.)*+")|,(?=\s*[}\]])', re.DOTALL)


class HugeNumber(str):
    """A number too large to count, as written."""

    __slots__ = ()

    @property
    def description(self) -> str:
        """Its description for a message."""
        if len(self) > _MOST_DIGITS:
            return f"a number of {len(self):,} digits, which is beyond measure"
        return f"{self[:_SHOWN]}, a number beyond measure"


def whole(digits: str) -> int | HugeNumber:
    """Return a whole number of JSON, or its text if Python accepts no number of so many digits."""
    return int(digits) if len(digits) <= _MOST_DIGITS else HugeNumber(digits)


def real(written: str) -> float | HugeNumber:
    """Return a number with a point or an exponent, or its text if no float is so large."""
    value = float(written)
    return value if math.isfinite(value) else HugeNumber(written)


NUMBERS: Final[dict[str, Any]] = {"parse_int": whole, "parse_float": real, "parse_constant": HugeNumber}
"""Readers of JSON's numbers, for `json.loads` and `json.JSONDecoder`. NaN and Infinity are not JSON."""


DECODER: Final = json.JSONDecoder(strict=False, **NUMBERS)
"""Reads one value at the beginning of a text. Line breaks inside strings are allowed."""

# What content systems put around the JSON of a script, or leave in it.
_WRAPPING: Final = re.compile(r"\A\s*(?://\s*)?(?:<!--|<!\[CDATA\[)\s*")
_TRAILING_COMMA: Final = re.compile(r",(?=\s*[}\]])")


def unwrapped(script: str) -> str:
    """Remove the comment or CDATA section around the text of a script."""
    return _WRAPPING.sub("", script).strip()


def value_at(text: str, index: int = 0) -> object:
    """Return the JSON value at an index of a text, and None without one. Commas are corrected if it is the whole text."""
    try:
        return DECODER.raw_decode(text, index)[0]
    except (ValueError, RecursionError):
        mended = "" if index else _TRAILING_COMMA.sub("", text)
    try:
        return DECODER.raw_decode(mended)[0] if mended else None
    except (ValueError, RecursionError):
        return None


def load(text: str, *, lines: bool = False) -> object:
    """
    Parse a text as JSON.

    Args:
        text: The document.
        lines: Whether one value a line is allowed (JSON Lines).

    Raises:
        ValueError: It is not JSON. The message names the place.
        RecursionError: It is nested without end.
    """
    try:
        return _loaded(text)
    except ValueError:
        bare = _bare(text)
        try:
            return _loaded(_COMMA_TOO_MANY.sub(lambda match: match[1] or "", bare))
        except ValueError:
            if lines and (values := _lines(bare)):
                return values
            raise


def _loaded(text: str) -> object:
    return json.loads(text, strict=False, **NUMBERS)  # line breaks inside strings are the commonest damage


def _bare(text: str) -> str:
    """Remove guards, calls and comments around JSON."""
    for around in (_COMMENTS, _GUARD, _COMMENTS):
        if match := around.match(text):
            text = text[match.end() :]
    if (call := _CALL.match(text)) and (end := _CALL_ENDS.search(text)):
        return text[call.end() : end.start()]
    return text


def _lines(text: str) -> list[object]:
    """Return the objects of a text with one a line, and none if any line is not an object."""
    written = [line for line in text.splitlines() if line.strip()]
    try:
        values = [_loaded(line) for line in written]
    except ValueError:
        return []
    return values if len(values) > 1 and all(isinstance(value, dict) for value in values) else []
