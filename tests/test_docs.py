from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import inspect
from typer.core import TyperGroup

from ingest import allowlist, settings
from ingest.cli import command_tree
from ingest.store.engine import create_if_missing, open_engine

ROOT = Path(__file__).parents[1]
TEXT = "\n".join(
    path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> Iterator[str]:
    """List the full names of all commands: `ingest db upgrade`."""
    groups: list[tuple[str, Any]] = [("ingest", command_tree())]
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
    known = set(commands())
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


# ── docs/contract.md and docs/architecture.md ───────────────────────────────────────────────────────────────────

CONTRACT = (ROOT / "docs/contract.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PAGES = {"CONTRACT": CONTRACT, "ARCHITECTURE": ARCHITECTURE}
CITED = re.compile(r"\b(CONTRACT|ARCHITECTURE|ANCHORS)\b((?:(?: |, | and )§?\d+(?:\.\d+)?(?!\w))*)")


def sections(page: str) -> set[str]:
    """Give the numbers of a page's sections, and of the numbered items in them: 4, 4.5."""
    numbers: set[str] = set()
    for part in re.split(r"^(?=## )", page, flags=re.MULTILINE):
        if (result := re.match(r"## (\d+)\. ", part)) is not None:
            items = re.findall(r"^(\d+)\. ", part, re.MULTILINE)
            numbers |= {result[1], *(f"{result[1]}.{item}" for item in items)}
    return numbers


def dangling(text: str) -> list[str]:
    """Give the references of a text that lead to no section of a page in docs/."""
    faults = []
    for cited in CITED.finditer(text):
        numbers = re.findall(r"[\d.]+", cited[2])
        known = sections(PAGES.get(cited[1], ""))
        if not numbers or not known.issuperset(numbers):
            faults.append(cited[0])
    return faults


def test_every_reference_to_the_contract_or_the_architecture_names_a_section_that_exists() -> None:
    paths = [path for folder in ("src", "alembic", "scripts", "docs") for path in (ROOT / folder).rglob("*")]
    paths += [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in paths
        if path.suffix in {".py", ".md", ".toml"} and path.is_file()
    }
    assert sum(len(CITED.findall(text)) for text in texts.values()) > 20
    assert {str(path.relative_to(ROOT)): result for path, text in texts.items() if (result := dangling(text))} == {}


def test_a_reference_that_leads_nowhere_is_seen() -> None:
    text = "CONTRACT §2, §99; ARCHITECTURE §4.5 and ARCHITECTURE §4.77; ANCHORS; CONTRACT"
    assert dangling(text) == ["CONTRACT §2, §99", "ARCHITECTURE §4.77", "ANCHORS", "CONTRACT"]


def test_the_contract_lists_the_columns_of_every_view(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/docs.db")
    create_if_missing(engine)
    tables = inspect(engine)
    columns = {name: [column["name"] for column in tables.get_columns(name)] for name in tables.get_view_names()}
    engine.dispose()
    rows = dict(re.findall(r"^\| `(v1_\w+)` \| (.*) \|$", CONTRACT, re.MULTILINE))
    assert {name: re.findall(r"`(\w+)`", row) for name, row in rows.items()} == columns


def test_the_contract_names_no_command_as_missing_that_exists() -> None:
    part = CONTRACT.split("## 4. Commands")[1].split("Not built yet:")[1].split("##")[0]
    planned = re.findall(r"`(ingest [^`]+)`", part)
    assert planned
    assert sorted(set(planned) & set(commands())) == []


def test_the_architecture_draws_the_layers_that_are_enforced() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    drawn = ARCHITECTURE.split("## 3. Layers")[1].split("```")[1].strip().replace("│", "|").splitlines()
    assert drawn == layers


def test_the_architecture_names_every_package_and_no_file_that_is_not_there() -> None:
    package = ROOT / "src/ingest"
    named = set(re.findall(r"`([a-z_]+)/?`", ARCHITECTURE.split("## 2. Packages")[1].split("## 3.")[0]))
    modules = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert sorted(modules - {"__init__", "__main__"} - named) == []
    words = re.findall(r"`([^`\n]+)`", ARCHITECTURE + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    paths = [word for word in words if re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+/?|\w+/", word) and "vendor/key" not in word]
    assert len(paths) > 40
    assert [path for path in paths if not exists(path)] == ["alembic/__init__.py"]  # a trap: it must not exist


def exists(word: str) -> bool:
    """Whether a path leads to a file, a folder, a module or a name in a module: `store/captures.add`."""
    for root in (ROOT, ROOT / "src/ingest"):
        path = root / word.rstrip("/")
        if path.exists() or path.with_name(f"{path.name}.py").exists():
            return True
        module = path.with_name(f"{path.name.partition('.')[0]}.py")
        last = word.rpartition(".")[2]
        if module.exists() and re.search(
            rf"^ *(?:def|class) {last}\b", module.read_text(encoding="utf-8"), re.MULTILINE
        ):
            return True
    return False
