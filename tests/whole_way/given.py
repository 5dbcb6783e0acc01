"""
Every stored document that the whole way is tried with: recorded, golden and those of the shipped list.

A document becomes a source of an allow-list: its kind, its selectors and the scopes that make its own links official, since
the policy is not the point here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import yaml

from corpus.report import ROOT
from golden.stanzas import FOLDER, of_folder
from ingest import urls
from ingest.authoring.discover import discover
from ingest.demo.answers import MEDIA_TYPES
from ingest.errors import ParseError, UrlError
from ingest.model import Document, Grant, Kind
from ingest.parse import parse
from ingest.parse.markup.decoding import decode
from support.documents import make_capture, make_source

HERE: Final = Path(__file__).parents[1]
OWN_HOST: Final = "recorded.example-vendor.com"

KINDS: Final = {
    "rss": Kind.FEED,
    "atom": Kind.FEED,
    "jsonfeed": Kind.FEED,
    "html-list": Kind.PAGE,
    "changelog": Kind.CHANGELOG,
    "markdown-changelog": Kind.CHANGELOG,
    "sitemap": Kind.SITEMAP,
}

TYPES: Final = {
    Kind.FEED: "application/xml",
    Kind.SITEMAP: "application/xml",
    Kind.JSON: "application/json",
}


@dataclass(frozen=True)
class Given:
    """
    One document and how it is followed.

    `versions` are served one after the other. `pages` are recorded pages of its entries, by address. `group` names documents
    that must not be apart: sources of one vendor of the shipped list.
    """

    name: str
    kind: Kind
    url: str
    versions: tuple[bytes, ...]
    media_type: str = ""
    stanza: Mapping[str, Any] = field(default_factory=dict)
    pages: Mapping[str, bytes] = field(default_factory=dict)
    vendor: str = ""

    @property
    def answers_as(self) -> str:
        """The media type that its server names."""
        return self.media_type or TYPES.get(self.kind, "text/html; charset=utf-8")

    def read(self, content: bytes) -> Document:
        """
        Read a version as a poll does.

        Raises:
            ParseError: It cannot be read.
        """
        lists = {name: tuple(self.stanza.get(name, ())) for name in ("include", "exclude", "topics")}
        select = tuple(dict(self.stanza.get("select", {})).items())
        source = make_source(id="whole/way", kind=self.kind, url=self.url, select=select, **lists)
        return parse(make_capture(content, url=self.url, media_type=self.answers_as), source)

    @cached_property
    def documents(self) -> list[Document]:
        """Every version that can be read, read."""
        result = []
        for content in self.versions:
            with suppress(ParseError):
                result.append(self.read(content))
        return result

    @property
    def addresses(self) -> set[str]:
        """What two documents of one world may not both answer."""
        return {self.url, *self.pages}


# ── gathering ───────────────────────────────────────────────────────────────────────────────────────────────────


def everything() -> list[Given]:
    """Return all: the corpus where it is beside the checkout, the golden documents, those of the shipped list."""
    return [*recorded(), *series(), *golden(), *shipped()]


@cache
def _selectors() -> dict[str, dict[str, Any]]:
    texts = [(HERE / "corpus" / name).read_text("utf-8") for name in ("stanzas.yaml", "changelog_stanzas.yaml")]
    return {path: stanza for text in texts for path, stanza in yaml.safe_load(text)["recordings"].items()}


@cache
def shipped_vendors() -> dict[str, dict[str, Any]]:
    """Read the vendors of the shipped list as they are written."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    listed: dict[str, dict[str, Any]] = yaml.load((HERE.parent / "sources.yaml").read_text("utf-8"), loader)["vendors"]
    return listed


def _manifest() -> list[dict[str, Any]]:
    if not ROOT.is_dir():
        return []
    return [json.loads(line) for line in (ROOT / "manifest.jsonl").read_text("utf-8").splitlines()]


def recorded() -> Iterator[Given]:
    """Give the single recorded documents; an article is the page of a sitemap's one entry."""
    for number, row in enumerate(row for row in _manifest() if not row["path"].startswith("series/")):
        content = (ROOT / row["path"]).read_bytes()
        address = _address(row["url"], f"{number}-{Path(row['path']).name}")
        if row["kind"] == "html-article":
            yield _listing(row["path"], address, content)
        else:
            yield _of_kind(row["path"], KINDS[row["kind"]], address, (content,), MEDIA_TYPES.get(row["kind"], ""))


def series() -> Iterator[Given]:
    """Give the recorded series, each with its versions in order."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for row in _manifest():
        if row["path"].startswith("series/"):
            folders.setdefault(row["path"].rpartition("/")[0], []).append(row)
    for name, rows in folders.items():
        rows.sort(key=lambda row: str(row["path"]))
        versions = tuple((ROOT / row["path"]).read_bytes() for row in rows)
        kind = rows[-1]["kind"]
        address = _address(rows[-1]["url"], name.rpartition("/")[2])
        yield _of_kind(name, KINDS[kind], address, versions, MEDIA_TYPES.get(kind, ""))


def golden() -> Iterator[Given]:
    """Give the golden documents with the stanzas that their expectations name."""
    names = {"changelog": Kind.CHANGELOG, "sitemap": Kind.SITEMAP, "watch": Kind.WATCH}
    for folder in sorted(path for path in (HERE / "golden").iterdir() if (path / "expected.json").is_file()):
        given = json.loads((folder / "expected.json").read_text("utf-8"))["given"]
        (document,) = folder.glob("document.*")
        name, content = f"golden/{folder.name}", document.read_bytes()
        if folder.name.startswith("article-"):
            yield _listing(name, given["url"], content)
            continue
        kind = Kind(given.get("kind") or names.get(folder.name.split("-")[0], Kind.FEED))
        stanza = {key: given[key] for key in ("select", "include", "exclude") if key in given}
        plain = "text/markdown" if document.suffix in {".md", ".mdx"} else ""
        media_type = given.get("media_type") or plain
        yield Given(name, kind, given["url"], (content,), media_type, stanza | given.get("source", {}))


def shipped() -> Iterator[Given]:
    """Give the documents of the shipped list with its own stanzas; that of a part is served at the part's address."""
    listed = shipped_vendors()
    for folder in sorted(path for path in FOLDER.iterdir() if path.is_dir()):
        result = of_folder(folder)
        vendor, key = result.source.id.split("/")
        stanza = dict(listed[vendor]["sources"][key])
        plain = "text/markdown" if next(folder.glob("document.*")).suffix in {".md", ".mdx"} else ""
        kind, url = Kind(stanza.pop("kind")), stanza.pop("url")
        dropped = {"enabled": True}  # the stanza is tried, whether it is followed today or not
        is_part = result.url != url
        pages = {result.url: result.content} if is_part else {}
        versions = (_index(result.url),) if is_part else (result.content,)
        yield Given(f"shipped/{folder.name}", kind, url, versions, plain, stanza | dropped, pages, vendor)


def opened(given: Iterable[Given]) -> list[Given]:
    """Return the lists that can do without their entries' pages, followed with `article: true`."""
    kinds = {Kind.FEED, Kind.PAGE, Kind.JSON}
    return [
        replace(one, name=f"{one.name} (article)", stanza={**one.stanza, "article": True, "first_fill": 10})
        for one in given
        if one.kind in kinds and not one.vendor
    ]


def _of_kind(name: str, kind: Kind, url: str, versions: tuple[bytes, ...], media_type: str) -> Given:
    select = _selectors().get(name, {}).get("select")
    stanza = {"select": select} if select else {}  # an empty one means the same, and a list may not say it
    if kind is Kind.PAGE and not stanza:
        stanza = _discovered(versions[-1], url)
        kind = kind if stanza else Kind.FEED  # a page in a feed's place, which is broken by name
    return Given(name, kind, url, versions, media_type, stanza)


def _discovered(content: bytes, url: str) -> dict[str, Any]:
    try:
        proposals = discover(decode(content), url).proposals
    except ParseError:
        return {}
    return next(({"select": dict(one.select)} for one in proposals if one.kind is Kind.PAGE), {})


def _listing(name: str, page: str, content: bytes) -> Given:
    """Make a sitemap that lists one page."""
    folder = urlunsplit(urlsplit(page)._replace(path=f"/sitemap-of-{Path(name).name}.xml", query="", fragment=""))
    return Given(name, Kind.SITEMAP, folder, (urlset(page),), pages={page: content})


def urlset(*pages: str) -> bytes:
    """Write a sitemap."""
    listed = "".join(f"<url><loc>{page.replace('&', '&amp;')}</loc></url>" for page in pages)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</urlset>'.encode()


def _index(part: str) -> bytes:
    listed = f"<sitemap><loc>{part}</loc></sitemap>"
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</sitemapindex>'.encode()


def _address(recorded_at: object, otherwise: str) -> str:
    """Give the address at which a document was recorded, or one of our own where a list could not name that."""
    own = f"https://{OWN_HOST}/{otherwise}"
    try:
        url = urls.with_https(urls.parse(recorded_at if isinstance(recorded_at, str) else own))
    except UrlError:
        return own
    return url.text if scope_of(url) else own


@cache
def scope_of(url: urls.Url) -> str | None:
    """Name the widest scope that holds an address and that a list may name."""
    first, second = [*url.path.split("/")[1:], "", ""][:2]
    for scope in (url.host, f"{url.host}/{first}/", f"{url.host}/{first}/{second}/", f"{url.host}{url.path}"):
        with suppress(UrlError):
            if urls.matches(urls.parse_scope(scope, Grant.OFFICIAL), url):
                return scope
    return None
