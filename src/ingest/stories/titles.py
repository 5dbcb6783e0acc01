"""Titles compared: words, normal form, subject, and the differences of similar ones."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ingest.stories import rulebook

_CJK: Final = "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN: Final = re.compile(rf"[0-9]+(?:\.[0-9]+)+|[^\W_{_CJK}]+(?:\.[0-9]+)*|[{_CJK}]+")
_CJK_RUN: Final = re.compile(rf"[{_CJK}]+")
_BETWEEN: Final = re.compile(rf"(?<=[{_CJK}]) (?=[{_CJK}])")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)*")
_BARE: Final = re.compile(r"v?\d+(?:\.\d+)*")  # a number, a version
_MONTH_NUMBER: Final = re.compile(r"(\d+)月")
_VERSION: Final = re.compile(
    r"(?<![$€£¥])\b[a-z]*(\d+(?:\.\d+)*)(?![\d.]*(?:[%kmbx]\b|倍|\s?(?:million|billion|percent|times|万|億)))"
)
_VERSIONED: Final = re.compile(r"v?\d+(?:\.\d+)+")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_APOSTROPHES: Final = re.compile("['\u2018\u2019\u02bc]")
_MONTH: Final = re.compile(r"(?<=\d)\s+月")
_BREAK: Final = re.compile(r"\s*[:|](?![\d/])\s*|\s+[-–]\s+|[―—、]|,\s+|\s*\(")  # of text in NFKC
_NAME: Final = re.compile(r"[0-9]*[A-Za-z][A-Za-z0-9.+]*")
_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc]+")
_WORDS: Final = re.compile(r"[^\W\d_]{2,}")
_BY: Final = re.compile(rf"^(?:[^、「:]{{1,20}}、(?=.*[{_CJK}])|[\uac00-\ud7af]{{1,20}},\s+)")  # who announces
_ANNOUNCER: Final = re.compile("^[\u30a1-\u30fa\u30fc\u3400-\u9fff\uac00-\ud7af]{2,20}[、,]\\s*(?=.)")
_QUOTED: Final = re.compile("「([^「」]{2,60})」([^:、。「]*)")
_NOTES: Final = re.compile(r"(?<=\d)\s+(?:release\s+notes|changelog|released|release)\s*$")
_ASIDE: Final = re.compile(r"\([^)]*\)")
_TWICE: Final = re.compile(r"(?<![^\W_])(\w+)\s*\(\1s?\)")  # `Model Context Protocol (MCP)`, both in short
_MODEL: Final = re.compile(r"(?<![\w.-])[a-z]+\d[\w.]*-[a-z]\w*")  # `o4-mini`
_SIBLINGS: Final = re.compile(r"\b([a-z][\w.]*)-([a-z]\w*)\s*(?:and|&|,)\s*\1-([a-z]\w*)")
_AMOUNT: Final = re.compile(r"(?<=\d)\s?(m|b|tr)(?:illion|n)\b")  # `$40 million`, `$40M`
_GAP: Final = re.compile(r"[\s-]+")
_MONTHS: Final = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th)?"
_DATED: Final = re.compile(
    rf"^(?:(?:{_MONTHS}\.?\s+{_DAY}|{_DAY}\s+{_MONTHS})\.?(?:,?\s+20\d\d)?|20\d\d[-/.]\d{{1,2}}[-/.]\d{{1,2}}"
    r"|(?:20\d\d\s*年\s*)?\d{1,2}\s*月\s*\d{1,2}\s*日)\s*[-:|\u2013\u2014]\s*"
)
_MINOR: Final = 3  # letters of the words that Title Case leaves small
_MANY: Final = 5
_SHOUTED: Final = 0.85
"""Share of a long title's longer words with capitals, from which on capitals mean nothing."""

LONG_TITLE: Final = 5
"""Words from which on a title names one announcement, at any time."""


@dataclass(frozen=True, slots=True)
class Title:
    """
    A title in comparable parts.

    normal: equal for titles with the same content
    plain: the same without numbers
    subject: the part before a colon, comma or bracket in the same form, `head` the same word by word
    quoted: announced text in Japanese quotation marks
    announces: whether words around the subject call it new
    words: the words without endings, `unbranded` without the vendor, `order` the strong ones in order
    line: all words in order, Chinese and Japanese ones as single characters
    announcer: the words before a verb like `launches`, missing in all of these
    actor: the words before a verb like `supports`
    names: words written as names, `models` names with a number and a tier (`o4-mini`)
    versions: numbers with a dot, without amounts
    places: the words for kind `region`
    rounds: letters of rounds of funding
    siblings: the names of two members of one family (`med` and `fin` of `Acme-Med and Acme-Fin`)
    size: the number of words, `telling` that of strong words; four Chinese or Japanese characters count as a word
    """

    normal: str
    plain: str
    subject: str
    quoted: str
    head: tuple[str, ...]
    announces: bool
    words: frozenset[str]
    unbranded: tuple[str, ...]
    order: tuple[str, ...]
    line: tuple[str, ...]
    announcer: frozenset[str]
    actor: frozenset[str]
    size: int
    telling: int
    names: frozenset[str]
    models: frozenset[str]
    numbers: frozenset[str]
    versions: frozenset[str]
    tiers: frozenset[str]
    kinds: frozenset[str]
    places: frozenset[str]
    stages: frozenset[str]
    months: frozenset[str]
    parts: frozenset[str]
    rounds: frozenset[str]
    siblings: frozenset[str]


@lru_cache(maxsize=8_192)  # a title is asked about by each rule and each neighbour
def title(text: str, vendor: str = "") -> Title:
    """
    Take a title apart.

    Args:
        text: The title.
        vendor: The vendor, whose name is ignored in front of a subject (`Acme Reader`) or as an owner (`Acme's
        Reader`).
    """
    folded = _without_date(_folded(text))
    short = _abbreviated(folded)
    start, led = _led(_as_one(_tokens(short), vendor))
    kept = _without_stops(led)
    about = _without_vendor(kept, vendor)
    names = _names(text)
    clause = _BREAK.split(_BY.sub("", short), maxsplit=1)[0]
    subject = _head(clause)
    head = _without_vendor(_as_one(subject, vendor), vendor)
    words = [_word(token) for token in kept]
    stems = frozenset(part for word in words for part in word.stems)
    return Title(
        normal=" ".join(kept),
        plain=" ".join(token for token, word in zip(kept, words, strict=True) if not word.numbered),
        subject=" ".join(_without_stops(head)),
        quoted=" ".join(_without_vendor(_quoted(short).split(), vendor)),
        head=tuple(head),
        announces=len(subject) < len(_tokens(clause)) or not rulebook.DEALS.isdisjoint(head[:1]),
        words=stems,
        unbranded=tuple(about),
        order=tuple(part for word in about for part in _stems(word) if part not in WEAK),
        line=tuple(part for word in about for part in (word if _word(word).is_run else _stems(word))),
        announcer=frozenset(map(stem, start)),
        actor=_actor(kept),
        size=sum(word.size for word in words),
        telling=sum(word.size for word in words if word.telling),
        names=frozenset(map(stem, names)) & stems - WEAK,
        models=frozenset(_MODEL.findall(folded)),
        numbers=frozenset(map(_plain, _NUMBER.findall(folded))) - frozenset(_MONTH_NUMBER.findall(folded)),
        versions=_versions(folded),
        tiers=_tiers(folded) | (names & rulebook.NAMED_TIERS - set(rulebook.KINDS_OF_MODELS.findall(folded))),
        kinds=_kinds(folded),
        places=frozenset(rulebook.PLACES.findall(folded)),
        stages=rulebook.STAGES.of(short),
        months=rulebook.MONTHS.of(folded),
        parts=frozenset("".join(written) for written in rulebook.PART.findall(folded)),
        rounds=frozenset(rulebook.FUNDING_ROUND.findall(folded)),
        siblings=frozenset(stem(member) for _, *pair in _SIBLINGS.findall(folded) for member in pair),
    )


def without_announcer(text: str) -> str:
    """Remove the name in another script in front of a Japanese or Korean title (`富士通、X を発表`)."""
    return _ANNOUNCER.sub("", text)


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _MONTH.sub("月", _THOUSANDS.sub("", _APOSTROPHES.sub("", folded)))


def _without_date(folded: str) -> str:
    """Remove a release note's day at the beginning (`November 4, 2025: X`), if text follows."""
    rest = _DATED.sub("", folded, count=1)
    return rest if _WORDS.search(rest) else folded


def _abbreviated(folded: str) -> str:
    """Replace long forms by short ones (`large language models`, `generally available`, `40 million`)."""
    short = rulebook.LONG_FORMS.sub(lambda match: rulebook.ABBREVIATIONS[_GAP.sub("-", match.group())], folded)
    return _AMOUNT.sub(r"\1", _TWICE.sub(r"\1", short) if "(" in short else short)


def _plain(number: str) -> str:
    """Return `1.16` for `1.16.0`, since a release is named with and without its last zeros. `2.0` stays."""
    while number.count(".") > 1 and number.endswith(".0"):
        number = number.removesuffix(".0")
    return number


def _versions(folded: str) -> frozenset[str]:
    if "." not in folded:  # most titles have none
        return frozenset()
    return frozenset(_plain(number) for number in _VERSION.findall(folded) if "." in number)


def _tiers(folded: str) -> frozenset[str]:
    tiers = set(rulebook.TIERS.findall(rulebook.NO_TIERS.sub(" ", folded)))
    tiers.update(rulebook.TIERS_IN_JAPANESE.get(run, "") for run in _KATAKANA.findall(folded))
    return frozenset(tiers - {""})


def _kinds(folded: str) -> frozenset[str]:
    """Return the kind of an announcement. An audience or a customer stands before a colon, a comma or a purpose."""
    kinds = rulebook.KINDS.of(folded)
    clause = _without_purpose(_BREAK.split(folded, maxsplit=1)[0])
    if "audience" in kinds and "audience" not in rulebook.KINDS.of(clause):
        kinds -= {"audience"}
    return kinds | {"customer"} if rulebook.CUSTOMER.search(clause) else kinds


def _tokens(folded: str) -> list[str]:
    """Return the words, with versions without `v` and last zeros (`v1.16.0`, `1.16`)."""
    return [
        _plain(token.removeprefix("v")) if "." in token and _VERSIONED.fullmatch(token) else token
        for token in _TOKEN.findall(folded)
    ]


def _led(tokens: list[str]) -> tuple[list[str], list[str]]:
    """Return the announcer, and the words without the introduction (`Google announces`, `Introducing the new`)."""
    start = 0
    by: list[str] = []
    for place, token in enumerate(tokens[:4]):
        if token in rulebook.ANNOUNCE and place + 1 < len(tokens):
            start, by = place + 1, tokens[:place]
            break
    while start + 1 < len(tokens) and tokens[start] in rulebook.LEADS:
        start += 1
    return by, tokens[start:]


def _quoted(short: str) -> str:
    """Return the text in Japanese quotation marks with an announcement right behind them (`「X」を提供開始`)."""
    quotes = _QUOTED.findall(short)
    if len(quotes) != 1 or any(not is_idle(word) for word in _tokens(_ASIDE.sub(" ", quotes[0][1]))):
        return ""
    return " ".join(_without_stops(_tokens(quotes[0][0])))


def _head(clause: str) -> list[str]:
    """Return the words of a subject without its stage (`X is here`, `X を発表`)."""
    head = _led(_tokens(_NOTES.sub("", rulebook.STATUS.sub("", _without_purpose(clause)))))[1]
    while len(head) > 1 and head[-1] == "now":  # `X now in open beta`
        head = head[:-1]
    while len(head) > 1 and _CJK_RUN.fullmatch(head[-1]) and not rulebook.JAPANESE_WEAK.sub("", head[-1]):
        head = head[:-1]
    while len(head) > 1 and head[0] in rulebook.STOP:  # `general availability of X`
        head = head[1:]
    return head


def _without_purpose(clause: str) -> str:
    """Remove the purpose of an announced thing (`Acme launches X to help …`). Other sentences stay whole."""
    about = rulebook.PURPOSE.before(clause)
    return about if _is_announced(_tokens(about)) else clause


def _is_announced(tokens: list[str]) -> bool:
    """Whether words announce a subject: an introduction leads to it, or it is a deal."""
    return len(_led(tokens)[1]) < len(tokens) or not rulebook.DEALS.isdisjoint(tokens[:2])


def _without_stops(tokens: list[str]) -> list[str]:
    return [token for token in tokens if token not in rulebook.STOP] or tokens


def _as_one(tokens: list[str], vendor: str) -> list[str]:
    """Write a vendor's name of two words as one, as its id has it (`Red Hat`, `redhat`)."""
    whole = vendor.replace("-", "")
    for place, (one, other) in enumerate(itertools.pairwise(tokens)):
        if one + other == whole:
            return [*tokens[:place], vendor, *_as_one(tokens[place + 2 :], vendor)]
    return tokens


def _without_vendor(tokens: list[str], vendor: str) -> list[str]:
    """Remove the vendor's name. In `Acme Reader` it stays, if nothing more follows."""
    owned = [token for token in tokens if token != f"{vendor}s"] or tokens
    rest = [token for token in owned if token != vendor]
    while rest and rest[-1] in rulebook.STOP:
        rest = rest[:-1]
    return rest if len(rest) > 1 and any(map(_is_telling, rest)) else owned


def _actor(kept: list[str]) -> frozenset[str]:
    """Return the strong words of a sentence's subject, `X` of `X now supports Y`."""
    place = next((place for place, word in enumerate(kept) if word in rulebook.ACTS), 0)
    return frozenset(part for word in kept[:place] for part in _stems(word)) - WEAK


def is_idle(word: str) -> bool:
    """Whether a word says nothing by itself: a list calls it weak."""
    return _word(word).idle


def _is_telling(word: str) -> bool:
    return _word(word).telling


def is_bare_version(of: Title) -> bool:
    """`v1.2.0` of one library is not `v1.2.0` of another, but `step3` and `AI HQ` are names."""
    plain = of.plain.split()
    marked = (mark for word in of.normal.split() if word not in plain for mark in _LETTERS.findall(word))
    return bool(of.numbers) and not _LETTERS.search(of.plain) and all(mark in _MARKS for mark in marked)


_LETTERS: Final = re.compile(r"[^\W\d_]{3,}")
_MARKS: Final = frozenset({"alpha", "beta", "build", "canary", "dev", "nightly", "post", "preview", "release"})
"""Words inside a version (`1.2.0-beta3`)."""


def common(one: Title, other: Title) -> frozenset[str]:
    """Return the strong words in both titles, without numbers and versions."""
    return frozenset(word for word in one.words & other.words - WEAK if not _BARE.fullmatch(word))


def written_alike(one: Title, other: Title) -> frozenset[str]:
    """Return the stems of common words in one form, except for a plural (`models`, not `modelling`)."""
    ours, theirs = ({part for word in of.normal.split() for part in _forms(word)} for of in (one, other))
    return frozenset(map(stem, ours & theirs))


def _forms(word: str) -> tuple[str, ...]:
    return _stems(word) if _CJK_RUN.fullmatch(word) else (word.removesuffix("s"),)


def content(line: Sequence[str], weak: Collection[str] | None = None) -> list[str]:
    """Return the strong words of a part of a `line`. A run of Chinese and Japanese characters is one word."""
    leave = WEAK if weak is None else weak
    words = (word for word in _BETWEEN.sub("", " ".join(line)).split() if word not in leave)
    strong = (rulebook.JAPANESE_WEAK.sub("", word) if _CJK_RUN.fullmatch(word) else word for word in words)
    return [word for word in strong if word]


def shared(one: Title, other: Title) -> str:
    """Return the common words as written in the first title, for people to read."""
    words = dict.fromkeys(word for word in one.normal.split() if set(_stems(word)) & other.words)
    return ", ".join(words)


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Word:
    """
    A token with everything that does not depend on its title.

    stems: a Latin word less its ending, or the pairs of a run of Chinese and Japanese characters
    is_run: whether it is such a run
    idle: whether it says nothing by itself, `telling` whether it has content and is no bare number
    numbered: whether it has a number in it
    size: the number of words in it
    """

    stems: tuple[str, ...]
    is_run: bool
    idle: bool
    telling: bool
    numbered: bool
    size: int


@lru_cache(maxsize=16_384)  # words come again in every title
def _word(token: str) -> _Word:
    numbered = _NUMBER.search(token) is not None
    if _CJK_RUN.fullmatch(token):
        pairs = tuple(token[at : at + 2] for at in range(len(token) - 1)) or (token,)
        idle = not rulebook.JAPANESE_WEAK.sub("", token)
        size = max(1, len(token) // _CJK_WORD)
        return _Word(pairs, is_run=True, idle=idle, telling=not idle, numbered=numbered, size=size)
    of = stem(token)
    idle = of in WEAK
    telling = not idle and not _BARE.fullmatch(token)
    return _Word((of,), is_run=False, idle=idle, telling=telling, numbered=numbered, size=1)


_CJK_WORD: Final = 4  # characters of a word of two, and of its particles


def _stems(word: str) -> tuple[str, ...]:
    return _word(word).stems


@lru_cache(maxsize=16_384)  # words come again in every title
def stem(word: str) -> str:
    """
    Remove the endings most often changed by a second writer (`summaries`, `summarization`, `announces`).

    The rule is coarse on purpose: both sides are cut alike, and the result is compared with nothing else.
    """
    cut = word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > _STEM else word
    for ending in ("ization", "isation", "izing", "ized", "ize", "ation", "ing", "ed", "er"):
        if cut.endswith(ending) and len(cut) - len(ending) >= _STEM:
            cut = cut.removesuffix(ending)
            break
    while cut[-1] in "eiy" and len(cut) > _STEM:
        cut = cut[:-1]
    return cut


_STEM: Final = 3  # letters that stay

WEAK: Final = frozenset(map(stem, rulebook.WEAK))
"""Words of every second announcement, as in `Title.words`."""


def _names(text: str) -> frozenset[str]:
    """
    Return the words written as names, folded: capitals inside a sentence, capitals or digits inside a word.

    Where nearly all words have capitals, they mean nothing. In Japanese every Latin word is borrowed, mostly a name.
    """
    names: set[str] = set()
    clauses = [_NAME.findall(clause) for clause in _BREAK.split(unicodedata.normalize("NFKC", text))]
    longer = [word for clause in clauses for word in clause if len(word) > _MINOR]
    shouted = len(longer) >= _MANY and sum(not word[0].islower() for word in longer) >= _SHOUTED * len(longer)
    japanese = _CJK_RUN.search(text) is not None
    for clause in clauses:
        for place, word in enumerate(clause):
            inside = not word.islower() and not word.istitle()
            first = place == 0 or shouted
            if inside or japanese or (word[0].isupper() and not first):
                names.add(word.casefold().rstrip("."))
    return frozenset(names)
