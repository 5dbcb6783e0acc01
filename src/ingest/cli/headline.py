"""`ingest headline`: an operator's word on one headline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import render, session

if TYPE_CHECKING:
    from ingest.store.decisions import Kind

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The headline's id, as `ingest headlines --json` shows it.")
]
ReasonFlag = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record; required.")]


def withdraw(
    headline: IdArgument, *, reason: ReasonFlag, database: session.DatabaseFlag = None, json: session.JsonFlag = False
) -> None:
    """
    Take a headline out of what is shown.

    Nothing is deleted; whatever its source says later, it stays withdrawn, also in a replay.
    """
    _decide("withdraw", headline, reason, database, json=json)


def restore(
    headline: IdArgument, *, reason: ReasonFlag, database: session.DatabaseFlag = None, json: session.JsonFlag = False
) -> None:
    """Show a withdrawn headline again."""
    _decide("restore", headline, reason, database, json=json)


def _decide(kind: Kind, headline: str, reason: str, database: str | None, *, json: bool) -> None:
    from ingest import pipeline
    from ingest.store import decisions

    with session.reading(session.load(database=database)) as engine:
        word = decisions.OperatorDecision(session.now(), session.operator(), kind, headline, reason)
        changed = pipeline.decide(engine, word)
    done = {"withdraw": "withdrawn", "restore": "live"}[kind]
    if json:
        render.document({"headline": headline, "state": done, "changed": changed})
    else:
        render.line(f"{headline} is {done}." if changed else f"{headline} was {done} already; nothing changed.")
