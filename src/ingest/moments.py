"""Moments as SQLite stores them."""

from __future__ import annotations

from datetime import datetime


def written(moment: datetime) -> str:
    """Write a moment in UTC: `2026-05-22T12:00:00.000000Z`. The order of the texts is that of the moments."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
