"""Stored headlines and stories as the text of several commands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from ingest.cli import render
from ingest.display import moment, published

if TYPE_CHECKING:
    from ingest.settings import Settings
    from ingest.store.queries import Headline
    from ingest.store.stories import ListedStory, Told, Word

VENDOR_WIDTH: Final = 9
"""The least columns of a vendor's name. Most names are not longer."""

TIME_WIDTH: Final = 100
"""The least columns of a terminal for days with a time."""


def day_of(item: Headline | ListedStory, settings: Settings) -> str:
    """Return the time of publication. A terminal with little room shows the day alone."""
    text = published(item.published, item.published_precision, item.first_seen_at, settings.timezone).text
    is_short = render.is_terminal(sys.stdout) and text[:1].isdigit() and render.width() < TIME_WIDTH
    return text[:10] if is_short else text


def reasons(story: Told, settings: Settings) -> render.Facts:
    """Return the joins of a story and the decisions of operators about it, in words."""

    def sentence(word: Word) -> str:
        by = f"by {word.by} on {moment(word.at, settings.timezone).text}"
        return f"{' '.join((word.subject, *word.others))}, {by}: {word.reason}"

    joins = [("joined", f"{join.headline_id} with {join.other_id}: {join.why}") for join in story.joins]
    return [*joins, *((word.kind, sentence(word)) for word in story.words)]
