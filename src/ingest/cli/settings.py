"""`ingest settings`: every setting with its value, origin and unit."""

from __future__ import annotations

from ingest.cli import render, session
from ingest.settings import describe


def settings(
    *,
    sources: session.SourcesFlag = None,
    database: session.DatabaseFlag = None,
    json: session.JsonLinesFlag = False,
) -> None:
    """
    Show every setting, its origin and its unit.

    Flags win over the environment, the environment over defaults. Passwords are shown as ***. A setting that nothing follows yet says so in its own row.
    """
    rows = describe(session.load(sources=sources, database=database))
    if json:
        render.lines(rows)
        return
    render.table(
        ("setting", "value", "from", "unit", "flag", "meaning"),
        [(row.name, row.value or "–", row.origin, row.unit, row.flag or "–", row.meaning) for row in rows],
        cut={1: render.LEGIBLE, 5: render.LEGIBLE},
        spare=(5, 4, 3),
    )
