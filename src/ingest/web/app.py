"""
The answers: pages with their ETag, static files, `/healthz`, and errors as pages.

Every response has the same protective headers. Only GET and HEAD exist, nothing is written, no cookie is set.
"""

from __future__ import annotations

import hashlib
import logging
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ingest.errors import StoreError
from ingest.log import visible
from ingest.remedies import explained
from ingest.store import Engine, queries, stories
from ingest.store.engine import read
from ingest.web import coding, page

log = logging.getLogger("ingest.web")

PROTECTION: Final = {
    # Nothing but our own style sheet and icon; no script, form, frame or base at all (CSP3 §6).
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

RETRY_S: Final = 30
"""Seconds until a client should try an unreadable database again: as long as we wait for a lock."""

_REVALIDATE: Final = "no-cache"
_FOR_EVER: Final = "public, max-age=31536000, immutable"  # a year; `immutable` is RFC 8246

NAMES: Final = 5
"""Unknown parameters named in a response."""

NAME_LIMIT: Final = 80
"""Characters of each unknown parameter in a response."""

_FAULTS: Final = {
    400: ("Unknown parameter", "This address takes no parameter {}; without it, this is not what was asked for."),
    404: ("No such page", "There is nothing at this address."),
    405: ("Read only", "Pages here can be read and nothing else."),
    500: ("Something broke", "This is a fault in the program; its log says more."),
    503: ("The database cannot be read", "Try again in a moment; the log of the program says what is wrong."),
}


def wall_clock() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def make_app(
    engine: Engine, *, timezone: tzinfo, banner: str = "", now: Callable[[], datetime] = wall_clock
) -> Starlette:
    """
    Make the web application.

    Args:
        engine: A database at the right schema, only read.
        timezone: The zone of the days and times.
        banner: A plain sentence on top of every page.
        now: The clock for recent and stale data.
    """
    site = _Site(engine, timezone, banner, now)
    app = Starlette(
        routes=[
            Route("/", _with(site.front)),
            Route("/sources", _with(site.sources)),
            Route("/static/{name}", _with(site.static, "v")),
            Route("/healthz", site.health),
        ],
        exception_handlers={HTTPException: site.refuse, StoreError: site.unavailable, Exception: site.broken},
    )
    app.router.redirect_slashes = False  # a redirect would be built from the Host header, which anybody can write
    return app


def _with(answer: Callable[[Request], Response], *known: str) -> Callable[[Request], Response]:
    """Refuse other parameters than these. An ignored parameter would make a wrong page look right."""

    def checked(request: Request) -> Response:
        _check_parameters(request, *known)
        return answer(request)

    return checked


def _check_parameters(request: Request, *known: str) -> None:
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        names = ", ".join(f'"{visible(name)[:NAME_LIMIT]}"' for name in unknown[:NAMES])
        raise HTTPException(400, names + (", …" if len(unknown) > NAMES else ""))


@dataclass(frozen=True, slots=True)
class _Static:
    body: bytes
    media_type: str
    version: str


class _Site:
    """The routes, with the database, the zone, the clock, the templates and the static files."""

    def __init__(self, engine: Engine, zone: tzinfo, banner: str, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._zone = zone
        self._now = now
        self._static = _static_files()
        self._templates = Environment(
            loader=PackageLoader("ingest.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            banner=banner,
            policy={"ja": page.POLICY_JA, "en": page.POLICY_EN},
            asset={name: f"/static/{name}?v={static.version}" for name, static in self._static.items()},
        )

    async def health(self, request: Request) -> Response:
        """Answer that the process runs, without the database or a thread."""
        _check_parameters(request)
        return PlainTextResponse("ok\n", headers={**PROTECTION, "Cache-Control": "no-store"})

    def front(self, request: Request) -> Response:
        """Answer with the first page."""
        with read(self._engine) as conn:
            live = stories.stories(conn, queries.Filter(backfill=False), limit=page.TICKER_LINES)
            newest = stories.stories(conn, limit=page.LIST_LINES + 1)
            sources = queries.sources(conn)
            as_of = queries.data_as_of(conn)
        shown = page.front_page(live, newest, sources, self._freshness(as_of), self._zone)
        return self._page(request, "front.html", shown)

    def sources(self, request: Request) -> Response:
        """Answer with the page of all sources."""
        with read(self._engine) as conn:
            sources = queries.sources(conn)
            as_of = queries.data_as_of(conn)
        return self._page(request, "sources.html", page.sources_page(sources, self._freshness(as_of), self._zone))

    def static(self, request: Request) -> Response:
        """Answer with a static file. The file under one version never changes."""
        static = self._static.get(request.path_params["name"])
        if static is None:
            raise HTTPException(404)
        cache = _FOR_EVER if request.query_params.get("v") == static.version else _REVALIDATE
        return _answer(request, static.body, static.media_type, cache)

    def refuse(self, request: Request, error: Exception) -> Response:
        """Answer a request for a missing page, with another method, or with an unknown parameter."""
        assert isinstance(error, HTTPException)
        if error.status_code == 400:  # noqa: PLR2004 - Bad Request
            return self._fault(400, {}, error.detail, back=request.url.path)
        allow = {"Allow": "GET, HEAD"} if error.status_code == 405 else {}  # noqa: PLR2004 - Method Not Allowed
        return self._fault(error.status_code, allow)

    def unavailable(self, _: Request, error: Exception) -> Response:
        """Answer when the database cannot be read. Only the log has the reason."""
        assert isinstance(error, StoreError)
        log.error("page not shown: %s", explained(error))
        return self._fault(503, {"Retry-After": str(RETRY_S)})

    def broken(self, _: Request, __: Exception) -> Response:
        """Answer after a failure of this program. The server logs it with its traceback."""
        return self._fault(500, {})

    def _freshness(self, as_of: datetime | None) -> page.Freshness:
        return page.freshness_of(as_of, self._now(), self._zone)

    def _page(self, request: Request, template: str, shown: page.FrontPage | page.SourcesPage) -> Response:
        body = self._templates.get_template(template).render(page=shown)
        return _answer(request, body.encode(), "text/html", _REVALIDATE)

    def _fault(self, status: int, headers: Mapping[str, str], what: str = "", *, back: str = "/") -> Response:
        title, sentence = _FAULTS.get(status, _FAULTS[500])
        shown = {"title": title, "sentence": sentence.format(what), "back": back}
        body = self._templates.get_template("error.html").render(shown)
        headers = {**PROTECTION, "Cache-Control": "no-store", **headers}
        return Response(body, status, headers, media_type="text/html")


def _answer(request: Request, body: bytes, media_type: str, cache: str) -> Response:
    """
    Answer with a body, or with 304 if the client has it already (RFC 9110 §13.1.2).

    A compressed body is another representation, so it has another strong ETag (RFC 9110 §8.8.3.3).
    """
    etag = f'"{_digest(body)}"'
    headers = {**PROTECTION, "Cache-Control": cache}
    if len(body) >= coding.LEAST:
        headers["Vary"] = "Accept-Encoding"
        if coding.takes_gzip(request.headers.getlist("accept-encoding")):
            headers["Content-Encoding"] = "gzip"
            body, etag = coding.compress(body), f'"{_digest(body)}-gzip"'
    headers["ETag"] = etag
    known = {tag.strip().removeprefix("W/") for tag in ",".join(request.headers.getlist("if-none-match")).split(",")}
    if known & {etag, "*"}:
        headers.pop("Content-Encoding", None)  # there is no content (RFC 9110 §15.4.5)
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def _static_files() -> dict[str, _Static]:
    """Read the few static files once, so that no crafted path leads to another file."""
    files = {}
    for file in resources.files("ingest.web").joinpath("static").iterdir():
        body = file.read_bytes()
        files[file.name] = _Static(body, mimetypes.types_map[f".{file.name.rpartition('.')[2]}"], _digest(body))
    return files


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
