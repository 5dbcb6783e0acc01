"""
The labelled stories beside the checkout, placed and scored by their own scorer.

    PYTHONPATH=src:tests python -m dedupe.report [--errors N] [--shuffles N] [FOLDER]

Every item is added to `InMemoryStories` as a headline would: proofs on arrival, likeness when all days are settled. Items carry
no role, so all have the same; no label is read before the scorer reads it.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from dedupe.build import SEEN
from ingest.model import Precision, Role
from ingest.stories import Member, Story, in_words, same_document
from support.in_memory_stories import InMemoryStories

ROOT: Final = Path(__file__).parents[3] / "shared" / "dedupe"
ABSENT: Final = f"the labelled stories are not at {ROOT.parent.name}/{ROOT.name} beside the checkout"
FAR: Final = date(2100, 1, 1)
NEEDS_A_FETCH: Final = "redirect"


def rows(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def labelled(folder: Path = ROOT) -> list[Member]:
    """Return the items as headlines, in the order of the file."""
    return [_member(row) for row in rows(folder / "items.jsonl")]


def _member(row: dict[str, Any]) -> Member:
    published = datetime.fromisoformat(row["published"]) if row["published"] else None
    return Member(
        id=row["id"],
        vendor=row["vendor"],
        source=row["source"],
        role=Role.NEWS,
        url=row["url"],
        title=row["title"],
        lang=row["lang"],
        published=published,
        precision=Precision.SECOND if published else Precision.NONE,
        first_seen_at=SEEN,
        summary=row["summary"],
    )


def placed(members: Iterable[Member]) -> list[Story]:
    """Place headlines in the order given and settle everything."""
    shelf = InMemoryStories()
    for member in members:
        shelf.add(member)
    shelf.settle(FAR)
    return shelf.stories()


def shuffled(members: list[Member], seed: int) -> list[Story]:
    """Place the same in another order, with days settled too early, opened again and items listed twice."""
    chance = random.Random(seed)
    days = [member.day for member in members if member.day]
    shelf = InMemoryStories()
    for member in chance.sample(members, len(members)):
        shelf.add(member)
        if chance.random() < 0.01:
            shelf.settle(chance.choice(days))
        if chance.random() < 0.05:
            shelf.add(chance.choice(members))
    shelf.settle(FAR)
    return shelf.stories()


def score(stories: Iterable[Story], folder: Path = ROOT, *, errors: int = 0) -> str:
    """Run the scorer that came with the labels; `errors` of 0 gives JSON."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as predicted:
        for story in stories:
            why = " | ".join(in_words(join) for join in story.joins)
            predicted.write(json.dumps({"item_ids": story.headline_ids, "why": why}) + "\n")
        predicted.flush()
        options = ["--errors", str(errors)] if errors else ["--json"]
        command = [sys.executable, str(ROOT / "score.py"), str(folder), predicted.name, *options]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def figures(stories: Iterable[Story], folder: Path = ROOT) -> dict[str, Any]:
    """Return the scorer's figures."""
    result: dict[str, Any] = json.loads(score(stories, folder))
    return result


def addresses(folder: Path = ROOT) -> tuple[dict[str, tuple[int, int]], list[dict[str, Any]]]:
    """Return how many pairs of addresses of each kind are judged right, of how many, and the wrong ones."""
    right: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    wrong = []
    pairs = folder / "url_pairs.jsonl"
    for row in rows(pairs) if pairs.is_file() else []:
        message = same_document(row["url_a"], row["url_b"])
        seen[row["kind"]] += 1
        right[row["kind"]] += message == row["same"]
        if message != row["same"]:
            wrong.append({**row, "said": message})
    return {kind: (right[kind], count) for kind, count in seen.items()}, wrong


def main() -> None:
    """Print all figures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path, nargs="?", default=ROOT)
    arguments.add_argument("--errors", type=int, default=20)
    arguments.add_argument("--shuffles", type=int, default=100)
    chosen = arguments.parse_args()
    members = labelled(chosen.folder)
    stories = placed(members)
    kinds, wrong = addresses(chosen.folder)
    total = sum(count for _, count in kinds.values())
    same = sum(shuffled(members, seed) == stories for seed in range(chosen.shuffles))
    reported = [
        score(stories, chosen.folder, errors=chosen.errors),
        f"joins by rule: {dict(Counter(join.rule for story in stories for join in story.joins))}",
        f"addresses: {total - len(wrong)} of {total}; right and all by kind: {kinds}",
        *(f"  wrong: {row}" for row in wrong),
        f"shuffled arrivals with identical final stories: {same} of {chosen.shuffles}",
    ]
    sys.stdout.write("\n".join([*reported, ""]))


if __name__ == "__main__":
    main()
