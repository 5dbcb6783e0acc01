"""
Measure a round as a whole process: `ingest poll` over loopback TLS, cold, unchanged, not due and churned.

    scripts/bench [--feeds 100] [--entries 40] [--runs 3]

Another process serves deterministic feeds (RSS and Atom, HTML content, some in Japanese), each on its own host. Only the CPU and
memory of `ingest` are measured. The output is the median of the runs. The rows are checked after each round.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

IDLE = "nothing due"
START = datetime(2026, 5, 1, tzinfo=UTC)
TITLES = ("Model {n} is generally available", "新しいモデル{n}の提供を開始しました", "Agents & tools: release {n}")
PARAGRAPH = "<p>The team describes what changed, how it was measured and whom it helps, with numbers &amp; limits.</p>"


def host(feed: int) -> str:
    """Return the host of a feed."""
    return f"news.vendor{feed:05d}.com"


def entry(feed: int, number: int, dialect: str) -> str:
    """Write one entry: about 1 to 4 KB of HTML."""
    title = escape(TITLES[(feed + number) % len(TITLES)].format(n=number))
    link = f"https://{host(feed)}/posts/{number}"
    when = START + timedelta(hours=number)
    body = escape(PARAGRAPH * (10 + (feed * 7 + number * 3) % 30))
    if dialect == "rss":
        return (
            f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>"
            f"<pubDate>{when:%a, %d %b %Y %H:%M:%S} GMT</pubDate><description>{body}</description></item>"
        )
    return (
        f'<entry><id>{link}</id><title>{title}</title><link href="{link}"/><updated>{when.isoformat()}</updated>'
        f'<content type="html">{body}</content></entry>'
    )


def document(feed: int, entries: int, stamp: int) -> tuple[str, str]:
    """Return one feed and its kind. `stamp` changes its bytes and nothing else."""
    dialect = "rss" if feed % 2 else "atom"
    items = "".join(entry(feed, number, dialect) for number in range(entries))
    if dialect == "rss":
        head = f"<title>Vendor {feed}</title><link>https://{host(feed)}/</link><generator>{stamp}</generator>"
        return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>', "rss"
    head = f"<title>Vendor {feed}</title><id>https://{host(feed)}/</id><generator>{stamp}</generator>"
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{items}</feed>', "atom"


def write_folder(folder: Path, feeds: int, entries: int, stamp: int) -> None:
    """Write the vendors' documents with their manifest."""
    folder.mkdir(exist_ok=True)
    lines = []
    for feed in range(feeds):
        text, kind = document(feed, entries, stamp)
        (folder / f"{feed}.xml").write_text(text)
        lines.append(json.dumps({"path": f"{feed}.xml", "url": f"https://{host(feed)}/feed.xml", "kind": kind}))
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n")


def write_list(path: Path, feeds: int) -> None:
    """Write the allow-list of these vendors."""
    lines = ["version: 1", "vendors:"]
    for feed in range(feeds):
        lines += [
            f"  vendor{feed:05d}:",
            f"    name: Vendor {feed}",
            f"    home: https://{host(feed)}/",
            f"    official: [{host(feed)}]",
            "    sources:",
            f"      news: {{kind: feed, url: 'https://{host(feed)}/feed.xml', lang: en}}",
        ]
    path.write_text("\n".join(lines) + "\n")


@contextmanager
def vendors(folder: Path) -> Iterator[dict[str, str]]:
    """Serve a folder in another process, and yield a client's settings for it."""
    command = [sys.executable, "-m", "ingest.demo.server", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own module
        if server.stdout is None:
            sys.exit("the vendor server did not start")
        settings = dict(server.stdout.readline().strip().split("=", 1) for _ in range(3))
        try:
            yield settings
        finally:
            server.terminate()


def poll(folder: Path, settings: dict[str, str], *which: str) -> tuple[float, float, dict[str, int]]:
    """Run one round of the due sources, or of `which`. Return CPU seconds, peak memory in MB and the report."""
    environment = {**os.environ, **settings, "INGEST_HOST_GAP": "0s", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "ingest", "poll", *which, "--json"]
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=errors)  # noqa: S603 - ours
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            sys.exit(f"the round failed with exit status {process.returncode}:\n{errors.read()}")
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, json.load(output)


def run(feeds: int, entries: int) -> dict[str, tuple[float, float]]:
    """Run the rounds once on a new database. Return CPU seconds and MB of each."""
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_list(folder / "sources.yaml", feeds)
        for stamp, rounds in enumerate((("cold", "unchanged", IDLE), ("churned",))):
            write_folder(folder / "vendors", feeds, entries, stamp)
            with vendors(folder / "vendors") as settings:
                for label in rounds:
                    cpu, memory, report = poll(folder, settings, *(() if label == IDLE else ("--all",)))
                    polled = 0 if label == IDLE else feeds
                    expected = feeds * entries if label == "cold" else 0
                    if (report["polled"], report["created"], report["failed"]) != (polled, expected, 0):
                        sys.exit(f"{label}: expected {polled} polled and {expected} created, got {report}")
                    figures[label] = (cpu, memory)
        with sqlite3.connect(folder / "ingest.db") as database:
            (stored,) = database.execute("SELECT count(*) FROM v1_headlines").fetchone()
        database.close()
        if stored != feeds * entries:
            sys.exit(f"{stored} headlines stored, expected {feeds * entries}")
    return figures


def main() -> None:
    """Run, take medians, and print a row for each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=100)
    parser.add_argument("--entries", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    runs = [run(options.feeds, options.entries) for _ in range(options.runs)]
    sys.stdout.write(f"{options.feeds} feeds of {options.entries} entries, median of {options.runs}, whole process\n")
    for label in runs[0]:
        cpu = statistics.median(figures[label][0] for figures in runs)
        memory = statistics.median(figures[label][1] for figures in runs)
        a_feed = "" if label == IDLE else f" {1000 * cpu / options.feeds:7.1f} ms a feed"
        sys.stdout.write(f"{label:12} {cpu:6.2f} s CPU {memory:5.0f} MB peak{a_feed}\n")


if __name__ == "__main__":
    main()
