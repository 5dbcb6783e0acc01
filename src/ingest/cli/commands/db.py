"""`ingest db`: the schema of the database, and the check of its guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ingest.cli import options, output, render, session
from ingest.errors import AllowlistError, Remedy, SchemaError
from ingest.remedies import WORDS

if TYPE_CHECKING:
    from ingest.model import Allowlist
    from ingest.store import Engine


def upgrade(*, database: options.DatabaseFlag = None, json: options.JsonFlag = False) -> None:
    """
    Bring the database to the schema of this version, or create it.

    A failed upgrade changes nothing.
    """
    from ingest.store import engine as store

    engine = store.open_engine(session.load(database=database).database_url)
    try:
        before, after = store.upgrade(engine)
        where = store.location(engine)
    finally:
        engine.dispose()
    changed = f"{where}: from {before or 'no schema'} to {after}."
    sentence = f"{where} is at schema {after} already." if before == after else changed
    output.document({"database": where, "from": before, "to": after}, json=json, text=lambda: render.line(sentence))


def current(*, database: options.DatabaseFlag = None, json: options.JsonFlag = False) -> None:
    """
    Show the schema of the database.

    Ends with 3 if this version needs another one.
    """
    from ingest.store import engine as store

    engine = store.open_engine(session.load(database=database).database_url)
    try:
        is_there = session.missing_file(engine) is None
        at = store.current(engine) if is_there else None
        wrong = store.mismatch(engine) if is_there else None
        where = store.location(engine)
    finally:
        engine.dispose()
    output.document(
        {"database": where, "at": at, "needed": store.HEAD}, json=json, text=lambda: render.line(at or "no schema")
    )
    if not is_there:
        raise SchemaError(session.NO_DATABASE, subject=where)
    if wrong is not None:
        raise wrong


def check(*, database: options.DatabaseFlag = None, json: options.JsonLinesFlag = False) -> None:
    """
    Check the database: its schema, guards and scopes, and every record against the policy.

    Ends with 1 after a fault, but not after a warning.
    """
    from ingest.store.checks import Finding
    from ingest.store.checks import check as find

    settings = session.load(database=database)
    with session.reading(settings) as engine:
        listed = _list_in_force(engine)
        findings = find(engine, None if isinstance(listed, AllowlistError) else listed)
    if isinstance(listed, AllowlistError):
        findings = [item for item in findings if item.remedy is not Remedy.POLL_FIRST]
        what = f"the stored text of the list in force is refused: {listed.problems[0]}"
        findings.append(Finding("fault", what, Remedy.APPLY_FOR_TEXT))
    rows = [
        {"level": item.level, "what": item.what, "remedy": WORDS[item.remedy] if item.remedy else ""}
        for item in findings
    ]
    output.rows(
        rows, json=json, text=lambda: render.table(("", "what", "remedy"), [tuple(row.values()) for row in rows])
    )
    raise typer.Exit(int(any(item.level == "fault" for item in findings)))


def _list_in_force(engine: Engine) -> Allowlist | AllowlistError | None:
    from ingest import pipeline

    try:
        accepted = pipeline.in_force(engine)
    except AllowlistError as error:
        return error
    return accepted.allowlist if accepted else None
