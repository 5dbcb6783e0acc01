"""
The demo's two rounds: the real pipeline on the recorded vendors of `scenario`, over loopback TLS.

The results are read back from the database. Nothing is taken from the scenario itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Final

from ingest import allowlist
from ingest.demo import scenario
from ingest.demo.server import VendorServer
from ingest.errors import IngestError, UsageError
from ingest.fetch import Fetcher, FetchSettings, parse_connect_to
from ingest.model import RoundReport
from ingest.pipeline import Accepted, Context, Round, accept, in_force, run_round
from ingest.polling import Limits
from ingest.store import Engine, provenance, queries, recorded
from ingest.store.engine import location, read

BANNER: Final = (
    "DEMO: recorded sample vendors of May 2026 on this machine; nothing here was fetched from the real ones."
)

_TIMEOUT: Final = timedelta(seconds=30)
_MAX_BYTES: Final = 1 << 20  # the largest of the demo's documents has 8 KB


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of the ticker and its stored headline."""

    number: int
    text: str
    headline: queries.Headline


@dataclass(frozen=True, slots=True)
class FirstRound:
    """Round one: its report and the ticker."""

    at: datetime
    report: RoundReport
    ticker: tuple[ShownLine, ...]


@dataclass(frozen=True, slots=True)
class ShownEdit:
    """A headline with a title changed by its vendor: the titles, oldest first."""

    headline: queries.Headline
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownDuplicate:
    """A headline carried by a second source as well: one headline, its links."""

    headline: queries.Headline
    links: tuple[queries.Link, ...]


@dataclass(frozen=True, slots=True)
class ShownRefusal:
    """A refused entry: its kind in plain words, and its stored record."""

    kind: str
    rejection: queries.Rejection


@dataclass(frozen=True, slots=True)
class SecondRound:
    """Round two: its report, the edit, the duplicate and the refusals."""

    at: datetime
    report: RoundReport
    edit: ShownEdit
    duplicate: ShownDuplicate
    refused: tuple[ShownRefusal, ...]


class Stage:
    """The vendors, the database and a fixed clock (`set_up`)."""

    def __init__(self, engine: Engine, vendors: VendorServer) -> None:
        self.engine = engine
        self.vendors = vendors
        self.at = scenario.ROUND_ONE.at
        self.fetcher = Fetcher(
            FetchSettings(
                user_agent="ingest-demo/1 (+https://ingest.example/)",
                timeout=_TIMEOUT,
                max_bytes=_MAX_BYTES,
                host_gap=timedelta(0),  # the server is our own
                ca_file=vendors.ca_file,
                connect_to=parse_connect_to(vendors.connect_to),
                private_networks=(ip_network("127.0.0.0/8"),),
            ),
            now=self.now,
        )

    def now(self) -> datetime:
        """Read the demo's clock."""
        return self.at

    def first(self) -> FirstRound:
        """Play round one: every source is new."""
        report = self._play(scenario.ROUND_ONE)
        with read(self.engine) as conn:
            stored = {item.url: item for item in queries.headlines(conn, limit=None)}
        lines = [ShownLine(line.number, line.text, stored[line.url]) for line in scenario.TICKER if line.url in stored]
        return FirstRound(self.at, report, tuple(lines))

    def second(self) -> SecondRound:
        """Play round two: an edit, a duplicate and three unofficial entries."""
        report = self._play(scenario.ROUND_TWO)
        with read(self.engine) as conn:
            (edited,) = recorded.headlines_at(conn, scenario.EDIT.url)
            (twice,) = recorded.headlines_at(conn, scenario.DUPLICATE.url)
            edit, duplicate = provenance.provenance(conn, edited.id), provenance.provenance(conn, twice.id)
            refused = [
                ShownRefusal(refusal.kind, rejection)
                for refusal in scenario.REFUSALS
                for rejection in queries.rejections_at(conn, refusal.url)
            ]
        assert edit is not None  # read in the same transaction
        assert duplicate is not None  # same
        return SecondRound(
            at=self.at,
            report=report,
            edit=ShownEdit(edit.headline, tuple(revision.title for revision in edit.revisions)),
            duplicate=ShownDuplicate(duplicate.headline, duplicate.links),
            refused=tuple(refused),
        )

    def _play(self, planned: scenario.PlannedRound) -> RoundReport:
        self.at = planned.at
        self.vendors.show(scenario.VENDORS, step=planned.step)
        report = run_round(self._round(self._accept()), everything=True)
        outcomes = {outcome: report.count(outcome) for outcome in planned.outcomes}
        if (report.tally, outcomes) != (planned.tally, dict(planned.outcomes)):
            what = "; ".join(f"{poll.source_id}: {poll.error}" for poll in report.failed) or str(report.tally)
            raise IngestError(f"round {planned.step} had other results than expected ({what}).", subject="demo")
        return report

    def _accept(self) -> Accepted:
        listed = allowlist.load(scenario.SOURCES)
        return accept(self.engine, listed, at=self.at, by=queries.DEMO, why="the demo's own list")

    def _round(self, accepted: Accepted) -> Round:
        context = Context(self.engine, accepted.generation, self.now, Limits(_TIMEOUT, _MAX_BYTES))
        return Round(context, accepted.allowlist, self.fetcher, owner="demo", workers=len(accepted.allowlist.sources))


@contextmanager
def set_up(engine: Engine) -> Iterator[Stage]:
    """
    Start the vendors for an empty database.

    Raises:
        UsageError: It is not empty: sample headlines must not mix with real ones.
    """
    with read(engine) as conn:
        empty = queries.is_empty(conn)
    if not empty or in_force(engine) is not None:
        remedy = "the demo needs a database of its own: leave --database out, or name a new file."
        raise UsageError(f"is in use already; {remedy}", subject=location(engine))
    with VendorServer() as vendors:
        stage = Stage(engine, vendors)
        with stage.fetcher:
            yield stage
