"""The base address of a feed, against which its relative links are resolved."""

from __future__ import annotations

from dataclasses import dataclass

from ingest import urls
from ingest.errors import UrlError
from ingest.parse.markup.links import absolute
from ingest.text import uncovered


@dataclass(frozen=True, slots=True)
class Base:
    """The base address of a feed, and its origin."""

    address: str
    said_by: str

    @classmethod
    def of(cls, site: str | None, address: str) -> Base:
        """Choose the base: the feed's site if on another host, else the feed's own address."""
        try:
            page = urls.parse(site or "")
        except UrlError:
            return cls(address, "document address")
        elsewhere = page.host != urls.parse(address).host
        return cls(page.text, "channel link") if elsewhere else cls(address, "document address")

    def resolve(self, link: str) -> tuple[str, str]:
        """Resolve a link, and return it with its base. The base is "" for a link with its own host."""
        resolved = absolute(link, self.address)
        is_whole = resolved == link or urls.names_host(uncovered(link), self.address)
        return resolved, "" if is_whole else f"{self.said_by} {self.address}"
