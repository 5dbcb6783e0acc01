"""
Titles in two languages compared: an announcement and its translation on a regional page.

Four things are comparable: Latin words and numbers, kept by a translation, words of the table in `stories.toml`,
borrowed words by their sound, and the words of both addresses, often left in English by a regional page. Any other
content counts against the pair, on both sides.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ingest.stories import rulebook, sounds
from ingest.stories.differences import differences, is_variant
from ingest.stories.documents import begins_alike, page, slug_end
from ingest.stories.members import Member
from ingest.stories.titles import WEAK, Title, stem, title, without_announcer

_RUN: Final = re.compile("[\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc]+")
_KANJI: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff]+|[\uac00-\ud7af]{2,}")
_MONTH: Final = re.compile(r"(?:(20\d\d) [年년] ?)?\b(\d{1,2}) ?[月월]")
_NUMBER: Final = re.compile(r"v?\d+(?:\.\d+)*")

APART: Final = frozenset({"numbers", "tier", "kind", "part", "month", "stage"})
"""Differences never made by a translation. All others are of wording."""

_NAME: Final = 1.0
_WORD: Final = 0.6
_KNOWN: Final = 0.8
_SMALL: Final = 0.2
_UNKNOWN: Final = 0.5
_PREFIX: Final = 5  # letters that words of two European languages have in common


@dataclass(frozen=True, slots=True)
class _Part:
    """
    A part of a title in parts comparable across languages.

    line: its Latin words in order, `words` their stems
    known: the possible meanings of words in another script
    borrowed: the sounds of borrowed words
    unknown: the number of other words
    """

    line: tuple[str, ...]
    words: frozenset[str]
    known: tuple[frozenset[str], ...]
    borrowed: tuple[str, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class _Said:
    """
    The content of a headline: its whole title, and the parts possibly kept by a translation.

    own: the names of its vendor
    slug: the stems of its address, `end` its final words
    names: words written as names, none in Title Case
    script: whether the title is in another script than Latin
    """

    title: Title
    lang: str
    own: frozenset[str]
    whole: _Part
    parts: tuple[_Part, ...]
    slug: frozenset[str]
    end: str
    names: frozenset[str]
    script: bool


@lru_cache(maxsize=4_096)
def _said(member: Member) -> _Said:
    of, at = title(without_announcer(member.title), member.vendor), page(member.url)
    texts = [of.normal, *(text for text in (of.subject, of.quoted) if text)]
    whole, *parts = map(_part, texts)
    slug = (word for word in at.slug.split("-") if word and not word.isdecimal() and not _RUN.search(word))
    return _Said(
        title=of,
        lang=(member.lang or "en").partition("-")[0].lower(),
        own=frozenset({stem(member.vendor)}),
        whole=whole,
        parts=tuple(parts),
        slug=frozenset(map(stem, slug)),
        end=slug_end(at),
        names=of.names if _capitals(member.title) < _TITLE_CASE else frozenset(),
        script=_RUN.search(member.title) is not None,
    )


def _capitals(text: str) -> float:
    """Return the share of a title's longer words with a capital at the beginning."""
    longer = _LONGER.findall(text)
    return sum(word[0].isupper() for word in longer) / len(longer) if len(longer) > _FEW else 0.0


_FEW: Final = 3
_TITLE_CASE: Final = 0.75
_LONGER: Final = re.compile(r"[A-Za-z]\w{3,}")


def _part(text: str) -> _Part:
    tokens = _MONTH.sub(_in_english, text).split()
    line = tuple(token for token in tokens if not _RUN.search(token) and token not in rulebook.FILLERS)
    return _Part(line, frozenset(map(stem, line)), *_read(token for token in tokens if _RUN.search(token)))


def _in_english(match: re.Match[str]) -> str:
    """Return `2025 june` for a Japanese, Chinese or Korean month as it stands in `Title.normal`."""
    year, month = match.groups()
    names = list(rulebook.MONTHS.by_name)
    return f"{year or ''} {names[int(month) - 1]} " if 1 <= int(month) <= len(names) else match.group()


def _read(tokens: Iterable[str]) -> tuple[tuple[frozenset[str], ...], tuple[str, ...], int]:
    """Read words in another script: those of the table, borrowed ones by their sound, and how many are left."""
    known: list[frozenset[str]] = []
    borrowed: list[str] = []
    unknown = 0
    for token in tokens:
        words = [word for word in rulebook.FOREIGN.findall(token) if word not in rulebook.FILLERS]
        known += [frozenset(map(stem, rulebook.ENGLISH[word])) for word in words]
        rest = rulebook.FOREIGN.sub(" ", token)
        sounded = [(run, sounds.of_katakana(run)) for run in _KATAKANA.findall(rest)]
        borrowed += [sound for _, sound in sounded if len(sound) >= sounds.SHORTEST]
        unknown += sum(len(run) > 1 and len(sound) < sounds.SHORTEST for run, sound in sounded)
        unknown += len(_KANJI.findall(rest))
    return tuple(known), tuple(borrowed), unknown


def translated(one: Member, other: Member) -> float:
    """
    Return the agreement of two titles in two languages, from 0 to 1.

    It is 0 without evidence of a translation: they have one language, differ in a lasting part, share no name, name
    something missing in the other, or the translation says more than the original (the English one, if one is English).
    More may differ where the addresses end in the same words.
    """
    a, b = sorted((_said(one), _said(other)), key=lambda item: item.lang != "en")
    if a.lang == b.lang or differences(a.title, b.title) & APART or not _identified(a, b):
        return 0.0
    original, translation = _share(a, b), _share(b, a)
    less = min(original, translation)
    rules = rulebook.TRANSLATIONS
    if _is_one_end(a, b):
        another = (a.script and _names_another(a, b)) or (b.script and _names_another(b, a))
        return 0.0 if another or less < rules.same_slug else less
    if _names_another(a, b) or _names_another(b, a) or is_variant(b.title, a.title) or "recap" in a.title.kinds:
        return 0.0
    if a.lang != "en":
        translation = max(original, translation)
    if _announce_one(a, b):
        return 0.0 if less < rules.announced else less
    return 0.0 if translation < rules.whole or less < rules.threshold else less


def _announce_one(a: _Said, b: _Said) -> bool:
    """Whether both titles announce one product by a name in Latin letters (`Acme unveils X`, `「X」を発表`)."""
    if not (a.title.announces and b.title.announces) or a.script == b.script:
        return False
    written, latin = (a, b) if a.script else (b, a)
    last = (written.title.quoted or written.title.subject).split()[-1:]
    names = frozenset(map(stem, last)) & written.title.names - WEAK - written.own
    return bool(names & latin.title.names & frozenset(map(stem, latin.title.head)))


def kept_names(member: Member) -> frozenset[str]:
    """
    Return the Latin names of a title as its translation keeps them, joined.

    A title in Latin script gives two readings, with and without its first word, whose capital proves nothing.
    """
    of = title(member.title, member.vendor)
    leave = WEAK | {stem(member.vendor)}
    if _RUN.search(member.title):
        words = [word for word in of.normal.split() if word not in rulebook.FILLERS]
        names = {stem(word) for word in words if not _RUN.search(word) and not _NUMBER.fullmatch(word)} - leave
        return frozenset({" ".join(sorted(names))} - {""})
    names = set(of.names - leave) if _capitals(member.title) < _TITLE_CASE else set()
    first = names | ({stem(of.normal.split()[0])} - leave if of.normal else set())
    return frozenset({" ".join(sorted(names)), " ".join(sorted(first))} - {""})


def wholly_translated(one: Member, other: Member) -> bool:
    """Whether a title in another script has all content of the other, beyond names, which come every month."""
    a, b = _said(one), _said(other)
    if a.script == b.script or kept_names(one).isdisjoint(kept_names(other)):
        return False
    part = a.whole if a.script else b.whole
    words = sum(not known <= WEAK for known in part.known) + len(part.borrowed)
    return words >= _WORDS and translated(one, other) >= rulebook.TRANSLATIONS.whole


_WORDS: Final = 2


def _is_one_end(a: _Said, b: _Said) -> bool:
    """Whether two addresses end in the same words, or one in a long beginning of the other's."""
    return bool(a.end) and (a.end == b.end or begins_alike(a.end, b.end))


def name_two(one: Member, other: Member) -> bool:
    """Whether each of two titles names something missing in the other."""
    a, b = _said(one), _said(other)
    return _names_another(a, b) and _names_another(b, a)


def _names_another(by: _Said, other: _Said) -> bool:
    """
    Whether a title names something missing in the other.

    In another script every Latin word is a name. In a Latin one, names are words written as names before a colon or
    comma.
    """
    names = by.whole.words if by.script else by.names & frozenset(map(stem, by.title.head))
    missing = names - other.whole.words - other.slug - by.own - WEAK - _spoken(by.whole, other.whole)
    missing -= initials(other.whole.line)
    return any(not _NUMBER.fullmatch(word) and not _is_cognate(word, other) for word in missing)


def _spoken(by: _Part, other: _Part) -> frozenset[str]:
    """Return the stems of Latin words present in the other part's own script."""
    table = frozenset(word for known in other.known for word in known)
    by_sound = (words for sound, words in sounds.runs(by.line).items() if sound in other.borrowed)
    return table | frozenset(stem(word) for words in by_sound for word in words)


def _share(by: _Said, other: _Said) -> float:
    """Return the share of one title, or of its subject, present in the other."""
    return max(_covered(part, by, other) for part in (by.whole, *by.parts))


def _covered(part: _Part, by: _Said, other: _Said) -> float:
    have = other.whole.words | other.slug | _spoken(part, other.whole)
    runs = sounds.runs(other.whole.line) if part.borrowed else {}
    weighed = [
        *((_weight(word, by), word in have or _is_cognate(word, other)) for word in part.words - by.own),
        *((_KNOWN, bool(known & have)) for known in part.known if not known <= WEAK),
        *((_WORD, sound in runs) for sound in part.borrowed),
        (_UNKNOWN * part.unknown, False),
    ]
    total = math.fsum(weight for weight, _ in weighed)  # exact, since words come from sets in any order
    return math.fsum(weight for weight, agrees in weighed if agrees) / total if total else 0.0


def _weight(word: str, by: _Said) -> float:
    if word in WEAK:
        return _SMALL
    return _NAME if word in by.title.names or _NUMBER.fullmatch(word) else _WORD


def initials(line: Sequence[str]) -> frozenset[str]:
    """Return the first letters of consecutive words (`lbm` of `large behavior models`)."""
    letters = "".join(word[0] for word in line)
    spans = ((start, start + size) for size in _INITIALS for start in range(len(letters) - size + 1))
    return frozenset(letters[start:end] for start, end in spans)


_INITIALS: Final = (3, 4, 5)


def _is_cognate(word: str, other: _Said) -> bool:
    """Whether two European languages write one word nearly alike (`architecture`, `Architektur`)."""
    alike = (known[:_PREFIX] == word[:_PREFIX] for known in other.whole.words)
    return len(word) >= _PREFIX and word.isalpha() and any(alike)


def _identified(a: _Said, b: _Said) -> bool:
    """Whether a common subject is named: a Latin name, a version, a borrowed word, the end of both addresses."""
    ours, theirs = a.whole, b.whole
    shared = (ours.words & (theirs.words | b.slug)) | (theirs.words & (ours.words | a.slug))
    if any(not _NUMBER.fullmatch(word) for word in shared - WEAK - a.own):
        return True
    if (shared and a.title.versions & b.title.versions) or _is_one_end(a, b):
        return True
    runs = sounds.runs(ours.line).keys() | sounds.runs(theirs.line).keys()
    return not runs.isdisjoint((*ours.borrowed, *theirs.borrowed))
