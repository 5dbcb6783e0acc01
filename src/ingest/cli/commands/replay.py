"""`ingest replay`: a proof of the stored records, by reading the stored captures again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ingest.cli import options, output, render, session

if TYPE_CHECKING:
    from ingest.pipeline.replay import Replayed
    from ingest.store import Engine
    from ingest.store.replays import RecordDifference

SHOWN: Final = 100
"""Differences printed for people. `--json` has all of them."""


def replay(
    *,
    into: Annotated[
        str | None, typer.Option("--into", metavar="URL", help="Keep the result in this new database.")
    ] = None,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Read all stored captures again in another database, and compare the result with the stored records.

    Changes no stored record. Ends with 1 after a difference (a change by hand, or another reading by this version) or an
    unreadable capture. Each is named, and affects no other.
    """
    from ingest import pipeline
    from ingest.store import replays
    from ingest.store.engine import location, read

    with session.reading(session.load(database=database)) as engine, _target(into) as target:
        with _progress() as watch:
            report = pipeline.replay(engine, target, watch=watch)
        with read(engine) as stored, read(target) as replayed:
            differences = list(replays.differences(stored, replayed))
        kept = location(target) if into else None
    document = {
        "documents": report.documents,
        "pruned": report.pruned,
        "lists": report.lists,
        "failed": report.failed,
        "into": kept,
        "differences": [_as_json(item) for item in differences],
    }
    output.document(document, json=json, text=lambda: _print(report, differences, kept))
    raise typer.Exit(int(bool(differences or report.failed)))


@contextmanager
def _target(into: str | None) -> Iterator[Engine]:
    """Open the target of the replay: the named database, made if it is missing, or a temporary one."""
    from ingest.store.engine import open_engine, upgrade

    with tempfile.TemporaryDirectory(prefix="ingest-replay-") as folder:
        engine = open_engine(into or f"sqlite:///{Path(folder, 'replay.db')}")
        try:
            upgrade(engine)
            yield engine
        finally:
            engine.dispose()


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Yield a function for the progress of the replay. Only a terminal shows it."""
    if not session.is_watched():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Replaying", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _as_json(item: RecordDifference) -> dict[str, object]:
    fields = [{"field": name, "stored": str(before), "replayed": str(after)} for name, before, after in item.fields]
    return {"table": item.table, "key": item.key, "missing": item.missing, "fields": fields}


def _print(report: Replayed, differences: list[RecordDifference], kept: str | None) -> None:
    _print_differences(differences)
    pruned = f" ({report.pruned} of them without their bytes)" if report.pruned else ""
    lists = render.count(report.lists, "list")
    render.line(
        f"{render.count(report.documents, 'document')} replayed{pruned} under {lists}: "
        f"{render.count(len(differences), 'difference')}."
    )
    for sentence in report.failed:
        render.note(f"Not read: {sentence}")
    if kept:
        render.note(f"The replayed database is {kept}")


def _print_differences(differences: list[RecordDifference]) -> None:
    rows = []
    for item in differences[:SHOWN]:
        if item.missing:
            rows.append((item.table, item.key, f"missing in what is {item.missing}", ""))
        rows += [(item.table, item.key, f"{name}: {before}", f"{name}: {after}") for name, before, after in item.fields]
    if rows:
        render.table(("record", "key", "stored", "replayed"), rows, cut={2: 12, 3: 12})
    if len(differences) > SHOWN:
        render.note(f"… and {len(differences) - SHOWN} more; --json has all of them.")
