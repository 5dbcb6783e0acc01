"""The whole schema as decided in docs/decisions/0001."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingest.store.schema import BIG, UtcDateTime

revision = "20260501_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), server_default="{}", nullable=False),
        sa.Column("after_poll_id", BIG, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_subject", "decisions", ["subject"], unique=False)
    op.create_table(
        "generations",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_generations")),
    )
    op.create_index("ix_generations_digest", "generations", ["digest"], unique=False)
    op.create_table(
        "hosts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("free_at", UtcDateTime(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("lease_token", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rests_until", UtcDateTime(), nullable=True),
        sa.Column("rests_because", sa.Text(), server_default="", nullable=False),
        sa.Column("robots_at", UtcDateTime(), nullable=True),
        sa.Column("robots_access", sa.Text(), server_default="", nullable=False),
        sa.Column("robots", sa.LargeBinary(), nullable=True),
        sa.Column("robots_unreachable_since", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "\"robots_access\" IN ('', 'available', 'unavailable', 'unreachable')", name=op.f("ck_hosts_robots_access")
        ),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_hosts")),
    )
    op.create_table(
        "payloads",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("stored_as", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("pruned_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("\"stored_as\" IN ('identity', 'zstd')", name=op.f("ck_payloads_stored_as")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_payloads")),
    )
    op.create_table(
        "vendors",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("since_generation", sa.Integer(), nullable=False),
        sa.Column("until_generation", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["since_generation"], ["generations.number"], name=op.f("fk_vendors_since_generation")),
        sa.ForeignKeyConstraint(["until_generation"], ["generations.number"], name=op.f("fk_vendors_until_generation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vendors")),
    )
    op.create_table(
        "scopes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("grant", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("subdomains", sa.Boolean(), nullable=False),
        sa.Column("path_match", sa.Text(), nullable=False),
        sa.Column("path_before", sa.Text(), nullable=False),
        sa.Column("path_after", sa.Text(), nullable=True),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("fold", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_generation", sa.Integer(), nullable=False),
        sa.Column("until_generation", sa.Integer(), nullable=True),
        sa.CheckConstraint("\"grant\" IN ('official', 'exception', 'carrier')", name=op.f("ck_scopes_grant")),
        sa.CheckConstraint("\"path_match\" IN ('any', 'exact', 'prefix')", name=op.f("ck_scopes_path_match")),
        sa.ForeignKeyConstraint(["since_generation"], ["generations.number"], name=op.f("fk_scopes_since_generation")),
        sa.ForeignKeyConstraint(["until_generation"], ["generations.number"], name=op.f("fk_scopes_until_generation")),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_scopes_vendor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scopes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_scopes_vendor_id", "scopes", ["vendor_id", "until_generation"], unique=False)
    op.create_table(
        "sources",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("since_generation", sa.Integer(), nullable=False),
        sa.Column("until_generation", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["since_generation"], ["generations.number"], name=op.f("fk_sources_since_generation")),
        sa.ForeignKeyConstraint(["until_generation"], ["generations.number"], name=op.f("fk_sources_until_generation")),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_sources_vendor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
    )
    op.create_index("ix_sources_vendor_id", "sources", ["vendor_id"], unique=False)
    op.create_table(
        "stories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_stories_vendor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stories")),
    )
    op.create_table(
        "story_days",
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_story_days_vendor_id")),
        sa.PrimaryKeyConstraint("vendor_id", "day", name=op.f("pk_story_days")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "captures",
        sa.Column("id", BIG, nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), server_default="source", nullable=False),
        sa.Column("previous_id", BIG, nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("target_url", sa.Text(), nullable=False),
        sa.Column("final_url", sa.Text(), nullable=False),
        sa.Column("hops", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=False),
        sa.Column("http_version", sa.Text(), nullable=False),
        sa.Column("request_headers", sa.Text(), nullable=False),
        sa.Column("response_headers", sa.Text(), nullable=False),
        sa.Column("peer_address", sa.Text(), nullable=False),
        sa.Column("peer_certificate_digest", sa.Text(), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.Column("content_encoding", sa.Text(), server_default="", nullable=False),
        sa.Column("wire_digest", sa.Text(), nullable=False),
        sa.Column("wire_size", sa.Integer(), nullable=False),
        sa.Column("payload_digest", sa.Text(), nullable=False),
        sa.Column("payload_size", sa.Integer(), nullable=False),
        sa.Column("ingested_at", UtcDateTime(), nullable=True),
        sa.Column("ingested_rules_version", sa.Text(), nullable=True),
        sa.Column("ingested_source_digest", sa.Text(), nullable=True),
        sa.Column("ingest_error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("\"purpose\" IN ('source', 'part', 'article')", name=op.f("ck_captures_purpose")),
        sa.ForeignKeyConstraint(["generation"], ["generations.number"], name=op.f("fk_captures_generation")),
        sa.ForeignKeyConstraint(["previous_id"], ["captures.id"], name=op.f("fk_captures_previous_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_captures_source_id")),
        sa.ForeignKeyConstraint(["wire_digest"], ["payloads.digest"], name=op.f("fk_captures_wire_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_captures")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_captures_source_id", "captures", ["source_id", "id"], unique=False)
    op.create_index(
        "ix_captures_waiting",
        "captures",
        ["id"],
        unique=False,
        sqlite_where=sa.text("ingested_at IS NULL"),
        postgresql_where=sa.text("ingested_at IS NULL"),
    )
    op.create_table(
        "proposals",
        sa.Column("id", BIG, nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_url", sa.Text(), nullable=False),
        sa.Column("to_url", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.CheckConstraint("\"kind\" IN ('path', 'host', 'off-list', 'gone')", name=op.f("ck_proposals_kind")),
        sa.CheckConstraint("\"status\" IN ('sighted', 'open', 'done', 'discarded')", name=op.f("ck_proposals_status")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_proposals_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint(
            "source_id", "kind", "from_url", "to_url", name=op.f("uq_proposals_source_id_kind_from_url_to_url")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "short_headlines",
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_short_headlines_story_id")),
        sa.PrimaryKeyConstraint("story_id", "lang", "position", name=op.f("pk_short_headlines")),
    )
    op.create_table(
        "candidates",
        sa.Column("id", BIG, nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("entry_key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("candidate", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("lease_token", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("capture_id", BIG, nullable=False),
        sa.Column("page_capture_id", BIG, nullable=True),
        sa.CheckConstraint(
            "\"status\" IN ('pending', 'known', 'finished', 'refused')", name=op.f("ck_candidates_status")
        ),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_candidates_capture_id")),
        sa.ForeignKeyConstraint(["page_capture_id"], ["captures.id"], name=op.f("fk_candidates_page_capture_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_candidates_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
        sa.UniqueConstraint("source_id", "entry_key", name=op.f("uq_candidates_source_id_entry_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_candidates_pending",
        "candidates",
        ["next_try_at"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "changes",
        sa.Column("seq", BIG, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("headline_id", sa.Text(), nullable=True),
        sa.Column("story_id", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("capture_id", BIG, nullable=True),
        sa.CheckConstraint(
            "\"kind\" IN ('created', 'revised', 'linked', 'withdrawn', 'restored', 'merged', 'split', 'revoked', 'edited')",
            name=op.f("ck_changes_kind"),
        ),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_changes_capture_id")),
        sa.ForeignKeyConstraint(["generation"], ["generations.number"], name=op.f("fk_changes_generation")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_headline_id", "changes", ["headline_id"], unique=False)
    op.create_table(
        "headlines",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("raw_key", sa.Text(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("suffix", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("published", UtcDateTime(), nullable=True),
        sa.Column("published_precision", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("allowlist_generation", sa.Integer(), nullable=False),
        sa.Column("capture_id", BIG, nullable=False),
        sa.CheckConstraint(
            "ltrim(host, 'abcdefghijklmnopqrstuvwxyz0123456789.-') = '' AND host LIKE '%_._%' AND host NOT LIKE '%..%' AND host NOT LIKE '.%' AND host NOT LIKE '%.' AND host NOT LIKE '-%' AND host NOT LIKE '%-' AND length(host) <= 253",
            name=op.f("ck_headlines_host"),
        ),
        sa.CheckConstraint(
            "path LIKE '/%' AND ltrim(path, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&''()*+,;=:@/%') = '' AND path || '/' NOT LIKE '%/./%' AND path || '/' NOT LIKE '%/../%'",
            name=op.f("ck_headlines_path"),
        ),
        sa.CheckConstraint(
            "suffix = '' OR ((suffix LIKE '?_%' OR suffix LIKE '#_%') AND ltrim(suffix, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&''()*+,;=:@/%?#') = '' AND length(suffix) - length(replace(suffix, '#', '')) <= 1)",
            name=op.f("ck_headlines_suffix"),
        ),
        sa.CheckConstraint("title <> ''", name=op.f("ck_headlines_title")),
        sa.CheckConstraint(
            "url = 'https://' || host || path || suffix AND length(url) <= 2048", name=op.f("ck_headlines_url")
        ),
        sa.CheckConstraint(
            "\"published_precision\" IN ('second', 'day', 'month', 'year', 'none')",
            name=op.f("ck_headlines_published_precision"),
        ),
        sa.CheckConstraint("\"state\" IN ('live', 'withdrawn', 'revoked')", name=op.f("ck_headlines_state")),
        sa.ForeignKeyConstraint(
            ["allowlist_generation"], ["generations.number"], name=op.f("fk_headlines_allowlist_generation")
        ),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_headlines_capture_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_headlines_scope_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_headlines_source_id")),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_headlines_story_id")),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_headlines_vendor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_headlines")),
    )
    op.create_index("ix_headlines_scope_id", "headlines", ["scope_id"], unique=False)
    op.create_index("ix_headlines_source_id", "headlines", ["source_id"], unique=False)
    op.create_index("ix_headlines_story_id", "headlines", ["story_id"], unique=False)
    op.create_index("ix_headlines_vendor_id", "headlines", ["vendor_id"], unique=False)
    op.create_index(
        "ix_headlines_newest", "headlines", [sa.text("coalesce(published, first_seen_at)"), "id"], unique=False
    )
    op.create_table(
        "polls",
        sa.Column("id", BIG, nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("capture_id", BIG, nullable=True),
        sa.Column("response_headers", sa.Text(), server_default="[]", nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("elapsed_ms", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("revised", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("filtered", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("unparsable", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "\"kind\" IN ('poll', 'recovered', 'reingest', 'part', 'article', 'gave-up')", name=op.f("ck_polls_kind")
        ),
        sa.CheckConstraint(
            "entries = created + revised + seen + duplicate + filtered + rejected + quarantined + pending + unparsable",
            name=op.f("ck_polls_balance"),
        ),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_polls_capture_id")),
        sa.ForeignKeyConstraint(["generation"], ["generations.number"], name=op.f("fk_polls_generation")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_polls_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_polls")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_polls_source_id", "polls", ["source_id", "id"], unique=False)
    op.create_table(
        "rejections",
        sa.Column("id", BIG, nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("raw_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("capture_id", BIG, nullable=False),
        sa.CheckConstraint(
            "\"status\" IN ('rejected', 'filtered', 'quarantined', 'unparsable', 'accepted', 'discarded')",
            name=op.f("ck_rejections_status"),
        ),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_rejections_capture_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_rejections_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejections")),
        sa.UniqueConstraint("source_id", "raw_key", "reason", name=op.f("uq_rejections_source_id_raw_key_reason")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rejections_last_seen_at", "rejections", ["last_seen_at"], unique=False)
    op.create_index("ix_rejections_url", "rejections", ["url"], unique=False)
    op.create_table(
        "source_states",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("next_poll_at", UtcDateTime(), nullable=True),
        sa.Column("last_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("last_success_at", UtcDateTime(), nullable=True),
        sa.Column("last_change_at", UtcDateTime(), nullable=True),
        sa.Column("consecutive_failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("validators_url", sa.Text(), nullable=True),
        sa.Column("etag", sa.LargeBinary(), nullable=True),
        sa.Column("last_modified", sa.LargeBinary(), nullable=True),
        sa.Column("last_capture_id", BIG, nullable=True),
        sa.Column("ingested_payload_digest", sa.Text(), nullable=True),
        sa.Column("ingested_rules_version", sa.Text(), nullable=True),
        sa.Column("ingested_source_digest", sa.Text(), nullable=True),
        sa.Column("habits", sa.Text(), server_default="", nullable=False),
        sa.Column("unchanged_in_a_row", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("validators_trust", sa.Text(), server_default="trusted", nullable=False),
        sa.Column("distrusted_at", UtcDateTime(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("lease_token", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "\"validators_trust\" IN ('trusted', 'trial', 'distrusted')", name=op.f("ck_source_states_validators_trust")
        ),
        sa.ForeignKeyConstraint(["last_capture_id"], ["captures.id"], name=op.f("fk_source_states_last_capture_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_source_states_source_id")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_states")),
    )
    op.create_index("ix_source_states_next_poll_at", "source_states", ["next_poll_at"], unique=False)
    op.create_table(
        "claims",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("entry_key", sa.Text(), nullable=False),
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("raw_key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("published", UtcDateTime(), nullable=True),
        sa.Column("published_precision", sa.Text(), nullable=False),
        sa.Column("title_key", sa.Text(), nullable=False),
        sa.Column("title_original", sa.Text(), nullable=False),
        sa.Column("published_raw", sa.Text(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=True),
        sa.Column("updated_raw", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("capture_id", BIG, nullable=False),
        sa.CheckConstraint(
            "\"published_precision\" IN ('second', 'day', 'month', 'year', 'none')",
            name=op.f("ck_claims_published_precision"),
        ),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_claims_capture_id")),
        sa.ForeignKeyConstraint(["headline_id"], ["headlines.id"], name=op.f("fk_claims_headline_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_claims_source_id")),
        sa.PrimaryKeyConstraint("source_id", "entry_key", name=op.f("pk_claims")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_claims_headline_id", "claims", ["headline_id"], unique=False)
    op.create_index("ix_claims_title_key", "claims", ["source_id", "title_key"], unique=False)
    op.create_table(
        "headline_keys",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("capture_id", BIG, nullable=False),
        sa.CheckConstraint("\"kind\" IN ('guid', 'url')", name=op.f("ck_headline_keys_kind")),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_headline_keys_capture_id")),
        sa.ForeignKeyConstraint(["headline_id"], ["headlines.id"], name=op.f("fk_headline_keys_headline_id")),
        sa.PrimaryKeyConstraint("owner", "kind", "value", name=op.f("pk_headline_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_headline_keys_headline_id", "headline_keys", ["headline_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("suffix", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("rel", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "ltrim(host, 'abcdefghijklmnopqrstuvwxyz0123456789.-') = '' AND host LIKE '%_._%' AND host NOT LIKE '%..%' AND host NOT LIKE '.%' AND host NOT LIKE '%.' AND host NOT LIKE '-%' AND host NOT LIKE '%-' AND length(host) <= 253",
            name=op.f("ck_links_host"),
        ),
        sa.CheckConstraint(
            "path LIKE '/%' AND ltrim(path, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&''()*+,;=:@/%') = '' AND path || '/' NOT LIKE '%/./%' AND path || '/' NOT LIKE '%/../%'",
            name=op.f("ck_links_path"),
        ),
        sa.CheckConstraint(
            "suffix = '' OR ((suffix LIKE '?_%' OR suffix LIKE '#_%') AND ltrim(suffix, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&''()*+,;=:@/%?#') = '' AND length(suffix) - length(replace(suffix, '#', '')) <= 1)",
            name=op.f("ck_links_suffix"),
        ),
        sa.CheckConstraint(
            "url = 'https://' || host || path || suffix AND length(url) <= 2048", name=op.f("ck_links_url")
        ),
        sa.CheckConstraint("\"rel\" IN ('primary', 'alternate', 'related', 'via')", name=op.f("ck_links_rel")),
        sa.ForeignKeyConstraint(["headline_id"], ["headlines.id"], name=op.f("fk_links_headline_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_links_scope_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_links_source_id")),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_links_vendor_id")),
        sa.PrimaryKeyConstraint("headline_id", "url", "source_id", name=op.f("pk_links")),
    )
    op.create_index("ix_links_scope_id", "links", ["scope_id"], unique=False)
    op.create_index("ix_links_url", "links", ["url"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("capture_id", BIG, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("published", UtcDateTime(), nullable=True),
        sa.Column("published_precision", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "\"published_precision\" IN ('second', 'day', 'month', 'year', 'none')",
            name=op.f("ck_revisions_published_precision"),
        ),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_revisions_capture_id")),
        sa.ForeignKeyConstraint(["generation"], ["generations.number"], name=op.f("fk_revisions_generation")),
        sa.ForeignKeyConstraint(["headline_id"], ["headlines.id"], name=op.f("fk_revisions_headline_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_revisions_source_id")),
        sa.PrimaryKeyConstraint("headline_id", "revision", name=op.f("pk_revisions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "story_joins",
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["headline_id"], ["headlines.id"], name=op.f("fk_story_joins_headline_id")),
        sa.ForeignKeyConstraint(["other_id"], ["headlines.id"], name=op.f("fk_story_joins_other_id")),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_story_joins_story_id")),
        sa.PrimaryKeyConstraint("headline_id", name=op.f("pk_story_joins")),
    )
    op.create_index("ix_story_joins_story_id", "story_joins", ["story_id"], unique=False)
    op.create_table(
        "story_keys",
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["headline_id"], ["headlines.id"], name=op.f("fk_story_keys_headline_id")),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_story_keys_vendor_id")),
        sa.PrimaryKeyConstraint("vendor_id", "kind", "value", "headline_id", name=op.f("pk_story_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_story_keys_headline_id", "story_keys", ["headline_id"], unique=False)
    op.create_table(
        "story_languages",
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["headline_id"], ["headlines.id"], name=op.f("fk_story_languages_headline_id")),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_story_languages_story_id")),
        sa.PrimaryKeyConstraint("story_id", "lang", name=op.f("pk_story_languages")),
    )
    op.create_table(
        "story_members",
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("proof_group", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["headline_id"], ["headlines.id"], name=op.f("fk_story_members_headline_id")),
        sa.ForeignKeyConstraint(["proof_group"], ["headlines.id"], name=op.f("fk_story_members_proof_group")),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_story_members_vendor_id")),
        sa.PrimaryKeyConstraint("headline_id", name=op.f("pk_story_members")),
    )
    op.create_index("ix_story_members_day", "story_members", ["vendor_id", "day"], unique=False)
    op.create_table(
        "story_pairs",
        sa.Column("headline_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("later_day", sa.Integer(), nullable=True),
        sa.CheckConstraint("headline_id < other_id", name=op.f("ck_story_pairs_order")),
        sa.ForeignKeyConstraint(["headline_id"], ["headlines.id"], name=op.f("fk_story_pairs_headline_id")),
        sa.ForeignKeyConstraint(["other_id"], ["headlines.id"], name=op.f("fk_story_pairs_other_id")),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_story_pairs_vendor_id")),
        sa.PrimaryKeyConstraint("headline_id", "other_id", name=op.f("pk_story_pairs")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_story_pairs_later_day", "story_pairs", ["vendor_id", "later_day"], unique=False)
    op.create_index("ix_story_pairs_other_id", "story_pairs", ["other_id"], unique=False)


def downgrade() -> None:
    op.drop_table("story_pairs")
    op.drop_table("story_members")
    op.drop_table("story_languages")
    op.drop_table("story_keys")
    op.drop_table("story_joins")
    op.drop_table("revisions")
    op.drop_table("links")
    op.drop_table("headline_keys")
    op.drop_table("claims")
    op.drop_table("source_states")
    op.drop_table("rejections")
    op.drop_table("polls")
    op.drop_table("headlines")
    op.drop_table("changes")
    op.drop_table("candidates")
    op.drop_table("short_headlines")
    op.drop_table("proposals")
    op.drop_table("captures")
    op.drop_table("story_days")
    op.drop_table("stories")
    op.drop_table("sources")
    op.drop_table("scopes")
    op.drop_table("vendors")
    op.drop_table("payloads")
    op.drop_table("hosts")
    op.drop_table("generations")
    op.drop_table("decisions")
