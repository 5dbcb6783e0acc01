"""The further pages of a list (`select.next`), fetched politely after a source's own document. Each is a capture."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from ingest import policy
from ingest.errors import DocumentError
from ingest.judging.pages import is_gone
from ingest.judging.walking import Walk
from ingest.model import Failed, Outcome, PollReport, Source
from ingest.pipeline.attempt import Answer
from ingest.pipeline.isolation import isolated
from ingest.pipeline.parts import read_part, warn
from ingest.pipeline.round import Round
from ingest.store import engine as database
from ingest.store import walks

TRIES: Final = 3
"""Polls in which a further page is tried. After them the list counts as read."""


def follow_lists(shared: Round, listed: Mapping[str, Source], polled: Collection[str]) -> list[PollReport]:
    """
    Read the further pages of followed lists (`walking`), one after the other.

    Args:
        polled: The sources asked in this round. Only with them is a failed page tried again.
    """
    with database.read(shared.context.engine) as conn:
        waiting = walks.waiting(conn, [source.id for source in listed.values() if source.enabled])
    reports: list[PollReport] = []
    for walk in waiting:
        if not walk.failures or walk.source_id in polled:
            try:
                with isolated("following its list", subject=walk.source_id):
                    reports += _follow(shared, listed[walk.source_id], walk)
            except DocumentError as error:
                reports.append(PollReport(walk.source_id, Outcome.BROKEN, error=error.message))
    return reports


def _follow(shared: Round, source: Source, walk: Walk | None) -> list[PollReport]:
    reports: list[PollReport] = []
    while walk is not None and not shared.stop():
        url = policy.upgraded(shared.vendor_of(source), walk.url)
        answer = shared.get(shared.page_plan(source, url))
        report = read_part(shared, source, url, answer)
        if report is None:
            break
        reports.append(report)
        if report.error:
            _put_off(shared, walk, answer)
        with database.read(shared.context.engine) as conn:
            before, walk = walk, walks.of(conn, source.id)
        if walk is not None and walk.url == before.url:
            break  # the page failed, or another process reads it
    warn(shared, source, reports, "further pages of its list")
    return reports


def _put_off(shared: Round, walk: Walk, answer: Answer) -> None:
    """Let a failed page wait for the next poll, a few times."""
    with database.write(shared.context.engine) as conn:
        if walk.failures + 1 >= TRIES or (isinstance(answer, Failed) and is_gone(answer)):
            walks.end(conn, walk.source_id, walk.url)
        else:
            walks.fail(conn, walk)
