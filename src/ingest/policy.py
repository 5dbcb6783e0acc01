"""
The official-only rule: an address is admitted for a vendor, or refused by a named rule (CONTRACT §1, §2).

Only https addresses inside the vendor's scopes are admitted. An exception wins over every other scope. The fetcher applies
the same rule to every hop (`admit_fetch`) and to robots.txt (`admit_robots`). The database enforces it once more in SQL.

The values of `Refused.rule`, a closed list:

    malformed          no host, an impossible public host, or an impossible path
    relative           no scheme
    too-long           longer than any page's address
    control-character  an invisible character inside
    white-space        white space inside
    backslash          a backslash anywhere: some software reads it as /
    scheme             not https
    user-info          a user name or password
    port               any port but the default one
    ip-host            a number for a host, in any spelling
    single-label       a host without a domain
    trailing-dot       a dot at the end of the host
    idn                punycode of an invalid internationalised name
    mixed-script       a name in mixed scripts
    confusable         a name whose foreign letters all look like Latin ones
    encoded-separator  %2F, %5C, %00, // or the like on a host listed by path
    exception          an exception of the vendor
    carrier-only       a carrier: fetched but never linked to
    dot-segment        . or .. as a segment on a host listed by path
    off-scope          outside every scope of the vendor

The first fifteen are rules of `urls.parse` and hold for every vendor. The others depend on the vendor.
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
"""The number of scopes of the same host to name in a refusal: a person sees how far off the address is."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """An address inside the list: its normal form and its scope."""

    url: Url
    scope: Scope


@dataclass(frozen=True, slots=True)
class Refused:
    """
    An address outside the list, and the reason.

    Attributes:
        rule: The stable name of the rule.
        detail: A sentence for people.
        url: The normal form if there is one, else the original text with invisible characters written out. It is for
            display only and must not be followed.
    """

    rule: str
    detail: str
    url: str


def admit(vendor: Vendor, raw: str) -> Admitted | Refused:
    """Judge an address for a link: only an official scope admits it."""
    return _judge(vendor, raw, LINK)


def admit_fetch(vendor: Vendor, raw: str) -> Admitted | Refused:
    """Judge an address for a request: an official scope or a carrier admits it."""
    return _judge(vendor, raw, FETCH)


def admit_robots(vendor: Vendor, asked: Admitted, raw: str = "/robots.txt") -> Admitted | Refused:
    """
    Judge the address of a host's robots.txt: on the same host, or anywhere in the vendor's list.

    Args:
        asked: The admitted address on the host.
        raw: The goal of a redirect.
    """
    try:
        url = urls.parse(raw, base=asked.url.text)
    except UrlError:
        return admit_fetch(vendor, raw)
    on_host = url.scheme == "https" and url.host == asked.url.host
    return Admitted(url, asked.scope) if on_host else admit_fetch(vendor, url.text)


def upgrade(vendor: Vendor, url: Url) -> Url:
    """Return an `http` address as `https` if that is inside an official scope of the vendor, else unchanged."""
    secure = urls.with_https(url)
    return secure if any(urls.matches(scope, secure) for scope in vendor.scopes if scope.grant in LINK) else url


def upgraded(vendor: Vendor, raw: str) -> str:
    """Return the text of an address after `upgrade`, or the original text if it is no address."""
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
    """Return the refusal of an address outside every grant."""
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
    parts = ", ".join(part for part in urls.OBSCURE if part in url.path)
    return f"the path holds {parts}, and {url.host} is in the list of {vendor.name} by path: segments must be plain."
