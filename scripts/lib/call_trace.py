"""
Trace the path of one announcement through the modules: the calls of one poll of a feed with one new entry.

A stay is an unbroken stretch inside one room. Each module of `pipeline` and `judging` is a room, and so is each other package.
`--walk` prints the stays in order, indented by depth. The fetching thread is not traced.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from ingest.demo.server import VendorServer  # noqa: E402 - same
from ingest.fetch import Fetcher  # noqa: E402 - same
from ingest.store.engine import open_engine  # noqa: E402 - same
from support.databases import make_template  # noqa: E402 - behind the path
from support.world import FEED, NOW, Item, World, fetch_settings, rss  # noqa: E402 - same

_BY_MODULE: Final = ("pipeline", "judging")
_NO_ROOMS: Final = frozenset({"model", "errors", "rules"})
"""Modules of plain values, used by every room."""


class Trace:
    """The stays of one thread: room and depth, in order."""

    def __init__(self) -> None:
        self.stays: list[tuple[int, str, bool]] = []
        self._stack: list[str] = []

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:  # noqa: ANN401 - a profile function takes anything
        """Receive one call or return (`sys.setprofile`)."""
        room = _room(frame.f_globals.get("__name__", ""))
        if not room or event not in {"call", "return"}:
            return
        if event == "call":
            is_new = not self._stack or self._stack[-1] != room
            self._stack.append(room)
            self._stay(room, is_entry=is_new)
        elif self._stack:
            self._stack.pop()
            if self._stack:
                self._stay(self._stack[-1], is_entry=False)

    def _stay(self, room: str, *, is_entry: bool) -> None:
        if not self.stays or self.stays[-1][1] != room:
            self.stays.append((len(self._stack), room, is_entry))


def _room(module: str) -> str:
    parts = module.split(".")
    if parts[0] != "ingest" or len(parts) == 1 or parts[1] in _NO_ROOMS:
        return ""
    return ".".join(parts[1:3]) if parts[1] in _BY_MODULE else parts[1]


def trace() -> Trace:
    """Poll a feed once to load everything, then trace the poll with one more announcement."""
    tracer = Trace()
    items = [Item(f"Acme opens lab {number}", f"https://www.acme-ai.com/lab-{number}") for number in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{make_template(Path(folder) / 'trace.db')}")
        with (
            VendorServer({FEED: rss(items[0])}) as server,
            Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher,
        ):
            world = World(engine, server, fetcher)
            world.round("acme/news")
            server.update({FEED: rss(*items)})
            sys.setprofile(tracer)
            try:
                world.round("acme/news")
            finally:
                sys.setprofile(None)
        engine.dispose()
    return tracer


def main(arguments: Sequence[str]) -> int:
    """Print the number of stays, their rooms and, on request, their order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walk", action="store_true", help="print the stays in order")
    options = parser.parse_args(arguments)
    tracer = trace()
    inside = [(depth, room, entry) for depth, room, entry in tracer.stays if room.startswith(_BY_MODULE)]
    entries = Counter(room for _, room, entry in tracer.stays if entry)
    if options.walk:
        for depth, room, entry in tracer.stays:
            print(f"{'  ' * depth}{'> ' if entry else '< '}{room}")
    print(f"stays: {len(tracer.stays)} in {len({room for _, room, _ in tracer.stays})} rooms")
    print(f"stays in pipeline and judging: {len(inside)} in {len({room for _, room, _ in inside})} modules")
    print("entered:", ", ".join(f"{room} {times}" for room, times in entries.most_common()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
