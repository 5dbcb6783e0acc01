"""`ingest demo`: the main job on recorded sample vendors, step by step."""

from __future__ import annotations

import tempfile
from typing import Annotated

import typer

from ingest.cli import options, render, serving, session
from ingest.cli.interrupts import Interrupts
from ingest.settings import Origin, Settings


def demo(
    *,
    serve: Annotated[
        str | None,
        typer.Option("--serve", metavar="HOST:PORT", help=f"Keep the page up afterwards: {serving.ADDRESS_HELP}"),
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="Keep the demo's data there; it must be empty.")
    ] = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Show the main job on recorded sample vendors.

    No network is needed: loopback HTTPS servers replace the official hosts. Round one brings the ticker of May 2026. Round two
    brings an edit, a duplicate and three refusals. The demo has its own database. It is kept at --database, or beside the
    file of INGEST_DATABASE_URL, and is removed otherwise.
    """
    from ingest.cli.demonstration import demonstrate, note_place

    if serve is not None:
        serving.check_address(serve)
    settings = session.load(database=database)
    session.configure_log(settings, quiet=True)
    with tempfile.TemporaryDirectory(prefix="ingest-demo-") as folder, Interrupts() as interrupts:
        kept = settings.database_url if database is not None else _beside(settings)
        where = kept or f"sqlite:///{folder}/demo.db"
        demonstrate(where, serve=serve, zone=settings.timezone, interrupts=interrupts, json=json)
        if kept is None:
            render.note("The demo's data goes with it; to keep it: ingest demo --database sqlite:///demo.db")
        else:
            note_place(kept)
        if interrupts.came:
            raise typer.Exit(serving.end_status(interrupts))


def _beside(settings: Settings) -> str | None:
    """Return a database beside the file of INGEST_DATABASE_URL. None without such a file or directory."""
    from ingest.cli.demonstration import demo_database
    from ingest.store.engine import open_engine

    path = session.path_of(open_engine(settings.database_url))
    if settings.origins["INGEST_DATABASE_URL"] is not Origin.ENVIRONMENT or path is None or not path.parent.is_dir():
        return None
    return demo_database(settings.database_url)
