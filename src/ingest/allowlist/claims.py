"""
Scopes claimed by two vendors (CONTRACT §2: "one scope claimed by two vendors").

Two scopes meet if one address matches both. Scopes are simple (a host or its subdomains, literal path segments with at
most one `*`, open or closed at the end), so a handful of sample addresses represents all: one for each continuation of
the common part. `urls.matches` judges those addresses, exceptions included, so matching has one implementation.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest import urls
from ingest.allowlist.report import Report, quoted
from ingest.allowlist.values import DeclaredScope
from ingest.model import Grant, PathMatch, Scope

ANY_WORD = "zz-any-zz"
"""Stands for a label or segment in no scope."""

TAILS = ("", ANY_WORD, f"{ANY_WORD}/", f"{ANY_WORD}/{ANY_WORD}")
"""The continuations of an open path: none, one segment, one closed segment, two."""


@dataclass(frozen=True, slots=True)
class Territory:
    """The claims of one vendor: its official scopes and carriers, minus its exceptions."""

    vendor_id: str
    claims: tuple[DeclaredScope, ...]
    exceptions: tuple[Scope, ...]

    @classmethod
    def of(cls, vendor_id: str, declared: Iterable[DeclaredScope]) -> Territory:
        """Sort a vendor's scopes into claims and exceptions."""
        declared = tuple(declared)
        claims = tuple(claim for claim in declared if claim.scope.grant is not Grant.EXCEPTION)
        return cls(vendor_id, claims, tuple(claim.scope for claim in declared if claim.scope.grant is Grant.EXCEPTION))

    def gives_up(self, url: urls.Url) -> bool:
        """Whether an exception excludes the address."""
        return any(urls.matches(scope, url) for scope in self.exceptions)


def report_overlaps(territories: Sequence[Territory], report: Report) -> None:
    """Report every scope that meets one of another vendor without an exception by either, at the later of the two."""
    held = [(territory, claim) for territory in territories for claim in territory.claims]
    for (one, first), (other, second) in _neighbours(held):
        contested = [
            url for url in _witnesses(first.scope, second.scope) if not one.gives_up(url) and not other.gives_up(url)
        ]
        if contested:
            _report(one, first, other, second, report)


def _report(one: Territory, first: DeclaredScope, other: Territory, second: DeclaredScope, report: Report) -> None:
    if first.place > second.place:
        one, first, other, second = other, second, one, first
    mine, theirs = quoted(second.scope.text), quoted(first.scope.text)
    if _inside(second.scope, first.scope) != _inside(first.scope, second.scope):
        wide, narrow = (one, second.scope) if _inside(second.scope, first.scope) else (other, first.scope)
        remedy = f'Add "!{narrow.text}" to the official scopes of {wide.vendor_id}, or drop one.'
    else:
        remedy = "Keep it with one of them."
    report.add(second.place, f"{mine} overlaps {theirs} of vendor {one.vendor_id}, line {first.place.line}.", remedy)


Held = tuple[Territory, DeclaredScope]


def _neighbours(held: Sequence[Held]) -> Iterator[tuple[Held, Held]]:
    """
    Pair claims of different vendors that could meet, each pair once.

    Only claims with one host, or a wildcard above it, and with compatible first path segments are compared: hundreds of
    vendors share github.com.
    """
    by_site: dict[tuple[str, bool], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, (_, claim) in enumerate(held):
        by_site[claim.scope.host, claim.scope.subdomains][_head(claim.scope)].append(index)
    pairs: set[tuple[int, int]] = set()
    for index, (territory, claim) in enumerate(held):
        for site in _sites_over(claim.scope):
            heads = by_site.get(site, {})
            head = _head(claim.scope)
            near = heads.values() if not head else (heads.get(head, ()), heads.get("", ()))
            pairs.update(
                (min(index, other), max(index, other))
                for other in itertools.chain.from_iterable(near)
                if held[other][0].vendor_id != territory.vendor_id
            )
    return ((held[first], held[second]) for first, second in sorted(pairs))


def _sites_over(scope: Scope) -> Iterator[tuple[str, bool]]:
    """List (host, subdomains) of the scopes with this one's hosts: its own, and wildcards of its parents."""
    yield scope.host, scope.subdomains
    labels = scope.host.split(".")
    yield from ((".".join(labels[start:]), True) for start in range(1, len(labels)))


def _segments(scope: Scope) -> tuple[list[str], bool]:
    """Take a path apart: its segments (`*` for the free one), and whether anything may follow."""
    if scope.path_match is PathMatch.ANY:
        return [], True
    path = scope.path_before if scope.path_after is None else f"{scope.path_before}*{scope.path_after}"
    segments = path.split("/")[1:]
    return (segments[:-1], True) if scope.path_match is PathMatch.PREFIX else (segments, False)


def _head(scope: Scope) -> str:
    segments, _ = _segments(scope)
    return segments[0].lower() if segments and segments[0] != "*" else ""


def _witnesses(one: Scope, other: Scope) -> list[urls.Url]:
    """Return sample addresses for all matches of both scopes, or nothing if they do not meet."""
    deeper = one if len(one.host) >= len(other.host) else other
    if one.host == other.host and one.subdomains != other.subdomains:
        return []
    host = f"{ANY_WORD}.{deeper.host}" if deeper.subdomains else deeper.host
    (short, short_open), (long, long_open) = sorted((_segments(one), _segments(other)), key=lambda path: len(path[0]))
    if not short_open and (long_open or len(short) != len(long)):
        return []
    path = "".join("/" + (b if a == "*" else a) for a, b in itertools.zip_longest(short, long, fillvalue="*"))
    path = path.replace("*", ANY_WORD)
    query = one.query or other.query
    samples = (
        f"https://{host}{path}{'/' + tail if long_open and short_open else ''}{'?' + query if query else ''}"
        for tail in (TAILS if long_open and short_open else ("",))
    )
    return [url for url in map(urls.parse, samples) if urls.matches(one, url) and urls.matches(other, url)]


def _inside(inner: Scope, outer: Scope) -> bool:
    """Whether `outer` matches all addresses matched by `inner`."""
    own = _witnesses(inner, inner)
    return bool(own) and all(urls.matches(outer, url) for url in own)
