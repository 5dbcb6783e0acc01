"""
Reading and writing around the decisions of `judging`: all changes by a document or a page, in the caller's transaction.

Live rounds, recovered captures and replays all write here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ingest import dedupe, urls
from ingest.errors import StaleListError
from ingest.judging import Ingested, Reading, carrying, documents, pages, tally_of
from ingest.judging.documents import Decided, Judged, Memory
from ingest.judging.pages import Waiting
from ingest.judging.walking import Ends, Walk, is_followed
from ingest.model import Article, Candidate, Capture, EntryOutcome, Refusal
from ingest.pipeline.placing import place
from ingest.rules import RULES_VERSION
from ingest.store import Connection, candidates, headlines, identity, lists, polls, rejections, slices, walks
from ingest.store import engine as database


def recall(
    conn: Connection, judged: Judged, reading: Reading, capture: Capture, known: dedupe.Known | None = None
) -> Memory:
    """Read the stored facts for the fates of a document's entries, besides those that are known already."""
    source = reading.source
    counts = polls.last_counts(conn, source.id) if capture.purpose == "source" else ()
    walk = walks.of(conn, source.id) if is_followed(source) else None
    return Memory(known or identity.known(conn, source, judged.offers), counts, walk)


def decide(
    conn: Connection,
    judged: Judged,
    reading: Reading,
    capture: Capture,
    *,
    only_new: bool = False,
    known: dedupe.Known | None = None,
) -> Decided:
    """Decide the fates of a document's entries against the stored facts. Nothing is written."""
    source = reading.source
    identified = documents.identify(judged, recall(conn, judged, reading, capture, known), reading, capture)
    names = [one.entry_key for one in identified.decisions] if source.opens_pages or is_followed(source) else []
    statuses = candidates.statuses(conn, source.id, names)
    return documents.decide(identified, statuses, reading, capture, only_new=only_new)


def write_document(
    conn: Connection,
    capture: Capture,
    judged: Judged,
    reading: Reading,
    *,
    whole: Callable[[], Judged],
    only_new: bool = False,
) -> Ingested:
    """
    Write all changes by a document.

    Args:
        whole: Reads all entries of the document, for the rare case that carried ones cannot be decided apart.
        only_new: A newer document of the source was read before, so this one adds entries and revises none.

    Raises:
        StaleListError: Another list came into force since the document was judged.
        ParseError: From `whole`.
    """
    begin(conn, reading)
    known, stored = None, []
    if judged.sliced is not None and judged.sliced.carried:
        stored = slices.claims(conn, reading.source.id, judged.carried)
        known = identity.known(conn, reading.source, judged.offers) if judged.offers else dedupe.Known()
        if not carrying.holds(judged.sliced, stored, judged.offers, known):
            judged, known, stored = whole(), None, []
    decided = decide(conn, judged, reading, capture, only_new=only_new, known=known)
    _follow(conn, reading.source.id, decided)
    if decided.verdict.passed:
        held = decided.held
        candidates.register(conn, [*_rows(held.to_open, "pending"), *_rows(held.known, "known")], capture)
        _record(conn, held.ready, reading, capture, decided.carried)
    rejections.record(conn, decided.refusals, capture)
    if decided.verdict.passed:
        raw_keys = [*(offer.candidate.raw_key for offer in judged.offers), *carrying.raw_keys(stored)]
        rejections.release(conn, reading.source.id, raw_keys)
    if judged.sliced is not None and decided.remembered is not None:
        slices.keep(conn, reading.source.id, decided.remembered, judged.sliced.before)
    return decided.ingested


def _follow(conn: Connection, source_id: str, decided: Decided) -> None:
    """Note where the list of a source goes on, or its end."""
    match decided.walk:
        case Ends():
            walks.end(conn, source_id)
        case Walk() as walk:
            walks.go_on(conn, walk)


def _rows(decisions: Iterable[dedupe.Decision], status: candidates.Status) -> list[candidates.Registered]:
    return [(one.entry_key, one.offer.candidate, one.offer.url.host, one.claim_digest, status) for one in decisions]


def write_page(conn: Connection, capture: Capture, article: Article, waiting: Waiting, reading: Reading) -> Ingested:
    """Record an entry with the facts of its page."""
    if pages.may_be_site_name(article, waiting):
        own = urls.page_key(urls.parse(waiting.candidate.url))
        others = identity.entitled(conn, reading.source.id, article.title_original, besides=own)
        article, again = pages.headed(article, others, reading)
        if again:
            candidates.open_again(conn, reading.source.id, again)
    return _record_entry(conn, capture, waiting, reading, pages.enriched(waiting.candidate, article), article)


def give_up(conn: Connection, listed: Capture, waiting: Waiting, reading: Reading) -> Ingested:
    """Record an entry without its page as its list gives it, or refuse it where that is too little."""
    return _record_entry(conn, listed, waiting, reading, waiting.candidate, Article(""))


def _record_entry(
    conn: Connection,
    capture: Capture,
    waiting: Waiting,
    reading: Reading,
    candidate: Candidate,
    article: Article,
) -> Ingested:
    begin(conn, reading)
    judged = pages.judge(candidate, waiting, article, reading)
    page_capture_id = capture.id if capture.target_url == candidate.url or article.title else None
    if isinstance(judged, Refusal):
        rejections.record(conn, [judged], capture)
        candidates.finish(conn, waiting, "refused", page_capture_id=page_capture_id, error=judged.detail)
        return Ingested(tally_of([judged.fate]))
    known = identity.known(conn, reading.source, [judged])
    decisions = dedupe.reconcile([judged], known, source=reading.source, at=capture.fetched_at)
    _record(conn, decisions, reading, capture)
    candidates.finish(conn, waiting, "finished", page_capture_id=page_capture_id)
    return Ingested(tally_of([one.fate for one in decisions]))


def _record(
    conn: Connection,
    decisions: Sequence[dedupe.Decision],
    reading: Reading,
    capture: Capture,
    carried: Sequence[str] = (),
) -> None:
    """Write the decisions about entries, and place new and edited headlines among the vendor's stories."""
    by = headlines.Writing(reading.source, capture, reading.generation, RULES_VERSION)
    headlines.see(conn, carried, by)
    headlines.apply(conn, decisions, by)
    fresh = [one.headline_id for one in decisions if one.fate in {EntryOutcome.CREATED, EntryOutcome.REVISED}]
    choose = any(one.restores for one in decisions)
    place(conn, reading.vendor.id, fresh, at=capture.fetched_at, generation=reading.generation, choose=choose)


def begin(conn: Connection, reading: Reading) -> None:
    """
    Exclude other writers of this vendor's documents, and check that the list has not changed since they were judged.

    Raises:
        StaleListError: Another list came into force.
    """
    database.serialise_vendors(conn, [reading.vendor.id])
    if not lists.is_in_force(conn, reading.generation):
        raise StaleListError("another list came into force meanwhile; the next round reads it again.")
