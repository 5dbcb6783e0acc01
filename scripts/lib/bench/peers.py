"""
The same rounds by two peers: lemon24/reader, and a script of httpx and feedparser.

    python -m bench.peers reader|naive FOLDER PORT CA_FILE FEEDS

Every name leads to the loopback server, and the only trust anchor is the server's. The database is kept in FOLDER. The output is
the number of stored entries.
"""

from __future__ import annotations

import socket
import sqlite3
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench import feeds

_WORKERS = 8


def lead_to(port: int) -> None:
    """Resolve every name to the loopback server."""
    original = socket.getaddrinfo

    def resolve(_host: str, _port: int, *arguments: Any, **names: Any) -> Any:  # noqa: ANN401 - the shape of getaddrinfo
        return original("127.0.0.1", port, *arguments, **names)

    socket.getaddrinfo = resolve  # type: ignore[assignment]  # a peer has no setting for this


def urls(count: int) -> list[str]:
    """Return the addresses of all feeds."""
    return [f"https://{feeds.host(feed)}/feed.xml" for feed in range(count)]


def run_reader(folder: Path, ca_file: str, count: int) -> int:
    """Update all feeds with reader."""
    from reader import make_reader

    reader = make_reader(str(folder / "reader.sqlite"))

    reader._parser.get_retriever("https://").session.verify = ca_file  # noqa: SLF001 - reader has no setting for it
    if not reader.get_feed_counts().total:
        for url in urls(count):
            reader.add_feed(url)
    for result in reader.update_feeds_iter(scheduled=False, workers=_WORKERS):
        feed = feeds.number(result.url)
        if isinstance(result.value, Exception) and not feeds.is_malformed(
            feed
        ):  # reader refuses what is not well-formed
            sys.exit(f"{result.url}: {result.value!r} {result.value.__cause__!r}")
    return int(reader.get_entry_counts().total or 0)


def run_naive(folder: Path, ca_file: str, count: int) -> int:
    """Fetch with httpx, parse with feedparser, and write each entry with one statement."""
    import feedparser  # noqa: TID251 - a peer
    import httpx  # noqa: TID251 - a peer

    connection = sqlite3.connect(folder / "naive.sqlite")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS entries (url, id, title, link, date, content, PRIMARY KEY (url, id))"
    )
    connection.execute("CREATE TABLE IF NOT EXISTS feeds (url PRIMARY KEY, etag)")
    etags = dict(connection.execute("SELECT url, etag FROM feeds"))
    context = ssl.create_default_context(cafile=ca_file)
    with httpx.Client(verify=context) as client, ThreadPoolExecutor(_WORKERS) as pool:

        def get(url: str) -> httpx.Response:
            return client.get(url, headers={"If-None-Match": etags[url]} if url in etags else {})

        for url, response in zip(urls(count), pool.map(get, urls(count)), strict=True):
            if response.status_code == httpx.codes.NOT_MODIFIED:
                continue
            for entry in feedparser.parse(response.content).entries:
                content = entry.content[0].value if "content" in entry else entry.get("summary")
                row = (url, entry.id, entry.title, entry.link, entry.get("published") or entry.get("updated"), content)
                connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)
            connection.execute("INSERT OR REPLACE INTO feeds VALUES (?, ?)", (url, response.headers["etag"]))
            connection.commit()
    return int(connection.execute("SELECT count(*) FROM entries").fetchone()[0])


if __name__ == "__main__":
    peer, directory, port_text, anchor, feed_count = sys.argv[1:]
    lead_to(int(port_text))
    run = {"reader": run_reader, "naive": run_naive}[peer]
    sys.stdout.write(f"{run(Path(directory), anchor, int(feed_count))}\n")
