"""What the fields of an entry have in common in every dialect: bounded text, absolute links, dates by preference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ingest import dates, urls
from ingest.dates import printed
from ingest.errors import UrlError
from ingest.model import NO_DATE, Dated, Precision
from ingest.parse.markup.characters import legal
from ingest.text import MARKUP_LIMIT, uncovered

ENTRY_LIMIT: Final = 20_000
"""Entries of one document that are read; the longest recorded feed has 372."""

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def string(value: object, limit: int = MARKUP_LIMIT) -> str:
    """Return a field as text without white space or CDATA around it, "" for anything that is not text."""
    return uncovered(legal(value[:limit])).strip() if isinstance(value, str) else ""


def breaks_off(markup: str, root: str) -> bool:
    """Whether XML lacks the end of its root element, whose local name is given: what came behind is missing."""
    name = rf"(?:[\w.-]+:)?{re.escape(root)}"
    return re.search(rf"</{name}\s*>|<{name}\b[^<>]*/>", markup, re.IGNORECASE) is None


def absolute(link: str, base: str) -> str:
    """
    Return a link as a browser reads it: as written if it names its scheme, else resolved against `base`.

    What cannot be resolved comes back as it is: that it is no web address is said later, where it can be counted.
    """
    try:
        return urls.link(uncovered(link), base)
    except UrlError:
        return link


def has_web_scheme(link: str) -> bool:
    """Whether a link names the scheme of a web page."""
    return link.lower().startswith(("http://", "https://"))


def is_web(link: str) -> bool:
    """Whether a link leads to a web page: it names that scheme, or none and is relative."""
    return has_web_scheme(link) or not _SCHEME.match(link)


def number(value: object) -> str:
    """Return a text field, or a number as text, "" for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else string(value)


@dataclass(frozen=True, slots=True)
class Base:
    """What the relative links of a feed are resolved against, and whose word that is."""

    address: str
    said_by: str

    @classmethod
    def of(cls, site: str | None, address: str) -> Base:
        """Take the page that a feed says it is of, where that is on another host than the feed; else the feed's own address."""
        try:
            page = urls.parse(site or "")
        except UrlError:
            return cls(address, "document address")
        elsewhere = page.host != urls.parse(address).host
        return cls(page.text, "channel link") if elsewhere else cls(address, "document address")

    def resolve(self, link: str) -> tuple[str, str]:
        """Return a link as an absolute address, and what it was resolved against; "" for one that named its own host."""
        resolved = absolute(link, self.address)
        is_whole = resolved == link or urls.names_host(uncovered(link), self.address)
        return resolved, "" if is_whole else f"{self.said_by} {self.address}"


def first_date(*raw: object) -> Dated:
    """
    Return the first of several dates that can be read; failing that the first one given, with its reason.

    One that a word calls the date of a change is none of these (`dates.labels`), but for `first_update`.
    """
    read = [_published(string(value)) for value in raw if string(value)]
    return next((date for date in read if date.value is not None), read[0] if read else NO_DATE)


def _published(text: str) -> Dated:
    said = printed.labelled(text)
    if said.published.value is None and said.updated.value is not None:
        return Dated(None, Precision.NONE, text[: dates.LONGEST], "it is the date of a change")
    return said.published if said.published.value is not None else dates.parse(text)


def first_update(updated: object, published: object = None) -> Dated:
    """Return when something was changed: what its own field says, else what the field of its publication says besides."""
    date = first_date(updated)
    if date.value is not None:
        return date
    said = (printed.labelled(string(value)).updated for value in (updated, published))
    return next((found for found in said if found.value is not None), date)
