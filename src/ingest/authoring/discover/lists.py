"""From a group of cards to a `select`: selectors for exactly these cards, and for their titles, dates and links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborNode, SelectolaxError

from ingest.authoring.discover import groups
from ingest.authoring.discover.groups import Card, Group
from ingest.authoring.discover.names import class_parts, common, context_names, own_names
from ingest.dates import forms
from ingest.dates.printed import dated
from ingest.errors import ParseError
from ingest.model import Precision
from ingest.parse import page as pages
from ingest.parse.entry import listing as merging
from ingest.parse.markup.characters import width
from ingest.parse.markup.elements import HtmlPage, text_of
from ingest.parse.markup.selector import compile_selector

Select = tuple[tuple[str, str], ...]

DRAFT_LIMIT: Final = 4
"""Groups to get selectors, the likeliest first."""

_LEAST_SURE: Final = 0.3  # below, a group is navigation
_JOINED: Final = 0.6  # of the surest group's sureness, which another part of the same list has at least
_MOSTLY: Final = 0.7  # of the items of a block show a date
_NEAR: Final = 0.75  # of the cards, all told; with a quarter of foreign ones it is no list any more
_COMPARED: Final = 200  # foreign elements that are looked at
_DATED_OUTSIDE: Final = 0.25  # a date for each item is nearly as good outside it as in it
_CONTEXTS: Final = 14
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")

# Where a link is all of a card: a date in front of the title or behind it.
LEADING: Final = (
    r"^[A-Za-z]{3,9}\.? \d{1,2},? \d{4}[\s\-–—|:·]*(\S.*)$",
    r"^\d{1,2} [A-Za-z]{3,9}\.?,? \d{4}[\s\-–—|:·]*(\S.*)$",
    r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[\s\-–—|:·]*(\S.*)$",
    r"^\d{4}年\s?\d{1,2}月\s?\d{1,2}日[\s\-–—|:·]*(\S.*)$",
    r"^(.*\S)[\s\-–—|:·]+[A-Za-z]{3,9}\.? \d{1,2},? \d{4}$",
    r"^(.*\S)[\s\-–—|:·]+\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$",
    r"^(.*\S)[\s\-–—|:·(（]+\d{4}年\s?\d{1,2}月\s?\d{1,2}日[)）]?$",
)


_DIVIDERS: Final = ("dt", "h2", "h3", "h4", ".date", "[class*=date]", "time")
"""Elements above the cards of a day, a month or a year."""

_DAY: Final = re.compile(forms.WITHOUT_YEAR)
_YEARLY: Final = ("{{{year}}}年{{{day}}}", "{{{day}}} {{{year}}}", "{{{year}}}/{{{day}}}", "{{{year}}}.{{{day}}}")
"""A day without a year and a year, put together as dates are written."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A `select`, how sure it is, and why."""

    select: Select
    sure: float
    why: tuple[str, ...]


def drafts(page: HtmlPage, url: str, base: str) -> list[Draft]:
    """Return drafts for the lists of a page, the surest first."""
    likely = [group for group in groups.groups(page, url, base) if group.sure >= _LEAST_SURE]
    many = [group for group in likely if len(group.cards) > 1]
    drafted = [draft for group in many[:DRAFT_LIMIT] if (draft := _draft(group, page)) is not None]
    if len(likely) > 1 and (whole := _joined(likely, page)) is not None:
        drafted.insert(0, whole)
    return drafted


def _joined(likely: list[Group], page: HtmlPage) -> Draft | None:
    """Return one draft for the best group and the other parts of the same list, such as a featured block above it."""
    best = likely[0]
    parts, keys, names = [best], set(best.keys), [entry_name(best, page)]
    for group in likely[1:]:
        new = group.keys - keys
        if (
            group.sure >= _JOINED * best.sure
            and best.dated > _MOSTLY
            and group.dated > _MOSTLY
            and len(new) > len(group.keys) / 2
            and (name := entry_name(group, page))
        ):
            parts.append(group)
            names.append(name)
            keys |= new
    if len(parts) == 1 or not names[0]:
        return None
    select = _select(", ".join(dict.fromkeys(names)), [group.cards for group in parts], page)
    return Draft(select, min(0.99, best.sure + 0.01), (*best.why, f"put together from {len(parts)} blocks of the page"))


def _draft(group: Group, page: HtmlPage) -> Draft | None:
    entry = entry_name(group, page)
    if not entry:
        return None
    select = _select(entry, [group.cards], page)
    if "::" not in dict(select).get("date", ""):
        return Draft(select, group.sure, tuple(group.why))
    sure = min(0.95, round(group.sure + _DATED_OUTSIDE, 2))
    return Draft(select, sure, (*group.why, "a date stands beside each item or above it"))


def _select(entry: str, parts: list[list[Card]], page: HtmlPage) -> Select:
    cards = [card for part in parts for card in part]
    title = _common(parts, lambda some: _title_pick(some, page), lambda pick: _title_score(pick, cards, page))
    date = _common(parts, lambda some: _date_pick(some, page), lambda pick: _date_score(pick, cards, page))
    picks = {"entry": entry, "link": _link_pick(cards, page), "title": title, "date": date}
    return tuple((name, pick) for name, pick in picks.items() if pick)


def _common(parts: list[list[Card]], best: Callable[[list[Card]], str], score: Callable[[str], float]) -> str:
    """Return one selector for all parts of a list, with alternatives when no single selector fits all parts."""
    cards = [card for part in parts for card in part]
    whole = best(cards)
    if len(parts) == 1 or not whole:
        return whole
    mixed = " || ".join(dict.fromkeys(pick for part in parts if (pick := best(part))))
    return mixed if mixed and score(mixed) > score(whole) + 0.1 else whole


# ── the entry ───────────────────────────────────────────────────────────────────────────────────────────────────


def entry_name(group: Group, page: HtmlPage) -> str:
    """
    Return a selector for the cards of a group and little else, and "" when none comes near.

    Second cards for the same pages do not count against a selector.
    """
    wanted = {card.node.mem_id for card in group.cards}
    scored = []
    for rank, name in enumerate(_entry_candidates(group)):
        try:
            matches = pages.items(page, name)
        except (ParseError, SelectolaxError):
            continue
        hits = sum(node.mem_id in wanted for node in matches)
        if hits * 2 < len(wanted):
            continue
        others = [node for node in matches if node.mem_id not in wanted]
        foreign = len(others) if len(others) > _COMPARED else sum(not _leads_into(node, group) for node in others)
        scored.append((round(2 * hits / (hits + foreign + len(wanted)), 3), -rank, name))
    best = max(scored, default=(0.0, 0, ""))
    return best[2] if best[0] >= _NEAR else ""


def _leads_into(node: LexborNode, group: Group) -> bool:
    """Whether an element is another card for a page of the group: an equal one, for a small screen perhaps."""
    inside = {link.attributes.get("href") for link in node.css("a[href]")}
    return any(card.link.attributes.get("href") in inside and card.node.tag == node.tag for card in group.cards)


def _entry_candidates(group: Group) -> list[str]:
    """Return selectors for the cards, in the order of their precision."""
    nodes = [card.node for card in group.cards]
    own = common(own_names(node) for node in nodes)
    contexts = common((context_names(node) for node in nodes), share=0.95)[:_CONTEXTS]
    own = [*_by_address(group), *own] if nodes[0].tag == "a" else own
    has = [":has(time)"] if all(node.css_first("time") for node in nodes) else []
    has += [":has(a[href])", *(f":has({name})" for name in _by_address(group))]
    candidates = own[:-1] if len(own) > 1 else []
    candidates += [f"{context} {name}" for name in own for context in contexts]
    candidates += [f"{context} > {name}" for name in own for context in contexts]
    candidates += [own[-1]] if own else []
    candidates += [f"{name}{what}" for name in list(candidates) for what in has]
    return list(dict.fromkeys(candidates))[:400]


def _by_address(group: Group) -> list[str]:
    """Return selectors for links by the common folder of their addresses as written."""
    written = [card.link.attributes.get("href") or "" for card in group.cards]
    first = written[0]
    length = next((i for i, char in enumerate(first) if any(href[i : i + 1] != char for href in written)), len(first))
    folder = first[:length].rpartition("/")[0]
    return [f'a[href^="{folder}/"]'] if len(folder) > 1 and '"' not in folder else []


# ── title, date, link ───────────────────────────────────────────────────────────────────────────────────────────


def _title_pick(cards: list[Card], page: HtmlPage) -> str:
    """Return the selector with the texts most similar to the titles of the cards."""
    headings = [tag for tag in _HEADINGS if any(card.node.css_first(tag) for card in cards)]
    candidates = [*headings, *([f":is({', '.join(headings)})"] if len(headings) > 1 else [])]
    candidates += names_of(cards, lambda node: bool(text_of(node)))
    candidates += [f". ~ {pattern}" for pattern in LEADING] + ["a", "."]
    return max(dict.fromkeys(candidates), key=lambda pick: _title_score(pick, cards, page))


def _title_score(pick: str, cards: list[Card], page: HtmlPage) -> float:
    wanted = [card.title for card in cards]
    texts = [compile_selector(pick).first(card.node, page) for card in cards]
    filled = sum(bool(text) and not merging.is_call(text) for text in texts) / len(cards)
    distinct = len(set(filter(None, texts))) / len(set(wanted) or {""})
    lengths = [len(text) for text in texts if text]
    fitting = sum(8 <= width(text) <= 200 for text in texts) / len(cards)  # noqa: PLR2004 the lengths of headlines
    is_dated = sum(text != "" and dated([text]).value is not None for text in texts) / len(cards)
    semantic = any(tag in pick.split(" ", maxsplit=1)[0].split(".") or pick.startswith(":is(h") for tag in _HEADINGS)
    named = "title" in pick.lower() or "headline" in pick.lower()
    leaf = _leafness(pick, cards)
    score = 3 * filled + 1.5 * min(distinct, 1) + fitting - 3 * is_dated + 1.2 * semantic + 0.8 * named + leaf
    score -= 0.4 if re.match(r"p(?![\w-])", pick) and not named else 0.0  # a paragraph is rather a summary
    score += 0.6 * _repeated(texts, cards)
    called = [card for text, card in zip(texts, cards, strict=True) if text == card.title]
    headed = sum(card.node.css_first(groups.HEADING) is not None for card in called)
    score += (headed + 0.6 * (len(called) - headed)) / len(cards)  # what the link says is a weaker sign than a heading
    score -= 0.8 if pick.startswith(".") and "~" in pick else 0.0  # cutting text up is the last resort
    return score - 0.002 * (sum(lengths) / len(lengths) if lengths else 0) - 0.004 * len(pick)


def _repeated(texts: list[str], cards: list[Card]) -> float:
    """Return the share of texts repeated by a picture's `alt` or a link's label."""
    repeated = 0
    for text, card in zip(texts, cards, strict=True):
        labels = [
            node.attributes.get(name) for node in card.node.css("img, a") for name in ("alt", "aria-label", "title")
        ]
        repeated += bool(text) and text in labels
    return repeated / len(cards)


def _leafness(pick: str, cards: list[Card]) -> float:
    """Return how far the elements of a pick hold one text and not the whole card."""
    if pick.split(" ~ ", maxsplit=1)[0] == ".":
        return 0.0
    selectors = [part.split(" ~ ")[0] for part in pick.split(" || ")]
    nodes = [node for card in cards for selector in selectors if (node := card.node.css_first(selector))]
    whole = [len(text_of(card.node)) or 1 for card in cards]
    parts = [len(text_of(node)) for node in nodes]
    if not nodes:
        return 0.0
    share = (sum(parts) / len(parts)) / (sum(whole) / len(whole))
    return 0.4 if share < 0.8 else 0.0  # noqa: PLR2004 not the whole


def _date_pick(cards: list[Card], page: HtmlPage) -> str:
    """Return the selector for a date in most cards. Elements of their own come first, then text around a date, then headings above."""
    candidates = ["time", *names_of(cards, lambda node: dated([text_of(node)]).value is not None), "."]
    best = max(dict.fromkeys(candidates), key=lambda pick: _date_score(pick, cards, page))
    if _date_share(best, cards, page) >= 0.5:  # noqa: PLR2004 half of the items
        return best
    outside = _below_year(cards, page) or _divider(cards, page)
    return outside or (best if _date_share(best, cards, page) > 0 else "")


def _date_share(pick: str, cards: list[Card], page: HtmlPage) -> float:
    return sum(dated(compile_selector(pick).all(card.node, page)[:3]).value is not None for card in cards) / len(cards)


def _date_score(pick: str, cards: list[Card], page: HtmlPage) -> float:
    compiled = compile_selector(pick)
    exact = 0.0
    right = 0
    for card in cards:
        texts = compiled.all(card.node, page)[:3] or compiled.all(card.node, page, attribute="datetime")[:3]
        read = dated(texts)
        if read.value is not None and read.value == card.date.value:
            right += 1
            exact += min(1.0, len(read.raw) / max(1, len(texts[0])))
    semantic = 0.5 if pick.startswith("time") else 0.2 if "date" in pick.lower() else 0.0
    return 3 * right / len(cards) + exact / len(cards) + semantic - 0.004 * len(pick)


def _below_year(cards: list[Card], page: HtmlPage) -> str:
    """Return a template of the day in each card and the year in a heading above, and "" when it does not fit."""
    days = names_of(cards, lambda node: _DAY.fullmatch(text_of(node)) is not None)
    for heading in _DIVIDERS if days else ():
        year = f"preceding::{heading} ~ (?:19|20)[0-9][0-9]"
        for pick in (form.format(year=year, day=day) for day in days for form in _YEARLY):
            compiled = compile_selector(pick)
            read = [dated([compiled.first(card.node, page)]).precision for card in cards]
            if read.count(Precision.DAY) >= 0.8 * len(cards):
                return pick
    return ""


def _divider(cards: list[Card], page: HtmlPage) -> str:
    """Return the selector for a heading with a date above the cards, and "" when it does not fit."""
    for axis, tags in (
        ("preceding", _DIVIDERS),
        ("following", ("dd",)),
    ):
        for tag in tags:
            pick = f"{axis}::{tag}"
            read = [dated([compile_selector(pick).first(card.node, page)]).value is not None for card in cards]
            if (
                read[0] and read[-1] and sum(read) >= 0.8 * len(cards)
            ):  # the wrong side leaves out the first or the last
                return pick
    # A paragraph is no divider, so it has to serve every card.
    for pick in ("preceding::p", "following::time", "following::p"):
        if all(dated([compile_selector(pick).first(card.node, page)]).value is not None for card in cards):
            return pick
    return ""


def _link_pick(cards: list[Card], page: HtmlPage) -> str:
    """Return the selector for the link, and "" for the default link."""

    def right(pick: str | None) -> float:
        compiled = compile_selector(pick) if pick else None
        return sum(
            pages.link_of(card.node, page, compiled) == (card.link.attributes.get("href") or "").strip()
            for card in cards
        )

    if right(None) == len(cards):
        return ""
    named = [name for name in common(own_names(card.link) for card in cards) if name != "a"]
    candidates = [*named, *(f"{tag} a" for tag in _HEADINGS), *_by_address(Group(cards)), "a"]
    best = max(dict.fromkeys(candidates), key=right)
    return best if right(best) > right(None) else ""


def names_of(cards: list[Card], is_meant: Callable[[LexborNode], bool]) -> list[str]:
    """Return the names of elements inside the cards, if most cards with such an element share them."""
    per_card = []
    for card in cards[:12]:
        names: list[str] = []
        for node in groups.small_elements(card.node):
            if node.mem_id != card.node.mem_id and is_meant(node):
                names += _inner_names(node, card.node)
        per_card.append(names)
    filled = [names for names in per_card if names]
    return common(filled, share=0.6)[:120] if filled else []


def _inner_names(node: LexborNode, card: LexborNode) -> Iterator[str]:
    yield from class_parts(node)
    for name in own_names(node):
        yield name
        parent = node.parent
        if parent is not None and parent.mem_id != card.mem_id and parent.tag not in {"body", "html"}:
            yield from (f"{outer} > {name}" for outer in own_names(parent)[:2])
    if not re.search(r"[.\[]", "".join(own_names(node)[:1])) and node.parent is not None:
        yield f"{node.tag}:nth-child({_index(node)})"


def _index(node: LexborNode) -> int:
    index, before = 1, node.prev
    while before is not None:
        index += bool(before.is_element_node)
        before = before.prev
    return index
