"""`ingest sources moves`: moved and missing sources, with the evidence and a change for `sources.yaml`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ingest.cli import lookup, options, output, render, session
from ingest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.judging.moves import Move

_WHERE: Final = {
    "path": "moved on its host",
    "host": "moved to another host of its vendor's list",
    "off-list": "leads off its vendor's list, and was not followed",
    "gone": "is gone",
}


def moves(
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="Of this source only.")] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also moves with little evidence, done, or discarded.")
    ] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Discard the proposals for SOURCE, and do not repeat them.")
    ] = False,
    database: options.DatabaseFlag = None,
    json: options.JsonLinesFlag = False,
) -> None:
    """
    List moved and missing sources with the evidence.

    Each has its change to sources.yaml, but nothing is changed. The operator decides about a vendor's addresses.
    """
    from ingest.store import engine as stored
    from ingest.store import proposals

    if discard and source is None:
        raise UsageError("needs the SOURCE of the proposals to discard.", subject="--discard")
    with session.reading(session.load(database=database)) as engine:
        with stored.read(engine) as conn:
            lookup.check_names(conn, source=source)
            rows = proposals.listed(conn, source_id=source, status=None if everything else "open")
        if discard and source is not None:
            with stored.write(engine) as conn:
                proposals.discard(conn, source)
    output.rows(
        [asdict(one) for one in rows],
        json=json,
        text=lambda: _print(rows, discarded=discard),
        empty="No source is known to have moved.",
    )


def _print(rows: list[Move], *, discarded: bool) -> None:
    for one in rows:
        status = "" if one.status == "open" else f" ({one.status})"
        render.blocks(f"{one.source_id} {_WHERE[one.kind]}{status}", _facts(one))
        render.text(one.change.splitlines())
        render.line()
    if discarded:
        render.note("Discarded; it is not proposed again.")


def _facts(one: Move) -> Iterator[tuple[str, str]]:
    evidence = one.evidence
    yield "listed as", one.from_url
    yield "now at", one.to_url
    for hop in evidence.get("hops", ()):
        yield str(hop["status_code"]), f"{hop['url']} → {hop['location']}"
    yield "answer", evidence.get("detail", "")
    yield "seen", f"{render.count(one.times, 'time')}, {one.first_seen_at:%Y-%m-%d} to {one.last_seen_at:%Y-%m-%d}"
    yield "the change", "in sources.yaml, if the vendor itself says so:"
