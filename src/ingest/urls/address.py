"""The address itself: parsed into normal form, and cleaned of parameters for clicks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import ada_url  # noqa: TID251 - addresses are parsed here and nowhere else

from ingest import rules
from ingest.errors import UrlError
from ingest.urls.hosts import check_host, is_number, keys, number_refusal
from ingest.urls.refusal import refusal, shown

MAX_LENGTH: Final = 2048
"""Characters of an address in normal form, as allowed by the sitemap protocol (sitemaps.org, `<loc>`)."""

_AROUND: Final = " \t\n\f\r"  # ASCII white space, URL Standard §4.4
_OUTLINE: Final = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)")
_HREF: Final = re.compile(r"(https?)://([^/:]+|\[[^/]*\])(:\d+)?(/[^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_SPECIAL: Final = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]")
_DOT_SEGMENT: Final = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)  # URL Standard §4.1

_PCHAR: Final = r"A-Za-z0-9\-._~!$&'()*+,;=:@"  # RFC 3986 §3.3
_PATH_ESCAPES: Final = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PCHAR}/]")
_TAIL_ESCAPES: Final = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PCHAR}/?]")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class Url:
    """
    A web address in normal form.

    `text` is the whole in ASCII: lower-case scheme and host, no user, no port, no trailing dot, a path with a leading `/` and
    without dot segments, upper-case escapes, no needless escapes, and no raw characters outside RFC 3986. `query` and `fragment`
    are without their sign, and None if absent or empty. `dotted` means that the original text had dot segments.
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
    Parse an address as written.

    ASCII white space around it is ignored. The default port of the scheme, an empty query and an empty fragment are removed
    (RFC 3986 §6.2.3). The result parses as itself. A round asks for each address about eight times, so that results are cached.

    Args:
        raw: Absolute, or relative if there is a `base`.
        base: The absolute address for a relative `raw` (RFC 3986 §5).

    Errors:
        UrlError: With the broken rule. See the package.
    """
    return _absolute(raw) if base is None and len(raw) <= MAX_LENGTH else _parsed(raw, base)


@lru_cache(maxsize=4096)
def _absolute(raw: str) -> Url:
    return _parsed(raw, None)


def _parsed(raw: str, base: str | None) -> Url:
    text = raw.strip(_AROUND)
    root = parse(base).text if base is not None else None
    _check_text(text)
    outline = _outline(text, based=root is not None)
    try:
        href = _HREF.fullmatch(ada_url.URL(text, root).href)
    except ValueError:
        href = None
    if href is None:
        raise _why_unreadable(outline["authority"] or "", raw)
    scheme, host, port, path, query, fragment = href.groups()
    check_host(host, raw)
    if port:
        raise refusal("port", f"names the port {port[1:]}; official pages are on the default one: leave it out.", raw)
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
    Return an address without the marks of a click.

    Tracking parameters are removed by name, and the others keep order and bytes. Fragments are removed if they name no part of a
    page (`rules.toml` lists them with reasons). Scheme and host never change. The path loses a session id, written by servers
    for readers without cookies. The function is idempotent.
    """
    if url.query is None and url.fragment is None and ";" not in url.path:
        return url
    kept = [part for part in (url.query or "").split("&") if not _is_tracking(url.host, part)]
    query = "&".join(kept) if any(kept) else None
    anchor = (url.fragment or "").partition(":~:")[0]
    fragment = None if rules.FRAGMENT_NOISE.fullmatch(anchor) else anchor or None
    return _built(url.scheme, url.host, _SESSION.sub("", url.path), query, fragment, dotted=url.dotted)


_SESSION: Final = re.compile(
    r";jsessionid=[^/;]*", re.IGNORECASE
)  # Jakarta Servlet 6.0 §7.1.3, for readers without cookies


def with_https(url: Url) -> Url:
    """Return an address with the scheme `https`."""
    if url.scheme == "https":
        return url
    return replace(url, scheme="https", text=f"https://{url.host}{url.path}{url.suffix}")


def _suffix(query: str | None, fragment: str | None) -> str:
    return ("" if query is None else f"?{query}") + ("" if fragment is None else f"#{fragment}")


def _built(scheme: str, host: str, path: str, query: str | None, fragment: str | None, *, dotted: bool) -> Url:
    text = f"{scheme}://{host}{path}{_suffix(query, fragment)}"
    _check_length(text)
    return Url(text, scheme, host, path, query, fragment, dotted)


def _escape(match: re.Match[str]) -> str:
    """Decode needless escapes, write escapes in upper case, escape the rest (RFC 3986 §2.1, §2.4, §6.2.2)."""
    token = match[0]
    if len(token) == 1:
        return f"%{ord(token):02X}"  # ASCII: the URL Standard has escaped everything else
    char = chr(int(token[1:], 16))
    return char if char in _UNRESERVED else token.upper()


def _is_tracking(host: str, parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return (
        name in rules.TRACKING_PARAMETERS
        or name.startswith(rules.TRACKING_PREFIXES)
        or rules.TRACKING_VALUES.fullmatch(parameter) is not None
        or any(name in rules.TRACKING_BY_HOST.get(key, ()) for key in keys(host))
    )


# ── what makes text no address ──────────────────────────────────────────────────────────────────────────────────


def _check_text(text: str) -> None:
    """Refuse characters that the URL Standard drops or replaces."""
    _check_length(text)
    for char in _SPECIAL.findall(text):
        if char == "\\":
            raise refusal("backslash", "holds a backslash, which some programs read as /; write / or %5C.", text)
        kind = unicodedata.category(char)
        if kind in {"Cc", "Cf", "Cs"}:  # Cf: invisible, or turns the writing direction round (RFC 3987 §4.1)
            raise refusal("control-character", f"holds the invisible character U+{ord(char):04X}; leave it out.", text)
        if kind in {"Zs", "Zl", "Zp"}:
            message = f"holds white space (U+{ord(char):04X}); leave it out, or write %20 if it is meant."
            raise refusal("white-space", message, text)


def _check_length(text: str) -> None:
    if len(text) > MAX_LENGTH:
        message = f"is longer than {MAX_LENGTH} characters, which no page's address is; check where it came from."
        raise refusal("too-long", message, text)


def _outline(text: str, *, based: bool) -> re.Match[str]:
    """Return scheme, authority and path as written, unless the URL Standard would repair them."""
    outline = _OUTLINE.match(text)
    assert outline is not None  # every part of the expression may be empty
    scheme, authority = outline["scheme"], outline["authority"]
    if not text:
        raise refusal("malformed", "is empty; write an address like https://example.com/page.", text)
    if scheme is not None and scheme.lower() not in {"http", "https"}:
        raise refusal("scheme", f"is a {scheme.lower()}: address; official pages are https.", text)
    if scheme is None and not based:
        raise refusal("relative", "has no scheme; write the whole of it, like https://example.com/page.", text)
    if not authority and (scheme is not None or authority is not None):
        raise refusal("malformed", "has no host after two slashes; write it like https://example.com/page.", text)
    if authority and "@" in authority:
        raise refusal("user-info", "holds a user name before an @; the host comes right after https://.", text)
    if authority and "%" in authority:
        raise refusal("malformed", "holds a percent sign in its host; write the host in plain letters.", text)
    return outline


def _why_unreadable(authority: str, raw: str) -> UrlError:
    """Return the fault of a host, or of its port."""
    host, port = authority, ""
    if ":" in authority and not authority.endswith("]"):
        host, _, port = authority.rpartition(":")
    if is_number(host):
        return number_refusal(host, raw)
    if port and not (port.isdecimal() and int(port) < 1 << 16):
        return refusal("port", f"names {shown(port)} as its port, which is none; leave it out.", raw)
    return refusal("malformed", f"has no host that can be read ({shown(host)}); write one like example.com.", raw)
