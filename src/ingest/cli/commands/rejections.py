"""`ingest rejections`: refused, filtered and quarantined entries."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import lookup, options, output, render, session
from ingest.display import moment

if TYPE_CHECKING:
    from ingest.settings import Settings
    from ingest.store.queries import Rejection


class RejectionStatus(StrEnum):
    """The outcome of an entry without a headline (`v1_rejections.status`)."""

    REJECTED = "rejected"
    FILTERED = "filtered"
    QUARANTINED = "quarantined"
    UNPARSABLE = "unparsable"
    ACCEPTED = "accepted"
    DISCARDED = "discarded"


def rejections(
    *,
    source: options.SourceFlag = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="By this rule only: off-scope, …")] = None,
    status: Annotated[RejectionStatus | None, typer.Option("--status", help="Only entries of this status.")] = None,
    limit: options.LimitFlag = options.LIMIT,
    database: options.DatabaseFlag = None,
    json: options.JsonLinesFlag = False,
) -> None:
    """
    List refused entries with the rule of each.

    The list includes entries filtered by a source's own topics and patterns, and entries in quarantine. Last seen first. The
    addresses are text, to be judged and not to be followed.
    """
    from ingest.store import queries
    from ingest.store.engine import read

    settings = session.load(database=database)
    with session.reading(settings) as engine, read(engine) as conn:
        rows = queries.rejections(conn, source=source, reason=rule, status=status, limit=limit or None)
        if not rows:
            lookup.check_names(conn, source=source)
    empty = "Nothing was refused." if status is None else f"Nothing is {status}."
    output.rows(rows, json=json, text=lambda: _print(rows, settings), empty=empty)


def _print(rows: list[Rejection], settings: Settings) -> None:
    left_out = render.table(
        ("last seen", "source", "status", "rule", "times", "title", "address", "why", "id"),
        [
            (
                moment(item.last_seen_at, settings.timezone).text,
                item.source_id,
                item.status,
                item.reason,
                str(item.times),
                item.title,
                item.url,
                item.detail,
                str(item.id),
            )
            for item in rows
        ],
        right=(4, 8),
        cut={5: render.LEGIBLE, 7: render.LEGIBLE},
        spare=(6, 7, 4, 2, 0),
    )
    if left_out:
        render.note(f"Not all fits ({', '.join(left_out)}): a pipe and --json have the whole.")
