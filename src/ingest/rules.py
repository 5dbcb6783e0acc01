"""
The rules of `rules.toml` as values: shared hosts, shorteners, tracking parameters, refused networks.

The file is package data, read once at import. An invalid file is a build error and stops the program.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import Any, Final

from ingest import __version__

OWNER: Final = "{owner}"
"""The placeholder for an owner's name in the path or query of a shared host."""


@dataclass(frozen=True, slots=True)
class OwnerForm:
    """
    The place of an owner's name in the addresses of a shared host: `/orgs/{owner}`, `/feed.xml?channel_id={owner}`.

    `segments` are those of the path, with `{owner}` and its prefix as in `@{owner}`. `parameter` is the query parameter with
    the owner's name, if the path has none.
    """

    segments: tuple[str, ...]
    parameter: str | None

    @property
    def owner_first(self) -> bool:
        """Whether the whole first segment is the owner. The host's own routes could then look like owners."""
        return self.segments[0] == OWNER


@dataclass(frozen=True, slots=True)
class SharedHost:
    """
    A host where anybody may publish, and the forms of its owners' paths.

    `own` are scope paths of the host's own editors. `reserved` are first segments that are not owners, in lower case. `what`
    is a description for people ("a code host").
    """

    what: str
    owners: tuple[OwnerForm, ...]
    own: frozenset[str]
    reserved: frozenset[str]


def _owner_form(text: str) -> OwnerForm:
    path, _, query = text.partition("?")
    return OwnerForm(tuple(path.removeprefix("/").split("/")), query.partition("=")[0] or None)


def _shared(stanzas: list[dict[str, Any]]) -> dict[str, SharedHost]:
    table: dict[str, SharedHost] = {}
    for stanza in stanzas:
        owners = tuple(map(_owner_form, stanza.get("owners", ())))
        routes = {form.segments[0] for form in owners if OWNER not in form.segments[0]}
        reserved = frozenset(stanza.get("reserved", ())) | routes
        entry = SharedHost(stanza["what"], owners, frozenset(stanza.get("own", ())), reserved)
        table.update(dict.fromkeys(stanza["hosts"], entry))
    return table


_BYTES: Final = resources.files("ingest").joinpath("rules.toml").read_bytes()
_RULES: Final[dict[str, Any]] = tomllib.loads(_BYTES.decode())

VERSION: Final = f"{_RULES['version']}.{hashlib.sha256(_BYTES).hexdigest()[:12]}"
"""Version written in the file and the first 12 hex digits of the file's sha256."""

RULES_VERSION: Final = f"{__version__}+{VERSION}"
"""The versions of this program and of the rules file. Every capture and revision keeps them."""

FOLDED_HOSTS: Final[frozenset[str]] = frozenset(_RULES["folded_hosts"])
"""Hosts with case-insensitive paths."""

SPECIAL_USE: Final[frozenset[str]] = frozenset(_RULES["special_use"])
"""Special-use domains without an owner on the public Internet."""

SHORTENERS: Final[frozenset[str]] = frozenset(_RULES["shorteners"])
"""Hosts of link shorteners."""

AGGREGATORS: Final[frozenset[str]] = frozenset(_RULES["aggregators"])
"""Hosts that republish the work of others."""

SHARED_HOSTS: Final[Mapping[str, SharedHost]] = MappingProxyType(_shared(_RULES["shared"]))
"""Hosts where anybody may publish, by host or `*.` and its parent."""

TRACKING_PARAMETERS: Final[frozenset[str]] = frozenset(_RULES["tracking"]["names"])
"""Query parameters for a click and not for a page, in lower case."""

TRACKING_PREFIXES: Final[tuple[str, ...]] = tuple(_RULES["tracking"]["prefixes"])
"""Prefixes of families of tracking parameters, in lower case."""

TRACKING_VALUES: Final[re.Pattern[str]] = re.compile("|".join(_RULES["tracking"]["values"]), re.IGNORECASE)
"""Whole parameters that are tracking because of their value."""

TRACKING_BY_HOST: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {host: frozenset(names) for host, names in _RULES["tracking"]["hosts"].items()}
)
"""More tracking parameters for single hosts, by host or `*.` and its parent."""

FRAGMENT_NOISE: Final = re.compile("|".join(_RULES["fragments"]["noise"]), re.IGNORECASE)
"""Matches a whole fragment without a meaning for announcements."""

REDIRECTOR_SEGMENTS: Final[frozenset[str]] = frozenset(_RULES["redirectors"]["segments"])
"""Last path segments of redirectors, in lower case."""

REDIRECTOR_PARAMETERS: Final[frozenset[str]] = frozenset(_RULES["redirectors"]["parameters"])
"""Query parameters with the goal of a redirector, in lower case."""

REFUSED_NETWORKS: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(map(ip_network, _RULES["addresses"]["refused"]))
"""Networks to which no connection is made."""

GLOBAL_UNICAST: Final = IPv6Network(_RULES["addresses"]["global_unicast"])
"""The part of IPv6 to which connections are limited."""


def reading_digest(stanza: str, scopes: Iterable[tuple[str, str]]) -> str:
    """
    Return the sha256 hex of everything that decides how a source is read. After a change, stored bytes are read again.

    Args:
        stanza: The digest of the source's stanza.
        scopes: Grant and text of every scope of its vendor, in any order.
    """
    lines = sorted(f"{grant} {text}" for grant, text in scopes)
    return hashlib.sha256("\n".join((stanza, *lines)).encode()).hexdigest()
