from __future__ import annotations

import random
import sys
from collections import defaultdict
from itertools import combinations

import pytest

from dedupe.report import ABSENT, NEEDS_A_FETCH, ROOT, addresses, figures, labelled, placed, rows, shuffled
from support.sampling import is_long

pytestmark = pytest.mark.skipif(not (ROOT / "items.jsonl").is_file(), reason=ABSENT)

SHUFFLES = 100 if is_long() else 20
SAMPLES = 40 if is_long() else 10


def test_no_two_stories_are_merged_and_few_are_missed() -> None:
    result = figures(placed(labelled()))
    sys.stdout.write(f"{result}\n")
    assert result["pair_precision"] == 1.0
    assert result["pair_f1"] >= 0.97
    assert result["hard_negatives_merged"] == 0
    right, count = map(int, result["recall_cross_language"].split("/"))
    assert right >= 0.9 * count


def test_orders_of_arrival_end_in_the_same_stories() -> None:
    members = labelled()
    expected = placed(members)
    for seed in range(SHUFFLES):
        assert shuffled(members, seed) == expected, f"order {seed}"


def test_what_a_source_leaves_out_does_not_make_others_merge() -> None:
    """A clear best is only as clear as its rivals: with a part of the items missing, precision has to stay."""
    members = labelled()
    story_of = {id_: row["cluster_id"] for row in rows(ROOT / "clusters.jsonl") for id_ in row["item_ids"]}
    open_ = {frozenset((row["a"], row["b"])) for row in rows(ROOT / "unsure.jsonl")}
    right: dict[bool, int] = defaultdict(int)
    for seed in range(SAMPLES):
        chance = random.Random(seed)
        share = chance.choice((0.5, 0.7, 0.9))
        for story in placed(member for member in members if chance.random() < share):
            for one, other in combinations(story.headline_ids, 2):
                if frozenset((one, other)) not in open_:
                    right[one in story_of and story_of[one] == story_of.get(other)] += 1
    sys.stdout.write(f"{right[True]} pairs right, {right[False]} wrong in {SAMPLES} samples\n")
    assert right[True] / (right[True] + right[False]) >= 0.999


def test_two_addresses_are_one_document_or_not() -> None:
    kinds, wrong = addresses()
    total = sum(count for _, count in kinds.values())
    sys.stdout.write(f"{total - len(wrong)} of {total}: {kinds}\n")
    assert len(wrong) <= 0.02 * total
    assert not any(row["said"] for row in wrong)
    settled = {kind: counts for kind, counts in kinds.items() if kind != NEEDS_A_FETCH}
    assert all(right == count for right, count in settled.values())
