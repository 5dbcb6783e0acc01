"""
The public views (CONTRACT §5), with the same text on both engines.

Every view of announcements joins the scope again, so the removal of a scope hides its headlines at once. Columns are
only ever added.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_VIEWS: Final = {
    "v1_headlines": """
        SELECT h.id, h.story_id, h.vendor_id, v.name AS vendor_name, h.source_id, c.role, h.url, h.title, h.summary,
               h.lang, h.categories, h.published, h.published_precision, h.first_seen_at, h.changed_at, h.revision,
               h.backfill, h.state, h.allowlist_generation, h.capture_id, c.product
          FROM headlines h
          JOIN scopes s ON s.id = h.scope_id AND s.vendor_id = h.vendor_id
                       AND s."grant" = 'official' AND s.until_generation IS NULL
          JOIN vendors v ON v.id = h.vendor_id
          JOIN sources c ON c.id = h.source_id
         WHERE h.state IN ('live', 'withdrawn')""",
    "v1_links": """
        SELECT l.headline_id, l.url, l.rel, l.lang, l.source_id, l.first_seen_at, l.last_seen_at
          FROM links l
          JOIN v1_headlines h ON h.id = l.headline_id AND h.vendor_id = l.vendor_id
          JOIN scopes s ON s.id = l.scope_id AND s.vendor_id = l.vendor_id
                       AND s."grant" = 'official' AND s.until_generation IS NULL
         WHERE l.state = 'live'""",
    "v1_stories": """
        SELECT t.id, t.vendor_id, h.id AS headline_id, h.title, h.role, h.published,
               (SELECT count(*) FROM v1_headlines m WHERE m.story_id = t.id AND m.state = 'live') AS headlines,
               (SELECT count(DISTINCT l.url) FROM v1_links l JOIN v1_headlines m ON m.id = l.headline_id
                 WHERE m.story_id = t.id AND m.state = 'live') AS links,
               h.product
          FROM stories t
          JOIN v1_headlines h ON h.id = t.headline_id AND h.state = 'live'""",
    "v1_story_languages": """
        SELECT l.story_id, l.lang, l.headline_id
          FROM story_languages l
          JOIN v1_stories t ON t.id = l.story_id
          JOIN v1_headlines h ON h.id = l.headline_id AND h.state = 'live'""",
    "v1_short_headlines": """
        SELECT s.story_id, s.lang, s.position, s.text, s.set_at
          FROM short_headlines s
          JOIN v1_stories t ON t.id = s.story_id""",
    "v1_sources": """
        SELECT c.id, c.vendor_id, c.kind, c.role, c.url,
               CASE WHEN NOT c.enabled THEN 'disabled'
                    WHEN p.consecutive_failures = 0 AND a.ingest_error IS NOT NULL THEN 'broken'
                    ELSE p.state END AS state,
               CASE WHEN NOT c.enabled THEN c.paused
                    WHEN p.consecutive_failures = 0 AND a.ingest_error IS NOT NULL THEN a.ingest_error
                    ELSE p.reason END AS reason,
               p.last_success_at, p.last_change_at, CASE WHEN c.enabled THEN p.next_poll_at END AS next_poll_at,
               p.consecutive_failures, p.last_error,
               (SELECT count(*) FROM v1_headlines h WHERE h.source_id = c.id AND h.state = 'live') AS headlines,
               p.last_success_at AS data_as_of, c.product
          FROM sources c
          JOIN source_states p ON p.source_id = c.id
          LEFT JOIN captures a ON a.id = (SELECT max(x.id) FROM captures x
                                           WHERE x.source_id = c.id AND x.set_aside_at IS NOT NULL)
         WHERE c.until_generation IS NULL""",
    "v1_vendors": """
        SELECT v.id, v.name, v.home,
               (SELECT count(*) FROM sources c WHERE c.vendor_id = v.id AND c.until_generation IS NULL) AS sources,
               (SELECT count(*) FROM v1_headlines h WHERE h.vendor_id = v.id AND h.state = 'live') AS headlines,
               (SELECT min(c.data_as_of) FROM v1_sources c WHERE c.vendor_id = v.id AND c.state <> 'disabled') AS data_as_of
          FROM vendors v
         WHERE v.until_generation IS NULL""",
    "v1_rejections": """
        SELECT r.id, r.source_id, r.url, r.title, r.reason, r.detail, r.first_seen_at, r.last_seen_at, r.times, r.status
          FROM rejections r""",
    "v1_changes": """
        SELECT g.seq, g.at, g.kind, g.headline_id, g.story_id, g.revision
          FROM changes g""",
}

NAMES: Final = tuple(_VIEWS)
"""Every view, in the order of creation."""


def creates() -> Iterator[str]:
    """Return the statements to make the views."""
    for name in NAMES:
        yield statement(name)


def drops() -> Iterator[str]:
    """Return the statements to drop the views, present or not."""
    for name in reversed(NAMES):
        yield f"DROP VIEW IF EXISTS {name}"


def statement(name: str) -> str:
    """Return the statement of one view, in one line."""
    return f"CREATE VIEW {name} AS {' '.join(_VIEWS[name].split())}"
