"""Clusters of vendors that nothing else has, in the layout of the labelled stories; nothing beside the checkout is read."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

import pytest

from dedupe.report import labelled, placed, rows

RECALL = {"fresh": 0.8, "fresh_later": 0.76, "unseen": 0.8, "unseen_later": 0.8, "unseen_last": 0.8}
"""The least share of the pairs of one announcement."""


@pytest.mark.parametrize("name", RECALL)
def test_nothing_is_merged_wrongly_and_no_copy_is_lost_again(name: str) -> None:
    folder = Path(__file__).with_name(name)
    expected = {pair for row in rows(folder / "clusters.jsonl") for pair in combinations(sorted(row["item_ids"]), 2)}
    result = {pair for story in placed(labelled(folder)) for pair in combinations(story.headline_ids, 2)}
    sys.stdout.write(f"{name}: {len(result & expected)} of {len(expected)} pairs, wrong: {sorted(result - expected)}\n")
    assert not result - expected
    assert len(result & expected) >= RECALL[name] * len(expected)
