"""The documents that a source's own one only lists, such as the parts of a sitemap index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from ingest.errors import DocumentError, StaleListError
from ingest.model import Failed, Fetched, Outcome, PollReport, Source
from ingest.pipeline import isolation
from ingest.pipeline.attempt import Answer
from ingest.pipeline.ingest import Ingested
from ingest.pipeline.isolation import isolated
from ingest.pipeline.visits import Visit, plan
from ingest.store import engine as database
from ingest.store import sources as states

if TYPE_CHECKING:
    from ingest.pipeline.rounds import Round

PARTS: Final = 20
"""Parts of one document that are read; the longest sitemap index among the vendors has 17."""


def read_parts(this: Round, source: Source, parts: Iterable[str]) -> list[PollReport]:
    """Fetch and read the documents that a source's own one lists, one after the other; those that fail are said beside it."""
    reports: list[PollReport] = []
    for url in list(parts)[:PARTS]:
        if this.stop():
            break
        visit = Visit(this, source, "part", url)
        report = read_part(visit, this.get(plan(this, source, url)))
        if report is None:
            break
        reports += report
    failed = [report for report in reports if report.error]
    if failed:
        told = f"{len(failed)} of {len(reports)} documents that it lists could not be read: {failed[0].error}"
        with database.write(this.context.engine) as conn:
            states.warn(conn, source.id, told)
    return reports


def read_part(visit: Visit, found: Answer) -> list[PollReport] | None:
    """Store and read what came of one part; None where nothing may be written any more."""
    try:
        with isolated("reading", subject=visit.reading.source.id):
            if isinstance(found, Fetched):
                return [visit.finish_document(visit.store(found), found)]
    except StaleListError:
        return None
    except DocumentError as error:
        with database.write(visit.context.engine) as conn:
            nothing = Ingested(outcome=Outcome.BROKEN, error=error.message, rule=isolation.RULE)
            return [visit.record(conn, nothing, None, None)]
    if isinstance(found, Failed):
        with database.write(visit.context.engine) as conn:
            nothing = Ingested(outcome=found.outcome, error=found.detail)
            return [visit.record(conn, nothing, found, None)]
    return []
