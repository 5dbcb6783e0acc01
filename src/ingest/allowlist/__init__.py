"""
Read `sources.yaml` into a validated `Allowlist` (CONTRACT §2). One fault refuses the whole list.

`nodes` reads YAML into a tree with lines and columns. `shapes` define the allowed values and make the JSON Schema.
`stanzas` declare the keys, `assemble` and `claims` check several keys together, and `reading` joins them. Every step
goes on after a fault, so that one run reports all of them.

These modules are imported on first use. A round without due sources needs only the digest of the file, and loading YAML and
the tables of names would take longer than the round.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.errors import AllowlistError, Problem

if TYPE_CHECKING:
    from ingest.model import Allowlist

__all__ = ["MAX_BYTES", "json_schema", "load", "parse", "read_bytes"]

MAX_BYTES: Final = 5 * 1024 * 1024
"""A list of 250 sources takes about 100 KiB. No list takes fifty times as much."""


def parse(data: bytes, path: str = "sources.yaml", *, private: bool = False) -> Allowlist:
    """
    Read and check an allow-list.

    Args:
        data: The file, UTF-8 YAML, at most `MAX_BYTES`.
        path: The file's name in messages.
        private: Allow scopes with names of private networks (`.internal`, `.local`, `.test`, …), where private networks
            are allowed and for a list that was already in force.

    Raises:
        AllowlistError: The list has faults. The error carries all of them, in file order.
    """
    from ingest.allowlist import reading

    return reading.parse(data, path, private=private)


def load(path: Path, *, private: bool = False) -> Allowlist:
    """
    Read and check the allow-list at `path` (`parse`).

    Raises:
        AllowlistError: The file cannot be read, or the list has faults.
    """
    return parse(read_bytes(path), str(path), private=private)


def json_schema() -> dict[str, object]:
    """
    Return the JSON Schema 2020-12 of the file, for editors.

    It is made from the declarations used by `parse`. Rules about several keys, and about hosts, are checked only when
    the list is loaded.
    """
    from ingest.allowlist import reading

    return reading.json_schema()


def read_bytes(path: Path) -> bytes:
    """
    Read the file at `path`, at most one byte more than a list may have.

    Raises:
        AllowlistError: It cannot be read, or is not a regular file.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind != stat.S_IFREG:  # opening a pipe waits for whoever writes it, a device may never end
            raise _unreadable(path, f"cannot be read: it is {_KINDS.get(kind, 'something else')} and not a file.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror or error}.") from error


_KINDS: Final = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def _unreadable(path: Path, what: str) -> AllowlistError:
    return AllowlistError(
        str(path), (Problem(1, 1, "", what, "Name the allow-list with --sources or INGEST_SOURCES."),)
    )
