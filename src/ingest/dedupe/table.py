"""The decision table of identity (docs/decisions/0003), and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Name(StrEnum):
    """What an entry's own name, its guid or its page where it has none, says about a headline of this source."""

    UNKNOWN = "unknown"
    AGREES = "agrees"
    """It is known, and page, title or time are still those of that headline."""
    DIFFERS = "differs"
    """It is known, and everything else is new: the name was given to another article."""


class Page(StrEnum):
    """What the entry's page says about a headline of the vendor, other than the one its name leads to."""

    UNKNOWN = "unknown"
    OTHERS = "others"
    """Only other sources have claimed it."""
    OTHERS_SHARED = "others, shared"
    """The same, and this document has several entries on the page, with other titles than the headline's."""
    VANISHED_ALIKE = "vanished, alike"
    """This source claims it under a name that is gone from the document; title or time are the same."""
    VANISHED_UNLIKE = "vanished, unlike"
    """The same, but neither title nor time are."""
    LISTED = "listed"
    """This source claims it under a name that is still in the document."""
    MET_ALIKE = "met, alike"
    """Another entry of this document was it, and says the same."""
    MET_UNLIKE = "met, unlike"
    """Another entry of this document was it, and says something else."""


class Verdict(StrEnum):
    """Which headline an entry is."""

    NAME = "the one its name leads to"
    PAGE = "the one its page leads to"
    NEW = "a new one"
    """Unless a vanished claim of this source had the same title: then the entry has moved."""


TABLE: Final[Mapping[tuple[Name, Page], Verdict]] = MappingProxyType(
    {
        **{(Name.AGREES, page): Verdict.NAME for page in Page},
        (Name.DIFFERS, Page.UNKNOWN): Verdict.NEW,
        (Name.DIFFERS, Page.OTHERS): Verdict.PAGE,
        (Name.DIFFERS, Page.OTHERS_SHARED): Verdict.NEW,
        (Name.DIFFERS, Page.VANISHED_ALIKE): Verdict.PAGE,
        (Name.DIFFERS, Page.VANISHED_UNLIKE): Verdict.NEW,
        (Name.DIFFERS, Page.LISTED): Verdict.NEW,
        (Name.DIFFERS, Page.MET_ALIKE): Verdict.PAGE,
        (Name.DIFFERS, Page.MET_UNLIKE): Verdict.NEW,
        (Name.UNKNOWN, Page.UNKNOWN): Verdict.NEW,
        (Name.UNKNOWN, Page.OTHERS): Verdict.PAGE,
        (Name.UNKNOWN, Page.OTHERS_SHARED): Verdict.NEW,
        (Name.UNKNOWN, Page.VANISHED_ALIKE): Verdict.PAGE,
        (Name.UNKNOWN, Page.VANISHED_UNLIKE): Verdict.NEW,
        (Name.UNKNOWN, Page.LISTED): Verdict.NEW,
        (Name.UNKNOWN, Page.MET_ALIKE): Verdict.PAGE,
        (Name.UNKNOWN, Page.MET_UNLIKE): Verdict.NEW,
    }
)
"""Every pair of facts has its row."""
