"""
Links as documents hold them: with line breaks, spaces and invisible characters in them, or without a scheme.

They are read like in a browser (URL Standard §4.4). The result is an address like any other: parsed, admitted, requested and
stored in one form. Changes of the writing direction, control characters, backslashes and invisible characters in a host are not
corrected, because fakes consist of them.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from ingest.urls.address import Url, parse
from ingest.urls.refusal import refusal

# ── the text ────────────────────────────────────────────────────────────────────────────────────────────────────

_PLAIN: Final = re.compile(r"[!-~]*")
# What stands around an address and is the writer's: white space, controls, and everything that nobody sees.
_AROUND: Final = "\\s\x00-\x1f\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_ENDS: Final = re.compile(rf"\A[{_AROUND}]+|[{_AROUND}]+\Z")
# URL Standard §4.4 drops tabs and line breaks; the indentation behind a line break is the layout's like the break itself.
_BREAKS: Final = re.compile("[ \t]*[\r\n\x0b\x0c\x85\u2028\u2029][ \t\r\n\x0b\x0c\x85\u2028\u2029]*|\t")
_AUTHORITY: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*")
_ENCODED: Final = re.compile("[ \xa0\xad\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff]")

# Two addresses with a space between, or a scheme with one inside: which one is meant is not for us to guess.
_DOUBTFUL: Final = re.compile(r"\s\S*://|\A[^/?#]*\s[^/?#]*:")

# ── no scheme ───────────────────────────────────────────────────────────────────────────────────────────────────

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST: Final = re.compile(
    r"(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24})(?::(?:443|80))?(?=(?P<path>/)|[?#]|\Z)"
)
_NO_FOLDERS: Final = frozenset({"com", "org", "edu", "gov"})
"""Top-level domains without homonymous folders. `asp.net` and `llama.cpp` are names of folders."""

# ── no page ─────────────────────────────────────────────────────────────────────────────────────────────────────

_TWO_IN_ONE: Final = re.compile(r"://|/https?:|/https?//|\A/https?%3A%2F%2F", re.IGNORECASE)
_UNFILLED: Final = re.compile(
    r"%7B%7B|\$%7B|%3C|%5Bobject%20|/(?:undefined|%7B[^/]*%7D|%5B(?:\.{3})?[a-z_]+%5D|:slug)(?=/|\Z)", re.IGNORECASE
)  # {{slug}}, ${slug}, <%= %>, [object Object], and whole segments: undefined, {slug}, [slug], :slug


def tidy(written: str) -> str:
    """Return the text of a link without characters that browsers drop, and with its spaces escaped."""
    if _PLAIN.fullmatch(written):
        return written
    text = _BREAKS.sub("", _ENDS.sub("", written))
    if _DOUBTFUL.search(text):
        return text
    start = authority.end() if (authority := _AUTHORITY.match(text)) else 0
    return text[:start] + _ENCODED.sub(lambda char: quote(char[0]), text[start:])


def link(written: str, base: str) -> str:
    """
    Return a link as an absolute address: as written if it has a scheme, else with one, else resolved (RFC 3986 §5).

    A host without a scheme (`www.example.com/news`) counts in three cases, like in a browser's address bar: it begins with `www.`, is of
    the same site as the base, or cannot be a folder.

    Errors:
        UrlError: As `parse`.
    """
    text = tidy(written)
    if _lacks_scheme(text, base):
        return f"https://{text}"
    return text if _SCHEME.match(text) else parse(text, base).text


def names_host(written: str, base: str) -> bool:
    """Whether a link names its own host, with or without a scheme. `base` is the base of relative links."""
    text = tidy(written)
    return text.startswith("//") or _SCHEME.match(text) is not None or _lacks_scheme(text, base)


def _lacks_scheme(text: str, base: str) -> bool:
    host = _HOST.match(text)
    if host is None:
        return False
    labels = host["host"].lower().split(".")
    if labels[0] == "www" and len(labels) > 2:  # noqa: PLR2004 - and a domain
        return True
    if labels[-2:] == parse(base).host.split(".")[-2:]:
        return True
    return host["path"] is not None and labels[-1] in _NO_FOLDERS


def possible(url: Url) -> Url:
    """
    Return an address that a page can have.

    Errors:
        UrlError: `malformed`, for the result of a fault: two addresses in one, or an unfilled template.
    """
    first = url.path[1:].partition("/")[0].lower()
    if _TWO_IN_ONE.search(url.path) or first in {url.host, f"www.{url.host}", url.host.removeprefix("www.")}:
        message = (
            "holds a second address in its path, so no page can have it; the link has to be corrected at its source."
        )
        raise refusal("malformed", message, url.text)
    if _UNFILLED.search(url.path):
        message = "holds a placeholder in its path that was not filled in; the link has to be corrected at its source."
        raise refusal("malformed", message, url.text)
    return url
