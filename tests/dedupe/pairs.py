"""
Pairs of headlines with a label, placed and scored: each pair alone, and all of them at once.

    PYTHONPATH=src:tests python -m dedupe.pairs [--held | --all] [--errors] [FILE]

A pair is `same` or not, has a `kind`, and may be `held`: kept aside while rules are changed. Without an option, pairs that
are held are neither scored nor shown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from dedupe.build import member
from ingest.stories import Member, in_words
from support.in_memory_stories import InMemoryStories

FURTHER: Final = Path(__file__).with_name("further.jsonl")
FAR: Final = date(2100, 1, 1)

Pair = dict[str, Any]
Placing = dict[str, bool]


def pairs_of(path: Path) -> list[Pair]:
    """Read pairs from JSON Lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def headline(fields: dict[str, str]) -> Member:
    """Make the headline of one side of a pair."""
    return member(**fields)


def name_of(pair: Pair) -> str:
    """Name a pair by its two titles."""
    return f"{pair['a']['title']} / {pair['b']['title']}"


def alone(pairs: Sequence[Pair]) -> Placing:
    """Say of each pair whether it becomes one story where its vendor says nothing else: nothing rivals it."""
    return {name_of(pair): len(shelf_of([pair]).stories()) == 1 for pair in pairs}


def together(pairs: Sequence[Pair]) -> Placing:
    """Say the same where all are there at once."""
    ids: dict[str, str] = {}
    shelf = shelf_of(pairs, ids)
    story_of = {id_: story.founder_id for story in shelf.stories() for id_ in story.headline_ids}
    return {name_of(pair): story_of[ids[str(pair["a"])]] == story_of[ids[str(pair["b"])]] for pair in pairs}


def shelf_of(pairs: Sequence[Pair], ids: dict[str, str] | None = None) -> InMemoryStories:
    """Place both sides of all pairs, a headline of several pairs once, and settle everything."""
    placed = {} if ids is None else ids
    shelf = InMemoryStories()
    for fields in (pair[end] for pair in pairs for end in "ab"):
        if str(fields) not in placed:
            built = headline(fields)
            placed[str(fields)] = built.id
            shelf.add(built)
    shelf.settle(FAR)
    return shelf


def counts(pairs: Sequence[Pair], message: Placing) -> tuple[int, int, int]:
    """Return how many pairs are joined rightly, wrongly, and missed."""
    right = sum(pair["same"] and message[name_of(pair)] for pair in pairs)
    wrong = sum(not pair["same"] and message[name_of(pair)] for pair in pairs)
    return right, wrong, sum(pair["same"] for pair in pairs) - right


def figures(right: int, wrong: int, missed: int) -> tuple[float, float, float]:
    """Return precision, recall and F1; what has nothing to count is 1."""
    precision = right / (right + wrong) if right + wrong else 1.0
    recall = right / (right + missed) if right + missed else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def table(pairs: Sequence[Pair], message: Placing) -> str:
    """Return the figures by kind and of all, as lines of text."""
    kinds: Mapping[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        kinds[pair.get("kind", "all")].append(pair)
    lines = [f"{'kind':14}{'pairs':>6}{'same':>6}{'found':>7}{'wrong':>7}{'P':>8}{'R':>8}{'F1':>8}"]
    for kind, of in [*sorted(kinds.items()), ("all", list(pairs))]:
        right, wrong, missed = counts(of, message)
        shares = "".join(f"{share:8.3f}" for share in figures(right, wrong, missed))
        lines.append(f"{kind:14}{len(of):6}{right + missed:6}{right:7}{wrong:7}{shares}")
    return "\n".join(lines)


def errors(pairs: Sequence[Pair], message: Placing) -> str:
    """Return the pairs that came out wrong, with why they were joined."""
    lines = []
    for pair in pairs:
        if message[name_of(pair)] != pair["same"]:
            why = [in_words(join) for story in shelf_of([pair]).stories() for join in story.joins]
            sides = [
                f"    {pair[end]['day']} {pair[end]['lang']} {pair[end]['title']} {pair[end]['url']}" for end in "ab"
            ]
            lines += [f"{'MISSED' if pair['same'] else 'WRONG'} {pair.get('kind')} {why}", *sides]
    return "\n".join(lines)


def main() -> None:
    """Print the figures by kind."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", type=Path, nargs="?", default=FURTHER)
    which = arguments.add_mutually_exclusive_group()
    which.add_argument("--held", action="store_true")
    which.add_argument("--all", action="store_true")
    arguments.add_argument("--errors", action="store_true")
    chosen = arguments.parse_args()
    pairs = [pair for pair in pairs_of(chosen.file) if chosen.all or pair.get("held", False) == chosen.held]
    for way in (alone, together):
        message = way(pairs)
        sys.stdout.write(f"{way.__name__}\n{table(pairs, message)}\n\n")
        if chosen.errors:
            sys.stdout.write(f"{errors(pairs, message)}\n\n")


if __name__ == "__main__":
    main()
