"""Writing values as YAML text, in the style of the shipped list."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import yaml


def block(values: Mapping[str, Any], column: int, step: int) -> list[str]:
    """Write a mapping as a block: mappings as blocks, lists in brackets, everything else on one line."""
    lines: list[str] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += [f"{' ' * column}{inline(name)}:", *block(value, column + step, step)]
        else:
            lines.append(f"{' ' * column}{inline(name)}: {inline(value, alone=True)}")
    return lines


def inline(value: object, *, alone: bool = False) -> str:
    """
    Write a value on one line, text in quotes wherever YAML (1.1, as the list is read) would take it for something else.

    Args:
        alone: It stands alone behind its key, where less needs quotes than between brackets.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inline(name)}: {inline(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    if not isinstance(value, str):
        return json.dumps(value, default=str)
    written = yaml.dump(
        [value],
        Dumper=yaml.SafeDumper,
        default_flow_style=not alone,
        default_style=None if value.isprintable() else '"',
        allow_unicode=True,
        width=math.inf,
    ).strip()
    return written.removeprefix("- ") if alone else written[1:-1]
