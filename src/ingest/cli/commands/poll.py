"""`ingest poll`: one round, then exit, for cron."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.cli import options, output, render, session
from ingest.cli.interrupts import INTERRUPTED, Interrupts
from ingest.errors import UsageError
from ingest.idle import is_idle
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.model import RoundReport
    from ingest.pipeline import Progress


class FailOn(StrEnum):
    """The failures with exit status 1."""

    ANY = "any"
    NEW = "new"
    ALL = "all"


def poll(
    source: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help="Source ids, due or not.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every enabled source, due or not.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Exit status 1 after any failure, a new one, or only if all fail.")
    ] = FailOn.ANY,
    sources: options.SourcesFlag = None,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Poll every due source once, and exit.

    A new allow-list is put in force first. Without a valid file nothing is fetched, even with a list in force. Two polls at
    once are safe and share the work.
    """
    from ingest import allowlist
    from ingest.cli.rounds import report_document
    from ingest.model import RoundReport

    if source and everything:
        raise UsageError("name sources or give --all, not both.", subject="poll")
    settings = session.load(sources=sources, database=database)
    session.configure_log(settings, quiet=session.is_watched())
    session.warn_anonymous(settings)
    data = allowlist.read_bytes(settings.sources)
    report = RoundReport(())
    with Interrupts() as interrupts:
        # Most polls of a year end here, before the import of all modules for fetching.
        if source or everything or not is_idle(settings.database_url, sha256(data).hexdigest(), session.now()):
            report = _run(settings, data, interrupts, source or [], everything=everything)
    document = report_document(report)
    output.document(document, json=json, text=lambda: _print(report, document))
    raise typer.Exit(INTERRUPTED if interrupts.came else exit_status(report, fail_on))


def _watch(stack: ExitStack) -> Callable[[Progress], None]:
    """Return a function for the steps of the round: a live display in a terminal, else nothing."""
    if not session.is_watched():
        return lambda _: None
    from ingest.cli.live import LiveRound

    return stack.enter_context(LiveRound()).watch


def _run(settings: Settings, data: bytes, interrupts: Interrupts, only: list[str], *, everything: bool) -> RoundReport:
    from ingest import allowlist
    from ingest.cli.rounds import make_round, put_in_force
    from ingest.pipeline import run_round

    if session.missing_database(settings) is not None:  # only a valid list makes a database
        allowlist.parse(data, str(settings.sources), private=settings.private)
    with session.make_fetcher(settings) as fetcher, session.making(settings) as engine, ExitStack() as stack:
        session.share_slots(fetcher, settings, engine)
        accepted = put_in_force(engine, data, settings)
        shared = make_round(settings, engine, accepted, fetcher, stop=lambda: interrupts.came, watch=_watch(stack))
        return run_round(shared, only=only, everything=everything)


# ── the result ──────────────────────────────────────────────────────────────────────────────────────────────────


def exit_status(report: RoundReport, fail_on: FailOn) -> int:
    """Return 1 for failures of the wanted kind, else 0."""
    from ingest.model import Outcome

    ours = bool(report.set_aside or report.faults)
    match fail_on:
        case FailOn.ANY:
            failed = bool(report.failed) or ours
        case FailOn.NEW:
            failed = any(poll.newly_failing for poll in report.failed) or ours
        case FailOn.ALL:
            failed = bool(report.failed) and not report.count(Outcome.OK) + report.count(Outcome.NOT_MODIFIED)
    return int(failed)


def _print(report: RoundReport, document: dict[str, Any]) -> None:
    """Print a row for every source with a change or an error, then the sums."""
    shown = [row for row in _by_source(report) if _is_shown(row)]
    if shown:
        headings = ("source", "outcome", "created", "revised", "rejected", "what went wrong")
        rows = [[row["id"], row["outcome"], *(str(row[name]) for name in headings[2:5]), row["error"]] for row in shown]
        render.table(headings, rows, right=(2, 3, 4), cut={5: render.LEGIBLE}, spare=(4, 3))
        render.line()
    for fault in report.faults:
        render.note(f"{fault.subject}: {fault.error}")
    render.line(
        "{polled} polled: {ok} ok, {not_modified} not modified, {failed} failed, {skipped} skipped. "
        "{created} created, {revised} revised, {rejected} rejected.".format_map(document)
    )


def _by_source(report: RoundReport) -> list[dict[str, Any]]:
    """
    Return the rows for people. Parts and pages count at their source, so that the rows add up to the sums.

    A part or page that was set aside keeps a row of its own with its error.
    """
    from ingest.cli.rounds import report_row
    from ingest.model import Outcome, PollReport

    rows = [report_row(poll) for poll in report.polls]
    first = {row["id"]: row for row in reversed(rows)}
    for visit in report.visits:
        if visit.set_aside is not None:
            rows.append(report_row(visit))
            continue
        if visit.source_id not in first:  # a pending page of a source that was not due
            first[visit.source_id] = report_row(PollReport(visit.source_id, Outcome.OK))
            rows.append(first[visit.source_id])
        for name in ("created", "revised", "rejected"):
            first[visit.source_id][name] += getattr(visit.tally, name)
    return rows


def _is_shown(row: dict[str, Any]) -> bool:
    return bool(row["error"] or row["created"] or row["revised"] or row["rejected"])
