"""The demo for `ingest demo`, and for `ingest run` without a network."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.cli import output, render, serving, session
from ingest.cli.rounds import report_document

if TYPE_CHECKING:
    from ingest.cli.interrupts import Interrupts
    from ingest.demo.play import FirstRound, SecondRound
    from ingest.store import Engine


def demonstrate(url: str, *, serve: str | None, zone: tzinfo, interrupts: Interrupts, json: bool = False) -> None:
    """
    Play both rounds in an empty database, and print the result of each.

    Args:
        url: The database.
        serve: Where to keep the page up afterwards, or None.
        zone: The time zone of the page.
        interrupts: End the page.
        json: Whether one JSON document is printed for both rounds.
    """
    from ingest.demo import play

    with _engine(url) as engine:
        render.note(play.BANNER)
        with play.set_up(engine) as stage:
            first = stage.first()
            if not json:
                _print_first(first)
            second = stage.second()
        output.document(
            {"first": _first_document(first), "second": _second_document(second)},
            json=json,
            text=lambda: _print_second(second),
        )
        if serve is not None and not interrupts.came:
            _keep_up(engine, serve, zone, second.at, interrupts)


def demo_database(url: str) -> str:
    """
    Return the database of a demo beside a real one, or a temporary one if that is not a file.

    The database of an earlier demo is removed.
    """
    from ingest.store.engine import open_engine

    path = session.path_of(open_engine(url))
    if path is None:
        return f"sqlite:///{tempfile.mkdtemp(prefix='ingest-demo-')}/demo.db"
    beside = session.demo_path(path)
    for left in (beside, Path(f"{beside}-wal"), Path(f"{beside}-shm")):
        left.unlink(missing_ok=True)
    return f"sqlite:///{beside}"


def note_place(url: str) -> None:
    """Name the demo's data and a command to look at it, on standard error."""
    render.note(f"The demo's data stays; look at it with `ingest headlines --database {url}`.")


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    from ingest.store.engine import create_if_missing, open_engine

    engine = open_engine(url)
    try:
        create_if_missing(engine)
        yield engine
    finally:
        engine.dispose()


def _keep_up(engine: Engine, address: str, zone: tzinfo, at: datetime, interrupts: Interrupts) -> None:
    from ingest.demo.play import BANNER
    from ingest.web.server import Server

    with Server(engine, address, timezone=zone, banner=BANNER, now=lambda: at) as server:
        serving.announce(server)
        interrupts.event.wait()


# ── the result ──────────────────────────────────────────────────────────────────────────────────────────────────


def _print_first(first: FirstRound) -> None:
    from ingest.demo.scenario import LEFT_OUT

    counts = report_document(first.report)
    render.line("Round one, {:%Y-%m-%d}: {polled} sources, {created} headlines.".format(first.at, **counts))
    render.line()
    rows = [(str(line.number), (line.text, line.headline.url)) for line in first.ticker]
    if render.is_terminal(sys.stdout):
        render.table(("", "the ticker of May 2026, each line above its official page"), rows, right=(0,))
    else:
        render.table(
            ("", "the ticker of May 2026", "official page"), [(number, *cell) for number, cell in rows], right=(0,)
        )
    for number, text in LEFT_OUT.items():
        render.line(f'Line {number}, "{text}", is left out: no official page says so.')
    render.line()


def _print_second(second: SecondRound) -> None:
    counts = report_document(second.report)
    sums = (
        "{revised} edit, {duplicate} duplicate, {rejected} refusals; {not_modified} of {polled} sources not modified."
    )
    render.line(f"Round two, {second.at:%Y-%m-%d}: {sums.format_map(counts)}")
    render.line()
    edit, twice = second.edit, second.duplicate
    before, after = edit.titles[0], edit.titles[-1]
    facts = [("source", edit.headline.source_id), ("before", before), ("after", after), ("page", edit.headline.url)]
    render.blocks("Edited by its vendor: a second revision", facts)
    carriers = [("carried by", f"{link.source_id}, as {link.url}") for link in twice.links]
    render.blocks("Told by a second source: still one headline", [("title", twice.headline.title), *carriers])
    for refused in second.refused:
        item = refused.rejection
        facts = [("source", item.source_id), ("title", item.title), ("address", item.url)]
        render.blocks(f"Refused ({refused.kind}) by {item.reason}", [*facts, ("because", item.detail)])


def _first_document(first: FirstRound) -> dict[str, Any]:
    ticker = [{"number": line.number, "text": line.text, "url": line.headline.url} for line in first.ticker]
    return {"at": first.at, "report": report_document(first.report), "ticker": ticker}


def _second_document(second: SecondRound) -> dict[str, Any]:
    return {
        "at": second.at,
        "report": report_document(second.report),
        "edit": {"url": second.edit.headline.url, "titles": second.edit.titles},
        "duplicate": {
            "url": second.duplicate.headline.url,
            "sources": [link.source_id for link in second.duplicate.links],
        },
        "refused": [{"kind": refused.kind, "rejection": refused.rejection} for refused in second.refused],
    }
