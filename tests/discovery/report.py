"""
How often the first proposal of `sources discover` is right.

    PYTHONPATH=src:tests python -m discovery.report

prints each document that gets another proposal, and the sum.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from discovery.documents import OFFERED, SITE, Offered
from ingest.authoring.survey import look
from ingest.errors import ParseError
from ingest.model import Capture, Entry
from ingest.text import clean_title


def faults(offered: Offered) -> Iterator[str]:
    """Yield what is wrong with the first proposal for a document."""
    capture = Capture(
        1, "a/b", offered.url, offered.url, offered.content, "0", (("Content-Type", offered.media_type),),
        datetime(2026, 6, 1, tzinfo=UTC), 1,
    )  # fmt: skip
    try:
        result = look(capture)
    except ParseError as error:
        yield f"refused: {error}"
        return
    first = result.proposals[0] if result.proposals else None
    if first is None or first.document is None:
        yield "nothing is proposed" if first is None else f"{first.kind.value} {first.url} comes first"
        return
    if first.kind.value != offered.kind:
        yield f"{first.kind.value} comes first ({first.sure}), of {[p.kind.value for p in result.proposals]}"
        return
    got, wanted = [message(entry) for entry in first.document.entries], list(offered.entries)
    if got != wanted:
        yield f"{len(got)} entries, expected {len(wanted)}: {[one for one in got if one not in wanted][:2]} for {[one for one in wanted if one not in got][:2]}"


def message(entry: Entry) -> tuple[str, str, str]:
    """Return what an entry says, as `Offered` has it."""
    day = f"{entry.published.value:%Y-%m-%d}" if entry.published.value else ""
    return clean_title(entry.title, entry.title_type), day, (entry.link or "").removeprefix(SITE)


def main() -> int:
    wrong = 0
    for kind in ("changelog", "page"):
        of_kind = [one for one in OFFERED if one.kind == kind]
        bad = [(one, what) for one in of_kind for what in faults(one)]
        for one, what in bad:
            sys.stdout.write(f"  {one.kind} | {one.name}: {what}\n")
        sys.stdout.write(f"{kind}: {len(of_kind) - len(bad)} of {len(of_kind)} right by the first proposal\n")
        wrong += len(bad)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
