"""
`ingest` with instruments, for figures that need no stopwatch: statements by round, and CPU by stage.

    BENCH_PROBE=FILE python -m bench.probe poll --all --json

Writes a JSON object with the number of statements and, by stage, the number of samples of CPU time. A sample belongs to the
innermost frame whose package is a stage.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

INTERVAL_S: Final = 0.002
ROOT: Final = "ingest."


class Sampler:
    """Counts samples of CPU time by package, over all threads that run Python code."""

    def __init__(self) -> None:
        self.stages: Counter[str] = Counter()

    def __call__(self, _: int, frame: FrameType | None) -> None:
        """Count the stack of the interrupted thread. Signals reach the main thread only."""
        self.stages[_stage(frame)] += 1

    def __enter__(self) -> Self:
        """Begin."""
        signal.signal(signal.SIGPROF, self)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        signal.setitimer(signal.ITIMER_PROF, 0)


def _stage(frame: FrameType | None) -> str:
    importing = False
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        importing = importing or name.startswith("importlib")
        if name.startswith(ROOT):
            return "import" if importing else ".".join(name.split(".")[1:3])
        frame = frame.f_back
    return "start"


def main() -> None:
    """Run the command with its arguments."""
    counts: Counter[str] = Counter()
    with Sampler() as sampler:
        try:
            _count_statements(counts)
            from ingest.cli import main as command

            command()
        finally:
            result = {"statements": counts.total(), "by_text": counts.most_common(60), "stages": sampler.stages}
            Path(os.environ["BENCH_PROBE"]).write_text(json.dumps(result), encoding="utf-8")


def _count_statements(counts: Counter[str]) -> None:
    from sqlalchemy import event  # noqa: TID251 - the listener of statements

    from ingest.store import Engine

    @event.listens_for(Engine, "before_cursor_execute")
    def count(_c: Any, _k: Any, statement: str, *_: Any) -> None:  # noqa: ANN401 - the shape of the event
        counts[" ".join(statement.split())[:150]] += 1


if __name__ == "__main__":
    sys.argv[0] = "ingest"
    main()
