from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer
from sqlalchemy import inspect
from typer.core import TyperGroup

from ingest import allowlist, settings
from ingest.cli import app
from ingest.store.engine import create_if_missing, open_engine

ROOT = Path(__file__).parents[1]
TEXT = "\n".join(
    path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(app: typer.Typer) -> Iterator[str]:
    """List the full names of all commands: `ingest db upgrade`."""
    groups = [("ingest", typer.main.get_command(app))]
    while groups:
        name, command = groups.pop()
        if isinstance(command, TyperGroup):
            groups += [(f"{name} {word}", child) for word, child in command.commands.items()]
        elif not command.hidden:
            yield name


def keys(schema: object) -> Iterator[str]:
    """List every key that a JSON Schema allows, however deep."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
    if isinstance(schema, dict | list):
        for part in schema.values() if isinstance(schema, dict) else schema:
            yield from keys(part)


def in_code(word: str) -> bool:
    return re.search(rf"`[^`\n]*(?<![\w-]){re.escape(word)}(?![\w-])[^`\n]*`", TEXT) is not None


def missing(words: Iterable[str]) -> list[str]:
    return [word for word in words if not in_code(word)]


def test_every_command_is_documented_and_no_other() -> None:
    known = set(commands(app))
    assert missing(sorted(known)) == []
    promised = re.findall(r"`(ingest(?: [a-z]+)+)", README)
    groups = {name.rsplit(" ", 1)[0] for name in known}
    assert [name for name in promised if name not in known | groups] == []


def test_every_setting_is_documented_with_its_flag_and_no_other() -> None:
    known = {row.name for row in settings.describe(settings.load({}, {}))}
    assert missing(sorted(known)) == []
    assert set(re.findall(r"\bINGEST_[A-Z_]+\b", README)) == known


def test_every_key_of_the_allow_list_is_documented() -> None:
    assert missing(keys(allowlist.json_schema())) == []


def test_every_view_is_documented_and_no_other(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/docs.db")
    create_if_missing(engine)
    known = set(inspect(engine).get_view_names())
    engine.dispose()
    assert missing(sorted(known)) == []
    assert set(re.findall(r"\bv1_[a-z_]+\b", README)) == known
