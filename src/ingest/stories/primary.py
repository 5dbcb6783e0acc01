"""
The headline shown for a story: overall, and in each language.

The order ignores when something was seen, so the order of arrival does not matter. It is applied again only when a
story merges, splits or gets a pin, so a corrected date does not change the headline shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from ingest.model import Role
from ingest.stories.documents import page
from ingest.stories.members import Member, StoryDecision

ORDER: Final = (Role.NEWS, Role.PRESS, Role.PRODUCT, Role.RESEARCH, Role.CHANGELOG, Role.RELEASE)
"""The vendor's main announcement before product pages before changelogs before releases."""

_RANK: Final[Mapping[Role, int]] = MappingProxyType({role: rank for rank, role in enumerate(ORDER)})

_NONE: Final[Mapping[str, int]] = MappingProxyType({})

UNKNOWN: Final = "und"
"""Stands for an unnamed language (BCP 47)."""


def primary(members: Iterable[Member], pins: Mapping[str, int] = _NONE) -> Member:
    """
    Return the headline to show for a story.

    The latest pinned one comes first. Then the role decides, then an address without a language before translations,
    then the earlier day, with undated ones last.
    """
    return min(members, key=lambda member: _order(member, pins))


def by_language(members: Iterable[Member], pins: Mapping[str, int] = _NONE) -> dict[str, Member]:
    """Return the headline to show in each language of a story, by primary language subtag (`ja`), sorted."""
    languages: dict[str, list[Member]] = {}
    for member in members:
        languages.setdefault((member.lang or UNKNOWN).partition("-")[0].lower(), []).append(member)
    return {language: primary(spoken, pins) for language, spoken in sorted(languages.items())}


def pins(decisions: Iterable[StoryDecision]) -> dict[str, int]:
    """Return the pinned headlines, each with the number of its latest pin."""
    return {decision.headline_id: decision.number for decision in _by_number(decisions) if decision.kind == "pin"}


def _by_number(decisions: Iterable[StoryDecision]) -> list[StoryDecision]:
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
