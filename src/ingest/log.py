"""
One logging set-up: lines on standard error, as text for people or JSON for collectors (CONTRACT §3, `INGEST_LOG`).

What vendors say can be part of a message, so whatever is invisible is written out: no line can be forged and no
terminal steered.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import unicodedata
from datetime import UTC, datetime
from typing import Final

from ingest.masking import scrub

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that a line must not hold as they are: controls, formats, surrogates, separators of lines."""

_TALKATIVE: Final = ("alembic", "apscheduler", "httpcore", "httpx", "sqlalchemy", "uvicorn")
"""Libraries whose own progress is not an operator's business; their warnings are."""


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at that moment: a live display stands in its place for the while."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; what cannot be written (a closed pipe) is dropped, the work goes on."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except OSError:
            pass


class _Masking(logging.Formatter):
    """Knows the secrets that no line may hold: a driver's words, or a traceback, could repeat them."""

    def __init__(self, hidden: frozenset[str]) -> None:
        super().__init__()
        self.hidden = hidden


class _Text(_Masking):
    """`2026-05-22T12:00:00.000Z INFO ingest.poll poll source=…`; further lines of a message are indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        return f"{_at(record)} {record.levelname} {record.name} " + "\n    ".join(_lines(self, record))


class _Json(_Masking):
    """One JSON object a line: `at`, `level`, `logger`, `message`."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        fields = {"at": _at(record), "level": record.levelname.lower(), "logger": record.name}
        return json.dumps({**fields, "message": "\n".join(_lines(self, record))}, ensure_ascii=False)


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _lines(formatter: _Masking, record: logging.LogRecord) -> list[str]:
    """Give the message and its traceback as lines without anything invisible."""
    text = record.getMessage()
    if record.exc_info:
        text += "\n" + formatter.formatException(record.exc_info)
    return [visible(line) for line in scrub(text, formatter.hidden).split("\n")]


def visible(text: str) -> str:
    r"""
    Write out what cannot be seen: `\x1b` for the escape character, `\u202e` for an override of direction.

    Joiners that shape what stands on both sides of them (emoji, Persian) stay as they are; variation selectors are marks.
    """
    if text.isprintable():
        return text
    return "".join(
        char
        if unicodedata.category(char) not in _INVISIBLE or (char in _JOINERS and _shapes(text[max(0, at - 1) : at + 2]))
        else char.encode("unicode_escape").decode()
        for at, char in enumerate(text)
    )


_JOINERS: Final = frozenset({"\u200c", "\u200d"})
"""Zero width non-joiner and joiner (The Unicode Standard, 23.2)."""


def _shapes(around: str) -> bool:
    """Tell whether a joiner, with its two neighbours, does something that is seen; between ASCII it only hides."""
    sides = (around[:1], around[2:])
    return all(side.isprintable() and not side.isspace() and not side.isascii() for side in sides)


class Sparing(logging.Filter):
    """
    Lets a few records of one message through in each span of time; the next one says how many were left out.

    For what others can make us say as often as they like: whoever sends nonsense all day must not fill a disk.
    """

    def __init__(self, *, most: int = 10, span_s: float = 60) -> None:
        super().__init__()
        self._most = most
        self._span_s = span_s
        self._counts: dict[tuple[str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide about one record by its message before its values are put in."""
        key = (record.name, str(record.msg))
        with self._lock:
            began, count = self._counts.get(key, (record.created, 0))
            if not began <= record.created < began + self._span_s:
                left_out = max(count - self._most, 0)
                began, count = record.created, 0
                if left_out:
                    record.msg = f"{record.getMessage().rstrip()} ({left_out:,} more like it were left out before)"
                    record.args = ()
            if len(self._counts) >= _MESSAGES:
                self._counts.clear()
            self._counts[key] = (began, count + 1)
        return count < self._most


_MESSAGES: Final = 1_000
"""Messages that are counted at once; a program has some dozens."""


def configure(*, as_json: bool, level: int = logging.INFO, hidden: frozenset[str] = frozenset()) -> None:
    """
    Send every record of `level` and above to standard error; a second call replaces the first.

    Args:
        hidden: Secrets that no line may hold (`masking.secrets`).
    """
    handler = _StandardError()
    handler.setFormatter(_Json(hidden) if as_json else _Text(hidden))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)  # noqa: FBT003 - the function takes no keywords
