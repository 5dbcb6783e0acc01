"""
`sources.yaml` → a validated `Allowlist` (CONTRACT §2). It fails closed: a list with one fault is no list.

`nodes` reads YAML into a tree that knows lines and columns, `shapes` say what a value may be (and are the JSON Schema),
`stanzas` declare the keys, `assemble` and `claims` check what spans several keys, `reading` joins them. Every step goes
on after a fault, so that one run tells them all.

All of it is imported when first asked for: YAML and the tables of names take longer to load than a round with nothing due
may last, and such a round needs no more than the digest of the file.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from ingest.errors import AllowlistError, Problem
from ingest.model import Allowlist

__all__ = ["MAX_BYTES", "json_schema", "load", "parse", "read_bytes"]

MAX_BYTES: Final = 5 * 1024 * 1024
"""A list of 250 sources takes about 100 KiB; fifty times that is no list."""


def parse(data: bytes, path: str = "sources.yaml", *, private: bool = False) -> Allowlist:
    """
    Read and check an allow-list.

    Args:
        data: The file, UTF-8 YAML, at most `MAX_BYTES`.
        path: What the messages call it.
        private: Let names be scopes that mean something on a private network only (`.internal`, `.local`, `.test`, …): for
            who allows private networks, and for a list that was in force and has been judged.

    Raises:
        AllowlistError: Anything is wrong with it; carries every problem found, in file order.
    """
    from ingest.allowlist import reading

    return reading.parse(data, path, private=private)


def load(path: Path, *, private: bool = False) -> Allowlist:
    """
    Read and check the allow-list at `path`; see `parse`.

    Raises:
        AllowlistError: It cannot be read, or anything is wrong with it.
    """
    return parse(read_bytes(path), str(path), private=private)


def json_schema() -> dict[str, object]:
    """
    Describe the file as JSON Schema 2020-12, for editors.

    It is made from the declarations that `parse` reads with. What spans several keys, and what a host is, is checked
    only when the list is loaded.
    """
    from ingest.allowlist import reading

    return reading.json_schema()


def read_bytes(path: Path) -> bytes:
    """
    Read the file at `path`, at most one byte more than a list may have.

    Raises:
        AllowlistError: It cannot be read, or is a pipe, a device or another thing that is no file.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind != stat.S_IFREG:  # opening a pipe waits for whoever writes it, a device may never end
            raise _unreadable(path, f"cannot be read: it is {_KINDS.get(kind, 'something else')} and no file.")
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
