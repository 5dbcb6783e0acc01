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
        bool, typer.Option("--all", help="Also what was seen too seldom to say, is done, or was discarded.")
    ] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Put away what is proposed for SOURCE, and do not propose it again.")
    ] = False,
    database: options.DatabaseFlag = None,
    json: options.JsonLinesFlag = False,
) -> None:
    """
    List sources that moved or are gone, with evidence.

    Each with the change to sources.yaml that would follow it. Nothing is changed: where a vendor speaks is yours to say.
    """
    from ingest.store import engine as stored
    from ingest.store import proposals

    if discard and source is None:
        raise UsageError("needs the SOURCE whose proposals are to be put away.", subject="--discard")
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
