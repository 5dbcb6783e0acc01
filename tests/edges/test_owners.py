"""Leases of processes that are dead, as others on their machine find them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

import ingest
from edges.client import FEED, Client, client_of, feed
from edges.server import HostileServer, answer
from ingest.model import Outcome
from ingest.store import leases, owners
from ingest.store.engine import write

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux reports dead processes")

NAMES_ITSELF = "import sys; from ingest.store import owners; print(owners.name(), flush=True); sys.stdin.read()"


@pytest.fixture
def client(tmp_path: Path, sqlite: Engine, server: HostileServer) -> Iterator[Client]:
    with client_of(sqlite, server, tmp_path) as client:
        client.server.on(FEED, answer(feed("One")))
        yield client


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(Path(ingest.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", NAMES_ITSELF], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.kill()


def hold(client: Client, owner: str) -> None:
    with write(client.world.engine) as conn:
        leases.claim(
            conn, now=client.world.at, owner=owner, lease=timedelta(minutes=5), ids=["acme/news"], since=client.world.at
        )


def test_what_a_killed_process_held_is_taken_over_at_once(client: Client, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    owner = process.stdout.readline().strip()
    hold(client, owner)
    assert client.poll(after=timedelta(0)).outcome is Outcome.SKIPPED
    process.kill()  # and not waited for: what is left of it has a number and does nothing
    while not owners.is_dead(owner):
        pass
    assert client.poll(after=timedelta(0)).outcome is Outcome.OK
    assert client.world.titles() == ["One"]


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(owners.name(), id="ourselves"),
        pytest.param("cli:1", id="a name without a process"),
        pytest.param("cli:999999999:1@0123456789abcdef", id="another machine"),
    ],
)
def test_who_is_not_known_to_be_dead_keeps_what_it_holds(owner: str, client: Client) -> None:
    hold(client, owner)
    report = client.poll(after=timedelta(0))
    assert report.outcome is Outcome.SKIPPED
    assert "another worker" in report.error
    assert client.server.urls == []


def test_a_number_that_another_process_has_now_is_not_the_dead_one() -> None:
    before, _, machine = owners.name().rpartition("@")
    host, pid, birth = before.rsplit(":", 2)
    assert not owners.is_dead(f"{host}:{pid}:{birth}@{machine}")
    assert owners.is_dead(f"{host}:{pid}:{int(birth) - 1}@{machine}")
