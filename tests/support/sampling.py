"""What an ordinary run leaves to `--long`: more of a kind. Each kind, and both engines, belong to every run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

import hypothesis
import pytest

ENGINE: Final = "database_url"
"""The fixture whose parameter is the engine of a test."""

ENGINES: Final = ("postgresql", "sqlite")


def is_long() -> bool:
    """Whether the run has `--long`, by the profile of hypothesis (see `run`)."""
    return hypothesis.settings().max_examples >= 1000


def sampled(values: Iterable[Any], every: int, name: Callable[[Any], str] = str) -> list[Any]:
    """Return values as parameters of a test: an ordinary run takes one of `every` in order, `--long` takes all."""
    return [
        pytest.param(value, id=name(value), marks=pytest.mark.long if number % every else ())
        for number, value in enumerate(values)
    ]


def skip_other_engine(items: Iterable[pytest.Item]) -> None:
    """
    Leave each case of a module marked `either_engine` on one engine.

    The cases of a module take the engines in turn, in the order of their names, so that a test of several cases still
    runs on both. The mark is for decisions whose statements other tests run on both engines.
    """
    modules: dict[Any, dict[str, list[pytest.Function]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("either_engine") and ENGINE in _params(item):
            modules[item.path][_case(item)].append(item)
    for cases in modules.values():
        for turn, (_, same) in enumerate(sorted(cases.items())):
            if len(same) == len(ENGINES):  # or the run was asked for one engine alone
                _skip(same, but=ENGINES[turn % len(ENGINES)])


def _skip(same: list[pytest.Function], *, but: str) -> None:
    for item in same:
        if _params(item)[ENGINE] != but:
            item.add_marker(pytest.mark.skip(reason="the other engine, too: --long"))


def _params(item: pytest.Function) -> dict[str, Any]:
    return item.callspec.params if hasattr(item, "callspec") else {}


def _case(item: pytest.Function) -> str:
    """Return the name of a test with those of its parameters, but for the engine."""
    return item.nodeid.replace(_params(item)[ENGINE], "", 1)
