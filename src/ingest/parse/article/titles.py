"""The title of a page: its heading, and a title without the name of its site."""

from __future__ import annotations

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.parse.markup.elements import text_of
from ingest.text import clean_title, guess_kind

_HEADINGS: Final = 20  # of one rank that are looked at
_RIVALS: Final = 2  # a blog's name and the article's title are both of the first rank on many pages
# Between a title and the name of its site, with space around where the sign also occurs inside words.
_SIGNS: Final = r"(?:\s+[-–—―·•|:»/]\s+|\s*[|｜：»]\s*)"
_CUT: Final = re.compile(r"(?:…|\.\.\.)\s*\Z")
_CUT_LENGTH: Final = 100  # characters; Google's guide asked for headlines of at most 110, and plugins cut there
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)\S+")
_PLACEHOLDER: Final = re.compile(
    r"\{\{.*\}\}|\$\{.*\}|\{%.*%\}|<[^<>]*>|<%.*%>|%\w+%|\[object \w+\]|undefined|null|None|untitled", re.IGNORECASE
)


def heading_of(page: LexborHTMLParser, titles: list[str], names: list[str]) -> LexborNode | None:
    """
    Return the heading of the article, and None when no heading stands out.

    First choice is an `h1` whose text is repeated by a title. Otherwise the first `h1` counts, unless it is the site's name or one
    of many, as on a list of articles. An `h1` inside the article comes before others. Without an `h1`, an `h2` counts if a title
    repeats it.
    """
    first = [node for node in page.css("h1")[:_HEADINGS] if (text := text_of(node)) and not is_one_of(text, names)]
    if repeated := [node for node in first if _is_repeated(text_of(node), titles)]:
        return repeated[0]
    if not first:
        second = (node for node in page.css("h2")[:_HEADINGS] if _is_repeated(text_of(node), titles))
        return next(second, None)
    inside = [node for node in first if node.css_matches("article h1, main h1")]
    candidates = inside or first
    return candidates[0] if len(candidates) <= _RIVALS else None


def _is_repeated(text: str, titles: list[str]) -> bool:
    """Whether a heading is in a title, as more than a small part of it."""
    folded = text.casefold()
    return bool(folded) and any(folded in title.casefold() and 2 * len(folded) >= len(title) for title in titles)


def line(written: str) -> str:
    """Return a title as one plain line, whether it was meant as text or as markup."""
    return clean_title(written, guess_kind(written))


def is_one_of(title: str, names: list[str]) -> bool:
    """Whether a title is nothing but one of the site's names."""
    return title.casefold() in {name.casefold() for name in names}


def is_no_title(title: str) -> bool:
    """Whether a text heads nothing: an address, a template's remains, signs only."""
    return bool(_PLACEHOLDER.fullmatch(title) or _ADDRESS.fullmatch(title)) or not re.search(r"\w", title)


def without_site(title: str, heading: str, names: list[str]) -> str:
    """Return a title without the site's name, which is known or is missing from the page's heading."""
    for part in {heading: None, **dict.fromkeys(sorted(names, key=len, reverse=True))}:
        if not part or part == title:
            continue
        if part == heading:
            named = "|".join(map(re.escape, names)) or "(?!)"  # in front of any other colon stands the title itself
            match = re.fullmatch(
                rf"{re.escape(part)}{_SIGNS}.+|(?:.+{_SIGNS}|(?:{named}):\s+){re.escape(part)}", title, re.IGNORECASE
            )
            rest = part if match else ""
        else:
            match = re.fullmatch(rf"(.+?){_SIGNS}{re.escape(part)}|{re.escape(part)}{_SIGNS}(.+)", title, re.IGNORECASE)
            rest = (match[1] or match[2]) if match else ""
        if rest:
            return rest.strip()
    return title


def completed(title: str, others: list[str]) -> str:
    """Return the whole of a truncated headline, if other evidence has it."""
    beginning = _CUT.sub("", title).rstrip()
    if beginning == title and len(title) < _CUT_LENGTH:
        return title
    return next((other for other in others if other.startswith(beginning) and len(other) > len(title)), title)


def is_placeholder(text: str) -> bool:
    """Whether a text is the remains of a template without its value."""
    return _PLACEHOLDER.fullmatch(text.strip()) is not None
