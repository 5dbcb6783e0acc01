"""`ingest headlines`: the stored headlines, read through the views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import lookup, options, output, render, session

if TYPE_CHECKING:
    from ingest.settings import Settings
    from ingest.store.queries import Headline


def headlines(  # noqa: PLR0913 - one argument a flag
    *,
    vendor: options.VendorFlag = None,
    source: options.SourceFlag = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="TAG", help="In this language: en, ja, …")] = None,
    since: options.SinceFlag = None,
    until: options.UntilFlag = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="WORDS", help="Every word occurs in title or summary.")
    ] = None,
    limit: options.LimitFlag = options.LIMIT,
    database: options.DatabaseFlag = None,
    json: options.JsonLinesFlag = False,
) -> None:
    """
    List headlines with their links, newest first.

    Days and times are those of INGEST_TIMEZONE. A date printed without a time stays the same day.
    """
    from ingest.store import queries
    from ingest.store.engine import read

    settings = session.load(database=database)
    flags = lookup.FilterFlags(vendor, source, lang, since, until, search)
    flags.check(settings)
    with session.reading(settings) as engine, read(engine) as conn:
        wanted = flags.read(settings, session.clock(conn))
        rows = queries.headlines(conn, wanted, limit=limit or None)
        if not rows:
            lookup.check_names(conn, vendor=vendor, source=source)
            session.note_demo(engine, conn)
        elif len(rows) == limit and (more := queries.count_headlines(conn, wanted) - limit):
            render.note(f"{more:,} more, older, not shown; --limit 0 shows all.")
    output.rows(rows, json=json, text=lambda: _print(rows, settings), empty="No headline matches.")


def _print(rows: list[Headline], settings: Settings) -> None:
    """Print a row for each headline. A narrow terminal has link and id under the title, where they have room."""
    from ingest.cli.stored_text import VENDOR_WIDTH, day_of

    when = {item.id: day_of(item, settings) for item in rows}
    if render.is_narrow():
        render.table(
            ("published", "vendor", "headline"),
            [(when[item.id], item.vendor_name, (item.display_title, item.url, item.id)) for item in rows],
        )
        return
    left_out = render.table(
        ("published", "vendor", "headline", "link", "id"),
        [(when[item.id], item.vendor_name, item.display_title, item.url, item.id) for item in rows],
        cut={1: VENDOR_WIDTH, 2: render.LEGIBLE},
        spare=(3,),
    )
    if left_out:
        render.note("`ingest why ID` shows a headline whole, with its link.")
