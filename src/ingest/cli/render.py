"""
What reaches a person or a program: data on standard output, all else on standard error.

A terminal gets tables that fit its width, by folding, never by cutting. A pipe gets one line a row, aligned and as
long as it must be, without colour. Programs get JSON. What vendors wrote is shown as text: whatever is invisible is
written out, and nothing in it is taken for markup.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Final

from ingest.log import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDE: Final = 1_000_000
"""Columns of a pipe: more than any row has."""

GAP: Final = 2
"""Spaces between two columns."""


# ── for programs ────────────────────────────────────────────────────────────────────────────────────────────────


def to_json(value: object, *, indent: int | None = None) -> str:
    r"""Write JSON in which nothing is invisible: what is, and what standard output cannot encode, goes as `\uXXXX`."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, ensure_ascii=not unicode, indent=indent, default=_plain)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(char if char == "\n" or visible(char) == char else _escape(char) for char in text)


def _plain(value: object) -> object:
    """Turn a value that JSON does not know into one it does: fields by name, times in UTC, durations as in the list."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return spell(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def spell(span: timedelta) -> str:
    """Write a duration as the allow-list does: `15m`, `1h`, `1d`."""
    seconds = int(span.total_seconds())
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1] if ord(char) > 0x7F else f"\\u{ord(char):04x}"  # noqa: PLR2004 - the end of ASCII


def document(value: object) -> None:
    """Print one JSON document."""
    _put(to_json(value, indent=2) + "\n")


def lines(values: Iterable[object]) -> None:
    """Print one JSON object a line."""
    _put("".join(to_json(value) + "\n" for value in values))


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────


def line(text: str = "") -> None:
    """Print one line of data."""
    _put(visible(text) + "\n")


def note(text: str) -> None:
    """Say something that is not data, on standard error."""
    _put("".join(f"{visible(part.expandtabs())}\n" for part in text.split("\n")), sys.stderr)


Cell = str | tuple[str, ...]
"""What stands in a column; several lines one below the other, for a terminal only."""


def count(number: int, what: str) -> str:
    """Write a number with what it counts: `1 vendor`, `1,234 vendors`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def table(headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Iterable[int] = ()) -> None:
    """
    Print rows under headings.

    Args:
        right: Columns of numbers, by index, which are set flush right.
    """
    shown = [["\n".join(map(visible, (cell,) if isinstance(cell, str) else cell)) for cell in row] for row in rows]
    if not is_terminal(sys.stdout):
        _put(_aligned([list(headings), *shown], frozenset(right)))
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for index, heading in enumerate(headings):
        grid.add_column(heading, justify="right" if index in right else "left", overflow="fold")
    for row in shown:
        grid.add_row(*map(Text, row))
    show(grid)


def _aligned(rows: list[list[str]], right: frozenset[int]) -> str:
    """Set rows in columns as wide as their widest cell; a wide (East Asian) character takes two places (UAX #11)."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    text = []
    for row in rows:
        cells = []
        for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if index in right else cell + space)
        text.append((" " * GAP).join(cells).rstrip(" ") + "\n")
    return "".join(text)


def blocks(title: str, facts: Iterable[tuple[str, str]]) -> None:
    """Print facts under a title, one a line, their values aligned."""
    known = [(name, visible(value)) for name, value in facts if value]
    if not is_terminal(sys.stdout):
        width = max((len(name) for name, _ in known), default=0)
        _put("".join([f"{visible(title)}\n", *(f"  {name:<{width}}  {value}\n" for name, value in known), "\n"]))
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, show_header=False, padding=(0, GAP, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in known:
        grid.add_row(f"  {name}", Text(value))
    show(Text(visible(title), style="bold"))
    show(grid)
    line()


def is_terminal(stream: IO[str]) -> bool:
    """Tell whether a person looks at a stream; nothing in the environment can claim it."""
    return stream.isatty()


def console(stream: IO[str]) -> Console:
    """Make a console on a stream: colour only in a terminal, and not there if NO_COLOR is set (no-color.org)."""
    from rich.console import Console

    terminal = is_terminal(stream)
    coloured = terminal and not os.environ.get("NO_COLOR")
    return Console(
        file=stream,
        force_terminal=terminal,
        color_system="auto" if coloured else None,
        width=None if terminal else WIDE,
        markup=False,
        highlight=False,
        emoji=False,
    )


def show(what: RenderableType) -> None:
    """Print something for a terminal on standard output."""
    with _reader_may_leave(sys.stdout):
        console(sys.stdout).print(what)


# ── the streams ─────────────────────────────────────────────────────────────────────────────────────────────────


def _put(text: str, stream: IO[str] | None = None) -> None:
    """Write and flush."""
    target = stream or sys.stdout
    with _reader_may_leave(target):
        target.write(text)
        target.flush()


@contextmanager
def _reader_may_leave(stream: IO[str]) -> Iterator[None]:
    """Let the rest go nowhere when the reader of a pipe has had enough (`| head`): that is no fault of the command."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def prepare_streams() -> None:
    """Let no stream fail on a character that its encoding does not have."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
