"""
The tables (docs/decisions/0001).

Every constraint is named, because batch migrations need it. Every time is `UtcDateTime`, and JSON is text with sorted
keys. Addresses of headlines and links are stored in parts, so that the guard (`guards`) can compare them in plain SQL.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    case,
    func,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex

from ingest.model import EntryOutcome
from ingest.store.guards import HOST_CHARS, PATH_CHARS
from ingest.store.utc import UtcDateTime as UtcDateTime  # noqa: PLC0414 - migrations take it from here
from ingest.urls import MAX_LENGTH

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import DDLCompiler

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


BIG: Final = BigInteger().with_variant(Integer, "sqlite")
"""Row numbers that grow with every poll. SQLite's own are 64 bits wide under the name INTEGER only."""


@compiles(CreateIndex, "postgresql")
def _create_index(create: CreateIndex, compiler: DDLCompiler, **options: Any) -> str:  # noqa: ANN401 - the library's
    """
    Create a partial index with the same condition as on SQLite.

    A condition for PostgreSQL in the tables would load its dialect in every process, which takes 50 ms.
    """
    conditions = create.element.dialect_options
    conditions["postgresql"]["where"] = conditions["sqlite"]["where"]
    return str(compiler.visit_create_index(create, **options))  # type: ignore[no-untyped-call]  # not typed there


def _time(name: str, *, optional: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=optional)


def _text(name: str, default: str | None = None) -> Column[str]:
    """A text column without null. The `default` means "no value"."""
    return Column(name, Text, nullable=False, server_default=default)


def _maybe(name: str) -> Column[str]:
    return Column(name, Text, nullable=True)


def _number(name: str, default: int | None = None) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=None if default is None else text(str(default)))


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _to(name: str, target: str, *, optional: bool = False) -> Column[Any]:
    """A reference with the type of its target."""
    return Column(name, ForeignKey(target), nullable=optional)


def _among(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(repr(value) for value in values)
    return CheckConstraint(f'"{column}" IN ({listed})', name=column)  # "grant" is a word of SQL


_PRECISIONS: Final = ("second", "day", "month", "year", "none")

# ── the list in force ───────────────────────────────────────────────────────────────────────────────────────────

generations = Table(
    "generations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("digest"),
    _text("text"),
    _time("at"),
    _text("by"),
    _text("why"),
    _text("rules_version"),
    _flag("confirmed"),
    Index("ix_generations_digest", "digest"),
)

vendors = Table(
    "vendors",
    metadata,
    Column("id", Text, primary_key=True),
    _text("name"),
    _text("home"),
    _to("since_generation", "generations.number"),
    _to("until_generation", "generations.number", optional=True),
)

scopes = Table(
    "scopes",
    metadata,
    Column("id", Integer, primary_key=True),
    _to("vendor_id", "vendors.id"),
    _text("grant"),
    _text("text"),
    _text("host"),
    _flag("subdomains"),
    _text("path_match"),
    _text("path_before"),
    _maybe("path_after"),
    _maybe("query"),
    _flag("fold"),
    _text("reason"),
    _to("since_generation", "generations.number"),
    _to("until_generation", "generations.number", optional=True),
    _among("grant", "official", "exception", "carrier"),
    _among("path_match", "any", "exact", "prefix"),
    Index("ix_scopes_vendor_id", "vendor_id", "until_generation"),
    sqlite_autoincrement=True,
)

sources = Table(
    "sources",
    metadata,
    Column("id", Text, primary_key=True),
    _to("vendor_id", "vendors.id"),
    _text("kind"),
    _text("role"),
    _text("url"),
    _text("host"),
    _maybe("lang"),
    _text("digest"),
    _flag("enabled"),
    _text("paused", ""),
    _text("product", ""),
    _to("since_generation", "generations.number"),
    _to("until_generation", "generations.number", optional=True),
    Index("ix_sources_vendor_id", "vendor_id"),
)

source_states = Table(
    "source_states",
    metadata,
    Column("source_id", ForeignKey("sources.id"), primary_key=True),
    _text("state"),
    _text("reason", ""),
    _time("next_poll_at", optional=True),
    _time("last_attempt_at", optional=True),
    _time("last_success_at", optional=True),
    _time("last_change_at", optional=True),
    _number("consecutive_failures", 0),
    _text("last_error", ""),
    # Validators go back to the server byte for byte, so they are bytes here, too.
    _maybe("validators_url"),
    Column("etag", LargeBinary),
    Column("last_modified", LargeBinary),
    _to("last_capture_id", "captures.id", optional=True),
    _maybe("ingested_payload_digest"),
    _maybe("ingested_rules_version"),
    _maybe("ingested_source_digest"),
    _text("habits", ""),
    _number("unchanged_in_a_row", 0),
    _text("validators_trust", "trusted"),
    _time("distrusted_at", optional=True),
    _maybe("lease_owner"),
    _time("lease_until", optional=True),
    _number("lease_token", 0),
    _among("validators_trust", "trusted", "trial", "distrusted"),
    Index("ix_source_states_next_poll_at", "next_poll_at"),
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", Text, primary_key=True),
    _time("free_at", optional=True),
    _maybe("lease_owner"),
    _time("lease_until", optional=True),
    _number("lease_token", 0),
    # What the host itself said: how long to leave it alone, and its robots.txt, which counts for a day (RFC 9309 §2.4).
    _time("rests_until", optional=True),
    _text("rests_because", ""),
    _time("robots_at", optional=True),
    _text("robots_access", ""),
    Column("robots", LargeBinary),
    _time("robots_unreachable_since", optional=True),
    _among("robots_access", "", "available", "unavailable", "unreachable"),
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", BIG, primary_key=True),
    _to("source_id", "sources.id"),
    _text("kind"),
    _text("from_url"),
    _text("to_url"),
    _text("status"),
    _text("evidence"),
    _text("change"),
    _time("first_seen_at"),
    _time("last_seen_at"),
    _number("times"),
    _among("kind", "path", "host", "off-list", "gone"),
    _among("status", "sighted", "open", "done", "discarded"),
    UniqueConstraint("source_id", "kind", "from_url", "to_url"),
    sqlite_autoincrement=True,
)

# ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────────────

payloads = Table(
    "payloads",
    metadata,
    Column("digest", Text, primary_key=True),
    _number("size"),
    _text("stored_as"),
    Column("body", LargeBinary),
    _time("first_seen_at"),
    _time("pruned_at", optional=True),
    _among("stored_as", "identity", "zstd"),
)

captures = Table(
    "captures",
    metadata,
    Column("id", BIG, primary_key=True),
    _to("source_id", "sources.id"),
    _text("purpose", "source"),
    _to("previous_id", "captures.id", optional=True),
    _to("generation", "generations.number"),
    _text("rules_version"),
    _text("target_url"),
    _text("final_url"),
    _text("hops"),
    _number("status_code"),
    _text("http_version"),
    _text("request_headers"),
    _text("response_headers"),
    _text("peer_address"),
    _maybe("peer_certificate_digest"),
    _time("requested_at"),
    _time("fetched_at"),
    _text("content_encoding", ""),
    _to("wire_digest", "payloads.digest"),
    _number("wire_size"),
    _text("payload_digest"),
    _number("payload_size"),
    _time("ingested_at", optional=True),
    _maybe("ingested_rules_version"),
    _maybe("ingested_source_digest"),
    _text("ingest_error", ""),
    _time("set_aside_at", optional=True),
    _time("discarded_at", optional=True),
    _text("discarded_because", ""),
    _among("purpose", "source", "part", "article"),
    Index("ix_captures_source_id", "source_id", "id"),
    Index(
        "ix_captures_waiting",
        "id",
        sqlite_where=text("ingested_at IS NULL"),
    ),
    Index(
        "ix_captures_set_aside",
        "source_id",
        "id",
        sqlite_where=text("set_aside_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

_FATES: Final = tuple(fate.value for fate in EntryOutcome)

polls = Table(
    "polls",
    metadata,
    Column("id", BIG, primary_key=True),
    _to("source_id", "sources.id"),
    _text("kind"),
    _text("url", ""),
    _time("started_at"),
    _time("finished_at"),
    _to("generation", "generations.number"),
    _text("outcome"),
    Column("status_code", Integer),
    _text("rule", ""),
    _text("error", ""),
    _text("note", ""),
    _to("capture_id", "captures.id", optional=True),
    _text("response_headers", "[]"),
    _number("bytes"),
    _number("elapsed_ms"),
    _number("entries"),
    *(_number(fate) for fate in _FATES),
    CheckConstraint(f"entries = {' + '.join(_FATES)}", name="balance"),
    _among("kind", "poll", "recovered", "reingest", "part", "article", "gave-up"),
    Index("ix_polls_source_id", "source_id", "id"),
    sqlite_autoincrement=True,
)

# ── announcements ───────────────────────────────────────────────────────────────────────────────────────────────


def _shown() -> tuple[Any, ...]:
    """The shown columns of an entry, the same on headlines, revisions and claims."""
    return (
        _text("title"),
        _text("summary"),
        _maybe("lang"),
        _text("categories"),
        _time("published", optional=True),
        _text("published_precision"),
        _among("published_precision", *_PRECISIONS),
    )


def _address() -> tuple[Any, ...]:
    """
    Columns of an official address, in unambiguous parts.

    The character sets are those of RFC 1123 §2.1 and RFC 3986 §3.3 to §3.5. Both engines have `ltrim` with a set.
    """
    return (
        _to("vendor_id", "vendors.id"),
        _text("url"),
        _text("host"),
        _text("path"),
        _text("suffix"),
        _to("scope_id", "scopes.id"),
        CheckConstraint(f"url = 'https://' || host || path || suffix AND length(url) <= {MAX_LENGTH}", name="url"),
        CheckConstraint(
            f"ltrim(host, '{HOST_CHARS}') = '' AND host LIKE '%_._%' AND host NOT LIKE '%..%'"
            " AND host NOT LIKE '.%' AND host NOT LIKE '%.' AND host NOT LIKE '-%' AND host NOT LIKE '%-'"
            " AND length(host) <= 253",
            name="host",
        ),
        CheckConstraint(
            f"path LIKE '/%' AND ltrim(path, '{PATH_CHARS}') = '' AND path || '/' NOT LIKE '%/./%'"
            " AND path || '/' NOT LIKE '%/../%'",
            name="path",
        ),
        CheckConstraint(
            f"suffix = '' OR ((suffix LIKE '?_%' OR suffix LIKE '#_%') AND ltrim(suffix, '{PATH_CHARS}?#') = ''"
            " AND length(suffix) - length(replace(suffix, '#', '')) <= 1)",
            name="suffix",
        ),
    )


stories = Table(
    "stories",
    metadata,
    Column("id", Text, primary_key=True),
    _to("vendor_id", "vendors.id"),
    _text("headline_id"),  # no foreign key: a headline names its story, and one of the two has to come first
    _time("created_at"),
)

headlines = Table(
    "headlines",
    metadata,
    Column("id", Text, primary_key=True),
    _to("story_id", "stories.id"),
    _to("source_id", "sources.id"),
    _text("raw_key"),
    _number("repeat"),
    *_address(),
    *_shown(),
    _time("first_seen_at"),
    _time("changed_at"),
    _number("revision"),
    _flag("backfill"),
    _text("state"),
    _flag("withdrawn"),
    _to("allowlist_generation", "generations.number"),
    _to("capture_id", "captures.id"),
    _among("state", "live", "withdrawn", "revoked"),
    CheckConstraint("title <> ''", name="title"),
    Index("ix_headlines_newest", func.coalesce(text("published"), text("first_seen_at")), "id"),
    Index("ix_headlines_story_id", "story_id"),
    Index("ix_headlines_scope_id", "scope_id"),
    Index("ix_headlines_source_id", "source_id"),
    Index("ix_headlines_vendor_id", "vendor_id"),
)

STANDING: Final = case((headlines.c.withdrawn, "withdrawn"), else_="live")
"""The state of a headline inside a scope in force: an operator's withdrawal outlives a revocation."""

revisions = Table(
    "revisions",
    metadata,
    Column("headline_id", ForeignKey("headlines.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    _time("at"),
    _to("source_id", "sources.id"),
    _to("capture_id", "captures.id"),
    _to("generation", "generations.number"),
    _text("rules_version"),
    _text("url"),
    *_shown(),
    sqlite_with_rowid=False,
)

claims = Table(
    "claims",
    metadata,
    Column("source_id", ForeignKey("sources.id"), primary_key=True),
    Column("entry_key", Text, primary_key=True),
    _to("headline_id", "headlines.id"),
    _text("digest"),
    _text("raw_key"),
    _text("url"),
    _text("page"),
    *_shown(),
    _text("title_key"),
    _text("title_original"),
    _text("published_raw"),
    _time("updated", optional=True),
    _text("updated_raw"),
    _time("first_seen_at"),
    _time("last_seen_at"),
    _to("capture_id", "captures.id"),
    Index("ix_claims_headline_id", "headline_id"),
    Index("ix_claims_title_key", "source_id", "title_key"),
    sqlite_with_rowid=False,
)

headline_keys = Table(
    "headline_keys",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    _to("headline_id", "headlines.id"),
    _time("first_seen_at"),
    _to("capture_id", "captures.id"),
    _among("kind", "guid", "url"),
    Index("ix_headline_keys_headline_id", "headline_id"),
    sqlite_with_rowid=False,
)

links = Table(
    "links",
    metadata,
    _to("headline_id", "headlines.id"),
    *_address(),
    _to("source_id", "sources.id"),
    _text("rel"),
    _maybe("lang"),
    _time("first_seen_at"),
    _time("last_seen_at"),
    _text("state", "live"),
    _among("rel", "primary", "alternate", "related", "via"),
    _among("state", "live", "revoked"),
    PrimaryKeyConstraint("headline_id", "url", "source_id"),
    Index("ix_links_url", "url"),
    Index("ix_links_scope_id", "scope_id"),
)

story_members = Table(
    "story_members",
    metadata,
    Column("headline_id", ForeignKey("headlines.id"), primary_key=True),
    _to("vendor_id", "vendors.id"),
    Column("day", Integer),  # proleptic ordinal of the announcement's day; null where its source gives none
    _to("proof_group", "headlines.id"),
    Index("ix_story_members_day", "vendor_id", "day"),
)

story_keys = Table(
    "story_keys",
    metadata,
    Column("vendor_id", ForeignKey("vendors.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("headline_id", ForeignKey("headlines.id"), primary_key=True),
    Column("day", Integer),
    Index("ix_story_keys_headline_id", "headline_id"),
    sqlite_with_rowid=False,
)

story_pairs = Table(
    "story_pairs",
    metadata,
    Column("headline_id", ForeignKey("headlines.id"), primary_key=True),
    Column("other_id", ForeignKey("headlines.id"), primary_key=True),
    _to("vendor_id", "vendors.id"),
    _text("rule"),
    Column("score", Float, nullable=False),
    _text("evidence"),
    Column("later_day", Integer),
    CheckConstraint("headline_id < other_id", name="order"),
    Index("ix_story_pairs_other_id", "other_id"),
    Index("ix_story_pairs_later_day", "vendor_id", "later_day"),
    sqlite_with_rowid=False,
)

story_days = Table(
    "story_days",
    metadata,
    Column("vendor_id", ForeignKey("vendors.id"), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

story_joins = Table(
    "story_joins",
    metadata,
    Column("headline_id", ForeignKey("headlines.id"), primary_key=True),
    _to("story_id", "stories.id"),
    _to("other_id", "headlines.id", optional=True),
    _text("rule"),
    Column("score", Float),
    _text("evidence"),
    _time("joined_at"),
    Index("ix_story_joins_story_id", "story_id"),
)

story_languages = Table(
    "story_languages",
    metadata,
    Column("story_id", ForeignKey("stories.id"), primary_key=True),
    Column("lang", Text, primary_key=True),
    _to("headline_id", "headlines.id"),
)

short_headlines = Table(
    "short_headlines",
    metadata,
    Column("story_id", ForeignKey("stories.id"), primary_key=True),
    Column("lang", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    _text("text"),
    _time("set_at"),
    _text("set_by"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BIG, primary_key=True),
    _time("at"),
    _text("by"),
    _text("kind"),
    _text("subject"),
    _text("reason"),
    _text("said", "{}"),
    # A replay repeats a decision after the poll that was the last one before it; that poll's row may be pruned by then.
    Column("after_poll_id", BIG),
    Index("ix_decisions_subject", "subject"),
    sqlite_autoincrement=True,
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", BIG, primary_key=True),
    _to("source_id", "sources.id"),
    _text("entry_key"),
    _text("status"),
    _text("url"),
    _text("host"),
    _text("candidate"),
    _text("said"),
    _number("attempts", 0),
    _time("next_try_at", optional=True),
    _text("last_error", ""),
    _maybe("lease_owner"),
    _time("lease_until", optional=True),
    _number("lease_token", 0),
    _time("first_seen_at"),
    _to("capture_id", "captures.id"),
    _to("page_capture_id", "captures.id", optional=True),
    _among("status", "pending", "known", "finished", "refused"),
    UniqueConstraint("source_id", "entry_key"),
    Index(
        "ix_candidates_pending",
        "next_try_at",
        sqlite_where=text("status = 'pending'"),
    ),
    sqlite_autoincrement=True,
)

walks = Table(
    "walks",
    metadata,
    Column("source_id", ForeignKey("sources.id"), primary_key=True),
    _text("url"),
    _text("visited"),
    _number("remaining"),
    _flag("fills"),
    _number("failures", 0),
)

slices = Table(
    "slices",
    metadata,
    Column("source_id", ForeignKey("sources.id"), primary_key=True),
    _text("frame"),
    _time("fetched_at"),
    _text("fates"),
)

# ── what was refused, what changed ──────────────────────────────────────────────────────────────────────────────

rejections = Table(
    "rejections",
    metadata,
    Column("id", BIG, primary_key=True),
    _to("source_id", "sources.id"),
    _text("raw_key"),
    _text("reason"),
    _text("status"),
    _text("url"),
    _text("title"),
    _text("detail"),
    _time("first_seen_at"),
    _time("last_seen_at"),
    _number("times"),
    _to("capture_id", "captures.id"),
    _among("status", "rejected", "filtered", "quarantined", "unparsable", "accepted", "discarded"),
    UniqueConstraint("source_id", "raw_key", "reason"),
    Index("ix_rejections_last_seen_at", "last_seen_at"),
    Index("ix_rejections_url", "url"),
    sqlite_autoincrement=True,
)

changes = Table(
    "changes",
    metadata,
    Column("seq", BIG, primary_key=True),
    _time("at"),
    _text("kind"),
    _maybe("headline_id"),
    _maybe("story_id"),
    Column("revision", Integer),
    _to("generation", "generations.number"),
    _to("capture_id", "captures.id", optional=True),
    _among("kind", "created", "revised", "linked", "withdrawn", "restored", "merged", "split", "revoked", "edited"),
    Index("ix_changes_headline_id", "headline_id"),
    sqlite_autoincrement=True,
)
