"""The daemon: ticks, reload of the list, a hung round, and waking up after a long sleep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ingest import schedule
from ingest.errors import HungError
from ingest.pipeline import Accepted, Context, Progress, Round
from ingest.polling import Limits
from support.world import FEED, LIST, Item, World, rss

A = Item("Acme opens a lab", "https://www.acme-ai.com/news/lab", guid="a")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(LIST)
    return path


def rounds(world: World, watch: Callable[[Progress], None] = lambda _: None) -> Callable[[Accepted], Round]:
    def make(accepted: Accepted) -> Round:
        context = Context(world.engine, accepted.generation, world.now, Limits(timedelta(seconds=10), 1 << 20))
        return Round(context, accepted.allowlist, world.fetcher, owner="test", workers=4, watch=watch)

    return make


@contextmanager
def running(world: World, file: Path, watch: Callable[[Progress], None] = lambda _: None) -> Iterator[None]:
    stop = threading.Event()
    lists = schedule.AllowlistFollower(world.engine, file, world.now)
    thread = threading.Thread(
        target=schedule.run, args=(lists, rounds(world, watch), stop), kwargs={"every": timedelta(milliseconds=100)}
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
        assert not thread.is_alive()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something to become true."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        waiting.wait(0.05)
    pytest.fail("it did not happen")


def test_the_daemon_polls_what_is_due_and_nothing_twice(world: World, file: Path) -> None:
    world.server.update({FEED: rss(A)})
    with running(world, file):
        until(lambda: world.titles() == ["Acme opens a lab"])
        until(lambda: len(world.server.requests) == 2)
    assert len(world.server.requests) == 2


def test_a_changed_list_comes_into_force_and_a_bad_one_does_not(world: World, file: Path) -> None:
    with running(world, file):
        until(lambda: len(world.rows("SELECT number FROM generations")) == 1)
        file.write_text("vendors: [")
        file.write_text(LIST.replace("name: Acme", "name: Acme AI"))
        until(lambda: [row.name for row in world.rows("SELECT name FROM v1_vendors")] == ["Acme AI"])
        file.write_text("version: 7\n")
        until(lambda: True, 1)
    assert [row.name for row in world.rows("SELECT name FROM v1_vendors")] == ["Acme AI"]


def test_a_file_that_goes_missing_is_reported_once_and_the_last_good_list_stays(
    world: World, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lists = schedule.AllowlistFollower(world.engine, file, world.now)
    first = lists.current()
    file.unlink()
    assert [lists.current(), lists.current()] == [first, first]
    assert first is not None
    assert caplog.text.count("allow-list unreadable") == 1


def test_a_round_that_hangs_ends_the_daemon_and_one_that_is_only_long_does_not(world: World, file: Path) -> None:
    release = threading.Event()
    lists = schedule.AllowlistFollower(world.engine, file, world.now)

    def hang(_: Progress) -> None:
        release.wait(60)

    before = set(threading.enumerate())
    with pytest.raises(HungError, match="no step of a round"):
        schedule.run(lists, rounds(world, hang), threading.Event(), patience=timedelta(seconds=0.5))
    release.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(30)


def test_a_paused_watchdog_never_stops_the_process() -> None:
    watchdog = schedule.Watchdog(timedelta(0))
    stopped = [watchdog.stopped]
    watchdog.beat()
    threading.Event().wait(0.01)
    stopped.append(watchdog.stopped)
    watchdog.rest()
    assert [*stopped, watchdog.stopped] == [False, True, False]


def test_a_long_sleep_is_caught_up_with_one_poll_of_each_source(world: World) -> None:
    world.round(everything=False)
    world.server.forget_requests()
    report = world.round(everything=False, after=timedelta(days=3))
    assert len(report.polls) == len(world.server.requests) == 2
    assert world.round(everything=False).polls == ()
    due = {row.next_poll_at for row in world.rows("SELECT next_poll_at FROM v1_sources")}
    assert len(due) == 2  # spread, so that they do not come together for ever


def test_a_tick_does_nothing_without_a_list(world: World, tmp_path: Path) -> None:
    lists = schedule.AllowlistFollower(world.engine, tmp_path / "none.yaml", world.now)
    assert schedule.tick(lists, rounds(world), schedule.Watchdog()) is None
    assert replace(world).server.requests == ()
