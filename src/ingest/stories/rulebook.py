"""`stories.toml` as values, read once from package data. An invalid file stops the program."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

_BYTES: Final = resources.files("ingest").joinpath("stories.toml").read_bytes()
_RULES: Final[dict[str, Any]] = tomllib.loads(_BYTES.decode())

VERSION: Final = f"{_RULES['version']}.{hashlib.sha256(_BYTES).hexdigest()[:12]}"
"""Version written in the file and the first 12 hex digits of the file's sha256."""

_CJK: Final = ("\u3005\u30ff", "\u3400\u9fff", "\uac00\ud7af", "\uf900\ufaff", "\uff66\uff9f")
"""The first and last characters of Chinese, Japanese and Korean blocks."""


@dataclass(frozen=True, slots=True)
class SiteMove:
    """A part of a site moved by its vendor: an expression over host and path, its replacement, and the month."""

    old: re.Pattern[str]
    new: str
    since: str


@dataclass(frozen=True, slots=True)
class Windows:
    """The greatest distance in days between two announcements of one story, by rule."""

    long_slug: int
    short_slug: int
    translation: int
    regional_slug: int
    long_title: int
    short_title: int
    subject: int
    repost: int
    edited: int
    related: int
    fuzzy: int


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """The numbers of likeness, explained in `stories.toml`."""

    settle: int
    threshold: float
    same_slug: float
    per_day: float
    margin: float
    prior: float
    rare: float
    common: float
    candidate: float


@dataclass(frozen=True, slots=True)
class Translations:
    """The numbers of likeness between two languages, explained in `stories.toml`."""

    whole: float
    threshold: float
    announced: float
    same_slug: float
    margin: float


class Phrases:
    """
    An expression for any of some words in folded text: Latin ones as whole words, others anywhere.

    It is compiled on its first use: most processes use few of them, and compiling all takes 20 ms.
    """

    def __init__(self, words: Iterable[str], *, hyphen: str = r"\-", within: str = "{}") -> None:
        """Take the words, the expression for each hyphen in them, and the one with all of them in the place of `{}`."""
        self._words = tuple(words)
        self._hyphen = hyphen
        self._within = within

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        ordered = sorted(set(self._words))
        latin = [word for word in ordered if not _is_cjk(word)]
        others = [word for word in ordered if _is_cjk(word)]
        parts = [rf"(?<![a-z0-9]){_any_of(latin)}(?![a-z0-9])"] if latin else []
        alternatives = "|".join([*parts, _any_of(others)] if others else parts)
        return re.compile(self._within.replace("{}", alternatives.replace(r"\-", self._hyphen)))

    def search(self, folded: str) -> re.Match[str] | None:
        """Find the first of the words."""
        return self._compiled.search(folded)

    def findall(self, folded: str) -> list[str]:
        """List the words in order."""
        return self._compiled.findall(folded)

    def before(self, folded: str) -> str:
        """Return the text before the first of the words."""
        return self._compiled.split(folded, maxsplit=1)[0]

    def sub(self, by: str | Callable[[re.Match[str]], str], folded: str) -> str:
        """Replace the words."""
        return self._compiled.sub(by, folded)


def _is_cjk(word: str) -> bool:
    return not word.isascii() and any(first <= char <= last for char in word for first, last in _CJK)


def _any_of(words: list[str]) -> str:
    """
    Write an expression for the longest of some words, with each common beginning once: it is tried at every place.

    Only a branching has a group, because groups take most of the time of compiling.
    """
    rests: dict[str, list[str]] = {}
    for word in words:
        rests.setdefault(word[:1], []).append(word[1:])
    ends = rests.pop("", None) is not None
    branches = [re.escape(first) + _any_of(rest) for first, rest in rests.items()]
    if len(branches) > 1 or (branches and ends):
        return f"(?:{'|'.join(branches)}){'?' if ends else ''}"
    return "".join(branches)


@dataclass(frozen=True, slots=True)
class Labels:
    """Subjects of text, and the words for them. `any_of` finds any word of any subject."""

    by_name: Mapping[str, Phrases]
    any_of: Phrases

    def of(self, folded: str) -> frozenset[str]:
        """Return the subjects of a folded text."""
        if self.any_of.search(folded) is None:  # most titles speak of none
            return frozenset()
        return frozenset(name for name, words in self.by_name.items() if words.search(folded))


def _labels(table: Mapping[str, list[str]]) -> Labels:
    by_name = MappingProxyType({name: Phrases(words) for name, words in table.items()})
    return Labels(by_name, Phrases(word for words in table.values() for word in words))


def _inverted(table: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    things: dict[str, frozenset[str]] = {}
    for word, forms in table.items():
        for form in forms:
            things[form] = things.get(form, frozenset()) | {word}
    return things


_DOCUMENTS: Final = _RULES["documents"]
_LOCALES: Final = _RULES["locales"]
_TITLES: Final = _RULES["titles"]
_DIFFERENCES: Final = _RULES["differences"]

WINDOWS: Final = Windows(**_RULES["windows"])
FUZZY: Final = Fuzzy(**_RULES["fuzzy"])

IDLE_PARAMETERS: Final = frozenset(_DOCUMENTS["idle_parameters"])
"""Parameters without influence on the document, lower case."""

FURNITURE: Final = frozenset(_DOCUMENTS["furniture"])
LISTS: Final = frozenset(_DOCUMENTS["lists"])
LIST_PARENTS: Final = frozenset(_DOCUMENTS["list_parents"])
ENTRY_PARENTS: Final = frozenset(_DOCUMENTS["entry_parents"])

LOCALES: Final = frozenset(_LOCALES["bare"])
INTRODUCERS: Final = frozenset(_LOCALES["introduced_by"])
LOCALE_DEPTH: Final[int] = _LOCALES["depth"]
LOCALE_PARAMETERS: Final = frozenset(_LOCALES["parameters"])
LOCALE_LABELS: Final = frozenset(_LOCALES["host_labels"])
LOCALE_ENDINGS: Final[tuple[str, ...]] = tuple(_LOCALES["host_endings"])

MOVES: Final = tuple(SiteMove(re.compile(move["from"]), move["to"], move["since"]) for move in _RULES["moves"])

LEADS: Final = frozenset(_TITLES["leads"])
ANNOUNCE: Final = frozenset(_TITLES["announce"])
INSTRUMENTS: Final = frozenset(_TITLES["instruments"])
ACTS: Final = frozenset(_TITLES["acts"])
PURPOSE: Final = Phrases(_TITLES["purposes"], within=r"\s+(?:to\s+{}|that\b)")
DEALS: Final = frozenset(_TITLES["deals"])
STOP: Final = frozenset(_TITLES["stop"])
WEAK: Final = frozenset(_TITLES["weak"])
JAPANESE_WEAK: Final = Phrases(_TITLES["japanese_weak"])
STATUS_WORDS: Final = tuple(sorted(_TITLES["status"], key=len, reverse=True))
STATUS: Final = Phrases(STATUS_WORDS)
ABBREVIATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {long.replace(" ", "-"): short for short, longs in _TITLES["abbreviations"].items() for long in longs}
)
"""Long forms, words joined by `-`, and the short form of each."""

LONG_FORMS: Final = Phrases(ABBREVIATIONS, hyphen=r"[\s-]+")

TIERS: Final = Phrases(_DIFFERENCES["tiers"])
TIERS_IN_JAPANESE: Final[Mapping[str, str]] = MappingProxyType(_DIFFERENCES["tiers_in_japanese"])
NO_TIERS: Final = Phrases(_DIFFERENCES["no_tiers"])
KINDS_OF_MODELS: Final = re.compile(_DIFFERENCES["kinds_of_models"])
NAMED_TIERS: Final = frozenset(_DIFFERENCES["tiers_as_names"])
"""Tiers with everyday words as names."""

MONTHS: Final = _labels({names[0]: names for names in _DIFFERENCES["months"]})
PART: Final = re.compile("|".join(_DIFFERENCES["part"]))
FUNDING_ROUND: Final = re.compile(_DIFFERENCES["funding_round"])
KINDS: Final = _labels(_DIFFERENCES["kinds"])
CUSTOMER: Final = re.compile(_DIFFERENCES["customer_story"])
PLACES: Final = Phrases(_DIFFERENCES["kinds"]["region"])
STAGES: Final = _labels(_DIFFERENCES["stages"])

_TRANSLATIONS: Final = _RULES["translations"]
TRANSLATIONS: Final = Translations(
    *(_TRANSLATIONS[name] for name in ("whole", "threshold", "announced", "same_slug", "margin"))
)
FILLERS: Final = frozenset(_TRANSLATIONS["fillers"])
"""Words of nearly every foreign announcement."""

ENGLISH: Final[Mapping[str, frozenset[str]]] = MappingProxyType(_inverted(_TRANSLATIONS["words"]))
"""Words of Japanese, Chinese and Korean titles with their possible English words."""

FOREIGN: Final = Phrases(word for word in (*ENGLISH, *FILLERS) if word in ENGLISH or _is_cjk(word))

VENDORS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {vendor: tuple(names) for vendor, names in _RULES["vendors"].items()}
)
"""Other vendors' names for this one or its products, folded."""
