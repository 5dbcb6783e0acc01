"""Content coding (RFC 9110 §8.4): answers are packed for who takes gzip, where that saves more than it costs."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from typing import Final

LEAST: Final = 1_000
"""Bytes below which an answer goes as it is: it fits into one packet either way."""

_LEVEL: Final = 6  # zlib's own default: 45 kB of page become 7 kB in a millisecond
_WEIGHT: Final = re.compile(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def takes_gzip(fields: Iterable[str]) -> bool:
    """Tell whether the Accept-Encoding fields of a request ask for gzip (RFC 9110 §12.5.3); without any, nobody asked."""
    weights: dict[str, float] = {}
    for item in ",".join(fields).split(","):
        name, _, weight = item.partition(";")
        found = _WEIGHT.fullmatch(weight.strip())
        if not weight.strip() or found:
            weights[name.strip().lower()] = float(found[1]) if found else 1.0
    asked = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return asked > 0 and asked >= weights.get("identity", 0.0)


def pack(body: bytes) -> bytes:
    """Pack a body; equal bodies give equal bytes, as an ETag needs."""
    return gzip.compress(body, compresslevel=_LEVEL, mtime=0)
