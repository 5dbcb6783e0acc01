"""
A source read and judged, without writing anything.

A preview is an attempt without its last step: the same functions read, judge and decide its document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ingest import dedupe, jail, urls
from ingest.errors import ParseError
from ingest.judging import Reading, documents, tally_of
from ingest.judging.documents import CHECKED, Decided, Judged, Memory
from ingest.model import NO_DATE, Capture, Dated, Document, EntryOutcome, Kind, Refusal, Source, Tally
from ingest.parse import selfcheck
from ingest.pipeline.attempt import read_document
from ingest.pipeline.writing import decide
from ingest.store import Engine
from ingest.store import engine as database


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """One entry of a document and its fate. The `url` of a refused entry is for display only."""

    position: int
    fate: EntryOutcome
    title: str
    url: str
    published: Dated = NO_DATE
    lang: str | None = None
    rule: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """
    The predicted result of a poll of a document, and anything odd about it, one sentence each.

    `parts` are documents listed in this one, to be read by a poll as well.
    """

    verdict: selfcheck.CheckResult
    items: tuple[PreviewItem, ...] = ()
    odd: tuple[str, ...] = ()
    dialect: str = ""
    parts: tuple[str, ...] = ()

    @property
    def tally(self) -> Tally:
        """Count the entries under the fates they would end in."""
        return tally_of([item.fate for item in self.items])


# ── a source ────────────────────────────────────────────────────────────────────────────────────────────────────


def preview(capture: Capture, reading: Reading, engine: Engine | None = None) -> Preview:
    """
    Predict the result of a poll for a capture.

    Args:
        engine: The database of the poll. Without one, every entry is new.
    """
    try:
        judged = read_document(capture, reading)
    except ParseError as error:
        return Preview(selfcheck.judge_error(error))
    decided = _decide(engine, judged, reading, capture)
    items = tuple(sorted(_items(judged, decided, reading.source), key=lambda item: item.position))
    document = judged.document
    odd = tuple(_oddities(document, items, capture, reading.source, decided.verdict))
    return Preview(decided.verdict, items, odd, document.dialect, document.parts)


def joined(whole: Preview, part: Preview) -> Preview:
    """Add the result of a part to that of the whole document."""
    verdict = whole.verdict if part.verdict.passed else part.verdict
    odd = tuple(dict.fromkeys((*whole.odd, *part.odd)))
    return replace(whole, verdict=verdict, items=(*whole.items, *part.items), odd=odd)


def _decide(engine: Engine | None, judged: Judged, reading: Reading, capture: Capture) -> Decided:
    if engine is not None:
        with database.read(engine) as conn:
            return decide(conn, judged, reading, capture)
    return documents.decide(documents.identify(judged, Memory(), reading, capture), {}, reading, capture)


def _items(judged: Judged, decided: Decided, source: Source) -> Iterator[PreviewItem]:
    """Yield each entry with its fate. An entry whose page is opened first is pending."""
    waits = "its page would be opened first"
    older = f"older than the newest {source.first_fill}, which are opened; it would be registered as known"
    held = decided.held
    yield from (_offered(one.offer, one.fate) for one in held.ready)
    yield from (_offered(one.offer, fate) for one, fate in held.pending)
    yield from (replace(_offered(one.offer, EntryOutcome.PENDING), detail=waits) for one in held.to_open)
    yield from (replace(_offered(one.offer, EntryOutcome.SEEN), detail=older) for one in held.known)
    offers = {} if decided.verdict.passed else {offer.candidate.position: offer for offer in judged.offers}
    for refusal in decided.refusals:
        offer = offers.get(refusal.position)
        if offer is None:
            yield _refused(refusal)
        else:
            yield replace(_offered(offer, refusal.fate), rule=refusal.rule, detail=refusal.detail)


def _offered(offer: dedupe.Offer, fate: EntryOutcome) -> PreviewItem:
    entry = offer.candidate
    return PreviewItem(entry.position, fate, entry.title, offer.url.text, entry.published, entry.lang)


def _refused(refusal: Refusal) -> PreviewItem:
    return PreviewItem(
        refusal.position, refusal.fate, refusal.title, refusal.url, rule=refusal.rule, detail=refusal.detail
    )


# ── what looks odd ──────────────────────────────────────────────────────────────────────────────────────────────

_STALE: Final = timedelta(days=365)
_AHEAD: Final = timedelta(days=1)  # zones east of UTC print tomorrow's date
_ENOUGH: Final = 4  # entries of which it says something that all are alike
_LONG: Final = 200  # characters; the longest recorded title has 190
_MOST: Final = 0.5


def _oddities(
    document: Document, items: Sequence[PreviewItem], capture: Capture, source: Source, verdict: selfcheck.CheckResult
) -> Iterator[str]:
    """Describe suspicious details for an operator to check."""
    if document.damage:
        yield f"The document is imperfect and was read all the same: {document.damage}."
    if urls.page_key_of(capture.final_url) != urls.page_key_of(capture.target_url):
        yield f"{capture.target_url} redirects to {capture.final_url}; if it stays so, give that address."
    if document.outside:
        yield f"{document.outside:,} addresses of the sitemap lie outside what include says."
    if source.kind in CHECKED and document.entries:
        yield from _stricter(document, capture, source, verdict)
    yield from _odd_dates(document, capture, source)
    yield from _odd_titles(items)
    yield from _odd_languages(items, source)
    if not document.parts:
        yield from _odd_fates(items)


def _stricter(document: Document, capture: Capture, source: Source, verdict: selfcheck.CheckResult) -> Iterator[str]:
    """Repeat the self-check as for a source with dates, with a second reading of the same bytes."""
    known = {reason.rule for reason in verdict.reasons}
    again = jail.parse(capture, source)
    strict = selfcheck.check(document, dates=not source.article, again=again)
    yield from (reason.detail for reason in strict.reasons if reason.rule not in known)


def _odd_dates(document: Document, capture: Capture, source: Source) -> Iterator[str]:
    dates = [entry.published for entry in document.entries]
    known = [date.value for date in dates if date.value is not None]
    unread = [date.raw for date in dates if date.raw and date.value is None]
    if unread:
        yield f"{len(unread)} of the dates could not be read, for example {unread[0]:.60}"
    if dates and not known and source.kind is Kind.FEED:
        yield "No entry has a date; headlines would stand under the day on which we saw them."
    if len(known) >= _ENOUGH and len(set(known)) == 1:
        yield f"All entries have one date, {known[0]:%Y-%m-%d}; it may be that of the page."
    ahead = [value for value in known if value > capture.fetched_at + _AHEAD]
    if ahead:
        yield f"{len(ahead)} of the entries are dated after they were read, up to {max(ahead):%Y-%m-%d}."
    if known and capture.fetched_at - max(known) > _STALE:
        yield f"The newest entry is of {max(known):%Y-%m-%d}; is something still published here?"


def _odd_titles(items: Iterable[PreviewItem]) -> Iterator[str]:
    titles = Counter(item.title for item in items if item.title)
    repeated = [title for title, times in titles.items() if times > 1]
    if repeated:
        yield f"{len(repeated)} of the titles stand for several entries, for example {repeated[0]:.60}"
    long = [title for title in titles if len(title) > _LONG]
    if long:
        yield f"{len(long)} of the titles are longer than {_LONG} characters; more than the title may have been taken."


def _odd_languages(items: Sequence[PreviewItem], source: Source) -> Iterator[str]:
    langs = Counter(item.lang for item in items if item.fate in _RECORDED)
    if not langs:
        return
    lang, times = langs.most_common(1)[0]
    if lang is None and not source.opens_pages:
        yield "Nothing says in which language the entries are; give lang."
    elif (
        lang and source.lang and lang.split("-")[0] != source.lang.split("-")[0] and times > _MOST * sum(langs.values())
    ):
        yield f"Most entries are in {lang}, and the stanza says {source.lang}."


_RECORDED: Final = frozenset(
    {EntryOutcome.CREATED, EntryOutcome.REVISED, EntryOutcome.SEEN, EntryOutcome.DUPLICATE, EntryOutcome.PENDING}
)


def _odd_fates(items: Sequence[PreviewItem]) -> Iterator[str]:
    if not items:
        yield "There is nothing in it: an empty list, or another document than was meant."
        return
    for fate, remedy in (
        (EntryOutcome.REJECTED, "look at official, or at what links were taken"),
        (EntryOutcome.FILTERED, "look at include, exclude and topics"),
    ):
        hit = [item for item in items if item.fate is fate]
        if len(hit) > _MOST * len(items):
            (rule, _), *_ = Counter(item.rule for item in hit).most_common(1)
            yield f"{len(hit)} of {len(items)} entries are {fate.value}, most by {rule}; {remedy}."
