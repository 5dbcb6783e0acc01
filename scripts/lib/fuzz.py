"""
Feed mutated documents, addresses, dates and lists to their readers for a while, and report the faults.

    scripts/fuzz [--seconds 60] [--seed 1] [--target feed]…

Inputs grow from the documents of tests/golden and from `fuzz_inputs`. The seed decides all changes, so a run can be repeated.
Each target runs in its own process, so a fault in C counts like any other. An unexpected exception is a crash. More than two
seconds of CPU is over budget. The input of each fault is kept. Exit status 1 means a fault.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from fuzz_inputs import ADDRESSES, DATES, LIST, LONGEST, mutations
from ingest import allowlist, dates, policy, urls
from ingest.errors import AllowlistError, ParseError, UrlError
from ingest.model import Capture, Grant, Kind, Source, Vendor
from ingest.normalise import normalise
from ingest.parse import parse
from ingest.parse.article import parse_article
from ingest.parse.markup.cost import risk
from ingest.parse.markup.decoding import decode

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 5, 22, 12, tzinfo=UTC)
URL = "https://www.acme-ai.com/news/"
BUDGET_S = 2.0  # CPU; the slowest recorded document takes 0.2
VENDOR = Vendor("acme", "Acme", URL, (urls.parse_scope("www.acme-ai.com", Grant.OFFICIAL),))
SELECTS = {
    Kind.PAGE: {"entry": "article", "title": "h2", "date": "time"},
    Kind.CHANGELOG: {},
    Kind.SITEMAP: {},
    Kind.FEED: {},
}
# ── targets ─────────────────────────────────────────────────────────────────────────────────────────────────────


def document(kind: Kind) -> Callable[[bytes], None]:
    """Return a function that reads and judges a document of a kind, unless the jail would read it."""
    source = Source("acme/news", "acme", kind, URL, "0", select=tuple(SELECTS[kind].items()))

    def run(data: bytes) -> None:
        if risk(decode(data).text, kind):
            return
        capture = Capture(1, "acme/news", URL, URL, data, "0", (), AT, 1)
        try:
            parsed = parse(capture, source)
        except ParseError:
            return
        for item in normalise(parsed, source, VENDOR):
            if hasattr(item, "published"):
                policy.admit(VENDOR, item.url)

    return run


def article(data: bytes) -> None:
    """Read the page of one entry."""
    try:
        parse_article(decode(data, "text/html"), URL)
    except ParseError:
        return


def address(data: bytes) -> None:
    """Read an address and a scope. The normal form of an address must read as itself."""
    text = data.decode("utf-8", "surrogateescape")
    for base in (None, URL):
        try:
            url = urls.clean(urls.unwrapped(urls.parse(text, base)))
        except UrlError:
            continue
        if urls.parse(url.text).text != url.text:
            raise AssertionError(f"{url.text} is not its own normal form")
        policy.admit(VENDOR, url.text)
    try:
        urls.parse_scope(text, Grant.OFFICIAL)
    except UrlError:
        return


def date(data: bytes) -> None:
    """Read a date."""
    dates.parse(data.decode("utf-8", "surrogateescape"))


def listing(data: bytes) -> None:
    """Read an allow-list. A refusal must name its problems."""
    try:
        allowlist.parse(data)
    except AllowlistError as error:
        if not error.problems:
            raise


def documents(*patterns: str) -> list[bytes]:
    """Return the golden documents of a kind."""
    contents = [path.read_bytes() for pattern in patterns for path in sorted((ROOT / "tests/golden").glob(pattern))]
    return [content[:LONGEST] for content in contents] or [b"<"]


@dataclass(frozen=True)
class Target:
    """A function under test and the seeds of its inputs."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


TARGETS = {
    "feed": Target(document(Kind.FEED), lambda: documents("*/document.xml", "*/document.json")),
    "page": Target(document(Kind.PAGE), lambda: documents("page*/*.html", "*/*.html")),
    "changelog": Target(document(Kind.CHANGELOG), lambda: documents("changelog*/*.html", "changelog*/*.md")),
    "sitemap": Target(document(Kind.SITEMAP), lambda: documents("sitemap*/*.xml", "sitemap*/*.txt", "sitemap*/*.gz")),
    "article": Target(article, lambda: documents("article*/*.html", "*/*.html")),
    "address": Target(address, lambda: ADDRESSES),
    "date": Target(date, lambda: DATES),
    "list": Target(listing, lambda: [LIST]),
}

# ── running ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Tally:
    """The results of a target. `slowest_s` is the CPU of one execution."""

    executions: int = 0
    crashes: list[str] = field(default_factory=list)
    over_budget: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


class OverBudgetError(Exception):
    """An execution used up its CPU."""


def stop(_signal: int, _frame: FrameType | None) -> None:
    """End an execution over its budget."""
    raise OverBudgetError


def fuzz(name: str, seconds: float, seed: int, kept: Path) -> Tally:
    """Run one target for a while in this process."""
    target, tally = TARGETS[name], Tally()
    current = kept / f"{name}.current"
    signal.signal(signal.SIGVTALRM, stop)
    end = time.monotonic() + seconds
    for data in mutations(target.seeds(), random.Random(f"{seed} {name}")):  # noqa: S311 - repeatable
        if time.monotonic() > end:
            break
        current.write_bytes(data)
        fault, spent = execute(target, data)
        tally.executions += 1
        tally.slowest_s = max(tally.slowest_s, spent)
        if fault or spent > BUDGET_S:
            path = kept / f"{name}.{tally.executions}"
            path.write_bytes(data)
            (tally.crashes if fault else tally.over_budget).append(f"{fault or f'{spent:.1f} s'}: {path}")
    current.unlink(missing_ok=True)
    return tally


def execute(target: Target, data: bytes) -> tuple[str, float]:
    """Run a target once, and return an unexpected exception in words and the CPU seconds."""
    before = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, 2 * BUDGET_S)
    fault = ""
    try:
        target.run(data)
    except OverBudgetError:
        pass
    except Exception as error:  # noqa: BLE001 - unexpected exceptions are the subject
        fault = f"{error!r:.200}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return fault, time.process_time() - before


def in_process(name: str, seconds: float, seed: int, kept: Path) -> Tally:
    """Run one target in a process of its own, so that a fault in C counts."""
    options = {"--child": name, "--seconds": str(seconds), "--seed": str(seed), "--kept": str(kept)}
    command = [sys.executable, __file__, *(word for option in options.items() for word in option)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, timeout=seconds + 120)  # noqa: S603 - ourselves
    except subprocess.TimeoutExpired:
        return Tally(over_budget=[f"does not end: {kept / name}.current"])
    if done.returncode:
        return Tally(crashes=[f"exit status {done.returncode}: {kept / name}.current"])
    return Tally(**json.loads(done.stdout))


def main() -> int:
    """Run the targets one after the other and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / f"ingest-fuzz-{os.getpid()}")
    parser.add_argument("--child", choices=TARGETS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.kept.mkdir(exist_ok=True, parents=True)
    if options.child:
        print(json.dumps(vars(fuzz(options.child, options.seconds, options.seed, options.kept))))
        return 0
    names = options.target or list(TARGETS)
    print(f"{'target':12}{'executions':>12}{'crashes':>9}{'over budget':>13}{'slowest':>10}")
    faults: list[str] = []
    for name in names:
        tally = in_process(name, options.seconds / len(names), options.seed, options.kept)
        faults += tally.crashes + tally.over_budget
        print(
            f"{name:12}{tally.executions:12,}{len(tally.crashes):9}{len(tally.over_budget):13}{tally.slowest_s:8.2f} s",
            flush=True,
        )
    for line in faults[:50]:
        print(line)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
