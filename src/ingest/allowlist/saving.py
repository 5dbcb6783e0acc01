"""Replace an allow-list by its edited text atomically."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from ingest.errors import UsageError


def save(path: Path, before: bytes, after: bytes) -> None:
    """
    Replace the text of a file by its edited text.

    The new text is written beside the file, synced, and renamed over it with the same permissions. A symbolic link
    stays one. A reader sees the old text or the new one. Two calls at once take turns.

    Args:
        before: The text before the edit.

    Raises:
        UsageError: The file was changed meanwhile, or cannot be written.
    """
    target = path.resolve()
    try:
        with target.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            was = os.fstat(held.fileno())
            if not os.path.samestat(was, target.stat()) or held.read() != before:
                raise UsageError("was changed meanwhile; nothing was written, run it again.", subject=str(path))
            _replace(target, after, was)
    except OSError as error:
        remedy = "nothing was changed; look at the permissions of the file and its folder."
        raise UsageError(f"cannot be written ({error.strerror or error}); {remedy}", subject=str(path)) from error


def _replace(target: Path, data: bytes, was: os.stat_result) -> None:
    descriptor, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            with suppress(PermissionError):  # only root gives files away; the permissions are kept in any case
                os.fchown(file.fileno(), was.st_uid, was.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(was.st_mode))
            os.fsync(file.fileno())
        Path(beside).replace(target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
