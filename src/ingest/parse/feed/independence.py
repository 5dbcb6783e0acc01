"""
Whether the entries of a feed are read independently of one another (docs/decisions/0005).

feedparser keeps its state over the whole document. An `xml:base` or a namespace in one entry can change the reading of later ones.
So the states before and after each entry are compared. If all are equal, no entry influences another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

CONTEXT: Final = "the context of entries"
"""The key of the result in the data of the feed. No element can have a name with spaces."""

ENTRIES: Final = frozenset({"item", "entry"})

_WITHOUT: Final = frozenset(
    {
        *("entries", "feeddata", "property_depth_map", "_locator", "_independence"),  # results, and places
        *("guidislink", "inentry", "title_depth"),  # set at the beginning of each entry
        "elementstack",  # an entry sees only what it has pushed itself: its own element lies above the rest
    }
)
_DECISIVE: Final = ("language", "image", "textinput")
"""Data of the feed with an influence on entries, or under theirs."""


def state_of(parser: object) -> str:
    """Return the state of a feedparser parser, as far as it influences entries."""
    values: dict[str, Any] = vars(parser)
    kept = {name: value for name, value in values.items() if name not in _WITHOUT}
    data: Mapping[str, Any] = values["feeddata"]
    kept["feeddata"] = [(name, data[name] if name == "language" else "") for name in _DECISIVE if name in data]
    return repr(sorted(kept.items()))


class Independence:
    """The state of one parser around its entries."""

    def __init__(self) -> None:
        self._state: str | None = None
        self._is_same = True

    def begin(self, parser: object) -> None:
        """Note the state before the first entry. Between two entries of a feed with slices nothing changes it."""
        if self._state is None:
            self.note(parser)

    def note(self, parser: object) -> None:
        """Compare the state after an entry with the first."""
        if self._is_same:
            state = state_of(parser)
            self._is_same = self._state in {None, state}
            self._state = state

    @property
    def context(self) -> str:
        """The state in which all entries were read, or "" if there is not exactly one."""
        return (self._state or "") if self._is_same else ""


def digest(*facts: object) -> str:
    """Return a digest of facts."""
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()
