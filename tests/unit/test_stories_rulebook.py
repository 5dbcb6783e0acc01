"""The expressions of the rulebook: built with shared beginnings, equal to a plain list of alternatives."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ingest.stories.rulebook import Phrases

WORDS = st.text(alphabet="ab-. あ国", min_size=1, max_size=5).map(str.strip).filter(bool)


def plain(words: list[str]) -> str:
    """An expression with the longest alternative first, Latin words whole."""
    longest = sorted(set(words), key=lambda word: (-len(word), word))
    latin = "|".join(re.escape(word) for word in longest if word.isascii())
    others = "|".join(re.escape(word) for word in longest if not word.isascii())
    return "|".join(filter(None, (latin and rf"(?<![a-z0-9])(?:{latin})(?![a-z0-9])", others)))


@given(st.lists(WORDS, min_size=1, max_size=8), st.text(alphabet="ab-. あ国", max_size=30))
def test_phrases_match_as_the_plain_list_of_them_does(words: list[str], text: str) -> None:
    phrases = Phrases(words)
    expected = re.compile(plain(words))
    assert phrases.findall(text) == expected.findall(text)
    assert phrases.sub("_", text) == expected.sub("_", text)
    assert bool(phrases.search(text)) == bool(expected.search(text))


def test_a_hyphen_may_stand_for_any_gap() -> None:
    phrases = Phrases(["large-language-model"], hyphen=r"[\s-]+")
    assert phrases.findall("a large language-model") == ["large language-model"]
    assert Phrases(["large-language-model"]).search("a large language model") is None
