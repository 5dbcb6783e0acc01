"""The rules of docs/architecture.md that import contracts cannot state."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "ingest"


def modules(package: str = "") -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((SOURCE / package).rglob("*.py")):
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text())


@pytest.mark.parametrize("step", ["captures.add", "captures.mark_ingested", "captures.set_aside", "polls.record"])
def test_each_step_of_an_attempt_exists_once(step: str) -> None:
    """Keep, mark, set aside and ledger: one driver for polls, parts, pages, stored captures and replays."""
    calls = [
        name
        for name, tree in modules("pipeline")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == step
    ]
    assert calls == ["pipeline/attempt.py"]


def test_a_public_class_name_means_one_thing() -> None:
    places = defaultdict(list)
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
