"""
A changed feed read by its slices: only new and edited entries reach the parser (docs/decisions/0005).

Only polls use slices. Replays and previews read the whole, and so a replay checks the polls.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from ingest import jail
from ingest import parse as parsing
from ingest.errors import ParseError
from ingest.judging import Reading, carrying
from ingest.judging.carrying import Remembered, Sliced
from ingest.judging.documents import Judged, judge
from ingest.model import Capture
from ingest.parse.feed.slices import Slices, split
from ingest.parse.markup.decoding import Decoded
from ingest.pipeline.isolation import isolated

log = logging.getLogger("ingest.slices")


def read_slices(capture: Capture, reading: Reading, before: Remembered | None) -> Judged | None:
    """
    Parse and judge a feed by its slices.

    Args:
        before: The last reading, or None to read all entries.

    Returns:
        The judged document, or None where slices of it are not certain.

    Raises:
        ParseError: It cannot be read.
        DocumentError: This program fails on it.
    """
    if not carrying.may_be_carried(reading):
        return None
    with isolated("reading", subject=reading.source.id):
        decoded = jail.harmless(capture, reading.source)
        parts = split(decoded.text) if decoded is not None else None
        if decoded is None or parts is None:
            return None
        sliced = Sliced("", parts.digests(), before=before)
        judged = _part(decoded, parts, sliced, before, capture, reading) if before else None
        judged = judged or _whole(decoded, parts, sliced, capture, reading)
        count = len(parts.entries)
        unread = len(judged.sliced.carried) if judged.sliced else 0
        log.debug("slices source=%s entries=%d read=%d", reading.source.id, count, count - unread)
        return judged


def _part(
    decoded: Decoded, parts: Slices, sliced: Sliced, before: Remembered, capture: Capture, reading: Reading
) -> Judged | None:
    """Read the entries without an earlier fate."""
    fates = carrying.carried(before, sliced.digests)
    if not fates or capture.fetched_at < before.at:  # a later date could be too far ahead now
        return None
    positions = [position for position in range(len(parts.entries)) if position not in fates]
    part = replace(decoded, text=parts.part(positions))
    try:
        document = carrying.placed(parsing.parse_decoded(part, capture.final_url, reading.source), positions)
    except ParseError:
        return None
    if document is None or carrying.frame(document, parts.parents(), capture.final_url, reading) != before.frame:
        return None
    judged = judge(document, reading, capture.fetched_at)
    sliced = replace(sliced, frame=before.frame, carried=fates)
    refusals = sorted([*judged.refusals, *sliced.refused], key=lambda refusal: refusal.position)
    return replace(judged, refusals=refusals, sliced=sliced)


def _whole(decoded: Decoded, parts: Slices, sliced: Sliced, capture: Capture, reading: Reading) -> Judged:
    """Read all entries, to be carried from the next reading on."""
    document = parsing.parse_decoded(decoded, capture.final_url, reading.source)
    judged = judge(document, reading, capture.fetched_at)
    if not carrying.is_separable(document, len(parts.entries)):
        return judged
    return replace(
        judged, sliced=replace(sliced, frame=carrying.frame(document, parts.parents(), capture.final_url, reading))
    )
