"""The decision table of identity (docs/decisions/0003), and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Own(StrEnum):
    """The evidence of the source's own claims about an entry."""

    NONE = "none"
    """No claim agrees."""
    GOES_ON = "goes on"
    """
    Two of guid, page, title and time are those of a claim, or without guids the page alone, with nothing else on it.
    """
    MOVED = "moved"
    """Guid and page are unknown; title and time are those of exactly one claim missing in the document."""


class Page(StrEnum):
    """The evidence of the entry's page about a headline of the vendor."""

    UNKNOWN = "unknown"
    OTHERS = "others"
    """Only other sources have claims on it."""
    OTHERS_SHARED = "others, shared"
    """The same, but several announcements share the page, and none of them has this title."""
    OWN_ALIKE = "own, alike"
    """This source has a claim on it with the same title or time, under another name."""
    OWN_UNLIKE = "own, unlike"
    """This source has a claim on it for another announcement."""


class Verdict(StrEnum):
    """The headline of an entry."""

    OWN = "the headline of its claim"
    PAGE = "the headline of its page"
    NEW = "a new headline"


TABLE: Final[Mapping[tuple[Own, Page], Verdict]] = MappingProxyType(
    {
        **{(Own.GOES_ON, page): Verdict.OWN for page in Page},
        **{(Own.MOVED, page): Verdict.OWN for page in Page},
        (Own.NONE, Page.UNKNOWN): Verdict.NEW,
        (Own.NONE, Page.OTHERS): Verdict.PAGE,
        (Own.NONE, Page.OTHERS_SHARED): Verdict.NEW,
        (Own.NONE, Page.OWN_ALIKE): Verdict.PAGE,
        (Own.NONE, Page.OWN_UNLIKE): Verdict.NEW,
    }
)
"""Every pair of facts has its row."""
