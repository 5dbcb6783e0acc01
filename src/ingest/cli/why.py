"""`ingest why`: everything behind one headline, or how the list in force judges an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ingest.cli import render, session
from ingest.errors import UsageError
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.model import Allowlist, Vendor
    from ingest.policy import Admitted, Refused
    from ingest.store import Engine
    from ingest.store.provenance import Provenance
    from ingest.store.queries import Headline, Rejection

_ID: Final = re.compile(r"h[0-9a-z]{0,20}")
"""A headline's id, or the beginning of one (docs/decisions/0001, "Identity")."""


def why(
    what: Annotated[str, typer.Argument(metavar="ID-or-URL", help="A headline's id, the beginning of one, or a URL.")],
    *,
    database: session.DatabaseFlag = None,
    json: session.JsonFlag = False,
) -> None:
    """
    Show where a headline or a refusal comes from.

    An id leads to the scope, the list, the stored response and every word behind the headline. A URL is judged by the
    list in force for every vendor, and what is stored under it is listed.
    """
    settings = session.load(database=database)
    if _ID.fullmatch(what):
        _explain_headline(what, settings, json=json)
    else:
        _explain_address(what, settings, json=json)


# ── a headline ──────────────────────────────────────────────────────────────────────────────────────────────────


def _explain_headline(prefix: str, settings: Settings, *, json: bool) -> None:
    from ingest.cli.stories import find_headline
    from ingest.store import provenance
    from ingest.store.engine import read

    with session.reading(settings) as engine:
        with read(engine) as conn:
            found = provenance.provenance(conn, find_headline(conn, prefix))
        bases = _bases(engine, found) if found is not None and not json else {}
    if found is None:
        raise UsageError("there is no such headline; `ingest headlines --json` shows their ids.", subject=prefix)
    if json:
        render.document(found)
        return
    for title, facts in describe(found, settings, bases):
        render.blocks(title, facts)


def _bases(engine: Engine, found: Provenance) -> dict[int, str]:
    """Say by capture what the links that sources gave were relative to; nothing for those that named their host."""
    from ingest import pipeline

    accepted = pipeline.in_force(engine)
    listed = accepted.allowlist if accepted is not None else None
    told = (
        {one.capture_id: pipeline.link_base(engine, listed, one.capture_id, one.url) for one in found.claims}
        if listed
        else {}
    )
    return {capture_id: base for capture_id, base in told.items() if base}


Facts = list[tuple[str, str]]


def describe(found: Provenance, settings: Settings, bases: Mapping[int, str]) -> Iterator[tuple[str, Facts]]:
    """Tell a provenance in blocks, from what is shown to what it was read from; `bases` as `_bases` finds them."""
    yield from _shown(found, settings)
    yield from _evidence(found, settings)
    yield from _story(found, settings)
    yield from _words(found, settings, bases)


def _shown(found: Provenance, settings: Settings) -> Iterator[tuple[str, Facts]]:
    from ingest.web.when import moment, published

    item, made = found.headline, found.generation
    when = published(item.published, item.published_precision, item.first_seen_at, settings.timezone)
    facts = [
        ("id", item.id),
        ("title", item.title if item.title != item.display_title else ""),
        ("link", item.url),
        ("vendor", f"{item.vendor_name} ({item.vendor_id})"),
        ("source", f"{item.source_id} ({item.role})"),
        ("published", when.text),
        ("language", item.lang or ""),
        ("first seen", moment(item.first_seen_at, settings.timezone).text),
        ("state", f"{item.state}, revision {item.revision}{', backfill' if item.backfill else ''}"),
    ]
    yield item.display_title, facts
    applied = f"{moment(made.at, settings.timezone).text} by {made.by}"
    facts = [
        ("scope", found.scope),
        ("list", f"generation {made.number}, in force since {applied}"),
        ("because", made.why),
        ("digest", f"sha256 {made.digest}"),
    ]
    yield "Admitted by", facts


def _evidence(found: Provenance, settings: Settings) -> Iterator[tuple[str, Facts]]:
    from ingest.web.when import moment

    capture = found.capture
    certificate = capture.peer_certificate_digest
    facts = [
        ("capture", f"{capture.id}, of {capture.source_id}"),
        ("fetched", moment(capture.fetched_at, settings.timezone).text),
        ("asked", capture.target_url),
        *[("redirect", f"{hop.status_code} from {hop.url} to {hop.location}") for hop in capture.hops],
        ("answered", f"{capture.status_code} by {capture.final_url}"),
        ("server", f"{capture.peer_address}{f', certificate sha256 {certificate}' if certificate else ''}"),
        ("as received", f"{capture.wire_size:,} bytes, sha256 {capture.wire_digest}"),
        ("decoded", f"{capture.payload_size:,} bytes, sha256 {capture.payload_digest}"),
        ("read by", f"rules {capture.rules_version}, list generation {capture.generation}"),
    ]
    yield "First shown by", facts
    yield "Links", [(link.rel, f"{link.url} ({link.source_id})") for link in found.links]


def _story(found: Provenance, settings: Settings) -> Iterator[tuple[str, Facts]]:
    """Say which other headlines announce the same, and why they are thought to; nothing where there is none."""
    from ingest.cli.stories import reasons

    story, id_ = found.story, found.headline.id
    others = [("with", f"{item.display_title} ({item.id})") for item in story.headlines if item.id != id_]
    if others or story.words:
        yield f"Story {story.id}", [*others, *reasons(story, settings)]


def _words(found: Provenance, settings: Settings, bases: Mapping[int, str]) -> Iterator[tuple[str, Facts]]:
    from ingest.web.when import moment, published

    for claim in found.claims:
        when = published(claim.published, claim.published_precision, claim.first_seen_at, settings.timezone)
        facts = [
            ("title", claim.title),
            ("as written", claim.title_original if claim.title_original != claim.title else ""),
            ("link", claim.url),
            ("relative to", bases.get(claim.capture_id, "")),
            ("published", f"{when.text}{f' (written {claim.published_raw})' if claim.published_raw else ''}"),
            ("last seen", moment(claim.last_seen_at, settings.timezone).text),
            ("capture", str(claim.capture_id)),
        ]
        yield f"What {claim.source_id} says", facts
    for revision in found.revisions:
        facts = [
            ("title", revision.title),
            ("link", revision.url),
            ("from", f"{moment(revision.at, settings.timezone).text} on, by {revision.source_id}"),
            (
                "capture",
                f"{revision.capture_id}, rules {revision.rules_version}, list generation {revision.generation}",
            ),
        ]
        yield f"Revision {revision.revision}", facts


# ── an address ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    How the list in force judges an address for one vendor: by which scope admitted, or by which rule refused.

    `concerned` says whether any scope of the vendor is about this host at all.
    """

    vendor_id: str
    admitted: bool
    concerned: bool
    url: str
    scope: str = ""
    rule: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """An address, the verdicts on it, and what is stored under it."""

    url: str
    generation: int
    admitted: bool
    verdicts: tuple[Verdict, ...]
    headlines: tuple[Headline, ...]
    rejections: tuple[Rejection, ...]


def _explain_address(text: str, settings: Settings, *, json: bool) -> None:
    from ingest import pipeline
    from ingest.store import queries
    from ingest.store.engine import read

    gone = session.missing_database(settings)
    if gone is not None:
        raise UsageError(f"no list is in force, for there is no database at {gone} yet; {_APPLY}", subject=text)
    with session.reading(settings) as engine:
        accepted = pipeline.in_force(engine)
        if accepted is None:
            raise UsageError(f"no list is in force yet; {_APPLY}", subject=text)
        verdicts = tuple(judge(accepted.allowlist, text))
        addresses = list(dict.fromkeys([text, *(verdict.url for verdict in verdicts)]))
        with read(engine) as conn:
            stored = {item.id: item for url in addresses for item in queries.headlines_at(conn, url)}
            refused = {item.id: item for url in addresses for item in queries.rejections_at(conn, url)}
    if not (stored or refused or _ADDRESS.match(text)):
        raise UsageError(
            f"is neither a headline's id, which begins with h, nor a whole address; {_WRITE}", subject=text
        )
    admitted = any(verdict.admitted for verdict in verdicts)
    found = Judgement(text, accepted.generation, admitted, verdicts, tuple(stored.values()), tuple(refused.values()))
    if json:
        render.document(found)
    else:
        _print(found, accepted.allowlist, settings)


_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
"""How every absolute address begins (RFC 3986 §3.1), official or not."""

_WRITE: Final = "`ingest headlines --json` shows the ids, and an address is written as in https://openai.com/news/."

_APPLY: Final = "`ingest poll` or `ingest sources apply` puts sources.yaml in force."


def judge(listed: Allowlist, text: str) -> Iterator[Verdict]:
    """Judge an address as a poll would judge a link: for every vendor, without tracking parameters, raised to https."""
    from ingest import policy, urls
    from ingest.errors import UrlError

    for vendor in listed.vendors:
        try:
            url = urls.clean(policy.upgrade(vendor, urls.parse(urls.tidy(text))))
        except UrlError:
            yield _verdict(vendor, policy.admit(vendor, text), concerned=False)  # which says what is wrong with it
        else:
            concerned = any(urls.on_host(scope, url.host) for scope in vendor.scopes)
            yield _verdict(vendor, policy.admit(vendor, url.text), concerned=concerned)


def _verdict(vendor: Vendor, verdict: Admitted | Refused, *, concerned: bool) -> Verdict:
    from ingest import policy

    match verdict:
        case policy.Admitted():
            return Verdict(vendor.id, admitted=True, concerned=True, url=verdict.url.text, scope=verdict.scope.text)
        case policy.Refused():
            return Verdict(
                vendor.id,
                admitted=False,
                concerned=concerned,
                url=verdict.url,
                rule=verdict.rule,
                detail=verdict.detail,
            )


def telling(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """
    Choose the verdicts that say something.

    Those that admit; else those of vendors whose list speaks of the host; else, where all say the same, one of them.
    That a host is in nobody's list is left to the caller to say once.
    """
    admitted = [verdict for verdict in verdicts if verdict.admitted]
    concerned = [verdict for verdict in verdicts if verdict.concerned]
    same = len({(verdict.rule, verdict.detail) for verdict in verdicts}) == 1
    return admitted or concerned or (list(verdicts[:1]) if same else [])


def _print(found: Judgement, listed: Allowlist, settings: Settings) -> None:
    from ingest.web.when import moment, published

    names = {vendor.id: vendor.name for vendor in listed.vendors}
    facts: Facts = []
    for verdict in telling(found.verdicts):
        if verdict.admitted:
            facts += [
                ("official for", names[verdict.vendor_id]),
                ("by scope", verdict.scope),
                ("stored as", verdict.url),
            ]
        else:
            facts += [("refused by", f"{verdict.rule}: {verdict.detail}")]
    if not facts:
        facts = [("refused by", "off-scope: its host is in no scope of any vendor in the list.")]
    render.blocks(found.url, [*facts, ("list", f"generation {found.generation}")])
    for item in found.headlines:
        when = published(item.published, item.published_precision, item.first_seen_at, settings.timezone).text
        facts = [
            ("id", item.id),
            ("link", item.url),
            ("source", item.source_id),
            ("published", when),
            ("state", item.state),
        ]
        render.blocks(f"Headline: {item.display_title}", facts)
    for refusal in found.rejections:
        facts = [
            ("title", refusal.title),
            ("source", refusal.source_id),
            ("rule", f"{refusal.reason}: {refusal.detail}"),
            (
                "seen",
                f"{render.count(refusal.times, 'time')}, last {moment(refusal.last_seen_at, settings.timezone).text}",
            ),
        ]
        render.blocks("Refused before", facts)
    if not found.headlines and not found.rejections:
        render.line("Nothing is stored under this address.")
