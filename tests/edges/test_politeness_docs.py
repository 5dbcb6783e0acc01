"""docs/reliability.md against the tests: it promises nothing that is not shown, and leaves out nothing that is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| case ")]
NAMED = set(re.findall(r"`(test_\w+)`", "\n".join(ROWS)))


def functions_in(*patterns: str) -> set[str]:
    return {
        node.name
        for pattern in patterns
        for path in TESTS.glob(pattern)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_promise_has_a_test_that_exists() -> None:
    assert len(ROWS) > 60
    assert [row for row in ROWS if not re.fullmatch(r"\| [^|]+ \| [^|]+ \| `test_\w+`(?:, `test_\w+`)* \|", row)] == []
    assert sorted(NAMED - functions_in("**/test_*.py")) == []


def test_every_test_of_politeness_and_of_the_fetcher_is_a_promise() -> None:
    here = functions_in("edges/test_politeness_docs.py")
    assert sorted(functions_in("edges/test_politeness_*.py", "edges/test_fetch*.py") - here - NAMED) == []
