"""From stanzas to the values of `model`, with the checks of several keys together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import timedelta

from ingest import policy, urls
from ingest.allowlist import selectors
from ingest.allowlist.claims import Territory, report_overlaps
from ingest.allowlist.report import Report, quoted
from ingest.allowlist.stanzas import ListStanza, PaceStanza, SourceStanza, VendorStanza
from ingest.allowlist.values import DeclaredScope
from ingest.model import Grant, Kind, Source, Vendor

PACE = {"min_interval": timedelta(minutes=10), "interval": timedelta(hours=1), "max_interval": timedelta(hours=24)}
"""The default intervals (CONTRACT §2), from short to long."""


def assemble(stanza: ListStanza, report: Report, *, private: bool) -> tuple[tuple[Vendor, ...], tuple[Source, ...]]:
    """
    Check several keys together and make the values. They are usable only if the report stayed empty.

    `private` lets names of private networks be scopes. A check of an already refused value is left out, so that each
    fault is reported once.
    """
    defaults = _paced(stanza.defaults, PACE, report) if stanza.defaults else PACE
    vendors, sources, territories = [], [], []
    for vendor_id, vendor_stanza in stanza.vendors.items():
        claims = tuple(_claims(vendor_stanza))
        vendor = Vendor(
            id=vendor_id,
            name=vendor_stanza.name or vendor_id,
            home=vendor_stanza.home.text if vendor_stanza.home else "",
            scopes=tuple(claim.scope for claim in claims),
        )
        _check_scopes(vendor_stanza, claims, report)
        if not private:
            _check_names(claims, report)
        _check_home(vendor, vendor_stanza, report)
        _check_addresses(vendor, vendor_stanza, report)
        for source in vendor_stanza.sources.values():
            selectors.check(source.kind, source.select, source.where("select"), report)
            _check_pages(source, report)
            _check_pause(source, report)
        vendors.append(vendor)
        territories.append(Territory.of(vendor_id, claims))
        sources += [
            _source(vendor_id, key, source, _paced(source, defaults, report))
            for key, source in vendor_stanza.sources.items()
        ]
    report_overlaps(territories, report)
    return tuple(vendors), tuple(sources)


def _claims(stanza: VendorStanza) -> Iterator[DeclaredScope]:
    yield from stanza.official or ()
    yield from (claim for carrier in stanza.carriers if (claim := carrier.claim) is not None)


def _check_scopes(stanza: VendorStanza, claims: tuple[DeclaredScope, ...], report: Report) -> None:
    """Check for an official scope beside the exceptions, and for a scope listed twice."""
    official = stanza.where("official")
    grants = {claim.scope.grant for claim in claims}
    if not report.touches(official.key) and Grant.OFFICIAL not in grants:
        report.add(official, "holds exceptions only, so nothing would be official.", "Add the host of the exceptions.")
    first: dict[tuple[str, Grant], DeclaredScope] = {}
    for claim in claims:
        known = first.setdefault((claim.scope.text, claim.scope.grant), claim)
        if known is not claim:
            what = f"{quoted(claim.scope.text)} is listed twice, first on line {known.place.line}."
            report.add(claim.place, what, "Keep one of the two.")


def _check_names(claims: tuple[DeclaredScope, ...], report: Report) -> None:
    """Refuse a name without an owner on the public Internet. An exception may still have one."""
    for claim in claims:
        if claim.scope.grant is not Grant.EXCEPTION and urls.is_special(claim.scope.host):
            what = f"{quoted(claim.scope.text)} lies in a domain reserved for private or special use (RFC 6761)."
            remedy = "Name the vendor's public host; INGEST_PRIVATE_NETWORKS allows such names on your own network."
            report.add(claim.place, what, remedy)


def _check_home(vendor: Vendor, stanza: VendorStanza, report: Report) -> None:
    """The front page is linked to from ours, so the policy holds for it as for every link."""
    if stanza.home is None or report.touches(stanza.where("official").key):
        return
    verdict = policy.admit(vendor, stanza.home.text)
    if isinstance(verdict, policy.Refused):
        report.add(
            stanza.where("home"),
            f"{quoted(stanza.home.text)} is not official: {verdict.detail}",
            "Name a page inside one of the official scopes, or add its scope to official.",
        )


def _check_addresses(vendor: Vendor, stanza: VendorStanza, report: Report) -> None:
    """Every source lies in a scope or carrier of its vendor, and no address is polled twice to the same end."""
    whole = not any(report.touches(stanza.where(name).key) for name in ("official", "carriers"))
    first: dict[object, SourceStanza] = {}
    for source in stanza.sources.values():
        if source.url is None:
            continue
        verdict = policy.admit_fetch(vendor, source.url.text) if whole else None
        if isinstance(verdict, policy.Refused):
            report.add(
                source.where("url"),
                f"{quoted(source.url.text)} may not be polled for {vendor.id}: {verdict.detail}",
                "Correct the address, or add its scope to official or, with a reason, to carriers.",
            )
        known = first.setdefault((source.url.text, tuple(sorted(selectors.texts(source.select).items()))), source)
        if known is not source:
            what = (
                f"the same address is polled by {known.place.key.rpartition('.')[2]}, line {known.where('url').line}."
            )
            report.add(source.where("url"), what, "Keep one of the two sources.")


def _check_pages(source: SourceStanza, report: Report) -> None:
    """A number of pages means something only where a next page is named."""
    if "pages" in source.places and "next" not in source.select and not report.touches(source.where("select").key):
        what = "counts the further pages of a list, but select.next is missing."
        report.add(source.where("pages"), what, "Add it, for example select: {next: a.next}, or leave pages out.")


def _check_pause(source: SourceStanza, report: Report) -> None:
    """Refuse a reason for a pause of an enabled source."""
    if source.paused and source.enabled and not report.touches(source.where("enabled").key):
        what = "is the reason for a pause, but the source is enabled."
        report.add(source.where("paused"), what, "Write enabled: false beside it, or leave it out.")


Pace = Mapping[str, timedelta]


def _paced(stanza: PaceStanza, inherited: Pace, report: Report) -> Pace:
    """Fill in missing intervals, and check that min_interval ≤ interval ≤ max_interval."""
    own = {name: value for name in PACE if (value := getattr(stanza, name)) is not None}
    pace = {**inherited, **own}
    for shorter, longer in (("min_interval", "interval"), ("interval", "max_interval")):
        bound = shorter if longer == "interval" else longer
        if pace[shorter] <= pace[longer] or not {"interval", bound} & own.keys():
            continue
        blamed, other = ("interval", bound) if "interval" in own else (bound, "interval")
        than = "shorter" if blamed == longer else "longer"
        origin = "" if other in own else ", the default"
        what = f"{in_words(pace[blamed])} is {than} than {other}, {in_words(pace[other])}{origin}."
        report.add(stanza.where(blamed), what, f"Change it, or set {other} here to fit.")
    return pace


def _source(vendor_id: str, key: str, stanza: SourceStanza, pace: Pace) -> Source:
    source = Source(
        id=f"{vendor_id}/{key}",
        vendor_id=vendor_id,
        kind=stanza.kind or Kind.FEED,
        url=stanza.url.text if stanza.url else "",
        digest="",
        role=stanza.role,
        lang=stanza.lang,
        interval=pace["interval"],
        min_interval=pace["min_interval"],
        max_interval=pace["max_interval"],
        max_silence=stanza.max_silence,
        first_fill=stanza.first_fill,
        include=stanza.include,
        exclude=stanza.exclude,
        topics=stanza.topics,
        article=stanza.article,
        enabled=stanza.enabled,
        paused=stanza.paused,
        product=stanza.product,
        note=stanza.note,
        robots_ignored_because=(stanza.robots and stanza.robots.ignore) or "",
        headers=tuple(sorted(stanza.headers.items())),
        select=tuple(sorted(selectors.texts(stanza.select).items())),
        pages=stanza.pages,
    )
    return replace(source, digest=_digest(source))


def _digest(source: Source) -> str:
    """Digest the keys that affect polling and parsing, as canonical JSON."""
    values = {field.name: getattr(source, field.name) for field in fields(source)}
    values["robots_ignored_because"] = bool(values["robots_ignored_because"])
    for name in ("digest", "note", "paused", "product", "max_silence", "pages"):
        del values[name]
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), default=timedelta.total_seconds)
    return hashlib.sha256(canonical.encode()).hexdigest()


def in_words(span: timedelta) -> str:
    """Write a duration as the list does, in its largest whole unit."""
    seconds = int(span.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
