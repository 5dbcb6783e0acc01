"""`ingest sources try`: the yield of a source, or of a stanza outside the list. Nothing is recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ingest.cli import documents, options, output, render, session
from ingest.errors import UsageError
from ingest.model import EntryOutcome, Failed, Source, Vendor

if TYPE_CHECKING:
    from ingest.authoring.preview import Preview
    from ingest.model import Allowlist
    from ingest.settings import Settings
    from ingest.store import Engine

PARTS: Final = 3
"""Parts of a sitemap index read here. A poll reads more."""


def try_source(  # noqa: PLR0913 - one argument a flag
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A source of the file, or a file (- for standard input) with a stanza."),
    ],
    *,
    vendor: options.OwnerFlag = None,
    file: options.FromFlag = None,
    fetch: options.FetchFlag = False,
    save: options.SaveFlag = None,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="Show so many entries; 0: all.")] = 50,
    sources: options.SourcesFlag = None,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Show the yield of a source: new and refused entries with reasons, and oddities.

    Nothing is recorded. The source need not be in force: the stanza of the file is used, or a stanza from another file. A
    stored capture is read before the site is asked. Ends with 1 if nothing would be recorded.
    """
    settings = session.load(sources=sources, database=database)
    listed = documents.given_list(settings)
    item, owner = _stanza_of(source, vendor, listed, settings)
    with documents.stored(settings) as engine:
        obtained = documents.obtain(settings, engine, item, owner, file=file, fetch=fetch)
        if isinstance(obtained, Failed):
            documents.report_failure(item.id, obtained, json=json)
            raise typer.Exit(1)
        documents.save(obtained, save)
        preview = _preview(settings, engine, item, owner, obtained, alone=file is not None)
    output.document(
        _preview_document(item, obtained, preview),
        json=json,
        text=lambda: _print_preview(item, obtained, preview, limit),
    )
    raise typer.Exit(0 if preview.verdict.passed else 1)


def _stanza_of(name: str, vendor: str | None, listed: Allowlist, settings: Settings) -> tuple[Source, Vendor]:
    """
    Return a source of the list by its id, else read a stanza from a file as a part of the list.

    Raises:
        UsageError: The name is neither.
        AllowlistError: The stanza is invalid.
    """
    known = {item.id: item for item in listed.sources}
    if name not in known:
        if name != "-" and not Path(name).is_file():
            session.require_known(name, list(known), "source", in_file=True)
        listed, source_id = _with_stanza(name, vendor, listed, settings)
        known = {item.id: item for item in listed.sources}
        name = source_id
    item = known[name]
    return item, next(each for each in listed.vendors if each.id == item.vendor_id)


def _with_stanza(name: str, vendor: str | None, listed: Allowlist, settings: Settings) -> tuple[Allowlist, str]:
    from ingest import allowlist
    from ingest.allowlist import edit

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}.", subject=name) from error
    key, values = edit.read_stanza(text, name)
    owner = documents.owner_of(listed, documents.address_of(str(values.get("url", ""))), vendor)
    if owner is None:
        raise UsageError("no vendor of the list admits its url; add the scope first, or correct the url.", subject=name)
    source_id = f"{owner.id}/{key}"
    whole = edit.placed(listed.text, owner.id, key, values)
    return allowlist.parse(whole.encode(), f"{settings.sources} with {name}", private=settings.private), source_id


def _preview(
    settings: Settings,
    engine: Engine | None,
    item: Source,
    owner: Vendor,
    obtained: documents.Obtained,
    *,
    alone: bool,
) -> Preview:
    """Preview a document, and its first parts if the site may be fetched."""
    from ingest.authoring.preview import joined, preview
    from ingest.judging import Reading

    reading = Reading(item, owner, 0)
    whole = preview(obtained.capture, reading, engine)
    read = 0 if alone else PARTS
    if left := len(whole.parts[read:]):
        render.note(
            f"{left} of the {len(whole.parts)} parts of {item.url} were not read; a poll reads more, and --from reads a part that is in a file."
        )
    if not whole.parts or alone:
        return whole
    with session.make_fetcher(settings) as fetcher:
        if engine is not None:
            session.share_slots(fetcher, settings, engine)
        for url in whole.parts[:PARTS]:
            part = documents.ask(fetcher, settings, item, owner, url)
            if isinstance(part, Failed):
                render.note(f"{url}: {part.detail}")
            else:
                whole = joined(whole, preview(part.capture, reading, engine))
    return whole


def _preview_document(item: Source, obtained: documents.Obtained, preview: Preview) -> dict[str, Any]:
    return {
        "source": item.id,
        "kind": item.kind,
        "url": item.url,
        "enabled": item.enabled,
        "read_from": obtained.origin,
        "fetched_at": obtained.capture.fetched_at,
        "dialect": preview.dialect,
        "state": preview.verdict.state,
        "reasons": preview.verdict.reasons,
        "tally": preview.tally,
        "odd": preview.odd,
        "parts": preview.parts,
        "entries": preview.items,
    }


def _print_preview(item: Source, obtained: documents.Obtained, preview: Preview, limit: int) -> None:
    from dataclasses import asdict

    off = "" if item.enabled else ", disabled"
    render.line(f"{item.id} ({item.kind}{off}) {item.url}: read from {obtained.origin}.")
    counted = {name: number for name, number in asdict(preview.tally).items() if number}
    sums = ", ".join(f"{number} {_OUTCOMES.get(name, name)}" for name, number in counted.items())
    render.line(f"{len(preview.items)} entries: {sums}." if preview.items else "No entries.")
    if not preview.verdict.passed:
        render.line(f"Nothing would be recorded; the source would be {preview.verdict.state}:")
    for reason in preview.verdict.reasons:
        render.line(f"- {reason.rule}: {reason.detail}")
    if preview.odd:
        render.line("What looks odd:")
    for sentence in preview.odd:
        render.line(f"- {sentence}")
    shown = preview.items[: limit or None]
    if shown:
        shown_rules = frozenset(reason.rule for reason in preview.verdict.reasons)
        render.line()
        render.table(
            ("fate", "published", "title", "address", "why"),
            [_row(one, shown_rules) for one in shown],
            cut={2: 16, 4: 16},
            spare=(3,),
        )
    if more := len(preview.items) - len(shown):
        render.note(f"{more:,} more not shown; --limit 0 shows all.")


_OUTCOMES: Final = {"created": "new", "seen": "known", "revised": "edited"}


def _row(one: Any, shown_rules: frozenset[str]) -> tuple[str, ...]:  # noqa: ANN401 - an item of a preview, whose module is imported late
    day = "–" if one.published.value is None else f"{one.published.value:%Y-%m-%d}"
    is_shown = one.fate is EntryOutcome.QUARANTINED and one.rule in shown_rules
    why = one.rule if is_shown else f"{one.rule}: {one.detail}" if one.rule else one.detail
    return (_OUTCOMES.get(one.fate.value, one.fate.value), day, one.title, one.url, why)
