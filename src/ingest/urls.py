"""
Web addresses: one normal form, what is cleaned away, which scope holds them, which numbers may be connected to.

An address is parsed once, by the WHATWG URL Standard (what browsers and servers do with it) behind a strict look at the
text, and brought into RFC 3986 §6.2 normal form. That form is what is checked, requested and stored; nothing is ever
decided on the text as it came. Whatever two programs could read differently is refused by name, never repaired.

Rules, as `UrlError.rule`. Of any address: malformed, relative, too-long, control-character, white-space, backslash,
scheme, user-info, port, ip-host, single-label, trailing-dot, idn, mixed-script, confusable. Of scopes also: fragment,
wildcard, query, dot-segment, encoded-separator, public-suffix, shortener, aggregator, shared-host.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

import ada_url
import idna
from confusable_homoglyphs import categories, confusables
from publicsuffixlist import PublicSuffixList

from ingest import rules
from ingest.errors import UrlError
from ingest.model import Grant, PathMatch, Scope

MAX_LENGTH: Final = 2048
"""Characters of an address in normal form: what the sitemap protocol allows (sitemaps.org, `<loc>`)."""

OBSCURE: Final = ("//", "%2F", "%5C", "%00", "/.;", "/..;")
"""
What makes the segments of a path in normal form uncertain: servers differ in whether they decode separators (RFC 3986
§2.2), merge empty segments, cut at NUL, or drop parameters before they resolve dots (RFC 3986 §3.3).
"""

_OUTLINE: Final = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)")
_HREF: Final = re.compile(r"(https?)://([^/:]+|\[[^/]*\])(:\d+)?(/[^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SPECIAL: Final = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]")
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")  # what URL Standard §3.5 takes for IPv4
_DOT_SEGMENT: Final = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)

_PCHAR: Final = r"A-Za-z0-9\-._~!$&'()*+,;=:@"  # RFC 3986 §3.3
_PATH_ESCAPES: Final = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PCHAR}/]")
_TAIL_ESCAPES: Final = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PCHAR}/?]")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

_SCRIPT_SETS: Final = (  # UTS 39 §5.2, "highly restrictive"
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)

# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Url:
    """
    A web address in normal form.

    `text` is the whole, ASCII only: lower-case scheme and host, no user, no port, no trailing dot, a path that starts
    with `/`, upper-case escapes, nothing escaped that need not be, nothing raw that RFC 3986 does not allow. `query` and
    `fragment` are without their sign, None when absent or empty. `dotted` says that the text as it came held dot segments.
    """

    text: str
    scheme: str
    host: str
    path: str
    query: str | None = None
    fragment: str | None = None
    dotted: bool = False

    @property
    def suffix(self) -> str:
        """Query and fragment with their signs: `text` is scheme, `://`, `host`, `path` and this."""
        return _suffix(self.query, self.fragment)


def parse(raw: str, base: str | None = None) -> Url:
    """
    Read an address that was written down somewhere.

    ASCII white space around it is the writer's, not the address's. The default port of the scheme, an empty query and an
    empty fragment mean nothing and go (RFC 3986 §6.2.3). What comes out reads as itself again.

    Args:
        raw: Absolute, or relative when there is a `base`.
        base: Absolute address that `raw` is relative to (RFC 3986 §5).

    Errors:
        UrlError: With the rule that the text breaks; see the module.
    """
    text = raw.strip(" \t\n\f\r")
    root = parse(base).text if base is not None else None
    outline = _checked_outline(text, based=root is not None)
    try:
        href = _HREF.fullmatch(ada_url.URL(text, root).href)
    except ValueError:
        href = None
    if href is None:
        raise _why_unreadable(outline["authority"] or "", raw)
    scheme, host, port, path, query, fragment = href.groups()
    _check_host(host, raw)
    if port:
        raise _refusal("port", f"names the port {port[1:]}; official pages are on the default port: leave it out.", raw)
    return _built(
        scheme,
        host,
        _PATH_ESCAPES.sub(_escape, path),
        _TAIL_ESCAPES.sub(_escape, query or "") or None,
        _TAIL_ESCAPES.sub(_escape, fragment or "") or None,
        dotted=_DOT_SEGMENT.search(outline["path"]) is not None,
    )


def clean(url: Url) -> Url:
    """
    Return an address without what names a click and not a page.

    Tracking parameters go by name, the others keep order and bytes; fragments go when they are known to name no part of
    a page (`rules.toml` says which, and why others stay). Idempotent; scheme, host and path are never touched.
    """
    kept = [part for part in (url.query or "").split("&") if not _is_tracking(url.host, part.partition("=")[0])]
    query = "&".join(kept) if any(kept) else None
    fragment = None if url.fragment is None or rules.FRAGMENT_NOISE.fullmatch(url.fragment) else url.fragment
    return _built(url.scheme, url.host, url.path, query, fragment, dotted=url.dotted)


def with_https(url: Url) -> Url:
    """Return an address with the scheme `https`."""
    return url if url.scheme == "https" else replace(url, text=f"https{url.text.removeprefix('http')}", scheme="https")


def shown(raw: str, limit: int = 500) -> str:
    """Return text that may be printed anywhere: what is invisible written as its code point, at most `limit` characters."""
    safe = "".join(char if char == " " or char.isprintable() else f"\\u{{{ord(char):X}}}" for char in raw[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def _suffix(query: str | None, fragment: str | None) -> str:
    return ("" if query is None else f"?{query}") + ("" if fragment is None else f"#{fragment}")


def _built(scheme: str, host: str, path: str, query: str | None, fragment: str | None, *, dotted: bool) -> Url:
    text = f"{scheme}://{host}{path}{_suffix(query, fragment)}"
    if len(text) > MAX_LENGTH:
        raise _refusal(
            "too-long", f"is longer than {MAX_LENGTH} characters; no page is announced by such an address.", text
        )
    return Url(text, scheme, host, path, query, fragment, dotted)


def _escape(found: re.Match[str]) -> str:
    """Decode what need not be escaped, write escapes in upper case, escape the rest (RFC 3986 §2.1, §2.4, §6.2.2)."""
    token = found[0]
    if len(token) == 1:
        return "".join(f"%{byte:02X}" for byte in token.encode())
    char = chr(int(token[1:], 16))
    return char if char in _UNRESERVED else token.upper()


def _is_tracking(host: str, name: str) -> bool:
    name = name.lower()
    return (
        name in rules.TRACKING_PARAMETERS
        or name.startswith(rules.TRACKING_PREFIXES)
        or any(name in rules.TRACKING_BY_HOST.get(key, ()) for key in _keys(host))
    )


def _keys(host: str) -> Iterator[str]:
    """List what a host may be found under in a table: itself, and `*.` before each of its parents."""
    yield host
    labels = host.split(".")
    yield from ("*." + ".".join(labels[start:]) for start in range(1, len(labels)))


# ── what makes text no address ──────────────────────────────────────────────────────────────────────────────────


def _refusal(rule: str, message: str, raw: str) -> UrlError:
    return UrlError(message, rule=rule, url=shown(raw))


def _checked_outline(text: str, *, based: bool) -> re.Match[str]:
    """Refuse what the WHATWG parser would repair, and return the parts as they were written."""
    if not text:
        raise _refusal("malformed", "is empty; write an address like https://example.com/page.", text)
    if len(text) > MAX_LENGTH:
        raise _refusal(
            "too-long", f"is longer than {MAX_LENGTH} characters; no page is announced by such an address.", text
        )
    for char in _SPECIAL.findall(text):
        _check_character(char, text)
    outline = _OUTLINE.match(text)
    assert outline is not None  # every part of the expression may be empty
    scheme, authority = outline["scheme"], outline["authority"]
    if scheme is not None and scheme.lower() not in {"http", "https"}:
        raise _refusal("scheme", f"is a {scheme.lower()}: address; an official page is https.", text)
    if scheme is None and not based:
        raise _refusal("relative", "has no scheme; write the whole address, like https://example.com/page.", text)
    if (scheme and not authority) or (authority is not None and not authority):
        raise _refusal("malformed", "names no host after //; write an address like https://example.com/page.", text)
    if authority and "@" in authority:
        raise _refusal("user-info", "holds a user name before @; the host comes right after https://.", text)
    if authority and "%" in authority:
        raise _refusal("malformed", "holds a percent sign in its host; write the host in plain letters.", text)
    return outline


def _check_character(char: str, text: str) -> None:
    if char == "\\":
        raise _refusal("backslash", "holds a backslash, which some programs read as /; write / or %5C.", text)
    kind = unicodedata.category(char)
    if kind in {"Cc", "Cf", "Cs"}:  # Cf: invisible, or turns the writing direction round
        raise _refusal("control-character", f"holds the invisible character U+{ord(char):04X}; leave it out.", text)
    if kind in {"Zs", "Zl", "Zp"}:
        raise _refusal("white-space", f"holds white space (U+{ord(char):04X}) inside; write %20 if it is meant.", text)


def _why_unreadable(authority: str, raw: str) -> UrlError:
    host, _, port = (
        authority.rpartition(":") if ":" in authority and not authority.endswith("]") else (authority, "", "")
    )
    if host.startswith("[") or _NUMERIC.fullmatch(host):
        return _ip_refusal(host, raw)
    if port and not (port.isdecimal() and int(port) < 1 << 16):
        return _refusal("port", f"names the port {shown(port)}, which is none; leave it out.", raw)
    return _refusal("malformed", f"has no host that can be read ({shown(host)}); write one like example.com.", raw)


def _ip_refusal(host: str, raw: str) -> UrlError:
    return _refusal("ip-host", f"names its host by number ({shown(host)}); an official page is on a named host.", raw)


def _check_host(host: str, raw: str) -> None:
    """Refuse what is no plain public host name; `host` is what the URL Standard made of it."""
    if host.startswith("[") or _NUMERIC.fullmatch(host):
        raise _ip_refusal(host, raw)
    if host.endswith("."):
        raise _refusal("trailing-dot", f"ends its host in a dot; write {host.rstrip('.')}.", raw)
    if "." not in host:
        raise _refusal("single-label", f"names the host {host}, which has no domain; write the full name.", raw)
    if not _HOST.fullmatch(host):
        raise _refusal(
            "malformed", f"names the host {host}, which no public host can have as its name (RFC 1123 §2.1).", raw
        )
    for label in host.split("."):
        if label.startswith("xn--") and (fault := _label_fault(label)):
            raise _refusal(*fault, raw)


@lru_cache(maxsize=1024)
def _label_fault(label: str) -> tuple[str, str] | None:
    """Say by which rule an internationalised label is refused, if it is (RFC 5891, UTS 39 §4 and §5.2)."""
    try:
        meant = idna.ulabel(label)
    except idna.IDNAError:
        return "idn", f"has {label} in its host, which is no internationalised name (RFC 5891)."
    scripts = categories.unique_aliases(meant) - {"COMMON", "INHERITED"}
    if len(scripts) > 1 and not any(scripts <= allowed for allowed in _SCRIPT_SETS):
        mixed = " and ".join(sorted(script.capitalize() for script in scripts))
        return "mixed-script", f"mixes {mixed} letters in the host part {meant}; names of vendors keep to one script."
    if _passes_for_ascii(meant):
        return "confusable", f"has the host part {meant}, every letter of which passes for a Latin one."
    return None


def _passes_for_ascii(label: str) -> bool:
    foreign = {char for char in label if not char.isascii()}
    found = confusables.is_confusable(label, greedy=True) or ()
    passing = {item["character"] for item in found if any(twin["c"].isascii() for twin in item["homoglyphs"])}
    return foreign <= passing


# ── scopes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def parse_scope(text: str, grant: Grant, reason: str = "") -> Scope:
    """
    Read one line of `official` or `carriers`; the `!` of an exception has been taken off and is `grant`.

    The fields are enough to match in plain SQL over `host` and `path` of a stored address:

        scope                               host, subdomains   path_match  path_before   path_after
        openai.com                          openai.com, no     any         /             None
        *.openai.com                        openai.com, yes    any         /             None
        claude.com/blog                     claude.com, no     exact       /blog         None
        claude.com/docs/                    claude.com, no     prefix      /docs/        None
        github.com/OpenAI/*/releases/       github.com, no     prefix      /openai/      /releases/   (fold)
        github.com/openai/*/releases.atom   github.com, no     exact       /openai/      /releases.atom  (fold)
        huggingface.co/blog/*               huggingface.co, no exact       /blog/        ""

    With `path_after`, a path is `path_before`, one segment that is not empty, `path_after`, and for a prefix anything.
    A scope with a query is exact. With `fold` both sides are lower case. `text` is the line in normal form.

    Errors:
        UrlError: With the rule that the line breaks; see the module. Hosts may be denied that may not be granted, so the
            rules on public suffixes, shorteners, aggregators and shared hosts do not hold for exceptions.
    """
    line = text.strip(" \t\n\f\r")
    subdomains = line.startswith("*.")
    written = line.removeprefix("*.")
    _check_scope_outline(written, text)
    url = parse(f"https://{written}")
    path = _scope_path(url, text)
    whole = path == "/" and url.query is None
    exact = url.query is not None or not path.endswith("/")
    fold = url.host in rules.FOLDED_HOSTS
    before, star, after = (path.lower() if fold else path).partition("*")
    scope = Scope(
        grant=grant,
        text=f"{'*.' if subdomains else ''}{url.host}{'' if whole else path}{url.suffix}",
        host=url.host,
        subdomains=subdomains,
        path_match=PathMatch.ANY if whole else PathMatch.EXACT if exact else PathMatch.PREFIX,
        path_before=before,
        path_after=after if star else None,
        query=url.query,
        fold=fold,
        reason=reason,
    )
    if grant is not Grant.EXCEPTION:
        _check_owner(scope, url.path, text)
    return scope


def _check_scope_outline(written: str, text: str) -> None:
    """Refuse what an address may have and a scope may not."""
    authority = re.split("[/?#]", written, maxsplit=1)[0]
    if "://" in written:
        raise _refusal(
            "scheme", f"{_q(text)} names a scheme; scopes are always https: write {_q(_bare(written))}.", text
        )
    if "@" in authority:
        raise _refusal("user-info", f"{_q(text)} holds a user name; begin with the host.", text)
    if authority.startswith("["):
        raise _refusal("ip-host", f"{_q(text)} names a host by number; name it by its domain.", text)
    if ":" in authority:
        raise _refusal("port", f"{_q(text)} names a port; scopes are always on the default port: leave it out.", text)
    if "*" in authority:
        raise _refusal("wildcard", f"{_q(text)} has a * inside the host; only a leading *. is known.", text)
    if "#" in written:
        raise _refusal(
            "fragment", f"{_q(text)} holds a fragment, which no server sees; leave out # and what follows.", text
        )
    if not authority:
        raise _refusal(
            "malformed", f"{_q(text)} names no host; write a scope like example.com or example.com/blog/.", text
        )


def _bare(written: str) -> str:
    return shown(written.partition("://")[2])


def _q(text: str) -> str:
    return f'"{shown(text)}"'


def _scope_path(url: Url, text: str) -> str:
    """Return the path of a scope, `*` still in it, if every reader would read it alike."""
    if url.dotted:
        raise _refusal("dot-segment", f"{_q(text)} holds . or .. as a path segment; write the path it leads to.", text)
    if is_obscure(url.path):
        raise _refusal("encoded-separator", f"{_q(text)} holds //, %2F, %5C or the like; write plain segments.", text)
    if "*" in (url.query or ""):
        raise _refusal("wildcard", f"{_q(text)} has a * in its query; * stands for one path segment only.", text)
    stars = [segment for segment in url.path.split("/") if "*" in segment]
    if len(stars) > 1:
        raise _refusal("wildcard", f"{_q(text)} has more than one *; write a scope for each literal path.", text)
    if stars not in ([], ["*"]):
        raise _refusal("wildcard", f"{_q(text)} has a * in part of a segment; it stands for a whole one.", text)
    return url.path


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _check_owner(scope: Scope, path: str, text: str) -> None:
    """Refuse a grant for hosts where others than one vendor speak."""
    host = scope.host
    if _public_suffixes().is_public(host):
        raise _refusal(
            "public-suffix", f"{_q(text)} is a public suffix, under which anybody has hosts; name one host.", text
        )
    for rule, table, what in (
        ("shortener", rules.SHORTENERS, "a link shortener, which does not show where it leads"),
        ("aggregator", rules.AGGREGATORS, "a place that shows what others publish"),
    ):
        if any(key.removeprefix("*.") in table for key in _keys(host)):
            raise _refusal(rule, f"{_q(text)} is {what}; name the vendor's own host.", text)
    if scope.subdomains:
        _check_no_foreign_host_under(host, text)
    shared = next((rules.SHARED_HOSTS[key] for key in _keys(host) if key in rules.SHARED_HOSTS), None)
    if shared is not None and (scope.subdomains or not _names_owner(shared, scope, path)):
        raise _refusal(
            "shared-host", f"{_q(text)} is on {shared.what} that many share; {_owner_remedy(host, shared)}", text
        )


def _check_no_foreign_host_under(host: str, text: str) -> None:
    """A wildcard must not take in what nobody could grant by name."""
    listed = (*rules.SHORTENERS, *rules.AGGREGATORS, *rules.SHARED_HOSTS)
    foreign = next((key for key in sorted(listed) if key.endswith(f".{host}")), None)
    if foreign is not None:
        raise _refusal(
            "shared-host", f"{_q(text)} takes in {foreign}, where others publish; name hosts one by one.", text
        )


def _owner_remedy(host: str, shared: rules.SharedHost) -> str:
    if not shared.owners:
        return "no path of it belongs to one vendor: name the vendor's own host."
    segments, parameter = shared.owners[0]
    ending = f"?{parameter}=OWNER" if parameter else "/"
    return f"name the vendor's part, like {host}/{'/'.join(segments).replace('{owner}', 'OWNER')}{ending}."


def _names_owner(shared: rules.SharedHost, scope: Scope, path: str) -> bool:
    """Say whether a path on a shared host begins with an owner, in literal and whole segments, or is the host's own."""
    if path in shared.own:
        return True
    literal = path.partition("*")[0].split("/")[1:]
    if not literal[-1]:
        literal.pop()  # after the last slash, or where the * was
    return any(_has_form(literal, scope.query, form, shared.reserved) for form in shared.owners)


def _has_form(
    segments: list[str], query: str | None, form: tuple[tuple[str, ...], str | None], reserved: frozenset[str]
) -> bool:
    wanted, parameter = form
    if parameter is not None:
        name, _, owner = (query or "").partition("=")
        return tuple(segments) == wanted and name == parameter and owner != "" and "&" not in owner
    if len(segments) < len(wanted):
        return False
    for position, (segment, part) in enumerate(zip(segments, wanted, strict=False)):
        sign, placeholder, _ = part.partition("{owner}")
        if not placeholder and segment != part:
            return False
        if placeholder and (not segment.startswith(sign) or segment == sign):
            return False
        if placeholder and position == 0 and segment.lower() in reserved:
            return False
    return True


# ── matching ────────────────────────────────────────────────────────────────────────────────────────────────────


def is_obscure(path: str) -> bool:
    """Say whether servers could disagree on the segments of a path in normal form."""
    return any(part in path for part in OBSCURE)


def on_host(scope: Scope, host: str) -> bool:
    """Say whether a scope speaks of a host, whatever the path."""
    return host.endswith(f".{scope.host}") if scope.subdomains else host == scope.host


def matches(scope: Scope, url: Url) -> bool:
    """
    Say whether a scope holds an address (CONTRACT §2).

    What cannot be read for sure is never inside a granted path and always inside a denied one: an obscure path on its
    host. Dot segments in the text as it came keep an address out of granted paths, although the normal form has none.
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
    also_without_slash = denies and scope.path_match is PathMatch.PREFIX
    return _holds_path(scope, path) or (also_without_slash and _holds_path(scope, f"{path}/"))


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


# ── addresses behind names ──────────────────────────────────────────────────────────────────────────────────────


def is_public(address: str) -> bool:
    """
    Say whether an IP address may be connected to: assigned to the public Internet, and no tunnel or gateway to elsewhere.

    `ipaddress.is_global` is not asked: it calls NAT64, 6to4, multicast and site-local addresses global. Text that is no
    plain literal, with a zone or a leading zero, is not public.
    """
    if "%" in address:
        return False
    try:
        literal = ip_address(address)
    except ValueError:
        return False
    if isinstance(literal, IPv6Address) and literal not in rules.GLOBAL_UNICAST:
        return False
    return not any(literal in network for network in rules.REFUSED_NETWORKS)
