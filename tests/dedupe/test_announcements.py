"""
Pairs made up after vendors' habits, of vendors and kinds that the labelled items lack: each pair alone, and all at once.

Days and most addresses are ours; no pair was made from a labelled item.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import pytest

from dedupe.pairs import FURTHER, alone, counts, errors, figures, name_of, pairs_of, together

ANNOUNCEMENTS: Final = Path(__file__).with_name("announcements.jsonl")
LATER: Final = Path(__file__).with_name("later.jsonl")
"""Written after the rules of `further.jsonl`: 43 to break them, 56 of vendors that nothing else has."""

RECALL: Final = {ANNOUNCEMENTS: 0.9, FURTHER: 0.9, LATER: 0.9}  # at least, of the pairs that are one announcement
STILL_WRONG: Final = {
    "Boulder Pipelines adds Kubernetes operators / Boulder Pipelines on Kubernetes: scaling operators for Ray"
}


@pytest.mark.parametrize("place", [alone, together])
@pytest.mark.parametrize("path", RECALL, ids=lambda path: path.stem)
def test_what_is_another_announcement_stays_apart_and_most_copies_are_found(path: Path, place: Any) -> None:
    pairs = pairs_of(path)
    message = place(pairs)
    right, wrong, missed = counts(pairs, message)
    precision, recall, f1 = figures(right, wrong, missed)
    sys.stdout.write(
        f"{path.stem}: precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}\n{errors(pairs, message)}\n"
    )
    assert wrong == len(STILL_WRONG & {name_of(pair) for pair in pairs})
    assert recall >= RECALL[path]
