"""Settings: flags over environment over defaults, all faults at once, no secret shown."""

from __future__ import annotations

from datetime import UTC, timedelta
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ingest import __version__
from ingest.cli import main
from ingest.errors import SettingsError
from ingest.masking import mask
from ingest.settings import LogStyle, Origin, Settings, describe, load, strays


def read(**environ: str) -> Settings:
    return load({}, environ)


def test_the_defaults_are_those_of_the_manual() -> None:
    settings = read()
    assert (settings.sources, settings.database_url) == (Path("sources.yaml"), "sqlite:///ingest.db")
    assert (settings.concurrency, settings.host_gap, settings.timeout) == (
        32,
        timedelta(seconds=1),
        timedelta(seconds=30),
    )
    assert (settings.max_bytes, settings.capture_days, settings.timezone) == (20 * 2**20, 90, UTC)
    assert (settings.ca_file, settings.connect_to, settings.private_networks) == (None, "", ())
    assert settings.log is LogStyle.TEXT
    assert settings.user_agent == f"ingest/{__version__} (+{settings.contact})"


def test_flags_win_over_the_environment_and_that_over_defaults() -> None:
    environ = {"INGEST_SOURCES": "env.yaml", "INGEST_DATABASE_URL": "sqlite:///env.db", "INGEST_TIMEOUT": " "}
    settings = load({"--sources": "flag.yaml", "--database": None}, environ)
    assert (settings.sources, settings.database_url) == (Path("flag.yaml"), "sqlite:///env.db")
    origins = [settings.origins[name] for name in ("INGEST_SOURCES", "INGEST_DATABASE_URL", "INGEST_TIMEOUT")]
    assert origins == [Origin.FLAG, Origin.ENVIRONMENT, Origin.DEFAULT]  # an empty variable counts as not set


def test_the_contact_goes_into_the_default_user_agent_only() -> None:
    assert read(INGEST_CONTACT="mailto:ops@example.org").user_agent.endswith("(+mailto:ops@example.org)")
    named = read(INGEST_CONTACT="mailto:ops@example.org", INGEST_USER_AGENT="acme-reader/2")
    assert named.user_agent == "acme-reader/2"


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("INGEST_HOST_GAP", "0s", "host_gap", timedelta(0)),
        ("INGEST_TIMEOUT", "2m", "timeout", timedelta(minutes=2)),
        ("INGEST_MAX_BYTES", "512KiB", "max_bytes", 512 * 1024),
        ("INGEST_MAX_BYTES", "1000", "max_bytes", 1000),
        ("INGEST_MAX_BYTES", "2 MB", "max_bytes", 2_000_000),
        ("INGEST_CA_FILE", "ca.pem", "ca_file", Path("ca.pem")),
        (
            "INGEST_PRIVATE_NETWORKS",
            "127.0.0.0/8, fd00::/8",
            "private_networks",
            (ip_network("127.0.0.0/8"), ip_network("fd00::/8")),
        ),
        ("INGEST_TIMEZONE", "Asia/Tokyo", "timezone", ZoneInfo("Asia/Tokyo")),
        ("INGEST_TIMEZONE", "utc", "timezone", UTC),
        ("INGEST_CAPTURE_DAYS", "0", "capture_days", 0),
        ("INGEST_LOG", "json", "log", LogStyle.JSON),
        ("INGEST_DATABASE_URL", "postgresql+psycopg://x@h/d", "database_url", "postgresql+psycopg://x@h/d"),
    ],
)
def test_a_value_is_read(name: str, text: str, field: str, value: object) -> None:
    assert getattr(read(**{name: text}), field) == value


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("INGEST_HOST_GAP", "1", "write a number and its unit, as in 30s, 15m, 1h or 1d"),
        ("INGEST_HOST_GAP", "2h", "is out of range; write 0s to 1h"),
        ("INGEST_TIMEOUT", "0s", "is out of range; write 1s to 1h"),
        ("INGEST_CONCURRENCY", "0", "is not a number from 1 to 1,000"),
        ("INGEST_CONCURRENCY", "٣", "is not a number from 1 to 1,000"),
        ("INGEST_MAX_BYTES", "0", "write bytes or a number and its unit"),
        ("INGEST_MAX_BYTES", "20 lots", "write bytes or a number and its unit"),
        ("INGEST_PRIVATE_NETWORKS", "10.0.0.1/8", "write CIDRs with the host bits zero"),
        ("INGEST_TIMEZONE", "Asia/Tokio", "did you mean Asia/Tokyo?"),
        ("INGEST_TIMEZONE", "../etc/passwd", "write a name of the IANA database"),
        ("INGEST_LOG", "xml", "write text or json"),
        ("INGEST_DATABASE_URL", "ingest.db", "write sqlite:///FILE or postgresql://USER@HOST/NAME"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(name: str, text: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**{name: text})
    assert str(caught.value).startswith(f"{name}: {text!r}")
    assert remedy in str(caught.value)
    assert caught.value.exit_status == 2


def test_all_wrong_values_are_reported_at_once_and_a_flag_by_its_name() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"--database": "mysql://x"}, {"INGEST_LOG": "xml", "INGEST_TIMEOUT": "long"})
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "--database",
        "INGEST_TIMEOUT",
        "INGEST_LOG",
    ]


def test_a_mistyped_variable_is_named_with_the_one_it_may_be_meant_for() -> None:
    environ = {"INGEST_TIMOUT": "1s", "INGEST_ZZZ": "", "INGEST_TIMEOUT": "1s", "OTHER": "x"}
    assert strays(environ) == {"INGEST_TIMOUT": "INGEST_TIMEOUT", "INGEST_ZZZ": ""}


def test_a_mistyped_variable_gets_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INGEST_TIMOUT", "1s")
    monkeypatch.setenv("INGEST_ZZZ", "")
    assert main(["settings"]) == 0
    near, far = [line for line in capsys.readouterr().err.splitlines() if "is no setting" in line]
    assert near == "Warning: INGEST_TIMOUT is no setting and does nothing; did you mean INGEST_TIMEOUT?"
    assert far == "Warning: INGEST_ZZZ is no setting and does nothing; `ingest settings` shows those there are."


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ingest:s3cret@db/ingest",
        "postgresql://ingest:s3cret@with@db/ingest",
        "postgresql://ingest:s3cret/with@db/ingest",
        "postgresql://db/ingest?user=x&password=s3cret",
        "postgresql://db/ingest?sslpassword=s3cret&x=1",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    assert "s3cret" not in mask(url)
    assert "***" in mask(url)
    settings = read(INGEST_DATABASE_URL=url)
    assert all("s3cret" not in row.value for row in describe(settings))
    assert "s3cret" not in repr(settings)
    with pytest.raises(SettingsError) as caught:
        read(INGEST_DATABASE_URL=url.replace("postgresql", "oracle"))
    assert "s3cret" not in str(caught.value)


def test_every_setting_is_described_once_with_unit_and_meaning() -> None:
    rows = describe(read())
    assert len({row.name for row in rows}) == len(rows) == 14
    assert all(row.unit and row.meaning for row in rows)
    assert {row.flag for row in rows} == {"--sources", "--database", ""}
