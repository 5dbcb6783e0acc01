"""`ingest sources discover` and `try`: what a page offers, and what a source would yield; nothing is recorded."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ingest.cli import document, render, session
from ingest.errors import ParseError, UsageError
from ingest.model import Failed, Fate, Grant, Kind, Source, Vendor

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ingest.cli.proposals import Offer
    from ingest.model import Allowlist
    from ingest.parse.discover import Discovery
    from ingest.pipeline.preview import Preview
    from ingest.settings import Settings

VendorFlag = Annotated[
    str | None, typer.Option("--vendor", metavar="ID", help="Whose source it would be, if several admit the address.")
]

NOBODY: Final = "unlisted"
"""Stands for the vendor of an address that no vendor lists."""

PARTS: Final = 3
"""Parts of a sitemap index that `try` reads; a poll reads more."""


# ── discover ────────────────────────────────────────────────────────────────────────────────────────────────────


def discover(  # noqa: PLR0913 - one argument a flag
    url: Annotated[
        str, typer.Argument(metavar="URL", help="A page of the vendor: its news, its changelog, its front.")
    ],
    *,
    vendor: VendorFlag = None,
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
    address = _address(url)
    owner = _owner(listed, address, vendor)
    asked = owner or _nobody(listed, address, file, unlisted=unlisted)
    page = Source(id="discover", vendor_id=asked.id, kind=Kind.PAGE, url=address, digest="")
    with document.stored(settings) as engine:
        obtained = document.obtain(settings, engine, page, asked, file=file, fetch=fetch)
    if isinstance(obtained, Failed):
        _report_failure(address, obtained, json=json)
        raise typer.Exit(1)
    document.save(obtained, save)
    found, fault = _look(obtained)
    offers = _offers(found, owner, listed)
    if json:
        render.document(_as_document(address, owner, obtained, found, fault, offers))
    else:
        _print_offers(address, owner, obtained, found, fault, offers)
    raise typer.Exit(0 if offers else 1)


def _address(text: str) -> str:
    from ingest import urls
    from ingest.errors import UrlError

    try:
        url = urls.parse(text if "://" in text else f"https://{text}")
    except UrlError as error:
        raise UsageError(f"the address {error.message}", subject=text) from error
    if url.scheme != "https":
        raise UsageError("is not https, which every official address has to be.", subject=url.text)
    return url.text


def _owner(listed: Allowlist, address: str, wanted: str | None) -> Vendor | None:
    """Find the vendor whose list admits an address; None when there is none and none was named."""
    from ingest import policy

    if wanted is not None:
        _require(wanted, [vendor.id for vendor in listed.vendors], "vendor")
    found = [
        vendor
        for vendor in listed.vendors
        if wanted in {None, vendor.id} and isinstance(policy.admit_fetch(vendor, address), policy.Admitted)
    ]
    return found[0] if found else None


def _require(name: str, known: list[str], what: str) -> None:
    """
    Insist that a name is one of the list that is worked on.

    Raises:
        UsageError: It is not; the nearest one is named.
    """
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f'did you mean "{near[0]}"?' if near else "`ingest sources check` names the file that is read."
    raise UsageError(f"no such {what} in the allow-list; {hint}", subject=name)


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
    from ingest.parse.discover import Discovery
    from ingest.pipeline.preview import look

    try:
        return look(obtained.capture), ""
    except ParseError as error:
        return Discovery(()), error.message


def _offers(found: Discovery, owner: Vendor | None, listed: Allowlist) -> list[Offer]:
    from ingest.cli.proposals import offer

    offers = [offer(proposal, owner, listed.sources) for proposal in found.proposals]
    return sorted(offers, key=lambda one: bool(one.doubts) or one.official == 0)  # what would record nothing comes last


def _as_document(
    address: str,
    owner: Vendor | None,
    obtained: document.Obtained,
    found: Discovery,
    fault: str,
    offers: list[Offer],
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
    offers: list[Offer],
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


def _print_offer(number: int, one: Offer, owner: Vendor | None) -> None:
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


# ── try ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def try_(  # noqa: PLR0913 - one argument a flag
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A source of the file, or a file (- for standard input) with a stanza."),
    ],
    *,
    vendor: VendorFlag = None,
    file: document.FromFlag = None,
    fetch: document.FetchFlag = False,
    save: document.SaveFlag = None,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="Show so many entries; 0: all.")] = 50,
    sources: session.SourcesFlag = None,
    database: session.DatabaseFlag = None,
    json: session.JsonFlag = False,
) -> None:
    """
    Show what a source would yield: recorded, refused and why, and what looks odd.

    Nothing is recorded. The source need not be in force: the file's stanza counts, or one that is not in it yet. What is stored of its address is read before the site is asked. Ends with 1 when nothing would be recorded.
    """
    settings = session.load(sources=sources, database=database)
    listed = document.given_list(settings)
    item, owner = _stanza_of(source, vendor, listed, settings)
    with document.stored(settings) as engine:
        obtained = document.obtain(settings, engine, item, owner, file=file, fetch=fetch)
        if isinstance(obtained, Failed):
            _report_failure(item.id, obtained, json=json)
            raise typer.Exit(1)
        document.save(obtained, save)
        preview = _preview(settings, engine, item, owner, obtained, alone=file is not None)
    if json:
        render.document(_preview_document(item, obtained, preview))
    else:
        _print_preview(item, obtained, preview, limit)
    raise typer.Exit(0 if preview.verdict.passed else 1)


def _stanza_of(name: str, vendor: str | None, listed: Allowlist, settings: Settings) -> tuple[Source, Vendor]:
    """
    Find a source of the list by its id, else read a stanza from a file as if it stood in the list.

    Raises:
        UsageError: It is neither.
        AllowlistError: The stanza is no valid one.
    """
    known = {item.id: item for item in listed.sources}
    if name not in known:
        if name != "-" and not Path(name).is_file():
            _require(name, list(known), "source")
        listed, source_id = _with_stanza(name, vendor, listed, settings)
        known = {item.id: item for item in listed.sources}
        name = source_id
    item = known[name]
    return item, next(each for each in listed.vendors if each.id == item.vendor_id)


def _with_stanza(name: str, vendor: str | None, listed: Allowlist, settings: Settings) -> tuple[Allowlist, str]:
    from ingest import allowlist
    from ingest.allowlist import edit

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}.", subject=name) from error
    key, values = edit.read_stanza(text, name)
    owner = _owner(listed, _address(str(values.get("url", ""))), vendor)
    if owner is None:
        raise UsageError("no vendor of the list admits its url; add the scope first, or correct the url.", subject=name)
    source_id = f"{owner.id}/{key}"
    whole = edit.placed(listed.text, owner.id, key, values)
    return allowlist.parse(whole.encode(), f"{settings.sources} with {name}"), source_id


def _preview(
    settings: Settings,
    engine: Engine | None,
    item: Source,
    owner: Vendor,
    obtained: document.Obtained,
    *,
    alone: bool,
) -> Preview:
    """Preview a document and, where the site may be asked, the first parts that it lists."""
    from ingest.pipeline.ingest import Reading
    from ingest.pipeline.preview import joined, preview

    reading = Reading(item, owner, 0)
    whole = preview(obtained.capture, reading, engine)
    if not whole.parts or alone:
        return whole
    with session.make_fetcher(settings) as fetcher:
        if engine is not None:
            session.share_turns(fetcher, settings, engine)
        for url in whole.parts[:PARTS]:
            part = document.ask(fetcher, settings, item, owner, url)
            if isinstance(part, Failed):
                render.note(f"{url}: {part.detail}")
            else:
                whole = joined(whole, preview(part.capture, reading, engine))
    return whole


def _preview_document(item: Source, obtained: document.Obtained, preview: Preview) -> dict[str, Any]:
    return {
        "source": item.id,
        "kind": item.kind,
        "url": item.url,
        "enabled": item.enabled,
        "read_from": obtained.origin,
        "fetched_at": obtained.capture.fetched_at,
        "dialect": preview.dialect,
        "state": preview.verdict.state,
        "reasons": preview.verdict.reasons,
        "tally": preview.tally,
        "odd": preview.odd,
        "parts": preview.parts,
        "entries": preview.items,
    }


def _print_preview(item: Source, obtained: document.Obtained, preview: Preview, limit: int) -> None:
    from dataclasses import asdict

    off = "" if item.enabled else ", disabled"
    render.line(f"{item.id} ({item.kind}{off}) {item.url}: read from {obtained.origin}.")
    counted = {name: number for name, number in asdict(preview.tally).items() if number}
    sums = ", ".join(f"{number} {_FATES.get(name, name)}" for name, number in counted.items())
    render.line(f"{len(preview.items)} entries: {sums}." if preview.items else "No entries.")
    if not preview.verdict.passed:
        render.line(f"Nothing would be recorded; the source would be {preview.verdict.state}:")
    for reason in preview.verdict.reasons:
        render.line(f"- {reason.rule}: {reason.detail}")
    if preview.odd:
        render.line("What looks odd:")
    for sentence in preview.odd:
        render.line(f"- {sentence}")
    shown = preview.items[: limit or None]
    if shown:
        told = frozenset(reason.rule for reason in preview.verdict.reasons)
        render.line()
        render.table(("fate", "published", "title", "address", "why"), [_row(one, told) for one in shown])
    if more := len(preview.items) - len(shown):
        render.note(f"{more:,} more not shown; --limit 0 shows all.")


_FATES: Final = {"created": "new", "seen": "known", "revised": "edited"}


def _row(one: Any, told: frozenset[str]) -> tuple[str, ...]:  # noqa: ANN401 - an item of a preview, whose module is imported late
    day = "–" if one.published.value is None else f"{one.published.value:%Y-%m-%d}"
    told_above = one.fate is Fate.QUARANTINED and one.rule in told
    why = one.rule if told_above else f"{one.rule}: {one.detail}" if one.rule else one.detail
    return (_FATES.get(one.fate.value, one.fate.value), day, one.title, one.url, why)


def _report_failure(subject: str, failed: Failed, *, json: bool) -> None:
    if json:
        facts = {"rule": failed.rule, "status": failed.status_code, "detail": failed.detail}
        render.document({"subject": subject, "outcome": failed.outcome, "hops": failed.hops, **facts})
    else:
        render.note(f"{subject}: {failed.outcome} ({failed.rule}): {failed.detail}")
