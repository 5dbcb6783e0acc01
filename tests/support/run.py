"""A run of the tests: `--long`, no settings from outside, the same examples every time, and one closing line."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from support.sampling import skip_other_engine

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; a whole run of eight processes takes 2 GiB
WHY = 80  # characters of one reason in the closing line; pytest's own summary has it whole


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the bounded load, crash and soak checks")


def pytest_configure(config: pytest.Config) -> None:
    for name in [name for name in os.environ if name.startswith("INGEST_")]:
        del os.environ[name]  # a developer's own settings would make another test of it
    if keeps_files_in_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # of pytest: where it makes temporary directories
    # Every fetcher reads the system's 150 certificates, which takes 20 ms; the tests' servers have authorities of their own.
    os.environ["SSL_CERT_FILE"] = os.devnull
    # A machine's load must not fail a property (deadline), and a red run must be red again (derandomize).
    hypothesis.settings.register_profile("short", deadline=None, derandomize=True)
    hypothesis.settings.register_profile("long", deadline=None, max_examples=1000, print_blob=True)
    config.pluginmanager.register(Ending(config))
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "short")


def keeps_files_in_memory() -> bool:
    """
    Say whether temporary files go to memory: databases make and sync many small files, on a disk most of a run's time.

    Some tests start programs from there, which a file system may forbid.
    """
    try:
        system = os.statvfs(MEMORY)
    except OSError:
        return False
    free = system.f_bavail * system.f_frsize
    return free >= ROOM and not system.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK | os.X_OK)


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over the ten thousand tests that stay: each of its passes would look at all of them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


class RunEndsError(Exception):
    """No further test can come to anything; the text is the sentence with which the run ends."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, RunEndsError):
        report.longrepr = str(call.excinfo.value)
        report.__dict__["ends_run"] = report.longrepr  # a worker's report comes to us with what it was given
    return report


class Ending:
    """Ends the run, with or without worker processes, when a report says so."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        why = getattr(report, "ends_run", "")
        distributing = self._config.pluginmanager.get_plugin("dsession")
        if why and distributing is not None:  # the plugin `xdist` asks itself, and not the session
            distributing.shouldstop = why
        elif why and self._session is not None:
            self._session.shouldstop = why


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="longer runs: --long"))
    skip_other_engine(items)


def pytest_unconfigure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or hasattr(config, "workerinput") or config.getoption("collectonly"):
        return
    terminal.write_line(closing_line(terminal.stats))


def closing_line(stats: dict[str, list[pytest.TestReport]]) -> str:
    """Sum up a run: `N passed, M skipped (why)`, with the failures between them if there are any."""
    count = {outcome: len(stats.get(outcome, ())) for outcome in ("passed", "failed", "error", "skipped", "xfailed")}
    failed, skipped = count["failed"] + count["error"], count["skipped"] + count["xfailed"]
    reasons = Counter(reason(report) for report in [*stats.get("skipped", ()), *stats.get("xfailed", ())])
    why = "; ".join(f"{times} × {text}" if times > 1 else text for text, times in sorted(reasons.items()))
    return "".join(
        (
            f"{count['passed']} passed",
            f", {failed} failed" if failed else "",
            f", {skipped} skipped",
            f" ({why})" if skipped else "",
        )
    )


def reason(report: pytest.TestReport) -> str:
    """Say in a few words why a test did not count."""
    if isinstance(report.longrepr, tuple):
        text = str(report.longrepr[2]).removeprefix("Skipped: ")
    else:
        text = f"known fault: {getattr(report, 'wasxfail', '')}"
    return " ".join(text.split())[:WHY]
