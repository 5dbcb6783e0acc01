from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from edges import jail_tasks
from ingest import jail
from ingest.errors import ParseError
from ingest.jail import Budget, confined
from ingest.model import Article, Capture, Document, Kind, Source
from ingest.parse import parse
from ingest.parse.markup.cost import risk
from support.documents import make_capture, make_source, read, rss

Work = Callable[[Capture, Source], Document]

SOURCE = make_source()
FEED = rss("<title>Model 5</title><link>/a</link><pubDate>Thu, 21 May 2026 10:00:00 GMT</pubDate>")
CAPTURE = make_capture(FEED)
SMALL = Budget(cpu_s=1, wall_s=20, memory=300 << 20)
LARGE = rss(*["<title>Model</title><link>/a</link>"] * 7_000)


def children() -> set[str]:
    """The processes that this one started, zombies among them, from /proc of Linux."""
    lists = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {child for path in lists for child in path.read_text().split()}


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    before = children()  # another test's database server may be one
    yield
    assert children() <= before


def refusal(work: Work, budget: Budget = SMALL) -> ParseError:
    with pytest.raises(ParseError) as refused:
        confined(work, Document, CAPTURE, SOURCE, budget)
    assert refused.value.subject == "acme/news"
    return refused.value


@pytest.mark.parametrize(
    ("work", "rule", "words"),
    [
        (jail_tasks.crash, "parser-crash", "Segmentation fault"),
        (jail_tasks.be_killed, "parser-crash", "Killed"),
        (jail_tasks.fail, "parser-crash", "ZeroDivisionError"),
        (jail_tasks.exit_early, "parser-crash", "makes no sense"),
        (jail_tasks.answer_with_code, "parser-crash", "makes no sense"),
        (jail_tasks.compute, "over-budget", "1 s of CPU"),
        (jail_tasks.compute_in_c, "over-budget", "1 s of CPU"),
        (jail_tasks.eat, "over-budget", "300 MiB of memory"),
        (jail_tasks.refuse, "html", "web page"),
    ],
)
def test_whatever_a_document_does_to_its_parser_ends_as_a_named_error(work: Work, rule: str, words: str) -> None:
    error = refusal(work)
    assert error.rule == rule
    assert words in error.message


@pytest.mark.parametrize("work", [jail_tasks.sleep, jail_tasks.stop])
def test_a_process_that_uses_no_time_is_ended_at_the_deadline(work: Work) -> None:
    before = time.monotonic()
    error = refusal(work, replace(SMALL, wall_s=1.5))
    assert error.rule == "over-budget"
    assert "1.5 s" in error.message
    assert time.monotonic() - before < 5


def test_a_document_says_the_same_in_jail_as_outside() -> None:
    assert confined(parse, Document, CAPTURE, SOURCE) == parse(CAPTURE, SOURCE)
    published = confined(parse, Document, CAPTURE, SOURCE).entries[0].published
    assert published.value is not None
    assert published.value.utcoffset() is not None


def test_an_answer_of_another_kind_makes_no_sense() -> None:
    with pytest.raises(ParseError, match="makes no sense") as refused:
        confined(parse, Article, CAPTURE, SOURCE)  # type: ignore[arg-type]  # what a process that was taken over could do
    assert refused.value.rule == "parser-crash"


def test_what_a_library_prints_is_no_part_of_the_answer() -> None:
    assert confined(jail_tasks.print_much, Document, CAPTURE, SOURCE, SMALL) == parse(CAPTURE, SOURCE)


def test_a_document_cannot_write_files(tmp_path: Path) -> None:
    target = tmp_path / "written"
    with pytest.raises(ParseError, match="OSError"):
        confined(jail_tasks.write_a_file, Document, make_capture(str(target)), SOURCE, SMALL)
    assert target.stat().st_size == 0


def test_secrets_of_the_environment_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_DATABASE_URL", "postgresql://user:secret@host/name")
    result = confined(jail_tasks.print_environment, Document, CAPTURE, SOURCE, SMALL)
    assert "INGEST" not in result.title
    assert "HOME" not in result.title


def test_an_interpreter_that_cannot_be_started_is_a_named_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    error = refusal(parse)
    assert error.rule == "parser-crash"
    assert "cannot be started" in error.message


def test_several_threads_have_jails_at_the_same_time() -> None:
    works = [parse, jail_tasks.crash, parse, jail_tasks.refuse, parse, jail_tasks.be_killed]

    def outcome(work: Work) -> str:
        try:
            return confined(work, Document, CAPTURE, SOURCE, SMALL).dialect
        except ParseError as error:
            return error.rule

    with ThreadPoolExecutor(len(works)) as pool:
        result = list(pool.map(outcome, works))
    assert result == ["rss20", "parser-crash", "rss20", "html", "rss20", "parser-crash"]
    for deadline in [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]:
        deadline.join(5)  # it was cancelled, and may need a moment to hear of it
        assert not deadline.is_alive()


def program(*lines: str) -> subprocess.CompletedProcess[str]:
    code = "\n".join((f"import sys; sys.path[:0] = {sys.path}", "from ingest import jail", *lines))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


def test_an_interrupt_ends_the_child_and_goes_on_up() -> None:
    before = time.monotonic()
    done = program(
        "import os, signal, threading",
        "from edges import jail_tasks",
        "from support.documents import make_capture, make_source",
        "from ingest.model import Document",
        "signal.signal(signal.SIGINT, signal.default_int_handler)",  # a shell's background job is born ignoring it
        "threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()",
        "jail.confined(jail_tasks.sleep, Document, make_capture(''), make_source())",
    )
    assert "KeyboardInterrupt" in done.stderr
    assert time.monotonic() - before < 15


def test_the_memory_watch_ends_a_process_where_the_kernel_does_not() -> None:
    done = program("jail.watch_memory(200 << 20)", "kept = []", "while True: kept.append(bytearray(b'x' * (1 << 20)))")
    assert done.returncode == 71


def test_the_page_of_an_announcement_goes_the_same_two_ways() -> None:
    ordinary = "<!doctype html><title>Model 5</title><h1>Model 5</h1><p>Text.</p>"
    risky = make_capture(ordinary + "<br>" * 25_001, media_type="text/html")
    assert jail.read_article(make_capture(ordinary, media_type="text/html"), SOURCE).title == "Model 5"
    assert jail.read_article(risky, SOURCE).title == "Model 5"
    with pytest.raises(ParseError) as refused:
        jail.read_article(risky, SOURCE, replace(SMALL, wall_s=0.05))
    assert (refused.value.rule, refused.value.subject) == ("over-budget", "acme/news")


# ── who goes there ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (FEED, Kind.FEED, None),
        ("<html><body>" + "<div><p>x</p></div>" * 2_000, Kind.PAGE, None),
        ("x" * 2_000_001, Kind.FEED, "size"),
        ("<a/>" * 25_001, Kind.FEED, "tags"),
        ("<a/>" * 25_001, Kind.SITEMAP, None),
        ("<a/>" * 100_001, Kind.SITEMAP, "tags"),
        ("&" * 100_001, Kind.JSON, "references"),
        ("<br>" * 5_000 + "<li>x" * 5_000, Kind.PAGE, None),
        ("".join(f"<b a{i}><p>" for i in range(600)), Kind.WATCH, "formatting"),
        ("".join(f"<b a{i}></b><p>" for i in range(600)), Kind.CHANGELOG, "formatting"),
        ("".join(f"<b a='>' b{i}><p>" for i in range(600)), Kind.PAGE, "formatting"),
        ("<b>x</b>" * 5_000, Kind.PAGE, None),
        ("<x " + "a " * 5_000 + ">", Kind.PAGE, "attributes"),
        ('<x a=">" ' + "a " * 5_000 + ">", Kind.PAGE, "attributes"),
        ("</x " + "a " * 5_000 + ">", Kind.PAGE, "attributes"),
        ("# Changes\n" + "- one thing and another\n" * 1_000, Kind.CHANGELOG, None),  # Markdown without a tag
        ("where a < b " + "and so on " * 1_000, Kind.CHANGELOG, None),
        ("<div data-state='" + "x" * 100_000 + "'>", Kind.PAGE, None),
        ("<script>" + "a=1;" * 20_000 + "</script>", Kind.PAGE, None),
        ("<rss>" + "".join(f"<b a{i}><p>" for i in range(600)), Kind.FEED, None),
        ("<html>" + "".join(f"<b a{i}><p>" for i in range(600)), Kind.FEED, "formatting"),
    ],
)
def test_what_is_large_deep_or_dense_is_not_parsed_here(text: str, kind: Kind, reason: str | None) -> None:
    assert risk(text, kind) == reason


def test_the_way_a_document_takes_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jail, "confined", lambda *_: pytest.fail("an ordinary document went to jail"))
    assert jail.parse(CAPTURE, SOURCE) == read(FEED)


def test_a_risky_document_is_read_whole_in_jail() -> None:
    assert risk(LARGE, Kind.FEED) == "tags"
    assert len(jail.parse(make_capture(LARGE), SOURCE).entries) == 7_000


def test_a_risky_document_in_another_encoding_is_risky_too() -> None:
    with pytest.raises(ParseError) as refused:
        jail.parse(make_capture(LARGE.encode("utf-16")), SOURCE, Budget(cpu_s=20, wall_s=0.05))
    assert refused.value.rule == "over-budget"


def test_the_inspection_takes_a_hundredth_of_the_parsing() -> None:
    document = rss(*["<title>Model</title><link>/a</link><description>&lt;p&gt;x&lt;/p&gt;</description>"] * 500)

    def cpu(work: object) -> float:
        assert callable(work)
        before = time.process_time()
        work()
        return time.process_time() - before

    looking = min(cpu(lambda: risk(document, Kind.FEED)) for _ in range(5))
    assert looking < 0.02 * min(cpu(lambda: read(document)) for _ in range(3))
