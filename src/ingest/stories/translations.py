"""
Titles in two languages compared: an announcement and its translation on a regional page.

What both can say is compared: Latin words and numbers, which a translation keeps; words of the table in `stories.toml`;
borrowed words by their sound; the words of both addresses, which a regional page often leaves in English. What a title says
and the other does not counts against the pair, on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ingest.stories import rulebook, sounds
from ingest.stories.differences import differences
from ingest.stories.documents import page, slug_end
from ingest.stories.members import Member
from ingest.stories.titles import WEAK, Title, stem, title

_RUN: Final = re.compile("[\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc]+")
_KANJI: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff]+|[\uac00-\ud7af]{2,}")
_NUMBER: Final = re.compile(r"v?\d+(?:\.\d+)*")

APART: Final = frozenset({"numbers", "tier", "kind", "part", "month", "stage"})
"""Differences that a translation does not make; all others are of wording."""

_NAME: Final = 1.0
_WORD: Final = 0.6
_KNOWN: Final = 0.8
_SMALL: Final = 0.2
_UNKNOWN: Final = 0.4
_PREFIX: Final = 5  # letters that words of two European languages have in common


@dataclass(frozen=True, slots=True)
class _Said:
    """
    What a headline says, as far as another language can say it, too.

    `words` are the stems of its title's Latin words, `head` those of its subject, `line` the words in order; `known` what
    words in another script may stand for; `borrowed` the sounds of borrowed ones; `unknown` counts the others. `slug` are
    the stems of its address, `end` its last words. `script` says that it is written in another script than Latin.
    """

    title: Title
    own: frozenset[str]
    words: frozenset[str]
    head: frozenset[str]
    line: tuple[str, ...]
    known: tuple[frozenset[str], ...]
    borrowed: tuple[str, ...]
    unknown: int
    slug: frozenset[str]
    end: str
    script: bool


@lru_cache(maxsize=4_096)
def _said(member: Member) -> _Said:
    of = title(member.title)
    tokens = of.normal.split()
    latin = [token for token in tokens if not _RUN.search(token) and token not in rulebook.FILLERS]
    known, borrowed, unknown = _read(token for token in tokens if _RUN.search(token))
    head = frozenset(stem(word) for word in of.subject.split() if not _RUN.search(word))
    at = page(member.url)
    return _Said(
        title=of,
        own=frozenset({stem(member.vendor)}),
        words=frozenset(map(stem, latin)),
        head=head,
        line=tuple(latin),
        known=known,
        borrowed=borrowed,
        unknown=unknown,
        slug=frozenset(
            stem(word) for word in at.slug.split("-") if word and not word.isdecimal() and not _RUN.search(word)
        ),
        end=slug_end(at),
        script=_RUN.search(member.title) is not None,
    )


def _read(tokens: Iterable[str]) -> tuple[tuple[frozenset[str], ...], tuple[str, ...], int]:
    """Read words in another script: those of the table, borrowed ones by their sound, and how many are left."""
    known: list[frozenset[str]] = []
    borrowed: list[str] = []
    unknown = 0
    for token in tokens:
        words = [word for word in rulebook.FOREIGN.findall(token) if word in rulebook.ENGLISH]
        known += [frozenset(map(stem, rulebook.ENGLISH[word])) for word in words]
        rest = rulebook.FOREIGN.sub(" ", token)
        for run in _KATAKANA.findall(rest):
            sound = sounds.of_katakana(run)
            if len(sound) >= sounds.SHORTEST:
                borrowed.append(sound)
        unknown += len(_KANJI.findall(rest))
    return tuple(known), tuple(borrowed), unknown


def _language(member: Member) -> str:
    return (member.lang or "en").partition("-")[0].lower()


def translated(one: Member, other: Member) -> float:
    """
    Return how much of each of two titles in two languages the other says, too, from 0 to 1.

    It is 0 where nothing shows that one is a translation of the other: they have one language, differ in what a translation
    keeps, name nothing in common or something that the other lacks, or both say too much of their own. Where the addresses
    end in the same words, more may differ.
    """
    a, b = _said(one), _said(other)
    if _language(one) == _language(other) or differences(a.title, b.title) & APART or not _identified(a, b):
        return 0.0
    shares = sorted((_share(a, b), _share(b, a)))
    rules = rulebook.TRANSLATIONS
    if a.end and a.end == b.end:
        another = (a.script and _names_another(a, b)) or (b.script and _names_another(b, a))
        return 0.0 if another or shares[0] < rules.same_slug else shares[0]
    if _names_another(a, b) or _names_another(b, a) or shares[1] < rules.whole or shares[0] < rules.threshold:
        return 0.0
    return shares[0]


def _names_another(by: _Said, other: _Said) -> bool:
    """
    Whether a title names something that the other lacks.

    In another script every Latin word is a name; in a Latin one, what is written as a name in front of a colon or comma.
    """
    names = by.words if by.script else by.title.names & by.head
    missing = {
        word for word in names - other.words - other.slug - by.own - other.own - WEAK if not _NUMBER.fullmatch(word)
    }
    return any(not _is_cognate(word, other) for word in missing - _spoken(by, other))


def _spoken(by: _Said, other: _Said) -> frozenset[str]:
    """Return the stems of a title's Latin words that the other has in its own script."""
    table = frozenset(word for known in other.known for word in known)
    by_sound = (words for sound, words in sounds.runs(by.line).items() if sound in other.borrowed)
    return table | frozenset(stem(word) for words in by_sound for word in words)


def _share(by: _Said, other: _Said) -> float:
    """Return which share of what one title says, or of its subject, the other says."""
    return max(_covered(by, other, by.words), _covered(by, other, by.head) if by.head else 0.0)


def _covered(by: _Said, other: _Said, words: frozenset[str]) -> float:
    have = other.words | other.slug | _spoken(by, other)
    runs = sounds.runs(other.line) if by.borrowed else {}
    total = said = 0.0
    for word in words - by.own - other.own:
        weight = _weight(word, by)
        total += weight
        said += weight * (word in have or _is_cognate(word, other))
    whole = words is by.words
    for known in by.known if whole else ():
        weight = _SMALL if known <= WEAK else _KNOWN
        total += weight
        said += weight * bool(known & have)
    for sound in by.borrowed if whole else ():
        total += _WORD
        said += _WORD * (sound in runs)
    total += _UNKNOWN * by.unknown * whole
    return said / total if total else 0.0


def _weight(word: str, by: _Said) -> float:
    if word in WEAK:
        return _SMALL
    return _NAME if word in by.title.names or _NUMBER.fullmatch(word) else _WORD


def _is_cognate(word: str, other: _Said) -> bool:
    """Whether two European languages write one word nearly alike (`architecture`, `Architektur`)."""
    return len(word) >= _PREFIX and word.isalpha() and any(word[:_PREFIX] == known[:_PREFIX] for known in other.words)


def _identified(a: _Said, b: _Said) -> bool:
    """Whether something names what both speak of: a Latin name, a version, a borrowed word, the end of both addresses."""
    shared = (a.words & (b.words | b.slug)) | (b.words & (a.words | a.slug))
    if {word for word in shared - WEAK - a.own - b.own if not _NUMBER.fullmatch(word)}:
        return True
    if (shared and a.title.versions & b.title.versions) or (a.end and a.end == b.end):
        return True
    runs = {**sounds.runs(a.line), **sounds.runs(b.line)}
    return any(sound in runs for sound in (*a.borrowed, *b.borrowed))
