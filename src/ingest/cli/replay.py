"""`ingest replay`: what is stored, proven by reading the stored evidence again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ingest.cli import render, session

if TYPE_CHECKING:
    from ingest.store import Engine
    from ingest.store.replays import RecordDifference

SHOWN: Final = 100
"""Differences that are printed for people; `--json` has all of them."""


def replay(
    *,
    into: Annotated[
        str | None, typer.Option("--into", metavar="URL", help="Keep what comes of it in this new database.")
    ] = None,
    database: session.DatabaseFlag = None,
    json: session.JsonFlag = False,
) -> None:
    """
    Read all stored captures again, in order, in another database, and compare what comes of it with what is stored.

    Changes nothing that is stored. Ends with 1 when there is a difference (something was changed by hand, or this version
    reads the evidence otherwise) or when a capture is damaged or cannot be read; each is named, and costs nothing else.
    """
    from ingest import pipeline
    from ingest.store import replays
    from ingest.store.engine import location, read

    with session.reading(session.load(database=database)) as engine, _target(into) as target:
        with _progress() as watch:
            report = pipeline.replay(engine, target, watch=watch)
        with read(engine) as stored, read(target) as replayed:
            found = list(replays.differences(stored, replayed))
        kept = location(target) if into else None
    if json:
        render.document(
            {
                "documents": report.documents,
                "pruned": report.pruned,
                "lists": report.lists,
                "failed": report.failed,
                "into": kept,
                "differences": [_as_json(item) for item in found],
            }
        )
    else:
        _print(found)
        pruned = f" ({report.pruned} of them without their bytes)" if report.pruned else ""
        lists = render.count(report.lists, "list")
        render.line(
            f"{render.count(report.documents, 'document')} replayed{pruned} under {lists}: "
            f"{render.count(len(found), 'difference')}."
        )
        for sentence in report.failed:
            render.note(f"Not read: {sentence}")
        if kept:
            render.note(f"The replayed database is {kept}")
    raise typer.Exit(int(bool(found or report.failed)))


@contextmanager
def _target(into: str | None) -> Iterator[Engine]:
    """Open the database to replay into: the one that was named, made if need be, or a temporary one."""
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
    """Give what shows how far the replay is, where somebody looks."""
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


def _print(found: list[RecordDifference]) -> None:
    rows = []
    for item in found[:SHOWN]:
        if item.missing:
            rows.append((item.table, item.key, f"missing in what is {item.missing}", ""))
        rows += [(item.table, item.key, f"{name}: {before}", f"{name}: {after}") for name, before, after in item.fields]
    if rows:
        render.table(("record", "key", "stored", "replayed"), rows, cut={2: 12, 3: 12})
    if len(found) > SHOWN:
        render.note(f"… and {len(found) - SHOWN} more; --json has all of them.")
