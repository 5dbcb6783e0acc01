"""
Turn entries into candidates, or into refusals with a rule.

Candidates are not admitted yet: `policy` decides on their links later. Nothing is made up. An entry without a link is
refused, and so is an entry without a title, unless its page will be opened.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from ingest import policy, urls
from ingest.errors import UrlError
from ingest.model import Candidate, Document, Entry, EntryOutcome, Refusal, Source, Unreadable, Vendor
from ingest.text import clean_summary, clean_title, guess_kind, language_tag, plain, script_language

CATEGORY_COUNT: Final = 20
"""The most categories of one entry to keep. The most in the recordings is 11."""

CATEGORY_LIMIT: Final = 100
"""The most characters of a category. The longest in the recordings has 54."""

FAR: Final = timedelta(days=366)
"""The most time from a capture to a later publication date. Events have later dates, and so do mistyped years."""

_SHOWN: Final = 500  # characters of a refused address to display


def normalise(document: Document, source: Source, vendor: Vendor) -> list[Candidate | Refusal]:
    """Return one candidate or refusal for every entry of a document, in its order."""
    read = [_entry(entry, document, source, vendor) for entry in document.entries]
    return sorted([*read, *map(_unreadable, document.unreadable)], key=lambda outcome: outcome.position)


def _unreadable(item: Unreadable) -> Refusal:
    return Refusal(
        position=item.position,
        fate=EntryOutcome.UNPARSABLE,
        rule=item.reason,
        detail=item.detail,
        raw_key=f"{item.reason}: {item.detail}",  # the entry has no readable key of its own
    )


def _entry(entry: Entry, document: Document, source: Source, vendor: Vendor) -> Candidate | Refusal:
    title = clean_title(entry.title, entry.title_type)
    raw_key = entry.entry_id or entry.link or entry.title

    def refuse(fate: EntryOutcome, rule: str, detail: str) -> Refusal:
        return Refusal(entry.position, fate, rule, detail, raw_key, (entry.link or "")[:_SHOWN], title)

    if not title and not source.opens_pages:
        return refuse(EntryOutcome.UNPARSABLE, "no-title", "the entry has no title")
    link = entry.link or _page_by_id(entry, document)
    if not link:
        return refuse(EntryOutcome.REJECTED, "no-link", "the entry has no link, so nothing proves where it was said")
    try:
        url = urls.clean(policy.upgrade(vendor, urls.unwrapped(urls.parse(link))))
        if isinstance(policy.admit(vendor, url.text), policy.Admitted):  # others have a plainer reason to be refused
            urls.possible(url)
    except UrlError as error:
        return refuse(EntryOutcome.REJECTED, error.rule, error.message)
    candidate = Candidate(
        position=entry.position,
        raw_key=raw_key,
        guid=entry.entry_id,
        url=url.text,
        title=title,
        title_original=entry.title,
        summary=clean_summary(entry.summary, entry.summary_type),
        lang=_language(entry, document, source, title),
        categories=tuple(_categories(entry.categories)),
        published=entry.published,
        updated=entry.updated,
    )
    filtered = filtered_by(candidate, source)
    return refuse(EntryOutcome.FILTERED, *filtered) if filtered else candidate


def _page_by_id(entry: Entry, document: Document) -> str:
    """
    Return the id of an entry without a link if it may be the address of its page, else "".

    JSON Feed recommends that: "ideally, the id is the full URL of the resource" (version 1.1, `id`). An RSS guid is already
    the link if it is a permalink. An Atom id is never a link (RFC 4287 §4.2.6).
    """
    is_web = (entry.entry_id or "").lower().startswith(("http://", "https://"))
    return (entry.entry_id or "") if is_web and document.dialect.startswith("json1") else ""


def is_far(candidate: Candidate, at: datetime) -> bool:
    """Whether an entry would stand above all news for long by its future date. Years before 1990 are no dates (`dates`)."""
    return candidate.published.value is not None and candidate.published.value > at + FAR


def filtered_by(candidate: Candidate, source: Source) -> tuple[str, str] | None:
    """
    Return the rule and the detail by which the source's stanza filters a candidate out, or None.

    Only path patterns count while the title is unknown.
    """
    return _filters(source.include, source.exclude, source.topics).verdict(candidate, urls.parse(candidate.url).path)


def _language(entry: Entry, document: Document, source: Source, title: str) -> str | None:
    """
    Return the entry's language from the best available evidence.

    The script of the title comes first if it proves a language: feeds of Japanese branches often state `en` or nothing. Then
    come the entry's own tag if it differs from the feed's, the operator's setting, and the feed's tag. A region is kept if
    it agrees with the script.
    """
    stated = entry.lang if entry.lang != document.lang else None
    claimed = stated or language_tag(source.lang) or entry.lang
    proven = script_language(title)
    return proven if proven and (claimed or "").split("-")[0] != proven else claimed


def _categories(written: Iterable[str]) -> list[str]:
    """Return categories as plain text, each once regardless of case, within the limits."""
    kept: dict[str, str] = {}
    for name in written:
        shown = plain(name, guess_kind(name))
        if 0 < len(shown) <= CATEGORY_LIMIT:
            kept.setdefault(shown.casefold(), shown)
    return list(kept.values())[:CATEGORY_COUNT]


# ── filters of the source ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Filters:
    """A source's `include`, `exclude` and `topics` (CONTRACT §2), compiled."""

    include: tuple[tuple[str, re.Pattern[str]], ...]
    exclude: tuple[tuple[str, re.Pattern[str]], ...]
    topics: tuple[re.Pattern[str], ...]

    def verdict(self, candidate: Candidate, path: str) -> tuple[str, str] | None:
        """Return the rule and the detail by which a candidate is filtered out, or None."""
        fields = {"path": (path,), "title": (candidate.title,), "category": candidate.categories}

        def matching(patterns: Iterable[tuple[str, re.Pattern[str]]]) -> str | None:
            hits = (p for field, p in patterns if any(p.search(value) for value in fields[field]))
            return next((pattern.pattern for pattern in hits), None)

        titled = bool(candidate.title)
        include = self.include if titled else tuple(pair for pair in self.include if pair[0] == "path")
        undecided = not titled and len(include) < len(self.include)
        if include and matching(include) is None and not undecided:
            return "include", "matches none of the patterns to include"
        if (pattern := matching(self.exclude)) is not None:
            return "exclude", f"matches {pattern}"
        if self.topics and titled:
            text = _folded(" \n".join((candidate.title, candidate.summary, *candidate.categories)))
            if not any(topic.search(text) for topic in self.topics):
                return "topics", "speaks of none of the topics"
        return None


@lru_cache(maxsize=1024)  # one item for each source, compiled once in the life of the process
def _filters(include: tuple[str, ...], exclude: tuple[str, ...], topics: tuple[str, ...]) -> _Filters:
    return _Filters(tuple(map(_pattern, include)), tuple(map(_pattern, exclude)), tuple(map(_topic, topics)))


def _pattern(text: str) -> tuple[str, re.Pattern[str]]:
    """Split `path:^/blog/` into field and expression. The allow-list has checked both."""
    field, _, expression = text.partition(":")
    return field, re.compile(expression)


def _topic(word: str) -> re.Pattern[str]:
    """
    Return a pattern for a topic, regardless of case and width.

    A Latin letter or digit at either end of the topic must not touch another one: `AI` is in `生成AIを` and in `AI-first`,
    but not in `maintain`. Scripts without spaces have no such border.
    """
    folded = _folded(word.strip())
    before = rf"(?<!{_LATIN})" if re.match(_LATIN, folded) else ""
    after = rf"(?!{_LATIN})" if re.search(rf"{_LATIN}\Z", folded) else ""
    return re.compile(f"{before}{re.escape(folded)}{after}")


_LATIN: Final = "[0-9a-z\u00df-\u024f]"  # of folded text


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
