"""
The values that cross module borders: frozen, compared by content, free of behaviour.

Bare names are what a source claims (`title`, `published`); names ending in `_at` are what our own clock saw.
Every `datetime` is aware and in UTC. Addresses are text in the normal form of `urls`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from ingest.errors import Problem

# ── vocabulary ──────────────────────────────────────────────────────────────────────────────────────────────────


class Kind(StrEnum):
    """How a source is read (CONTRACT §2)."""

    FEED = "feed"
    PAGE = "page"
    CHANGELOG = "changelog"
    SITEMAP = "sitemap"
    JSON = "json"
    WATCH = "watch"


class Role(StrEnum):
    """What a source is for its vendor; ranks whose words are shown (CONTRACT §2)."""

    NEWS = "news"
    PRODUCT = "product"
    RESEARCH = "research"
    CHANGELOG = "changelog"
    RELEASE = "release"
    PRESS = "press"


TextKind = Literal["text", "html"]
"""Whether a piece of a source's text is meant literally or as markup (RFC 4287 §3.1; `xhtml` counts as `html`)."""


class Precision(StrEnum):
    """How much of `published` the source really said."""

    SECOND = "second"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    NONE = "none"


class Evidence(StrEnum):
    """What on an article's page told a field (`parse.article` says which is believed first)."""

    JSON_LD = "json-ld"
    OPEN_GRAPH = "open-graph"
    META = "meta"
    LINK = "link"
    HTML = "html"
    TIME = "time"
    TEXT = "text"


class Outcome(StrEnum):
    """How one poll of one source ended (CONTRACT §4)."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    FAILED = "failed"
    BLOCKED = "blocked"
    BROKEN = "broken"
    MOVED = "moved"
    SKIPPED = "skipped"


class Fate(StrEnum):
    """Where one entry of a document ended; every entry ends in exactly one (CONTRACT §4)."""

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
    """What an operator is told about a source (CONTRACT §5, `v1_sources.state`)."""

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
"""States that no source gets yet: they are kept for a later version, which will judge how long a source has been silent."""


class Trust(StrEnum):
    """Whether a server's 304 is believed: until one was false; on trial while what it denied has yet to be asked again."""

    TRUSTED = "trusted"
    TRIAL = "trial"
    DISTRUSTED = "distrusted"


class Grant(StrEnum):
    """What a scope says about the addresses inside it."""

    OFFICIAL = "official"
    EXCEPTION = "exception"
    CARRIER = "carrier"


class PathMatch(StrEnum):
    """How a scope's path is compared."""

    ANY = "any"
    EXACT = "exact"
    PREFIX = "prefix"


# ── the allow-list ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Scope:
    """
    One line of `official` or `carriers`, taken apart (CONTRACT §2; form after CSP3 §2.3.1 host-source).

    `path_before` and `path_after` are the literal path around the one `*`; without a `*` the whole path is
    `path_before` and `path_after` is None. `query` is None unless the scope names one. `fold` says that this
    host compares paths without regard to case, in which case both path parts are already lower case.
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
    """Who speaks, and where its own words live."""

    id: str
    name: str
    home: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One stanza of `sources.yaml`, defaults filled in; `digest` is that of its normalised stanza (sha256 hex)."""

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
        """Why a disabled source is not polled: its `paused`, else its note; "" for one that is enabled."""
        return "" if self.enabled else self.paused or self.note

    @property
    def opens_pages(self) -> bool:
        """Whether each new entry's own page is opened once: as its stanza says, and where a list has no titles."""
        return self.article or self.kind is Kind.SITEMAP

    @property
    def item_paths(self) -> tuple[str, ...]:
        """Patterns of which each item's path matches one; none where `include` also asks titles or categories."""
        paths = tuple(text.removeprefix("path:") for text in self.include if text.startswith("path:"))
        return paths if len(paths) == len(self.include) else ()


@dataclass(frozen=True, slots=True)
class Allowlist:
    """
    A validated `sources.yaml`; `digest` is the sha256 hex of its bytes, `text` those bytes.

    `warnings` are the places that do not do yet what they promise.
    """

    digest: str
    text: str
    vendors: tuple[Vendor, ...]
    sources: tuple[Source, ...]
    warnings: tuple[Problem, ...] = ()


# ── fetching ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask again with, verbatim, and the final URI it belongs to (RFC 9110 §8.8, §13)."""

    url: str
    etag: bytes | None = None
    last_modified: bytes | None = None


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """
    A request that may be sent: limits are stated, the target URI is in the vendor's list.

    `robots` says that the robots.txt of every host on the way is obeyed (RFC 9309); what the vendor publishes for machines,
    a feed, is no crawl.
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
    """Why a source is not asked now."""

    source_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect that was followed: who answered, with what, to where."""

    url: str
    status_code: int
    location: str


@dataclass(frozen=True, slots=True)
class Response:
    """
    What a server answered, as received; the stuff a capture is made of.

    `body` is the bytes on the wire (after transfer coding, before content decoding), None for a 304; `content`
    the decoded ones. Digests are sha256 hex, sizes bytes. Header pairs are latin-1 text in the order received.
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
    """A document came."""

    response: Response
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server says that what we have is current (RFC 9110 §15.4.5)."""

    response: Response
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class Failed:
    """No document came. `outcome` is failed, blocked or moved; `rule` and `detail` say why."""

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
    A stored response: the narrow waist. Everything after it is a function of this, the list and the rules.

    `purpose` is `source` for a source's own document, `part` for one that it lists or that continues it, `article` for an
    entry's page.
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
        """The media type that the answer named, parameters and all; empty where it named none."""
        return next((value for name, value in reversed(self.response_headers) if name.lower() == "content-type"), "")


@dataclass(frozen=True, slots=True)
class Dated:
    """A date as far as the source said it: `value` in UTC or None, and the text it was read from."""

    value: datetime | None
    precision: Precision
    raw: str = ""
    reason: str = ""


NO_DATE = Dated(None, Precision.NONE)


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One item of a document in the source's own words, whatever the dialect (RFC 4287 names).

    `title` and `summary` are as written and may hold markup: `title_type` and `summary_type` say whether they are
    `text` or `html`. `link` is absolute (resolved against the base the document declares) or None. `base` is what a link
    without a host was resolved against, with whose word that is: `channel link https://…`.
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
    """One item that could not be made an entry, and why; it never costs its neighbours."""

    position: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Habits:
    """
    How often a document says that it changes (RSS 2.0 `ttl`, `skipHours`, `skipDays`; RSS 1.0 `sy:`).

    `skip_hours` (0 to 23) and `skip_days` (0 is Monday), in UTC, are those in which nobody need ask.
    """

    ttl: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """
    A parsed capture.

    `dialect` is what the content turned out to be (`rss20`, `atom10`, `json11`, …). `damage` is why the document
    counts as imperfect, if it does; `cut` says that it breaks off, so that entries may be missing. `ttl`, `skip_hours` and
    `skip_days` are the feed's own wishes (`Habits`). `parts` are the documents that this one only lists (a sitemap index);
    `outside` counts the addresses of a sitemap that are not what the source is about. `next_page` is where the list goes on.
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

    @property
    def habits(self) -> Habits:
        """What it says of its own pace."""
        return Habits(self.ttl, self.skip_hours, self.skip_days)


@dataclass(frozen=True, slots=True)
class Article:
    """
    What an announcement's own page says of itself.

    `title` is plain text without the site's name, "" where the page has none; `title_original` as it was written. `heading`
    is what its heading says instead, "" where that says no more.
    `canonical` and the `alternates` (language tag or `x-default`, address) are absolute and not yet admitted, the page
    itself among them where it lists itself. `refresh` is where it sends its readers by itself. `evidence` names, for each
    field that is filled, what told it.
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
    An entry in our vocabulary, clean but not yet admitted.

    `raw_key` is the entry's first raw key (its id as written, else its link, else its title); it makes the headline's
    id and never goes through rules that may change. `guid` is the entry id as a key (None when absent), `url` the
    cleaned link in normal form, `title` plain text in NFC, `title_original` as the source wrote it.
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
    An entry that will not become a headline, and by which rule.

    `fate` is rejected, filtered, quarantined or unparsable. `raw_key` ties later sightings together. `url` and `title`
    are text to be shown to a person, never followed.
    """

    position: int
    fate: Fate
    rule: str
    detail: str
    raw_key: str
    url: str = ""
    title: str = ""


# ── polling ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Lease:
    """
    A claim on one source, and on its host where it is to be asked; every write of the poll checks the fencing token.

    `host` is "" for a claim without a request: what is stored already is only read again.
    """

    source_id: str
    token: int
    host: str = ""
    host_token: int = 0


@dataclass(frozen=True, slots=True)
class PollState:
    """
    What is remembered of a source between polls.

    `unchanged_in_a_row` counts the answers 304 since a whole document last came.
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
    """The ledger of one document: how many entries it offered and where each ended."""

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
        """Everything the document offered: the sum of the fates."""
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
    What one poll of one source came to; a row of `ingest poll --json`.

    `note` is something about the document that an operator should hear once. `set_aside` is the number of its capture
    where this program failed on it.
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
    """What this program failed on beside the documents of a round; `subject` is a vendor or a source."""

    subject: str
    error: str


@dataclass(frozen=True, slots=True)
class RoundReport:
    """
    What a round came to: a report for every source that was named or due.

    `visits` are the parts and pages that were fetched besides, each a document of its own in the ledger.
    """

    polls: tuple[PollReport, ...]
    visits: tuple[PollReport, ...] = ()
    faults: tuple[Fault, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many sources ended so."""
        return sum(report.outcome is outcome for report in self.polls)

    @property
    def tally(self) -> Tally:
        """The ledgers added up."""
        names = [item.name for item in fields(Tally)]
        reports = (*self.polls, *self.visits)
        return Tally(**{name: sum(getattr(report.tally, name) for report in reports) for name in names})

    @property
    def failed(self) -> tuple[PollReport, ...]:
        """The reports that are neither well nor skipped."""
        well = {Outcome.OK, Outcome.NOT_MODIFIED, Outcome.SKIPPED}
        return tuple(report for report in self.polls if report.outcome not in well)

    @property
    def set_aside(self) -> tuple[PollReport, ...]:
        """The reports of documents on which this program failed, parts and pages among them."""
        return tuple(report for report in (*self.polls, *self.visits) if report.set_aside is not None)
