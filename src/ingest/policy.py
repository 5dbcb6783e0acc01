"""
The official-only rule: an address is admitted for a vendor, or refused by name (CONTRACT §1, §2).

Nothing is admitted that the vendor's own list does not hold; exceptions win over everything; only https. The same rule
stands behind the fetcher (`admit_fetch`, each hop; `admit_robots` for a host that it may ask) and, written once more in SQL, in the database.

Rules, as `Refused.rule`; the list is closed.

    malformed          no host, one that no public host can have, or a path that no page can have
    relative           no scheme, so it says nothing by itself
    too-long           longer than any page's address
    control-character  something invisible inside
    white-space        white space inside
    backslash          a backslash anywhere, which some read as /
    scheme             not https
    user-info          a user name or password
    port               another port than the default one
    ip-host            a number for a host, in any spelling
    single-label       a host without a domain
    trailing-dot       a host that ends in a dot
    idn                punycode of no internationalised name
    mixed-script       a name that mixes scripts
    confusable         a name, all of whose foreign letters pass for Latin ones
    encoded-separator  %2F, %5C, %00, // or the like where the list goes by path
    exception          an exception of the vendor, which wins over everything
    carrier-only       a carrier, which is asked and never linked to
    dot-segment        . or .. as a segment where the list goes by path
    off-scope          in no scope of the vendor

The first fifteen are `urls.parse`'s, whoever asks; the others depend on the vendor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ingest import urls
from ingest.errors import UrlError
from ingest.model import Grant, PathMatch, Scope, Vendor
from ingest.urls import Url

LINK: Final = (Grant.OFFICIAL,)
FETCH: Final = (Grant.OFFICIAL, Grant.CARRIER)

SHOWN_SCOPES: Final = 3
"""Scopes of the same host that a refusal names, so that a person sees how far off the address is."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """An address that is inside the list: its normal form, and the scope that holds it."""

    url: Url
    scope: Scope


@dataclass(frozen=True, slots=True)
class Refused:
    """
    An address that is not, and why.

    `rule` is stable, `detail` a sentence for people. `url` is the normal form where there is one, else the text as it
    came with everything invisible written out; it is to be shown, never followed.
    """

    rule: str
    detail: str
    url: str


def admit(vendor: Vendor, raw: str) -> Admitted | Refused:
    """Judge an address that would be linked to: only an official scope admits it."""
    return _judge(vendor, raw, LINK)


def admit_fetch(vendor: Vendor, raw: str) -> Admitted | Refused:
    """Judge an address that would be asked: an official scope or a carrier admits it."""
    return _judge(vendor, raw, FETCH)


def admit_robots(vendor: Vendor, asked: Admitted, raw: str = "/robots.txt") -> Admitted | Refused:
    """
    Judge where the robots.txt of a host that is about to be asked lies: on that host, or anywhere in the vendor's list.

    Args:
        raw: Where it redirects to.
    """
    try:
        url = urls.parse(raw, base=asked.url.text)
    except UrlError:
        return admit_fetch(vendor, raw)
    on_host = url.scheme == "https" and url.host == asked.url.host
    return Admitted(url, asked.scope) if on_host else admit_fetch(vendor, url.text)


def upgrade(vendor: Vendor, url: Url) -> Url:
    """Return an `http` address as `https` where an official scope of the vendor holds it then, any other unchanged."""
    secure = urls.with_https(url)
    return secure if any(urls.matches(scope, secure) for scope in vendor.scopes if scope.grant in LINK) else url


def upgraded(vendor: Vendor, raw: str) -> str:
    """Return an address as `upgrade` does, as text; one that cannot be read as it is."""
    try:
        return upgrade(vendor, urls.parse(raw)).text
    except UrlError:
        return raw


def _judge(vendor: Vendor, raw: str, grants: tuple[Grant, ...]) -> Admitted | Refused:
    try:
        url = urls.parse(raw)
    except UrlError as error:
        return Refused(error.rule, f"the address {error.message}", error.url or urls.shown(raw))
    if url.scheme != "https":
        return Refused("scheme", "the address is not https, which every official page has to be.", url.text)
    near = [scope for scope in vendor.scopes if urls.on_host(scope, url.host)]
    if urls.is_obscure(url.path) and any(scope.path_match is not PathMatch.ANY for scope in near):
        return Refused("encoded-separator", _obscure_detail(vendor, url), url.text)
    denial = next((scope for scope in near if scope.grant is Grant.EXCEPTION and urls.matches(scope, url)), None)
    if denial is not None:
        return Refused("exception", f'"!{denial.text}" excepts it from what is official for {vendor.name}.', url.text)
    holder = next((scope for scope in near if scope.grant in grants and urls.matches(scope, url)), None)
    return Admitted(url, holder) if holder is not None else _outside(vendor, url, near)


def _outside(vendor: Vendor, url: Url, near: list[Scope]) -> Refused:
    """Say in what way an address that no grant holds misses the list."""
    carrier = next((scope for scope in near if scope.grant is Grant.CARRIER and urls.matches(scope, url)), None)
    if carrier is not None:
        detail = f'"{carrier.text}" only carries announcements of {vendor.name}; a headline links to an official page.'
        return Refused("carrier-only", detail, url.text)
    granted = [scope for scope in near if scope.grant is not Grant.EXCEPTION]
    if url.dotted and granted:
        detail = f"the path holds . or .. as a segment, and {url.host} is official for {vendor.name} by path only."
        return Refused("dot-segment", detail, url.text)
    if granted:
        inside = ", ".join(f'"{scope.text}"' for scope in granted[:SHOWN_SCOPES])
        more = ", …" if len(granted) > SHOWN_SCOPES else ""
        detail = f"of {url.host} only {inside}{more} is in the list of {vendor.name}."
    else:
        detail = f"the host {url.host} is in no scope of {vendor.name}."
    return Refused("off-scope", detail, url.text)


def _obscure_detail(vendor: Vendor, url: Url) -> str:
    found = ", ".join(part for part in urls.OBSCURE if part in url.path)
    return f"the path holds {found}, and {url.host} is in the list of {vendor.name} by path: segments must be plain."
