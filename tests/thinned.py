"""What an ordinary run leaves to `--long`: more of a kind. Each kind, and both engines, belong to every run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import hypothesis
import pytest

ENGINE: Final = "database_url"
"""The fixture whose parameter is the engine of a test."""


def is_long() -> bool:
    """Whether the run has `--long`, by the profile of hypothesis (see `closing`)."""
    return hypothesis.settings().max_examples >= 1000


def skip_other_engine(items: Iterable[pytest.Item]) -> None:
    """
    Leave each case of a module marked `either_engine` on one engine.

    The cases of a module take the engines in turn, in the order of their names, so that a test of several cases still
    runs on both. The mark is for decisions whose statements other tests run on both engines.
    """
    modules: dict[Any, list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("either_engine") and ENGINE in _params(item):
            modules[item.path].append(item)
    for module in modules.values():
        engines = sorted({_params(item)[ENGINE] for item in module})
        cases = {case: turn for turn, case in enumerate(sorted({_case(item) for item in module}))}
        for item in module:
            if _params(item)[ENGINE] != engines[cases[_case(item)] % len(engines)]:
                item.add_marker(pytest.mark.skip(reason="the other engine, too: --long"))


def _params(item: pytest.Function) -> dict[str, Any]:
    return item.callspec.params if hasattr(item, "callspec") else {}


def _case(item: pytest.Function) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Return the name of a test with the numbers of its parameters, but for the engine."""
    others = sorted((name, number) for name, number in item.callspec.indices.items() if name != ENGINE)
    return item.nodeid.partition("[")[0], tuple(others)
