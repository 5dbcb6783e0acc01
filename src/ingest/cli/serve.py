"""`ingest serve`: the page alone."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from ingest.cli import render, session
from ingest.cli.interrupts import INTERRUPTED, Interrupts

if TYPE_CHECKING:
    from ingest.store import Engine
    from ingest.web.server import Server

ADDRESS_HELP = "HOST:PORT, or HOST:PORT+ for the next free port."


def serve(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help=f"Where to listen: {ADDRESS_HELP}")],
    *,
    database: session.DatabaseFlag = None,
) -> None:
    """
    Serve the page alone, until SIGTERM or Ctrl-C.

    It only reads what is stored. The address of the page is printed on standard output.
    """
    from ingest.web.server import Server

    check_address(address)
    settings = session.load(database=database)
    session.configure_log(settings)
    with (
        session.showing(settings) as engine,
        Interrupts() as interrupts,
        Server(engine, address, timezone=settings.timezone, **_demo(engine)) as server,
    ):
        announce(server)
        interrupts.event.wait()
    raise typer.Exit(end_status(interrupts))


class _OfDemo(TypedDict, total=False):
    banner: str
    now: Callable[[], datetime]


def _demo(engine: Engine) -> _OfDemo:
    """Give what the page of a demo's database has of its own: the sentence that says so, and a clock that stands still."""
    from ingest.store import queries
    from ingest.store.engine import read

    with read(engine) as conn:
        at = queries.demo_at(conn)
    if at is None:
        return {}
    from ingest.demo.play import BANNER

    return {"banner": BANNER, "now": lambda: at}


def check_address(text: str) -> None:
    """
    Look at where to listen before anything is made.

    Raises:
        UsageError: It is no address.
    """
    from ingest.web.server import parse_address

    parse_address(text)


def announce(server: Server) -> None:
    """Print the address of the page, the last line of a start."""
    render.line(server.url)


def end_status(interrupts: Interrupts) -> int:
    """Give the exit status of what runs until it is told to end: SIGTERM is how that is done."""
    return 0 if interrupts.received == signal.SIGTERM else INTERRUPTED
