"""
Addresses compared: one document under several spellings, one story in several languages, the words of a path.

Stored addresses stay as they are. The forms here only serve to compare places. They are text without a scheme, no
addresses, and never requested.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from ingest import urls
from ingest.errors import UrlError
from ingest.stories import rulebook

_LOCALE: Final = re.compile(r"[a-z]{2}[-_][a-z]{2,4}")
_SPACES: Final = re.compile(r"\s+")
_ROOT_DOT: Final = re.compile(r"^([a-z]+://[^/?#]*)\.(?=[/?#:]|$)", re.IGNORECASE)
_DATE: Final = re.compile(r"^(?:19|20)\d\d-\d\d-\d\d-")
_BREAKS: Final = re.compile(r"[^a-z0-9\u3005-\u30ff\u3400-\u9fff]+")
_APOSTROPHES: Final = re.compile("['\u2018\u2019\u02bc]")
_NUMBER: Final = re.compile(r"\d+")
_LETTER: Final = re.compile(r"[^\W\d_]")
_LOCALE_MARK: Final = re.compile("-(?:" + "|".join(sorted(rulebook.LOCALE_LABELS | {"en", "kr"})) + ")$")
_STAGE: Final = re.compile(
    "(?<=[a-z0-9])(?:-(?:" + "|".join(one.replace(" ", "-") for one in rulebook.STATUS_WORDS) + "))+$"
)
_AGAIN: Final = re.compile(r"-\d$")

LONGEST_SLUG: Final = 5
"""Words from which on a final `-2` is WordPress's mark of a slug in use, and not the second of something."""

ARTICLE_WORDS: Final = 3
"""Words of a last segment right below `changelog` and the like that make it a page of its own."""


@dataclass(frozen=True, slots=True)
class DocumentAddress:
    """
    The comparable parts of an address.

    document: equal for all spellings of one page in one language
    story: equal for its translations too
    slug: the last segment in words joined by `-`, or ""
    lists: whether the page shows many announcements
    part: the place on the page, if the address names one
    """

    document: str
    story: str
    slug: str
    lists: bool
    part: bool


def same_document(url_a: str, url_b: str) -> bool:
    """
    Whether two addresses open the same document in the same language.

    Spelling (`urls.page_key`), page furniture and idle parameters do not matter, and moves are followed. Locale, other
    parameters, anchors and the case of a path do matter. Unreadable addresses are the same only as text.
    """
    try:
        return page(url_a).document == page(url_b).document
    except UrlError:
        return url_a.strip() == url_b.strip()


@lru_cache(maxsize=8_192)  # an address is asked about by each rule and each neighbour
def page(url: str) -> DocumentAddress:
    """
    Take an address apart.

    Raises:
        UrlError: It is no address.
    """
    written = _ROOT_DOT.sub(r"\1", _SPACES.sub("%20", html.unescape(url).strip()))
    spelt, _, anchor = urls.page_key(urls.parse(written)).partition("#")
    place, _, parameters = spelt.partition("?")
    host, *segments = _moved(_without_doubles(place)).split("/")
    query = "&".join(part for part in parameters.split("&") if not _is_idle(part))
    fragment = "" if anchor.lower() in rulebook.FURNITURE else anchor
    document = _joined(host, segments, query, fragment)
    plain = _without_locale(segments)
    asked = "&".join(part for part in query.split("&") if part.partition("=")[0] not in rulebook.LOCALE_PARAMETERS)
    story = _joined(_without_locale_host(host), plain, asked, fragment)
    return DocumentAddress(document, story, _slug(plain, fragment), _is_list(plain, asked, fragment), bool(fragment))


def _joined(host: str, segments: list[str], query: str, fragment: str) -> str:
    return f"{host}/{'/'.join(segments)}" + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _without_doubles(place: str) -> str:
    """Remove empty and wrongly doubled segments (`/news/news/mars`) from host and path, but not a day `08/08`."""
    kept: list[str] = []
    for segment in place.split("/"):
        if segment and not (kept and segment == kept[-1] and not segment.isdecimal()):
            kept.append(segment)
    return "/".join(kept)


def _moved(place: str) -> str:
    for move in rulebook.MOVES:
        place = move.old.sub(move.new, place, count=1)
    return place


def _is_idle(parameter: str) -> bool:
    return parameter.partition("=")[0].lower() in rulebook.IDLE_PARAMETERS


# ── language ────────────────────────────────────────────────────────────────────────────────────────────────────


def _without_locale(segments: list[str]) -> list[str]:
    """Take the first locale off the beginning of a path, with its introducing word."""
    for place, segment in enumerate(segments[: rulebook.LOCALE_DEPTH]):
        folded = segment.lower()
        last = place == len(segments) - 1
        if not last and (_LOCALE.fullmatch(folded) or folded in rulebook.LOCALES):
            start = place - 1 if place and segments[place - 1].lower() in rulebook.INTRODUCERS else place
            return segments[:start] + segments[place + 1 :]
    return segments


def _without_locale_host(host: str) -> str:
    label, _, rest = host.partition(".")
    if label in rulebook.LOCALE_LABELS and "." in rest:
        host = rest
    for ending in rulebook.LOCALE_ENDINGS:
        if host.endswith(ending):
            return host.removesuffix(ending) + ".com"
    return host


# ── words of a path ─────────────────────────────────────────────────────────────────────────────────────────────


def slug_text(text: str) -> str:
    """Return a segment in words: decoded, folded, without a date in front, words joined by one `-`."""
    folded = _APOSTROPHES.sub("", unquote(text).lower())
    return _BREAKS.sub("-", _DATE.sub("", folded)).strip("-")


def without_mark(slug: str) -> str:
    """Return a long slug without the `-2` of a slug in use, and others as they are."""
    return _AGAIN.sub("", slug) if slug.count("-") >= LONGEST_SLUG else slug


def slug_end(of: DocumentAddress) -> str:
    """
    Return the words of an address shared by its translations, or "" for numbers only.

    Leading phrases (`introducing-`), a final stage (`-now-available`) and a mark of the language (`-jp`) are left out.
    """
    words = _STAGE.sub("", _LOCALE_MARK.sub("", without_mark(of.slug))).split("-")
    while len(words) > 1 and words[0] in rulebook.LEADS:
        words = words[1:]
    return "-".join(words) if any(_LETTER.search(word) for word in words) else ""


def begins_alike(one: str, other: str) -> bool:
    """Whether one slug is the other cut short: the beginning of it, and long enough for one announcement."""
    short, long = sorted((one, other), key=len)
    return short.count("-") + 1 >= LONGEST_SLUG and long.startswith(f"{short}-")


def slug_start(slug: str) -> str:
    """Return the common first words of a long slug and its cut form, or "" for a short one."""
    words = slug.split("-")
    return "-".join(words[:LONGEST_SLUG]) if len(words) >= LONGEST_SLUG else ""


def _slug(segments: list[str], fragment: str) -> str:
    """
    Return the words of the last segment, or those of the page's part, if the address names one.

    Before a bare number they count if they are as many as in a title: `corporate/42810000` is a number in a section.
    """
    for behind, segment in enumerate([fragment] if fragment else reversed(segments)):
        slug = slug_text(segment.removesuffix(".html"))
        if slug and not _NUMBER.fullmatch(slug):
            is_section = behind > 0 and slug.count("-") + 1 < ARTICLE_WORDS
            return "" if is_section or slug in rulebook.LISTS else slug
    return ""


def _is_list(segments: list[str], query: str, fragment: str) -> bool:
    if fragment or query:
        return False
    if not segments:
        return True
    words = [slug_text(segment) for segment in segments]
    if words[-2:-1] and words[-2] in rulebook.ENTRY_PARENTS:
        return False
    if words[-1] in rulebook.LISTS:
        return True
    parents = words[-3:-1]
    return words[-1].count("-") + 1 < ARTICLE_WORDS and any(word in rulebook.LIST_PARENTS for word in parents)
