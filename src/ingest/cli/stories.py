"""`ingest stories` and `ingest story`: announcements with all their official links, why each is one, an operator's word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer.core import TyperGroup

from ingest.cli import read, render, session
from ingest.cli.headline import ReasonFlag
from ingest.errors import UsageError
from ingest.settings import Settings

if TYPE_CHECKING:
    from typer._click.core import Context

    from ingest.store import Connection
    from ingest.store.decisions import Kind
    from ingest.store.stories import ListedStory, Told, Word

_STORY: Final = re.compile(r"[hs][0-9a-z]{0,20}")
"""The id of a story or of a headline, or the beginning of one (docs/decisions/0004)."""

_HEADLINE: Final = re.compile(r"h[0-9a-z]{0,20}")

HeadlineArgument = Annotated[str, typer.Argument(metavar="ID", help="A headline's id, or the beginning of one.")]
OthersArgument = Annotated[list[str], typer.Argument(metavar="OTHER…", help="Other headlines, in the same way.")]


class ShowsUnlessTold(TyperGroup):
    """`ingest story ID` shows a story; only the words of an operator need a word of their own."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Take what is no subcommand for the arguments of `show`."""
        if args and args[0] not in {*self.commands, *self.get_help_option_names(ctx)}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


# ── stories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def stories(
    *,
    vendor: Annotated[str | None, typer.Option("--vendor", metavar="ID", help="Of this vendor only.")] = None,
    lang: Annotated[
        str | None, typer.Option("--lang", metavar="TAG", help="Told in this language, and shown in it: en, ja, …")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="From this day or moment on: 2026-05-22, today, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Before this day or moment.")] = None,
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="WORDS", help="Every word occurs in title or summary of one headline."),
    ] = None,
    limit: read.LimitFlag = read.LIMIT,
    database: session.DatabaseFlag = None,
    json: session.JsonLinesFlag = False,
) -> None:
    """
    List stories, newest first: announcements with all their official links.

    Each is shown by its vendor's main announcement of it, with the links of all others below.
    """
    from ingest.store import stories as stored
    from ingest.store.engine import read as reading

    settings = session.load(database=database)
    flags = read.Flags(vendor, None, lang, since, until, search)
    flags.check(settings)
    with session.reading(settings) as engine, reading(engine) as conn:
        wanted = flags.read(settings, session.clock(conn))
        found = stored.stories(conn, wanted, limit=limit or None)
        if not found:
            read.check_names(conn, vendor=vendor, source=None)
            session.tell_demo(engine, conn)
        elif len(found) == limit and (more := stored.count_stories(conn, wanted) - limit):
            render.note(f"{more:,} more, older, not shown; --limit 0 shows all.")
    if json:
        render.lines(found)
    elif found:
        _print_stories(found, settings)
    else:
        render.note("No story matches.")


def _print_stories(found: list[ListedStory], settings: Settings) -> None:
    """Print a row a story; a pipe gets all its links in one cell, a narrow terminal one below the other."""
    when = {item.id: read.day_of(item, settings) for item in found}
    if render.is_narrow():
        render.table(
            ("published", "vendor", "story"),
            [
                (when[item.id], item.vendor_name, (item.display_title, *(link.url for link in item.links), item.id))
                for item in found
            ],
        )
        return
    left_out = render.table(
        ("published", "vendor", "headlines", "story", "id", "links"),
        [
            (
                when[item.id],
                item.vendor_name,
                str(item.headlines),
                item.display_title,
                item.id,
                " ".join(link.url for link in item.links),
            )
            for item in found
        ],
        right=(2,),
        cut={1: read.NAME, 3: render.LEGIBLE},
        spare=(5, 2),
    )
    if left_out:
        render.note("`ingest story ID` shows a story whole, with all its official links.")


# ── one ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def show(
    what: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a story or of a headline in it, or its beginning.")
    ],
    *,
    database: session.DatabaseFlag = None,
    json: session.JsonFlag = False,
) -> None:
    """
    Show one story: its headlines, all official links, and why they are one; `ingest story ID` does the same.

    The id of a story that was merged leads to the one it is part of now.
    """
    from ingest.store import stories as stored
    from ingest.store.engine import read as reading

    settings = session.load(database=database)
    with session.reading(settings) as engine, reading(engine) as conn:
        story_id = stored.story_of(conn, find_headline(conn, what, known=_STORY))
        found = stored.told(conn, str(story_id))
    if json:
        render.document(found)
    else:
        _print_story(found, settings)


def find_headline(conn: Connection, prefix: str, *, known: re.Pattern[str] = _HEADLINE) -> str:
    """
    Find the one headline whose id begins so; a story's id leads to the headline that it is named after.

    Raises:
        UsageError: There is none, or there are several.
    """
    from ingest.store import queries

    ids = queries.headline_ids(conn, "h" + prefix[1:], limit=2) if known.fullmatch(prefix) else []
    if not ids:
        raise UsageError("there is no such headline; `ingest headlines --json` shows their ids.", subject=prefix)
    if len(ids) > 1:
        raise UsageError(f"several headlines begin so, {ids[0]} and {ids[1]} among them; write more.", subject=prefix)
    return ids[0]


Facts = list[tuple[str, str]]


def _print_story(found: Told, settings: Settings) -> None:
    from ingest.web.when import moment, published

    shown = next(item for item in found.headlines if item.id == found.headline_id)
    languages = ", ".join(f"{lang} {headline_id}" for lang, headline_id in found.languages)
    render.blocks(
        shown.display_title,
        [
            ("id", found.id),
            ("vendor", f"{shown.vendor_name} ({found.vendor_id})"),
            ("shown", shown.id),
            ("by language", languages),
        ],
    )
    for item in found.headlines:
        when = published(item.published, item.published_precision, item.first_seen_at, settings.timezone)
        facts = [
            ("id", item.id),
            ("source", f"{item.source_id} ({item.role})"),
            ("published", when.text),
            ("language", item.lang or ""),
            ("first seen", moment(item.first_seen_at, settings.timezone).text),
            ("state", "" if item.state == "live" else item.state),
            *((link.rel, link.url) for link in found.links if link.headline_id == item.id),
        ]
        render.blocks(item.display_title, facts)
    if because := reasons(found, settings):
        render.blocks("Why they are one", because)
    if found.related:
        render.blocks(
            "Other vendors on the same", [(one.vendor_id, f"{one.display_title} {one.url}") for one in found.related]
        )


def reasons(found: Told, settings: Settings) -> Facts:
    """Say in words what joined the headlines of a story, and what operators said of them."""
    from ingest.web.when import moment

    def said(word: Word) -> str:
        by = f"by {word.by} on {moment(word.at, settings.timezone).text}"
        return f"{' '.join((word.subject, *word.others))}, {by}: {word.reason}"

    joins = [("joined", f"{join.headline_id} with {join.other_id}: {join.why}") for join in found.joins]
    return [*joins, *((word.kind, said(word)) for word in found.words)]


# ── an operator's word ──────────────────────────────────────────────────────────────────────────────────────────


def merge(
    headline: HeadlineArgument,
    others: OthersArgument,
    *,
    reason: ReasonFlag,
    database: session.DatabaseFlag = None,
    json: session.JsonFlag = False,
) -> None:
    """Make one story of headlines, whatever the rules say; with each comes what the rules join it with."""
    _decide("merge", headline, others, reason, database, json=json)


def split(
    headline: HeadlineArgument,
    others: OthersArgument,
    *,
    reason: ReasonFlag,
    database: session.DatabaseFlag = None,
    json: session.JsonFlag = False,
) -> None:
    """Keep a headline out of the story of others, whatever the rules say."""
    _decide("split", headline, others, reason, database, json=json)


def pin(
    headline: HeadlineArgument,
    *,
    reason: ReasonFlag,
    database: session.DatabaseFlag = None,
    json: session.JsonFlag = False,
) -> None:
    """Let a headline stand for its story, overall and in its language."""
    _decide("pin", headline, [], reason, database, json=json)


def _decide(kind: Kind, headline: str, others: list[str], reason: str, database: str | None, *, json: bool) -> None:
    from ingest import pipeline
    from ingest.store import decisions
    from ingest.store import stories as stored
    from ingest.store.engine import read as reading

    with session.reading(session.load(database=database)) as engine:
        with reading(engine) as conn:
            subject, *rest = [find_headline(conn, prefix) for prefix in (headline, *others)]
        if subject in rest:
            raise UsageError("is named twice; a headline is always in one story with itself.", subject=subject)
        word = decisions.OperatorDecision(session.now(), session.operator(), kind, subject, reason, others=tuple(rest))
        pipeline.decide(engine, word)
        with reading(engine) as conn:
            story_of = {id_: stored.story_of(conn, id_) for id_ in (subject, *rest)}
    if json:
        render.document({"decision": kind, "stories": story_of})
        return
    for headline_id, story_id in story_of.items():
        render.line(f"{headline_id} is {'shown for' if kind == 'pin' else 'in'} story {story_id}.")
