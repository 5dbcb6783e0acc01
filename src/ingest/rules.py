"""
What `rules.toml` says, as values: shared hosts, shorteners, tracking parameters, addresses not to be connected to.

Read once, from package data, when first imported; a file that does not fit is a fault of the build and stops the program.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import Any, Final

from ingest import __version__

OWNER: Final = "{owner}"
"""Stands for an owner's name in the path or query of a shared host."""


@dataclass(frozen=True, slots=True)
class OwnerForm:
    """
    Where a shared host names an owner: `/orgs/{owner}`, `/@{owner}`, `/feed.xml?channel_id={owner}`.

    `segments` are those of the path, `{owner}` with what stands before it in the segment; `parameter` is the one of the
    query that names the owner instead, if any.
    """

    segments: tuple[str, ...]
    parameter: str | None

    @property
    def owner_first(self) -> bool:
        """Whether the whole first segment is the owner, so that the host's own routes could be taken for one."""
        return self.segments[0] == OWNER


@dataclass(frozen=True, slots=True)
class SharedHost:
    """
    A host where anybody may publish, and how its paths tell owners apart.

    `own` are scope paths of the host's own editors; `reserved` are first segments that are no owner, lower case. `what`
    is said to people ("a code host").
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
"""What decides: this program's version and that of the rules file. Kept with every capture and revision."""

FOLDED_HOSTS: Final[frozenset[str]] = frozenset(_RULES["folded_hosts"])
"""Hosts whose paths compare without regard to case."""

SPECIAL_USE: Final[frozenset[str]] = frozenset(_RULES["special_use"])
"""Domains that are nobody's on the public Internet."""

SHORTENERS: Final[frozenset[str]] = frozenset(_RULES["shorteners"])
"""Hosts of link shorteners."""

AGGREGATORS: Final[frozenset[str]] = frozenset(_RULES["aggregators"])
"""Hosts that show what others publish."""

SHARED_HOSTS: Final[Mapping[str, SharedHost]] = MappingProxyType(_shared(_RULES["shared"]))
"""Hosts where anybody may publish, by host or `*.` and its parent."""

TRACKING_PARAMETERS: Final[frozenset[str]] = frozenset(_RULES["tracking"]["names"])
"""Query parameters that name a click and not a page, lower case."""

TRACKING_PREFIXES: Final[tuple[str, ...]] = tuple(_RULES["tracking"]["prefixes"])
"""What the names of whole families of such parameters start with, lower case."""

TRACKING_VALUES: Final[re.Pattern[str]] = re.compile("|".join(_RULES["tracking"]["values"]), re.IGNORECASE)
"""Whole parameters that are tracking by what they say, though others of their name are not."""

TRACKING_BY_HOST: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {host: frozenset(names) for host, names in _RULES["tracking"]["hosts"].items()}
)
"""Further such parameters that mean nothing on these hosts only, by host or `*.` and its parent."""

FRAGMENT_NOISE: Final = re.compile("|".join(_RULES["fragments"]["noise"]), re.IGNORECASE)
"""Matches a whole fragment that names no announcement."""

REDIRECTOR_SEGMENTS: Final[frozenset[str]] = frozenset(_RULES["redirectors"]["segments"])
"""Last segments of paths that only lead elsewhere, lower case."""

REDIRECTOR_PARAMETERS: Final[frozenset[str]] = frozenset(_RULES["redirectors"]["parameters"])
"""Query parameters that say where to, lower case."""

REFUSED_NETWORKS: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(map(ip_network, _RULES["addresses"]["refused"]))
"""Networks that are never connected to."""

GLOBAL_UNICAST: Final = IPv6Network(_RULES["addresses"]["global_unicast"])
"""The part of IPv6 outside which nothing is connected to."""
