"""
Measure the CPU and memory of placing a headline into stories after 10,000, 100,000 and 1,000,000 others.

    PYTHONPATH=src:tests python scripts/lib/bench_stories.py [--stored 10000 100000 1000000] [--probes 5000]

Fifty vendors with four sources each publish ten announcements a day for years, so more headlines mean a longer past. One in six
is repeated by another source or in Japanese, and one in twenty has a weekly title. The cost includes keys, look-up, proofs,
settling of each day and the story. Each size runs in its own process. The CPU is that of the last headlines, the memory that of
all stories.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from ingest.model import Precision, Role
from ingest.stories import Member, settled
from support.in_memory_stories import InMemoryStories

START = datetime(2010, 1, 1, tzinfo=UTC)
VENDORS, SOURCES, A_DAY = 50, 4, 10
ROLES = (Role.NEWS, Role.PRODUCT, Role.CHANGELOG, Role.RESEARCH)
OFTEN = ("Weekly release notes", "Bug fixes and improvements", "What's new this week", "Changelog")
VERBS = ("Introducing", "Announcing", "How teams build with", "A closer look at", "Scaling", "Now available:")
SYLLABLES = ("ka", "lo", "mi", "ter", "ra", "von", "sel", "qu", "ix", "dor", "an", "bri", "stra", "ple", "co", "nex")


def vocabulary(vendor: int) -> list[str]:
    """Make up a vendor's vocabulary."""
    chance = random.Random(vendor)  # noqa: S311 - the same data every time is the point
    return ["".join(chance.choices(SYLLABLES, k=3)).title() for _ in range(600)]


def headlines() -> Iterator[Member]:
    """Yield the announcements of all vendors, day after day, without end."""
    words = [vocabulary(vendor) for vendor in range(VENDORS)]
    chance = random.Random(6)  # noqa: S311 - see above
    number, day = 0, START
    while True:
        for vendor in range(VENDORS):
            today: list[tuple[str, str, int]] = []
            for _ in range(A_DAY):
                title, slug, source = announce(words[vendor], chance, today)
                japanese = chance.random() < 0.05  # noqa: PLR2004 - one in twenty
                place = f"vendor{vendor}.com/{'ja/' if japanese else ''}part{source}/{slug}"
                yield Member(
                    id=f"h{number:09d}",
                    vendor=f"v{vendor}",
                    source=f"v{vendor}/s{source}{'-ja' if japanese else ''}",
                    role=ROLES[source],
                    url=f"https://{place}",
                    title=f"{title} を発表" if japanese else title,
                    lang="ja" if japanese else "en",
                    published=day,
                    precision=Precision.DAY,
                    first_seen_at=day,
                )
                number += 1
        day += timedelta(days=1)


def announce(words: list[str], chance: random.Random, today: list[tuple[str, str, int]]) -> tuple[str, str, int]:
    """Make up title, slug and source of an announcement, or repeat one of today's at another source."""
    draw = chance.random()
    if draw < 0.12 and today:  # noqa: PLR2004 - about one in eight is repeated
        title, slug, source = chance.choice(today)
        return title, slug, (source + 1) % SOURCES
    if draw < 0.17:  # noqa: PLR2004 - one in twenty is a title of every week
        return chance.choice(OFTEN), "changelog", SOURCES - 1
    subject = " ".join(chance.choices(words, k=3))
    title = f"{chance.choice(VERBS)} {subject} {chance.randrange(1, 9)}.{chance.randrange(9)} for developers"
    announcement = title, title.lower().replace(" ", "-").replace(".", "-").replace(":", ""), chance.randrange(SOURCES)
    today.append(announcement)
    return announcement


def measure(stored: int, probes: int) -> dict[str, float]:
    """Fill the stories day by day, then time the next headlines."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stories, stream = InMemoryStories(), headlines()
    started = time.process_time()
    place(stories, islice(stream, stored), with_story=False)
    filled = time.process_time()
    fresh = list(islice(stream, probes))
    timed = time.process_time()
    place(stories, iter(fresh), with_story=True)
    spent = time.process_time() - timed
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "us": 1e6 * spent / probes,
        "per_second": probes / spent,
        "fill_per_second": stored / (filled - started),
        "kib_each": memory / len(stories),
        "mib": memory / 1024,
    }


def place(stories: InMemoryStories, members: Iterator[Member], *, with_story: bool) -> None:
    """Add headlines and settle each day when it closes, as a poll at midnight would."""
    today = None
    for member in members:
        day = member.first_seen_at.date()
        if day != today:
            today = day
            stories.settle(settled(day))
        stories.add(member)
        if with_story:
            stories.story_of(member.id)


def main() -> None:
    """Print one line for each size."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--stored", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    arguments.add_argument("--probes", type=int, default=5_000)
    chosen = arguments.parse_args()
    print(f"{'stored':>10} {'us/headline':>12} {'a CPU second':>13} {'filled a s':>11} {'KiB each':>9} {'MiB':>7}")
    for stored in chosen.stored:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            got = pool.apply(measure, (stored, chosen.probes))
        print(
            f"{stored:>10,} {got['us']:>12.0f} {got['per_second']:>13,.0f} {got['fill_per_second']:>11,.0f}"
            f" {got['kib_each']:>9.2f} {got['mib']:>7,.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
