"""What an ordinary run leaves to `--long`: more of a kind. Each kind, and both engines, belong to every run."""

from __future__ import annotations

import hypothesis


def is_long() -> bool:
    """Say whether the run has `--long`, by the profile that it gave to hypothesis (see `closing`)."""
    return hypothesis.settings().max_examples >= 1000
