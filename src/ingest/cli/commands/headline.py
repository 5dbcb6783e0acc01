"""`ingest headline`: an operator's decision about one headline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import options, output, render, session

if TYPE_CHECKING:
    from ingest.store.decisions import Kind

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The headline's id, as `ingest headlines --json` shows it.")
]


def withdraw(
    headline: IdArgument,
    *,
    reason: options.ReasonFlag,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Withdraw a headline from all views.

    Nothing is deleted. The headline stays withdrawn after later polls, and in a replay.
    """
    _decide("withdraw", headline, reason, database, json=json)


def restore(
    headline: IdArgument,
    *,
    reason: options.ReasonFlag,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """Show a withdrawn headline again."""
    _decide("restore", headline, reason, database, json=json)


def _decide(kind: Kind, headline: str, reason: str, database: str | None, *, json: bool) -> None:
    from ingest import pipeline
    from ingest.store import decisions

    with session.reading(session.load(database=database)) as engine:
        decision = decisions.OperatorDecision(session.now(), session.operator(), kind, headline, reason)
        changed = pipeline.decide(engine, decision)
    state = {"withdraw": "withdrawn", "restore": "live"}[kind]
    sentence = f"{headline} is {state}." if changed else f"{headline} was {state} already; nothing changed."
    output.document(
        {"headline": headline, "state": state, "changed": changed}, json=json, text=lambda: render.line(sentence)
    )
