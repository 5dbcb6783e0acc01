"""
One logging set-up: lines on standard error, as text for people or JSON for collectors (CONTRACT §3, `INGEST_LOG`).

A message may quote a vendor, so invisible characters are escaped. Nobody can forge a line or control a terminal.
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
"""Unicode categories to escape: controls, formats, surrogates, separators of lines."""

_QUIET: Final = ("alembic", "apscheduler", "httpcore", "httpx", "sqlalchemy", "uvicorn")
"""Libraries with warnings only. Their progress does not concern an operator."""


class _StandardError(logging.Handler):
    """Writes to the present standard error, which a live display may replace."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or drop it if it cannot be written (a closed pipe)."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except OSError:
            pass


class _Masking(logging.Formatter):
    """Hides secrets. A driver's message or a traceback could repeat them."""

    def __init__(self, hidden: frozenset[str]) -> None:
        super().__init__()
        self.hidden = hidden


class _Text(_Masking):
    """Writes `2026-05-22T12:00:00.000Z INFO ingest.poll poll source=…`, with further lines of a message indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        return f"{_at(record)} {record.levelname} {record.name} " + "\n    ".join(_lines(self, record))


class _Json(_Masking):
    """Writes one JSON object a line: `at`, `level`, `logger`, `message`."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        fields = {"at": _at(record), "level": record.levelname.lower(), "logger": record.name}
        return json.dumps({**fields, "message": "\n".join(_lines(self, record))}, ensure_ascii=False)


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _lines(formatter: _Masking, record: logging.LogRecord) -> list[str]:
    """Return the lines of the message and its traceback, with invisible characters escaped."""
    text = record.getMessage()
    if record.exc_info:
        text += "\n" + formatter.formatException(record.exc_info)
    return [visible(line) for line in scrub(text, formatter.hidden).split("\n")]


def visible(text: str) -> str:
    r"""
    Escape invisible characters: `\x1b` for the escape character, `\u202e` for an override of direction.

    Joiners with a visible effect on both neighbours (emoji, Persian) stay as they are. Variation selectors are marks.
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
    """Whether a joiner has a visible effect between its two neighbours. It has none between ASCII characters."""
    sides = (around[:1], around[2:])
    return all(side.isprintable() and not side.isspace() and not side.isascii() for side in sides)


class RateLimit(logging.Filter):
    """
    Passes a few records of one message in each span of time. The next record has the number of those left out.

    Clients can cause some messages without limit, and must not fill a disk with them.
    """

    def __init__(self, *, most: int = 10, span_s: float = 60) -> None:
        super().__init__()
        self._most = most
        self._span_s = span_s
        self._counts: dict[tuple[str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide about one record by its message without its values."""
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
"""The most messages counted at once. A program has some dozens."""


def configure(*, as_json: bool, level: int = logging.INFO, hidden: frozenset[str] = frozenset()) -> None:
    """
    Send every record of `level` and above to standard error. A second call replaces the first.

    Args:
        as_json: Whether lines are JSON.
        level: The lowest level.
        hidden: Secrets to hide (`masking.secrets`).
    """
    handler = _StandardError()
    handler.setFormatter(_Json(hidden) if as_json else _Text(hidden))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)  # noqa: FBT003 - the function takes no keywords
