"""Scopes: the parts of one line of the allow-list, scopes nobody may grant, and matching (CONTRACT §2)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Final

from publicsuffixlist import PublicSuffixList

from ingest import rules
from ingest.errors import UrlError
from ingest.model import Grant, PathMatch, Scope
from ingest.urls.address import Url, parse
from ingest.urls.hosts import keys
from ingest.urls.refusal import refusal, shown

OBSCURE: Final = ("//", "%2F", "%5C", "%00", "/.;", "/..;")
"""
Path parts with different meanings on different servers: decoded separators (RFC 3986 §2.2), merged empty segments, a cut at
NUL, and parameters dropped before dots are resolved (RFC 3986 §3.3).
"""


def parse_scope(text: str, grant: Grant, reason: str = "") -> Scope:
    """
    Read one line of `official` or `carriers`. A line of `official` with a leading `!` is an exception.

    The fields suffice for a match in plain SQL over `host` and `path` of a stored address:

        scope                              host                path_match  path_before  path_after
        openai.com                         openai.com          any         /            None
        *.openai.com                       openai.com (below)  any         /            None
        claude.com/blog                    claude.com          exact       /blog        None
        claude.com/docs/                   claude.com          prefix      /docs/       None
        github.com/OpenAI/*/releases/      github.com          prefix      /openai/     /releases/      (fold)
        github.com/openai/*/releases.atom  github.com          exact       /openai/     /releases.atom  (fold)
        huggingface.co/blog/*              huggingface.co      exact       /blog/       ""

    "Below" is `subdomains`. With a `path_after`, a path consists of `path_before`, one segment with text, `path_after`,
    and for a prefix any rest. A scope with a query is exact. With `fold` the path is compared in lower case. `text`
    is the line in normal form without its `!`.

    Errors:
        UrlError: With the broken rule. See the package. Public suffixes, shorteners, aggregators and shared hosts without
            an owner may be denied, but not granted.
    """
    line = text.strip()
    if grant is Grant.OFFICIAL and line.startswith("!"):
        grant, line = Grant.EXCEPTION, line[1:]
    try:
        scope = _parsed(line, grant, reason)
        if grant is not Grant.EXCEPTION:
            _check_grantable(scope)
    except UrlError as error:
        raise refusal(error.rule, f'"{shown(text)}" {error.message}', text) from error
    return scope


def _parsed(line: str, grant: Grant, reason: str) -> Scope:
    written = line.removeprefix("*.")
    subdomains = written != line
    _check_outline(written, subdomains=subdomains)
    url = parse(f"https://{written}")
    _check_path(url)
    whole = url.path == "/" and url.query is None
    exact = url.query is not None or not url.path.endswith("/")
    fold = url.host in rules.FOLDED_HOSTS
    before, star, after = (url.path.lower() if fold else url.path).partition("*")
    return Scope(
        grant=grant,
        text=f"{'*.' if subdomains else ''}{url.host}{'' if whole else url.path}{url.suffix}",
        host=url.host,
        subdomains=subdomains,
        path_match=PathMatch.ANY if whole else PathMatch.EXACT if exact else PathMatch.PREFIX,
        path_before=before,
        path_after=after if star else None,
        query=url.query,
        fold=fold,
        reason=reason,
    )


def _check_outline(written: str, *, subdomains: bool) -> None:
    """Refuse parts that are valid in an address and not in a scope. `parse` judges the rest."""
    authority, rest = re.fullmatch(r"([^/?#]*)(.*)", written, re.DOTALL).groups()  # type: ignore[union-attr] # matches any text
    if authority.startswith("!"):
        raise refusal("malformed", "begins with a !; exceptions stand in official, with one ! in front.", written)
    if "://" in written:
        plain = shown(written.partition("://")[2])
        raise refusal("scheme", f'names a scheme, and scopes are always https; write "{plain}".', written)
    if not authority:
        raise refusal("malformed", "names no host; write a scope like example.com or example.com/blog/.", written)
    if ":" in authority and "@" not in authority and not authority.startswith("["):
        raise refusal("port", "names a port, and scopes are always on the default one; leave it out.", written)
    if "*" in authority:
        raise refusal("wildcard", "has a * inside its host; only *. at the beginning is known.", written)
    if subdomains and "." not in authority:
        raise refusal("public-suffix", "is the whole of a top-level domain; name one host.", written)
    if "#" in rest:
        raise refusal("fragment", "has a fragment, which no server sees; leave out the # and what follows.", written)
    if rest.endswith("?"):
        raise refusal("query", "has an empty query; leave out the ? or write the query.", written)


def _check_path(url: Url) -> None:
    """Refuse an ambiguous path, and a `*` that is not one whole segment."""
    if url.dotted:
        raise refusal("dot-segment", "has . or .. as a path segment; write the path it leads to.", url.text)
    if is_obscure(url.path):
        raise refusal("encoded-separator", "has //, %2F, %5C or the like in its path; write plain segments.", url.text)
    if "*" in (url.query or ""):
        raise refusal("wildcard", "has a * in its query, and * stands for a path segment only; write it out.", url.text)
    stars = [segment for segment in url.path.split("/") if "*" in segment]
    if len(stars) > 1:
        raise refusal("wildcard", "has more than one *; write a scope for each path, with one * at most.", url.text)
    if stars not in ([], ["*"]):
        raise refusal("wildcard", "has a * in part of a segment; it stands for a whole one.", url.text)


# ── what nobody may grant ───────────────────────────────────────────────────────────────────────────────────────


def is_public_suffix(host: str) -> bool:
    """Say whether anybody may have hosts below this one: ICANN's suffixes and private companies' (publicsuffix.org)."""
    return _public_suffixes(host.rpartition(".")[2]).is_public(host)


@cache
def _public_suffixes(top: str) -> PublicSuffixList:
    """Read the rules below one top-level domain. All 10,000 would take 30 ms at every start of a program."""
    written = top.encode().decode("idna") if top.startswith("xn--") else top
    ascii_rules = [
        rule if rule.isascii() else rule.encode("idna").decode() for rule in _suffix_rules().get(written, ())
    ]
    return PublicSuffixList(ascii_rules, accept_encoded_idn=False)


@cache
def _suffix_rules() -> Mapping[str, Sequence[str]]:
    """Sort the lines of the list by their top-level domain."""
    text = resources.files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text(encoding="utf-8")
    rules_below: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        if line and not line.startswith("//"):
            rules_below[line.rpartition(".")[2]].append(line)
    return rules_below


def _check_grantable(scope: Scope) -> None:
    """Refuse hosts, or parts of hosts, where others than one vendor speak."""
    host = scope.host
    if is_public_suffix(host):
        raise refusal("public-suffix", "is a public suffix, under which anybody may have a host; name one host.", host)
    parents = {key.removeprefix("*.") for key in keys(host)}
    if parents & rules.SHORTENERS:
        message = "is a link shortener, which does not show where it leads; name the vendor's own host."
        raise refusal("shortener", message, host)
    if parents & rules.AGGREGATORS:
        message = "is a place that shows what others publish; name the vendor's own host."
        raise refusal("aggregator", message, host)
    shared = next((rules.SHARED_HOSTS[key] for key in keys(host) if key in rules.SHARED_HOSTS), None)
    if shared is not None and (scope.subdomains or not _names_owner(shared, scope)):
        raise refusal("shared-host", f"is on {shared.what} that many share; {_owner_remedy(host, shared)}", host)
    if scope.subdomains:
        _check_nothing_foreign_below(host)


def _check_nothing_foreign_below(host: str) -> None:
    """Refuse a wildcard that includes hosts not allowed by name."""
    listed = (*rules.SHORTENERS, *rules.AGGREGATORS, *rules.SHARED_HOSTS)
    foreign = sorted(key for key in listed if key.endswith(f".{host}"))
    if foreign:
        message = f"takes in {foreign[0]}, where others publish; name the hosts one by one."
        raise refusal("shared-host", message, host)


def _names_owner(shared: rules.SharedHost, scope: Scope) -> bool:
    """Say whether a scope on a shared host begins with an owner, in literal and whole segments, or is the host's own."""
    path = scope.text.removeprefix(scope.host).partition("?")[0] or "/"
    if path in shared.own:
        return True
    literal = path.partition("*")[0].split("/")[1:]  # ends in "", which is no owner, where a slash or the * is the end
    return any(_has_form(literal, scope.query, form, shared.reserved) for form in shared.owners)


def _has_form(segments: list[str], query: str | None, form: rules.OwnerForm, reserved: frozenset[str]) -> bool:
    if form.parameter is not None:
        name, _, owner = (query or "").partition("=")
        return tuple(segments) == form.segments and name == form.parameter and owner != "" and "&" not in owner
    if len(segments) < len(form.segments) or (form.owner_first and segments[0].lower() in reserved):
        return False
    return all(
        segment != sign and segment.startswith(sign) if placeholder else segment == sign
        for segment, (sign, placeholder, _) in zip(
            segments, (part.partition(rules.OWNER) for part in form.segments), strict=False
        )
    )


def _owner_remedy(host: str, shared: rules.SharedHost) -> str:
    if not shared.owners:
        return "no path on it belongs to one vendor: name the vendor's own host."
    form = shared.owners[0]
    path = "/".join(form.segments).replace(rules.OWNER, "OWNER")
    return f"name the vendor's part, like {host}/{path}{f'?{form.parameter}=OWNER' if form.parameter else '/'}."


# ── matching ────────────────────────────────────────────────────────────────────────────────────────────────────


def is_obscure(path: str) -> bool:
    """Say whether servers could disagree on the segments of a path in normal form."""
    return any(part in path for part in OBSCURE)


def on_host(scope: Scope, host: str) -> bool:
    """Return whether a scope concerns a host, whatever the path."""
    return host.endswith(f".{scope.host}") if scope.subdomains else host == scope.host


def matches(scope: Scope, url: Url) -> bool:
    """
    Return whether a scope contains an address.

    Ambiguous paths on its host are never inside a granted scope and always inside a denied one. Dot segments in the original text
    keep an address out of granted paths, although the normal form has none.
    """
    denies = scope.grant is Grant.EXCEPTION
    if not on_host(scope, url.host) or (url.scheme != "https" and not denies):
        return False
    if scope.query is not None and scope.query != url.query:
        return False
    if scope.path_match is PathMatch.ANY:
        return True
    if is_obscure(url.path):
        return denies
    if url.dotted and not denies:
        return False
    path = url.path.lower() if scope.fold else url.path
    also_unclosed = denies and scope.path_match is PathMatch.PREFIX  # "!h/p/" denies h/p too
    return _holds_path(scope, path) or (also_unclosed and _holds_path(scope, f"{path}/"))


def _holds_path(scope: Scope, path: str) -> bool:
    if not path.startswith(scope.path_before):
        return False
    rest, wanted = path[len(scope.path_before) :], ""
    if scope.path_after is not None:
        segment = rest.partition("/")[0]
        if not segment:
            return False
        rest, wanted = rest[len(segment) :], scope.path_after
    return rest == wanted if scope.path_match is PathMatch.EXACT else rest.startswith(wanted)
