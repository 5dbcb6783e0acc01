"""
Likeness of words: two sources of a vendor announce one launch in different words, on one day or a few days apart.

It is decided for whole days only, never on arrival, because the clear best title and the rare words depend on the
vendor's other announcements in those days. A pair is decided by the days around it and by nothing else, so the order of
arrival does not matter. With w for the window of `stories.toml`, a pair with the later day d depends on the days from d
- 2w to d + w.

Words are weighed by the number of stories with them in the window and in an imagined stock of titles: log((n + prior) /
(count + prior * share)). The share is that of a common word for words of the list `weak`, and of a rare one for all
others. The stock keeps the weights of a day with three titles sane, and the window makes `Bedrock` cheap in a launch
week.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from ingest.stories import rulebook
from ingest.stories.differences import differences
from ingest.stories.documents import page
from ingest.stories.members import Join, Member
from ingest.stories.slugs import slug_names
from ingest.stories.titles import WEAK, Title, common, shared, stem, title, written_alike
from ingest.stories.translations import translated

WINDOW: Final = timedelta(days=rulebook.WINDOWS.fuzzy)


def window_of(first: date, last: date) -> tuple[date, date]:
    """Return the first and last day needed to decide the pairs with their later day from `first` to `last`."""
    return first - 2 * WINDOW, last + WINDOW


def touched_by(day: date) -> tuple[date, date]:
    """Return the first and last day with pairs affected by a headline of this day: the inverse of `window_of`."""
    return day - WINDOW, day + 2 * WINDOW


def settled(today: date) -> date:
    """Return the last decidable day: everything relevant to it has been published."""
    return today - WINDOW - timedelta(days=rulebook.FUZZY.settle)


def liken(window: Iterable[Member], groups: Mapping[str, str], first: date, last: date) -> list[Join]:
    """
    Return the sufficiently similar pairs of one vendor, with their later day from `first` to `last`, sorted.

    Args:
        window: The vendor's headlines with days in `window_of(first, last)`. More do no harm.
        groups: For each of them its group of proofs: any text that is equal within one group.
        first: First day to decide.
        last: Last day to decide.
    """
    by_day: dict[date, list[Member]] = defaultdict(list)
    for member in sorted(window, key=lambda member: member.id):
        if member.day is not None:
            by_day[member.day].append(member)
    views = {day: _View(day, by_day, groups) for day in by_day if first - WINDOW <= day <= last}
    joins: dict[tuple[str, str], Join] = {}
    for day, view in views.items():
        for member in by_day[day]:
            best = view.best(member)
            for other, there in _decided(view.comparable(member, best.group) if best else (), day, views, first, last):
                back = there.best(other)
                if best is not None and back is not None and back.group == groups[member.id]:
                    score = min(view.likeness(member, other), there.likeness(other, member))
                    joins |= {join.pair: join for join in _judge(member, other, score, best, back)}
            for other, there in _decided(view.translations(member), day, views, first, last):
                if member in there.translations(other):
                    join = _as_translation(member, other)
                    joins[join.pair] = join
    return sorted(joins.values(), key=lambda join: join.pair)


def _decided(
    others: Iterable[Member], day: date, views: Mapping[date, _View], first: date, last: date
) -> Iterator[tuple[Member, _View]]:
    """List the partners of a headline for pairs with the later day from `first` to `last`, and their views."""
    for other in others:
        if other.day is not None and first <= max(day, other.day) <= last:
            yield other, views[other.day]


@dataclass(frozen=True, slots=True)
class _Best:
    """The most similar group, its lead, and whether something speaks against it."""

    group: str
    lead: float
    blocked: bool


def _judge(member: Member, other: Member, score: float, best: _Best, back: _Best) -> list[Join]:
    """
    Return the join, if each side is the clear best of the other and nothing separates them.

    Every pair of two stories is judged by its own titles, so a split by an operator removes no other pair's reason.
    """
    assert member.day is not None  # only headlines with a day are in a view
    assert other.day is not None
    apart = abs((member.day - other.day).days)
    lead = min(best.lead, back.lead)
    together = _together(member, other)
    wanted = rulebook.FUZZY.same_slug if together else rulebook.FUZZY.threshold + rulebook.FUZZY.per_day * apart
    if score < wanted or lead < rulebook.FUZZY.margin or best.blocked or back.blocked:
        return []
    low, high = sorted((member, other), key=lambda one: one.id)
    a, b = title(low.title, low.vendor), title(high.title, high.vendor)
    own = OWN_NAMES.get(low.vendor, frozenset()) | {stem(low.vendor)}
    if not _shares_enough(a, b, own):
        return []
    if differences(a, b) - (_REWORDED if together else _NOTHING) or "recap" in a.kinds:  # a round-up is like another
        return []
    evidence = (
        ("titles", f"{low.title} / {high.title}"),
        ("words in both", shared(a, b)),
        ("ahead of the next", f"{lead:.2f}"),
        ("days apart", str(apart)),
    )
    return [Join(high.id, low.id, "words", round(score, 4), evidence)]


def _shares_enough(a: Title, b: Title, own: frozenset[str]) -> bool:
    """
    Whether two titles share a word with content besides the vendor's own names, and two or all of one title.

    `computer` is not `computing`, and every title speaks of the vendor.
    """
    alike = written_alike(a, b) - WEAK
    fewest = min(len(of.words - WEAK) for of in (a, b))
    return bool(alike & common(a, b) - own) and len(alike) >= min(_NAMED, fewest)


def _as_translation(member: Member, other: Member) -> Join:
    low, high = sorted((member, other), key=lambda one: one.id)
    assert low.day is not None  # only headlines with a day are in a view
    assert high.day is not None
    evidence = (
        ("titles", f"{low.title} / {high.title}"),
        ("languages", f"{low.lang} / {high.lang}"),
        ("days apart", str(abs((low.day - high.day).days))),
    )
    return Join(high.id, low.id, "translation", round(_INFERRED * translated(low, high), 4), evidence)


_INFERRED: Final = 0.89
"""The greatest score of a translation, below any proof."""


class _View:
    """The view of one day of a vendor: the headlines at most a window away, with words and weights."""

    def __init__(self, day: date, by_day: Mapping[date, Sequence[Member]], groups: Mapping[str, str]) -> None:
        near = (day + timedelta(days=offset) for offset in range(-WINDOW.days, WINDOW.days + 1))
        self._members = [member for other in near for member in by_day.get(other, ())]
        self._groups = groups
        self._titles: dict[str, Title] = {member.id: title(member.title, member.vendor) for member in self._members}
        self._fellows: dict[str, list[Member]] = defaultdict(list)
        for member in self._members:
            self._fellows[groups[member.id]].append(member)
        self._weights = self._weigh()
        self._totals = {id_: self._sum(of.words) for id_, of in self._titles.items()}
        self._holders = self._post()
        self._is_multilingual = len({member.language for member in self._members}) > 1
        self._translations: dict[str, list[Member]] = {}

    def best(self, member: Member) -> _Best | None:
        """Return the group most similar to the story of a headline, seen from its day."""
        own = self._groups[member.id]
        scores: dict[str, float] = {}
        for fellow in self._fellows[own]:
            for other in self._candidates(fellow):
                group = self._groups[other.id]
                if group != own and _is_comparable(fellow, other):
                    scores[group] = max(scores.get(group, 0.0), self.likeness(fellow, other))
        if not scores:
            return None
        (group, score), *others = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        lead = score - (others[0][1] if others else 0.0)
        return _Best(group, lead, self._is_blocked(own, group))

    def translations(self, member: Member) -> list[Member]:
        """
        List the clear best headlines in other languages, in either direction.

        In each language it is one group. Another group of the same source has to be further behind, because a source
        separates its own entries. Two sources may both announce the translated text.
        """
        if not self._is_multilingual:
            return []
        if member.id not in self._translations:
            self._translations[member.id] = self._translate(member)
        return self._translations[member.id]

    def _translate(self, member: Member) -> list[Member]:
        own = self._groups[member.id]
        scores: dict[str, list[tuple[float, Member]]] = defaultdict(list)
        for other in self._candidates(member):
            away = other.source != member.source and other.language != member.language
            if away and self._groups[other.id] != own and (score := translated(member, other)):
                scores[other.language].append((score, other))
        translations = []
        for of_language in scores.values():
            of_language.sort(key=lambda pair: (-pair[0], pair[1].id))
            score, best = of_language[0]
            group = self._groups[best.id]
            rivals = [(less, other) for less, other in of_language if self._groups[other.id] != group]
            lead = score - max((less for less, other in rivals if other.source == best.source), default=0.0)
            if lead >= rulebook.TRANSLATIONS.margin and not self._is_blocked(own, group):
                translations += [other for _, other in of_language if self._groups[other.id] == group]
        return translations

    def comparable(self, member: Member, group: str) -> list[Member]:
        """List the headlines of a story comparable with a headline."""
        return [other for other in self._fellows[group] if _is_comparable(member, other)]

    def likeness(self, one: Member, other: Member) -> float:
        """Return the common share of the weight of both titles."""
        both = self._sum(self._titles[one.id].words & self._titles[other.id].words)
        return 2 * both / (self._totals[one.id] + self._totals[other.id])

    def _weigh(self) -> dict[str, float]:
        counts: Counter[str] = Counter()
        for fellows in self._fellows.values():
            counts.update({word for fellow in fellows for word in self._titles[fellow.id].words})
        stock, total = rulebook.FUZZY.prior, len(self._fellows)

        def weight(word: str, count: int) -> float:
            share = rulebook.FUZZY.common if word in WEAK else rulebook.FUZZY.rare
            return math.log((total + stock) / (count + stock * share))

        return {word: weight(word, count) for word, count in counts.items()}

    def _post(self) -> dict[str, list[Member]]:
        """List the headlines with each word rare enough to suggest a likeness by itself."""
        holders: dict[str, list[Member]] = defaultdict(list)
        for member in self._members:
            for word in self._titles[member.id].words:
                holders[word].append(member)
        most = max(_FEW, rulebook.FUZZY.candidate * len(self._members))
        return {word: members for word, members in holders.items() if word not in WEAK and len(members) <= most}

    def _candidates(self, member: Member) -> list[Member]:
        sharing = {other.id: other for word in self._titles[member.id].words for other in self._holders.get(word, ())}
        return list(sharing.values())

    def _sum(self, words: Iterable[str]) -> float:
        return sum(self._weights[word] for word in sorted(words))  # sorted: the sum of floats depends on their order

    def _is_blocked(self, one: str, other: str) -> bool:
        """Whether two stories share a source, which separates its own entries, or have differing titles."""
        ours, theirs = self._fellows[one], self._fellows[other]
        if {member.source for member in ours} & {member.source for member in theirs}:
            return True
        return any(
            differences(self._titles[a.id], self._titles[b.id]) - (_REWORDED if _together(a, b) else _NOTHING)
            for a in ours
            for b in theirs
            if a.language == b.language
        )


OWN_NAMES: Final = {
    vendor: frozenset(stem(word) for name in names for word in name.split())
    for vendor, names in rulebook.VENDORS.items()
}
"""Names of a vendor and its products, present in nearly each of its titles."""

_NOTHING: Final[frozenset[str]] = frozenset()
_REWORDED: Final = frozenset({"angle"})
"""Differences of wording, outweighed by the words of two addresses."""


def _together(one: Member, other: Member) -> bool:
    """
    Whether two pages of one day share more than their titles' words.

    Either both have reached the same stage, or their addresses have the same words, like a note and its post. One
    address may have more words: a note has the product and the feature, a post also its use.
    """
    if one.day != other.day:
        return False
    if any(of(*pair) for of in (_is_stage_of, _is_note_of) for pair in ((one, other), (other, one))):
        return True
    ours, theirs = (slug_names(page(member.url)) - {stem(member.vendor)} for member in (one, other))
    names = min(len(ours), len(theirs))
    all_ours, all_theirs = (_slug_words(member) for member in (one, other))
    named = names >= _SLUG_NAMES and (ours <= theirs or theirs <= ours)
    worded = min(len(all_ours), len(all_theirs)) >= _SLUG_WORDS and (all_ours <= all_theirs or all_theirs <= all_ours)
    return named or (worded and names >= _NAMED)


def _slug_words(member: Member) -> frozenset[str]:
    words = frozenset(page(member.url).slug.split("-")) - rulebook.STOP - {member.vendor}
    return frozenset(map(stem, words - {""}))


def _is_stage_of(one: Member, other: Member) -> bool:
    """Whether two titles give one thing, the whole subject of the first, the same stage."""
    a, b = title(one.title, one.vendor), title(other.title, other.vendor)
    size = len(a.head)
    if not a.stages or a.stages != b.stages or size < _NAMED:
        return False
    starts = (place for place in range(1, len(b.head) - size + 1) if b.head[place : place + size] == a.head)
    return any(
        not rulebook.INSTRUMENTS.isdisjoint(b.head[max(0, place - 2) : place])
        and all(word in rulebook.STOP for word in b.head[place + size : place + size + 1])  # `X Lite` is not X
        for place in starts
    )


def _is_note_of(one: Member, other: Member) -> bool:
    """Whether a title says less of one thing at the same stage (`X adds Y (preview)`, `Create Y with X (preview)`)."""
    a, b = title(one.title, one.vendor), title(other.title, other.vendor)
    names = frozenset(a.order) - OWN_NAMES.get(one.vendor, frozenset())
    return bool(a.stages and a.actor) and a.stages == b.stages and len(names) >= _NAMED and names <= b.words


_NAMED: Final = 2
"""Words with content in an unusual subject."""

_SLUG_NAMES: Final = 3
_SLUG_WORDS: Final = 5
"""Words of an address, with content or of any sort, sufficient for one announcement on one day."""

_FEW: Final = 12
"""So many holders of a word are always looked at: on a quiet day every word is in a large share of the titles."""


def _is_comparable(one: Member, other: Member) -> bool:
    return one.source != other.source and one.language == other.language
