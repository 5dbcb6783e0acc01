from __future__ import annotations

import ast
import re
from pathlib import Path

from ingest.cli.lazy import GroupEntry
from ingest.cli.table import TABLE
from ingest.errors import Remedy, SchemaError, UsageError
from ingest.remedies import WORDS, explained

PACKAGE = Path(__file__).parents[2] / "src/ingest"
COMMAND = re.compile(r"\bingest (" + "|".join(TABLE) + r")\b")


def test_every_code_has_words_that_end_a_sentence() -> None:
    assert set(WORDS) == set(Remedy)
    assert [words for words in WORDS.values() if not words.endswith(".")] == []


def test_the_words_name_commands_that_exist() -> None:
    named = [words.split() for text in WORDS.values() for words in re.findall(r"`ingest ([a-z ]+)", text)]
    assert len(named) > 8
    for first, *rest in named:
        entry = TABLE[first]
        if isinstance(entry, GroupEntry):
            assert rest[0] in entry.commands


def test_an_error_is_explained_with_its_way_out() -> None:
    without = UsageError("name sources or give --all, not both.", subject="poll")
    assert explained(without) == "poll: name sources or give --all, not both."
    coded = SchemaError("has no schema yet", subject="/data/a.db", remedy=Remedy.UPGRADE)
    assert (str(coded), coded.exit_status) == ("/data/a.db: has no schema yet", 3)
    assert explained(coded) == "/data/a.db: has no schema yet; run `ingest db upgrade`."


DATA = {
    "allowlist/stanzas.py": "the description of a key in the published schema",
    "judging/settling.py": "a reason in `v1_sources`",
    "parse/selfcheck.py": "a reason in `v1_sources`",
    "pipeline/isolation.py": "a reason in `v1_sources` and an error in the ledger",
}
"""Core modules with a command in a text that is data: stored and promised, or published."""


SHOWN = {"cli", "remedies.py", "schedule.py", "web"}
"""The modules that word a remedy."""


def test_only_what_shows_a_way_out_names_commands() -> None:
    modules = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")}
    named = {
        str(module)
        for module in modules
        if module.parts[0] not in SHOWN
        for text in texts(ast.parse((PACKAGE / module).read_text(encoding="utf-8")))
        if COMMAND.search(text) and text != "ingest demo"  # who put the demo's list in force, as stored
    }
    assert named == set(DATA)


def texts(tree: ast.Module) -> list[str]:
    """Return the text constants of a module without its docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
    return [node.value for node in constants if isinstance(node.value, str)]
