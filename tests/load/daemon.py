"""
The daemon in a process of its own, put together as `ingest run` does it, whose time and ticks come from outside.

As a program (`python -m load.daemon`) it reads a moment a line, does the tick of that moment and answers with what the
process holds afterwards; `Daemon` is the other side.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import ingest
from ingest import schedule
from ingest.cli import memory, session
from ingest.cli.rounds import make_round
from ingest.pipeline import Accepted, Round

HOLDINGS: Final = Path("/proc/self")
"""The open files of a process on Linux."""


@dataclass(frozen=True)
class Held:
    """What the daemon holds between two ticks: memory in MB, open files, threads, and whether there are child processes."""

    memory: float
    files: int
    threads: int
    children: bool


# ── the test's side ─────────────────────────────────────────────────────────────────────────────────────────────


class Daemon:
    """A daemon that waits for the time; a context manager that leaves no process behind."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        paths = [Path(ingest.__file__).parents[1], Path(__file__).parents[1]]
        self.log = folder / "daemon.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "load.daemon"],
                cwd=folder,
                env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(map(str, paths))},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
            )

    def tick(self, at: datetime) -> Held:
        """Let it do the tick of a moment."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{at.isoformat()}\n")
        self._process.stdin.flush()
        message = self._process.stdout.readline()
        assert message, self.log.read_text()[-5000:]
        return Held(**json.loads(message))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.kill()
        self._process.communicate(timeout=60)  # the end of its input is the end of its ticks


# ── the daemon's side ───────────────────────────────────────────────────────────────────────────────────────────


def held() -> Held:
    """Count what this process holds."""
    status = dict(line.split(":", 1) for line in (HOLDINGS / "status").read_text().splitlines())
    kilobytes = int(status["VmRSS"].split()[0])
    files = sum(1 for _ in (HOLDINGS / "fd").iterdir())
    return Held(kilobytes / 1000, files, int(status["Threads"]), _has_children())


def _has_children() -> bool:
    """Whether a child lives, or died and was not reaped."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def main() -> None:
    """Tick on command."""
    at = datetime.now(UTC)
    vars(session)["now"] = lambda: at
    settings = session.load()
    session.configure_log(settings)
    memory.give_back()
    with session.make_fetcher(settings) as fetcher, session.making(settings) as engine:
        session.share_slots(fetcher, settings, engine)

        def round_of(accepted: Accepted) -> Round:
            return make_round(settings, engine, accepted, fetcher, stop=lambda: False)

        lists = schedule.AllowlistFollower(engine, settings.sources, session.now)
        for line in sys.stdin:
            at = datetime.fromisoformat(line.strip())
            assert schedule.tick(lists, round_of, schedule.Watchdog()) is not None
            sys.stdout.write(json.dumps(asdict(held())) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
