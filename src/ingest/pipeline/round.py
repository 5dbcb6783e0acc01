"""The resources shared by the parts of a round: the list in force, the fetcher, and the leases of this process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from ingest.errors import DocumentError, LeaseLostError, StaleListError
from ingest.fetch import Fetcher
from ingest.judging import Reading
from ingest.model import Allowlist, Failed, FetchPlan, Lease, Outcome, PollReport, PollState, Source, Vendor
from ingest.pipeline import isolation
from ingest.pipeline.attempt import Answer, Context
from ingest.pipeline.hosts import holding, lease_for
from ingest.pipeline.isolation import isolated
from ingest.pipeline.poll import Poll
from ingest.store import engine as database
from ingest.store import leases

log = logging.getLogger("ingest.poll")

_ACCEPT: Final = (("Accept", "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.1"),)


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a round, for a display: started (with the number of sources), fetching, finished (with the report)."""

    kind: str
    source_id: str = ""
    total: int = 0
    report: PollReport | None = None


@dataclass(frozen=True)
class Round:
    """
    The resources of one round.

    watch: receives each step
    stop: asks the round to finish its current work and to begin nothing new
    """

    context: Context
    allowlist: Allowlist
    fetcher: Fetcher
    owner: str
    workers: int = 32
    watch: Callable[[Progress], None] = field(default=lambda _: None)
    stop: Callable[[], bool] = field(default=lambda: False)

    def vendor_of(self, source: Source) -> Vendor:
        """Return the vendor of a source."""
        return self._vendors[source.vendor_id]

    @cached_property
    def _vendors(self) -> dict[str, Vendor]:
        return {vendor.id: vendor for vendor in self.allowlist.vendors}

    def reading(self, source: Source) -> Reading:
        """Return how the documents of a source are read now."""
        return Reading(source, self.vendor_of(source), self.context.generation)

    def poll(self, source: Source, state: PollState, lease: Lease, *, kind: str = "poll") -> Poll:
        """Begin an attempt at a claimed source."""
        return Poll(self.context, self.reading(source), state, lease, kind=kind)

    # ── leases ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def lease(self) -> timedelta:
        """How long a claimed source is ours."""
        return lease_for(self.context.limits.timeout, self.context.limits.host_gap)

    def claim(self, ids: Sequence[str], *, since: datetime | None = None) -> leases.Claims:
        """Take the free leases of sources and their hosts, with `since` as in `leases.claim`."""
        with database.write(self.context.engine) as conn:
            return leases.claim(conn, now=self.context.now(), owner=self.owner, lease=self.lease, ids=ids, since=since)

    def claim_source(self, source_id: str) -> leases.Claims:
        """Take the lease of one source without its host, because no request follows."""
        with database.write(self.context.engine) as conn:
            return leases.claim_source(conn, source_id, now=self.context.now(), owner=self.owner, lease=self.lease)

    def give_back(self, given: Iterable[Lease]) -> None:
        """Give leases back with their sources untouched. The hosts rest, because they may just have been asked."""
        free_at = self.context.now() + self.context.limits.host_gap
        leased = list(given)
        if leased:
            with database.write(self.context.engine) as conn:
                for lease in leased:
                    leases.give_back(conn, lease, host_free_at=free_at)

    @contextmanager
    def leased(self, lease: Lease) -> Iterator[None]:
        """Give a source back when its work ends early. A lost lease and a replaced list are no faults."""
        try:
            yield
        except LeaseLostError:
            log.warning("lease lost source=%s", lease.source_id)
            self.give_back([lease])  # the host may still be ours, and was asked
        except StaleListError:
            log.warning("list changed source=%s; its capture is read by the next round", lease.source_id)
            self.give_back([lease])
        except BaseException:
            self.give_back([lease])
            raise

    # ── requests ────────────────────────────────────────────────────────────────────────────────────────────────

    def page_plan(self, source: Source, url: str) -> FetchPlan:
        """Plan the request for a document named by a source: as a page, under the robots.txt of its host."""
        limits = self.context.limits
        headers = tuple(pair for pair in source.headers if pair[0].lower() != "accept")
        return FetchPlan(
            source.id,
            self.vendor_of(source),
            url,
            limits.timeout,
            limits.max_bytes,
            headers=(*headers, *_ACCEPT),
            robots=not source.robots_ignored_because,
        )

    def fetch(self, poll: Poll, plan: FetchPlan) -> Answer:
        """Send the request of a poll, in a thread, under its lease."""
        with holding(poll.lease):
            return self.get(plan)

    def get(self, plan: FetchPlan) -> Answer:
        """Send a request. A fault of this program is a failure of the one source."""
        try:
            with isolated("fetching", subject=plan.source_id):
                return self.fetcher.get(plan)
        except DocumentError as error:
            return Failed(plan.source_id, Outcome.FAILED, isolation.RULE, error.message, elapsed_ms=0)
