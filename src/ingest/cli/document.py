"""Where `sources discover` and `sources try` have a document from: a file, what is stored, or one polite request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli import render, session
from ingest.errors import UsageError
from ingest.model import Capture, Failed, Fetched, FetchPlan, PollState, Source, Vendor
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.fetch import Fetcher
    from ingest.model import Allowlist
    from ingest.store import Engine

VendorFlag = Annotated[
    str | None, typer.Option("--vendor", metavar="ID", help="Whose source it would be, if several admit the address.")
]
FromFlag = Annotated[
    str | None, typer.Option("--from", metavar="FILE", help="Read this file as what the address answered; no request.")
]
FetchFlag = Annotated[bool, typer.Option("--fetch", help="Ask the site, although its answer is stored.")]
SaveFlag = Annotated[
    str | None, typer.Option("--save", metavar="FILE", help="Keep the document in a file, to go on with --from FILE.")
]


@dataclass(frozen=True, slots=True)
class Obtained:
    """A document and in words where it is from."""

    capture: Capture
    origin: str


def given_list(settings: Settings) -> Allowlist:
    """
    Read the allow-list that an operator works on: the file, else the one in force.

    Raises:
        AllowlistError: The file is no valid list, or there is neither.
    """
    from ingest import allowlist

    if not settings.sources.exists():
        listed = session.list_in_force(settings)
        if listed is not None:
            return listed
    return allowlist.load(settings.sources, private=settings.private)


@contextmanager
def stored(settings: Settings) -> Iterator[Engine | None]:
    """Open the database if there is one; nothing makes it here."""
    from ingest.store.engine import open_engine

    engine = open_engine(settings.database_url)
    gone = session.missing_file(engine)
    engine.dispose()
    if gone is not None:
        yield None
        return
    with session.reading(settings) as engine:
        yield engine


def obtain(
    settings: Settings, engine: Engine | None, source: Source, vendor: Vendor, *, file: str | None, fetch: bool
) -> Obtained | Failed:
    """
    Have the document of a source, the cheapest way first.

    Args:
        file: Read this one instead.
        fetch: Ask although something is stored.
    """
    if file is not None:
        return _read(file, source)
    if engine is not None and not fetch:
        found = _stored(engine, source)
        if found is not None:
            return found
    with session.make_fetcher(settings) as fetcher:
        if engine is not None:
            session.share_turns(fetcher, settings, engine)
        return ask(fetcher, settings, source, vendor, source.url)


def _read(file: str, source: Source) -> Obtained:
    path = Path(file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}.", subject=file) from error
    return Obtained(Capture(0, source.id, source.url, source.url, content, "", (), session.now(), 0), file)


def _stored(engine: Engine, source: Source) -> Obtained | None:
    from ingest.store import captures
    from ingest.store.engine import read

    with read(engine) as conn:
        capture = captures.newest_of(conn, source.url)
    if capture is None:
        return None
    return Obtained(capture, f"capture {capture.id}, of {capture.fetched_at:%Y-%m-%d %H:%M}Z (--fetch asks anew)")


def ask(fetcher: Fetcher, settings: Settings, source: Source, vendor: Vendor, url: str) -> Obtained | Failed:
    """Send one request, as a poll would send it; robots.txt is asked and obeyed as it would be."""
    from ingest import polling
    from ingest.judging import Reading
    from ingest.pipeline.attempt import capture_of

    limits = polling.Limits(settings.timeout, settings.max_bytes, settings.host_gap)
    plan = polling.plan(source, vendor, PollState(source.id), limits, session.now(), named=True)
    assert isinstance(plan, FetchPlan)  # nothing is remembered that would make it a skip
    found = fetcher.get(replace(plan, url=url))
    if isinstance(found, Fetched):
        return Obtained(capture_of(0, Reading(source, vendor, 0), found.response), "the site, just now")
    assert isinstance(found, Failed)  # nothing conditional was asked
    return found


def save(obtained: Obtained, file: str | None) -> None:
    """Keep a document in a file if that was asked for."""
    if file is None:
        return
    try:
        Path(file).write_bytes(obtained.capture.content)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror or error}.", subject=file) from error
    render.note(f"Saved to {file}; go on with --from {file}")


# ── names and addresses of the list that is worked on ──────────────────────────────────────────────────────────────


def address_of(text: str) -> str:
    """Read an address that an operator typed, with or without `https://`."""
    from ingest import urls
    from ingest.errors import UrlError

    try:
        url = urls.parse(text if "://" in text else f"https://{text}")
    except UrlError as error:
        raise UsageError(f"the address {error.message}", subject=text) from error
    if url.scheme != "https":
        raise UsageError("is not https, which every official address has to be.", subject=url.text)
    return url.text


def owner_of(listed: Allowlist, address: str, wanted: str | None) -> Vendor | None:
    """Find the vendor whose list admits an address; None when there is none and none was named."""
    from ingest import policy

    if wanted is not None:
        session.require_known(wanted, [vendor.id for vendor in listed.vendors], "vendor", in_file=True)
    found = [
        vendor
        for vendor in listed.vendors
        if wanted in {None, vendor.id} and isinstance(policy.admit_fetch(vendor, address), policy.Admitted)
    ]
    return found[0] if found else None


def report_failure(subject: str, failed: Failed, *, json: bool) -> None:
    """Say why no document came."""
    if json:
        facts = {"rule": failed.rule, "status": failed.status_code, "detail": failed.detail}
        render.document({"subject": subject, "outcome": failed.outcome, "hops": failed.hops, **facts})
    else:
        render.note(f"{subject}: {failed.outcome} ({failed.rule}): {failed.detail}")
