from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = {kind: (ROOT / f"requirements/{kind}.txt").read_text(encoding="utf-8") for kind in ("run", "dev")}
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; [^\n\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as built by the pinned backend, without a network, and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("ingest-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def call(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the entry point `ingest` as the wheel declares it, away from the checkout."""
    program = (
        "import sys; from importlib.metadata import distributions;"
        f"(found,) = distributions(name='ingest', path=[{str(installed)!r}]);"
        "(entry,) = found.entry_points.select(group='console_scripts', name='ingest');"
        "sys.argv[0] = 'ingest'; sys.exit(entry.load()())"
    )
    return subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=installed.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_carries_every_file_of_the_package_and_what_lies_outside(installed: Path) -> None:
    def files(folder: Path) -> set[str]:
        return {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    versions = {f"alembic/versions/{name}" for name in files(ROOT / "alembic/versions")}
    assert versions
    expected = files(ROOT / "src/ingest") | versions | {"sources.yaml", "alembic/env.py"}
    assert files(installed / "ingest") == expected
    assert {"py.typed", "rules.toml"} <= expected
    assert any(name.endswith(".html") for name in expected)
    assert not (installed / "tests").exists()


def test_the_entry_point_works_from_the_unpacked_wheel(installed: Path) -> None:
    ended = call(installed, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "poll" in ended.stdout


def test_the_migrations_are_found_in_the_unpacked_wheel(installed: Path, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/wheel.db"
    upgraded = call(installed, "db", "upgrade", "--database", database)
    assert upgraded.returncode == 0, upgraded.stderr
    assert call(installed, "db", "current", "--database", database).returncode == 0


def test_the_shipped_list_in_the_wheel_is_the_one_in_the_checkout(installed: Path) -> None:
    assert (installed / "ingest/sources.yaml").read_bytes() == (ROOT / "sources.yaml").read_bytes()


@pytest.mark.parametrize("kind", ["run", "dev"])
def test_every_package_is_pinned_with_hashes_and_without_addresses(kind: str) -> None:
    text = REQUIREMENTS[kind]
    pins = PIN.findall(text)
    assert len(pins) == text.count("==") - len(re.findall(r" ; .*==", text))
    assert all(hashes for _, _, hashes in pins)
    assert "://" not in text
    assert "--index" not in text


def test_the_pins_are_those_of_the_declared_dependencies() -> None:
    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[\[<>=!~ ;]", requirement, maxsplit=1)[0].lower() for requirement in requirements}

    run = {name: version for name, version, _ in PIN.findall(REQUIREMENTS["run"])}
    dev = {name: version for name, version, _ in PIN.findall(REQUIREMENTS["dev"])}
    declared = PROJECT["project"]
    needed = names(declared["dependencies"]) | names(declared["optional-dependencies"]["postgres"])
    assert needed <= run.keys(), "run scripts/lock"
    assert names(PROJECT["dependency-groups"]["dev"]) <= dev.keys(), "run scripts/lock"
    assert run.items() <= dev.items(), "what runs is not what was tested: run scripts/lock"
