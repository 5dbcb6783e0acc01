"""
When a source is asked, with what request, and what a poll leaves behind: pure functions of state and time.

A failing source is asked less and less often, never never: the back-off ends at the source's `max_interval`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingest.model import FetchPlan, Outcome, PollState, Skip, Source, State, Vendor

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
    """What one poll found, as far as the next one depends on it; `wish` is the document's or response's own pace."""

    outcome: Outcome
    error: str = ""
    retry_after: timedelta | None = None
    wish: timedelta | None = None
    changed: bool = False


def jitter(source_id: str) -> float:
    """Place a source within [0, 1): stable, evenly spread, the same on every machine."""
    return int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:6], "big") / 2**48


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
        validators=state.validators,
        headers=source.headers,
    )


def settle(source: Source, state: PollState, found: Settlement, now: datetime) -> PollState:
    """Give the state a poll leaves behind; `next_poll_at` lies within the source's bounds or where the server asks."""
    worked = found.outcome in {Outcome.OK, Outcome.NOT_MODIFIED}
    left = replace(
        state,
        state=_STATE_AFTER[found.outcome],
        reason="" if worked else found.error,
        last_error=state.last_error if worked else found.error,
        consecutive_failures=0 if worked else state.consecutive_failures + 1,
        last_attempt_at=now,
        last_success_at=now if worked else state.last_success_at,
        last_change_at=now if found.changed else state.last_change_at,
    )
    return replace(left, next_poll_at=now + pause(source, left, found, now))


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

    Its rhythm, or what the document wishes if that is longer, within the source's bounds; doubled with every further
    failure in a row up to `max_interval`; spread by up to a tenth. After a long time without any poll (we slept, and all
    sources are due at once) it is spread over the whole interval. A `Retry-After` is a floor under all of it.

    Args:
        state: As this poll leaves it, but for `next_poll_at`, which is when this poll was due.
    """
    wished = max(rhythm(source, state.last_change_at, now), found.wish or timedelta())
    steady = min(max(wished, source.min_interval), source.max_interval)
    backed_off = min(steady * (1 << min(max(state.consecutive_failures - 1, 0), 16)), source.max_interval)
    if state.next_poll_at is not None and now - state.next_poll_at > source.interval:
        spread = source.min_interval + (backed_off - source.min_interval) * jitter(source.id)
    else:
        spread = backed_off * (1 + JITTER * (jitter(source.id) - 0.5))
    bounded = min(max(spread, source.min_interval), source.max_interval)
    return max(bounded, min(found.retry_after or timedelta(), MAX_RETRY_AFTER))
