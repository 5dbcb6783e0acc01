"""Joins in words, for `ingest story` and `ingest why`."""

from __future__ import annotations

from typing import Final

from ingest.stories.members import Join, Rule

SENTENCES: Final[dict[Rule, str]] = {
    "operator": "an operator merged them",
    "hreflang": "one page names the other as its version in another language",
    "page": "the same page, listed twice",
    "address": "the same address but for its language",
    "repost": "listed again by its source under the address of another day",
    "title": "the same title in another source",
    "slug": "the same last words of the address in another source",
    "subject": "one title is the name of what the other is about",
    "words": "the clear best of those days by words in common, seen from both sides",
    "translation": "the clear best of those days in another language, seen from both sides",
}


def in_words(join: Join) -> str:
    """Return the reason of a join in words: the rule, the score, the matched parts."""
    matched = "; ".join(f"{name}: {value}" for name, value in join.evidence)
    return f"{SENTENCES[join.rule]} (score {join.score:.2f}): {matched}"
