"""Headlines for the tests of stories: valid by default, overridden by keyword."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from ingest.model import Precision, Role
from ingest.stories import Member

SEEN = datetime(2026, 6, 1, tzinfo=UTC)
_NUMBERS = itertools.count()


def on(day: str) -> datetime:
    """Read `2026-05-19` as the midnight that stands for a day."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def member(title: str = "Acme opens", url: str = "", *, source: str = "acme/news", **fields: Any) -> Member:
    """Make a headline of 2026-05-19; `day` is text, `published=None` means that its source names no day."""
    number = next(_NUMBERS)
    day = fields.pop("day", "2026-05-19")
    published = fields.pop("published", on(day))
    defaults: dict[str, Any] = {
        "id": f"h{number:06d}",
        "vendor": source.partition("/")[0],
        "role": Role.NEWS,
        "lang": "en",
        "precision": Precision.DAY if published else Precision.NONE,
        "first_seen_at": SEEN,
    }
    url = url or f"https://acme.com/{source.partition('/')[2]}/{number}"
    return Member(source=source, url=url, title=title, published=published, **{**defaults, **fields})
