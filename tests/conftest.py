"""Databases for the tests: every test that asks for `engine` runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from ingest.store.engine import open_engine
from support.databases import Postgres, make_template, share_compiled_statements

MakeUrl = Callable[[], str]

share_compiled_statements()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for this test process."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgresql(postgres: Postgres) -> MakeUrl:
    """Gives URLs of new databases, copied from one at the present schema."""
    return postgres.make


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the present schema, to be copied: making one takes longer than most tests."""
    return make_template(tmp_path_factory.mktemp("sqlite") / "empty.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database at the present schema."""
    if request.param == "postgresql":
        make: MakeUrl = request.getfixturevalue("postgresql")
        url = make()
        yield url
        server: Postgres = request.getfixturevalue("postgres")
        server.give_back(url)
        return
    path = tmp_path / f"{uuid4().hex[:8]}.db"
    shutil.copy(request.getfixturevalue("empty_database"), path)
    yield f"sqlite:///{path}"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()
