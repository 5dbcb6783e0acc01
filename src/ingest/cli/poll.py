"""`ingest poll`: one round, then exit; what cron calls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.cli import render, session
from ingest.cli.interrupts import INTERRUPTED, Interrupts
from ingest.errors import UsageError
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.fetch import Fetcher
    from ingest.model import PollReport, RoundReport
    from ingest.pipeline import Accepted, Progress, Round
    from ingest.store import Engine


class FailOn(StrEnum):
    """Which failures make the exit status 1."""

    ANY = "any"
    NEW = "new"
    ALL = "all"


def poll(
    source: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help="Source ids, due or not.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every enabled source, due or not.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="What makes the exit status 1: any failure, a new one, or only all.")
    ] = FailOn.ANY,
    sources: session.SourcesFlag = None,
    database: session.DatabaseFlag = None,
    json: session.JsonFlag = False,
) -> None:
    """
    Look once at what is due, and exit.

    Puts the allow-list in force first when it is new to the database; without a good file nothing is fetched, whatever is
    in force. Two polls at once are safe: they share the work.
    """
    from ingest import allowlist
    from ingest.model import RoundReport

    if source and everything:
        raise UsageError("name sources or give --all, not both.", subject="poll")
    settings = session.load(sources=sources, database=database)
    session.configure_log(settings, quiet=session.is_watched())
    session.tell_anonymous(settings)
    data = allowlist.read_bytes(settings.sources)
    is_new = session.missing_database(settings) is not None
    if is_new:
        allowlist.parse(
            data, str(settings.sources), private=settings.private
        )  # a database is made for a good list only
    with Interrupts() as interrupts:
        if is_new or source or everything or not _is_idle(settings, data):
            report = _run(settings, data, interrupts, source or [], everything=everything)
        else:
            report = RoundReport(())
    if json:
        render.document(as_document(report))
    else:
        _print(report)
    raise typer.Exit(INTERRUPTED if interrupts.came else exit_status(report, fail_on))


def put_in_force(engine: Engine, data: bytes, settings: Settings) -> Accepted:
    """
    Put a file in force if it is new and may be; a file that is in force already is not parsed a second time.

    Raises:
        AllowlistError: It is no valid list: then nothing is fetched.
    """
    from ingest import allowlist, pipeline

    accepted = pipeline.in_force(engine)
    if accepted is None or accepted.allowlist.digest != sha256(data).hexdigest():
        candidate = allowlist.parse(data, str(settings.sources), private=settings.private)
        by = session.operator()
        accepted = pipeline.accept(engine, candidate, at=session.now(), by=by, why="the file was new to the database")
    session.tell_standing(accepted, settings.sources)
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
    """Make a round of the list in force, under this process's name."""
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


def _watch(stack: ExitStack) -> Callable[[Progress], None]:
    """Give what watches the round: a live display where somebody looks, else nothing."""
    if not session.is_watched():
        return lambda _: None
    from ingest.cli.live import LiveRound

    return stack.enter_context(LiveRound()).watch


def _is_idle(settings: Settings, data: bytes) -> bool:
    """Ask the database whether a round would do nothing: most of a year's polls end here, before they load what fetches."""
    from ingest import stories
    from ingest.store import engine as database
    from ingest.store.idle import is_idle

    now = session.now()
    with session.making(settings) as engine, database.read(engine) as conn:
        return is_idle(conn, sha256(data).hexdigest(), now=now, settled=stories.settled(now.date()))


def _run(settings: Settings, data: bytes, interrupts: Interrupts, only: list[str], *, everything: bool) -> RoundReport:
    from ingest.pipeline import run_round

    with session.make_fetcher(settings) as fetcher, session.making(settings) as engine, ExitStack() as stack:
        session.share_turns(fetcher, settings, engine)
        accepted = put_in_force(engine, data, settings)
        this = make_round(settings, engine, accepted, fetcher, stop=lambda: interrupts.came, watch=_watch(stack))
        return run_round(this, only=only, everything=everything)


# ── what came of it ─────────────────────────────────────────────────────────────────────────────────────────────


def exit_status(report: RoundReport, fail_on: FailOn) -> int:
    """Say 1 when the failures are such that the operator wants to hear of them, else 0."""
    from ingest.model import Outcome

    ours = bool(report.set_aside or report.faults)
    match fail_on:
        case FailOn.ANY:
            heard = bool(report.failed) or ours
        case FailOn.NEW:
            heard = any(poll.newly_failing for poll in report.failed) or ours
        case FailOn.ALL:
            heard = bool(report.failed) and not report.count(Outcome.OK) + report.count(Outcome.NOT_MODIFIED)
    return int(heard)


def as_document(report: RoundReport) -> dict[str, Any]:
    """Give the document of CONTRACT §4, with every fate, and the parts and pages, beside what it names."""
    from ingest.model import Outcome

    tally = report.tally
    named = ("created", "revised", "seen", "rejected")
    fates = asdict(tally)
    skipped = report.count(Outcome.SKIPPED)
    return {
        "polled": len(report.polls) - skipped,
        "ok": report.count(Outcome.OK),
        "not_modified": report.count(Outcome.NOT_MODIFIED),
        "failed": len(report.failed),
        "skipped": skipped,
        **{name: fates[name] for name in named},
        "sources": [_row(poll) for poll in report.polls],
        "documents": [_row(visit) for visit in report.visits],
        "entries": tally.entries,
        **{name: number for name, number in fates.items() if name not in named},
        "set_aside": [
            {"source": one.source_id, "capture": one.set_aside, "error": one.error} for one in report.set_aside
        ],
        "faults": [asdict(fault) for fault in report.faults],
    }


def _row(poll: PollReport) -> dict[str, Any]:
    named = ("created", "revised", "seen", "rejected")
    fates = asdict(poll.tally)
    return {
        "id": poll.source_id,
        "outcome": poll.outcome,
        "status": poll.status_code,
        "entries": poll.tally.entries,
        **{name: fates[name] for name in named},
        "bytes": poll.bytes,
        "ms": poll.elapsed_ms,
        "error": poll.error,
        **{name: number for name, number in fates.items() if name not in named},
    }


def _print(report: RoundReport) -> None:
    """Print a row for every source that brought or lost something, then the sums."""
    found = as_document(report)
    telling = [row for row in _by_source(report) if _tells(row)]
    if telling:
        headings = ("source", "outcome", "created", "revised", "rejected", "what went wrong")
        rows = [
            [row["id"], row["outcome"], *(str(row[name]) for name in headings[2:5]), row["error"]] for row in telling
        ]
        render.table(headings, rows, right=(2, 3, 4), cut={5: render.LEGIBLE}, spare=(4, 3))
        render.line()
    for fault in report.faults:
        render.note(f"{fault.subject}: {fault.error}")
    render.line(
        "{polled} polled: {ok} ok, {not_modified} not modified, {failed} failed, {skipped} skipped. "
        "{created} created, {revised} revised, {rejected} rejected.".format_map(found)
    )


def _by_source(report: RoundReport) -> list[dict[str, Any]]:
    """
    Give the rows for people: what came of parts and pages counts at their source, so that the rows add up to the sums.

    A part or page that was set aside keeps a row of its own, which says what went wrong.
    """
    from ingest.model import Outcome, PollReport

    rows = [_row(poll) for poll in report.polls]
    first = {row["id"]: row for row in reversed(rows)}
    for visit in report.visits:
        if visit.set_aside is not None:
            rows.append(_row(visit))
            continue
        if visit.source_id not in first:  # a page that waited, of a source that was not due
            first[visit.source_id] = _row(PollReport(visit.source_id, Outcome.OK))
            rows.append(first[visit.source_id])
        for name in ("created", "revised", "rejected"):
            first[visit.source_id][name] += getattr(visit.tally, name)
    return rows


def _tells(row: dict[str, Any]) -> bool:
    return bool(row["error"] or row["created"] or row["revised"] or row["rejected"])
