"""
Every stored document taken the whole way on both engines.

    PYTHONPATH=src:tests python -m whole_way.report [--engine sqlite|postgresql] [--only TEXT] [--every N] [--article]

prints a row for each kind of document and engine: documents, rounds, headlines, rounds that ended with an error (exit 3),
documents that were set aside, faults; then each of them with its reason, and what could not be read and why. `--only` takes the
documents whose name holds a text, `--every` each Nth, `--article` also every feed and list with its entries' pages opened.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from support.databases import Postgres, make_template
from whole_way.given import Given, everything, opened
from whole_way.site import batches
from whole_way.walk import MakeUrl, Walked, sqlite_urls, walk

ENGINES = ("sqlite", "postgresql")


def groups(given: Sequence[Given]) -> dict[str, list[Given]]:
    """Put documents together by where they come from; those of the shipped list have a list of their own."""
    results: dict[str, list[Given]] = {}
    for one in given:
        results.setdefault(f"{one.name.partition('/')[0]}{' (article)' * one.name.endswith('(article)')}", []).append(
            one
        )
    return results


def chosen(*, only: str = "", every: int = 1, article: bool = False) -> list[Given]:
    """Choose documents."""
    given = everything()
    given += opened(given) if article else []
    return [one for one in given if only in one.name][::every]


def urls_of(stack: ExitStack, engine: str) -> MakeUrl:
    """Give what makes empty databases on an engine; it is closed with the stack."""
    if engine == "postgresql":
        server = Postgres()
        stack.callback(server.close)
        return server.make
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingest-whole-way-")))
    return stack.enter_context(sqlite_urls(make_template(folder / "empty.db")))


def walked(given: Sequence[Given], engines: Sequence[str]) -> Iterator[tuple[str, Walked]]:
    """Take documents the whole way, group by group, on each engine."""
    for engine in engines:
        with ExitStack() as stack:
            make = urls_of(stack, engine)
            for name, members in groups(given).items():
                result = Walked(engine)
                for batch in batches(members):
                    result.add(walk(batch, make, engine))
                yield name, result


def row(name: str, result: Walked) -> str:
    numbers = (result.documents, result.rounds, result.headlines, result.exits)
    reported = "".join(
        f"{number:11}" for number in (*numbers, len(result.set_aside), len(result.faults), len(result.refused))
    )
    return f"{name:18}{result.engine:11}{reported}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--only", default="", help="documents whose name holds this text")
    parser.add_argument("--every", type=int, default=1, help="each Nth document")
    parser.add_argument("--article", action="store_true", help="feeds and lists also with `article: true`")
    options = parser.parse_args()
    began, total, reported = time.monotonic(), Walked("all"), []
    heads = ("documents", "rounds", "headlines", "exit 3", "set aside", "faults", "unreadable")
    sys.stdout.write(f"{'':18}{'engine':11}{''.join(f'{head:>11}' for head in heads)}\n")
    given = chosen(only=options.only, every=options.every, article=options.article)
    for name, result in walked(given, options.engine or ENGINES):
        sys.stdout.write(f"{row(name, result)}\n")
        sys.stdout.flush()
        total.add(result)
        for what in ("faults", "set_aside", "refused"):
            reported += [f"{result.engine}: {what.replace('_', ' ')}: {line}" for line in getattr(result, what)]
    sys.stdout.write(f"{row('all', total)}\n{time.monotonic() - began:.0f} s\n\n")
    sys.stdout.writelines(f"{line}\n" for line in reported)
    return 1 if total.faults or total.set_aside or total.exits else 0


if __name__ == "__main__":
    sys.exit(main())
