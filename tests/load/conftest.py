from __future__ import annotations

from collections.abc import Iterator

import pytest

from load.workers import Parent


@pytest.fixture(scope="session")
def parent() -> Iterator[Parent]:
    built = Parent()
    yield built
    built.close()
