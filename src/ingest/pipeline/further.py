"""The further pages of lists that go on (`select.next`): fetched politely after a source's own document, each a capture of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from ingest import policy
from ingest.errors import DocumentError
from ingest.model import Failed, Outcome, PollReport, Source
from ingest.pipeline import pages
from ingest.pipeline.attempt import Answer
from ingest.pipeline.isolation import isolated
from ingest.pipeline.parts import read_part
from ingest.pipeline.visits import Visit, plan
from ingest.store import engine as database
from ingest.store import sources as states
from ingest.store import walks
from ingest.store.walks import Walk

if TYPE_CHECKING:
    from ingest.pipeline.rounds import Round

TRIES: Final = 3
"""Polls in which a further page of a list is tried; then the list is read as far as it could be."""


def follow_lists(this: Round, listed: Mapping[str, Source], polled: Collection[str]) -> list[PollReport]:
    """
    Read the further pages of lists that are followed (`walking`), one after the other.

    Args:
        polled: The sources that were just asked; only with them is a page tried again that could not be had.
    """
    with database.read(this.context.engine) as conn:
        waiting = walks.waiting(conn, [source.id for source in listed.values() if source.enabled])
    reports: list[PollReport] = []
    for walk in waiting:
        if not walk.failures or walk.source_id in polled:
            try:
                with isolated("following its list", subject=walk.source_id):
                    reports += _follow(this, listed[walk.source_id], walk)
            except DocumentError as error:
                reports.append(PollReport(walk.source_id, Outcome.BROKEN, error=error.message))
    return reports


def _follow(this: Round, source: Source, walk: Walk | None) -> list[PollReport]:
    reports: list[PollReport] = []
    while walk is not None and not this.stop():
        reading = this.reading(source)
        url = policy.upgraded(reading.vendor, walk.url)
        found = this.get(plan(this, source, url))
        came = read_part(Visit(this, source, "part", url), found)
        if came is None:
            break
        reports += came
        if any(report.error for report in came):
            _put_walk_off(this, walk, found)
        with database.read(this.context.engine) as conn:
            before, walk = walk, walks.of(conn, source.id)
        if walk is not None and walk.url == before.url:
            break  # it could not be had, or another process reads it
    if failed := [report for report in reports if report.error]:
        said = f"{len(failed)} of {len(reports)} further pages of its list could not be read: {failed[0].error}"
        with database.write(this.context.engine) as conn:
            states.warn(conn, source.id, said)
    return reports


def _put_walk_off(this: Round, walk: Walk, found: Answer) -> None:
    """Let a page that could not be had or read wait for the next poll, a few times."""
    with database.write(this.context.engine) as conn:
        if walk.failures + 1 >= TRIES or (isinstance(found, Failed) and pages.is_gone(found)):
            walks.end(conn, walk.source_id, walk.url)
        else:
            walks.fail(conn, walk)
