"""The consequences of one attempt at a source's own document: its next poll, notices, a proposed move."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ingest import httpcache, polling, robots, urls
from ingest.judging import moves
from ingest.judging.moves import Move, Sighting
from ingest.judging.values import Ingested, Reading
from ingest.model import (
    Capture,
    Document,
    Failed,
    Fetched,
    Kind,
    NotModified,
    Outcome,
    PollState,
    Response,
    State,
    Tally,
    Trust,
)
from ingest.rules import RULES_VERSION

_CUT: Final = (
    "the document breaks off in the middle, so entries may be missing; it is asked for whole until it comes whole"
)


@dataclass(frozen=True, slots=True)
class Ended:
    """
    One attempt at a source's own document, at its end.

    answer: None after reading a stored capture again
    document: None without a document
    capture: the capture read, or None for a failure, a 304 and known bytes
    capture_id: the newest capture of the source, the confirmed one after a 304
    is_poll: whether the source was asked in this attempt
    """

    ingested: Ingested
    answer: Fetched | NotModified | Failed | None = None
    document: Document | None = None
    capture: Capture | None = None
    capture_id: int | None = None
    is_poll: bool = True
    is_recovered: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the document was read whole and accepted, so its validators hold."""
        if self.capture is None:
            return True
        is_ok = self.ingested.outcome is Outcome.OK
        return is_ok and self.document is not None and not self.document.cut


@dataclass(frozen=True, slots=True)
class Facts:
    """The stored facts for the settlement of a poll."""

    last_tally: Tally = field(default_factory=Tally)
    sighting: Sighting | None = None
    before: Move | None = None
    robots: robots.RobotsRecord | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """
    The result of settling.

    move: a proposal to be stored
    answers_here: whether open proposals of the source are done, because it answers where the list has it
    """

    state: PollState
    notes: tuple[str, ...] = ()
    move: Move | None = None
    answers_here: bool = False


def sighting(reading: Reading, ended: Ended) -> Sighting | None:
    """Return the move shown by an attempt, if any."""
    if ended.answer is None or not ended.is_poll or not ended.is_whole:
        return None
    return moves.sighted(reading.source, reading.vendor, ended.answer)


def settle(reading: Reading, state: PollState, ended: Ended, facts: Facts, now: datetime) -> Settled:
    """Decide the next poll of a source, with its validators, its trust and the notice for the operator."""
    settlement = _settlement(state, ended, facts)
    left = _validated(replace(state, last_capture_id=ended.capture_id), ended, settlement, now)
    notes = []
    if left.trust is Trust.DISTRUSTED and state.trust is not Trust.DISTRUSTED:
        notes.append(polling.distrust_notice(left))
    if ended.capture is not None:
        left = replace(
            left,
            ingested_payload_digest=ended.capture.payload_digest if ended.is_whole else None,
            ingested_rules_version=RULES_VERSION,
            ingested_source_digest=reading.digest,
        )
    if not ended.is_poll:
        return Settled(left, tuple(notes))
    if facts.sighting is None:
        notice = settlement.notice or _robots_notice(reading, ended, facts)
        answers_here = bool(ended.is_whole and state.reason and isinstance(ended.answer, Fetched | NotModified))
        left = polling.settle(reading.source, left, replace(settlement, notice=notice), now)
        return Settled(left, tuple(notes), answers_here=answers_here)
    move = moves.note(facts.before, reading.source, reading.vendor, facts.sighting, now)
    if moves.is_news(facts.before, move):
        notes.append(facts.sighting.sentence)
    settlement = _moved(settlement, move, facts.sighting)
    return Settled(polling.settle(reading.source, left, settlement, now), tuple(notes), move)


def _settlement(state: PollState, ended: Ended, facts: Facts) -> polling.Settlement:
    """Return the input of `polling.settle` for the end of an attempt."""
    ingested, document = ended.ingested, ended.document
    match ended.answer:
        case Failed() as failed:
            return polling.Settlement(
                failed.outcome, error=failed.detail, rule=failed.rule, retry_after=failed.retry_after
            )
        case NotModified() as unchanged:
            notice = all_refused(facts.last_tally) if state.reason else ""
            return polling.Settlement(
                Outcome.NOT_MODIFIED, requested_delay=_freshness(unchanged.response), notice=notice
            )
    is_ok = ingested.outcome is Outcome.OK
    is_known = ended.capture is None
    asks = ended.answer is not None and (is_known or document is not None)
    return polling.Settlement(
        ingested.outcome,
        error=ingested.error,
        requested_delay=_freshness(ended.answer.response) if asks and ended.answer else None,
        habits=document.habits if document and is_ok else None,
        changed=ingested.changed,
        notice=_CUT if is_ok and document is not None and document.cut else all_refused(ingested.tally),
        ours=ingested.set_aside is not None,
    )


def _validated(state: PollState, ended: Ended, settlement: polling.Settlement, now: datetime) -> PollState:
    """Keep the validators of an answer. Only a whole, accepted document with an answer has any."""
    if not ended.is_whole or ended.is_recovered:
        return replace(state, validators=None, unchanged_in_a_row=0)
    if isinstance(ended.answer, NotModified):
        return polling.after_not_modified(replace(state, validators=ended.answer.response.validators), now)
    if isinstance(ended.answer, Fetched):
        return polling.after_full_response(state, ended.answer.response.validators, now, changed=settlement.changed)
    return state


def _moved(settlement: polling.Settlement, move: Move, sighting: Sighting) -> polling.Settlement:
    """Show a move once it is proposed. Another host is shown at once, unless an operator discarded it."""
    is_open = move.status == "open"
    if not is_open and (sighting.kind != "host" or move.status == "discarded"):
        return settlement
    return replace(settlement, notice=sighting.sentence, moved=is_open and sighting.kind == "host")


def _robots_notice(reading: Reading, ended: Ended, facts: Facts) -> str:
    """Note a known robots.txt that closes a feed to robots. The feed is asked nevertheless."""
    source, answer = reading.source, ended.answer
    if facts.robots is None or not isinstance(answer, Fetched | NotModified):
        return ""
    if source.kind is not Kind.FEED or source.robots_ignored_because:
        return ""
    url = urls.parse(answer.response.final_url)
    agent = dict(answer.response.request_headers).get("User-Agent", "")
    if robots.allows(facts.robots, f"{url.path}{url.suffix}", robots.token_of(agent)) is not False:
        return ""
    return f"the robots.txt of {url.host} closes {url.path} to robots; a feed is for machines and is asked all the same"


def postponed(reading: Reading, state: PollState, reason: str, now: datetime) -> PollState:
    """Return the state to save where even settling fails. The source keeps its pace."""
    return replace(
        state,
        state=State.BROKEN,
        reason=reason,
        last_error=reason,
        consecutive_failures=state.consecutive_failures + 1,
        last_attempt_at=now,
        next_poll_at=now + reading.source.interval,
    )


def all_refused(tally: Tally) -> str:
    """Return a notice where no entry of a source is official, else ""."""
    if not tally.entries or tally.rejected < tally.entries:
        return ""
    return (
        f"none of its {tally.entries} entries is official; `ingest rejections` says why, and the list may lack a scope"
    )


def seen_again(last: Tally) -> Tally:
    """Tally known bytes again: former headlines count as seen, refusals stay refusals."""
    seen = last.created + last.revised + last.seen
    return replace(last, created=0, revised=0, seen=seen)


def _freshness(response: Response) -> timedelta:
    return httpcache.freshness(response.response_headers, response.fetched_at) or timedelta()
