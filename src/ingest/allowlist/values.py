"""The single values of the list: the form of their text, and its meaning (CONTRACT §2)."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import timedelta

from ingest import urls
from ingest.allowlist.nodes import Node, ScalarNode, Tag
from ingest.allowlist.report import Place, Report, Wrong, quoted
from ingest.allowlist.shapes import Schema, Text
from ingest.errors import UrlError
from ingest.model import Grant, Scope

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"

SELECTOR_NAME = r"^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_]*)?$"
"""A dot stands in the names of watched values (`value.price`)."""

DURATION = r"^[1-9][0-9]{0,5}[smhd]$"
"""At most six digits: 999999d is still a date when it is added to one."""

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*$"
"""RFC 5646 §2.1 langtag without extensions."""

COUNTRY_FOR_LANGUAGE = {"jp": "ja", "cn": "zh"}
"""Country codes often written instead of a language (ISO 639-1 has neither)."""

PATTERN = r"^(path|title|category):.*\S"

HEADER_NAME = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
"""RFC 9110 §5.6.2 token."""

SECRET_HEADER = re.compile(
    r"auth|cookie|token|secret|api-?key|access-?key|passw|session|credential|signature", re.IGNORECASE
)
"""Names of headers with a secret, with any prefix of a vendor."""

SECRET_VALUE = re.compile(r"(bearer|basic|digest|token)\s", re.IGNORECASE)
"""Values that are credentials under any name (RFC 9110 §11.1 schemes)."""

OWN_HEADER = re.compile(
    r"host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|via|forwarded|proxy-.*|x-forwarded-.*"
    r"|content-.*|if-.*|range|accept-encoding|user-agent|from|referer|origin|:.*",
    re.IGNORECASE,
)
"""Headers of the connection (RFC 9110 §7), of the fetcher (validators, codings), or of our identity."""


@dataclass(frozen=True, slots=True)
class DeclaredScope:
    """A scope and the place of its declaration."""

    scope: Scope
    place: Place


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """A line of `official` or `carriers`, judged by `urls.parse_scope`."""

    grant: Grant

    def read(self, node: Node, place: Place, report: Report) -> DeclaredScope | None:
        """Read one scope."""
        scope = Text(self._parsed, wanted="a scope like example.com").read(node, place, report)
        return None if scope is None else DeclaredScope(scope, place)

    def _parsed(self, text: str) -> Scope | Wrong:
        try:
            return urls.parse_scope(text, self.grant)
        except UrlError as error:
            return Wrong(error.message)

    def schema(self) -> Schema:
        """Describe the outline of a scope. Its host is checked when the list is loaded."""
        sign = "!?" if self.grant is Grant.OFFICIAL else ""
        return {"type": "string", "pattern": rf"^{sign}(\*\.)?[^\s/:@*!]+\.[^\s/:@*!]+(/\S*)?$"}


def text(value: str) -> str:
    """Accept any text."""
    return value


def slug(name: str) -> Wrong | None:
    """Return the fault of a vendor id or source key, if any."""
    if re.fullmatch(SLUG, name):
        return None
    near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return Wrong(
        "an id is lower-case letters and digits, in words joined by single hyphens.",
        f"Write {quoted(near)}." if near else "",
    )


def selector_name(name: str) -> Wrong | None:
    """Return the fault of a name in `select`, if any."""
    if re.fullmatch(SELECTOR_NAME, name):
        return None
    return Wrong("the name of a selector is lower-case letters, digits, _ and -, beginning with a letter.")


def duration(value: str) -> timedelta | Wrong:
    """Read `30s`, `15m`, `1h`, `1d`."""
    if not re.fullmatch(DURATION, value):
        return Wrong(f"{quoted(value)} is not a duration.", "Write a number and its unit: 30s, 15m, 1h or 1d.")
    return timedelta(**{UNITS[value[-1]]: int(value[:-1])})


def language(value: str) -> str | Wrong:
    """Read a BCP 47 tag into its usual spelling (RFC 5646 §2.1.1: `ja`, `zh-Hant`, `pt-BR`)."""
    if meant := COUNTRY_FOR_LANGUAGE.get(value.lower()):
        return Wrong(f"{quoted(value)} is a country, not a language.", f'Did you mean "{meant}"?')
    if not re.fullmatch(LANGUAGE, value):
        return Wrong(f"{quoted(value)} is not a language tag.", 'Write one like "en", "ja" or "pt-BR" (BCP 47).')
    first, *rest = value.split("-")
    cased = (part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower() for part in rest)  # noqa: PLR2004 - the widths of region and script
    return "-".join((first.lower(), *cased))


def address(value: str) -> urls.Url | Wrong:
    """Read an https address into its normal form."""
    try:
        url = urls.parse(value)
    except UrlError as error:
        return Wrong(error.message)
    if url.scheme != "https":
        return Wrong("is not https, and every official address must be.", f"Write https://{url.host}{url.path}")
    return url


def pattern(value: str) -> str | Wrong:
    """Read `path:…`, `title:…` or `category:…` with a valid regular expression."""
    if not re.match(PATTERN, value):
        return Wrong(
            f"{quoted(value)} does not say what it looks at.",
            'Write "path:/blog/ai/", "title:(?i)gemini" or "category:^AI$".',
        )
    subject, _, expression = value.partition(":")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # "[[a]": what `re` will read differently one day
            re.compile(expression.strip())
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        return Wrong(
            f"{quoted(expression.strip())} is not a regular expression: {error}.",
            'Write "\\" before a literal . ( [ * + or ?.',
        )
    return f"{subject}:{expression.strip()}"


def header_name(name: str) -> Wrong | None:
    """Return the reason to refuse a request header, if any."""
    if not re.fullmatch(HEADER_NAME, name):
        return Wrong(f"{quoted(name)} is not a header name.", "Write one like Accept-Language.")
    if SECRET_HEADER.search(name):
        return Wrong(
            "this header carries a secret, and secrets never stand in the list.",
            "Leave it out: official sources are public.",
        )
    if OWN_HEADER.fullmatch(name):
        return Wrong(
            "this header is set by the program.",
            "Leave it out." + (" The user agent is INGEST_USER_AGENT." if name.lower() == "user-agent" else ""),
        )
    return None


def header_value(value: str) -> str | Wrong:
    """Accept visible ASCII without a credential (RFC 9110 §5.5)."""
    if SECRET_VALUE.match(value):
        return Wrong("this looks like a credential, and secrets never stand in the list.", "Leave the header out.")
    return value if value.isascii() else Wrong("a header value is plain ASCII.")


@dataclass(frozen=True, slots=True)
class Version:
    """The number 1."""

    def read(self, node: Node, place: Place, report: Report) -> int | None:
        """Read the version of the format."""
        if isinstance(node, ScalarNode) and node.tag is Tag.INTEGER and node.text == "1":
            return 1
        text = quoted(node.text) if isinstance(node, ScalarNode) else "this"
        report.add(place, f"{text} is not a version that can be read.", "Write version: 1")
        return None

    def schema(self) -> Schema:
        """Describe the number."""
        return {"const": 1}
