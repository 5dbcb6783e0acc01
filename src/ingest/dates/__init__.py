"""
Dates as sources write them. `parsing` reads one date strictly: it neither completes nor corrects it.

`printed` finds dates inside other text, and `partial` finds dates without a year, as in changelogs. Both use `forms` (the
patterns of dates), `clock` (times of day) and `labels` (words for publication and change).
"""

from __future__ import annotations

from ingest.dates.parsing import LONGEST, parse

__all__ = ["LONGEST", "parse"]
