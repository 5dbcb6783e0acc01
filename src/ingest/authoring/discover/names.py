"""Lasting names for elements, across redesigns: those given by a person, not by a build tool."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from selectolax.lexbor import LexborNode

from ingest.parse.markup.elements import ancestors
from ingest.parse.markup.webpage import attribute

_IDENT: Final = re.compile(r"-?[A-Za-z_][\w-]*")
_MADE_UP: Final = re.compile(
    r"(?:css|sc|jsx|jss|svelte|astro|emotion|chakra|framer|makeStyles|elementor|wp-block|id|post|page)-\w*\d\w*|data-v-\w+"
)
# States, positions and the vocabulary of layout: they name no kind of thing.
_LAYOUT: Final = re.compile(
    r"(?:is|has|js|no|u|l|d)-.*|active|first|last|odd|even|open|closed|selected|current|hidden|show|fade|clearfix|lazy\w*|loaded"
    r"|container(?:-\w+)?|row|col(?:umn)?s?(?:-.*)?|wrapper|inner|outer|group|relative|absolute|fixed|sticky|block|inline(?:-.*)?|flex|grid"
    r"|hentry|visible|link|reset|root|not-prose|prose|underline|italic|uppercase|lowercase|capitalize|truncate|antialiased|transition"
    # Sizes (Tailwind, Bootstrap); `p-news` and `top-story` are names.
    r"|-?(?:[mp][trblxyse]?|w|h|min-[wh]|max-[wh]|gap(?:-[xy])?|space-[xy]|z|top|left|right|bottom|inset(?:-[xy])?|basis|order|leading|tracking"
    r"|columns|flex|grow|shrink|opacity|scale|rotate|duration|delay|line-clamp|size|g[xy]?)-(?:\d[\w./%]*|px|auto|full|screen|fit|min|max|none)"
    r"|(?:items|justify|content|self|place|align)-(?:start|center|end|between|around|evenly|baseline|stretch|middle|top|bottom|self-\w+|items-\w+)"
    r"|(?:text|font|bg|border|rounded|shadow|ring|grid|overflow|transition|ease|cursor|object|aspect|from|to|via|whitespace|break|outline"
    r"|translate|origin|animate|select|pointer|sr|margin|padding|display|fs|fw|lh|col|row|flex|hover|group)-[\w./%-]+",
)
_SPLIT: Final = re.compile(r"[_-]+")
_MANY_DIGITS: Final = re.compile(r"\d{3,}")
_CONTEXT_DEPTH: Final = 10  # elements up; farther away says little of an element, and `main` is seldom farther
_TEST_ATTRIBUTES: Final = ("data-testid", "data-test", "data-qa", "data-component", "data-cy", "itemprop")


def own_names(node: LexborNode) -> list[str]:
    """Return selectors for an element by its own names, the best first, its bare tag last."""
    tag = node.tag or "*"
    names = []
    for name in _TEST_ATTRIBUTES:
        value = attribute(node, name)
        if value and re.fullmatch(r"[A-Za-z][\w -]{0,60}", value) and not _MANY_DIGITS.search(value):
            names.append(f'{tag}[{name}="{value}"]')
    names += [f"{tag}{part}" for part in class_parts(node)]
    if attribute(node, "itemtype").rstrip("/").endswith(("Posting", "Article")):
        names.append(f'{tag}[itemtype$="{attribute(node, "itemtype").rpartition("/")[2]}"]')
    return [*names, tag]


def class_parts(node: LexborNode) -> list[str]:
    """Return selectors for an element's classes, the most specific first."""
    tokens = dict.fromkeys(attribute(node, "class").split())
    parts = [(part, token) for token in tokens for part in (stable_class(token), module_part(token)) if part]
    return [part for part, _ in sorted(parts, key=lambda item: (item[0].startswith("["), -_telling(item[1])))]


def _telling(token: str) -> int:
    """Count the words of a class typical of lists of announcements."""
    words = (
        "post",
        "article",
        "entry",
        "news",
        "item",
        "card",
        "title",
        "headline",
        "date",
        "list",
        "release",
        "story",
        "blog",
    )
    return sum(word in token.lower() for word in words)


def stable_class(token: str) -> str:
    """Return a selector for a class without the hash of its build, and "" for a class without meaning."""
    if _LAYOUT.fullmatch(token) or _MADE_UP.fullmatch(token) or re.search(r"[:\[\]/!%@&.]", token):
        return ""
    pieces = re.split(r"([_-]+)", token)
    random = [index for index, piece in enumerate(pieces) if index % 2 == 0 and is_random(piece)]
    if not random:
        return f".{token}" if _IDENT.fullmatch(token) and not _MANY_DIGITS.search(token) else ""
    before = "".join(pieces[: random[0]])
    after = "".join(pieces[random[-1] + 1 :])
    kept = [piece for piece in (before, after) if len(piece.strip("_-")) >= 4]  # noqa: PLR2004 shorter pieces are in everything
    return "".join(f'[class*="{piece}"]' for piece in kept)


def module_part(token: str) -> str:
    """Return the selector for the end of a CSS module's class (`List_module__KxYrHG__title`), and "" for other classes."""
    pieces = token.split("__")
    is_module = len(pieces) > 2 and is_random(pieces[-2]) and not is_random(pieces[-1])  # noqa: PLR2004 module, hash, name
    return f'[class*="__{pieces[-1]}"]' if is_module and len(pieces[-1]) >= 4 else ""  # noqa: PLR2004 shorter ones are in everything


def is_random(piece: str) -> bool:
    """Whether a piece of a name looks like a hash: letters mixed with digits, or capitals in the midst of a few letters."""
    if len(piece) < 4 or piece.isdigit():  # noqa: PLR2004 `h2`, `4xl` are words
        return piece.isdigit() and len(piece) > 2  # noqa: PLR2004
    digits = sum(char.isdigit() for char in piece)
    if digits and digits < len(piece):
        return not re.fullmatch(r"[A-Za-z]{3,}\d{1,2}", piece)  # article2, level10
    inner = sum(char.isupper() for char in piece[1:])
    return len(piece) <= 8 and inner >= 2 and not piece.isupper()  # noqa: PLR2004 the lengths that hashes have


def context_names(node: LexborNode) -> list[str]:
    """Return selectors for the ancestors of an element: named ones first, the nearest first, then `main`, then bare tags."""
    named, bare = [], []
    for outer in list(ancestors(node))[:_CONTEXT_DEPTH]:
        if outer.tag in {"body", "html"}:
            break
        name = attribute(outer, "id")
        if _IDENT.fullmatch(name) and not _MANY_DIGITS.search(name) and not any(map(is_random, _SPLIT.split(name))):
            named.append(f"#{name}")
        named += [f"{outer.tag}{part}" for part in class_parts(outer)[:2]]
        if outer.tag in {"main", "article", "section", "ul", "ol", "dl", "table", "tbody"}:
            bare.append(str(outer.tag))
    return [*named, *sorted(dict.fromkeys(bare), key=lambda tag: tag != "main")]


def signature(node: LexborNode) -> tuple[str, ...]:
    """Return the signature of an element: its tag and its meaningful classes, and those of its ancestors."""
    path = []
    for depth, outer in enumerate((node, *ancestors(node))):
        if outer.tag in {"body", "html"}:
            break
        parts = class_parts(outer)[:3] if depth < 4 else ()  # noqa: PLR2004 lists differ in what they are wrapped in
        path.append(f"{outer.tag}{''.join(sorted(parts))}")
    return tuple(path)


def common(names: Iterable[list[str]], *, share: float = 0.8) -> list[str]:
    """Return the names common to most of several elements, in the order of the first element."""
    lists = list(names)
    counts: dict[str, int] = {}
    for each in lists:
        for name in dict.fromkeys(each):
            counts[name] = counts.get(name, 0) + 1
    return [name for name, count in counts.items() if count >= share * len(lists)]
