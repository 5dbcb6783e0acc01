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


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ("captures.add", "pipeline/attempt.py"),
        ("captures.set_aside", "pipeline/attempt.py"),
        ("captures.mark_ingested", "pipeline/batch.py"),
        ("leases.settle", "pipeline/batch.py"),
        ("polls.record", "pipeline/batch.py"),
    ],
)
def test_each_step_of_an_attempt_exists_once(step: str, place: str) -> None:
    """Keep, mark, set aside and ledger: one driver for polls, parts, pages, stored captures and replays."""
    calls = [
        name
        for name, tree in modules("pipeline")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == step
    ]
    assert calls == [place]


def test_a_public_class_name_means_one_thing() -> None:
    places = defaultdict(list)
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
