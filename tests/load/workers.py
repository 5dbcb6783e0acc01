"""
Workers for the load checks: real processes, forked from one that has loaded everything, so that a hundred cost little.

As a program (`python -m load.workers`) it reads orders from standard input, a JSON object a line, and forks a worker for
each; `WorkerGroup` is the other side, and `Worker` what a test does to one: kill it, freeze it, wait for it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine, text

import ingest
from ingest.fetch import Fetcher, FetchSettings, parse_connect_to
from ingest.pipeline import Accepted, Context, Round, SharedHostLimiter, in_force, run_round
from ingest.polling import Limits
from ingest.store import changes
from ingest.store import engine as database
from load.servers import TimedServer

TIMEOUT = timedelta(seconds=20)


# ── the test's side ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Worker:
    group: WorkerGroup
    pid: int

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def join(self) -> int:
        """Wait for its end; its exit status, negative for a signal."""
        return self.group.join(self.pid)


class Parent:
    """The process that forks workers."""

    def __init__(self) -> None:
        paths = [Path(ingest.__file__).parents[1], Path(__file__).parents[1]]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "load.workers"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate(timeout=60)  # closes its input, upon which it ends what is left


class WorkerGroup:
    """Workers on one database, all of whom take one server for the vendors."""

    def __init__(
        self, parent: Parent, folder: Path, database_url: str, server: TimedServer | None = None, *, gap: float = 0.0
    ) -> None:
        self.parent = parent
        self.log = folder / "workers.log"
        self.log.touch()
        self._common: dict[str, Any] = {"database": database_url, "gap": gap, "log": str(self.log)}
        if server is not None:
            self._common |= {"ca_file": str(server.ca_file), "connect_to": server.connect_to}
        self._pids: set[int] = set()

    def start(self, work: str, **order: Any) -> Worker:
        """Let a worker do a round (`rounds`, for `seconds`, by a clock that is `ahead` seconds) or what else is asked."""
        pid = int(self.parent.ask({**self._common, **order, "work": work})["pid"])
        self._pids.add(pid)
        return Worker(self, pid)

    def do(self, work: str, **order: Any) -> None:
        """Let a worker do something, and insist that it ends well."""
        assert self.start(work, **order).join() == 0, self.log.read_text()

    def join(self, pid: int) -> int:
        self._pids.discard(pid)
        return int(self.parent.ask({"join": pid})["status"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in list(self._pids):
            os.kill(pid, signal.SIGKILL)
            self.join(pid)


# ── the workers' side ───────────────────────────────────────────────────────────────────────────────────────────


def rounds(order: dict[str, Any]) -> None:
    """Do rounds of what is due for so many seconds, at least one."""
    now = _clock(order)
    until = time.monotonic() + order.get("seconds", 0.0)
    engine = database.open_engine(order["database"])
    gap = timedelta(seconds=order["gap"])
    with Fetcher(_settings(order), now=now) as fetcher:
        if not order.get("alone"):
            fetcher.limiter = SharedHostLimiter(engine, str(os.getpid()), timeout=TIMEOUT, gap=gap, now=now)
        accepted = None
        while True:
            accepted = in_force(engine, accepted)
            assert accepted is not None
            run_round(make_round(engine, accepted, fetcher, now, gap), everything=order.get("everything", False))
            if time.monotonic() >= until:
                break
            time.sleep(random.uniform(0.01, 0.1))
    engine.dispose()


def make_round(
    engine: Engine, accepted: Accepted, fetcher: Fetcher, now: Callable[[], datetime], gap: timedelta
) -> Round:
    context = Context(engine, accepted.generation, now, Limits(TIMEOUT, 1 << 20, gap))
    return Round(context, accepted.allowlist, fetcher, owner=str(os.getpid()), workers=16)


def _clock(order: dict[str, Any]) -> Callable[[], datetime]:
    ahead = timedelta(seconds=order.get("ahead", 0.0))
    return lambda: datetime.now(UTC) + ahead


def _settings(order: dict[str, Any]) -> FetchSettings:
    return FetchSettings(
        user_agent="ingest-load/1 (+https://www.example.org/)",
        timeout=TIMEOUT,
        max_bytes=1 << 20,
        host_gap=timedelta(seconds=order["gap"]),
        ca_file=Path(order["ca_file"]),
        connect_to=parse_connect_to(order["connect_to"]),
        private_networks=(ip_network("127.0.0.0/8"),),
    )


def append(order: dict[str, Any]) -> None:
    """Append so many changes, a few a transaction, and linger between each append and its commit."""
    if order.get("unlocked"):
        vars(changes)["serialise"] = lambda *_: None
    chance = random.Random(order["writer"])
    engine = database.open_engine(order["database"])
    number = 0
    while number < order["changes"]:
        several = range(number, min(number + chance.randint(1, 5), order["changes"]))
        rows = [{**order["row"], "at": datetime.now(UTC), "revision": order["writer"] * 1_000_000 + n} for n in several]
        with database.write(engine) as conn:
            changes.append(conn, rows)
            time.sleep(chance.expovariate(1 / order["linger"]))
        number = several.stop
    engine.dispose()


def follow(order: dict[str, Any]) -> None:
    """Follow the change log into a database of our own: rows and cursor in one transaction, as a careful consumer does."""
    there = database.open_engine(order["database"])
    here = database.open_engine(order["into"])
    with here.begin() as conn:
        conn.execute(text("CREATE TABLE IF NOT EXISTS got (seq INTEGER, revision INTEGER)"))
        conn.execute(text("CREATE TABLE IF NOT EXISTS cursor (seq INTEGER)"))
    while True:
        with here.begin() as conn:
            cursor = conn.execute(text("SELECT coalesce(max(seq), 0) FROM cursor")).scalar_one()
        query = text("SELECT seq, revision FROM v1_changes WHERE seq > :cursor ORDER BY seq LIMIT 500")
        with database.read(there) as conn:
            rows = [row._asdict() for row in conn.execute(query, {"cursor": cursor})]
        if rows:
            with database.write(here) as conn:
                conn.execute(text("INSERT INTO got VALUES (:seq, :revision)"), rows)
                conn.execute(text("INSERT INTO cursor VALUES (:seq)"), {"seq": rows[-1]["seq"]})
        elif order.get("to_the_end"):
            return
        else:
            time.sleep(0.001)


WORK = {work.__name__: work for work in (rounds, append, follow)}


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 2)
        WORK[order["work"]](order)
        status = 0
    except BaseException:  # noqa: BLE001 - a worker never comes back from here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _answer(**result: int) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Fork and join on command. After the last command, end the remaining workers."""
    mine: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "join" in order:
            status = os.waitpid(order["join"], 0)[1]
            mine.discard(order["join"])
            _answer(status=os.waitstatus_to_exitcode(status))
        else:
            pid = _fork(order)
            mine.add(pid)
            _answer(pid=pid)
    for pid in mine:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
