"""
Groups of links with the look of items of a list.

Links are grouped by their names and surroundings. The card of a link is the largest element around it without another link of
its group. A group is scored by the marks of announcements: dates, titles as long as headlines, addresses of one shape, a
place outside menus, and an order by time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from ingest import urls
from ingest.authoring.discover.names import signature
from ingest.dates.printed import date_in
from ingest.model import Dated, Precision
from ingest.parse.entry import listing
from ingest.parse.markup import webpage
from ingest.parse.markup.characters import width
from ingest.parse.markup.elements import HtmlPage, ancestors, text_of
from ingest.parse.markup.links import absolute
from ingest.parse.page import NAVIGATION

LINK_LIMIT: Final = 3_000
"""Links of a page to be examined. The recorded page with the most has 1,100."""

GROUP_LIMIT: Final = 12
"""Groups to be scored by their texts, the largest first."""

FEATURED_LIMIT: Final = 12
"""Links beside the list to be examined as featured items."""

_CLIMB: Final = 8  # elements from a link up to its card
_HEADLINE: Final = range(12, 221)  # characters of a title, East Asian ones counted twice
_MENUS: Final = f"{NAVIGATION}, aside, header, form, [role=tablist], [role=complementary]"
_SHELF: Final = re.compile(
    r"/(?:archives?/?$|archives?/(?:(?:19|20)\d{2}(?:/\d{2})?/?$|date/|page/|categor(?:y|ies)/|tags?/))"
    r"|(?<!/releases)/(?:tags?|categor(?:y|ies)|topics?|authors?|users?|people|page|search|login|sign-?(?:in|up)|contact|privacy|terms|legal"
    r"|careers?|jobs?|about|pricing|docs|cdn-cgi|wp-content)(?:/|$)|\.(?:png|jpe?g|gif|svg|webp|zip|css|js|mp4)$",
    re.IGNORECASE,
)
_DATED_PATH: Final = re.compile(r"/(?:19|20)\d{2}(?:[/_-]?\d{2})?|(?:19|20)\d{6}")
_PLACES: Final = re.compile(r"\b(?:post|article|entry|news|release|story|card|item|list|blog|press)", re.IGNORECASE)
_BESIDE: Final = re.compile(
    r"pdf|html|slides|video|\d+ (?:comments?|responses?|repl(?:y|ies))|コメント\s?\d*", re.IGNORECASE
)
"""The text of a card's second link, to another form of the page or to a place on it."""
HEADING: Final = "h1, h2, h3, h4, h5, h6"
"""The headings of a card."""
_TEXTS: Final = 60  # elements of a card that are asked for their text


@dataclass(frozen=True, slots=True)
class Card:
    """One item of a list: its element, its link and its texts."""

    node: LexborNode
    link: LexborNode
    url: str
    key: str
    title: str
    date: Dated


@dataclass(slots=True)
class Group:
    """Items of one make, and how much speaks for their being the list."""

    cards: list[Card]
    sure: float = 0.0
    why: list[str] = field(default_factory=list)

    @property
    def keys(self) -> set[str]:
        """The pages of the items."""
        return {card.key for card in self.cards}

    @property
    def dated(self) -> float:
        """The share of items with a date."""
        return sum(card.date.value is not None for card in self.cards) / len(self.cards)


def groups(page: HtmlPage, url: str, base: str) -> list[Group]:
    """Return the possible lists of a page, the likeliest first, then its featured items."""
    by_make: dict[tuple[str, ...], dict[str, LexborNode]] = {}
    for link, address in _links(page, url, base):
        text = text_of(link)
        make = (*signature(link), "beside" if listing.is_call(text) or _BESIDE.fullmatch(text) else "")
        by_make.setdefault(make, {}).setdefault(urls.page_key_of(address), link)
    largest = sorted((links for links in by_make.values() if len(links) > 1), key=len, reverse=True)
    likely = [_group(links, base) for links in largest[:GROUP_LIMIT]]
    menus = page.ids(_MENUS)
    for group in likely:
        _judge(group, url, menus)
    likely = sorted((group for group in likely if group.sure > 0), key=lambda group: -group.sure)
    alone = {key: link for links in by_make.values() if len(links) == 1 for key, link in links.items()}
    return [*likely, *_featured(alone, likely[0], base, menus)] if likely else []


def _featured(alone: dict[str, LexborNode], listed: Group, base: str, menus: set[int]) -> Iterator[Group]:
    """Yield the newest item shown large: dated, headed and addressed like the list's items, but without others like it."""
    around = Counter({outer.mem_id: 2 for card in listed.cards for outer in ancestors(card.link)})
    (folder, _), *_ = Counter(_shape(card.url) for card in listed.cards).most_common(1)
    keys = listed.keys
    like = (
        (key, link)
        for key, link in alone.items()
        if key not in keys and _shape(absolute(webpage.attribute(link, "href"), base)) == folder
    )
    for key, link in islice(like, FEATURED_LIMIT):
        if not menus.isdisjoint(outer.mem_id for outer in (link, *ancestors(link))):
            continue
        card = _card(key, link, around, base)
        fine = card.date.precision in {Precision.DAY, Precision.SECOND}
        if fine and card.node.css_first(HEADING) and width(card.title) in _HEADLINE:
            yield Group([card], listed.sure, listed.why)


def _links(page: HtmlPage, url: str, base: str) -> Iterator[tuple[LexborNode, str]]:
    """Yield the links to other pages of the same site, except those in menus."""
    navigation = page.ids(NAVIGATION)
    own, site, below = urls.page_key_of(url), _site(url), f"{path_of(url).rstrip('/')}/"
    for link in page.css("a[href]")[:LINK_LIMIT]:
        address = absolute(webpage.attribute(link, "href"), base)
        if not address.startswith(("http://", "https://")) or _site(address) != site:
            continue
        path = path_of(address)
        if path in {"", "/"} or _is_shelf(path, below) or urls.page_key_of(address.partition("#")[0]) == own:
            continue
        if navigation.isdisjoint(outer.mem_id for outer in (link, *ancestors(link))):
            yield link, address


def _is_shelf(path: str, below: str) -> bool:
    """Whether a path leads to a collection of pages. The list's own folder is not one (/topics/ at many Japanese vendors)."""
    return _SHELF.search(path, len(below) - 1 if path.startswith(below) else 0) is not None


def _site(url: str) -> str:
    """Return the last two labels of a host, as an approximation of its site."""
    try:
        return ".".join((urlsplit(url).hostname or "").split(".")[-2:])
    except ValueError:
        return ""


def path_of(url: str) -> str:
    """Return the path of an address, and "" for other text."""
    try:
        return urlsplit(url).path
    except ValueError:  # `a://[`
        return ""


def _group(links: dict[str, LexborNode], base: str) -> Group:
    held: Counter[int] = Counter()
    for link in links.values():
        held.update(outer.mem_id for outer in ancestors(link))
    return Group([_card(key, link, held, base) for key, link in links.items()])


def _card(key: str, link: LexborNode, held: Counter[int], base: str) -> Card:
    node = _card_of(link, held)
    date, shown = date_of(node)
    address = absolute(webpage.attribute(link, "href"), base)
    return Card(node, link, address, key, title_of(node, link, shown, date), date)


def _card_of(link: LexborNode, held: Counter[int]) -> LexborNode:
    """Return the largest element around a link without another link of its group."""
    node = link
    for outer in list(ancestors(link))[:_CLIMB]:
        if held[outer.mem_id] > 1 or outer.tag in {"body", "main"}:
            break
        node = outer
    return node


def small_elements(card: LexborNode) -> list[LexborNode]:
    """Return the elements of a card with text and little else, in order."""
    nodes = [node for node in card.css("*") if node.tag not in webpage.UNSEEN]
    return nodes[:_TEXTS]


def date_of(card: LexborNode) -> tuple[Dated, str]:
    """Return the date of a card, and the text around it."""
    for node in card.css("time"):
        shown = text_of(node)
        date = date_in(shown)
        if date.value is None:
            date = date_in(webpage.attribute(node, "datetime"))
        if date.value is not None:
            return date, shown
    best: tuple[Dated, str] | None = None
    for node in (*small_elements(card), card):
        text = (node.text(deep=True, separator=" ") or "").strip()
        if not 6 <= len(text) <= 300:  # noqa: PLR2004 the shortest date has six characters; longer text is prose
            continue
        date = date_in(" ".join(text.split()))
        fine = date.precision in {Precision.DAY, Precision.SECOND}
        if date.value is not None and (best is None or (fine and len(text) < len(best[1]))):
            best = date, " ".join(text.split())
    return best or (date_in(""), "")


def title_of(card: LexborNode, link: LexborNode, shown_date: str, date: Dated) -> str:
    """Return the probable title of a card."""
    for node in card.css(HEADING):
        if text := text_of(node):
            return text
    text = text_of(link)
    if text and text != shown_date and not listing.is_call(text):
        return text
    texts = [text_of(node) for node in small_elements(card) if not node.css_first("* *") or node.tag == "a"]
    named = [text for text in texts if text and text != shown_date and not listing.is_call(text)]
    if named:
        return max(named, key=len)
    return text.replace(date.raw, "").strip(" -–—|:·") if date.value is not None else ""


# ── judging ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _judge(group: Group, url: str, menus: set[int]) -> None:
    """Say how likely a group is the list, and why."""
    cards = group.cards
    titles = [card.title for card in cards if card.title]
    lengths = [width(title) for title in titles] or [0]
    judged = [
        (0.34 * group.dated, f"{group.dated:.0%} of {len(cards)} items show a date"),
        (
            0.16 * _share(length in _HEADLINE for length in lengths),
            f"titles have about {median(lengths):.0f} characters",
        ),
        (0.1 * len(set(titles)) / len(cards), ""),
        (0.1 * _one_shape(cards), "their addresses have one shape"),
        (0.08 if _is_below(cards, url) else 0.0, "their addresses lie below the page's own"),
        (0.06 * _share(bool(_DATED_PATH.search(card.url)) for card in cards), ""),
        (0.06 * min(1.0, len(cards) / 5), ""),
        (0.06 if group.dated > 0.5 and _is_in_order(cards) else 0.0, "they stand newest first"),  # noqa: PLR2004 half
        (0.04 * _share(_PLACES.search(" ".join(signature(card.link)[:5])) is not None for card in cards), ""),
    ]
    group.sure = sum(points for points, _ in judged)
    group.why = [reason for points, reason in judged if points > 0.03 and reason]  # noqa: PLR2004 what weighs something
    inside = _share(
        not menus.isdisjoint(outer.mem_id for outer in (card.node, *ancestors(card.node))) for card in cards
    )
    if inside > 0.5:  # noqa: PLR2004 half
        group.sure *= 0.6
        group.why.append("but they stand in a header, an aside or a form")
    if len(set(titles)) < len(cards) / 2 or median(lengths) < 6:  # noqa: PLR2004 half; the words of a menu
        group.sure *= 0.4
        group.why.append("but they hardly have titles")
    group.sure = round(min(group.sure, 0.99), 2)


def _share(facts: Iterable[bool]) -> float:
    known = list(facts)
    return sum(known) / len(known) if known else 0.0


def _shape(url: str) -> str:
    """Return the folder of a page, with every number in it replaced by 0."""
    return re.sub(r"\d+", "0", path_of(url).rstrip("/").rpartition("/")[0])


def _one_shape(cards: list[Card]) -> float:
    """Return the share of addresses in the commonest folder, dates in the path counted as one."""
    folders = Counter(_shape(card.url) for card in cards)
    return folders.most_common(1)[0][1] / len(cards)


def _is_below(cards: list[Card], url: str) -> bool:
    own = path_of(url).rstrip("/")
    return bool(own) and _share(path_of(card.url).startswith(f"{own}/") for card in cards) > 0.5  # noqa: PLR2004 half


def _is_in_order(cards: list[Card]) -> bool:
    dates = [card.date.value for card in cards if card.date.value is not None]
    pairs = list(pairwise(dates))
    return bool(pairs) and _share(first >= second for first, second in pairs) > 0.8  # noqa: PLR2004 pinned items apart
