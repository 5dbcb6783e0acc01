"""Ten thousand polls of sources that mostly misbehave: nothing piles up, and every good source is on time."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text

from ingest import allowlist
from ingest.model import EntryOutcome, Outcome
from ingest.store.checks import check
from ingest.store.engine import open_engine, read
from load.daemon import HOLDINGS, Daemon, Held
from load.faulty_sources import SoakSources
from load.servers import show
from support.world import NOW

POLLS: Final = 10_000
STEP: Final = timedelta(minutes=70)
"""From one round to the next: the hour at which every good source is due again, however it is spread, and no second one."""

MEMORY_MB: Final = 5.0
"""What the last third of the rounds may hold more than the first, the warm-up aside: 5,000 polls that leak 1 kB each."""

FILES: Final = 4
"""The same for open files and for threads: connections that wait for the next request of their host come and go."""

SETTINGS: Final = {"INGEST_TIMEOUT": "2s", "INGEST_MAX_BYTES": "2MiB"}


def rows(engine: Engine, query: str) -> list[Any]:
    with read(engine) as conn:
        return list(conn.execute(text(query)))


def count(engine: Engine, query: str) -> int:
    return int(rows(engine, f"SELECT count(*) FROM {query}")[0][0])


def thirds(held: Sequence[Held]) -> tuple[Sequence[Held], Sequence[Held]]:
    """Give the first and the last third of what comes after the warm-up, which is a quarter."""
    warm = held[len(held) // 4 :]
    return warm[: len(warm) // 3], warm[-(len(warm) // 3) :]


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(not HOLDINGS.exists(), reason="what a process holds is read from /proc, which only Linux has")
def test_a_soak_of_misbehaving_sources_leaves_memory_and_files_flat_and_no_good_source_late(tmp_path: Path) -> None:
    soak_sources, chance, at = SoakSources(), random.Random(20260522), NOW
    (tmp_path / "sources.yaml").write_text(soak_sources.list(), encoding="utf-8")
    url = f"sqlite:///{tmp_path}/soak.db"
    engine = open_engine(url)
    held: list[Held] = []
    took: list[float] = []
    announced, late = set[str](), set[str]()
    with (
        soak_sources.open(tmp_path) as settings,
        Daemon(tmp_path, settings | SETTINGS | {"INGEST_DATABASE_URL": url}) as daemon,
    ):
        while not held or count(engine, "polls") < POLLS:
            fresh = soak_sources.announce(chance, at)
            before = time.monotonic()
            held.append(daemon.tick(at))
            took.append(time.monotonic() - before)
            announced |= fresh
            late |= fresh - {row.url for row in rows(engine, "SELECT url FROM v1_headlines")}
            at += STEP

    first, last = thirds(held)
    memory, was = median(one.memory for one in last), median(one.memory for one in first)
    files, were = max(one.files for one in last), max(one.files for one in first)
    polls, sources = count(engine, "polls"), count(engine, "v1_sources")
    show(
        f"{polls} polls of {sources} sources, {len(soak_sources.good)} of them good, in {len(held)} rounds and {sum(took):.0f} s,"
        f" the longest {max(took):.0f} s; memory {was:.0f} MB, then {memory:.0f} MB; open files {were}, then {files};"
        f" {len(announced)} announced, {len(late)} late"
    )
    good = f"polls WHERE source_id LIKE '%-news' AND outcome IN ('{Outcome.OK}', '{Outcome.NOT_MODIFIED}')"
    assert sources >= 300
    assert len(late) == 0
    assert count(engine, good) == len(held) * len(soak_sources.good)
    assert memory <= was + MEMORY_MB
    assert files <= were + FILES
    assert max(one.threads for one in last) <= max(one.threads for one in first) + FILES
    assert not any(one.children for one in held)
    assert count(engine, f"polls WHERE entries <> {' + '.join(EntryOutcome)}") == 0
    assert count(engine, "captures WHERE ingested_at IS NULL") == 0
    listed = allowlist.parse(soak_sources.list().encode())
    assert [finding for finding in check(engine, listed) if finding.level == "fault"] == []
    engine.dispose()
