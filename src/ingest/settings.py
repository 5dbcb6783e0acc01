"""
The settings: flags win over INGEST_* variables, and variables over defaults (CONTRACT §3).

`_DECLARED` declares each setting once, for reading, for `ingest settings` and for "did you mean". An empty variable counts
as not set.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from ingest import __version__
from ingest.errors import SettingsError
from ingest.masking import mask

PROJECT_URL: Final = "https://ingest.example/"
"""The contact of an installation without one. The name is reserved by RFC 2606, so that nobody else gets our mail."""

PREFIX: Final = "INGEST_"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_DURATION_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SIZE_UNITS: Final = {"": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}

_DRIVERS: Final = ("sqlite", "postgresql", "postgresql+psycopg")


class Origin(StrEnum):
    """The origin of a setting's value, strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    DEFAULT = "default"


class LogStyle(StrEnum):
    """The style of log lines."""

    TEXT = "text"
    JSON = "json"


# ── reading one value: text in, value out; a ValueError names the right form ────────────────────────────────────


def _duration(least: timedelta, most: timedelta) -> Callable[[str], timedelta]:
    def read(text: str) -> timedelta:
        match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
        if not match:
            raise ValueError("is not a duration; write a number and its unit, as in 30s, 15m, 1h or 1d")
        value = timedelta(**{_DURATION_UNITS[match[2]]: int(match[1])})
        if not least <= value <= most:
            raise ValueError(f"is out of range; write {_spell(least)} to {_spell(most)}")
        return value

    return read


def _spell(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    unit, size = next((unit, size) for unit, size in (("h", 3600), ("m", 60), ("s", 1)) if seconds % size == 0)
    return "0s" if seconds == 0 else f"{seconds // size}{unit}"


def _count(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"is not a number from {least} to {most:,}")
        return int(text)

    return read


def _size(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,12}) ?([kmg]i?b)?", text, re.IGNORECASE)
    value = int(match[1]) * _SIZE_UNITS[(match[2] or "").lower()] if match else 0
    if not value:
        raise ValueError("is not a size; write bytes or a number and its unit, as in 20MiB, 512KiB or 1GiB")
    return value


def _networks(text: str) -> tuple[Network, ...]:
    networks = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError as error:
            remedy = "write CIDRs with the host bits zero, comma separated, as in 127.0.0.0/8,10.0.0.0/8,fd00::/8"
            raise ValueError(f"holds {part!r}, which is not a network; {remedy}") from error
    return tuple(networks)


def _timezone(text: str) -> tzinfo:
    if text.upper() in {"UTC", "Z"}:
        return UTC  # known on machines without a time zone database, too
    try:
        return ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = difflib.get_close_matches(text, zoneinfo.available_timezones(), n=1)
        hint = f"did you mean {near[0]}?" if near else "write a name of the IANA database, as in UTC or Asia/Tokyo"
        raise ValueError(f"is not a time zone of this machine; {hint}") from error


def _database(text: str) -> str:
    driver = text.partition("://")[0]
    if "://" not in text or driver not in _DRIVERS:
        raise ValueError("is not a database; write sqlite:///FILE or postgresql://USER@HOST/NAME")
    return text


def _path_if_any(text: str) -> Path | None:
    return Path(text) if text else None


def _log_style(text: str) -> LogStyle:
    try:
        return LogStyle(text)
    except ValueError:
        raise ValueError("is not a style of log lines; write text or json") from None


# ── the settings ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    Every setting, validated.

    `connect_to` is text because `fetch` owns its grammar. `texts` and `origins` have each value as written and its origin,
    by variable.
    """

    sources: Path
    database_url: str = field(repr=False)
    user_agent: str
    contact: str
    concurrency: int
    host_gap: timedelta
    timeout: timedelta
    max_bytes: int
    ca_file: Path | None
    connect_to: str
    private_networks: tuple[Network, ...]
    timezone: tzinfo
    capture_days: int
    log: LogStyle
    texts: Mapping[str, str] = field(repr=False)
    origins: Mapping[str, Origin]

    @property
    def private(self) -> bool:
        """Whether private networks may be reached, and so the names of their hosts."""
        return bool(self.private_networks)


@dataclass(frozen=True, slots=True)
class _Declared:
    """
    A setting: its field, its variable, the reader of its text, its default as text, and its meaning.

    `not_in_force` describes the present behaviour if the setting has no effect yet.
    """

    field: str
    name: str
    read: Callable[[str], object]
    default: str
    unit: str
    meaning: str
    flag: str = ""
    not_in_force: str = ""


_GAP: Final = _duration(timedelta(0), timedelta(hours=1))
_TIMEOUT: Final = _duration(timedelta(seconds=1), timedelta(hours=1))
_CONNECT_TO_UNIT: Final = "HOST:PORT:TO_HOST:TO_PORT, …"

_DECLARED: Final = (
    _Declared("sources", "INGEST_SOURCES", Path, "./sources.yaml", "path", "the allow-list", flag="--sources"),
    _Declared(
        "database_url",
        "INGEST_DATABASE_URL",
        _database,
        "sqlite:///ingest.db",
        "SQLAlchemy URL",
        "the database: SQLite or PostgreSQL",
        flag="--database",
    ),
    _Declared(
        "user_agent",
        "INGEST_USER_AGENT",
        str,
        f"ingest/{__version__} (+CONTACT)",
        "text",
        "how we name ourselves to vendors; the default ends in INGEST_CONTACT",
    ),
    _Declared("contact", "INGEST_CONTACT", str, PROJECT_URL, "URL or address", "the contact in the user agent"),
    _Declared("concurrency", "INGEST_CONCURRENCY", _count(1, 1000), "32", "requests", "in flight in one process"),
    _Declared("host_gap", "INGEST_HOST_GAP", _GAP, "1s", "duration", "smallest gap between two requests to one host"),
    _Declared("timeout", "INGEST_TIMEOUT", _TIMEOUT, "30s", "duration", "a whole request, from resolving to last byte"),
    _Declared("max_bytes", "INGEST_MAX_BYTES", _size, "20MiB", "size", "a body after decoding; more is an error"),
    _Declared(
        "ca_file", "INGEST_CA_FILE", _path_if_any, "", "path", "further trust anchors (PEM), beside the system's"
    ),
    _Declared("connect_to", "INGEST_CONNECT_TO", str, "", _CONNECT_TO_UNIT, "where connections go, as in curl"),
    _Declared("private_networks", "INGEST_PRIVATE_NETWORKS", _networks, "", "CIDR, …", "may be connected to, too"),
    _Declared("timezone", "INGEST_TIMEZONE", _timezone, "UTC", "time zone", "days on pages and in --since"),
    _Declared(
        "capture_days",
        "INGEST_CAPTURE_DAYS",
        _count(0, 36500),
        "90",
        "days",
        "raw bytes are kept; 0: for ever",
        not_in_force="this version keeps raw bytes for ever",
    ),
    _Declared("log", "INGEST_LOG", _log_style, "text", "text | json", "style of log lines on standard error"),
)


def load(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """
    Read every setting.

    Args:
        flags: Values by flag (`--sources`), None for a missing flag.
        environ: The environment.

    Raises:
        SettingsError: Some values are invalid. The message names each with the right form.
    """
    values: dict[str, Any] = {}
    texts: dict[str, str] = {}
    origins: dict[str, Origin] = {}
    wrong: list[str] = []
    for item in _DECLARED:
        text, origin = _find(item, flags, environ)
        texts[item.name], origins[item.name] = text, origin
        try:
            values[item.field] = item.read(text)
        except ValueError as error:
            wrong.append(f"{item.flag if origin is Origin.FLAG else item.name}: {mask(text)!r} {error}.")
    if wrong:
        raise SettingsError("\n".join(wrong))
    if origins["INGEST_USER_AGENT"] is Origin.DEFAULT:
        texts["INGEST_USER_AGENT"] = values["user_agent"].replace("CONTACT", values["contact"])
        values["user_agent"] = texts["INGEST_USER_AGENT"]
    return Settings(**values, texts=texts, origins=origins)


def _find(item: _Declared, flags: Mapping[str, str | None], environ: Mapping[str, str]) -> tuple[str, Origin]:
    given = flags.get(item.flag)
    if given is not None:
        return given, Origin.FLAG
    if environ.get(item.name, "").strip():
        return environ[item.name].strip(), Origin.ENVIRONMENT
    return item.default, Origin.DEFAULT


def strays(environ: Mapping[str, str]) -> dict[str, str]:
    """Return all unknown variables with our prefix, each with the most similar setting or ""."""
    known = [item.name.removeprefix(PREFIX) for item in _DECLARED]
    similar = {}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in known:
            near = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
            similar[name] = f"{PREFIX}{near[0]}" if near else ""
    return similar


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SettingRow:
    """
    One setting as `ingest settings` shows it, with masked secrets. A missing flag or value is "".

    A setting not `in_force` is read and checked, but has no effect yet. `meaning` describes the present behaviour.
    """

    name: str
    flag: str
    value: str
    origin: Origin
    unit: str
    meaning: str
    in_force: bool = True


def describe(settings: Settings) -> list[SettingRow]:
    """List every setting in the order of the manual."""
    return [
        SettingRow(
            item.name,
            item.flag,
            mask(settings.texts[item.name]),
            settings.origins[item.name],
            item.unit,
            f"{item.meaning}; not in force yet: {item.not_in_force}" if item.not_in_force else item.meaning,
            in_force=not item.not_in_force,
        )
        for item in _DECLARED
    ]


def idle(settings: Settings) -> Sequence[str]:
    """Return a sentence for every given setting without an effect."""
    return [
        f"{item.name} is set and not in force yet: {item.not_in_force}."
        for item in _DECLARED
        if item.not_in_force and settings.origins[item.name] is not Origin.DEFAULT
    ]
