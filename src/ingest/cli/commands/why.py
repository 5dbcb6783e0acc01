"""`ingest why`: the evidence for one headline, or the verdict of the list in force on an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ingest.cli import lookup, options, output, render, session
from ingest.display import moment, published
from ingest.errors import UsageError
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.model import Allowlist, Vendor
    from ingest.policy import Admitted, Refused
    from ingest.store import Engine
    from ingest.store.provenance import Provenance
    from ingest.store.queries import Headline, Rejection


def why(
    what: Annotated[str, typer.Argument(metavar="ID-or-URL", help="A headline's id, the beginning of one, or a URL.")],
    *,
    database: options.DatabaseFlag = None,
    json: options.JsonFlag = False,
) -> None:
    """
    Show the origin of a headline or a refusal.

    An id leads to the headline's scope, list, stored response, claims and revisions. A URL is judged by the list in force for
    every vendor, and its stored records are listed.
    """
    settings = session.load(database=database)
    if lookup.is_headline_id(what):
        _explain_headline(what, settings, json=json)
    else:
        _explain_address(what, settings, json=json)


# ── a headline ──────────────────────────────────────────────────────────────────────────────────────────────────


def _explain_headline(prefix: str, settings: Settings, *, json: bool) -> None:
    from ingest.store import provenance
    from ingest.store.engine import read

    with session.reading(settings) as engine:
        with read(engine) as conn:
            origin = provenance.provenance(conn, lookup.find_headline(conn, prefix))
        bases = _bases(engine, origin) if origin is not None and not json else {}
    if origin is None:
        raise lookup.unknown_headline(prefix)
    output.document(origin, json=json, text=lambda: render.all_blocks(describe(origin, settings, bases)))


def _bases(engine: Engine, origin: Provenance) -> dict[int, str]:
    """Return the base of each source's relative link by capture. Absolute links have none."""
    from ingest import pipeline

    accepted = pipeline.in_force(engine)
    listed = accepted.allowlist if accepted is not None else None
    if not listed:
        return {}
    bases = {one.capture_id: pipeline.link_base(engine, listed, one.capture_id, one.url) for one in origin.claims}
    return {capture_id: base for capture_id, base in bases.items() if base}


Blocks = Iterator[tuple[str, render.Facts]]


def describe(origin: Provenance, settings: Settings, bases: Mapping[int, str]) -> Blocks:
    """Describe a provenance in blocks: the headline, its evidence, its story, then all claims and revisions."""
    yield from _shown(origin, settings)
    yield from _evidence(origin, settings)
    yield from _story(origin, settings)
    yield from _claims(origin, settings, bases)


def _shown(origin: Provenance, settings: Settings) -> Blocks:
    item, generation = origin.headline, origin.generation
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
    applied = f"{moment(generation.at, settings.timezone).text} by {generation.by}"
    facts = [
        ("scope", origin.scope),
        ("list", f"generation {generation.number}, in force since {applied}"),
        ("because", generation.why),
        ("digest", f"sha256 {generation.digest}"),
    ]
    yield "Admitted by", facts


def _evidence(origin: Provenance, settings: Settings) -> Blocks:
    capture = origin.capture
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
    yield "Links", [(link.rel, f"{link.url} ({link.source_id})") for link in origin.links]


def _story(origin: Provenance, settings: Settings) -> Blocks:
    """Describe the other headlines of the story and the reasons for it. A story of one headline has no block."""
    from ingest.cli.stored_text import reasons

    story, id_ = origin.story, origin.headline.id
    others = [("with", f"{item.display_title} ({item.id})") for item in story.headlines if item.id != id_]
    if others or story.words:
        yield f"Story {story.id}", [*others, *reasons(story, settings)]


def _claims(origin: Provenance, settings: Settings, bases: Mapping[int, str]) -> Blocks:
    for claim in origin.claims:
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
    for revision in origin.revisions:
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
class AddressVerdict:
    """
    The verdict of the list in force on an address for one vendor, with the admitting scope or the refusing rule.

    `concerned` is whether any scope of the vendor covers this host.
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
    """An address, the verdicts on it, and its stored records."""

    url: str
    generation: int
    admitted: bool
    verdicts: tuple[AddressVerdict, ...]
    headlines: tuple[Headline, ...]
    rejections: tuple[Rejection, ...]


def _explain_address(text: str, settings: Settings, *, json: bool) -> None:
    from ingest import pipeline
    from ingest.store import queries, recorded
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
            stored = {item.id: item for url in addresses for item in recorded.headlines_at(conn, url)}
            refused = {item.id: item for url in addresses for item in queries.rejections_at(conn, url)}
    if not (stored or refused or _ADDRESS.match(text)):
        raise UsageError(
            f"is neither a headline's id, which begins with h, nor a whole address; {_WRITE}", subject=text
        )
    admitted = any(verdict.admitted for verdict in verdicts)
    judgement = Judgement(
        text, accepted.generation, admitted, verdicts, tuple(stored.values()), tuple(refused.values())
    )
    output.document(judgement, json=json, text=lambda: _print(judgement, accepted.allowlist, settings))


_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
"""The beginning of every absolute address (RFC 3986 §3.1), official or not."""

_WRITE: Final = "`ingest headlines --json` shows the ids, and an address is written as in https://openai.com/news/."

_APPLY: Final = "`ingest poll` or `ingest sources apply` puts sources.yaml in force."


def judge(listed: Allowlist, text: str) -> Iterator[AddressVerdict]:
    """Judge an address for every vendor, as a poll judges a link: without tracking parameters and upgraded to https."""
    from ingest import policy, urls
    from ingest.errors import UrlError

    for vendor in listed.vendors:
        try:
            url = urls.clean(policy.upgrade(vendor, urls.parse(urls.tidy(text))))
        except UrlError:
            yield _verdict(vendor, policy.admit(vendor, text), concerned=False)  # the refusal names the fault
        else:
            concerned = any(urls.on_host(scope, url.host) for scope in vendor.scopes)
            yield _verdict(vendor, policy.admit(vendor, url.text), concerned=concerned)


def _verdict(vendor: Vendor, verdict: Admitted | Refused, *, concerned: bool) -> AddressVerdict:
    from ingest import policy

    match verdict:
        case policy.Admitted():
            return AddressVerdict(
                vendor.id, admitted=True, concerned=True, url=verdict.url.text, scope=verdict.scope.text
            )
        case policy.Refused():
            return AddressVerdict(
                vendor.id,
                admitted=False,
                concerned=concerned,
                url=verdict.url,
                rule=verdict.rule,
                detail=verdict.detail,
            )


def relevant(verdicts: Sequence[AddressVerdict]) -> list[AddressVerdict]:
    """
    Choose the verdicts to show.

    The admitting ones come first, then those of vendors with a scope for the host, then one of several equal ones. The
    result is empty for a host in no list.
    """
    admitted = [verdict for verdict in verdicts if verdict.admitted]
    concerned = [verdict for verdict in verdicts if verdict.concerned]
    same = len({(verdict.rule, verdict.detail) for verdict in verdicts}) == 1
    return admitted or concerned or (list(verdicts[:1]) if same else [])


def _print(judgement: Judgement, listed: Allowlist, settings: Settings) -> None:
    names = {vendor.id: vendor.name for vendor in listed.vendors}
    facts: render.Facts = []
    for verdict in relevant(judgement.verdicts):
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
    render.blocks(judgement.url, [*facts, ("list", f"generation {judgement.generation}")])
    for item in judgement.headlines:
        when = published(item.published, item.published_precision, item.first_seen_at, settings.timezone).text
        facts = [
            ("id", item.id),
            ("link", item.url),
            ("source", item.source_id),
            ("published", when),
            ("state", item.state),
        ]
        render.blocks(f"Headline: {item.display_title}", facts)
    for refusal in judgement.rejections:
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
    if not judgement.headlines and not judgement.rejections:
        render.line("Nothing is stored under this address.")
