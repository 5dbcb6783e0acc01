"""A world that is taken the whole way: polled until it is quiet, polled again, replayed, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from ingest import pipeline
from ingest.demo.answers import Answer
from ingest.model import RoundReport
from ingest.store import checks, replays
from ingest.store.engine import read
from support.databases import new
from support.world import World

PAUSE = timedelta(hours=2)
"""Between two rounds: longer than a page that could not be opened waits at first."""

MOST = 12
"""Rounds after which a world has to be quiet."""


def settle(world: World, answers: Mapping[str, Answer] | None = None) -> list[RoundReport]:
    """Serve documents, and poll until nothing waits any longer."""
    world.server.update(dict(answers or {}))
    reports = []
    for _ in range(MOST):
        reports.append(world.round(after=PAUSE))
        if not world.rows("SELECT id FROM candidates WHERE status = 'pending'"):
            return reports
    raise AssertionError(f"after {MOST} rounds something still waits")


def assert_whole(world: World, answers: Mapping[str, Answer], folder: Path) -> None:
    """See that another look finds nothing new, that a replay comes to the same, and that nothing is wrong with the database."""
    before = world.rows("SELECT id, revision, title, url, lang FROM v1_headlines ORDER BY id")
    (again,) = settle(world, {url: _written_anew(answer) for url, answer in answers.items()})
    assert all(report.outcome == "ok" for report in again.polls), again.polls
    assert (again.tally.created, again.tally.revised, again.tally.pending) == (0, 0, 0), again
    assert world.rows("SELECT id, revision, title, url, lang FROM v1_headlines ORDER BY id") == before
    assert_replayed(world, folder)
    assert world.accepted is not None
    result = checks.check(world.engine, world.accepted.allowlist)
    wrong = [finding.what for finding in result if finding.level == "fault"]
    assert wrong == [], wrong


def _written_anew(answer: Answer) -> Answer:
    """Change the bytes of a document and nothing that it says."""
    return replace(answer, content=answer.content + b"\n<!-- written anew -->\n")


def assert_replayed(world: World, folder: Path) -> None:
    """See that the stored evidence comes to what is stored."""
    target = new(f"{folder}/{uuid4().hex[:8]}.db")
    pipeline.replay(world.engine, target)
    with read(world.engine) as stored, read(target) as replayed:
        assert list(replays.differences(stored, replayed)) == []
    target.dispose()
