"""The command as a process: signals, pipes, terminals, encodings, and what it costs."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import pytest
from rich.cells import cell_len

from edges.commands import COMMAND, CommandLine, Ended
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from support.databases import new
from support.sampling import sampled
from support.world import BLOG, FEED, LIST, NOW, Item, World, fetch_settings, rss

LONG = "新しいモデルの提供を開始しました。詳しい評価の結果と安全性についての考え方もあわせて公開します"
LAB = Item("Acme opens a lab", "https://www.acme-ai.com/news/lab")
JAPANESE = Item(LONG, "https://www.acme-ai.com/ja/" + "long-path/" * 8)


DOCUMENTS = {FEED: rss(LAB, JAPANESE), BLOG: rss()}


@pytest.fixture
def vendors() -> Iterator[VendorServer]:
    with VendorServer(DOCUMENTS) as server:
        yield server


@pytest.fixture(autouse=True)
def _compiled(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Spare the processes compiling the same modules anew where no compiled file may be left beside them."""
    if "PYTHONPYCACHEPREFIX" not in os.environ:
        monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.getbasetemp() / "compiled"))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)


@pytest.fixture
def cli(
    tmp_path: Path, vendors: VendorServer, capsys: pytest.CaptureFixture[str], empty_database: Path
) -> Iterator[CommandLine]:
    shutil.copy(empty_database, tmp_path / "cli.db")
    cli = CommandLine(tmp_path, vendors, f"sqlite:///{tmp_path}/cli.db", capsys)
    cli.write_list(LIST)
    yield cli
    for process in cli.started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def polled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database after one poll, to be copied."""
    folder = tmp_path_factory.mktemp("polled")
    engine = new(folder / "cli.db")
    with VendorServer(DOCUMENTS) as server, Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher:
        World(engine, server, fetcher).round()
    engine.dispose()
    return folder / "cli.db"


@pytest.fixture
def polled(cli: CommandLine, polled_database: Path) -> CommandLine:
    """A cli at which a poll has ended."""
    shutil.copy(polled_database, cli.folder / "cli.db")
    return cli


SHOWN = {
    "headlines": "SELECT id, title, url FROM v1_headlines",
    "stories": "SELECT s.id, h.title, h.url FROM v1_stories s JOIN v1_headlines h ON h.id = s.headline_id",
}


def rows_of(cli: CommandLine, command: str) -> list[Any]:
    """Read what a command has to show, past the command."""
    with closing(sqlite3.connect(cli.folder / "cli.db")) as conn:
        conn.row_factory = sqlite3.Row
        rows = conn.execute(SHOWN[command]).fetchall()
    assert len(rows) == 2
    return rows


ONE_AFTER_THE_OTHER = """
import json, sys
from ingest.cli import main
for arguments in json.loads(sys.argv[1]):
    assert main(arguments) == 0
    print("\f", flush=True)
"""
"""Several commands in one process: its start takes most of the time that a command takes."""


def each_in_terminal(cli: CommandLine, *commands: tuple[str, ...], columns: int = 40, **environment: str) -> list[str]:
    """Run commands one after the other in one process whose standard output and error are a terminal of some width."""
    program = [sys.executable, "-c", ONE_AFTER_THE_OTHER, json.dumps(commands)]
    ended = in_terminal(cli, program=program, columns=columns, **environment)
    assert ended.status == 0, ended.out
    return ended.out.split("\f\n")[:-1]


def in_terminal(
    cli: CommandLine, *arguments: str, columns: int = 40, program: Sequence[str] = COMMAND, **environment: str
) -> Ended:
    """Run a command whose standard output and error are a terminal of some width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*program, *arguments],
        cwd=cli.folder,
        env={**cli.environment, "TERM": "xterm-256color", "COLUMNS": str(columns), **environment},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    read = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # EIO: the other side is closed
            break
        if not chunk:
            break
        read += chunk
    os.close(ours)
    return Ended(process.wait(10), read.decode().replace("\r\n", "\n"), "")


# ── terminals and pipes ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_narrow_terminal_folds_and_cuts_nothing(polled: CommandLine) -> None:
    shown = in_terminal(polled, "headlines", NO_COLOR="1").out
    assert all(cell_len(line) <= 40 for line in shown.splitlines())
    letters = re.sub(r"\s", "", shown)
    assert "…" not in shown
    title_column = "".join(line[cell_len("2026-05-22 11:00  Acme  ") :].strip() for line in shown.splitlines())
    assert LONG in re.sub(r"\s", "", title_column) or LONG in letters
    assert JAPANESE.link in re.sub(r"\s", "", title_column) or JAPANESE.link in letters


@pytest.mark.parametrize("columns", [80, 100, 300])
def test_in_a_terminal_of_80_columns_a_row_is_one_line_with_its_id(polled: CommandLine, columns: int) -> None:
    commands = ("headlines",), ("stories",), ("status", "--all")
    headlines, stories, status = each_in_terminal(polled, *commands, columns=columns, NO_COLOR="1")
    for text, command in ((headlines, "headlines"), (stories, "stories")):
        shown, rows = text.splitlines(), rows_of(polled, command)
        assert all(cell_len(line) <= columns for line in shown)
        for row in rows:
            (line,) = (line for line in shown if row["id"] in line)
            assert row["title"][:8] in line
            assert (row["url"] in line) is (columns == 300)
    assert [line.split()[0] for line in status.splitlines()[:3]] == ["source", "acme/blog", "acme/news"]


def test_a_narrow_terminal_shows_ids_as_well(polled: CommandLine) -> None:
    headlines, stories = each_in_terminal(polled, ("headlines",), ("stories",), columns=60, NO_COLOR="1")
    for shown, command in ((headlines, "headlines"), (stories, "stories")):
        ids = {row["id"] for row in rows_of(polled, command)}
        assert {id_ for id_ in ids if id_ in shown} == ids


def test_a_terminal_gets_colour_unless_no_color_is_set_and_a_pipe_never(polled: CommandLine) -> None:
    commands = ("status",), ("status", "--all")
    for columns in (40, 80):
        assert all("\x1b[" in shown for shown in each_in_terminal(polled, *commands, columns=columns))
    assert not any("\x1b" in shown for shown in each_in_terminal(polled, *commands, columns=80, NO_COLOR="1"))
    assert "\x1b" not in in_terminal(polled, "status", NO_COLOR="1").out
    assert "\x1b" not in polled.run("status", FORCE_COLOR="1", CLICOLOR_FORCE="1").out


def test_a_pipe_gets_one_whole_line_a_row_whatever_the_width_of_the_terminal(polled: CommandLine) -> None:
    lines = polled.run("headlines", COLUMNS="40").out.splitlines()
    assert len(lines) == 3
    assert sum(LONG in line and JAPANESE.link in line for line in lines) == 1


def test_the_live_display_is_for_a_terminal_only(cli: CommandLine) -> None:
    watched = in_terminal(cli, "poll", columns=80)
    assert watched.status == 0
    assert "2/2 done" in watched.out
    assert "INFO ingest.poll" not in watched.out
    logged = cli.run("poll", "--all")
    assert "done" not in logged.err
    assert logged.err.count("INFO ingest.poll poll source=acme/") == 2
    as_json = cli.run("poll", "acme/news", INGEST_LOG="json")
    assert json.loads(as_json.err.splitlines()[-1])["logger"] == "ingest.poll"


@pytest.mark.parametrize(
    "arguments",
    sampled(
        [
            ("headlines",),
            ("headlines", "--json"),
            ("stories",),
            ("status", "--all"),
            ("poll", "--json"),
            ("sources", "schema"),
            ("settings",),
            ("--version",),
            ("headlines", "--help"),
        ],
        2,
        " ".join,
    ),
)
def test_data_that_cannot_be_written_is_one_sentence_and_1(polled: CommandLine, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        process = polled.start(*arguments, stdout=full.fileno(), INGEST_LOG="text")
        message = process.communicate(timeout=60)[1].splitlines()
    assert process.returncode == 1
    (sentence,) = (line for line in message if "INFO" not in line)
    assert sentence.startswith("Error: standard output: could not be written (No space left on device)")


def test_closed_streams_are_no_fault_of_ours_and_lose_nothing_silently(polled: CommandLine) -> None:
    ingest = f"{sys.executable} -m ingest"

    def shell(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", line], cwd=polled.folder, env=polled.environment, capture_output=True, text=True, check=False
        )

    ended = shell(f"{ingest} headlines >&-")
    assert (ended.returncode, ended.stderr.count("\n"), "could not be written" in ended.stderr) == (1, 1, True)
    ended = shell(f"{ingest} headlines --limit 1 2>&-")
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 2)
    ended = shell(f"{ingest} headlines --limit 1 2>/dev/full")
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 2)


def test_a_reader_that_leaves_early_is_no_fault(polled: CommandLine) -> None:
    read, written = os.pipe()
    os.close(read)
    process = polled.start("headlines", "--json", stdout=written)
    os.close(written)
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 0


@pytest.mark.parametrize("environment", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}])
def test_any_encoding_of_the_terminal_will_do(polled: CommandLine, environment: dict[str, str]) -> None:
    for_people, for_programs = polled.run("headlines", **environment), polled.run("headlines", "--json", **environment)
    assert (for_people.status, for_people.err, for_programs.status, for_programs.err) == (0, "", 0, "")
    assert {json.loads(line)["title"] for line in for_programs.out.splitlines()} == {LAB.title, LONG}


def test_a_poll_with_nothing_due_loads_nothing_that_fetches_or_reads(cli: CommandLine) -> None:
    program = (
        "import sys; from ingest.cli import main; main(['poll']);"
        "heavy = {'httpx', 'feedparser', 'selectolax', 'sqlalchemy', 'yaml', 'alembic', 'ingest.pipeline',"
        "'ingest.store', 'ingest.stories'} & sys.modules.keys();"
        "print(*sorted(heavy))"
    )
    ended = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=cli.folder,
            env=cli.environment,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.splitlines()
        for _ in range(2)
    ]
    assert "httpx" in ended[0][-1]
    assert ended[1] == ["0 polled: 0 ok, 0 not modified, 0 failed, 0 skipped. 0 created, 0 revised, 0 rejected.", ""]


def test_a_poll_loads_nothing_that_only_operators_use(cli: CommandLine) -> None:
    program = (
        "import sys; from ingest.cli import main; main(['poll']); assert 'ingest.pipeline.poll' in sys.modules;"
        "print(*(name for name in sys.modules if name.startswith('ingest.authoring')))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=cli.folder,
        env=cli.environment,
        capture_output=True,
        check=True,
        text=True,
    )
    assert ended.stdout.splitlines()[-1] == ""


def test_a_list_of_headlines_loads_no_tables_and_nothing_that_judges(polled: CommandLine) -> None:
    loaded = modules_after(polled, "headlines")
    assert {"sqlalchemy", "ingest.store.queries"} <= loaded
    unused = {"alembic", "sqlalchemy.dialects.postgresql", "ingest.store.schema", "ingest.rules", "ingest.stories"}
    assert (HEAVY - {"sqlalchemy", "rich"} | unused) & loaded == set()


def test_help_and_settings_are_cheap(cli: CommandLine) -> None:
    for arguments in (("--help",), ("settings",)):
        cli.run(*arguments)  # leaves compiled files behind where that is possible
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert cli.run(*arguments).status == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        assert used < 1.5, f"{arguments} took {used:.2f} s of CPU"  # an order of magnitude above what it takes


HEAVY = {
    *(
        "alembic",
        "apscheduler",
        "feedparser",
        "httpx",
        "httpcore",
        "jinja2",
        "lxml",
        "markdown_it",
        "protego",
        "psycopg",
    ),
    *("rich", "selectolax", "sqlalchemy", "starlette", "tenacity", "uvicorn", "yaml"),
}
"""Libraries for the work of a command. No help needs one."""


@pytest.mark.parametrize("group", [(), ("captures",), ("headline",), ("story",), ("sources",), ("db",)])
def test_the_help_of_a_group_loads_no_command_and_no_library_for_its_work(
    cli: CommandLine, group: tuple[str, ...]
) -> None:
    loaded = modules_after(cli, *group, "--help")
    assert "ingest.cli.table" in loaded
    assert HEAVY & loaded == set()
    assert [name for name in loaded if name.startswith("ingest.cli.commands")] == []
    packages = {name.split(".")[1] for name in loaded if name.startswith("ingest.")}
    assert packages <= {"cli", "errors", "log", "masking", "remedies"}


@pytest.mark.parametrize(("words", "module"), [(("db", "current"), "db"), (("sources", "try"), "try_source")])
def test_a_command_loads_its_own_module_alone(cli: CommandLine, words: tuple[str, ...], module: str) -> None:
    loaded = modules_after(cli, *words, "--help")
    commands = {name for name in loaded if name.startswith("ingest.cli.commands.")}
    assert commands == {f"ingest.cli.commands.{module}"}
    assert HEAVY & loaded == set()


def modules_after(cli: CommandLine, *arguments: str) -> set[str]:
    """Run a command in a process of its own, and return the names of its modules."""
    program = f"import sys; from ingest.cli import main; main({list(arguments)}); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=cli.folder,
        env=cli.environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return set(ended.stderr.split())


# ── signals ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Gate:
    """A vendor that answers on command."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.open = threading.Event()


@pytest.fixture
def gate(vendors: VendorServer, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Hold every answer of the loopback vendors back until the gate opens."""
    gate, answer = Gate(), vendors.answer

    def held(host: str, target: str) -> Answer:
        gate.asked.set()
        gate.open.wait(30)
        return answer(host, target)

    monkeypatch.setattr(vendors, "answer", held)
    return gate


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_poll_stores_what_is_under_way_begins_nothing_new_and_ends_with_130(
    cli: CommandLine, gate: Gate, number: int
) -> None:
    process = cli.start("poll", "--json", INGEST_CONCURRENCY="1")
    assert gate.asked.wait(30)
    process.send_signal(number)
    time.sleep(0.3)  # the signal is there before the answer
    gate.open.set()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert [row["outcome"] for row in json.loads(out)["sources"]] == ["ok"]
    assert len(cli.vendors.requests) == 1
    assert len(cli.run("status", "--all").out.splitlines()) == 3


def test_a_second_ctrl_c_ends_at_once(cli: CommandLine, gate: Gate) -> None:
    process = cli.start("poll")
    assert gate.asked.wait(30)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    gate.open.set()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        return str(response.read().decode())


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_daemon_polls_shows_the_page_and_drains_when_asked_to_end(
    cli: CommandLine, number: int, status: int
) -> None:
    process = cli.start("run", "--serve", "127.0.0.1:0")
    try:
        url = read_line(process)
        assert url.startswith("http://127.0.0.1:")
        until = time.monotonic() + 30
        while LAB.title not in fetch(url) and time.monotonic() < until:
            time.sleep(0.1)
        assert LONG in fetch(url)
    finally:
        process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (status, "")
    assert "Traceback" not in err
    assert "poll source=acme/news outcome=ok" in err


TICKS_EVERY_SECOND = """
import functools, sys
from datetime import timedelta
from ingest import schedule
from ingest.cli import main
schedule.run = functools.partial(schedule.run, every=timedelta(seconds=1))
sys.exit(main())
"""


def test_the_daemon_keeps_the_last_good_list_when_its_file_goes_bad(cli: CommandLine) -> None:
    path = cli.write_list(LIST)
    process = cli.start("run", "--serve", "127.0.0.1:0", program=(sys.executable, "-c", TICKS_EVERY_SECOND))
    read_line(process)
    assert process.stderr is not None
    wait_for(process.stderr, "outcome=ok")
    path.write_text("version: 1\n")
    wait_for(process.stderr, "allow-list refused, the list in force stays")
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert len(cli.run("sources", "list", "--json").out.splitlines()) == 2


def wait_for(stream: IO[str], words: str) -> None:
    """Read until the words come; the time limit of the test is that of the wait."""
    while words not in (line := stream.readline()):
        assert line, f"it ended without {words!r}"


def test_the_page_alone_fetches_nothing(polled: CommandLine) -> None:
    process = polled.start("serve", "127.0.0.1:0")
    try:
        assert LAB.title in fetch(read_line(process))
    finally:
        process.terminate()
    assert process.wait(30) == 0
    process.communicate()
    assert polled.vendors.requests == ()


# ── without a network ───────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_network_and_without_headlines_the_demo_runs_and_says_so(cli: CommandLine) -> None:
    command = ("run", "--serve", "127.0.0.1:0", "--demo-when-unreachable")
    process = cli.start(*command, INGEST_CONNECT_TO="::127.0.0.1:9")
    try:
        assert process.stdout is not None
        page = fetch(next(line for line in process.stdout if line.startswith("http://")).strip())
    finally:
        process.terminate()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "No vendor can be reached" in err
    assert "DEMO: recorded sample vendors" in err
    assert "DEMO: recorded sample vendors" in page
    assert "Project Glasswing" in page
    assert (cli.folder / "cli-demo.db").exists()
    assert cli.run("headlines", "--json").out == ""
    assert [row["state"] for row in map(json.loads, cli.run("status", "--json").out.splitlines())] == ["new", "new"]


def test_with_a_vendor_in_reach_the_real_ones_are_followed(cli: CommandLine) -> None:
    cli.vendors.update({FEED: Answer(b"gone", "text/plain", 404)})
    process = cli.start("run", "--serve", "127.0.0.1:0", "--demo-when-unreachable")
    try:
        assert "DEMO" not in fetch(read_line(process))
    finally:
        process.terminate()
    assert "DEMO" not in process.communicate(timeout=30)[1]
    assert not (cli.folder / "cli-demo.db").exists()


def test_two_polls_at_once_share_the_work(cli: CommandLine) -> None:
    cli.run("sources", "apply")
    both = [cli.start("poll", "--json") for _ in range(2)]
    reports = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(report["created"] for report in reports) == 2
    assert len(cli.run("headlines", "--json").out.splitlines()) == 2
