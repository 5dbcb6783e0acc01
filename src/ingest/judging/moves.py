"""
Sources that moved or are gone: redirects and refusals add up to a proposal for the operator.

A redirect is followed where the policy admits it. Only an operator changes the list, so a proposal contains the change,
ready to be made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from ingest import policy, polling, urls
from ingest.dedupe import key_text
from ingest.errors import UrlError
from ingest.model import Failed, Fetched, Hop, NotModified, Source, Vendor

SIGHTINGS: Final = 3
"""Sightings before a move is proposed: caches and mistakes give permanent redirects too (RFC 9110 §15.4.2)."""

DAYS: Final = timedelta(days=3)
"""The least time between the first and the last of them: a mistake of the weekend is corrected on Monday."""

DAYS_NOT_FOUND: Final = timedelta(days=14)
"""The same for 404, a weaker sign than 410: addresses are missing for a while when a site is rebuilt."""

_PERMANENT: Final = frozenset({301, 308})

Kind = Literal["path", "host", "off-list", "gone"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """
    One answer from elsewhere than the listed address of a source.

    `sentence` explains it to an operator, `at_once` already at the first sighting. `after` is the least time between
    the first sighting and a proposal.
    """

    kind: Kind
    to_url: str
    sentence: str
    evidence: dict[str, Any]
    at_once: bool = False
    after: timedelta = DAYS


@dataclass(frozen=True, slots=True)
class Move:
    """
    One change of the list needed by a source.

    kind: another path of its host, another host of the vendor's list, off the list, or gone
    change: YAML for `sources.yaml`
    status: sighted, open, done or discarded
    """

    source_id: str
    kind: str
    from_url: str
    to_url: str
    status: str
    evidence: dict[str, Any]
    change: str
    first_seen_at: datetime
    last_seen_at: datetime
    times: int


def sighted(source: Source, vendor: Vendor, answer: Fetched | NotModified | Failed) -> Sighting | None:
    """Return the move shown by an answer, or None where the source is at its listed address."""
    if isinstance(answer, Failed):
        return _refused(vendor, answer)
    hops = answer.response.hops
    if not hops:
        return None
    permanent = _permanent_end(hops)
    final = answer.response.final_url
    to_url = permanent or final
    kind: Kind = "path" if _host(to_url) == urls.parse(source.url).host else "host"
    if permanent is None and kind == "path":
        return None  # a temporary redirect on one host says nothing (RFC 9110 §15.4.3)
    how = "for good" if permanent else "for now"
    sentence = f"moved {how} to {to_url}, which is in the list of {vendor.name}; give it as its url in sources.yaml"
    return Sighting(kind, to_url, sentence, _evidence(hops, final), at_once=permanent is not None and kind == "host")


def _refused(vendor: Vendor, failed: Failed) -> Sighting | None:
    if failed.rule == "off-list-redirect" and failed.hops:
        to_url = failed.hops[-1].location
        sentence = f"redirects to {to_url}, which is not in the list of {vendor.name} and was not asked"
        at_once = all(hop.status_code in _PERMANENT for hop in failed.hops)
        return Sighting("off-list", to_url, sentence, _evidence(failed.hops, ""), at_once=at_once)
    if failed.rule in polling.VANISHED:
        after = DAYS if failed.rule == "gone" else DAYS_NOT_FOUND
        sentence = f"answers {failed.status_code}; find its new address, or take it out of sources.yaml"
        evidence = {"status_code": failed.status_code, "detail": failed.detail}
        return Sighting("gone", "", sentence, evidence, after=after)
    return None


def place_of(sighting: Sighting) -> str:
    """Return the new address as it is stored: PostgreSQL cannot index two addresses of 2,048 characters."""
    return key_text(sighting.to_url)


def note(before: Move | None, source: Source, vendor: Vendor, sighting: Sighting, now: datetime) -> Move:
    """
    Count a sighting, and open the proposal once it was seen often and long enough.

    A finished move begins anew. A discarded one stays discarded.
    """
    again = before if before is not None and before.status != "done" else None
    move = Move(
        source_id=source.id,
        kind=sighting.kind,
        from_url=source.url,
        to_url=place_of(sighting),
        status=again.status if again else "sighted",
        evidence=sighting.evidence,
        change=change_of(source, vendor, sighting),
        first_seen_at=again.first_seen_at if again else now,
        last_seen_at=now,
        times=again.times + 1 if again else 1,
    )
    often = move.times >= SIGHTINGS and move.last_seen_at - move.first_seen_at >= sighting.after
    return replace(move, status="open") if move.status == "sighted" and (sighting.at_once or often) else move


def is_news(before: Move | None, move: Move) -> bool:
    """Whether a proposal has just been opened."""
    return move.status == "open" and (before is None or before.status != "open")


def change_of(source: Source, vendor: Vendor, sighting: Sighting) -> str:
    """
    Return the change for the operator, as YAML for `sources.yaml`.

    An address unfit for any list (a number, another scheme, an exception) is not proposed, so the source is disabled.
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
    """Follow permanent redirects from the first on. A redirect after a temporary one gives no new address."""
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
