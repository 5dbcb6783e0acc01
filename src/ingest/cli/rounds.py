"""A round for a command: the list in force, the round over it, and its report as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from ingest.cli import session

if TYPE_CHECKING:
    from ingest.fetch import Fetcher
    from ingest.model import PollReport, RoundReport
    from ingest.pipeline import Accepted, Progress, Round
    from ingest.settings import Settings
    from ingest.store import Engine


def put_in_force(engine: Engine, data: bytes, settings: Settings) -> Accepted:
    """
    Put a file in force if it is new and permitted. A file in force is not parsed a second time.

    Raises:
        AllowlistError: It is not a valid list, and nothing is fetched.
    """
    from ingest import allowlist, pipeline

    accepted = pipeline.in_force(engine)
    if accepted is None or accepted.allowlist.digest != sha256(data).hexdigest():
        candidate = allowlist.parse(data, str(settings.sources), private=settings.private)
        by = session.operator()
        accepted = pipeline.accept(engine, candidate, at=session.now(), by=by, why="the file was new to the database")
    session.note_standing(accepted, settings.sources)
    return accepted


def make_round(
    settings: Settings,
    engine: Engine,
    accepted: Accepted,
    fetcher: Fetcher,
    *,
    stop: Callable[[], bool],
    watch: Callable[[Progress], None] = lambda _: None,
) -> Round:
    """Make a round of the list in force, under the name of this process."""
    from ingest.pipeline import Context, Round
    from ingest.polling import Limits

    return Round(
        Context(
            engine, accepted.generation, session.now, Limits(settings.timeout, settings.max_bytes, settings.host_gap)
        ),
        accepted.allowlist,
        fetcher,
        owner=session.worker(),
        workers=settings.concurrency,
        watch=watch,
        stop=stop,
    )


_FIRST: Final = ("created", "revised", "seen", "rejected")
"""Outcomes of entries in the contract. The others follow at the end."""


def report_document(report: RoundReport) -> dict[str, Any]:
    """Return the document of CONTRACT §4. Parts, pages and the other outcomes of entries follow it."""
    from ingest.model import Outcome

    outcomes = asdict(report.tally)
    skipped = report.count(Outcome.SKIPPED)
    return {
        "polled": len(report.polls) - skipped,
        "ok": report.count(Outcome.OK),
        "not_modified": report.count(Outcome.NOT_MODIFIED),
        "failed": len(report.failed),
        "skipped": skipped,
        **{name: outcomes[name] for name in _FIRST},
        "sources": [report_row(poll) for poll in report.polls],
        "documents": [report_row(visit) for visit in report.visits],
        "entries": report.tally.entries,
        **{name: number for name, number in outcomes.items() if name not in _FIRST},
        "set_aside": [
            {"source": one.source_id, "capture": one.set_aside, "error": one.error} for one in report.set_aside
        ],
        "faults": [asdict(fault) for fault in report.faults],
    }


def report_row(poll: PollReport) -> dict[str, Any]:
    """Return the row of one polled source, part or page."""
    outcomes = asdict(poll.tally)
    return {
        "id": poll.source_id,
        "outcome": poll.outcome,
        "status": poll.status_code,
        "entries": poll.tally.entries,
        **{name: outcomes[name] for name in _FIRST},
        "bytes": poll.bytes,
        "ms": poll.elapsed_ms,
        "error": poll.error,
        **{name: number for name, number in outcomes.items() if name not in _FIRST},
    }
