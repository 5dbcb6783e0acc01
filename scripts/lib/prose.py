"""
Measure how plain the project's English is: docstrings, documents and error messages, against ceilings.

A figure above its ceiling fails. A ceiling is the figure of its day. Lower it when the text improves, and never raise it.
`--worst N` prints the passages with the highest cost to a reader.

Four projects were measured for comparison. Pronouns per 100 words of docstrings: reader 0.6, httpx 1.2, procrastinate 1.0.
At most 13 % of their docstrings have a semicolon. The goal here is 1.5 pronouns and 5 %, no private word, and no bare name.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

CEILINGS: Final[Mapping[str, float]] = {
    "pronouns per 100 words, docstrings": 0.75,
    "pronouns per 100 words, documents": 0.7,
    "pronouns per 100 words, messages": 1.2,
    "docstrings with a semicolon, %": 0.5,
    "private words, docstrings": 0,
    "private words, documents": 0,
    "private words, messages": 0,
    "pronouns per 100 words, test docstrings": 5.4,
    "test docstrings with a semicolon, %": 17,
    "private words, test docstrings": 0,
    "private words, test names": 0,
    "bare names": 0,
}

PRIVATE: Final = {
    r"is none": "is not one, is missing",
    r"are none": "are not, are missing",
    r"what c[ao]mes? of (?:it|them|that)": "the result",
    r"be(?:lieved?|lieves)": "verify, accept",
    r"bury|buries|buried": "release, remove",
    r"crooked": "malformed, unsafe",
    r"errands?": "request, redirect chain",
    r"guests?": "client",
    r"heard": "received",
    r"(?:is|are|was|were|be) said": "is reported, is stated",
    r"manners": "politeness",
    r"misfits|inmates": "faulty sources, jailed tasks",
    r"never never": "but never stopped",
    r"obeys?": "apply, follow",
    r"the operator's desk": "commands for operators",
    r"sees to it": "checks, ensures",
    r"tells|told|tell": "says, reports, states",
    r"wish(?:es)?": "requested delay, request",
    r"(?:operator's|its|their|last|source's) words?": "decision, text",
}
"""Private words of this project, as patterns, and the usual words of the field."""

BARE: Final = frozenset({"found", "told", "said", "made", "this", "these"})
"""Variable names without a meaning."""

_PRIVATE: Final = re.compile(r"\b(?:" + "|".join(PRIVATE) + r")\b", re.IGNORECASE)
_PRONOUN: Final = re.compile(r"\b(?:that|which|who|whom|whose|what|whatever|whoever|whichever)\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'-]*")
_CODE: Final = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Passage:
    """One docstring, paragraph, table row or message, and its place."""

    place: str
    kind: str
    text: str

    @property
    def plain(self) -> str:
        """The text without code. Commands, names of tests and examples are not English."""
        return _CODE.sub(" ", self.text)

    @property
    def pronouns(self) -> int:
        """The number of relative pronouns."""
        return len(_PRONOUN.findall(self.plain))

    @property
    def private(self) -> list[str]:
        """The private words in it."""
        return [word.lower() for word in _PRIVATE.findall(self.plain)]

    @property
    def cost(self) -> int:
        """The cost to a reader, for the order of the output."""
        return self.pronouns + self.plain.count(";") + 2 * len(self.private)


def of_python(text: str, place: str) -> Iterator[Passage]:
    """Yield the docstrings of a module, those of constants included, and the messages of its errors."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(words))):
                yield Passage(f"{place}:{node.lineno}", "docstring", words)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name.endswith(("Error", "Problem")):
                parts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                words = " ".join(part for part in parts if isinstance(part, str) and " " in part.strip())
                if words:
                    yield Passage(f"{place}:{node.lineno}", "message", words)


def of_test(text: str, place: str) -> Iterator[Passage]:
    """Yield the docstrings of a test module and the names of its functions and classes."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(words))):
                yield Passage(f"{place}:{node.lineno}", "test docstring", words)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield Passage(f"{place}:{node.lineno}", "test name", name.replace("_", " "))


def of_document(text: str, place: str) -> Iterator[Passage]:
    """Yield the paragraphs, list items and table rows of a Markdown document."""
    blank = _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    for part in re.finditer(r"^\|.*$|^[*-] .*(?:\n[ ].*\S.*)*|^[^|\n#].*(?:\n[^|\n#*-].*)*", blank, re.MULTILINE):
        if part[0].strip():
            yield Passage(f"{place}:{text.count(chr(10), 0, part.start()) + 1}", "document", part[0])


def bare_names(text: str) -> list[tuple[int, str]]:
    """Return the lines with a name of `BARE` for a variable or an argument."""
    names: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id=name, ctx=ast.Store(), lineno=line) | ast.arg(arg=name, lineno=line) if name in BARE:
                names.append((line, name))
    return sorted(names)


def rate(passages: Sequence[Passage]) -> float:
    """Return the relative pronouns per 100 words."""
    words = sum(len(_WORD.findall(passage.plain)) for passage in passages)
    return 100 * sum(passage.pronouns for passage in passages) / max(words, 1)


def figures(passages: Sequence[Passage], names: int) -> dict[str, float]:
    """Return every figure with a ceiling."""
    kinds = {
        kind: [passage for passage in passages if passage.kind == kind]
        for kind in ("docstring", "document", "message", "test docstring", "test name")
    }
    measured = {f"pronouns per 100 words, {kind}s": rate(kinds[kind]) for kind in kinds if kind != "test name"}
    for kind in ("docstring", "test docstring"):
        semicolons = sum(";" in passage.plain for passage in kinds[kind])
        measured[f"{kind}s with a semicolon, %"] = 100 * semicolons / max(len(kinds[kind]), 1)
    measured |= {f"private words, {kind}s": sum(len(p.private) for p in kinds[kind]) for kind in kinds}
    return measured | {"bare names": names}


def read(root: Path) -> tuple[list[Passage], list[str]]:
    """Return every passage of the project, and the places of its bare names."""
    passages: list[Passage] = []
    names: list[str] = []
    for path in sorted([*(root / "src").rglob("*.py"), *(root / "scripts").rglob("*.py")]):
        text, place = path.read_text(encoding="utf-8"), str(path.relative_to(root))
        passages += of_python(text, place)
        names += [f"{place}:{line}: {name}" for line, name in bare_names(text)]
    for path in sorted((root / "tests").rglob("*.py")):
        text, place = path.read_text(encoding="utf-8"), str(path.relative_to(root))
        if path.name != "test_prose.py":  # its examples are bad on purpose
            passages += of_test(text, place)
            names += [f"{place}:{line}: {name}" for line, name in bare_names(text)]
    for path in (*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))):
        passages += of_document(path.read_text(encoding="utf-8"), str(path.relative_to(root)))
    return passages, names


def worse(measured: Mapping[str, float], ceilings: Mapping[str, float] = CEILINGS) -> list[str]:
    """Return a sentence for each figure above its ceiling."""
    return [
        f"{name}: {value:.2f} is above the ceiling {ceilings[name]:g}; `--worst 20` shows where to begin."
        for name, value in measured.items()
        if value > ceilings[name]
    ]


def main(arguments: Sequence[str]) -> int:
    """Print the figures of the checkout, the worst passages on request, and the figures above their ceilings."""
    parser = argparse.ArgumentParser(description="Measure how plain the project's English is.")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="print the N passages with the highest cost")
    parser.add_argument(
        "--only", default="", metavar="PATH", help="print passages and further figures of paths with this beginning"
    )
    options = parser.parse_args(arguments)
    passages, names = read(ROOT)
    measured = figures(passages, len(names))
    shown = [passage for passage in passages if passage.place.startswith(options.only)]
    for passage in sorted(shown, key=lambda passage: passage.cost, reverse=True)[: options.worst]:
        print(f"{passage.place}: {passage.cost} {', '.join(passage.private)}\n    {' '.join(passage.text.split())}")
    shown_names = [name for name in names if name.startswith(options.only)]
    print(*shown_names[: options.worst], sep="\n", end="\n" if options.worst and shown_names else "")
    if options.only:
        for name, value in figures(shown, len(shown_names)).items():
            print(f"{options.only}: {name}: {value:.2f}")
    for name, value in measured.items():
        print(f"{name}: {value:.2f} (ceiling {CEILINGS[name]:g})")
    faults = worse(measured)
    print(*faults, sep="\n", end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
