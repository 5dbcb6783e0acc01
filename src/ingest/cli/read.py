"""`ingest headlines`, `status` and `rejections`: what is stored, read through the views."""

from __future__ import annotations

import sys
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import render, session
from ingest.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ingest.store.queries import Filter, Headline

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
    wanted = make_filter(settings, vendor=vendor, source=source, lang=lang, since=since, until=until, search=search)
    with session.reading(settings) as engine, read(engine) as conn:
        found = queries.headlines(conn, wanted, limit=limit or None)
        if not found:
            check_names(conn, vendor=vendor, source=source)
        elif len(found) == limit and (more := queries.count_headlines(conn, wanted) - limit):
            render.note(f"{more:,} more, older, not shown; --limit 0 shows all.")
    if json:
        render.lines(found)
    elif found:
        _print_headlines(found, settings)
    else:
        render.note("No headline matches.")


def make_filter(
    settings: Settings,
    *,
    vendor: str | None,
    source: str | None,
    lang: str | None,
    since: str | None,
    until: str | None,
    search: str | None,
) -> Filter:
    """Read the flags that say which headlines are wanted."""
    from ingest.cli.bounds import parse_bound
    from ingest.store.queries import Filter

    at, zone = session.now(), settings.timezone
    return Filter(
        vendor=vendor,
        source=source,
        lang=lang,
        since=None if since is None else parse_bound(since, flag="--since", now=at, zone=zone),
        until=None if until is None else parse_bound(until, flag="--until", now=at, zone=zone),
        search=search,
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
    """Print a row a headline; in a terminal the link stands under the title, which leaves both their room."""
    from ingest.web.when import published

    def when(item: Headline) -> str:
        return published(item.published, item.published_precision, item.first_seen_at, settings.timezone).text

    if render.is_terminal(sys.stdout):
        render.table(
            ("published", "vendor", "headline"),
            [(when(item), item.vendor_name, (item.title, item.url)) for item in found],
        )
        return
    render.table(
        ("published", "vendor", "headline", "link", "id"),
        [(when(item), item.vendor_name, item.title, item.url, item.id) for item in found],
    )


def status(*, database: session.DatabaseFlag = None, json: session.JsonLinesFlag = False) -> None:
    """
    Show how every source is.

    One row a source: state, last success, last new item, next poll, failures, reason. States are new, ok, failing, blocked, broken, moved and disabled; quiet and frozen are not in force yet, no source gets them in this version.
    """
    from ingest.store import queries
    from ingest.store.engine import read
    from ingest.web.when import ago

    settings = session.load(database=database)
    with session.reading(settings) as engine, read(engine) as conn:
        found = queries.sources(conn)
        as_of = queries.data_as_of(conn)
    if json:
        render.lines(found)
        return
    at = session.now()
    rows = [
        (
            item.id,
            item.state,
            ago(item.last_success_at, at),
            ago(item.last_change_at, at),
            "–" if item.next_poll_at is None else ago(item.next_poll_at, at),
            str(item.consecutive_failures),
            item.reason,
        )
        for item in found
    ]
    render.table(("source", "state", "last success", "last new", "next poll", "failures", "reason"), rows, right=(5,))
    states = Counter(item.state for item in found)
    summed = ", ".join(f"{number} {state}" for state, number in states.most_common())
    render.note(
        f"{render.count(len(found), 'source')}: {summed or 'no list is in force yet'}. Data as of {ago(as_of, at)}."
    )


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
        render.table(
            ("last seen", "source", "status", "rule", "times", "title", "address", "why"),
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
                )
                for item in found
            ],
            right=(4,),
        )
    else:
        render.note("Nothing was refused." if status is None else f"Nothing is {status}.")
