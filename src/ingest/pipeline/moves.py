"""
Sources that moved or are gone: what redirects and refusals add up to, for the operator to decide.

A redirect is followed for the document's sake where the policy admits it; the list changes only by an operator's hand. So
what was seen is kept as a proposal, with a change that is ready to be made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from ingest import policy, polling, urls
from ingest.errors import UrlError
from ingest.model import Failed, Fetched, Hop, NotModified, Source, Vendor
from ingest.store import proposals

SIGHTINGS: Final = 3
"""So often a move must be seen before it is proposed: caches and mistakes give permanent redirects, too (RFC 9110 §15.4.2)."""

DAYS: Final = timedelta(days=3)
"""And over so many days: a weekend's mistake is mended on Monday."""

DAYS_NOT_FOUND: Final = timedelta(days=14)
"""404 says less than 410: addresses are missing for a while when a site is rebuilt."""

_PERMANENT: Final = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Sighting:
    """
    One answer that says that a source is no longer where the list has it.

    `at_once` says that an operator hears of it the first time; `told` is what it means, as a sentence.
    """

    kind: proposals.Kind
    to_url: str
    told: str
    evidence: dict[str, Any]
    at_once: bool = False
    after: timedelta = DAYS


def sighted(source: Source, vendor: Vendor, found: Fetched | NotModified | Failed) -> Sighting | None:
    """Say what an answer tells about where a source is; None where it is where the list has it, or where nothing tells."""
    if isinstance(found, Failed):
        return _refused(vendor, found)
    hops = found.response.hops
    if not hops:
        return None
    came_from = urls.parse(source.url).host
    permanent = _permanent_end(hops)
    final = found.response.final_url
    to_url = permanent or final
    kind: proposals.Kind = "path" if _host(to_url) == came_from else "host"
    if permanent is None and kind == "path":
        return None  # a temporary redirect on one host says nothing (RFC 9110 §15.4.3)
    how = "for good" if permanent else "for now"
    told = f"moved {how} to {to_url}, which is in the list of {vendor.name}; give it as its url in sources.yaml"
    return Sighting(kind, to_url, told, _evidence(hops, final), at_once=permanent is not None and kind == "host")


def _refused(vendor: Vendor, failed: Failed) -> Sighting | None:
    if failed.rule == "off-list-redirect" and failed.hops:
        last = failed.hops[-1]
        told = f"redirects to {last.location}, which is not in the list of {vendor.name} and was not asked"
        return Sighting(
            "off-list",
            last.location,
            told,
            _evidence(failed.hops, ""),
            at_once=all(hop.status_code in _PERMANENT for hop in failed.hops),
        )
    if failed.rule in polling.VANISHED:
        after = DAYS if failed.rule == "gone" else DAYS_NOT_FOUND
        told = f"answers {failed.status_code}; find its new address, or take it out of sources.yaml"
        return Sighting("gone", "", told, {"status_code": failed.status_code, "detail": failed.detail}, after=after)
    return None


def note(
    conn: Connection, source: Source, vendor: Vendor, sighting: Sighting, now: datetime
) -> tuple[proposals.Proposal, bool]:
    """Keep a sighting; gives the proposal, and whether it has just come before the operator."""
    kept = proposals.record(
        conn,
        source.id,
        sighting.kind,
        source.url,
        sighting.to_url,
        change=change_of(source, vendor, sighting),
        evidence=sighting.evidence,
        now=now,
    )
    often = kept.times >= SIGHTINGS and kept.last_seen_at - kept.first_seen_at >= sighting.after
    return kept, (sighting.at_once or often) and proposals.open_(conn, kept)


def change_of(source: Source, vendor: Vendor, sighting: Sighting) -> str:
    """
    Write the change that an operator would make, as YAML that belongs into `sources.yaml`.

    What no list could hold (a number, another scheme, an exception) is not proposed: the source can only rest.
    """
    key = source.id.removeprefix(f"{vendor.id}/")
    refused = policy.admit_fetch(vendor, sighting.to_url)
    is_addable = isinstance(refused, policy.Refused) and refused.rule == "off-scope"
    lines = ["vendors:", f"  {vendor.id}:"]
    if is_addable:
        lines.append(f"    official:  # only if {vendor.name} itself says that this is its own")
        lines.append(f"      - {_host(sighting.to_url)}")
    lines += ["    sources:", f"      {key}:"]
    if sighting.kind == "gone" or (sighting.kind == "off-list" and not is_addable):
        lines.append(f"        enabled: false  # nothing official is at {source.url} any more")
    else:
        lines.append(f"        url: {sighting.to_url}  # was {source.url}")
    return "\n".join(lines) + "\n"


def _permanent_end(hops: Sequence[Hop]) -> str | None:
    """Follow permanent redirects from the first on; what comes after a temporary one is no new address."""
    end = None
    for hop in hops:
        if hop.status_code not in _PERMANENT:
            break
        end = hop.location
    return end


def _host(url: str) -> str:
    try:
        return urls.parse(url).host
    except UrlError:
        return ""


def _evidence(hops: Sequence[Hop], final_url: str) -> dict[str, Any]:
    return {"hops": [asdict(hop) for hop in hops], "final_url": final_url}
