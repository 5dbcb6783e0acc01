"""
The self-check: whether a document may be recorded. A rebuilt page must raise an alarm, not record its menu.

Selectors fail silently: they match nothing, or something else. So a document of kind page, changelog or json is checked before
its entries are recorded. A failed document waits in quarantine, with one sentence for the operator for each reason. The check
needs no recording, so a new stanza is safe to ship. With a history it detects more.

    none          no entries
    few, many     far fewer or more entries than before
    no-title      entries without a title
    no-link       entries without a link
    no-date       entries without a date, for a source with dates
    off-path      links to other places than the items of this source
    navigation    titles and addresses of a menu
    same-title    one title over and over
    unsteady      two different readings of the same bytes
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from ingest import urls
from ingest.errors import ParseError, UrlError
from ingest.model import Document, Entry, State
from ingest.parse.entry import listing
from ingest.parse.markup.characters import width

_MOST: Final = 0.8
"""The share of entries with the usual fields. A teaser or an advertisement among them is no alarm."""

_FEW: Final = 0.5
"""Of the fewest entries of earlier finds: lists lose a few, a broken selector most of them."""

_MANY: Final = 5
"""A multiple of the largest earlier number of entries. A year page is longer, a selector for everything much longer."""

_MANY_AT_LEAST: Final = 60  # entries; small lists may grow as they like
_ENOUGH: Final = 4  # entries of which shares say something

_MENU: Final = re.compile(
    r"(?:home|about(?: us)?|contact(?: us)?|careers?|jobs|pricing|products?|solutions|company|team|log ?in|sign ?(?:in|up)|sign up|register"
    r"|privacy(?: policy)?|terms(?: of (?:use|service))?|cookies?(?: settings| policy)?|legal|help|support|faq|docs|documentation|search|menu"
    r"|blog|news(?:room)?|press|research|twitter|x|linkedin|facebook|youtube|instagram|github|discord|download|subscribe|english|日本語|中文"
    r"|ホーム|トップ|会社概要|企業情報|お問い合わせ|採用(?:情報)?|製品(?:情報)?|サービス|ログイン|プライバシーポリシー|利用規約|サイトマップ|ニュース)",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d")
_SHORTEST: Final = 8  # characters of the median title, East Asian ones counted twice; recorded lists have 22 and more


@dataclass(frozen=True, slots=True)
class Earlier:
    """The history of a source: the number of entries in each accepted document (newest last), and the share with a date."""

    counts: tuple[int, ...] = ()
    dated: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One objection to a document: its stable name, and a sentence with the fault and the remedy."""

    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether a document may be recorded. `state` is ok, broken, blocked or moved."""

    state: State
    reasons: tuple[Reason, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the entries may become headlines."""
        return self.state is State.OK


_OBSTACLES: Final = {
    "challenge": "The site asks visitors to prove that they are no robot; poll it from another network or look for a feed.",
    "login": "The site asks visitors to sign in; find a public address for the same announcements.",
    "consent": "The site asks visitors for consent to cookies first; find a public address, or a feed, for the same announcements.",
}


def judge_error(error: ParseError) -> CheckResult:
    """Return the result for an unreadable document: `blocked` for an obstacle, `moved` for a redirect, else `broken`."""
    if error.rule in _OBSTACLES:
        return CheckResult(State.BLOCKED, (Reason(error.rule, _OBSTACLES[error.rule]),))
    state = State.MOVED if error.rule == "moved" else State.BROKEN
    return CheckResult(state, (Reason(error.rule, error.message),))


def check(
    document: Document,
    *,
    paths: tuple[str, ...] = (),
    dates: bool = True,
    earlier: Earlier = Earlier(),
    again: Document | None = None,
) -> CheckResult:
    """
    Check whether a document may be recorded.

    Args:
        document: The document.
        paths: Patterns for the paths of the source's items, if known (`Source.item_paths`).
        dates: Whether the source has dates.
        earlier: The history of the source.
        again: A second reading of the same bytes.
    """
    entries = document.entries
    if not entries:
        return CheckResult(
            State.BROKEN, (Reason("none", _sentence("Nothing was found", "compare select.entry with the page")),)
        )
    reasons = [
        *_counted(len(entries), earlier),
        *_filled(entries, dates=dates, earlier=earlier),
        *_placed(entries, paths),
        *_distinct(entries),
        *(
            []
            if again is None or again == document
            else [Reason("unsteady", "Two readings of the same bytes differ; report it.")]
        ),
    ]
    return CheckResult(State.BROKEN if reasons else State.OK, tuple(reasons))


def emptied(document: Document, earlier: Earlier, *, others: int = 0) -> CheckResult:
    """
    Check a document that marks its entries itself. It fails only if it is empty and was not before.

    Args:
        others: Further entries, which were not read again.
    """
    if others or document.entries or document.unreadable or document.parts or not earlier.counts:
        return CheckResult(State.OK)
    what = f"Nothing is in it where there were {min(earlier.counts)} entries or more before; look at the address in a browser."
    return CheckResult(State.BROKEN, (Reason("none", what),))


def shrunk(document: Document, earlier: Earlier, *, others: int = 0) -> str:
    """Describe the loss of most entries, and return "" otherwise. The document may have been replaced. See `emptied`."""
    count, least = len(document.entries) + others, min(earlier.counts, default=0)
    few = least >= _ENOUGH and count < _FEW * least and not document.parts
    return f"{count} entries came where there were {least} or more before; what is gone stays recorded" if few else ""


def _sentence(what: str, remedy: str) -> str:
    return f"{what}; {remedy}, or run `ingest sources discover` on it."


def _counted(count: int, earlier: Earlier) -> Iterator[Reason]:
    if not earlier.counts:
        return
    least, most = min(earlier.counts), max(earlier.counts)
    if least >= _ENOUGH and count < _FEW * least:
        what = f"{count} entries were found where there were {least} or more before"
        yield Reason("few", _sentence(what, "compare select.entry with the page"))
    if count > max(_MANY * most, _MANY_AT_LEAST):
        what = f"{count} entries were found where there were {most} at most"
        yield Reason("many", _sentence(what, "narrow select.entry down"))


def _filled(entries: tuple[Entry, ...], *, dates: bool, earlier: Earlier) -> Iterator[Reason]:
    titled = _share(entries, lambda entry: bool(entry.title.strip()) and not listing.is_call(entry.title))
    if titled < _MOST:
        yield Reason(
            "no-title",
            _sentence(f"{1 - titled:.0%} of the entries have no title", "compare select.title with the page"),
        )
    linked = _share(entries, lambda entry: bool(entry.link))
    if linked < _MOST:
        yield Reason(
            "no-link", _sentence(f"{1 - linked:.0%} of the entries have no link", "compare select.link with the page")
        )
    dated = _share(entries, lambda entry: entry.published.value is not None or entry.updated.value is not None)
    usual = earlier.dated if earlier.dated is not None else 1.0 if dates else 0.0
    if dated < usual / 2:
        what = f"{1 - dated:.0%} of the entries have no date"
        yield Reason("no-date", _sentence(what, "compare select.date with the page"))


def _placed(entries: tuple[Entry, ...], paths: tuple[str, ...]) -> Iterator[Reason]:
    links = [entry.link for entry in entries if entry.link]
    outside = [link for link in links if not _is_on(link, paths)] if paths else []
    if len(outside) > _MOST * len(links):  # a list may mix in events and jobs, which `include` leaves out
        what = (
            f"{len(outside)} of {len(links)} links lead elsewhere than include says, for example to {outside[0]:.200}"
        )
        yield Reason("off-path", _sentence(what, "compare select.entry and include with the page"))
    menu = _share(entries, lambda entry: _MENU.fullmatch(entry.title.strip()) is not None or _is_front(entry.link))
    short = len(entries) >= _ENOUGH and median(width(entry.title.strip()) for entry in entries) < _SHORTEST
    short = short and _share(entries, lambda entry: bool(_NUMBER.search(entry.title))) < _MOST  # versions, days
    if menu > 1 - _MOST or short:
        what = "The titles are those of a menu" if menu > 1 - _MOST else "The titles are too short for announcements"
        yield Reason("navigation", _sentence(what, "narrow select.entry down to the list"))


def _distinct(entries: tuple[Entry, ...]) -> Iterator[Reason]:
    if len(entries) < _ENOUGH:
        return
    titles = {" ".join(entry.title.split()).casefold() for entry in entries if entry.title.strip()}
    titled = sum(bool(entry.title.strip()) for entry in entries)
    if titled and len(titles) < _MOST * titled:
        what = f"{titled} entries share {len(titles)} titles"
        yield Reason("same-title", _sentence(what, "compare select.title with the page"))


def _share(entries: tuple[Entry, ...], fact: Callable[[Entry], bool]) -> float:
    return sum(map(fact, entries)) / len(entries)


def _is_on(link: str, paths: tuple[str, ...]) -> bool:
    """Whether the path of a link, as in filters, matches one of several patterns."""
    try:
        path = urls.unwrapped(urls.parse(link)).path
    except UrlError:
        return False
    return any(re.search(pattern, path) for pattern in paths)


def _is_front(link: str | None) -> bool:
    """Whether a link leads to a site's front page."""
    try:
        return bool(link) and urlsplit(link or "").path in {"", "/"} and not urlsplit(link or "").query
    except ValueError:
        return False
