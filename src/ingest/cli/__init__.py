"""
The command line: `main` runs one command of `table`.

A command is one short function in `commands`, and its module is imported when it runs. No command imports another: shared
code is in the modules beside `commands`. Data goes to standard output and all else to standard error. CONTRACT §4 has the
exit statuses.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Final

import typer

from ingest import __version__
from ingest.cli import render
from ingest.cli.lazy import LazyGroup
from ingest.cli.table import TABLE
from ingest.errors import IngestError, OutputError
from ingest.remedies import explained

__all__ = ["command_tree", "main"]

_NEW_OBJECTS: Final = 10_000
"""The number of new objects that starts the collector of cycles. Python's own number is 700 or 2,000."""


def _version(wanted: bool) -> None:
    if wanted:
        render.line(f"ingest {__version__}")
        raise typer.Exit


def _common(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@cache
def command_tree() -> LazyGroup:
    """Make the tree of commands."""
    app = typer.Typer(
        cls=LazyGroup,
        help=(
            "The system of record for official AI announcements: follows the vendors of sources.yaml and keeps their "
            "words."
        ),
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    app.callback()(_common)
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)  # the class above
    return group.fill(TABLE)


@cache
def _collect_rarely() -> None:
    """
    Run the collector of cycles less often, and not at the end of the process.

    A short command mostly imports modules, which are no garbage. The collector took a quarter of its CPU time.
    """
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a command.

    Args:
        arguments: The arguments without the program's name, or None for those of the process.

    Returns:
        The exit status.
    """
    render.prepare_streams()
    _collect_rarely()
    try:
        command_tree()(args=None if arguments is None else list(arguments), prog_name="ingest")
    except SystemExit as end:  # the end of every run of typer
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except IngestError as error:
        render.note(f"Error: {explained(error)}")
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # from typer's own output: help, the version
        if not render.is_of_output(error):
            raise
        render.note(f"Error: {render.lost(error)}")
        return OutputError.exit_status
    return 0
