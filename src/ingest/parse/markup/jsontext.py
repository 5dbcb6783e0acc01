"""
JSON as it is served: with a guard or a call around it, comments before it, a comma too many, one value a line.

A number beyond measure (RFC 8259 §6 sets no bound, readers do) is kept as text that knows what it is, so that it costs at most
what needs it and is named there.
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
    """A number that is none we can count with, as it was written."""

    __slots__ = ()

    @property
    def description(self) -> str:
        """What it is, in words."""
        if len(self) > _MOST_DIGITS:
            return f"a number of {len(self):,} digits, which is beyond measure"
        return f"{self[:_SHOWN]}, a number beyond measure"


def whole(digits: str) -> int | HugeNumber:
    """Return a whole number of JSON, or what it is where Python makes no number of so many digits."""
    return int(digits) if len(digits) <= _MOST_DIGITS else HugeNumber(digits)


def real(written: str) -> float | HugeNumber:
    """Return a number with a point or an exponent, or what it is where no float is so large."""
    value = float(written)
    return value if math.isfinite(value) else HugeNumber(written)


NUMBERS: Final[dict[str, Any]] = {"parse_int": whole, "parse_float": real, "parse_constant": HugeNumber}
"""How the numbers of JSON are read, for `json.loads` and `json.JSONDecoder`; NaN and Infinity are no JSON and no measure."""


def load(text: str, *, lines: bool = False) -> object:
    """
    Return what a text says in JSON.

    Args:
        text: The document.
        lines: Whether it may be one value a line (JSON Lines).

    Raises:
        ValueError: It is none; the message says where.
        RecursionError: It is nested without end.
    """
    try:
        return _loaded(text)
    except ValueError:
        bare = _bare(text)
        try:
            return _loaded(_COMMA_TOO_MANY.sub(lambda found: found[1] or "", bare))
        except ValueError:
            if lines and (values := _lines(bare)):
                return values
            raise


def _loaded(text: str) -> object:
    return json.loads(text, strict=False, **NUMBERS)  # line breaks inside strings are the commonest damage


def _bare(text: str) -> str:
    """Return a text without what stands around its JSON so that scripts can or cannot read it."""
    for around in (_COMMENTS, _GUARD, _COMMENTS):
        if found := around.match(text):
            text = text[found.end() :]
    if (call := _CALL.match(text)) and (end := _CALL_ENDS.search(text)):
        return text[call.end() : end.start()]
    return text


def _lines(text: str) -> list[object]:
    """Return the objects that stand one a line, none where a line is none."""
    written = [line for line in text.splitlines() if line.strip()]
    try:
        values = [_loaded(line) for line in written]
    except ValueError:
        return []
    return values if len(values) > 1 and all(isinstance(value, dict) for value in values) else []
