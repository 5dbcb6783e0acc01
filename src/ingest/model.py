"""
The values shared by all modules: frozen, compared by content, without behaviour.

Plain names are claims of a source (`title`, `published`). Names with `_at` are times of our own clock (`fetched_at`). Every
`datetime` is aware and in UTC. Addresses are text in the normal form of `urls`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from ingest.errors import Problem

# ── vocabulary ──────────────────────────────────────────────────────────────────────────────────────────────────


class Kind(StrEnum):
    """The format of a source (CONTRACT §2)."""

    FEED = "feed"
    PAGE = "page"
    CHANGELOG = "changelog"
    SITEMAP = "sitemap"
    JSON = "json"
    WATCH = "watch"


class Role(StrEnum):
    """The role of a source for its vendor. It ranks the sources of one announcement (CONTRACT §2)."""

    NEWS = "news"
    PRODUCT = "product"
    RESEARCH = "research"
    CHANGELOG = "changelog"
    RELEASE = "release"
    PRESS = "press"


TextKind = Literal["text", "html"]
"""The type of a text: literal or markup (RFC 4287 §3.1). `xhtml` counts as `html`."""


class Precision(StrEnum):
    """The precision of a date in the source."""

    SECOND = "second"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    NONE = "none"


class Evidence(StrEnum):
    """The part of an article's page with a field's value. `parse.article` has the order of preference."""

    JSON_LD = "json-ld"
    OPEN_GRAPH = "open-graph"
    META = "meta"
    LINK = "link"
    HTML = "html"
    TIME = "time"
    TEXT = "text"


class Outcome(StrEnum):
    """The result of one poll of one source (CONTRACT §4)."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    FAILED = "failed"
    BLOCKED = "blocked"
    BROKEN = "broken"
    MOVED = "moved"
    SKIPPED = "skipped"


class EntryOutcome(StrEnum):
    """The result for one entry of a document. Every entry has exactly one (CONTRACT §4)."""

    CREATED = "created"
    REVISED = "revised"
    SEEN = "seen"
    DUPLICATE = "duplicate"
    FILTERED = "filtered"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    PENDING = "pending"
    UNPARSABLE = "unparsable"


class State(StrEnum):
    """The state of a source for the operator (CONTRACT §5, `v1_sources.state`)."""

    NEW = "new"
    OK = "ok"
    QUIET = "quiet"
    FAILING = "failing"
    BLOCKED = "blocked"
    BROKEN = "broken"
    MOVED = "moved"
    FROZEN = "frozen"
    DISABLED = "disabled"


NOT_IN_FORCE: Final = frozenset({State.QUIET, State.FROZEN})
"""States reserved for a later version with alarms for silent sources. No source gets them yet."""


class Trust(StrEnum):
    """
    Whether a server's 304 responses count.

    A server is on trial from news at an unconditional poll until the next request with the old validators. A 304 to that
    request is false, and a false 304 makes the server distrusted.
    """

    TRUSTED = "trusted"
    TRIAL = "trial"
    DISTRUSTED = "distrusted"


class Grant(StrEnum):
    """The meaning of a scope for the addresses inside it."""

    OFFICIAL = "official"
    EXCEPTION = "exception"
    CARRIER = "carrier"


class PathMatch(StrEnum):
    """The comparison for a scope's path."""

    ANY = "any"
    EXACT = "exact"
    PREFIX = "prefix"


# ── the allow-list ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Scope:
    """
    One item of `official` or `carriers` (CONTRACT §2, in the form of CSP3 §2.3.1 host-source).

    Attributes:
        path_before: The literal path before the one `*`, or the whole path without a `*`.
        path_after: The literal path after the `*`, None without a `*`.
        query: The required query, None if there is no such condition.
        fold: Whether paths of this host are case-insensitive. Both path parts are then in lower case.
    """

    grant: Grant
    text: str
    host: str
    subdomains: bool = False
    path_match: PathMatch = PathMatch.ANY
    path_before: str = "/"
    path_after: str | None = None
    query: str | None = None
    fold: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor: its name, its home page and the scopes of its addresses."""

    id: str
    name: str
    home: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One source of `sources.yaml`, with defaults filled in. `digest` is the sha256 hex of its normalised stanza."""

    id: str
    vendor_id: str
    kind: Kind
    url: str
    digest: str
    role: Role = Role.NEWS
    lang: str | None = None
    interval: timedelta = timedelta(hours=1)
    min_interval: timedelta = timedelta(minutes=10)
    max_interval: timedelta = timedelta(hours=24)
    max_silence: timedelta | None = None
    first_fill: int = 30
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    article: bool = False
    enabled: bool = True
    paused: str = ""
    product: str = ""
    note: str = ""
    robots_ignored_because: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    select: tuple[tuple[str, str], ...] = ()
    pages: int = 5

    @property
    def rests_because(self) -> str:
        """The reason of a disabled source: its `paused`, else its note. An enabled source has ""."""
        return "" if self.enabled else self.paused or self.note

    @property
    def opens_pages(self) -> bool:
        """Whether each new entry's page is opened once: with `article`, and for sitemaps, which lack titles."""
        return self.article or self.kind is Kind.SITEMAP

    @property
    def item_paths(self) -> tuple[str, ...]:
        """The path patterns of `include`, empty if `include` also has patterns for titles or categories."""
        paths = tuple(text.removeprefix("path:") for text in self.include if text.startswith("path:"))
        return paths if len(paths) == len(self.include) else ()


@dataclass(frozen=True, slots=True)
class Allowlist:
    """
    A validated `sources.yaml`.

    `text` holds its bytes, `digest` their sha256 hex. `warnings` are keys that do not work yet as written.
    """

    digest: str
    text: str
    vendors: tuple[Vendor, ...]
    sources: tuple[Source, ...]
    warnings: tuple[Problem, ...] = ()


# ── fetching ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Validators:
    """The validators of a response, verbatim, and its final address (RFC 9110 §8.8, §13)."""

    url: str
    etag: bytes | None = None
    last_modified: bytes | None = None


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """
    A planned request with its limits. The target address is in the vendor's list.

    `robots` is whether the robots.txt of every host on the way applies (RFC 9309). It does not apply to feeds: a vendor
    publishes those for machines.
    """

    source_id: str
    vendor: Vendor
    url: str
    timeout: timedelta
    max_bytes: int
    validators: Validators | None = None
    headers: tuple[tuple[str, str], ...] = ()
    robots: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """The reason for not polling a source now."""

    source_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect: the address, its status code and the goal."""

    url: str
    status_code: int
    location: str


@dataclass(frozen=True, slots=True)
class Response:
    """
    A response as received, the material of a capture.

    `body` holds the bytes on the wire, after transfer coding and before content decoding, or None for a 304. `content`
    holds the decoded bytes. Digests are sha256 hex. Header pairs are latin-1 text in the order received.
    """

    target_url: str
    final_url: str
    status_code: int
    http_version: str
    request_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...]
    hops: tuple[Hop, ...]
    peer_address: str
    peer_certificate_digest: str | None
    requested_at: datetime
    fetched_at: datetime
    body: bytes | None = None
    content: bytes = b""
    content_encoding: str = ""
    wire_digest: str | None = None
    payload_digest: str | None = None
    validators: Validators | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A response with a document."""

    response: Response
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class NotModified:
    """A 304: the stored document is current (RFC 9110 §15.4.5)."""

    response: Response
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A request without a document. `outcome` is failed, blocked or moved, `rule` and `detail` are the reason."""

    source_id: str
    outcome: Outcome
    rule: str
    detail: str
    elapsed_ms: int
    status_code: int | None = None
    retry_after: timedelta | None = None
    hops: tuple[Hop, ...] = ()


# ── captures and documents ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Capture:
    """
    A stored response. Every later step is a function of captures, the list and the rules.

    `purpose` is `source` for a source's own document, `part` for a document listed or continued by it, and `article` for
    an entry's page.
    """

    id: int
    source_id: str
    target_url: str
    final_url: str
    content: bytes
    payload_digest: str
    response_headers: tuple[tuple[str, str], ...]
    fetched_at: datetime
    generation: int
    purpose: str = "source"

    @property
    def content_type(self) -> str:
        """The Content-Type with its parameters, "" if the response had none."""
        return next((value for name, value in reversed(self.response_headers) if name.lower() == "content-type"), "")


@dataclass(frozen=True, slots=True)
class Dated:
    """A date with its precision: `value` in UTC or None, and the original text in `raw`."""

    value: datetime | None
    precision: Precision
    raw: str = ""
    reason: str = ""


NO_DATE = Dated(None, Precision.NONE)


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One item of a document as written in the source, for any dialect. The field names are those of RFC 4287.

    Attributes:
        link: The absolute address, resolved against the document's base, or None.
        title: The title as written, perhaps with markup. `title_type` is its type.
        summary: The summary as written, perhaps with markup. `summary_type` is its type.
        base: The base of a link without a host and its origin, as in "channel link https://…".
    """

    position: int
    entry_id: str | None
    link: str | None
    title: str
    title_type: TextKind = "text"
    summary: str = ""
    summary_type: TextKind = "html"
    published: Dated = NO_DATE
    updated: Dated = NO_DATE
    lang: str | None = None
    categories: tuple[str, ...] = ()
    base: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An unreadable item and the reason. It does not affect its neighbours."""

    position: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Habits:
    """
    A document's own polling hints (RSS 2.0 `ttl`, `skipHours`, `skipDays`, RSS 1.0 `sy:`).

    No poll is needed in `skip_hours` (0 to 23) and on `skip_days` (0 is Monday). Both are in UTC.
    """

    ttl: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """
    A parsed capture.

    Attributes:
        dialect: The detected format (`rss20`, `atom10`, `json11`, …).
        ttl: A polling hint, as are `skip_hours` and `skip_days` (see `Habits`).
        damage: The defect of an imperfect document, else "".
        cut: Whether the document is truncated. Entries may be missing then.
        parts: Addresses of listed documents, as in a sitemap index.
        outside: The number of sitemap addresses outside the source's subject.
        next_page: The address of the list's next page.
        context: A digest of everything outside the entries of a feed with an influence on their reading, or "" where
            entries may influence one another, and for a damaged feed.
    """

    dialect: str
    title: str
    link: str | None
    lang: str | None
    entries: tuple[Entry, ...]
    unreadable: tuple[Unreadable, ...] = ()
    ttl: timedelta | None = None
    damage: str = ""
    cut: bool = False
    parts: tuple[str, ...] = ()
    outside: int = 0
    next_page: str | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    context: str = ""

    @property
    def habits(self) -> Habits:
        """The polling hints of the document."""
        return Habits(self.ttl, self.skip_hours, self.skip_days)


@dataclass(frozen=True, slots=True)
class Article:
    """
    The metadata of an announcement's own page.

    Attributes:
        title: Plain text without the site's name, "" if the page has no title.
        title_original: The title as written.
        heading: The heading if it adds something to the title, else "".
        canonical: The canonical address, absolute and not yet admitted.
        alternates: Pairs of a language tag (or `x-default`) and an address, absolute and not yet admitted. The page itself
            may be among them.
        refresh: The goal of an automatic redirect by the page.
        evidence: The evidence for each filled field.
    """

    title: str
    title_original: str = ""
    heading: str = ""
    published: Dated = NO_DATE
    modified: Dated = NO_DATE
    canonical: str | None = None
    alternates: tuple[tuple[str, str], ...] = ()
    lang: str | None = None
    description: str = ""
    categories: tuple[str, ...] = ()
    site_name: str = ""
    refresh: str | None = None
    evidence: tuple[tuple[str, Evidence], ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A cleaned entry, not yet admitted.

    Attributes:
        raw_key: The entry's id as written, else its link, else its title. The headline's id is derived from it, so no
            changeable rule may touch it.
        guid: The entry's id as a key, None if absent.
        url: The cleaned link in normal form.
        title: Plain text in NFC.
        title_original: The title as written in the source.
    """

    position: int
    raw_key: str
    guid: str | None
    url: str
    title: str
    title_original: str
    summary: str
    lang: str | None
    categories: tuple[str, ...]
    published: Dated
    updated: Dated = NO_DATE
    alternates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    A refused entry and the rule.

    `fate` is rejected, filtered, quarantined or unparsable. `raw_key` identifies the entry in later polls. `url` and
    `title` are for display only. The address must not be followed.
    """

    position: int
    fate: EntryOutcome
    rule: str
    detail: str
    raw_key: str
    url: str = ""
    title: str = ""


# ── polling ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Lease:
    """
    A claim on one source and its host. Every write of the poll checks the fencing token.

    `host` is "" for work without a request: a new reading of stored bytes.
    """

    source_id: str
    token: int
    host: str = ""
    host_token: int = 0


@dataclass(frozen=True, slots=True)
class PollState:
    """
    The state of a source between polls.

    `unchanged_in_a_row` counts the 304 responses since the last full document.
    """

    source_id: str
    state: State = State.NEW
    reason: str = ""
    next_poll_at: datetime | None = None
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    last_change_at: datetime | None = None
    consecutive_failures: int = 0
    last_error: str = ""
    validators: Validators | None = None
    last_capture_id: int | None = None
    ingested_payload_digest: str | None = None
    ingested_rules_version: str | None = None
    ingested_source_digest: str | None = None
    habits: Habits = Habits()
    unchanged_in_a_row: int = 0
    trust: Trust = Trust.TRUSTED
    distrusted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """The ledger of one document: the number of entries with each outcome."""

    created: int = 0
    revised: int = 0
    seen: int = 0
    duplicate: int = 0
    filtered: int = 0
    rejected: int = 0
    quarantined: int = 0
    pending: int = 0
    unparsable: int = 0

    @property
    def entries(self) -> int:
        """The number of all entries: the sum of the outcomes."""
        return (
            self.created
            + self.revised
            + self.seen
            + self.duplicate
            + self.filtered
            + self.rejected
            + self.quarantined
            + self.pending
            + self.unparsable
        )


@dataclass(frozen=True, slots=True)
class PollReport:
    """
    The result of one poll of one source, a row of `ingest poll --json`.

    `note` is a message about the document for the operator. `set_aside` is the number of a capture on which this program
    failed.
    """

    source_id: str
    outcome: Outcome
    status_code: int | None = None
    tally: Tally = field(default_factory=Tally)
    bytes: int = 0
    elapsed_ms: int = 0
    error: str = ""
    note: str = ""
    newly_failing: bool = False
    set_aside: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure of this program in a round, outside the documents. `subject` is a vendor or a source."""

    subject: str
    error: str


@dataclass(frozen=True, slots=True)
class RoundReport:
    """
    The result of a round: a report for every named or due source.

    `visits` are the reports of fetched parts and pages. Each is a document of its own in the ledger.
    """

    polls: tuple[PollReport, ...]
    visits: tuple[PollReport, ...] = ()
    faults: tuple[Fault, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """Return the number of sources with an outcome."""
        return sum(report.outcome is outcome for report in self.polls)

    @property
    def tally(self) -> Tally:
        """The sum of all ledgers."""
        names = [item.name for item in fields(Tally)]
        reports = (*self.polls, *self.visits)
        return Tally(**{name: sum(getattr(report.tally, name) for report in reports) for name in names})

    @property
    def failed(self) -> tuple[PollReport, ...]:
        """The reports of sources that do not work. Skipped ones are not among them."""
        well = {Outcome.OK, Outcome.NOT_MODIFIED, Outcome.SKIPPED}
        return tuple(report for report in self.polls if report.outcome not in well)

    @property
    def set_aside(self) -> tuple[PollReport, ...]:
        """The reports of documents on which this program failed, parts and pages included."""
        return tuple(report for report in (*self.polls, *self.visits) if report.set_aside is not None)
