"""`ingest db`: the database's schema, and whether its guards are what they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ingest.cli import render, session
from ingest.errors import AllowlistError, SchemaError

if TYPE_CHECKING:
    from ingest.model import Allowlist
    from ingest.store import Engine


def upgrade(*, database: session.DatabaseFlag = None, json: session.JsonFlag = False) -> None:
    """
    Bring the database to the schema of this version; make it if there is none.

    All of it or nothing: an upgrade that fails changes nothing.
    """
    from ingest.store import engine as store

    engine = store.open_engine(session.load(database=database).database_url)
    try:
        before, after = store.upgrade(engine)
        where = store.location(engine)
    finally:
        engine.dispose()
    if json:
        render.document({"database": where, "from": before, "to": after})
    elif before == after:
        render.line(f"{where} is at schema {after} already.")
    else:
        render.line(f"{where}: from {before or 'no schema'} to {after}.")


def current(*, database: session.DatabaseFlag = None, json: session.JsonFlag = False) -> None:
    """
    Show the schema that the database is at.

    Ends with 3 when that is not the one this version needs.
    """
    from ingest.store import engine as store

    engine = store.open_engine(session.load(database=database).database_url)
    try:
        is_there = session.missing_file(engine) is None
        at = store.current(engine) if is_there else None
        wrong = store.mismatch(engine) if is_there else session.NO_DATABASE
        where = store.location(engine)
    finally:
        engine.dispose()
    if json:
        render.document({"database": where, "at": at, "needed": store.HEAD})
    else:
        render.line(at or "no schema")
    if wrong is not None:
        raise SchemaError(wrong, subject=where)


def check(*, database: session.DatabaseFlag = None, json: session.JsonLinesFlag = False) -> None:
    """
    Compare the database with what it should be: schema, guards, scopes, and every record against the policy.

    Ends with 1 when there is a fault; a warning is none.
    """
    from ingest.store.checks import Finding
    from ingest.store.checks import check as find

    settings = session.load(database=database)
    with session.reading(settings) as engine:
        listed = _list_in_force(engine)
        findings = find(engine, None if isinstance(listed, AllowlistError) else listed)
    if isinstance(listed, AllowlistError):
        findings = [item for item in findings if item.what != "No list is in force yet."]
        what = f"the stored text of the list in force is refused: {listed.problems[0]}"
        findings.append(Finding("fault", what, "find out who changed it by hand, then run `ingest sources apply`"))
    if json:
        render.lines(findings)
    else:
        render.table(("", "what", "remedy"), [(item.level, item.what, item.remedy) for item in findings])
    raise typer.Exit(int(any(item.level == "fault" for item in findings)))


def _list_in_force(engine: Engine) -> Allowlist | AllowlistError | None:
    from ingest import pipeline

    try:
        accepted = pipeline.in_force(engine)
    except AllowlistError as error:
        return error
    return accepted.allowlist if accepted else None
