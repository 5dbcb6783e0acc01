"""`ingest sources add`, `enable` and `disable`: edits of sources.yaml with comments and order kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import options, output, render, session
from ingest.errors import AllowlistError, UsageError
from ingest.model import Kind, Role

if TYPE_CHECKING:
    from ingest.allowlist.edit import Value
    from ingest.model import Allowlist, Source
    from ingest.settings import Settings

DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Show the change as a diff, and make none.")]
SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help="The source's id, vendor/key.")]


def add(  # noqa: PLR0913 - one argument a flag
    vendor: Annotated[str, typer.Argument(metavar="VENDOR", help="The vendor's id.")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="The source's key; its id is VENDOR/KEY.")],
    *,
    kind: Annotated[Kind, typer.Option("--kind", help="How it is read.")],
    url: Annotated[str, typer.Option("--url", metavar="URL", help="What is polled.")],
    role: Annotated[Role | None, typer.Option("--role", help="What it is for the vendor.")] = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="TAG", help="Language of its items: en, ja, …")] = None,
    interval: Annotated[str | None, typer.Option("--interval", metavar="SPAN", help="How often: 15m, 1h, 1d.")] = None,
    article: Annotated[bool, typer.Option("--article", help="Open each new item's own page once.")] = False,
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="NAME=PICK", help="Where something stands; repeat it.")
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="PATTERN", help="Keep only items that match; repeat it.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="PATTERN", help="Leave out items that match; repeat it.")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option("--topic", metavar="WORD", help="Keep only items with this word; repeat it.")
    ] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Do not poll it yet.")] = False,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="For the next reader.")] = None,
    dry_run: DryRunFlag = False,
    sources: options.SourcesFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Add a source to sources.yaml, after the others of its vendor.

    The rest of the file stays as it is, with comments and order. The whole file is checked first, and a fault stops the
    change.
    """
    from ingest.allowlist import edit

    given: dict[str, Value | None] = {
        "kind": kind.value,
        "url": url,
        "role": role.value if role else None,
        "lang": lang,
        "interval": interval,
        "article": article or None,
        "include": include,
        "exclude": exclude,
        "topics": topic,
        "select": _selectors(select or []),
        "enabled": False if disabled else None,
        "note": note,
    }
    values = {name: value for name, value in given.items() if value is not None and value not in ([], {})}
    settings = session.load(sources=sources)
    source_id = f"{vendor}/{key}"
    _change(settings, source_id, lambda text: edit.add(text, vendor, key, values), "added", dry_run=dry_run, json=json)


def _selectors(lines: list[str]) -> dict[str, str]:
    selectors: dict[str, str] = {}
    for line in lines:
        name, sign, selector = line.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"{line!r} is no NAME=PICK; write, for example, --select title=h3", subject="--select")
        if name.strip() in selectors:
            raise UsageError(f"{name.strip()} is given twice; alternatives are joined by ||.", subject="--select")
        selectors[name.strip()] = selector.strip()
    return selectors


def enable(
    source: SourceArgument,
    *,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Replaces the stanza's note.")] = None,
    dry_run: DryRunFlag = False,
    sources: options.SourcesFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Resume a source of sources.yaml.

    The reason for its pause is removed, and its note stays. Only its stanza changes. Comments and order stay.
    """
    _switch(source, sources, enabled=True, note=note, dry_run=dry_run, json=json)


def disable(
    source: SourceArgument,
    *,
    why: Annotated[
        str | None,
        typer.Option(
            "--why", "--note", metavar="TEXT", help="Why it is paused; `ingest status` shows it. The note stays."
        ),
    ] = None,
    dry_run: DryRunFlag = False,
    sources: options.SourcesFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Pause a source of sources.yaml, and keep its headlines.

    Only its stanza changes. Comments and order stay.
    """
    _switch(source, sources, enabled=False, why=why, dry_run=dry_run, json=json)


def _switch(
    source: str,
    sources: str | None,
    *,
    enabled: bool,
    why: str | None = None,
    note: str | None = None,
    dry_run: bool,
    json: bool,
) -> None:
    from ingest.allowlist import edit

    settings = session.load(sources=sources)
    done = "enabled" if enabled else "disabled"
    _change(
        settings,
        source,
        lambda text: edit.switch(text, source, enabled=enabled, why=why, note=note),
        done,
        dry_run=dry_run,
        json=json,
    )


def _change(
    settings: Settings, source_id: str, change: Callable[[str], str], done: str, *, dry_run: bool, json: bool
) -> None:
    """Edit the file as a whole, or leave it unchanged."""
    from ingest import allowlist
    from ingest.allowlist import edit, saving

    path, private = settings.sources, settings.private
    before = allowlist.load(path, private=private).text
    after = change(before)
    try:
        listed = edit.check(before.encode(), after.encode(), str(path), source_id, private=private)
    except AllowlistError as error:
        if json:
            render.document({"source": source_id, "changed": False, "problems": error.problems})
            raise typer.Exit(error.exit_status) from error
        render.note("With this change the list would have faults, so nothing was changed:")
        raise
    shown = edit.difference(before, after, str(path))
    if after != before and not dry_run:
        saving.save(path, before.encode(), after.encode())
    item = next(each for each in listed.sources if each.id == source_id)

    def text() -> None:
        _print(path, item, done, shown, dry_run=dry_run)
        if shown and not dry_run:
            render.note(_way_into_force(settings, listed))

    changed = after != before and not dry_run
    output.document({"source": item, "changed": changed, "diff": shown, "problems": []}, json=json, text=text)


def _print(path: Path, item: Source, done: str, shown: str, *, dry_run: bool) -> None:
    if not shown:
        render.line(f"{item.id} is {done} already; nothing changed.")
        return
    if dry_run:
        render.text(shown.splitlines())
        return
    render.line(f"{item.id} is {done} in {path}.")
    if not item.enabled and not item.rests_because:
        render.note("No note says why; --why TEXT tells the next reader.")
    if done == "added":
        render.note(f"See what it yields: ingest sources try {item.id}")


def _way_into_force(settings: Settings, listed: Allowlist) -> str:
    """Return the way of the file into force. A poll does not apply a former list again."""
    from ingest import pipeline
    from ingest.errors import StoreError

    following = "The next poll puts the file in force, or now: ingest sources apply"
    if session.missing_database(settings) is not None:
        return following
    try:
        with session.reading(settings) as engine:
            standing = pipeline.standing(engine, listed)
    except StoreError:  # the file is edited, and the next poll reports the problem of the database
        return following
    if standing is pipeline.Standing.IN_FORCE:
        return "The file is in force as it stands."
    if standing is pipeline.Standing.STALE:
        return (
            "The file was in force once and has been replaced, so no poll takes it by itself. "
            "To put it in force: ingest sources apply"
        )
    return following
