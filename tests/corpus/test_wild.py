from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from corpus.report import ABSENT, ROOT, document, outcomes, recordings
from ingest.errors import ParseError
from ingest.model import Document
from support.sampling import sampled

CPU_LIMIT = 5  # seconds for one document; the slowest takes a fifth of one
RULES = {"empty", "html", "not-a-feed", "broken"}
FILES = sorted(path for path in (ROOT / "wild").glob("*") if path.is_file())
COUNTED = {item.path: item.entries for item in recordings("wild") if item.entries is not None}
COUNTED_OTHERWISE = {
    "wild/feedparser--wellformed--base--cdf_item_abstract_xml_base.xml": "CDF, which the count does not know",
}

pytestmark = pytest.mark.skipif(not FILES, reason=ABSENT)


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Fail a block that computes for longer, whatever else the machine does."""

    def too_long(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail(f"still not done after {seconds} s of CPU")

    before = signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def read(content: bytes) -> Document | ParseError:
    with cpu_limit(CPU_LIMIT):
        try:
            return document(content, "https://corpus.example/feed")
        except ParseError as error:
            return error


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_wild_document_ends_as_a_document_or_a_named_error(path: Path) -> None:
    result = read(path.read_bytes())
    if isinstance(result, ParseError):
        assert result.rule in RULES
        assert result.message
    else:
        offered = len(result.entries) + len(result.unreadable)
        assert len({out.position for out in outcomes(result)}) == offered
        name = f"wild/{path.name}"
        assert offered == COUNTED.get(name, offered) or name in COUNTED_OTHERWISE


@pytest.mark.parametrize("path", sampled(FILES, 2, lambda path: path.name))
def test_every_wild_document_that_is_cut_short_or_damaged_ends_so_too(path: Path) -> None:
    whole = path.read_bytes()
    third = len(whole) // 3
    for content in (whole[:third], whole[: 2 * third], whole[third:], whole[:third] + b"\xff\x00<" + whole[third:]):
        result = read(content)
        if isinstance(result, Document):
            assert len(outcomes(result)) == len(result.entries) + len(result.unreadable)
        else:
            assert result.rule in RULES


def test_a_document_that_keeps_computing_is_stopped() -> None:
    def compute_for_ever() -> None:
        with cpu_limit(0.05):
            while True:
                pass

    with pytest.raises(pytest.fail.Exception, match="CPU"):
        compute_for_ever()
