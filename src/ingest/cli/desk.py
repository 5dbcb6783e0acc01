"""`ingest sources discover`: what a page offers to who wants to add a source; nothing is recorded, nothing added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ingest.cli import document, render, session
from ingest.errors import ParseError, UsageError
from ingest.model import Failed, Grant, Kind, Source, Vendor

if TYPE_CHECKING:
    from ingest.authoring.discover import Discovery
    from ingest.authoring.proposals import ReadyProposal
    from ingest.model import Allowlist

NOBODY: Final = "unlisted"
"""Stands for the vendor of an address that no vendor lists."""


def discover(  # noqa: PLR0913 - one argument a flag
    url: Annotated[
        str, typer.Argument(metavar="URL", help="A page of the vendor: its news, its changelog, its front.")
    ],
    *,
    vendor: document.VendorFlag = None,
    unlisted: Annotated[
        bool, typer.Option("--unlisted", help="Ask once although no vendor lists the address: your own act.")
    ] = False,
    file: document.FromFlag = None,
    fetch: document.FetchFlag = False,
    save: document.SaveFlag = None,
    sources: session.SourcesFlag = None,
    database: session.DatabaseFlag = None,
    json: session.JsonFlag = False,
) -> None:
    """
    Look at one page for sources: feeds, sitemaps, and lists with selectors.

    Proposals come with how sure they are and why, what they would yield, and a stanza to paste. Nothing becomes a source by itself. What is stored of the page is read before the site is asked.
    """
    settings = session.load(sources=sources, database=database)
    listed = document.given_list(settings)
    address = document.address_of(url)
    owner = document.owner_of(listed, address, vendor)
    asked = owner or _nobody(listed, address, file, unlisted=unlisted)
    page = Source(id="discover", vendor_id=asked.id, kind=Kind.PAGE, url=address, digest="")
    with document.stored(settings) as engine:
        obtained = document.obtain(settings, engine, page, asked, file=file, fetch=fetch)
    if isinstance(obtained, Failed):
        document.report_failure(address, obtained, json=json)
        raise typer.Exit(1)
    document.save(obtained, save)
    found, fault = _look(obtained)
    offers = _offers(found, owner, listed)
    if json:
        render.document(_as_document(address, owner, obtained, found, fault, offers))
    else:
        _print_offers(address, owner, obtained, found, fault, offers)
    raise typer.Exit(0 if offers else 1)


def _nobody(listed: Allowlist, address: str, file: str | None, *, unlisted: bool) -> Vendor:
    """
    Stand in for the vendor of an address that nobody lists: it may be asked, and nothing on it could ever be recorded.

    Raises:
        UsageError: A vendor excepts the address, or it was not said that it may be asked all the same.
    """
    from ingest import policy, urls
    from ingest.errors import UrlError

    for vendor in listed.vendors:
        verdict = policy.admit_fetch(vendor, address)
        if isinstance(verdict, policy.Refused) and verdict.rule == "exception":
            raise UsageError(f"is not asked: {verdict.detail}", subject=address)
    if not unlisted and file is None:
        remedy = (
            "add its scope to official of its vendor first, or look once on your own account with --unlisted; "
            "a page that you have stored needs neither (--from FILE)."
        )
        raise UsageError(f"no vendor of the list admits this address; {remedy}", subject=address)
    url = urls.parse(address)
    shared = any(urls.on_host(scope, url.host) for vendor in listed.vendors for scope in vendor.scopes)
    for text in (f"{url.host}{url.path}",) if shared else (url.host, f"{url.host}{url.path}"):
        try:
            scope = urls.parse_scope(text, Grant.CARRIER)
        except UrlError as error:
            fault = error
            continue
        if file is None:
            render.note(f"No vendor lists {text}: it is asked once, because you say so. Nothing of it is recorded.")
        return Vendor(NOBODY, url.host, address, (scope,))
    raise UsageError(f"is not asked: {fault.message}", subject=address)


def _look(obtained: document.Obtained) -> tuple[Discovery, str]:
    from ingest.authoring.discover import Discovery
    from ingest.authoring.survey import look

    try:
        return look(obtained.capture), ""
    except ParseError as error:
        return Discovery(()), error.message


def _offers(found: Discovery, owner: Vendor | None, listed: Allowlist) -> list[ReadyProposal]:
    from ingest.authoring.proposals import offer

    offers = [offer(proposal, owner, listed.sources) for proposal in found.proposals]
    return sorted(offers, key=lambda one: bool(one.doubts) or one.official == 0)  # what would record nothing comes last


def _as_document(
    address: str,
    owner: Vendor | None,
    obtained: document.Obtained,
    found: Discovery,
    fault: str,
    offers: list[ReadyProposal],
) -> dict[str, Any]:
    return {
        "url": address,
        "final_url": obtained.capture.final_url,
        "vendor": owner.id if owner else None,
        "read_from": obtained.origin,
        "obstacle": found.obstacle,
        "moved_to": found.moved_to,
        "error": fault,
        "proposals": offers,
    }


def _print_offers(
    address: str,
    owner: Vendor | None,
    obtained: document.Obtained,
    found: Discovery,
    fault: str,
    offers: list[ReadyProposal],
) -> None:
    whose = f"official for {owner.name}" if owner else "in no vendor's list"
    render.line(f"{address}: {whose}; read from {obtained.origin}.")
    if found.moved_to:
        render.line(f"The page sends its readers to {found.moved_to}; look there.")
    if found.obstacle:
        render.line(f"Something stands in the way of the page: {found.obstacle}.")
    if fault:
        render.line(f"The document {fault}")
    render.line()
    if not offers:
        render.line("Nothing on it looks like a source.")
    for number, one in enumerate(offers, 1):
        _print_offer(number, one, owner)
    if offers:
        render.note("These are guesses. Save a stanza to a file and see what it yields: ingest sources try FILE")


def _print_offer(number: int, one: ReadyProposal, owner: Vendor | None) -> None:
    count = "Not fetched yet" if one.count is None else f"{one.count:,} entr{'y' if one.count == 1 else 'ies'}"
    official = "" if one.official is None or owner is None else f", {one.official} of them official for {owner.name}"
    render.line(f"{number}. {one.kind} {one.url}")
    render.line(f"   {one.sure:.0%} sure: {'; '.join(one.why)}. {count}{official}.")
    if one.polled_as:
        render.line(f"   Polled already as {', '.join(one.polled_as)}.")
    for doubt in one.doubts:
        render.line(f"   Would record nothing. {doubt}")
    for entry in one.entries:
        day = "no date" if entry.published.value is None else f"{entry.published.value:%Y-%m-%d}"
        render.line(f"   - {day:<10}  {entry.title or '(no title)'}  {entry.url or '(no link)'}")
    render.line()
    for text in one.stanza.splitlines():
        render.line(text)
    render.line()
    render.line(f"   {one.command}")
    render.line()
