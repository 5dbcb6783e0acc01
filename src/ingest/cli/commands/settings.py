"""`ingest settings`: every setting with its value, origin and unit."""

from __future__ import annotations

from ingest.cli import options, output, render, session
from ingest.settings import SettingRow, describe


def settings(
    *,
    sources: options.SourcesFlag = None,
    database: options.DatabaseFlag = None,
    json: options.JsonLinesFlag = False,
) -> None:
    """
    Show every setting, its origin and its unit.

    Flags win over the environment, and the environment over defaults. Passwords are shown as ***. The row of a setting
    without an effect has a note.
    """
    rows = describe(session.load(sources=sources, database=database))
    output.rows(rows, json=json, text=lambda: _print(rows))


def _print(rows: list[SettingRow]) -> None:
    render.table(
        ("setting", "value", "from", "unit", "flag", "meaning"),
        [(row.name, row.value or "–", row.origin, row.unit, row.flag or "–", row.meaning) for row in rows],
        cut={1: render.LEGIBLE, 5: render.LEGIBLE},
        spare=(5, 4, 3),
    )
