"""Generated worlds: whatever vendors and operators do, what must always hold does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from databases import Postgres
from whole_way.walk import sqlite_urls
from whole_way.worlds import Worlds

# Shrinking plays a whole world again and again; a failure says its steps in any case.
SETTINGS = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


def test_worlds_hold_on_sqlite(empty_database: Path) -> None:
    with sqlite_urls(empty_database) as make:
        machine = type("SqliteWorlds", (Worlds,), {"make_url": staticmethod(make)})
        run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=8, stateful_step_count=10))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_long_worlds_hold_on_sqlite(empty_database: Path) -> None:
    with sqlite_urls(empty_database) as make:
        machine = type("SqliteWorlds", (Worlds,), {"make_url": staticmethod(make), "replays_every": 5})
        run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=150, stateful_step_count=40))


@pytest.mark.long
@pytest.mark.timeout(1800)
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
