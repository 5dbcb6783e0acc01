"""Hosts: valid names for official pages, and IP addresses allowed for connections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

from ingest import rules
from ingest.errors import UrlError
from ingest.urls.refusal import refusal, shown

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123 §2.1, RFC 1035 §2.3.4
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+{_LABEL}")
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")  # "ends in a number", URL Standard §3.5

_SCRIPT_SETS: Final = (  # UTS 39 §5.2, "highly restrictive"
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)


def check_host(host: str, raw: str) -> None:
    """
    Refuse any host but a plain, public, readable name.

    Args:
        host: The host from the URL Standard: ASCII, lower case, IPv4 in four decimal parts, IPv6 in brackets.
        raw: The whole text, for the error.
    """
    if is_number(host):
        raise number_refusal(host, raw)
    if host.endswith("."):
        raise refusal("trailing-dot", f"ends its host in a dot; write {host.rstrip('.')}.", raw)
    if "." not in host:
        raise refusal("single-label", f"names the host {host}, which is in no domain; write the full name.", raw)
    if not _NAME.fullmatch(host):
        message = f"names the host {host}, which is no name for a public host (RFC 1123 §2.1); correct it."
        raise refusal("malformed", message, raw)
    for label in host.split("."):
        if label.startswith("xn--") and (fault := _label_fault(label)):
            raise refusal(*fault, raw)


def is_number(host: str) -> bool:
    """Say whether a host is, or would be taken for, an IP address in any spelling."""
    return host.startswith("[") or _NUMERIC.fullmatch(host) is not None


def number_refusal(host: str, raw: str) -> UrlError:
    """Make the error for a numeric host."""
    return refusal(
        "ip-host", f"names its host by number ({shown(host)}); official pages are on hosts with a name.", raw
    )


@lru_cache(maxsize=1024)
def _label_fault(label: str) -> tuple[str, str] | None:
    """Return the rule for the refusal of an internationalised label, if any (RFC 5891, UTS 39 §4 and §5.2)."""
    import idna  # late: its tables and those below take longer to read than a round with nothing due may last
    from confusable_homoglyphs import categories

    try:
        meant = idna.ulabel(label)
    except idna.IDNAError:
        return "idn", f"has {label} in its host, which is no internationalised name (RFC 5891); correct it."
    scripts = categories.unique_aliases(meant) - {"COMMON", "INHERITED"}
    if len(scripts) > 1 and not any(scripts <= allowed for allowed in _SCRIPT_SETS):
        mixed = " and ".join(sorted(script.capitalize() for script in scripts))
        return "mixed-script", f"mixes {mixed} letters in its host, {meant}; write it in one script."
    if _passes_for_ascii(meant):
        return "confusable", f"has {meant} in its host, every letter of which passes for a Latin one; write Latin ones."
    return None


def _passes_for_ascii(label: str) -> bool:
    from confusable_homoglyphs import confusables  # late: see above

    foreign = {char for char in label if not char.isascii()}
    confusable = confusables.is_confusable(label, greedy=True) or ()
    passing = {item["character"] for item in confusable if any(twin["c"].isascii() for twin in item["homoglyphs"])}
    return foreign <= passing


def keys(host: str) -> Iterator[str]:
    """List the keys of a host in a table of `rules`: itself, and `*.` before each of its parents."""
    yield host
    labels = host.split(".")
    yield from ("*." + ".".join(labels[start:]) for start in range(1, len(labels)))


def is_special(host: str) -> bool:
    """Return whether a host is in a domain reserved on the public Internet (RFC 6761 and others)."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in rules.SPECIAL_USE for start in range(len(labels)))


def is_public(address: str) -> bool:
    """
    Return whether an IP address may be connected to: it is on the public Internet, and leads nowhere else.

    `ipaddress.is_global` is not enough: it accepts NAT64, 6to4, multicast and site-local addresses. A literal with a zone or a
    leading zero is not public.
    """
    try:
        literal = ip_address(address)
    except ValueError:
        return False
    if isinstance(literal, IPv6Address) and (literal.scope_id is not None or literal not in rules.GLOBAL_UNICAST):
        return False
    return not any(literal in network for network in rules.REFUSED_NETWORKS)
