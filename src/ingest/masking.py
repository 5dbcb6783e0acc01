"""
Mask the passwords of a database address, in the address and in any other text.

A password may stand before the @ (RFC 3986 §3.2.1), in a parameter (libpq, "Parameter Key Words"), escaped or not, inside
another parameter (`options`), or in a string of keys and values. In doubt the text is masked: the operator knows the address,
a reader of the log must not.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK: Final = "***"

SHORTEST: Final = 3
"""Letters of the shortest secret to mask in other texts. A shorter one would match half of all words."""

_SECRET: Final = re.compile(r"pass(?!file)|pwd|\bpw\b|secret|token|credential|api_?key|scram_\w*_key", re.IGNORECASE)
"""Names of parameters with secret values. `passfile` and `sslkey` hold file names."""

_VALUE: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_IN_ADDRESS: Final = re.compile(r"([^?&;=]+)(=|%3D)([^&;]*)", re.DOTALL | re.IGNORECASE)
_IN_TEXT: Final = re.compile(rf"([\w.%+-]+)(\s*=\s*)({_VALUE}|[^\s&;,)]*)")
_SCHEME: Final = re.compile(r"\s*([\w+.-]+)://")
_USER: Final = re.compile(r"(://[^:@\s]*?(?::|%3A))(.*)@", re.IGNORECASE | re.DOTALL)
_USER_OF_FILE: Final = re.compile(r"(://[^:/?#@\s]*(?::|%3A))(.*)@", re.IGNORECASE | re.DOTALL)
_USER_ALONE: Final = re.compile(r"^([^@\s=]*?(?::|%3A))(.*)@", re.IGNORECASE | re.DOTALL)
_NO_PORT: Final = re.compile(r"(://[^:/?#@\s\[]*:)(?![0-9]*(?:[/?#,]|$))([^/?#]*)")
_USER_IN_TEXT: Final = re.compile(r"(://[^:/?#@\s]*(?::|%3A))\S*@", re.IGNORECASE)


def mask(address: str) -> str:
    """Mask every password in the address of a database, even in an invalid address."""
    scheme = _SCHEME.match(address)
    if scheme is None:
        return _USER_ALONE.sub(rf"\1{MASK}@", mask_text(address))
    masked = _IN_ADDRESS.sub(_masked, address)
    user = _USER_OF_FILE if scheme[1].startswith("sqlite") else _USER
    masked, count = user.subn(rf"\1{MASK}@", masked)
    return masked if count or scheme[1].startswith("sqlite") else _NO_PORT.sub(rf"\1{MASK}", masked)


def mask_text(text: str) -> str:
    """Mask anything that looks like a password in a text: `password=…`, `://user:…@`."""
    return _USER_IN_TEXT.sub(rf"\1{MASK}@", _IN_TEXT.sub(_masked, text))


def _masked(pair: re.Match[str]) -> str:
    return f"{pair[1]}{pair[2]}{MASK}" if _is_secret(pair[1], pair[3]) else pair[0]


def _is_secret(name: str, value: str) -> bool:
    """Whether a parameter is a secret, or contains one in its value (`options=-c%20x.password%3D…`)."""
    plain = unquote_plus(unquote_plus(value))
    return bool(value) and (
        _SECRET.search(unquote_plus(name)) is not None
        or ("=" in plain and any(_is_secret(*pair) for pair in re.findall(r"([\w.]+)\s*=\s*(\S+)", plain)))
    )


def secrets(address: str) -> frozenset[str]:
    """Return the passwords of an address in all spellings of other texts: as written, unescaped, escaped, in parts."""
    passwords = {item[3].strip("'\"") for item in _IN_ADDRESS.finditer(address) if _is_secret(item[1], item[3])}
    user = _USER.search(_IN_ADDRESS.sub(_masked, address))
    if user is not None and not address.startswith("sqlite"):
        passwords |= {user[2], *user[2].split("@")}  # a driver reads the host after the first @
    meant = {way(secret) for secret in passwords for way in (str, unquote, unquote_plus)}
    spelled = {way(secret) for secret in meant for way in (str, quote, quote_plus, _quote_all)}
    return frozenset(secret for secret in spelled if len(secret) >= SHORTEST)


def _quote_all(secret: str) -> str:
    return quote(secret, safe="")


def scrub(text: str, hidden: frozenset[str]) -> str:
    """Mask known secrets in any text, and anything that looks like a password."""
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return mask_text(text)
