"""`ingest stories` and `ingest story`: announcements with all their official links, and decisions about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import lookup, options, output, render, session
from ingest.display import moment, published
from ingest.errors import UsageError
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.store.decisions import Kind
    from ingest.store.stories import ListedStory, Told

HeadlineArgument = Annotated[str, typer.Argument(metavar="ID", help="A headline's id, or the beginning of one.")]
OthersArgument = Annotated[list[str], typer.Argument(metavar="OTHER…", help="Other headlines, in the same way.")]


# ── stories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def stories(
    *,
    vendor: options.VendorFlag = None,
    lang: Annotated[
        str | None,
        typer.Option("--lang", metavar="TAG", help="With a headline in this language, and shown in it: en, ja, …"),
    ] = None,
    since: options.SinceFlag = None,
    until: options.UntilFlag = None,
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="WORDS", help="Every word occurs in title or summary of one headline."),
    ] = None,
    limit: options.LimitFlag = options.LIMIT,
    database: options.DatabaseFlag = None,
    json: options.JsonLinesFlag = False,
) -> None:
    """
    List stories, newest first: announcements with all their official links.

    Each has the vendor's main announcement as its title, with the links of all others below.
    """
    from ingest.store import stories as stored
    from ingest.store.engine import read as reading

    settings = session.load(database=database)
    flags = lookup.FilterFlags(vendor, None, lang, since, until, search)
    flags.check(settings)
    with session.reading(settings) as engine, reading(engine) as conn:
        wanted = flags.read(settings, session.clock(conn))
        rows = stored.stories(conn, wanted, limit=limit or None)
        if not rows:
            lookup.check_names(conn, vendor=vendor)
            session.note_demo(engine, conn)
        elif len(rows) == limit and (more := stored.count_stories(conn, wanted) - limit):
            render.note(f"{more:,} more, older, not shown; --limit 0 shows all.")
    output.rows(rows, json=json, text=lambda: _print_stories(rows, settings), empty="No story matches.")


def _print_stories(rows: list[ListedStory], settings: Settings) -> None:
    """Print a row for each story. A pipe has all links in one cell, a narrow terminal one below the other."""
    from ingest.cli.stored_text import VENDOR_WIDTH, day_of

    when = {item.id: day_of(item, settings) for item in rows}
    if render.is_narrow():
        render.table(
            ("published", "vendor", "story"),
            [
                (when[item.id], item.vendor_name, (item.display_title, *(link.url for link in item.links), item.id))
                for item in rows
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
            for item in rows
        ],
        right=(2,),
        cut={1: VENDOR_WIDTH, 3: render.LEGIBLE},
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
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Show one story: its headlines, all official links, and the reasons for it.

    `ingest story ID` does the same. The id of a merged story leads to the present story.
    """
    from ingest.store import stories as stored
    from ingest.store.engine import read as reading

    settings = session.load(database=database)
    with session.reading(settings) as engine, reading(engine) as conn:
        story_id = stored.story_of(conn, lookup.find_headline(conn, what, of_story=True))
        story = stored.told(conn, str(story_id))
    output.document(story, json=json, text=lambda: _print_story(story, settings))


def _print_story(story: Told, settings: Settings) -> None:
    from ingest.cli.stored_text import reasons

    shown = next(item for item in story.headlines if item.id == story.headline_id)
    languages = ", ".join(f"{lang} {headline_id}" for lang, headline_id in story.languages)
    render.blocks(
        shown.display_title,
        [
            ("id", story.id),
            ("vendor", f"{shown.vendor_name} ({story.vendor_id})"),
            ("shown", shown.id),
            ("by language", languages),
        ],
    )
    for item in story.headlines:
        when = published(item.published, item.published_precision, item.first_seen_at, settings.timezone)
        facts = [
            ("id", item.id),
            ("source", f"{item.source_id} ({item.role})"),
            ("published", when.text),
            ("language", item.lang or ""),
            ("first seen", moment(item.first_seen_at, settings.timezone).text),
            ("state", "" if item.state == "live" else item.state),
            *((link.rel, link.url) for link in story.links if link.headline_id == item.id),
        ]
        render.blocks(item.display_title, facts)
    if because := reasons(story, settings):
        render.blocks("Why they are one", because)
    if story.related:
        render.blocks(
            "Other vendors on the same", [(one.vendor_id, f"{one.display_title} {one.url}") for one in story.related]
        )


# ── decisions of an operator ────────────────────────────────────────────────────────────────────────────────────


def merge(
    headline: HeadlineArgument,
    others: OthersArgument,
    *,
    reason: options.ReasonFlag,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """Merge headlines into one story against the rules, each with the headlines joined to it."""
    _decide("merge", headline, others, reason, database, json=json)


def split(
    headline: HeadlineArgument,
    others: OthersArgument,
    *,
    reason: options.ReasonFlag,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """Keep a headline out of the story of others, against the rules."""
    _decide("split", headline, others, reason, database, json=json)


def pin(
    headline: HeadlineArgument,
    *,
    reason: options.ReasonFlag,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """Choose the headline that represents its story, overall and in its language."""
    _decide("pin", headline, [], reason, database, json=json)


def _decide(kind: Kind, headline: str, others: list[str], reason: str, database: str | None, *, json: bool) -> None:
    from ingest import pipeline
    from ingest.store import decisions
    from ingest.store import stories as stored
    from ingest.store.engine import read as reading

    with session.reading(session.load(database=database)) as engine:
        with reading(engine) as conn:
            subject, *rest = [lookup.find_headline(conn, prefix) for prefix in (headline, *others)]
        if subject in rest:
            raise UsageError("is named twice; a headline is always in one story with itself.", subject=subject)
        decision = decisions.OperatorDecision(
            session.now(), session.operator(), kind, subject, reason, others=tuple(rest)
        )
        pipeline.decide(engine, decision)
        with reading(engine) as conn:
            story_of = {id_: stored.story_of(conn, id_) for id_ in (subject, *rest)}
    verb = "shown for" if kind == "pin" else "in"
    sentences = [f"{headline_id} is {verb} story {story_id}." for headline_id, story_id in story_of.items()]
    output.document({"decision": kind, "stories": story_of}, json=json, text=lambda: render.text(sentences))
