"""The web page beside a command: its address, its announcement and the exit status."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

from ingest.cli import render
from ingest.cli.interrupts import INTERRUPTED, Interrupts

if TYPE_CHECKING:
    from ingest.web.server import Server

ADDRESS_HELP: Final = "HOST:PORT, or HOST:PORT+ for the next free port."


def check_address(text: str) -> None:
    """
    Check an address before anything is made.

    Raises:
        UsageError: It is not an address to listen on.
    """
    from ingest.web.server import parse_address

    parse_address(text)


def announce(server: Server) -> None:
    """Print the address of the page, the last line of a start."""
    render.line(server.url)


def end_status(interrupts: Interrupts) -> int:
    """Return the exit status of a command without an end of its own. SIGTERM is its normal end."""
    return 0 if interrupts.received == signal.SIGTERM else INTERRUPTED
