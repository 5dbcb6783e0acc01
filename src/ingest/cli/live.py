"""The live display of a round in a terminal: its progress, the sources in flight, the results."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from ingest.cli import render
from ingest.log import visible
from ingest.pipeline import Progress

if TYPE_CHECKING:
    from rich.console import RenderableType

SHOWN_IN_FLIGHT: Final = 6
"""Sources in flight shown by name. The others are counted."""

BAR: Final = 24
"""Columns of the bar. With its figures it fits 80."""

FRAMES_A_SECOND: Final = 8


class LiveRound:
    """
    The display of one round on standard error, removed at the end of the round.

    The thread of the round calls `watch`. Another thread draws.
    """

    def __init__(self) -> None:
        from rich.live import Live

        self._total = 0
        self._done = 0
        self._created = 0
        self._failed = 0
        self._flying: dict[str, float] = {}
        self._live = Live(
            get_renderable=self._draw,
            console=render.console(sys.stderr),
            refresh_per_second=FRAMES_A_SECOND,
            transient=True,
            redirect_stdout=False,
        )

    def watch(self, step: Progress) -> None:
        """Note one step of the round."""
        if step.kind == "started":
            self._total = step.total
        elif step.kind == "fetching":
            self._flying = {**self._flying, step.source_id: time.monotonic()}
        elif step.report is not None:
            self._flying = {name: since for name, since in self._flying.items() if name != step.source_id}
            self._done += 1
            self._created += step.report.tally.created
            self._failed += is_failure(step)

    def _draw(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        total = max(self._total, self._done + len(self._flying))
        filled = BAR * self._done // total if total else 0
        head = Table.grid(padding=(0, 1))
        head.add_row(
            Text("━" * filled, style="green") + Text("━" * (BAR - filled), style="dim"),
            Text(f"{self._done}/{total} done"),
            Text(f"{self._created} created"),
            Text(f"{self._failed} failed", style="red" if self._failed else ""),
        )
        flying = self._flying
        named = list(flying.items())[:SHOWN_IN_FLIGHT]
        at = time.monotonic()
        lines = [Text(f"  {visible(name)} {at - since:.0f} s", style="dim") for name, since in named]
        more = len(flying) - len(named)
        return Group(head, *lines, *([Text(f"  … and {more} more", style="dim")] if more > 0 else []))

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the display."""
        self._live.stop()


def is_failure(step: Progress) -> bool:
    """Whether a step ended with a failure of its source."""
    from ingest.model import RoundReport

    return step.report is not None and bool(RoundReport((step.report,)).failed)
