"""A password of the database is shown nowhere, however it is written and whoever repeats it."""

from __future__ import annotations

import logging

import pytest

from ingest import log
from ingest.cli import main
from ingest.errors import StoreError
from ingest.masking import mask, mask_text, scrub, secrets
from ingest.store.engine import current, open_engine

SECRET = "s3cret"

ADDRESSES = (
    "postgresql://ingest:s3cret@db/ingest",
    "postgresql://:s3cret@db/ingest",
    "postgresql://ingest%3As3cret@db/ingest",
    "postgresql://ingest:s3cret%40x@db/ingest",
    "postgresql://ingest:x@s3cret@db/ingest",
    "postgresql://ingest:x/s3cret@db/ingest",
    "postgresql://ingest:x?s3cret@db/ingest",
    "postgresql://ingest:x#s3cret@db/ingest",
    "postgresql://ingest:x s3cret@db/ingest",
    "postgresql://ingest:s3cret",
    "postgresql+psycopg://ingest:s3cret@h1:5432,h2:5433/ingest",
    "postgresql://db/ingest?user=x&password=s3cret",
    "postgresql://db/ingest?password=x@s3cret",
    "postgresql://u:p@db/ingest?password=x@s3cret",
    "postgresql://db/ingest?PASSWORD=s3cret&user=x",
    "postgresql://db/ingest?p%61ssword=s3cret",
    "postgresql://db/ingest?password=x%26s3cret",
    "postgresql://db/ingest?password=x s3cret",
    "postgresql://db/ingest?sslpassword=s3cret&x=1",
    "postgresql://db/ingest?passwd=s3cret",
    "postgresql://db/ingest?scram_client_key=s3cret",
    "postgresql://db/ingest?oauth_client_secret=s3cret",
    "postgresql://db/ingest?options=-c%20app.password%3Ds3cret",
    "postgresql://db/ingest?options=-c app.password=s3cret",
    "postgresql://db/ingest?options=-c%2520app.password%253Ds3cret",
    "host=db user=x password=s3cret dbname=ingest",
    "host=db password='x s3cret' user=x",
    r"host=db password = 'it\'s s3cret' user=x",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_password_is_masked_wherever_it_stands(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert SECRET not in mask(address)
    assert "***" in mask(address)
    main(["settings", "--json", "--database", address])
    main(["db", "current", "--database", address.replace("@db/", "@127.0.0.1:1/").replace("//db/", "//127.0.0.1:1/")])
    written = capsys.readouterr()
    assert SECRET not in written.out + written.err
    assert "***" in written.out + written.err


@pytest.mark.parametrize("address", [address for address in ADDRESSES if address.startswith("postgresql")])
def test_no_driver_and_no_log_line_repeats_it(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    log.configure(as_json=False, hidden=secrets(address))
    try:
        reached = address.replace("@db/", "@127.0.0.1:1/").replace("//db/", "//127.0.0.1:1/")
        with pytest.raises(StoreError) as caught:
            current(open_engine(reached))
        logging.getLogger("x").error("it broke", exc_info=caught.value)
    finally:
        root.handlers = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
    assert SECRET not in str(caught.value)
    assert SECRET not in capsys.readouterr().err


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///ingest.db",
        "sqlite:////srv/a:b@c/ingest.db",
        "sqlite:///file:ingest.db?immutable=1&uri=true",
        "postgresql:///ingest?host=/run/postgresql",
        "postgresql://ingest@db:5432/ingest?sslmode=verify-full&passfile=/etc/ingest.pgpass",
        "postgresql://h1:5432,h2:5433/ingest?options=-c%20timezone%3DUTC",
        "postgresql://[::1]:5432/ingest",
    ],
)
def test_what_is_no_secret_stays_readable(address: str) -> None:
    assert mask(address) == address


def test_a_password_for_a_file_is_masked_too() -> None:
    assert mask("sqlite:///file:ingest.db?password=s3cret&uri=true") == "sqlite:///file:ingest.db?password=***&uri=true"


def test_what_a_driver_quotes_is_masked_in_every_spelling() -> None:
    hidden = secrets("postgresql://ingest:a%2Fb c@d3f@db/x?sslpassword=k%26y")
    message = 'failed to resolve host "d3f@db"; a%2Fb c, a/b c, a%2Fb%20c, k&y, k%26y'
    assert scrub(message, hidden) == 'failed to resolve host "***@db"; ***, ***, ***, ***, ***'
    assert mask_text("connection to postgresql://u:pw@h/db failed: password=pw sslmode=x") == (
        "connection to postgresql://u:***@h/db failed: password=*** sslmode=x"
    )


TYPOS = (
    "ingest:s3cret@db/ingest",
    "//ingest:s3cret@db/ingest",
    "postgresql:ingest:s3cret@db/ingest",
    "postgresql:/ingest:s3cret@db/ingest",
    "postgresql//ingest:s3cret@db/ingest",
    "ingest%3As3cret@db/ingest",
    "postgresql://db/ingest?password%3Ds3cret",
    "postgresql://db/ingest?pw=s3cret",
    "postgresql://db/ingest?api_key=s3cret",
)


@pytest.mark.parametrize("address", TYPOS)
def test_a_password_is_masked_in_an_invalid_address(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["settings", "--json", "--database", address])
    written = capsys.readouterr()
    assert SECRET not in mask(address) + written.out + written.err
