"""
Dates as sources write them. `parsing` reads a text that is a date, strictly: it completes and corrects nothing.

`printed` finds dates inside other text, and `partial` finds those without a year, as changelogs print them. They share `forms`
(what dates look like), `clock` (times of day) and `labels` (words for publication and change).
"""

from __future__ import annotations

from ingest.dates.parsing import LONGEST, parse

__all__ = ["LONGEST", "parse"]
