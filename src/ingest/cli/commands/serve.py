"""`ingest serve`: the page alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from ingest.cli import options, serving, session
from ingest.cli.interrupts import Interrupts

if TYPE_CHECKING:
    from ingest.store import Engine


def serve(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help=f"Where to listen: {serving.ADDRESS_HELP}")],
    *,
    database: options.DatabaseFlag = None,
) -> None:
    """
    Serve the page alone, until SIGTERM or Ctrl-C.

    It only reads the database. The address of the page is printed on standard output.
    """
    from ingest.web.server import Server

    serving.check_address(address)
    settings = session.load(database=database)
    session.configure_log(settings)
    with (
        session.showing(settings) as engine,
        Interrupts() as interrupts,
        Server(engine, address, timezone=settings.timezone, **_demo(engine)) as server,
    ):
        serving.announce(server)
        interrupts.event.wait()
    raise typer.Exit(serving.end_status(interrupts))


class _DemoPage(TypedDict, total=False):
    banner: str
    now: Callable[[], datetime]


def _demo(engine: Engine) -> _DemoPage:
    """Return the banner and the stopped clock for the page of a demo's database."""
    from ingest.store import queries
    from ingest.store.engine import read

    with read(engine) as conn:
        at = queries.demo_at(conn)
    if at is None:
        return {}
    from ingest.demo.play import BANNER

    return {"banner": BANNER, "now": lambda: at}
