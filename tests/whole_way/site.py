"""The web around stored documents: their pages in the ordinary form, robots.txt, and lists that name them as sources."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ingest import urls
from ingest.demo.answers import Answer
from ingest.errors import UrlError
from ingest.model import Entry, Kind
from whole_way.given import Given, scope_of, shipped_vendors, urlset

HTML: Final = "text/html; charset=utf-8"
ROBOTS: Final = Answer(b"User-agent: *\nDisallow: /private/\n", "text/plain")


def page(url: str, title: str, day: str = "", *, head: str = "", lang: str = "en") -> bytes:
    """Write a page as most of the web's are: title, heading, date, and itself as canonical and `og:url`."""
    address, words = escape(url), escape(title)
    dated = f'<time datetime="{day}">{day}</time>' if day else ""
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><title>{words} | Site</title>'
        f'<link rel="canonical" href="{address}"><meta property="og:url" content="{address}">'
        f'<meta property="og:title" content="{words}"><meta property="og:site_name" content="Site">{head}</head>'
        f"<body><main><h1>{words}</h1>{dated}<p>{'We are glad to announce this today. ' * 12}</p></main></body></html>"
    ).encode()


def answers(given: Iterable[Given], version: int = 0, *, touched: bool = False) -> dict[str, Answer]:
    """
    Say what every address of a world answers.

    Args:
        version: Of each series; where it has fewer, its last.
        touched: Change each document's bytes, and nothing that it says.
    """
    result: dict[str, Answer] = {}
    for one in given:
        for document in one.documents:
            result |= {address: Answer(body, HTML) for address, body in _pages(document.entries)}
            for part in document.parts:
                result |= _part(part)
    for one in given:
        result |= {address: Answer(body, _type(body)) for address, body in one.pages.items()}
        content = one.versions[min(version, len(one.versions) - 1)]
        result[one.url] = Answer(touch(content) if touched else content, one.answers_as)
    hosts = {urlsplit(address).netloc for address in result}
    return result | {f"https://{host}/robots.txt": ROBOTS for host in hosts}


def _type(body: bytes) -> str:
    return "application/xml" if b"<urlset" in body[:500] or b"<sitemapindex" in body[:500] else HTML


def _pages(entries: Iterable[Entry]) -> Iterator[tuple[str, bytes]]:
    for entry in entries:
        try:
            link = urls.with_https(urls.clean(urls.parse(entry.link or "")))
        except UrlError:
            continue
        if scope_of(link) is None:
            continue
        url = link.text.partition("#")[0]
        title = " ".join(entry.title.split()) or f"About {link.path.strip('/').rpartition('/')[2] or link.host}"
        yield url, page(url, title, f"{entry.published.value:%Y-%m-%d}" if entry.published.value else "")


def _part(url: str) -> dict[str, Answer]:
    """Answer for a document that an index lists: a sitemap of two pages."""
    root = url.rpartition("/")[0]
    listed = [f"{root}/announcement-{number}" for number in (1, 2)]
    pages = {address: Answer(page(address, f"Announcement at {address}", "2026-05-20"), HTML) for address in listed}
    return {url: Answer(urlset(*listed)), **pages}


def touch(content: bytes) -> bytes:
    """Change the bytes of a document and nothing that it says."""
    if content.startswith(b"\x1f\x8b"):
        return gzip.compress(gzip.decompress(content), mtime=1)
    if content.startswith(b"\xff\xfe"):
        return content + b"\n\x00"
    if content.startswith(b"\xfe\xff"):
        return content + b"\x00\n"
    return content + b"\n"


# ── lists ───────────────────────────────────────────────────────────────────────────────────────────────────────


def batches(given: Sequence[Given], size: int = 40) -> list[list[Given]]:
    """Put documents together that can be in one list: no address twice, so that each is served as it was recorded."""
    result: list[list[Given]] = []
    for one in given:
        for batch in result:
            if len(batch) < size and not any(one.addresses & other.addresses for other in batch):
                batch.append(one)
                break
        else:
            result.append([one])
    return result


def list_of(batch: Sequence[Given]) -> tuple[str, dict[str, Given]]:
    """Write the list under which a batch is followed; give the documents by source id, too."""
    vendors: dict[str, Any] = {}
    sources: dict[str, Given] = {}
    for vendor, members in _vendors(batch):
        known = shipped_vendors().get(vendor)
        stanzas = {}
        for number, one in enumerate(members):
            key = Path(one.name).name.split(".")[1] if known else f"d{number}"
            stanzas[key] = {"kind": one.kind.value, "url": one.url, **({} if known else {"lang": "en"}), **one.stanza}
            sources[f"{vendor}/{key}"] = one
        if known:
            vendors[vendor] = {name: known[name] for name in known if name != "sources"} | {"sources": stanzas}
            continue
        official = sorted(set().union(*map(_scopes, members)))
        home = members[0].url
        vendors[vendor] = {"name": vendor.title(), "home": home, "official": official, "sources": stanzas}
    return json.dumps({"version": 1, "vendors": vendors}, ensure_ascii=False), sources


def _vendors(batch: Sequence[Given]) -> Iterator[tuple[str, list[Given]]]:
    """Split a batch into vendors: what shares a host is one, as no scope may be two vendors'."""
    groups: list[tuple[set[str], list[Given]]] = []
    for one in batch:
        hosts = {f"shipped:{one.vendor}"} if one.vendor else {scope.partition("/")[0] for scope in _scopes(one)}
        alike = [group for group in groups if group[0] & hosts]
        groups = [group for group in groups if group not in alike]
        merged = (hosts.union(*(group[0] for group in alike)), [*(it for group in alike for it in group[1]), one])
        groups.append(merged)
    for number, (_, members) in enumerate(groups):
        yield members[0].vendor or f"v{number}", members


def _scopes(one: Given) -> set[str]:
    """Name scopes that make a document's own links official."""
    addresses = [one.url, *one.pages]
    for document in one.documents:
        addresses += [entry.link or "" for entry in document.entries] + list(document.parts)
    if one.kind is not Kind.FEED and (stated := dict(one.stanza.get("select", {})).get("page")):
        addresses.append(stated)
    return {scope for address in addresses if (scope := _scope(address))}


def _scope(address: str) -> str | None:
    try:
        return scope_of(urls.with_https(urls.clean(urls.parse(address))))
    except UrlError:
        return None
