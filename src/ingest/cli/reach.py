"""The check for a network before the first poll. It stores nothing, so that no source keeps a failure."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from typing import Final

from ingest.fetch import Fetcher
from ingest.model import Allowlist, Failed, FetchPlan, Kind

PATIENCE: Final = timedelta(seconds=8)
"""The time for one request. The first round reaches slower vendors all the same."""

AT_ONCE: Final = 64
"""Requests in flight: all at once, so that a missing network costs twice `PATIENCE` at most."""

MAX_BYTES: Final = 4 << 20
"""The most bytes of a response. Its content is not used, and a larger response counts, too."""


def is_reachable(listed: Allowlist, fetcher: Fetcher, *, stop: Callable[[], bool]) -> bool:
    """
    Ask one source of the first vendor, and without an answer one source of every other vendor.

    Any answer shows a working network, even a refusal.
    """
    plans = _plans(listed)
    if not plans or _answers(fetcher, plans[0]):
        return True  # also without a source to ask: nothing then shows a missing network
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reach") as pool:
        asked = [pool.submit(_answers, fetcher, plan) for plan in plans[1:] if not stop()]
        for answer in as_completed(asked):
            if answer.result() or stop():
                pool.shutdown(wait=True, cancel_futures=True)
                return True
    return False


def _plans(listed: Allowlist) -> list[FetchPlan]:
    """Plan a request to the first enabled feed of every vendor. Other kinds need robots.txt first."""
    plans = []
    for vendor in listed.vendors:
        source = next(
            (
                item
                for item in listed.sources
                if item.vendor_id == vendor.id and item.enabled and item.kind is Kind.FEED
            ),
            None,
        )
        if source is not None:
            plans.append(FetchPlan(source.id, vendor, source.url, PATIENCE, MAX_BYTES, headers=source.headers))
    return plans


def _answers(fetcher: Fetcher, plan: FetchPlan) -> bool:
    answer = fetcher.get(plan)
    if not isinstance(answer, Failed):
        return True
    return answer.status_code is not None or bool(answer.hops)
