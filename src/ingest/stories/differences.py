"""Differences that separate two titles despite common words: numbers, tiers, kinds, stages, names."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.stories import rulebook
from ingest.stories.titles import Title, content, is_idle, stem


def is_bare(of: Title) -> bool:
    """Whether a title says no more than its subject and the stage of it (`Amazon Q (Preview)`)."""
    about = {*of.subject.split(), *of.quoted.split()}
    return not {word for word in of.unbranded if word not in about and not is_idle(word)}


def differences(a: Title, b: Title) -> frozenset[str]:
    """
    Return the differences of two titles that make them two announcements.

    numbers: each has one missing in the other, or only one has a version. tier, kind, part, month: not the same ones.
    place: each has one missing in the other. stage: a preview against general availability. name: each has a name
    missing in the other, or one is about a variant of the other's whole subject. slot: one pattern filled twice. angle:
    one is about something in connection with the other's whole subject, or about somebody missing in the other.
    """
    checks = (
        ("numbers", (a.numbers - b.numbers and b.numbers - a.numbers) or a.versions != b.versions),
        ("tier", _has_a_tier_of_its_own(a, b) or _has_a_tier_of_its_own(b, a)),
        ("kind", a.kinds != b.kinds),
        ("part", a.parts != b.parts or (a.rounds and b.rounds and a.rounds != b.rounds)),
        ("month", a.months != b.months),
        ("stage", a.stages and b.stages and not a.stages & b.stages),
        ("place", a.places - b.places and b.places - a.places),
        ("name", _name_two(a, b) or _is_sibling(a, b) or _is_sibling(b, a) or _is_longer(a, b) or _is_longer(b, a)),
        ("slot", _fills_a_slot(a, b)),
        ("angle", _approaches(a, b) or _approaches(b, a) or a.actor - b.words or b.actor - a.words),
    )
    return frozenset(label for label, differ in checks if differ)


def _has_a_tier_of_its_own(one: Title, other: Title) -> bool:
    """Whether a title has a tier without a corresponding word in the other."""
    return any(stem(tier) not in other.words for tier in one.tiers - other.tiers)


def _name_two(a: Title, b: Title) -> bool:
    """Whether each title names something missing in the other, or all models named by number and tier differ."""
    models = bool(a.models and b.models) and a.models.isdisjoint(b.models)
    return models or bool(a.names - b.words and b.names - a.words)


def _is_sibling(both: Title, one: Title) -> bool:
    """Whether a title announces two members of a family and the other only one of them."""
    return bool(both.siblings) and 0 < len(both.siblings & one.words) < len(both.siblings)


def _is_longer(short: Title, long: Title) -> bool:
    return is_variant(short, long) or _lengthens(short, long)


def is_variant(named: Title, by: Title) -> bool:
    """
    Whether a title's subject is the other's whole with a further name right behind it (`Devstral` / `Devstral Medium`).

    Names need no capitals (`gpt-oss` / `gpt-oss-safeguard`), but a verb is no name (`X powers Y`).
    """
    size = len(named.head)
    if not size or not is_bare(named) or by.head[:size] != named.head:
        return False
    further = (
        word
        for word in by.head[size : size + 1]
        if word not in rulebook.STOP and word.removesuffix("s") not in rulebook.WEAK
    )
    return any(stem(word) in by.names or not word.endswith("s") for word in further)


def _lengthens(short: Title, long: Title) -> bool:
    """Whether a title or its subject is the other's with a name put into the middle (`X2 Elite` / `X2 Extreme Elite`)."""
    put_in = _put_in(short.line, long.line)
    if put_in and put_in[0] in long.names and long.names.issuperset(content(put_in)):
        return True
    put_in = _put_in(*(tuple(map(stem, of.head)) for of in (short, long)))
    return bool(content(put_in)) and long.names.issuperset(content(put_in))


def _put_in(short: Sequence[str], long: Sequence[str]) -> Sequence[str]:
    """Return the additional words in the middle of the longer line, if there are any."""
    start = _alike(short, long)
    end = len(short) - start
    if not start or not end or len(long) <= len(short) or short[start:] != long[-end:]:
        return ()
    return long[start : len(long) - end]


def _fills_a_slot(a: Title, b: Title) -> bool:
    """
    Whether two titles are one pattern filled twice (`Claude Code on the web`, `Claude Code on desktop`).

    They differ in one place, with content on both sides and none of it shared: not even a weak word or, behind a common
    beginning, where one side has a single word.
    """
    start = _alike(a.line, b.line)
    ours, theirs = a.line[start:], b.line[start:]
    end = _alike(ours[::-1], theirs[::-1])
    ours, theirs = ours[: len(ours) - end], theirs[: len(theirs) - end]
    one, other = content(ours), content(theirs)
    if start + end == 0 or not one or not other or not set(one).isdisjoint(other):
        return False
    single = bool(content(a.line[:start])) and min(len(one), len(other)) == 1
    return single or set(content(ours, weak=())).isdisjoint(content(theirs, weak=()))


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Count the common words at the beginning."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _approaches(named: Title, by: Title) -> bool:
    """Whether a title comes to the other's whole subject from elsewhere (`Claude Opus 4.6` / `Advancing finance with …`)."""
    subject = set(named.order)
    if by.head[: len(named.head)] == named.head or not subject or not subject <= by.words:
        return False
    first = next((word for word in by.order if word not in named.announcer), None)
    return first is not None and first not in subject
