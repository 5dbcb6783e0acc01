"""
Borrowed words by their sound: `サウンドトラック` and `soundtrack` have the same consonants.

Vowels, `h`, `y`, `l` and `r` are left out, because Japanese adds, swaps or swallows them. Sounds alike in Japanese are
one letter. The form is coarse on purpose: the compared titles also agree in other things.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

SHORTEST: Final = 3  # consonants from which on an equal sound is no chance

_ROWS: Final = {
    "カキクケコ": "k",
    "ガギグゲゴジ": "g",
    "サシスセソザズゼゾ": "z",
    "タチツテト": "t",
    "ダヂヅデド": "d",
    "ナニヌネノン": "n",
    "バビブベボヴ": "b",
    "パピプペポ": "p",
    "フ": "f",
    "マミムメモ": "m",
    "ワ": "w",
}
_KATAKANA: Final = {kana: sound for kanas, sound in _ROWS.items() for kana in kanas}
_W: Final = re.compile("ウ(?=[ィェォ])")
_LATIN: Final = (
    (re.compile("ph"), "f"),
    (re.compile("sch|sh|th"), "z"),
    (re.compile("tch|ch"), "t"),
    (re.compile("ck|q"), "k"),
    (re.compile("x"), "kz"),
    (re.compile("c(?=[eiy])"), "z"),
    (re.compile("dge?|g(?=[eiy])|j"), "g"),
    (re.compile("c"), "k"),
    (re.compile("s"), "z"),
    (re.compile("v"), "b"),
    (re.compile("[aeiouyhlr]|w(?![aeiou])"), ""),
    (re.compile("m(?=[bp])"), "n"),
    (re.compile(r"[^a-z]"), ""),
)
_DOUBLED: Final = re.compile(r"(.)\1+")


@lru_cache(maxsize=4_096)
def of_katakana(word: str) -> str:
    """Return the consonants of a word in katakana."""
    consonants = "".join(_KATAKANA.get(kana, "") for kana in _W.sub("ワ", word))
    return _DOUBLED.sub(r"\1", re.sub("m(?=[bp])", "n", consonants))


@lru_cache(maxsize=4_096)
def of_latin(word: str) -> str:
    """Return the consonants of a folded Latin word as Japanese would write it."""
    for pattern, sound in _LATIN:
        word = pattern.sub(sound, word)
    return _DOUBLED.sub(r"\1", word)


def runs(words: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the sounds of up to three consecutive words, each with the words, since katakana leaves no space."""
    line = list(words)
    by_sound: dict[str, frozenset[str]] = {}
    for start in range(len(line)):
        for end in range(start + 1, min(start + _TOGETHER, len(line)) + 1):
            sound = _DOUBLED.sub(r"\1", "".join(map(of_latin, line[start:end])))
            if len(sound) >= SHORTEST:
                by_sound.setdefault(sound, frozenset(line[start:end]))
    return by_sound


_TOGETHER: Final = 3
