"""Names, ids and filters of the command line, looked up in the database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ingest.cli import session
from ingest.errors import UsageError

if TYPE_CHECKING:
    from ingest.settings import Settings
    from ingest.store import Connection
    from ingest.store.queries import Filter

_HEADLINE: Final = re.compile(r"h[0-9a-z]{0,20}")
_STORY: Final = re.compile(r"[hs][0-9a-z]{0,20}")
"""The id of a story or a headline, or its beginning (docs/decisions/0004)."""


def is_headline_id(text: str) -> bool:
    """Whether a text is a headline's id, or its beginning (docs/decisions/0001, "Identity")."""
    return _HEADLINE.fullmatch(text) is not None


def find_headline(conn: Connection, prefix: str, *, of_story: bool = False) -> str:
    """
    Find the one headline by the beginning of its id.

    Args:
        prefix: The id or its beginning.
        of_story: Whether a story's id leads to the headline of the same name.

    Raises:
        UsageError: No headline has such an id, or several have.
    """
    from ingest.store import recorded

    known = _STORY if of_story else _HEADLINE
    ids = recorded.headline_ids(conn, "h" + prefix[1:], limit=2) if known.fullmatch(prefix) else []
    if not ids:
        raise unknown_headline(prefix)
    if len(ids) > 1:
        raise UsageError(f"several headlines begin so, {ids[0]} and {ids[1]} among them; write more.", subject=prefix)
    return ids[0]


def unknown_headline(prefix: str) -> UsageError:
    """Make the error for an id without a headline."""
    return UsageError("there is no such headline; `ingest headlines --json` shows their ids.", subject=prefix)


def check_names(conn: Connection, *, vendor: str | None = None, source: str | None = None) -> None:
    """
    Check names after an empty result, so that a mistyped name becomes an error.

    Raises:
        UsageError: The list in force has no such vendor or source.
    """
    from ingest.store import queries

    if source is not None:
        session.require_known(source, [item.id for item in queries.sources(conn)], "source")
    if vendor is not None:
        session.require_known(vendor, [item.id for item in queries.vendors(conn)], "vendor")


@dataclass(frozen=True, slots=True)
class FilterFlags:
    """The flags of a filter over headlines or stories, as given."""

    vendor: str | None
    source: str | None
    lang: str | None
    since: str | None
    until: str | None
    search: str | None

    def check(self, settings: Settings) -> None:
        """
        Check the flags before a database is opened.

        Raises:
            UsageError: `--since` or `--until` is not a day or moment.
        """
        self.read(settings, session.now())

    def read(self, settings: Settings, at: datetime) -> Filter:
        """Return the filter. `7d` and `today` count back from the time `at`."""
        from ingest.cli.bounds import parse_bound
        from ingest.store.queries import Filter

        zone = settings.timezone
        return Filter(
            vendor=self.vendor,
            source=self.source,
            lang=self.lang,
            since=None if self.since is None else parse_bound(self.since, flag="--since", now=at, zone=zone),
            until=None if self.until is None else parse_bound(self.until, flag="--until", now=at, zone=zone),
            search=self.search,
        )
