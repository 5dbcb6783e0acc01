"""Values shared by the decisions about an attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.model import Candidate, EntryOutcome, Outcome, PollState, Refusal, Source, Tally, Vendor
from ingest.rules import RULES_VERSION, reading_digest


@dataclass(frozen=True, slots=True)
class Reading:
    """The stanza, the vendor and the generation of the list for reading and judging a document."""

    source: Source
    vendor: Vendor
    generation: int

    @property
    def digest(self) -> str:
        """Sha256 hex of the stanza and the vendor's scopes: stored bytes are read anew when it changes."""
        return reading_digest(self.source.digest, ((scope.grant, scope.text) for scope in self.vendor.scopes))

    def has_read(self, state: PollState) -> bool:
        """Whether today's rules and this stanza have read the last capture of a source."""
        return (state.ingested_rules_version, state.ingested_source_digest) == (RULES_VERSION, self.digest)


@dataclass(frozen=True, slots=True)
class Ingested:
    """
    The result of one attempt: its tally, a note for the operator and its outcome.

    `error` and `rule` explain an outcome other than ok. `set_aside` is the number of a capture on which this program
    failed.
    """

    tally: Tally = field(default_factory=Tally)
    note: str = ""
    outcome: Outcome = Outcome.OK
    error: str = ""
    rule: str = ""
    set_aside: int | None = None

    @property
    def changed(self) -> bool:
        """Whether something was announced or edited."""
        return self.tally.created + self.tally.revised + self.tally.pending > 0


def refusal_of(candidate: Candidate, fate: EntryOutcome, rule: str, detail: str, *, url: str = "") -> Refusal:
    """Refuse a candidate under its own name."""
    return Refusal(candidate.position, fate, rule, detail, candidate.raw_key, url or candidate.url, candidate.title)


def tally_of(fates: Sequence[EntryOutcome]) -> Tally:
    """Count every entry under its one fate."""
    return Tally(**{fate.value: fates.count(fate) for fate in EntryOutcome})
