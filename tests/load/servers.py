"""Vendors for the load checks: hosts with several sources each, redirects between them, news all the time, a timed log."""

from __future__ import annotations

import random
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import urlsplit

from ingest.demo import server as demo
from ingest.demo.answers import Answer, redirect
from ingest.demo.server import VendorServer
from support.world import Item, rss


@dataclass(frozen=True)
class Visit:
    """One request by the server's clock (monotonic seconds): from its last header to just before its last byte goes out."""

    url: str
    came: float
    left: float

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


class TimedServer(VendorServer):
    """
    The vendors, answering after a while, with a log of when each request came and left.

    `left` is read before the last byte goes out: the client cannot go on earlier, however late our thread runs again.
    """

    def __init__(self, delay: tuple[float, float] = (0.0, 0.0)) -> None:
        super().__init__()
        self.delay = delay
        self.visits: list[Visit] = []
        self.asked = threading.Event()
        self._server.RequestHandlerClass = _TimedConnection

    def note(self, visit: Visit) -> None:
        with self._lock:
            self.visits.append(visit)


class _TimedConnection(demo._Connection):
    def do_GET(self) -> None:  # noqa: N802 - the name is the base class's
        self.came = time.monotonic()
        vendors = self.server.vendors
        assert isinstance(vendors, TimedServer)
        vendors.asked.set()
        time.sleep(random.uniform(*vendors.delay))
        super().do_GET()

    def _send(self, status: int, headers: list[tuple[str, str]], coding: str, body: bytes) -> None:
        vendors = self.server.vendors
        assert isinstance(vendors, TimedServer)
        host = self.headers.get("Host", "").partition(":")[0].lower()
        vendors.note(Visit(f"https://{host}{self.path}", self.came, time.monotonic()))
        super()._send(status, headers, coding, body)


def show(figures: str) -> None:
    """Show figures where output is not captured (pytest -s)."""
    sys.stdout.write(f"\n{figures}\n")


def smallest_gap(visits: list[Visit]) -> float:
    """Seconds from the end of a request to the start of the next at the same host; negative for two at once."""
    ordered = sorted(visits, key=lambda visit: visit.came)
    hosts = {visit.host for visit in ordered}
    gaps = [
        after.came - before.left
        for host in hosts
        for before, after in pairwise(visit for visit in ordered if visit.host == host)
    ]
    return min(gaps, default=float("inf"))


def fetched_again_within(visits: list[Visit], seconds: float) -> list[str]:
    """Addresses that were asked twice within so many seconds."""
    last: dict[str, float] = {}
    result: list[str] = []
    for visit in sorted(visits, key=lambda visit: visit.came):
        if visit.came - last.get(visit.url, float("-inf")) < seconds:
            result.append(visit.url)
        last[visit.url] = visit.came
    return result


KINDS_OF_HOST = ("www", "blog", "labs")

SHOWN = 30
"""Items in a feed; what is not seen while it is among the newest is lost."""


@dataclass
class VendorSet:
    """
    So many vendors with three hosts each and so many feeds a host.

    Of each host, the last feed is a redirect to the vendor's next host, round in a circle, so that polls of all three wait
    for one another's hosts; the one before it is a redirect to a carrier, a host that no source names.
    """

    vendors: int = 20
    feeds: int = 5
    interval: str = "12s"
    min_interval: str = "10s"
    chance: random.Random = field(default_factory=lambda: random.Random(20260522))

    def __post_init__(self) -> None:
        self.items: dict[str, list[Item]] = {}
        self.redirects: dict[str, Answer] = {}
        self.links: set[str] = set()
        for vendor in range(self.vendors):
            for number, kind in enumerate(KINDS_OF_HOST):
                host, beyond = self._host(vendor, kind), self._host(vendor, KINDS_OF_HOST[(number + 1) % 3])
                urls = [f"https://{host}/feed/{feed}.xml" for feed in range(self.feeds)]
                places = [f"https://{beyond}/moved-{kind}.xml", f"https://feeds.vendor{vendor}-ai.net/{kind}.xml"]
                moved = dict(zip(reversed(urls), places, strict=False)) if self.feeds > 2 else {}
                self.redirects |= {url: redirect(place, 302) for url, place in moved.items()}
                self.items |= {moved.get(url, url): [] for url in urls}
        self._numbers = dict.fromkeys(self.items, 0)

    @staticmethod
    def _host(vendor: int, kind: str) -> str:
        return f"{kind}.vendor{vendor}-ai.com"

    @property
    def sources(self) -> int:
        return len(self.items)

    def list(self, note: str = "") -> str:
        """The allow-list."""
        lines = [
            f"# {note}\nversion: 1\ndefaults: {{interval: {self.interval}, min_interval: {self.min_interval}, max_interval: 1h}}",
            "vendors:",
        ]
        for vendor in range(self.vendors):
            name = f"vendor{vendor}-ai.com"
            lines += [
                f"  v{vendor}:",
                f"    name: Vendor {vendor}",
                f"    home: https://www.{name}/",
                f'    official: ["*.{name}"]',
                f"    carriers: [{{scope: feeds.vendor{vendor}-ai.net, reason: the vendor's own feed host}}]",
                "    sources:",
            ]
            lines += [
                f"      {kind}-{feed}: {{kind: feed, url: 'https://{self._host(vendor, kind)}/feed/{feed}.xml', lang: en}}"
                for kind in KINDS_OF_HOST
                for feed in range(self.feeds)
            ]
        return "\n".join(lines) + "\n"

    def announce(self, share: float = 1.0) -> dict[str, Answer]:
        """Add an item to a share of the feeds; every third is carried by another feed of the vendor, too."""
        chosen = [url for url in self.items if self.chance.random() < share]
        touched = set(chosen)
        for url in chosen:
            vendor = url.split(".")[1].removesuffix("-ai")
            self._numbers[url] += 1
            page = f"https://www.{vendor}-ai.com/news/{abs(hash((url, self._numbers[url]))):x}"
            title = f"{vendor} announces number {len(self.links)}"
            self.links.add(page)
            published = datetime.now(UTC) - timedelta(hours=len(self.links))  # or a day has hundreds of a vendor
            self.items[url].insert(0, Item(title, page, published, guid=f"{url}#{self._numbers[url]}"))
            if self._numbers[url] % 3 == 0:
                others = [other for other in self.items if f".{vendor}-ai." in other and other != url]
                other = self.chance.choice(others)
                self.items[other].insert(0, Item(f"{title} (again)", page, published, guid=f"again {page}"))
                touched.add(other)
        return {url: rss(*self.items[url][:SHOWN]) for url in touched}

    def open(self, server: VendorServer) -> None:
        """Put everything on the server, with a first item a feed."""
        server.update(self.redirects)
        server.update({url: rss() for url in self.items})
        server.update(self.announce())


class Publisher:
    """Announces something at a share of the feeds again and again, in a thread, until the block ends."""

    def __init__(self, vendor_set: VendorSet, server: VendorServer, *, every: float, share: float) -> None:
        self._vendor_set, self._server, self._every, self._share = vendor_set, server, every, share
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._server.update(self._vendor_set.announce(self._share))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
