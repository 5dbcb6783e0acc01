"""The options and arguments of several commands, each declared once."""

from __future__ import annotations

from typing import Annotated, Final

import typer

LIMIT: Final = 50
"""The default number of rows: a few screens."""

SourcesFlag = Annotated[
    str | None,
    typer.Option("--sources", metavar="FILE", help="The allow-list (INGEST_SOURCES; ./sources.yaml)."),
]
DatabaseFlag = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="The database (INGEST_DATABASE_URL; sqlite:///ingest.db)."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs.")]
JsonLinesFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for programs.")]

# ── which rows are listed ───────────────────────────────────────────────────────────────────────────────────────

VendorFlag = Annotated[str | None, typer.Option("--vendor", metavar="ID", help="Of this vendor only.")]
SourceFlag = Annotated[str | None, typer.Option("--source", metavar="ID", help="Of this source only.")]
SinceFlag = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="From this day or moment on: 2026-05-22, today, 7d.")
]
UntilFlag = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Before this day or moment.")]
LimitFlag = Annotated[int, typer.Option("--limit", min=0, metavar="N", help="At most so many; 0: all.")]

# ── what an operator decides ────────────────────────────────────────────────────────────────────────────────────

ReasonFlag = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record; required.")]

# ── one document: `sources discover` and `sources try` ──────────────────────────────────────────────────────────

OwnerFlag = Annotated[
    str | None, typer.Option("--vendor", metavar="ID", help="Whose source it would be, if several admit the address.")
]
FromFlag = Annotated[
    str | None, typer.Option("--from", metavar="FILE", help="Read this file as what the address answered; no request.")
]
FetchFlag = Annotated[bool, typer.Option("--fetch", help="Ask the site, although its answer is stored.")]
SaveFlag = Annotated[
    str | None, typer.Option("--save", metavar="FILE", help="Keep the document in a file, to go on with --from FILE.")
]
