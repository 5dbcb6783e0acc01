"""`ingest` as people and programs call it: in this process, or as one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import ingest
from ingest.cli import main
from ingest.demo.server import VendorServer

COMMAND = (sys.executable, "-m", "ingest")
PACKAGE = Path(ingest.__file__).parents[1]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    def document(self) -> Any:
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """A folder with a `sources.yaml` and a database, vendors on loopback, and the command in this process."""

    folder: Path
    vendors: VendorServer
    database: str
    capsys: pytest.CaptureFixture[str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __call__(self, *arguments: str) -> Ended:
        self.capsys.readouterr()
        status = main(arguments)
        captured = self.capsys.readouterr()
        return Ended(status, captured.out, captured.err)

    def write_list(self, text: str) -> Path:
        path = self.folder / "sources.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def environment(self) -> dict[str, str]:
        """What a process of its own needs."""
        return {
            **os.environ,
            **self.vendors.settings,
            "INGEST_HOST_GAP": "0s",
            "INGEST_DATABASE_URL": self.database,
            "PYTHONPATH": str(PACKAGE),
        }

    def start(
        self, *arguments: str, stdout: int = subprocess.PIPE, program: Sequence[str] = COMMAND, **environment: str
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*program, *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **environment: str) -> Ended:
        process = self.start(*arguments, stdout=subprocess.PIPE, **environment)
        out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)
