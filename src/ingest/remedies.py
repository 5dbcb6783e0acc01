"""
The ways out in words, for the command line, the page and the log.

Errors of the core packages carry a `Remedy`, and an import contract keeps this module out of them. Only `cli`, `web`,
`schedule` and this module name commands. Texts with a command in the core are data: stored reasons, and the descriptions
of the allow-list's keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ingest.errors import IngestError, Remedy

WORDS: Final[Mapping[Remedy, str]] = {
    Remedy.UPGRADE: "run `ingest db upgrade`.",
    Remedy.ANOTHER_FILE: "name another file with --database.",
    Remedy.ANOTHER_VERSION: "use the version of ingest that made it, or name another with --database.",
    Remedy.CHECK_DIRECTORY: (
        "check that its directory exists and that you may write there, or name another with --database."
    ),
    Remedy.LIST_HEADLINES: "`ingest headlines --json` shows ids.",
    Remedy.LIST_SOURCES: "`ingest sources list` shows them.",
    Remedy.POLL_FIRST: "`ingest poll` puts sources.yaml in force.",
    Remedy.POLL_NEXT: "the next `ingest poll` does so first.",
    Remedy.RESTORE: "restore it from a backup.",
    Remedy.RESTORE_OR_REPORT: "restore a backup, or tell the maintainers.",
    Remedy.RESTORE_DEFINITION: "find out who changed it, then restore a backup or put it back by hand.",
    Remedy.REMAKE_RULES: "find out who changed it, then run `ingest db upgrade`, which makes guards and views anew.",
    Remedy.DROP_FOREIGN: "find out who made it, then drop it.",
    Remedy.APPLY_FOR_SCOPES: "find out who changed the scopes by hand, then run `ingest sources apply`.",
    Remedy.APPLY_FOR_ROWS: "find out who changed them by hand, then run `ingest sources apply`.",
    Remedy.APPLY_FOR_TEXT: "find out who changed it by hand, then run `ingest sources apply`.",
    Remedy.WITHDRAW: ("these were written past the guards; look at `ingest why ID` and withdraw or delete them."),
    Remedy.RETRY_CAPTURES: "look at `ingest captures list`, then `ingest captures retry` or `discard`.",
    Remedy.ONE_WRITER: "until then let one process at a time write, and keep a backup.",
}
"""A sentence for each code, to follow a problem and a semicolon."""


def explained(error: IngestError) -> str:
    """Return an error as a sentence with its way out."""
    return f"{error}; {WORDS[error.remedy]}" if error.remedy else str(error)
