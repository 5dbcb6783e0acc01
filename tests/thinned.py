"""What an ordinary run leaves to `--long`, and what it keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import hypothesis
import pytest


def is_long() -> bool:
    """Say whether the run has `--long`, by the profile that it gave to hypothesis (see `closing`)."""
    return hypothesis.settings().max_examples >= 1000


def always(kept: Collection[Any], values: Iterable[Any]) -> list[Any]:
    """Give every value to `parametrize`; those that are not kept run with `--long` alone."""
    return [value if value in kept else pytest.param(value, marks=pytest.mark.long) for value in values]
