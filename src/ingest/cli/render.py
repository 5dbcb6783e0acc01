"""
The output for people and programs: data on standard output, all else on standard error.

A terminal of 80 columns or more has one line a row. Long texts are cut and less important columns are left out, but never
an id. A narrower terminal has folding tables. A pipe has one aligned line a row, of any length and without colour. Programs
get JSON. Text of vendors stays text: invisible characters are escaped, and markup has no effect.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Final

from ingest.errors import OutputError
from ingest.log import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDE: Final = 1_000_000
"""The columns of a pipe, more than in any row."""

GAP: Final = 2
"""Spaces between two columns."""

USUAL: Final = 80
"""The fewest columns of a terminal with one line a row."""

LEGIBLE: Final = 24
"""The fewest columns of a cut title or sentence."""

SCANT: Final = 8
"""The fewest columns of a cut title or sentence beside a long id."""


# ── for programs ────────────────────────────────────────────────────────────────────────────────────────────────


def to_json(value: object, *, indent: int | None = None) -> str:
    r"""Return JSON, with `\uXXXX` for invisible characters and for those outside the encoding of standard output."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, ensure_ascii=not unicode, indent=indent, default=_plain)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(char if char == "\n" or visible(char) == char else _escape(char) for char in text)


def _plain(value: object) -> object:
    """Convert a value for JSON: data classes by field, times in UTC, durations as in the allow-list."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return spell(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def spell(span: timedelta) -> str:
    """Return a duration as in the allow-list: `15m`, `1h`, `1d`."""
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


def text(sentences: Iterable[str]) -> None:
    """Print several lines of data."""
    _put("".join(f"{visible(sentence)}\n" for sentence in sentences))


def instead(text: str) -> None:
    """Print a sentence in place of a table: on standard output for a terminal, else on standard error."""
    if not is_terminal(sys.stdout):
        note(text)
        return
    from rich.text import Text

    show(Text(visible(text), style="bold"))


def note(text: str) -> None:
    """Print a message on standard error."""
    _put("".join(f"{visible(part.expandtabs())}\n" for part in text.split("\n")), sys.stderr)


Cell = str | tuple[str, ...]
"""The content of a cell. Several lines stand one below the other, for a terminal only."""


def count(number: int, what: str) -> str:
    """Return a number with its noun: `1 vendor`, `1,234 vendors`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


_WHOLE: Final[Mapping[int, int]] = {}


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    right: Iterable[int] = (),
    cut: Mapping[int, int] = _WHOLE,
    spare: Sequence[int] = (),
) -> list[str]:
    """
    Print rows under headings.

    Args:
        headings: The heading of each column.
        rows: The cells of each row.
        right: Columns of numbers, by index, to set flush right.
        cut: Columns of text that a terminal may cut, each with its least width. Without any, tables fold.
        spare: Columns that a terminal may leave out, in this order, but never one with an id.

    Returns:
        The headings of the columns cut or left out.
    """
    shown = [["\n".join(map(visible, (cell,) if isinstance(cell, str) else cell)) for cell in row] for row in rows]
    if not is_terminal(sys.stdout):
        _put(_aligned([list(headings), *shown], frozenset(right)))
        return []
    if cut and (fitted := _fitted([list(headings), *shown], cut, spare)) is not None:
        _print_lines(fitted, shown, headings, frozenset(right))
        return [headings[at] for at, width in enumerate(fitted.widths) if width < fitted.whole[at]]
    _print_folded(headings, shown, frozenset(right))
    return []


@dataclass(frozen=True, slots=True)
class _Fitted:
    """The width of each column, 0 for a column left out, and its full width."""

    widths: list[int]
    whole: list[int]


def _fitted(rows: list[list[str]], cut: Mapping[int, int], spare: Sequence[int]) -> _Fitted | None:
    """Choose the columns of a terminal and their widths. None if one line a row does not fit."""
    from rich.cells import cell_len

    room = width()
    whole = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    least = [min(each, cut.get(at, each)) for at, each in enumerate(whole)]
    kept = set(range(len(whole)))
    for at in (*spare, None):
        free = room - sum(least[each] + GAP for each in kept) + GAP
        if free >= 0 or at is None:
            break
        kept.discard(at)
    for at in kept & cut.keys():  # beside a long id, a short text is better than several lines
        less = min(max(0, -free), max(0, least[at] - SCANT))
        least[at] -= less
        free += less
    if room < USUAL or free < 0:
        return None
    widths = [least[at] if at in kept else 0 for at in range(len(whole))]
    # Short columns get their full width first, and the longest column gets the rest.
    for at in sorted(kept & cut.keys(), key=lambda at: whole[at]):
        more = min(whole[at] - widths[at], free)
        widths[at] += more
        free -= more
    return _Fitted(widths, whole)


def _print_lines(fitted: _Fitted, rows: list[list[str]], headings: Sequence[str], right: frozenset[int]) -> None:
    from rich.text import Text

    def row(cells: Sequence[str], style: str = "") -> Text:
        shown = [at for at, width in enumerate(fitted.widths) if width]
        text = (" " * GAP).join(_cell(cells[at], fitted.widths[at], at in right) for at in shown)
        return Text(text.rstrip(" "), style=style, no_wrap=True, overflow="ignore")

    show(Text("\n").join([row(headings, "bold"), *map(row, rows)]))


def _cell(text: str, width: int, right: bool) -> str:
    """Cut or pad a cell to its width on the screen."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) > width:
        text = set_cell_size(text, width - 1).rstrip(" ") + "…"
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def _print_folded(headings: Sequence[str], shown: list[list[str]], right: frozenset[int]) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for index, heading in enumerate(headings):
        grid.add_column(heading, justify="right" if index in right else "left", overflow="fold")
    for row in shown:
        grid.add_row(*map(Text, row))
    show(grid)


def _aligned(rows: list[list[str]], right: frozenset[int]) -> str:
    """Align rows in columns of the widest cell. A wide (East Asian) character takes two columns (UAX #11)."""
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


Facts = list[tuple[str, str]]
"""Names and values of one block. An empty value is left out."""


def all_blocks(described: Iterable[tuple[str, Facts]]) -> None:
    """Print several blocks with their titles."""
    for title, facts in described:
        blocks(title, facts)


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
    """Whether a stream is a terminal. No environment variable can change this."""
    return stream.isatty()


def console(stream: IO[str]) -> Console:
    """Make a console on a stream. Only a terminal without NO_COLOR has colour (no-color.org)."""
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


def is_narrow() -> bool:
    """Whether standard output is a terminal too narrow for one line a row."""
    return is_terminal(sys.stdout) and width() < USUAL


def width() -> int:
    """Return the columns of the terminal on standard output."""
    return console(sys.stdout).width


def show(what: RenderableType) -> None:
    """Print something on standard output, for a terminal."""
    with _writing(sys.stdout):
        console(sys.stdout).print(what)


# ── the streams ─────────────────────────────────────────────────────────────────────────────────────────────────


def _put(text: str, stream: IO[str] | None = None) -> None:
    """Write and flush."""
    target = stream or sys.stdout
    with _writing(target):
        target.write(text)
        target.flush()


@contextmanager
def _writing(stream: IO[str]) -> Iterator[None]:
    """
    Discard the rest of the output after the reader of a pipe ended (`| head`). The command has not failed.

    Raises:
        OutputError: Data cannot be written. Messages for standard error are lost without an error.
    """
    try:
        yield
    except OSError as error:
        _give_up(stream)
        if stream is not sys.stderr and not isinstance(error, BrokenPipeError):
            raise lost(error) from error


def lost(error: OSError) -> OutputError:
    """Return the error of lost data."""
    why = f"could not be written ({error.strerror or error}), so what was printed is not whole"
    return OutputError(f"{why}; make room where it goes, or send it elsewhere.", subject="standard output")


def is_of_output(error: OSError) -> bool:
    """Whether an error without a file name is from standard output. If so, discard further output."""
    if error.filename is not None or error.errno not in _UNWRITABLE:
        return False
    _give_up(sys.stdout)
    return True


_UNWRITABLE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def _give_up(stream: IO[str]) -> None:
    """Discard the buffer of a stream and all further output, so that Python does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def prepare_streams() -> None:
    """
    Let no stream fail on a character outside its encoding.

    A stream closed before the start (`>&-`) is opened again, so that no file of ours gets its number. Writing to standard
    output then fails as it should. Messages on standard error are lost.
    """
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
