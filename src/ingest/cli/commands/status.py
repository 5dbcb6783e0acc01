"""`ingest status`: the state of the sources, most of all of those with a problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ingest.cli import options, output, render, session
from ingest.display import ago
from ingest.model import State

if TYPE_CHECKING:
    from ingest.store.queries import SourceRow

_CALM: Final = frozenset({State.NEW, State.OK, State.DISABLED})
"""States without work for an operator, except with a reason."""


def status(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]…", help="These alone, with all details."),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those without a problem.")] = False,
    state: Annotated[
        list[State] | None, typer.Option("--state", help="Those in this state; repeat it for several.")
    ] = None,
    vendor: options.VendorFlag = None,
    database: options.DatabaseFlag = None,
    json: options.JsonLinesFlag = False,
) -> None:
    """
    Show the sources with a problem, and the number of all others.

    One row a source: state, last success, last new item, next poll, failures, reason. States are new, ok, failing, blocked,
    broken, moved and disabled. No source becomes quiet or frozen in this version. With --json every source is printed, unless
    --state, --vendor or names select some.
    """
    from ingest.store import queries
    from ingest.store.engine import read

    settings = session.load(database=database)
    with session.reading(settings) as engine, read(engine) as conn:
        listed = queries.sources(conn)
        _check(listed, sources or [], vendor)
        as_of, at = queries.data_as_of(conn), session.now() if json else session.clock(conn)
        session.note_demo(engine, conn)
    chosen = [
        item
        for item in listed
        if (not sources or item.id in sources)
        and vendor in {None, item.vendor_id}
        and (not state or item.state in state)
    ]

    def text() -> None:
        if sources:
            _print_whole(chosen, at)
        else:
            _print(chosen, at, as_of, whole=everything or bool(state))

    output.rows(chosen, json=json, text=text)


def _check(listed: Sequence[SourceRow], names: Sequence[str], vendor: str | None) -> None:
    for name in names:
        session.require_known(name, [item.id for item in listed], "source")
    if vendor is not None:
        session.require_known(vendor, sorted({item.vendor_id for item in listed}), "vendor")


def needs_look(item: SourceRow) -> bool:
    """Whether an operator should look at a source. The reason for a pause is known already."""
    return item.state not in _CALM or bool(item.reason and item.state is not State.DISABLED)


def _print(chosen: list[SourceRow], at: datetime, as_of: datetime | None, *, whole: bool) -> None:
    shown = chosen if whole else [item for item in chosen if needs_look(item)]
    if shown:
        left_out = render.table(
            ("source", "state", "last success", "last new", "next poll", "failures", "reason"),
            [tuple(_facts(item, at).values()) for item in shown],
            right=(5,),
            cut={6: render.LEGIBLE},
            spare=(5, 3, 4, 2),
        )
        if left_out:
            render.note("`ingest status SOURCE` shows everything about one.")
    elif chosen:
        render.instead("No source needs a look.")
    states = Counter(item.state for item in chosen)
    summed = ", ".join(f"{number} {state}" for state, number in states.most_common())
    hidden = len(chosen) - len(shown)
    well = f" {hidden:,} that need no look are not shown (--all)." if hidden and shown else ""
    nothing = "none of that kind" if whole else "no list is in force yet"
    render.note(f"{render.count(len(chosen), 'source')}: {summed or nothing}.{well} Data as of {ago(as_of, at)}.")


def _facts(item: SourceRow, at: datetime) -> dict[str, str]:
    return {
        "source": item.id,
        "state": item.state,
        "last success": ago(item.last_success_at, at),
        "last new": ago(item.last_change_at, at),
        "next poll": "–" if item.next_poll_at is None else ago(item.next_poll_at, at),
        "failures": str(item.consecutive_failures),
        "reason": item.reason,
    }


def _print_whole(chosen: list[SourceRow], at: datetime) -> None:
    for item in chosen:
        facts = _facts(item, at)
        facts |= {"last error": item.last_error if item.last_error != item.reason else ""}
        facts |= {"kind": f"{item.kind} ({item.role})", "address": item.url, "headlines": f"{item.headlines:,}"}
        render.blocks(facts.pop("source"), facts.items())
