"""`ingest run`: the daemon, with the page if wanted."""

from __future__ import annotations

import faulthandler
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ingest.cli import memory, options, render, serving, session
from ingest.cli.interrupts import Interrupts
from ingest.errors import HungError
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.fetch import Fetcher
    from ingest.model import Allowlist
    from ingest.pipeline import Accepted, Round
    from ingest.schedule import AllowlistFollower
    from ingest.store import Engine


def run(
    *,
    serve: Annotated[
        str | None, typer.Option("--serve", metavar="HOST:PORT", help=f"Show the page as well: {serving.ADDRESS_HELP}")
    ] = None,
    demo_when_unreachable: Annotated[
        bool,
        typer.Option(
            "--demo-when-unreachable",
            help="Show the demo instead when nothing is stored yet and no vendor can be reached.",
        ),
    ] = False,
    sources: options.SourcesFlag = None,
    database: options.DatabaseFlag = None,
) -> None:
    """
    Follow the sources until SIGTERM or Ctrl-C.

    Needs a valid allow-list to start, and reloads a changed file. A bad or missing file is reported, and the last good list
    stays in force. A write under way at the signal is finished.
    """
    from ingest import allowlist

    if serve is not None:
        serving.check_address(serve)
    settings = session.load(sources=sources, database=database)
    session.configure_log(settings)
    session.warn_anonymous(settings)
    memory.give_back()
    allowlist.load(settings.sources, private=settings.private)  # nothing is fetched without a valid file
    with session.make_fetcher(settings) as fetcher, session.making(settings) as engine, Interrupts() as interrupts:
        session.share_slots(fetcher, settings, engine)
        follower, accepted = _follower(engine, settings)
        if demo_when_unreachable and _is_cut_off(engine, accepted.allowlist, fetcher, interrupts):
            _demonstrate(settings, serve, interrupts)
        else:
            _follow(settings, engine, follower, fetcher, serve, interrupts)
    raise typer.Exit(serving.end_status(interrupts))


def _follower(engine: Engine, settings: Settings) -> tuple[AllowlistFollower, Accepted]:
    """Begin to follow the file, and return the list in force."""
    from ingest.schedule import AllowlistFollower

    follower = AllowlistFollower(engine, settings.sources, session.now, private=settings.private)
    accepted = follower.current()
    assert accepted is not None  # a valid file was just put in force
    return follower, accepted


def _follow(
    settings: Settings,
    engine: Engine,
    follower: AllowlistFollower,
    fetcher: Fetcher,
    serve: str | None,
    interrupts: Interrupts,
) -> None:
    from ingest import schedule
    from ingest.cli.rounds import make_round
    from ingest.store.engine import weakness

    if warning := weakness(engine):
        render.note(f"Warning: {warning}")

    def round_of(accepted: Accepted) -> Round:
        return make_round(settings, engine, accepted, fetcher, stop=lambda: interrupts.came)

    with ExitStack() as stack:
        if serve is not None:
            from ingest.web.server import Server

            serving.announce(stack.enter_context(Server(engine, serve, timezone=settings.timezone)))
        try:
            schedule.run(follower, round_of, interrupts.event)
        except HungError as error:
            _die(error)


def _die(error: HungError) -> NoReturn:
    """Print the stack of every thread, and end without waiting for a hung one. A supervisor starts the daemon again."""
    render.note(f"Error: {error}")
    faulthandler.dump_traceback(all_threads=True)
    os._exit(error.exit_status)


# ── without a network ───────────────────────────────────────────────────────────────────────────────────────────


def _is_cut_off(engine: Engine, listed: Allowlist, fetcher: Fetcher, interrupts: Interrupts) -> bool:
    """Whether nothing is stored and no vendor answers. With a working network only one vendor is asked."""
    from ingest.cli.reach import is_reachable
    from ingest.store import queries
    from ingest.store.engine import read

    with read(engine) as conn:
        if not queries.is_empty(conn):
            return False
    render.note("Nothing is stored yet; looking whether the vendors can be reached …")
    return not is_reachable(listed, fetcher, stop=lambda: interrupts.came) and not interrupts.came


def _demonstrate(settings: Settings, serve: str | None, interrupts: Interrupts) -> None:
    from ingest.cli.demonstration import demo_database, demonstrate, note_place

    session.configure_log(settings, quiet=True)  # the demo prints enough itself
    where = demo_database(settings.database_url)
    render.note(
        "No vendor can be reached from this machine, and nothing is stored yet: this is the demo instead, on recorded "
        "sample vendors, in a database of its own. Start again when there is a network to follow the real ones."
    )
    demonstrate(where, serve=serve, zone=settings.timezone, interrupts=interrupts)
    note_place(where)
