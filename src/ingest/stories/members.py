"""What goes in and comes out of placing: headlines as far as stories ask, joins, an operator's word."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from ingest.model import Precision, Role

Rule = Literal["hreflang", "page", "address", "repost", "title", "slug", "subject", "words", "translation", "operator"]
"""How two headlines came into one story, strongest first."""

Evidence = tuple[tuple[str, str], ...]
"""What was matched, as names and readable values in a fixed order."""


@dataclass(frozen=True, slots=True)
class Member:
    """
    A headline as far as stories ask.

    `alternates` are addresses that the page itself calls its versions in other languages (hreflang).
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
        """The day of the announcement as its source claims it; None where it claims none or only a month."""
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
    Why two headlines are one announcement.

    `score` is 1 for an operator's word and for what pages say themselves, less the more is inferred.
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
class Decision:
    """
    An operator's word; a later one (higher `number`) wins over an earlier.

    merge: the headline and every one of `others` are one story. split: the headline is in no story with any of `others`.
    pin: the headline is the one to show, in its story and in its language; `others` is empty.
    """

    number: int
    kind: Literal["merge", "split", "pin"]
    headline_id: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """
    Headlines that announce one thing, sorted by id, and the joins that hold them together: one for each but the founder.

    A join's `headline_id` is the one that it brought in; the strongest joins are the ones that are kept.
    """

    founder_id: str
    headline_ids: tuple[str, ...]
    joins: tuple[Join, ...]
