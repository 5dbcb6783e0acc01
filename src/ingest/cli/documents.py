"""The document for `sources discover` and `sources try`: a file, a stored capture, or one polite request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.cli import output, render, session
from ingest.errors import UsageError
from ingest.model import Capture, Failed, Fetched, FetchPlan, PollState, Source, Vendor
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.fetch import Fetcher
    from ingest.model import Allowlist
    from ingest.store import Engine


@dataclass(frozen=True, slots=True)
class Obtained:
    """A document, and its origin in words."""

    capture: Capture
    origin: str


def given_list(settings: Settings) -> Allowlist:
    """
    Read the allow-list under work: the file, else the list in force.

    Raises:
        AllowlistError: The file is invalid, or both are missing.
    """
    from ingest import allowlist

    if not settings.sources.exists():
        listed = session.list_in_force(settings)
        if listed is not None:
            return listed
    return allowlist.load(settings.sources, private=settings.private)


@contextmanager
def stored(settings: Settings) -> Iterator[Engine | None]:
    """Open the database, or yield None if it is missing."""
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
    Obtain the document of a source in the cheapest way.

    Args:
        settings: For the fetcher.
        engine: The database, if there is one.
        source: The source.
        vendor: Its vendor.
        file: A file to read instead.
        fetch: Whether the site is asked in spite of a stored capture.
    """
    if file is not None:
        return _read(file, source)
    if engine is not None and not fetch:
        known = _stored(engine, source)
        if known is not None:
            return known
    with session.make_fetcher(settings) as fetcher:
        if engine is not None:
            session.share_slots(fetcher, settings, engine)
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
    """Send one request as a poll sends it, with the same check of robots.txt."""
    from ingest import polling
    from ingest.judging import Reading
    from ingest.pipeline.attempt import capture_of

    limits = polling.Limits(settings.timeout, settings.max_bytes, settings.host_gap)
    plan = polling.plan(source, vendor, PollState(source.id), limits, session.now(), named=True)
    assert isinstance(plan, FetchPlan)  # an empty state has no reason for a skip
    answer = fetcher.get(replace(plan, url=url))
    if isinstance(answer, Fetched):
        return Obtained(capture_of(0, Reading(source, vendor, 0), answer.response), "the site, just now")
    assert isinstance(answer, Failed)  # the request was unconditional
    return answer


def save(obtained: Obtained, file: str | None) -> None:
    """Write a document to a file, if one is named."""
    if file is None:
        return
    try:
        Path(file).write_bytes(obtained.capture.content)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror or error}.", subject=file) from error
    render.note(f"Saved to {file}; go on with --from {file}")


# ── names and addresses ─────────────────────────────────────────────────────────────────────────────────────────


def address_of(text: str) -> str:
    """Read a typed address, with or without `https://`."""
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
    """Return the vendor of an address by its scopes, or None."""
    from ingest import policy

    if wanted is not None:
        session.require_known(wanted, [vendor.id for vendor in listed.vendors], "vendor", in_file=True)
    owners = [
        vendor
        for vendor in listed.vendors
        if wanted in {None, vendor.id} and isinstance(policy.admit_fetch(vendor, address), policy.Admitted)
    ]
    return owners[0] if owners else None


def report_failure(subject: str, failed: Failed, *, json: bool) -> None:
    """Print the reason of a failed request."""
    facts = {"rule": failed.rule, "status": failed.status_code, "detail": failed.detail}
    output.document(
        {"subject": subject, "outcome": failed.outcome, "hops": failed.hops, **facts},
        json=json,
        text=lambda: render.note(f"{subject}: {failed.outcome} ({failed.rule}): {failed.detail}"),
    )
