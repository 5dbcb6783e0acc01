"""`ingest captures`: the documents set aside after a failure of this program, and the way out."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import lookup, options, output, render, session
from ingest.display import moment
from ingest.errors import UsageError

if TYPE_CHECKING:
    from ingest.model import PollReport
    from ingest.settings import Settings
    from ingest.store import Connection, Engine
    from ingest.store.captures import SetAside

NumberArgument = Annotated[int, typer.Argument(metavar="CAPTURE", help="The capture's number.")]


def show_all(
    *,
    source: options.SourceFlag = None,
    discarded: Annotated[bool, typer.Option("--discarded", help="Those that were discarded instead.")] = False,
    database: options.DatabaseFlag = None,
    json: options.JsonLinesFlag = False,
) -> None:
    """
    List the captures set aside.

    A capture is set aside after a failure of this program on its document. It is tried again after a change of the program,
    the rules or its stanza, or with `ingest captures retry`. No other document waits for it.
    """
    from ingest.store import captures
    from ingest.store.engine import read as reading

    settings = session.load(database=database)
    with session.reading(settings) as engine, reading(engine) as conn:
        rows = captures.all_set_aside(conn, source_id=source, discarded=discarded)
        if not rows:
            lookup.check_names(conn, source=source)
    empty = "No capture was discarded." if discarded else "No capture is set aside."
    output.rows(rows, json=json, text=lambda: _print_rows(rows, settings), empty=empty)


def _print_rows(rows: list[SetAside], settings: Settings) -> None:
    render.table(
        ("capture", "source", "fetched", "why"),
        [_row(one, settings) for one in rows],
        right=(0,),
        cut={3: render.LEGIBLE},
        spare=(2,),
    )


def _row(one: SetAside, settings: Settings) -> tuple[str, str, str, str]:
    why = one.discarded_because if one.discarded_at else one.error
    return str(one.id), one.source_id, moment(one.fetched_at, settings.timezone).text, why


def show(
    capture: NumberArgument,
    *,
    content: Annotated[
        bool, typer.Option("--content", help="Write the document itself to standard output, as it was decoded.")
    ] = False,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """Show one capture: where it came from, and why it is set aside."""
    from ingest.store import captures
    from ingest.store.engine import read as reading

    settings = session.load(database=database)
    with session.reading(settings) as engine, reading(engine) as conn:
        one = _find(conn, capture)
        stored = captures.get(conn, capture) if content else None
    if content:
        if stored is None:
            raise UsageError("has no bytes any more; they were pruned.", subject=f"capture {capture}")
        sys.stdout.buffer.write(stored.content)
        sys.stdout.flush()
        return
    output.document(
        {**asdict(one), "state": _state(one)},
        json=json,
        text=lambda: render.blocks(f"Capture {one.id}: {_state(one)}", _facts(one, settings)),
    )


def _state(one: SetAside) -> str:
    if one.discarded_at is not None:
        return "discarded"
    return "set_aside" if one.set_aside_at is not None else "read"


def _facts(one: SetAside, settings: Settings) -> render.Facts:
    def when(at: datetime | None) -> str:
        return "" if at is None else moment(at, settings.timezone).text

    return [
        ("source", one.source_id),
        ("what", {"source": "the source's own document", "part": "a part of it"}.get(one.purpose, "an entry's page")),
        ("address", one.url),
        ("fetched", when(one.fetched_at)),
        ("size", f"{one.size:,} bytes"),
        ("why", one.error),
        ("set aside", when(one.set_aside_at)),
        ("discarded", when(one.discarded_at)),
        ("because", one.discarded_because),
    ]


def retry(
    capture: Annotated[
        list[int] | None, typer.Argument(metavar="CAPTURE", help="Numbers of captures; without one, all set aside.")
    ] = None,
    *,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Read set-aside or discarded captures again, without a request to a vendor.

    Ends with 1 if one of them is set aside again.
    """
    from ingest.store import captures
    from ingest.store.engine import read as reading
    from ingest.store.engine import write

    settings = session.load(database=database)
    session.configure_log(settings, quiet=True)
    with session.reading(settings) as engine:
        with reading(engine) as conn:
            numbers = capture or [one.id for one in captures.all_set_aside(conn)]
            for number in numbers:
                _require(_find(conn, number), "set_aside", "discarded")
        with write(engine) as conn:
            for number in numbers:
                captures.retry(conn, number)
        reports = _read_stored(settings, engine)
        with reading(engine) as conn:
            tried = [_find(conn, number) for number in numbers]
    created = sum(report.tally.created for report in reports)
    revised = sum(report.tally.revised for report in reports)
    rows = [{"id": one.id, "state": _state(one), "error": one.error} for one in tried]
    output.document(
        {"captures": rows, "created": created, "revised": revised},
        json=json,
        text=lambda: _print(tried, created=created, revised=revised),
    )
    raise typer.Exit(int(any(_state(one) != "read" for one in tried)))


def _read_stored(settings: Settings, engine: Engine) -> list[PollReport]:
    from ingest import pipeline
    from ingest.cli.rounds import make_round

    accepted = pipeline.in_force(engine)
    if accepted is None:
        return []
    with session.make_fetcher(settings) as fetcher:
        return pipeline.read_stored(make_round(settings, engine, accepted, fetcher, stop=lambda: False))


def _print(tried: list[SetAside], *, created: int, revised: int) -> None:
    for one in tried:
        render.line(f"Capture {one.id} of {one.source_id}: {'read' if _state(one) == 'read' else one.error}")
    render.line(f"{render.count(len(tried), 'capture')} tried: {created} created, {revised} revised.")


def discard(
    capture: NumberArgument,
    *,
    reason: options.ReasonFlag,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Discard a capture set aside.

    It is not tried again, and its bytes are kept. `ingest captures retry` undoes this.
    """
    from ingest.store import captures
    from ingest.store.engine import write

    with session.reading(session.load(database=database)) as engine, write(engine) as conn:
        one = _find(conn, capture)
        _require(one, "set_aside")
        captures.discard(conn, capture, at=session.now(), because=f"{reason} ({session.operator()})")
    output.document(
        {"capture": capture, "source": one.source_id, "state": "discarded"},
        json=json,
        text=lambda: render.line(f"Capture {capture} of {one.source_id} is discarded."),
    )


def _find(conn: Connection, number: int) -> SetAside:
    from ingest.store import captures

    one = captures.one_set_aside(conn, number)
    if one is None:
        raise UsageError("is not stored; `ingest captures list` shows those set aside.", subject=f"{number}")
    return one


def _require(one: SetAside, *states: str) -> None:
    if _state(one) not in states:
        is_read = "was read; there is nothing to do about it."
        raise UsageError(is_read if _state(one) == "read" else f"is {_state(one)}.", subject=f"capture {one.id}")
