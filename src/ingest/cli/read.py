"""`ingest headlines` and `rejections`: what is stored, read through the views."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import render, session
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.store import Connection
    from ingest.store.queries import Filter, Headline
    from ingest.store.stories import ListedStory

LIMIT = 50
"""Rows shown unless told: a few screens."""


class Refused(StrEnum):
    """What became of an entry that is no headline (`v1_rejections.status`)."""

    REJECTED = "rejected"
    FILTERED = "filtered"
    QUARANTINED = "quarantined"
    UNPARSABLE = "unparsable"
    ACCEPTED = "accepted"
    DISCARDED = "discarded"


LimitFlag = Annotated[int, typer.Option("--limit", min=0, metavar="N", help="At most so many; 0: all.")]


def headlines(  # noqa: PLR0913 - one argument a flag
    *,
    vendor: Annotated[str | None, typer.Option("--vendor", metavar="ID", help="Of this vendor only.")] = None,
    source: Annotated[str | None, typer.Option("--source", metavar="ID", help="Of this source only.")] = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="TAG", help="In this language: en, ja, …")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="From this day or moment on: 2026-05-22, today, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Before this day or moment.")] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="WORDS", help="Every word occurs in title or summary.")
    ] = None,
    limit: LimitFlag = LIMIT,
    database: session.DatabaseFlag = None,
    json: session.JsonLinesFlag = False,
) -> None:
    """
    List headlines with their links, newest first.

    Days and times are those of INGEST_TIMEZONE; a date that its source printed without a time stays that day.
    """
    from ingest.store import queries
    from ingest.store.engine import read

    settings = session.load(database=database)
    flags = Flags(vendor, source, lang, since, until, search)
    flags.check(settings)
    with session.reading(settings) as engine, read(engine) as conn:
        wanted = flags.read(settings, session.clock(conn))
        found = queries.headlines(conn, wanted, limit=limit or None)
        if not found:
            check_names(conn, vendor=vendor, source=source)
            session.tell_demo(engine, conn)
        elif len(found) == limit and (more := queries.count_headlines(conn, wanted) - limit):
            render.note(f"{more:,} more, older, not shown; --limit 0 shows all.")
    if json:
        render.lines(found)
    elif found:
        _print_headlines(found, settings)
    else:
        render.note("No headline matches.")


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags that say which headlines are wanted, as they were given."""

    vendor: str | None
    source: str | None
    lang: str | None
    since: str | None
    until: str | None
    search: str | None

    def check(self, settings: Settings) -> None:
        """
        Look at them before a database is.

        Raises:
            UsageError: A border in time is none.
        """
        self.read(settings, session.now())

    def read(self, settings: Settings, at: datetime) -> Filter:
        """Read them at a time that `7d` and `today` are told from."""
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


def check_names(conn: Connection, *, vendor: str | None, source: str | None) -> None:
    """
    Tell an empty answer from a mistyped name.

    Raises:
        UsageError: There is no such vendor or source in the list in force.
    """
    from ingest.store import queries

    if source is not None:
        session.require_known(source, [item.id for item in queries.sources(conn)], "source")
    if vendor is not None:
        session.require_known(vendor, [item.id for item in queries.vendors(conn)], "vendor")


def _print_headlines(found: list[Headline], settings: Settings) -> None:
    """Print a row a headline; in a narrow terminal link and id stand under the title, which leaves all their room."""
    when = {item.id: day_of(item, settings) for item in found}
    if render.is_narrow():
        render.table(
            ("published", "vendor", "headline"),
            [(when[item.id], item.vendor_name, (item.display_title, item.url, item.id)) for item in found],
        )
        return
    left_out = render.table(
        ("published", "vendor", "headline", "link", "id"),
        [(when[item.id], item.vendor_name, item.display_title, item.url, item.id) for item in found],
        cut={1: NAME, 2: render.LEGIBLE},
        spare=(3,),
    )
    if left_out:
        render.note("`ingest why ID` shows a headline whole, with its link.")


NAME = 9
"""Columns of a vendor's name where it has to be cut: most are no longer."""


def day_of(item: Headline | ListedStory, settings: Settings) -> str:
    """Show when something was published; where a terminal has little room, the day alone."""
    from ingest.web.when import published

    text = published(item.published, item.published_precision, item.first_seen_at, settings.timezone).text
    return text[:10] if render.is_terminal(sys.stdout) and text[:1].isdigit() and render.width() < DAYS else text


DAYS = 100
"""Columns of a terminal below which a day has no time."""


def rejections(
    *,
    source: Annotated[str | None, typer.Option("--source", metavar="ID", help="Of this source only.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="By this rule only: off-scope, …")] = None,
    status: Annotated[
        Refused | None, typer.Option("--status", help="Only what was refused so, or waits in quarantine.")
    ] = None,
    limit: LimitFlag = LIMIT,
    database: session.DatabaseFlag = None,
    json: session.JsonLinesFlag = False,
) -> None:
    """
    List what was refused, and by which rule.

    Also what a source's own topics and patterns filtered out, and what waits in quarantine. Last seen first. The addresses are shown as text, to be judged and not to be followed.
    """
    from ingest.store import queries
    from ingest.store.engine import read
    from ingest.web.when import moment

    settings = session.load(database=database)
    with session.reading(settings) as engine, read(engine) as conn:
        found = queries.rejections(conn, source=source, reason=rule, status=status, limit=limit or None)
        if not found:
            check_names(conn, vendor=None, source=source)
    if json:
        render.lines(found)
    elif found:
        left_out = render.table(
            ("last seen", "source", "status", "rule", "times", "title", "address", "why", "id"),
            [
                (
                    moment(item.last_seen_at, settings.timezone).text,
                    item.source_id,
                    item.status,
                    item.reason,
                    str(item.times),
                    item.title,
                    item.url,
                    item.detail,
                    str(item.id),
                )
                for item in found
            ],
            right=(4, 8),
            cut={5: render.LEGIBLE, 7: render.LEGIBLE},
            spare=(6, 7, 4, 2, 0),
        )
        if left_out:
            render.note(f"Not all fits ({', '.join(left_out)}): a pipe and --json have the whole.")
    else:
        render.note("Nothing was refused." if status is None else f"Nothing is {status}.")
