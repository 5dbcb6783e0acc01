"""`ingest sources discover`: the possible sources on a page. Nothing is recorded or added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ingest.cli import documents, options, output, render, session
from ingest.errors import ParseError, UsageError
from ingest.model import Failed, Grant, Kind, Source, Vendor

if TYPE_CHECKING:
    from ingest.authoring.discover import Discovery
    from ingest.authoring.proposals import ReadyProposal
    from ingest.model import Allowlist

NOBODY: Final = "unlisted"
"""The vendor id of an address in no list."""


def discover(  # noqa: PLR0913 - one argument a flag
    url: Annotated[
        str, typer.Argument(metavar="URL", help="A page of the vendor: its news, its changelog, its front.")
    ],
    *,
    vendor: options.OwnerFlag = None,
    unlisted: Annotated[
        bool, typer.Option("--unlisted", help="Ask once although no vendor lists the address: your own act.")
    ] = False,
    file: options.FromFlag = None,
    fetch: options.FetchFlag = False,
    save: options.SaveFlag = None,
    sources: options.SourcesFlag = None,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Look at one page for sources: feeds, sitemaps, and lists with selectors.

    Each proposal has its confidence with reasons, its yield, and a stanza to paste. Nothing becomes a source by itself. A
    stored capture of the page is read before the site is asked.
    """
    settings = session.load(sources=sources, database=database)
    listed = documents.given_list(settings)
    address = documents.address_of(url)
    owner = documents.owner_of(listed, address, vendor)
    asked = owner or _nobody(listed, address, file, unlisted=unlisted)
    page = Source(id="discover", vendor_id=asked.id, kind=Kind.PAGE, url=address, digest="")
    with documents.stored(settings) as engine:
        obtained = documents.obtain(settings, engine, page, asked, file=file, fetch=fetch)
    if isinstance(obtained, Failed):
        documents.report_failure(address, obtained, json=json)
        raise typer.Exit(1)
    documents.save(obtained, save)
    discovery, fault = _look(obtained)
    survey = PageSurvey(address, owner, obtained, discovery, fault, _proposals(discovery, owner, listed))
    output.document(_as_document(survey), json=json, text=lambda: _print(survey))
    raise typer.Exit(0 if survey.proposals else 1)


@dataclass(frozen=True, slots=True)
class PageSurvey:
    """One page, its owner, its document and the proposals for it."""

    address: str
    owner: Vendor | None
    obtained: documents.Obtained
    discovery: Discovery
    fault: str
    proposals: list[ReadyProposal]


def _nobody(listed: Allowlist, address: str, file: str | None, *, unlisted: bool) -> Vendor:
    """
    Return a vendor for an unlisted address. It may be fetched once, and nothing on it is ever recorded.

    Raises:
        UsageError: A vendor excepts the address, or `--unlisted` is missing.
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


def _look(obtained: documents.Obtained) -> tuple[Discovery, str]:
    from ingest.authoring.discover import Discovery
    from ingest.authoring.survey import look

    try:
        return look(obtained.capture), ""
    except ParseError as error:
        return Discovery(()), error.message


def _proposals(discovery: Discovery, owner: Vendor | None, listed: Allowlist) -> list[ReadyProposal]:
    """Prepare all proposals. Those without a recordable entry come last."""
    from ingest.authoring.proposals import offer

    ready = [offer(proposal, owner, listed.sources) for proposal in discovery.proposals]
    return sorted(ready, key=lambda one: bool(one.doubts) or one.official == 0)


def _as_document(survey: PageSurvey) -> dict[str, Any]:
    return {
        "url": survey.address,
        "final_url": survey.obtained.capture.final_url,
        "vendor": survey.owner.id if survey.owner else None,
        "read_from": survey.obtained.origin,
        "obstacle": survey.discovery.obstacle,
        "moved_to": survey.discovery.moved_to,
        "error": survey.fault,
        "proposals": survey.proposals,
    }


def _print(survey: PageSurvey) -> None:
    whose = f"official for {survey.owner.name}" if survey.owner else "in no vendor's list"
    render.line(f"{survey.address}: {whose}; read from {survey.obtained.origin}.")
    if survey.discovery.moved_to:
        render.line(f"The page sends its readers to {survey.discovery.moved_to}; look there.")
    if survey.discovery.obstacle:
        render.line(f"Something stands in the way of the page: {survey.discovery.obstacle}.")
    if survey.fault:
        render.line(f"The document {survey.fault}")
    render.line()
    if not survey.proposals:
        render.line("Nothing on it looks like a source.")
    for number, one in enumerate(survey.proposals, 1):
        _print_proposal(number, one, survey.owner)
    if survey.proposals:
        render.note("These are guesses. Save a stanza to a file and see what it yields: ingest sources try FILE")


def _print_proposal(number: int, one: ReadyProposal, owner: Vendor | None) -> None:
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
    render.text(one.stanza.splitlines())
    render.line()
    render.line(f"   {one.command}")
    render.line()
