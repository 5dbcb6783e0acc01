"""Read the page of one announcement. `reading` takes title, dates, addresses and topics from the best evidence."""

from __future__ import annotations

from ingest.parse.article.reading import ALTERNATE_LIMIT, CATEGORY_LIMIT, parse_article

__all__ = ["ALTERNATE_LIMIT", "CATEGORY_LIMIT", "parse_article"]
