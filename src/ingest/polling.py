"""
When a source is asked, with what request, and what a poll leaves behind: pure functions of state and time.

A failing source is asked less and less often, never never: the back-off ends at the source's `max_interval`, or at a week
where the server says that nothing is there. What a document or response wishes counts within the source's own bounds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingest.model import (
    FetchPlan,
    Habits,
    Kind,
    Outcome,
    PollState,
    Skip,
    Source,
    State,
    Trust,
    Validators,
    Vendor,
)

JITTER = 0.1
"""Share of the interval by which sources are spread, so that a thousand hourly ones do not start together."""

MAX_RETRY_AFTER = timedelta(hours=24)
"""A server's wish to be left alone is honoured up to this; more is an error on its side (RFC 9110 §10.2.3 sets none)."""

LIVELY = timedelta(hours=2)
"""For so long after something new a source is looked at twice as often."""

SLOWING = 48
"""Silence of so many times an interval makes that interval: a daily source is asked every half hour, a weekly every 3.5 h."""

STRETCH = 4
"""The most by which silence stretches an interval: what an operator wants to know in 15 minutes is known within the hour."""

LOOK_EVERY = 20
"""
Every so many polls a source that answers 304 is asked without validators: a server that says so falsely would hide all news.

Hourly it costs one document a day; a lie then lasts a day at most.
"""

GONE_CEILING = timedelta(days=7)
"""The longest pause where the server says that nothing is there: addresses do come back, and an operator is told meanwhile."""

VANISHED = frozenset({"gone", "not-found"})
"""Rules of 410 and 404."""

_STATE_AFTER = {
    Outcome.OK: State.OK,
    Outcome.NOT_MODIFIED: State.OK,
    Outcome.FAILED: State.FAILING,
    Outcome.BLOCKED: State.BLOCKED,
    Outcome.BROKEN: State.BROKEN,
    Outcome.MOVED: State.MOVED,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost, from resolve to last byte and in bytes after decoding, and how long its host rests then."""

    timeout: timedelta
    max_bytes: int
    host_gap: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Settlement:
    """
    What one poll found, as far as the next one depends on it.

    `wish` is the freshness of the response, `habits` what the document says of its pace, None where none was read; `rule`
    is why nothing came; `notice` is what an operator should know although a document came, `moved` that it came from
    elsewhere. `ours` says that the failure is this program's: the source keeps its pace.
    """

    outcome: Outcome
    error: str = ""
    rule: str = ""
    retry_after: timedelta | None = None
    wish: timedelta | None = None
    habits: Habits | None = None
    changed: bool = False
    notice: str = ""
    moved: bool = False
    ours: bool = False


def jitter(source_id: str) -> float:
    """Place a source within [0, 1): stable, evenly spread, the same on every machine."""
    return int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:6], "big") / 2**48


def reading_digest(stanza: str, scopes: Iterable[tuple[str, str]]) -> str:
    """
    Return the sha256 hex of what a source's documents are read by: another one means that stored bytes are read anew.

    Args:
        stanza: Digest of the source's stanza.
        scopes: Grant and text of every scope of its vendor, in any order.
    """
    lines = sorted(f"{grant} {text}" for grant, text in scopes)
    return hashlib.sha256("\n".join((stanza, *lines)).encode()).hexdigest()


def plan(
    source: Source, vendor: Vendor, state: PollState, limits: Limits, now: datetime, *, named: bool = False
) -> FetchPlan | Skip:
    """
    Decide whether and how a source is asked now.

    Args:
        named: An operator asked for this source; being due is not required, a wish of the server still counts.
    """
    if not source.enabled and not named:
        return Skip(source.id, "disabled in the allow-list")
    if not named and state.next_poll_at is not None and state.next_poll_at > now:
        return Skip(source.id, f"not due before {state.next_poll_at:%Y-%m-%d %H:%M:%S}Z")
    return FetchPlan(
        source_id=source.id,
        vendor=vendor,
        url=source.url,
        timeout=limits.timeout,
        max_bytes=limits.max_bytes,
        validators=None if wants_whole(state) else state.validators,
        headers=source.headers,
        robots=obeys_robots(source),
    )


def obeys_robots(source: Source) -> bool:
    """Whether robots.txt is obeyed: for all that is no feed, which is published for machines, unless the list says why not."""
    return source.kind is not Kind.FEED and not source.robots_ignored_because


# ── servers that say 304 falsely ────────────────────────────────────────────────────────────────────────────────


def wants_whole(state: PollState) -> bool:
    """Whether the source is asked without validators: because a 304 was false, or to see whether they are true."""
    return state.trust is Trust.DISTRUSTED or is_look(state)


def is_look(state: PollState) -> bool:
    """Whether this is the one look in `LOOK_EVERY` that checks the answers 304 before it."""
    return state.trust is Trust.TRUSTED and state.unchanged_in_a_row >= LOOK_EVERY - 1


def confirmed(state: PollState, now: datetime) -> PollState:
    """Give the trust that an answer 304 leaves; to a question whose honest answer is known to be no, it is a lie."""
    if state.trust is Trust.TRIAL:
        return replace(state, trust=Trust.DISTRUSTED, distrusted_at=now, unchanged_in_a_row=0)
    return replace(state, unchanged_in_a_row=state.unchanged_in_a_row + 1)


def looked(state: PollState, validators: Validators | None, now: datetime, *, changed: bool) -> PollState:
    """
    Give the validators and the trust that a whole document leaves.

    A look that finds news after a row of 304 proves a lie where the server gives the same validators for other content. With
    other validators the news may be of this very hour: the old ones are asked once more, and a 304 to them is the proof.
    """
    left = replace(state, validators=validators, unchanged_in_a_row=0)
    if not is_look(state) or not changed:
        return left if state.trust is Trust.DISTRUSTED else replace(left, trust=Trust.TRUSTED)
    if validators == state.validators:
        return replace(left, trust=Trust.DISTRUSTED, distrusted_at=now)
    return replace(left, validators=state.validators, trust=Trust.TRIAL)


def doubts(state: PollState) -> str:
    """Say what an operator should know of a source that works: that its 304 are not believed; "" where all is well."""
    if state.trust is not Trust.DISTRUSTED or state.distrusted_at is None:
        return ""
    return (
        f"its server said 304 Not Modified although there was news (seen {state.distrusted_at:%Y-%m-%d}); it is asked without "
        "validators since"
    )


# ── what a poll leaves ──────────────────────────────────────────────────────────────────────────────────────────


def settle(source: Source, state: PollState, found: Settlement, now: datetime) -> PollState:
    """Give the state a poll leaves behind; `next_poll_at` lies within the source's bounds or where the server asks."""
    worked = found.outcome in {Outcome.OK, Outcome.NOT_MODIFIED}
    left = replace(
        state,
        state=State.MOVED if worked and found.moved else _STATE_AFTER[found.outcome],
        reason=(found.notice or doubts(state)) if worked else found.error,
        last_error=state.last_error if worked else found.error,
        consecutive_failures=0 if worked else state.consecutive_failures + 1,
        last_attempt_at=now,
        last_success_at=now if worked else state.last_success_at,
        last_change_at=now if found.changed else state.last_change_at,
        habits=state.habits if found.habits is None else found.habits,
    )
    rest = pause(source, left, found, now)
    return replace(left, next_poll_at=past_skips(now + rest, left.habits, now + max(rest, source.max_interval)))


def past_skips(moment: datetime, habits: Habits, latest: datetime) -> datetime:
    """Move a poll out of the hours and days in which a document says that nobody need ask, to `latest` at the latest."""
    while moment.hour in habits.skip_hours or moment.weekday() in habits.skip_days:
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        if moment >= latest:
            return latest
    return moment


def rhythm(source: Source, last_change_at: datetime | None, now: datetime) -> timedelta:
    """
    Adapt a source's interval to when it last had something new.

    Half of it while something is going on, since launches come in several pieces; then the interval; with every
    `SLOWING` intervals of silence one more, up to `STRETCH` times the interval. A source that never had anything new in
    our time keeps its interval.
    """
    if last_change_at is None:
        return source.interval
    silence = now - last_change_at
    if silence < LIVELY:
        return source.interval / 2
    return min(max(silence / SLOWING, source.interval), source.interval * STRETCH)


def pause(source: Source, state: PollState, found: Settlement, now: datetime) -> timedelta:
    """
    Say how long to leave a source alone.

    Its rhythm, or what the document or the response wishes if that is longer, within the source's bounds; doubled with every further
    failure in a row up to `max_interval`, and to `GONE_CEILING` where the server says that nothing is there, which with 410
    begins at `max_interval`; spread by up to a tenth. After a long time without any poll (we slept, and all sources are
    due at once) it is spread from the shortest that is allowed or wished to the whole interval, for a source that
    works; cron that comes more rarely than a source may be asked must not undo its back-off. A `Retry-After` is a
    floor under all of it.

    Args:
        state: As this poll leaves it, but for `next_poll_at`, which is when this poll was due.
    """
    wished = max(found.wish or timedelta(), state.habits.ttl or timedelta())
    least = min(max(wished, source.min_interval), source.max_interval)
    steady = min(max(rhythm(source, state.last_change_at, now), least), source.max_interval)
    if found.rule == "gone":
        steady = source.max_interval
    ceiling = max(source.max_interval, GONE_CEILING) if found.rule in VANISHED else source.max_interval
    failures = 0 if found.ours else state.consecutive_failures
    backed_off = min(steady * (1 << min(max(failures - 1, 0), 16)), ceiling)
    overdue = timedelta() if state.next_poll_at is None else now - state.next_poll_at
    if overdue > source.interval and not state.consecutive_failures:
        spread = least + (backed_off - least) * jitter(source.id)
    else:
        spread = backed_off * (1 + JITTER * (jitter(source.id) - 0.5))
    bounded = min(max(spread, source.min_interval), ceiling)
    return max(bounded, min(found.retry_after or timedelta(), MAX_RETRY_AFTER))
