"""The words of an address compared: which slugs name an announcement, and for how long."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ingest.stories import rulebook
from ingest.stories.documents import DocumentAddress
from ingest.stories.titles import WEAK, stem

_LETTERS: Final = re.compile(r"[^\W\d_]{3,}")
_SHORT: Final = 6  # characters of a one-word slug that may count

TELLING: Final = 2
"""Words with content in a title or slug that may be looked for weeks away."""

MEDIUM_SLUG: Final = 3
"""
Words of a slug with two names that is not used again in another language within weeks, if its titles do not differ.
"""

_LONG_SLUG: Final = 4
"""Words from which on a slug with two names is not used again for something else within weeks."""

_MONTHS: Final = frozenset(stem(month) for month in rulebook.MONTHS.by_name)


def slug_names(of: DocumentAddress) -> frozenset[str]:
    """Return the strong words of a slug as they stand in titles, without months and numbers."""
    return _names(of.slug)


@lru_cache(maxsize=8_192)  # a slug is asked about by each rule and each neighbour
def _names(slug: str) -> frozenset[str]:
    words = (stem(word) for word in slug.split("-") if _LETTERS.search(word))
    return frozenset(word for word in words if word not in WEAK and word not in _MONTHS)


def is_telling_slug(of: DocumentAddress) -> bool:
    """Whether a slug names what its page is about."""
    names = slug_names(of)
    if of.lists or not names:
        return False
    return len(names) > TELLING if of.part else "-" in of.slug or len(of.slug) >= _SHORT


def is_long_slug(of: DocumentAddress) -> bool:
    """`tensor-g5-pixel-10` names one announcement. `gemini-3-5` comes again, and so does `codex-2026-05-21`."""
    return of.slug.count("-") + 1 >= _LONG_SLUG and len(slug_names(of)) >= TELLING
