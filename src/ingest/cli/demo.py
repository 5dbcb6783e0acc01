"""`ingest demo`: the main job on recorded sample vendors, told step by step."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.cli import render, session
from ingest.cli.interrupts import Interrupts
from ingest.cli.poll import as_document
from ingest.cli.serve import ADDRESS_HELP, announce, check_address, end_status
from ingest.settings import Origin, Settings

if TYPE_CHECKING:
    from ingest.demo.play import First, Second
    from ingest.store import Engine


def demo(
    *,
    serve: Annotated[
        str | None, typer.Option("--serve", metavar="HOST:PORT", help=f"Keep the page up afterwards: {ADDRESS_HELP}")
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="Keep the demo's data there; it must be empty.")
    ] = None,
    json: session.JsonFlag = False,
) -> None:
    """
    Show the main job on recorded sample vendors.

    No network is needed: loopback HTTPS servers stand in for the official hosts. Round one brings the ticker of May 2026, round two an edit, a
    duplicate and three refusals. It uses a database of its own. That stays where --database names one, or beside the file that INGEST_DATABASE_URL names; else it goes with the demo.
    """
    if serve is not None:
        check_address(serve)
    settings = session.load(database=database)
    session.configure_log(settings, quiet=True)
    with tempfile.TemporaryDirectory(prefix="ingest-demo-") as folder, Interrupts() as interrupts:
        kept = settings.database_url if database is not None else _beside(settings)
        where = kept or f"sqlite:///{folder}/demo.db"
        demonstrate(where, serve=serve, zone=settings.timezone, interrupts=interrupts, json=json)
        if kept is None:
            render.note("The demo's data goes with it; to keep it: ingest demo --database sqlite:///demo.db")
        else:
            tell_place(kept)
        if interrupts.came:
            raise typer.Exit(end_status(interrupts))


def demonstrate(url: str, *, serve: str | None, zone: tzinfo, interrupts: Interrupts, json: bool = False) -> None:
    """Play both rounds in an empty database, telling what came of them, and keep the page up if wanted."""
    from ingest.demo import play

    with _engine(url) as engine:
        render.note(play.BANNER)
        with play.set_up(engine) as stage:
            first = stage.first()
            if not json:
                _tell_first(first)
            second = stage.second()
        if json:
            render.document({"first": _first_document(first), "second": _second_document(second)})
        else:
            _tell_second(second)
        if serve is not None and not interrupts.came:
            _keep_up(engine, serve, zone, second.at, interrupts)


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    from ingest.store.engine import create_if_missing, open_engine

    engine = open_engine(url)
    try:
        create_if_missing(engine)
        yield engine
    finally:
        engine.dispose()


def _keep_up(engine: Engine, address: str, zone: tzinfo, at: datetime, interrupts: Interrupts) -> None:
    from ingest.demo.play import BANNER
    from ingest.web.server import Server

    with Server(engine, address, timezone=zone, banner=BANNER, now=lambda: at) as server:
        announce(server)
        interrupts.event.wait()


# ── what came of it ─────────────────────────────────────────────────────────────────────────────────────────────


def _tell_first(first: First) -> None:
    from ingest.demo.scenario import LEFT_OUT

    found = as_document(first.report)
    render.line("Round one, {:%Y-%m-%d}: {polled} sources, {created} headlines.".format(first.at, **found))
    render.line()
    rows = [(str(line.number), (line.text, line.headline.url)) for line in first.ticker]
    if render.is_terminal(sys.stdout):
        render.table(("", "the ticker of May 2026, each line above its official page"), rows, right=(0,))
    else:
        render.table(
            ("", "the ticker of May 2026", "official page"), [(number, *cell) for number, cell in rows], right=(0,)
        )
    for number, text in LEFT_OUT.items():
        render.line(f'Line {number}, "{text}", is left out: no official page says so.')
    render.line()


def _tell_second(second: Second) -> None:
    found = as_document(second.report)
    sums = (
        "{revised} edit, {duplicate} duplicate, {rejected} refusals; {not_modified} of {polled} sources not modified."
    )
    render.line(f"Round two, {second.at:%Y-%m-%d}: {sums.format_map(found)}")
    render.line()
    edit, twice = second.edit, second.duplicate
    before, after = edit.titles[0], edit.titles[-1]
    facts = [("source", edit.headline.source_id), ("before", before), ("after", after), ("page", edit.headline.url)]
    render.blocks("Edited by its vendor: a second revision", facts)
    carriers = [("carried by", f"{link.source_id}, as {link.url}") for link in twice.links]
    render.blocks("Told by a second source: still one headline", [("title", twice.headline.title), *carriers])
    for refused in second.refused:
        item = refused.rejection
        facts = [("source", item.source_id), ("title", item.title), ("address", item.url)]
        render.blocks(f"Refused ({refused.kind}) by {item.reason}", [*facts, ("because", item.detail)])


def _first_document(first: First) -> dict[str, Any]:
    ticker = [{"number": line.number, "text": line.text, "url": line.headline.url} for line in first.ticker]
    return {"at": first.at, "report": as_document(first.report), "ticker": ticker}


def _second_document(second: Second) -> dict[str, Any]:
    return {
        "at": second.at,
        "report": as_document(second.report),
        "edit": {"url": second.edit.headline.url, "titles": second.edit.titles},
        "duplicate": {
            "url": second.duplicate.headline.url,
            "sources": [link.source_id for link in second.duplicate.links],
        },
        "refused": [{"kind": refused.kind, "rejection": refused.rejection} for refused in second.refused],
    }


def _beside(settings: Settings) -> str | None:
    """Name a database beside the one that the environment names; None where it names no file, or none in a directory."""
    from ingest.store.engine import open_engine

    path = session.path_of(open_engine(settings.database_url))
    if settings.origins["INGEST_DATABASE_URL"] is not Origin.ENVIRONMENT or path is None or not path.parent.is_dir():
        return None
    return demo_database(settings.database_url)


def tell_place(url: str) -> None:
    """Say where the demo's data is, and how to look at it."""
    render.note(f"The demo's data stays; look at it with `ingest headlines --database {url}`.")


def demo_database(url: str) -> str:
    """
    Name the database of a demo that is shown in place of the real job: beside the real one where that is a file.

    One that an earlier demo left there is removed.
    """
    from ingest.store.engine import open_engine

    path = session.path_of(open_engine(url))
    if path is None:
        return f"sqlite:///{tempfile.mkdtemp(prefix='ingest-demo-')}/demo.db"
    beside = session.demo_path(path)
    for left in (beside, Path(f"{beside}-wal"), Path(f"{beside}-shm")):
        left.unlink(missing_ok=True)
    return f"sqlite:///{beside}"
