"""The stored headlines and pairs around those being placed, each read once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ingest.store import Connection, members, placings
from ingest.store.members import Placed
from ingest.stories import Join

Pair = tuple[str, str]


class Surroundings:
    """
    What one transaction has read about headlines and their pairs, with its own changes.

    new: the headlines that were never placed before. They have no pairs, no keys and a story of their own
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._placed: dict[str, Placed] = {}
        self._joins: dict[str, dict[Pair, Join]] = defaultdict(dict)
        self._complete: set[str] = set()
        self.new: set[str] = set()

    def of(self, ids: Iterable[str]) -> dict[str, Placed]:
        """Return headlines with their places, by id."""
        wanted = set(ids)
        read = members.placed(self._conn, wanted - self._placed.keys())
        self.new |= {id_ for id_, one in read.items() if one.group is None}
        self._placed |= read
        return {id_: self._placed[id_] for id_ in sorted(wanted) if id_ in self._placed}

    def put(self, ids: Iterable[str]) -> None:
        """Note that headlines were placed again by their present day, each alone in its group."""
        for id_ in ids:
            one = self._placed[id_]
            self._placed[id_] = replace(one, group=id_, day=one.member.day)

    def pairs_of(self, ids: Iterable[str]) -> dict[Pair, Join]:
        """Return every join of these headlines."""
        wanted = set(ids)
        for pair, join in placings.pairs_of(self._conn, wanted - self._complete - self.new).items():
            self._add(pair, join)
        self._complete |= wanted
        return {pair: join for id_ in wanted for pair, join in self._joins[id_].items()}

    def change_pairs(self, dropped: Iterable[Pair], added: Mapping[Pair, Join]) -> None:
        """Note which pairs the transaction has dropped and stored."""
        for pair in dropped:
            for id_ in pair:
                self._joins[id_].pop(pair, None)
        for pair, join in added.items():
            self._add(pair, join)

    def _add(self, pair: Pair, join: Join) -> None:
        for id_ in pair:
            self._joins[id_][pair] = join

    def connected(self, ids: Iterable[str], *, likeness: bool = True) -> tuple[set[str], dict[Pair, Join]]:
        """Return all headlines connected with these by pairs, and the pairs."""
        connected: set[str] = set()
        joins: dict[Pair, Join] = {}
        waiting = set(ids)
        while waiting:
            connected |= waiting
            known = self.pairs_of(waiting)
            joins |= {pair: join for pair, join in known.items() if likeness or join.rule not in placings.LIKENESS}
            waiting = {end for pair in joins for end in pair} - connected
        return connected, joins
