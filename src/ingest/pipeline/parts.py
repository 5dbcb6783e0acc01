"""The documents listed by a source's own one, such as the parts of a sitemap index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ingest.errors import StaleListError
from ingest.model import PollReport, Source
from ingest.pipeline.attempt import Answer, Attempt
from ingest.pipeline.round import Round
from ingest.store import engine as database
from ingest.store import sources as states

PARTS: Final = 20
"""Parts read of one document. The longest sitemap index among the vendors has 17."""


def read_parts(shared: Round, source: Source, parts: Iterable[str]) -> list[PollReport]:
    """Fetch and read the parts of a source's own document, one after the other."""
    reports: list[PollReport] = []
    for url in list(parts)[:PARTS]:
        report = None if shared.stop() else read_part(shared, source, url, shared.get(shared.page_plan(source, url)))
        if report is None:
            break
        reports.append(report)
    warn(shared, source, reports, "documents that it lists")
    return reports


def read_part(shared: Round, source: Source, url: str, answer: Answer) -> PollReport | None:
    """Keep and read one part. Return None where another list came into force."""
    try:
        return Attempt(shared.context, shared.reading(source), "part", url, purpose="part").run(answer)
    except StaleListError:
        return None


def warn(shared: Round, source: Source, reports: Sequence[PollReport], what: str) -> None:
    """Show on the source how many of its further documents failed."""
    failed = [report for report in reports if report.error]
    if failed:
        reason = f"{len(failed)} of {len(reports)} {what} could not be read: {failed[0].error}"
        with database.write(shared.context.engine) as conn:
            states.warn(conn, source.id, reason)
