"""The base address of a feed, against which its relative links are resolved."""

from __future__ import annotations

from dataclasses import dataclass

from ingest import urls
from ingest.errors import UrlError
from ingest.parse.markup.links import absolute
from ingest.text import uncovered


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
