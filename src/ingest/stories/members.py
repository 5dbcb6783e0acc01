"""The input and output of placing: headlines, joins, operators' decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from ingest.model import Precision, Role

Rule = Literal["hreflang", "page", "address", "repost", "title", "slug", "subject", "words", "translation", "operator"]
"""How two headlines came into one story, strongest first."""

Evidence = tuple[tuple[str, str], ...]
"""The matched parts, as names and readable values in a fixed order."""


@dataclass(frozen=True, slots=True)
class Member:
    """
    A headline with the facts for stories.

    `alternates` are addresses of other languages named by the page itself (hreflang).
    """

    id: str
    vendor: str
    source: str
    role: Role
    url: str
    title: str
    lang: str | None
    published: datetime | None
    precision: Precision
    first_seen_at: datetime
    summary: str = ""
    alternates: tuple[str, ...] = field(default=())

    @property
    def day(self) -> date | None:
        """The day of the announcement by its source's claim, or None without a day."""
        if self.published is None or self.precision not in (Precision.SECOND, Precision.DAY):
            return None
        return self.published.date()

    @property
    def language(self) -> str:
        """The primary subtag of the language (`ja`), "" where nobody names one."""
        return (self.lang or "").partition("-")[0].lower()


@dataclass(frozen=True, slots=True)
class Join:
    """
    The reason for two headlines to be one announcement.

    `score` is 1 for an operator's decision and for statements of pages themselves, and lower for inferences.
    """

    headline_id: str
    other_id: str
    rule: Rule
    score: float
    evidence: Evidence

    @property
    def pair(self) -> tuple[str, str]:
        """Both ids, sorted: a join has no direction."""
        low, high = sorted((self.headline_id, self.other_id))
        return low, high


@dataclass(frozen=True, slots=True)
class StoryDecision:
    """
    An operator's decision. A later one (higher `number`) wins.

    merge: the headline and all `others` are one story
    split: the headline shares a story with none of `others`
    pin: the headline represents its story, and its language in it; `others` is empty
    """

    number: int
    kind: Literal["merge", "split", "pin"]
    headline_id: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """
    Headlines of one announcement, sorted by id, and their joins: one for each but the founder.

    A join's `headline_id` is the one it brought in. The strongest joins are kept.
    """

    founder_id: str
    headline_ids: tuple[str, ...]
    joins: tuple[Join, ...]
