from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import FetchPlan, Habits, Kind, Outcome, PollState, Skip, Source, State, Trust, Validators, Vendor
from ingest.polling import (
    GONE_CEILING,
    MAX_RETRY_AFTER,
    UNCONDITIONAL_EVERY,
    Limits,
    Settlement,
    after_full_response,
    after_not_modified,
    jitter,
    past_skips,
    pause,
    plan,
    rhythm,
    settle,
)

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
VENDOR = Vendor("acme", "Acme", "https://www.acme.com/", ())
SOURCE = Source(id="acme/news", vendor_id="acme", kind=Kind.FEED, url="https://www.acme.com/feed.xml", digest="0")
LIMITS = Limits(timedelta(seconds=30), 1 << 20)


def test_a_due_source_is_asked_with_the_validators_it_was_given() -> None:
    state = PollState(SOURCE.id, validators=Validators(SOURCE.url, etag=b'"x"'), next_poll_at=NOW)

    planned = plan(SOURCE, VENDOR, state, LIMITS, NOW)

    assert isinstance(planned, FetchPlan)
    assert planned.validators == state.validators
    assert (planned.timeout, planned.max_bytes) == (LIMITS.timeout, LIMITS.max_bytes)


def test_a_source_that_is_not_due_is_skipped_unless_it_is_named() -> None:
    state = PollState(SOURCE.id, next_poll_at=NOW + timedelta(seconds=1))

    skipped = plan(SOURCE, VENDOR, state, LIMITS, NOW)

    assert isinstance(skipped, Skip)
    assert "2026-05-22 12:00:01Z" in skipped.reason
    assert isinstance(plan(SOURCE, VENDOR, state, LIMITS, NOW, named=True), FetchPlan)


def test_success_clears_failures_and_keeps_the_last_error_for_the_record() -> None:
    state = PollState(SOURCE.id, state=State.FAILING, consecutive_failures=3, last_error="timed out", reason="x")

    settled = settle(SOURCE, state, Settlement(Outcome.OK, changed=True), NOW)

    assert (settled.state, settled.consecutive_failures, settled.reason) == (State.OK, 0, "")
    assert settled.last_error == "timed out"
    assert settled.last_success_at == settled.last_change_at == NOW


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.FAILED, State.FAILING),
        (Outcome.BLOCKED, State.BLOCKED),
        (Outcome.BROKEN, State.BROKEN),
        (Outcome.MOVED, State.MOVED),
    ],
)
def test_each_failure_has_its_own_state_and_counts(outcome: Outcome, state: State) -> None:
    settled = settle(SOURCE, PollState(SOURCE.id), Settlement(outcome, error="why"), NOW)

    assert (settled.state, settled.reason, settled.consecutive_failures) == (state, "why", 1)
    assert settled.last_success_at is None


def rest(result: Settlement, *, failures: int = 0, **state: datetime) -> timedelta:
    return pause(SOURCE, PollState(SOURCE.id, consecutive_failures=failures, **state), result, NOW)  # type: ignore[arg-type]  # by name


def test_the_pause_doubles_with_each_further_failure_up_to_the_ceiling() -> None:
    pauses = [rest(Settlement(Outcome.FAILED), failures=failures) for failures in range(1, 9)]

    assert pauses[0] < timedelta(hours=1.1)
    assert timedelta(hours=1.8) < pauses[1] < timedelta(hours=2.2)
    assert pauses == sorted(pauses)
    assert pauses[-1] >= SOURCE.max_interval * 0.9


def test_retry_after_is_a_floor_with_a_ceiling() -> None:
    assert rest(Settlement(Outcome.FAILED, retry_after=timedelta(hours=5)), failures=1) == timedelta(hours=5)
    assert rest(Settlement(Outcome.FAILED, retry_after=timedelta(days=88)), failures=1) == MAX_RETRY_AFTER


def test_a_documents_request_lengthens_the_pause_within_bounds() -> None:
    assert rest(Settlement(Outcome.OK, requested_delay=timedelta(hours=3))) > timedelta(hours=2.8)
    assert rest(Settlement(Outcome.OK, requested_delay=timedelta(days=300))) <= SOURCE.max_interval
    assert rest(Settlement(Outcome.OK, requested_delay=timedelta(seconds=1))) > timedelta(minutes=50)


@pytest.mark.parametrize(
    ("silent", "share"),
    [
        (timedelta(minutes=5), 0.5),
        (timedelta(hours=3), 1),
        (timedelta(days=2), 1),
        (timedelta(days=4), 2),
        (timedelta(days=400), 4),
    ],
)
def test_the_interval_follows_when_there_last_was_something_new(silent: timedelta, share: float) -> None:
    assert rhythm(SOURCE, NOW - silent, NOW) == SOURCE.interval * share
    assert rhythm(SOURCE, None, NOW) == SOURCE.interval


def test_after_a_long_sleep_sources_that_are_all_due_are_spread_over_the_interval() -> None:
    slept = {
        settle(
            replace(SOURCE, id=f"acme/{number}"),
            PollState(f"acme/{number}", next_poll_at=NOW - timedelta(hours=8)),
            Settlement(Outcome.NOT_MODIFIED),
            NOW,
        ).next_poll_at
        for number in range(60)
    }
    pauses = sorted(moment - NOW for moment in slept if moment)
    assert len(pauses) == 60
    assert pauses[0] >= SOURCE.min_interval
    assert pauses[-1] - pauses[0] > (SOURCE.interval - SOURCE.min_interval) * 0.8


@given(
    outcome=st.sampled_from([Outcome.OK, Outcome.NOT_MODIFIED, Outcome.FAILED, Outcome.BLOCKED, Outcome.MOVED]),
    failures=st.integers(0, 10_000),
    retry_after=st.none() | st.timedeltas(timedelta(0), timedelta(days=999)),
    requested=st.none() | st.timedeltas(timedelta(0), timedelta(days=999)),
)
def test_the_next_poll_lies_within_bounds(
    outcome: Outcome, failures: int, retry_after: timedelta | None, requested: timedelta | None
) -> None:
    state = PollState(SOURCE.id, consecutive_failures=failures)

    settled = settle(SOURCE, state, Settlement(outcome, retry_after=retry_after, requested_delay=requested), NOW)

    assert settled.next_poll_at is not None
    assert SOURCE.min_interval <= settled.next_poll_at - NOW <= max(SOURCE.max_interval, MAX_RETRY_AFTER)


def test_what_a_server_requests_is_no_shorter_after_a_long_sleep() -> None:
    slept = PollState(SOURCE.id, next_poll_at=NOW - timedelta(days=2))

    wished = pause(SOURCE, slept, Settlement(Outcome.OK, requested_delay=timedelta(hours=6)), NOW)

    assert wished >= timedelta(hours=5.7)


@pytest.mark.parametrize("rule", ["gone", "status"])
def test_cron_that_comes_more_rarely_than_a_source_may_be_asked_does_not_undo_its_back_off(rule: str) -> None:
    often = replace(SOURCE, interval=timedelta(minutes=15))
    late = PollState(often.id, consecutive_failures=6, next_poll_at=NOW - timedelta(minutes=50))

    assert pause(often, late, Settlement(Outcome.FAILED, rule=rule), NOW) >= timedelta(hours=7)


def test_jitter_is_stable_and_spread() -> None:
    places = sorted(jitter(f"acme/{number}") for number in range(1000))

    assert jitter("acme/news") == jitter("acme/news")
    assert places[0] < 0.02
    assert places[-1] > 0.98
    assert abs(sum(places) / 1000 - 0.5) < 0.05


# ── where nothing is there ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", ["gone", "not-found"])
def test_where_nothing_is_there_the_pause_grows_to_a_week_and_no_further(rule: str) -> None:
    pauses = [rest(Settlement(Outcome.FAILED, rule=rule), failures=failures) for failures in (1, 4, 8, 12, 400)]

    assert pauses == sorted(pauses)
    assert GONE_CEILING * 0.9 <= pauses[-1] <= GONE_CEILING


def test_a_410_is_left_alone_for_a_day_at_once_and_a_404_is_not() -> None:
    assert rest(Settlement(Outcome.FAILED, rule="gone"), failures=1) >= SOURCE.max_interval * 0.9
    assert rest(Settlement(Outcome.FAILED, rule="not-found"), failures=1) < timedelta(hours=1.1)


def test_an_operators_longer_interval_stands() -> None:
    slow = replace(SOURCE, interval=timedelta(days=30), max_interval=timedelta(days=30))
    result = Settlement(Outcome.FAILED, rule="gone")
    assert pause(slow, PollState(slow.id, consecutive_failures=9), result, NOW) > timedelta(days=27)


# ── what documents say ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("habits", "hour", "expected"),
    [
        (Habits(), 13, (0, 13)),
        (Habits(skip_hours=(13, 14)), 13, (0, 15)),
        (Habits(skip_hours=(14,)), 13, (0, 13)),
        (Habits(skip_hours=(23, 0)), 23, (1, 1)),
        (Habits(skip_days=(4,)), 13, (1, 0)),  # a Friday
        (Habits(skip_days=(4, 5)), 13, (2, 0)),
        (Habits(skip_hours=(0, 1), skip_days=(4,)), 13, (1, 2)),
    ],
)
def test_hours_and_days_in_which_nobody_need_ask_are_passed_over(
    habits: Habits, hour: int, expected: tuple[int, int]
) -> None:
    moved = past_skips(NOW.replace(hour=hour), habits, NOW + timedelta(days=9))
    assert ((moved.date() - NOW.date()).days, moved.hour) == expected


def test_they_never_outlast_the_sources_own_bound() -> None:
    everything = Habits(skip_hours=tuple(range(24)), skip_days=tuple(range(7)))
    settled = settle(SOURCE, PollState(SOURCE.id), Settlement(Outcome.OK, habits=everything), NOW)
    assert settled.next_poll_at == NOW + SOURCE.max_interval


def test_habits_are_kept_until_a_document_says_otherwise() -> None:
    reported = settle(SOURCE, PollState(SOURCE.id), Settlement(Outcome.OK, habits=Habits(timedelta(hours=5))), NOW)
    again = settle(SOURCE, reported, Settlement(Outcome.NOT_MODIFIED), NOW)
    assert again.next_poll_at is not None
    assert again.next_poll_at - NOW > timedelta(hours=4.5)
    assert settle(SOURCE, reported, Settlement(Outcome.OK, habits=Habits()), NOW).habits == Habits()


# ── robots, and servers that lie ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", list(Kind))
def test_robots_txt_is_followed_for_all_that_is_no_feed(kind: Kind) -> None:
    planned = plan(replace(SOURCE, kind=kind), VENDOR, PollState(SOURCE.id), LIMITS, NOW)
    assert isinstance(planned, FetchPlan)
    assert planned.robots is (kind is not Kind.FEED)
    allowed = replace(SOURCE, kind=kind, robots_ignored_because="asked them")
    excepted = plan(allowed, VENDOR, PollState(SOURCE.id), LIMITS, NOW)
    assert isinstance(excepted, FetchPlan)
    assert not excepted.robots


OLD, NEW = Validators(SOURCE.url, etag=b'"1"'), Validators(SOURCE.url, etag=b'"2"')


@pytest.mark.parametrize(
    ("before", "validators", "changed", "trust", "kept"),
    [
        (UNCONDITIONAL_EVERY - 1, OLD, True, Trust.DISTRUSTED, OLD),
        (UNCONDITIONAL_EVERY - 1, NEW, True, Trust.TRIAL, OLD),
        (UNCONDITIONAL_EVERY - 1, None, True, Trust.TRIAL, OLD),
        (UNCONDITIONAL_EVERY - 1, NEW, False, Trust.TRUSTED, NEW),
        (UNCONDITIONAL_EVERY - 1, OLD, False, Trust.TRUSTED, OLD),
        (UNCONDITIONAL_EVERY - 2, NEW, True, Trust.TRUSTED, NEW),
        (0, NEW, True, Trust.TRUSTED, NEW),
    ],
)
def test_what_a_whole_document_proves_of_the_answers_304_before_it(
    before: int, validators: Validators | None, changed: bool, trust: Trust, kept: Validators | None
) -> None:
    left = after_full_response(
        PollState(SOURCE.id, validators=OLD, unchanged_in_a_row=before), validators, NOW, changed=changed
    )
    assert (left.trust, left.validators, left.unchanged_in_a_row) == (trust, kept, 0)


def test_under_test_a_304_is_the_proof_and_a_document_clears_the_validators() -> None:
    trial = PollState(SOURCE.id, validators=OLD, trust=Trust.TRIAL)
    assert after_not_modified(trial, NOW).trust is Trust.DISTRUSTED
    assert after_full_response(trial, NEW, NOW, changed=False) == replace(trial, validators=NEW, trust=Trust.TRUSTED)


def test_distrust_is_for_good_and_is_reported() -> None:
    state = PollState(SOURCE.id, validators=OLD, trust=Trust.DISTRUSTED, distrusted_at=NOW)
    for changed in (True, False):
        state = after_full_response(state, NEW, NOW, changed=changed)
    planned = plan(SOURCE, VENDOR, state, LIMITS, NOW)
    assert isinstance(planned, FetchPlan)
    assert planned.validators is None
    assert "2026-05-22" in settle(SOURCE, state, Settlement(Outcome.OK), NOW).reason
