"""Content coding (RFC 9110 §8.4): large responses are compressed for clients with gzip."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from typing import Final

LEAST: Final = 1_000
"""Bytes of the smallest compressed response. A smaller one fits into one packet either way."""

_LEVEL: Final = 6  # zlib's own default: 45 kB of page become 7 kB in a millisecond
_WEIGHT: Final = re.compile(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def takes_gzip(fields: Iterable[str]) -> bool:
    """Whether the Accept-Encoding fields of a request accept gzip (RFC 9110 §12.5.3). No field means no."""
    weights: dict[str, float] = {}
    for item in ",".join(fields).split(","):
        name, _, weight = item.partition(";")
        match = _WEIGHT.fullmatch(weight.strip())
        if not weight.strip() or match:
            weights[name.strip().lower()] = float(match[1]) if match else 1.0
    asked = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return asked > 0 and asked >= weights.get("identity", 0.0)


def compress(body: bytes) -> bytes:
    """Compress a body. Equal bodies give equal bytes, as an ETag needs."""
    return gzip.compress(body, compresslevel=_LEVEL, mtime=0)
