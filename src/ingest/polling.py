"""
The time of the next poll of a source, its request, and the state after it: pure functions of state and time.

A failing source is polled less and less often but never abandoned: the back-off ends at the source's `max_interval`, or at a
week for an address that no longer exists. A delay requested by a document or response counts within the source's bounds.
"""

from __future__ import annotations

import hashlib
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
"""The share of the interval over which sources are spread: a thousand hourly ones must not start together."""

MAX_RETRY_AFTER = timedelta(hours=24)
"""The longest Retry-After to follow. More is an error of the server (RFC 9110 §10.2.3 sets no limit)."""

LIVELY = timedelta(hours=2)
"""The time after a new entry in which a source is polled twice as often."""

SLOWING = 48
"""The interval is the time without news divided by this: 30 min with daily news, 3.5 h with weekly news."""

STRETCH = 4
"""The most by which a time without news extends the interval: from 15 minutes to an hour."""

UNCONDITIONAL_EVERY = 20
"""
One of so many polls is sent without validators to a source that answers 304: a false 304 would hide all news.

For an hourly source that costs one document a day, and a false 304 lasts a day at most.
"""

GONE_CEILING = timedelta(days=7)
"""The longest pause after 404 and 410. Addresses do come back, and the operator sees the state meanwhile."""

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
    """Limits of one request: time from name resolution to the last byte, decoded bytes, and the gap at its host."""

    timeout: timedelta
    max_bytes: int
    host_gap: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Settlement:
    """
    The result of one poll, as far as the next one depends on it.

    Attributes:
        rule: The rule of a failure.
        requested_delay: The freshness lifetime of the response.
        habits: The document's own polling hints, None without a document.
        notice: A message for the operator about a source that works.
        moved: Whether the document came from another address.
        ours: Whether the failure is a bug in this program. The source then keeps its interval.
    """

    outcome: Outcome
    error: str = ""
    rule: str = ""
    retry_after: timedelta | None = None
    requested_delay: timedelta | None = None
    habits: Habits | None = None
    changed: bool = False
    notice: str = ""
    moved: bool = False
    ours: bool = False


def jitter(source_id: str) -> float:
    """Return a source's place within [0, 1): stable, evenly spread, the same on every machine."""
    return int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:6], "big") / 2**48


def plan(
    source: Source, vendor: Vendor, state: PollState, limits: Limits, now: datetime, *, named: bool = False
) -> FetchPlan | Skip:
    """
    Decide whether and how a source is polled now.

    Args:
        named: Whether an operator named the source. It is then polled even if it is not due.
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
        validators=None if omits_validators(state) else state.validators,
        headers=source.headers,
        robots=applies_robots(source),
    )


def applies_robots(source: Source) -> bool:
    """Whether robots.txt applies: to every source but feeds, made for machines, unless the list gives a reason."""
    return source.kind is not Kind.FEED and not source.robots_ignored_because


# ── false 304 responses ─────────────────────────────────────────────────────────────────────────────────────────


def omits_validators(state: PollState) -> bool:
    """Whether the request is sent without validators: after a false 304, or as a periodic check."""
    return state.trust is Trust.DISTRUSTED or is_unconditional(state)


def is_unconditional(state: PollState) -> bool:
    """Whether this is the one poll in `UNCONDITIONAL_EVERY` to check the 304 responses before it."""
    return state.trust is Trust.TRUSTED and state.unchanged_in_a_row >= UNCONDITIONAL_EVERY - 1


def after_not_modified(state: PollState, now: datetime) -> PollState:
    """Return the trust after a 304. On trial the validators are known to be old, so a 304 is false."""
    if state.trust is Trust.TRIAL:
        return replace(state, trust=Trust.DISTRUSTED, distrusted_at=now, unchanged_in_a_row=0)
    return replace(state, unchanged_in_a_row=state.unchanged_in_a_row + 1)


def after_full_response(state: PollState, validators: Validators | None, now: datetime, *, changed: bool) -> PollState:
    """
    Return the validators and the trust after a full document.

    An unconditional poll with news after a row of 304 is a reason for doubt. If the server gives the same validators for the
    new content, its 304 were false. With other validators the news may be only minutes old: the next request is sent with the
    old ones, and a 304 to it is the proof.
    """
    after = replace(state, validators=validators, unchanged_in_a_row=0)
    if not is_unconditional(state) or not changed:
        return after if state.trust is Trust.DISTRUSTED else replace(after, trust=Trust.TRUSTED)
    if validators == state.validators:
        return replace(after, trust=Trust.DISTRUSTED, distrusted_at=now)
    return replace(after, validators=state.validators, trust=Trust.TRIAL)


def distrust_notice(state: PollState) -> str:
    """Return the notice about a server with false 304 responses, "" for any other."""
    if state.trust is not Trust.DISTRUSTED or state.distrusted_at is None:
        return ""
    return (
        f"its server said 304 Not Modified although there was news (seen {state.distrusted_at:%Y-%m-%d}); it is asked without "
        "validators since"
    )


# ── the state after a poll ──────────────────────────────────────────────────────────────────────────────────────


def settle(source: Source, state: PollState, result: Settlement, now: datetime) -> PollState:
    """Return the state after a poll. `next_poll_at` lies within the source's bounds, or later if the server requires it."""
    worked = result.outcome in {Outcome.OK, Outcome.NOT_MODIFIED}
    after = replace(
        state,
        state=State.MOVED if worked and result.moved else _STATE_AFTER[result.outcome],
        reason=(result.notice or distrust_notice(state)) if worked else result.error,
        last_error=state.last_error if worked else result.error,
        consecutive_failures=0 if worked else state.consecutive_failures + 1,
        last_attempt_at=now,
        last_success_at=now if worked else state.last_success_at,
        last_change_at=now if result.changed else state.last_change_at,
        habits=state.habits if result.habits is None else result.habits,
    )
    delay = pause(source, after, result, now)
    return replace(after, next_poll_at=past_skips(now + delay, after.habits, now + max(delay, source.max_interval)))


def past_skips(moment: datetime, habits: Habits, latest: datetime) -> datetime:
    """Return the first moment outside the document's `skipHours` and `skipDays`, but not after `latest`."""
    while moment.hour in habits.skip_hours or moment.weekday() in habits.skip_days:
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        if moment >= latest:
            return latest
    return moment


def rhythm(source: Source, last_change_at: datetime | None, now: datetime) -> timedelta:
    """
    Return a source's interval, adapted to the time since its last news.

    For `LIVELY` it is half the interval, because launches come in several pieces. Later it is a `SLOWING`th of the time
    without news, but from one to `STRETCH` intervals. A source without any news so far keeps its interval.
    """
    if last_change_at is None:
        return source.interval
    silence = now - last_change_at
    if silence < LIVELY:
        return source.interval / 2
    return min(max(silence / SLOWING, source.interval), source.interval * STRETCH)


def pause(source: Source, state: PollState, result: Settlement, now: datetime) -> timedelta:
    """
    Return the time until the next poll of a source.

    It starts as the `rhythm`, or the delay requested by the document or response if that is longer, within the source's
    bounds. Every further failure in a row doubles it, up to `max_interval`, or up to `GONE_CEILING` after 404 and 410. After
    410 it starts at `max_interval`. Jitter changes it by up to 5 %. A `Retry-After` is the minimum in any case.

    If the poll was late by more than an interval (the machine slept, and all sources are due at once), a working source is
    spread from its shortest allowed delay to the whole interval. A failing source keeps its back-off: cron may run more
    rarely than the source may be polled.

    Args:
        state: The state after the poll, except for `next_poll_at`: it still holds the time at which this poll was due.
    """
    requested = max(result.requested_delay or timedelta(), state.habits.ttl or timedelta())
    least = min(max(requested, source.min_interval), source.max_interval)
    steady = min(max(rhythm(source, state.last_change_at, now), least), source.max_interval)
    if result.rule == "gone":
        steady = source.max_interval
    ceiling = max(source.max_interval, GONE_CEILING) if result.rule in VANISHED else source.max_interval
    failures = 0 if result.ours else state.consecutive_failures
    backed_off = min(steady * (1 << min(max(failures - 1, 0), 16)), ceiling)
    overdue = timedelta() if state.next_poll_at is None else now - state.next_poll_at
    if overdue > source.interval and not state.consecutive_failures:
        spread = least + (backed_off - least) * jitter(source.id)
    else:
        spread = backed_off * (1 + JITTER * (jitter(source.id) - 0.5))
    bounded = min(max(spread, source.min_interval), ceiling)
    return max(bounded, min(result.retry_after or timedelta(), MAX_RETRY_AFTER))
