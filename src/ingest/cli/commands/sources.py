"""`ingest sources`: the allow-list checked, listed and put in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import options, output, render, session
from ingest.errors import AllowlistError

if TYPE_CHECKING:
    from ingest.model import Allowlist
    from ingest.pipeline import Accepted

FileArgument = Annotated[str | None, typer.Argument(metavar="[FILE]", help="The allow-list, if not that of --sources.")]


def check(
    file: FileArgument = None,
    *,
    sources: options.SourcesFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Validate an allow-list and list every fault.

    Each fault has its line, column, key and remedy. Nothing is put in force, and no database is needed. Ends with 2 after a
    fault. A key without an effect in this version is only a warning.
    """
    from ingest import allowlist

    settings = session.load(sources=sources)
    path = Path(file) if file is not None else settings.sources
    try:
        listed = allowlist.load(path, private=settings.private)
    except AllowlistError as error:
        if not json:
            raise
        render.document({"path": str(path), "valid": False, "problems": error.problems, "warnings": []})
        raise typer.Exit(error.exit_status) from error
    document = {"path": str(path), "valid": True, "digest": listed.digest, **_counts(listed)}
    document |= {"problems": [], "warnings": listed.warnings}
    output.document(document, json=json, text=lambda: _print_valid(listed, path))


def _print_valid(listed: Allowlist, path: Path) -> None:
    for warning in listed.warnings:
        render.note(f"{path}:{warning.line}:{warning.column}: warning: {warning.key}: {warning.what} {warning.remedy}")
    render.line(f"{path} is valid: {_spell(listed)}.")


def _counts(listed: Allowlist) -> dict[str, int]:
    scopes = sum(len(vendor.scopes) for vendor in listed.vendors)
    return {"vendors": len(listed.vendors), "sources": len(listed.sources), "scopes": scopes}


def _spell(listed: Allowlist) -> str:
    return ", ".join(render.count(number, name.removesuffix("s")) for name, number in _counts(listed).items())


def show(
    *,
    sources: options.SourcesFlag = None,
    database: options.DatabaseFlag = None,
    json: options.JsonLinesFlag = False,
) -> None:
    """
    List the sources in force.

    Without a list in force, the sources of the file are listed with a note.
    """
    from ingest import allowlist

    settings = session.load(sources=sources, database=database)
    listed = session.list_in_force(settings)
    if listed is None:
        listed = allowlist.load(settings.sources, private=settings.private)
        render.note(f"No list is in force yet; this is {settings.sources}.")
    output.rows(listed.sources, json=json, text=lambda: _print_sources(listed))


def _print_sources(listed: Allowlist) -> None:
    render.table(
        ("source", "kind", "role", "lang", "interval", "url", ""),
        [
            (
                item.id,
                item.kind,
                item.role,
                item.lang or "–",
                render.spell(item.interval),
                item.url,
                "" if item.enabled else f"disabled: {item.rests_because or 'no note says why'}",
            )
            for item in listed.sources
        ],
        cut={5: render.LEGIBLE, 6: 8},
        spare=(3, 2, 4),
    )


def schema() -> None:
    """
    Print the JSON Schema of sources.yaml.

    Editors find it through the first line of the shipped file.
    """
    from ingest import allowlist

    render.document(allowlist.json_schema())


def apply(
    file: FileArgument = None,
    *,
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="Also if it removes a quarter of the sources, or takes headlines or links out."),
    ] = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")] = "",
    sources: options.SourcesFlag = None,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Put an allow-list in force on purpose.

    This also applies a former list and, with --confirm, a list that removes much. One transaction: headlines in another
    scope stay, the others leave the views.
    """
    from ingest import allowlist, pipeline

    settings = session.load(sources=sources, database=database)
    path = Path(file) if file is not None else settings.sources
    candidate = allowlist.load(path, private=settings.private)
    with session.making(settings) as engine:
        accepted = pipeline.accept(
            engine,
            candidate,
            at=session.now(),
            by=session.operator(),
            why=why or "ingest sources apply",
            confirm=confirm,
            deliberate=True,
        )
    names = ("standing", "generation", "removal", "applied")
    output.document({name: getattr(accepted, name) for name in names}, json=json, text=lambda: _print(accepted, path))
    raise typer.Exit(2 if accepted.standing is pipeline.Standing.HELD else 0)


def _print(accepted: Accepted, path: Path) -> None:
    from ingest.pipeline import Standing

    counts = _spell(accepted.allowlist)
    match accepted.standing:
        case Standing.APPLIED:
            gone = session.describe_removal(accepted)
            render.line(f"{path} is now in force, as generation {accepted.generation}: {counts}.")
            if gone:
                render.line(f"Gone: {gone}.")
        case Standing.IN_FORCE:
            render.line(f"{path} is in force already, as generation {accepted.generation}: {counts}.")
        case Standing.HELD | Standing.STALE:
            session.note_standing(accepted, path)
