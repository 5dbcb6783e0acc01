"""The answers of the loopback vendors: documents of our own, or recordings from a folder with a `manifest.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from ingest.errors import UsageError

MEDIA_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "jsonfeed": "application/feed+json",
    "sitemap": "application/xml",
    "markdown-changelog": "text/markdown; charset=utf-8",
}
"""Media type by `kind` of a manifest line. Every other kind is an HTML page."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    The answer at one address.

    `headers` are added to those of the server itself (Date, ETag, Last-Modified, Content-*). Validators belong to 200
    answers only, and `modified` becomes Last-Modified.
    """

    content: bytes
    media_type: str = "application/xml"
    status: int = HTTPStatus.OK
    headers: tuple[tuple[str, str], ...] = ()
    modified: datetime | None = None


def redirect(location: str, status: int = HTTPStatus.MOVED_PERMANENTLY) -> Answer:
    """Answer with a redirect (RFC 9110 §15.4)."""
    return Answer(b"", "text/plain", status, (("Location", location),))


NOT_FOUND = Answer(b"not here\n", "text/plain", HTTPStatus.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Recording:
    """One line of a `manifest.jsonl`. `step` counts the versions of a series from 1, `recorded` is ISO 8601 text."""

    url: str
    path: Path
    kind: str
    step: int | None
    recorded: str

    def answer(self) -> Answer:
        """Read the file. A full `recorded` day becomes Last-Modified."""
        try:
            modified = datetime.fromisoformat(self.recorded)
        except ValueError:
            modified = None
        if modified is not None:
            modified = modified.replace(tzinfo=modified.tzinfo or UTC).astimezone(UTC)
        media_type = MEDIA_TYPES.get(self.kind, "text/html; charset=utf-8")
        return Answer(self.path.read_bytes(), media_type, modified=modified)


def recordings(folder: Path, step: int | None = None) -> dict[str, Recording]:
    """
    Choose one recording for each address of a folder's `manifest.jsonl` (fields: see `server`).

    Args:
        folder: The folder of the manifest, whose paths are relative to it.
        step: Of each series, the newest version up to this step. Without it, the latest recording.

    Returns:
        Recordings by address. Lines without a web address are left out, and addresses without a version up to `step`,
        so that a vendor's document can appear later.

    Raises:
        UsageError: The manifest is missing, or a line of it is invalid.
    """
    chosen: dict[str, Recording] = {}
    for row in _rows(folder / "manifest.jsonl"):
        if not str(row["url"]).startswith(("https://", "http://")):
            continue
        recording = Recording(
            row["url"], folder / row["path"], row["kind"], row.get("step"), str(row.get("recorded", ""))
        )
        if step is not None and (recording.step or 0) > step:
            continue
        best = chosen.get(recording.url)
        if best is None or _order(recording, step) >= _order(best, step):
            chosen[recording.url] = recording
    return chosen


_NEEDED: Final = ("path", "url", "kind")


def _rows(manifest: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot be read ({error}); name a folder with a manifest.jsonl.", subject=str(manifest)
        ) from error
    for number, line in enumerate(lines, 1):
        where = f"{manifest}:{number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"is not JSON ({error}); write one object a line.", subject=where) from error
        missing = [name for name in _NEEDED if not isinstance(row, dict) or name not in row]
        if missing:
            message = f"has no {' and no '.join(missing)}; a line is an object with at least {', '.join(_NEEDED)}."
            raise UsageError(message, subject=where)
        if row["url"] is not None and not (manifest.parent / str(row["path"])).is_file():
            raise UsageError(f"names {row['path']}, but there is no such file.", subject=where)
        yield row


def _order(recording: Recording, step: int | None) -> tuple[int, str]:
    return (0 if step is None else recording.step or 0, recording.recorded)
