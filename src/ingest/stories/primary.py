"""
Which headline of a story is shown: overall, and in each language.

The order knows nothing of when something was seen, so it is the same in whatever order headlines arrived. It is asked
again only when a story merges, splits or gets a pin: what is shown does not change because a date was corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from ingest.model import Role
from ingest.stories.documents import page
from ingest.stories.members import Decision, Member

ORDER: Final = (Role.NEWS, Role.PRESS, Role.PRODUCT, Role.RESEARCH, Role.CHANGELOG, Role.RELEASE)
"""The vendor's main announcement before product pages before changelogs before releases."""

_RANK: Final[Mapping[Role, int]] = MappingProxyType({role: rank for rank, role in enumerate(ORDER)})

_NONE: Final[Mapping[str, int]] = MappingProxyType({})

UNKNOWN: Final = "und"
"""Stands for a language that nobody names (BCP 47)."""


def primary(members: Iterable[Member], pins: Mapping[str, int] = _NONE) -> Member:
    """
    Return the headline to show for a story.

    The one pinned last first; then by role; then one without a language in its address before translations; then the day, the
    earlier the better, none last.
    """
    return min(members, key=lambda member: _order(member, pins))


def by_language(members: Iterable[Member], pins: Mapping[str, int] = _NONE) -> dict[str, Member]:
    """Return the headline to show in each language of a story, by primary language subtag (`ja`), sorted."""
    languages: dict[str, list[Member]] = {}
    for member in members:
        languages.setdefault((member.lang or UNKNOWN).partition("-")[0].lower(), []).append(member)
    return {language: primary(found, pins) for language, found in sorted(languages.items())}


def pins(decisions: Iterable[Decision]) -> dict[str, int]:
    """Return the headlines that an operator wants shown, each with the number of the last word that says so."""
    return {decision.headline_id: decision.number for decision in _by_number(decisions) if decision.kind == "pin"}


def _by_number(decisions: Iterable[Decision]) -> list[Decision]:
    return sorted(decisions, key=lambda decision: decision.number)


def _order(member: Member, pins: Mapping[str, int]) -> tuple[int, int, bool, date, str, str]:
    address = page(member.url)
    return (
        -pins.get(member.id, 0),
        _RANK[member.role],
        address.document != address.story,
        member.day or date.max,
        member.url,
        member.id,
    )
