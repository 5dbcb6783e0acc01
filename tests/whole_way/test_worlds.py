"""Generated worlds: whatever vendors and operators do, what must always hold does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from support.databases import Postgres
from whole_way.walk import sqlite_urls
from whole_way.worlds import Worlds

SETTINGS = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
FIRST = settings(SETTINGS, phases=[Phase.generate])  # a failure names its steps; to shrink them is a long run's work


@pytest.mark.timeout(300)
def test_worlds_hold_on_sqlite(empty_database: Path) -> None:
    with sqlite_urls(empty_database) as make:
        machine = type("SqliteWorlds", (Worlds,), {"make_url": staticmethod(make)})
        run_state_machine_as_test(machine, settings=settings(FIRST, max_examples=4, stateful_step_count=9))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_long_worlds_hold_on_sqlite(empty_database: Path) -> None:
    with sqlite_urls(empty_database) as make:
        machine = type("SqliteWorlds", (Worlds,), {"make_url": staticmethod(make), "replays_every": 5})
        run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=150, stateful_step_count=40))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_worlds_hold_on_postgresql(postgres: Postgres) -> None:
    used: list[str] = []

    def make() -> str:
        for url in used[:-2]:  # those of the world that goes on are the last two
            postgres.give_back(url)
        del used[:-2]
        used.append(postgres.make())
        return used[-1]

    machine = type("PostgresqlWorlds", (Worlds,), {"make_url": staticmethod(make)})
    run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=40, stateful_step_count=25))
