"""Places in an allow-list, and the collection of all its faults."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from ingest.errors import Problem

MAX_PROBLEMS = 500
"""Problems kept in one run. A file of another kind has many, and must be refused quickly."""

SHOWN_LENGTH = 80
"""Characters of the file repeated in a message: one terminal line."""

PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A spot in the file: line and column from 1, and the dotted key (`vendors.openai.official[2]`)."""

    line: int
    column: int
    key: str

    def child(self, name: str, *, line: int | None = None, column: int | None = None) -> Place:
        """Return the place of a key inside this mapping, by default at the mapping itself."""
        shown = name if PLAIN_NAME.fullmatch(name) else quoted(name)
        return Place(line or self.line, column or self.column, f"{self.key}.{shown}" if self.key else shown)

    def item(self, index: int, *, line: int, column: int) -> Place:
        """Return the place of an item of this list, counted from 0 as in jq and yq."""
        return Place(line, column, f"{self.key}[{index}]")


WHOLE_FILE = Place(1, 1, "")
"""The place of a fault of the whole file."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A refusal of a value: the fault and the remedy, a sentence each."""

    what: str
    remedy: str = ""


class GiveUpError(Exception):
    """Raised after a fault that makes the rest unreadable, already reported. Never leaves this package."""


class Report:
    """Collects problems, so that one run reports all of them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def add(self, place: Place, what: str, remedy: str = "") -> None:
        """Note one problem. Too many of them raise GiveUpError."""
        self.problems.append(Problem(place.line, place.column, place.key, what, remedy))
        if len(self.problems) == MAX_PROBLEMS:
            self.give_up(place, f"this is problem number {MAX_PROBLEMS}; the rest of the file was not checked.")

    def warn(self, place: Place, what: str, remedy: str) -> None:
        """Note a warning about a valid list."""
        if len(self.warnings) < MAX_PROBLEMS:
            self.warnings.append(Problem(place.line, place.column, place.key, what, remedy))

    def give_up(self, place: Place, what: str, remedy: str = "") -> NoReturn:
        """Note a problem that makes the rest of the file unreadable, and raise GiveUpError."""
        self.problems.append(Problem(place.line, place.column, place.key, what, remedy))
        raise GiveUpError

    def touches(self, key: str) -> bool:
        """Whether anything at this key or inside it has been refused."""
        inside = (f"{key}.", f"{key}[")
        return any(problem.key == key or problem.key.startswith(inside) for problem in self.problems)


def quoted(text: str) -> str:
    """Show text from the file in double quotes, cut to one line, without control sequences."""
    cut = text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…"
    visible = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)
    return f'"{visible}"'


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Point to the nearest of the known words, or list them."""
    words = tuple(known)
    near = difflib.get_close_matches(word[:SHOWN_LENGTH].lower().replace("-", "_"), words, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(words)}."
