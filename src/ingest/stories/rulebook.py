"""`stories.toml` as values, read once from package data. An invalid file stops the program."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

_BYTES: Final = resources.files("ingest").joinpath("stories.toml").read_bytes()
_RULES: Final[dict[str, Any]] = tomllib.loads(_BYTES.decode())

VERSION: Final = f"{_RULES['version']}.{hashlib.sha256(_BYTES).hexdigest()[:12]}"
"""Version written in the file and the first 12 hex digits of the file's sha256."""

_CJK: Final = re.compile("[\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]")


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


def phrases(words: Iterable[str]) -> re.Pattern[str]:
    """Return an expression for any of these in folded text: Latin ones as whole words, others anywhere."""
    ordered = sorted(set(words))
    latin = [word for word in ordered if not _CJK.search(word)]
    others = [word for word in ordered if _CJK.search(word)]
    parts = [rf"(?<![a-z0-9]){_any_of(latin)}(?![a-z0-9])"] if latin else []
    return re.compile("|".join([*parts, _any_of(others)] if others else parts))


def _any_of(words: list[str]) -> str:
    """Write an expression for the longest of some words, with each common beginning once: it is tried at every place."""
    rests: dict[str, list[str]] = {}
    for word in words:
        rests.setdefault(word[:1], []).append(word[1:])
    ends = rests.pop("", None) is not None
    if not rests:
        return ""
    branches = [re.escape(first) + _any_of(rest) for first, rest in rests.items()]
    return f"(?:{'|'.join(branches)}){'?' if ends else ''}"


@dataclass(frozen=True, slots=True)
class Labels:
    """Subjects of text, and the words for them. `any_of` finds any word of any subject."""

    by_name: Mapping[str, re.Pattern[str]]
    any_of: re.Pattern[str]

    def of(self, folded: str) -> frozenset[str]:
        """Return the subjects of a folded text."""
        if self.any_of.search(folded) is None:  # most titles speak of none
            return frozenset()
        return frozenset(name for name, words in self.by_name.items() if words.search(folded))


def _labels(table: Mapping[str, list[str]]) -> Labels:
    by_name = MappingProxyType({name: phrases(words) for name, words in table.items()})
    return Labels(by_name, phrases(word for words in table.values() for word in words))


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
PURPOSE: Final = re.compile(rf"\s+(?:to\s+{phrases(_TITLES['purposes']).pattern}|that\b)")
DEALS: Final = frozenset(_TITLES["deals"])
STOP: Final = frozenset(_TITLES["stop"])
WEAK: Final = frozenset(_TITLES["weak"])
JAPANESE_WEAK: Final = phrases(_TITLES["japanese_weak"])
STATUS_WORDS: Final = tuple(sorted(_TITLES["status"], key=len, reverse=True))
STATUS: Final = phrases(STATUS_WORDS)
ABBREVIATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {long.replace(" ", "-"): short for short, longs in _TITLES["abbreviations"].items() for long in longs}
)
"""Long forms, words joined by `-`, and the short form of each."""

LONG_FORMS: Final = re.compile(phrases(ABBREVIATIONS).pattern.replace("\\-", r"[\s-]+"))

TIERS: Final = phrases(_DIFFERENCES["tiers"])
TIERS_IN_JAPANESE: Final[Mapping[str, str]] = MappingProxyType(_DIFFERENCES["tiers_in_japanese"])
NO_TIERS: Final = phrases(_DIFFERENCES["no_tiers"])
KINDS_OF_MODELS: Final = re.compile(_DIFFERENCES["kinds_of_models"])
NAMED_TIERS: Final = frozenset(_DIFFERENCES["tiers_as_names"])
"""Tiers with everyday words as names."""

MONTHS: Final = _labels({names[0]: names for names in _DIFFERENCES["months"]})
PART: Final = re.compile("|".join(_DIFFERENCES["part"]))
FUNDING_ROUND: Final = re.compile(_DIFFERENCES["funding_round"])
KINDS: Final = _labels(_DIFFERENCES["kinds"])
CUSTOMER: Final = re.compile(_DIFFERENCES["customer_story"])
PLACES: Final = phrases(_DIFFERENCES["kinds"]["region"])
STAGES: Final = _labels(_DIFFERENCES["stages"])

_TRANSLATIONS: Final = _RULES["translations"]
TRANSLATIONS: Final = Translations(
    *(_TRANSLATIONS[name] for name in ("whole", "threshold", "announced", "same_slug", "margin"))
)
FILLERS: Final = frozenset(_TRANSLATIONS["fillers"])
"""Words of nearly every foreign announcement."""

ENGLISH: Final[Mapping[str, frozenset[str]]] = MappingProxyType(_inverted(_TRANSLATIONS["words"]))
"""Words of Japanese, Chinese and Korean titles with their possible English words."""

FOREIGN: Final = phrases([*ENGLISH, *(word for word in FILLERS if _CJK.search(word))])

VENDORS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {vendor: tuple(names) for vendor, names in _RULES["vendors"].items()}
)
"""Other vendors' names for this one or its products, folded."""
