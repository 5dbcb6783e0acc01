"""Whether any vendor can be reached: asked before anything is stored, so that nothing remembers a missing network."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from typing import Final

from ingest.fetch import Fetcher
from ingest.model import Allowlist, Failed, FetchPlan, Kind

PATIENCE: Final = timedelta(seconds=8)
"""For one question; a vendor that is slower is reached by the first round all the same."""

AT_ONCE: Final = 64
"""Questions in flight: all of them at once, so that a dead network costs twice `PATIENCE` at most."""

MAX_BYTES: Final = 4 << 20
"""Of an answer, which is thrown away; more is an answer, too."""


def is_reachable(listed: Allowlist, fetcher: Fetcher, *, stop: Callable[[], bool]) -> bool:
    """
    Ask one source of the first vendor, and only if nobody answers one of every other.

    Any answer counts, refusals included: it shows that there is a network.
    """
    plans = _plans(listed)
    if not plans or _answers(fetcher, plans[0]):
        return True  # also with nobody to ask: then nothing says that there is no network
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reach") as pool:
        asked = [pool.submit(_answers, fetcher, plan) for plan in plans[1:] if not stop()]
        for answer in as_completed(asked):
            if answer.result() or stop():
                pool.shutdown(wait=True, cancel_futures=True)
                return True
    return False


def _plans(listed: Allowlist) -> list[FetchPlan]:
    """Plan a question to the first enabled feed of every vendor: for other kinds robots.txt would be asked first."""
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
    found = fetcher.get(plan)
    if not isinstance(found, Failed):
        return True
    return found.status_code is not None or bool(found.hops)
