"""The path of every announcement, the same for polls, recovery, replays and new readings of stored bytes."""

from __future__ import annotations

from ingest.pipeline.attempt import Context
from ingest.pipeline.bases import link_base
from ingest.pipeline.hosts import SharedHostLimiter, SharedRobotsCache
from ingest.pipeline.inforce import Accepted, Standing, accept, in_force, standing
from ingest.pipeline.placing import decide
from ingest.pipeline.poll import Poll
from ingest.pipeline.replay import Replayed, replay
from ingest.pipeline.round import Progress, Round
from ingest.pipeline.rounds import run_round
from ingest.pipeline.stored import read_stored

__all__ = [
    "Accepted",
    "Context",
    "Poll",
    "Progress",
    "Replayed",
    "Round",
    "SharedHostLimiter",
    "SharedRobotsCache",
    "Standing",
    "accept",
    "decide",
    "in_force",
    "link_base",
    "read_stored",
    "replay",
    "run_round",
    "standing",
]
