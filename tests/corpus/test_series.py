"""Recorded series: every version in order creates and revises what its steps say, and nothing twice."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from corpus.report import ABSENT, ROOT
from corpus.series import FEEDS, play
from ingest.store.engine import read
from ingest.store.queries import headlines


@pytest.mark.either_engine
@pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)
@pytest.mark.parametrize("series", FEEDS)
def test_a_series_creates_and_revises_what_its_steps_say(engine: Engine, series: str) -> None:
    played = play(series, engine)
    assert played.differences == []
    assert (played.created, played.revised) == (played.added, played.changed)
    with read(engine) as conn:
        stored = headlines(conn, limit=None)
    assert len({headline.url for headline in stored}) == len(stored) == played.created
