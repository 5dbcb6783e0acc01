"""
Which headline of a story is shown: overall, and in each language.

The order knows nothing of when something was seen, so it is the same in whatever order headlines arrived. It is asked
again only when a story merges, splits or gets a pin: what is shown does not change because a date was corrected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from ingest.model import Role
from ingest.stories.documents import page
from ingest.stories.members import Decision, Member

ORDER: Final = (Role.NEWS, Role.PRESS, Role.PRODUCT, Role.RESEARCH, Role.CHANGELOG, Role.RELEASE)
"""The vendor's main announcement before product pages before changelogs before releases."""

_RANK: Final[Mapping[Role, int]] = MappingProxyType({role: rank for rank, role in enumerate(ORDER)})

UNKNOWN: Final = "und"
"""Stands for a language that nobody names (BCP 47)."""


def primary(members: Iterable[Member], pins: Collection[str] = ()) -> Member:
    """
    Return the headline to show for a story.

    A pinned one first; then by role; then one without a language in its address before translations; then the day, the
    earlier the better, none last.
    """
    return min(members, key=lambda member: _order(member, pins))


def by_language(members: Iterable[Member], pins: Collection[str] = ()) -> dict[str, Member]:
    """Return the headline to show in each language of a story, by primary language subtag (`ja`), sorted."""
    languages: dict[str, list[Member]] = {}
    for member in members:
        languages.setdefault((member.lang or UNKNOWN).partition("-")[0].lower(), []).append(member)
    return {language: primary(found, pins) for language, found in sorted(languages.items())}


def pins(decisions: Iterable[Decision]) -> frozenset[str]:
    """Return the headlines that an operator wants shown."""
    return frozenset(decision.headline_id for decision in decisions if decision.kind == "pin")


def _order(member: Member, pins: Collection[str]) -> tuple[bool, int, bool, date, str, str]:
    address = page(member.url)
    return (
        member.id not in pins,
        _RANK[member.role],
        address.document != address.story,
        member.day or date.max,
        member.url,
        member.id,
    )
