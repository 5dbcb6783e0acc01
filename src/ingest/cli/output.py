"""The one choice between JSON for programs and text for people."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ingest.cli import render


def document(value: object, *, json: bool, text: Callable[[], object]) -> None:
    """
    Print a value.

    Args:
        value: The data, printed as one JSON document.
        json: The flag `--json` of the command.
        text: Prints the same for people.
    """
    if json:
        render.document(value)
    else:
        text()


def rows(values: Collection[object], *, json: bool, text: Callable[[], object], empty: str = "") -> None:
    """
    Print rows.

    Args:
        values: The rows, printed as one JSON object a line.
        json: The flag `--json` of the command.
        text: Prints the same for people.
        empty: The sentence for people without any row. Without a sentence, `text` prints in every case.
    """
    if json:
        render.lines(values)
    elif values or not empty:
        text()
    else:
        render.note(empty)
