"""
Announcements of two vendors about one thing: linked, never merged. Each vendor has its own story.

The rule is narrow: within few days, each title names the other vendor or one of its products, and they share a further
rare word. So `Claude Opus 4.8 is now available in Amazon Bedrock` and `Anthropic's Claude Opus 4.8 in Bedrock` are
related. A common day alone relates nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ingest.stories import rulebook
from ingest.stories.differences import differences
from ingest.stories.members import Evidence, Member
from ingest.stories.titles import WEAK, shared, stem, title

_NAMED: Final[Mapping[str, rulebook.Phrases]] = MappingProxyType(
    {vendor: rulebook.Phrases(names) for vendor, names in rulebook.VENDORS.items()}
)
_OWN: Final = frozenset(stem(word) for names in rulebook.VENDORS.values() for name in names for word in name.split())
_APART: Final = frozenset({"numbers", "tier", "kind", "part", "month"})


NEAR: Final = timedelta(days=rulebook.WINDOWS.related)
"""How far apart two vendors speak of one thing."""


def partners(member: Member) -> frozenset[str]:
    """Return the other vendors named by a title, whose announcements may be related."""
    return _named(member.title) - {member.vendor}


def related(one: Member, other: Member) -> Evidence | None:
    """Return why two headlines of two vendors are about one thing, or None."""
    if one.vendor == other.vendor or one.day is None or other.day is None:
        return None
    if abs(one.day - other.day) > NEAR:
        return None
    if other.vendor not in _named(one.title) or one.vendor not in _named(other.title):
        return None
    a, b = title(one.title, one.vendor), title(other.title, other.vendor)
    if not (a.words & b.words) - WEAK - _OWN or differences(a, b) & _APART:
        return None
    return (("titles", f"{one.title} / {other.title}"), ("words in both", shared(a, b)))


def relations(new: Member, candidates: Iterable[Member]) -> dict[str, Evidence]:
    """Return the related headlines of a headline among its `partners`, by headline id."""
    pairs = ((candidate.id, related(new, candidate)) for candidate in candidates)
    return {id_: evidence for id_, evidence in sorted(pairs, key=lambda pair: pair[0]) if evidence is not None}


@lru_cache(maxsize=8_192)
def _named(text: str) -> frozenset[str]:
    folded = text.casefold()
    return frozenset(vendor for vendor, names in _NAMED.items() if names.search(folded))
