"""Print the files of the pure core, for the bar of its coverage: the sources of the purity contract in pyproject.toml."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PURE_CONTRACT = "decisions are pure: no I/O, no clock, no chance"


def files() -> Iterator[str]:
    """Yield a pattern for each module or package of the contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (one for one in settings["tool"]["importlinter"]["contracts"] if one["name"] == PURE_CONTRACT)
    for module in contract["source_modules"]:
        path = "src/" + module.replace(".", "/")
        yield f"{path}/*" if (ROOT / path).is_dir() else f"{path}.py"


if __name__ == "__main__":
    sys.stdout.write(",".join(files()) + "\n")
