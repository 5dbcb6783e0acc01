"""The rounds of a measurement by `ingest`, each a process of its own, with a check of the tables after each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy  # noqa: TID251 - checks the tables from outside

from bench import feeds

ROUNDS: Final = ("cold", "304", "same", "churn", "delta", "edit", "idle", "articles")
LIBRARY: Final = Path(__file__).parents[1]
IDLE_TURNS: Final = 5
"""An idle round is so short that several are measured."""


@dataclass
class Figures:
    """
    What one round cost: seconds, MB, bytes.

    `statements` and `stages` are there only with the probe.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float
    statements: int = 0
    stages: dict[str, int] = field(default_factory=dict)
    stored_bytes: int = 0
    headlines: int = 0


class Server:
    """The process of the vendors."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        facts = json.loads(self._line())
        self.port: int = facts["port"]
        self.ca_file: str = facts["ca_file"]

    def show(self, name: str) -> None:
        """Set the documents of a round."""
        if self._process.stdin is None:
            raise RuntimeError
        self._process.stdin.write(name + "\n")
        self._process.stdin.flush()
        self._line()

    def _line(self) -> str:
        if self._process.stdout is None or not (line := self._process.stdout.readline()):
            sys.exit("the server of the vendors did not start")
        return line


@contextmanager
def serving(count: int, entries: int) -> Iterator[Server]:
    """Run the vendors."""
    command = [sys.executable, "-m", "bench.server", str(count), str(entries)]
    environment = {**os.environ, "PYTHONPATH": str(LIBRARY)}
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield Server(process)
        finally:
            process.terminate()


def measured(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[Figures, str]:
    """Run a command as a process and return its figures and output. A failure ends the measurement."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        start = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - our own modules
            command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=errors
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} failed with exit status {process.returncode}:\n{errors.read()[-4000:]}")
        return Figures(used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024), output.read()


class Ingest:
    """
    One database of `ingest` through all rounds.

    Args:
        url: The database, empty.
        probe: Run with instruments. The times are then too high.
    """

    def __init__(self, folder: Path, server: Server, url: str, size: tuple[int, int], *, probe: bool = False) -> None:
        self._folder = folder
        self._server = server
        self._url = url
        self._count, self._entries = size
        self._probe = folder / "probe.json" if probe else None
        self._environment = {
            "INGEST_DATABASE_URL": url,
            "INGEST_CONNECT_TO": f"::127.0.0.1:{server.port}",
            "INGEST_CA_FILE": server.ca_file,
            "INGEST_PRIVATE_NETWORKS": "127.0.0.0/8",
            "INGEST_HOST_GAP": "0s",
            "NO_COLOR": "1",
        }
        self._write_list(article=False)

    def run(self, name: str) -> Figures:
        """Run a round and check the tables."""
        if name == "idle":
            turns = [self._poll([]) for _ in range(IDLE_TURNS)]
            return min((figures for figures, _ in turns), key=lambda figures: figures.cpu_s)
        if name == "articles":
            self._write_list(article=True)
            self._poll(["--all"])  # reads the changed stanzas
        self._server.show(name)
        start = self._one("SELECT coalesce(max(id), 0) FROM polls")
        figures, report = self._poll(["--all"])
        self._check(name, start, report)
        figures.headlines = self._one("SELECT count(*) FROM headlines")
        figures.stored_bytes = self._size()
        return figures

    def _poll(self, which: list[str]) -> tuple[Figures, dict[str, Any]]:
        module = "bench.probe" if self._probe else "ingest"
        environment = dict(self._environment)
        if self._probe:
            path = os.environ.get("PYTHONPATH", "")
            environment |= {"BENCH_PROBE": str(self._probe), "PYTHONPATH": f"{path}{os.pathsep}{LIBRARY}"}
        figures, output = measured([sys.executable, "-m", module, "poll", *which, "--json"], self._folder, environment)
        if self._probe:
            probed = json.loads(self._probe.read_text(encoding="utf-8"))
            figures.statements, figures.stages = probed["statements"], probed["stages"]
        return figures, json.loads(output)

    def _check(self, name: str, start: int, report: Mapping[str, Any]) -> None:
        added = {"cold": 0, "304": 0, "same": 0, "churn": 0, "delta": 1, "edit": 1, "articles": 2}[name]
        stored = self._count * (self._entries + added)
        expected = {
            "polled": self._count,
            "failed": 0,
            "created": {"cold": stored, "delta": self._count, "articles": 0}.get(name, 0),
            "revised": self._count if name == "edit" else 0,
        }
        actual = {key: report[key] for key in expected}
        if name == "articles":
            del expected["created"], actual["created"]
        captures = {"cold": 1, "304": 1, "same": 1, "churn": 2, "delta": 3, "edit": 4}
        tables = {
            "headlines": (self._one("SELECT count(*) FROM headlines"), stored),
            "claims": (self._one("SELECT count(*) FROM claims"), stored),
            "story members": (self._one("SELECT count(*) FROM story_members"), stored),
            "ledger": (self._one("SELECT count(*) FROM polls WHERE id > :start AND url = ''", start), self._count),
        }
        if name in captures:
            tables["payloads"] = (
                self._one("SELECT count(DISTINCT payload_digest) FROM captures"),
                self._count * captures[name],
            )
        if name not in {"304", "same", "articles"}:
            seen = "SELECT count(*) FROM claims WHERE last_seen_at >= (SELECT min(started_at) FROM polls WHERE id > :start)"
            tables["claims seen now"] = (self._one(seen, start), stored)
        wrong = [f"{key}: {value[0]} instead of {value[1]}" for key, value in tables.items() if value[0] != value[1]]
        wrong += [f"{key}: {actual[key]} instead of {value}" for key, value in expected.items() if actual[key] != value]
        if wrong:
            sys.exit(f"round {name}: {'; '.join(wrong)}")

    def _one(self, query: str, start: int = 0) -> int:
        engine = sqlalchemy.create_engine(self._url)
        try:
            with engine.connect() as conn:
                if not sqlalchemy.inspect(conn).has_table("polls"):
                    return 0
                return int(conn.execute(sqlalchemy.text(query), {"start": start}).scalar_one())
        finally:
            engine.dispose()

    def _size(self) -> int:
        if self._url.startswith("sqlite"):
            return self._one(
                "SELECT (SELECT sum(pgsize) FROM dbstat) - (SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = 'payloads')"
            )
        return self._one("SELECT pg_database_size(current_database()) - pg_total_relation_size('payloads')")

    def _write_list(self, *, article: bool) -> None:
        lines = ["version: 1", "vendors:"]
        for feed in range(self._count):
            name = feeds.host(feed)
            opens = ", article: true" if article else ""
            lines += [
                f"  vendor{feed:05d}:",
                f"    name: Vendor {feed}",
                f"    home: https://{name}/",
                f"    official: [{name}]",
                "    sources:",
                f"      news: {{kind: feed, url: 'https://{name}/feed.xml', lang: en{opens}}}",
            ]
        (self._folder / "sources.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_peer(
    name: str, python: str, folder: Path, server: Server, size: tuple[int, int]
) -> Iterator[tuple[str, Figures]]:
    """Play the rounds by a peer, and yield the figures of each."""
    count, entries = size
    for round_name in ROUNDS:
        if round_name in {"idle", "articles"}:
            continue
        server.show(round_name)
        command = [python, "-m", "bench.peers", name, str(folder), str(server.port), server.ca_file, str(count)]
        figures, output = measured(command, folder, {"PYTHONPATH": str(LIBRARY)})
        read = sum(1 for feed in range(count) if name != "reader" or not feeds.is_malformed(feed))
        stored = read * (entries + (round_name in {"delta", "edit"}))
        if int(output) != stored:
            sys.exit(f"{name}, round {round_name}: {output.strip()} entries instead of {stored}")
        yield round_name, figures
